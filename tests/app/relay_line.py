"""A terminal and a host that are scripted by tests, and a relay between them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acquirer.app.relay import RelayOptions, RunningRelay, relaying
from acquirer.journal.entry import Entry
from acquirer.settings.listen import Address
from acquirer.settings.specs import load_dialect
from acquirer.wire.message import Value

DIALECT = load_dialect("unionpay-pos")
WRAP = DIALECT.framing.wrapper()
ECHO: dict[int, Value] = {11: "000007", 41: "10000161", 42: "880210010210162", 60: "00000001301"}
PAN = "6212345678901232"


def message(mti: str, fields: dict[int, Value]) -> bytes:
    """Return a message as it stands on the wire."""
    return WRAP(DIALECT.encode(mti, fields))


def sale(stan: str, **more: Value) -> bytes:
    fields: dict[int, Value] = {
        2: PAN, 3: "000000", 4: "000000001234", 11: stan, 22: "012", 25: "00",
        41: "10000161", 42: "880210010210162", 49: "156", 60: "22000001",
    }  # fmt: skip
    return message("0200", fields | {int(name[2:]): value for name, value in more.items()})


def answer(stan: str, code: str, tid: str = "10000161") -> bytes:
    return message("0210", {3: "000000", 11: stan, 37: "123456789012", 39: code, 41: tid, 42: "880210010210162"})


@dataclass
class Line:
    """Both ends, and the relay between them."""

    terminal: socket.socket
    host: socket.socket
    relay: RunningRelay

    async def ask(self, data: bytes) -> bytes:
        """Send bytes of the terminal; return what the host gets."""
        return await self._pass(self.terminal, self.host, data)

    async def reply(self, data: bytes) -> bytes:
        return await self._pass(self.host, self.terminal, data)

    async def _pass(self, source: socket.socket, target: socket.socket, data: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(source, data)
        received = b""
        while len(received) < len(data):
            received += await loop.sock_recv(target, 1 << 16)
        return received

    async def end(self) -> list[Entry]:
        """End the connection on both sides; return what was journalled."""
        self.terminal.close()
        self.host.close()
        while self.relay.server.open:
            await asyncio.sleep(0)
        return self.entries()

    def entries(self) -> list[Entry]:
        self.relay.store.flush()
        with self.relay.store.reader() as reader:
            return sorted(reader.exchanges(), key=lambda entry: entry.id)


@asynccontextmanager
async def line(tmp_path: Path, patience_s: float = 60.0, **more: Any) -> AsyncIterator[Line]:
    """A connection through a relay; `more` are its options."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as terminal:
        listening.setblocking(False)
        terminal.setblocking(False)
        options = RelayOptions(
            Address("127.0.0.1", 0),
            listening.getsockname(),
            store=f"sqlite:///{tmp_path}/relay.db",
            patience_s=patience_s,
            **more,
        )
        async with relaying(options) as relay:
            host, port = relay.address.rsplit(":", 1)
            await loop.sock_connect(terminal, (host, int(port)))
            accepted, _ = await loop.sock_accept(listening)
            accepted.setblocking(False)
            with accepted:
                yield Line(terminal, accepted, relay)
