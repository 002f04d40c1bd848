"""The log: takes references on the hot path, renders and writes on a thread of its own, or in another process.

A JSON line costs more than deciding what it tells. So the loop only appends to a queue; a thread takes what has
gathered and renders it, or hands it to a process that does, and it is written in one piece. When that thread cannot
keep up, lines are dropped and counted: a log must not be what stops a host.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO

from acquirer.observe.elsewhere import Elsewhere
from acquirer.observe.lines import Event, Exchange, Render, event_line, exchange_line

MOST_WAITING = 20_000
"""Lines that may wait: half a second of a full host, some 20 MB with the messages they hold."""

GATHER_S = 0.05
"""How long lines gather before they are written together: no eye notices, and the loop is woken less."""


class Log:
    """Lines to a stream. Made with the stream and a renderer; `close` writes what waits."""

    def __init__(
        self, stream: TextIO | None, render: Render, now_us: Callable[[], int], *, elsewhere: bool = False
    ) -> None:
        """With `elsewhere`, a process of its own renders and writes."""
        self._stream = stream
        self._elsewhere: Elsewhere | None = None
        if elsewhere and stream is not None:
            with suppress(OSError):
                self._elsewhere = Elsewhere(stream, render)
        self._render = render
        self._now_us = now_us
        self._waiting: deque[Exchange | Event] = deque()
        self._wake = threading.Event()
        self._idle = True
        self._open = True
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="acquirer-log", daemon=True)
        if stream is not None:
            self._thread.start()

    def exchange(self, exchange: Exchange) -> None:
        """One exchange has ended."""
        self._put(exchange)

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
            self._thread.join()
        if self._elsewhere is not None:
            self._elsewhere.end()

    def _put(self, item: Exchange | Event) -> None:
        if self._stream is None or not self._open:
            return
        if len(self._waiting) >= MOST_WAITING:
            self.dropped += 1
            return
        self._waiting.append(item)
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

    def _write(self) -> None:
        items: list[Exchange | Event] = []
        while self._waiting:
            items.append(self._waiting.popleft())
        if not items or self._stream is None:
            return
        if self._elsewhere is not None:
            try:
                self._elsewhere.write(items)
                return
            except OSError:  # it has gone: from now on it is done here
                self._elsewhere.end()
                self._elsewhere = None
        lines = [self._render(exchange_line(one) if isinstance(one, Exchange) else event_line(one)) for one in items]
        try:
            self._stream.write("\n".join(lines) + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # whoever read the log has gone
            self._stream = None
