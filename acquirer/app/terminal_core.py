"""What a blocking and an asyncio terminal share: options, the machine, its memory, its operations as programs."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypedDict, Unpack

from acquirer.app.identity import identity
from acquirer.app.pad import read_pad
from acquirer.app.terminal_connection import Address, address
from acquirer.data.toml import DataError, did_you_mean
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.suite import Suite
from acquirer.security.secret import Secret
from acquirer.settings.cards import load_cards
from acquirer.settings.specs import load_dialect
from acquirer.settings.terminal_state import StateFile
from acquirer.signature.bitmap import Bitmap
from acquirer.slip.receipt import minor
from acquirer.terminal.card import CardData, CardError
from acquirer.terminal.card import card as card_of
from acquirer.terminal.effects import Began, Ended, Print, Program, TerminalEffect
from acquirer.terminal.exchange import Exchange, Result
from acquirer.terminal.machine import Machine, Setup
from acquirer.terminal.reversal import Undo, reverse
from acquirer.terminal.sale import Order, sale
from acquirer.terminal.signature import Again, sign
from acquirer.terminal.signature_pad import Pad
from acquirer.terminal.state import State
from acquirer.terminal.voucher import Voucher

Drawn = str | Path | Bitmap
"""A signature as people give it: a name, a file of pixels or strokes, or pixels."""

HOST = "127.0.0.1:8583"
DIALECT = "unionpay-pos"


class Watch(Protocol):
    """Somebody who looks on: told of each exchange before it is sent, and when it is over and durable."""

    def began(self, exchange: Exchange) -> None: ...

    def ended(self, exchange: Exchange) -> None: ...

    def printed(self, voucher: Voucher) -> None:
        """A slip came out that the cardholder is to sign on paper."""


class TerminalOptions(TypedDict, total=False):
    """How a terminal is set up; every option may be left out."""

    host: str
    """``HOST:PORT`` of the host to talk to."""
    state: Path | str | None
    """Folder that keeps keys, counters and the outbox; None: they live as long as the terminal object."""
    terminals: Path | str | None
    """File of ``[[terminal]]`` tables, as `acquirer serve` reads it; None: the demo terminals."""
    mid: str
    """With `tmk` or `bdk`: no file is read."""
    tmk: str | Secret
    """Master key, in hex."""
    bdk: str | Secret
    """Base derivation key, in hex: for dialects that derive the keys of each message (DUKPT)."""
    ksn: str
    """Key serial number of this terminal, in hex; "": made from its number."""
    name: str
    """The merchant's, for receipts."""
    dialect: str
    cards: Path | str | None
    """Table of test cards; None: the shipped one."""
    operator: str
    serial: str
    package: str
    """Key package asked for at sign-on; "": the dialect's usual one."""
    tpdu: str
    """Hex; "": the dialect's."""
    head: str
    timeout_s: float
    """How long to wait for one answer; 0: as the dialect says."""
    keep_open: bool
    """One connection for many exchanges, instead of one each."""
    sign_upload: str
    """When a signature goes up: ``after-next`` (sale), as most terminals do, or ``at-once``, after its own."""
    sign_parts: int
    """Cut signatures into parts of so many bytes; 0: one message each."""
    watermark: bool
    """Burn the feature code into signatures (the default), or show it on the pad only."""
    tell_capture: bool
    """Tell in an upload how the signature was captured (the default), in an element that only we know."""
    no_sign_limit: str | int | None
    """Contactless sales up to this amount are not signed; None: the dialect's limit."""
    randbytes: Callable[[int], bytes]
    now: Callable[[], datetime]
    """The terminal's clock, local time."""
    watch: Watch | None


class TerminalCore:
    """One terminal set up and its state loaded; drivers run the programs it makes.

    Raises:
        DataError: a file is wrong, or does not hold this terminal.
        StateFolderError: the state cannot be used.
        TypeError: there is no such option.
        ValueError: an option has the wrong form.
    """

    def __init__(self, tid: str, **options: Unpack[TerminalOptions]) -> None:
        for name in options:
            if name not in TerminalOptions.__annotations__:
                raise TypeError(
                    f"a terminal has no option '{name}'{did_you_mean(name, TerminalOptions.__annotations__)}"
                )
        self.address: Address = address(options.get("host", HOST))
        self.keep_open = options.get("keep_open", False)
        self.watch = options.get("watch")
        self._cards = options.get("cards")
        setup = _setup(tid, options)
        self.framing = setup.dialect.framing
        self.log: list[Exchange] = []
        self.slips: list[Voucher] = []
        folder = options.get("state")
        self.file = StateFile(folder, tid) if folder is not None else None
        try:
            self.machine = Machine(setup, self.file.load() if self.file else None)
        except BaseException:
            self.close()
            raise

    def sale(
        self,
        amount: str | int,
        card: str | CardData,
        entry: str,
        pin: str,
        drop_reversal: bool,
        sign: Drawn | None,
        sign_mode: str,
    ) -> Program[Result]:
        """The program of a sale; see `Terminal.sale`."""
        held = card if isinstance(card, CardData) else self.card(card, pin)
        pad = None if sign is None else self.pad(sign, sign_mode)
        return sale(self.machine, Order(_minor(amount), held, self.machine.setup.now(), entry, drop_reversal, pad))

    def sign(self, sign_with: Drawn, mode: str, stan: str, batch: str) -> Program[Result]:
        """The program of signing later, or again; see `Terminal.sign`."""
        return sign(self.machine, Again(self.pad(sign_with, mode), stan, batch))

    def pad(self, sign: Drawn, mode: str) -> Pad:
        """What the cardholder leaves on the pad. Raises ValueError."""
        signing = self.machine.setup.terminal_profile.signature
        if signing is None:
            raise ValueError(f"the dialect {self.machine.setup.dialect.name} knows no electronic signature")
        if isinstance(sign, Bitmap):
            return Pad(sign, mode)
        return read_pad(sign, mode, signing.pad, self.machine.setup.randbytes)

    def reverse(self, reason: str, stan: str, batch: str, amount: str | int | None) -> Program[Result]:
        """The program of a reversal by hand; see `Terminal.reverse`."""
        return reverse(self.machine, Undo(reason, stan, batch, None if amount is None else _minor(amount)))

    def card(self, name: str, pin: str = "") -> CardData:
        """A test card by its name. Raises CardError when there is none."""
        table = load_cards(str(self._cards) if self._cards else None)
        found = table.named(name)
        if found is None:
            names = ", ".join(sorted(entry.name for entry in table.cards.values()))
            raise CardError(f"there is no test card '{name}'; known: {names}")
        return card_of(found.pan, found.expiry, sequence=found.sequence, service_code=found.service_code, pin=pin)

    def save(self, state: State) -> None:
        """Make a state durable, if this terminal has anywhere to keep it."""
        if self.file:
            self.file.save(state)

    def look(self, effect: TerminalEffect) -> None:
        """Show the effects that are for eyes."""
        if isinstance(effect, Ended):
            self.log.append(effect.exchange)
            if self.watch:
                self.watch.ended(effect.exchange)
        elif isinstance(effect, Print):
            self.slips.append(effect.voucher)
            if self.watch:
                self.watch.printed(effect.voucher)
        elif isinstance(effect, Began) and self.watch:
            self.watch.began(effect.exchange)

    def close(self) -> None:
        """Unlock the state."""
        if self.file:
            self.file.close()


def _setup(tid: str, options: TerminalOptions) -> Setup:
    name = options.get("dialect", DIALECT)
    dialect = load_dialect(name)
    if dialect.terminal_profile is None:
        raise DataError(name, 0, "terminal", "this dialect says nothing of its terminals, so none can be played")
    suite = Suite(dialect)
    known = identity(
        tid,
        suite,
        terminals=options.get("terminals"),
        mid=options.get("mid", ""),
        tmk=options.get("tmk", ""),
        bdk=options.get("bdk", ""),
        ksn=options.get("ksn", ""),
        name=options.get("name", ""),
    )
    packages = dialect.security.packages
    if (package := options.get("package", "")) and package not in packages:
        raise ValueError(f"there is no key package '{package}'; known: {', '.join(sorted(packages))}")
    return Setup(
        dialect=dialect,
        suite=suite,
        terminal_profile=dialect.terminal_profile,
        tid=tid,
        mid=known.mid,
        tmk=known.tmk,
        randbytes=options.get("randbytes", secrets.token_bytes),
        now=options.get("now", _clock),
        bdk=known.bdk,
        ksn=known.ksn,
        merchant=known.name,
        operator=options.get("operator", "01"),
        serial=options.get("serial", ""),
        package=package,
        tpdu=_hex("TPDU", options.get("tpdu", ""), len(dialect.envelope.tpdu)),
        head=_hex("head", options.get("head", ""), len(dialect.envelope.head)),
        timeout_s=options.get("timeout_s", 0),
        upload_at_once=_at_once(options.get("sign_upload", "after-next")),
        part_bytes=_part_bytes(dialect, options.get("sign_parts", 0)),
        watermark=options.get("watermark", True),
        tell_capture=options.get("tell_capture", True),
        free_minor=None if (limit := options.get("no_sign_limit")) is None else _minor(limit),
    )


def _clock() -> datetime:
    return datetime.now().astimezone()


def _at_once(when: str) -> bool:
    if when not in ("after-next", "at-once"):
        raise ValueError(f"there is no time '{when}' to upload signatures; write after-next or at-once")
    return when == "at-once"


def _part_bytes(dialect: Dialect, size: int) -> int:
    """The size of a part, if all parts together hold the longest signature."""
    signing = dialect.terminal_profile.signature if dialect.terminal_profile else None
    if not size:
        return 0
    if signing is None or signing.parts is None:
        raise ValueError(f"the dialect {dialect.name} does not cut signatures into parts")
    parts = len(dialect.find_route("signature_part").when["function"])
    least = -(-signing.max_bytes // parts)
    if not least <= size <= signing.max_bytes:
        raise ValueError(
            f"a part has {least} to {signing.max_bytes} bytes, not {size}: {parts} of them hold the longest signature"
        )
    return size


def _hex(what: str, text: str, size: int) -> bytes:
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    if text and len(data) != size:
        raise ValueError(f"'{text}' is no {what}; write {2 * size} hex digits")
    return data


def _minor(amount: str | int) -> int:
    return amount if isinstance(amount, int) else minor(amount)
