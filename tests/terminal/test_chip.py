"""Recipes for IC data: every word does what it says, and a recipe that is none is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.settings.specs import load_dialect
from acquirer.terminal.chip import Moment, icc_data, packed
from acquirer.wire.tlv import parse_tlv

MOMENT = Moment(1234, "000000", "261120", "10000161", "123456", True, lambda size: b"\xaa" * size)


def test_words() -> None:
    recipes: dict[str, str | tuple[str, str]] = {
        "9F26": "random:8",
        "9F36": "counter:2",
        "9F41": "counter:4",
        "9A": "date",
        "9C": "type",
        "9F02": "amount",
        "9F1E": "terminal",
        "9F10": "0701 random:2",
        "95": ("11", "22"),
    }
    assert {tag: value.hex() for tag, value in icc_data(recipes, MOMENT).items()} == {
        "9F26": "aa" * 8,
        "9F36": "3456",
        "9F41": "00123456",
        "9A": "261120",
        "9C": "00",
        "9F02": "000000001234",
        "9F1E": b"10000161".hex(),
        "9F10": "0701aaaa",
        "95": "11",
    }


@pytest.mark.parametrize("recipe", ["nonsense", "random:x", "0", "counter:2 what"])
def test_a_recipe_that_is_none(recipe: str) -> None:
    with pytest.raises(ValueError, match=r"terminal\.icc: tag 9F26"):
        icc_data({"9F26": recipe}, MOMENT)


@given(
    st.builds(
        Moment,
        st.integers(0, 10**12 - 1),
        st.just("000000"),
        st.just("261120"),
        st.text("0123456789", min_size=8, max_size=8),
        st.text("0123456789", min_size=6, max_size=6),
        st.booleans(),
        st.just(lambda size: bytes(size)),
    )
)
def test_the_shipped_recipes_make_tlv(moment: Moment) -> None:
    profile = load_dialect("unionpay-pos").terminal_profile
    assert profile is not None
    tags = icc_data(profile.icc, moment)
    assert [(one.tag, one.value) for one in parse_tlv(packed(tags))] == list(tags.items())
    assert len(packed(tags)) < 255
