"""Requests to the HTTP application, in process: no socket, no server, the host's loop is the target's own."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from unittest.mock import patch

from acquirer.app.serve import Running, serving
from acquirer.control import guard
from acquirer.control.address import read_address
from acquirer.control.application import make_application
from acquirer.control.guard import Guard
from acquirer.control.searching import Searching
from acquirer.control.stream import Streams
from acquirer.data.json_text import parse_json
from acquirer.settings.config import make_config
from tests.fuzz.target import Selector

METHODS: Final = ("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS")
TOKEN: Final = "0123456789abcdef"
LONGEST_WAIT_S: Final = 0.05
"""A request may ask to wait; what it says about that is cut, what the host does then is not."""


@dataclass
class Application:
    """A host with its application, on a loop that runs while a request is answered."""

    loop: asyncio.AbstractEventLoop
    guard: Guard
    end: asyncio.Event
    task: asyncio.Task[None]
    statuses: list[int] = field(default_factory=list)

    def ask(self, scope: MutableMapping[str, Any], body: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
        """Return status, headers and body of an answer. Raises AssertionError: not exactly one was begun and ended."""
        sent: list[MutableMapping[str, Any]] = []
        waiting, gone = [{"type": "http.request", "body": body, "more_body": False}], False

        async def receive() -> MutableMapping[str, Any]:
            nonlocal gone
            if waiting:
                return waiting.pop()
            await asyncio.sleep(LONGEST_WAIT_S)
            gone = True
            return {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        self.loop.run_until_complete(self.guard(scope, receive, send))
        starts = [message for message in sent if message["type"] == "http.response.start"]
        if gone:  # it hung up before it was answered: what is said then is heard by none
            return 0, {}, b""
        assert len(starts) == 1
        whole = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
        return starts[0]["status"], dict(starts[0]["headers"]), whole

    def stop(self) -> None:
        """End the host."""
        self.loop.call_soon_threadsafe(self.end.set)
        self.loop.run_until_complete(self.task)
        self.loop.close()


@cache
def application() -> Application:
    """Return an application of a host with a few exchanges; it ends with the process."""
    loop = asyncio.new_event_loop()
    end, ready = asyncio.Event(), loop.create_future()

    async def run() -> None:
        async with _host() as found:
            ready.set_result(found)
            await end.wait()

    task = loop.create_task(run())
    loop.run_until_complete(asyncio.wait([ready, task], return_when=asyncio.FIRST_COMPLETED))
    found = Application(loop, ready.result(), end, task)
    atexit.register(found.stop)
    return found


@asynccontextmanager
async def _host() -> AsyncIterator[Guard]:
    settings = make_config(listen="127.0.0.1:0", store="memory:", log="off")
    async with serving(settings) as running:
        searching = Searching(running)
        guarded = _guarded(running, searching)
        with patch.object(guard, "RATE", 1e9), patch.object(guard, "BURST", 1e9):
            try:
                yield guarded
            finally:
                searching.stop()


def _guarded(running: Running, searching: Searching) -> Guard:
    where = read_address("127.0.0.1:0")
    application = make_application(running, searching, Streams(running, searching))
    return Guard(application, where, (), "", running.log, running.driver.loop.time)


@cache
def paths() -> tuple[str, ...]:
    """Return the paths that the application says it has."""
    _, _, body = application().ask(scope_of("GET", "/openapi.json", b"", []), b"")
    return (*sorted(parse_json(body)["paths"]), "/openapi.json", "/nothing")


def scope_of(method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1),
    }


def ask(data: bytes) -> None:
    """Ask by method and path, which the first bytes choose; behind them: what fills the path, query, header, body."""
    selector = Selector(data)
    method, path = selector.choose(METHODS), selector.choose(paths())
    filling, query, header, *rest = [*selector.rest.split(b"\n", 3), b"", b"", b""]
    body = rest[0]
    before, brace, after = path.partition("{")
    if brace:
        path = before + (filling.decode("latin-1").replace("/", "") or "x") + after.partition("}")[2]
    name, _, value = header.partition(b":")
    headers = [(name.lower(), value.strip())] if name and name.lower() != b"content-type" else []
    host = application()
    status, answered, text = host.ask(scope_of(method, path, query, headers), body)
    assert status < 500, (status, text)
    if status >= 400 and method != "HEAD":
        assert answered[b"content-type"] == b"application/problem+json", answered
        assert parse_json(text)["detail"]
    if path.startswith(("/rules", "/faults", "/scenarios")) and method in ("POST", "PUT"):
        for kind in ("/rules", "/faults"):
            host.ask(scope_of("DELETE", kind, b"", []), b"")


def request_seeds() -> Iterator[bytes]:
    known = paths()

    def at(
        method: str, path: str, filling: bytes = b"", query: bytes = b"", header: bytes = b"", body: bytes = b""
    ) -> bytes:
        first = bytes((METHODS.index(method), known.index(path)))
        return first + b"\n".join((filling, query, header, body))

    for path in known:
        yield at("GET", path, b"1", b"limit=3")
    yield at(
        "GET", "/journal", query=b"filter=service%3Dsale&after=0&limit=2&order=newest", header=b"accept: text/plain"
    )
    yield at("POST", "/rules", body=b'{"name": "a", "when": {"service": "sale"}, "then": {"code": "51"}, "times": 2}')
    yield at("PUT", "/rules/{name}", b"a", body=b'{"when": "amount>10.00", "then": {"answers": ["51", "00"]}}')
    yield at("POST", "/faults", body=b'{"kind": "silent", "when": {"service": "sale"}, "probability": 0.5}')
    yield at("POST", "/journal/count", body=b'{"when": {"service": ["sale"]}}')
    yield at("POST", "/journal/wait", body=b'{"when": {"service": "sale"}, "timeout": 0}')
    yield at("POST", "/journal/verify", body=b'{"order": [{"service": "sale"}, {"service": "reversal"}], "within": 0}')
    yield at("POST", "/held/resume", body=b'{"tid": "10000161"}')
    yield at("POST", "/terminals", body=b'{"tid": "20000001", "mid": "880210010210162", "tmk": "' + b"1" * 32 + b'"}')
    yield at("GET", "/terminals/{tid}", b"10000161")
