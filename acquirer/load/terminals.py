"""Terminals that only make frames: they sign on, then their sales and uploads are made and MACed ahead of a run."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.dialect.suite import Suite
from acquirer.errors import PeerError
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.wire.deframer import make_deframer
from acquirer.wire.message import Message, Value

REPLY_S: Final = 60.0  # for one answer: only a host that never answers takes longer

AMOUNT: Final = f"{100:012}"
PAN: Final = "6212345678901232"  # a published test card that no shipped table of cards limits
SIGN_ON_STAN: Final = "900001"  # above those of a run
SALE_STAN: Final = "900002"  # of the sale that uploads belong to

SALE_ELEMENTS: Final = {
    "processing_code": "000000",
    "expiry": "3012",
    "entry_mode": "012",
    "condition": "00",
    "currency": "156",
    "transaction_type": "22",
    "function": "000",
}
"""Of a sale whose card number was typed, beside amount and card."""


class NotReady(PeerError):
    """The host did not approve what must come before a run."""


class LoadTerminal:
    """One registered terminal of a host under load, and the keys of its sign-on."""

    def __init__(self, dialect: Dialect, suite: Suite, tid: str, mid: str) -> None:
        self._dialect = dialect
        self._suite = suite
        self._identity: dict[str, Value] = {"tid": tid, "mid": mid, "batch": "000001"}
        self._keys: WorkingKeys | None = None
        self._rrn = ""

    def sign_on(self, connection: socket.socket, tmk: Secret) -> None:
        """Take working keys and the batch number from the host.

        Raises:
            NotReady: the host does not approve.
        """
        elements = {"stan": SIGN_ON_STAN, "transaction_type": "00", "function": "003", "operator": "01 "}
        reply = self._approved(connection, self._frame("0800", {**self._identity, **elements}))
        keys = self._dialect.get(reply, "keys")
        assert isinstance(keys, bytes)
        self._keys = self._suite.accept("003", tmk, keys)
        self._identity["batch"] = self._dialect.text(reply, "batch")

    def sell(self, connection: socket.socket) -> None:
        """Make the sale that `upload` belongs to.

        Raises:
            NotReady: the host does not approve.
        """
        reply = self._approved(connection, self.sale(SALE_STAN))
        self._rrn = self._dialect.text(reply, "rrn")

    def sign(self, connection: socket.socket, image: bytes) -> None:
        """Upload a signature for the sale that was made.

        Raises:
            NotReady: the host does not approve.
        """
        self._approved(connection, self.upload(image))

    def sale(self, stan: str) -> bytes:
        """Return a sale's frame, its length before it."""
        elements: dict[str, Value] = {
            "stan": stan,
            "amount": AMOUNT,
            "pan": PAN,
            **SALE_ELEMENTS,
        }
        return self._frame("0200", {**self._identity, **elements})

    def upload(self, image: bytes, stan: str = SALE_STAN) -> bytes:
        """Return the frame of a signature for the sale that was made, its length before it."""
        elements: dict[str, Value] = {
            "stan": stan,
            "amount": AMOUNT,
            "pan": PAN,
            **({"rrn": self._rrn} if self._rrn else {}),
            "slip": bytes.fromhex("FF0104CFFBB7D1"),
            "transaction_type": "07",
            "function": "800",
            "image": image,
        }
        return self._frame("0820", {**self._identity, **elements})

    def _approved(self, connection: socket.socket, frame: bytes) -> Message:
        connection.sendall(frame)
        deframer = make_deframer(self._dialect.framing)
        answer = b""
        while not answer:
            data = connection.recv(4096)
            if not data:
                raise NotReady("the host closed the connection instead of answering")
            deframer.feed(data)
            answer = next(iter(deframer), b"")
        reply = self._dialect.decode(answer)
        code = self._dialect.text(reply, "code")
        if code != "00":
            raise NotReady(f"the host answers {reply.mti} with {code}: there is nothing to measure")
        return reply

    def _frame(self, mti: str, elements: dict[str, Value]) -> bytes:
        dialect = self._dialect
        fields: dict[int, Value] = {}
        for name, value in elements.items():
            dialect.put(fields, name, value)
        if self._keys is None:
            return dialect.framing.wrap(dialect.encode(mti, fields))
        dialect.put(fields, "mac", bytes(dialect.security.mac_bytes))
        return dialect.framing.wrap(self._suite.seal(self._keys, dialect.encode(mti, fields)))


def signed_on(
    address: tuple[str, int], dialect: Dialect, tids: Sequence[str], mid: str, tmk: str
) -> list[LoadTerminal]:
    """Return terminals that have signed on at a host, one after the other over one connection.

    Raises:
        NotReady: the host does not approve one of them.
    """
    suite = Suite(dialect)
    terminals = [LoadTerminal(dialect, suite, tid, mid) for tid in tids]
    with socket.create_connection(address, timeout=REPLY_S) as connection:
        for terminal in terminals:
            terminal.sign_on(connection, Secret.from_hex(tmk))
    return terminals


class Sales:
    """A `generator.FrameSource` of sales made ahead, of each terminal in turn; each frame is handed out once."""

    def __init__(self, terminals: Sequence[LoadTerminal], first_stan: int, count: int) -> None:
        """Make `count` frames; the STANs of a terminal run from `first_stan` on."""
        each = len(terminals)
        self._frames: Iterator[bytes] = iter(
            [terminals[n % each].sale(f"{first_stan + n // each:06}") for n in range(count)]
        )

    def frame(self, _stan: bytes) -> bytes:
        return next(self._frames)
