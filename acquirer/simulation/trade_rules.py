"""The rules of the trade that the ledger goes by, as Q/CUP 009 has them: sides, cards, signatures, ties."""

from __future__ import annotations

from typing import Final

from acquirer.settlement.totals import Side

SIDES: Final[dict[str, Side | None]] = {
    "sale": "debit",
    "void": "credit",
    "refund": "credit",
    "balance": None,
    "pre_auth": None,
    "pre_auth_top_up": None,
    "pre_auth_void": None,
    "completion": "debit",
    "completion_advice": "debit",
    "completion_void": "credit",
    "offline_sale": "debit",
    "settlement_adjustment": "debit",
    "tip_adjustment": "debit",
    "ecash_sale": "debit",
    "ecash_refund": "credit",
    "instalment_sale": "debit",
    "instalment_void": "credit",
    "points_balance": None,
    "points_sale": None,
    "points_void": None,
    "points_refund": None,
    "moto_sale": "debit",
    "moto_void": "credit",
    "moto_refund": "credit",
    "moto_pre_auth": None,
    "moto_pre_auth_void": None,
    "moto_completion": "debit",
    "moto_completion_advice": "debit",
    "moto_completion_void": "credit",
    "cardholder_verification": None,
    "reservation_sale": "debit",
    "reservation_void": "credit",
    "recurring_sale": "debit",
    "recurring_void": "credit",
    "qr_sale": "debit",
    "qr_void": "credit",
    "qr_refund": "credit",
    "account_load": None,
    "cash_load": None,
    "other_account_load": None,
    "cash_load_void": None,
    "script_result": None,
}
"""On which side of the totals each kind is counted: a kind that is not here has no place in the ledger."""

PAYS: Final = (
    "sale",
    "instalment_sale",
    "points_sale",
    "moto_sale",
    "recurring_sale",
    "offline_sale",
    "settlement_adjustment",
    "tip_adjustment",
    "completion",
    "completion_advice",
    "moto_completion",
    "moto_completion_advice",
    "account_load",
    "other_account_load",
)
"""What an account pays, as far as it stands."""

HOLDS: Final = ("pre_auth", "moto_pre_auth")

UNSIGNED: Final = (
    "balance",
    "settlement_adjustment",
    "tip_adjustment",
    "ecash_sale",
    "ecash_refund",
    "points_balance",
    "cardholder_verification",
    "qr_sale",
    "qr_void",
    "qr_refund",
    "account_load",
    "cash_load",
    "other_account_load",
    "cash_load_void",
    "script_result",
)
"""What no cardholder signs."""

FREE: Final = ("sale", "pre_auth")
FREE_MINOR: Final = 100_000
"""Without contact, up to so much, these need no signature (小额免密免签)."""

COMPLETION_PERCENT: Final = 115

OF_HELD: Final = ("pre_auth_top_up", "pre_auth_void", "completion", "completion_advice")
TIED: Final = (*OF_HELD, "refund", "void", "adjustment")
"""How the names of kinds end that another transaction is tied to; of those, what follows a pre-authorisation."""
