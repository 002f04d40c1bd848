"""Transactions as documents for programs, the same from the command line and by HTTP."""

from __future__ import annotations

from typing import Any

from acquirer.data.moments import with_times
from acquirer.dialect.dialect import Dialect
from acquirer.host.batch_totals import is_foreign, side_of
from acquirer.model.rows import Transaction
from acquirer.slip.receipt import decimal_amount


def transaction_document(one: Transaction, dialect: Dialect, timezone: str) -> dict[str, Any]:
    """Return what may be shown of a transaction."""
    return {
        **one.key._asdict(),
        **with_times({"at_us": one.at_us}, timezone),
        "business_date": one.business_date,
        "kind": one.kind,
        "state": one.state,
        "code": one.code,
        "reason": str(one.reason),
        "amount": decimal_amount(one.amount_minor),
        "currency": one.currency,
        "refunded": decimal_amount(one.refunded_minor),
        "card": one.pan_masked,
        "foreign": is_foreign(dialect, one),
        "counted": side_of(one) or "",
        "entry_mode": one.entry_mode,
        "operator": one.operator.strip(),
        "rrn": one.rrn,
        "auth_id": one.auth_id,
        "original_batch": one.original.batch if one.original else "",
        "original_stan": one.original.stan if one.original else "",
    }
