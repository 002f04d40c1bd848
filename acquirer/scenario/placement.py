"""Values that are put into the fields of replies by name: an element (``rrn``), or a whole field (``de.44``)."""

from __future__ import annotations

from acquirer.data.toml import did_you_mean
from acquirer.dialect.dialect import Dialect
from acquirer.matcher.keys import field_place
from acquirer.wire.message import EncodeError, Value


def field_of(dialect: Dialect, name: str) -> int:
    """Return the number of the field that a name stands for; 0 when the dialect has no such element."""
    place = field_place(name)
    if place is not None:
        return place[0]
    return dialect.elements[name].de if name in dialect.elements else 0


def put(dialect: Dialect, fields: dict[int, Value], name: str, text: str) -> None:
    """Write a value into fields; bytes are given in hex.

    Raises:
        EncodeError: it does not fit its place.
    """
    de = field_of(dialect, name)
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


def absent(dialect: Dialect, name: str) -> str:
    """Return why messages of a dialect cannot have an element or field, as the rest of a sentence; "" when they can."""
    if field_place(name) is None and name not in dialect.elements:
        hint = did_you_mean(name, dialect.elements) or "; name an element, or a field as in de.44"
        return f"{dialect.name} has no element '{name}'{hint}"
    de = field_of(dialect, name)
    if de not in dialect.fields or de <= 1:
        return f"{dialect.name} has no field {de}; 'acquirer dialect show {dialect.name}' lists them"
    return ""


def unfit(dialect: Dialect, name: str, value: str) -> str:
    """Return why an element or field cannot have a value, as the rest of a sentence; "" when it can."""
    if problem := absent(dialect, name):
        return problem
    fields: dict[int, Value] = {}
    try:
        put(dialect, fields, name, value)
        dialect.encode("0210" if "0210" in dialect.mtis else sorted(dialect.mtis)[0], fields)
    except EncodeError as exc:
        return f"does not fit {dialect.name}: {exc}"
    return ""
