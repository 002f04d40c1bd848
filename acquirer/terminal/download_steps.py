"""The steps that all downloads of a terminal are made of: ask, read what came, ask for the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from acquirer.terminal.effects import Ended, Program
from acquirer.terminal.exchange import Exchange, Outcome
from acquirer.terminal.machine import Machine
from acquirer.terminal.rendering import outcome_text
from acquirer.wire.message import Value, as_bytes

T = TypeVar("T")


@dataclass(slots=True)
class Fetched:
    """How a download went.

    Args:
        exchange: the last one; it has ended unless it is the end of the download.
        summary: what came, for a person.
        changes: of `Downloaded`.
        problem: why it was not fetched, or not all of it.
        ended: whether its end was answered, so that what came may be kept.
        outcome: of the download.
    """

    exchange: Exchange | None
    summary: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    ended: bool = False
    outcome: Outcome = Outcome.APPROVED

    def end(self) -> Program[None]:
        """Show the last exchange, once what follows from it is durable."""
        if self.ended and self.exchange is not None:
            yield Ended(self.exchange)


Fetch = Callable[[Machine], Program[Fetched]]


class NotFetched(Exception):
    """Ends a download early."""

    def __init__(self, exchange: Exchange, problem: str = "") -> None:
        super().__init__(problem)
        self.fetched = Fetched(
            exchange, problem=problem or exchange.detail or outcome_text(exchange), outcome=exchange.outcome
        )


def ask(
    machine: Machine, service: str, content: bytes = b"", values: Mapping[str, Value] = {}, *, last: bool = False
) -> Program[Exchange]:
    """Send one request of a download and take its answer.

    Args:
        last: the caller ends the exchange, once what it brings is durable.

    Raises:
        NotFetched: it was not approved.
    """
    route = machine.setup.dialect.find_route(service)
    given: dict[str, Value] = {"batch": machine.state.batch, **values}
    if service not in machine.setup.terminal_profile.without_stan:
        given["stan"] = yield from machine.count()
    if content:
        given["download"] = content
    exchange = yield from machine.talk(route, machine.fields(route, given))
    if exchange.outcome is not Outcome.APPROVED or not last:
        yield Ended(exchange)
    if exchange.outcome is not Outcome.APPROVED:
        raise NotFetched(exchange)
    return exchange


def read_reply(exchange: Exchange, read: Callable[[bytes], T]) -> T:
    """Return what a reply brings, read; b"" is read where it brings nothing.

    Args:
        read: raises ValueError with the rest of a sentence about what cannot be read.

    Raises:
        NotFetched: it cannot be read.
    """
    value = None if exchange.reply is None else exchange.dialect.get(exchange.reply, "download")
    try:
        return read(b"" if value is None else as_bytes(value))
    except ValueError as exc:
        raise unreadable_reply(exchange, str(exc)) from None


def unreadable_reply(exchange: Exchange, problem: str) -> NotFetched:
    """Return the end of a download whose answer cannot be read."""
    exchange.outcome = Outcome.MALFORMED
    at = exchange.dialect.elements["download"]
    exchange.detail = f"DE {at.de} {problem}"
    return NotFetched(exchange, exchange.detail)


def guarded(steps: Callable[[Machine], Program[Fetched]]) -> Fetch:
    """Return a download that may raise `NotFetched`, as one that returns how it went."""

    def fetch(machine: Machine) -> Program[Fetched]:
        try:
            return (yield from steps(machine))
        except NotFetched as exc:
            return exc.fetched

    return fetch
