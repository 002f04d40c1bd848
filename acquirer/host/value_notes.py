"""Values that are read and hardly meant: amounts that were filled up wrongly, entry modes that there are none of, PIN
data without a PIN, a TPDU and a head that stand otherwise. They are noted, and refuse nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.host.core import Host
from acquirer.host.request import Request
from acquirer.host.text import money, named, place
from acquirer.model.rows import Transaction

AMOUNT_LEAST: Final = 10_000_000_00
"""Minor units above which an amount is looked at: what is left aligned, or filled with blanks, has as many digits."""

_BLANKS: Final = "(?:20){2,}(?:[0-9]{2})+|(?:[0-9]{2})+?(?:20){2,}"
_CHARACTERS: Final = "(?:3[0-9])+"
_LEFT: Final = "[1-9][0-9]*0{6,}"


def amount_notes(host: Host, request: Request) -> Iterator[str]:
    """Yield a note about an amount whose digits look as if they stood for something else."""
    digits, where = host.read.amount(request.message.fields), place(host.dialect, "amount")
    read = f"amount: {where} reads as {money(request.amount_minor)}, and"
    if re.fullmatch(_BLANKS, digits):
        yield f"{read} its bytes 20 look like blanks; fill it up with zeros on the left"
    elif re.fullmatch(_CHARACTERS, digits):
        yield f"{read} its bytes look like characters, half of twelve; write twelve digits, two to a byte"
    elif re.fullmatch(_LEFT, digits):
        yield f"{read} ends with zeros, as if its digits stood on the left; put them on the right, zeros before them"


def entry_mode_notes(host: Host, request: Request, mode: str) -> Iterator[str]:
    """Yield a note about an entry mode that says nothing, or nothing that is known."""
    dialect, message = host.dialect, request.message
    at = dialect.elements["entry_mode"]
    layout = dialect.layout(message, at.de)
    if layout is None or not at.whole:
        return
    where, usual = place(dialect, "entry_mode"), ", ".join(sorted(host.entry_modes))
    for part in layout.parts:
        value, known = mode[part.start : part.stop], dialect.values.get(part.values)
        if known is not None and value not in known:
            yield f"entry-mode: {where} is {named(mode)}, and {value} in it is not known; send one of {usual}"
            return
    if not mode.strip("0"):
        yield f"entry-mode: {where} is {mode}, which says nothing of how the card was read; send one of {usual}"


def pin_data_notes(host: Host, request: Request) -> Iterator[str]:
    """Yield a note about a message that says how its PIN is protected, and has none."""
    fields, dialect = request.message.fields, host.dialect
    control = host.read.security_control(fields)
    if host.pin_control_de in fields and control[:1] not in ("", "0"):
        yield (
            f"no-pin: {place(dialect, 'security_control')} begins with {control[:1]}, which says that a PIN comes, and "
            f"DE {host.pin_block_de} (PIN block) is missing; send the PIN block, or 0 there"
        )
    if host.pin_capture_de in fields:
        yield (
            f"no-pin: {place(dialect, 'pin_capture')} says how long a PIN may be, and DE {host.pin_block_de} (PIN "
            f"block) is missing; leave DE {host.pin_capture_de} out where no PIN is sent"
        )


def envelope_notes(dialect: Dialect, raw: bytes) -> Iterator[str]:
    """Yield a note about a TPDU and a head that do not begin as they do here."""
    tpdu, head = dialect.envelope.tpdu, dialect.envelope.head
    before = len(tpdu)
    if head and raw.startswith(head[:1]) and raw[len(head) : len(head) + 1] == tpdu[:1] != raw[before : before + 1]:
        yield (
            f"envelope: the head seems to stand before the TPDU; send the {before} bytes of the TPDU first, then the "
            f"{len(head)} of the head"
        )
        return
    for name, start, expected in (("TPDU", 0, tpdu), ("head", before, head)):
        found = raw[start : start + 1]
        if expected and found != expected[:1]:
            yield (
                f"envelope: the {name} begins with {found.hex().upper()}, and one begins with "
                f"{expected[:1].hex().upper()}; send it as {expected.hex().upper()}, with numbers of your own behind "
                "the first byte"
            )


def original_notes(host: Host, request: Request, original: Transaction, *, numbers: bool = True) -> Iterator[str]:
    """Yield what a reversal, a void or a refund repeats of its transaction with another value, and may.

    Args:
        numbers: its reference number too, where that is not how the transaction was found.
    """
    read, dialect, fields = host.read, host.dialect, request.message.fields
    auth_id = dialect.text(request.message, "auth_id") if "auth_id" in dialect.elements else ""
    compared: list[tuple[str, tuple[str, ...], str]] = [
        ("currency", (original.currency,), read.currency(fields)),
        ("auth_id", (original.auth_id,), auth_id),
    ]
    if numbers:
        compared.append(("rrn", (original.rrn, original.original_rrn), read.rrn(fields)))
    for element, ours, theirs in compared:
        if theirs.strip() and ours[0] and theirs not in ours:
            yield (
                f"original-differs: {place(dialect, element)} is {named(theirs)}, and {named(ours[0])} in what it "
                f"names; repeat {named(ours[0])}"
            )
