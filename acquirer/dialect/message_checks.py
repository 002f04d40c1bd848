"""Problems in the messages of a dialect.

Replies that do not say how they went, or that no host could write; MACs that are promised and not made, or would cover
themselves; values that no field can hold.

A host with such a dialect would refuse or garble its own messages, so it does not start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import combinations
from typing import Final

from acquirer.data.toml import DataError, KeyPath
from acquirer.dialect.clock import CLOCK, clock_forms, size_of
from acquirer.dialect.definitions import ReplySpec, Route
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.plans import ElementValues, ReplyPlan
from acquirer.wire.grammar import FieldSpec, Locator
from acquirer.wire.message import EncodeError, Value

MAC_ELEMENTS = ("mac", "mac_secondary")
TELLING: Final = frozenset({"code", "settlement"})
"""Elements by which a reply says how it went."""


def check_replies(dialect: Dialect) -> Iterator[DataError]:
    """Yield served requests without a reply, and replies that do not say how it went."""
    for route in _served(dialect):
        if not route.reply.echo and not route.reply.make:
            problem = 'has no reply; say what it echoes and makes: reply = { echo = [11, 41], make = ["code"] }'
            yield dialect.error(route.path, problem)
            continue
        for key, answer in (("reply", route.reply), ("refusal", route.refusal)):
            if "code" in dialect.elements and not TELLING & set(answer.make):
                yield dialect.error((*route.path, key), "makes no 'code': a terminal cannot tell how it went")


def check_macs(dialect: Dialect) -> Iterator[DataError]:
    """Yield MACs without a field of their size, or without what they leave out, and routes that disagree about them."""
    security, elements = dialect.security, dialect.elements
    for name in MAC_ELEMENTS:
        at = elements.get(name)
        field = dialect.fields[at.de] if at else None
        if field and (field.kind != "b" or field.length_bytes or field.maximum != security.mac_bytes):
            problem = f"a MAC has {security.mac_bytes} bytes, and DE {field.de} has format {field.format}"
            yield dialect.error(("elements", name), problem)
    if "mac_secondary" in elements and "mac" not in elements:
        problem = "is where the MAC of a message with two bitmaps stands; name the other place as element 'mac'"
        yield dialect.error(("elements", "mac_secondary"), problem)
    if "mac" in elements:
        yield from _coverage(dialect)
    for route in _served(dialect):
        yield from _route_macs(dialect, route)


def _coverage(dialect: Dialect) -> Iterator[DataError]:
    path: KeyPath = ("security", "coverage")
    if dialect.security.coverage == "head-to-mac" and not dialect.envelope.tpdu:
        yield dialect.error(path, "head-to-mac leaves out a TPDU, and this dialect has none")
    if dialect.security.coverage == "bitmap-to-mac" and dialect.grammar.mti_bytes != 2:
        problem = f"bitmap-to-mac leaves out 2 bytes of MTI, and here it has {dialect.grammar.mti_bytes}"
        yield dialect.error(path, problem)


def _route_macs(dialect: Dialect, route: Route) -> Iterator[DataError]:
    promised = route.mac_reply != "never"
    in_reply = any(name in route.reply.make for name in MAC_ELEMENTS)
    if route.mac_request and "mac" not in dialect.elements:
        yield dialect.error((*route.path, "mac"), "there is no element 'mac'")
        return
    if promised and not in_reply:
        yield dialect.error((*route.path, "mac"), "promises a MAC in the reply, and the reply does not make 'mac'")
    if in_reply and not promised:
        yield dialect.error((*route.path, "reply", "make"), "makes 'mac', and mac = \"both\" is not said")
    if any(name in route.refusal.make for name in MAC_ELEMENTS):
        yield dialect.error((*route.path, "refusal", "make"), "makes 'mac', and a refusal carries none")
    if "mac" not in dialect.elements:
        return
    if route.mac_request and (problem := _behind_mac(dialect, _requested_des(dialect, route))):
        yield dialect.error((*route.path, "mandatory"), problem)
    if promised and (problem := _behind_mac(dialect, _answered_des(dialect, route.reply))):
        yield dialect.error((*route.path, "reply"), problem)


def _behind_mac(dialect: Dialect, des: set[int]) -> str:
    """Return what stands behind the MAC of a message with these DEs, as a sentence; "" for nothing."""
    mac = dialect.mac_de(dict.fromkeys(sorted(des), ""))
    macs = {dialect.elements[name].de for name in MAC_ELEMENTS if name in dialect.elements}
    after = [de for de in sorted(des) if de > mac and de not in macs]
    if not after:
        return ""
    more = "" if "mac_secondary" in dialect.elements else "; name a later DE as element 'mac_secondary'"
    return f"DE {after[0]} stands behind the MAC (DE {mac}), which would lie inside its own coverage{more}"


def _requested_des(dialect: Dialect, route: Route) -> set[int]:
    names = {name for entry in route.mandatory for name in entry.split(" or ")} | set(route.when)
    return {dialect.elements[name].de for name in names}


def _answered_des(dialect: Dialect, answer: ReplySpec) -> set[int]:
    return set(answer.echo) | {dialect.elements[name].de for name in answer.make}


def check_places(dialect: Dialect) -> Iterator[DataError]:
    """Yield replies that make the same place twice: the second would write over the first."""
    for route in _served(dialect):
        for key, answer in (("reply", route.reply), ("refusal", route.refusal)):
            for one, other in combinations(answer.make, 2):
                here, there = dialect.elements[one], dialect.elements[other]
                if here.de == there.de and _overlap(here, there):
                    problem = f"makes both '{one}' and '{other}', which are the same place in DE {here.de}"
                    yield dialect.error((*route.path, key), problem)


def _overlap(here: Locator, there: Locator) -> bool:
    far = 1 << 30
    return here.start < (there.stop or far) and there.start < (here.stop or far)


def check_frame_ends(dialect: Dialect) -> Iterator[DataError]:
    """Yield what may hold the byte at which frames without a length end."""
    framing = dialect.framing
    if framing.length_bytes:
        return
    end = framing.end.hex().upper()
    if dialect.envelope.tpdu or dialect.envelope.head:
        yield dialect.error(("framing", "length"), f"frames end with {end}, and a TPDU or head may hold it")
    for field in dialect.fields.values():
        if field.encoding in ("binary", "bcd"):
            problem = f"frames end with {end}, and DE {field.de} is no text: it may hold it"
            yield dialect.error(("framing", "length"), problem)
            return


def check_values(dialect: Dialect) -> Iterator[DataError]:
    """Yield constants, codes and conditions of served routes that their elements can never hold."""
    for name, value in dialect.constants.items():
        if problem := _never(dialect, name, value):
            yield dialect.error(("constants", name), problem)
    for route in _served(dialect):
        for name, values in route.when.items():
            for value in values:
                if problem := _never(dialect, name, value):
                    yield dialect.error((*route.path, "when"), problem)
    if "code" not in dialect.elements:
        return
    for reason, code in dialect.reasons.items():
        if problem := _never(dialect, "code", code):
            yield dialect.error(("reasons", reason), problem)
    for route in _served(dialect):
        for reason, code in route.codes.items():
            if problem := _never(dialect, "code", code):
                yield dialect.error((*route.path, "codes", reason), problem)


def _never(dialect: Dialect, element: str, value: Value) -> str:
    """Return what keeps an element from ever having this value, as a sentence; "" for nothing."""
    at = dialect.elements[element]
    field = dialect.fields[at.de]
    if at.stop is not None:
        fits = len(value) == at.stop - at.start
    else:
        fits = len(value) <= field.maximum if field.length_bytes else len(value) == field.maximum
    return "" if fits else f"{element} never is '{value!s}': {_size(field, at.start, at.stop)}"


def _size(field: FieldSpec, start: int, stop: int | None) -> str:
    return f"it has {stop - start} characters" if stop is not None else f"DE {field.de} has format {field.format}"


HOST_VALUES: Final[Mapping[str, str]] = {
    "auth_id": "123456",
    "balance_amount": "000000000100",
    "balance_sign": "C",
    "batch": "000001",
    "instalments": "000000010000156000000000000000000000000" + "0" * 25 + " " * 13,
    "points": "0" * 34,
    "qr_voucher": "A402000000000000000000001",
    "rrn": "000000000001",
    "settlement": "0" * 30 + "2" + "0" * 30 + "2",  # not balanced: then all of an upload follows
}
"""What a host makes itself, in the sizes that its services have; times follow from the dialect, codes are data."""

_ANY_TIME: Final = datetime(2026, 1, 2, 3, 4, 5)
_ANY_MTI: Final = "0210"


def check_written_replies(dialect: Dialect) -> Iterator[DataError]:
    """Yield replies that no host could write: what it makes does not fit its field."""
    values: ElementValues = dict(HOST_VALUES)
    values |= {form.element: _ANY_TIME.strftime(form.pattern) for form in clock_forms(dialect)}
    tried: set[str] = set()
    for route in _served(dialect):
        for key, answer in (("reply", route.reply), ("refusal", route.refusal)):
            for element in answer.make:
                if element not in tried and (problem := _unwritable(dialect, element, values)):
                    yield dialect.error((*route.path, key), problem)
                tried.add(element)


def _unwritable(dialect: Dialect, element: str, values: ElementValues) -> str:
    """Return why a host cannot write an element into a reply, as a sentence; "" if it can, or never makes it."""
    if element in CLOCK and element not in values and element not in dialect.constants:
        size, known = size_of(dialect, dialect.elements[element]), ", ".join(map(str, CLOCK[element]))
        return f"makes '{element}', and a time of {size} digits has no known form; there are {known}"
    constant = dialect.constants.get(element)
    if constant is not None and _never(dialect, element, constant):
        return ""  # `check_values` reports it
    try:
        dialect.encode(_ANY_MTI, ReplyPlan(dialect, ReplySpec((), (element,))).fields({}, values))
    except EncodeError as exc:
        return f"makes '{element}', which its field cannot hold: {exc}"
    return ""


def _served(dialect: Dialect) -> Iterable[Route]:
    return (route for route in dialect.routes if route.served)
