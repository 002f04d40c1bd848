"""Sales of other kinds, of our terminal with our host: instalments, points, orders, reservations, QR codes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from acquirer.journal.mask import showers
from acquirer.terminal.kinds import KINDS
from acquirer.terminal.order import OrderError
from acquirer.terminal.pre_auth import pre_auth
from acquirer.terminal.sale import sale
from acquirer.testing import Rig
from tests.terminal import vectors

if TYPE_CHECKING:
    from collections.abc import Callable

    from acquirer.terminal.effects import Response
    from acquirer.terminal.sale import Order
    from tests.terminal.conftest import Bench

    Orders = Callable[..., Order]

INSTALMENTS = {"periods": "12", "project": "000123"}
HOLDER = {"cvn2": "123", "id": "123456", "mobile": "13800000000", "name": "张三"}
CODE = "6220000000000000000"


@pytest.fixture
def published(make_bench: type[Bench], signed_on: Bench) -> Callable[[str], Bench]:
    """Makes the terminal of the published messages, before the one with a STAN."""

    def make(stan: str) -> Bench:
        before = f"{int(stan) - 1:06}"
        state = replace(signed_on.state, tid=vectors.TID, mid=vectors.MID, batch=vectors.BATCH, stan=before)
        return make_bench(state, tid=vectors.TID, mid=vectors.MID)

    return make


class TestAgainstPublishedMessages:
    def test_instalments(self, published, make_order: Orders) -> None:
        bench = published("000146")
        program = sale(bench.machine, make_order(120_000, entry="manual"), KINDS["instalment_sale"], INSTALMENTS)
        result = bench.run(program, vectors.frame("instalment sale reply: 72.00 of fees"))
        assert bench.requests[0].raw == vectors.frame("instalment sale of 1200.00 in 12 payments")
        assert result.receipt.kind == "分期付款消费/INSTALLMENT"

    def test_points(self, published, make_order: Orders) -> None:
        bench = published("000147")
        program = sale(bench.machine, make_order(10_000, entry="manual"), KINDS["points_sale"], {"goods": "ABC01"})
        bench.run(program, vectors.frame("points sale reply: 5000 points used"))
        assert bench.requests[0].raw == vectors.frame("points sale")

    def test_an_order(self, published, make_order: Orders, silence: Response, no_line: Response) -> None:
        bench = published("000148")
        details = {**HOLDER, "mobile": "13800000000"}
        bench.run(sale(bench.machine, make_order(10_000), KINDS["moto_sale"], details), silence, no_line)
        assert bench.requests[0].raw == vectors.frame("mail and telephone order")
        assert 62 not in bench.state.pending.fields  # data of the holder are not kept

    def test_a_qr_code_without_a_mac(self, published, make_order: Orders) -> None:
        bench = published("000149")
        program = sale(bench.machine, make_order(100), KINDS["qr_sale"], {"code": CODE})
        result = bench.run(program, vectors.frame("QR code sale reply"))
        assert bench.requests[0].raw == vectors.frame("QR code sale")
        assert result.ok


class TestDetails:
    @pytest.mark.parametrize(
        ("kind", "given", "words"),
        [
            ("instalment_sale", {"periods": "12"}, "needs its detail 'project': the bank's code of the offer"),
            ("instalment_sale", {"periods": "x", "project": "1"}, "'periods' has another form: how many instalments"),
            ("instalment_sale", {"period": "12"}, "has no detail 'period'; did you mean 'periods'"),
            ("sale", {"periods": "12"}, "the sale has no detail 'periods'; there are none"),
            ("moto_sale", {"cvn2": "12"}, "the detail 'cvn2' has another form: the CVN2, three digits"),
            ("qr_sale", {"code": "1"}, "the payment code, nineteen digits that begin with 62"),
        ],
    )
    def test_what_is_refused(self, kind, given, words, signed_on: Bench, make_order: Orders) -> None:
        with pytest.raises(OrderError, match="not sold: ") as caught:
            signed_on.run(sale(signed_on.machine, make_order(), KINDS[kind], given))
        assert words in str(caught.value)

    def test_no_value_is_quoted(self, signed_on: Bench, make_order: Orders) -> None:
        with pytest.raises(OrderError) as caught:
            signed_on.run(pre_auth(signed_on.machine, make_order(), moto=True, details={"cvn2": "98765"}))
        assert "98765" not in str(caught.value)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def sold(rig: Rig, kind: str, details: dict[str, str], amount: str = "120.00", **more: Any):
    terminal = rig.terminal()
    return terminal, terminal.sale(amount, kind=kind, details=details, **more)


def states(rig: Rig) -> list[tuple[str, str]]:
    return [(one.kind, one.state) for one in rig.transactions if one.state != "declined"]


def test_a_sale_by_instalments_is_voided_and_never_refunded(rig: Rig) -> None:
    terminal, result = sold(rig, "instalment", INSTALMENTS, "1200.00")
    reply = result.exchange.reply
    assert rig.dialect.text(reply, "instalments").startswith("000000010000156000000007200")
    assert rig.journal[-1].why.endswith("1200.00 in 12 instalments")
    assert terminal.refund("1.00").code == "12"
    assert rig.journal[-1].why.endswith("is not refunded: void it on its day, or ask its issuer")
    assert terminal.void().code == "00"
    assert states(rig) == [("instalment_sale", "voided"), ("instalment_void", "approved")]


@pytest.mark.parametrize(
    ("kind", "details", "family"),
    [
        ("points", {"goods": "ABC01"}, "points"),
        ("moto", HOLDER, "moto"),
        ("recurring", {}, "recurring"),
        ("reservation", {"mobile": "13800000000", "number": "123456"}, "reservation"),
        ("qr", {"code": CODE}, "qr"),
    ],
)
def test_each_is_voided_by_its_own_message(kind, details, family, rig: Rig) -> None:
    terminal, result = sold(rig, kind, details)
    assert (result.code, result.receipt.amount_minor) == ("00", 12_000)
    assert terminal.void().code == "00"
    assert states(rig) == [(f"{family}_sale", "voided"), (f"{family}_void", "approved")]
    assert terminal.sale(kind=kind, details=details, amount="10.00").ok
    assert terminal.reverse().code == "00"


@pytest.mark.parametrize(
    ("kind", "details", "refund"),
    [
        ("points", {"goods": "ABC01"}, "points_refund"),
        ("moto", HOLDER, "moto_refund"),
        ("recurring", {}, "refund"),
        ("qr", {"code": CODE}, "qr_refund"),
    ],
)
def test_each_is_refunded_partly(kind, details, refund, rig: Rig) -> None:
    terminal, result = sold(rig, kind, details)
    assert terminal.refund("20.00", stan=result.stan).code == "00"
    assert terminal.refund("100.01", stan=result.stan).code == "61"
    assert states(rig)[-1] == (refund, "approved")


def test_an_order_is_pre_authorised_completed_and_voided(rig: Rig) -> None:
    terminal = rig.terminal()
    held = terminal.pre_auth("50.00", moto=True, details=HOLDER, entry="manual")
    assert held.code == "00"
    completed = terminal.complete("45.00")
    assert completed.code == "00"
    assert terminal.void(stan=completed.stan).code == "00"
    assert terminal.complete("40.00", advice=True).code == "00"
    other = terminal.pre_auth("10.00", moto=True, entry="manual")
    assert terminal.void(stan=other.stan).code == "00"
    assert states(rig) == [
        ("moto_pre_auth", "completed"),
        ("moto_completion", "voided"),
        ("moto_completion_void", "approved"),
        ("moto_completion_advice", "approved"),
        ("moto_pre_auth", "voided"),
        ("moto_pre_auth_void", "approved"),
    ]


def test_inquiries_about_points_and_a_holder(rig: Rig) -> None:
    terminal = rig.terminal()
    assert terminal.balance(points=True).balance_minor == 123_456
    assert terminal.verify_holder(details=HOLDER).code == "00"
    assert terminal.verify_holder("lost", details=HOLDER).code == "41"


def test_data_of_a_holder_are_neither_kept_nor_shown(rig: Rig) -> None:
    secret = {"cvn2": "987", "id": "765432", "mobile": "13987654321", "name": "李四"}
    terminal, result = sold(rig, "moto", secret)
    terminal.verify_holder(details=secret)
    shown = (
        repr(result)
        + repr(rig.transactions)
        + "".join(f"{one.why} {one.notes} {rig.host.dialect.name}" for one in rig.journal)
    )
    for value in ("987654", "765432", "13987654321", "李四"):
        assert value not in shown
    request = rig.dialect.decode(rig.dialect.encode("0200", result.exchange.request)).fields[62]
    assert set(showers(rig.dialect, "0200")[62](request)[2:]) == {"*"}  # of the usage, the first byte is shown
