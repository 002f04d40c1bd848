"""PNG: a bitmap as a picture people can look at, and a picture as a bitmap.

Only PNG is read, its size is looked at before a pixel is unpacked, and what is transparent is paper.
"""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from acquirer.errors import WireError
from acquirer.signature.bitmap import MAX_PIXELS, Bitmap

MAX_BYTES = 8 << 20
"""A photograph of a signature has two to five megabytes; more is a mistake."""

MAX_SOURCE_PIXELS = 1 << 24
"""A phone's camera makes 12 million pixels; at some eight bytes each while they are read this is 128 MB at most."""

INK_LEVEL = 128
"""Grey darker than this (0 black … 255 white) is ink: the middle, for scans and drawings alike."""

_HEADER = b"\x89PNG\r\n\x1a\n"


class PngError(WireError, ValueError):
    """Bytes that are not a PNG this project reads: one sentence."""


class NoInkError(PngError):
    """A readable picture without any ink."""


def encode_png(bitmap: Bitmap) -> bytes:
    """Return `bitmap` as a PNG of one bit per pixel, black ink on white paper.

    Raises:
        PngError: a bitmap without pixels, for which PNG has no form.
    """
    if not bitmap.data:
        raise PngError("a bitmap without pixels cannot be a PNG")
    out = BytesIO()
    # "1;I": in a Bitmap 1 is ink, in Pillow's mode "1" a set bit is white.
    Image.frombytes("1", (bitmap.width, bitmap.height), bitmap.data, "raw", "1;I").save(out, "PNG", optimize=True)
    return out.getvalue()


def decode_png(data: bytes) -> Bitmap:
    """Return the pixels of a PNG one by one, the inverse of `encode_png`; grey and colour are cut at `INK_LEVEL`.

    Raises:
        PngError: not a PNG, damaged, or larger than a bitmap may be.
    """
    return _bitmap(_ink(data, MAX_PIXELS))


def signature_from_png(data: bytes, width: int, height: int, margin: int = 2) -> Bitmap:
    """Return the ink of a PNG as a pad of at most `width` × `height` would have recorded it.

    The picture is cropped to its ink, made smaller if it does not fit (never larger) and framed by `margin` pixels.

    Raises:
        PngError: not a PNG, damaged, larger than a photograph; as `NoInkError`, without any ink.
    """
    ink = _ink(data, MAX_SOURCE_PIXELS)
    box = ink.getbbox()
    if box is None:
        raise NoInkError("the picture has no ink: nothing in it is darker than middle grey")
    ink = ink.crop(box)
    room = (width - 2 * margin, height - 2 * margin)
    scale = min(1.0, room[0] / ink.width, room[1] / ink.height)
    if scale < 1:
        size = (max(1, round(ink.width * scale)), max(1, round(ink.height * scale)))
        # A pixel of which an eighth was inked is black: a hairline made four times smaller must not break.
        ink = ink.resize(size, Image.Resampling.BOX).point(lambda share: 255 if share >= 32 else 0)
    framed = Image.new("L", (ink.width + 2 * margin, ink.height + 2 * margin), 0)
    framed.paste(ink, (margin, margin))
    return _bitmap(framed)


def _ink(data: bytes, max_pixels: int) -> Image.Image:
    """Return the picture in mode L with 255 where there is ink and 0 where there is paper."""
    if not data.startswith(_HEADER) or len(data) < 24:
        raise PngError("this is not a PNG file")
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if len(data) > MAX_BYTES or width * height > max_pixels:
        raise PngError(
            f"the PNG has {width} × {height} pixels in {len(data)} bytes; at most {max_pixels} in {MAX_BYTES} are read"
        )
    try:
        with Image.open(BytesIO(data), formats=("PNG",)) as file:
            file.load()
            picture: Image.Image = file
            if picture.mode.startswith("I"):  # 16 bit grey: Pillow would cut it to white instead of scaling it
                picture = picture.convert("I").point(lambda level: level * (1 / 256)).convert("L")
            if not picture.has_transparency_data:
                return _dark(picture.convert("L"))
            grey, alpha = picture.convert("RGBA").convert("LA").split()
    except MemoryError:
        raise PngError("the PNG does not fit into the memory there is") from None
    except Exception as exc:  # Pillow raises some dozen kinds for damage, those of its assertions among them
        raise PngError(f"the PNG is damaged: {str(exc) or type(exc).__name__}") from None
    paper = Image.new("L", grey.size, 255)
    paper.paste(grey, mask=alpha)
    return _dark(paper)


def _dark(grey: Image.Image) -> Image.Image:
    return grey.point(lambda level: 255 if level < INK_LEVEL else 0)


def _bitmap(ink: Image.Image) -> Bitmap:
    return Bitmap(ink.width, ink.height, ink.convert("1", dither=Image.Dither.NONE).tobytes())
