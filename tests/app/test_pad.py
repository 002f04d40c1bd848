"""What people give as a signature: names, pictures, strokes, and everything that is none of them."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from acquirer.app.pad import read_pad
from acquirer.signature import png, strokes
from acquirer.signature.bitmap import Bitmap
from acquirer.signature.image_checks import ImageFlag, check_image
from acquirer.signature.jbig_encoder import encode_jbig
from acquirer.signature.pen import draw_signature, write_strokes

SIZE = (240, 80)
DRAWN = draw_signature("Zhang San", 3)


def read(given: str | Path, mode: str = "touch", seed: int = 1) -> Bitmap:
    pad = read_pad(given, mode, SIZE, Random(seed).randbytes)
    assert pad.capture == mode
    return pad.bitmap


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Zhang San", "O'Brien", "张三丰"])
@pytest.mark.parametrize("mode", ["touch", "pen", "fingerprint"])
def test_a_name_is_written(name: str, mode: str) -> None:
    written = read(name, mode)
    assert (written.width, written.height) == SIZE
    assert not check_image(written)


def test_no_two_signatures_of_one_name_are_alike() -> None:
    assert read("Li Wei", seed=1) != read("Li Wei", seed=2)
    assert read("Li Wei", seed=1) == read("Li Wei", seed=1)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "mode"), [("Ann", "pen"), ("Li", "touch"), ("欧阳慧敏", "touch")])
def test_a_name_that_comes_out_too_small_is_written_again(name: str, mode: str) -> None:
    dice = Random(7)
    sizes = [len(encode_jbig(read_pad(name, mode, (240, 80), dice.randbytes).bitmap)) for _ in range(12)]
    assert all(150 <= size <= 700 for size in sizes), sizes


def test_a_picture(tmp_path: Path) -> None:
    file = tmp_path / "signed.PNG"
    file.write_bytes(png.encode_png(DRAWN))
    assert read(file) == png.signature_from_png(png.encode_png(DRAWN), *SIZE)


def test_strokes_on_the_pad_are_drawn_where_they_are(tmp_path: Path) -> None:
    file = tmp_path / "signed.json"
    drawn = write_strokes("Zhang San", 3, mode="touch")
    file.write_text(strokes.dump_strokes(drawn))
    assert read(str(file)) == strokes.draw_strokes(strokes.parse_strokes(strokes.dump_strokes(drawn)), *SIZE, 3.0)


def test_strokes_of_a_larger_pad_are_built_to_fit(tmp_path: Path) -> None:
    file = tmp_path / "signed.json"
    large = [
        tuple(strokes.Point(9 * p.x, 9 * p.y) for p in stroke) for stroke in write_strokes("Zhang San", 3, mode="pen")
    ]
    file.write_text(strokes.dump_strokes(large))
    assert not check_image(read(file, "pen"))


@pytest.mark.parametrize(
    ("name", "data"),
    [("empty.png", png.encode_png(Bitmap(9, 9, bytes(18)))), ("none.json", b"[]"), ("lifted.json", b"[[]]")],
)
def test_a_file_in_which_no_one_signed_is_an_empty_pad(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    assert [one.flag for one in check_image(read(tmp_path / name))] == [ImageFlag.BLANK]


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("missing.png", None, "the signature cannot be read: no such file"),
        ("text.png", b"I was here", "this is not a PNG file"),
        ("half.png", png.encode_png(DRAWN)[:60], "the PNG is damaged"),
        ("bent.json", b"[[[1, 2], [3]]]", "stroke 1, point 2"),
        ("no.json", b"{", "the strokes are not JSON"),
        ("photo.JPG", b"\xff\xd8\xff\xe0", "a signature is read from a .png"),
        ("missing.jpeg", None, "a signature is read from a .png"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, name: str, data: bytes | None, says: str) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=says) as bad:
        read(tmp_path / name)
    assert name in str(bad.value)


@pytest.mark.parametrize(
    ("given", "mode", "says"),
    [
        ("", "touch", "names of 1 to 40 letters"),
        ("שלום", "pen", "the pen cannot write"),
        ("Li", "mouth", "known: touch"),
    ],
)
def test_what_no_one_can_write(given: str, mode: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read(given, mode)
