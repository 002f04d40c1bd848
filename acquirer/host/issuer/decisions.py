"""What the issuer says to a transaction on one of its cards.

The card's fixed side is an entry of the table (`cards`), its mutable side a `Card` row of the store, changed together
with the transaction: what was spent, wrong PINs. A card number that no entry matches is approved when its check digit
is right, unless the table says otherwise. Checks come in an issuer's order: status, expiry, chip, cryptogram,
PIN, limits, balance.

A card's day never goes back: where the host's clock is set back, what is sold counts with the latest day that the card
has seen, and limits and PIN tries come back only once that day is over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from acquirer.data.text import plural
from acquirer.host.calendar import expired
from acquirer.host.issuer.cards import CardEntry, CardTable
from acquirer.host.issuer.cryptogram import why_another_cryptogram
from acquirer.host.text import money
from acquirer.model.reasons import Reason
from acquirer.model.rows import Card
from acquirer.security.candidates import CauseSearch

PIN_TRIES = 3
"""Wrong PINs in a row until the issuer takes no more (three, as issuers do); a new business day starts over, because
a simulator has no counter at which a card could be unlocked."""

_STATUS: Mapping[str, tuple[Reason, str]] = {
    "blocked": (Reason.CARD_BLOCKED, "is marked blocked"),
    "lost": (Reason.CARD_LOST, "is marked lost"),
    "stolen": (Reason.CARD_STOLEN, "is marked stolen"),
    "restricted": (Reason.CARD_RESTRICTED, "is marked restricted"),
    "issuer-down": (Reason.ISSUER_DOWN, "belongs to an issuer that is marked down"),
}
_FALLBACK = "2"  # element icc_condition: reading the chip has failed before


@dataclass(slots=True)
class CardUse:
    """What the issuer is asked about. Not frozen: one is made per exchange."""

    pan: str = field(repr=False)
    masked: str
    token: str  # the card row's name
    amount_minor: int
    expiry: str  # YYMM as the terminal read it, or ""
    swiped: bool  # and nothing in element `entry_mode` says that the chip failed
    icc_condition: str
    pin: str | None = field(repr=False)  # None: there is no PIN block
    day: str  # business date YYYYMMDD
    chip: Mapping[str, bytes] | None = field(default=None, repr=False)  # of a card whose issuer has its key


@dataclass(slots=True)
class Judgement:
    """A reason, its sentence, and the card's row as it is afterwards (None: unchanged)."""

    reason: Reason
    why: str
    card: Card | None = None
    cause: CauseSearch | None = None  # of a refusal: what is still to be looked for, to be said behind `why`


CardCheck = Callable[[CardEntry, CardUse, Card], Judgement | None]


def judge_sale(table: CardTable, use: CardUse, row: Card | None) -> Judgement:
    """Return the issuer's answer to a sale whose card number is sound; `row` is None when nothing is kept yet."""
    entry = table.cards.get(use.pan)
    if entry is None:
        return _unknown(table, use)
    today = _today(row, use)
    if refusal := _refused(_SALE_CHECKS, entry, use, today):
        return refusal
    after = _forgiven(entry, use, today)
    if not entry.counted:  # the same row for all who sell on it: written only when its PIN tries change
        return Judgement(Reason.APPROVED, f"approved on {_shown(entry, use)}", None if after is today else after)
    after = spend(after, use.amount_minor, after.day)
    left = "" if entry.balance_minor is None else f", {money(entry.balance_minor - after.spent_minor)} left"
    return Judgement(Reason.APPROVED, f"approved on {_shown(entry, use)}{left}", after)


def charge(table: CardTable, use: CardUse, row: Card | None) -> Card | None:
    """Return the card's row after a sale that the issuer was not asked about; None where nothing is counted."""
    entry = table.cards.get(use.pan)
    if entry is None or not entry.counted:
        return None
    today = _today(row, use)
    return spend(today, use.amount_minor, today.day)


def judge_inquiry(table: CardTable, use: CardUse, row: Card | None) -> tuple[Judgement, int]:
    """Return the issuer's answer to a balance inquiry, and the balance in minor units."""
    entry = table.cards.get(use.pan)
    if entry is None:
        return _unknown(table, use), table.unknown_balance_minor
    today = _today(row, use)
    if refusal := _refused(_INQUIRY_CHECKS, entry, use, today):
        return refusal, 0
    after = _forgiven(entry, use, today)
    balance = table.unknown_balance_minor if entry.balance_minor is None else entry.balance_minor - today.spent_minor
    sentence = f"{_shown(entry, use)} has {money(balance)}"
    return Judgement(Reason.APPROVED, sentence, None if after is today else after), balance


def judge_pin(table: CardTable, use: CardUse, row: Card | None) -> Judgement | None:
    """Return the refusal of a PIN that a void carries; None when it is right, or the issuer has none to compare."""
    entry = table.cards.get(use.pan)
    if entry is None or use.pin is None:
        return None
    return _refused(_PIN_CHECKS, entry, use, _today(row, use))


def spend(row: Card, amount_minor: int, business_date: str, *, whole: bool = True) -> Card:
    """Return the card's row after a sale of `business_date`, or after the reversal of its void or refund.

    `whole`: the sale counts among those of its day; the reversal of a refund only takes money back.
    """
    same_day = row.day <= business_date
    return replace(
        row,
        spent_minor=row.spent_minor + amount_minor,
        day_spent_minor=row.day_spent_minor + (amount_minor if same_day else 0),
        day_count=row.day_count + (1 if same_day and whole else 0),
    )


def give_back(row: Card, amount_minor: int, business_date: str, *, whole: bool = True) -> Card:
    """Return the card's row after a sale of `business_date` was undone; PIN tries stay what they are.

    `whole`: the sale no longer counts among those of its day; a refund only gives money back. What was sold on a clock
    that was set back stays counted until the card's day is over: its own day does not tell that it was.
    """
    same_day = row.day <= business_date
    return replace(
        row,
        spent_minor=max(0, row.spent_minor - amount_minor),
        day_spent_minor=max(0, row.day_spent_minor - amount_minor) if same_day else row.day_spent_minor,
        day_count=max(0, row.day_count - 1) if same_day and whole else row.day_count,
    )


def take(row: Card | None, more_minor: int, business_date: str) -> Card | None:
    """Return the card's row after a completion took so much more than was held on `business_date`, or less (negative).

    None: nothing is kept of the card, or nothing changes.
    """
    if row is None or not more_minor:
        return None
    change = spend if more_minor > 0 else give_back
    return change(row, abs(more_minor), business_date, whole=False)


def _refused(checks: Mapping[str, CardCheck], entry: CardEntry, use: CardUse, today: Card) -> Judgement | None:
    for name in entry.checked:
        if name in checks and (refusal := checks[name](entry, use, today)) is not None:
            return Judgement(refusal.reason, f"{_shown(entry, use)} {refusal.why}", refusal.card)
    return None


def _shown(entry: CardEntry, use: CardUse) -> str:
    return f"card '{entry.name}' {use.masked}"


def _forgiven(entry: CardEntry, use: CardUse, row: Card) -> Card:
    """The row with its PIN tries at zero once a right PIN was sent; the same row when there is nothing to change."""
    if row.pin_tries and use.pin is not None and entry.pin is not None:
        return replace(row, pin_tries=0)
    return row


def _unknown(table: CardTable, use: CardUse) -> Judgement:
    shown = use.masked
    if table.unknown == "decline":
        return Judgement(
            Reason.CARD_UNKNOWN,
            f'no entry of the card table is {shown}, and the table declines unknown cards (unknown = "decline")',
        )
    if use.expiry and expired(use.expiry, use.day):
        return Judgement(Reason.CARD_EXPIRED, f"card {shown} {_expiry_words(use.expiry, use.day)}")
    return Judgement(Reason.APPROVED, f"approved: card {shown} is not in the card table, its check digit is right")


def _today(row: Card | None, use: CardUse) -> Card:
    """Return the card's row as this day begins; the same row when its day is not over."""
    day = use.day
    if row is None:
        return Card(use.token, 0, use.masked, 0, day)
    if row.day >= day:
        return row
    return replace(row, day=day, day_spent_minor=0, day_count=0, pin_tries=0)


def _expiry_words(expiry: str, day: str) -> str:
    today = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    return f"was valid through 20{expiry[:2]}-{expiry[2:]}; the host's business date is {today}; use another card"


def _status(entry: CardEntry, _use: CardUse, _row: Card) -> Judgement | None:
    if entry.status == "active":
        return None
    reason, words = _STATUS[entry.status]
    return Judgement(reason, f"{words} in the card table")


def _expiry(entry: CardEntry, use: CardUse, _row: Card) -> Judgement | None:
    for expiry in (use.expiry, entry.expiry):
        if expiry and expired(expiry, use.day):
            return Judgement(Reason.CARD_EXPIRED, _expiry_words(expiry, use.day))
    return None


def _chip(entry: CardEntry, use: CardUse, _row: Card) -> Judgement | None:
    if entry.chip and use.swiped and use.icc_condition != _FALLBACK:
        return Judgement(
            Reason.USE_CHIP,
            f"has a chip (service code {entry.service_code}) but was swiped without saying that its chip could not be "
            "read: insert it, or declare the fallback",
        )
    return None


def _cryptogram(entry: CardEntry, use: CardUse, _row: Card) -> Judgement | None:
    if entry.imk is None or use.chip is None:
        return None
    problem = why_another_cryptogram(entry, use.chip)
    return Judgement(Reason.CRYPTOGRAM_DIFFERS, problem) if problem else None


def _pin(entry: CardEntry, use: CardUse, row: Card) -> Judgement | None:
    if entry.pin is None:
        return None
    if row.pin_tries >= PIN_TRIES:
        return Judgement(
            Reason.PIN_TRIES_EXCEEDED,
            f"has seen {plural(row.pin_tries, 'wrong PIN')} in a row today and takes no more; "
            "it starts over on the next business day",
        )
    if use.pin is None:
        if not entry.pin_required:
            return None
        return Judgement(Reason.PIN_REQUIRED, "asks for a PIN, and the message carries no PIN block")
    if use.pin == entry.pin:
        return None
    tries = row.pin_tries + 1
    left = f"{plural(PIN_TRIES - tries, 'try', 'tries')} left" if tries < PIN_TRIES else "no more tries today"
    return Judgement(
        Reason.PIN_INCORRECT,
        f"has another PIN: the block opened well, to {len(use.pin)} digits that are not the card's; enter its PIN; "
        f"{left}",
        replace(row, pin_tries=tries),
    )


def _limit(entry: CardEntry, use: CardUse, row: Card) -> Judgement | None:
    amount = use.amount_minor
    if entry.limit_minor is not None and amount > entry.limit_minor:
        return Judgement(
            Reason.LIMIT_EXCEEDED, f"allows {money(entry.limit_minor)} a sale; this one asks for {money(amount)}"
        )
    if entry.daily_limit_minor is not None and row.day_spent_minor + amount > entry.daily_limit_minor:
        before = f"{money(row.day_spent_minor)} went before, this sale asks for {money(amount)}"
        return Judgement(Reason.LIMIT_EXCEEDED, f"allows {money(entry.daily_limit_minor)} a day; {before}")
    return None


def _count(entry: CardEntry, _use: CardUse, row: Card) -> Judgement | None:
    if entry.daily_count is None or row.day_count < entry.daily_count:
        return None
    return Judgement(Reason.COUNT_EXCEEDED, f"allows {plural(entry.daily_count, 'sale')} a day, and has had them")


def _balance(entry: CardEntry, use: CardUse, row: Card) -> Judgement | None:
    if entry.balance_minor is None or row.spent_minor + use.amount_minor <= entry.balance_minor:
        return None
    return Judgement(
        Reason.FUNDS_INSUFFICIENT,
        f"has {money(entry.balance_minor - row.spent_minor)} left of {money(entry.balance_minor)}; "
        f"this sale asks for {money(use.amount_minor)}",
    )


_PIN_CHECKS: Final[dict[str, CardCheck]] = {"pin": _pin}
_INQUIRY_CHECKS: Final = _PIN_CHECKS | {"status": _status, "expiry": _expiry, "chip": _chip, "cryptogram": _cryptogram}
_SALE_CHECKS: Final = _INQUIRY_CHECKS | {"limit": _limit, "count": _count, "balance": _balance}
"""By the names that `CardEntry.checked` gives them, which are in the order of the checks."""
