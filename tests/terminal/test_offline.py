"""Sales without the host, adjustments, tips, electronic cash at the terminal: published bytes, and a day of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from acquirer.terminal.adjustment import adjust, tip
from acquirer.terminal.chip import packed
from acquirer.terminal.exchange import Outcome
from acquirer.terminal.follow_up import FollowUpOrder
from acquirer.terminal.kept_transactions import Original, Sold
from acquirer.terminal.named_sale import SaleName
from acquirer.terminal.offline_sale import ecash_sale, offline_sale
from acquirer.terminal.order import OrderError
from acquirer.testing import Rig
from tests.terminal import vectors

if TYPE_CHECKING:
    from collections.abc import Callable

    from acquirer.terminal.effects import Response
    from acquirer.terminal.sale import Order
    from tests.terminal.conftest import Bench, Foreign

    Orders = Callable[..., Order]


@pytest.fixture
def published(make_bench: type[Bench], signed_on: Bench) -> Callable[[str], Bench]:
    """Makes the terminal of the published messages after its sale 000134, before the message with a STAN."""

    def make(stan: str) -> Bench:
        original = Original(vectors.STAN, vectors.BATCH, "0200", vectors.RRN, vectors.AUTH_ID, vectors.DATE)
        sold = Sold(original, 10_000, vectors.PAN, vectors.EXPIRY)
        before = f"{int(stan) - 1:06}"
        state = replace(signed_on.state, tid=vectors.TID, mid=vectors.MID, batch=vectors.BATCH, stan=before)
        now = make_bench().setup.now().replace(month=8, day=24, hour=15, minute=25)
        return make_bench(replace(state, sales=(sold,)), tid=vectors.TID, mid=vectors.MID, now=lambda: now)

    return make


class TestAgainstPublishedMessages:
    def test_an_offline_sale(self, published, make_order: Orders) -> None:
        bench = published("000143")
        order = make_order(20_000, entry="manual")
        result = bench.run(
            offline_sale(bench.machine, order, "888888", "03025840"), vectors.frame("offline sale reply")
        )
        assert bench.requests[0].raw == vectors.frame("offline sale of 200.00, authorised by telephone")
        assert (result.receipt.kind, result.receipt.auth_id) == ("离线结算/OFFLINE", "888888")

    def test_a_tip(self, published) -> None:
        bench = published("000144")
        result = bench.run(tip(bench.machine, FollowUpOrder(), 1500), vectors.frame("tip adjustment reply"))
        assert bench.requests[0].raw == vectors.frame("tip of 15.00 on the sale with STAN 000134")
        assert (result.receipt.kind, result.receipt.amount_minor) == ("结算调整/ADJUST", 11_500)
        assert [(one.service, one.voided) for one in bench.state.sales] == [("sale", True), ("tip_adjustment", False)]

    def test_electronic_cash(self, published, make_order: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
        bench = published("000145")
        chip = bench.setup.dialect.decode(vectors.frame("electronic cash sale of 12.50")).fields[55]
        monkeypatch.setattr("acquirer.terminal.request.packed", lambda tags, only=None: chip)  # a chip's own numbers
        order = make_order(1250, replace(make_order().card, sequence="001"))
        bench.run(ecash_sale(bench.machine, order), vectors.frame("electronic cash sale reply"))
        assert bench.requests[0].raw == vectors.frame("electronic cash sale of 12.50")


class TestElectronicCash:
    def test_the_chip_says_that_it_approved(self, signed_on: Bench, host: Foreign, make_order: Orders) -> None:
        signed_on.run(ecash_sale(signed_on.machine, make_order()), host.reply())
        fields = signed_on.requests[0].fields
        assert 35 not in fields
        chip = fields[55]
        assert isinstance(chip, bytes)
        for tag in (packed({"9F27": b"\x40"}), packed({"8A": b"Y1"}), packed({"9F74": b"ECC001"})):
            assert tag in chip

    def test_it_is_sent_until_it_is_answered(self, signed_on, host, make_order, silence: Response) -> None:
        result = signed_on.run(ecash_sale(signed_on.machine, make_order()), silence, silence, host.reply())
        assert result.outcome is Outcome.APPROVED
        assert [one.mti for one in signed_on.requests] == ["0200", "0201", "0201"]

    def test_a_pin_is_refused(self, signed_on: Bench, make_order: Orders) -> None:
        order = make_order(100, replace(make_order().card, pin="123456"))
        with pytest.raises(OrderError, match="not paid: an electronic cash sale carries no PIN"):
            signed_on.run(ecash_sale(signed_on.machine, order))


class TestAdjustments:
    def test_an_amount_is_needed(self, published) -> None:
        bench = published("000144")
        with pytest.raises(OrderError, match="give --amount, the whole new amount"):
            bench.run(adjust(bench.machine, FollowUpOrder()))
        with pytest.raises(OrderError, match=r"a tip of 0\.00 is none"):
            bench.run(tip(bench.machine, FollowUpOrder(), 0))

    def test_a_tip_is_for_a_kept_sale(self, signed_on: Bench) -> None:
        result = signed_on.run(tip(signed_on.machine, FollowUpOrder(SaleName(stan="000099")), 100))
        assert (result.outcome, result.sentence) == (
            Outcome.REFUSED,
            "there is no sale to tip; a tip is added to one that is kept here: name it with --stan",
        )


def test_an_evening_in_a_restaurant() -> None:
    """Our terminals and our host, by the operations of Python."""
    rig = Rig()
    till, bar = rig.terminal(), rig.terminal()
    dinner = till.sale("80.00")
    assert till.tip("8.00", stan=dinner.stan).code == "00"
    assert till.tip("1.00", stan=dinner.stan).code == "25"
    by_telephone = till.offline_sale("40.00", auth_id="A12345")
    assert by_telephone.code == "00"
    assert till.adjust("38.00", stan=by_telephone.stan).code == "00"
    coffee = till.ecash_sale("3.50")
    assert coffee.code == "00"
    assert till.refund("1.50", stan=coffee.stan).code == "00"
    date = till.state.sales[-1].original.date
    named: dict[str, Any] = {"stan": coffee.stan, "of": "ecash", "card": "standard", "date": date}
    assert bar.refund("2.00", **named).code == "25"  # it has made no such sale
    assert bar.refund("2.00", sale_tid=till.state.tid, **named).code == "00"
    assert till.void(stan=dinner.stan).code == "25"
    assert [(one.kind, one.state, one.amount_minor) for one in rig.transactions if one.state != "declined"] == [
        ("sale", "adjusted", 8000),
        ("tip_adjustment", "approved", 8800),
        ("offline_sale", "adjusted", 4000),
        ("settlement_adjustment", "approved", 3800),
        ("ecash_sale", "refunded", 350),
        ("ecash_refund", "approved", 150),
        ("ecash_refund", "approved", 200),
    ]
