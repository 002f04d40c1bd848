"""What a rule changes in a reply that is ready but for its MAC: elements and fields that are set or left out.

The changes are kept among the elements that the books keep of a reply, so that a repeat is given the same one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.matcher.keys import field_place
from acquirer.scenario.placement import absent, field_of, missing_in_replies, put, unfit
from acquirer.scenario.rules.rule import Then
from acquirer.wire.message import Value

_SET: Final = "set "
_DROP: Final = "drop "

_NOT_THE_CODE: Final = 'cannot be changed here: it is chosen beside this, as in then = { code = "51" }'
_NOT_THE_MAC: Final = "cannot be changed here: the MAC is made afterwards; the fault wrong_mac damages it"


def edits_of(then: Then) -> dict[str, str]:
    """Return what a rule changes as elements of a reply, which no plan of a reply knows."""
    return {f"{_SET}{name}": value for name, value in then.set.items()} | {f"{_DROP}{name}": "" for name in then.drop}


def edit(dialect: Dialect, fields: dict[int, Value], elements: Mapping[str, Value]) -> None:
    """Change the fields of a reply as its elements say.

    Raises:
        EncodeError: a value does not fit its place.
    """
    for name, value in elements.items():
        if name.startswith(_SET):
            put(dialect, fields, name.removeprefix(_SET), str(value))
        elif name.startswith(_DROP) and (de := field_of(dialect, name.removeprefix(_DROP))):
            fields.pop(de, None)


def fits(then: Then, dialect: Dialect) -> bool:
    """Return whether a rule can act in a dialect: it has the codes, elements and fields that the rule names."""
    edits = (*then.set.items(), *((name, None) for name in then.drop))
    return all(code in dialect.codes for code in then.codes) and not any(
        _misplaced(dialect, name, value) for name, value in edits
    )


def misplaced(name: str, value: str | None, dialects: Collection[Dialect]) -> str:
    """Return why an element or field cannot be set to a value, or (None) be dropped; "" when it can."""
    if name in ("code", "mac", "mac_secondary"):
        return _NOT_THE_CODE if name == "code" else _NOT_THE_MAC
    place = field_place(name)
    if place is not None and place[1]:
        return "is a part of a field; name it as an element, or set the whole field"
    problem = ""
    for dialect in dialects:
        problem = _misplaced(dialect, name, value) or (missing_in_replies(dialect, name) if value is None else "")
        if not problem:
            return ""
    return problem


def _misplaced(dialect: Dialect, name: str, value: str | None) -> str:
    if problem := absent(dialect, name):
        return problem
    de = field_of(dialect, name)
    if de in dialect.mac_des:
        return _NOT_THE_MAC
    if "code" in dialect.elements and de == dialect.elements["code"].de:
        return _NOT_THE_CODE
    return "" if value is None else unfit(dialect, name, value)
