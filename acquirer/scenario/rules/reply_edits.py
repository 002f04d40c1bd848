"""What a rule changes in a reply that is ready but for its MAC: elements and fields that are set or left out.

The changes are kept among the elements that the books keep of a reply, so that a repeat is given the same one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from acquirer.data.toml import did_you_mean
from acquirer.dialect.dialect import Dialect
from acquirer.matcher.keys import field_place
from acquirer.scenario.rules.rule import Then
from acquirer.wire.message import EncodeError, Value

_SET: Final = "set "
_DROP: Final = "drop "


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
            _put(dialect, fields, name.removeprefix(_SET), str(value))
        elif name.startswith(_DROP) and (de := _field(dialect, name.removeprefix(_DROP))):
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
        advice = "name it as 'code'" if name == "code" else "the MAC is made afterwards; to damage it is a fault's work"
        return f"cannot be changed here: {advice}"
    place = field_place(name)
    if place is not None and place[1]:
        return "is a part of a field; name it as an element, or set the whole field"
    problem = ""
    for dialect in dialects:
        problem = _misplaced(dialect, name, value)
        if not problem:
            return ""
    return problem


def _misplaced(dialect: Dialect, name: str, value: str | None) -> str:
    place = field_place(name)
    if place is None and name not in dialect.elements:
        hint = did_you_mean(name, dialect.elements) or "; name an element, or a field as in de.44"
        return f"{dialect.name} has no element '{name}'{hint}"
    de = _field(dialect, name)
    if de not in dialect.fields or de <= 1:
        return f"{dialect.name} has no field {de}"
    if de in {dialect.elements[one].de for one in ("mac", "mac_secondary") if one in dialect.elements}:
        return "cannot be changed here: the MAC is made afterwards; to damage it is a fault's work"
    if "code" in dialect.elements and de == dialect.elements["code"].de:
        return "cannot be changed here: name it as 'code'"
    if value is None:
        return ""
    fields: dict[int, Value] = {}
    try:
        _put(dialect, fields, name, value)
        dialect.encode("0210" if "0210" in dialect.mtis else sorted(dialect.mtis)[0], fields)
    except EncodeError as exc:
        return f"does not fit {dialect.name}: {exc}"
    return ""


def _field(dialect: Dialect, name: str) -> int:
    place = field_place(name)
    if place is not None:
        return place[0]
    return dialect.elements[name].de if name in dialect.elements else 0


def _put(dialect: Dialect, fields: dict[int, Value], name: str, text: str) -> None:
    de = _field(dialect, name)
    if de not in dialect.fields:
        raise EncodeError("this dialect has no such field", field=de or name)
    whole = field_place(name) is not None
    as_text = not whole and dialect.elements[name].as_text
    value: Value = text
    if dialect.fields[de].kind == "b" and not as_text:
        try:
            value = bytes.fromhex(text)
        except ValueError:
            raise EncodeError("its bytes are written in hex, two digits each", field=de) from None
    if whole:
        fields[de] = value
    else:
        dialect.put(fields, name, value)
