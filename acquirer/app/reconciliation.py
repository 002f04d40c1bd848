"""A settled batch compared: terminal against host, transaction by transaction, with the likely causes of a difference.

What is open is shown too: as it would be settled now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from acquirer.dialect.dialect import Dialect
from acquirer.host.batch_totals import batch_totals, is_foreign, side_of
from acquirer.host.causes import discrepancies
from acquirer.host.compared_batch import ComparedBatch, Discrepancy
from acquirer.host.kinds import KINDS
from acquirer.model.batches import Settlement, UploadedDetail
from acquirer.model.rows import Transaction, TransactionKey
from acquirer.settlement.totals import BatchTotals
from acquirer.store import Reader

Comparison = Literal["agrees", "differs", "terminal only", "host only", "moved no money", "not uploaded"]

BatchProgress = Literal["open", "held", "uploading", "left", "closed"]
"""Of a batch; ``left``: its upload never ended, its terminal uses a later one."""


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch that takes transactions, as it would be settled now."""

    mid: str
    tid: str
    batch: str
    totals: BatchTotals
    transactions: int


@dataclass(frozen=True, slots=True)
class ComparedTransaction:
    """One transaction of a settled batch, as both sides have it; None: this side has not."""

    key: TransactionKey
    comparison: Comparison
    why: str
    host: Transaction | None
    terminal: UploadedDetail | None
    foreign: bool


@dataclass(frozen=True, slots=True)
class BatchReport:
    """A settled batch, compared."""

    settlement: Settlement
    progress: BatchProgress
    transactions: tuple[ComparedTransaction, ...]
    causes: tuple[Discrepancy, ...]


def open_batches(reader: Reader, dialect: Dialect, tid: str = "") -> list[OpenBatch]:
    """Return the open batches in which something was booked."""
    found = []
    for config, session in reader.terminals():
        if tid and config.tid != tid:
            continue
        books = reader.batch_books(config.mid, config.tid, session.batch)
        settled = books.settlement
        if books.transactions and (settled is None or settled.state == "held"):
            totals = batch_totals(dialect, books.transactions)
            counted = sum(side_of(one) is not None for one in books.transactions)
            found.append(OpenBatch(config.mid, config.tid, session.batch, totals, counted))
    return found


def progress_of(reader: Reader, settlement: Settlement) -> BatchProgress:
    """Return how far a settlement is."""
    if settlement.state != "uploading":
        return settlement.state
    known = reader.terminal(settlement.tid)
    return "uploading" if known is not None and known[1].batch == settlement.batch else "left"


def report_of(reader: Reader, dialect: Dialect, settlement: Settlement) -> BatchReport:
    """Return a settled batch with both sides of each transaction, and why its totals differ."""
    books = reader.batch_books(settlement.mid, settlement.tid, settlement.batch)
    compared = ComparedBatch(
        dialect,
        settlement,
        books.transactions,
        books.details,
        tuple(one for one in reader.transactions(settlement.tid) if one.key.batch != settlement.batch),
        _undelivered(reader, settlement),
    )
    return BatchReport(
        settlement,
        progress_of(reader, settlement),
        tuple(_compared(dialect, settlement, books.transactions, books.details)),
        tuple(discrepancies(compared)),
    )


def _compared(
    dialect: Dialect,
    settlement: Settlement,
    transactions: tuple[Transaction, ...],
    details: tuple[UploadedDetail, ...],
) -> list[ComparedTransaction]:
    by_stan = {one.key.stan: one for one in details}
    stored = {one.key.stan: one for one in transactions}
    whole = settlement.result != "equal" and bool(settlement.end)
    found = []
    for stan in sorted({*by_stan, *(one.key.stan for one in transactions if side_of(one) is not None)}):
        detail, one = by_stan.get(stan), stored.get(stan)
        if detail is None:
            assert one is not None
            name: Comparison = "host only" if whole else "not uploaded"
            found.append(ComparedTransaction(one.key, name, "", one, None, is_foreign(dialect, one)))
        else:
            found.append(ComparedTransaction(detail.key, _NAMES[detail.match], detail.why, one, detail, detail.foreign))
    return found


_NAMES: dict[str, Comparison] = {
    "agrees": "agrees",
    "differs": "differs",
    "terminal_only": "terminal only",
    "no_money": "moved no money",
}


def _undelivered(reader: Reader, settlement: Settlement) -> frozenset[TransactionKey]:
    """Return the transactions of a batch whose answer did not reach the terminal."""
    return frozenset(
        TransactionKey(settlement.mid, tid, batch, stan)
        for tid, batch, stan in reader.undelivered(*KINDS)
        if (tid, batch) == (settlement.tid, settlement.batch)
    )
