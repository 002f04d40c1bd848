"""Processes of our own: one of this program's modules, run apart from the process that asks, and talked with.

A child finds the same code as its parent, wherever that lies, and has a session of its own: Ctrl-C is for the host,
which then ends its children by closing their input. Messages are pickles with their length before them.
"""

from __future__ import annotations

import fcntl
import os
import pickle
import select
import signal
import subprocess
import sys
from asyncio import AbstractEventLoop
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from struct import Struct
from typing import IO, Any, Final

import acquirer

LENGTH: Final = Struct(">Q")
PIPE_BYTES: Final = 1 << 20  # the most that Linux gives: what is sent in one turn of a loop should fit
ENDING_S: Final = 5.0  # for a child to finish what it was asked for


def start(module: str, *arguments: str, **streams: Any) -> subprocess.Popen[bytes]:
    """A process that calls ``main(*arguments)`` of `module`; `streams` are those of `subprocess.Popen`.

    Raises:
        OSError: it cannot be started.
    """
    code = str(Path(acquirer.__file__).parent.parent)
    path = os.pathsep.join(filter(None, [code, os.environ.get("PYTHONPATH")]))
    # Not -m: it would run a second copy of a module that its own package imports.
    run = f"import sys; from {module} import main; main(*sys.argv[1:])"
    return subprocess.Popen(  # noqa: S603  our own
        [sys.executable, "-c", run, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,
        **streams,
    )


def hang_up(process: subprocess.Popen[bytes]) -> None:
    """Close the pipes to a child: it is asked no more, and nobody listens."""
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        with suppress(OSError):  # what it did not read any more
            pipe.close()


def outlive_signals() -> None:
    """In a child: what is meant for the host does not end it; it ends with its input."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


class Dialogue:
    """A child that is asked over its input and answers over its output. All of it on the loop's thread."""

    def __init__(self, process: subprocess.Popen[bytes], loop: AbstractEventLoop) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._loop = loop
        self._asks, self._answers = process.stdin.fileno(), process.stdout.fileno()
        self._unsent = b""
        self._came = b""
        self._heard = 0
        self._over = False  # it has ended, and that was told
        self._told: Callable[[Any], None] = _nobody
        self._ended: Callable[[], None] = _nobody
        with suppress(OSError):  # there is a bound on all pipes of one user: a smaller one serves, only slower
            fcntl.fcntl(self._asks, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        os.set_blocking(self._asks, False)
        os.set_blocking(self._answers, False)

    def greet(self, setup: Any) -> Any:
        """Ask the first thing, before `begin`, and wait for its answer.

        Raises:
            EOFError: the child has ended instead.
        """
        heard: list[Any] = []
        self._told = heard.append
        self.ask(setup)
        self.wait()
        if not heard:
            raise EOFError("it ended before it began")
        return heard[0]

    def begin(self, told: Callable[[Any], None], ended: Callable[[], None]) -> None:
        """Who takes the answers, and who is told when there will be no more."""
        self._told, self._ended = told, ended
        self._loop.add_reader(self._answers, self._read)

    def ask(self, message: Any) -> None:
        """Send a message; it is never waited for."""
        data = _message(message)
        if self._unsent:
            self._unsent += data
            return
        self._unsent = data
        self._send()
        if self._unsent:
            self._loop.add_writer(self._asks, self._send)

    def wait(self, patience_s: float | None = None) -> None:
        """Wait for an answer, or the end, and have it taken now; after the end there is nothing to wait for.

        Raises:
            TimeoutError: nothing came for so long.
        """
        patience_ms = None if patience_s is None else patience_s * 1000
        heard = self._heard
        self._take()  # it may have come with the one before, over which somebody waits now
        while self._heard == heard and not self._over:
            either = select.poll()
            either.register(self._answers, select.POLLIN)
            if self._unsent:
                either.register(self._asks, select.POLLOUT)
            ready = either.poll(patience_ms)
            if not ready:
                raise TimeoutError
            for file, _ in ready:
                if file == self._answers:
                    self._read()
                else:
                    self._send()

    def end(self, patience_s: float = ENDING_S) -> None:
        """Let the child finish what it has been sent, and wait for its end; then end it."""
        self._loop.remove_reader(self._answers)
        self._loop.remove_writer(self._asks)
        hang_up(self._process)
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _send(self) -> None:
        """Send what the pipe takes."""
        try:
            sent = os.write(self._asks, self._unsent)
        except BlockingIOError:
            return
        except OSError:  # it has ended: that is read where it answers
            sent = len(self._unsent)
        self._unsent = self._unsent[sent:]
        if not self._unsent:
            self._loop.remove_writer(self._asks)

    def _read(self) -> None:
        """Read what has come."""
        try:
            data = os.read(self._answers, PIPE_BYTES)
        except BlockingIOError:
            return
        if not data:
            self._loop.remove_reader(self._answers)
            self._over = True
            self._ended()
            return
        self._came += data
        self._take()

    def _take(self) -> None:
        """Tell of the answers that have come whole."""
        while len(self._came) >= LENGTH.size:
            stop = LENGTH.size + LENGTH.unpack_from(self._came)[0]
            if len(self._came) < stop:
                return
            answer = pickle.loads(self._came[LENGTH.size : stop])  # noqa: S301  from the process we started
            self._came = self._came[stop:]
            self._heard += 1
            self._told(answer)


def _nobody(*_answer: Any) -> None:
    """Nobody listens yet."""


def put(to: IO[bytes], message: Any) -> None:
    """Write one message."""
    to.write(_message(message))
    to.flush()


def take(of: IO[bytes]) -> Any:
    """Read one message; EOFError when there is no whole one."""
    head = of.read(LENGTH.size)
    if len(head) < LENGTH.size:
        raise EOFError
    size = LENGTH.unpack(head)[0]
    data = of.read(size)
    if len(data) < size:
        raise EOFError
    return pickle.loads(data)  # noqa: S301  from the process we started, or that started us


def _message(value: Any) -> bytes:
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(data)) + data
