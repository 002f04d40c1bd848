"""What the slip of a kind has beside the facts that all slips have: a total, a plan of instalments, points, a code."""

from __future__ import annotations

from acquirer.dialect.amounts import decimals_of
from acquirer.dialect.private_forms import PrivateForms
from acquirer.dialect.terminal_profile import EntryMode
from acquirer.slip.kind_facts import (
    SlipDetails,
    hidden_middle,
    hidden_mobile,
    instalment_details,
    points_details,
)
from acquirer.slip.receipt import decimal_amount
from acquirer.terminal.exchange import Exchange
from acquirer.terminal.kept_transactions import Sold
from acquirer.terminal.kind import Kind
from acquirer.terminal.machine import Setup
from acquirer.terminal.order import Order
from acquirer.terminal.sales import voucher_number
from acquirer.terminal.state import State
from acquirer.wire.masking import as_text, mask_pan


def slip_details(setup: Setup, state: State, kind: Kind, order: Order, exchange: Exchange) -> SlipDetails:
    """Return the further facts of an approved transaction, in the order in which they are printed."""
    currency = setup.terminal_profile.slip.currency
    return (
        *_of_amounts(state, kind, order, currency, decimals_of(setup.dialect)),
        *_of_kind(setup, order, exchange, currency),
        *_of_loads(order),
        *_texts(setup, exchange),
    )


def card_of(kind: Kind, order: Order, entry: EntryMode, forms: PrivateForms) -> str:
    """Return the card that a slip shows, masked: the one that is loaded, where another one pays; of a code its end.

    "" where there is no card.
    """
    if loaded := order.details.get("loaded_pan"):
        return mask_pan(str(loaded))
    if "qr_code" in kind.details:
        code = str(order.details.get("qr_code", ""))
        return hidden_middle(forms.qr_code.read(code))
    return order.card.masked if entry.carries else ""


def _of_amounts(state: State, kind: Kind, order: Order, currency: str, decimals: int) -> SlipDetails:
    """Return totals of what is topped up or adjusted, and the authorisation beneath a completion that is voided."""

    def money(amount_minor: int) -> str:
        return f"{currency} {decimal_amount(amount_minor, decimals)}".strip()

    kept = _kept(state, kind, order)
    if kind.verb == "top up":
        return (("auth_total", money(kept.amount_minor + order.amount_minor)),) if kept else ()
    if kind.verb in ("adjust", "tip"):
        tip = str(order.details.get("tip", ""))
        tips: SlipDetails = (("tip", money(int(tip))),) if tip.isdecimal() else ()
        return (*tips, ("total", money(order.amount_minor)))
    if kind.verb == "void" and kept is not None and kept.of is not None:
        beneath = next((one for one in state.sales if one.key == kept.of), None)
        return (("original_auth_id", beneath.original.auth_id),) if beneath else ()
    return ()


def _kept(state: State, kind: Kind, order: Order) -> Sold | None:
    if order.original is None:
        return None
    key = (order.original.within, order.original.stan)
    return next((one for one in state.sales if one.key == key and one.service in kind.of), None)


def _of_kind(setup: Setup, order: Order, exchange: Exchange, currency: str) -> SlipDetails:
    dialect, reply = setup.dialect, exchange.reply

    def replied(element: str) -> str:
        if reply is None or element not in dialect.elements or element not in order.details:
            return ""
        return dialect.text(reply, element)

    details: list[tuple[str, str]] = []
    if instalments := str(order.details.get("instalments", "")):
        counted = dialect.forms.instalments == "counted"  # three digits stand before the order
        details.append(("periods", str(int(instalments[3:5] if counted else instalments[:2]))))
        details += instalment_details(replied("instalments"), currency)
    if goods := str(order.details.get("points", "")):
        details.append(("goods", goods.strip()))
        details += points_details(replied("points"), currency)
    if reservation := str(order.details.get("reservation", "")):
        details.append(("mobile", hidden_mobile(reservation[2:13])))
    if voucher := voucher_number(dialect, exchange):
        details.append(("qr_voucher", voucher))
    return tuple(details)


def _of_loads(order: Order) -> SlipDetails:
    return (("paid_from", order.card.masked),) if order.details.get("loaded_pan") else ()


def _texts(setup: Setup, exchange: Exchange) -> SlipDetails:
    """Return what issuer, network and acquirer want printed."""
    dialect, reply = setup.dialect, exchange.reply
    if reply is None:
        return ()
    details = []
    for name, element in (
        ("issuer_says", "issuer_text"),
        ("centre_says", "network_text"),
        ("acquirer_says", "acquirer_text"),
    ):
        if element in dialect.elements:
            text = (as_text(dialect.text(reply, element), dialect.grammar.shown_as) or "").strip()
            details.append((name, text))
    return tuple((name, text) for name, text in details if text)
