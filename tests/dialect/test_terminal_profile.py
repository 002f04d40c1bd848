"""The ``[terminal]`` section: what is shipped loads, and a mistake is reported with its line and the right word."""

from __future__ import annotations

import pytest

from acquirer.data.table import Table
from acquirer.data.toml import DataError, parse_toml
from acquirer.dialect.loading import load
from acquirer.dialect.terminal_section import read_terminal_profile
from acquirer.settings.shipped import specs_dir
from acquirer.settings.specs import finder, load_dialect

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
    assert set(profile.slip.icc.values()) <= {*profile.icc, *profile.offline_icc}
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
    document = parse_toml("dialect = 'x'\ntitle = 'x'", "x.toml")
    assert load(document, finder("x")).terminal_profile is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("right", "mistake", "says"),
    [
        ('package = "003"', 'pakage = "003"', "terminal.pakage: unknown key; did you mean 'package'?"),
        ('mode = "05{pin}"', 'modus = "05{pin}"', "terminal.entries.chip.modus: unknown key; did you mean 'mode'?"),
        ("tries = 3", 'tries = "often"', "terminal.reversal.tries: must be a whole number"),
        ('"3" = "sign_on"', '"3" = "sing_on"', "terminal.head.3: unknown value 'sing_on'; did you mean 'sign_on'?"),
        (
            '"merchant", "kind"',
            '"merchant", "sort"',
            "terminal.signature.slip[1]: unknown value 'sort'; choose from acquirer, aid,",
        ),
        ("rounds = 3", "round = 3", "terminal.signature.round: unknown key; did you mean 'rounds'?"),
        ('more = "8"', 'mor = "8"', "terminal.signature.parts.mor: unknown key; did you mean 'more'?"),
        ('done = ["00", "12", "25"]', "", "terminal.reversal.done: is missing"),
        ('letter = "I"', "letter = 3", "terminal.entries.chip.letter: must be a text in quotes"),
        ("tries = 3", "tries = 0", "terminal.reversal.tries: must be at least 1"),
        (
            'mode = "05{pin}"',
            'mode = "05{pim}"',
            "terminal.entries.chip.mode: '05{pim}' cannot be filled in; the",
        ),
        ('mode = "05{pin}"', 'mode = "05{pin"', "terminal.entries.chip.mode: '05{pin' cannot be filled in"),
        ('"3" = "sign_on"', '"x" = "sign_on"', "terminal.head.x: is no digit of a message header; write one of 0123"),
        (
            '"additional", 0, 11',
            '"additional", 0',
            "terminal.slip.names.issuer: must be an element, its first",
        ),
        ("pad = [240, 80]", "pad = [240]", "terminal.signature.pad: must be a width and a height in pixels"),
        ('types = ["07", "08"]', 'types = ["07"]', "terminal.signature.parts.types: must be two texts"),
    ],
)
def test_a_mistake_is_reported_with_its_line(right: str, mistake: str, says: str) -> None:
    assert right in TEXT
    text = TEXT.replace(right, mistake, 1)
    line = 0 if not mistake else text[: text.index(mistake)].count("\n") + 1
    with pytest.raises(DataError) as caught:
        read_terminal_profile(Table(parse_toml(text, "x.toml")).table("terminal"))
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"x.toml:{line}: " if line else "x.toml:")
