"""Batches as documents for programs, the same from the command line and by HTTP."""

from __future__ import annotations

from typing import Any

from acquirer.app.reconciliation import BatchReport, open_batches, progress_of
from acquirer.data.moments import with_times
from acquirer.dialect.dialect import Dialect
from acquirer.model.batches import Settlement
from acquirer.settlement.totals import BatchTotals
from acquirer.slip.receipt import decimal_amount
from acquirer.store import Reader

AGREEING = ("agrees", "not uploaded", "moved no money")
"""Comparisons of transactions that a report leaves out, unless all are wanted."""


def batch_rows(reader: Reader, dialect: Dialect, tid: str, timezone: str) -> list[dict[str, Any]]:
    """Return batches: those that are settled, and open ones as they would be settled now."""
    rows = [settlement_row(one, progress_of(reader, one), timezone) for one in reader.settlements(tid)]
    rows += [
        {
            **_identity(one.mid, one.tid, one.batch),
            "state": "open",
            "result": "",
            "settled_us": 0,
            "settled": None,
            "settled_local": None,
            **_totals("terminal", None),
            **_totals("host", one.totals),
        }
        for one in open_batches(reader, dialect, tid)
    ]
    return rows


def settlement_row(one: Settlement, progress: str, timezone: str) -> dict[str, Any]:
    """Return a settled batch in a row: totals of both sides, and its result."""
    return {
        **_identity(one.mid, one.tid, one.batch),
        "state": progress,
        "result": one.result,
        **with_times({"settled_us": one.at_us}, timezone),
        **_totals("terminal", one.terminal),
        **_totals("host", one.host),
    }


def settlement_document(one: Settlement, progress: str, timezone: str) -> dict[str, Any]:
    """Return a settled batch, with how its upload ended."""
    closed = with_times({"closed_us": one.closed_us}, timezone)
    end = {"operator": one.operator, "stan": one.stan, "end": one.end, "uploaded": one.end_count, **closed}
    return {**settlement_row(one, progress, timezone), "why": one.why, **end}


def compared_rows(report: BatchReport, *, every: bool) -> list[dict[str, Any]]:
    """Return the transactions of a batch as both sides have them; those alone on which they differ unless `every`."""
    return [
        {
            **row.key._asdict(),
            "comparison": row.comparison,
            "kind": row.host.kind if row.host else "",
            "state": row.host.state if row.host else "",
            "card": row.host.pan_masked if row.host else row.terminal.pan_masked if row.terminal else "",
            "foreign": row.foreign,
            "terminal_amount": decimal_amount(row.terminal.amount_minor) if row.terminal else None,
            "host_amount": decimal_amount(row.host.amount_minor) if row.host else None,
            "why": row.why,
        }
        for row in report.transactions
        if every or row.comparison not in AGREEING
    ]


def batch_report_document(report: BatchReport, rows: list[dict[str, Any]], timezone: str) -> dict[str, Any]:
    """Return a settled batch compared: transactions as `compared_rows` has them, and the likely causes."""
    return {
        **settlement_document(report.settlement, report.progress, timezone),
        "transactions": rows,
        "causes": [
            {"cause": cause.cause, "why": cause.why, "transactions": [key._asdict() for key in cause.transactions]}
            for cause in report.causes
        ],
    }


def batch_number(text: str) -> str:
    """Return a batch number as stores have it: a number that was typed gets its leading zeros."""
    return text.rjust(6, "0") if text.isdecimal() else text


def _identity(mid: str, tid: str, batch: str) -> dict[str, Any]:
    return {"mid": mid, "tid": tid, "batch": batch}


def _totals(side: str, totals: BatchTotals | None) -> dict[str, Any]:
    """Return the figures of one side, domestic and foreign together, then the foreign ones alone."""
    if totals is None:
        return dict.fromkeys(
            f"{side}_{prefix}{name}" for prefix in ("", "foreign_") for name in ("debit", "debits", "credit", "credits")
        )
    own, foreign = totals
    return {
        f"{side}_debit": decimal_amount(own.debit_minor + foreign.debit_minor),
        f"{side}_debits": own.debits + foreign.debits,
        f"{side}_credit": decimal_amount(own.credit_minor + foreign.credit_minor),
        f"{side}_credits": own.credits + foreign.credits,
        f"{side}_foreign_debit": decimal_amount(foreign.debit_minor),
        f"{side}_foreign_debits": foreign.debits,
        f"{side}_foreign_credit": decimal_amount(foreign.credit_minor),
        f"{side}_foreign_credits": foreign.credits,
    }
