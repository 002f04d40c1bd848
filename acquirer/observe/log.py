"""The log: lines to a stream, written by a thread of its own, because a stream may take any time.

Exchanges are logged where they are journalled, their lines made from the journal's rows; what the loop logs is only
queued, and made a line by the thread. When that cannot keep up, lines are dropped, counted and reported at the end: a
log must not be what stops a host. A host and the process that writes its store log to one stream
(`process.store_writer`), so lines are written in pieces that the system does not divide.
"""

from __future__ import annotations

import select
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TextIO

from acquirer.journal.packed import NumberedExchange
from acquirer.journal.render import render
from acquirer.model.evidence import Evidence
from acquirer.observe.event import LogEvent
from acquirer.observe.lines import Render

MOST_WAITING = 20_000
"""Lines that may wait: more than a second of a full host, some 8 MB."""

GATHER_S = 0.05
"""How long lines gather before they are written together: too short to notice, and the thread takes fewer turns."""

CLOSING_S = 2.0
"""For the reader of the lines to take the last of them; the process that writes has some seconds for all of its end."""

PIECE_BYTES: Final = getattr(select, "PIPE_BUF", 512)  # 512: the least that POSIX allows
"""What the system writes to a pipe in one piece, so that lines of two processes never mix."""


class Log:
    """Lines to a stream; `close` writes what waits."""

    def __init__(self, stream: TextIO | None, render: Render, now_us: Callable[[], int]) -> None:
        self._stream = stream
        self._render = render
        self._now_us = now_us
        self._waiting: deque[str | LogEvent | Evidence] = deque()
        self._wake = threading.Event()
        self._idle = True
        self._open = True
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="acquirer-log", daemon=True)
        if stream is not None:
            self._thread.start()

    def exchanges(self, rows: Sequence[NumberedExchange]) -> None:
        """Log exchanges that are in the journal. Called by the thread that wrote them, once they are answered."""
        if self._stream is None or not self._open:
            return
        if (room := max(MOST_WAITING - len(self._waiting), 0)) < len(rows):
            self.dropped += len(rows) - room
            rows = rows[:room]
        try:
            self._waiting.extend(self._render.exchanges(rows))
        except Exception:  # the store must be written all the same
            self.dropped += len(rows)
        self._begin()

    def exchange(self, evidence: Evidence) -> None:
        """Log an exchange that was not journalled with a group of others."""
        self._put(evidence)

    def event(self, name: str, sentence: str = "", **fields: Any) -> None:
        """Log anything else."""
        self._put(LogEvent(self._now_us(), name, sentence, fields))

    def fault(self, name: str, peer: str = "", error: BaseException | None = None) -> None:
        """Log an exception that should not have been, the one being handled if none is given.

        Its class is logged and where it was raised, never its text or values: they may be a card's.
        """
        error = error or sys.exc_info()[1]
        if error is None:
            return
        frames = traceback.extract_tb(error.__traceback__)[-3:]
        where = " < ".join(f"{f.filename.rpartition('/')[2]}:{f.lineno}" for f in reversed(frames))
        self.event(name, f"{type(error).__name__} at {where}", peer=peer)

    def close(self) -> None:
        """Write what waits and end the thread."""
        self._open = False
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(CLOSING_S)

    def _put(self, item: LogEvent | Evidence) -> None:
        if self._stream is None or not self._open:
            return
        if len(self._waiting) >= MOST_WAITING:
            self.dropped += 1
            return
        self._waiting.append(item)
        self._begin()

    def _begin(self) -> None:
        if self._idle:
            self._idle = False
            self._wake.set()

    def _run(self) -> None:
        while self._open:
            self._idle = True
            if not self._waiting:
                self._wake.wait()
            self._wake.clear()
            if self._open:
                time.sleep(GATHER_S)
            self._write()
        self._write()
        if self.dropped:
            sentence = f"{self.dropped} lines are missing above: they were not taken in time, or could not be made"
            self._waiting.append(LogEvent(self._now_us(), "lines-dropped", sentence, {"lines": self.dropped}))
            self._write()

    def _line(self, item: str | LogEvent | Evidence) -> str:
        if isinstance(item, str):
            return item
        if isinstance(item, LogEvent):
            return self._render.event(item)
        return self._render.exchanges([(item.id, render(item))])[0]

    def _write(self) -> None:
        lines: list[str] = []
        while self._waiting:
            item = self._waiting.popleft()
            try:
                lines.append(self._line(item))
            except Exception:  # no memory, perhaps: the next one is tried all the same
                self.dropped += 1
        if not lines or self._stream is None:
            return
        try:
            for piece in _pieces(lines, self._stream.encoding or "utf-8"):
                self._stream.write(piece)
                self._stream.flush()
        except (OSError, ValueError):  # the reader of the log has gone
            self._stream = None


def _pieces(lines: Iterable[str], encoding: str) -> Iterator[str]:
    """Lines in pieces of at most `PIECE_BYTES` as they are written; a line that is longer is a piece of its own."""
    piece: list[str] = []
    room = PIECE_BYTES
    for line in lines:
        # What an encoding has no character for is most often written with a backslash, and never takes more.
        size = len(line if line.isascii() else line.encode(encoding, "backslashreplace")) + 1
        if size > room and piece:
            yield "".join(piece)
            piece, room = [], PIECE_BYTES
        piece += (line, "\n")
        room -= size
    if piece:
        yield "".join(piece)
