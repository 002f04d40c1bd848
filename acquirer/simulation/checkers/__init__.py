"""What must hold of every run: each a function of its history alone, with the name under which a failure is reported.

A checker yields a sentence for each violation, and knows nothing of how the run came about. What the trade allows is
said by `ledger.TradeLedger`, which shares no code with the host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from acquirer.simulation.checkers import books, cards, commits, keys, numbers, signatures
from acquirer.simulation.history import History

Checker = Callable[[History], Iterable[str]]
"""Yields a sentence for each thing that does not hold."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must hold and does not."""

    checker: str
    sentence: str


CHECKERS: Final[dict[str, Checker]] = {
    "books agree": books.books_agree,
    "books follow the rules": books.books_follow_the_rules,
    "booked at most once": commits.booked_at_most_once,
    "a reversal takes effect once": commits.reversal_takes_effect_once,
    "what is answered is remembered": commits.answers_are_remembered,
    "decided on what is there": commits.decided_on_what_is_there,
    "no RRN twice": numbers.no_rrn_twice,
    "no STAN twice": numbers.no_stan_twice,
    "no key serial number twice": numbers.no_key_serial_number_twice,
    "MACs verify": keys.macs_verify,
    "keys in flight are honoured": keys.keys_in_flight_are_honoured,
    "signatures belong to their sales": signatures.signatures_belong_to_their_sales,
    "no signature is lost": signatures.no_signature_is_lost,
    "no card overdrawn": cards.no_card_overdrawn,
    "only listed operators": books.only_listed_operators,
}
"""Every checker by its name, beside `same_bytes`, which compares two runs."""

SAME_BYTES: Final = "same seed, same bytes"


def checker_sentences() -> dict[str, str]:
    """Return what each checker asks for, by its name."""
    sentences = {name: (checker.__doc__ or "").partition("\n")[0] for name, checker in CHECKERS.items()}
    return sentences | {SAME_BYTES: "Two runs of one plan send the same bytes at the same times."}


def check_history(history: History) -> Iterator[Violation]:
    """Yield all that does not hold of a run."""
    for name, checker in CHECKERS.items():
        for sentence in checker(history):
            yield Violation(name, sentence)


def same_bytes(first: History, second: History) -> Iterator[Violation]:
    """Yield a violation where two runs of one plan differ in a byte, or in its time."""
    if first.digest == second.digest:
        return
    for name in ("sent", "arrived", "replied", "received"):
        before, after = getattr(first, name), getattr(second, name)
        for number, (one, other) in enumerate(zip(before, after, strict=False), 1):
            frames = getattr(one, "frame", b""), getattr(other, "frame", b"")
            if one.at_us != other.at_us or frames[0] != frames[1]:
                yield Violation(SAME_BYTES, f"message {number} of those that were {name} differs between two runs")
                break
        else:
            if len(before) != len(after):
                yield Violation(SAME_BYTES, f"{len(before)} messages were {name}, {len(after)} in the second run")
