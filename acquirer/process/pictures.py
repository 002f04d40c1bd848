"""Pictures of signatures: images are decoded in a process of their own, never in the loop, and kept beside them.

A signature is stored as it came; its picture is made afterwards, from the store, so that nothing waits in memory and
a restart goes on where the last one ended. Only where a strict check asks for the pixels does an upload wait for them.
Thread and process begin with the first signature: a host without signatures has neither.
"""

from __future__ import annotations

import asyncio
import os
import select
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.host.signature_policy import Mode
from acquirer.model.evidence import Evidence
from acquirer.model.rows import Flag, Picture, Signature
from acquirer.observe.log import Log
from acquirer.process import channel as child
from acquirer.process.clock import Clock
from acquirer.process.picture_worker import LENGTH, unpack
from acquirer.store import Store, StoreError
from acquirer.store.uploads import Developed, with_picture

AT_ONCE: Final = 16  # pictures kept in one transaction: a quarter of a second of decoding
MOST_LOOKS: Final = 256  # uploads that wait for their pixels: some five seconds of decoding, no terminal waits longer
BUSY_COMMITS: Final = 16  # that wait at one moment: more than terminals that are tried by hand, less than any burst
REST_S: Final = 0.05  # after each picture while the host is busy: a tenth of a core is what they may take then
PATIENCE_S: Final = 5.0  # for one picture: the worker ends itself after two seconds of work, and may wait for its turn
START_S: Final = 20.0  # for the worker to say hello: Python and Pillow, on a machine that is busy

GIVEN_UP: Final = Flag("undecodable", "decoding it took more time or memory than any signature needs: given up")

Then = Callable[[Picture | None], None]


class WorkerError(Exception):
    """The process that decodes cannot be started, or does not say hello."""


class Worker:
    """The process, as one function. For one thread."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def look(self, stream: bytes) -> Picture:
        """What an image shows. A process that dies over it, or takes too long, is replaced for the next one.

        Raises:
            WorkerError: there is no process to ask.
        """
        process = self._process or self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(LENGTH.pack(len(stream)) + stream)
            process.stdin.flush()
            end_s = time.monotonic() + PATIENCE_S
            return unpack(_framed(process, end_s), _framed(process, end_s))
        except (OSError, EOFError, TimeoutError, ValueError):
            self.end()
            return Picture(flags=(GIVEN_UP,))

    def interrupt(self) -> None:
        """Let whoever waits for the process wait no longer. From any thread."""
        process = self._process
        if process is not None:
            process.kill()

    def end(self) -> None:
        """End the process, whatever it does."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        child.hang_up(process)

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            self._process = process = child.start(
                "acquirer.process.picture_worker",
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as wrong:
            raise WorkerError(f"the process that decodes signatures cannot be started: {wrong}") from None
        try:
            _framed(process, time.monotonic() + START_S)
        except (OSError, EOFError, TimeoutError):
            self.end()
            raise WorkerError("the process that decodes signatures ended before it began") from None
        return process


class Pictures:
    """Looks at images and makes pictures, on a thread of its own."""

    def __init__(
        self, store: Store, clock: Clock, log: Log, dialects: Sequence[Dialect] = (), pixels: Mode = "log"
    ) -> None:
        self._store = store
        self._clock = clock
        self._log = log
        self._dialects = dialects
        self._pixels = pixels
        self._soon = asyncio.get_running_loop().call_soon_threadsafe
        self._worker = Worker()
        self._work = threading.Condition()
        self._looks: deque[tuple[bytes, Then]] = deque()
        self._wanted = False  # some signature may wait for its picture
        self._stopping = False
        self._thread: threading.Thread | None = None

    def look(self, stream: bytes, then: Then) -> None:
        """Have an image decoded; `then` is called on the loop's thread, at once with None when too many wait."""
        if len(self._looks) >= MOST_LOOKS:
            self._soon(then, None)
            return
        with self._work:
            self._looks.append((stream, then))
            self._begin()

    def develop(self) -> None:
        """Have the pictures made that are still to be made."""
        if not self._wanted:
            with self._work:
                self._wanted = True
                self._begin()

    def resume(self) -> None:
        """Go on with what an earlier run left."""
        with self._store.reader() as reader:
            if reader.waiting_signatures(1):
                self.develop()

    def stop(self) -> None:
        """End thread and process; what was not made waits in the store for the next start."""
        with self._work:
            self._stopping = True
            self._work.notify()
        self._worker.interrupt()
        if self._thread is not None:
            self._thread.join()

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="pictures", daemon=True)
            self._thread.start()
        self._work.notify()

    def _run(self) -> None:
        try:
            while True:
                with self._work:
                    self._work.wait_for(lambda: self._stopping or self._looks or self._wanted)
                    if self._stopping:
                        return
                    wanted, self._wanted = self._wanted, False
                try:
                    self._answer()
                    if wanted:
                        self._make()
                except Exception as wrong:  # whatever it was, the next signature deserves another try
                    if not self._stopping:
                        known = isinstance(wrong, WorkerError | StoreError)
                        sentence = str(wrong) if known else f"{type(wrong).__name__}: {wrong}"
                        self._soon(self._log.event, "no-pictures", sentence)
        finally:
            self._worker.end()

    def _answer(self) -> None:
        """Look at what uploads wait for."""
        while self._looks and not self._stopping:
            stream, then = self._looks.popleft()
            try:
                picture: Picture | None = self._worker.look(stream)
            except WorkerError:
                picture = None
                raise
            finally:
                self._soon(then, picture)

    def _make(self) -> None:
        """Make the oldest pictures that are missing, and say whether more are."""
        with self._store.reader() as reader:
            waiting = reader.waiting_signatures(AT_ONCE)
        done: list[Developed] = []
        for signature, stream in waiting:
            self._answer()
            picture = self._worker.look(stream)
            if self._stopping:  # and the process may have been ended over this one
                return
            done.append(self._developed(signature, picture))
            if self._store.waiting > BUSY_COMMITS:  # nobody waits for this, and others wait for an answer
                with self._work:
                    self._work.wait_for(lambda: self._stopping or self._looks, REST_S)
        self._store.develop(done)
        for one in done:
            if one.evidence is not None:
                self._soon(self._log.exchange, one.evidence)
        if len(waiting) == AT_ONCE:
            self._wanted = True

    def _developed(self, signature: Signature, picture: Picture) -> Developed:
        picture = Picture(picture.width, picture.height, picture.png, tuple(self._said(signature, picture.flags)))
        new = with_picture(signature, picture).flags[len(signature.flags) :]
        if not new:
            return Developed(signature, picture)
        key = signature.key
        evidence = Evidence(
            at_us=self._clock.now_us(),
            dialect=next((one for one in self._dialects if one.name == signature.dialect), self._dialects[0]),
            tid=key.tid,
            mid=key.mid,
            batch=key.batch,
            stan=key.stan,
            service="picture",
            reason="signature_flagged",
            why="; ".join(f"{flag.name}: {flag.why}" for flag in new),
            rrn=signature.rrn,
            amount_minor=signature.amount_minor,
            pan_masked=signature.pan_masked,
        )
        return Developed(signature, picture, evidence)

    def _said(self, signature: Signature, flags: Iterable[Flag]) -> Iterable[Flag]:
        """The flags that mean something for this signature."""
        for flag in flags:
            if self._pixels == "off" and flag.name != "undecodable":
                continue
            if flag.name == "long-stream" and signature.parts > 1:  # that is what parts are for
                continue
            yield flag


def _framed(process: subprocess.Popen[bytes], end_s: float) -> bytes:
    """One answer of the process, without its length."""
    return _read(process, LENGTH.unpack(_read(process, LENGTH.size, end_s))[0], end_s)


def _read(process: subprocess.Popen[bytes], size: int, end_s: float) -> bytes:
    assert process.stdout is not None
    file = process.stdout.fileno()
    poll = select.poll()  # and not select, which knows no descriptor above 1023
    poll.register(file, select.POLLIN)
    pieces = bytearray()
    while len(pieces) < size:
        left_ms = int((end_s - time.monotonic()) * 1000)
        if left_ms <= 0 or not poll.poll(left_ms):
            raise TimeoutError
        piece = os.read(file, size - len(pieces))
        if not piece:
            raise EOFError
        pieces += piece
    return bytes(pieces)
