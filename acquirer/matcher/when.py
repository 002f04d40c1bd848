"""Conditions written as a table: ``when = { service = "sale", amount = ">10.00", code = ["51", "61"] }``.

All keys must hold. A value is a text with an operator in front (`OPERATORS`), or a list of which one must hold; a list
of values with ``!`` asks for none of them. Whole numbers, amounts and truth values may be written without quotes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date, time
from typing import Any as AnyValue
from typing import Final

from acquirer.data.text import plural
from acquirer.matcher.expression import (
    Atom,
    Expression,
    Not,
    cents_of,
    conjunction,
    disjunction,
    negation,
    regular_expression,
)
from acquirer.matcher.keys import ConditionError, ConditionKey, find_key
from acquirer.matcher.search_cost import MOST_COST, search_cost
from acquirer.wire.card_numbers import PAN_DIGITS
from acquirer.wire.masking import mask_pan

OPERATORS: Final = (
    ("00", "equal"),
    ("!00", "not; stands before any of the others too"),
    ("T00*", "like this, where * stands for any characters"),
    ("~^T0[0-9]", "a regular expression finds something"),
    ('""', "absent or empty"),
    ("?", "present"),
    (">10.00", "above; also >=, < and <=: by size, of amounts and of digits"),
    ("10.00..20.00", "from … to …, both included"),
    ("*.66", "an amount with these cents"),
    ('["51", "61"]', "one of a list; of values with ! none of them"),
    ("=>1", "literally: what follows the = is no operator"),
)
"""How a value is written, and what that means."""

_SIZE: Final = re.compile(r"(>=|<=|>|<)\s*(.*)", re.DOTALL)
_AMOUNT: Final = re.compile(r"[0-9]{1,10}(\.[0-9]{1,2})?")
_AMOUNT_SHOWN: Final = re.compile(r"[0-9*]*(\*[0-9]*|\.([0-9]{2}|[0-9]?\*+[0-9]?|\*[0-9]{1,2}|[0-9]{1,2}\*))")
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_MOMENT: Final = re.compile(
    r"(?:([0-9]{4})-([01][0-9])-([0-3][0-9]))?[T ]?(?:([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?)?"
)
_PAN_SHOWN: Final = re.compile(r"[0-9]{0,6}\**[0-9]{0,4}")


def from_mapping(conditions: Mapping[str, AnyValue], known: Collection[str]) -> Expression:
    """Return the expression of a table.

    >>> from acquirer.matcher.keys import JOURNAL_KEYS
    >>> from_mapping({"service": "sale", "code": "!00"}, JOURNAL_KEYS)
    All(parts=(Atom(key='service', operator='equal', operand='sale', high=''), \
Not(part=Atom(key='code', operator='equal', operand='00', high=''))))

    Args:
        known: the keys that may be asked for.

    Raises:
        ConditionError: with the key that cannot be used.
    """
    return conjunction(_condition(find_key(name, known), value) for name, value in flattened(conditions))


def flattened(values: Mapping[str, AnyValue]) -> Iterator[tuple[str, AnyValue]]:
    """Yield keys and values; of a field without quotes, ``de.60.3``, TOML makes tables inside each other."""
    for key, value in values.items():
        if key == "de" and isinstance(value, dict):
            for number, inner in value.items():
                if isinstance(inner, dict):
                    yield from ((f"de.{number}.{part}", one) for part, one in inner.items())
                else:
                    yield f"de.{number}", inner
        else:
            yield key, value


def from_value(key: ConditionKey, text: str) -> Expression:
    """Return the expression of one key and its value, operator included. Raises ConditionError."""
    if text.startswith("!"):
        return negation(from_value(key, text[1:]))
    if key.kind == "time":
        return Atom(key.name, "equal", _moment(key, text))
    if text == "":
        return Atom(key.name, "absent")
    if text == "?":
        return Atom(key.name, "present")
    if text.startswith("="):
        return Atom(key.name, "equal", _plain(key, text[1:]))
    if text.startswith("~"):
        return Atom(key.name, "regex", _regex(key, text[1:]))
    if found := _SIZE.fullmatch(text):
        return Atom(key.name, found[1], _sized(key, found[2]))  # type: ignore[arg-type]  # one of the four
    if ".." in text and (found := re.fullmatch(r"([^.]+(?:\.[0-9]+)?)\.\.(.*)", text)):
        return _range(key, found[1], found[2])
    if "*" in text and key.kind != "flag":
        return Atom(key.name, "glob", _globbed(key, text))
    return Atom(key.name, "equal", _plain(key, text))


def written(atom: Atom) -> str:
    """Return the value of an atom as a table writes it.

    >>> written(Atom("amount", ">", "10.00")), written(Atom("peer", "equal", ">1"))
    ('>10.00', '=>1')
    """
    if atom.operator == "equal":
        text = atom.operand
        if atom.key in ("since", "until"):
            return _written_moment(text)
        return f"={text}" if _is_special(text) else text
    prefixes = {"glob": "", "regex": "~", "present": "?", "absent": ""}
    if atom.operator == "range":
        return f"{atom.operand}..{atom.high}"
    return prefixes.get(atom.operator, atom.operator) + atom.operand


def _condition(key: ConditionKey, value: AnyValue) -> Expression:
    if isinstance(value, list | tuple):
        return _alternatives(key, value)
    return from_value(key, _as_text(key, value))


def _alternatives(key: ConditionKey, values: list[AnyValue] | tuple[AnyValue, ...]) -> Expression:
    if not values:
        raise ConditionError(key.name, "is an empty list, which nothing fits; name at least one value")
    found = [from_value(key, _as_text(key, value)) for value in values]
    negated = [isinstance(one, Not) for one in found]
    if all(negated):
        return conjunction(found)
    if any(negated):
        raise ConditionError(key.name, "mixes values with ! and without in one list; write one kind only")
    return disjunction(found)


def _as_text(key: ConditionKey, value: AnyValue) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, date | time) and key.kind == "time":
        return value.isoformat()
    if isinstance(value, bool) and key.kind == "flag":
        return str(value).lower()
    if isinstance(value, int) and not isinstance(value, bool) and key.kind in ("amount", "number"):
        return str(value)
    if isinstance(value, float) and key.kind == "amount":
        return f"{value:.2f}" if round(value, 2) == value else str(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ConditionError(key.name, f'write the value in quotes, as in "{value}": zeros in front count')
    raise ConditionError(key.name, 'is neither a text nor a list of texts; write it like "00" or ["51", "61"]')


def _plain(key: ConditionKey, text: str) -> str:
    if key.kind == "flag":
        if text not in ("true", "false"):
            raise ConditionError(key.name, f"'{text}' is neither true nor false")
        return text
    if key.kind == "pan" and text.isdecimal():
        if len(text) not in PAN_DIGITS:
            problem = f"has {plural(len(text), 'digit')}, a card number {PAN_DIGITS[0]} to {PAN_DIGITS[-1]}"
            raise ConditionError(key.name, f"{problem}: it can never match; write * for those left out")
        return mask_pan(text)
    if key.kind == "pan":
        return _shown_digits(key, text)
    return text if key.kind == "text" else _sized(key, text)


def _sized(key: ConditionKey, text: str) -> str:
    if key.kind in ("flag", "pan"):
        raise ConditionError(key.name, "has no size; compare it with = or *")
    if key.kind == "amount":
        if not _AMOUNT.fullmatch(text):
            raise ConditionError(key.name, f"'{text}' is not an amount; write it like 12.34")
        cents = cents_of(text)
        return f"{cents // 100}.{cents % 100:02}"
    if not _NUMBER.fullmatch(text):
        digits = "write it in digits" if key.kind == "number" else "only digits have a size"
        raise ConditionError(key.name, f"'{text}' is not a number; {digits}")
    return text


def _range(key: ConditionKey, low: str, high: str) -> Expression:
    if key.kind == "text" and not (_NUMBER.fullmatch(low) and _NUMBER.fullmatch(high)):
        return Atom(key.name, "equal", f"{low}..{high}")
    low, high = _sized(key, low), _sized(key, high)
    if (cents_of(low) > cents_of(high)) if key.kind == "amount" else (int(low) > int(high)):
        raise ConditionError(key.name, f"'{low}..{high}' ends before it begins; write the smaller value first")
    return Atom(key.name, "range", low, high)


def _globbed(key: ConditionKey, text: str) -> str:
    if key.kind == "pan":
        _shown_digits(key, text)
    if key.kind == "number":
        raise ConditionError(key.name, f"'{text}' is not a number; only digits have a size")
    if key.kind == "amount" and not _AMOUNT_SHOWN.fullmatch(text):
        raise ConditionError(
            key.name, f"'{text}' is like no amount, which has two decimals; write it like *.66 or 12.*"
        )
    return re.sub(r"\*+", "*", text)


def _shown_digits(key: ConditionKey, text: str) -> str:
    if not _PAN_SHOWN.fullmatch(text):
        problem = f"'{text}' asks for digits that are never shown; write a whole number, or at most 6 digits * 4 digits"
        raise ConditionError(key.name, problem)
    return text


def _regex(key: ConditionKey, pattern: str) -> str:
    if key.kind == "flag":
        raise ConditionError(key.name, "is true or false; no regular expression is needed")
    try:
        regular_expression(pattern)
        cost = search_cost(pattern)
    except (re.error, OverflowError, RecursionError) as exc:
        raise ConditionError(key.name, f"'{pattern}' is not a regular expression: {exc}") from None
    if cost > MOST_COST:
        problem = f"'{pattern}' may take too long to search: use fewer of * + ? {{ }} |, and none inside a repeat"
        raise ConditionError(key.name, problem)
    return pattern


def _moment(key: ConditionKey, text: str) -> str:
    found = _MOMENT.fullmatch(text)
    if not text or found is None or not (found[1] or found[4]):
        problem = f"'{text}' is not a time; write it like 08:00, 2026-01-02 or 2026-01-02T08:00:00"
        raise ConditionError(key.name, problem)
    day, clock = found.group(1, 2, 3), found.group(4, 5, 6)
    if found[1] and not _is_day(*map(int, day)):
        raise ConditionError(key.name, f"'{text}' names a day that is in no calendar")
    return "".join(part or "" for part in day) + "".join(part or "00" for part in clock)


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _written_moment(text: str) -> str:
    day, time = text[:-6], text[-6:]
    clock = f"{time[:2]}:{time[2:4]}:{time[4:]}"
    return f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock}" if day else clock


def _is_special(text: str) -> bool:
    return text in ("", "?") or text[0] in "!~<>=" or "*" in text or ".." in text
