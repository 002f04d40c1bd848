"""Faults of a relay: what becomes of a frame on its way, in either direction.

1. A frame is passed on once it is whole, because faults act on frames; without a fault that acts, as it was received.
   What is no frame is passed on as it is.
2. A fault acts on the bytes of a frame or on their sending. What a host does before them (it decides, seals, accepts
   connections) is not done here: kinds of that sort are refused when the relay starts.
3. What is held back is sent on its own time; what comes behind it is not held back with it. An end waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from acquirer.app.relay_connection import ConnectionJournal
from acquirer.app.relay_messages import SeenMessage, amount_minor, safely, text_of
from acquirer.data.toml import DataError
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.readers import ElementReaders
from acquirer.host.ruling import shown_field
from acquirer.matcher.keys import BETWEEN_NAMES
from acquirer.model.effects import Effect, Send, SendBytes
from acquirer.net.relay import RelayedConnection
from acquirer.net.relay_socket import Direction
from acquirer.scenario.fault import Fault
from acquirer.scenario.fault_kind import FaultContext, Stage
from acquirer.scenario.faults import Faults
from acquirer.scenario.writing import kind_name
from acquirer.wire.framing import FrameError
from acquirer.wire.raw_frames import RawFrames

STAGES: Final = (Stage.BEFORE_DECISION, Stage.FRAME, Stage.SENDING)

_REFUSED: Final = {
    Stage.BEFORE_SEALING: "changes what a reply says before its MAC is made, and a relay has no keys",
    Stage.SEALING: "makes another MAC, and a relay has no keys",
    Stage.LINE: "says how a host treats the connections that it accepts",
}
_OF_A_HOST: Final = {
    "glue": "keeps a reply for the next one of its connection, which a relay does not know of",
    "reorder": "keeps a reply for the next one of its connection, which a relay does not know of",
    "other_connection": "sends on another connection of a host",
    "host_restart": "restarts a host",
}


def check_fault(fault: Fault, direction: Direction, option: str) -> None:
    """Refuse a fault that cannot act in a relay. Raises DataError."""
    kind = kind_name(fault.kind)
    why = _REFUSED.get(fault.stage) or _OF_A_HOST.get(kind, "")
    if why:
        remedy = "give it to 'acquirer serve', or take truncate, bit_flip, silent, delay, duplicate …"
        raise DataError(option, 0, "", f"'{kind}' {why}; {remedy}")
    if direction is Direction.TO_TERMINAL and fault.stage is Stage.BEFORE_DECISION:
        raise DataError(option, 0, "", f"'{kind}' acts on requests; write --request-fault {kind}")
    if direction is Direction.TO_HOST and fault.code is not None:
        raise DataError(
            option, 0, "", "'code' is of a reply, which is not there yet when a request passes; leave it out"
        )


class RelayFaults:
    """The faults of a relay: of what goes to the host, and of what goes to the terminal."""

    def __init__(self, dialect: Dialect, requests: tuple[Fault, ...], replies: tuple[Fault, ...], seed: int) -> None:
        """Raises FaultConflictError: two of them contradict each other."""
        self.dialect = dialect
        self.read = ElementReaders.of(dialect)
        self.of = {Direction.TO_HOST: Faults(requests, seed), Direction.TO_TERMINAL: Faults(replies, seed)}

    def __bool__(self) -> bool:
        return any(self.of.values())


class FaultyLine:
    """One connection, on which faults act."""

    def __init__(self, faults: RelayFaults, connection: RelayedConnection, journal: ConnectionJournal) -> None:
        self._faults = faults
        self._connection = connection
        self._journal = journal
        framing = faults.dialect.framing
        self._wrap = framing.wrapper()
        self._frames = {direction: RawFrames(framing) for direction in Direction}
        self._lost: set[Direction] = set()  # directions that carried what is no frame
        self._held = dict.fromkeys(Direction, 0)  # messages of which something is held back
        self._ended: set[Direction] = set()

    def received(self, direction: Direction, data: bytes) -> None:
        """Pass on what is whole, or what faults make of it."""
        if direction in self._lost:
            self._connection.send(direction, data)
            self._journal.raw(direction, data)
            return
        try:
            for frame, raw in self._frames[direction].feed(data):
                self._frame(direction, frame, raw)
        except FrameError as exc:
            self._lost.add(direction)
            self._pass_rest(direction)
            self._journal.no_frame(direction, exc)

    def finished(self, direction: Direction) -> None:
        """Pass the end on, behind what was received and what is held back."""
        self._pass_rest(direction)
        self._ended.add(direction)
        self._end_if_sent(direction)

    def _frame(self, direction: Direction, frame: bytes, raw: bytes) -> None:
        if not frame:  # a keep-alive
            self._connection.send(direction, raw)
            self._journal.raw(direction, raw)
            return

        passed = False

        def damage(seen: SeenMessage, request: SeenMessage | None) -> None:
            nonlocal passed
            effects = self._damaged(direction, seen, request)
            passed = True
            if effects is None:
                self._connection.send(direction, raw)
                return
            if not any(isinstance(effect, Send | SendBytes) for effect in effects):
                seen.delivery = "withheld"
            self._held[direction] += 1
            self._perform(direction, iter(effects))

        try:
            self._journal.frame(direction, frame, raw, damage)
        except Exception:  # no frame is lost that no fault was to damage
            self._connection.report_fault()
            if not passed:
                self._connection.send(direction, raw)

    def _damaged(self, direction: Direction, seen: SeenMessage, request: SeenMessage | None) -> list[Effect] | None:
        """Return what is sent in place of a frame; None: no fault acts on it."""
        faults = self._faults.of[direction]
        if faults.active is None:
            return None
        context = self._context(seen, request)
        before: list[Effect] = [Send(seen.frame)]
        effects, acted = before, []
        for fault in faults.active.reserve(STAGES, context):
            damaged = list(fault.apply(effects, faults.context_of(fault, context)))
            if damaged == effects:
                faults.release(fault)
                continue
            effects = damaged
            acted.append(fault.name)
            faults.applied(fault)
        seen.fault = BETWEEN_NAMES.join(acted)
        return effects if acted else None

    def _context(self, seen: SeenMessage, request: SeenMessage | None) -> FaultContext:
        """Return what conditions ask about: the request of a reply, and the reply's code."""
        read, dialect, about = self._faults.read, self._faults.dialect, request or seen
        context = FaultContext(
            tid=safely(read.tid, about.fields),
            mid=safely(read.mid, about.fields),
            service="" if about.route is None else about.route.service,
            code="" if request is None else text_of(dialect, seen.fields, "code"),
            amount_minor=amount_minor(read, about.fields),
            dialect=dialect,
            peer=self._connection.peer,
        )
        context.subject = RelaySubject(context, about, read)
        return context

    def _perform(self, direction: Direction, effects: Iterator[Effect]) -> None:
        """Send what is due; go on with the rest when it is."""
        for effect in effects:
            if isinstance(effect, Send | SendBytes) and effect.delay_ms:
                now = replace(effect, delay_ms=0)
                self._connection.loop.call_later(effect.delay_ms / 1000, self._go_on, direction, now, effects)
                return
            self._send(direction, effect)
        self._held[direction] -= 1
        self._end_if_sent(direction)

    def _go_on(self, direction: Direction, effect: Effect, effects: Iterator[Effect]) -> None:
        self._send(direction, effect)
        self._perform(direction, effects)

    def _send(self, direction: Direction, effect: Effect) -> None:
        if isinstance(effect, Send):
            self._connection.send(direction, self._wrap(effect.frame))
        elif isinstance(effect, SendBytes):
            self._connection.send(direction, effect.data)

    def _pass_rest(self, direction: Direction) -> None:
        if raw := self._frames[direction].take_rest():
            self._connection.send(direction, raw)
            self._journal.raw(direction, raw)

    def _end_if_sent(self, direction: Direction) -> None:
        if direction in self._ended and not self._held[direction]:
            self._connection.finish(direction)


class RelaySubject:
    """A message that passes, as `when` asks about it."""

    def __init__(self, context: FaultContext, about: SeenMessage, read: ElementReaders) -> None:
        self._context = context
        self._about = about
        self._read = read

    def value(self, key: str) -> str | int:
        """Return the value of a key; "" where there is none, or only a host knows it."""
        context, about = self._context, self._about
        if key in ("tid", "mid", "service", "code", "peer"):
            text: str = getattr(context, key)
            return text
        if key == "amount":
            return "" if context.amount_minor is None else context.amount_minor
        if key == "mti":
            return about.mti
        if key in ("stan", "batch"):
            return safely(getattr(self._read, key), about.fields)
        if about.message is None or context.dialect is None:
            return ""
        return shown_field(context.dialect, about.message, key)
