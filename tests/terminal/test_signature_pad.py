"""What may be kept of a pad: names are, blanks, dots, smudges and thickets are not."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from acquirer.signature.bitmap import Bitmap
from acquirer.signature.jbig_decoder import decode_jbig
from acquirer.signature.pen import draw_signature as write
from acquirer.terminal.exchange import Outcome, Signed
from acquirer.terminal.sale import sale
from acquirer.terminal.signature import Again, sign
from acquirer.terminal.signature_pad import Pad
from acquirer.terminal.upload import upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from acquirer.terminal.sale import Order
    from tests.terminal.conftest import Bench, Foreign

WIDTH, HEIGHT = 240, 80


def pad(rows: list[int]) -> Pad:
    return Pad(Bitmap.from_rows(WIDTH, rows))


BLANK = pad([0] * HEIGHT)
DOTS = pad([0b110 << 40 * (y // 20) if y % 20 < 2 else 0 for y in range(HEIGHT)])
TINY = pad([0b1111111111111111 if 30 <= y < 46 else 0 for y in range(HEIGHT)])
LINE = pad([(1 << 200) - 1 if y == 40 else 0 for y in range(HEIGHT)])
THICKET = pad([Random(y).getrandbits(WIDTH) & Random(-y - 1).getrandbits(WIDTH) for y in range(HEIGHT)])
INVERTED = pad([(1 << WIDTH) - 1 for _ in range(HEIGHT)])


@pytest.fixture
def sold(signed_on: Bench, host: Foreign, make_order: Callable[..., Order]) -> Bench:
    signed_on.run(sale(signed_on.machine, make_order()), host.reply(de15="1120", de37="123456789012"))
    return signed_on


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["touch", "pen", "fingerprint"])
@pytest.mark.parametrize("name", ["Zhang San", "Li Wei", "Maximilian von Habsburg"])
def test_names_and_fingers_are_signatures(sold: Bench, mode: Any, name: str) -> None:
    drawn = write(name, 11, mode=mode)
    assert sold.run(sign(sold.machine, Again(Pad(drawn, mode)))).signature is Signed.KEPT
    kept = sold.state.voucher
    assert (kept.capture, 150 <= len(kept.image) <= 900) == (mode, True)


@pytest.mark.parametrize(
    ("drawn", "became", "says"),
    [
        (BLANK, Signed.UNSIGNED, "there is no signature"),
        (DOTS, Signed.AGAIN, "please sign again: 4 dots"),
        (TINY, Signed.AGAIN, "please sign again: all ink is within 16 × 16 pixels"),
        (LINE, Signed.AGAIN, "a name has 150 at least"),
        (THICKET, Signed.AGAIN, "please sign again, with fewer strokes: compressed it has"),
        (INVERTED, Signed.AGAIN, "paper and ink are exchanged"),
        (Pad(Bitmap(400, 20, bytes(50 * 9) + b"\xff" * 50 + bytes(50 * 10))), Signed.AGAIN, "a slip takes 384"),
    ],
)
def test_what_is_none(sold: Bench, host: Foreign, drawn: Pad, became: Signed, says: str) -> None:
    result = sold.run(sign(sold.machine, Again(drawn)))
    assert (result.outcome, result.signature) == (Outcome.REFUSED, became)
    assert says in result.sentence
    assert sold.run(upload(sold.machine)).sentence == "no signature waits for its upload"


def test_a_sale_stays_approved_with_any_drawing(
    signed_on: Bench, host: Foreign, make_order: Callable[..., Order]
) -> None:
    result = signed_on.run(sale(signed_on.machine, make_order(pad=THICKET)), host.reply())
    assert (result.outcome, result.signature) == (Outcome.APPROVED, Signed.AGAIN)
    assert signed_on.run(sign(signed_on.machine, Again(Pad(write("Li Wei", 1))))).signature is Signed.KEPT


def test_a_declined_sale_is_not_signed(signed_on: Bench, host: Foreign, make_order: Callable[..., Order]) -> None:
    result = signed_on.run(sale(signed_on.machine, make_order(pad=Pad(write("Li Wei", 1)))), host.reply("51"))
    assert (result.signature, signed_on.state.waiting) == (None, ())


def test_what_cannot_be_kept_leaves_what_was_drawn_before(sold: Bench) -> None:
    sold.run(sign(sold.machine, Again(Pad(write("Li Wei", 1)))))
    before = sold.state.waiting
    sold.run(sign(sold.machine, Again(THICKET)))
    assert sold.state.waiting == before


def test_a_pad_too_small_for_the_watermark_goes_without(sold: Bench) -> None:
    finger = write("", 7, mode="fingerprint")
    rows = [int.from_bytes(finger.row(y), "big") >> 95 & (1 << 50) - 1 for y in range(HEIGHT)]
    narrow = Bitmap.from_rows(50, rows)
    assert sold.run(sign(sold.machine, Again(Pad(narrow)))).signature is Signed.KEPT
    assert decode_jbig(sold.state.voucher.image).bitmap == narrow
