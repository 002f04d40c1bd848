"""Keys made ahead of need, by a process of its own: half of a sign-on's time is the schedules of two fresh keys.

Only layouts that are in demand are kept ready, and the process begins with the demand (`STARTS_AT`). A pool that is
empty, or a process that has ended or cannot be started, stops no exchange: the host then makes its keys itself. Between
the two processes keys are sealed under a key made for this run (`security.message_seal`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, Final

from acquirer.process import channel
from acquirer.process.channel import Channel
from acquirer.process.randomness import pooled
from acquirer.security.message_seal import MessageSeal
from acquirer.security.packages import PackageIssuer, ReadyKeys
from acquirer.security.vault import MASTER_BYTES, VaultError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

POOL_SETS: Final = 2_048
"""Sets of keys kept ready for one layout, some 80 kB: the first of a burst are answered at once, and the generator has
a tenth of a second to be given a processor."""

BATCH_SETS: Final = 256
"""Made at once: a millisecond's work."""

STARTS_AT: Final = 32
"""Sets that the host made itself when the process is started: one that is tried by hand, or lives for a test, does not
pay for a process; a burst has some hundred sign-ons in its first hundredth of a second."""

CLOSING_S: Final = 0.5  # it has nothing that would be lost

ENDED: Final = "the process that makes keys ahead of need has ended: sign-ons take longer, and nothing is lost"
NOT_STARTED: Final = "keys are not made ahead of need: the process for that cannot be started"


class KeyPool:
    """Fresh sets of keys of one layout."""

    def __init__(self, number: int, issuer: PackageIssuer, generator: KeyGenerator) -> None:
        self.number = number
        self.issuer = issuer
        self._generator = generator
        self._ready: list[bytes] = []
        self.known = False  # the process has its layout
        self._due = 0  # ordered, and not delivered

    def take(self) -> bytes | None:
        """Return fresh keys, as `Packager.fresh` makes them; None when there are none just now."""
        ready = self._ready
        if len(ready) + self._due <= POOL_SETS - BATCH_SETS and self._generator.order(self):
            self._due += BATCH_SETS
        return ready.pop() if ready else None

    def put(self, batch: bytes) -> None:
        """Take in a batch that was ordered."""
        size = self.issuer.fresh_bytes
        self._due -= BATCH_SETS
        self._ready += [batch[at : at + size] for at in range(0, len(batch), size)]


class KeyGenerator:
    """The process, and the pools it fills. On the loop's thread."""

    def __init__(self, loop: AbstractEventLoop, warn: Callable[[str], None]) -> None:
        """`warn` is called with a sentence when no keys are made ahead, or not any more."""
        self._loop = loop
        self._warn = warn
        self._pools: list[KeyPool] = []
        self._refused = 0  # orders, before the process was started
        self._ended = False
        self._channel: Channel | None = None

    def start(self) -> None:
        """Start the process, unless it has been started."""
        if self._channel is not None or self._ended:
            return
        try:
            child = channel.start(__name__)
        except OSError as exc:
            self._ended = True
            self._warn(f"{NOT_STARTED}: {exc}")
            return
        key = os.urandom(MASTER_BYTES)
        self._seal = MessageSeal(key)
        self._channel = Channel(child, self._loop)
        self._channel.send(key)
        self._channel.begin(self._take_batch, self._note_end)

    def ready_keys(self, issuer: PackageIssuer) -> ReadyKeys:
        """Return where fresh keys of an issuer come from."""
        pool = KeyPool(len(self._pools), issuer, self)
        self._pools.append(pool)
        return pool.take

    def order(self, pool: KeyPool) -> bool:
        """Have a batch made; return False when none will come."""
        if self._channel is None and not self._ended:
            self._refused += 1
            if self._refused >= STARTS_AT:
                self.start()
        if self._channel is None or self._ended:
            return False
        issuer = pool.issuer
        self._channel.send((pool.number, None if pool.known else (issuer.package, issuer.mak)))
        pool.known = True
        return True

    def close(self) -> None:
        """End the process. Idempotent."""
        self._ended = True
        if self._channel is not None:
            self._channel.close(CLOSING_S)

    def _take_batch(self, answer: Any) -> None:
        number, sealed = answer
        try:
            self._pools[number].put(self._seal.open(sealed, _binding(number)))
        except VaultError:  # it was not sealed by our process for this pool
            self._note_end()

    def _note_end(self) -> None:
        if not self._ended:
            self._ended = True
            self._warn(ENDED)


def main(connection: Connection) -> None:
    """Make the batches that are ordered, until the connection ends."""
    channel.ignore_signals()
    try:
        seal = MessageSeal(channel.receive(connection))
        randbytes = pooled()
        issuers: dict[int, PackageIssuer] = {}
        while True:
            number, layout = channel.receive(connection)
            if layout is not None:
                issuers[number] = PackageIssuer(*layout)
            batch = issuers[number].fresh(randbytes, BATCH_SETS)
            channel.reply(connection, (number, seal.seal(batch, _binding(number))))
    except (EOFError, OSError):
        return


def _binding(number: int) -> bytes:
    return f"ahead:{number}".encode()
