"""Keys made ahead of need, by a process of its own: half of a sign-on's time is the schedules of two fresh keys.

Only layouts that are in demand have a stock: the first sign-on with one asks for it. A stock that is empty, or a
process that has ended, stops nobody: the host then makes its keys itself. Between the two processes keys are sealed
under a key made for this run.
"""

from __future__ import annotations

import os
import subprocess
import sys
from asyncio import AbstractEventLoop
from collections.abc import Callable
from typing import Any, Final

from acquirer.process import channel as child
from acquirer.process.randomness import pooled
from acquirer.security.packages import Packager, Stocked
from acquirer.security.vault import MASTER_BYTES, Vault, VaultError

STOCK: Final = 2_048
"""Sets of keys kept ready for one layout, some 80 kB: the first of a burst are answered at once, and the maker has a
tenth of a second to come by a processor."""

BATCH: Final = 128
"""Made at once: a millisecond's work."""


ENDING_S: Final = 0.5  # it has nothing that would be lost


class KeyPool:
    """The stock of one layout."""

    def __init__(self, number: int, packager: Packager, maker: KeyGenerator) -> None:
        self.number = number
        self.packager = packager
        self._maker = maker
        self._ready: list[bytes] = []
        self._due = 0  # asked for, and not come

    def take(self) -> bytes | None:
        """Fresh keys, as `Packager.fresh` makes them; None when there are none just now."""
        ready = self._ready
        if len(ready) + self._due <= STOCK - BATCH:
            self._due += BATCH
            self._maker.order(self)
        return ready.pop() if ready else None

    def put(self, made: bytes) -> None:
        """Take in a batch that has come."""
        size = self.packager.fresh_bytes
        self._due -= BATCH
        self._ready += [made[at : at + size] for at in range(0, len(made), size)]


class KeyGenerator:
    """The process, and the stocks it fills. On the loop's thread.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, loop: AbstractEventLoop, warn: Callable[[str], None]) -> None:
        """`warn` is told when nothing is made ahead any more."""
        key = os.urandom(MASTER_BYTES)
        self._vault = Vault(key)
        self._shelves: list[KeyPool] = []
        self._warn = warn
        self._ended = False
        process = child.start(__name__, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._dialogue = child.Dialogue(process, loop)
        self._dialogue.ask(key)
        self._dialogue.begin(self._came, self._gone)

    def stocked(self, packager: Packager) -> Stocked:
        """Where fresh keys of a packager come from."""
        shelf = KeyPool(len(self._shelves), packager, self)
        self._shelves.append(shelf)
        return shelf.take

    def order(self, shelf: KeyPool) -> None:
        """Have a batch made."""
        if not self._ended:
            packager = shelf.packager
            self._dialogue.ask((shelf.number, packager.package, packager.mak))

    def end(self) -> None:
        """Let the process go."""
        self._ended = True
        self._dialogue.end(ENDING_S)

    def _came(self, answer: Any) -> None:
        number, sealed = answer
        try:
            self._shelves[number].put(self._vault.open(_bound(number), sealed))
        except VaultError:  # whatever it is, it is not ours
            self._gone()

    def _gone(self) -> None:
        if not self._ended:
            self._ended = True
            self._warn("the process that makes keys ahead of need has ended: sign-ons take longer, and nothing is lost")


def main() -> None:
    """Make what is asked for until nobody asks any more."""
    child.outlive_signals()
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    try:
        vault = Vault(child.take(asked))
        randbytes = pooled()
        packagers: dict[int, Packager] = {}
        while True:
            number, package, mak = child.take(asked)
            packager = packagers.get(number) or packagers.setdefault(number, Packager(package, mak))
            made = b"".join([packager.fresh(randbytes) for _ in range(BATCH)])
            child.put(answers, (number, vault.seal(_bound(number), made, randbytes)))
    except (EOFError, BrokenPipeError):
        os._exit(0)  # nothing is buffered that anybody would read


def _bound(number: int) -> str:
    return f"ahead:{number}"
