"""Voids: the bytes another program computed, which sale is meant, what is undone when, and what a power cut leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from acquirer.dialect.compiled import CompiledDialect
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.settings.specs import load_dialect
from acquirer.signature.pen import draw_signature
from acquirer.terminal.card import card
from acquirer.terminal.effects import Ask, Keep, NoAnswer, Program, Received
from acquirer.terminal.exchange import Outcome, Signed
from acquirer.terminal.kept_transactions import Original, Sold
from acquirer.terminal.machine import Machine, Setup
from acquirer.terminal.named_sale import SaleName
from acquirer.terminal.order import OrderError
from acquirer.terminal.rendering import line
from acquirer.terminal.reversal import Undo, reverse
from acquirer.terminal.sale import sale
from acquirer.terminal.signature_pad import Pad
from acquirer.terminal.void import VoidOrder, void
from acquirer.testing import Playbook
from tests.terminal import vectors

if TYPE_CHECKING:
    from collections.abc import Callable

    from acquirer.terminal.effects import Response
    from acquirer.terminal.sale import Order
    from tests.terminal.conftest import Bench, Foreign

    Orders = Callable[..., Order]


@pytest.fixture
def published(make_bench: type[Bench], signed_on: Bench) -> Bench:
    """The terminal of the published messages, after its sale 000134."""
    original = Original(vectors.STAN, vectors.BATCH, "0200", vectors.RRN, vectors.AUTH_ID, vectors.DATE)
    sold = Sold(original, 10_000, vectors.PAN, vectors.EXPIRY)
    state = replace(signed_on.state, tid=vectors.TID, mid=vectors.MID, batch=vectors.BATCH, stan=vectors.STAN)
    return make_bench(replace(state, sales=(sold,)), tid=vectors.TID, mid=vectors.MID)


@pytest.fixture
def sold(signed_on: Bench, host: Foreign, make_order: Orders) -> Bench:
    """A terminal whose last sale is STAN 000012, 12.34, reference number 112012345678."""
    signed_on.run(sale(signed_on.machine, make_order()), host.reply(de37="112012345678", de38="A1B2C3"))
    return signed_on


class TestAgainstPublishedMessages:
    def test_the_void_and_its_reply(self, published: Bench) -> None:
        result = published.run(void(published.machine, VoidOrder()), vectors.frame(vectors.VOID_REPLY))
        assert published.requests[0].raw == vectors.frame(vectors.VOID)
        assert (result.outcome, result.code) == (Outcome.APPROVED, "00")
        slip = result.receipt
        assert (slip.kind, slip.credit, slip.entry) == ("消费撤销/VOID", True, "N")
        assert (slip.original_stan, slip.original_rrn, slip.original_date) == (vectors.STAN, "", "")

    def test_no_such_sale(self, published: Bench) -> None:
        result = published.run(void(published.machine, VoidOrder()), vectors.frame(vectors.VOID_REFUSED))
        assert (result.outcome, result.code, result.receipt) == (Outcome.DECLINED, "25", None)
        assert (published.state.pending, published.state.sales[0].voided) == (None, False)

    def test_its_reversal(self, published: Bench, silence: Response) -> None:
        result = published.run(void(published.machine, VoidOrder()), silence, vectors.frame(vectors.REVERSAL_REPLY))
        assert published.requests[1].raw == vectors.frame(vectors.REVERSAL)
        assert (result.outcome, result.reversal) == (Outcome.NO_ANSWER, "done")
        assert line(published.exchanges[1]).endswith("← 0410 00 approved · the void is undone · 3 ms")
        assert not published.state.sales[0].voided


class TestWhichSale:
    def test_the_last_one_without_a_card(self, sold: Bench, host: Foreign) -> None:
        sold.run(void(sold.machine, VoidOrder()), host.reply())
        fields = sold.requests[-1].fields
        assert sorted(fields) == [2, 3, 4, 11, 14, 22, 25, 37, 38, 41, 42, 49, 60, 61, 64]
        assert (fields[2], fields[4], fields[14], fields[22]) == (vectors.PAN, "000000001234", "3012", "012")
        assert (fields[37], fields[38], fields[60][:2], fields[61]) == (
            "112012345678",
            "A1B2C3",
            "23",
            "000007000012",
        )

    def test_a_card_that_is_read_again(self, sold: Bench, host: Foreign) -> None:
        held = card(vectors.PAN, "3012", pin="123456")
        sold.run(void(sold.machine, VoidOrder(SaleName(card=held))), host.reply())
        fields = sold.requests[-1].fields
        assert (fields[22], fields[26], fields[35][:16]) == ("051", "12", vectors.PAN)
        assert 55 not in fields  # the chip is read for its number only
        block, control = fields[52], fields[53]
        assert isinstance(block, bytes)
        assert isinstance(control, str)
        assert sold.setup.suite.open_pin(host.keys, block, vectors.PAN, control).pin == "123456"

    def test_a_pin_without_a_card(self, sold: Bench, host: Foreign) -> None:
        sold.run(void(sold.machine, VoidOrder(SaleName(pin="123456"))), host.reply())
        fields = sold.requests[-1].fields
        assert fields[22] == "011"
        block, control = fields[52], fields[53]
        assert isinstance(block, bytes)
        assert isinstance(control, str)
        assert sold.setup.suite.open_pin(host.keys, block, vectors.PAN, control).pin == "123456"

    def test_an_earlier_one_by_its_stan(self, sold: Bench, host: Foreign, make_order: Orders) -> None:
        sold.run(sale(sold.machine, make_order(500)), host.reply(de37="112000000013"))
        sold.run(void(sold.machine, VoidOrder(SaleName(stan="000012"))), host.reply())
        assert sold.requests[-1].fields[61] == "000007000012"
        sold.run(void(sold.machine, VoidOrder()), host.reply())
        assert sold.requests[-1].fields[61] == "000007000013"

    def test_not_one_that_is_voided(self, sold: Bench, host: Foreign) -> None:
        sold.run(void(sold.machine, VoidOrder()), host.reply())
        result = sold.run(void(sold.machine, VoidOrder()))
        assert (result.outcome, result.sentence) == (
            Outcome.REFUSED,
            "there is no sale to void; name one with --stan, or with --amount and its card if it is not kept",
        )
        again = sold.run(void(sold.machine, VoidOrder(SaleName(stan="000012"))), host.short("25"))
        assert again.code == "25"

    def test_one_that_is_not_kept(self, signed_on: Bench, host: Foreign) -> None:
        name = SaleName(stan="000777", batch="000003", amount_minor=99, rrn="112000000777", card=card("62123456789012"))
        signed_on.run(void(signed_on.machine, VoidOrder(replace(name, entry="manual"))), host.short("25"))
        fields = signed_on.requests[0].fields
        assert (fields[4], fields[37], fields[61]) == ("000000000099", "112000000777", "000003000777")

    @pytest.mark.parametrize(
        ("name", "problem"),
        [
            (SaleName(stan="000777"), "the sale of STAN 000777 is not kept here: give --amount to void it"),
            (SaleName(stan="000777", amount_minor=1), "is not kept here: give its card to void it"),
            (
                SaleName(stan="000777", amount_minor=1, card=card("62123456789012"), entry="manual"),
                "not voided: it names its sale by reference number: give --rrn",
            ),
        ],
    )
    def test_what_lacks_is_named_before_anything_leaves(self, signed_on: Bench, name: SaleName, problem: str) -> None:
        with pytest.raises(OrderError, match=problem):
            signed_on.run(void(signed_on.machine, VoidOrder(name)))
        assert (signed_on.requests, signed_on.state.pending) == ([], None)


class TestWhatFollows:
    def test_the_outbox_is_durable_before_the_void_leaves(self, sold: Bench) -> None:
        pending = Playbook(void(sold.machine, VoidOrder())).expect(Keep).effect.state.pending
        assert (pending.service, pending.stan, pending.original.stan) == ("void", "000013", "000012")
        assert not {35, 37, 38, 52, 64} & set(pending.fields)
        assert pending.fields[61] == "000007000012"

    def test_a_void_is_undone_by_hand_and_its_sale_can_be_voided_again(self, sold: Bench, host: Foreign) -> None:
        sold.run(void(sold.machine, VoidOrder()), host.reply())
        assert sold.state.sales[0].voided
        result = sold.run(reverse(sold.machine, Undo()), host.reply())
        undone = sold.requests[-1].fields
        assert (undone[11], undone[60][:2], undone[61]) == ("000013", "23", "000007000012")
        assert (result.reversal, sold.state.sales[0].voided, sold.state.last) == ("done", False, None)
        assert sold.run(void(sold.machine, VoidOrder()), host.reply()).outcome is Outcome.APPROVED

    def test_the_host_may_refuse_to_undo_it(self, sold: Bench, host: Foreign) -> None:
        sold.run(void(sold.machine, VoidOrder()), host.reply())
        result = sold.run(reverse(sold.machine, Undo()), host.short("64"))
        assert result.sentence == "the void stands: the host refused to undo it"
        assert sold.state.sales[0].voided

    def test_a_reversed_sale_cannot_be_voided(self, sold: Bench, host: Foreign) -> None:
        sold.run(reverse(sold.machine, Undo()), host.reply())
        assert sold.state.sales == ()
        assert sold.run(void(sold.machine, VoidOrder())).outcome is Outcome.REFUSED

    def test_nothing_is_voided_while_a_reversal_is_owed(
        self, sold: Bench, make_order: Orders, silence: Response
    ) -> None:
        sold.run(sale(sold.machine, make_order()), silence, silence)
        result = sold.run(void(sold.machine, VoidOrder()), silence)
        assert result.outcome is Outcome.REFUSED
        assert result.sentence.startswith("not voided: the reversal of STAN 000013 in batch 000007 (12.34) is owed")

    def test_its_slip_is_signed_and_uploaded_like_a_sales(self, sold: Bench, host: Foreign, make_order: Orders) -> None:
        pad = Pad(draw_signature("Zhang San", 7))
        result = sold.run(void(sold.machine, VoidOrder(pad=pad)), host.reply(de37="112012345679", de15="1120"))
        assert result.signature is Signed.KEPT
        sold.run(sale(sold.machine, make_order()), host.reply(), host.reply(keep=(11, 41, 42)))
        upload = sold.requests[-1].fields
        assert (upload[4], upload[11], upload[37], upload[60]) == (
            "000000001234",
            "000013",
            "112012345679",
            "07000007800",
        )
        assert bytes.fromhex("FF0108") + "消费撤销".encode("gbk") in upload[55]
        assert bytes.fromhex("FF6003000012") in upload[55]
        assert bytes.fromhex("FF62") not in upload[55]


@pytest.mark.parametrize(
    ("name", "de", "original"),
    [
        ("iso8583-1987-ascii", 90, "02000000011120120000" + "00000123456" + "0" * 11),
        ("iso8583-1993-bcd", 56, "1200000001261120120000" + "06123456"),
    ],
)
def test_in_iso_dialects_the_original_stands_in_its_own_field(
    name: str, de: int, original: str, make_order: Orders
) -> None:
    """The reversal of the void then names the void in the same field."""
    compiled = CompiledDialect(load_dialect(name))
    dialect = compiled.dialect
    key = Secret.from_hex("0123456789ABCDEFFEDCBA9876543210")
    setup = Setup(compiled, "10000161", "880210010210162", key, bytes, lambda: datetime(2026, 11, 20, 12, 0))
    machine = Machine(setup)
    keys = WorkingKeys(key, key)
    machine.state = replace(machine.state, keys=keys, signed_on=True, package=machine.package)

    def run(program: Program[Any], *answers: bool) -> list[Any]:
        requests: list[Any] = []
        answer: Response | None = None
        left = list(answers)
        try:
            while True:
                effect = program.send(answer)
                answer = None
                if isinstance(effect, Ask):
                    request = dialect.decode(effect.frame)
                    requests.append(request.fields)
                    if not left.pop(0):
                        answer = NoAnswer("waited", 1)
                        continue
                    route = dialect.route(request)
                    reply = {at: value for at, value in request.fields.items() if at in route.reply.echo}
                    reply |= {37: "000000000042", 39: dialect.code_of("approved", route)}
                    reply[dialect.mac_de(reply)] = bytes(8)
                    frame = dialect.encode(dialect.response_mti(request.mti), dict(sorted(reply.items())))
                    answer = Received(compiled.suite.seal(keys, frame), 1)
        except StopIteration:
            return requests

    run(sale(machine, make_order(entry="manual")), True)
    voided, undone = run(void(machine, VoidOrder()), False, True)
    assert voided[de] == original
    assert voided[37] == "000000000042"
    assert voided[3] == "020000"
    stan_of_void = f"{int(original[4:10]) + 1:06d}"
    assert undone[de] == original[:4] + stan_of_void + original[10:]
    assert 37 not in undone
