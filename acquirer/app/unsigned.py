"""Approved transactions without a signature to be seen, and the likely cause: what a merchant loses a dispute over.

1. Which kinds of transaction are signed is a column of the table of kinds (`host.kinds`).
2. A transaction that was reversed or voided is not listed: the cardholder owes nothing for it.
3. Nothing on the wire marks a sale that needs no signature because of its amount (小额免密免签): contactless sales up
   to a limit do not, and a host can only work it out from entry mode and amount. Only sales are exempt.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from acquirer.app.signatures import with_its_picture
from acquirer.data.text import plural
from acquirer.dialect.dialect import Dialect
from acquirer.host.kinds import KINDS
from acquirer.host.signature_limit import no_signature_limit_minor
from acquirer.host.signature_policy import Mode
from acquirer.model.rows import Flag, Signature, Transaction, TransactionKey
from acquirer.store import Reader
from acquirer.store.queries import RefusedUpload

STANDING_STATES: Final = ("approved", "refunded")
"""States in which a transaction stands: the amount was taken or given, a sale's perhaps given back in part."""


CUT_REASONS: Final = ("cut-off", "frame-timeout")
"""Reasons of journal entries about a frame that began and did not end."""

BROKEN_FLAGS: Final = frozenset(("undecodable", "truncated", "aborted", "stray-marker", "end-differs", "blank"))
"""Flags of an image in which no one can see a signature, or not all of it."""


class Group(StrEnum):
    """Kinds of causes, in the order in which they are listed: what needs someone to act comes first."""

    CUT = "cut off"
    REFUSED = "refused"
    REPLACED = "replaced by a broken image"
    LOST = "never came"
    WAITING = "not due yet"
    FREE = "free by amount"


@dataclass(frozen=True, slots=True)
class UnsignedTransaction:
    """An approved transaction without a signature, and why."""

    transaction: Transaction
    group: Group
    cause: str

    @property
    def exempt(self) -> bool:
        """Whether it needs no signature."""
        return self.group is Group.FREE


@dataclass(frozen=True, slots=True)
class UnsignedFilter:
    """Which transactions are looked at; an empty field fits any. Times are microseconds, the last one exclusive."""

    tid: str = ""
    batch: str = ""
    since_us: int = 0
    until_us: int = 0

    def fits(self, transaction: Transaction) -> bool:
        """Return whether a transaction is meant."""
        at_us = transaction.at_us
        return self.batch in ("", transaction.key.batch) and (
            self.since_us <= at_us and (not self.until_us or at_us < self.until_us)
        )


def find_unsigned(
    reader: Reader,
    dialect: Dialect,
    wanted: UnsignedFilter = UnsignedFilter(),
    limit_minor: int | None = None,
    pixels: Mode = "log",
) -> list[UnsignedTransaction]:
    """Return approved transactions that lack a signature, or whose image was replaced by a broken one, oldest first.

    Args:
        limit_minor: replaces the dialect's limit up to which contactless sales need no signature.
        pixels: how images are checked whose pictures no host has made yet.
    """
    last_signed_us: dict[str, int] = {}  # tid → when its last signature was received
    signed: dict[TransactionKey, list[Signature]] = {}
    for one in reader.signatures(wanted.tid):
        signed.setdefault(one.key, []).append(one)
        last_signed_us[one.key.tid] = max(one.at_us, last_signed_us.get(one.key.tid, 0))
    transactions = [
        one for one in reader.transactions(wanted.tid) if one.state in STANDING_STATES and _is_signed(one.kind)
    ]
    latest = {one.key.tid: one.key for one in transactions}
    causes = _Causes(reader, last_signed_us, latest)
    found = []
    for transaction in filter(wanted.fits, transactions):
        if signatures := signed.get(transaction.key):
            if cause := _replaced(reader, signatures, pixels):
                found.append(UnsignedTransaction(transaction, Group.REPLACED, cause))
            continue
        limit = no_signature_limit_minor(dialect, transaction, limit_minor)
        if limit:
            free = f"free by amount: contactless, and not above {limit // 100}.{limit % 100:02}"
            found.append(UnsignedTransaction(transaction, Group.FREE, free))
        else:
            found.append(UnsignedTransaction(transaction, *causes.cause(transaction)))
    return found


def _replaced(reader: Reader, signatures: list[Signature], pixels: Mode) -> str:
    """Return how a signature that was whole was replaced by a broken image; "" when it was not.

    One that was broken from the first is a signature with a flag: `signatures list` shows it.
    """
    *before, counting = sorted(signatures, key=lambda one: one.number)
    if not before or (broken := _broken_flag(reader, counting, pixels)) is None:
        return ""
    if all(_broken_flag(reader, one, pixels) for one in before):
        return ""
    return (
        f"its image is broken ({broken.name}: {broken.why}), and replaced one that was whole: 'signatures list --all' "
        "shows both"
    )


def _broken_flag(reader: Reader, one: Signature, pixels: Mode) -> Flag | None:
    if one.picture == "waiting" and (stream := reader.blob(one.digest)) is not None:
        one, _ = with_its_picture(one, stream, pixels)
    return next((flag for flag in one.flags if flag.name in BROKEN_FLAGS), None)


def _is_signed(kind: str) -> bool:
    found = KINDS.get(kind)
    return found is not None and found.signature


class _Causes:
    """What the store holds of uploads that did not become a signature."""

    def __init__(self, reader: Reader, last_signed_us: dict[str, int], latest: dict[str, TransactionKey]) -> None:
        self._last_signed_us = last_signed_us
        self._latest = latest
        self._parts: dict[TransactionKey, int] = {}
        for part in reader.signature_parts():
            self._parts[part.key] = self._parts.get(part.key, 0) + 1
        self._refused: dict[tuple[str, str], list[RefusedUpload]] = {}
        for one in reader.refused_uploads():
            self._refused.setdefault((one.tid, one.stan), []).append(one)
        self._undelivered = reader.undelivered(*filter(_is_signed, KINDS))

    def cause(self, transaction: Transaction) -> tuple[Group, str]:
        """Return the likeliest cause: its kind, and a sentence."""
        key = transaction.key
        if count := self._parts.get(key, 0):
            return Group.CUT, f"{plural(count, 'part')} of its signature came, and the rest did not"
        uploads = self._refused.get((key.tid, key.stan), [])
        refused = [one for one in uploads if one.reason not in CUT_REASONS]
        for one in reversed(refused):
            if one.batch == key.batch:
                return Group.REFUSED, f"its upload was answered {one.code}: {one.why}"
        for one in reversed(uploads):
            if one.reason in CUT_REASONS and one.batch in ("", key.batch) and one.at_us >= transaction.at_us:
                return Group.CUT, f"its upload was cut: {one.why}"
        for one in reversed(refused):
            if one.amount_minor in (None, transaction.amount_minor):
                other_batch = f"uploaded under batch {one.batch} instead of {key.batch}, and answered {one.code}"
                return Group.REFUSED, other_batch
        return self._without_upload(transaction)

    def _without_upload(self, transaction: Transaction) -> tuple[Group, str]:
        key = transaction.key
        if delivery := self._undelivered.get((key.tid, key.batch, key.stan)):
            return Group.LOST, f"the approval did not reach the terminal ({delivery}): expect a reversal"
        if self._latest[key.tid] == key:
            waiting = "none came yet: terminals upload a signature after the next transaction, or before settlement"
            return Group.WAITING, waiting
        last_us = self._last_signed_us.get(key.tid, 0)
        if not last_us:
            return (
                Group.LOST,
                "this terminal has never uploaded a signature: its slips are signed on paper, or not at all",
            )
        if last_us >= transaction.at_us:
            return (
                Group.LOST,
                "none came, though later signatures of this terminal did: it was lost there, or the pad stayed empty",
            )
        return Group.LOST, "none came, nor any other of this terminal since: look at its last upload"
