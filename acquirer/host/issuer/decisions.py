"""The issuer behind the host: a table of test cards, and what it says to a purchase.

Each card has fixed sides (limits, expiry, PIN, status: the table) and mutable ones (spent, PIN tries: a `Card` row of
the store, changed together with the sale). A card number that no entry matches is approved when its check digit is
right, unless the table says otherwise. Checks come in an issuer's order: status, expiry, chip, PIN, limits, balance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from acquirer.host.explain.text import money, plural
from acquirer.model.reasons import Reason
from acquirer.model.rows import Card

Status = Literal["active", "blocked", "lost", "stolen", "restricted", "issuer-down"]

PIN_TRIES = 3
"""Wrong PINs in a row until the issuer stops listening (three, as issuers do); a new business day starts over, because
nobody stands behind a simulator's counter to unlock a card."""

_STATUS: Mapping[str, tuple[Reason, str]] = {
    "blocked": (Reason.CARD_BLOCKED, "is marked blocked"),
    "lost": (Reason.CARD_LOST, "is marked lost"),
    "stolen": (Reason.CARD_STOLEN, "is marked stolen"),
    "restricted": (Reason.CARD_RESTRICTED, "is marked restricted"),
    "issuer-down": (Reason.ISSUER_DOWN, "belongs to an issuer that is marked down"),
}
_FALLBACK = "2"  # element icc_condition: reading the chip has failed before


@dataclass(frozen=True, slots=True)
class CardEntry:
    """One test card as the issuer knows it. None means that the issuer does not check."""

    name: str
    pan: str = field(repr=False)
    about: str = ""
    expiry: str = ""  # YYMM, valid through the last day of the month
    sequence: str = "001"
    service_code: str = "120"  # of track 2; a 2 or a 6 in front means the card has a chip
    pin: str | None = field(default=None, repr=False)
    pin_required: bool = False
    status: Status = "active"
    balance_minor: int | None = None
    limit_minor: int | None = None  # of one sale
    daily_limit_minor: int | None = None
    daily_count: int | None = None

    @property
    def chip(self) -> bool:
        """Whether the card carries a chip, so that a swipe is answered with "use the chip"."""
        return self.service_code[:1] in ("2", "6")

    @property
    def metered(self) -> bool:
        """Whether what sales take from it matters: it has a balance, or something a day."""
        return (self.balance_minor, self.daily_limit_minor, self.daily_count) != (None, None, None)

    @property
    def track2(self) -> str:
        """The card's track 2, separator ``D``."""
        return f"{self.pan}D{self.expiry or '4912'}{self.service_code}00000"


@dataclass(frozen=True, slots=True)
class CardTable:
    """All cards of one issuer, and what is said about every other card."""

    cards: Mapping[str, CardEntry] = field(repr=False)  # by PAN
    unknown: Literal["approve", "decline"] = "approve"
    test_bins: tuple[str, ...] = ()  # leading digits under which test card numbers were published

    def named(self, name: str) -> CardEntry | None:
        """The card called `name`."""
        return next((card for card in self.cards.values() if card.name == name), None)

    def is_test(self, pan: str) -> bool:
        """Whether a card number is one of the table's or stands under a published test BIN."""
        return pan in self.cards or pan.startswith(self.test_bins)


@dataclass(slots=True)
class Purchase:
    """What the issuer is asked. Not frozen: made per exchange."""

    pan: str = field(repr=False)
    masked: str
    token: str  # the card row's name
    amount_minor: int
    expiry: str  # YYMM as the terminal read it, or ""
    swiped: bool  # and nothing in element `entry_mode` says that the chip failed
    icc_condition: str
    pin: str | None = field(repr=False)  # None: no PIN block came
    day: str  # business date YYYYMMDD


@dataclass(slots=True)
class IssuerDecision:
    """What the issuer says: a reason, its sentence, and the card's row as it is afterwards (None: unchanged)."""

    reason: Reason
    why: str
    card: Card | None = None


def judge(table: CardTable, purchase: Purchase, row: Card | None) -> IssuerDecision:
    """The issuer's answer to a purchase whose card number is sound.

    `row` is the card's mutable side; None when nothing was ever kept about it.
    """
    entry = table.cards.get(purchase.pan)
    if entry is None:
        return _unknown(table, purchase)
    shown = f"card '{entry.name}' {purchase.masked}"
    today = _today(row, purchase)
    for check in _CHECKS:
        refusal = check(entry, purchase, today)
        if refusal is not None:
            return IssuerDecision(refusal.reason, f"{shown} {refusal.why}", refusal.card)
    forgiven = today.pin_tries and purchase.pin is not None and entry.pin is not None
    if not entry.metered:  # the same row for everybody who sells on it: written only when there is something to say
        after = replace(today, pin_tries=0) if forgiven else None
        return IssuerDecision(Reason.APPROVED, f"approved on {shown}", after)
    spent = replace(
        today,
        spent_minor=today.spent_minor + purchase.amount_minor,
        day_spent_minor=today.day_spent_minor + purchase.amount_minor,
        day_count=today.day_count + 1,
        pin_tries=0 if forgiven else today.pin_tries,
    )
    left = "" if entry.balance_minor is None else f", {money(entry.balance_minor - spent.spent_minor)} left"
    return IssuerDecision(Reason.APPROVED, f"approved on {shown}{left}", spent)


def give_back(row: Card, amount_minor: int, business_date: str) -> Card:
    """The card's row after a sale of `business_date` was reversed; PIN tries stay what they are."""
    same_day = row.day == business_date
    return replace(
        row,
        spent_minor=max(0, row.spent_minor - amount_minor),
        day_spent_minor=max(0, row.day_spent_minor - amount_minor) if same_day else row.day_spent_minor,
        day_count=max(0, row.day_count - 1) if same_day else row.day_count,
    )


def expired(expiry: str, day: str) -> bool:
    """Whether a card valid through the month YYMM is no longer valid on `day` (YYYYMMDD).

    The century is the one that puts the expiry nearest to the day.

    >>> expired("2412", "20241231"), expired("2412", "20250101"), expired("0001", "20991231")
    (False, True, False)
    """
    month = int(day[:6])
    nearest = min((century * 10000 + int(expiry) for century in (19, 20, 21)), key=lambda then: abs(then - month))
    return nearest < month


def _unknown(table: CardTable, purchase: Purchase) -> IssuerDecision:
    shown = purchase.masked
    if table.unknown == "decline":
        return IssuerDecision(
            Reason.CARD_UNKNOWN,
            f'no entry of the card table is {shown}, and the table declines unknown cards (unknown = "decline")',
        )
    if purchase.expiry and expired(purchase.expiry, purchase.day):
        return IssuerDecision(Reason.CARD_EXPIRED, f"card {shown} {_expiry_words(purchase.expiry, purchase.day)}")
    return IssuerDecision(Reason.APPROVED, f"approved: card {shown} is not in the card table, its check digit is right")


def _today(row: Card | None, purchase: Purchase) -> Card:
    day = purchase.day
    if row is None:
        return Card(token=purchase.token, pan_masked=purchase.masked, day=day)
    if row.day == day:
        return row
    return replace(row, day=day, day_spent_minor=0, day_count=0, pin_tries=0)


def _expiry_words(expiry: str, day: str) -> str:
    return f"was valid through 20{expiry[:2]}-{expiry[2:]}; the host's business date is {day[:4]}-{day[4:6]}-{day[6:]}"


def _status(entry: CardEntry, _purchase: Purchase, _row: Card) -> IssuerDecision | None:
    if entry.status == "active":
        return None
    reason, words = _STATUS[entry.status]
    return IssuerDecision(reason, f"{words} in the card table")


def _expiry(entry: CardEntry, purchase: Purchase, _row: Card) -> IssuerDecision | None:
    for expiry in (purchase.expiry, entry.expiry):
        if expiry and expired(expiry, purchase.day):
            return IssuerDecision(Reason.CARD_EXPIRED, _expiry_words(expiry, purchase.day))
    return None


def _chip(entry: CardEntry, purchase: Purchase, _row: Card) -> IssuerDecision | None:
    if entry.chip and purchase.swiped and purchase.icc_condition != _FALLBACK:
        return IssuerDecision(
            Reason.USE_CHIP,
            f"has a chip (service code {entry.service_code}) but was swiped without saying that its chip could not be "
            "read: insert it, or declare the fallback",
        )
    return None


def _pin(entry: CardEntry, purchase: Purchase, row: Card) -> IssuerDecision | None:
    if entry.pin is None:
        return None
    if row.pin_tries >= PIN_TRIES:
        return IssuerDecision(
            Reason.PIN_TRIES_EXCEEDED,
            f"has seen {plural(row.pin_tries, 'wrong PIN')} in a row today and takes no more; "
            "it starts over on the next business day",
        )
    if purchase.pin is None:
        if not entry.pin_required:
            return None
        return IssuerDecision(Reason.PIN_REQUIRED, "asks for a PIN, and the message carries no PIN block")
    if purchase.pin == entry.pin:
        return None
    tries = row.pin_tries + 1
    left = f"{plural(PIN_TRIES - tries, 'try', 'tries')} left" if tries < PIN_TRIES else "no more tries today"
    return IssuerDecision(
        Reason.PIN_WRONG,
        f"has another PIN: the block opened well, to {len(purchase.pin)} digits that are not the card's; {left}",
        replace(row, pin_tries=tries),
    )


def _limit(entry: CardEntry, purchase: Purchase, row: Card) -> IssuerDecision | None:
    amount = purchase.amount_minor
    if entry.limit_minor is not None and amount > entry.limit_minor:
        return IssuerDecision(
            Reason.LIMIT_EXCEEDED, f"allows {money(entry.limit_minor)} a sale; this one asks for {money(amount)}"
        )
    if entry.daily_limit_minor is not None and row.day_spent_minor + amount > entry.daily_limit_minor:
        return IssuerDecision(
            Reason.LIMIT_EXCEEDED,
            f"allows {money(entry.daily_limit_minor)} a day; {money(row.day_spent_minor)} went before, "
            f"this sale asks for {money(amount)}",
        )
    return None


def _count(entry: CardEntry, _purchase: Purchase, row: Card) -> IssuerDecision | None:
    if entry.daily_count is None or row.day_count < entry.daily_count:
        return None
    return IssuerDecision(Reason.COUNT_EXCEEDED, f"allows {plural(entry.daily_count, 'sale')} a day, and has had them")


def _balance(entry: CardEntry, purchase: Purchase, row: Card) -> IssuerDecision | None:
    if entry.balance_minor is None or row.spent_minor + purchase.amount_minor <= entry.balance_minor:
        return None
    return IssuerDecision(
        Reason.FUNDS_INSUFFICIENT,
        f"has {money(entry.balance_minor - row.spent_minor)} left of {money(entry.balance_minor)}; "
        f"this sale asks for {money(purchase.amount_minor)}",
    )


_CHECKS: tuple[Callable[[CardEntry, Purchase, Card], IssuerDecision | None], ...] = (
    _status,
    _expiry,
    _chip,
    _pin,
    _limit,
    _count,
    _balance,
)
