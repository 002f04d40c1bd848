"""The keys that a condition may ask for, and how the values of each are written."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from acquirer.data.toml import did_you_mean
from acquirer.errors import ConfigurationError

KeyKind = Literal["text", "amount", "number", "flag", "pan", "time"]
KnownWhere = Literal["always", "decided", "kept", "counted", "shown", "scenario", "operation", "owed", "booked"]

BETWEEN_NAMES: Final = ", "
"""Between the names of the faults that acted on one exchange, where journal and log show them."""


class Subject(Protocol):
    """What conditions are asked about."""

    def value(self, key: str) -> str | int:
        """Return the value of a key; "" where there is none.

        Amounts are minor units. ``moment`` is the local time as YYYYMMDDhhmmss, which ``since`` and ``until`` look at.
        """


class OneValue:
    """A subject of which every key has the same value."""

    __slots__ = ("_value",)

    def __init__(self, value: str | int) -> None:
        self._value = value

    def value(self, _key: str) -> str | int:
        """Return the value."""
        return self._value


class ConditionError(ConfigurationError, ValueError):
    """A condition that cannot be used.

    Args:
        key: what it is about; "" for a whole text.
        problem: the rest of a sentence that begins with the key.
        place: of a filter, the text from there on; "" where it is not known, or the sentence says it.
    """

    def __init__(self, key: str, problem: str, place: str = "") -> None:
        super().__init__(f"{key}: {problem}" if key else problem)
        self.key, self.problem, self.place = key, problem, place


@dataclass(frozen=True, slots=True)
class ConditionKey:
    """One key.

    Args:
        known: "always"; "decided": from the decision on; "kept": only of exchanges that are over, in the journal;
            "shown": only of an exchange that is being decided, because the journal does not keep it; "counted": only
            in a rule or fault, which counts its own exchanges; "scenario": only in a rule, which belongs to one;
            "operation", "owed", "booked": only in a journey, of what a terminal did, of what it owes, and of the books.
    """

    name: str
    kind: KeyKind
    help: str
    known: KnownWhere = "always"
    several: bool = False


_ALL: Final = (
    ConditionKey("service", "text", "what the message asks for: sale, reversal, sign_on, signature …"),
    ConditionKey("mti", "text", "message type, as in 0200"),
    ConditionKey("tid", "text", "terminal number, 8 characters"),
    ConditionKey("mid", "text", "merchant number, 15 characters"),
    ConditionKey("batch", "text", "batch number"),
    ConditionKey("stan", "text", "number of the transaction at its terminal, 6 digits"),
    ConditionKey("rrn", "text", "reference number that the host gave", "decided"),
    ConditionKey("code", "text", "response code", "decided"),
    ConditionKey("reason", "text", "why, as a symbol: approved, mac_differs, funds_insufficient …", "decided"),
    ConditionKey("amount", "amount", "as in 12.34"),
    ConditionKey("pan", "pan", "card number: whole, or its first 6 and last 4 digits around *"),
    ConditionKey("card", "text", "name in the card table", "shown"),
    ConditionKey("dialect", "text", "as in unionpay-pos"),
    ConditionKey("listener", "text", "address and port that the host was reached at, as in 127.0.0.1:8583", "shown"),
    ConditionKey("peer", "text", "address and port of the terminal's connection"),
    ConditionKey("since", "time", "not before this time of day (08:00), or this moment (2026-01-02T08:00)"),
    ConditionKey("until", "time", "before this time of day (18:00), or this moment; earlier than since: over midnight"),
    ConditionKey("state", "text", "the state of the rule's scenario, as its key `state` says it too", "scenario"),
    ConditionKey("nth", "number", "which of the exchanges that fit everything else, from 1", "counted"),
    ConditionKey("replayed", "flag", "whether a stored reply was given again: true or false", "kept"),
    ConditionKey(
        "delivery", "text", "what became of the reply: pending, sent, withheld, undelivered, elsewhere", "kept"
    ),
    ConditionKey("fault", "text", "name of the fault that acted, or of one of them", "kept", several=True),
    ConditionKey("rule", "text", "name of the rule that decided", "kept"),
    ConditionKey("generation", "number", "which set of rules and faults was in force", "kept"),
    ConditionKey(
        "operator",
        "text",
        "whom the message names, else, of a terminal that lists operators, who had signed on",
        "kept",
    ),
    ConditionKey(
        "compared", "text", "by a relay with --compare, the reply beside ours: same, differs, not-compared", "kept"
    ),
    ConditionKey("id", "number", "number in the journal", "kept"),
    ConditionKey("mark", "text", "what people marked it with", "kept"),
    ConditionKey("comment", "text", "what people said of it, as in ~refund", "kept"),
    ConditionKey("why", "text", "the sentence that says why", "decided"),
    ConditionKey(
        "outcome",
        "text",
        "how it ended: approved, declined, no-answer, mac-differs, malformed, keys-differ, not-sent, refused, done, "
        "power-cut",
        "operation",
    ),
    ConditionKey(
        "text",
        "text",
        "what the terminal's display says of the response code, in Chinese where the dialect has it",
        "operation",
    ),
    ConditionKey("meaning", "text", "what the response code means, in English", "operation"),
    ConditionKey("detail", "text", "why the outcome is what it is, where no response code says it", "operation"),
    ConditionKey("sent", "text", "the services of all messages that were sent, in order: sign_on sale", "operation"),
    ConditionKey("reversal", "text", "done, or owed; absent where nothing had to be reversed", "operation"),
    ConditionKey(
        "signature", "text", "uploaded, kept, failed, paper, sign-again, unsigned; absent without one", "operation"
    ),
    ConditionKey("slips", "number", "how many slips were printed to be signed on paper", "operation"),
    ConditionKey("printed", "number", "how many copies of slips its printer has printed whole", "operation"),
    ConditionKey("printer", "text", "what its printer had: no-paper, jam; absent where it printed", "operation"),
    ConditionKey("receipt", "flag", "whether there is a receipt: true or false", "operation"),
    ConditionKey("balance", "amount", "of the card, as in 12.34", "operation"),
    ConditionKey("reversal_of", "text", "STAN of the transaction whose reversal is owed", "owed"),
    ConditionKey("tries", "number", "how often that reversal was tried", "owed"),
    ConditionKey("refund_of", "text", "STAN of the refund that got no answer, and is to be sent again", "owed"),
    ConditionKey("slip_of", "text", "STAN of the slip that is still to be printed; settlement: that of one", "owed"),
    ConditionKey("signatures", "number", "how many signatures wait for their upload", "owed"),
    ConditionKey("uploads", "number", "how many transactions made without the host wait for their upload", "owed"),
    ConditionKey("refunded", "amount", "how much of a sale was given back, as in 12.34", "booked"),
)

KEYS: Final[Mapping[str, ConditionKey]] = {key.name: key for key in _ALL}

FIELD_HELP: Final = "a field of the request as it is shown, as in de.22; a part of one, as in de.60.3, by position"

_FIELD: Final = re.compile(r"de\.([1-9][0-9]{0,2})(?:\.([1-9][0-9]?))?")
_LAST_FIELD: Final = 128


def names(known: Collection[KnownWhere]) -> tuple[str, ...]:
    """Return the names of the keys that are known there, in the order in which they are described."""
    return tuple(key.name for key in _ALL if key.known in known)


RULE_KEYS: Final = names(("always", "decided", "shown", "counted", "scenario"))
"""What a rule may ask for: the request, and the decision that it is about to change."""

FAULT_KEYS: Final = names(("always", "decided", "shown", "counted"))
"""What a fault may ask for: the request, and the decision that was made."""

REQUEST_KEYS: Final = names(("always", "shown", "counted"))
"""What is known before anything is decided."""

JOURNAL_KEYS: Final = names(("always", "decided", "kept"))

_OPERATION: Final[tuple[KnownWhere, ...]] = ("operation",)
_OWED: Final[tuple[KnownWhere, ...]] = ("owed",)
_BOOKED: Final[tuple[KnownWhere, ...]] = ("booked",)

OPERATION_KEYS: Final[tuple[str, ...]] = ("code", "stan", "rrn", *names(_OPERATION))
"""What a journey may ask of a terminal's operation; fields are those of the reply."""

OWED_KEYS: Final[tuple[str, ...]] = names(_OWED)
"""What a journey may ask of what a terminal owes."""

BOOKED_KEYS: Final[tuple[str, ...]] = (
    "state",
    "service",
    "stan",
    "batch",
    "rrn",
    "code",
    "reason",
    "amount",
    "pan",
    *names(_BOOKED),
)
"""What a journey may ask of a transaction in the host's books."""

_ELSEWHERE: Final[Mapping[KnownWhere, str]] = {
    "decided": "is known only once the request is decided",
    "kept": "is known only once the exchange is over",
    "shown": "is not kept in the journal",
    "counted": "is counted by a rule or a fault, which this is not",
    "scenario": "belongs to the scenario of a rule, which this is not",
    "operation": "is known only of an operation, in the 'expect' of a journey",
    "owed": "is known only of what a terminal owes, in the 'owed' of a journey",
    "booked": "is known only of the books, in the 'books' of a journey",
}


def find_key(name: str, known: Collection[str]) -> ConditionKey:
    """Return the key of this name.

    Args:
        known: the names that may be asked for here; fields of the request always may.

    Raises:
        ConditionError: there is none, or it is not known here.
    """
    if field := _FIELD.fullmatch(name):
        if int(field[1]) > _LAST_FIELD:
            raise ConditionError(name, f"there is no such field; the last one is de.{_LAST_FIELD}")
        return ConditionKey(name, "text", FIELD_HELP)
    key = KEYS.get(name)
    if key is None:
        hint = did_you_mean(name, known) or f"; known keys: {', '.join(known)}, de.N"
        raise ConditionError(name, f"unknown key{hint}")
    if name not in known:
        raise ConditionError(name, f"{_ELSEWHERE.get(key.known, 'cannot be used here')}; take it out")
    return key


def field_place(name: str) -> tuple[int, int] | None:
    """Return the field and the number of its part (0: whole) that a key names; None for any other key.

    >>> field_place("de.60.3"), field_place("de.22"), field_place("tid")
    ((60, 3), (22, 0), None)
    """
    found = _FIELD.fullmatch(name)
    return None if found is None else (int(found[1]), int(found[2] or 0))
