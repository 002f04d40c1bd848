"""A bitmap of one plane: black ink on white, as a signature pad makes it and JBIG1 carries it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MAX_PIXELS = 1 << 20
"""Nothing larger is ever allocated: signature pads have some 70 000 pixels, slips are 384 dots wide."""


@dataclass(frozen=True, slots=True)
class Bitmap:
    """`width` × `height` pixels; `data` holds the rows from the top, each packed MSB first into whole bytes, 1 = black.

    Pad bits at the end of a row are 0.
    """

    width: int
    height: int
    data: bytes

    def __post_init__(self) -> None:
        if self.width < 0 or self.height < 0 or self.width * self.height > MAX_PIXELS:
            raise ValueError(f"a bitmap of {self.width} × {self.height} pixels is not kept; at most {MAX_PIXELS} are")
        if len(self.data) != self.stride * self.height:
            raise ValueError(
                f"{self.width} × {self.height} pixels take {self.stride * self.height} bytes, got {len(self.data)}"
            )

    @property
    def stride(self) -> int:
        """Bytes per row."""
        return (self.width + 7) // 8

    def row(self, y: int) -> bytes:
        """Return row `y`, packed."""
        return self.data[y * self.stride : (y + 1) * self.stride]

    def black(self) -> int:
        """Return how many pixels are black."""
        return int.from_bytes(self.data, "big").bit_count()

    @classmethod
    def from_rows(cls, width: int, rows: Iterable[int]) -> Bitmap:
        """Return a bitmap of one integer per row whose bit `width - 1` is the leftmost pixel.

        >>> Bitmap.from_rows(4, [0b1010, 0b0101]).data.hex()
        'a050'
        """
        stride = (width + 7) // 8
        packed = [(bits << (stride * 8 - width)).to_bytes(stride, "big") for bits in rows]
        return cls(width, len(packed), b"".join(packed))
