"""Which inputs are worth keeping in the tree: those that reach a branch no smaller one reaches."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import Any, Final

from acquirer.settings.cards import load_cards
from acquirer.wire.card_numbers import passes_luhn
from tests.fuzz.target import CORPUS, Target, corpus

MOST_KEPT: Final = 120
MOST_KEPT_BYTES: Final = 24 << 10
"""Of a target: a page that a person can look over, and a second of the tests."""

PROGRAM: Final = f"{os.sep}acquirer{os.sep}"

HEAD: Final = """\
# Inputs of the target '{name}', in hexadecimal: `./scripts/fuzz {name} --keep` writes them anew. Lines behind a comment
# that begins with "once" broke something, and stay.
"""


def keep(target: Target, inputs: Iterable[bytes]) -> tuple[int, int]:
    """Write the corpus of a target anew, of what it has and of further inputs; return how many there are, and bytes."""
    once = kept_breakers(target.name)
    candidates = sorted({*corpus(target.name), *inputs} - {data for _, data in once}, key=lambda one: (len(one), one))
    reached: set[tuple[str, tuple[int, int]]] = set()
    for seed in target.seeds():
        reached |= arcs(target, seed)
    chosen: list[bytes] = []
    room = MOST_KEPT_BYTES
    for data in candidates:
        if len(chosen) == MOST_KEPT or len(data) > min(room, target.most_bytes) or has_foreign_card(data):
            continue
        if (found := arcs(target, data)) - reached:
            reached |= found
            chosen.append(data)
            room -= len(data)
    lines = [data.hex() for data in chosen]
    for comment, data in once:
        lines += [comment, data.hex()]
    CORPUS.mkdir(exist_ok=True)
    (CORPUS / f"{target.name}.txt").write_text(
        HEAD.format(name=target.name) + "\n".join(lines) + "\n", encoding="utf-8"
    )
    return len(chosen) + len(once), sum(map(len, chosen))


def kept_breakers(name: str) -> list[tuple[str, bytes]]:
    """Return the inputs of a corpus that once broke something, each with its comment."""
    path: Path = CORPUS / f"{name}.txt"
    if not path.exists():
        return []
    found = re.findall(r"(?m)^(# once .*)\n([0-9a-f]*)$", path.read_text(encoding="utf-8"))
    return [(comment, bytes.fromhex(line)) for comment, line in found]


def arcs(target: Target, data: bytes) -> set[tuple[str, tuple[int, int]]]:
    """Return the branches of the program that one input takes: file, line, next line.

    Traced here and not by `coverage`, which takes a hundred times as long to begin and to end.
    """
    found: set[tuple[str, tuple[int, int]]] = set()

    def trace(frame: FrameType, _event: str, _value: object) -> Callable[..., Any] | None:
        file, last = frame.f_code.co_filename, frame.f_lineno
        if PROGRAM not in file:
            return None

        def line(inner: FrameType, event: str, _value: object) -> Callable[..., Any]:
            nonlocal last
            if event == "line":
                found.add((file, (last, inner.f_lineno)))
                last = inner.f_lineno
            return line

        return line

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        target.check(data)
    finally:
        sys.settrace(before)
    return found


_DIGITS: Final = re.compile(rb"(?=([3-6][0-9]{15}))")
"""Any sixteen digits that may be a card's, wherever they begin: in front of them a length may stand."""


def has_foreign_card(data: bytes) -> bool:
    """Return whether an input holds what may be a card number, and is none of the published test cards."""
    published = {pan.encode() for pan in load_cards().cards}
    texts = (data, b"" if data.isascii() else data.hex().encode())
    return any(
        passes_luhn(found.decode()) and found not in published for text in texts for found in _DIGITS.findall(text)
    )
