"""Why a settlement, or a part of its upload, was answered as it was, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from acquirer.data.text import plural
from acquirer.dialect.dialect import Dialect
from acquirer.host.text import money, named, place
from acquirer.model.batches import Settlement, UploadedDetail
from acquirer.model.rows import Session, Transaction
from acquirer.settlement.totals import BatchTotals, Totals

NAMED_MOST = 5
"""Transactions that a sentence names by their STAN; of more it says how many."""


def balanced(batch: str, totals: BatchTotals, after: str) -> str:
    """Say that both sides counted the same."""
    return f"balanced: {counted(totals)}; batch {batch} is closed, the next one is {after}"


def not_balanced(batch: str, terminal: BatchTotals, host: BatchTotals) -> str:
    """Say by how much the two sides differ; the batch is closed by the end of the upload."""
    differences = [
        f"{name} {one}"
        for name, one in (
            ("domestic", difference(terminal.domestic, host.domestic)),
            ("foreign", difference(terminal.foreign, host.foreign)),
        )
        if one
    ]
    return f"not balanced, batch {batch}: {'; '.join(differences)}; its details are to be uploaded"


def difference(terminal: Totals, host: Totals) -> str:
    """Return what two sides count otherwise; "" when they count the same."""
    pairs = (
        ("debits", terminal.debits, terminal.debit_minor, host.debits, host.debit_minor),
        ("credits", terminal.credits, terminal.credit_minor, host.credits, host.credit_minor),
    )
    return ", ".join(
        f"{name} {money(amount)} in {count} at the terminal, {money(ours)} in {our_count} at the host"
        for name, count, amount, our_count, ours in pairs
        if (count, amount) != (our_count, ours)
    )


def counted(totals: BatchTotals) -> str:
    """Return totals in words."""
    words = [_in_words(one, name) for name, one in (("", totals.domestic), ("foreign ", totals.foreign))]
    return ", ".join(filter(None, words)) or "nothing"


def _in_words(totals: Totals, name: str) -> str:
    parts = [
        f"{name}{side} {money(amount)} in {count}"
        for side, count, amount in (
            ("debits", totals.debits, totals.debit_minor),
            ("credits", totals.credits, totals.credit_minor),
        )
        if count or amount
    ]
    return ", ".join(parts)


def no_room(batch: str, totals: BatchTotals) -> str:
    """Say that the host's totals do not fit into the message."""
    return (
        f"batch {batch} cannot be settled by this message, which has room for 999 transactions and 9999999999.99 a "
        f"side: the host counted {counted(totals)}; the results say error"
    )


def held(batch: str, lacking: Sequence[Transaction]) -> str:
    """Say that a batch stays open because transactions lack a signature."""
    return (
        f"held: {lacks(lacking)}; batch {batch} stays open (unsigned_at_settlement = hold), the results say error: "
        "upload the signatures, then settle again"
    )


def lacks(lacking: Sequence[Transaction]) -> str:
    """Name the transactions of a batch that lack a signature."""
    return f"{plural(len(lacking), 'transaction lacks', 'transactions lack')} a signature ({stans(lacking)})"


def stans(transactions: Iterable[Transaction]) -> str:
    """Return the STANs of transactions, of many the first ones."""
    every = [one.key.stan for one in transactions]
    more = f" and {len(every) - NAMED_MOST} more" if len(every) > NAMED_MOST else ""
    return f"STAN {', '.join(every[:NAMED_MOST])}{more}"


def settled_before(calendar_words: str, settled: Settlement) -> str:
    """Say that the same settlement is asked for again."""
    return f"batch {settled.batch} was settled at {calendar_words}: its answer is given again ({settled.why})"


def settled_otherwise(settled: Settlement) -> str:
    """Say that a batch that is closed is settled once more, with other totals."""
    counted_now = counted(settled.host)
    return f"batch {settled.batch} is closed, and stays as it was; the host had counted {counted_now}"


def no_such_batch(dialect: Dialect, batch: str, session: Session) -> str:
    """Say that a batch is neither open nor settled."""
    return (
        f"{place(dialect, 'batch')} says batch {named(batch)}, the host has batch {session.batch} open for terminal "
        f"{session.tid} and has never settled one of this number: sign on again, take the batch from the reply, then "
        "settle"
    )


def batch_settled(dialect: Dialect, batch: str, session: Session) -> str:
    """Say that a transaction comes too late for its batch."""
    if session.settling:
        problem = "was settled and not balanced: end its upload (202 or 207), then use the next batch"
    else:
        problem = f"was settled and is closed: sign on again, the open one is {session.batch}"
    return f"{place(dialect, 'batch')} says batch {batch}, which {problem}"


def gone_on(batch: str, after: str) -> str:
    """Note that a terminal uses the next batch, and never ended the upload of the one before."""
    return (
        f"left: the upload of batch {batch} has not ended, and its terminal uses batch {after}: it is closed as it is"
    )


def not_undone(kind: str, batch: str) -> str:
    """Say that a transaction is not reversed because its batch was settled."""
    return (
        f"the {kind} was counted in batch {batch}, which was settled: it is not undone any more; send its reversal "
        "before the settlement, or give the money back by a refund"
    )


def unreadable(dialect: Dialect, element: str, problem: str) -> str:
    """Say that totals or details cannot be read."""
    return f"{place(dialect, element)} cannot be read: {problem}"


def uploaded(details: Sequence[UploadedDetail], repeated: int) -> str:
    """Say how details of a message compare."""
    words = summary(details)
    again = f"; {plural(repeated, 'of them was', 'of them were')} uploaded before" if repeated else ""
    return f"{plural(len(details), 'detail')} uploaded: {words}{again}"


def summary(details: Iterable[UploadedDetail]) -> str:
    """Return how many details agree, differ, are unknown to the host."""
    found = [one.match for one in details]
    names = {
        "agrees": "agree",
        "differs": "differ",
        "terminal_only": "only at the terminal",
        "no_money": "moved no money",
    }
    parts = [f"{found.count(match)} {words}" for match, words in names.items() if match in found]
    return ", ".join(parts) or "none"


def detail_note(one: UploadedDetail) -> str:
    """Note what is wrong with a detail."""
    return f"{one.match.replace('_', '-')}: STAN {one.key.stan}, {one.pan_masked} {money(one.amount_minor)}: {one.why}"


def ended(settled: Settlement, details: Sequence[UploadedDetail], host_only: Sequence[Transaction], after: str) -> str:
    """Say how an upload ended; the batch is closed."""
    missing = f", {len(host_only)} only at the host ({stans(host_only)})" if host_only else ""
    compared = f"{plural(len(details), 'detail')} uploaded: {summary(details)}{missing}" if details else "no details"
    return f"upload ended, {compared}; batch {settled.batch} is closed, the open one is {after}"


def ended_before(settled: Settlement) -> str:
    """Say that an upload had ended before."""
    return f"the upload of batch {settled.batch} had ended before: nothing changes"


def ended_without_settlement(batch: str) -> str:
    """Say that an upload ends that follows no settlement."""
    return f"the end of an upload of batch {batch}, which was never settled: nothing changes; settle it first"
