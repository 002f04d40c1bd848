"""Why a transaction was answered as it was, in sentences for the person at the terminal."""

from __future__ import annotations

from acquirer.data.text import indefinite
from acquirer.dialect.dialect import Dialect
from acquirer.host.calendar import Calendar
from acquirer.host.core import Host
from acquirer.host.explain.routes import sent_as_reversal
from acquirer.host.kinds import title_of
from acquirer.host.request import Request
from acquirer.host.text import money, named, numbered, place
from acquirer.inspect.filling import filled_otherwise, other_side
from acquirer.model.rows import Session, Transaction, TransactionKey
from acquirer.wire.masking import mask_pan
from acquirer.wire.message import Message

Difference = tuple[str, str, str]
"""What differs, what it was, what it is now."""


# Its relation to what came before


def late_original(host: Host, stored: Transaction) -> str:
    """Say that the reversal, or the void, of this transaction is known already."""
    number, when = numbered(host.dialect, stored.key), host.calendar.words(stored.reversed_us)
    kind = title_of(stored.kind)
    if stored.state == "voided":
        return f"repeat: the {kind} with {number} was booked, and voided since; this {kind} is not booked"
    if stored.state == "tombstone":
        past = f"late original: the reversal of {number} came first, at {when}"
    else:
        past = f"repeat: the {kind} with {number} was booked, and reversed at {when}"
    return f"{past} (reason {named(stored.reversal_reason)}); this {kind} is not booked: use a new STAN"


def duplicate(host: Host, stored: Transaction, differences: list[Difference]) -> str:
    """A transaction number that was used before, for something else or under policy 'decline'."""
    kind = title_of(stored.kind)
    used = f"{numbered(host.dialect, stored.key, ' of ')} was used at {host.calendar.words(stored.at_us)}"
    if not differences:
        return f"{used} by this same {kind} (answered {stored.code}): this terminal's policy declines repeats"
    changes = "; ".join(f"{name} {then} then, {now} now" for name, then, now in differences)
    return f"{used} for another {kind}: {changes}. The first stays as it was; number each transaction anew"


def replayed(calendar: Calendar, stored: Transaction) -> str:
    """The same request again."""
    return (
        f"the same request came at {calendar.words(stored.at_us)}: its answer {stored.code} is given again, "
        "nothing was booked twice"
    )


def taken_for_repeat(host: Host, stored: Transaction) -> str:
    """Note what makes a request a repeat, where its MTI does not say that it is one."""
    number = numbered(host.dialect, stored.key)
    return (
        f"repeat: {number} has the same amount and card as before, so this is no new {title_of(stored.kind)}; if it is "
        "meant to be one, count the STAN up"
    )


def original_unknown(
    dialect: Dialect, key: TransactionKey, session: Session | None = None, message: Message | None = None
) -> str:
    """A reversal of nothing; remembered."""
    meant = "" if message is None else sent_as_reversal(dialect, message)
    return (
        f"no sale of terminal {key.tid} has {numbered(dialect, key, ' in ')}: there is nothing to reverse, and should "
        "the sale still arrive it will not be booked; if it did, repeat its STAN and batch in its reversal"
        f"{_last(session)}{meant}"
    )


def _last(session: Session | None) -> str:
    """What the terminal may have meant: its last transaction, in the batch that is open."""
    if session is None or not session.last_stan:
        return ""
    return f" (its last transaction has STAN {session.last_stan}, batch {session.batch} is open)"


def original_differs(dialect: Dialect, stored: Transaction, differences: list[Difference]) -> str:
    """A reversal that names another amount, card or processing code than its sale."""
    kind = title_of(stored.kind)
    changes = "; ".join(f"{name} {then} in the {kind}, {now} in the reversal" for name, then, now in differences)
    return f"{numbered(dialect, stored.key)}: {changes}. The {kind} stays as it was; repeat the values of the {kind}"


def original_still_unknown(calendar: Calendar, tombstone: Transaction) -> str:
    """A reversal of nothing, again."""
    return (
        f"this reversal came at {calendar.words(tombstone.reversed_us)} already and found no sale; none has come "
        "since, and its answer is given again"
    )


def reversed_now(dialect: Dialect, stored: Transaction, reason: str) -> str:
    """A reversal that takes effect."""
    given = f" (reason {named(reason)})" if reason else ""
    which = f"{title_of(stored.kind)} of {money(stored.amount_minor)} with {numbered(dialect, stored.key)}"
    return f"reversed: the {which} is undone{given}"


def reversed_type(dialect: Dialect, stored: Transaction, given: str) -> str:
    """Note a reversal that says another type of transaction than its own."""
    where, ours = place(dialect, "transaction_type"), stored.transaction_type
    return f"type: {where} is {named(given)} in the reversal, {ours} in the {title_of(stored.kind)}; send {ours} again"


def reversed_before(calendar: Calendar, stored: Transaction) -> str:
    """A reversal, again."""
    return (
        f"this {title_of(stored.kind)} was reversed at {calendar.words(stored.reversed_us)} already: the same answer "
        "is given again, nothing is undone twice"
    )


def nothing_to_reverse(stored: Transaction) -> str:
    """A reversal of a sale that was declined."""
    kind = title_of(stored.kind)
    return f"the {kind} was declined ({stored.code}), so there is nothing to undo; the terminal may forget it"


def not_reversed(stored: Transaction) -> str:
    """Say that a transaction that was voided or refunded since is not reversed."""
    kind = title_of(stored.kind)
    since = f"the {kind} was approved and {stored.state} since"
    return f"{since}: the terminal knew its answer, so there is nothing to reverse"


def not_reversed_any_more(stored: Transaction, original: Transaction | None) -> str:
    """Say that more has happened to the original of a transaction, which rests on it."""
    kind = title_of(stored.kind)
    since = "gone" if original is None else f"{original.state}"
    what = "its original" if original is None else f"the {title_of(original.kind)} that it belongs to"
    return f"{what} is {since} since, which rests on this {kind}: it is not undone; settle what is left by a refund"


def never_reversed(kind: str, mti: str) -> str:
    """Say that transactions of this kind are not reversed."""
    which = f"{indefinite(kind)} ({mti or 'stored by an earlier version'})"
    return f"{which} is never reversed: send it again until it is answered"


def load_not_reversed(kind: str) -> str:
    """Say that this host takes no reversals of loads."""
    return (
        f"this host reverses no {kind} (reversible_loads): report how its script went (0620), or void a load with cash"
    )


# The business


def track_unreadable(dialect: Dialect, element: str, problem: str) -> str:
    """A track that gives no card number."""
    return f"{place(dialect, element)} cannot be read: {problem}"


def two_cards(dialect: Dialect, element: str, pan: str, on_track: str) -> str:
    """A message that names one card and carries the track of another."""
    return (
        f"{place(dialect, 'pan')} is {mask_pan(pan)}, but {place(dialect, element)} is of card {mask_pan(on_track)}: "
        "they differ; send number and track of one card"
    )


def two_expiries(dialect: Dialect, element: str) -> str:
    """Note an expiry that is not the one on the track of the same message."""
    return (
        f"expiry: {place(dialect, 'expiry')} is another one than the expiry in {place(dialect, element)}; send that of "
        "the track, or none"
    )


def amount_invalid(dialect: Dialect, request: Request) -> str:
    """Say that a transaction is of nothing."""
    amount = f"{place(dialect, 'amount')} is {money(request.amount_minor)}"
    return f"{amount}: {indefinite(title_of(request.service))} needs an amount above zero"


def currency_differs(dialect: Dialect, request: Request, currency: str, ours: str) -> str:
    """Say that this host does not settle in a currency, and whether it would if its field was filled otherwise."""
    sentence = f"{place(dialect, 'currency')} is {named(currency)}, this host settles in {ours}: send {ours}"
    at = dialect.elements.get("currency")
    if at is None or other_side(dialect, request.message, at.de) != ours:
        return sentence
    return f"{sentence}; {filled_otherwise(dialect, request.message, at.de)}"


def no_test_bin(masked: str) -> str:
    """Note a card number that may be a real one."""
    return (
        f"no-test-bin: {masked} stands under no published test BIN; if it is a real card, take it out of here: "
        "a simulator is no place for real card numbers"
    )
