"""The signature pad: what was drawn on it, whether that can be a signature, and the stream that is kept of it.

The checks are those of real terminals: an empty pad is no signature, and nothing will be uploaded; after dots, a tiny
mark, or a stream shorter or longer than the dialect allows, the cardholder signs again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from acquirer.data.text import plural
from acquirer.errors import ConfigurationError
from acquirer.signature.bitmap import Bitmap
from acquirer.signature.image_checks import ImageFinding, ImageFlag, check_image
from acquirer.signature.jbig_encoder import encode_jbig
from acquirer.signature.watermark import draw_watermark
from acquirer.terminal.setup import Setup
from acquirer.terminal.voucher import Voucher


@dataclass(frozen=True, slots=True)
class Pad:
    """What a cardholder left on the pad."""

    bitmap: Bitmap
    capture: str = "touch"  # how: a word of `signature.slip_elements.CAPTURES`


class PadError(ConfigurationError, ValueError):
    """What was drawn cannot be kept: why, and that the cardholder must sign again."""


class EmptyPadError(PadError):
    """The pad is empty."""


REFUSED = frozenset({ImageFlag.TOO_SMALL, ImageFlag.TOO_LARGE, ImageFlag.DOTS_ONLY, ImageFlag.INVERTED})
"""Findings with which no terminal accepts a signature."""


def signed(setup: Setup, voucher: Voucher, pad: Pad) -> Voucher:
    """Return the voucher with the signature on it.

    Raises:
        PadError: nothing was drawn, or nothing that may be sent; `voucher` is as it was.
    """
    signing = setup.terminal_profile.signature
    if signing is None:
        raise PadError(f"the dialect {setup.dialect.name} knows no electronic signature; sign on paper")
    for finding in _findings(pad.bitmap):
        if finding.flag is ImageFlag.BLANK:
            raise EmptyPadError(f"{finding.why}, so nothing will be uploaded")
        if finding.flag in REFUSED:
            raise PadError(f"please sign again: {finding.why}")
    if (size := len(_compressed(pad.bitmap))) < signing.min_bytes:
        raise PadError(
            f"please sign again: compressed it has {plural(size, 'byte')}, a name has {signing.min_bytes} at least"
        )
    image = _compressed(_marked(setup, voucher, pad.bitmap))
    if len(image) > signing.max_bytes:
        raise PadError(
            f"please sign again, with fewer strokes: compressed it has {plural(len(image), 'byte')}, "
            f"an upload holds {signing.max_bytes}"
        )
    return replace(voucher, image=image, capture=pad.capture, tries=0, failed=False)


@lru_cache(maxsize=2)
def _compressed(bitmap: Bitmap) -> bytes:
    """Return a bitmap compressed; once for the same one, for a load generator signs with one again and again."""
    return encode_jbig(bitmap)


@lru_cache(maxsize=2)
def _findings(bitmap: Bitmap) -> tuple[ImageFinding, ...]:
    return check_image(bitmap)


def _marked(setup: Setup, voucher: Voucher, bitmap: Bitmap) -> Bitmap:
    """Return the bitmap under the feature code, if it is to have it and has room for it."""
    if not (setup.watermark and voucher.feature):
        return bitmap
    try:
        return draw_watermark(bitmap, voucher.feature)
    except ValueError:  # pads as small as that show the code beside the signature field
        return bitmap
