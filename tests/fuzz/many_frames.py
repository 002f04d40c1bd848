"""Very many damaged frames of one dialect through its deframer and its codec, counted."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Final

from acquirer.wire.deframer import Deframer, make_deframer
from acquirer.wire.framing import FrameError
from tests.fuzz.frames import DIALECTS, frames_of, read_frame, warm
from tests.fuzz.mutators import damaged

IN_TESTS: Final = 1_000_000
"""Frames of all dialects together, in the slow tests."""

NIGHTLY: Final = 50 * IN_TESTS

READ, REFUSED, STREAM = "messages", "refused", "no frames"


class FrameFailed(AssertionError):
    """Something that must hold of a frame does not; carries the frame and what draws it again."""

    def __init__(self, name: str, seed: str, number: int, frame: bytes) -> None:
        super().__init__(f"{name}: frame {number} of seed {seed!r} is {frame.hex()}")
        self.frame = frame


def share(frames: int) -> int:
    """Return how many of so many frames one dialect gets."""
    return -(-frames // len(DIALECTS))


def read_many(name: str, frames: int, seed: str) -> Counter[str]:
    """Read so many damaged frames of a dialect; return what became of them.

    Each arrives in a stream of its own framing: one in sixteen behind a length that was damaged with it.

    Raises:
        FrameFailed: one is not read as `frames.read_frame` says.
    """
    dialect, random, good = warm(name), Random(f"{seed} {name}"), frames_of(name)
    wrap = dialect.framing.wrapper()
    found: Counter[str] = Counter()
    deframer = make_deframer(dialect.framing)
    for number in range(frames):
        frame = damaged(good, random)
        try:
            for one in _deframed(deframer, wrap(frame), random):
                found[READ if one and read_frame(name, one) else REFUSED] += 1
            if deframer.pending:  # a length that says more than there is: its end never comes
                raise FrameError("short-frame", "")
        except FrameError:
            found[STREAM] += 1
            deframer = make_deframer(dialect.framing)
        except Exception as exc:
            raise FrameFailed(name, seed, number, frame) from exc
    found["frames"] = frames
    return found


def _deframed(deframer: Deframer, wire: bytes, random: Random) -> list[bytes]:
    if random.random() < 1 / 16:
        wire = damaged([wire], random)
    deframer.feed(wire)
    return list(deframer)
