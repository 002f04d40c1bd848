"""Routes that a dialect has only if it can: what a parent marks ``optional = true``, so that a child need not drop it.

A child that takes away an element, a data element, MACs, or the way in which transactions are named has none of the
inherited messages that need it. A mistake in the child's own lines is an error nevertheless.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from acquirer.data.toml import DataError, Document
from acquirer.dialect.definitions import Numbering, Route, Security
from acquirer.wire.grammar import Locator

ORIGINAL = "original_"
"""Prefix of the elements by which a message names another transaction."""


def is_inherited(error: DataError, document: Document) -> bool:
    """Return whether an error is about a line of a dialect that this one extends."""
    return error.name != document.name


def keep_possible(
    routes: Iterable[Route],
    elements: Mapping[str, Locator],
    security: Security,
    numbering: Numbering,
    document: Document,
) -> tuple[tuple[Route, ...], tuple[DataError, ...]]:
    """Return the routes without the optional ones that cannot be, and a note about each that is left out."""
    kept: list[Route] = []
    left_out: list[DataError] = []
    for route in routes:
        problem = _problem(route, elements, security, numbering) if route.optional else ""
        if not problem:
            kept.append(route)
            continue
        error = document.error(route.path, f"left out: {problem}")
        if not is_inherited(error, document):
            raise document.error(route.path, problem)
        left_out.append(error)
    return tuple(kept), tuple(left_out)


def _problem(route: Route, elements: Mapping[str, Locator], security: Security, numbering: Numbering) -> str:
    """Return why a dialect cannot have a route, as a sentence; "" if it can."""
    names = {name for entry in route.mandatory for name in entry.split(" or ")} | set(route.when)
    if route.mac_request and ("mac" not in elements or not security.mac):
        return "this dialect has no MACs"
    within = f"{ORIGINAL}{numbering.within}"
    if numbering.within and f"{ORIGINAL}stan" in names and within not in names:
        return f"this dialect numbers transactions within '{numbering.within}', and it names its original otherwise"
    if route.mac_request and "mac_secondary" not in elements:
        last = max(elements[name].de for name in names)
        if last > elements["mac"].de:
            return f"DE {last} would stand behind the MAC (DE {elements['mac'].de})"
    return ""
