"""Dumps of words: hexdump and od without an option for single bytes, in every size and kind of offset."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.inspect.doctor import diagnose_capture
from acquirer.inspect.dumps import read_dumps, read_word_dumps
from acquirer.settings.specs import load_dialect

OFFSETS = {"hexdump": "{:07x}", "od": "{:07o}", "od -A d": "{:07d}", "od -A x": "{:06x}"}


def words(data: bytes, size: int, offset: str, gap: str = " ") -> str:
    """A dump as these programs write it on machines with the lowest byte first."""
    lines = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        row += bytes(-len(row) % size)
        cells = [row[cell : cell + size][::-1].hex() for cell in range(0, len(row), size)]
        lines.append(offset.format(at) + gap + gap.join(cells))
    return "\n".join([*lines, offset.format(len(data)), ""])


@given(
    st.binary(min_size=17, max_size=400),
    st.sampled_from([2, 4, 8]),
    st.sampled_from(list(OFFSETS.values())),
    st.sampled_from([" ", "  ", "    "]),
)
def test_words_are_turned_round(data: bytes, size: int, offset: str, gap: str) -> None:
    assert [found for _, found in read_word_dumps(words(data, size, offset, gap))] == [data]


def test_a_dump_of_single_bytes_has_no_words() -> None:
    text = "00000000  30 30 38 30\n00000004  30 30\n00000006\n"
    assert [found for _, found in read_dumps(text)] == [b"008000"]
    assert list(read_word_dumps(text)) == []


def test_words_of_several_sizes_are_none() -> None:
    assert list(read_word_dumps("0000000 3030 38\n0000003\n")) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["iso8583-1987-ascii", "unionpay-pos"])
@pytest.mark.parametrize("program", OFFSETS)
@pytest.mark.parametrize("size", [2, 4, 8])
def test_a_message_is_found_in_them(name: str, program: str, size: int) -> None:
    dialect = load_dialect(name)
    sample = next(one for one in dialect.samples if "PIN" in one.title)
    text = words(bytes.fromhex(sample.hex), size, OFFSETS[program])
    (group,) = diagnose_capture(text.encode(), [dialect]).groups
    assert group.certainty == "sure"
    assert [found.frame for found in group.messages] == _frames(name, sample.hex)


def _frames(name: str, wire: str) -> list[bytes]:
    data = bytes.fromhex(wire)
    return [data[2:] if name == "unionpay-pos" else data[4:]]


def test_decimal_offsets_that_could_be_octal_ones() -> None:
    """Sixteen reads as fourteen in octal; the rows say which is meant."""
    data = bytes(range(48, 80))
    lines = [f"{at:07d} {data[at : at + 16].hex(' ')}" for at in (0, 16)]
    assert [found for _, found in read_dumps("\n".join([*lines, "0000032"]))] == [data]
