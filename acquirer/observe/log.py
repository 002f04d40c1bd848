"""The log: lines to a stream, written by a thread of its own, because nobody knows how long a stream takes.

Whoever tells of exchanges has journalled them, and makes their lines of the journal's rows; what the loop tells is
only queued, and made a line by the thread. When that cannot keep up, lines are dropped, counted and told of at the end:
a log must not be what stops a host. Host and recorder write to one stream (`app.recorder`), so lines are written in
pieces that the system does not divide.
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

from acquirer.data.types import JournalRow
from acquirer.journal.render import render as row_of
from acquirer.model.evidence import Evidence
from acquirer.observe.lines import Event, Render

MOST_WAITING = 20_000
"""Lines that may wait: more than a second of a full host, some 8 MB."""

GATHER_S = 0.05
"""How long lines gather before they are written together: no eye notices, and the thread takes fewer turns."""

CLOSING_S = 2.0
"""For whoever reads the lines to take the last of them; a recorder has some seconds for all of its end."""

PIECE_BYTES: Final = select.PIPE_BUF
"""What the system writes to a pipe in one piece, so that lines of two processes never mix."""


class Log:
    """Lines to a stream. Made with the stream and a renderer; `close` writes what waits."""

    def __init__(self, stream: TextIO | None, render: Render, now_us: Callable[[], int]) -> None:
        self._stream = stream
        self._render = render
        self._now_us = now_us
        self._waiting: deque[str | Event | Evidence] = deque()
        self._wake = threading.Event()
        self._idle = True
        self._open = True
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="acquirer-log", daemon=True)
        if stream is not None:
            self._thread.start()

    def exchanges(self, rows: Sequence[JournalRow]) -> None:
        """These exchanges are in the journal. Called by whoever wrote them, when they are answered."""
        if self._stream is None or not self._open:
            return
        if (room := max(MOST_WAITING - len(self._waiting), 0)) < len(rows):
            self.dropped += len(rows) - room
            rows = rows[:room]
        render = self._render.exchange
        try:
            self._waiting.extend([render(row) for row in rows])
        except Exception:  # whoever writes must go on writing
            self.dropped += len(rows)
        self._begin()

    def exchange(self, evidence: Evidence) -> None:
        """An exchange that was not journalled with a group of others: it is told of by itself."""
        self._put(evidence)

    def event(self, name: str, sentence: str = "", **fields: Any) -> None:
        """Something else happened."""
        self._put(Event(self._now_us(), name, sentence, fields))

    def fault(self, name: str, peer: str = "", wrong: BaseException | None = None) -> None:
        """An exception that should not have been, the one being handled if none is given.

        Its kind is told and where it was raised, never its text or values: they may be a card's.
        """
        wrong = wrong or sys.exc_info()[1]
        if wrong is None:
            return
        frames = traceback.extract_tb(wrong.__traceback__)[-3:]
        where = " < ".join(f"{f.filename.rpartition('/')[2]}:{f.lineno}" for f in reversed(frames))
        self.event(name, f"{type(wrong).__name__} at {where}", peer=peer)

    def close(self) -> None:
        """Write what waits and end the thread."""
        self._open = False
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(CLOSING_S)

    def _put(self, item: Event | Evidence) -> None:
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
            sentence = f"{self.dropped} lines are missing above: nobody took them in time"
            self._waiting.append(Event(self._now_us(), "lines-dropped", sentence, {"lines": self.dropped}))
            self._write()

    def _line(self, item: str | Event | Evidence) -> str:
        if isinstance(item, str):
            return item
        if isinstance(item, Event):
            return self._render.event(item)
        return self._render.exchange((item.id, *row_of(item)))

    def _write(self) -> None:
        lines: list[str] = []
        while self._waiting:
            lines.append(self._line(self._waiting.popleft()))
        if not lines or self._stream is None:
            return
        try:
            for piece in _pieces(lines, self._stream.encoding or "utf-8"):
                self._stream.write(piece)
                self._stream.flush()
        except (OSError, ValueError):  # whoever read the log has gone
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
