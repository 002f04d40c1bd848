"""Approved transactions without a signature, and the likely cause: what a merchant loses a dispute over.

1. Which kinds of transaction are signed is a column of the table of kinds (`host.kinds`).
2. A transaction that was reversed or voided is not listed: the cardholder owes nothing for it.
3. Nothing on the wire marks a sale that needs no signature because of its amount (小额免密免签): contactless sales up
   to a limit do not, and a host can only work it out from entry mode and amount. Only sales are exempt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.host.kinds import KINDS
from acquirer.host.text import plural
from acquirer.model.rows import Transaction, TransactionKey
from acquirer.store import Reader
from acquirer.store.queries import RefusedUpload

STANDING_STATES: Final = ("approved", "refunded")
"""States in which a transaction stands: the amount was taken or given, a sale's perhaps given back in part."""


@dataclass(frozen=True, slots=True)
class UnsignedTransaction:
    """An approved transaction without a signature; `exempt`: it needs none."""

    transaction: Transaction
    exempt: bool
    cause: str


def no_signature_limit_minor(dialect: Dialect, transaction: Transaction, limit_minor: int | None = None) -> int:
    """Return the limit up to which a transaction like this needs no signature, 0 when it needs one.

    `limit_minor` replaces the dialect's limit.
    """
    profile = dialect.terminal_profile
    if profile is None or KINDS[transaction.kind].total != "debit":  # it is the cardholder who pays
        return 0
    dialect_limit_minor = profile.slip.free.get(profile.entry_of(transaction.entry_mode))
    if dialect_limit_minor is None:
        return 0
    limit = dialect_limit_minor if limit_minor is None else limit_minor
    return limit if transaction.amount_minor <= limit else 0


def find_unsigned(
    reader: Reader, dialect: Dialect, tid: str = "", limit_minor: int | None = None
) -> list[UnsignedTransaction]:
    """Return approved transactions that are to be signed and are not, oldest first; of one terminal or of all.

    `limit_minor` replaces the dialect's limit up to which contactless sales need no signature.
    """
    last_signed_us: dict[str, int] = {}  # tid → when its last signature was received
    signed: set[TransactionKey] = set()
    for one in reader.signatures(tid):
        signed.add(one.key)
        last_signed_us[one.key.tid] = max(one.at_us, last_signed_us.get(one.key.tid, 0))
    transactions = [one for one in reader.transactions(tid) if one.state in STANDING_STATES and _is_signed(one.kind)]
    latest = {one.key.tid: one.key for one in transactions}
    causes = _Causes(reader, last_signed_us, latest)
    found = []
    for transaction in transactions:
        if transaction.key in signed:
            continue
        limit = no_signature_limit_minor(dialect, transaction, limit_minor)
        if limit:
            cause = f"free by amount: contactless, and not above {limit // 100}.{limit % 100:02}"
        else:
            cause = causes.cause(transaction)
        found.append(UnsignedTransaction(transaction, bool(limit), cause))
    return found


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
        self._undelivered: dict[tuple[str, str, str], str] = {}
        for kind in filter(_is_signed, KINDS):
            self._undelivered |= reader.undelivered(kind)

    def cause(self, transaction: Transaction) -> str:
        """Return the likeliest cause, as a sentence."""
        key = transaction.key
        if count := self._parts.get(key, 0):
            return f"{plural(count, 'part')} of its signature came, and the rest did not"
        refused = self._refused.get((key.tid, key.stan), [])
        for one in reversed(refused):
            if one.batch == key.batch:
                return f"its upload was answered {one.code}: {one.why}"
        for one in reversed(refused):
            if one.amount_minor in (None, transaction.amount_minor):
                return f"uploaded under batch {one.batch} instead of {key.batch}, and answered {one.code}"
        if delivery := self._undelivered.get((key.tid, key.batch, key.stan)):
            return f"the approval did not reach the terminal ({delivery}): expect a reversal"
        if self._latest[key.tid] == key:
            return "none came yet: terminals upload a signature after the next transaction, or before settlement"
        last_us = self._last_signed_us.get(key.tid, 0)
        if not last_us:
            return "this terminal has never uploaded a signature: its slips are signed on paper, or not at all"
        if last_us >= transaction.at_us:
            return "none came, though later signatures of this terminal did: it was lost there, or the pad stayed empty"
        return "none came, nor any other of this terminal since: look at its last upload"
