"""The fault ``late``."""

from __future__ import annotations

import pytest

from acquirer.model.effects import Close, Effect, Send, SendBytes, Silence
from acquirer.scenario.faults import Fault, Stage, parse
from acquirer.scenario.faults.late import Late


def late(after_ms: int) -> Fault:
    return Fault("slow", Late(after_ms))


def test_the_reply_is_held_back(sale):
    assert list(late(250).apply([Send(b"reply")], sale)) == [Send(b"reply", delay_ms=250)]


def test_what_follows_the_first_piece_waits_for_it_and_is_not_delayed_again(sale):
    effects: list[Effect] = [SendBytes(b"a", delay_ms=10), SendBytes(b"b", delay_ms=20), Close("x")]
    assert list(late(5).apply(effects, sale)) == [
        SendBytes(b"a", delay_ms=15),
        SendBytes(b"b", delay_ms=20),
        Close("x"),
    ]


def test_what_sends_nothing_is_left_as_it_is(sale):
    assert list(late(5).apply([Silence("x"), Close("y")], sale)) == [Silence("x"), Close("y")]


def test_effects_are_not_altered(sale):
    reply = Send(b"reply")
    assert list(late(5).apply([reply], sale)) != [reply]
    assert reply == Send(b"reply", delay_ms=0)


@pytest.mark.parametrize(
    ("text", "after_ms"),
    [("late", 3000), ("late:after=250ms", 250), ("late:after=3s", 3000), ("late:after=1.5", 1500)],
)
def test_it_is_written_with_a_duration(text, after_ms):
    assert parse(text) == Fault("late", Late(after_ms))
    assert parse(text).stage is Stage.SENDING


@pytest.mark.parametrize(
    ("after", "sentence"),
    [
        ("soon", "'soon' is not a duration; write it like 3s, 250ms or 1min (without a unit: seconds)"),
        ("-1s", "'-1s' is not a duration; write it like 3s, 250ms or 1min (without a unit: seconds)"),
        ("0.5ms", "'0.5ms' is not a whole number of milliseconds"),
        ("25h", "'25h' is not a duration; write it like 3s, 250ms or 1min (without a unit: seconds)"),
        ("1441min", "'1441min' is longer than a day; write at most 1440min"),
    ],
)
def test_an_unusable_duration_is_one_sentence(after, sentence):
    with pytest.raises(ValueError) as caught:
        parse(f"late:after={after}")
    assert str(caught.value) == f"fault 'late:after={after}': after: {sentence}"
