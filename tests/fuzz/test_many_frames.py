"""A million damaged frames through deframer and codecs, counted; `scripts/fuzz --nightly` reads fifty million."""

from __future__ import annotations

from random import Random

import pytest

from acquirer.settings.specs import load_dialect
from acquirer.wire.reference import DecodedFields, ReferenceCodec
from tests.fuzz import frames
from tests.fuzz.frames import DIALECTS, frames_of
from tests.fuzz.many_frames import IN_TESTS, READ, REFUSED, STREAM, FrameFailed, read_many, share
from tests.fuzz.mutators import WAYS, damaged


@pytest.mark.slow
@pytest.mark.parametrize("name", DIALECTS)
def test_a_million_damaged_frames(name: str) -> None:
    """All dialects together: `IN_TESTS`."""
    counted = read_many(name, share(IN_TESTS), "tests")
    assert counted["frames"] * len(DIALECTS) >= IN_TESTS
    assert counted[READ] > counted["frames"] / 40  # else damage is so great that nothing is ever read
    assert counted[REFUSED] > counted["frames"] / 2
    assert counted[STREAM] > 0


def test_the_same_seed_damages_alike() -> None:
    good = frames_of("unionpay-pos")
    first, second, other = (
        [damaged(good, random) for _ in range(50)] for random in (Random("1"), Random("1"), Random("2"))
    )
    assert first == second != other


def test_each_way_damages() -> None:
    good = frames_of("unionpay-pos")
    for way in WAYS:
        changed = set()
        for number in range(20):
            frame = bytearray(good[0])
            way(frame, Random(number), good)
            changed.add(bytes(frame))
        assert changed - {good[0]}, way


def test_a_frame_that_is_read_otherwise_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reference that finds another STAN than the codec: the failure holds the frame."""
    monkeypatch.setattr(frames, "reference_of", OtherReference)
    with pytest.raises(FrameFailed, match=r"unionpay-pos: frame \d+ of seed 'x' is [0-9a-f]+") as caught:
        read_many("unionpay-pos", 2000, "x")
    assert isinstance(caught.value.__cause__, AssertionError)


class OtherReference:
    def __init__(self, name: str) -> None:
        self._codec = ReferenceCodec(load_dialect(name).grammar)

    def decode(self, frame: bytes) -> DecodedFields:
        mti, fields, spans = self._codec.decode(frame)
        return mti, fields | ({11: "999999"} if 11 in fields else {}), spans
