"""The ``[terminal]`` section: what is shipped loads, and a mistake is told with its line and the right word."""

from __future__ import annotations

import pytest

from acquirer.data.toml import DataError, parse
from acquirer.dialect.terminal_profile import load_terminal_profile
from acquirer.settings.shipped import specs_dir
from acquirer.settings.specs import load_dialect

TEXT = (specs_dir() / "unionpay-pos.toml").read_text(encoding="utf-8")


def test_every_name_it_uses_is_one_the_dialect_knows() -> None:
    dialect = load_dialect("unionpay-pos")
    profile = dialect.terminal_profile
    assert profile is not None
    assert profile.package in dialect.security.packages
    assert profile.security_control.pin_block in dialect.security.pin_blocks
    assert profile.sign_on_again | profile.partial | profile.reversal.done <= set(dialect.codes)
    assert profile.reversal.leaves_out <= set(dialect.fields)
    assert profile.without_stan <= {route.service for route in dialect.routes}
    assert set(profile.reversal.icc) - {"DF31"} <= set(profile.icc)
    assert set(profile.slip.icc.values()) <= set(profile.icc)
    assert set(profile.slip.free) <= set(profile.entries)


def test_what_it_says_of_signatures_is_what_the_dialect_knows() -> None:
    dialect = load_dialect("unionpay-pos")
    signing = dialect.terminal_profile.signature if dialect.terminal_profile else None
    assert signing is not None
    assert signing.parts is not None
    assert {*signing.carries, *signing.repeats, "slip", "image", "part_more"} <= set(dialect.elements)
    assert signing.done <= set(dialect.codes)
    assert signing.max_bytes <= dialect.fields[dialect.elements["image"].de].maximum
    assert set(signing.parts.types) <= set(dialect.find_route("signature_part").when["transaction_type"])


def test_a_dialect_need_not_say_anything_of_its_terminals() -> None:
    assert load_terminal_profile(parse("dialect = 'x'", "x.toml")) is None


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ('package = "003"', 'pakage = "003"', "terminal.pakage: unknown key; did you mean 'package'?"),
        ('mode = "05{pin}"', 'modus = "05{pin}"', "terminal.entries.chip.modus: unknown key; did you mean 'mode'?"),
        ("tries = 3", 'tries = "often"', "terminal.reversal.tries: input should be a valid integer"),
        ('"3" = "sign_on"', '"3" = "sing_on"', "terminal.head.3: input should be 'sign_on'"),
        ('"merchant", "kind"', '"merchant", "sort"', "terminal.signature.slip[1]: input should be 'merchant', 'kind'"),
        ("rounds = 3", "round = 3", "terminal.signature.round: unknown key; did you mean 'rounds'?"),
        ('more = "8"', 'mor = "8"', "terminal.signature.parts.mor: unknown key; did you mean 'more'?"),
        ('done = ["00", "12", "25"]', "", "terminal.reversal.done: is missing"),
    ],
)
def test_a_mistake_is_told_with_its_line(right: str, wrong: str, says: str) -> None:
    assert right in TEXT
    text = TEXT.replace(right, wrong, 1)
    line = 0 if not wrong else text[: text.index(wrong)].count("\n") + 1
    with pytest.raises(DataError) as told:
        load_terminal_profile(parse(text, "x.toml"))
    assert says in str(told.value)
    assert str(told.value).startswith(f"x.toml:{line}: " if line else "x.toml:")
