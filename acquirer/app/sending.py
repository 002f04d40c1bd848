"""How the reply of an exchange is sent: at once, late, in pieces, with another one, elsewhere, or not at all."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from enum import Enum
from typing import Any, Final, Protocol

from acquirer.app.holding import HeldExchanges
from acquirer.app.lanes import LaneHolder, Lanes
from acquirer.app.shed_refusals import ShedRefusals
from acquirer.model.effects import (
    Close,
    EffectResult,
    Restart,
    Send,
    SendBytes,
    SendElsewhere,
    SendWithNext,
    Silence,
)
from acquirer.net.connection import Connection
from acquirer.net.server import Server
from acquirer.observe.log import Log
from acquirer.process.pictures import Pictures
from acquirer.store.interface import Store


class Driving(Protocol):
    """What a run needs of its driver."""

    store: Store
    server: Server
    log: Log
    pictures: Pictures
    loop: asyncio.AbstractEventLoop
    lanes: Lanes
    running: int
    undelivered: int
    shed_refusals: ShedRefusals
    delayed: dict[Sending, asyncio.TimerHandle]
    with_next: dict[Connection, Sending]
    held: HeldExchanges
    committed: list[Any]
    """Exchanges that took the short way, whose replies are sent with those of their group, once that is answered."""

    def ready(self, run: Any) -> None:
        """Take the run to its next effect, with the others of this turn of the loop."""

    def fail(self) -> None:
        """Stop: the store does not work any more."""


class Waits(Enum):
    """In place of a result: it is still to come."""

    PENDING = "pending"


PENDING: Final = Waits.PENDING


class Sending(LaneHolder):
    """An exchange as far as its reply is concerned."""

    __slots__ = ("_connection", "_delivery", "_driver", "_kept", "_noted")

    def __init__(self, driver: Driving, connection: Connection) -> None:
        self.lanes = ()
        self._driver = driver
        self._connection = connection
        self._delivery = ""
        self._noted = "sent"  # what the journal says of the reply; that is what it assumes
        self._kept: SendWithNext | None = None  # it waits for the next bytes of its connection

    @abstractmethod
    def resume(self, result: EffectResult = None) -> None:
        """Go on with the result that was waited for."""

    @abstractmethod
    def abandon(self) -> None:
        """Stop waiting to send a reply that is held back."""

    @abstractmethod
    def note(self, delivery: str) -> None:
        """Have the journal say what became of the reply."""

    def forget(self) -> None:
        """Take the reply out of those that are held back."""
        driver = self._driver
        driver.delayed.pop(self, None)
        if self._kept is not None:
            self._kept = None
            if driver.with_next.get(self._connection) is self:
                del driver.with_next[self._connection]

    def _send(self, send: Send) -> Waits | None:
        if send.delay_ms:
            self._delay(send.delay_ms, self._sent, send.frame)
        else:
            self._sent(send.frame)
        if self.lanes:
            self._driver.lanes.release(self)
        return PENDING if send.delay_ms else None

    def _sent(self, frame: bytes) -> None:
        if self._driver.with_next and self._connection in self._driver.with_next:
            self._joined(self._connection.listener.wrap(frame))
        else:
            self._delivered(self._connection.send(frame))

    def _send_bytes(self, send: SendBytes) -> Waits | None:
        if send.delay_ms:
            self._delay(send.delay_ms, self._sent_bytes, send.data)
        else:
            self._sent_bytes(send.data)
        if self.lanes:
            self._driver.lanes.release(self)
        return PENDING if send.delay_ms else None

    def _sent_bytes(self, data: bytes) -> None:
        if self._driver.with_next and self._connection in self._driver.with_next:
            self._joined(data)
        else:
            self._delivered(self._connection.send_bytes(data))

    def _delivered(self, sent: bool) -> None:
        if self._delivery != "undelivered":
            self._delivery = "sent" if sent else "undelivered"

    def _delay(self, delay_ms: int, send: Callable[[bytes], None], data: bytes) -> None:
        driver = self._driver
        if len(driver.delayed) >= driver.server.limits.delayed:
            driver.log.event(
                "too-many-delayed", "a reply that a fault held back was given up", peer=self._connection.peer
            )
            driver.loop.call_soon(self.abandon)
            return
        self.note("pending")

        def now() -> None:
            self.forget()
            send(data)
            self.resume()

        driver.delayed[self] = driver.loop.call_later(delay_ms / 1000, now)

    def _close(self, close: Close) -> None:
        self._connection.close(close.reason, hard=close.how == "rst")
        if self.lanes:
            self._driver.lanes.release(self)

    def _silence(self, _silence: Silence) -> None:
        self._delivery = self._delivery or "withheld"
        if self.lanes:
            self._driver.lanes.release(self)

    def _send_with_next(self, send: SendWithNext) -> Waits:
        driver, connection = self._driver, self._connection
        if connection in driver.with_next:  # it waits for us, and we wait no longer
            driver.loop.call_soon(self._alone, send.data)
            return PENDING
        self._delay(send.wait_ms, self._sent_bytes, send.data)
        if self in driver.delayed:
            self._kept, driver.with_next[connection] = send, self
        if self.lanes:
            driver.lanes.release(self)
        return PENDING

    def _alone(self, data: bytes) -> None:
        self._sent_bytes(data)
        self.resume()

    def _joined(self, data: bytes) -> None:
        """Send bytes together with the reply that waits for them."""
        driver = self._driver
        waiting = driver.with_next.pop(self._connection)
        kept = waiting._kept
        assert kept is not None
        driver.delayed.pop(waiting).cancel()
        waiting._kept = None
        sent = self._connection.send_bytes(kept.data + data if kept.place == "before" else data + kept.data)
        self._delivered(sent)
        waiting._delivered(sent)
        waiting.resume()

    def _send_elsewhere(self, send: SendElsewhere) -> None:
        connection = self._connection
        others = (
            other
            for other in self._driver.server.connections
            if other is not connection and other.listener is connection.listener and other.open and not other.closing
        )
        youngest = max(others, key=lambda other: other.number, default=None)
        if youngest is None or not youngest.send_bytes(send.data):
            self._delivery = "undelivered"
        else:
            self._delivery = self._delivery or "elsewhere"
        if self.lanes:
            self._driver.lanes.release(self)

    def _restart(self, restart: Restart) -> None:
        driver = self._driver
        self._delivery = "withheld"
        driver.log.event("restart", f"as a host that restarts: {restart.reason}", down_ms=restart.down_ms)
        for other, timer in list(driver.delayed.items()):
            timer.cancel()
            other.abandon()
        driver.server.restart(restart.down_ms / 1000)
        if self.lanes:
            driver.lanes.release(self)
