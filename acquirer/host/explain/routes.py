"""Why no service takes a message: which element keeps it from the nearest one, and what belongs there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from acquirer.data.text import indefinite, plural
from acquirer.dialect.dialect import Dialect, Route
from acquirer.dialect.router import without_repeat
from acquirer.host.kinds import KINDS
from acquirer.host.text import named, place
from acquirer.inspect.filling import other_side
from acquirer.wire.message import Message, Value

_COPIES: Final = frozenset({"batch_upload_advice"})
"""Services whose messages are those of others once more: a message is rather taken for one of those."""


class _Difference(NamedTuple):
    element: str
    allowed: tuple[str, ...]
    got: str  # "": it is absent, or its field is too short to hold it


def nearest_service(dialect: Dialect, message: Message, most: int = 2) -> str:
    """Return what keeps a message from the service it comes nearest to, and what to send; "" when none is near.

    Args:
        most: elements that may keep it from one.
    """
    if refilled := _filled_otherwise(dialect, message):
        return refilled
    if elsewhere := of_other_mti(dialect, message):
        return "; or ".join((*_of_own_mti(dialect, message), elsewhere))
    near = sorted(
        (
            (list(_differences(dialect, message, route)), route)
            for route in _served(dialect, message.mti)
            if not set(_TELLING).intersection(route.mandatory) or dialect.missing(message, route) is None
        ),
        key=lambda found: len(found[0]),
    )
    if not near or not 0 < len(near[0][0]) <= most:
        return ""
    nearest = [found for found in near if len(found[0]) == len(near[0][0])]
    if all([one.element for one in differences] == ["function"] for differences, _ in nearest):
        nearest = _likest(nearest)
    if _pays(nearest[0][1]):  # one way to pay is enough: terminals have many
        nearest = [nearest[0], *(found for found in nearest[1:] if not _pays(found[1]))]
    return "; or ".join(_sentence(dialect, message, *found) for found in nearest[:2])


def _likest(near: list[tuple[list[_Difference], Route]]) -> list[tuple[list[_Difference], Route]]:
    """Return those whose values are written most like what came: 007 is rather a 001 than a 360."""

    def unlike(found: tuple[list[_Difference], Route]) -> int:
        (one,) = found[0]
        return min(sum(map(str.__ne__, one.got.ljust(len(value)), value)) for value in one.allowed)

    least = min(map(unlike, near))
    return [found for found in near if unlike(found) == least]


def _pays(route: Route) -> bool:
    kind = KINDS.get(route.service)
    return kind is not None and kind.moves_money and kind.to_original is None


def _of_own_mti(dialect: Dialect, message: Message) -> Iterator[str]:
    """Yield what makes a transaction of a message's own MTI of it, where one element does, and nothing is missing."""
    for route in _served(dialect, message.mti):
        differences = list(_differences(dialect, message, route))
        if len(differences) == 1 and route.service in KINDS and dialect.missing(message, route) is None:
            yield _sentence(dialect, message, differences, route)


def of_other_mti(dialect: Dialect, message: Message) -> str:
    """Return which MTI belongs to what the message says it is, where another one has all its conditions."""
    own = message.mti[:2]
    for route in sorted(dialect.routes, key=lambda route: route.mti[:2] != own):
        if own in _REVERSALS and route.mti[:2] != own:
            break
        if route.service in _COPIES:
            continue
        if route.served and route.when and route.mti != without_repeat(message.mti):
            fields = Message(message.raw, route.mti, message.fields)
            if not list(_differences(dialect, fields, route)) and dialect.missing(fields, route) is None:
                return f"this is {indefinite(route.title.en)} but for its MTI; send {route.mti}"
    served = {route.mti: route for route in dialect.routes if route.served}
    near = [route for mti, route in served.items() if mti[:2] == message.mti[:2]]
    if len(near) == 1 and message.mti[:2] not in _MANY_KINDS:
        return f"{indefinite(near[0].title.en)} has MTI {near[0].mti} here; send {near[0].mti}"
    return ""


def sent_as_reversal(dialect: Dialect, message: Message) -> str:
    """Return what a reversal of nothing may have been meant as, as the rest of a sentence; "" for nothing else.

    It looks like what it reverses; only where that names another transaction itself, one may be taken for the other.
    """
    named = dialect.text(message, "original_stan")
    if not named.strip("0") or named == dialect.text(message, "stan") or "original_mti" in dialect.elements:
        return ""
    for route in dialect.routes:
        if route.service == "void" and route.served and not list(_differences(dialect, message, route)):
            where = place(dialect, "original_stan")
            return f"; or it is the void of the one with STAN {named} that {where} names: then send {route.mti}"
    return ""


_TELLING: Final = ("icc", "instalments", "points", "reservation", "qr_code", "qr_voucher", "loaded_pan")
"""Elements that tell what a message is, where it must carry them: without them it was hardly meant."""

_REVERSALS: Final = ("04", "14")
"""Classes of messages that repeat what another had: they look like it, and sending that again would book it again."""

_MANY_KINDS: Final = ("08", "18", "02", "12", "03")
"""Classes of messages whose MTI does not say what is wanted: network management, financial, uploads and downloads."""


def _served(dialect: Dialect, mti: str) -> Iterator[Route]:
    return (route for route in dialect.routes if route.served and route.mti == without_repeat(mti))


def _differences(dialect: Dialect, message: Message, route: Route) -> Iterator[_Difference]:
    for element, allowed in route.when.items():
        if (got := dialect.text(message, element)) not in allowed:
            yield _Difference(element, allowed, got)


def _sentence(dialect: Dialect, message: Message, differences: list[_Difference], route: Route) -> str:
    found = [f"{place(dialect, one.element)} {_found(dialect, message, one)}" for one in differences]
    belongs = [f"{' or '.join(one.allowed)} in DE {dialect.elements[one.element].de}" for one in differences]
    return f"{' and '.join(found)}; send {' and '.join(belongs)} for {_a(route.title.en)} ({route.mti})"


def _a(title: str) -> str:
    return f"{'an' if title[:1] in 'aeiou' else 'a'} {title}"


def _found(dialect: Dialect, message: Message, difference: _Difference) -> str:
    if difference.got:
        return f"is {named(difference.got)}"
    value = message.fields.get(dialect.elements[difference.element].de)
    return "is missing" if value is None else f"is not there, the field has only {plural(len(value), 'character')}"


def _filled_otherwise(dialect: Dialect, message: Message) -> str:
    """Return which field of BCD digits would lead to a service if it was filled on the other side."""
    spans: Mapping[int | str, tuple[int, int]] = {}
    for de in sorted({dialect.elements[name].de for route in _served(dialect, message.mti) for name in route.when}):
        value = message.fields.get(de)
        if not isinstance(value, str):
            continue
        spans = spans or dialect.spans(message)
        other = other_side(dialect, message, de, spans)
        if other is None:
            continue
        fields: dict[int, Value] = {**message.fields, de: other}
        route = dialect.route(Message(message.raw, message.mti, fields))
        if route is not None and route.served:
            here, there = ("left", "right") if dialect.fields[de].pad_left else ("right", "left")
            return (
                f"DE {de} looks filled on the {there}, so that its digits are moved by one; fill it on the {here}, and "
                f"it is {indefinite(route.title.en)}"
            )
    return ""
