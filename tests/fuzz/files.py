"""Files that people write or receive: every kind of TOML, descriptions of other programs, captures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from acquirer.certification.reading import CaseContext, read_cases, read_certification_header
from acquirer.data.table import Table
from acquirer.data.toml import DataError, Document, parse_toml
from acquirer.dialect.imported import write
from acquirer.dialect.jpos import read_packager
from acquirer.dialect.lint import lint
from acquirer.dialect.loading import load
from acquirer.dialect.moov import read_specification
from acquirer.inspect.capture import read_capture
from acquirer.inspect.capture_forms import CaptureError
from acquirer.inspect.doctor import diagnose_capture
from acquirer.inspect.hexdump import HexError, hexdump, read_hex
from acquirer.journey.reading import JourneyContext, read_journey_header, read_steps
from acquirer.load.plan_file import plan_of
from acquirer.scenario import declaration
from acquirer.scenario.registry import known_names
from acquirer.scenario.rules.reading import read_rules
from acquirer.settings.config import _config, _in_file
from acquirer.settings.downloads import FILES
from acquirer.settings.shipped import specs_dir
from acquirer.settings.specs import finder, load_dialect
from tests.fuzz.frames import frames_of
from tests.fuzz.target import Selector

SPOKEN: Final = ("unionpay-pos", "iso8583-1987-ascii")


def reader(read: Callable[[Document], object]) -> Callable[[bytes], None]:
    """Return what reads one kind of TOML file: it is accepted, or refused in one sentence with file and line."""

    def run(data: bytes) -> None:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            return  # `settings.text_file` says so
        try:
            read(parse_toml(text, "any.toml"))
        except DataError as exc:
            assert exc.problem
            assert "\n" not in str(exc)
            assert 0 <= exc.line <= text.count("\n") + 1 or exc.name != "any.toml"

    return run


def read_dialect(document: Document) -> None:
    """Load a dialect; one that can be loaded can be looked at by lint, too."""
    find = finder("unionpay-pos")
    for problem in lint(document, find).problems:
        assert isinstance(problem, DataError)
    load(document, find)


def read_rule_file(document: Document) -> None:
    read_rules(document, [load_dialect(name) for name in SPOKEN])


def read_fault_file(document: Document) -> None:
    declaration.load(document, [load_dialect(name) for name in SPOKEN])


def read_plan_file(document: Document) -> None:
    plan_of(Table(document), Path())


def read_journey_file(document: Document) -> None:
    header = read_journey_header(document)
    read_steps(document, header, JourneyContext(load_dialect("unionpay-pos"), ("standard", "poor"), ()))


def shipped(*patterns: str) -> Callable[[], Iterator[bytes]]:
    """Return what yields files that ship, or parts of them that are small enough to be changed with effect."""

    def seeds() -> Iterator[bytes]:
        for pattern in patterns:
            for path in sorted(specs_dir().glob(pattern)):
                yield path.read_bytes()

    return seeds


def pack_tables(kind: str) -> Callable[[], Iterator[bytes]]:
    """Return what yields the tables of one kind in all packs that ship."""

    def seeds() -> Iterator[bytes]:
        for path in sorted((specs_dir() / "packs").glob("*.toml")):
            text = path.read_text(encoding="utf-8")
            parts = re.split(r"(?m)^(?=\[\[)", text)
            if found := "".join(part for part in parts if part.startswith(f"[[{kind}]]")):
                yield found.encode()

    return seeds


def fault_seeds() -> Iterator[bytes]:
    yield from pack_tables("fault")()
    for name in known_names():
        yield f'[[fault]]\nkind = "{name}"\n'.encode()


PLAN_SEEDS: Final = (
    b'journey = "sale"\n[[phase]]\nkind = "burst"\ncount = 10\nwithin = "5s"\n',
    b'seed = 3\nworkers = 2\n[[phase]]\nkind = "ramp"\nfrom = 1\nto = 9\nfor = "5s"\n'
    b'[[threshold]]\nwhen = "p99 < 50ms"\n',
    b'think = { median = "2s", p99 = "9s" }\n[[phase]]\nkind = "constant"\nrate = 10\nfor = "1min"\n',
)

DIALECT_SEEDS: Final = (
    b'dialect = "mine"\nextends = "unionpay-pos"\ntitle = "mine"\n',
    b'dialect = "mine"\nextends = "iso8583-1987-ascii"\ntitle = "mine"\n[fields]\n'
    b'48 = { name = "x", format = "ans...999" }\n[codes]\n"51" = "poor"\n[reasons]\nfunds_insufficient = "51"\n',
    b'dialect = "mine"\ntitle = "t"\n[framing]\nlength = "ascii4"\n[encoding]\nmti = "ascii"\n[fields]\n'
    b'2 = { name = "pan", format = "n..19", show = "pan" }\n11 = { name = "stan", format = "n6" }\n'
    b"[elements]\nstan = 11\n",
)

TERMINAL_SEEDS: Final = (
    b'[[terminal]]\ntid = "10000161"\nmid = "880210010210162"\ntmk = "258FB0AB70D025CDB99DF2C4D302D646"\n',
    b'[[terminal]]\ntid = "10000001..10000009"\nmid = "880210010210162"\ntmk = "258FB0AB70D025CDB99DF2C4D302D646"\n'
    b'policy = { sign_on = "daily" }\noperators = ["01:0000"]\n[[merchant]]\nmid = "880210010210162"\n'
    b'operators = ["01:1234"]\n',
)


# files that a host and a certification are steered by

DOWNLOADS: Final = tuple(FILES)


def read_settings_file(document: Document) -> None:
    """Read acquirer.toml; what is accepted can be compared and shown, as `serve` does."""
    config = _config(_in_file(document))
    assert config == _config(_in_file(document))
    assert repr(config)
    assert config.no_sign_limit_minor is None or config.no_sign_limit_minor >= 0


def read_case_file(document: Document) -> None:
    read_certification_header(document)
    read_cases(document, CaseContext(load_dialect("unionpay-pos"), ("standard", "poor"), 10.0))


def read_download_file(data: bytes) -> None:
    """Read a file of what terminals download; which one the first byte says."""
    selector = Selector(data)
    read = FILES[selector.choose(DOWNLOADS)]

    def whole(document: Document) -> None:
        top = Table(document)
        read(top)
        top.end()

    reader(whole)(selector.rest)


def download_seeds() -> Iterator[bytes]:
    """Yield the shipped files, of each the first tables: some are longer than an input may be."""
    for number, name in enumerate(DOWNLOADS):
        text = (specs_dir() / "downloads" / name).read_text(encoding="utf-8")
        parts = re.split(r"(?m)^(?=\[)", text)
        yield bytes([number]) + "".join(parts[:3]).encode()


def case_seeds() -> Iterator[bytes]:
    """Yield the shipped files of cases, of each the first three and the rest in threes."""
    for path in sorted((specs_dir() / "certification").glob("*.toml")):
        head, *cases = re.split(r"(?m)^(?=\[\[case\]\])", path.read_text(encoding="utf-8"))
        for first in range(0, len(cases), 3):
            yield (head + "".join(cases[first : first + 3])).encode()


SETTINGS_SEEDS: Final = (
    b'listen = ["127.0.0.1:8583", "9000=iso8583-1987-ascii,tls=pos"]\nstore = "memory:"\nhttp = "127.0.0.1:0"\n'
    b'[tls.pos]\ncertificate = "server.pem"\nkey = "server.key"\nclient_ca = "ca.pem"\n',
    b'dialect = "unionpay-pos"\nterminals = "terminals.toml"\ntimezone = "Europe/Berlin"\ntrigger_amounts = true\n'
    b'refund_days = 30\nsettlement_reply = "host"\nfault = ["silent:tid=10000161"]\npack = ["day-end"]\n'
    b'signature_check = ["amount=log"]\nno_sign_limit = "1000.00"\n',
    b'seed = 7\nclock = 2026-01-02T08:00:00+08:00\nlog = "json"\ntrace = "trace.pcapng"\ntrace_mib = 9\n'
    b"patience_s = 1.5\nconnections = 100\nframe_s = 1\nidle_s = 2\nkeep_days = 35\n",
    b'clock = "virtual"\nmagic_amounts = true\nunsigned_at_settlement = "note"\nreversible_loads = "all"\n',
)


# descriptions of other programs


def read_description(data: bytes) -> None:
    """Take over a description; the file that is written of it is TOML, and names no field twice."""
    selector = Selector(data)
    read = selector.choose((read_packager, read_specification))
    try:
        found = read(selector.rest, "theirs")
    except DataError as exc:
        assert "\n" not in str(exc)
        return
    parse_toml(write("mine", found), "mine.toml")
    parse_toml(write("mine", found, found.parent), "mine.toml")


def description_seeds() -> Iterator[bytes]:
    head = '<?xml version="1.0"?>\n<isopackager>\n'
    fields = "".join(
        f'<isofield id="{de}" length="{length}" name="f" class="org.jpos.iso.{of}"/>\n'
        for de, length, of in (
            (0, 4, "IFA_NUMERIC"), (1, 16, "IFA_BITMAP"), (2, 19, "IFA_LLNUM"), (3, 6, "IFB_NUMERIC"),
            (35, 37, "IFB_LLHCHAR"), (48, 99, "IFE_LLLCHAR"), (55, 255, "IFB_LLLBINARY"), (64, 8, "IF_CHAR"),
        )
    )  # fmt: skip
    nested = (
        '<isofieldpackager id="48" length="99" name="n" class="org.jpos.iso.IFA_LLLCHAR"'
        ' packager="org.jpos.iso.packager.GenericSubFieldPackager">'
        '<isofield id="1" length="3" name="a" class="org.jpos.iso.IF_CHAR"/></isofieldpackager>\n'
    )
    yield b"\0" + f"{head}{fields}</isopackager>".encode()
    yield b"\0" + f"{head}{fields}{nested}</isopackager>".encode()
    yield b"\0" + b'<!DOCTYPE a [<!ENTITY b "c">]><isopackager>&b;</isopackager>'
    yield b'\1{"name":"x","fields":{"0":{"type":"String","length":4,"enc":"ASCII","prefix":"ASCII.Fixed"},' + (
        b'"1":{"type":"Bitmap","length":8,"enc":"Binary","prefix":"Hex.Fixed"},'
        b'"2":{"type":"String","length":19,"enc":"BCD","prefix":"BCD.LL","padding":{"type":"Left","pad":"0"}},'
        b'"48":{"type":"Composite","length":99,"prefix":"ASCII.LLL","tag":{"length":2,"enc":"ASCII"},'
        b'"subfields":{"01":{"type":"String","length":2,"enc":"ASCII","prefix":"ASCII.Fixed"}}}}}'
    )


# captures


def read_any_capture(data: bytes) -> None:
    """Read a capture in all forms that it may have; all that is found is named, and not empty."""
    try:
        for reading in read_capture(data):
            assert reading.form
            assert reading.streams
    except CaptureError as exc:
        assert "\n" not in str(exc)


def diagnose(data: bytes) -> None:
    """Diagnose a capture in any form; what is found is shown without what must not be seen."""
    if not data:
        return
    try:
        found = diagnose_capture(data, [load_dialect(name) for name in SPOKEN])
    except CaptureError as exc:
        assert "\n" not in str(exc)
        return
    for _, message in found.messages:
        message.explained().as_json()


def read_digits(data: bytes) -> None:
    """Read hexadecimal digits as people paste them; a dump of bytes reads as these bytes."""
    assert not data or read_hex(hexdump(data)) == data
    try:
        read_hex(data.decode("latin-1"))
    except HexError as exc:
        assert "\n" not in str(exc)


def capture_seeds() -> Iterator[bytes]:
    folder = Path(__file__).parents[1] / "inspect" / "cases"
    small: Iterable[Path] = (path for path in sorted(folder.rglob("*")) if path.is_file())
    yield from (path.read_bytes() for path in small if path.stat().st_size <= 2000)
    for name in SPOKEN:
        dialect = load_dialect(name)
        wire = b"".join(dialect.framing.wrap(frame) for frame in frames_of(name)[:2])
        yield wire
        yield hexdump(wire).encode()
        yield wire.hex().encode()
