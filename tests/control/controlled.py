"""A host that is controlled by HTTP, in a thread of the test, and a client that speaks to it over a real socket."""

from __future__ import annotations

import http.client
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from acquirer.app.serve import Running, serving
from acquirer.control.server import http_door
from acquirer.process.virtual_time import VirtualLoop
from acquirer.settings.config import make_config
from acquirer.settings.values import VIRTUAL
from acquirer.testing.background import Background, in_background

JSON = {"Content-Type": "application/json"}


@dataclass
class Answer:
    """What was answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def pointers(self) -> list[str]:
        return [error["pointer"] for error in self.json["errors"]]


class Client:
    """Asks, each time over a connection of its own."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self.url = url
        self.host, _, port = url.removeprefix("http://").rpartition(":")
        self.port = int(port)
        self._headers = dict(headers or {})

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {**(JSON if method != "GET" else {}), **self._headers, **more}
        try:
            connection.request(method, path, data, sent)
            reply = connection.getresponse()
            return Answer(reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: object, **headers: str) -> Answer:
        return self.ask("POST", path, body, **headers)


@dataclass
class Controlled:
    """A host, and how it is reached."""

    running: Running
    ready: Mapping[str, Any]

    @property
    def address(self) -> str:
        """Where terminals reach it."""
        return self.running.server.listeners[0].address


class ControlledHost(Client):
    """A client of a host in the same process."""

    def __init__(self, background: Background[Controlled]) -> None:
        self.background = background
        self.running = background.value.running
        self.ready = background.value.ready
        self.address = background.value.address
        super().__init__(self.ready["http"])


@contextmanager
def controlled_host(
    http: str = "127.0.0.1:0", hosts: tuple[str, ...] = (), **settings: Any
) -> Iterator[ControlledHost]:
    """Run a host with HTTP for the time of a ``with`` block."""

    config = make_config(**{"listen": "127.0.0.1:0", "store": "memory:", **settings})

    @asynccontextmanager
    async def make() -> AsyncIterator[Controlled]:
        async with serving(config) as running, http_door(http, hosts)(running) as fields:
            yield Controlled(running, fields)

    with in_background(make, VirtualLoop if config.clock == VIRTUAL else None) as background:
        yield ControlledHost(background)
