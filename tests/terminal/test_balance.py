"""Balance inquiries: the bytes another program computed; no slip, no reversal."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from acquirer.signature.pen import draw_signature
from acquirer.terminal.balance import balance
from acquirer.terminal.card import card
from acquirer.terminal.exchange import Outcome
from acquirer.terminal.rendering import line, result_json
from acquirer.terminal.sale import sale
from acquirer.terminal.signature_pad import Pad
from tests.terminal import vectors

if TYPE_CHECKING:
    from collections.abc import Callable

    from acquirer.terminal.effects import Response
    from acquirer.terminal.sale import Order
    from tests.terminal.conftest import Bench, Foreign

    Orders = Callable[..., Order]


def test_the_published_inquiry_and_its_reply(make_bench: type[Bench], signed_on: Bench, make_order: Orders) -> None:
    state = replace(signed_on.state, tid=vectors.TID, mid=vectors.MID, batch=vectors.BATCH, stan="000139")
    bench = make_bench(state, tid=vectors.TID, mid=vectors.MID)
    held = card(track2=vectors.TRACK2, pin=vectors.PIN)
    result = bench.run(balance(bench.machine, make_order(0, held, "magstripe")), vectors.frame(vectors.BALANCE_REPLY))
    assert bench.requests[0].raw == vectors.frame(vectors.BALANCE)
    assert (result.outcome, result.balance_minor) == (Outcome.APPROVED, 123_456)
    assert line(bench.exchanges[0]) == (
        "→ 0200 balance inquiry STAN 000140 621234******1232 … ← 0210 00 approved · balance 1234.56 · 3 ms"
    )
    assert json.loads(json.dumps(result_json(result)))["balance_minor"] == 123_456


def test_it_leaves_nothing(signed_on: Bench, host: Foreign, make_order: Orders) -> None:
    result = signed_on.run(balance(signed_on.machine, make_order()), host.reply(de54="1002156D000000000100"))
    assert (result.balance_minor, result.receipt) == (-100, None)
    assert 4 not in signed_on.requests[0].fields
    assert 55 in signed_on.requests[0].fields
    state = signed_on.state
    assert (state.pending, state.last, state.voucher, state.sales) == (None, None, None, ())


def test_without_an_answer_nothing_is_undone(signed_on: Bench, make_order: Orders, silence: Response) -> None:
    result = signed_on.run(balance(signed_on.machine, make_order()), silence)
    assert (result.outcome, result.reversal) == (Outcome.NO_ANSWER, "")
    assert [request.mti for request in signed_on.requests] == ["0200"]


@pytest.mark.parametrize("amounts", [None, "1002156C12", "1002156Cxxxxxxxxxxxx"])
def test_an_approval_without_a_balance_says_so(
    signed_on: Bench, host: Foreign, make_order: Orders, amounts: str | None
) -> None:
    result = signed_on.run(balance(signed_on.machine, make_order()), host.reply(de54=amounts))
    assert (result.outcome, result.balance_minor) == (Outcome.APPROVED, None)
    assert result.exchange.notes == ("the reply has no balance",)


def test_a_sale_shows_a_balance_too(signed_on: Bench, host: Foreign, make_order: Orders) -> None:
    result = signed_on.run(sale(signed_on.machine, make_order()), host.reply(de54="1002156C000000000100"))
    assert result.balance_minor == 100


def test_no_signature_goes_up_after_it(signed_on: Bench, host: Foreign, make_order: Orders) -> None:
    """A signature goes up after the next transaction that has a slip."""
    pad = Pad(draw_signature("Zhang San", 7))
    signed_on.run(sale(signed_on.machine, make_order(pad=pad)), host.reply())
    signed_on.run(balance(signed_on.machine, make_order()), host.reply(de54="1002156C000000000100"))
    assert [request.mti for request in signed_on.requests] == ["0200", "0200"]
    assert len(signed_on.state.waiting) == 1
