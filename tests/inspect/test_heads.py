"""Heads that no dialect has are named with their size, and every framing of docs/framings.md is tried."""

from __future__ import annotations

import re

import pytest

from acquirer.data.toml import parse_toml
from acquirer.dialect.loading import load
from acquirer.inspect.doctor import diagnose_capture
from acquirer.settings.specs import dialect_names, load_dialect
from tests.inspect.test_dresses import frame_of
from tests.wire.test_framings_page import ROWS, find_nothing

DIALECTS = {name: load_dialect(name) for name in dialect_names()}
WITHOUT_HEAD = ["iso8583-1987-ascii", "iso8583-1987-binary", "iso8583-1987-ebcdic", "iso8583-1993-bcd"]


def diagnosed(data):
    diagnosis = diagnose_capture(data, list(DIALECTS.values()))
    (group,) = diagnosis.groups
    return group, [found.frame for _, found in diagnosis.messages if found.message]


@pytest.mark.parametrize("name", WITHOUT_HEAD)
@pytest.mark.parametrize(
    "head", [b"ISO015000055", b"A4M04000", b"BASE24", b"VISA0001", b"XYZ", b"PAYTERM01TERMINAL0001AB123456789"]
)
def test_a_dialect_is_tried_behind_a_head_of_text(name, head):
    _, frame = frame_of(DIALECTS[name], DIALECTS[name].samples[0])
    group, found = diagnosed(head + frame)
    assert found == [head + frame]
    assert group.why[0].endswith(f": a head of {len(head)} bytes '{head.decode()}', no length before it")
    assert group.certainty == "sure"


@pytest.mark.slow
@pytest.mark.parametrize("name", WITHOUT_HEAD)
@pytest.mark.parametrize("size", range(1, 33))
def test_a_dialect_is_tried_behind_a_head_of_each_size(name, size):
    _, frame = frame_of(DIALECTS[name], DIALECTS[name].samples[0])
    data = bytes(0x80 | (7 * at) & 0x1F for at in range(1, size + 1)) + frame
    for wire in (data, len(data).to_bytes(2) + data):
        group, found = diagnosed(wire)
        assert found == [data]
        assert f"a head of {size} byte" in group.why[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*WITHOUT_HEAD, "unionpay-pos"])
@pytest.mark.parametrize("written", [written for written, _ in ROWS])
def test_every_framing_of_the_page_is_tried(name, written):
    keys = re.findall("`(.*?)`", written)
    limit = [] if "limit_bytes" in written else ["limit_bytes = 8192"]
    text = "\n".join(['dialect = "x"', 'title = "x"', "[framing]", *keys, *limit])
    framing = load(parse_toml(text, "page.toml"), find_nothing).framing
    frames = [frame_of(DIALECTS[name], one)[1] for one in DIALECTS[name].samples]
    frames = [one for one in frames if len(one) <= framing.limit_bytes and not (framing.end and framing.end in one)][:3]
    for part in (frames[:1], frames):
        group, found = diagnosed(b"".join(map(framing.wrap, part)))
        assert (found, group.certainty, group.guess.framing) == (part, "sure", framing.spelling)
