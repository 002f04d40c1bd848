"""A program in the place of the person: it is run before each case (step 0), for each step, and for each question.

It finds what to do in its environment (`CERTIFY_…`), and ends with 0 when that is done, with 77 when it cannot do it,
so that the case is skipped; with anything else the case could not be judged. To a question it prints ``yes`` or ``no``.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from collections.abc import Sequence
from typing import Final

from acquirer.app.certification.performing import CannotPerform, StepTask, Wish
from acquirer.certification.case import AnswerExpected
from acquirer.certification.report import CaseResult
from acquirer.data.text import printable

CANNOT: Final = 77
"""The exit code of a program that cannot do a step: as test programs of automake say that they skip."""

_SHOWN: Final = 200  # characters of what a program printed


class CommandPerformer:
    """Runs a command for each step. See `performing.StepPerformer`."""

    waits = True
    tells_when_done = True

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)

    def begin(self, task: StepTask) -> None:
        """Run the command for the rest before a case. Raises CannotPerform."""
        self.perform(task)

    def perform(self, task: StepTask) -> None:
        """Run the command for a step. Raises CannotPerform."""
        done = self._run(task)
        if done.returncode == CANNOT:
            raise CannotPerform(f"{self._name} cannot do step {task.step.number}{_output(done)}", skip=True)
        if done.returncode:
            problem = f"{self._name} ended with {done.returncode} at step {task.step.number}{_output(done)}"
            raise CannotPerform(problem)

    def pause(self, seconds: float) -> Wish | None:
        """Wait."""
        time.sleep(seconds)
        return None

    def answer(self, task: StepTask, question: AnswerExpected) -> bool | Wish | None:
        """Run the command for a question; anything but ``yes`` and ``no`` is no answer."""
        done = self._run(task, question.question)
        word = done.stdout.strip().lower()
        return {"yes": True, "no": False}.get(word) if not done.returncode else None

    def end(self, _result: CaseResult) -> Wish:
        """Go on, however it went."""
        return Wish.GO_ON

    def close(self) -> None:
        """Nothing is left running."""

    @property
    def _name(self) -> str:
        return self._command[0]

    def _run(self, task: StepTask, question: str = "") -> subprocess.CompletedProcess[str]:
        operation = task.step.operation
        known = {
            "CASE": task.case.name,
            "STEP": str(task.step.number),
            "DO": task.step.do,
            "OPERATION": operation.operation.name if operation else "",
            "ARGUMENTS": json.dumps(task.arguments, ensure_ascii=False),
            "TERMINAL_FAULT": operation.fault.kind if operation and operation.fault else "",
            "QUESTION": question,
            "HOST": task.host,
            "TID": task.tid,
        }
        environment = {**os.environ, **{f"CERTIFY_{name}": value for name, value in known.items()}}
        try:
            return subprocess.run(  # noqa: S603  the command that the user named
                self._command,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=max(task.left_s, 1.0),
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise CannotPerform(f"{self._name} did not end within the time of the case") from None
        except OSError as exc:
            raise CannotPerform(f"{self._name} cannot be run: {exc.strerror}") from None


def read_command(text: str) -> list[str]:
    """Return the words of a command as a shell takes it apart. Raises ValueError: it has none, or an open quote."""
    words = shlex.split(text)
    if not words:
        raise ValueError("it has no words")
    return words


def _output(done: subprocess.CompletedProcess[str]) -> str:
    """Return the last line that a command printed, as the rest of a sentence."""
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return f": {printable(lines[-1])[:_SHOWN]}" if lines else ""
