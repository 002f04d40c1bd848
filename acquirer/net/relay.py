"""A relay: each connection that it accepts is joined to one that it opens, and bytes pass between them unchanged.

1. What was received from one side is sent to the other at once, as it was received; only then is it looked at. What
   looks at it (`RelayWatch`) cannot stop it: an exception ends the watching, never the connection.
2. While one side has not taken what was sent to it, the other is not read: at most one read waits for each.
3. An end (FIN) is passed on behind what came before it, and the other direction goes on; a reset (RST) is passed on as
   one, behind what came before it. The relay ends no connection of its own accord, however long it is silent.
4. A host that cannot be reached is a reset for the terminal: a connection that was refused, as far as one that was
   accepted can be.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from typing import Final

from acquirer.data.text import address_text
from acquirer.net.limits import ACCEPTS_PER_TURN, Limits
from acquirer.net.relay_socket import Direction, RelaySocket, connected, look_up
from acquirer.net.relay_tls import RelayTls
from acquirer.net.relay_watch import RelayEdit, RelayReport, RelayWatch
from acquirer.net.server import BindError
from acquirer.net.tcp_options import set_options

CONNECT_S: Final = 30.0
"""How long the host may take to accept: longer than terminals wait, so that they give up as they would without us."""

RESET_S: Final = 10.0
"""How long the side that is to be reset may take what came before the reset; it may be one that never reads."""

TAKEN_S: Final = 0.005
"""How often it is looked whether it has."""

FULL_REST_S: Final = 1.0
"""How long no one is accepted when no file is left: until others have ended, without asking again and again."""


class RelayServer:
    """Accepts connections and joins each to one of its own to a host. On the loop's thread.

    Args:
        to: address and port of the host; names are looked up anew for each connection.
        watch: returns what looks at a new connection.
        connections: that may be open at one time, each with two sockets.
        edit: returns what passes bytes on in place of the relay, given a connection and what looks at it; None: every
            byte is passed on unchanged.
    """

    def __init__(
        self,
        to: tuple[str, int],
        watch: Callable[[RelayedConnection], RelayWatch],
        report: RelayReport,
        connections: int,
        edit: Callable[[RelayedConnection, RelayWatch], RelayEdit] | None = None,
        tls: RelayTls | None = None,
    ) -> None:
        self.to = to
        self.watch = watch
        self.edit = edit
        self.tls = tls or RelayTls()
        self.report = report
        self.loop = asyncio.get_running_loop()
        self.accepted = 0
        self.open: set[RelayedConnection] = set()
        self._most = connections
        self._listening: socket.socket | None = None
        self._connecting: set[asyncio.Task[None]] = set()

    async def listen(self, host: str, port: int) -> str:
        """Listen, on a free port for 0; return the address.

        Raises:
            BindError: the address is not ours, or taken.
        """
        try:
            family, kind, protocol, _, where = (await look_up(self.loop, host, port))[0]
            sock = socket.socket(family, kind, protocol)
            try:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                set_options(sock)
                sock.bind(where)
                sock.listen(Limits().backlog)
                sock.setblocking(False)
            except OSError:
                sock.close()
                raise
        except OSError as exc:
            raise BindError(f"cannot listen on {host}:{port}: {(exc.strerror or str(exc)).lower()}") from None
        self._listening = sock
        self._accept_more()
        return address_text(sock.getsockname())

    async def stop(self) -> None:
        """Stop listening and end all connections."""
        if self._listening is not None:
            self.loop.remove_reader(self._listening)
            self._listening.close()
            self._listening = None
        for task in self._connecting:
            task.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)
        for connection in list(self.open):
            connection.close("the relay was stopped")

    def _accept_more(self) -> None:
        if self._listening is not None:
            self.loop.add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        listening = self._listening
        for _ in range(ACCEPTS_PER_TURN):
            if listening is None:
                return
            try:
                sock, peer = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionError):
                return
            except OSError as exc:
                if exc.errno not in (errno.EMFILE, errno.ENFILE):
                    return
                self.report.event("files-exhausted", "no file is left for newcomers: raise the limit with 'ulimit -n'")
                self.loop.remove_reader(listening)
                self.loop.call_later(FULL_REST_S, self._accept_more)
                return
            sock.setblocking(False)
            if len(self.open) >= self._most:
                self.report.event(
                    "too-many", f"{self._most} connections are open, and no more", peer=address_text(peer)
                )
                sock.close()
                continue
            self.accepted += 1
            connection = RelayedConnection(self, sock, address_text(peer), self.accepted)
            self.open.add(connection)
            task = self.loop.create_task(connection.join())
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)


class RelayedConnection:
    """A connection of a terminal and the one to the host that it is joined to."""

    def __init__(self, server: RelayServer, accepted: socket.socket, peer: str, number: int) -> None:
        self.peer = peer
        self.number = number
        self.loop = server.loop
        self._server = server
        self._terminal = server.tls.accepted(self, accepted)
        self.terminal_end = self._terminal.peer_address
        self.host_end = server.to  # where it is, once it is known
        self._host: RelaySocket | None = None
        self._over = False
        self._resetting: asyncio.TimerHandle | None = None
        self._watch: RelayWatch | None = None
        self._edit: RelayEdit | None = None
        try:
            self._watch = server.watch(self)
            if server.edit is not None:
                self._edit = server.edit(self, self._watch)
        except Exception:
            server.report.fault("relay-fault", peer)

    async def join(self) -> None:
        """Connect to the host, then pass on what comes from either side."""
        try:
            async with asyncio.timeout(CONNECT_S):
                sock = await connected(self.loop, *self._server.to)
        except (OSError, TimeoutError) as exc:
            number = getattr(exc, "errno", None)  # asyncio's own sentence says no more, and at length
            reason = os.strerror(number).lower() if number and number > 0 else str(exc) or f"silent for {CONNECT_S:g} s"
            self._terminal.close(reset=True)
            self._end(f"the host {address_text(self._server.to)} cannot be reached: {reason}")
            return
        if self._over:
            sock.close()
            return
        self._host = self._server.tls.called(self, sock)
        self.host_end = self._host.peer_address
        self._terminal.other, self._host.other = self._host, self._terminal
        self._terminal.resume()
        self._host.resume()

    def received(self, source: RelaySocket, data: bytes) -> None:
        """Pass bytes on, then look at them; or have them edited."""
        if self._edit is not None:
            try:
                self._edit.received(source.direction, data)
            except Exception:
                self._edit = self._watch = None  # from here on unchanged
                self.report_fault()
            return
        self.send(source.direction, data)
        if self._watch is not None:
            try:
                self._watch.passed(source.direction, data)
            except Exception:
                self._watch = None
                self.report_fault()

    def finished(self, source: RelaySocket) -> None:
        """Pass an end on."""
        if self._edit is not None:
            self._edit.finished(source.direction)
        else:
            self.finish(source.direction)

    def report_fault(self) -> None:
        """Report the exception that is being handled."""
        self._server.report.fault("relay-fault", self.peer)

    def send(self, direction: Direction, data: bytes) -> None:
        """Send bytes to one side."""
        target = self._host if direction is Direction.TO_HOST else self._terminal
        assert target is not None
        target.send(data)

    def finish(self, direction: Direction) -> None:
        """Send an end to one side."""
        target = self._host if direction is Direction.TO_HOST else self._terminal
        assert target is not None
        target.finish()
        self.settle()

    def refused(self, source: RelaySocket, reason: str, sentence: str) -> None:
        """End both connections, because one of them is not secured by TLS as it should be."""
        how = f"TLS failed on the {'terminal' if source is self._terminal else 'host'}'s side: {sentence}"
        self._server.report.event(reason, how, peer=self.peer)
        self._close(how, reset=False)

    def settle(self) -> None:
        """Close both sockets once both sides have ended, and have taken all."""
        ends = (self._terminal, self._host)
        if all(one is not None and one.ended and one.finishing and not one.unsent for one in ends):
            self.close("closed by both sides")

    def was_reset(self, source: RelaySocket) -> None:
        """Pass a reset on, behind what came before it."""
        if self._over or self._resetting is not None:
            return
        assert source.other is not None
        source.close(reset=True)
        who = "terminal" if source is self._terminal else "host"
        how = f"reset by the {who}"
        self._reset_when_taken(source.other, how, self.loop.time() + RESET_S)

    def _reset_when_taken(self, end: RelaySocket, how: str, until_s: float) -> None:
        """Reset a side once it has taken everything: a reset drops what its system has not got yet."""
        if end.on_its_way and self.loop.time() < until_s:
            self._resetting = self.loop.call_later(TAKEN_S, self._reset_when_taken, end, how, until_s)
        else:
            self._close(how, reset=True)

    def close(self, how: str) -> None:
        """End both connections."""
        self._close(how, reset=False)

    def _close(self, how: str, *, reset: bool) -> None:
        if self._resetting is not None:
            self._resetting.cancel()
        for end in (self._terminal, self._host):
            if end is not None:
                end.close(reset=reset)
        self._end(how)

    def _end(self, how: str) -> None:
        if self._over:
            return
        self._over = True
        self._server.open.discard(self)
        if self._watch is not None:
            try:
                self._watch.ended(how)
            except Exception:
                self._server.report.fault("relay-fault", self.peer)
