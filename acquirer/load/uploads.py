"""Signatures beside sign-ons: what a burst of uploads costs everybody else, and how long it waits itself.

Every terminal of the burst has sold before; its upload is made and MACed beforehand, so that the burst is nothing but
sending. Each round uploads another image for the same sales: none is answered as known.
"""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter, sleep

from acquirer.dialect.dialect import Dialect
from acquirer.dialect.suite import Suite
from acquirer.load.figures import Figures, summed
from acquirer.load.generator import Kept, Template
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.signature import jbig_encoder
from acquirer.signature.pen import sign
from acquirer.wire.message import Message, Value

IMAGES = 20  # drawn beforehand; as many rounds at most
PATIENCE_S = 10.0
AFTER_S = 0.5  # the burst comes when sign-ons are in full swing

AMOUNT = f"{100:012}"
PAN = "6212345678901232"


class NotReady(RuntimeError):
    """The host did not approve what must come before the burst."""


@dataclass(slots=True)
class Sold:
    """A terminal that has sold: what its uploads say, and its keys."""

    elements: dict[str, Value]
    keys: WorkingKeys


@dataclass(slots=True)
class Beside:
    """One round without the burst, one with it, and the burst itself."""

    alone: Figures
    beside: Figures
    burst: Figures

    @property
    def share(self) -> float:
        """The rate that was left of everybody else's."""
        return self.beside.rate / self.alone.rate if self.alone.rate else 0.0


def together(rounds: Sequence[Beside]) -> Beside:
    """All rounds as one: noise strikes both sides, and no lucky round stands for the rest."""
    return Beside(
        summed([one.alone for one in rounds]),
        summed([one.beside for one in rounds]),
        summed([one.burst for one in rounds]),
    )


class Signers:
    """Terminals that are about to upload signatures, all at once."""

    def __init__(self, address: tuple[str, int], dialect: Dialect, tids: Sequence[str], mid: str, tmk: str) -> None:
        self._address = address
        self._dialect = dialect
        self._suite = Suite(dialect)
        self._images = [jbig_encoder.encode(sign("Ann Example", seed=seed)) for seed in range(IMAGES)]
        with socket.create_connection(address, timeout=PATIENCE_S) as line:
            self._sold = [self._sell(line, tid, mid, Secret.from_hex(tmk)) for tid in tids]

    def frames(self, number: int) -> list[bytes]:
        """The uploads of one round, each with its length."""
        return [
            self._dialect.framing.wrap(self._frame("0820", {**one.elements, "image": image}, one.keys))
            for n, one in enumerate(self._sold)
            for image in (self._images[(n + number) % IMAGES],)
        ]

    def round(self, number: int, templates: Sequence[Template], count: int, seconds: float, size: int) -> Beside:
        """Sign-ons over kept connections: first alone, then with the burst among them."""
        frames = self.frames(number)
        alone = _kept(self._address, templates, count, seconds, size)
        thrown: list[Figures] = []
        thread = threading.Thread(target=lambda: thrown.append(burst(self._address, frames, AFTER_S)))
        thread.start()
        beside = _kept(self._address, templates, count, seconds, size)
        thread.join()
        return Beside(alone, beside, thrown[0])

    def _sell(self, line: socket.socket, tid: str, mid: str, tmk: Secret) -> Sold:
        who: dict[str, Value] = {"tid": tid, "mid": mid, "batch": "000001"}
        ask: dict[str, Value] = {"stan": "900001", "transaction_type": "00", "function": "003", "operator": "01 "}
        keys = self._suite.accept("003", tmk, self._bytes(self._approved(line, "0800", {**who, **ask}), "keys"))
        who["batch"] = self._dialect.text(self._last, "batch")
        who |= {"stan": "900002", "amount": AMOUNT, "pan": PAN}
        sale: dict[str, Value] = {
            "processing_code": "000000",
            "expiry": "3012",
            "entry_mode": "012",
            "condition": "00",
            "currency": "156",
            "transaction_type": "22",
            "function": "000",
        }
        self._approved(line, "0200", {**who, **sale}, keys)
        told: dict[str, Value] = {"rrn": self._dialect.text(self._last, "rrn"), "slip": bytes.fromhex("FF0104CFFBB7D1")}
        return Sold({**who, **told, "transaction_type": "07", "function": "800"}, keys)

    def _approved(
        self, line: socket.socket, mti: str, elements: dict[str, Value], keys: WorkingKeys | None = None
    ) -> Message:
        line.sendall(self._dialect.framing.wrap(self._frame(mti, elements, keys)))
        deframer = self._dialect.framing.deframer()
        frame = b""
        while not frame:
            deframer.feed(line.recv(4096))
            frame = next(iter(deframer), b"")
        self._last = self._dialect.decode(frame)
        code = self._dialect.text(self._last, "code")
        if code != "00":
            raise NotReady(f"the host answers {mti} with {code}: there is nothing to measure")
        return self._last

    def _frame(self, mti: str, elements: dict[str, Value], keys: WorkingKeys | None) -> bytes:
        fields: dict[int, Value] = {}
        for name, value in elements.items():
            self._dialect.put(fields, name, value)
        if keys is None:
            return self._dialect.encode(mti, fields)
        self._dialect.put(fields, "mac", bytes(self._dialect.security.mac_bytes))
        return self._suite.seal(keys, self._dialect.encode(mti, fields))

    def _bytes(self, message: Message, element: str) -> bytes:
        value = self._dialect.get(message, element)
        assert isinstance(value, bytes)
        return value


def burst(address: tuple[str, int], frames: Sequence[bytes], after_s: float = 0.0) -> Figures:
    """Send all frames at once, each on a connection of its own that is open already; wait for all the answers."""
    figures = Figures()
    lines = [socket.create_connection(address, timeout=PATIENCE_S) for _ in frames]
    poll = select.poll()
    waiting = {line.fileno(): line for line in lines}
    for line in lines:
        poll.register(line.fileno(), select.POLLIN)
    sleep(after_s)
    begin = perf_counter()
    for line, frame in zip(lines, frames, strict=True):
        line.sendall(frame)
    while waiting and perf_counter() < begin + PATIENCE_S:
        for file, _ in poll.poll(100):
            if waiting.pop(file).recv(4096):
                figures.latencies_s.append(perf_counter() - begin)
            else:
                figures.failed += 1
            poll.unregister(file)
    figures.elapsed_s = perf_counter() - begin
    figures.answered = len(figures.latencies_s)
    figures.unanswered = len(waiting)
    for line in lines:
        line.close()
    return figures


def _kept(address: tuple[str, int], templates: Sequence[Template], count: int, seconds: float, size: int) -> Figures:
    kept = Kept(address, templates)
    try:
        return kept.run(count, seconds, size)
    finally:
        kept.close()
