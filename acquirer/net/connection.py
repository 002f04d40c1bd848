"""One peer's connection: bytes into frames, replies into bytes, and what is done to a peer that misbehaves.

Nothing here knows ISO 8583. A frame goes to the receiver of its listener; everything else ends the connection with a
reason that is counted and reported. Which limits there are, and why: `net.limits`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from twisted.python.failure import Failure

from acquirer.data.text import address_text, plural
from acquirer.net.read_control import BUSY, TLS_TIMEOUT, UNSENT, ReadControl, ReadingServer
from acquirer.net.transport import EagerTransport
from acquirer.wire.deframer import make_deframer
from acquirer.wire.framing import EMPTY_START, FrameError, Framing


class Connection(ReadControl["ConnectionServer"]):
    """A peer, from accept to close. Created for its listener; all methods belong to the loop's thread."""

    __slots__ = (
        "_deframer",
        "_next",
        "_receive",
        "_wrap",
        "before",
        "keep_alives",
        "keep_alives_since_s",
        "listener",
        "number",
        "peer",
    )

    def __init__(self, listener: ConnectionListener, client: tuple[str, int], number: int) -> None:
        super().__init__(listener.server)
        self.listener = listener
        self.number = number
        self.peer = address_text(client)  # "127.0.0.1:50412"
        self.before = b""  # an empty frame; the read that brought it brought the next one too, or its beginning
        self.keep_alives = 0
        self.keep_alives_since_s = 0.0
        self._deframer = make_deframer(listener.framing)
        self._next: bytes | None = None  # a frame that waits for its turn
        self._wrap = listener.wrap
        self._receive = listener.receive

    @property
    def open(self) -> bool:
        return self._transport is not None

    @property
    def in_flight(self) -> int:
        """How many bytes were written that the peer's system has not confirmed."""
        return 0 if self._transport is None else self._transport.in_flight

    # -- the transport's calls ---------------------------------------------------------------------------------------

    def makeConnection(self, transport: EagerTransport) -> None:
        self._transport = transport
        self.server.connected(self)

    def dataReceived(self, data: bytes) -> None:
        if self._transport is None:  # closed since this was read
            return
        server = self.server
        self.touched_s = server.now_s()
        frame = self._deframer.whole(data)
        if frame is None or self._next is not None:
            self._take(data)
            return
        try:  # most often nothing is kept of before, and nothing follows
            self._hand_on(frame)
        except Exception:
            self._fail()
            return
        if self.busy >= server.limits.in_flight and not self.closing and self._transport is not None:
            self.pause(BUSY)

    def moreReceived(self) -> bool:
        """Hand on the next frame of what was received; return False when there is none, and more may be read."""
        return self._take(b"")

    def peerFinished(self) -> None:
        """The peer sends no more (FIN). What it requested is still answered; then the connection ends."""
        self._finished = True
        self._end_finished()

    def unsentChanged(self) -> None:
        """The transport holds bytes the kernel did not take, or has just got rid of some."""
        if self._transport is None:
            return
        unsent, limits = self._transport.unsent_bytes, self.server.limits
        if unsent > limits.unsent_abort_bytes:
            self.close("not-reading", hard=True)
        elif unsent > limits.unsent_pause_bytes:
            self.pause(UNSENT)
        elif self._paused & UNSENT and unsent == 0:
            self.resume(UNSENT)

    def connectionLost(self, _reason: Failure) -> None:
        self._transport = None
        if not self._finished:
            self._report_unfinished("cut-off", "then the connection was lost")
        self.server.disconnected(self)

    # -- the receiver's calls ----------------------------------------------------------------------------------------

    def send(self, frame: bytes) -> bool:
        """Send `frame` with its length prefix; False when the connection is ending and it went nowhere."""
        return self.send_bytes(self._wrap(frame))

    def send_bytes(self, data: bytes) -> bool:
        """Send `data` as it is, under the same limits as frames; False when the connection is ending."""
        transport = self._transport
        if transport is None or self.closing:
            return False
        transport.write(data)
        return self._transport is not None

    def done(self) -> None:
        """One request that was handed on is finished with, answered or not."""
        self.busy -= 1
        if self._finished:
            self._end_finished()
        elif self._paused & BUSY and self.busy <= self.server.limits.in_flight // 2:
            self.resume(BUSY)

    def known(self) -> None:
        """The peer has had a request approved: it may stay silent for longer, and is read in its turn."""
        self.idle_s = self.server.limits.idle_known_s
        if self.deferred:
            self.defer(deferred=False)

    def close(self, reason: str, *, hard: bool = False) -> None:
        """End the connection and count `reason`: with FIN after what is unsent, or with RST at once."""
        if self._transport is None:
            return
        if not self.closing:
            self.closing = reason
            self.server.counters.closed(reason)
        if hard:
            self._transport.abortConnection()
        else:
            self._lose()

    def refuse(self, reason: str, detail: str, data: bytes, before: bytes = b"") -> None:
        """What was received, beginning with `data`, is no frame: report why, and close."""
        self.listener.refuse(self, reason, detail, data, before)
        self.close(reason)

    def expire(self, reason: str) -> None:
        """End a connection that is `overdue`."""
        if reason == "frame-timeout":
            self._report_unfinished(reason, f"and no more within {self.server.limits.frame_s:g} s")
        elif reason == TLS_TIMEOUT:
            self.refuse(reason, "the TLS handshake was begun, and not finished in time", b"")
        self.close(reason, hard=reason == "not-reading")

    def _hand_on(self, frame: bytes) -> None:
        self.busy += 1
        self.server.counters.frames += 1
        self._receive(self, frame)
        if self.before:
            self.before = b""

    def _fail(self) -> None:
        """Close the peer after an exception, which is being handled: no input makes the host raise."""
        self.server.report_fault(self)
        self.close("internal-fault", hard=True)

    def _take(self, data: bytes) -> bool:
        """Hand on the first frame of what was received; the others wait for turns of their own.

        It is read one frame further: a length that will not be read says what is the matter with the one before it.
        Returns False when no frame was handed on, and more may be read.
        """
        server, deframer = self.server, self._deframer
        handed_on = False
        try:
            if data:
                if deframer.fresh:
                    self._look_at_start(data)
                deframer.feed(data)
            for frame in self._frames():
                if handed_on:
                    self._next = frame
                    break
                self.frame_since_s = 0.0
                if frame:
                    handed_on = True
                    self._hand_on(frame)
                else:
                    self._keep_alive()
                if self.closing or self._transport is None:
                    return True
        except FrameError as exc:
            self.refuse(exc.reason, exc.detail, exc.data, exc.before)
            return True
        except Exception:
            self._fail()
            return True
        if self.closing or self._transport is None:
            return True
        if self._next is not None:
            self._transport.callAgain()
        elif self.before and not deframer.pending:
            self.before = b""
        if not deframer.pending or not self.frame_since_s:
            self.frame_since_s = server.now_s() if deframer.pending else 0.0
        if self.busy >= server.limits.in_flight:
            self.pause(BUSY)
        return handed_on

    def _frames(self) -> Iterator[bytes]:
        """Yield the frame that waits for its turn, and those behind it."""
        frame, self._next = self._next, None
        if frame is not None:
            yield frame
        yield from self._deframer

    def _look_at_start(self, data: bytes) -> None:
        """Report first bytes that are an empty frame with more behind it: they may be a longer length."""
        if self.listener.framing.starts_empty(data):
            self.listener.refuse(self, EMPTY_START, "the first frame is empty, and more follows", data, b"")

    def _report_unfinished(self, reason: str, what_then: str) -> None:
        """Report a frame that began and did not end: its length may be written in another form than is read here."""
        if (pending := self._deframer.pending) and not self.closing:
            sentence = f"{plural(pending, 'byte')} of a frame came, {what_then}"
            self.listener.refuse(self, reason, sentence, self._deframer.unfinished, self._deframer.before)

    def _keep_alive(self) -> None:
        counters, now_s = self.server.counters, self.server.now_s()
        counters.keep_alives += 1
        if now_s - self.keep_alives_since_s > 60:
            self.keep_alives, self.keep_alives_since_s = 0, now_s
        self.keep_alives += 1
        framing = self.listener.framing
        if not framing.includes_itself:  # else it is no half of a longer length
            self.before = bytes(framing.length_bytes)
        if self.keep_alives >= (most := self.server.limits.keep_alives_per_minute):
            self.refuse(
                "keep-alive-flood",
                f"{most} empty frames came within a minute, which is the limit: send a keep-alive at most once a "
                "second, or an echo test",
                b"",
            )

    def _end_finished(self) -> None:
        """End the connection of a peer that sends no more, once all its requests are answered."""
        if self.busy == 0 and self._transport is not None:
            self._report_unfinished("cut-off", "then the peer hung up")
            self._lose()

    def _lose(self) -> None:
        if self._transport is not None:
            self._transport.loseConnection()


Receive = Callable[[Connection, bytes], None]
"""Takes a frame that was received; must call `Connection.done` once when it has finished with it."""

Refuse = Callable[[Connection, str, str, bytes, bytes], None]
"""Takes a reason, its sentence, the first bytes of what is no frame, and those just before; the connection ends."""


class ConnectionServer(ReadingServer, Protocol):
    """What a connection needs of its server."""

    def connected(self, connection: Connection) -> None:
        """The connection is open."""

    def disconnected(self, connection: Connection) -> None:
        """The connection has ended."""

    def report_fault(self, connection: Connection) -> None:
        """An exception is being handled that no input should raise."""


class ConnectionListener(Protocol):
    """What a connection needs of the listener that accepted it."""

    address: str
    framing: Framing
    wrap: Callable[[bytes], bytes]
    receive: Receive
    refuse: Refuse

    @property
    def server(self) -> ConnectionServer: ...
