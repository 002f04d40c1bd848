"""Approved sales without a signature, and why that may be: what a merchant loses a dispute over.

Nothing on the wire says that a sale is free of signature by its amount (小额免密免签): contactless sales up to a limit
are, by the entry mode and the amount, and a host can only work it out the same way.
"""

from __future__ import annotations

from dataclasses import dataclass

from acquirer.dialect.dialect import Dialect
from acquirer.host.explain.text import plural
from acquirer.model.rows import Transaction, TransactionKey
from acquirer.store import Reader
from acquirer.store.queries import RefusedUpload


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A sale without a signature; `free`: nobody had to sign it."""

    sale: Transaction
    free: bool
    cause: str


def free_minor(dialect: Dialect, sale: Transaction, limit_minor: int | None = None) -> int:
    """The limit that makes a sale free of signature, 0 when it must be signed; `limit_minor`: not the dialect's."""
    profile = dialect.terminal_profile
    if profile is None:
        return 0
    usual_minor = profile.slip.free.get(profile.entry_of(sale.entry_mode))
    if usual_minor is None:
        return 0
    limit = usual_minor if limit_minor is None else limit_minor
    return limit if sale.amount_minor <= limit else 0


def unsigned(reader: Reader, dialect: Dialect, tid: str = "", limit_minor: int | None = None) -> list[Unsigned]:
    """Approved sales without a signature, oldest first."""
    signed: dict[str, int] = {}  # tid → when its last signature came
    known: set[TransactionKey] = set()
    for one in reader.signatures(tid):
        known.add(one.key)
        signed[one.key.tid] = one.at_us
    sales = [one for one in reader.transactions(tid) if one.state == "approved" and one.kind == "sale"]
    last = {one.key.tid: one.key for one in sales}
    look = _Causes(reader, signed, last)
    found = []
    for sale in sales:
        if sale.key in known:
            continue
        limit = free_minor(dialect, sale, limit_minor)
        if limit:
            found.append(
                Unsigned(sale, True, f"free by amount: contactless, and not above {limit // 100}.{limit % 100:02}")
            )
        else:
            found.append(Unsigned(sale, False, look.cause(sale)))
    return found


class _Causes:
    """What the store tells of uploads that did not become a signature."""

    def __init__(self, reader: Reader, signed: dict[str, int], last: dict[str, TransactionKey]) -> None:
        self._signed = signed
        self._last = last
        self._parts: dict[TransactionKey, int] = {}
        for part in reader.signature_parts():
            self._parts[part.key] = self._parts.get(part.key, 0) + 1
        self._refused: dict[tuple[str, str], list[RefusedUpload]] = {}
        for one in reader.refused_uploads():
            self._refused.setdefault((one.tid, one.stan), []).append(one)
        self._undelivered = reader.undelivered("sale")

    def cause(self, sale: Transaction) -> str:
        """The likeliest cause, as a sentence."""
        key = sale.key
        if count := self._parts.get(key, 0):
            return f"{plural(count, 'part')} of its signature came, and the rest did not"
        refused = self._refused.get((key.tid, key.stan), [])
        for one in reversed(refused):
            if one.batch == key.batch:
                return f"its upload was answered {one.code}: {one.why}"
        for one in reversed(refused):
            if one.amount_minor in (None, sale.amount_minor):
                return f"uploaded under batch {one.batch} instead of {key.batch}, and answered {one.code}"
        if delivery := self._undelivered.get((key.tid, key.batch, key.stan)):
            return f"the approval did not reach the terminal ({delivery}): expect a reversal"
        if self._last[key.tid] == key:
            return "none came yet: terminals upload a sale's signature after the next sale, or before settlement"
        came_us = self._signed.get(key.tid, 0)
        if not came_us:
            return "this terminal has never uploaded a signature: it lets people sign on paper, or never asks"
        if came_us >= sale.at_us:
            return "none came, though signatures of this terminal did since: it was lost there, or no one signed"
        return "none came, nor any other of this terminal since: look at its last upload"
