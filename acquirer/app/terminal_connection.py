"""The terminal's end of the line: one request out, one frame in, over a blocking socket (asyncio: `async_terminal`).

A line either opens a connection for every exchange, as most terminals do, or keeps one open. A failure is a `Response`
too, because it decides what the terminal must do: nothing sent, nothing received, or no frame received.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from acquirer.data.text import address_text, plural
from acquirer.terminal.effects import Ask, NoAnswer, NotSent, Received, Response, Unframed
from acquirer.wire.deframer import Deframer, make_deframer
from acquirer.wire.framing import FrameError, Framing

if TYPE_CHECKING:
    from acquirer.settings.client_tls import TlsCall

CONNECT_S = 10.0
"""How long a connection may take to open: a listening host accepts at once, an absent one never answers."""

LEAST_S = 0.001  # of one wait: a socket takes 0 for not waiting at all

DROPPED = "the line dropped once the request was sent"

CHUNK_BYTES = 8192  # of one read: a frame's usual limit, so that one read brings a whole one


class HostAddress(NamedTuple):
    """Where a host listens."""

    host: str
    port: int
    tls: TlsCall | None = None
    """How it is called over TLS; None: without."""

    def __str__(self) -> str:
        return address_text(self)


def address(text: str) -> HostAddress:
    """Return the address that ``HOST:PORT`` says, with brackets around an IPv6 address.

    >>> address("127.0.0.1:8583"), str(address("[::1]:8583"))
    (HostAddress(host='127.0.0.1', port=8583, tls=None), '[::1]:8583')

    Raises:
        ValueError: it is not written like that.
    """
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65536:
        raise ValueError(f"'{text}' is no address; write HOST:PORT, like 127.0.0.1:8583")
    return HostAddress(host, int(port))


class ExchangeTimer:
    """The bookkeeping of one exchange: when it began, when it must be over, what has arrived of a frame."""

    def __init__(self, framing: Framing, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._now_ns = now_ns
        self.deframer: Deframer = make_deframer(framing)
        self.began_ns = 0
        self.timeout_s = 0.0
        self.untouched = True  # nothing has come over this connection

    def begin(self, timeout_s: float) -> None:
        self.began_ns, self.timeout_s = self._now_ns(), timeout_s

    @property
    def took_us(self) -> int:
        return (self._now_ns() - self.began_ns) // 1000

    @property
    def left_s(self) -> float:
        return max(0.0, self.timeout_s - self.took_us / 1e6)

    def take(self, received: bytes | OSError | None) -> Response | None:
        """Take what a read brought, None before the first; an answer when it is there, or when none can come."""
        if isinstance(received, OSError) and not isinstance(received, TimeoutError):
            if self.untouched and _refuses(received):
                return NotSent(reason_of(received))
            return self.silence(reason_of(received))
        if received == b"":
            return self.silence("the host closed the connection")
        if isinstance(received, bytes):
            self.untouched = False
            self.deframer.feed(received)
        return self._frame() or (self.silence(f"waited {self.timeout_s:g} s") if self.left_s <= 0 else None)

    def _frame(self) -> Received | Unframed | None:
        """Return the next frame of what was fed, if it is whole; keep-alives are passed over."""
        try:
            for frame in self.deframer:
                if frame:
                    return Received(frame, self.took_us)
        except FrameError as error:
            return Unframed(error.detail, self.took_us)
        return None

    def silence(self, what: str) -> NoAnswer:
        half = self.deframer.pending
        begun = f", {plural(half, 'byte')} of an unfinished frame had come" if half else ""
        return NoAnswer(f"{what}{begun}", self.took_us)


class TerminalConnection:
    """A blocking line to one host.

    Args:
        now_ns: the clock of its timeouts, in nanoseconds.
    """

    def __init__(
        self,
        to: HostAddress,
        framing: Framing,
        *,
        keep_open: bool = False,
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.to, self.framing, self.keep_open = to, framing, keep_open
        self._socket: socket.socket | None = None
        self._now_ns = now_ns
        self._exchange = ExchangeTimer(framing, now_ns)

    def ask(self, ask: Ask) -> Response:
        """Send a request and wait for the first whole frame."""
        data = self.framing.wrap(ask.frame)
        if ask.fresh or not self.keep_open or self._hung_up():
            self.close()
        if self._socket is None:
            try:
                self._socket = connect(self.to, min(CONNECT_S, ask.timeout_s))
            except OSError as error:
                return NotSent(f"no connection to {self.to}: {reason_of(error)}")
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._exchange = ExchangeTimer(self.framing, self._now_ns)
        self._exchange.begin(ask.timeout_s)
        try:
            self._socket.settimeout(ask.timeout_s)
            self._socket.sendall(data)
        except OSError as error:  # some of it may have arrived
            self.close()
            return self._exchange.silence(reason_of(error))
        if ask.hang_up:
            self.close()
            return self._exchange.silence(DROPPED)
        return self.listen()

    def listen(self) -> Response:
        """Wait for the next whole frame, within the time of the last `ask`."""
        received = None
        while (answer := self._exchange.take(received)) is None:
            received = self._read(self._exchange.left_s)
        if isinstance(answer, NoAnswer):
            self.close()  # what comes later must not be taken for the next answer
        return answer

    def done(self) -> None:
        """An exchange is over: hang up, unless the line is to be kept open."""
        if not self.keep_open:
            self.close()

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _read(self, within_s: float) -> bytes | OSError:
        if self._socket is None:
            return b""
        try:
            self._socket.settimeout(max(within_s, LEAST_S))
            return _received(self._socket)
        except OSError as error:
            return error

    def _hung_up(self) -> bool:
        """Return whether the host has closed a connection that was kept open: then nothing must be sent on it."""
        if self._socket is None or not select.select([self._socket], [], [], 0)[0]:
            return False
        with contextlib.suppress(OSError):
            if self.to.tls is None:
                return not self._socket.recv(1, socket.MSG_PEEK)
            self._socket.settimeout(LEAST_S)  # what can be read may be no message: TLS has some of its own
            try:
                late = _received(self._socket)
            except TimeoutError:
                return False
            self._exchange.deframer.feed(late)
            return not late
        return True


def connect(to: HostAddress, within_s: float) -> socket.socket:
    """Return a socket that is connected to a host, over TLS where it is called so. Raises OSError."""
    sock = socket.create_connection(to[:2], within_s)
    if to.tls is None:
        return sock
    try:
        return to.tls.context.wrap_socket(sock, server_hostname=to.tls.name)
    except BaseException:
        sock.close()
        raise


def _received(sock: Any) -> bytes:
    """Return what has come, over TLS with all that is decrypted: no byte would wake us for the rest."""
    data: bytes = sock.recv(CHUNK_BYTES)
    while hasattr(sock, "pending") and sock.pending():
        data += sock.recv(CHUNK_BYTES)
    return data


def _refuses(error: OSError) -> bool:
    """Return whether a host has refused the handshake: it read nothing of what was sent behind it (RFC 8446, 4.4)."""
    return "ALERT" in str(getattr(error, "reason", ""))


def reason_of(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    library = sys.modules.get("ssl")  # an error of it does not come before it
    if library is not None and isinstance(error, library.SSLError):
        from acquirer.net.tls_words import tls_problem

        return tls_problem(error, server=False)
    if error.errno and not isinstance(error, socket.gaierror):  # asyncio puts its own words around the system's
        return os.strerror(error.errno).lower()
    return (error.strerror or str(error) or type(error).__name__).lower()
