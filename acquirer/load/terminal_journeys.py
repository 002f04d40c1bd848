"""What a terminal does when it comes: programs over the terminal core, which goes on from its state each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from random import Random
from typing import Any, Final, NamedTuple

from acquirer.dialect.dialect import Dialect
from acquirer.signature.pen import draw_signature
from acquirer.terminal.card import CardData, card
from acquirer.terminal.effects import Program
from acquirer.terminal.exchange import ANSWERED, Outcome, Result
from acquirer.terminal.machine import Machine
from acquirer.terminal.order import Order
from acquirer.terminal.reversal import Undo, reverse
from acquirer.terminal.sale import sale
from acquirer.terminal.sign_on import sign_off, sign_on
from acquirer.terminal.signature_pad import Pad

PAN: Final = "6212345678901232"  # a published test card that no shipped table of cards limits
EXPIRY: Final = "3012"
AMOUNT_MINOR: Final = 100
ENTRY: Final = "magstripe"
SIGNATURE_SEED: Final = 7  # any: each host takes any name


class JourneyEnd(NamedTuple):
    """How a journey ended.

    Args:
        answered: all its requests were, so that the terminal has no reason to come again soon.
        refused_service: the service of a transaction that the terminal itself refused: nothing was sent.
    """

    answered: bool
    refused_service: str = ""


JourneyProgram = Program[JourneyEnd]


@dataclass(frozen=True, slots=True)
class TerminalJourney:
    """A journey, and how much of everything there is in it.

    Args:
        name: a name of `JOURNEYS`.
        sales: how many.
        reversals: share of the sales that are reversed by hand afterwards.
        signatures: share of the other sales whose signature is uploaded at once.
        least_minor: the smallest amount of a sale.
        most_minor: the largest.
        cards: names in the table of cards, one of which is drawn for each sale; none: a card of our own.
        entry: how it is read.
        pin: its PIN is keyed in.
    """

    name: str = "sign-on"
    sales: int = 0
    reversals: float = 0.0
    signatures: float = 0.0
    least_minor: int = AMOUNT_MINOR
    most_minor: int = AMOUNT_MINOR
    cards: tuple[str, ...] = ()
    entry: str = ENTRY
    pin: bool = False

    def program(self, machine: Machine, random: Random, cards: Sequence[CardData]) -> JourneyProgram:
        """Return what a terminal does now.

        Args:
            cards: that pay, one or more.
        """
        return JOURNEYS[self.name].program(self, machine, random, cards)

    def order(self, card: CardData, amount_minor: int, at: datetime, pad: Pad | None = None) -> Order:
        """Return a sale."""
        return Order(amount_minor, card, at, self.entry, pad=pad)

    @property
    def services(self) -> tuple[str, ...]:
        """Return what a dialect must have."""
        needed = {"reversal": self.reversals > 0, "signature": self.signatures > 0}
        return (*JOURNEYS[self.name].services, *(service for service, used in needed.items() if used))

    @property
    def most_requests(self) -> int:
        """Return how many requests it has at most, when all are answered, on a terminal that is not signed on."""
        return 2 + 2 * self.sales if self.sales else 1

    def missing(self, dialect: Dialect) -> str:
        """Return what it needs and a dialect does not have; "": it can be done."""
        known = {route.service for route in dialect.routes}
        profile = dialect.terminal_profile
        if profile is None or profile.signature is None:
            known.discard("signature")
        return next((service for service in self.services if service not in known), "")


@dataclass(frozen=True, slots=True)
class JourneyKind:
    """One kind of journey.

    Args:
        services: what a dialect must have for it.
        defaults: what it has where a plan does not say; the names that a plan may say.
    """

    program: Callable[[TerminalJourney, Machine, Random, Sequence[CardData]], JourneyProgram]
    services: tuple[str, ...]
    defaults: Mapping[str, float]

    def journey(self, name: str) -> TerminalJourney:
        """Return it with its defaults."""
        return TerminalJourney(name, **self.defaults)  # type: ignore[arg-type]


def _signs_on(
    _journey: TerminalJourney, machine: Machine, _random: Random, _cards: Sequence[CardData]
) -> JourneyProgram:
    return _end_of((yield from sign_on(machine)))


def _sells(journey: TerminalJourney, machine: Machine, random: Random, cards: Sequence[CardData]) -> JourneyProgram:
    """Make sales; before the first, a terminal signs on if it has not, where its dialect has sign-ons."""
    end = JourneyEnd(answered=True)
    for _ in range(journey.sales):
        undone = random.random() < journey.reversals
        signed = not undone and random.random() < journey.signatures
        amount_minor = random.randint(journey.least_minor, journey.most_minor)
        card_drawn = cards[0] if len(cards) == 1 else random.choice(cards)
        order = journey.order(card_drawn, amount_minor, machine.setup.now(), _pad() if signed else None)
        result = yield from sale(machine, order)
        if result.outcome is Outcome.APPROVED and undone:
            result = yield from reverse(machine, Undo())
        end = _end_of(result)
        if not end.answered:
            break
    return end


def _day(journey: TerminalJourney, machine: Machine, random: Random, cards: Sequence[CardData]) -> JourneyProgram:
    """Sign on, sell, sign off."""
    end = yield from _sells(journey, machine, random, cards)
    return _end_of((yield from sign_off(machine))) if end.answered else end


JOURNEYS: Final[Mapping[str, JourneyKind]] = {
    "sign-on": JourneyKind(_signs_on, ("sign_on",), {}),
    "sale": JourneyKind(_sells, ("sale",), {"sales": 1}),
    "reversal": JourneyKind(_sells, ("sale",), {"sales": 1, "reversals": 0.1}),
    "signature": JourneyKind(_sells, ("sale",), {"sales": 1, "signatures": 1.0}),
    "day": JourneyKind(_day, ("sign_on", "sale", "sign_off"), {"sales": 5, "reversals": 0.1, "signatures": 0.5}),
}
"""By the word that a plan has for them. Before a sale a terminal signs on, if it has not."""


def journey_from_json(name: str, **values: Any) -> TerminalJourney:
    """Return the journey whose fields these are, as JSON has them."""
    return TerminalJourney(name, **{**values, "cards": tuple(values.get("cards", ()))})


def _end_of(result: Result) -> JourneyEnd:
    return JourneyEnd(result.outcome in ANSWERED, result.service if result.outcome is Outcome.REFUSED else "")


OWN_CARD: Final[CardData] = card(PAN, EXPIRY)


@cache
def _pad() -> Pad:
    """Return a signature, drawn once: what counts is that it travels and is checked."""
    return Pad(draw_signature("Ann Example", seed=SIGNATURE_SEED))


def local_now() -> datetime:
    """Return the time, with its zone."""
    return datetime.now().astimezone()
