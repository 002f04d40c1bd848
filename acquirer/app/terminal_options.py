"""How a terminal is set up: the options of its Python API, and the `Setup` they make."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypedDict, get_args, runtime_checkable

from acquirer.data.toml import DataError
from acquirer.dialect.amounts import decimals_of
from acquirer.dialect.compiled import CompiledDialect
from acquirer.dialect.dialect import Dialect
from acquirer.security.secret import Secret
from acquirer.settings.identity import identity
from acquirer.settings.specs import load_dialect
from acquirer.signature.bitmap import Bitmap
from acquirer.slip.receipt import minor
from acquirer.slip.settlement_slip import SettlementSlip
from acquirer.slip.words import COPIES, Copy
from acquirer.terminal.exchange import Exchange
from acquirer.terminal.kind import OfflineUpload
from acquirer.terminal.machine import Setup
from acquirer.terminal.voucher import Voucher

Drawn = str | Path | Bitmap
"""A signature as people give it: a name, a file of pixels or strokes, or pixels."""

MOST_OFFLINE = 99
"""Transactions that wait for their upload: parameter 27 of a download has two digits."""

HOST = "127.0.0.1:8583"
DIALECT = "unionpay-pos"


class Watch(Protocol):
    """An observer: called for each exchange before it is sent, and when it is over and durable."""

    def began(self, exchange: Exchange) -> None: ...

    def ended(self, exchange: Exchange) -> None: ...

    def printed(self, voucher: Voucher) -> None:
        """Called for a slip that the cardholder is to sign on paper."""


@runtime_checkable
class PrinterWatch(Watch, Protocol):
    """An observer who looks at the printer too."""

    def copied(self, slip: Voucher | SettlementSlip, copy: Copy, share: float) -> None:
        """Called for each copy of a slip that comes out of its printer, or of which only a part does."""


class TerminalOptions(TypedDict, total=False):
    """How a terminal is set up; every option may be left out."""

    host: str
    """``HOST:PORT`` of the host to talk to."""
    tls_ca: Path | str | None
    """PEM of who signs the host's certificate: TLS is spoken with it."""
    tls_certificate: Path | str | None
    """PEM of the terminal's own; ``{tid}`` in it stands for its number."""
    tls_key: Path | str | None
    """PEM of its key; None: it stands in the file of the certificate."""
    tls_name: str
    """That the host's certificate must have; "": as it is connected to."""
    tls_version: str
    """The only version of TLS that is spoken: 1.2 or 1.3; "": both."""
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
    """When a signature goes up: ``after-next`` (transaction), as most terminals do, or ``at-once``, after its own."""
    sign_parts: int
    """Cut signatures into parts of so many bytes; 0: one message each."""
    watermark: bool
    """Burn the feature code into signatures (the default), or show it on the pad only."""
    tell_capture: bool
    """Say in an upload how the signature was captured (the default), in an element that only this host knows."""
    offline_upload: str
    """When what is made without the host goes up: ``at-once``, ``after-next`` (transaction), ``before-settlement``."""
    offline_most: int
    """So many that wait go up in any case; 0: any number waits."""
    fetch: bool
    """Download by itself what the host asks for in the head of a reply (the default)."""
    no_sign_limit: str | int | None
    """Contactless sales up to this amount are not signed; None: the dialect's limit."""
    copies: int
    """Copies that its printer prints of each slip: the merchant's, the cardholder's, the bank's; 0: none."""
    printer: str
    """The trouble that its printer has: no-paper, jam or power-cut; "": it prints."""
    randbytes: Callable[[int], bytes]
    now: Callable[[], datetime]
    """The terminal's clock, local time."""
    watch: Watch | None


def make_setup(tid: str, options: TerminalOptions) -> Setup:
    """Return what a terminal is, from its options.

    Raises:
        DataError: a file is wrong, or does not hold this terminal.
        ValueError: an option has the wrong form.
    """
    name = options.get("dialect", DIALECT)
    dialect = load_dialect(name)
    if dialect.terminal_profile is None:
        raise DataError(name, 0, "terminal", "this dialect does not describe its terminals, so none can be played")
    compiled = CompiledDialect(dialect)
    known = identity(
        tid,
        compiled.suite,
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
    limit = options.get("no_sign_limit")
    return Setup(
        compiled=compiled,
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
        offline_upload=_offline_upload(options.get("offline_upload", "at-once")),
        offline_most=_offline_most(options.get("offline_most", 0)),
        fetches=options.get("fetch", True),
        copies=_copies(options.get("copies", 0)),
        no_cvm_limit_minor=None if limit is None else minor_units(limit, decimals_of(dialect)),
    )


def _clock() -> datetime:
    return datetime.now().astimezone()


def _copies(number: int) -> int:
    if not 0 <= number <= len(COPIES):
        raise ValueError(f"a slip has 0 to {len(COPIES)} copies, not {number}: {', '.join(COPIES)}")
    return number


def _at_once(when: str) -> bool:
    if when not in ("after-next", "at-once"):
        raise ValueError(f"there is no time '{when}' to upload signatures; write after-next or at-once")
    return when == "at-once"


def _offline_upload(when: str) -> OfflineUpload:
    known: tuple[OfflineUpload, ...] = get_args(OfflineUpload)
    found = next((one for one in known if one == when), None)
    if found is None:
        raise ValueError(f"there is no time '{when}' to upload what is made without the host; write {', '.join(known)}")
    return found


def _offline_most(most: int) -> int:
    if not 0 <= most <= MOST_OFFLINE:
        raise ValueError(f"0 to {MOST_OFFLINE} transactions made without the host may wait, not {most}")
    return most


def _part_bytes(dialect: Dialect, size: int) -> int:
    """Return the size of a part, if all parts together hold the longest signature. Raises ValueError."""
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


def minor_units(amount: str | int, decimals: int = 2) -> int:
    """Return an amount that is given as text or as minor units, in minor units. Raises ValueError."""
    return amount if isinstance(amount, int) else minor(amount, decimals)
