"""The process that writes the store of an ``acquirer serve`` and the log's lines about exchanges; and who asks it to.

1. Rendering, masking and SQLite take as long as deciding does, and two threads of one process take turns. So the host's
   process only decides: `ProcessWriter` sends what was decided, `main` writes it and makes journal row and line of log
   from the same masked row.
2. When the process ends, or says that the database failed, it is unknown what became of the last group: the store has
   failed, and the host stops.
3. When the host ends, however it does, the connection ends. What was sent by then is written and logged, then the
   process ends too; until then it holds the store's lock.
4. What is sent is sealed under a key made for this run: it is masked by the process that writes, and holds card numbers
   until then.
5. The log of the store is put away beside the groups, not in their commits (`store.checkpoints`), unless it lies in
   memory, where that takes a millisecond.
6. What the host itself has to log (it has started, it refused a peer) it writes to the same stream: lines of both never
   mix (`observe.log`).
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from pickle import HIGHEST_PROTOCOL, dumps, loads
from typing import TYPE_CHECKING, Any, Final, TextIO

from acquirer.data.types import Row
from acquirer.dialect.dialect import Dialect
from acquirer.errors import AcquirerError, StoreError
from acquirer.observe.lines import Render
from acquirer.observe.log import Log
from acquirer.process import channel
from acquirer.process.channel import Channel
from acquirer.process.clock import Clock
from acquirer.security.message_seal import MessageSeal
from acquirer.security.vault import MASTER_BYTES
from acquirer.settings.specs import load_dialect
from acquirer.store.checkpoints import Checkpoints
from acquirer.store.database import connect_writing
from acquirer.store.location import DatabaseLock, add_holder
from acquirer.store.memory import is_shared_memory
from acquirer.store.open_files import WRITTEN_FILES, OpenFiles
from acquirer.store.packed_changes import PackedChanges
from acquirer.store.transaction_writer import TransactionWriter

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from acquirer.store.batch_writer import OnGroup
    from acquirer.store.interface import Recorder

ENDED: Final = "the process that writes has ended"


class ProcessWriter:
    """A `store.batch_writer.BatchWriter` that sends groups to the process, which writes them."""

    def __init__(
        self,
        dialects: dict[str, Dialect],
        stream: TextIO | None,
        render: Render,
        database: Path,
        lock: DatabaseLock,
        loop: AbstractEventLoop,
        keep_days: int,
    ) -> None:
        """Start the process and wait until it is ready.

        Args:
            dialects: all that exchanges will be in, by what each is loaded by.
            stream: where lines of log go; a file.
            lock: of the database; the process holds it too.
            keep_days: how long a transaction outlives its last use, once its batch is closed.

        Raises:
            StoreError: the process cannot be started, or cannot begin.
        """
        try:
            streams = {} if stream is None else {"stderr": stream.fileno()}
            child = channel.start(__name__, pass_fds=(lock.file,), **streams)
        except OSError as exc:
            raise StoreError(f"the process that writes {database} cannot be started: {exc}") from None
        self._sources = {dialect: source for source, dialect in dialects.items()}
        self._channel = Channel(child, loop)
        key = os.urandom(MASTER_BYTES)
        self._seal = MessageSeal(key)
        setup = (str(database), list(dialects), None if stream is None else render, lock.file, keep_days, key)
        try:
            problem = self._channel.greet(setup)
        except EOFError:
            problem = ENDED
        if problem is not None:
            self._channel.close()
            raise StoreError(f"the process that writes the store cannot begin: {problem}")

    def start(self, on_group: OnGroup) -> None:
        self._channel.begin(on_group, lambda: on_group(ENDED))

    def dialect_key(self, dialect: Dialect) -> Any:
        return self._sources[dialect]

    def write(self, commits: Sequence[PackedChanges], deliveries: Sequence[Row], rrn_limit: int | None) -> None:
        self._channel.send(self._seal.seal(dumps((commits, deliveries, rrn_limit), HIGHEST_PROTOCOL)))

    def wait(self, timeout_s: float | None = None) -> None:
        self._channel.wait(timeout_s)

    def close(self) -> None:
        self._channel.close()


def process_writer(dialects: Sequence[tuple[str, Dialect]], stream: TextIO | None, render: Render) -> Recorder:
    """Return what makes a `ProcessWriter` of a database, its lock, a loop and the days that transactions are kept.

    Args:
        dialects: all that exchanges will be in, each after what it is loaded by.
        stream: where lines of log go; None: nowhere.
    """
    return partial(ProcessWriter, dict(dialects), stream, render)


def main(connection: Connection) -> None:
    """Set up as the first message says, then write each group that comes until the connection ends."""
    channel.ignore_signals()  # what the host has answered for is written first
    try:
        path, sources, render, lock, keep_days, key = channel.receive(connection)
        add_holder(lock)
        database = Path(path)
        database_connection = connect_writing(database, check=False)
        checkpoints = None if is_shared_memory(database) else Checkpoints(database, database_connection)
        dialects = {source: load_dialect(source) for source in sources}
    except EOFError:
        return
    except Exception as exc:
        channel.reply(connection, str(exc) if isinstance(exc, AcquirerError) else f"{type(exc).__name__}: {exc}")
        return
    log = Log(sys.stderr if render else None, render, Clock().now_us)
    gc.freeze()  # what was made until here stays until the end, and a group makes no cycles
    files = OpenFiles(database, *WRITTEN_FILES)
    writer = TransactionWriter(database_connection, log.exchanges, dialects.__getitem__, keep_days, files, checkpoints)
    write_groups(writer, connection, MessageSeal(key))
    if checkpoints is not None:
        checkpoints.close()
    database_connection.close()
    os.close(lock)  # after a kill the next host may begin, even while no process reads what is left of the log
    log.close()


def write_groups(writer: TransactionWriter, connection: Connection, seal: MessageSeal) -> None:
    """Say that it is ready, then write each group and answer what became of it, until the connection ends."""
    with suppress(OSError):
        channel.reply(connection, None)
    while True:
        try:
            sealed = channel.receive(connection)
        except EOFError:
            return
        result = writer.write_group(*loads(seal.open(sealed)))  # noqa: S301  only the host has the key
        with suppress(OSError):  # the host was killed: what it sent is written and logged all the same
            channel.reply(connection, result)
        writer.follow_up()
