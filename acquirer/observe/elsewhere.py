"""Lines rendered and written by a process of their own, so that telling what was decided takes no time from deciding.

It is sent what lines are made of, in pickles on its standard input, and writes to the stream that was meant for them.
When the host ends, however it does, what was sent is still written.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Final, TextIO

from acquirer.observe.lines import Event, Exchange, Render, event_line, facts, line_of
from acquirer.settings import child

ENDING_S: Final = 5.0  # for whoever reads the lines to take the last of them


class Elsewhere:
    """The process. For one thread.

    Raises:
        OSError: it cannot be started, or `stream` is none of the system's.
    """

    def __init__(self, stream: TextIO, render: Render) -> None:
        stream.flush()
        self._process = child.start(__name__, stdin=subprocess.PIPE, stdout=stream.fileno())
        self._send(render)

    def write(self, items: Sequence[Exchange | Event]) -> None:
        """Have lines written; OSError when nobody is there to do it."""
        self._send([facts(item) if isinstance(item, Exchange) else item for item in items])

    def end(self) -> None:
        """Let it write what it was sent, and wait until it has."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
            self._process.wait(ENDING_S)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()

    def _send(self, value: Any) -> None:
        assert self._process.stdin is not None
        pickle.dump(value, self._process.stdin, pickle.HIGHEST_PROTOCOL)
        self._process.stdin.flush()


def main() -> None:
    """Render and write what comes until nothing more does."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it ends with its input
    try:
        render: Render = pickle.load(sys.stdin.buffer)  # noqa: S301  from the process that started us
        while True:
            items = pickle.load(sys.stdin.buffer)  # noqa: S301  likewise
            lines = [render(event_line(item) if isinstance(item, Event) else line_of(item)) for item in items]
            sys.stdout.buffer.write(("\n".join(lines) + "\n").encode())
            sys.stdout.buffer.flush()
    except EOFError:
        return
    except OSError:  # whoever read the lines has gone
        os._exit(0)  # and what is left in the buffer has nowhere to go
