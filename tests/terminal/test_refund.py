"""Refunds: the bytes another program computed, repeats of what got no answer, and how to ask again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from acquirer.security.vault import Vault
from acquirer.signature.pen import draw_signature
from acquirer.terminal.card import card
from acquirer.terminal.effects import Keep
from acquirer.terminal.exchange import Outcome, Signed
from acquirer.terminal.named_sale import SaleName
from acquirer.terminal.order import OrderError
from acquirer.terminal.refund import RefundOrder, refund, refund_again
from acquirer.terminal.rendering import line
from acquirer.terminal.reversal import Undo, reverse
from acquirer.terminal.sale import sale
from acquirer.terminal.signature_pad import Pad
from acquirer.terminal.state import dump, load
from acquirer.testing import Playbook
from tests.terminal import vectors

if TYPE_CHECKING:
    from collections.abc import Callable

    from acquirer.terminal.effects import Response
    from acquirer.terminal.sale import Order
    from tests.terminal.conftest import Bench, Foreign

    Orders = Callable[..., Order]

HELD = card(vectors.PAN, vectors.EXPIRY)
NAMED = SaleName(rrn=vectors.RRN, date=vectors.DATE, amount_minor=4_000, card=HELD, entry="manual")
UNKNOWN = (
    "the refund of STAN 000012 in batch 000007 (40.00) got no answer: whether the host has booked it is unknown; "
    "'refund --again' sends it again"
)


@pytest.fixture
def published(make_bench: type[Bench], signed_on: Bench) -> Bench:
    """The terminal of the published messages; it knows nothing of the sale."""
    state = replace(signed_on.state, tid=vectors.TID, mid=vectors.MID, batch=vectors.BATCH, stan="000135")
    return make_bench(state, tid=vectors.TID, mid=vectors.MID)


@pytest.fixture
def sold(signed_on: Bench, host: Foreign, make_order: Orders) -> Bench:
    """A terminal whose last sale is STAN 000012, 12.34, reference number 112012345678."""
    signed_on.run(sale(signed_on.machine, make_order()), host.reply(de37="112012345678"))
    return signed_on


@pytest.fixture
def unknown(signed_on: Bench, silence: Response) -> Bench:
    """A terminal whose refund of 40.00, STAN 000012, got no answer in three tries."""
    result = signed_on.run(refund(signed_on.machine, RefundOrder(NAMED)), silence, silence, silence)
    assert (result.outcome, result.sentence, result.reversal) == (Outcome.NO_ANSWER, UNKNOWN, "")
    return signed_on


def test_the_published_refund_and_its_reply(published: Bench) -> None:
    result = published.run(refund(published.machine, RefundOrder(NAMED)), vectors.frame(vectors.REFUND_REPLY))
    assert published.requests[0].raw == vectors.frame(vectors.REFUND)
    assert (result.outcome, published.state.unanswered, published.state.pending) == (Outcome.APPROVED, None, None)
    slip = result.receipt
    assert (slip.kind, slip.credit, slip.amount_minor, slip.entry) == ("退货/REFUND", True, 4_000, "M")
    assert (slip.original_stan, slip.original_rrn, slip.original_date) == ("", vectors.RRN, vectors.DATE)


class TestWhichSale:
    def test_the_last_one_whole_and_without_a_card(self, sold: Bench, host: Foreign) -> None:
        sold.run(refund(sold.machine, RefundOrder()), host.reply())
        fields = sold.requests[-1].fields
        assert sorted(fields) == [2, 3, 4, 11, 14, 22, 25, 37, 41, 42, 49, 60, 61, 63, 64]
        assert (fields[4], fields[22], fields[37], fields[61], fields[63]) == (
            "000000001234",
            "012",
            "112012345678",
            "0000000000001120",
            "000",
        )

    def test_a_part_of_an_earlier_one(self, sold: Bench, host: Foreign, make_order: Orders) -> None:
        sold.run(sale(sold.machine, make_order(500)), host.reply(de37="112000000013"))
        name = SaleName(stan="000012", amount_minor=234)
        for _ in range(2):
            sold.run(refund(sold.machine, RefundOrder(name)), host.reply())
            assert (sold.requests[-1].fields[4], sold.requests[-1].fields[37]) == ("000000000234", "112012345678")

    def test_a_card_that_is_swiped_has_no_pin(self, sold: Bench, host: Foreign) -> None:
        sold.run(refund(sold.machine, RefundOrder(SaleName(card=HELD, entry="magstripe"))), host.reply())
        fields = sold.requests[-1].fields
        assert (fields[22], fields[35][:16], 2 in fields, 52 in fields) == ("022", vectors.PAN, False, False)

    def test_a_chip_is_read_for_its_number_only(self, sold: Bench, host: Foreign) -> None:
        sold.run(refund(sold.machine, RefundOrder(SaleName(card=HELD))), host.reply())
        assert (sold.requests[-1].fields[22], 55 in sold.requests[-1].fields) == ("052", False)

    def test_nothing_to_refund(self, signed_on: Bench) -> None:
        result = signed_on.run(refund(signed_on.machine, RefundOrder()))
        assert (result.outcome, result.sentence) == (
            Outcome.REFUSED,
            "there is no sale to refund; name one with --stan, or with --rrn, --date and --amount",
        )

    @pytest.mark.parametrize(
        ("name", "problem"),
        [
            (replace(NAMED, date=""), "not refunded: it names its sale by date too: give --date MMDD"),
            (replace(NAMED, amount_minor=None), "is not kept here: give --amount to refund it"),
            (replace(NAMED, card=None), f"the sale of reference number {vectors.RRN} is not kept here: give its card"),
            (replace(NAMED, rrn="12"), "--rrn '12' is no reference number here: give all 12 characters"),
            (replace(NAMED, card=card(vectors.PAN, "3012", pin="123456")), "a refund carries no PIN"),
        ],
    )
    def test_what_lacks_is_named_before_anything_leaves(self, signed_on: Bench, name: SaleName, problem: str) -> None:
        with pytest.raises(OrderError, match=problem):
            signed_on.run(refund(signed_on.machine, RefundOrder(name)))
        assert (signed_on.requests, signed_on.state.unanswered) == ([], None)


class TestWithoutAnAnswer:
    def test_it_goes_out_again_as_a_repeat_and_is_never_reversed(
        self, signed_on: Bench, host: Foreign, silence: Response
    ) -> None:
        result = signed_on.run(
            refund(signed_on.machine, RefundOrder(NAMED)), silence, host.reply(mac=False), host.reply()
        )
        assert [request.mti for request in signed_on.requests] == ["0220", "0221", "0221"]
        assert signed_on.fresh == [False, True, True]
        first, *repeats = signed_on.requests
        for request in repeats:
            assert {de: value for de, value in request.fields.items() if de != 64} == {
                de: value for de, value in first.fields.items() if de != 64
            }
            assert signed_on.setup.suite.verify_message(host.keys, request)
        assert (result.outcome, result.receipt.stan) == (Outcome.APPROVED, "000012")
        assert [exchange.outcome for exchange in signed_on.exchanges] == [
            Outcome.NO_ANSWER,
            Outcome.MAC_DIFFERS,
            Outcome.APPROVED,
        ]
        assert line(signed_on.exchanges[1]).startswith("→ 0221 refund STAN 000012 40.00 621234******1232 … ")

    def test_after_three_tries_it_is_kept(self, unknown: Bench) -> None:
        kept = unknown.state.unanswered
        assert (kept.mti, kept.stan, kept.amount_minor, kept.card) == ("0220", "000012", 4_000, "621234******1232")
        assert (unknown.state.pending, unknown.state.voucher) == (None, None)

    def test_it_is_sent_again_by_hand(self, unknown: Bench, host: Foreign) -> None:
        pad = Pad(draw_signature("Zhang San", 7))
        result = unknown.run(refund_again(unknown.machine, pad), host.reply(de37="112000000012"))
        again = unknown.requests[-1]
        assert (again.mti, again.fields[11], again.fields[37]) == ("0221", "000012", vectors.RRN)
        assert (result.outcome, result.signature, unknown.state.unanswered) == (Outcome.APPROVED, Signed.KEPT, None)
        slip = result.receipt
        assert (slip.rrn, slip.original_rrn, slip.original_date, slip.entry) == (
            "112000000012",
            vectors.RRN,
            vectors.DATE,
            "M",
        )

    def test_after_a_restart_without_the_track(
        self, signed_on: Bench, make_bench: type[Bench], host: Foreign, silence: Response
    ) -> None:
        swiped = replace(NAMED, entry="magstripe")
        signed_on.run(refund(signed_on.machine, RefundOrder(swiped)), silence, silence, silence)
        vault = Vault(bytes(32))
        text = dump(signed_on.state, vault, bytes)
        track = signed_on.requests[0].fields[35]
        assert isinstance(track, str)
        assert track not in text
        bench = make_bench(load(text, vault))
        assert not {26, 35, 36, 52, 53} & set(bench.state.unanswered.fields)
        result = bench.run(refund_again(bench.machine), host.reply())
        assert (bench.requests[0].fields[2], bench.requests[0].fields[22]) == (vectors.PAN, "022")
        assert (result.outcome, result.receipt.entry) == (Outcome.APPROVED, "S")

    def test_again_may_get_no_answer_either(self, unknown: Bench, silence: Response, no_line: Response) -> None:
        result = unknown.run(refund_again(unknown.machine), silence, silence, silence)
        assert (result.outcome, result.sentence) == (Outcome.NO_ANSWER, UNKNOWN)
        result = unknown.run(refund_again(unknown.machine), no_line)
        assert (result.outcome, result.sentence) == (Outcome.NOT_SENT, UNKNOWN)
        assert unknown.state.unanswered is not None

    def test_a_line_that_breaks_between_two_tries_leaves_it_unknown(
        self, signed_on: Bench, silence: Response, no_line: Response
    ) -> None:
        result = signed_on.run(refund(signed_on.machine, RefundOrder(NAMED)), silence, no_line, no_line)
        assert (result.outcome, result.sentence) == (Outcome.NO_ANSWER, UNKNOWN)

    def test_without_a_connection_nothing_is_kept(self, signed_on: Bench, no_line: Response) -> None:
        result = signed_on.run(refund(signed_on.machine, RefundOrder(NAMED)), no_line)
        assert (result.outcome, result.sentence, signed_on.state.unanswered) == (Outcome.NOT_SENT, "", None)

    def test_a_decline_ends_it(self, signed_on: Bench, host: Foreign, silence: Response) -> None:
        result = signed_on.run(refund(signed_on.machine, RefundOrder(NAMED)), silence, host.short("61"))
        assert (result.outcome, result.code, signed_on.state.unanswered) == (Outcome.DECLINED, "61", None)

    def test_an_answer_that_only_wants_a_sign_on_does_not(
        self, signed_on: Bench, host: Foreign, silence: Response
    ) -> None:
        result = signed_on.run(
            refund(signed_on.machine, RefundOrder(NAMED)), silence, host.short("A0"), host.sign_on(), host.reply()
        )
        assert [request.mti for request in signed_on.requests] == ["0220", "0221", "0800", "0221"]
        assert result.outcome is Outcome.APPROVED

    @pytest.mark.parametrize("code", ["91", "96"])
    def test_an_answer_that_decides_nothing_does_not_either(
        self, signed_on: Bench, host: Foreign, silence: Response, code: str
    ) -> None:
        """The first message may have been booked before the host came into trouble."""
        answers = (silence, host.short(code), host.short(code))
        result = signed_on.run(refund(signed_on.machine, RefundOrder(NAMED)), *answers)
        assert (result.outcome, result.sentence) == (Outcome.NO_ANSWER, UNKNOWN)
        plain = signed_on.run(refund(signed_on.machine, RefundOrder(NAMED, drop_reversal=True)), host.short(code))
        assert (plain.outcome, signed_on.state.unanswered) == (Outcome.DECLINED, None)

    def test_no_other_refund_until_it_is_known_or_given_up(self, unknown: Bench, host: Foreign) -> None:
        other = replace(NAMED, rrn="112000000099")
        result = unknown.run(refund(unknown.machine, RefundOrder(other)))
        assert (result.outcome, result.sentence) == (
            Outcome.REFUSED,
            f"not refunded: {UNKNOWN}, --drop-reversal gives it up",
        )
        result = unknown.run(refund(unknown.machine, RefundOrder(other, drop_reversal=True)), host.reply())
        assert (result.outcome, unknown.state.unanswered) == (Outcome.APPROVED, None)

    def test_a_sale_goes_on_meanwhile(self, unknown: Bench, host: Foreign, make_order: Orders) -> None:
        assert unknown.run(sale(unknown.machine, make_order()), host.reply()).outcome is Outcome.APPROVED
        assert unknown.state.unanswered is not None

    def test_the_reversal_of_a_sale_is_still_owed_after_it(
        self, unknown: Bench, host: Foreign, make_order: Orders, silence: Response, no_line: Response
    ) -> None:
        unknown.run(sale(unknown.machine, make_order()), silence, no_line)
        owed = unknown.state.pending
        assert owed is not None
        assert unknown.run(refund_again(unknown.machine), host.reply(de37="112000000012")).ok
        assert (unknown.state.pending, unknown.state.unanswered) == (owed, None)

    def test_it_is_durable_before_it_leaves(self, signed_on: Bench) -> None:
        state = Playbook(refund(signed_on.machine, RefundOrder(NAMED))).expect(Keep).effect.state
        assert (state.stan, state.unanswered.stan) == ("000012", "000012")

    def test_nothing_waits(self, signed_on: Bench) -> None:
        result = signed_on.run(refund_again(signed_on.machine))
        assert (result.outcome, result.sentence) == (Outcome.REFUSED, "no refund waits for an answer")


def test_a_refund_by_hand_is_not_reversed(sold: Bench, host: Foreign) -> None:
    sold.run(refund(sold.machine, RefundOrder()), host.reply())
    result = sold.run(reverse(sold.machine, Undo()))
    assert result.sentence == "there is no sale to reverse; name one with --stan and --amount"
