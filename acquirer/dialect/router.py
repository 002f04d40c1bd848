"""Which route a message takes: by MTI and by the values of elements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from acquirer.dialect.definitions import Route
from acquirer.wire.elements import make_reader
from acquirer.wire.grammar import Locator
from acquirer.wire.message import Message, Value

REMEMBERED = 1024
"""Combinations of values whose route is remembered. Any client chooses them: when full, it starts over."""


class Router:
    """The routes of a dialect, in the order in which they are tried; worked out when the first message is routed."""

    def __init__(self, routes: Iterable[Route], elements: Mapping[str, Locator]) -> None:
        self._routes = routes
        self._elements = elements
        self._by_mti: dict[str, list[Route]] = {}
        self._first_sent: dict[str, str] = {}  # MTI of a message → the MTI of its routes
        self._remembered: dict[tuple[str, tuple[Value | None, ...]], Route | None] = {}

    def _work_out(self) -> None:
        """Work the routes out; two threads that both do come to the same."""
        elements = self._elements
        by_mti: dict[str, list[Route]] = {}
        for route in self._routes:
            by_mti.setdefault(route.mti, []).append(route)
        self._by_mti = by_mti
        self._conditions = {
            mti: {name: make_reader(elements[name]) for route in routes for name in route.when}
            for mti, routes in by_mti.items()
        }
        self._readings = {mti: tuple(conditions.values()) for mti, conditions in self._conditions.items()}
        sent = {mti[:3] + digit for mti in by_mti for digit in "0123456789"}
        self._first_sent = {mti: first for mti in sent if (first := without_repeat(mti)) in by_mti}

    def find(self, message: Message) -> Route | None:
        """Return the first route that fits; the MTI's repeat digit plays no role."""
        if not self._first_sent:
            self._work_out()
        mti = self._first_sent.get(message.mti)
        if mti is None:
            return None
        fields = message.fields
        key = (mti, tuple([reading(fields) for reading in self._readings[mti]]))
        try:
            return self._remembered[key]
        except KeyError:
            pass
        values = dict(zip(self._conditions[mti], key[1], strict=True))
        route = next((route for route in self._by_mti[mti] if _fits(route, values)), None)
        if len(self._remembered) >= REMEMBERED:
            self._remembered = {}
        self._remembered[key] = route
        return route

    def knows(self, mti: str) -> bool:
        """Return whether any route has this MTI."""
        if not self._first_sent:
            self._work_out()
        return mti in self._first_sent


def _fits(route: Route, values: Mapping[str, Value | None]) -> bool:
    return all(values[name] in allowed for name, allowed in route.when.items())


def without_repeat(mti: str) -> str:
    """Return an MTI as first sent: 0401 → 0400, 0403 → 0402 (the last digit says who sent it, and odd ones repeat).

    >>> without_repeat("0401")
    '0400'
    """
    last = mti[3]
    return mti[:3] + chr(ord(last) - 1) if last in "13579" else mti
