"""Pooled random bytes: as many as asked for, none twice."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.process.randomness import pooled


@pytest.mark.slow
@given(st.lists(st.integers(0, 2250).map(lambda words: 4 * words), max_size=30))
def test_every_byte_of_the_source_is_handed_out_at_most_once(sizes: list[int]) -> None:
    numbers = count()

    def source(size: int) -> bytes:
        return b"".join(next(numbers).to_bytes(4, "big") for _ in range(-(-size // 4)))[:size]

    randbytes = pooled(source)
    handed = [randbytes(size) for size in sizes]
    assert [len(piece) for piece in handed] == sizes
    words = [piece[at : at + 4] for piece in handed for at in range(0, len(piece), 4)]
    assert len(set(words)) == len(words), "each word of the source is a number of its own"


def test_two_pools_are_different() -> None:
    assert pooled()(32) != pooled()(32)
