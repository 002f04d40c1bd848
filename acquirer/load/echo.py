"""A bare Twisted echo on the asyncio reactor: the yardstick that a host's speed is measured against.

It does what every server must (accept, read, write, close) and nothing else. Run as
``python -m acquirer.load.echo``, in a process of its own, as a host is.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.protocol import Factory, Protocol

BACKLOG = 4096
"""The same as a host's: with Twisted's 50 a burst measures SYN retransmits, not servers."""


class Echo(Protocol):
    """Sends back what it was sent, the way Twisted's documentation does it."""

    def dataReceived(self, data: bytes) -> None:
        transport: Any = self.transport
        transport.write(data)


async def serve_echo() -> None:
    """Listen on a free loopback port, say which on stdout as one JSON line, echo until terminated."""
    reactor: Any = AsyncioSelectorReactor(asyncio.get_running_loop())
    port = reactor.listenTCP(0, Factory.forProtocol(Echo), backlog=BACKLOG, interface="127.0.0.1")
    print(json.dumps({"event": "ready", "listen": f"127.0.0.1:{port.getHost().port}"}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve_echo())
