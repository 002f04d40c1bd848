"""Where each character of a value stands on the wire, so that what is hidden in a field is hidden in its dump too.

A value is shown as characters (text), or as digits (packed decimal, binary). A *cell* is one of those, and covers one
half-byte of the frame or two. Offsets count half-bytes: ``2 * offset`` is the high half of a byte.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from acquirer.wire.card_numbers import card_number_digits, card_number_half_bytes, hidden_digits
from acquirer.wire.charsets import display, is_mostly_text
from acquirer.wire.grammar import FieldSpec
from acquirer.wire.masking import as_text, hidden
from acquirer.wire.message import Value


@dataclass(frozen=True, slots=True)
class Cells:
    """A value as it is shown, one cell per character of `text`, and where the cells stand."""

    text: str = field(repr=False)
    at: int  # half-byte of the first cell
    step: int  # half-bytes per cell
    binary: bool = False  # `text` is the hexadecimal form of bytes
    charset: str = "latin-1"  # in which the characters of `text` read

    @property
    def per_unit(self) -> int:
        """Cells per character or, of binary data, per byte."""
        return 2 if self.binary else 1

    def cut(self, start: int, stop: int | None = None) -> Cells:
        """Return the cells from character (or byte) `start` to `stop`."""
        begin = self.per_unit * start
        end = None if stop is None else self.per_unit * stop
        return Cells(self.text[begin:end], self.at + self.step * begin, self.step, self.binary, self.charset)

    def read(self) -> Cells:
        """Return the same as text, if bytes that stand as they are read as text."""
        text = self.data.decode("latin-1")
        charset = self.charset if self.charset == "gbk" else "ascii"  # of a few bytes, any may be letters of latin-1
        is_text = self.binary and self.step == 1 and text and as_text(text, charset)
        return Cells(text, self.at, 2, charset=self.charset) if is_text else self

    @property
    def span(self) -> tuple[int, int]:
        """The bytes these cells touch."""
        return self.at // 2, (self.at + self.step * len(self.text) + 1) // 2

    @property
    def data(self) -> bytes:
        """The value as bytes."""
        return bytes.fromhex(self.text) if self.binary else self.text.encode("latin-1", "replace")

    def half_bytes(self, cells: Iterable[int]) -> frozenset[int]:
        """Return the half-bytes of some cells."""
        return frozenset(self.at + self.step * cell + half for cell in cells for half in range(self.step))

    def touched(self, half_bytes: AbstractSet[int]) -> list[int]:
        """Return the cells that some half-bytes belong to."""
        if not half_bytes:
            return []
        return [cell for cell in range(len(self.text)) if not half_bytes.isdisjoint(self.half_bytes((cell,)))]

    def sensitive(self, sensitivity: str) -> frozenset[int]:
        """Return the half-bytes of this value that must not be seen."""
        if sensitivity == "":
            return frozenset()
        digits = self.text.rstrip("F") if self.binary else self.text  # a packed card number may be filled up with F
        if sensitivity == "pan" and digits.isascii() and digits.isdigit():
            return self.half_bytes(hidden_digits(len(digits)))
        return self.half_bytes(range(len(self.text)))

    def card_numbers(self) -> frozenset[int]:
        """Return the half-bytes of what may be card numbers in a value of unknown meaning."""
        if not self.binary:
            return self.half_bytes(card_number_digits(self.text))
        return self.half_bytes(card_number_half_bytes(self.data))

    def shown(self, half_bytes: AbstractSet[int]) -> str:
        """Return the value for a person: hidden cells as ``*``, or only its length when nothing is left to see."""
        covered = self.touched(half_bytes)
        if not covered:
            return self.text if self.binary else display(self.text, self.charset)
        if len(covered) == len(self.text) or not self.text.isascii():
            return hidden(self.data if self.binary else self.text)
        stars = frozenset(covered)
        return "".join("*" if i in stars else character for i, character in enumerate(self.text))


def cells(spec: FieldSpec, value: Value, start: int) -> Cells:
    """Return the cells of a field whose data (behind its length) starts at byte `start` of the frame."""
    if isinstance(value, bytes):
        return Cells(value.hex().upper(), 2 * start, 1 if spec.encoding == "binary" else 2, True, spec.shown_as)
    if spec.nibbles:
        return Cells(value, 2 * start + (spec.pad_left and len(value) % 2), 1)
    if not is_mostly_text(value, spec.shown_as):
        return Cells(value.encode("latin-1").hex().upper(), 2 * start, 1, True, spec.shown_as)
    return Cells(value, 2 * start, 2, charset=spec.displayed_in)
