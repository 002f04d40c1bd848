"""Child processes: start one of this program's modules in a process of its own, and exchange messages with it.

1. A child finds the same code as its parent, wherever that lies, and has a session of its own: Ctrl-C is for the host,
   which ends its children by closing their connection.
2. Parent and child hold the two ends of a socket pair as `multiprocessing.connection.Connection`; the framing of
   messages is the standard library's. A child gets its end as the first argument of its `main`.
3. Children that run our own code only are sent pickles and answer with pickles (`Channel`). What comes from a child
   that works on hostile data (`picture_worker`) is taken as bytes and never unpickled.
4. Sending never makes the loop wait: what the socket takes at once is sent at once, more than that by a thread.
5. A child imports this module too: what only parents need is imported where they need it.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from pickle import HIGHEST_PROTOCOL, dumps, loads
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import acquirer

if TYPE_CHECKING:
    import subprocess
    from asyncio import AbstractEventLoop

SEND_BUFFER_BYTES: Final = 1 << 20  # wanted; Linux gives 416 kB unless net.core.wmem_max says otherwise
ENDING_S: Final = 5.0  # for a child to finish what it was sent

IGNORED_BY_CHILDREN: Final = ("SIGINT", "SIGTERM", "SIGHUP")  # the last one is unknown to Windows


def start(module: str, *arguments: str, pass_fds: Sequence[int] = (), **streams: Any) -> Child:
    """Start a process that calls ``main(connection, *arguments)`` of `module`.

    Args:
        pass_fds: descriptors that it shall have too, under the same numbers.
        streams: as for `subprocess.Popen`; what is not named is the null device.

    Raises:
        OSError: it cannot be started.
    """
    import subprocess

    code = str(Path(acquirer.__file__).parent.parent)
    path = os.pathsep.join(filter(None, [code, os.environ.get("PYTHONPATH")]))
    # Not -m: it would run a second copy of a module that its own package imports.
    script = (  # with GC as in `acquirer.cli`: what is imported stays
        "import gc, sys; gc.set_threshold(50_000); from multiprocessing.connection import Connection; "
        "from acquirer.process.core_dumps import forbid_core_dumps; forbid_core_dumps(); "
        f"from {module} import main; main(Connection(int(sys.argv[1])), *sys.argv[2:])"
    )
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            process = subprocess.Popen(  # noqa: S603  our own
                [sys.executable, "-c", script, str(theirs.fileno()), *arguments],
                env={**os.environ, "PYTHONPATH": path},
                start_new_session=True,
                pass_fds=(theirs.fileno(), *pass_fds),
                **{"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **streams},
            )
        except BaseException:
            ours.close()
            raise
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    return Child(process, ours)


def ignore_signals() -> None:
    """In a child: leave signals to the host; the child ends when its connection does."""
    for name in IGNORED_BY_CHILDREN:
        if number := getattr(signal, name, None):
            signal.signal(number, signal.SIG_IGN)


def receive(connection: Connection) -> Any:
    """In a child: return the next message of its parent's `Channel`.

    Raises:
        EOFError: the parent has closed the channel, or has ended.
    """
    try:
        return loads(connection.recv_bytes())  # noqa: S301  from the process that started this one
    except OSError:  # it ended within a message, or before it read all answers
        raise EOFError from None


def reply(connection: Connection, message: Any) -> None:
    """In a child: send a message to its parent's `Channel`.

    Raises:
        OSError: the parent has closed the channel, or has ended.
    """
    connection.send_bytes(dumps(message, HIGHEST_PROTOCOL))


class Child:
    """A process that was started, and this side's end of the connection to it."""

    def __init__(self, process: subprocess.Popen[bytes], ours: socket.socket) -> None:
        self.process = process
        self.at_once_bytes = _at_once_bytes(ours)
        self.connection = Connection(ours.detach())

    def kill(self) -> None:
        """End the process now, and close the connection."""
        self.process.kill()
        self.process.wait()
        self.connection.close()

    def close(self, patience_s: float) -> None:
        """Close the connection and wait for the process's end; kill it when that takes longer than `patience_s`."""
        import subprocess

        self.connection.close()
        try:
            self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Channel:
    """Messages to a child and from it, as pickles. All of it on the loop's thread."""

    def __init__(self, child: Child, loop: AbstractEventLoop) -> None:
        self._child = child
        self._connection = child.connection
        self._loop = loop
        self._received = 0
        self._over = False  # the child has ended, and `on_end` has been called
        self._on_message: Callable[[Any], None] = _ignore
        self._on_end: Callable[[], None] = _ignore
        self._sender = Sender(child)

    def greet(self, setup: Any) -> Any:
        """Send the first message, before `begin`, and return the answer to it.

        Raises:
            EOFError: the child has ended instead.
        """
        answers: list[Any] = []
        self._on_message = answers.append
        self.send(setup)
        self.wait()
        if not answers:
            raise EOFError("it ended before it began")
        return answers[0]

    def begin(self, on_message: Callable[[Any], None], on_end: Callable[[], None]) -> None:
        """Have each message of the child handed to `on_message`, and its end to `on_end`, once."""
        self._on_message, self._on_end = on_message, on_end
        self._loop.add_reader(self._connection.fileno(), self._read)

    def send(self, message: Any) -> None:
        """Send a message, without waiting. To a child that has ended it is lost."""
        self._sender.send(dumps(message, HIGHEST_PROTOCOL))

    def wait(self, patience_s: float | None = None) -> None:
        """Wait for a message and hand it on now, or for the child's end; after that there is nothing to wait for.

        Raises:
            TimeoutError: nothing came within `patience_s`.
        """
        received = self._received
        while self._received == received and not self._over:
            if not self._connection.poll(patience_s):
                raise TimeoutError
            self._read()

    def close(self, patience_s: float | None = None) -> None:
        """Let the child finish what it was sent, and wait for its end; after `patience_s` (`ENDING_S`) kill it.

        Idempotent.
        """
        if self._connection.closed:
            return
        end_s = monotonic() + (ENDING_S if patience_s is None else patience_s)
        self._loop.remove_reader(self._connection.fileno())
        self._sender.close(end_s - monotonic())
        self._child.close(max(end_s - monotonic(), 0.0))

    def _read(self) -> None:
        """Take one message; this waits for the rest of one whose beginning has come."""
        try:
            message = loads(self._connection.recv_bytes())  # noqa: S301  from the process we started
        except (EOFError, OSError):
            self._loop.remove_reader(self._connection.fileno())
            self._over = True
            self._on_end()
            return
        self._received += 1
        self._on_message(message)


class Sender:
    """Sends messages in their order, for one thread, which never waits."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._connection = child.connection
        self._writable = selectors.DefaultSelector()
        self._writable.register(self._connection, selectors.EVENT_WRITE)
        self._unsent: deque[bytes] = deque()  # the thread's, the first of them is being sent
        self._more = threading.Semaphore(0)
        self._closing = False
        self._thread: threading.Thread | None = None

    def send(self, data: bytes) -> None:
        """Send a message at once if the socket has room for it, else leave it to the thread."""
        if not self._unsent and len(data) <= self._child.at_once_bytes and self._writable.select(0):
            with suppress(OSError):  # the child has ended: that is noticed where its messages are read
                self._connection.send_bytes(data)
            return
        self._unsent.append(data)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="channel-sender", daemon=True)
            self._thread.start()
        self._more.release()

    def close(self, patience_s: float) -> None:
        """End the thread when all is sent; a child that does not take it within `patience_s` is killed."""
        if self._thread is not None:
            self._closing = True
            self._more.release()
            self._thread.join(max(patience_s, 0.0))
            if self._thread.is_alive():
                self._child.process.kill()  # ends what the thread waits for
                self._thread.join()
        self._writable.close()

    def _run(self) -> None:
        while True:
            self._more.acquire()
            if not self._unsent:
                if self._closing:
                    return
                continue
            with suppress(OSError):  # the child has ended
                self._connection.send_bytes(self._unsent[0])
            self._unsent.popleft()


def _at_once_bytes(ours: socket.socket) -> int:
    """The size of a message that never has to wait while the socket is writable.

    On Linux that means that three quarters of the send buffer are free (unix(7), ``unix_writable``); elsewhere it may
    mean a few bytes.
    """
    if sys.platform != "linux":
        return 0
    return ours.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) // 2


def _ignore(*_message: Any) -> None:
    """Before `begin`."""
