"""The JBIG1 encoder: byte for byte jbigkit's, and read by both of its decoders."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from acquirer.signature.bitmap import Bitmap
from acquirer.signature.jbig_encoder import encode_jbig

Oracle = Callable[[str, str], str]

SETTINGS = [(two_line, typical, lines) for two_line in (False, True) for typical in (False, True) for lines in (5, 128)]


def pbm(bitmap: Bitmap) -> bytes:
    return b"P4\n%d %d\n" % (bitmap.width, bitmap.height) + bitmap.data


def read_pbm(file: bytes, size: int) -> tuple[list[bytes], bytes]:
    return file[: len(file) - size].split(), file[len(file) - size :]


def run(*command: str, data: bytes) -> bytes:
    return subprocess.run(command, input=data, capture_output=True, check=True, timeout=20).stdout


@pytest.mark.slow
@pytest.mark.parametrize(("two_line", "typical", "lines"), SETTINGS)
def test_it_writes_what_jbigkit_writes(
    two_line: bool, typical: bool, lines: int, pictures: list[Bitmap], find_oracle: Oracle
) -> None:
    path = find_oracle("pbmtojbg85", "jbigkit-bin")
    options = str(64 * two_line + 8 * typical)
    for picture in pictures:
        expected = run(path, "-m", "0", "-p", options, "-s", str(lines), data=pbm(picture))
        assert encode_jbig(picture, two_line=two_line, typical=typical, stripe_lines=lines) == expected


@pytest.mark.slow
@pytest.mark.parametrize("program", ["jbgtopbm", "jbgtopbm85"])
def test_jbigkit_reads_what_it_writes(program: str, pictures: list[Bitmap], find_oracle: Oracle) -> None:
    path = find_oracle(program, "jbigkit-bin")
    for picture in pictures:
        for two_line, typical, lines in ((False, True, 128), (True, True, 20)):
            stream = encode_jbig(picture, two_line=two_line, typical=typical, stripe_lines=lines)
            head, data = read_pbm(run(path, data=stream), picture.stride * picture.height)
            assert head == [b"P4", b"%d" % picture.width, b"%d" % picture.height]
            assert data == picture.data


def test_its_header_says_what_it_does() -> None:
    stream = encode_jbig(Bitmap.from_rows(24, [0] * 16), two_line=True)
    assert stream.hex() == "0000010000000018000000100000008000000048" + "ff02"
