"""What connections of a flood send: good echo tests, and rubbish of every kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any, Final

from acquirer.dialect.dialect import Dialect
from acquirer.load.frames import FIRST_TID
from acquirer.load.generator import FrameTemplate
from acquirer.load.servers import REGISTERED
from acquirer.load.terminals import LoadTerminal
from acquirer.signature.bitmap import Bitmap
from acquirer.signature.jbig import HEADER_BYTES
from acquirer.signature.jbig_encoder import encode_jbig
from acquirer.signature.pen import draw_signature

OTHERS: Final = 400
"""The first of the terminals that sign on beside those that connections stand for: their keys change."""

RUBBISH_BYTES: Final = 3_000

IMAGES: Final = 50
"""Of each connection in a phase, more than a host takes in some seconds: then sales are repeats, and images known."""

MOST_PHASES: Final = 10_000
"""Whose sales differ: STANs of a terminal, below those of a sign-on."""

SILENT: Final = 20
"""Connections that cost their peer nothing to keep: so many times as many."""

IMAGE_SIDE: Final = 1_024
"""Pixels: the most that a host takes (`signature.bitmap.MAX_PIXELS`)."""


@dataclass(frozen=True, slots=True)
class FloodKind:
    """What all connections of a flood send: a way of `flood.FloodJob`, and what makes their frames."""

    title: str
    way: str
    frames: Callable[[FloodFrames, int], list[bytes]]  # of a connection, with their lengths
    times: int = 1  # as many connections as others have


class FloodFrames:
    """Frames of a flood, each with its length before it. Connections have numbers below `OTHERS`."""

    def __init__(self, dialect: Dialect, templates: Sequence[FrameTemplate], mid: str) -> None:
        self._dialect = dialect
        self._templates = templates
        self._mid = mid
        self.terminals: list[LoadTerminal] = []  # one for each connection, signed on
        self.phase = 0  # each has sales of its own

    def echo(self, number: int) -> list[bytes]:
        """Return an echo test of the connection's own terminal."""
        return [self._frame("0820", {**self._identity(number), "function": "301"})]

    def format_errors(self, number: int, size: int = RUBBISH_BYTES) -> list[bytes]:
        """Return frames of that size which begin as good sales do: fields that cannot be read, and too many bytes."""
        good, random = self._unwrapped(self.terminals[number].sale("000001")), Random(number)  # noqa: S311  no secrets
        _, begin = self._dialect.spans(self._dialect.decode(good))["bitmap"]
        return [
            self._wrapped(good + random.randbytes(size - len(good))),
            self._wrapped(good[:begin] + random.randbytes(size - begin)),
        ]

    def largest(self, number: int) -> list[bytes]:
        """Return the same as long as frames may be."""
        return self.format_errors(number, self._dialect.framing.limit_bytes)

    def unknown_mti(self, number: int) -> list[bytes]:
        """Return messages that no host knows, of the connection's terminal."""
        elements = {"stan": "000001", **self._identity(number), "function": "301"}
        return [self._frame("0960", elements), self._frame("1900", elements)]

    def unregistered(self, number: int) -> list[bytes]:
        """Return sign-ons of terminals that the host does not know, each another one."""
        first = FIRST_TID + REGISTERED
        sign_on = self._templates[0].frame(b"\0\0\1")
        return [sign_on.replace(str(FIRST_TID).encode(), str(first + 20 * number + n).encode()) for n in range(20)]

    def other_macs(self, number: int) -> list[bytes]:
        """Return sales of another terminal for each connection whose MAC is wrong, between its sign-ons."""
        own, other = str(FIRST_TID + number).encode(), str(FIRST_TID + OTHERS + number).encode()
        sales = [self.terminals[number].sale(f"{stan:06}").replace(own, other) for stan in range(1, 4)]
        return [self._templates[OTHERS + number].frame(b"\0\0\1"), *sales]

    def one_terminal(self, _number: int) -> list[bytes]:
        """Return sign-ons of one terminal, over any connection."""
        return [self._templates[OTHERS - 1].frame(bytes.fromhex(f"{stan:06}")) for stan in range(1, 100)]

    def repeats(self, _number: int) -> list[bytes]:
        """Return one sale of one terminal, again and again."""
        return [self.terminals[0].sale("000001")]

    def signatures(self, number: int) -> list[bytes]:
        """Return sales, each with an ordinary signature."""
        return self._signed(number, ordinary_image)

    def slow_images(self, number: int) -> list[bytes]:
        """Return sales, each with a signature that takes long to decode: the largest image, in fifty bytes."""
        return self._signed(number, _white)

    def begun(self, number: int) -> list[bytes]:
        """Return the longest frame without its last byte, which never comes."""
        return [self.largest(number)[0][:-1]]

    def nothing(self, _number: int) -> list[bytes]:
        """Return an empty frame, which is not sent either."""
        return [b"\0\0"]

    def _signed(self, number: int, image: Callable[[], bytes]) -> list[bytes]:
        first, found = 1 + self.phase % MOST_PHASES * IMAGES, []
        for stan in (f"{one:06}" for one in range(first, first + IMAGES)):
            found += [self.terminals[number].sale(stan), self.terminals[number].upload(_another(image(), stan), stan)]
        return found

    def _identity(self, number: int) -> dict[str, Any]:
        return {"tid": str(FIRST_TID + number), "mid": self._mid, "batch": "000001", "transaction_type": "00"}

    def _frame(self, mti: str, elements: Mapping[str, Any]) -> bytes:
        fields: dict[int, Any] = {}
        for name, value in elements.items():
            self._dialect.put(fields, name, value)
        return self._wrapped(self._dialect.encode(mti, fields))

    def _wrapped(self, frame: bytes) -> bytes:
        return self._dialect.framing.wrap(frame)

    def _unwrapped(self, frame: bytes) -> bytes:
        return frame[self._dialect.framing.before_bytes :]


def _another(image: bytes, text: str) -> bytes:
    """Return an image with a comment, which makes it another one."""
    comment = text.encode()
    return image[:HEADER_BYTES] + b"\xff\x07" + len(comment).to_bytes(4, "big") + comment + image[HEADER_BYTES:]


@cache
def ordinary_image() -> bytes:
    """Return the image of a signature as terminals make them."""
    return encode_jbig(draw_signature("Ann", seed=1))


@cache
def _white() -> bytes:
    """A stream whose every pixel is decoded by arithmetic."""
    return encode_jbig(Bitmap(IMAGE_SIDE, IMAGE_SIDE, bytes(IMAGE_SIDE // 8 * IMAGE_SIDE)), typical=False)


ALONE, ECHOES, SIGNATURES = "alone", "echoes", "signatures"

GOOD: Final[Mapping[str, FloodKind]] = {
    ECHOES: FloodKind("good echo tests", "stream", FloodFrames.echo),
    SIGNATURES: FloodKind("sales with ordinary signatures", "stream", FloodFrames.signatures),
}
"""What is as good as what sellers send: what rubbish is compared with."""

RUBBISH: Final[Mapping[str, FloodKind]] = {
    "format-errors": FloodKind("format errors of 3 kB", "stream", FloodFrames.format_errors),
    "largest": FloodKind("format errors as long as frames may be", "stream", FloodFrames.largest),
    "unknown-mti": FloodKind("messages of unknown kinds", "stream", FloodFrames.unknown_mti),
    "unregistered": FloodKind("sign-ons of unregistered terminals", "stream", FloodFrames.unregistered),
    "wrong-macs": FloodKind("sales with wrong MACs between sign-ons", "stream", FloodFrames.other_macs),
    "one-terminal": FloodKind("sign-ons of one terminal", "stream", FloodFrames.one_terminal),
    "repeats": FloodKind("repeats of one sale", "stream", FloodFrames.repeats),
    "bytewise": FloodKind("format errors, each byte sent alone", "bytewise", FloodFrames.format_errors),
    "unread": FloodKind("echo tests whose answers are not read", "unread", FloodFrames.echo),
    "zero-window": FloodKind("the same, with windows of zero", "zero-window", FloodFrames.echo),
    "half-closed": FloodKind("the same, ended on one side, then gone", "half-closed", FloodFrames.echo),
    "begun": FloodKind("frames of 8 kB that lack their last byte", "begun", FloodFrames.begun, SILENT),
    "silent": FloodKind("connections that say nothing", "silent", FloodFrames.nothing, SILENT),
    "fresh": FloodKind("a connection for each format error", "fresh", FloodFrames.format_errors),
    "empty": FloodKind("connections that are opened and closed", "empty", FloodFrames.nothing),
    "slow-images": FloodKind("sales with signatures that are slow to decode", "stream", FloodFrames.slow_images),
}
"""Rubbish, by its name on the command line."""

BESIDE_SIGNATURES: Final = ("slow-images",)
"""Kinds that are compared with sales and ordinary signatures, and measured at a host of their own: each of them is a
new transaction, which costs a host several times what an echo test does, and images are decoded long afterwards."""


def yardstick_of(name: str) -> str:
    """Return the good kind that another, or nothing at all, is compared with; of a good one, itself.

    >>> yardstick_of("slow-images"), yardstick_of("begun"), yardstick_of("signatures")
    ('signatures', 'echoes', 'signatures')
    """
    if name in GOOD:
        return name
    return SIGNATURES if name in BESIDE_SIGNATURES else ECHOES
