"""Components of a key: any number of them make it again, and each of them says nothing."""

from __future__ import annotations

import os
import random

import psec.tools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.security.components import ComponentError, combine_components, split_key
from acquirer.security.secret import Secret


@given(st.binary(min_size=16, max_size=16), st.integers(2, 9), st.integers(0, 2**32))
def test_components_make_the_key_again(data: bytes, count: int, seed: int) -> None:
    key = Secret(data, "aes")
    if key.weak:
        return
    parts = split_key(key, count, random.Random(seed).randbytes)
    assert len({part.reveal() for part in parts}) == count
    combined = bytes(16)
    for part in parts:
        combined = psec.tools.xor(combined, part.reveal())
    assert combined == data
    assert combine_components(parts) == key
    if count > 2:
        assert combine_components(parts[:-1]) != key


def test_two_of_a_kind_are_noticed() -> None:
    part = Secret(os.urandom(16))
    with pytest.raises(ComponentError, match="one of them is given twice"):
        combine_components([part, part])


def test_lengths_differ() -> None:
    with pytest.raises(ComponentError, match="have 16, 24 bytes"):
        combine_components([Secret(bytes(range(16))), Secret(bytes(range(24)))])


@pytest.mark.parametrize("count", [0, 1, 10])
def test_too_few_and_too_many(count: int) -> None:
    with pytest.raises(ComponentError, match="2 to 9 components"):
        split_key(Secret(bytes(range(16))), count, os.urandom)


def test_a_source_that_draws_nothing_is_noticed() -> None:
    with pytest.raises(ComponentError, match="draws weak components only"):
        split_key(Secret(bytes(range(16))), 3, bytes)
