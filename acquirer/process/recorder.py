"""The process that records: it writes the store of an ``acquirer serve``, and the lines of log about it.

Both come of the same evidence, so that the host's process only decides. What the host itself has to tell (it has
started, it refused somebody) it writes to the same stream: lines of both are never mixed (`observe.log`).
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from asyncio import AbstractEventLoop
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TextIO

from acquirer.dialect.dialect import Dialect
from acquirer.observe.lines import Render
from acquirer.observe.log import Log
from acquirer.process import channel as child
from acquirer.process import store_writer as apart
from acquirer.process.clock import Clock
from acquirer.settings.specs import load_dialect
from acquirer.store import StoreError
from acquirer.store.database import connect_writing
from acquirer.store.interface import Recorder
from acquirer.store.location import Lock, also_held
from acquirer.store.transaction_writer import TransactionWriter


def recorder(dialects: Sequence[tuple[str, Dialect]], stream: TextIO | None, render: Render) -> Recorder:
    """What starts the process. `dialects`: all that exchanges will be in, and what each is loaded by."""
    return partial(_start, dict(dialects), stream, render)


def _start(
    dialects: dict[str, Dialect],
    stream: TextIO | None,
    render: Render,
    database: Path,
    lock: Lock,
    loop: AbstractEventLoop,
) -> apart.ProcessWriter:
    try:
        process = child.start(
            __name__,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if stream is None else stream.fileno(),
            pass_fds=(lock.file,),
        )
    except OSError as wrong:
        raise StoreError(f"the process that writes {database} cannot be started: {wrong}") from None
    setup = (str(database), list(dialects), None if stream is None else render, lock.file)
    return apart.ProcessWriter(process, loop, setup, {dialect: source for source, dialect in dialects.items()})


def main() -> None:
    """Set up as the first message says, then record what comes until nothing more does."""
    child.outlive_signals()  # what the host has answered for is written first
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    try:
        database, sources, render, lock = child.take(asked)
        also_held(lock)
        connection = connect_writing(Path(database))
        dialects = {source: load_dialect(source) for source in sources}
    except EOFError:
        return
    except Exception as wrong:
        child.put(answers, f"{type(wrong).__name__}: {wrong}")
        return
    log = Log(sys.stderr if render else None, render, Clock().now_us)
    gc.freeze()  # what was made until here stays until the end, and a group makes no cycles
    apart.serve(TransactionWriter(connection, log.exchanges, dialects.__getitem__), asked, answers)
    connection.close()
    os.close(lock)  # after a kill the next host may begin, even while nobody takes what is left to tell
    log.close()
