"""The JBIG1 decoder: against jbigkit's encoders, the vectors, and streams that were damaged on the way."""

from __future__ import annotations

import subprocess
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.signature.bitmap import Bitmap
from acquirer.signature.jbig import TPBON, UNKNOWN_HEIGHT, VLENGTH, Damage, JbigError, JbigHeader
from acquirer.signature.jbig_decoder import decode_jbig
from acquirer.signature.jbig_encoder import encode_jbig
from acquirer.signature.pen import draw_signature

Oracle = Callable[[str, str], str]

RASTER = Bitmap(
    24,
    16,
    bytes.fromhex(
        "000000 000000 000000 0ffff0 0a0010 090010 088010 084010082010 081010 080810 080410 0ffff0 000000 000000 000000"
    ),
)
VECTORS = {
    "typical prediction": "0000010000000018000000100000008000000008379a078d0c8a51aea56c577eb3deff02",
    "two lines": "0000010000000018000000100000008000000048379d22883c1eebb578da39ee79fa4378e5ff02",
    "plain": "0000010000000018000000100000008000000000527fe63ea9415fa50d60e44f9160ff02",
    "stripes of 2": (
        "000001000000001800000010000000020800031cff02cf3240ff0208d7fb2eff023dff022280ff02ff02a94091c0ff02e0ff02"
    ),
    "stripes of 5": "000001000000001800000010000000050800031c379a078d10ff02133902edd1ff0203c3db0660ff02ff02",
}
STREAMS = {name: bytes.fromhex(stream) for name, stream in VECTORS.items()}
WHOLE = STREAMS["typical prediction"]
STRIPED = STREAMS["stripes of 5"]

FULL = (
    ["-q"],
    ["-q", "-m", "0"],
    ["-q", "-p", "0"],
    ["-q", "-p", "64"],
    ["-q", "-p", "72", "-m", "30"],
    ["-q", "-s", "3", "-C", "a comment"],
    ["-q", "-r", "-s", "7"],
    ["-q", "-r", "-s", "30", "-m", "20"],
    ["-q", "-r", "-s", "30", "-m", "100", "-p", "72"],
    ["-q", "-s", "40", "-m", "20"],
    ["-q", "-c", "-s", "60", "-m", "20"],
    ["-q", "-Y", "140"],
)
T85: tuple[list[str], ...] = (
    [],
    ["-m", "0"],
    ["-p", "0"],
    ["-p", "72", "-m", "127"],
    ["-p", "64", "-s", "2"],
    ["-s", "5", "-C", "a comment"],
    ["-m", "100"],
)


def pbm(bitmap: Bitmap) -> bytes:
    return b"P4\n%d %d\n" % (bitmap.width, bitmap.height) + bitmap.data


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "options"),
    [("pbmtojbg", options) for options in FULL] + [("pbmtojbg85", options) for options in T85],
    ids=lambda value: value if isinstance(value, str) else " ".join(value) or "default",
)
def test_what_jbigkit_writes_is_read(
    program: str, options: list[str], pictures: list[Bitmap], find_oracle: Oracle
) -> None:
    path = find_oracle(program, "jbigkit-bin")
    for picture in pictures:
        written = subprocess.run([path, *options], input=pbm(picture), capture_output=True, check=True, timeout=20)
        read = decode_jbig(written.stdout)
        assert read.bitmap == picture
        assert read.problems == ()
        assert read.exact
        assert read.lines == picture.height


@pytest.mark.slow
def test_a_picture_that_ends_without_a_line_is_refused() -> None:
    """Found by `scripts/fuzz jbig`: nothing else here has pictures of no lines, and PNG knows none."""
    header = JbigHeader(222, UNKNOWN_HEIGHT, 128, 0, 0, TPBON | VLENGTH)
    for stream in (header.pack() + b"\xff\x05" + bytes(4), header.pack()):
        with pytest.raises(JbigError, match="leaves the picture no line"):
            decode_jbig(stream)


def test_a_late_newlen_marker_gives_the_height(pictures: list[Bitmap], find_oracle: Oracle) -> None:
    path = find_oracle("pbmtojbg85", "jbigkit-bin")
    for picture in pictures:
        for announced in (picture.height + 3, UNKNOWN_HEIGHT):
            if picture.height == 1:
                continue  # the tool tells the height after a line, and before the last
            options = [path, "-s", "6", "-Y", str(announced), str(picture.height - 1)]
            written = subprocess.run(options, input=pbm(picture), capture_output=True, check=True, timeout=20)
            assert decode_jbig(written.stdout).bitmap == picture
            assert decode_jbig(written.stdout).problems == ()


def test_the_adaptive_pixel_does_move(pictures: list[Bitmap], find_oracle: Oracle) -> None:
    """Otherwise the tests above would try nothing of it."""
    path = find_oracle("pbmtojbg", "jbigkit-bin")
    streams = [
        subprocess.run([path, "-q", *options], input=pbm(picture), capture_output=True, check=True, timeout=20).stdout
        for picture in pictures
        for options in (["-s", "40", "-m", "20"], ["-r", "-s", "30", "-m", "20", "-p", "72"])
    ]
    assert sum(b"\xff\x06" in stream[20:] for stream in streams) >= 8
    assert any(stream[20:].count(b"\xff\x06") >= 2 for stream in streams)


@pytest.mark.parametrize("name", list(STREAMS))
def test_vectors(name: str) -> None:
    read = decode_jbig(STREAMS[name])
    assert read.bitmap == RASTER
    assert (read.lines, read.problems) == (16, ())


def test_order_and_the_options_of_layers_play_no_role() -> None:
    for order, options in ((0x0F, 0x08), (0x03, 0x1C)):
        assert decode_jbig(WHOLE[:18] + bytes((order, options)) + WHOLE[20:]).bitmap == RASTER


class TestDamage:
    def test_bytes_behind_the_picture(self) -> None:
        read = decode_jbig(WHOLE + bytes(13))
        assert read.bitmap == RASTER
        assert [problem.damage for problem in read.problems] == [Damage.TRAILING_BYTES]
        assert read.problems[0].why.startswith("13 bytes")

    def test_a_stripe_too_many(self) -> None:
        read = decode_jbig(STRIPED + b"\x37\x9a\xff\x02")
        assert read.bitmap == RASTER
        assert [problem.damage for problem in read.problems] == [Damage.TRAILING_BYTES]

    @pytest.mark.parametrize("stream", [WHOLE, STRIPED], ids=["one stripe", "several"])
    def test_a_stream_that_ends_early(self, stream: bytes) -> None:
        lines = []
        for end in range(20, len(stream) - 1):
            read = decode_jbig(stream[:end])
            assert [problem.damage for problem in read.problems] == [Damage.TRUNCATED]
            assert f"of {RASTER.height}" in read.problems[0].why
            assert (read.bitmap.width, read.bitmap.height) == (RASTER.width, RASTER.height)
            assert read.bitmap.data[read.lines * 3 :] == bytes((16 - read.lines) * 3)
            lines.append(read.lines)
        assert lines[0] == 0
        assert lines[-1] >= 11
        assert lines == sorted(lines)

    def test_lines_received_before_the_end_are_right(self) -> None:
        for end in range(20, len(STRIPED)):
            read = decode_jbig(STRIPED[:end])
            sure = read.lines - read.lines % 5
            assert read.bitmap.data[: sure * 3] == RASTER.data[: sure * 3]

    def test_a_sender_that_gives_up(self) -> None:
        first = STRIPED.index(b"\xff\x02") + 2
        read = decode_jbig(STRIPED[:first] + b"\xff\x04")
        assert [problem.damage for problem in read.problems] == [Damage.ABORTED]
        assert read.lines >= 5
        assert read.bitmap.data[:15] == RASTER.data[:15]

    def test_an_unknown_marker(self) -> None:
        first = STRIPED.index(b"\xff\x02") + 2
        read = decode_jbig(STRIPED[:first] + b"\xff\x55" + STRIPED[first:])
        assert [problem.damage for problem in read.problems] == [Damage.STRAY_MARKER]
        assert "FF 55" in read.problems[0].why

    @pytest.mark.parametrize("first", [20, 24, 28])
    def test_the_end_of_another_image_is_noted(self, first: int) -> None:
        other = encode_jbig(Bitmap(24, 16, RASTER.data[::-1]))
        read = decode_jbig(WHOLE[:first] + other[first - 3 :])
        assert [problem.damage for problem in read.problems] == [Damage.END_DIFFERS]
        assert "part of another image?" in read.problems[0].why

    def test_zeros_that_an_encoder_did_not_leave_out_are_no_damage(self) -> None:
        read = decode_jbig(WHOLE[:-2] + bytes(9) + WHOLE[-2:])
        assert (read.bitmap, read.problems, read.exact) == (RASTER, (), True)

    def test_last_bits_that_no_encoder_writes_are_no_damage_and_not_exact(self) -> None:
        """All numbers of the last interval mean the same lines, and an encoder writes the roundest."""
        read = decode_jbig(WHOLE[:-2] + b"\1" + WHOLE[-2:])
        assert (read.bitmap, read.problems, read.exact) == (RASTER, (), False)

    def test_a_height_that_grows(self) -> None:
        read = decode_jbig(WHOLE[:20] + b"\xff\x05\x00\x00\x00\x20" + WHOLE[20:])
        assert read.bitmap == RASTER
        assert {problem.damage for problem in read.problems} == {Damage.HEIGHT_CHANGED}

    def test_a_height_that_was_not_announced_is_believed_and_noted(self) -> None:
        read = decode_jbig(WHOLE + b"\xff\x05\x00\x00\x00\x0a")
        assert read.bitmap == Bitmap(24, 10, RASTER.data[:30])
        assert [problem.damage for problem in read.problems] == [Damage.HEIGHT_CHANGED, Damage.END_DIFFERS]

    def test_an_adaptive_pixel_that_moves_up(self) -> None:
        read = decode_jbig(WHOLE[:20] + b"\xff\x06\x00\x00\x00\x00\x03\x01" + WHOLE[20:])
        assert read.bitmap == RASTER
        assert [problem.damage for problem in read.problems] == [Damage.STRAY_MARKER]

    def test_a_height_that_is_never_given(self) -> None:
        header = JbigHeader(24, UNKNOWN_HEIGHT, 16, 0, 0, TPBON | VLENGTH)
        read = decode_jbig(header.pack() + WHOLE[20:])
        assert read.bitmap.data[:48] == RASTER.data
        assert [problem.damage for problem in read.problems] == [Damage.TRUNCATED]


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """A good stream with some bytes changed, lost or doubled, often around a marker."""
    stream = bytearray(draw(st.sampled_from(list(STREAMS.values()))))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(stream)))
        what = draw(st.sampled_from(["set", "drop", "insert", "marker"]))
        if what == "set":
            stream[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
        elif what == "drop":
            del stream[at : at + draw(st.integers(1, 8))]
        elif what == "insert":
            stream[at:at] = draw(st.binary(min_size=1, max_size=8))
        else:
            stream[at:at] = bytes((0xFF, draw(st.integers(0, 8)))) + draw(st.binary(max_size=6))
    return bytes(stream)


@pytest.mark.slow
@settings(max_examples=2000)
@given(mutations())
def test_any_damage_ends_in_a_picture_or_one_sentence(stream: bytes) -> None:
    limit = 1 << 12
    try:
        read = decode_jbig(stream, limit)
    except JbigError:
        return
    assert read.bitmap.width * read.bitmap.height <= limit
    assert read.lines >= 0
    assert all(problem.why for problem in read.problems)


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(512, 256), (1 << 17, 1), (1, 1 << 12), (512, UNKNOWN_HEIGHT)])
def test_a_header_that_promises_much_costs_what_the_limit_allows(width: int, height: int) -> None:
    """Nine bytes may claim many pixels: memory stays in proportion to the limit, in any shape."""
    header = JbigHeader(width, height, UNKNOWN_HEIGHT, 0, 0, VLENGTH)
    limit = 1 << 17
    tracemalloc.start()
    try:
        read = decode_jbig(header.pack() + b"\xab\xcd\xef\x01\x02\x03\x04\xff\x02", limit)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert read.bitmap.width * read.bitmap.height <= limit
    assert peak < 32 * limit


@given(st.integers(1, 40), st.lists(st.integers(0, 2**40 - 1), min_size=1, max_size=30), st.booleans(), st.booleans())
def test_what_we_write_we_read(width: int, rows: list[int], two_line: bool, typical: bool) -> None:
    bitmap = Bitmap.from_rows(width, [row % 2**width for row in rows])
    for stripe_lines in (1, 7, 128):
        stream = encode_jbig(bitmap, two_line=two_line, typical=typical, stripe_lines=stripe_lines)
        assert decode_jbig(stream).bitmap == bitmap
        assert decode_jbig(stream).problems == ()


def test_width_and_height_that_are_exchanged():
    stream = encode_jbig(draw_signature("Ann", seed=1))
    turned = stream[:4] + stream[8:12] + stream[4:8] + stream[12:]
    [found] = decode_jbig(turned).problems
    assert found.why.endswith(
        "and the stream is whole as 240 × 80: width and height are exchanged; write the width first"
    )
    assert decode_jbig(stream).problems == ()
    cut = decode_jbig(turned[:100]).problems
    assert cut
    assert all("exchanged" not in one.why for one in cut)
