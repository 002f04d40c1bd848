"""What is said of an exchange: complete for machines, readable for people, harmless for both."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.journal.entry import COLUMNS, NUMBERS
from acquirer.journal.packed import PackedExchange
from acquirer.journal.render import render
from acquirer.model.evidence import Evidence
from acquirer.observe.event import LogEvent, utc
from acquirer.observe.event_lines import event_line
from acquirer.observe.lines import AsJson, AsText, exchange_line
from acquirer.settings.specs import load_dialect
from tests.journal.entries import entry_of

DIALECT = load_dialect("unionpay-pos")
AT_US = 1_767_254_400_000_000  # 2026-01-01 08:00:00 UTC
PAN = "6212345678901232"


def row(number: int = 3, **fields: Any) -> tuple[int, PackedExchange]:
    """An exchange as the journal has it."""
    usual = {"reply": {39: "A0"}, "tid": "10000001", "mti": "0200", "service": "sale", "stan": "000007", "code": "A0"}
    known = {**usual, "reason": "mac_differs", "why": "MAC differs", **fields}
    return number, render(Evidence(at_us=AT_US, dialect=DIALECT, **known))


def as_json(one: tuple[int, PackedExchange]) -> str:
    return AsJson().exchanges([one])[0]


def readable(one: tuple[int, PackedExchange], *, colour: bool = False) -> str:
    return AsText(UTC, colour=colour).exchanges([one])[0]


def test_an_exchange_is_one_json_object_without_what_is_empty() -> None:
    assert json.loads(as_json(row(took_us=1500))) == {
        "event": "exchange",
        "at": "2026-01-01T08:00:00.000Z",
        "id": 3,
        "dialect": "unionpay-pos",
        "mti": "0200",
        "service": "sale",
        "tid": "10000001",
        "stan": "000007",
        "code": "A0",
        "reason": "mac_differs",
        "why": "MAC differs",
        "took_ms": 1.5,
    }


def test_all_that_is_known_is_logged() -> None:
    full = row(
        peer="127.0.0.1:5",
        mid="880210010210162",
        batch="000001",
        rrn="000000000001",
        replayed=True,
        fault="silent",
        notes=("one", "two"),
    )
    line = json.loads(as_json(full))
    assert line["notes"] == ["one", "two"]
    assert line["replayed"] is True
    assert [line[name] for name in ("peer", "mid", "batch", "rrn", "fault")] == [
        "127.0.0.1:5",
        "880210010210162",
        "000001",
        "000000000001",
        "silent",
    ]


texts = st.text(max_size=8) | st.text(st.characters(max_codepoint=126), max_size=8)
records = st.fixed_dictionaries(
    {},
    optional={
        **{name: texts for name in COLUMNS if name not in ("dialect", "notes", *NUMBERS)},
        "notes": st.lists(texts.filter(lambda text: text and "\n" not in text), max_size=3).map(tuple),
        "replayed": st.booleans(),
        "took_us": st.integers(0, 2_000_000),
        "amount_minor": st.none() | st.integers(0, 10**12),
    },
)


@pytest.mark.slow
@given(st.lists(records, min_size=1, max_size=3))
def test_the_quick_way_to_write_a_line_says_the_same_as_any_other(several: list[dict[str, Any]]) -> None:
    rows = [(number, render(Evidence(at_us=AT_US, dialect=DIALECT, **record))) for number, record in enumerate(several)]
    together = AsJson().exchanges(rows)
    for (number, one), text in zip(rows, together, strict=True):
        assert json.loads(text) == exchange_line(entry_of(one, number))
        assert text == as_json((number, one))
        assert "\n" not in text


@pytest.mark.parametrize("name", ["why", "tid", "rrn", "peer"])
def test_no_character_breaks_a_line(name: str) -> None:
    for character in [*map(chr, range(256)), "\u2028", "\u94f6"]:
        values: dict[str, Any] = {name: f"a{character}b"}
        one = row(**values)
        text = as_json(one)
        assert json.loads(text) == exchange_line(entry_of(one[1], 3)), repr(character)
        assert "\n" not in text


def test_a_line_break_in_a_sentence_makes_no_second_line() -> None:
    line = json.loads(as_json(row(why="first\nsecond", notes=("one", "two"))))
    assert "\n" not in as_json(row(why="first\nsecond", notes=("one", "two")))
    assert line["notes"] == ["one", "two"]


@pytest.mark.parametrize(("took_us", "took_ms"), [(0, 0.0), (1, 0.001), (1000, 1.0), (4097, 4.097)])
def test_milliseconds_are_a_number(took_us: int, took_ms: float) -> None:
    assert json.loads(as_json(row(took_us=took_us)))["took_ms"] == took_ms


@pytest.mark.parametrize("at_us", [AT_US, AT_US + 7_999, AT_US + 45_000, AT_US + 999_999, AT_US + 1_000_000])
def test_a_time_has_three_digits_behind_its_second(at_us: int) -> None:
    assert utc(at_us) == f"2026-01-01T08:00:0{(at_us - AT_US) // 1_000_000}.{(at_us - AT_US) % 1_000_000 // 1000:03}Z"


def test_an_exchange_is_one_line_for_eyes() -> None:
    line = readable(row(notes=("clock is 2 h off",), fault="tunnel"))
    assert line == "08:00:00  10000001  0200 sale      000007  A0  MAC differs; clock is 2 h off [fault: tunnel]"


def test_an_exchange_without_an_answer_is_still_a_line() -> None:
    silent = row(
        tid="", mti="0210", service="", stan="", code="", reason="", why="a reply is never answered", reply=None
    )
    assert readable(silent).split() == ["08:00:00", "0210", "a", "reply", "is", "never", "answered"]


@pytest.mark.parametrize(
    ("reason", "code", "colour"),
    [("approved", "00", "32"), ("mac_differs", "A0", "33"), ("system_fault", "96", "31"), ("", "", "90")],
)
def test_the_code_is_painted_on_a_terminal(reason: str, code: str, colour: str) -> None:
    assert f"\x1b[{colour}m{code:2}\x1b[0m" in readable(row(reason=reason, code=code), colour=True)


@given(st.text(), st.text(max_size=8))
def test_nothing_from_the_wire_can_play_with_the_terminal(why: str, tid: str) -> None:
    one = row(why=why, tid=tid)
    assert readable(one).isprintable()
    assert "批准" in readable(row(why="批准"))
    assert "\n" not in as_json(one)


def test_a_card_number_in_a_sentence_is_masked() -> None:
    one = row(why=f"card {PAN} is blocked", notes=(f"also {PAN}",))
    for text in (readable(one), as_json(one)):
        assert PAN not in text
        assert text.count("621234******1232") == 2


def test_an_event_has_its_sentence_and_fields() -> None:
    event = LogEvent(AT_US, "refused", "this is HTTP", {"peer": "127.0.0.1:5", "n": 2, "tid": ""})
    line = {"event": "refused", "at": "2026-01-01T08:00:00.000Z", "why": "this is HTTP", "peer": "127.0.0.1:5", "n": 2}
    assert json.loads(AsJson().event(event)) == event_line(event) == line
    assert AsText(UTC, colour=False).event(event) == "08:00:00  refused: this is HTTP peer=127.0.0.1:5 n=2"
    assert AsText(UTC, colour=False).event(LogEvent(AT_US, "bye", "", {})) == "08:00:00  bye"
