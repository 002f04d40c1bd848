"""Pre-authorisations at the terminal: the published bytes, which one is meant, and what lost answers leave."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from acquirer.terminal.exchange import Outcome
from acquirer.terminal.follow_up import FollowUpOrder
from acquirer.terminal.kept_transactions import Original, Sold
from acquirer.terminal.named_sale import SaleName
from acquirer.terminal.order import OrderError
from acquirer.terminal.pre_auth import complete, pre_auth, top_up
from acquirer.terminal.refund import refund_again
from acquirer.terminal.void import void
from acquirer.testing import Rig
from tests.terminal import vectors

if TYPE_CHECKING:
    from collections.abc import Callable

    from acquirer.terminal.effects import Response
    from acquirer.terminal.sale import Order
    from tests.terminal.conftest import Bench, Foreign

    Orders = Callable[..., Order]

PRE_AUTH = "pre-authorisation of 500.00, keyed in"


@pytest.fixture
def published(make_bench: type[Bench], signed_on: Bench) -> Callable[[str, Sold | None], Bench]:
    """Makes the terminal of the published messages, before the one with a STAN; it keeps one transaction."""

    def make(stan: str, kept: Sold | None = None) -> Bench:
        before = f"{int(stan) - 1:06}"
        state = replace(signed_on.state, tid=vectors.TID, mid=vectors.MID, batch=vectors.BATCH, stan=before)
        return make_bench(replace(state, sales=(kept,) if kept else ()), tid=vectors.TID, mid=vectors.MID)

    return make


def held() -> Sold:
    """The published pre-authorisation of 500.00, as the terminal keeps it."""
    original = Original("000137", vectors.BATCH, "0100", "030708001004", "654321", vectors.DATE)
    return Sold(original, 50_000, vectors.PAN, vectors.EXPIRY, service="pre_auth")


def completed() -> Sold:
    """The published completion of 575.00."""
    original = Original("000139", vectors.BATCH, "0200", "030708001006", "654321", vectors.DATE)
    return Sold(original, 57_500, vectors.PAN, vectors.EXPIRY, service="completion", of=(vectors.BATCH, "000137"))


class TestAgainstPublishedMessages:
    def test_an_amount_is_held(self, published, make_order: Orders) -> None:
        bench = published("000137")
        order = make_order(50_000, entry="manual")
        result = bench.run(
            pre_auth(bench.machine, order), vectors.frame("pre-authorisation reply: authorisation code 654321")
        )
        assert bench.requests[0].raw == vectors.frame(PRE_AUTH)
        assert (result.receipt.kind, result.receipt.auth_id) == ("预授权/AUTH", "654321")
        assert bench.state.sales == (held(),)

    def test_it_is_voided(self, published) -> None:
        bench = published("000138", held())
        result = bench.run(void(bench.machine, FollowUpOrder()), vectors.frame("void of a pre-authorisation reply"))
        assert bench.requests[0].raw == vectors.frame("void of that pre-authorisation")
        assert (result.receipt.credit, result.receipt.original_auth_id) == (True, "654321")
        assert bench.state.sales[0].voided

    def test_it_is_completed(self, published) -> None:
        bench = published("000139", held())
        order = FollowUpOrder(SaleName(amount_minor=57_500))
        bench.run(complete(bench.machine, order), vectors.frame("completion reply"))
        title = "completion of that pre-authorisation with 575.00, 115 % of it"
        assert bench.requests[0].raw == vectors.frame(title)
        assert bench.state.sales == (replace(held(), voided=True), completed())

    def test_it_is_completed_by_advice(self, published) -> None:
        bench = published("000141", held())
        order = FollowUpOrder(SaleName(amount_minor=45_000))
        bench.run(complete(bench.machine, order, advice=True), vectors.frame("completion by advice reply"))
        assert bench.requests[0].raw == vectors.frame("completion by advice with 450.00")

    def test_the_completion_is_voided(self, published) -> None:
        bench = published("000142", completed())
        bench.run(void(bench.machine, FollowUpOrder()), vectors.frame("void of a completion reply"))
        assert bench.requests[0].raw == vectors.frame("void of the completion with STAN 000139")
        assert bench.state.sales[0].voided


class TestLostAnswers:
    @pytest.fixture
    def holding(self, signed_on: Bench, host: Foreign, make_order: Orders) -> Bench:
        """A terminal that holds 12.34 by authorisation A1B2C3."""
        signed_on.run(pre_auth(signed_on.machine, make_order()), host.reply(de38="A1B2C3", de37="112012345678"))
        return signed_on

    def test_a_completion_is_reversed_and_the_amount_stays_held(self, holding, host, silence: Response) -> None:
        result = holding.run(complete(holding.machine, FollowUpOrder()), silence, host.reply())
        assert (result.outcome, result.reversal) == (Outcome.NO_ANSWER, "done")
        reversal = holding.requests[2]
        assert (reversal.mti, 38 in reversal.fields, str(reversal.fields[61])[12:]) == ("0400", False, "1120")
        assert [(one.service, one.voided) for one in holding.state.sales] == [("pre_auth", False)]

    def test_a_reversed_top_up_is_not_kept(self, holding, host, silence) -> None:
        order = FollowUpOrder(SaleName(amount_minor=66))
        assert holding.run(top_up(holding.machine, order), host.reply()).ok
        assert holding.state.sales[0].amount_minor == 1300
        holding.run(top_up(holding.machine, order), silence, host.reply())
        assert holding.state.sales[0].amount_minor == 1300

    def test_an_advice_is_sent_again(self, holding, host, silence) -> None:
        result = holding.run(complete(holding.machine, FollowUpOrder(), advice=True), silence, silence, silence)
        assert result.outcome is Outcome.NO_ANSWER
        assert result.sentence.endswith("whether the host has booked it is unknown; 'again' sends it again")
        assert [one.mti for one in holding.requests[1:]] == ["0220", "0221", "0221"]
        again = holding.run(refund_again(holding.machine), host.reply())
        assert (again.ok, holding.state.unanswered) == (True, None)
        assert [(one.service, one.voided) for one in holding.state.sales] == [
            ("pre_auth", True),
            ("completion_advice", False),
        ]

    def test_a_void_of_a_completion_opens_what_it_closed(self, holding, host, silence) -> None:
        holding.run(complete(holding.machine, FollowUpOrder()), host.reply(de37="112012345679"))
        stan = holding.state.sales[-1].original.stan
        holding.run(void(holding.machine, FollowUpOrder(SaleName(stan=stan))), host.reply())
        assert [one.voided for one in holding.state.sales] == [False, True]
        holding.run(complete(holding.machine, FollowUpOrder()), host.reply())
        assert [one.voided for one in holding.state.sales] == [True, True, False]


class TestWhatIsMissing:
    def test_nothing_is_held(self, signed_on: Bench) -> None:
        result = signed_on.run(complete(signed_on.machine, FollowUpOrder()))
        assert (result.outcome, result.sentence) == (
            Outcome.REFUSED,
            "there is no pre-authorisation to complete; name one with --stan, or with --auth-id, --date, --amount and "
            "its card",
        )

    def test_of_another_terminal(self, signed_on: Bench, make_order: Orders, host: Foreign) -> None:
        card = make_order().card
        name = SaleName(auth_id="A1B2C3", amount_minor=100, card=card)
        with pytest.raises(OrderError, match=r"it names its pre-authorisation by date too: give --date MMDD"):
            signed_on.run(complete(signed_on.machine, FollowUpOrder(name)))
        with pytest.raises(OrderError, match=r"of authorisation code A1B2C3 is not kept here: give --amount"):
            signed_on.run(complete(signed_on.machine, FollowUpOrder(replace(name, amount_minor=None))))
        signed_on.run(complete(signed_on.machine, FollowUpOrder(replace(name, date="1119"))), host.reply())
        fields = signed_on.requests[-1].fields
        assert (fields[38], fields[61]) == ("A1B2C3", "0000000000001119")

    def test_by_what_no_slip_shows(self, signed_on: Bench, make_order: Orders) -> None:
        name = SaleName(stan="000001", amount_minor=100, card=make_order().card, date="1119")
        with pytest.raises(OrderError, match=r"it names its pre-authorisation by authorisation code: give --auth-id"):
            signed_on.run(complete(signed_on.machine, FollowUpOrder(name)))


def test_a_stay_in_a_hotel() -> None:
    """Our terminals and our host, by the operations of Python: two tills of one merchant."""
    rig = Rig()
    desk, bar = rig.terminal(), rig.terminal()
    arrival = desk.pre_auth("500.00")
    assert arrival.ok
    raised = desk.top_up("100.00")
    assert (raised.ok, raised.balance_minor) == (True, 60_000)
    auth_id, date = arrival.receipt.auth_id, desk.state.sales[0].original.date
    refused = bar.complete("690.01", auth_id=auth_id, date=date)
    assert (refused.code, bar.complete("690.00", auth_id=auth_id, date=date).code) == ("64", "00")
    assert desk.complete("1.00").code == "25"
    assert bar.void().code == "00"  # the completion: the amount is held again
    assert desk.complete("640.00", advice=True).code == "00"
    assert [(one.kind, one.state) for one in rig.transactions if one.state != "declined"] == [
        ("pre_auth", "completed"),
        ("pre_auth_top_up", "approved"),
        ("completion", "voided"),
        ("completion_void", "approved"),
        ("completion_advice", "approved"),
    ]


def test_what_a_terminal_cannot_void(signed_on: Bench) -> None:
    with pytest.raises(
        ValueError, match=r"'lottery' is no transaction that another can follow; there are account-load, cash-load, "
    ):
        Rig().terminal().void(of="lottery")
    result = signed_on.run(void(signed_on.machine, FollowUpOrder(), "balance"))
    assert (result.outcome, result.sentence) == (Outcome.REFUSED, "a balance inquiry is not voided")


def test_a_small_one_without_contact_needs_no_signature() -> None:
    terminal = Rig().terminal()
    small, large = (terminal.pre_auth(amount, entry="contactless").receipt for amount in ("1000.00", "1000.01"))
    assert (small.no_cvm_limit_minor, large.no_cvm_limit_minor) == (100_000, 0)
    assert terminal.complete("900.00", stan=small.stan).receipt.no_cvm_limit_minor == 0
