"""What is fed with any bytes, and what must hold of it; the table is `tests.fuzz.table.TARGETS`."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")

CORPUS: Final = Path(__file__).parents[1] / "corpus"
"""Inputs that reach far, and those that once broke something: a file for each target, see `corpus`."""

MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that reads bytes of strangers.

    `run` returns for bytes that are accepted, and for those that are refused as is documented; anything else that it
    raises is a bug. Time is bounded by the one that runs it: an input that takes longer than `patience_s` is one too.
    """

    name: str
    reads: str
    holds: str
    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]  # good inputs, of what ships
    most_bytes: int = 4096  # longer inputs are cut
    memory_bytes: int = 2 * MIB  # that one input may need beyond what was there before
    patience_s: int = 10  # a thousand times what an input takes, on a machine with other work too

    def check(self, data: bytes) -> None:
        """Run one input, cut to size."""
        self.run(data[: self.most_bytes])

    def memory_of(self, data: bytes) -> int:
        """Return how many bytes one input needs at its height; run it once before, so that caches are filled."""
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            self.check(data)
            return tracemalloc.get_traced_memory()[1] - before
        finally:
            tracemalloc.stop()


class Selector:
    """Takes small choices from the head of an input; what is left is the input proper.

    >>> selector = Selector(bytes([5, 1]) + b"abc")
    >>> selector.choose("xyz"), selector.number(), selector.rest
    ('z', 1, b'abc')
    """

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def number(self) -> int:
        """Return the next byte; 0 where there is none."""
        first, self.rest = self.rest[:1], self.rest[1:]
        return first[0] if first else 0

    def choose(self, among: Sequence[T]) -> T:
        """Return one of a few values."""
        return among[self.number() % len(among)]


def chosen(number: int, data: bytes) -> bytes:
    """Return an input whose `Selector` chooses `number` first."""
    return bytes((number,)) + data


def corpus(name: str) -> Iterator[bytes]:
    """Yield the kept inputs of a target: a line of hexadecimal digits each; lines that begin with # are comments."""
    path = CORPUS / f"{name}.txt"
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                yield bytes.fromhex(line)


def name_of(data: bytes) -> str:
    """Return a short name of an input, always the same."""
    return hashlib.sha256(data).hexdigest()[:12]
