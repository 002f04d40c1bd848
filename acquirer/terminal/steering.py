"""What a terminal does otherwise because of what it downloaded.

Its owner's own settings go before downloaded ones, and those before the dialect's. docs/downloads.md says which
parameters steer nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from acquirer.slip.receipt import decimal_amount
from acquirer.terminal.kind import Kind
from acquirer.terminal.setup import Setup
from acquirer.terminal.state import State

if TYPE_CHECKING:
    from acquirer.terminal.order import Order

PERMITTED_AS: Final[Mapping[str, str]] = {
    "balance": "balance",
    "pre_auth": "pre-auth",
    "pre_auth_top_up": "pre-auth",
    "pre_auth_void": "pre-auth-void",
    "completion": "completion",
    "completion_void": "completion-void",
    "completion_advice": "completion-advice",
    "sale": "sale",
    "qr_sale": "sale",
    "void": "void",
    "qr_void": "void",
    "refund": "refund",
    "qr_refund": "refund",
    "offline_sale": "offline-sale",
    "settlement_adjustment": "adjust",
    "tip_adjustment": "adjust",
    "ecash_sale": "ecash-sale",
    "instalment_sale": "instalment",
    "instalment_void": "instalment-void",
    "points_sale": "points",
    "points_balance": "points",
    "points_void": "points-void",
    "account_load": "load",
    "cash_load": "load",
    "other_account_load": "load",
    "reservation_sale": "reservation",
    "reservation_void": "reservation-void",
    "moto_sale": "moto",
    "moto_void": "moto-void",
    "recurring_sale": "recurring",
}
"""Service → the kind by which the parameters permit it; others have no bit, and are permitted always."""


def steered(owned: Setup, state: State) -> Setup:
    """Return a terminal's setup, with its cashier and as what it downloaded says.

    Args:
        owned: as its owner set it up.
    """
    downloaded = state.downloaded
    parameters, contactless = downloaded.parameters, downloaded.contactless
    changes: dict[str, Any] = {"operator": state.operator} if state.operator else {}
    if parameters.get("merchant_name"):
        changes["merchant"] = parameters["merchant_name"]
    if parameters.get("timeout_s") and not owned.timeout_s:
        changes["timeout_s"] = parameters["timeout_s"]
    if "reversal_resends" in parameters:
        changes["reversal_tries"] = int(str(parameters["reversal_resends"])) + 1
    if "upload_offline" in parameters and owned.offline_upload == "at-once":
        changes["offline_upload"] = "after-next" if parameters["upload_offline"] else "before-settlement"
    if "no_signature" in contactless and owned.no_cvm_limit_minor is None:
        limit = contactless.get("no_signature_limit_minor", 0) if contactless["no_signature"] else 0
        changes["no_cvm_limit_minor"] = limit
    return replace(owned, **changes) if changes else owned


def forbidden(state: State, kind: Kind, order: Order) -> str:
    """Return why the parameters, or the blacklist, keep a terminal from a transaction; "" when they do not."""
    downloaded = state.downloaded
    parameters = downloaded.parameters
    permitted, needed = parameters.get("kinds"), PERMITTED_AS.get(kind.service)
    if isinstance(permitted, tuple) and needed is not None and needed not in permitted:
        return f"the downloaded parameters do not permit '{needed}' (code 26)"
    if order.entry == "manual" and parameters.get("manual_entry") is False and kind.entry != "manual":
        return "the downloaded parameters do not permit card numbers to be keyed in (code 20)"
    if order.card.pan and any(pan == order.card.pan for _, pan in downloaded.blacklist):
        return f"card {order.card.masked} is on the downloaded blacklist"
    return ""


def tip_forbidden(state: State, tip_minor: int, sale_minor: int) -> str:
    """Return why the parameters keep a terminal from a tip; "" when they do not."""
    parameters = state.downloaded.parameters
    if parameters.get("tip") == 0:
        return "the downloaded parameters permit no tips (code 18)"
    percent = parameters.get("tip_percent")
    if isinstance(percent, int) and percent and 100 * tip_minor > percent * sale_minor:
        most = decimal_amount(percent * sale_minor // 100)
        return f"a tip may be {percent} per cent of its sale (code 19), here {most}, not {decimal_amount(tip_minor)}"
    return ""


def signs_off_after_settlement(state: State) -> bool:
    """Return whether the parameters have a terminal sign off once a settlement is done."""
    return state.downloaded.parameters.get("sign_off_after_settlement") is True
