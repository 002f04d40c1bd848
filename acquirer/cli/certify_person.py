"""A person at the keyboard: shown what to do, asked what no wire shows, and free to repeat, skip or end.

Lines are read in a thread of their own, so that the wire is watched meanwhile; from a pipe as from a screen. At the end
of the input everything goes on by what the wire shows and by the time of each case.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from typing import Final, TextIO

from acquirer.app.certification.performing import StepTask, Wish
from acquirer.certification.case import AnswerExpected
from acquirer.certification.report import CaseResult
from acquirer.data.text import printable

KEYS: Final = "n: done, go on · r: repeat the case · s: skip it · q: end, to go on later"
"""What may be typed while a case is under way, each with Enter."""

_WISHES: Final = {"": Wish.GO_ON, "n": Wish.GO_ON, "r": Wish.REPEAT, "s": Wish.SKIP, "q": Wish.QUIT}


class TypedLines:
    """The lines of an input, as they are typed."""

    def __init__(self, source: TextIO) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._source = source
        self.over = False
        threading.Thread(target=self._read, name="acquirer-keyboard", daemon=True).start()

    def next(self, seconds: float | None) -> str | None:
        """Return the next line without its end; None when there is none in time, or the input has ended."""
        if self.over:
            if seconds:
                time.sleep(seconds)
            return None
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            return None
        self.over = line is None
        return line

    def _read(self) -> None:
        try:
            for line in self._source:
                self._lines.put(line.strip())
        except (OSError, ValueError, UnicodeDecodeError):  # closed, or no text: as if it had ended
            pass
        self._lines.put(None)


class PersonAtKeyboard:
    """Has a person perform the steps. See `performing.StepPerformer`.

    Args:
        out: where it says what to do.
    """

    waits = True
    tells_when_done = False

    def __init__(self, lines: TypedLines, out: TextIO) -> None:
        self._lines = lines
        self._out = out

    def begin(self, _task: StepTask) -> None:
        """What a case that failed may have left was said at its end."""

    def perform(self, task: StepTask) -> None:
        """What to do was shown already; the wire says when it is done."""
        if task.step.arrives is None:
            self._say(f"     {KEYS}")

    def pause(self, seconds: float) -> Wish | None:
        """Wait for a line."""
        return self._wish(self._lines.next(seconds))

    def answer(self, _task: StepTask, question: AnswerExpected) -> bool | Wish | None:
        """Ask until there is an answer, or the input has ended."""
        while not self._lines.over:
            self._say(f"     ? {question.question} (y/n)")
            line = self._lines.next(None)
            word = (line or "").lower()
            if word in ("y", "yes", "n", "no"):
                return word.startswith("y")
            if word and (wish := _WISHES.get(word)) is not None:
                return wish
        return None

    def end(self, result: CaseResult) -> Wish:
        """Go on after a case that passed, or was not done; else let the person choose."""
        if result.verdict in ("passed", "not-done"):
            return Wish.GO_ON
        self._say("     If the terminal still owes a reversal or an upload, clear that before you go on.")
        while not self._lines.over:
            self._say("     n: next case · r: repeat this one · q: end, to go on later")
            line = self._lines.next(None)
            wish = None if line is None else self._wish(line)
            if wish in (Wish.GO_ON, Wish.REPEAT, Wish.QUIT):
                return wish
        return Wish.GO_ON

    def close(self) -> None:
        """The thread that reads ends with the program."""

    def _wish(self, line: str | None) -> Wish | None:
        if line is None:
            return None
        wish = _WISHES.get(line.lower())
        if wish is None:
            self._say(f"     '{printable(line)[:40]}'? {KEYS}")
        return wish

    def _say(self, text: str) -> None:
        print(text, file=self._out, flush=True)


def keyboard() -> TypedLines:
    """Return the lines that are typed at this program."""
    return TypedLines(sys.stdin)
