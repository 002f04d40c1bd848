"""Connections of terminals to a host: opened, written, read, kept or closed, all of them in one `selectors` loop."""

from __future__ import annotations

import errno
import selectors
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic_ns
from typing import Final

from acquirer.load.active_terminal import ActiveTerminal
from acquirer.load.generator import UNDER_WAY, open_from
from acquirer.net.tls_session import TlsError, TlsSession
from acquirer.settings.client_tls import TlsCall
from acquirer.terminal.effects import Ask, NoAnswer, NotSent, Received, Response, Unframed
from acquirer.wire.deframer import make_deframer
from acquirer.wire.framing import FrameError, Framing

READ_BYTES: Final = 8192

NO_ROOM: Final = frozenset({errno.EADDRNOTAVAIL, errno.EADDRINUSE, errno.EMFILE, errno.ENFILE, errno.ENOBUFS})
"""Why this machine cannot open a connection: no fault of the host."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go, and how.

    Args:
        sources: addresses to connect from, in turn; none: the system chooses.
        kept: a terminal keeps its connection for its next request.
        tls: gives how a terminal calls over TLS, by its number; None: without.
    """

    address: tuple[str, int]
    framing: Framing
    sources: Sequence[str] = ()
    kept: bool = False
    tls: Callable[[str], TlsCall] | None = None


class Connections:
    """The connections of all terminals.

    Args:
        answered: is given what came for a terminal; and whether its connection ended after the request had left.
    """

    def __init__(self, target: Target, answered: Callable[[ActiveTerminal, Response, bool], None]) -> None:
        self._target = target
        self._family = socket.AF_INET6 if ":" in target.address[0] else socket.AF_INET
        self._answered = answered
        self._selector = selectors.DefaultSelector()
        self._opened = 0

    def send(self, terminal: ActiveTerminal, ask: Ask) -> None:
        """Send a request, over the connection that is open if there is one that may be used."""
        terminal.ask, terminal.no_room = ask, False
        terminal.begun_ns = monotonic_ns()
        terminal.first_ns = terminal.connected_ns = 0
        terminal.data = self._target.framing.wrap(ask.frame)
        if terminal.sock is not None and (ask.fresh or not self._target.kept):
            self.hang_up(terminal)
        if terminal.sock is not None:
            terminal.connected_ns = terminal.begun_ns
            self._encrypt(terminal)
        elif not self._connect(terminal):
            return
        self._write(terminal)

    def look(self, wait_s: float) -> None:
        """Take what has come, and wait for it at most so long."""
        for key, events in self._selector.select(wait_s):
            terminal = key.data
            if terminal.sock is not key.fileobj:  # closed by what was done for another one just now
                continue
            if events & selectors.EVENT_WRITE:
                self._write(terminal)
            else:
                self._read(terminal)

    def leave(self, terminal: ActiveTerminal) -> None:
        """Close the connection of a terminal that has nothing more to send, unless connections are kept."""
        if not self._target.kept:
            self.hang_up(terminal)

    def hang_up(self, terminal: ActiveTerminal) -> None:
        """Close the connection of a terminal, if it has one."""
        if terminal.sock is not None:
            self._selector.unregister(terminal.sock)
            terminal.sock.close()
            terminal.sock = terminal.deframer = terminal.session = None

    def close(self) -> None:
        """Hang up everything."""
        for key in list(self._selector.get_map().values()):
            self.hang_up(key.data)
        self._selector.close()

    def _connect(self, terminal: ActiveTerminal) -> bool:
        """Open a connection; False when the request has ended."""
        sources, address = self._target.sources, self._target.address
        source = sources[self._opened % len(sources)] if sources else ""
        sock = None
        try:
            sock = open_from(source, self._family)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._opened += 1
            error = sock.connect_ex(address)
        except OSError as exc:
            error = exc.errno or errno.ECONNREFUSED
        if sock is None or error not in UNDER_WAY:
            if sock is not None:
                sock.close()
            terminal.no_room = error in NO_ROOM
            self._answered(terminal, NotSent(f"no connection: {errno.errorcode.get(error, error)}"), False)
            return False
        terminal.sock, terminal.deframer = sock, make_deframer(self._target.framing)
        if self._target.tls is not None:
            call = self._target.tls(terminal.machine.setup.tid)
            terminal.session = TlsSession(call.context, server=False, name=call.name)
            terminal.clear, terminal.data = terminal.data, terminal.session.to_send()
        self._selector.register(sock, selectors.EVENT_WRITE, terminal)
        terminal.writing = True
        return True

    def _write(self, terminal: ActiveTerminal) -> None:
        sock = terminal.sock
        assert sock is not None
        try:
            sent = sock.send(terminal.data)
        except BlockingIOError:
            sent = 0
        except OSError as exc:
            if exc.errno in (errno.ENOTCONN, errno.EAGAIN):  # the handshake is under way
                return
            self._broken(terminal, exc)
            return
        if sent and not terminal.connected_ns:
            terminal.connected_ns = monotonic_ns()
        terminal.data = terminal.data[sent:]
        if terminal.writing == bool(terminal.data):
            return
        terminal.writing = bool(terminal.data)
        self._selector.modify(sock, selectors.EVENT_WRITE if terminal.data else selectors.EVENT_READ, terminal)

    def _read(self, terminal: ActiveTerminal) -> None:
        sock, deframer = terminal.sock, terminal.deframer
        assert sock is not None
        assert deframer is not None
        try:
            data = sock.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError as exc:
            self._broken(terminal, exc)
            return
        if not data:
            secured = terminal.session is None or terminal.session.secured
            self.hang_up(terminal)
            if terminal.busy and not secured:
                self._answered(terminal, NotSent("no connection: the host hung up during the handshake of TLS"), False)
            elif terminal.busy:
                self._answered(terminal, NoAnswer("the host closed the connection", terminal.took_us), True)
            return
        if terminal.session is not None:
            try:
                data = terminal.session.feed(data)
            except TlsError as exc:
                self._not_secured(terminal, exc.sentence)
                return
            self._go_on(terminal, terminal.session)
            if not data:
                return
        terminal.first_ns = terminal.first_ns or monotonic_ns()
        deframer.feed(data)
        if not terminal.busy:  # late, for a request that has ended: the next one leaves it aside
            return
        ask = terminal.ask
        try:
            for frame in deframer:
                if frame:
                    self._answered(terminal, Received(frame, terminal.took_us), False)
                    if terminal.ask is not ask:
                        return
        except FrameError as exc:
            self.hang_up(terminal)
            self._answered(terminal, Unframed(exc.detail, terminal.took_us), False)

    def _encrypt(self, terminal: ActiveTerminal) -> None:
        """Have a request go over TLS, where its connection is secured."""
        if (session := terminal.session) is not None:
            session.write(terminal.data)
            terminal.data = session.to_send()

    def _go_on(self, terminal: ActiveTerminal, session: TlsSession) -> None:
        """Send what the session has to say, and the request once the handshake is over."""
        if session.secured and terminal.clear:
            session.write(terminal.clear)
            terminal.clear = b""
        if data := session.to_send():
            terminal.data += data
            self._write(terminal)

    def _not_secured(self, terminal: ActiveTerminal, sentence: str) -> None:
        """End a connection that TLS has failed on: the host read no request behind a handshake that it refused."""
        untouched = not terminal.first_ns
        self.hang_up(terminal)
        if terminal.busy and untouched:
            self._answered(terminal, NotSent(f"no connection: {sentence}"), False)
        elif terminal.busy:
            self._answered(terminal, NoAnswer(sentence, terminal.took_us), True)

    def _broken(self, terminal: ActiveTerminal, exc: OSError) -> None:
        reached = terminal.connected_ns > 0
        self.hang_up(terminal)
        if not terminal.busy:
            return
        why = exc.strerror or str(exc)
        if reached:
            self._answered(terminal, NoAnswer(why, terminal.took_us), True)
        else:
            self._answered(terminal, NotSent(f"no connection: {why}"), False)
