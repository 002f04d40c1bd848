"""What people do at a terminal: every kind of transaction, each with what is chosen about it.

A choice is made before it is known what the terminal keeps by then: `TransactionChoice.some` picks among what is there,
and where there is nothing to follow, what it would have followed is made instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol

from acquirer.host.kinds import KINDS
from acquirer.signature.bitmap import Bitmap
from acquirer.signature.pen import draw_signature
from acquirer.terminal.kept_transactions import Sold
from acquirer.terminal.state import State

CARDS: Final = {"standard": "621234******1232", "visa": "411111******1111", "balance": "620000******0005"}
"""One of neither, one of another organisation, and one whose balance is counted; by name, as they are shown."""

COUNTED_MINOR: Final = 100_000
"""What the one whose balance is counted has in all, as ``specs/cards.toml`` says."""

PLAIN: Final = ("standard", "visa")
SUPERVISOR, ADMINISTRATOR = "9000", "9900"
"""Passwords of those whom every terminal has; here they are set so."""

CASHIERS: Final = {"01": "1111", "02": "2222", "03": "3333"}
"""Who uses a terminal that has operators, and their passwords."""

LISTED: Final = ("01", "02")
"""Of these, those whom the host knows."""

HOLDER: Final = {"cvn2": "123", "id": "123456", "mobile": "13800000000"}

draw_once = lru_cache(maxsize=1_024)(draw_signature)  # a pen takes six milliseconds, and a seed is run again


@dataclass(frozen=True, slots=True)
class TransactionChoice:
    """What is chosen of one transaction."""

    amount: int = 1000  # minor units
    card: str = "standard"
    entry: str = "chip"
    some: int = 0  # which of those that it may follow
    percent: int = 100  # of that one's amount
    signs: bool = False
    supervisor: str = SUPERVISOR  # the password that is entered
    hand: int = 1  # whose signature it is: the pen's seed

    @property
    def sign(self) -> Bitmap | None:
        """What the cardholder leaves on the pad."""
        return draw_once("Li", self.hand) if self.signs else None

    @property
    def plain(self) -> str:
        """A card whose balance is not counted: electronic cash is no account of it."""
        return self.card if self.card in PLAIN else PLAIN[0]

    def share(self, amount: int) -> int:
        """Return so many per cent of an amount."""
        return max(1, amount * self.percent // 100)


class UsedTerminal(Protocol):
    """A terminal as people use it."""

    @property
    def state(self) -> State:
        """What it remembers."""

    def try_it(self, operation: str, *words: object, **options: object) -> object:
        """Begin an operation of `app.terminal_operations`; what keeps it from being done is no error."""


UseTerminal = Callable[[UsedTerminal, TransactionChoice], object]
"""Makes a transaction."""


def _sale(kind: str, **details: str) -> UseTerminal:
    def sell(terminal: UsedTerminal, choice: TransactionChoice) -> object:
        return terminal.try_it(
            "sale", choice.amount, choice.card, entry=choice.entry, kind=kind, details=details, sign=choice.sign
        )

    return sell


def pick_sold(terminal: UsedTerminal, kind: str, choice: TransactionChoice) -> Sold | None:
    """Return one of the transactions that the terminal keeps, which one of this kind may follow; None without one."""
    kept = [one for one in terminal.state.sales if one.service in KINDS[kind].of]
    return kept[choice.some % len(kept)] if kept else None


def refund_elsewhere(terminal: UsedTerminal, sold: Sold, choice: TransactionChoice) -> object:
    """Refund what another terminal has sold."""
    return terminal.try_it(
        "refund", choice.share(sold.amount_minor), rrn=sold.original.rrn, date=sold.original.date,
        card=_card_of(sold), supervisor=choice.supervisor,
    )  # fmt: skip


def complete_elsewhere(terminal: UsedTerminal, held: Sold, choice: TransactionChoice, *, advice: bool) -> object:
    """Complete what another terminal holds."""
    return terminal.try_it(
        "complete", choice.share(held.amount_minor), advice=advice,
        auth_id=held.original.auth_id, date=held.original.date, card=_card_of(held),
    )  # fmt: skip


def _card_of(sold: Sold) -> str:
    return next(name for name, masked in CARDS.items() if masked[-4:] == sold.pan[-4:])


_Words = tuple[tuple[object, ...], dict[str, object]]


def _follow(operation: str, kind: str, how: Callable[[Sold, TransactionChoice], _Words]) -> UseTerminal:
    """Return what does this to a transaction that the terminal keeps; without one, it is made."""

    def follow(terminal: UsedTerminal, choice: TransactionChoice) -> object:
        sold = pick_sold(terminal, kind, choice)
        if sold is None:
            return TRANSACTIONS[KINDS[kind].of[choice.some % len(KINDS[kind].of)]](terminal, choice)
        words, options = how(sold, choice)
        return terminal.try_it(operation, *words, stan=sold.original.stan, batch=sold.original.within, **options)

    return follow


def _void(kind: str) -> UseTerminal:
    return _follow("void", kind, lambda _, choice: ((), {"supervisor": choice.supervisor, "sign": choice.sign}))


def _refund(kind: str) -> UseTerminal:
    def how(sold: Sold, choice: TransactionChoice) -> _Words:
        return (choice.share(sold.amount_minor),), {"supervisor": choice.supervisor, "sign": choice.sign}

    return _follow("refund", kind, how)


def _complete(kind: str, *, advice: bool = False) -> UseTerminal:
    def how(sold: Sold, choice: TransactionChoice) -> _Words:
        return (choice.share(sold.amount_minor),), {"advice": advice, "sign": choice.sign}

    return _follow("complete", kind, how)


def _adjust(operation: str, kind: str, *, signs: bool = False) -> UseTerminal:
    def how(sold: Sold, choice: TransactionChoice) -> _Words:
        return (choice.share(sold.amount_minor),), {"sign": choice.sign} if signs else {}

    return _follow(operation, kind, how)


def _load(source: str) -> UseTerminal:
    def load_chip(terminal: UsedTerminal, choice: TransactionChoice) -> object:
        paid_by = "balance" if source == "other" else None
        card = "standard" if source == "other" else choice.card
        return terminal.try_it("load_chip", choice.amount, card, source=source, paid_by=paid_by)

    return load_chip


def _pre_auth(**options: Any) -> UseTerminal:
    def hold(terminal: UsedTerminal, choice: TransactionChoice) -> object:
        return terminal.try_it(
            "pre_auth", choice.amount, choice.card, sign=choice.sign, **{"entry": choice.entry, **options}
        )

    return hold


TRANSACTIONS: Final[Mapping[str, UseTerminal]] = {
    "sale": _sale(""),
    "void": _void("void"),
    "refund": _refund("refund"),
    "balance": lambda terminal, choice: terminal.try_it("balance", choice.card),
    "pre_auth": _pre_auth(),
    "pre_auth_top_up": _adjust("top_up", "pre_auth_top_up", signs=True),
    "pre_auth_void": _void("pre_auth_void"),
    "completion": _complete("completion"),
    "completion_advice": _complete("completion_advice", advice=True),
    "completion_void": _void("completion_void"),
    "offline_sale": lambda terminal, choice: terminal.try_it(
        "offline_sale", choice.amount, choice.card, sign=choice.sign
    ),
    "settlement_adjustment": _adjust("adjust", "settlement_adjustment"),
    "tip_adjustment": _adjust("tip", "tip_adjustment"),
    "ecash_sale": lambda terminal, choice: terminal.try_it("ecash_sale", choice.amount, choice.plain),
    "ecash_refund": _refund("ecash_refund"),
    "instalment_sale": _sale("instalment", periods="12", project="000123"),
    "instalment_void": _void("instalment_void"),
    "points_balance": lambda terminal, choice: terminal.try_it("balance", choice.card, points=True),
    "points_sale": _sale("points", goods="ABC01"),
    "points_void": _void("points_void"),
    "points_refund": _refund("points_refund"),
    "moto_sale": _sale("moto", **HOLDER),
    "moto_void": _void("moto_void"),
    "moto_refund": _refund("moto_refund"),
    "moto_pre_auth": _pre_auth(moto=True, details=HOLDER, entry="manual"),
    "moto_pre_auth_void": _void("moto_pre_auth_void"),
    "moto_completion": _complete("moto_completion"),
    "moto_completion_advice": _complete("moto_completion_advice", advice=True),
    "moto_completion_void": _void("moto_completion_void"),
    "cardholder_verification": lambda terminal, choice: terminal.try_it("verify_holder", choice.card, details=HOLDER),
    "reservation_sale": _sale("reservation", mobile="13800000000", number="123456"),
    "reservation_void": _void("reservation_void"),
    "recurring_sale": _sale("recurring"),
    "recurring_void": _void("recurring_void"),
    "qr_sale": _sale("qr", code="6220000000000000000"),
    "qr_void": _void("qr_void"),
    "qr_refund": _refund("qr_refund"),
    "account_load": _load("account"),
    "cash_load": _load("cash"),
    "other_account_load": _load("other"),
    "cash_load_void": _void("cash_load_void"),
    "script_result": _load("account"),  # the terminal reports by itself how the script of a load went
}
"""What makes a transaction of each kind, or one that another is tied to."""
