"""Dumps of octal and decimal numbers, characters and bits: what is one, and what is not."""

from __future__ import annotations

import pytest

from acquirer.inspect import number_dumps
from acquirer.inspect.capture import read_capture
from acquirer.inspect.dumps import LEFT_OUT_LIMIT, is_hex_dump, read_dumps
from tests.inspect.dresses import DRESSES

DATA = bytes(range(40)) + b"0800 \"'\\n" + bytes(range(200, 256)) + b"    "


def forms(text: str) -> set[str]:
    return {reading.form for reading in read_capture(text.encode())}


@pytest.mark.parametrize("dress", ["xxd", "xxd -c 32", "xxd -b", "hexdump -C"])
def test_characters_behind_a_dump_are_no_text_with_escapes(dress: str) -> None:
    text = DRESSES[dress](DATA + b"\\\"'\\x30\\x38" * 100)
    assert all("dump" in form or form == "bytes" for form in forms(text))
    assert any("escapes" in form for form in forms(f'{text}\n12:00:01 sent "\\x00\\x3c\\x60\\x00"'))


def test_a_dump_of_one_line_is_one_where_its_characters_follow() -> None:
    assert is_hex_dump(DRESSES["xxd -c 256"](DATA))
    assert not is_hex_dump("0000 0800 8220 0000 0000 0000 0004 0000 0000 0000")


@pytest.mark.parametrize("dress", ["od, octal words", "od -b", "od -c", "od -t u1", "hexdump -d", "xxd -b"])
def test_two_dumps_in_a_log_are_two_streams(dress: str) -> None:
    log = f"12:00:00 sent\n{DRESSES[dress](DATA)}\n12:00:01 received\n{DRESSES[dress](DATA[::-1])}\n"
    assert [DATA, DATA[::-1]] in [[one.data for one in reading.streams] for reading in read_capture(log.encode())]


def test_blanks_that_an_editor_took_away_are_put_back() -> None:
    text = "0000000   0   8   0   0\n0000020   0   8   0   0\n0000024\n"
    assert [data for _, data in number_dumps.character_dumps(text)] == [b"0800" + b" " * 12 + b"0800"]


def test_lines_that_are_left_out_are_put_back() -> None:
    text = "0000000 030060 034060\n*\n0000020 030060\n0000022\n"
    assert [data for _, data in number_dumps.octal_dumps(text)] == [b"0008" * 4 + b"00"]


@pytest.mark.parametrize(
    "text",
    [
        "0000000 030060 034060\n0000002 030060\n0000004\n",  # shorter than its words
        "0000000 030060 034060\n0000020 030060\n0000022\n",  # longer
        "0000000 030060 038060\n0000004\n",  # no octal digit
    ],
)
def test_octal_rows_that_are_not_as_long_as_their_offsets_say_are_none(text: str) -> None:
    assert list(number_dumps.octal_dumps(text)) == []


def test_a_number_of_more_bytes_than_there_is_room_for_is_none() -> None:
    assert list(number_dumps.decimal_dumps("0000000   48  256\n0000002\n")) == []


def test_all_that_is_left_out_of_a_text_is_bounded() -> None:
    text = "00000000 00\n*\n000ffff0 00\n" * 20
    assert sum(len(data) for _, data in read_dumps(text)) < LEFT_OUT_LIMIT + 100
