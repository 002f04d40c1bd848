"""Forms of private elements where sources differ: voucher numbers of QR codes, tags, orders of instalments, loads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.data.toml import DataError
from acquirer.dialect.private_forms import Tagged
from acquirer.settings.specs import load_dialect
from acquirer.slip.receipt import render_receipt
from acquirer.terminal.exchange import Outcome, Result
from acquirer.testing.rig import Rig
from acquirer.testing.rig_terminal import RigTerminal

CODE = "6220000000000000000"
QR: dict[str, Any] = {"kind": "qr", "details": {"code": CODE}}


@pytest.fixture
def rig() -> Rig:
    return Rig()


def own(folder: Path, text: str) -> tuple[Rig, RigTerminal]:
    """Return a host and a terminal of a dialect that extends UnionPay's."""
    file = folder / "own.toml"
    file.write_text(f'dialect = "own"\nextends = "unionpay-pos"\n{text}', encoding="utf-8")
    rig = Rig(str(file))
    return rig, rig.terminal(dialect=str(file))


def text_of(result: Result, element: str) -> str:
    assert result.exchange is not None
    return str(result.exchange.dialect.get_from(result.exchange.request, element) or "")


class TestVoucherNumbers:
    def test_they_are_kept_printed_and_sent(self, rig: Rig) -> None:
        terminal = rig.terminal()
        sold = terminal.sale("5.00", **QR)
        number = terminal.state.sales[-1].original.voucher
        assert number == rig.transactions[-1].rrn.zfill(20)
        assert sold.receipt is not None
        assert f"付款凭证号(QR VOUCHER)\n{number:>32}\n" in render_receipt(sold.receipt)
        voided = terminal.void()
        assert (voided.code, text_of(voided, "qr_voucher")) == ("00", f"A4020{number}")

    def test_a_void_by_it_alone(self, rig: Rig) -> None:
        till = rig.terminal()
        till.sale("5.00", **QR)
        number = till.state.sales[-1].original.voucher
        till._core.machine.state = replace(till.state, sales=())
        voided = till.void(voucher=number, amount="5.00")
        assert (voided.code, text_of(voided, "rrn"), text_of(voided, "original_stan")) == ("00", "", "000000")
        assert [(one.kind, one.state) for one in rig.transactions] == [
            ("qr_sale", "voided"),
            ("qr_void", "approved"),
        ]

    def test_a_void_by_it_is_for_the_terminal_that_sold(self, rig: Rig) -> None:
        till, bar = rig.terminal(), rig.terminal()
        till.sale("5.00", **QR)
        number = till.state.sales[-1].original.voucher
        assert bar.void(voucher=number, amount="5.00").code == "25"
        assert "no sale by QR code whose voucher number (DE 59" in rig.journal[-1].why
        assert till.void(voucher="9" * 20, amount="5.00").code == "25"
        assert till.void(voucher=number, amount="4.00").code == "64"

    def test_a_refund_by_it_is_for_any_terminal(self, rig: Rig) -> None:
        till, bar = rig.terminal(), rig.terminal()
        till.sale("5.00", **QR)
        number = till.state.sales[-1].original.voucher
        assert bar.refund("2.00", voucher=number).code == "00"
        assert bar.refund("3.01", voucher=number).code == "61"
        assert bar.refund("3.00", voucher=number).code == "00"

    def test_the_other_numbers_beside_it_must_be_those_of_its_sale(self, rig: Rig) -> None:
        terminal = rig.terminal()
        terminal.sale("5.00", **QR)
        number = terminal.state.sales[-1].original.voucher
        terminal.sale("5.00", **QR)
        assert terminal.void(voucher=number, stan=terminal.state.sales[-1].original.stan).code == "25"

    def test_a_payment_code_is_no_card_number(self, rig: Rig) -> None:
        """Neither on the slip nor in the books; in an upload it stands in the place of one, as terminals have it."""
        terminal = rig.terminal()
        sold = terminal.sale("5.00", **QR)
        reserved = terminal.sale(
            "6.00", kind="reservation", details={"mobile": "13800000000", "number": "123456"}, sign="王伟"
        )
        assert sold.receipt is not None
        assert reserved.receipt is not None
        assert (sold.receipt.card, reserved.receipt.card) == ("***************0000", "")
        assert [one.card for one in rig.transactions] == ["", ""]
        books = terminal.state.batch_books
        assert [one.pan for one in books.records] == [CODE, ""]
        terminal.sale("7.00", entry="magstripe")
        rig.transactions[-1].amount_minor += 1
        terminal.settle()
        assert sorted((one.key.stan, one.match) for one in rig.store.details.values()) == [
            ("000002", "agrees"),
            ("000003", "agrees"),
            ("000004", "differs"),
        ]


class TestForms:
    def test_a_code_alone_in_another_field(self, tmp_path: Path) -> None:
        forms = '[elements]\nqr_code = "62 text"\n[forms]\nqr_code = ""\nqr_voucher = "V 2"\n'
        rig, terminal = own(tmp_path, forms)
        sold = terminal.sale("5.00", **QR)
        assert sold.exchange is not None
        assert (sold.code, sold.exchange.request[62]) == ("00", CODE.encode())
        number = terminal.state.sales[-1].original.voucher
        assert text_of(terminal.void(), "qr_voucher") == f"V20{number}"
        assert terminal.state.sales[-1].voided
        assert rig.transactions[-1].kind == "qr_void"

    def test_those_of_a_bank(self, tmp_path: Path) -> None:
        """Codes of its own for all three messages, the payment code in DE 62, MACs."""
        when = 'condition = "01", entry_mode = "001", '
        codes = {"sale": ("22", "450000"), "void": ("23", "680000"), "refund": ("25", "200000")}
        routes = "".join(
            f'[routes.qr_{name}]\nmac = "both"\n'
            f'when = {{ {when} transaction_type = "{kind}", processing_code = "{code}" }}\n'
            for name, (kind, code) in codes.items()
        )
        elements = '[elements]\nqr_code = "62 text"\n[forms]\nqr_code = ""\n'
        rig, terminal = own(tmp_path, f'{elements}[terminal.entries.qr]\nmode = "001"\n{routes}')
        for follow in ("void", "refund"):
            sold = terminal.sale("5.00", **QR)
            followed = getattr(terminal, follow)(stan=sold.stan)
            assert (sold.code, followed.code) == ("00", "00"), rig.journal[-1].why
            assert [text_of(one, "condition") for one in (sold, followed)] == ["01", "01"]
            for one in (sold, followed):
                assert one.exchange is not None
                assert one.exchange.reply is not None
                assert one.exchange.reply.fields[64]
        assert [one.kind for one in rig.transactions] == ["qr_sale", "qr_void", "qr_sale", "qr_refund"]

    @pytest.mark.parametrize(("form", "size"), [("whole", 62), ("short", 32), ("counted", 65)])
    def test_orders_of_instalments(self, form: str, size: int, tmp_path: Path) -> None:
        rig, terminal = own(tmp_path, f'[forms]\ninstalments = "{form}"\n')
        sold = terminal.sale("120.00", kind="instalment", details={"periods": "12", "project": "000123"})
        assert (sold.code, len(text_of(sold, "instalments"))) == ("00", size)
        assert rig.journal[-1].why.endswith("120.00 in 12 instalments")

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ('qr_code = "A3"', "'A3' is no tag and length; write a tag and how many digits its length has"),
            ('instalments = "long"', "unknown value 'long'; choose from counted, short, whole"),
            ('qr = "A3 3"', "unknown key"),
        ],
    )
    def test_what_is_none(self, text: str, words: str, tmp_path: Path) -> None:
        with pytest.raises(DataError) as caught:
            own(tmp_path, f"[forms]\n{text}\n")
        assert words in str(caught.value)

    def test_the_one_of_unionpay(self) -> None:
        assert load_dialect("unionpay-pos").forms.qr_code == Tagged("A3", 3)

    @given(
        value=st.text("0123456789", min_size=1, max_size=20),
        others=st.lists(st.text("ABC123", max_size=9), max_size=3),
    )
    def test_a_value_is_found_among_others(self, value: str, others: list[str]) -> None:
        form = Tagged("A4", 3)
        text = "".join(Tagged("B1", 3).write(one) for one in others) + form.write(value)
        assert form.read(text) == value
        assert form.read(text[:-1]) == ""


class TestLoads:
    def test_a_host_that_reverses_voids_of_loads_only(self) -> None:
        rig = Rig(reversible_loads="voids")
        terminal = rig.terminal()
        terminal.load_chip("20.00", source="cash")
        assert terminal.reverse(stan=rig.transactions[0].key.stan, amount="20.00").code == "40"
        assert "this host reverses no load with cash (reversible_loads)" in rig.journal[-1].why
        rig = Rig(reversible_loads="voids")
        terminal = rig.terminal()
        loaded = terminal.load_chip("20.00", source="cash")
        terminal.void(stan=loaded.stan)
        assert terminal.reverse().code == "00"
        load = rig.transactions[0]
        assert (load.kind, load.state) == ("cash_load", "approved")

    def test_a_terminal_that_reverses_none(self, tmp_path: Path) -> None:
        loads = '["account_load", "cash_load", "other_account_load"]'
        rig, terminal = own(tmp_path, f"[terminal.reversal]\nnever = {loads}\n")
        terminal.sign_on()
        rig.faults.add(*Rig(faults=["silent:service=cash_load,times=1"]).faults.declared)
        result = terminal.load_chip("20.00", source="cash")
        assert (result.outcome, [one.service for one in result.exchanges]) == (Outcome.NO_ANSWER, ["cash_load"])
        assert terminal.state.pending is None
