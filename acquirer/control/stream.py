"""``WS /stream``: exchanges as they happen, for pages and programs that follow along.

1. A stream is a place in the journal. `INTERVAL_S` after it has sent something it looks at what the journal has more,
   sends the newest that fit, says how many it left out, and goes on behind the newest. So it is never behind.
2. It looks again only once its client has taken what was sent: a slow client costs the host one batch, however much
   happens meanwhile, and the next one counts what it has missed.
3. Clients send nothing (`protocol.StreamProtocol`). A stream ends with its client, or with the host: 1001.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Query, WebSocket
from starlette.websockets import WebSocketDisconnect

from acquirer import __version__
from acquirer.app.serve import Running
from acquirer.control import subprotocols
from acquirer.control.journal import LAST
from acquirer.control.problems import Problem
from acquirer.control.protocol import STREAM_PATH
from acquirer.control.searching import Searching
from acquirer.control.stream_looks import StreamLooks, bounds_of, look_behind
from acquirer.journal.search import JournalSearch
from acquirer.matcher.expression import Expression

T = TypeVar("T")

Gone = asyncio.Future[Any]
"""Is done once a client has gone."""

SCHEMA: Final = 1
"""Of the messages: it becomes higher once a key goes or means something else."""

INTERVAL_S: Final = 0.1
"""Between two batches: eyes follow ten a second."""

MOST_STREAMS: Final = 32
"""Open at one time: those who watch one host are few."""

GOING_AWAY: Final = 1001
"""The code of a WebSocket whose server ends (RFC 6455, 7.4.1)."""


class Streams:
    """The open streams of a host. On the loop's thread."""

    def __init__(self, running: Running, searching: Searching) -> None:
        self._running = running
        self._searching = searching
        self._looks = StreamLooks(running.driver.loop)
        self._stopping: asyncio.Future[None] = running.driver.loop.create_future()
        self._open = 0

    def stop(self) -> None:
        """End all streams."""
        if not self._stopping.done():
            self._stopping.set_result(None)

    def close(self) -> None:
        """End the thread that looks, once all streams have ended."""
        self._looks.close()

    async def serve(self, websocket: WebSocket, written: str | None, after: int | None) -> None:
        """Serve one stream to its end.

        Args:
            written: the filter; None: all exchanges.
            after: the number behind which it begins; None: with what happens from now on.

        Raises:
            ConditionError: the filter cannot be used.
            Problem: there are too many streams.
        """
        condition = self._searching.condition(written)
        if self._open >= MOST_STREAMS:
            sentence = f"{MOST_STREAMS} streams are open already; close one, or ask /journal for what is new"
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "too-many", sentence, headers={"Retry-After": "1"})
        self._open += 1
        try:
            await websocket.accept(subprotocols.chosen(websocket.scope["subprotocols"]))
            gone = asyncio.ensure_future(websocket.receive())  # nothing but its end is ever received
            try:
                await self._follow(websocket, gone, condition, written or "", after)
            finally:
                gone.cancel()
            if self._stopping.done():
                await websocket.close(GOING_AWAY, "the host stops")
        except (WebSocketDisconnect, OSError):  # the client has gone while something was sent
            pass
        finally:
            self._open -= 1

    async def _follow(
        self, websocket: WebSocket, gone: Gone, condition: Expression, written: str, after: int | None
    ) -> None:
        """Send what happens until the client has gone or the host stops."""
        parts, changes = self._running.parts, self._running.journal_changes
        search = self._searching.search(bounds_of(condition))
        timezone = parts.config.timezone
        if after is None:
            after = await self._unless_over(gone, self._looks.run(search.newest))
            if after is None:
                return
        hello = {"schema": SCHEMA, "version": __version__, "filter": written, "after": after}
        await websocket.send_text(_message("hello", generation=parts.rules.generation.number, **hello))
        seen = -1
        while not await self._is_over(gone):
            if changes.number == seen:
                continue
            seen = changes.number
            look = partial(_batch_message, search, condition, after, timezone, parts.rules.generation.number)
            found = await self._unless_over(gone, self._looks.run(look))
            if found is not None:
                text, after = found
                await websocket.send_text(text)

    async def _is_over(self, gone: Gone) -> bool:
        """Wait for the next look; return whether the client has gone or the host stops instead."""
        over, _ = await asyncio.wait((gone, self._stopping), timeout=INTERVAL_S, return_when=asyncio.FIRST_COMPLETED)
        return bool(over)

    async def _unless_over(self, gone: Gone, looking: Coroutine[Any, Any, T]) -> T | None:
        """Return what a look finds; None where the client has gone or the host stops before."""
        look = asyncio.ensure_future(looking)
        await asyncio.wait((look, gone, self._stopping), return_when=asyncio.FIRST_COMPLETED)
        if look.done():
            return look.result()
        look.cancel()
        return None


def stream_routes(streams: Streams) -> APIRouter:
    """Return the route of streams."""
    found = APIRouter(tags=["journal"])

    @found.websocket(STREAM_PATH)
    async def stream(
        websocket: WebSocket,
        filter_: Annotated[str | None, Query(alias="filter")] = None,
        after: Annotated[int | None, Query(ge=0, le=LAST)] = None,
    ) -> None:
        """Follow exchanges as they happen."""
        await streams.serve(websocket, filter_, after)

    @found.get(STREAM_PATH, include_in_schema=False)
    async def no_websocket() -> None:
        """Say how a stream is opened."""
        sentence = f"{STREAM_PATH} is a WebSocket: connect with ws:// in place of http://, or ask /journal for a page"
        raise Problem(HTTPStatus.UPGRADE_REQUIRED, "websocket", sentence, headers={"Upgrade": "websocket"})

    return found


def _batch_message(
    search: JournalSearch, condition: Expression, after: int, timezone: str, generation: int
) -> tuple[str, int] | None:
    """Return what the journal has behind a number as a message, and the number of the newest; None: nothing."""
    batch = look_behind(search, condition, after, timezone)
    if batch is None:
        return None
    counts = {"total": batch.total, "shown": len(batch.rows), "left_out": batch.left_out, "next": batch.next}
    return _message("exchanges", generation=generation, **counts, rows=batch.rows), batch.next


def _message(event: str, **fields: Any) -> str:
    return json.dumps({"event": event, **fields}, ensure_ascii=False, separators=(",", ":"))
