"""Signatures beside sign-ons: what a burst of uploads costs all others, and how long the uploads wait themselves.

Every terminal of the burst has sold before; its upload is made and MACed beforehand, so that the burst is nothing but
sending. Each round uploads another image for the same sales: none is answered as known.
"""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter, sleep
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.load.figures import Figures, summed
from acquirer.load.generator import FrameSource, run_kept
from acquirer.load.terminals import REPLY_S, signed_on
from acquirer.signature import jbig_encoder
from acquirer.signature.pen import draw_signature

IMAGES: Final = 20  # drawn beforehand; as many rounds at most
AFTER_S: Final = 0.5  # the burst comes when sign-ons are in full swing


@dataclass(slots=True)
class UploadRound:
    """Sign-ons alone, sign-ons beside a burst of uploads, and the burst itself."""

    alone: Figures
    beside: Figures
    burst: Figures

    @property
    def share(self) -> float:
        """The rate of sign-ons beside the burst as a share of the rate without it."""
        return self.beside.rate / self.alone.rate if self.alone.rate else 0.0


def summed_rounds(rounds: Sequence[UploadRound]) -> UploadRound:
    """Return all rounds as one: noise strikes both sides, and no lucky round stands for the rest."""
    return UploadRound(
        summed([one.alone for one in rounds]),
        summed([one.beside for one in rounds]),
        summed([one.burst for one in rounds]),
    )


class UploadingTerminals:
    """Terminals that have sold and upload their signatures, all at once.

    Raises:
        NotReady: the host does not approve a sign-on or a sale.
    """

    def __init__(self, address: tuple[str, int], dialect: Dialect, tids: Sequence[str], mid: str, tmk: str) -> None:
        self._address = address
        self._images = [jbig_encoder.encode_jbig(draw_signature("Ann Example", seed=seed)) for seed in range(IMAGES)]
        self._terminals = signed_on(address, dialect, tids, mid, tmk)
        with socket.create_connection(address, timeout=REPLY_S) as connection:
            for terminal in self._terminals:
                terminal.sell(connection)

    def frames(self, number: int) -> list[bytes]:
        """Return the uploads of one round, each with its length."""
        return [terminal.upload(self._images[(n + number) % IMAGES]) for n, terminal in enumerate(self._terminals)]

    def round(self, number: int, sources: Sequence[FrameSource], count: int, seconds: float, size: int) -> UploadRound:
        """Run sign-ons over kept connections: first alone, then with the burst among them."""
        frames = self.frames(number)
        alone = run_kept(self._address, sources, count, seconds, size)
        bursts: list[Figures] = []
        thread = threading.Thread(target=lambda: bursts.append(run_burst(self._address, frames, AFTER_S)))
        thread.start()
        beside = run_kept(self._address, sources, count, seconds, size)
        thread.join()
        return UploadRound(alone, beside, bursts[0])


def run_burst(address: tuple[str, int], frames: Sequence[bytes], after_s: float = 0.0) -> Figures:
    """Send all frames at once, each on a connection of its own that is open already; wait for all the answers."""
    figures = Figures()
    sockets = [socket.create_connection(address, timeout=REPLY_S) for _ in frames]
    with selectors.DefaultSelector() as selector:
        for sock in sockets:
            selector.register(sock, selectors.EVENT_READ)
        sleep(after_s)
        begin = perf_counter()
        for sock, frame in zip(sockets, frames, strict=True):
            sock.sendall(frame)
        while selector.get_map() and perf_counter() < begin + REPLY_S:
            for key, _ in selector.select(0.1):
                answered = key.fileobj
                assert isinstance(answered, socket.socket)
                if answered.recv(4096):
                    figures.latencies_s.append(perf_counter() - begin)
                else:
                    figures.failed += 1
                selector.unregister(answered)
        figures.elapsed_s = perf_counter() - begin
        figures.answered = len(figures.latencies_s)
        figures.unanswered = len(selector.get_map())
    for sock in sockets:
        sock.close()
    return figures
