"""The page about framings shows the bytes that are sent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acquirer.data.toml import parse_toml
from acquirer.dialect.loading import load
from acquirer.settings.specs import load_dialect
from acquirer.wire.deframer import make_deframer

PAGE = (Path(__file__).parents[2] / "docs" / "framings.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (`length = .*?) \| (.*?) \|", PAGE, re.MULTILINE)
MESSAGE = bytes.fromhex(load_dialect("unionpay-pos").samples[0].hex)[2:].replace(b"\x03", b"\x04")


def find_nothing(name):
    raise AssertionError(name)


@pytest.mark.parametrize(("written", "shown"), ROWS, ids=[written for written, _ in ROWS])
def test_every_row_is_what_goes_over_the_wire(written, shown):
    keys = "\n".join(re.findall("`(.*?)`", written))
    text = (
        f'dialect = "x"\ntitle = "x"\n[framing]\n{keys if "limit" in keys else keys + chr(10) + "limit_bytes = 8192"}\n'
    )
    framing = load(parse_toml(text, "page.toml"), find_nothing).framing
    before, _, after = shown.replace("`", "").partition("M")
    wire = bytes.fromhex(before) + MESSAGE + bytes.fromhex(after)
    assert len(MESSAGE) == 60
    assert framing.wrap(MESSAGE) == wire
    deframer = make_deframer(framing)
    deframer.feed(wire * 2)
    assert list(deframer) == [MESSAGE] * 2


def test_the_page_names_the_channels_people_know():
    assert len(ROWS) == 19
    for name in ("NAC", "NCC", "ASCII", "BCD", "Post", "HEX", "CS", "Raw", "VAP", "BASE24TCP", "BASE24", "Amex"):
        assert f"`{name}Channel`" in PAGE
