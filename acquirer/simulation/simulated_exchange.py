"""One exchange of a simulated host, from effect to effect, each at its own time."""

from __future__ import annotations

from collections.abc import Callable, Generator
from random import Random
from typing import Final, Protocol

from acquirer.app.lanes import LaneHolder, Lanes
from acquirer.errors import StoreError
from acquirer.model.effects import (
    Close,
    Commit,
    CommitOutcome,
    DecodeImage,
    Effect,
    EffectResult,
    Hold,
    Load,
    LoadBatch,
    LoadCard,
    LoadOriginal,
    LoadSignatures,
    Pause,
    RenderPicture,
    Restart,
    Send,
    SendBytes,
    SendElsewhere,
    SendWithNext,
)
from acquirer.process.picture_worker import decode_image
from acquirer.simulation.simulated_store import SimulatedStore
from acquirer.simulation.timeline import Timeline

STEP_US: Final = 2_000
"""An exchange takes up to so long from one effect to the next: others come between."""


class ReplyLine(Protocol):
    """The connection that a request came on, as the host sees it."""

    def reply(self, frame: bytes, *, whole: bool) -> None:
        """Send a frame, or bytes that are none (`whole`: it is one, and is framed)."""

    def elsewhere(self, data: bytes) -> None:
        """Send bytes on the youngest other connection."""

    def hang_up(self, *, hard: bool) -> None:
        """End it."""


class RunningProcess(Protocol):
    """The process of a host that an exchange runs in."""

    timeline: Timeline
    store: SimulatedStore
    lanes: Lanes
    dead: bool

    def commit(self, wanted: Commit, on_outcome: Callable[[CommitOutcome], None]) -> None:
        """Queue a commit."""

    def reached(self, point: str) -> None:
        """Note how far an exchange has got: it may be the end of the process."""

    def stop_if_failed(self) -> None:
        """End as a host does whose store has failed."""

    def restart(self, down_us: int) -> None:
        """Behave as a host that restarts."""

    def note_reply(self, arrival: int, data: bytes, *, whole: bool) -> None:
        """Note what was put on a connection."""


class HostExchange(LaneHolder):
    """One exchange on its way through a process."""

    __slots__ = ("_chance", "_effect", "_line", "_number", "_over", "_process", "_steps")

    def __init__(
        self,
        process: RunningProcess,
        number: int,
        steps: Generator[Effect, EffectResult, Effect | None],
        line: ReplyLine,
        chance: Random,
    ) -> None:
        super().__init__()
        self._process = process
        self._number = number
        self._steps = steps
        self._line = line
        self._chance = chance
        self._effect: Effect | None = None
        self._over = False  # there is no effect after this one

    def resume(self, result: EffectResult) -> None:
        """Go on with a result, a moment later."""
        delay_us = self._chance.randrange(STEP_US)
        self._process.timeline.call_later(delay_us, lambda: self._go_on(result))

    def _go_on(self, result: EffectResult) -> None:
        if not self._process.dead:
            try:
                self._effect = self._steps.send(result)
            except StopIteration as end:
                self._effect, self._over = end.value, True
            self._perform_safely()

    def _perform_safely(self) -> None:
        if self._process.dead:
            return
        try:
            self._perform(self._effect)
        except StoreError as error:
            self._process.stop_if_failed()
            try:  # the exchange says what it answers
                self._effect = self._steps.throw(error)
            except StopIteration as end:
                self._effect, self._over = end.value, True
            self._perform(self._effect)

    def _perform(self, effect: Effect | None) -> None:
        process = self._process
        if isinstance(effect, Load):
            if process.lanes.acquire(effect.tid, self, self._perform_safely):
                process.store.check_readable()
                self.resume(process.store.load(effect))
                process.reached("loaded")
        elif isinstance(effect, LoadCard):
            if not effect.exclusive or process.lanes.acquire(effect.token, self, self._perform_safely):
                self.resume(process.store.load_card(effect))
        elif isinstance(effect, LoadOriginal):
            original = process.store.load_original(effect)
            name = "" if original is None else f"original:{original.key}"
            if not name or process.lanes.acquire(name, self, self._perform_safely):
                self.resume(original)
        elif isinstance(effect, LoadSignatures):
            self.resume(process.store.load_signatures(effect))
        elif isinstance(effect, LoadBatch):
            self.resume(process.store.load_batch(effect))
        elif isinstance(effect, DecodeImage):
            self.resume(decode_image(effect.stream))
        elif isinstance(effect, Commit):
            process.commit(effect, self._committed)
        elif isinstance(effect, Hold):
            process.lanes.release(self, but=effect.tid)
            process.timeline.call_later(effect.hold_ms * 1_000, lambda: self.resume(None))
        elif isinstance(effect, Pause | RenderPicture):
            self.resume(None)
        else:
            self._send(effect)

    def _committed(self, outcome: CommitOutcome) -> None:
        if self._process.dead:
            return
        self._process.reached("committed")
        self._process.stop_if_failed()
        self.resume(outcome)

    def _send(self, effect: Effect | None) -> None:
        """Perform an effect on the connection; such effects come last, one after another."""
        process, line = self._process, self._line
        process.lanes.release(self)
        delay_us = 0
        if isinstance(effect, Send):
            delay_us = effect.delay_ms * 1_000
            self._put_later(delay_us, effect.frame, whole=True)
        elif isinstance(effect, SendBytes):
            delay_us = effect.delay_ms * 1_000
            self._put_later(delay_us, effect.data, whole=False)
        elif isinstance(effect, SendWithNext):  # no other reply comes on this connection
            delay_us = effect.wait_ms * 1_000
            self._put_later(delay_us, effect.data, whole=False)
        elif isinstance(effect, SendElsewhere):
            line.elsewhere(effect.data)
        elif isinstance(effect, Close):
            line.hang_up(hard=effect.how == "rst")
        elif isinstance(effect, Restart):
            process.restart(effect.down_ms * 1_000)
        if not self._over:
            process.timeline.call_later(delay_us, lambda: self._go_on(None))

    def _put_later(self, delay_us: int, data: bytes, *, whole: bool) -> None:
        self._process.timeline.call_later(delay_us, lambda: self._put(data, whole=whole))

    def _put(self, data: bytes, *, whole: bool) -> None:
        process = self._process
        if process.dead:
            return
        process.note_reply(self._number, data, whole=whole)
        self._line.reply(data, whole=whole)
        process.reached("sent")
