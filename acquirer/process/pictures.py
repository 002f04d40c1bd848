"""Pictures of signatures: images are decoded in a process of their own, never on the loop, and kept beside them.

A signature is stored as it was received; its picture is rendered afterwards, from the store, so that nothing waits in
memory and a restart goes on where the last run ended. Only where a strict check asks for the pixels does an upload wait
for them. Thread and process begin with the first signature: a host without signatures has neither.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.errors import StoreError
from acquirer.host.signature_policy import Mode
from acquirer.model.evidence import Evidence
from acquirer.model.rows import Picture, Signature
from acquirer.observe.log import Log
from acquirer.process.clock import Clock
from acquirer.process.picture_decoder import PictureWorker, WorkerError, WorkerLostError
from acquirer.store.interface import Store
from acquirer.store.uploads import RenderedSignature, significant, with_picture

AT_ONCE: Final = 16  # pictures kept in one transaction: a quarter of a second of decoding
MOST_WAITING: Final = 256  # images that uploads wait for: some five seconds of decoding, no terminal waits longer
BUSY_COMMITS: Final = 16  # that wait at one moment: more than terminals that are tried by hand, less than any burst
REST_S: Final = 0.05  # after each picture while the host is busy: a tenth of a core is what ordinary ones may take then
REST_SHARE: Final = 9.0  # of the time that the picture took, where that is longer: images may be made to take long
MOST_REST_S: Final = 2.0  # nothing wakes a rest when the rush is over
RETRY_S: Final = 30.0  # after a failure that is no image's fault, until what still waits is tried again

OnPicture = Callable[[Picture | None], None]


class Pictures:
    """Decodes images and renders pictures, on a thread of its own."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        log: Log,
        dialects: Sequence[Dialect] = (),
        pixels: Mode = "log",
        on_journalled: Callable[[], object] = lambda: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._log = log
        self._dialects = dialects
        self._pixels = pixels
        self._on_journalled = on_journalled
        self._call_soon = asyncio.get_running_loop().call_soon_threadsafe
        self._worker = PictureWorker()
        self._work = threading.Condition()
        self._images: deque[tuple[bytes, OnPicture]] = deque()  # that uploads wait for
        self._wanted = False  # a signature may wait for its picture
        self._skip = 0  # of the oldest that wait: those that could not be decoded in this round, for no fault of theirs
        self._lost = False  # such a one is among them
        self._retry = False  # something failed: what waits is tried again after a while
        self._last_error = ""
        self._stopping = False
        self._thread: threading.Thread | None = None

    def decode(self, stream: bytes, on_picture: OnPicture) -> None:
        """Decode an image; `on_picture` is called on the loop's thread, at once with None when too many wait."""
        if len(self._images) >= MOST_WAITING:
            self._call_soon(on_picture, None)
            return
        with self._work:
            if self._begin():
                self._images.append((stream, on_picture))
            else:
                self._call_soon(on_picture, None)

    def render(self) -> None:
        """Render the pictures that signatures in the store wait for, when there is time."""
        if not self._wanted:
            with self._work:
                self._wanted = self._begin()

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

    def _begin(self) -> bool:
        """Start or wake the thread; return False when there is no memory for one: the next signature tries again."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="pictures", daemon=True)
            try:
                thread.start()
            except RuntimeError as exc:
                self._report(exc)
                return False
            self._thread = thread
        self._work.notify()
        return True

    def _run(self) -> None:
        try:
            while True:
                with self._work:
                    called = self._work.wait_for(
                        lambda: self._stopping or self._images or self._wanted, RETRY_S if self._retry else None
                    )
                    if self._stopping:
                        return
                    wanted, self._wanted = self._wanted or not called, False
                try:
                    self._decode_waiting()
                    if wanted:
                        self._render()
                except Exception as exc:  # one of any kind: the next signature is tried all the same
                    self._retry = True
                    if not self._stopping:
                        self._report(exc)
        finally:
            self._worker.close()

    def _report(self, exc: Exception) -> None:
        """Log a failure, once for as long as it stays the same."""
        sentence = str(exc) if isinstance(exc, WorkerError | StoreError) else f"{type(exc).__name__}: {exc}"
        if sentence != self._last_error:
            self._last_error = sentence
            self._call_soon(self._log.event, "no-pictures", sentence)

    def _decode_waiting(self) -> None:
        """Decode what uploads wait for."""
        while self._images and not self._stopping:
            stream, on_picture = self._images.popleft()
            picture: Picture | None = None
            try:
                picture = self._decode(stream)
            except WorkerError as exc:
                if not self._stopping:
                    self._report(exc)
            finally:
                self._call_soon(on_picture, picture)

    def _decode(self, stream: bytes) -> Picture:
        picture = self._worker.decode(stream)
        self._last_error = ""
        return picture

    def _render(self) -> None:
        """Render the oldest pictures that are missing, and note whether more are."""
        with self._store.reader() as reader:
            waiting = reader.waiting_signatures(AT_ONCE, self._skip)
        rendered: list[RenderedSignature] = []
        try:
            for signature, stream in waiting:
                self._decode_waiting()
                if signature is None:  # a damaged row: `signatures list` names it
                    self._skip += 1
                    continue
                began_s = monotonic()
                try:
                    picture = self._decode(stream)
                except WorkerLostError:
                    self._skip, self._lost = self._skip + 1, True  # the others first
                    raise
                took_s = monotonic() - began_s
                rendered.append(self._rendered(signature, picture))
                if self._store.waiting > BUSY_COMMITS:  # no terminal waits for this, and others wait for an answer
                    with self._work:
                        self._work.wait_for(lambda: self._stopping or self._images, rest_after(took_s))
        finally:
            self._keep(rendered)
        self._retry = False
        if len(waiting) == AT_ONCE:
            self._wanted = True
        else:
            self._retry, self._skip, self._lost = self._lost, 0, False

    def _keep(self, rendered: Sequence[RenderedSignature]) -> None:
        if not rendered:
            return
        self._store.write_pictures(rendered)
        self._on_journalled()
        for one in rendered:
            if one.evidence is not None:
                self._call_soon(self._log.exchange, one.evidence)

    def _rendered(self, signature: Signature, picture: Picture) -> RenderedSignature:
        picture = significant(signature, picture, self._pixels)
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


def rest_after(took_s: float) -> float:
    """Return how many seconds a busy host rests after a picture that took so long.

    >>> rest_after(0.005), rest_after(0.17), rest_after(1.5)
    (0.05, 1.53, 2.0)
    """
    return max(REST_S, min(REST_SHARE * took_s, MOST_REST_S))
