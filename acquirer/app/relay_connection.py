"""What passes on one connection of a relay: cut into frames, decoded, paired, and kept as exchanges.

1. Nothing here stands in the way of bytes: they were passed on before they are looked at.
2. A request waits for its reply until one comes that its dialect says is its (`dialect.answers`), the connection ends,
   or its terminal would have given up; then it is kept as unanswered. Either side may ask.
3. What is no frame, no message, or answers nothing is kept too, as that. A direction that carried what is no frame is
   not looked at further: where its next frame begins is not known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from acquirer.app.relay_journal import RelayJournal
from acquirer.app.relay_messages import SeenMessage, amount_minor, approves, decoded, safely, text_of
from acquirer.app.relay_trace import ConnectionTrace
from acquirer.data.text import plural
from acquirer.dialect.answers import differing_element
from acquirer.inspect.sniff import mismatch
from acquirer.matcher.keys import BETWEEN_NAMES
from acquirer.model.evidence import Evidence
from acquirer.model.reasons import Reason
from acquirer.net.relay_socket import Direction
from acquirer.wire.framing import FrameError
from acquirer.wire.masking import mask_pan
from acquirer.wire.raw_frames import RawFrames

MOST_WAITING: Final = 64
"""Requests of one connection that wait for their replies; a terminal has one or two. For one more, the oldest is given
up: each reply is compared with all of them."""

_SENDERS: Final = {Direction.TO_HOST: "terminal", Direction.TO_TERMINAL: "host"}


DamagePassing = Callable[[SeenMessage, SeenMessage | None], None]
"""Takes a message and the request that it answers, if it is a reply; passes it on, and notes in it what was done."""


class Beside(Protocol):
    """Looks at exchanges too, and adds to the evidence of each."""

    def request(self, request: SeenMessage, peer: str) -> None:
        """A request to the host passed."""

    def answered(self, request: SeenMessage, reply: SeenMessage, evidence: Evidence) -> None:
        """Its reply passed."""

    def unanswered(self, request: SeenMessage, evidence: Evidence) -> None:
        """No reply of it will be waited for."""


class ConnectionJournal:
    """What passes on one connection.

    Args:
        trace: is given raw bytes; None: no one wants them.
        beside: looks at exchanges too.
    """

    def __init__(
        self, journal: RelayJournal, peer: str, trace: ConnectionTrace | None = None, beside: Beside | None = None
    ) -> None:
        self._journal = journal
        self._dialect = journal.dialect
        self._peer = peer
        self._trace = trace
        self._beside = beside
        framing = journal.dialect.framing
        self._frames = {direction: RawFrames(framing) for direction in Direction}
        self._lost: set[Direction] = set()  # directions that carried what is no frame
        self._waiting: dict[Direction, list[SeenMessage]] = {direction: [] for direction in Direction}
        journal.open.add(self)

    # -- what passes -------------------------------------------------------------------------------------------------

    def passed(self, direction: Direction, data: bytes) -> None:
        """Look at bytes that were passed on."""
        if direction in self._lost:
            self.raw(direction, data)
            return
        frames = self._frames[direction]
        try:
            for frame, raw in frames.feed(data):
                if frame:
                    self.frame(direction, frame, raw)
                else:
                    self.raw(direction, raw)
        except FrameError as exc:
            self.raw(direction, frames.rest)
            self.no_frame(direction, exc)

    def raw(self, direction: Direction, data: bytes) -> None:
        """Trace bytes as they were received, if that is wanted."""
        if self._trace is not None and data:
            self._trace.put(direction, data)

    def no_frame(self, direction: Direction, exc: FrameError) -> None:
        """Keep that a direction carries what is no frame."""
        sentence = f"{exc.detail}; what follows is passed on, and not looked at"
        self._no_frame(direction, exc.reason, sentence, exc.data)

    def _no_frame(self, direction: Direction, reason: str, sentence: str, data: bytes) -> None:
        self._lost.add(direction)
        evidence = self._evidence(reason, f"the {_SENDERS[direction]} sent what is no frame: {sentence}")
        evidence.frame_bytes = len(data)
        evidence.notes = self._other_form(data)
        self._journal.keep(evidence)

    def _other_form(self, data: bytes) -> tuple[str, ...]:
        """Return a note about what bytes look like that this dialect does not read: it may be another one."""
        seems = mismatch(data, self._dialect).partition("; send it")[0]
        return (f"{seems}; --dialect names what is spoken",) if seems else ()

    def frame(self, direction: Direction, frame: bytes, raw: bytes, damage: DamagePassing | None = None) -> None:
        """Look at one frame.

        Args:
            raw: the frame with all that stands around it.
            damage: passes it on, or what faults make of it; without it, it was passed on already.
        """
        self.raw(direction, raw)
        seen = decoded(self._dialect, frame, self._journal.now_us(), self._journal.now_s())
        is_reply = bool(seen.mti) and self._dialect.is_response(seen.mti, seen.fields)
        request = self._request_of(direction, seen) if is_reply else None
        if damage is not None:
            damage(seen, request)
        if is_reply:
            self._answered(direction, request, seen)
            return
        if self._beside is not None and direction is Direction.TO_HOST and not seen.fault:
            self._beside.request(seen, self._peer)
        if seen.mti:
            waiting = self._waiting[direction]
            if len(waiting) >= MOST_WAITING:
                self._unanswered(direction, waiting.pop(0), f"when {plural(MOST_WAITING, 'later request')} waited")
            waiting.append(seen)
        else:
            assert seen.failure is not None
            evidence = self._request(seen, "undecodable", f"undecodable, passed on: {seen.failure}")
            evidence.notes = (*self._sent_by(direction), *self._other_form(raw))
            self._journal.keep(evidence)

    def give_up(self, latest_s: float) -> None:
        """Keep requests as unanswered that came before a moment of the loop's clock."""
        for direction, waiting in self._waiting.items():
            while waiting and waiting[0].at_s <= latest_s:
                self._unanswered(direction, waiting.pop(0), f"within {self._journal.patience_s:g} s")

    def ended(self, how: str) -> None:
        """Keep what was not answered, and what was cut off."""
        self._journal.open.discard(self)
        for direction, waiting in self._waiting.items():
            for request in waiting:
                self._unanswered(direction, request, f"before the connection ended: {how}")
            waiting.clear()
            frames = self._frames[direction]
            if direction not in self._lost and frames.pending:
                self.raw(direction, frames.rest)
                sentence = f"{plural(frames.pending, 'byte')} of a frame came, and no more: {how}"
                self._no_frame(direction, "cut-off", sentence, frames.unfinished)
        if self._trace is not None:
            self._trace.ended()
        if how.startswith("the host "):  # there was never a connection to it
            self._journal.keep(self._evidence("no-connection", how))

    # -- exchanges ---------------------------------------------------------------------------------------------------

    def _request_of(self, direction: Direction, reply: SeenMessage) -> SeenMessage | None:
        """Return the request that a reply answers, which waits no longer; None: there is none."""
        waiting = self._waiting[direction.back]
        for place, request in enumerate(waiting):
            if not differing_element(
                self._dialect, request.mti, request.route, request.fields, reply.mti, reply.fields
            ):
                return waiting.pop(place)
        return None

    def _answered(self, direction: Direction, request: SeenMessage | None, reply: SeenMessage) -> None:
        if request is not None:
            self._exchange(direction, request, reply)
            return
        sentence = "a reply to no request that waits on this connection: it came late, twice, or for another one"
        evidence = self._evidence("stray_reply", sentence)
        self._add_reply(evidence, reply)
        evidence.at_us, evidence.frame_bytes, evidence.fault = reply.at_us, len(reply.frame), reply.fault
        read, fields = self._journal.read, reply.fields
        evidence.tid, evidence.mid, evidence.stan = read.tid(fields), read.mid(fields), read.stan(fields)
        evidence.notes = self._sent_by(direction)
        self._journal.keep(evidence, reply.delivery)

    def _exchange(self, direction: Direction, request: SeenMessage, reply: SeenMessage) -> None:
        dialect = self._dialect
        code = text_of(dialect, reply.fields, "code")
        known = dialect.codes.get(code)
        sender = _SENDERS[direction]
        if reply.failure is not None:
            reason, why = "undecodable_reply", f"the reply of the {sender} cannot be decoded: {reply.failure}"
        elif approves(dialect, reply):
            reason, why = str(Reason.APPROVED), f"approved by the {sender}"
        else:
            meaning = known.meaning.en if known is not None else "a code that this dialect does not know"
            reason, why = "declined", f"declined by the {sender}: {meaning}"
        if request.failure is not None:
            why = f"{why}; the request cannot be decoded: {request.failure}"
        evidence = self._request(request, reason, why)
        self._add_reply(evidence, reply)
        evidence.code = code
        evidence.rrn = text_of(dialect, reply.fields, "rrn")
        evidence.fault = BETWEEN_NAMES.join(filter(None, (request.fault, reply.fault)))
        evidence.took_us = round((reply.at_s - request.at_s) * 1_000_000)
        evidence.notes = self._sent_by(direction.back)
        if self._beside is not None and direction is Direction.TO_TERMINAL:
            self._beside.answered(request, reply, evidence)
        self._journal.keep(evidence, reply.delivery)

    def _unanswered(self, direction: Direction, request: SeenMessage, when: str) -> None:
        evidence = self._request(request, "unanswered", f"no reply came {when}")
        evidence.notes = self._sent_by(direction)
        evidence.took_us = round((self._journal.now_s() - request.at_s) * 1_000_000)
        if self._beside is not None and direction is Direction.TO_HOST:
            self._beside.unanswered(request, evidence)
        self._journal.keep(evidence)

    # -- evidence ----------------------------------------------------------------------------------------------------

    def _evidence(self, reason: str, why: str) -> Evidence:
        return Evidence(at_us=self._journal.now_us(), peer=self._peer, reason=reason, why=why, dialect=self._dialect)

    def _request(self, seen: SeenMessage, reason: str, why: str) -> Evidence:
        """Return the evidence of a request that has no reply yet."""
        read, fields = self._journal.read, seen.fields
        evidence = self._evidence(reason, why)
        evidence.at_us, evidence.mti, evidence.frame_bytes = seen.at_us, seen.mti, len(seen.frame)
        evidence.message, evidence.failure = seen.message, seen.failure
        if seen.failure is not None:
            evidence.frame = seen.frame
        evidence.service = "" if seen.route is None else seen.route.service
        evidence.fault = seen.fault
        for name in ("tid", "mid", "batch", "stan", "operator"):
            setattr(evidence, name, safely(getattr(read, name), fields))
        evidence.amount_minor = amount_minor(read, fields)
        evidence.pan_masked = mask_pan(safely(read.pan, fields))
        return evidence

    def _add_reply(self, evidence: Evidence, reply: SeenMessage) -> None:
        evidence.reply, evidence.reply_mti = reply.fields, reply.mti

    def _sent_by(self, direction: Direction) -> tuple[str, ...]:
        """Return a note about a message that went the other way than usual."""
        return ("sent by the host",) if direction is Direction.TO_TERMINAL else ()
