"""A hand in a process of its own, so that what it writes does not cost the host's process anything.

Rendering, masking and SQLite take as long as deciding does, and two threads of one process take turns. The process is
asked for one group at a time over its standard input and answers on its output, both in pickles with their length.
When it ends, or says that the database failed, nobody knows what became of the last group: the store has failed. When
the host ends, however it does, its input ends; what was begun is finished, and it ends too. It holds the store's lock
until then.
"""

from __future__ import annotations

import gc
import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from struct import Struct
from typing import IO, Any, Final

from acquirer.settings import child
from acquirer.settings.specs import load_dialect
from acquirer.store.database import connect_writing
from acquirer.store.hand import Hand, Item, Row, Written
from acquirer.store.place import Lock, StoreError
from acquirer.wire.dialect import Dialect

LENGTH: Final = Struct(">Q")
ENDED: Final = "the process that writes has ended"


class Apart:
    """Writes as `Hand` does, in a process of its own. For one thread at a time.

    Raises:
        StoreError: the process cannot be started.
    """

    def __init__(self, database: Path, lock: Lock, dialects: Sequence[tuple[str, Dialect]]) -> None:
        """`dialects`: those that items will name, each with the name or path it is loaded by."""
        self._names = {dialect: number for number, (_, dialect) in enumerate(dialects)}
        try:
            self._process = child.start(
                __name__,
                str(database),
                *(source for source, _ in dialects),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=(lock.file,),
            )
        except OSError as wrong:
            raise StoreError(f"the process that writes {database} cannot be started: {wrong}") from None
        if (problem := self._answer()) is not None:
            self.end()
            raise StoreError(f"the process that writes {database} cannot begin: {problem}")

    def named(self, dialect: Dialect) -> Any:
        return self._names[dialect]

    def write(self, items: Sequence[Item], deliveries: Sequence[Row], limit: int | None) -> Written:
        assert self._process.stdin is not None
        try:
            _put(self._process.stdin, (list(items), list(deliveries), limit))
        except OSError:
            raise StoreError(ENDED) from None
        found = self._answer()
        if isinstance(found, str):
            raise StoreError(found)
        return Written(*found)

    def end(self) -> None:
        """Let it finish, and wait until it has."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except OSError:  # what it did not read any more
                continue
        self._process.wait()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        try:
            return _take(self._process.stdout)
        except EOFError:
            return ENDED


def _put(to: IO[bytes], value: Any) -> None:
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    to.write(LENGTH.pack(len(data)) + data)
    to.flush()


def _take(of: IO[bytes]) -> Any:
    head = of.read(LENGTH.size)
    if len(head) < LENGTH.size:
        raise EOFError
    size = LENGTH.unpack(head)[0]
    data = of.read(size)
    if len(data) < size:
        raise EOFError
    return pickle.loads(data)  # noqa: S301  from the process we started, or that started us


def main(database: str, *dialects: str) -> None:
    """Write what is asked for until nobody asks any more."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it ends with its input: what the host has answered for is written first
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    try:
        connection = connect_writing(Path(database))
        hand = Hand(connection, [load_dialect(name) for name in dialects].__getitem__)
    except Exception as wrong:
        _put(answers, f"{type(wrong).__name__}: {wrong}")
        return
    gc.freeze()  # what was made until here stays until the end, and a group makes no cycles
    _put(answers, None)
    while True:
        try:
            items, deliveries, limit = _take(asked)
        except EOFError:
            break
        try:
            written: Any = tuple(hand.write(items, deliveries, limit))
        except Exception as wrong:
            written = f"{type(wrong).__name__}: {wrong}"
        try:
            _put(answers, written)
        except BrokenPipeError:  # the host was killed; what it asked for is written all the same
            break
        if isinstance(written, str):
            break
    connection.close()
