"""Open, read and serve what version 0.1 wrote; README.md says what that is. Commands and public names only."""

from __future__ import annotations

import inspect
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

import pytest

import acquirer
from acquirer.app import terminal as terminals_api
from acquirer.app.terminal import Terminal
from acquirer.testing import running_host

HERE = Path(__file__).parent
EXPECTED = HERE / "expected"
ENVIRONMENT = {
    # Settings of the machine that runs the tests are none of 0.1; children run the package that is imported here.
    **{name: value for name, value in os.environ.items() if not name.startswith("ACQUIRER_") and name != "COLUMNS"},
    "PYTHONPATH": str(Path(acquirer.__file__).parents[1]),
}
PATIENCE_S = 60
"""Until a command that hangs is given up; none needs a second."""

Json = Any


class Ended(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str


RUNNER = """
import contextlib, json, os, runpy, sys, tempfile

usual = dict(os.environ)
streams = [os.dup(1), os.dup(2)]
ended = []
for words, variables in json.load(sys.stdin):
    os.environ.clear()
    os.environ.update(usual, **variables)
    sys.argv = ["acquirer", *words]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        try:
            runpy.run_module("acquirer", run_name="__main__", alter_sys=True)
        except SystemExit as end:
            code = end.code
        sys.stdout.flush()
        sys.stderr.flush()
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read().decode())
    ended.append([int(code or 0), *said])
os.dup2(streams[0], 1)
os.dup2(streams[1], 2)
os.write(1, json.dumps(ended).encode())
"""
"""Runs commands one after another, as ``python -m acquirer`` would: starting Python for each takes most of the time."""


def run_all(commands: Iterable[tuple[Sequence[str], Mapping[str, str]]], cwd: Path) -> list[Ended]:
    """Run commands of `acquirer`, each with variables of its own, in one process."""
    done = subprocess.run(
        [sys.executable, "-c", RUNNER],
        cwd=cwd,
        env=ENVIRONMENT,
        text=True,
        capture_output=True,
        input=json.dumps([[list(words), dict(variables)] for words, variables in commands]),
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    return [Ended(*one) for one in json.loads(done.stdout)]


def printed_by(*commands: Sequence[str], cwd: Path) -> list[str]:
    """Run commands that must succeed, and return what they print."""
    ended = run_all([(words, {}) for words in commands], cwd)
    for words, one in zip(commands, ended, strict=True):
        assert one.code == 0, (words, one)
    return [one.out for one in ended]


def documents(text: str) -> list[Json]:
    """Read one JSON document, or one on each line."""
    try:
        return [json.loads(text)]
    except ValueError:
        return [json.loads(line) for line in text.splitlines()]


def elements(text: str) -> list[Json]:
    """Read the array that is printed now where 0.1 printed a document on each line: of finished lists."""
    found = json.loads(text)
    assert isinstance(found, list)
    return found


def expected(name: str) -> list[Json]:
    """Read the JSON that 0.1 printed."""
    return documents((EXPECTED / name).read_text(encoding="utf-8"))


def words_of(name: str) -> list[list[str]]:
    """Read a list of words, one on each line."""
    return [line.split() for line in (EXPECTED / name).read_text(encoding="utf-8").splitlines()]


def differences(old: Json, new: Json, free: frozenset[str] = frozenset(), path: str = "") -> list[str]:
    """List what `new` lacks of `old`, or has otherwise; keys may be added, and those in `free` may have any text."""
    if isinstance(old, dict):
        if not isinstance(new, dict):
            return [f"{path}: is no object any more"]
        found = [f"{path}.{key}: is missing" for key in old if key not in new]
        for key in old.keys() & new.keys():
            if key not in free:
                found += differences(old[key], new[key], free, f"{path}.{key}")
        return found
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return [one for at, (was, now) in pairs for one in differences(was, now, free, f"{path}[{at}]")]
    return [] if old == new else [f"{path}: was {old!r}, is {new!r}"]


def copied(folder: Path) -> Path:
    """Copy all data into a new folder."""
    work = folder / "v01"
    shutil.copytree(HERE, work, ignore=shutil.ignore_patterns("expected", "*.py", "__pycache__"))
    for key in work.rglob("*.key"):
        key.chmod(0o600)  # a repository does not keep the modes of files
    return work


pytestmark = pytest.mark.slow  # most start a host, or a command


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Give a test its own copy of the data."""
    return copied(tmp_path)


class Served:
    """A host in a process of its own."""

    def __init__(self, ready: str) -> None:
        self.ready: dict[str, Json] = json.loads(ready)
        self.addresses = [str(one["address"]) for one in self.ready["listeners"]]
        self.log: list[dict[str, Json]] = []


@contextmanager
def serving(cwd: Path, *words: str) -> Iterator[Served]:
    """Serve with the settings of a folder; end with SIGTERM and 0."""
    command = [sys.executable, "-m", "acquirer", "serve", "--json", *words]
    with ExitStack() as stack:
        log = stack.enter_context((cwd / "serve.log").open("w+", encoding="utf-8"))
        process = stack.enter_context(
            subprocess.Popen(command, cwd=cwd, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=log)
        )
        stack.callback(process.kill)
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert ready, (cwd / "serve.log").read_text(encoding="utf-8")
        served = Served(ready)
        yield served
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
        log.seek(0)
        served.log = [json.loads(line) for line in log]


def till(work: Path, address: str, *words: str) -> Json:
    """Have terminal 10000002 of 0.1 do one thing, from the state it was left in."""
    options = ("--terminals", "terminals.toml", "--state", "terminal-state", "--json")
    command = [sys.executable, "-m", "acquirer", "terminal", *words, "--tid", "10000002", "--host", address, *options]
    done = subprocess.run(command, cwd=work, env=ENVIRONMENT, text=True, capture_output=True, timeout=PATIENCE_S)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def services(result: Any) -> list[tuple[str, str]]:
    """List the exchanges of an operation with their codes."""
    if isinstance(result, dict):
        return [(one["service"], one["code"]) for one in result["exchanges"]]
    return [(one.service, one.code) for one in result.exchanges]


def ask(address: str, frame: str) -> bytes:
    """Send a frame that 0.1 sent, and return the reply with its length."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as sock:
        sock.sendall(bytes.fromhex((HERE / "frames" / f"{frame}.hex").read_text(encoding="ascii")))
        length = sock.recv(2, socket.MSG_WAITALL)
        return length + sock.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL)


def settings(**others: Any) -> dict[str, Any]:
    """Read `acquirer.toml` for a host in this process."""
    return tomllib.loads((HERE / "acquirer.toml").read_text(encoding="utf-8")) | {"log": None} | others


@pytest.fixture
def inside(work: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a test its own copy of the data as working directory, which paths in `acquirer.toml` are relative to."""
    monkeypatch.chdir(work)
    return work


def terminal(tid: str, address: str, **options: Any) -> Terminal:
    """Play a terminal of 0.1 in this process, from the state it was left in."""
    given: dict[str, Any] = {"terminals": "terminals.toml", "state": "terminal-state", "cards": "cards.toml"}
    return Terminal(tid, host=address, **given | options)


# ── what is printed of it


SHOWN = (1, 16, 17, 35, 37, 39, 50, 54, 72)
"""Exchanges to show: one of each kind."""

READING: Mapping[str, tuple[str, ...]] = {
    "journal-list.jsonl": ("journal", "list", "--limit", "0", "--json"),
    "journal-list-of-a-terminal.jsonl": (
        *("journal", "list", "--tid", "10000003", "--code", "00", "--limit", "3", "--json"),
    ),
    "signatures-list-all.json": ("signatures", "list", "--all", "--json"),
    "signatures-show.json": ("signatures", "show", "--tid", "10000001", "--stan", "000004", "--json"),
    "signatures-unsigned.json": ("signatures", "unsigned", "--json"),
    "terminals-list.jsonl": ("terminals", "list", "--json"),
    "terminals-show.json": ("terminals", "show", "10000001", "--json"),
    **{
        f"decode-{frame}.jsonl": ("decode", f"frames/{frame}.hex", "--json")
        for frame in ("approved-sale", "approved-sale-reply", "missing-part", "reversal", "sign-on-reply")
    },
}
"""File of `expected` → the command that printed it."""

OTHERS: Mapping[str, tuple[str, ...]] = {
    "signatures list": ("signatures", "list", "--json"),
    "terminals show": ("terminals", "show", "10000001"),
    "receipt": ("receipt", "--tid", "10000001", "--stan", "000002"),
    "receipt in English": (
        *("receipt", "--tid", "10000003", "--stan", "000003", "--batch", "000001"),
        *("--lang", "en", "--copy", "cardholder"),
    ),
    "terminal receipt": ("terminal", "receipt", "--tid", "10000001", "--state", "terminal-state"),
    "dialect list": ("dialect", "list", "--json"),
    "dialect show": ("dialect", "show", "my-acquirer.toml", "--json"),
    "dialect schema": ("dialect", "schema"),
    "doctor": ("doctor", "frames/approved-sale.hex", "--json"),
    **{f"journal show {number}": ("journal", "show", str(number), "--json") for number in SHOWN},
}
"""Commands whose output is looked at in another way."""

MENDED: Final[dict[tuple[str, object], dict[str, str]]] = {
    ("decode-approved-sale-reply.jsonl", "QR code sale reply"): {"title": "sale reply"}
}
"""What 0.1 said and was not so."""

SENTENCES = frozenset({"why", "notes", "cause"})
"""What a decoder and a list of missing signatures say in sentences, which may be put in other words."""


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ended]:
    """Run every command that reads, once."""
    work = copied(tmp_path_factory.mktemp("read"))
    commands = {**READING, **OTHERS}
    return dict(zip(commands, run_all([(words, {}) for words in commands.values()], work), strict=True))


@pytest.mark.parametrize("name", READING)
def test_what_is_read_is_what_0_1_read(name: str, printed: dict[str, Ended]) -> None:
    assert printed[name].code == 0, printed[name]
    # What the journal and the store keep was written by 0.1; its sentences stay as they are.
    free = SENTENCES if name.startswith(("decode", "signatures-unsigned")) else frozenset()
    now = elements(printed[name].out) if name == "terminals-list.jsonl" else documents(printed[name].out)
    was = [
        {**one, **MENDED.get((name, one.get("title")), {})} if isinstance(one, dict) else one for one in expected(name)
    ]
    assert differences(was, now, free) == []


@pytest.mark.parametrize("number", SHOWN)
def test_an_exchange_is_shown_as_it_is_listed(number: int, printed: dict[str, Ended]) -> None:
    listed = next(one for one in expected("journal-list.jsonl") if one["id"] == number)
    assert differences([listed], documents(printed[f"journal show {number}"].out)) == []


def test_replaced_signatures_are_left_out_of_the_list(printed: dict[str, Ended]) -> None:
    counting = [one for one in expected("signatures-list-all.json")[0] if one["counts"]]
    assert differences([counting], documents(printed["signatures list"].out)) == []


def test_a_terminal_is_shown_line_by_line(printed: dict[str, Ended]) -> None:
    lines = [" ".join(line.split()) for line in printed["terminals show"].out.splitlines()]
    for line in (EXPECTED / "terminals-show.txt").read_text(encoding="utf-8").splitlines():
        assert " ".join(line.split()) in lines


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("receipt", "receipt.txt"),
        ("receipt in English", "receipt-cardholder-en.txt"),
        ("terminal receipt", "terminal-receipt.txt"),
    ],
)
def test_receipts_are_printed_again_and_counted_on(what: str, name: str, printed: dict[str, Ended]) -> None:
    """But for the mark of a reprint, which has stars and a rule now."""
    then = (EXPECTED / name).read_text(encoding="utf-8")
    marked = re.sub(r" +(?:(重打印)凭证)?(/?DUPLICATED \d+)\n", r"****\1\2****\n" + "-" * 32 + "\n", then)
    assert [line.strip() for line in printed[what].out.splitlines()] == [line.strip() for line in marked.splitlines()]


def test_every_dialect_is_still_there(printed: dict[str, Ended]) -> None:
    now = {one["name"]: one for one in elements(printed["dialect list"].out)}
    for was in expected("dialect-list.jsonl"):
        one = now[was["name"]]
        assert differences(was, one, frozenset({"title", "fields", "services", "samples"})) == []
        assert set(was["services"]) <= set(one["services"])
        assert was["fields"] <= one["fields"]


def test_a_dialect_of_ones_own_is_shown_as_before(printed: dict[str, Ended]) -> None:
    """Its parent may learn more; all that 0.1 knew of it must stay."""
    (was,), (now,) = expected("dialect-show-my-acquirer.json"), documents(printed["dialect show"].out)
    growing = frozenset({"services", "messages", "fields"})
    assert differences(was, now, growing) == []
    assert set(was["services"]) <= set(now["services"])
    for number, field in was["fields"].items():
        assert differences(field, now["fields"][number], frozenset({"name", "layouts"}), number) == []
    till_field = now["fields"]["47"]["layouts"][0]
    assert differences(was["fields"]["47"]["layouts"][0], till_field) == []
    served = {one["name"]: one for one in now["messages"] if one["served"]}
    for message in was["messages"]:
        if message["served"]:
            one = served[message["name"]]
            assert differences(message, one, frozenset({"title", "reply"})) == []
            assert differences(message["reply"], one["reply"], frozenset({"make"})) == []
            more = ["batch"] if message["name"] == "sign_off" else []  # the next one, after a settlement
            assert one["reply"]["make"] == [*message["reply"]["make"], *more]


def test_a_capture_is_still_recognised(printed: dict[str, Ended]) -> None:
    (was,), (now,) = expected("doctor.jsonl"), documents(printed["doctor"].out)
    assert differences(was, now, frozenset({"form", "why", "notes", "also"})) == []
    assert set(was["also"]) <= set(now["also"])


# ── serving it


class Day(NamedTuple):
    """A day of a host and of a terminal, each in processes of its own."""

    ready: Json
    log: list[Json]
    done: list[Json]
    left: set[str]
    journal: list[Json]
    signatures: list[Json]
    unsigned: list[Json]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """Serve the store, and let the terminal do what it left undone."""
    work = copied(tmp_path_factory.mktemp("day"))
    with serving(work) as host:
        done = [
            till(work, host.addresses[0], *words)
            for words in (("upload",), ("sale", "--amount", "24.00"), ("reverse",), ("upload",))
        ]
    left = {path.name for path in (work / "store").iterdir()}
    lists = printed_by(
        ("journal", "list", "--limit", "0", "--json"),
        ("signatures", "list", "--tid", "10000002", "--json"),
        ("signatures", "unsigned", "--tid", "10000002", "--json"),
        cwd=work,
    )
    journal, (signatures,), (unsigned,) = map(documents, lists)
    return Day(host.ready, host.log, done, left, journal, signatures, unsigned)


def test_the_store_opens_and_the_host_is_ready(day: Day) -> None:
    ready = json.loads(json.dumps(day.ready))
    for one in (ready, *ready["listeners"]):
        for key in one.keys() & {"listen", "address"}:
            one[key] = f"{one[key].rpartition(':')[0]}:PORT"
    (was,) = expected("ready.json")
    assert differences(was, ready, frozenset({"version"})) == []


def test_at_its_end_everything_is_in_the_one_file(day: Day) -> None:
    assert {"acquirer.db", "acquirer.db.key"} <= day.left
    assert not {name for name in day.left if name.endswith(("-wal", "-shm"))}
    old = expected("journal-list.jsonl")
    assert differences(old, day.journal[: len(old)]) == []


def test_a_kept_signature_goes_up(day: Day) -> None:
    assert services(day.done[0]) == [("signature", "00")]
    assert (day.done[0]["outcome"], day.done[0]["signature"]) == ("approved", "uploaded")
    assert [(one["stan"], one["amount"], one["picture"], one["flags"]) for one in day.signatures] == [
        ("000003", 2200, "made", [])
    ]
    (was,) = expected("terminal-upload.json")
    assert differences(was, day.done[3], frozenset({"sentence"})) == []


def test_a_reversal_that_is_owed_goes_out_before_the_next_sale(day: Day) -> None:
    assert services(day.done[1]) == [("reversal", "00"), ("sale", "00")], "without a sign-on: keys of 0.1 are good"
    assert services(day.done[2]) == [("reversal", "00")]
    added = day.journal[len(expected("journal-list.jsonl")) :]
    assert [(one["service"], one["stan"], one["reason"]) for one in added] == [
        ("signature", "000003", "approved"),
        ("reversal", "000004", "approved"),
        ("sale", "000005", "approved"),
        ("reversal", "000005", "approved"),
    ]
    assert [one["stan"] for one in day.unsigned] == ["000002"], "what was reversed is no sale any more"


def test_frames_of_0_1_are_answered_from_the_store(inside: Path) -> None:
    with running_host(**settings()) as host:
        for frame in ("approved-sale", "late-sale", "missing-part", "reversal", "reversal"):
            ask(host.address, frame)
        entries = host.journal.list()[-5:]
        whole = next(one for one in host.signatures if one.key.stan == "000017")
    assert [(one.service, one.stan, one.code, one.replayed) for one in entries] == [
        ("sale", "000020", "00", True),
        ("sale", "000016", "94", False),
        ("signature_part", "000017", "00", False),
        ("reversal", "000004", "00", False),
        ("reversal", "000004", "00", True),
    ]
    first = next(
        one for one in expected("journal-list.jsonl") if (one["stan"], one["amount_minor"]) == ("000020", 1500)
    )
    # The repeat has a MAC of its own (64), and 0.1 left the chip data (55) out of it.
    stored = {number: value for number, value in first["reply"].items() if number not in ("55", "64")}
    assert differences(stored, dict(entries[0].reply or {})) == []
    assert (whole.parts, whole.amount_minor, whole.flags) == (3, 3300, ())


def test_old_sales_are_reversed_and_others_go_on(inside: Path) -> None:
    """Reverse a sale of a closed batch; count a card's balance on; derive keys on."""
    with running_host(**settings()) as host:
        plain, _, dukpt = host.addresses
        with terminal("10000003", plain) as one:
            assert services(one.reverse(stan="000002", batch="000001", amount="10.00")) == [("reversal", "00")]
        with terminal("10000001", plain) as one:
            assert services(one.reverse()) == [("reversal", "00")]
            assert services(one.sale("800.00", "balance")) == [("sale", "00")], "200.00 went before, 15.00 came back"
            assert services(one.sale("1.00", "balance")) == [("sale", "51")]
        with terminal("10000007", dukpt, dialect="iso8583-1987-dukpt") as one:
            assert services(one.sale("8.00")) == [("sale", "00")]


def test_on_any_later_day_the_host_serves_it_too(inside: Path) -> None:
    with running_host(**settings(clock=None)) as host, terminal("10000001", host.address) as one:
        assert services(one.sale("3.00")) == [("sale", "00")], "its policy asks for a sign-on once ever"


def test_exported_signatures_come_into_another_store(work: Path) -> None:
    to = ("--store", "sqlite:///other.db")
    _, _, listed, _ = printed_by(
        ("signatures", "import", "signatures", *to),
        ("signatures", "import", "signatures", *to),  # they are known by now
        ("signatures", "list", "--all", "--json", *to),
        ("signatures", "export", "--out", "again", *to),
        cwd=work,
    )
    # Another Pillow may pack the same dots otherwise.
    assert differences(expected("signatures-list-all.json"), documents(listed), frozenset({"png"})) == []
    for image in (HERE / "signatures").glob("*.jbg"):
        assert (work / "again" / image.name).read_bytes() == image.read_bytes()


# ── files of users


DIALECTS = {"my-acquirer": "10000001", "my-ascii": "10000002", "my-1993": "10000003", "my-copy": "10000008"}
"""Dialect → the terminal that speaks it: one may not use a number twice."""


def test_dialects_are_in_order(work: Path) -> None:
    (lines,) = printed_by(("dialect", "lint", *(f"{name}.toml" for name in DIALECTS)), cwd=work)
    words = [line.split()[:2] for line in lines.splitlines()]
    assert [pair for pair in words if pair[1] != "note:"] == [[f"{name}:", "OK:"] for name in DIALECTS]


def test_dialects_are_spoken_by_host_and_terminal(inside: Path) -> None:
    listen = [f"127.0.0.1:0={name}.toml" for name in DIALECTS]
    with running_host(**settings(store="memory:", listen=listen)) as host:
        for (name, tid), address in zip(DIALECTS.items(), host.addresses, strict=True):
            codes = ("800", "000", "400") if name == "my-1993" else ("00", "00", "00")
            with terminal(tid, address, dialect=f"{name}.toml", state=None) as one:
                sold = one.sale("5.00", pin="123456")
                assert services(sold)[:2] == [("sign_on", codes[0]), ("sale", codes[1])], name
                assert services(one.reverse()) == [("reversal", codes[2])], name
                if name == "my-acquirer":
                    refused = one.sale("5.00", "blocked").exchange
                    assert refused is not None
                    assert (refused.code, refused.meaning.en) == ("78", "card not in use yet")


def keys_of(value: Json, path: str = "") -> Iterator[str]:
    """List the keys of a parsed file, as `toml-keys.txt` writes them."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield f"{path}.{key}" if path else key
            yield from keys_of(one, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for one in value:
            yield from keys_of(one, f"{path}[]")


@pytest.mark.parametrize("name", ["acquirer.toml", "terminals.toml", "cards.toml", "faults.toml"])
def test_the_files_that_are_served_have_every_key(name: str) -> None:
    known = {key for file, key in words_of("toml-keys.txt") if file == name}
    assert known <= set(keys_of(tomllib.loads((HERE / name).read_text(encoding="utf-8"))))


def schema_keys(one: Json, path: str = "") -> Iterator[str]:
    """List the keys that a JSON Schema of dialects allows."""
    for part in one.get("anyOf", ()):
        yield from schema_keys(part, path)
    for key, inside in one.get("properties", {}).items():
        yield f"{path}.{key}" if path else key
        yield from schema_keys(inside, f"{path}.{key}" if path else key)
    data = [*one.get("patternProperties", {}).values(), one.get("additionalProperties")]
    for inside in data:
        if isinstance(inside, dict):
            yield from schema_keys(inside, f"{path}.*")
    if isinstance(one.get("items"), dict):
        yield from schema_keys(one["items"], f"{path}[]")


def test_every_key_of_a_dialect_is_still_known(printed: dict[str, Ended]) -> None:
    known = {key for file, key in words_of("toml-keys.txt") if file == "dialect"}
    assert known - set(schema_keys(json.loads(printed["dialect schema"].out))) == set()


# ── words


def commands() -> dict[str, list[str]]:
    """Collect command → all its options, each with a value where it takes one."""
    found: dict[str, list[str]] = {}
    for words in words_of("cli-words.txt"):
        names = [word for word in words if word.islower() and not word.startswith(("-", "<"))]
        found.setdefault(" ".join(names), []).extend(words[len(names) :])
    return found


def test_every_word_of_the_command_line_is_still_understood(tmp_path: Path) -> None:
    """Ask for help after all other words: it is only shown when they were understood, and nothing else is done then."""
    calls = [
        (*name.split(), *(word for word in given if word != "--help"), "--help") for name, given in commands().items()
    ]
    ended = run_all([(words, {}) for words in calls], tmp_path)
    refused = [(words, one.err) for words, one in zip(calls, ended, strict=True) if one.code != 0 or one.err]
    assert refused == []


INVALID = {
    "LISTEN": "elsewhere",
    "STORE": "mysql://host",
    "DIALECT": "no-such-dialect",
    "TERMINALS": "no-terminals.toml",
    "CARDS": "no-cards.toml",
    "TIMEZONE": "Asia/Nowhere",
    "MAGIC_AMOUNTS": "perhaps",
    "FAULT": "noisy:tid=10000001",
    "SIGNATURE_CHECK": "amount=sometimes",
    "NO_SIGN_LIMIT": "much",
    "SEED": "seven",
    "CLOCK": "noon",
    "LOG": "loud",
    "PATIENCE_S": "-1",
    "CONNECTIONS": "0",
    "FRAME_S": "-2",
    "IDLE_S": "-3",
    "IDLE_KNOWN_S": "-4",
}
"""A value that each setting refuses: what refuses it has read the variable."""


def test_every_variable_still_acts(tmp_path: Path) -> None:
    names = [name for (name,) in words_of("environment.txt")]
    assert names == [f"ACQUIRER_{name}" for name in INVALID]
    usual = {"ACQUIRER_LISTEN": "127.0.0.1:0", "ACQUIRER_STORE": "memory:"}

    ended = run_all([(["serve"], usual | {f"ACQUIRER_{name}": value}) for name, value in INVALID.items()], tmp_path)
    for (name, value), one in zip(INVALID.items(), ended, strict=True):
        assert (one.code, one.out) == (2, ""), (name, one)
        assert value in one.err, (name, one)


# ── keys of JSON


MAPS = frozenset(
    {
        *("request", "reply", "fields", "elements", "codes", "reasons", "constants", "when", "expect"),
        *("pin_blocks", "packages", "layouts", "tags", "values", "sub"),
    }
)
"""Objects whose keys are data."""


def json_keys(value: Json, path: str = "") -> Iterator[str]:
    """List the keys of a document, as `json-keys.txt` writes them."""
    if isinstance(value, dict):
        data = path.rpartition(".")[2] in MAPS
        for key, one in value.items():
            here = ".".join(filter(None, (path, "*" if data else key)))
            yield here
            yield from json_keys(one, here)
    elif isinstance(value, list):
        for one in value:
            yield from json_keys(one, f"{path}[]")


def test_json_has_every_key_it_had(printed: dict[str, Ended], day: Day) -> None:
    outputs: dict[str, list[Json]] = {
        "serve": [day.ready],
        "log of serve": day.log,
        "terminal": day.done,
        "journal list": documents(printed["journal-list.jsonl"].out),
        "journal show": [document for number in SHOWN for document in documents(printed[f"journal show {number}"].out)],
        "signatures list": documents(printed["signatures-list-all.json"].out),
        "signatures show": documents(printed["signatures-show.json"].out),
        "signatures unsigned": documents(printed["signatures-unsigned.json"].out),
        "terminals list": elements(printed["terminals-list.jsonl"].out),
        "terminals show": documents(printed["terminals-show.json"].out),
        "dialect list": elements(printed["dialect list"].out),
        "dialect show": documents(printed["dialect show"].out),
        "decode": [one for name in READING if name.startswith("decode") for one in documents(printed[name].out)],
        "doctor": documents(printed["doctor"].out),
    }
    wanted: dict[str, set[str]] = {}
    for line in (EXPECTED / "json-keys.txt").read_text(encoding="utf-8").splitlines():
        command, _, key = line.partition(": ")
        wanted.setdefault(command, set()).add(key)
    assert wanted.keys() == outputs.keys()
    for command, keys in wanted.items():
        has = {key for document in outputs[command] for key in json_keys(document)}
        assert keys - has == set(), command


# ── names that tests of users import


class Watching:
    """Looks on, as a user's terminal test may."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def began(self, exchange: Any) -> None:
        self.seen.append(f"began {exchange.service}")

    def ended(self, exchange: Any) -> None:
        self.seen.append(f"ended {exchange.service}")

    def printed(self, voucher: Any) -> None:
        self.seen.append("printed")


def names_of(what: str) -> set[str]:
    """Collect the names that `imports.txt` lists of something."""
    return {name for of, name in words_of("imports.txt") if of == what}


def lacking(what: str, thing: object) -> set[str]:
    """Collect the names of 0.1 that an object has no more."""
    return {name for name in names_of(what) if not hasattr(thing, name)}


def test_a_host_for_tests_takes_and_has_what_it_had(work: Path) -> None:
    given: dict[str, Any] = {
        "log": None,
        "listen": ["127.0.0.1:0", f"127.0.0.1:0={work / 'my-acquirer.toml'}"],
        "store": f"sqlite:///{work / 'tests.db'}",
        "dialect": "unionpay-pos",
        "terminals": work / "terminals.toml",
        "cards": work / "cards.toml",
        "timezone": "Asia/Shanghai",
        "magic_amounts": False,
        "fault": ["silent:service=sale,amount=66.66", str(work / "faults.toml")],
        "signature_check": ["amount=log"],
        "no_sign_limit": "500.00",
        "seed": 7,
        "clock": "2026-11-29T10:00:00",
        "patience_s": 10,
        "connections": 50,
        "frame_s": 5,
        "idle_s": 30,
        "idle_known_s": 60,
    }
    assert given.keys() == names_of("running_host()")
    with running_host(**given) as host:
        options: dict[str, Any] = {"host": host.address, "terminals": work / "terminals.toml", "timeout_s": 0.5}
        with Terminal("10000003", **options) as one:
            assert one.sale("12.34", pin="123456", sign="Li Wei").code == "00"
            assert one.sale("66.66").reversal == "done"
        assert [lacking("host", host), lacking("host.journal", host.journal)] == [set(), set()]
        assert host.addresses[0] == host.address == f"{host.host}:{host.port}"
        entry = host.journal.find(tid="10000003", service="sale", code="00", amount_minor=1234)
        assert lacking("entry", entry) == set()
        assert host.journal.wait(timeout_s=5, service="reversal").tid == "10000003"
        assert [one.service for one in host.journal.list()] == ["sign_on", "sale", "sale", "reversal"]
        assert set(host.terminals) == {f"1000000{number}" for number in range(1, 9)}
        assert [one.state for one in host.transactions] == ["approved", "reversed"]
        assert host.signatures == []
        assert host.counters["exchanges"] == 4


def test_a_terminal_takes_and_has_what_it_had(work: Path) -> None:
    watching = Watching()
    options: dict[str, Any] = {
        "state": work / "own-state",
        "terminals": work / "terminals.toml",
        "mid": "",
        "tmk": "",
        "bdk": "",
        "ksn": "",
        "name": "Harbour shop",
        "dialect": "unionpay-pos",
        "cards": work / "cards.toml",
        "operator": "02",
        "serial": "SN1",
        "package": "003",
        "tpdu": "6000030000",
        "head": "603100310000",
        "timeout_s": 5,
        "keep_open": True,
        "sign_upload": "at-once",
        "sign_parts": 0,
        "watermark": True,
        "tell_capture": True,
        "no_sign_limit": "500.00",
        "randbytes": Random(1).randbytes,
        "now": lambda: datetime(2026, 11, 29, 10),
        "watch": watching,
    }
    with running_host(terminals=work / "terminals.toml", clock="2026-11-29T10:00:00") as host:
        options["host"] = host.address
        assert {"tid", *options} == names_of("Terminal()")
        with Terminal("10000001", **options) as one:
            result = one.sale("12.34", "standard", entry="chip", pin="123456", sign="Li Wei", sign_mode="pen")
            assert one.sign("Ann Lee", mode="touch", stan="000002").code == "00"
            assert one.upload(rounds=1).outcome == "done"
            assert one.reverse(reason="98", stan="", batch="", amount=None).code == "00"
            assert one.echo().code == "00"
            assert [lacking("terminal", one), lacking("terminal.state", one.state)] == [set(), set()]
            for method in ("sale", "sign", "upload", "reverse"):
                parameters = inspect.signature(getattr(one, method)).parameters
                assert names_of(f"terminal.{method}()") <= parameters.keys()
            assert one.sign_off().code == "00"
        assert (result.code, result.signature) == ("00", "uploaded")
        assert [lacking("result", result), lacking("exchange", result.exchange)] == [set(), set()]
        assert lacking("result.receipt", result.receipt) == set()
        assert names_of("result.outcome") <= {str(one) for one in type(result.outcome)}
        assert result.signature is not None
        assert names_of("result.signature") <= {str(one) for one in type(result.signature)}
        assert watching.seen[:4] == ["began sign_on", "ended sign_on", "began sale", "ended sale"]
        with Terminal(
            "10000001", mid="880210010210162", tmk="258FB0AB70D025CDB99DF2C4D302D646", host=host.address
        ) as one:
            assert one.sign_on().code == "00"


def test_modules_have_the_names_they_had() -> None:
    assert lacking("acquirer.app.terminal", terminals_api) == set()
    assert lacking("acquirer.testing", sys.modules[running_host.__module__.rpartition(".")[0]]) == set()
