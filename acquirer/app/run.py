"""One exchange on its way: each effect it yields is performed, and it goes on with the result."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, Final

from acquirer.app.sending import PENDING, Driving, Sending, Waits
from acquirer.errors import StoreError
from acquirer.model.effects import (
    Arrival,
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
    RenderPicture,
    Restart,
    Send,
    SendBytes,
    SendElsewhere,
    SendWithNext,
    Silence,
)
from acquirer.model.evidence import Evidence
from acquirer.model.ready_exchange import ReadyExchange
from acquirer.model.reasons import Reason
from acquirer.net.connection import Connection

Steps = Generator[Effect, EffectResult, Effect | None]

QUEUE_MOST: Final = 8
"""Exchanges that may wait for one terminal before connections that bring more are not read: a terminal has one or two
under way, a test that sends ahead a few; what floods waits in its own connections, not here."""


def arrival_of(connection: Connection, frame: bytes, at_us: int, deadline_s: float) -> Arrival:
    """Return a frame of a connection as its exchange begins with it."""
    listener, certificate = connection.listener, connection.certificate
    peer, number, before = connection.peer, connection.number, connection.before
    return Arrival(frame, at_us, deadline_s, peer, number, before, listener.address, certificate)


class Run(Sending):
    """One exchange on its way."""

    __slots__ = (
        "_began_s",
        "_evidence",
        "_queued",
        "_refused",
        "_shed",
        "effect",
        "over",
        "result",
        "steps",
    )

    def __init__(
        self,
        driver: Driving,
        connection: Connection,
        began_s: float,
        steps: Steps,
        evidence: ReadyExchange | None = None,
    ) -> None:
        """Args:
        evidence: of an exchange that is committed already.
        """
        super().__init__(driver, connection)
        self._began_s = began_s
        self.steps = steps
        self.effect: Effect | None = None  # to be performed next
        self.over = False  # there is none after it
        self.result: EffectResult = None
        self._evidence: Evidence | ReadyExchange | None = evidence
        self._refused = False  # and its connection waits until that is settled
        self._queued = False  # the same, because it stands behind many of its terminal
        self._shed = False  # it is not journalled

    def perform(self) -> None:
        """Perform the effect, and go on at once unless its result is still to come."""
        try:
            result = _PERFORM[type(self.effect)](self, self.effect)
        except StoreError as exc:
            self.raise_within(exc)
            return
        except Exception:
            self.fault()
            self.steps.close()
            result = None
        if result is not PENDING:
            self.resume(result)

    def raise_within(self, error: StoreError) -> None:
        """Go on with an error in place of a result: the exchange says what it answers."""
        try:
            self.effect = self.steps.throw(error)
        except StopIteration as end:
            self.over, self.effect = True, end.value
        except Exception:
            self.over = True
            self.fault()
        self.perform()

    def resume(self, result: EffectResult = None) -> None:
        """Go on with the result that was waited for."""
        if self.over:
            self.end()
            return
        self.result = result
        self._driver.ready(self)

    def end(self) -> None:
        """End the exchange: everything it asked for is performed."""
        try:
            self._end()
        except Exception:
            self.fault()

    def abandon(self) -> None:
        """Stop waiting to send a reply that is held back."""
        self.forget()
        self.steps.close()
        self._delivery = "undelivered"
        self.end()

    def fault(self) -> None:
        """Log an internal fault and end the connection: it must not become the next peer's."""
        driver = self._driver
        driver.server.counters.faults += 1
        driver.log.fault("internal-fault", self._connection.peer)
        self._connection.close("internal-fault", hard=True)
        if driver.store.fatal_error:
            driver.fail()
        self.effect = None

    def refused(self) -> None:
        """Have the connection wait, and then stand behind others: what was sent is refused, and nothing is booked."""
        if not self._refused:
            self._refused = True
            self._connection.refused()

    def _settle_refusal(self) -> None:
        self._refused = False
        self._connection.refusal_settled()

    def _leave_queue(self) -> None:
        if self._queued:
            self._queued = False
            self._connection.queue_left()

    # effects

    def _load(self, wanted: Load) -> EffectResult | Waits:
        driver = self._driver
        if not driver.lanes.acquire(wanted.tid, self, self.perform):
            if driver.lanes.behind(wanted.tid) > QUEUE_MOST:
                self._queued = True
                self._connection.queued()
            return PENDING
        self._leave_queue()
        return driver.store.load(wanted)

    def _load_card(self, wanted: LoadCard) -> EffectResult | Waits:
        driver = self._driver
        if wanted.exclusive and not driver.lanes.acquire(wanted.token, self, self.perform):
            return PENDING
        return driver.store.load_card(wanted)

    def _load_original(self, wanted: LoadOriginal) -> EffectResult | Waits:
        driver = self._driver
        original = driver.store.load_original(wanted)
        if original is None or driver.lanes.acquire(f"original:{original.key}", self, self.perform):
            return original
        return PENDING

    def _load_signatures(self, wanted: LoadSignatures) -> EffectResult:
        return self._driver.store.load_signatures(wanted)

    def _load_batch(self, wanted: LoadBatch) -> EffectResult:
        return self._driver.store.load_batch(wanted)

    def _commit(self, commit: Commit) -> Waits:
        driver = self._driver
        self._evidence = evidence = commit.changes.evidence
        evidence.took_us = int((driver.loop.time() - self._began_s) * 1_000_000)
        if evidence.reason != Reason.APPROVED and commit.changes.transaction is None:
            self.refused()
        driver.store.commit(commit, self._committed)
        return PENDING

    def _committed(self, outcome: CommitOutcome) -> None:
        self._shed = outcome is CommitOutcome.SHED
        self.resume(outcome)
        if self._refused:
            self._settle_refusal()
        if outcome is CommitOutcome.FAILED:
            self._driver.fail()

    def _render_picture(self, _render: RenderPicture) -> None:
        self._driver.pictures.render()

    def _decode_image(self, decode: DecodeImage) -> Waits:
        self._driver.pictures.decode(decode.stream, self.resume)
        return PENDING

    def _hold(self, hold: Hold) -> Waits | None:
        driver = self._driver
        if not driver.held.add(hold, self.resume):
            driver.log.event("not-held", "an exchange that a rule holds goes on at once", rule=hold.rule, tid=hold.tid)
            return None
        driver.lanes.release(self, but=hold.tid)
        return PENDING

    def _nothing(self, _nothing: None) -> None:
        """End without a last effect."""

    def _end(self) -> None:
        driver = self._driver
        driver.running -= 1
        if self._refused:
            self._settle_refusal()
        self._leave_queue()
        if self.lanes:
            driver.lanes.release(self)
        evidence = self._evidence
        if evidence is not None:
            if self._delivery != self._noted and evidence.reply is not None:
                if self._delivery == "undelivered":
                    self._note_undelivered(evidence)
                self.note(self._delivery)
            if evidence.reason == Reason.APPROVED:
                self._connection.known()
            if self._shed:
                driver.shed_refusals.add(evidence.peer)
            elif not evidence.id and isinstance(evidence, Evidence):  # others are logged by the process that wrote them
                driver.log.exchange(evidence)
        if driver.store.fatal_error:
            driver.fail()
        self._connection.done()

    def note(self, delivery: str) -> None:
        """Have the journal say what became of the reply."""
        self._noted = delivery
        evidence = self._evidence
        if evidence is not None and evidence.id:
            self._driver.store.delivered(evidence.id, delivery)

    def _note_undelivered(self, evidence: Evidence | ReadyExchange) -> None:
        driver = self._driver
        driver.undelivered += 1
        driver.log.event(
            "undelivered",
            "the peer had gone before its reply was sent",
            id=evidence.id,
            tid=evidence.tid,
            stan=evidence.stan,
            peer=evidence.peer,
        )


_PERFORM: Final[Mapping[type, Callable[[Run, Any], EffectResult | Waits]]] = {
    Load: Run._load,
    LoadCard: Run._load_card,
    LoadOriginal: Run._load_original,
    LoadSignatures: Run._load_signatures,
    LoadBatch: Run._load_batch,
    DecodeImage: Run._decode_image,
    Commit: Run._commit,
    RenderPicture: Run._render_picture,
    Send: Run._send,
    SendBytes: Run._send_bytes,
    SendWithNext: Run._send_with_next,
    SendElsewhere: Run._send_elsewhere,
    Restart: Run._restart,
    Close: Run._close,
    Silence: Run._silence,
    Hold: Run._hold,
    type(None): Run._nothing,
}
"""What performs each effect."""
