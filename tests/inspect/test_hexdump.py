"""Dumps as people read them, and as people paste them back."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.inspect import hexdump as module
from acquirer.inspect.hexdump import dump_lines, hexdump, read_hex

SIGN_ON = bytes.fromhex(
    "003C600003000060310001100108000020000000C00012000003313030303031363138383032313030313032313031363200110000000100300003303120"
)


def test_a_sign_on_reads_as_the_trade_knows_it() -> None:
    assert hexdump(SIGN_ON) == "\n".join(
        (
            "0000  00 3C 60 00 03 00 00 60  31 00 01 10 01 08 00 00  .<`....`1.......",
            "0010  20 00 00 00 C0 00 12 00  00 03 31 30 30 30 30 31   .........100001",
            "0020  36 31 38 38 30 32 31 30  30 31 30 32 31 30 31 36  6188021001021016",
            "0030  32 00 11 00 00 00 01 00  30 00 03 30 31 20        2.......0..01 ",
        )
    )


def test_hidden_digits_are_stars_and_their_characters_too() -> None:
    (line,) = dump_lines(b"1234567890", hidden={2 * 3, 2 * 4, 2 * 4 + 1})
    assert line.cells == ("31", "32", "33", "*4", "**", "36", "37", "38", "39", "30")
    assert line.text == "123**67890"


def test_no_bytes_no_lines() -> None:
    assert hexdump(b"") == ""


@given(st.binary(min_size=1, max_size=70), st.sets(st.integers(0, 139)))
def test_a_hidden_half_byte_never_shows_wherever_it_stands(data: bytes, hidden: set[int]) -> None:
    cells = [cell for line in dump_lines(data, hidden) for cell in line.cells]
    for at, cell in enumerate(cells):
        for place in (0, 1):
            assert (cell[place] == "*") == (2 * at + place in hidden)
    assert all(str(line).isprintable() for line in dump_lines(data, hidden))


@given(st.binary(min_size=1, max_size=70))
def test_a_dump_pasted_back_gives_its_bytes(data: bytes) -> None:
    assert read_hex(hexdump(data)) == data


@pytest.mark.parametrize(
    "text",
    [
        SIGN_ON.hex(),
        " ".join(f"{byte:02x}" for byte in SIGN_ON),
        ":".join(f"{byte:02X}" for byte in SIGN_ON),
        ", ".join(f"0x{byte:02x}" for byte in SIGN_ON),
        SIGN_ON.hex()[:50] + "\r\n  " + SIGN_ON.hex()[50:] + "\n",
        # xxd
        "00000000: 003c 6000 0300 0060 3100 0110 0108 0000  .<`....`1.......\n"
        "00000010: 2000 0000 c000 1200 0003 3130 3030 3031   .........100001\n"
        "00000020: 3631 3838 3032 3130 3031 3032 3130 3136  6188021001021016\n"
        "00000030: 3200 1100 0000 0100 3000 0330 3120       2.......0..01 \n",
        # hexdump -C
        "00000000  00 3c 60 00 03 00 00 60  31 00 01 10 01 08 00 00  |.<`....`1.......|\n"
        "00000010  20 00 00 00 c0 00 12 00  00 03 31 30 30 30 30 31  | .........100001|\n"
        "00000020  36 31 38 38 30 32 31 30  30 31 30 32 31 30 31 36  |6188021001021016|\n"
        "00000030  32 00 11 00 00 00 01 00  30 00 03 30 31 20        |2.......0..01 |\n"
        "0000003e\n",
    ],
)
def test_hex_is_read_in_every_form_people_paste(text: str) -> None:
    assert read_hex(text) == SIGN_ON


def test_a_length_before_two_spaces_is_no_offset() -> None:
    assert read_hex("003C  6000") == bytes.fromhex("003C6000")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "there is nothing to decode"),
        (" \n", "there is nothing to decode"),
        ("003", "3 hex digits are half a byte too many or too few"),
        ("sign-on.bin", "'s' is no hex digit"),
        ("0000  62 12 ** 34", "some bytes are masked with '*': only the original bytes can be decoded"),
    ],
)
def test_text_that_is_not_hex_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence.replace("*", r"\*")):
        read_hex(text)


@given(st.text(max_size=60) | st.text("0123456789abcdef x:*\n", max_size=60))
def test_any_text_is_bytes_or_a_sentence(text: str) -> None:
    try:
        data = read_hex(text)
    except ValueError:
        return
    assert data
    assert read_hex(data.hex()) == data


def test_the_examples_in_the_code_are_true() -> None:
    assert doctest.testmod(module).failed == 0
