"""Serving HTTP on the loop of a host: bound before it is ready, closed before exchanges end."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final

import uvicorn

from acquirer.app.serve import Door, Running
from acquirer.control.address import BACKLOG, bind, read_address, url_of
from acquirer.control.application import make_application
from acquirer.control.guard import Guard
from acquirer.control.protocol import BoundedProtocol, StreamProtocol
from acquirer.control.searching import Searching
from acquirer.control.stream import Streams
from acquirer.observe.log import Log
from acquirer.settings.door_file import HostDoor, door_path, remove_door, write_door
from acquirer.store.location import database_path

END_S: Final = 2
"""How long open requests may take at the end: those that wait are answered at once."""

HEAD_BYTES: Final = 16 << 10
"""Of a request's first line and headers: a filter of a page's length fits."""

KEEP_ALIVE_S: Final = 30
"""How long a connection is kept for the next request of its client."""

PING_S: Final = 20.0
"""Between two pings of a stream, and for the answer to one: proxies close what is silent for longer than a minute."""

LONGEST_MESSAGE_BYTES: Final = 1 << 10
"""Of what the client of a stream sends, which is not read."""

TOKEN_BYTES: Final = 24

_LOGGER: Final = "uvicorn.error"


class _Server(uvicorn.Server):
    """uvicorn's server, which leaves signals to the host."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none: the host ends first what it has to."""
        yield


def http_door(address: str, hosts: tuple[str, ...] = (), given_token: str = "") -> Door:
    """Return what serves HTTP for a host. Raises DataError: the address cannot be used.

    Args:
        address: ``[HOST:]PORT``.
        hosts: further names under which clients may ask.
        given_token: that clients have to send; "": one that is made, where others than this machine can reach it.
    """
    where = read_address(address)

    @asynccontextmanager
    async def door(running: Running) -> AsyncIterator[dict[str, Any]]:
        token = given_token or ("" if where.loopback else secrets.token_urlsafe(TOKEN_BYTES))
        with bind(where) as bound:
            searching = Searching(running)
            streams = Streams(running, searching)
            application = make_application(running, searching, streams)
            guard = Guard(application, where, hosts, token, running.log, running.driver.loop.time)
            config = uvicorn.Config(
                guard,
                http=BoundedProtocol,
                ws=StreamProtocol,
                ws_max_size=LONGEST_MESSAGE_BYTES,
                ws_ping_interval=PING_S,
                ws_ping_timeout=PING_S,
                ws_per_message_deflate=False,  # the loop would spend milliseconds on each batch
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=BACKLOG,
                h11_max_incomplete_event_size=HEAD_BYTES,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=END_S,
            )
            server = _Server(config)
            with _logged(running.log):
                serving = asyncio.get_running_loop().create_task(server.serve([bound]))
                url = url_of(bound)
                try:
                    with _door_file(running, url, token):
                        yield {"http": url, **({"http_token": token} if token and not given_token else {})}
                finally:
                    streams.stop()
                    searching.stop()
                    server.should_exit = True
                    await serving
                    streams.close()

    return door


@contextmanager
def _door_file(running: Running, url: str, token: str) -> Iterator[None]:
    """Have commands of this user find the host, for the time of a ``with`` block."""
    database = database_path(running.store.url)
    if database is None:  # in memory: no command can name it
        yield
        return
    try:
        write_door(database, HostDoor(url, token, os.getpid()))
    except OSError as exc:
        problem = exc.strerror or str(exc)
        running.log.event("warning", f"{door_path(database)} cannot be written ({problem}): commands do not find HTTP")
    try:
        yield
    finally:
        with suppress(OSError):
            remove_door(database)


class _Forwarding(logging.Handler):
    """Hands what uvicorn warns of to the host's log."""

    def __init__(self, event: Callable[[str, str], None]) -> None:
        super().__init__(logging.WARNING)
        self._event = event

    def emit(self, record: logging.LogRecord) -> None:
        """Log one record, without its traceback: it may quote what was sent."""
        self._event("http-warning", record.getMessage().rstrip("."))


@contextmanager
def _logged(log: Log) -> Iterator[None]:
    logger = logging.getLogger(_LOGGER)
    handler = _Forwarding(log.event)
    propagated, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagated
