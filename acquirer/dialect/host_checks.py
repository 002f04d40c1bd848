"""Problems that keep a host from serving a dialect: elements, services and reasons that are not those it has."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from acquirer.data.toml import DataError, did_you_mean
from acquirer.dialect.dialect import Dialect

NEEDED: Final = ("tid", "stan", "code")
"""Elements without which no exchange can be distinguished from another, or answered."""

ADDRESS: Final = ("tid", "stan")
"""Elements by which a host answers even a message whose MTI it does not know."""


@dataclass(frozen=True, slots=True)
class HostTables:
    """What a host has, by name: handed in from above, because a dialect knows no host."""

    services: Collection[str]
    reasons: Mapping[str, str]  # each that a decision may have → the one whose code it has otherwise; "": none


def check_served(dialect: Dialect, host: HostTables) -> Iterator[DataError]:
    """Yield what keeps a host from serving a dialect; one that answers nothing, only reads, needs nothing."""
    if any(route.served for route in dialect.routes):
        for element in NEEDED:
            if element not in dialect.elements:
                problem = f"there is no element '{element}', so no request could be answered"
                yield dialect.error(("elements",), problem)
    if dialect.routes or all(element in dialect.elements for element in ADDRESS):
        yield from _missing_reasons(dialect, host)
    for route in dialect.routes:
        if route.served and route.service not in host.services:
            hint = did_you_mean(route.service, host.services) or f"; there are {', '.join(sorted(host.services))}"
            problem = f"this host has no service '{route.service}'{hint} (served = false makes it known by name only)"
            yield dialect.error(route.path, problem)
        yield from _unknown(dialect, host, (*route.path, "codes"), route.codes)
    yield from _unknown(dialect, host, ("reasons",), dialect.reasons)


def _missing_reasons(dialect: Dialect, host: HostTables) -> Iterator[DataError]:
    if not dialect.reasons:
        problem = "there are none, so no request could be answered; extend a dialect that has them, or write them down"
        yield dialect.error(("reasons",), problem)
        return
    for reason, fallback in host.reasons.items():
        if reason not in dialect.reasons and not fallback:
            yield dialect.error(("reasons",), f"no code for the reason '{reason}'")


def _unknown(
    dialect: Dialect, host: HostTables, path: tuple[str, ...], reasons: Collection[str]
) -> Iterator[DataError]:
    for reason in reasons:
        if reason not in host.reasons:
            hint = did_you_mean(reason, host.reasons)
            yield dialect.error((*path, reason), f"no decision gives this reason{hint}")
