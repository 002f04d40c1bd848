"""Readings are weighed no further than needed, and those that win are the ones that would win if all were weighed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.inspect.guess import variants
from acquirer.inspect.readings import LOOKED_AT, MOST, Cut, Reading, Weights, best_readings
from acquirer.settings.specs import dialect_names, load_dialect
from acquirer.wire.framing import Framing

DIALECTS = [load_dialect(name) for name in dialect_names()]
FRAMES = [
    bytes.fromhex(sample.hex)[dialect.framing.before_bytes :] for dialect in DIALECTS for sample in dialect.samples
]


def readings(cuts: list[Cut]) -> list[Reading]:
    return [Reading(dialect, variant, None, cuts) for dialect in DIALECTS for variant in variants(dialect)]


class Counting(Weights):
    def __init__(self) -> None:
        super().__init__()
        self.frames = 0

    def weigh(self, dialect, frame):
        self.frames += 1
        return super().weigh(dialect, frame)


@pytest.mark.slow
@given(
    st.lists(st.lists(st.sampled_from(FRAMES), min_size=1, max_size=LOOKED_AT + 1), min_size=1, max_size=3), st.data()
)
def test_the_best_are_those_of_all(streams: list[list[bytes]], data: st.DataObject) -> None:
    cuts = []
    for frames in streams:
        damaged = [
            frame[: data.draw(st.integers(1, len(frame)))] if data.draw(st.booleans()) else frame for frame in frames
        ]
        cuts.append(Cut(data.draw(st.sampled_from([None, Framing()])), tuple(damaged), data.draw(st.integers(-1, 1))))
    everything = readings(cuts)
    for reading in everything:
        while not reading.complete:
            reading.weigh_next(Weights())
    most = max(reading.points for reading in everything)
    weights = Counting()
    best = best_readings(readings(cuts), weights)
    expected = [reading for reading in everything if reading.points == most]
    assert [(one.dialect.name, one.variant.envelope) for one in best] == [
        (one.dialect.name, one.variant.envelope) for one in expected
    ]
    assert {reading.points for reading in best} == {most}
    assert weights.frames <= sum(len(cut.frames[:LOOKED_AT]) for cut in cuts) * len(everything)


def test_a_capture_costs_few_frames_of_other_dialects() -> None:
    weights = Counting()
    cuts = [Cut(None, tuple(FRAMES[-LOOKED_AT:]), 0)] * 20
    best_readings(readings(cuts), weights)
    assert weights.frames < 8 * LOOKED_AT * len(cuts)  # of 29 readings


@pytest.mark.slow
@pytest.mark.parametrize("frame", FRAMES)
def test_no_frame_has_more_points_than_most(frame: bytes) -> None:
    for dialect in DIALECTS:
        assert Weights().weigh(dialect, frame)[0] <= MOST
