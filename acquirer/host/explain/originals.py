"""Why what follows another transaction was answered as it was, in sentences for the person at the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from acquirer.data.text import indefinite, plural
from acquirer.dialect.dialect import Dialect
from acquirer.host.core import Host
from acquirer.host.kinds import KINDS, FollowUp, TransactionKind, title_of
from acquirer.host.request import Request, original_key
from acquirer.host.text import day_words, money, named, numbered, place
from acquirer.model.rows import Transaction, TransactionKey


def voided(dialect: Dialect, original: Transaction) -> str:
    """Say that a void takes effect."""
    return f"voided: the {_which(dialect, original)} is taken back"


def refunded(host: Host, original: Transaction, amount_minor: int) -> str:
    """Say that a refund takes effect, and what is left; `original` is as it is afterwards."""
    left_minor = original.amount_minor - original.refunded_minor
    rest = f"{money(left_minor)} of it may still be refunded" if left_minor else "nothing of it is left to refund"
    return f"refunded: {money(amount_minor)} of the {_which(host.dialect, original)}; {rest}"


def unknown(host: Host, request: Request, kind: TransactionKind) -> str:
    """Say that a message names nothing that is booked."""
    if kind.tie == "authorisation":
        return _not_held(host, request)
    key = original_key(host, request)
    where = place(host.dialect, "original_stan")
    own = f"this is the {kind.title}'s own STAN; " if key.stan == request.stan else ""
    if key.stan == request.batch and key.stan != request.stan:
        own = "its STAN is this message's batch: batch and STAN look exchanged, the batch comes first; "
    if not key.stan.strip("0") and host.read.original_date(request.message.fields):
        own = "it names a date and no STAN, as a refund does: if it is one, send it as a refund; if it is a void, "
    named_kind = title_of(kind.of[0]) if kind.of else "transaction"
    hint = " (a void takes back a sale of the same terminal; a refund one of any)" if kind.to_original == "void" else ""
    return (
        f"terminal {key.tid} has booked nothing with {numbered(host.dialect, key, ' in ')}, which {where} names: {own}"
        f"put there batch and STAN of the {named_kind}{hint}"
    )


def _not_held(host: Host, request: Request) -> str:
    """Say that a message names no pre-authorisation of its merchant and card."""
    read, fields, dialect = host.read, request.message.fields, host.dialect
    auth_id, date = read.auth_id(fields).strip(), read.original_date(fields)
    code = f" with authorisation code {named(auth_id)}" if auth_id else ""
    when = f" of {place(dialect, 'original_date')} {named(date)}" if date.strip("0") else ""
    return (
        f"no terminal of merchant {named(request.mid)} has booked a pre-authorisation{code}{when} on this card: take "
        f"card, date and {place(dialect, 'auth_id')} from its slip"
    )


def topped_up(host: Host, held: Transaction) -> str:
    """Say that a top-up takes effect; `held` is the pre-authorisation as it is afterwards."""
    return f"topped up: {money(held.authorised_minor)} are held now by the {_which(host.dialect, held)}"


def completed(host: Host, held: Transaction, amount_minor: int) -> str:
    """Say that a completion takes effect."""
    of = money(held.authorised_minor)
    return f"completed: {money(amount_minor)} of {of} that were held are taken, by the {_which(host.dialect, held)}"


def adjusted(host: Host, sale: Transaction, amount_minor: int) -> str:
    """Say that another amount stands in the place of a sale's."""
    return f"adjusted: {money(amount_minor)} are counted in the place of the {_which(host.dialect, sale)}"


def completion_exceeds(host: Host, held: Transaction, amount_minor: int) -> str:
    """Say that a completion asks for more than it may take."""
    percent = host.options.completion_percent
    most = money(held.authorised_minor * percent // 100)
    return (
        f"the {_which(host.dialect, held)} holds {money(held.authorised_minor)}, and {percent} % of that may be taken "
        f"(completion_percent); the completion asks for {money(amount_minor)}: ask for {most} at most"
    )


def never_refunded(host: Host, original: Transaction) -> str:
    """Say that sales of a kind are not refunded."""
    return f"the {_which(host.dialect, original)} is not refunded: void it on its day, or ask its issuer"


def refund_unknown(host: Host, request: Request) -> str:
    """Say that a refund names no sale of its merchant."""
    read, fields = host.read, request.message.fields
    date = read.original_date(fields)
    when = f" on {place(host.dialect, 'original_date')} {named(date)}" if date else ""
    return (
        f"no terminal of merchant {named(request.mid)} has booked a sale with reference number "
        f"{named(read.rrn(fields))}{when}: take both from the receipt, {place(host.dialect, 'rrn')} and date"
    )


def voucher_unknown(host: Host, rrn: str) -> str:
    """Say that a void names no sale of its terminal by its voucher number."""
    where = place(host.dialect, "qr_voucher")
    return (
        f"this terminal has booked no sale by QR code whose voucher number ({where}) is of reference number "
        f"{named(rrn)}, under the numbers that the message has beside it: take all from the receipt"
    )


def refund_of_another_date(host: Host, original: Transaction, date: str) -> str:
    """Say that a refund names the right reference number, with another date than its sale's."""
    ours = original.business_date[4:]
    return (
        f"the {_which(host.dialect, original)} has this reference number and date {ours}, and "
        f"{place(host.dialect, 'original_date')} says {named(date)}: send {ours}, the date on the receipt"
    )


_WISHES: Final[Mapping[FollowUp, str]] = {
    "void": "voided",
    "refund": "refunded",
    "completion": "completed",
    "adjustment": "adjusted",
    "top_up": "topped up",
}


def closed(host: Host, original: Transaction, kind: TransactionKind) -> str:
    """Say that a transaction is not in a state, or of no kind, in which another may do something to it."""
    assert kind.to_original is not None
    wish, which = _WISHES[kind.to_original], _which(host.dialect, original)
    state = {
        "approved": f"is {indefinite(title_of(original.kind))}",
        "declined": f"was declined ({original.code})",
        "reversed": f"was reversed at {host.calendar.words(original.reversed_us)}",
        "voided": "is voided already",
        "refunded": f"was refunded already, {money(original.refunded_minor)} of it",
        "completed": "is completed already",
        "adjusted": "was adjusted already, and another transaction stands in its place",
    }.get(original.state, f"is {original.state}")
    if original.kind not in kind.of and (right := _that_does(kind.to_original, original.kind)):
        return f"the {which} {state}: {indefinite(kind.title)} does not fit it; send {indefinite(right)}"
    return f"the {which} {state}: it cannot be {wish}; make a new sale if the money is due"


def _that_does(to_original: FollowUp, kind: str) -> str:
    """Return the title of the kind that does this to transactions of a kind; "" when none does."""
    return next((one.title for one in KINDS.values() if one.to_original == to_original and kind in one.of), "")


def card_differs(host: Host, original: Transaction, masked: str) -> str:
    """Say that another card was presented than that of the sale."""
    card = original.pan_masked or "(none)"
    which = _which(host.dialect, original)
    return f"the {which} is of card {card}, the message is of card {masked or '(none)'}; use the card of the sale"


def currency_differs(host: Host, original: Transaction, currency: str) -> str:
    """Say that another currency is named than that of the sale."""
    ours = named(original.currency) if original.currency else "(none)"
    theirs = named(currency) if currency else "(none)"
    return f"the {_which(host.dialect, original)} is in currency {ours}, the message says {theirs}; send {ours}"


def other_day(host: Host, original: Transaction, today: str) -> str:
    """Say that a void names a sale of another business day."""
    return (
        f"the {_which(host.dialect, original)} is of {day_words(original.business_date)}, and the host's business date "
        f"is {day_words(today)}: after its day a sale is refunded, not voided"
    )


def batch_closed(host: Host, original: Transaction, open_batch: str) -> str:
    """Say that a void names a sale of a batch that is closed."""
    return (
        f"the {_which(host.dialect, original)} belongs to a closed batch (batch {open_batch} is open): it is refunded, "
        "not voided or adjusted"
    )


def amount_differs(host: Host, original: Transaction, amount_minor: int | None, whole_minor: int) -> str:
    """Say that a void names another amount than what it takes back."""
    part = "or complete it with less" if original.authorised_minor else "or make a refund, which gives back a part"
    return (
        f"the {_which(host.dialect, original)}, the void asks for {money(amount_minor)}: send the whole amount, "
        f"{money(whole_minor)}, {part}"
    )


def too_old(host: Host, original: Transaction, days: int, limit: int, option: str) -> str:
    """Say that a refund, or what follows a pre-authorisation, comes too late."""
    does = "refunds" if option == "refund_days" else "completes and voids"
    return (
        f"the {_which(host.dialect, original)} is {plural(days, 'day')} old; this host {does} for "
        f"{plural(limit, 'day')} ({option})"
    )


def refund_exceeds(host: Host, original: Transaction, amount_minor: int | None) -> str:
    """Say that more is asked for than is left of the sale."""
    before = f", {money(original.refunded_minor)} of it refunded before" if original.refunded_minor else ""
    left = money(original.amount_minor - original.refunded_minor)
    if original.refunded_minor >= original.amount_minor:
        return f"the {_which(host.dialect, original)}{before}: nothing is left; refund no more of it"
    asks = f"{left} is left, the refund asks for {money(amount_minor)}; refund {left} at most"
    return f"the {_which(host.dialect, original)}{before}: {asks}"


def numbers_differ(host: Host, original: Transaction, key: TransactionKey) -> str:
    """Say that reference number and original data elements of a refund name two different transactions."""
    return (
        f"the reference number is that of the {_which(host.dialect, original)}, but the original data elements name "
        f"{numbered(host.dialect, key, ' in ')}"
    )


def _which(dialect: Dialect, original: Transaction) -> str:
    number = numbered(dialect, original.key)
    return f"{title_of(original.kind)} of {money(original.amount_minor)} with {number} on terminal {original.key.tid}"
