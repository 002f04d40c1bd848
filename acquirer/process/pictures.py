"""Pictures of signatures: images are decoded in a process of their own, never on the loop, and kept beside them.

A signature is stored as it was received; its picture is rendered afterwards, from the store, so that nothing waits in
memory and a restart goes on where the last run ended. Only where a strict check asks for the pixels does an upload wait
for them. Thread and process begin with the first signature: a host without signatures has neither.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from multiprocessing.connection import Connection
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.errors import PeerError, StoreError
from acquirer.host.signature_policy import Mode
from acquirer.model.evidence import Evidence
from acquirer.model.rows import Flag, Picture, Signature
from acquirer.observe.log import Log
from acquirer.process import channel
from acquirer.process.channel import Child
from acquirer.process.clock import Clock
from acquirer.store.interface import Store
from acquirer.store.uploads import RenderedSignature, with_picture

AT_ONCE: Final = 16  # pictures kept in one transaction: a quarter of a second of decoding
MOST_WAITING: Final = 256  # images that uploads wait for: some five seconds of decoding, no terminal waits longer
BUSY_COMMITS: Final = 16  # that wait at one moment: more than terminals that are tried by hand, less than any burst
REST_S: Final = 0.05  # after each picture while the host is busy: a tenth of a core is what they may take then
DECODING_S: Final = 5.0  # for one picture: the worker ends itself after two seconds of work, and may wait for its turn
READY_S: Final = 20.0  # for the worker to say that it is ready: Python and Pillow, on a machine that is busy

WORKER: Final = "acquirer.process.picture_worker"  # by name: what decodes is not imported here
TEXT_BYTES: Final = 64 << 10  # a dozen flags, each a sentence
PNG_BYTES: Final = 4 << 20  # twice what the largest bitmap takes without any compression

GIVEN_UP: Final = Flag("undecodable", "decoding it took more time or memory than any signature needs: given up")

OnPicture = Callable[[Picture | None], None]


class WorkerError(PeerError):
    """The process that decodes cannot be started, or ended before it was ready."""


class PictureWorker:
    """The process, as one function. For one thread."""

    def __init__(self) -> None:
        self._child: Child | None = None

    def decode(self, stream: bytes) -> Picture:
        """Return what an image shows. A process that dies over it, or takes too long, is replaced for the next one.

        Raises:
            WorkerError: there is no process to send it to.
        """
        child = self._child or self._start()
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            child.process.kill()  # and not only waited for: it may have stopped within a message

        limit = threading.Timer(DECODING_S, expire)
        limit.start()
        picture = Picture(flags=(GIVEN_UP,))
        try:
            child.connection.send_bytes(stream)
            picture = receive_picture(child.connection)
        except (OSError, EOFError, ValueError):
            self.close()
        finally:
            limit.cancel()
            limit.join()
        if expired.is_set():  # perhaps when it had just answered: the next image must not find it dead
            self.close()
        return picture

    def interrupt(self) -> None:
        """Make a `decode` that waits for the process wait no longer. From any thread."""
        child = self._child
        if child is not None:
            child.process.kill()

    def close(self) -> None:
        """Kill the process. Idempotent."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()

    def _start(self) -> Child:
        try:
            self._child = child = channel.start(WORKER)
        except OSError as exc:
            raise WorkerError(f"the process that decodes signatures cannot be started: {exc}") from None
        try:
            if not child.connection.poll(READY_S):
                raise TimeoutError
            child.connection.recv_bytes(0)
        except (OSError, EOFError):
            self.close()
            raise WorkerError("the process that decodes signatures ended before it began") from None
        return child


def receive_picture(connection: Connection) -> Picture:
    """Return a picture that `picture_worker.send_picture` sent.

    Raises:
        ValueError: it sent something else.
        OSError: or more than a picture has, or it ended within a message.
        EOFError: or before one.
    """
    text = connection.recv_bytes(TEXT_BYTES)
    drawn = connection.recv_bytes(PNG_BYTES)
    fields = json.loads(text)
    match fields:
        case {"width": int(width), "height": int(height), "flags": [*flags]}:
            return Picture(width, height, drawn, tuple(_flag(flag) for flag in flags))
    raise ValueError("what was sent is no picture")


def _flag(pair: object) -> Flag:
    match pair:
        case [str(name), str(why)]:
            return Flag(name, why)
    raise ValueError("what was sent is no picture")


class Pictures:
    """Decodes images and renders pictures, on a thread of its own."""

    def __init__(
        self, store: Store, clock: Clock, log: Log, dialects: Sequence[Dialect] = (), pixels: Mode = "log"
    ) -> None:
        self._store = store
        self._clock = clock
        self._log = log
        self._dialects = dialects
        self._pixels = pixels
        self._call_soon = asyncio.get_running_loop().call_soon_threadsafe
        self._worker = PictureWorker()
        self._work = threading.Condition()
        self._images: deque[tuple[bytes, OnPicture]] = deque()  # that uploads wait for
        self._wanted = False  # a signature may wait for its picture
        self._stopping = False
        self._thread: threading.Thread | None = None

    def decode(self, stream: bytes, on_picture: OnPicture) -> None:
        """Decode an image; `on_picture` is called on the loop's thread, at once with None when too many wait."""
        if len(self._images) >= MOST_WAITING:
            self._call_soon(on_picture, None)
            return
        with self._work:
            self._images.append((stream, on_picture))
            self._begin()

    def render(self) -> None:
        """Render the pictures that signatures in the store wait for, when there is time."""
        if not self._wanted:
            with self._work:
                self._wanted = True
                self._begin()

    def resume(self) -> None:
        """Go on with what an earlier run left."""
        with self._store.reader() as reader:
            if reader.waiting_signatures(1):
                self.render()

    def stop(self) -> None:
        """End thread and process; what was not rendered waits in the store for the next start."""
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
                    self._work.wait_for(lambda: self._stopping or self._images or self._wanted)
                    if self._stopping:
                        return
                    wanted, self._wanted = self._wanted, False
                try:
                    self._decode_waiting()
                    if wanted:
                        self._render()
                except Exception as exc:  # one of any kind: the next signature is tried all the same
                    if not self._stopping:
                        known = isinstance(exc, WorkerError | StoreError)
                        sentence = str(exc) if known else f"{type(exc).__name__}: {exc}"
                        self._call_soon(self._log.event, "no-pictures", sentence)
        finally:
            self._worker.close()

    def _decode_waiting(self) -> None:
        """Decode what uploads wait for."""
        while self._images and not self._stopping:
            stream, on_picture = self._images.popleft()
            picture: Picture | None = None
            try:
                picture = self._worker.decode(stream)
            finally:
                self._call_soon(on_picture, picture)

    def _render(self) -> None:
        """Render the oldest pictures that are missing, and note whether more are."""
        with self._store.reader() as reader:
            waiting = reader.waiting_signatures(AT_ONCE)
        rendered: list[RenderedSignature] = []
        for signature, stream in waiting:
            self._decode_waiting()
            picture = self._worker.decode(stream)
            if self._stopping:  # and the process may have been ended over this one
                return
            rendered.append(self._rendered(signature, picture))
            if self._store.waiting > BUSY_COMMITS:  # no terminal waits for this, and others wait for an answer
                with self._work:
                    self._work.wait_for(lambda: self._stopping or self._images, REST_S)
        self._store.write_pictures(rendered)
        for one in rendered:
            if one.evidence is not None:
                self._call_soon(self._log.exchange, one.evidence)
        if len(waiting) == AT_ONCE:
            self._wanted = True

    def _rendered(self, signature: Signature, picture: Picture) -> RenderedSignature:
        flags = tuple(self._significant(signature, picture.flags))
        picture = Picture(picture.width, picture.height, picture.png, flags)
        new = with_picture(signature, picture).flags[len(signature.flags) :]
        if not new:
            return RenderedSignature(signature, picture)
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
        return RenderedSignature(signature, picture, evidence)

    def _significant(self, signature: Signature, flags: Iterable[Flag]) -> Iterable[Flag]:
        """The flags that mean something for this signature."""
        for flag in flags:
            if self._pixels == "off" and flag.name != "undecodable":
                continue
            if flag.name == "long-stream" and signature.parts > 1:  # that is what parts are for
                continue
            yield flag
