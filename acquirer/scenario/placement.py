"""Values that are put into the fields of replies by name: an element (``rrn``), or a whole field (``de.44``)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache

from acquirer.data.toml import did_you_mean
from acquirer.dialect.definitions import ACCEPTED
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


def missing_in_replies(dialect: Dialect, name: str) -> str:
    """Return why no reply of a dialect has an element or field, as the rest of a sentence; "" when one has."""
    if problem := absent(dialect, name):
        return problem
    de = field_of(dialect, name)
    answers = [answer for route in dialect.routes for answer in (route.reply, route.refusal)] + [dialect.refusal]
    given = {element for answer in answers for element in answer.make} | {"mac", "mac_secondary"}
    places = {dialect.elements[element].de for element in given if element in dialect.elements}
    if de in places or any(de in answer.echo for answer in answers):
        return ""
    services = {route.service for route in dialect.routes}
    of = f" to '{services.pop()}'" if len(services) == 1 else ""
    return f"no reply{of} of {dialect.name} has DE {de}"


def is_declined(codes: Collection[str], dialects: Collection[Dialect]) -> bool:
    """Return whether there are codes, each of which declines in all dialects that have it."""
    kinds = {dialect.codes[code].kind for dialect in dialects for code in codes if code in dialect.codes}
    return bool(kinds) and ACCEPTED not in kinds


def never_acts(problem: str) -> str:
    """Return a sentence about a kind of fault that has nothing to damage."""
    return f"a fault of this kind never acts: {problem.partition(';')[0]}"


@lru_cache(maxsize=64)  # those of one host; each is as large as a dialect
def answering(dialect: Dialect, services: frozenset[str]) -> Dialect:
    """Return a dialect that answers these services alone, where it serves one of them."""
    routes = tuple(route for route in dialect.routes if route.service in services)
    return replace(dialect, routes=routes, refusal=routes[0].refusal) if routes else dialect
