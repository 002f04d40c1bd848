"""``/explain`` and ``/exchanges/{number}/replay``: what a host would answer, and what it answers once more."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from acquirer.app.explaining import TrialOutcome, explain_message, without_length
from acquirer.app.serve import Running
from acquirer.app.transaction_documents import transaction_document
from acquirer.control.described import answers
from acquirer.control.journal import LAST, ExchangeNumber
from acquirer.control.mistakes import Mistakes
from acquirer.control.one_exchange import exchange_named, rule_near
from acquirer.control.problems import Problem, unusable_value
from acquirer.control.searching import Searching
from acquirer.data.moments import with_times
from acquirer.data.text import address_text
from acquirer.host.core import Host
from acquirer.inspect.hexdump import read_hex
from acquirer.inspect.trace_text import frames_of_exchange, read_trace
from acquirer.journal.entry import Entry, as_json
from acquirer.journal.expected_count import ExpectedCount
from acquirer.journal.verification import ExpectedExchanges, verifying_count

MOST_DIGITS: Final = 1 << 17
"""Of a message: a frame has 64 KiB at most."""

ANSWERED_S: Final = 10.0
"""Within which a message that is sent again is journalled: what a rule holds for longer is not waited for."""


class ExplainBody(BaseModel):
    """A message, or an exchange whose request is meant."""

    model_config = ConfigDict(extra="forbid")
    message: str = Field("", max_length=2 * MOST_DIGITS, description="In hexadecimal digits, with or without length.")
    exchange: int | None = Field(None, ge=1, le=LAST, description="Its number; its bytes are those of 'serve --trace'.")
    dialect: str = Field("", max_length=80, description="Of the message; without it, that of the first listener.")
    peer: str = Field("", max_length=80, description="From whom it comes, for rules and faults that look at it.")


def explain_routes(running: Running, searching: Searching) -> APIRouter:
    """Return the routes about what would be answered."""
    found = APIRouter(tags=["exchanges"])
    timezone = running.parts.config.timezone

    def host_of(dialect: str, pointer: str) -> Host:
        names = [host.dialect.name for host in running.hosts]
        if not dialect:
            return running.hosts[0]
        if dialect not in names:
            raise unusable_value(pointer, f"is '{dialect[:40]}', and this host speaks {', '.join(sorted(set(names)))}")
        return running.hosts[names.index(dialect)]

    def raw_request(number: int) -> tuple[Entry, bytes]:
        """Return an exchange, and its request as it travelled. Raises Problem."""
        entry, trace = exchange_named(running, number), running.parts.config.trace
        if trace is None:
            sentence = (
                f"the journal keeps exchange {number} masked, and this host has no trace: start it with --trace FILE, "
                "or give the bytes as 'message' to /explain"
            )
            raise Problem(HTTPStatus.CONFLICT, "no-trace", sentence)
        try:
            frames = frames_of_exchange(read_trace(trace.read_bytes()), entry.peer, entry.at_us)
        except (OSError, ValueError) as exc:
            raise Problem(HTTPStatus.CONFLICT, "no-trace", f"the trace of this host cannot be read: {exc}") from None
        if not frames:
            raise Problem(HTTPStatus.CONFLICT, "no-trace", f"the trace of this host began after exchange {number}")
        return entry, frames[0].data

    def document(found: TrialOutcome) -> dict[str, Any]:
        assert found.entry is not None  # each decision would be journalled
        entry, changes = found.entry, found.changes
        subject = searching.search().subject(entry)
        transaction = None if changes is None else changes.transaction
        books = None if transaction is None else transaction_document(transaction, running.parts.dialects[0], timezone)
        return {
            "answered": entry.reply is not None,
            "code": entry.code,
            "reason": str(entry.reason),
            "why": entry.why or entry.failure,
            "notes": list(entry.notes),
            "rule": entry.rule,
            "fault": entry.fault,
            "held": None if found.hold is None else {"rule": found.hold.rule, "hold_ms": found.hold.hold_ms},
            "sending": found.sending,
            "exchange": {key: value for key, value in with_times(as_json(entry), timezone).items() if key != "id"},
            "transaction": books,
            "rules": [rule_near(rule, subject) for rule in running.parts.rules.declared],
            "generation": running.parts.rules.generation.number,
        }

    @found.post(
        "/explain",
        responses={**answers("Explanation"), 409: {"description": "The bytes of the exchange are not kept"}},
        response_model=None,
    )
    async def explain(body: ExplainBody) -> dict[str, Any]:
        """Say what would be answered to a message, by which rule, and what came near; nothing is changed."""
        if bool(body.message) == (body.exchange is not None):
            raise unusable_value("", "give either 'message' or 'exchange'")
        peer = body.peer
        if body.exchange is None:
            mistakes = Mistakes()
            with mistakes.noted():
                host = host_of(body.dialect, "/dialect")
            data = mistakes.value("/message", read_hex, body.message)
            mistakes.refuse()
        else:
            number = body.exchange
            entry, data = await searching.run(lambda: raw_request(number))
            host, peer = host_of(body.dialect or entry.dialect, "/dialect"), peer or entry.peer
        listener = running.server.listeners[running.hosts.index(host)]
        frame = without_length(data, host.dialect.framing)
        if not frame:
            raise unusable_value("/message", "is empty")
        return document(await explain_message(running, host, frame, peer, listener.address))

    @found.post(
        "/exchanges/{number}/replay",
        responses={**answers("ReplayedExchange"), 409: {"description": "Its bytes are not kept"}},
        response_model=None,
    )
    async def replay(number: ExchangeNumber, request: Request) -> dict[str, Any]:
        """Have a request come once more, byte for byte, over a connection of its own; return what happened."""
        entry, data = await searching.run(lambda: raw_request(number))
        at = running.hosts.index(host_of(entry.dialect, ""))
        listener = running.server.listeners[at]
        newest = await searching.run(lambda: searching.search().newest())
        await request.body()  # so that what is received next is that the client has gone
        try:
            _, writer = await asyncio.open_connection(listener.host, listener.port)
        except OSError as exc:
            sentence = f"{listener.address} takes no connection ({exc.strerror or exc})"
            raise Problem(HTTPStatus.CONFLICT, "not-listening", sentence) from None
        try:
            peer = address_text(writer.get_extra_info("sockname"))
            writer.write(data)
            await writer.drain()
            search = searching.search()
            condition = searching.condition({"peer": peer})
            expected = ExpectedExchanges(condition, ExpectedCount(1), ANSWERED_S, after=newest)
            answer = await searching.wait(verifying_count(search, search.now_s, expected), request.receive)
        finally:
            writer.close()
        entries = [with_times(as_json(one), timezone) for one in answer.entries]
        return {"of": number, "peer": peer, "exchange": entries[-1] if entries else None}

    return found
