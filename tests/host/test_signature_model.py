"""Any conversation about signatures against a model of what must be kept; and any bytes at all in an upload."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from acquirer.host.signature_policy import parse_checks
from acquirer.signature import jbig_encoder
from acquirer.signature.pen import draw_signature

IMAGES = [jbig_encoder.encode_jbig(draw_signature(name, seed=1)) for name in ("Ann", "Bob", "Carl")]


class Shop(RuleBasedStateMachine):
    """One terminal that closes its batch at sign-off, and what its signatures must come to."""

    make_rig: Any = None

    @initialize()
    def open(self) -> None:
        self.rig = self.make_rig()
        self.rig.register(required="per-batch")
        self.pos = self.rig.pos()
        self.pos.sign_on()
        self.sales: dict[tuple[str, str], int] = {}
        self.kept: dict[tuple[str, str], list[bytes]] = {}
        self.gone: set[tuple[str, str]] = set()

    def pick(self, at: int) -> tuple[str, str] | None:
        return list(self.sales)[at % len(self.sales)] if self.sales else None

    @rule(amount=st.integers(1, 5000))
    def sell(self, amount: int) -> None:
        assert self.pos.sale(amount).code == "00"
        self.sales[self.pos.batch, self.pos.last] = amount

    @rule()
    def next_batch(self) -> None:
        self.pos.sign_off()
        self.pos.sign_on()

    @rule(at=st.integers(0, 99))
    def reverse(self, at: int) -> None:
        key = self.pick(at)
        if key is not None:
            assert self.pos.reverse(key[1], self.sales[key], batch=key[0]).code == "00"
            self.gone.add(key)

    @rule(at=st.integers(0, 99), image=st.sampled_from(IMAGES), bad=st.booleans())
    def upload(self, at: int, image: bytes, bad: bool) -> None:
        key = self.pick(at)
        if key is None:
            return
        amount = self.sales[key] + bad
        answer = self.pos.upload(key[1], image, batch=key[0], amount=f"{amount:012}", rrn=None, slip=None)
        before = self.kept.get(key, [])
        if image in before:
            assert answer.code == "94"
        elif bad:
            assert answer.code == "25"
        elif before and key[0] != self.pos.batch:
            assert answer.code == "94"
        else:
            assert answer.code == "00"
            self.kept.setdefault(key, []).append(image)
        assert answer.why

    @rule(stan=st.integers(900_000, 999_999))
    def upload_for_nothing(self, stan: int) -> None:
        assert self.pos.upload(f"{stan:06}", IMAGES[0]).code == "25"

    @invariant()
    def every_signature_stands_once_beside_its_sale(self) -> None:
        found: dict[tuple[str, str], list[bytes]] = {}
        for one in self.rig.store.signatures:
            key = (one.key.batch, one.key.stan)
            found.setdefault(key, []).append(self.rig.store.blobs[one.digest])
            assert one.number == len(found[key])
            assert one.amount_minor == self.sales[key]
        assert found == self.kept

    @invariant()
    def no_signature_changes_the_books(self) -> None:
        assert self.rig.booked_minor() == sum(amount for key, amount in self.sales.items() if key not in self.gone)


@pytest.mark.slow
def test_any_conversation(new_rig):
    Shop.make_rig = staticmethod(new_rig)
    run_state_machine_as_test(Shop, settings=settings(max_examples=40, stateful_step_count=20, deadline=None))


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(
    image=st.binary(max_size=300) | st.builds(lambda tail: IMAGES[0][:20] + tail, st.binary(max_size=200)),
    slip=st.none() | st.binary(max_size=120),
    part=st.integers(0, 9),
    last=st.booleans(),
    mode=st.sampled_from(["strict", "log", "off"]),
    rrn=st.none() | st.text(st.sampled_from("0123456789XYZ"), min_size=12, max_size=12),
)
def test_any_bytes_are_answered_and_explained(image, slip, part, last, mode, rrn, new_rig):
    rig = new_rig(checks=parse_checks([f"{check}={mode}" for check in ("slip", "header", "parts", "pixels", "rrn")]))
    rig.register()
    pos = rig.pos()
    pos.sign_on()
    pos.sale()
    fields = {"part": part, "last": last} if part else {}
    answer = pos.upload(pos.last, image, slip=slip, rrn=rrn, **fields)
    assert answer.code in ("00", "25", "30")
    assert answer.why
    assert len(rig.store.signatures) <= 1
    if answer.code != "00":
        assert not rig.store.signatures
