"""The process that decodes images of signatures, as one function of the host.

1. An image is judged by what its decoding does: by the limits of processor time and memory that the worker keeps.
2. A worker that was killed or stopped from outside says nothing about the image it had: a fresh one gets it.
3. Where every fresh one ends in the same way, the image is given back undecided (`WorkerLostError`), to be tried later.
"""

from __future__ import annotations

import signal
import threading
from multiprocessing.connection import Connection
from subprocess import TimeoutExpired
from typing import Final

from acquirer.data.json_text import parse_json
from acquirer.data.text import plural
from acquirer.errors import PeerError
from acquirer.model.rows import Flag, Picture
from acquirer.process import channel
from acquirer.process.channel import Child

DECODING_S: Final = 5.0  # for one picture: the worker ends itself after two seconds of work, and may wait for its turn
READY_S: Final = 20.0  # for the worker to say that it is ready: Python and Pillow, on a machine that is busy
ENDING_S: Final = 1.0  # for a worker whose connection has ended to be gone itself
TRIES: Final = 3  # for one image, with a fresh worker each: what kills three in a row will kill the fourth

WORKER: Final = "acquirer.process.picture_worker"  # by name: what decodes is not imported here
TEXT_BYTES: Final = 64 << 10  # a dozen flags, each a sentence
PNG_BYTES: Final = 4 << 20  # twice what the largest bitmap takes without any compression

TOO_SLOW: Final = Flag("undecodable", "decoding it took more processor time than any signature needs: given up")


class WorkerError(PeerError):
    """The process that decodes cannot be started, or ended before it was ready."""


class WorkerLostError(WorkerError):
    """Several fresh processes in a row were ended, or stood still, over one image: nothing is known about it."""


class PictureWorker:
    """The process, as one function. For one thread."""

    def __init__(self) -> None:
        self._child: Child | None = None
        self._interrupted = False

    def decode(self, stream: bytes) -> Picture:
        """Return what an image shows.

        Raises:
            WorkerLostError: no process lived long enough to say.
            WorkerError: there is no process to send it to, or `interrupt` was called.
        """
        for _ in range(TRIES):
            picture = self._decode(self._child or self._start(), stream)
            if picture is not None:
                return picture
            if self._interrupted:
                raise WorkerError("decoding was interrupted")
        raise WorkerLostError(
            f"the process that decodes signatures was ended or stopped from outside {plural(TRIES, 'time')} in a row "
            "over one image: it waits, and is tried again later"
        )

    def interrupt(self) -> None:
        """Make a `decode` that waits for the process wait no longer, and let no other begin. From any thread."""
        self._interrupted = True
        child = self._child
        if child is not None:
            child.process.kill()

    def close(self) -> None:
        """Kill the process. Idempotent."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()

    def _decode(self, child: Child, stream: bytes) -> Picture | None:
        """Return what the process says of an image; None when it was ended or stood still, which says nothing."""
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            child.process.kill()  # and not only waited for: it may have stopped within a message

        limit = threading.Timer(DECODING_S, expire)
        limit.start()
        picture: Picture | None = None
        try:
            child.connection.send_bytes(stream)
            picture = receive_picture(child.connection)
        except (OSError, EOFError, ValueError):
            if _used_up(child):
                picture = Picture(flags=(TOO_SLOW,))
            self.close()
        finally:
            limit.cancel()
            limit.join()
        if expired.is_set():  # perhaps when it had just answered: the next image must not find it dead
            self.close()
        return picture

    def _start(self) -> Child:
        try:
            self._child = child = channel.start(WORKER)
        except OSError as exc:
            raise WorkerError(f"the process that decodes signatures cannot be started: {exc}") from None
        try:
            if self._interrupted or not child.connection.poll(READY_S):
                raise TimeoutError
            child.connection.recv_bytes(0)
        except (OSError, EOFError):
            self.close()
            raise WorkerError("the process that decodes signatures ended before it began") from None
        return child


def _used_up(child: Child) -> bool:
    """Return whether a process ended because it used up the processor time that it allows an image."""
    try:
        code = child.process.wait(ENDING_S)
    except TimeoutExpired:
        return False
    return code == -getattr(signal, "SIGXCPU", 0) != 0


def receive_picture(connection: Connection) -> Picture:
    """Return a picture that `picture_worker.send_picture` sent.

    Raises:
        ValueError: it sent something else.
        OSError: or more than a picture has, or it ended within a message.
        EOFError: or before one.
    """
    text = connection.recv_bytes(TEXT_BYTES)
    drawn = connection.recv_bytes(PNG_BYTES)
    fields = parse_json(text)
    match fields:
        case {"width": int(width), "height": int(height), "flags": [*flags], "inexact_end": bool(inexact_end)}:
            return Picture(width, height, drawn, tuple(_flag(flag) for flag in flags), inexact_end)
    raise ValueError("what was sent is no picture")


def _flag(pair: object) -> Flag:
    match pair:
        case [str(name), str(why)]:
            return Flag(name, why)
    raise ValueError("what was sent is no picture")
