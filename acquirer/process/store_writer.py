"""BatchWriter in a process of its own, so that what they write does not cost the host's process anything.

Rendering, masking and SQLite take as long as deciding does, and two threads of one process take turns. When the
process ends, or says that the database failed, nobody knows what became of the last group: the store has failed. When
the host ends, however it does, its input ends; what was begun is finished, and it ends too. It holds the store's lock
until then.
"""

from __future__ import annotations

import subprocess
from asyncio import AbstractEventLoop
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, Final

from acquirer.data.types import Row
from acquirer.dialect.dialect import Dialect
from acquirer.process import channel as child
from acquirer.store.batch_writer import Answered
from acquirer.store.location import StoreError
from acquirer.store.transaction_writer import Item, TransactionWriter

ENDED: Final = "the process that writes has ended"


class ProcessWriter:
    """Asks a process that runs `serve`, and is told by it.

    Raises:
        StoreError: the process cannot begin.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], loop: AbstractEventLoop, setup: Any, names: Mapping[Dialect, Any]
    ) -> None:
        """`setup` is its first message, `names` is how items call their dialects."""
        self._names = names
        self._dialogue = child.Dialogue(process, loop)
        try:
            problem = self._dialogue.greet(setup)
        except EOFError:
            problem = ENDED
        if problem is not None:
            self._dialogue.end()
            raise StoreError(f"the process that writes the store cannot begin: {problem}")

    def begin(self, answered: Answered) -> None:
        self._dialogue.begin(answered, lambda: answered(ENDED))

    def named(self, dialect: Dialect) -> Any:
        return self._names[dialect]

    def write(self, items: Sequence[Item], deliveries: Sequence[Row], limit: int | None) -> None:
        self._dialogue.ask((items, deliveries, limit))

    def wait(self, patience_s: float | None = None) -> None:
        self._dialogue.wait(patience_s)

    def end(self) -> None:
        self._dialogue.end()


def serve(hand: TransactionWriter, asked: IO[bytes], answers: IO[bytes]) -> None:
    """Write what is asked for until nobody asks any more; the other end of `ProcessWriter`."""
    child.put(answers, None)
    while True:
        try:
            group = child.take(asked)
        except EOFError:
            return
        found = hand.try_to_write(*group)
        with suppress(BrokenPipeError):  # the host was killed: what it asked for is written and told all the same
            child.put(answers, found)
        hand.follow_up()
