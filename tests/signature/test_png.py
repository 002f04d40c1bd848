"""PNG: out and back without loss, and the pictures that common programs write."""

from __future__ import annotations

import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from acquirer.signature.bitmap import Bitmap
from acquirer.signature.png import PngError, decode_png, encode_png, signature_from_png

BITMAPS = st.tuples(st.integers(1, 70), st.integers(1, 20)).flatmap(
    lambda size: st.lists(st.integers(0, 2 ** size[0] - 1), min_size=size[1], max_size=size[1]).map(
        lambda rows: Bitmap.from_rows(size[0], rows)
    )
)


def png(picture: Image.Image, **options: int) -> bytes:
    out = BytesIO()
    picture.save(out, "PNG", **options)
    return out.getvalue()


@given(BITMAPS)
def test_a_bitmap_survives(bitmap: Bitmap) -> None:
    assert decode_png(encode_png(bitmap)) == bitmap


def test_ink_is_black() -> None:
    with Image.open(BytesIO(encode_png(Bitmap.from_rows(2, [0b10])))) as picture:
        assert (picture.mode, picture.tobytes().hex()) == ("1", "40")  # Pillow: a set bit is white


def test_nothing_has_no_picture() -> None:
    with pytest.raises(PngError, match="without pixels"):
        encode_png(Bitmap(0, 0, b""))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_is_read(mode: str) -> None:
    grey = Image.new("L", (9, 5), 255)
    ImageDraw.Draw(grey).line((1, 2, 7, 2), fill=0)
    if mode == "I;16":
        picture = Image.new("I;16", grey.size)
        for y in range(5):
            for x in range(9):
                picture.putpixel((x, y), 60_000 if grey.getpixel((x, y)) else 3_000)
    else:
        picture = grey.convert(mode)
    assert decode_png(png(picture)) == Bitmap.from_rows(9, [0, 0, 0b011111110, 0, 0])


def test_transparent_pixels_are_paper_in_any_colour() -> None:
    picture = Image.new("RGBA", (4, 1), (0, 0, 0, 0))
    picture.putpixel((1, 0), (0, 0, 0, 255))
    picture.putpixel((2, 0), (0, 0, 0, 60))
    assert decode_png(png(picture)) == Bitmap.from_rows(4, [0b0100])


def test_a_palette_may_have_a_transparent_colour() -> None:
    picture = Image.new("P", (2, 1), 0)
    picture.putpalette([0, 0, 0, 0, 0, 0])
    picture.putpixel((1, 0), 1)
    assert decode_png(png(picture, transparency=0)) == Bitmap.from_rows(2, [0b01])


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "not a PNG"),
        (b"GIF89a" + bytes(40), "not a PNG"),
        (b"\x89PNG\r\n\x1a\n", "not a PNG"),
        (encode_png(Bitmap(8, 8, bytes(8)))[:50], "damaged"),
        (encode_png(Bitmap(8, 8, bytes(8)))[:16] + b"\xff\xff\xff\xff" * 2 + bytes(100), "at most"),
    ],
)
def test_bytes_that_are_no_png_are_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(PngError, match=sentence):
        decode_png(data)


@settings(max_examples=200)
@given(st.data())
def test_damage_never_ends_in_anything_but_a_bitmap_or_a_sentence(data: st.DataObject) -> None:
    whole = bytearray(encode_png(Bitmap.from_rows(24, [0x0F0F0F, 0x123456, 0xFFFFFF])))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with suppress(PngError):  # a sentence is fine, any other exception is not
        decode_png(cut)


def chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")


@settings(max_examples=200)
@given(
    st.sampled_from([0, 2, 3, 4, 6, 7]),
    st.sampled_from([1, 2, 4, 8, 16]),
    st.integers(0, 2),
    st.lists(
        st.tuples(st.sampled_from([b"PLTE", b"tRNS", b"gAMA", b"iCCP", b"tEXt", b"fdAT"]), st.binary(max_size=12)),
        max_size=4,
    ),
)
def test_chunks_that_do_not_fit_together_are_a_bitmap_or_a_sentence(
    colours: int, depth: int, interlaced: int, chunks: list[tuple[bytes, bytes]]
) -> None:
    """A palette that is not there, for one; every check sum is right."""
    header = (8).to_bytes(4, "big") * 2 + bytes((depth, colours, 0, 0, interlaced))
    body = b"".join([chunk(kind, content) for kind, content in chunks])
    pixels = chunk(b"IDAT", zlib.compress(bytes(8 * 65)))
    with suppress(PngError):
        decode_png(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + pixels + chunk(b"IEND", b""))


def test_a_scan_becomes_what_the_pad_would_have_recorded() -> None:
    scan = Image.new("L", (2400, 1600), 240)
    ImageDraw.Draw(scan).line((400, 900, 1000, 600, 1900, 1000), fill=40, width=9)
    bitmap = signature_from_png(png(scan), 240, 80)
    assert bitmap.width == 240
    assert bitmap.height <= 80
    columns = {x for y in range(bitmap.height) for x in range(bitmap.width) if bitmap.row(y)[x // 8] & (0x80 >> x % 8)}
    assert len(columns) >= bitmap.width - 6  # the line is nowhere broken: every column but the margin has ink


def test_a_small_picture_is_not_enlarged() -> None:
    picture = Image.new("L", (30, 20), 255)
    picture.putpixel((10, 10), 0)
    assert signature_from_png(png(picture), 240, 80, margin=1) == Bitmap.from_rows(3, [0, 0b010, 0])


def test_a_hairline_survives() -> None:
    picture = Image.new("L", (960, 300), 255)
    ImageDraw.Draw(picture).line((0, 0, 959, 299), fill=0, width=2)
    assert signature_from_png(png(picture), 240, 80).black() >= 200


def test_a_picture_without_ink_is_refused() -> None:
    with pytest.raises(PngError, match="no ink"):
        signature_from_png(png(Image.new("L", (100, 100), 250)), 240, 80)


def test_a_photograph_is_read_and_a_poster_is_not() -> None:
    poster = Image.new("1", (5000, 5000), 1)
    with pytest.raises(PngError, match="at most"):
        signature_from_png(png(poster), 240, 80)
    photograph = Image.new("1", (4000, 3000), 1)
    ImageDraw.Draw(photograph).ellipse((1000, 1000, 2000, 1400), outline=0, width=40)
    assert signature_from_png(png(photograph), 240, 80).black() > 100
