"""Card numbers where none belongs: in every element of every service that takes free text, in many forms.

Keys and PIN blocks belong to no place but messages. Then every byte that reached a disk is searched: store, write-ahead
log, log, exports, receipts, what commands print. A terminal does this by mistake, and an imported specification or a
person who types a note does too.
"""

from __future__ import annotations

import contextlib
import io
import tomllib
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from acquirer.app.terminal import Terminal
from acquirer.app.terminal_connection import TerminalConnection
from acquirer.cli import run
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.suite import Suite
from acquirer.dialect.vocabulary import IDENTIFIERS
from acquirer.settings.shipped import specs_dir
from acquirer.settings.specs import dialect_names, load_dialect
from acquirer.settings.terminals import DEMO
from acquirer.signature.slip_elements import SLIP_TLV_KIND, build_tlv
from acquirer.terminal.effects import Ask, Response
from acquirer.testing import running_host
from acquirer.wire.card_numbers import passes_luhn
from acquirer.wire.grammar import AMOUNT_DIGITS, FieldSpec
from acquirer.wire.message import EncodeError, Message, Value
from tests.store.test_canaries import forms

CARDS = (  # published test numbers, one of each length that there is; of 17 and 18 digits none is published
    "501800000009",
    "4222222222222",
    "30569309025904",
    "378282246310005",
    "6212345678901265",
    "62123456789012347",
    "621234567890123457",
    "6205500000000000004",
)
TRACK_REST = "30121019999912345"
TERMINALS = dict.fromkeys(dialect_names(), "10000161") | {"unionpay-pos-sm4": "10000164"}  # every shipped dialect


def test_the_canaries_are_card_numbers() -> None:
    assert [len(card) for card in CARDS] == [*range(12, 20)]
    assert all(map(passes_luhn, CARDS))


def grouped(card: str, between: str) -> str:
    return between.join(card[at : at + 4] for at in range(0, len(card), 4))


def written(card: str) -> list[str]:
    """A card number as people and programs write it into text, as a message holds it (latin-1 for bytes)."""
    full_width = "".join(chr(ord(digit) + 0xFEE0) for digit in card)
    return [
        card,
        f"card {card}, please",
        grouped(card, " "),
        grouped(card, "-"),
        f"{len(card)}{card}" if len(card) > 13 else card,
        full_width.encode("gbk").decode("latin-1"),
        f"银联 {card}".encode("gbk").decode("latin-1"),
        f"{card}={TRACK_REST}",
        f"B{card}^MUSTER/ANNA^{TRACK_REST}",
    ]


def packed(card: str) -> list[bytes]:
    digits = card + "F" * (len(card) % 2)
    return [
        bytes.fromhex(digits),
        bytes([len(card)]) + bytes.fromhex(digits) + b"\xfc",
        grouped(card, " ").encode() + b"\0",
        card.encode("utf-16-le"),
        card.encode("cp500"),
        b"\x5f\x50" + bytes([len(card)]) + card.encode(),
    ]


def planted(spec: FieldSpec, card: str, turn: int) -> Value | None:
    """What a field holds; None where it has no room, or its place says what its digits mean."""
    value: Value
    if spec.sensitivity == "track":
        value = f"{card}{'D' if spec.kind == 'z' else '='}{TRACK_REST}"[: spec.maximum]
    elif spec.kind == "b":
        if not spec.length_bytes:
            return None
        value = packed(card)[turn % 6]
    elif spec.kind in ("n", "h", "an", "a", "x+n", "z", "ns"):
        if spec.kind == "n" and not spec.length_bytes and spec.maximum > AMOUNT_DIGITS:
            value = card.rjust(spec.maximum, "0") if len(card) > AMOUNT_DIGITS else "0" * spec.maximum
        elif not spec.length_bytes or spec.kind in ("a", "x+n"):
            return None
        else:
            value = card
    else:
        value = written(card)[turn % 9]
        if not spec.length_bytes:
            value = value.ljust(spec.maximum)
    return value if len(value) <= spec.maximum else None


def slip_with(slip: Value, card: str, turn: int) -> bytes:
    """The elements of a slip with one more: a known text, and tags that no table has."""
    assert isinstance(slip, bytes)
    value = [*packed(card), *[one.encode("latin-1") for one in written(card)]][turn % 15]
    return slip + build_tlv([(tag, value) for tag in ("FF00", "FF2B", "FF80")], SLIP_TLV_KIND)


class Planting:
    """Sends every request of a terminal many times before, with card numbers in it, then as it is."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect, self.suite = dialect, Suite(dialect)
        self.terminal: Terminal | None = None
        self.numbers = count(500_000)
        kept = {dialect.elements[name].de for name in IDENTIFIERS if name in dialect.elements}
        self.free = {de: spec for de, spec in dialect.fields.items() if de not in kept and spec.sensitivity != "pin"}
        self.slip = dialect.elements["slip"].de if "slip" in dialect.elements else 0
        self.pins = {de for de, spec in dialect.fields.items() if spec.sensitivity == "pin"}
        self.secrets: set[str] = set()  # in hexadecimal digits: PIN blocks that were sent, working keys
        self.sent = 0

    def keep_secrets(self, message: Message) -> None:
        """Note PIN block and keys of a request, so that they can be looked for."""
        self.secrets |= {value.hex() for de in self.pins if isinstance(value := message.fields.get(de), bytes)}
        keys = self.terminal.state.keys if self.terminal is not None else None
        self.secrets |= {key.pack()[1:].hex() for _, key in keys.items()} if keys is not None else set()

    def frames(self, message: Message) -> Iterator[bytes]:
        used = set(message.fields) - {2, 35, 36}
        for turn, card in enumerate(CARDS):
            yield from self.frame(message, card, turn, set(self.free) - used)
        for turn, de in enumerate(sorted(used & set(self.free))):  # alone: the message is one of its service still
            for more in range(15):
                yield from self.frame(message, CARDS[(turn + more) % 8], more, {de})

    def frame(self, message: Message, card: str, turn: int, places: set[int]) -> Iterator[bytes]:
        dialect = self.dialect
        fields = dict(message.fields)
        for de in sorted(places):
            value = planted(self.free[de], card, turn + de)
            if places == {de} and de == self.slip:
                value = slip_with(fields[de], card, turn)
            if value is not None:
                fields[de] = value
        if fields == message.fields:
            return
        if places != {self.slip}:  # an upload is about the sale of its number
            dialect.put(fields, "stan", f"{next(self.numbers):06}")
        with contextlib.suppress(EncodeError):
            macs = {dialect.elements[one].de for one in ("mac", "mac_secondary") if one in dialect.elements}
            keys = self.terminal.state.keys if self.terminal is not None and macs & set(fields) else None
            if keys is None or self.suite.dukpt is not None:
                yield dialect.encode(message.mti, fields)
            else:
                fields = {de: value for de, value in fields.items() if de not in macs}
                fields[dialect.mac_de(fields)] = bytes(8)
                yield self.suite.seal(keys, dialect.encode(message.mti, fields))


@pytest.fixture(params=TERMINALS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def planting(name: str, monkeypatch: pytest.MonkeyPatch) -> Planting:
    planting = Planting(load_dialect(name))
    ask = TerminalConnection.ask

    def planted_first(self: TerminalConnection, request: Ask) -> Response:
        message = planting.dialect.decode(request.frame)
        planting.keep_secrets(message)
        for frame in planting.frames(message):
            planting.sent += 1
            ask(self, Ask(frame, request.timeout_s))
        return ask(self, request)

    monkeypatch.setattr(TerminalConnection, "ask", planted_first)
    return planting


def a_day(terminal: Terminal, planting: Planting) -> list[Any]:
    """Every service that our terminal has a command for."""
    results: list[Any] = []
    signs_on = any(route.service == "sign_on" for route in planting.dialect.routes)
    if signs_on:
        results.append(terminal.sign_on())
    planting.terminal = terminal
    pin = "123456" if signs_on or planting.suite.dukpt is not None else ""  # else there is no key for it
    results += [terminal.echo(), terminal.sale("12.34", pin=pin), terminal.sale("5.00", entry="manual")]
    with contextlib.suppress(LookupError):
        results.append(terminal.balance(pin=pin))
    if planting.slip:
        results += [terminal.sale("3.00", entry="magstripe", sign="Ann"), terminal.upload()]
    results += [terminal.reverse(), terminal.sale("7.00"), terminal.void()]
    sold = terminal.sale("8.00").exchanges[-1].reply
    assert sold is not None
    rrn = planting.dialect.text(sold, "rrn")
    date = planting.dialect.text(sold, "date") if "date" in planting.dialect.elements else "1120"
    with contextlib.suppress(Exception):  # a dialect may want more to name a sale of another terminal
        results.append(terminal.refund("8.00", rrn=rrn, date=date, entry="magstripe"))
    return [*results, terminal.sign_off()] if signs_on else results


def master_keys() -> set[str]:
    """The keys of the shipped terminals, which any host holds."""
    tables = tomllib.loads((specs_dir() / DEMO).read_text("utf-8"))["terminal"]
    pinned = {key for table in tables for key in table.get("fixed_keys", {}).values()}
    return pinned | {table[name] for table in tables for name in ("tmk", "bdk") if name in table}


def clear_in(directory: Path, secrets: set[str]) -> list[str]:
    """Where a card number, or anything else secret, lies in a file: in any form, with or without what divides it."""
    hits = []
    narrow = {0xFF10 + digit: str(digit) for digit in range(10)}
    for file in sorted(directory.rglob("*")):
        if not file.is_file():
            continue
        held = file.read_bytes()
        plain = held.decode("utf-8", "replace").translate({**narrow, ord(" "): "", ord("-"): ""}).encode()
        gbk = held.decode("utf-8", "ignore").encode("latin-1", "ignore").decode("gbk", "ignore")
        views = {"": held, "without spaces": plain, "of GBK": gbk.translate(narrow).encode()}
        for card in secrets:
            looked_for = forms(card) | {"hex of characters": card.encode().hex().encode()}
            for view, text in views.items():
                hits += [
                    f"{card} as {form} {view} in {file.name}" for form, clear in looked_for.items() if clear in text
                ]
    return hits


@pytest.mark.slow
def test_no_card_number_reaches_a_disk(name: str, planting: Planting, tmp_path: Path, capsys: Any) -> None:
    store, log = f"sqlite:///{tmp_path / 'acquirer.db'}", io.StringIO()
    config = ["--store", store]
    with running_host(dialect=name, store=store, log=log, timezone="UTC") as host:
        with Terminal(TERMINALS[name], host=host.address, dialect=name, state=tmp_path / "state") as terminal:
            results = a_day(terminal, planting)
        journal = host.journal.list()
        tags = {one.tag for signature in host.signatures for one in signature.slip}
        assert {"FF00", "FF2B", "FF80"} <= tags or name != "unionpay-pos"
        for command in (
            ["journal", "list", "--json"],
            ["signatures", "list", "--all", "--json"],
            ["terminals", "list"],
        ):
            run([*command, *config])
        run(["signatures", "export", str(tmp_path / "exported"), *config])
        for one in host.transactions:
            run(["receipt", "--tid", one.key.tid, "--stan", one.key.stan, *config])
        secrets = {*CARDS, TRACK_REST, *master_keys(), *planting.secrets}
        assert clear_in(tmp_path, secrets) == []  # while it is served: the write-ahead log too
    printed = capsys.readouterr()
    (tmp_path / "printed.txt").write_text(printed.out + printed.err + repr([str(one) for one in results]), "utf-8")
    (tmp_path / "log.txt").write_text(log.getvalue(), "utf-8")
    assert clear_in(tmp_path, secrets) == []
    assert planting.sent > 100
    assert len(planting.secrets) >= 2 or name == "iso8583-1987-plain"
    assert {"sale", "reversal", "void"} <= {one.service for one in journal if one.reason == "approved"}
    assert {name for one in journal for name in one.request} > {"2", "37", "41", "42", "63"}
    assert "****" in (tmp_path / "printed.txt").read_text("utf-8")
