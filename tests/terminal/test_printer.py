"""Slips that are printed, and a printer in trouble: the sale stands, the slip comes again, nothing is sold twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquirer.app.printer import PowerFailedError, Printer
from acquirer.app.terminal import Terminal
from acquirer.slip.settlement_slip import SettlementSlip
from acquirer.slip.words import Copy
from acquirer.terminal.exchange import Outcome, Result, Signed
from acquirer.terminal.prints import PrintRecord
from acquirer.terminal.voucher import Voucher
from acquirer.testing.rig import Rig
from acquirer.testing.rig_terminal import RigTerminal


def printed(result: Result) -> list[tuple[str, Copy, int]]:
    """Return what came out: STAN, copy, which reprint."""
    return [
        (one.slip.receipt.stan, one.copy, one.slip.reprints)
        if isinstance(one.slip, Voucher)
        else ("settlement", one.copy, one.slip.reprints)
        for one in result.printed
    ]


def journal(terminal: RigTerminal) -> list[tuple[str, Copy, int, str]]:
    return [(one.stan, one.copy, one.reprint, one.trouble) for one in terminal.state.prints]


@pytest.fixture
def rig() -> Rig:
    return Rig(seed=1)


@pytest.fixture
def till(rig: Rig) -> RigTerminal:
    terminal = rig.terminal(copies=2)
    terminal.sign_on()
    return terminal


def sales(rig: Rig) -> list[str]:
    return [one.key.stan for one in rig.transactions if one.kind == "sale"]


def test_copies_are_printed_in_order_and_journalled(rig: Rig, till: RigTerminal) -> None:
    result = till.sale("12.34")
    assert printed(result) == [("000002", "merchant", 0), ("000002", "cardholder", 0)]
    assert journal(till) == [("000002", "merchant", 0, ""), ("000002", "cardholder", 0, "")]
    assert till.state.prints[0] == PrintRecord("2026/01/02 08:00:00", "000001", "000002", "merchant", 0)
    three = rig.terminal(copies=3).sale("1.00")
    assert [one.copy for one in three.printed] == ["merchant", "cardholder", "bank"]
    none = rig.terminal().sale("1.00")
    assert none.printed == ()


def test_a_declined_sale_prints_nothing(till: RigTerminal) -> None:
    assert till.sale("500.00", card="poor").printed == ()
    assert till.state.unprinted is None


@pytest.mark.parametrize("trouble", ["no-paper", "jam"])
def test_the_sale_stands_and_its_slip_is_owed(rig: Rig, till: RigTerminal, trouble: str) -> None:
    till.printer.trouble = trouble
    result = till.sale("12.34")
    assert (result.outcome, result.print_trouble, result.printed) == (Outcome.APPROVED, trouble, ())
    assert "the transaction stands" in result.sentence
    refused = till.sale("12.34")
    assert (refused.outcome, refused.exchanges) == (Outcome.REFUSED, ())
    assert "not sold: the slip of STAN 000002 over 12.34 is not printed" in refused.sentence
    assert sales(rig) == ["000002"]
    till.printer.trouble = ""
    again = till.reprint()
    assert again.outcome is Outcome.DONE
    assert printed(again) == [("000002", "merchant", 2), ("000002", "cardholder", 2)]
    assert till.state.unprinted is None
    assert journal(till) == [
        ("000002", "merchant", 0, trouble),
        ("000002", "merchant", 1, trouble),
        ("000002", "merchant", 2, ""),
        ("000002", "cardholder", 2, ""),
    ]
    assert sales(rig) == ["000002"]


def test_what_is_owed_is_printed_before_the_next_sale(rig: Rig, till: RigTerminal) -> None:
    till.printer.trouble = "jam"
    till.sale("12.34")
    till.printer.trouble = ""
    result = till.sale("5.00")
    assert [stan for stan, _, _ in printed(result)] == ["000002", "000002", "000003", "000003"]
    assert [reprint for _, _, reprint in printed(result)] == [1, 1, 0, 0]
    assert sales(rig) == ["000002", "000003"]


def test_a_copy_that_was_printed_is_not_printed_again(till: RigTerminal) -> None:
    class Watch:
        """Jams at the second copy."""

        def began(self, exchange: object) -> None: ...
        def ended(self, exchange: object) -> None: ...
        def printed(self, voucher: object) -> None: ...
        def copied(self, slip: object, copy: Copy, share: float) -> None:
            till.printer.trouble = "jam" if copy == "cardholder" and not till.state.prints[1:] else ""

    till._core.watch = Watch()
    result = till.sale("12.34")
    assert (printed(result), result.print_trouble) == ([("000002", "merchant", 0)], "jam")
    assert printed(till.reprint()) == [("000002", "cardholder", 1)]


def test_it_can_be_given_up(rig: Rig, till: RigTerminal) -> None:
    till.printer.trouble = "no-paper"
    till.sale("12.34")
    result = till.sale("5.00", drop_reversal=True)
    assert (result.code, sales(rig)) == ("00", ["000002", "000003"])


def test_a_power_cut_in_the_middle_of_a_slip(rig: Rig, tmp_path: Path) -> None:
    def till(printer: str = "") -> RigTerminal:
        return rig.terminal("90000001", state=tmp_path, copies=2, printer=printer)

    with till("power-cut") as terminal, pytest.raises(PowerFailedError, match="printed before the next transaction"):
        terminal.sale("12.34")
    with till() as terminal:
        assert terminal.state.pending is None
        assert terminal.state.unprinted is not None
        result = terminal.sale("5.00")
        assert printed(result)[:2] == [("000002", "merchant", 1), ("000002", "cardholder", 1)]
        assert printed(terminal.reprint(stan="2")) == [("000002", "merchant", 2)]
    assert sales(rig) == ["000002", "000003"]


def test_any_slip_that_is_kept_is_printed_again_and_counted(till: RigTerminal) -> None:
    till.sale("12.34")
    till.sale("5.00")
    assert printed(till.reprint(stan="000002")) == [("000002", "merchant", 1)]
    assert printed(till.reprint(stan="2", copy="bank")) == [("000002", "bank", 2)]
    assert printed(till.reprint()) == [("000003", "merchant", 1)]
    with pytest.raises(ValueError, match="nothing is kept of STAN 000099"):
        till.reprint(stan="000099")
    with pytest.raises(ValueError, match="there is no copy 'till'"):
        till.reprint(copy="till")


def test_a_slip_says_that_its_transaction_does_not_stand(till: RigTerminal) -> None:
    till.sale("12.34")
    till.void()
    till.sale("5.00")
    till.reverse()
    (voided,) = till.reprint(stan="000002").printed
    assert isinstance(voided.slip, Voucher)
    assert voided.slip.receipt.remarks == ("已撤销 VOIDED",)
    (reversed_,) = till.reprint(stan="000004").printed
    assert isinstance(reversed_.slip, Voucher)
    assert reversed_.slip.receipt.remarks == ("已冲正 REVERSED",)


def test_a_slip_that_is_owed_is_not_when_its_sale_is_undone(till: RigTerminal) -> None:
    till.printer.trouble = "jam"
    till.sale("12.34")
    till.reverse()
    assert till.state.unprinted is None


def test_the_slip_of_a_settlement_is_owed_likewise(rig: Rig, till: RigTerminal) -> None:
    till.sale("12.34")
    till.printer.trouble = "jam"
    settled = till.settle()
    assert (settled.outcome, settled.print_trouble) == (Outcome.APPROVED, "jam")
    assert till.sale("1.00").outcome is Outcome.REFUSED
    till.printer.trouble = ""
    again = till.reprint()
    assert isinstance(again.printed[0].slip, SettlementSlip)
    assert printed(again) == [("settlement", "merchant", 2)]
    assert printed(till.reprint(settlement=True)) == [("settlement", "merchant", 3)]
    assert till.sale("1.00").code == "00"


def test_a_signature_is_not_given_up_for_a_slip_that_does_not_come_out() -> None:
    rig = Rig(seed=1, rules=[{"name": "full", "when": {"service": "signature"}, "then": {"code": "05"}}])
    terminal = rig.terminal(printer="no-paper")
    terminal.sign_on()
    terminal.sale("12.34", sign="王伟")
    result = terminal.upload()
    assert (result.print_trouble, len(terminal.state.waiting)) == ("no-paper", 1)
    terminal.printer.trouble = ""
    result = terminal.upload()
    assert (result.signature, len(result.slips), terminal.state.waiting) == (Signed.PAPER, 1, ())


def test_a_signature_that_a_host_has_lost_goes_up_again(rig: Rig, till: RigTerminal) -> None:
    till.sale("12.34", sign="王伟")
    till.sale("5.00")
    assert (till.state.waiting, len(rig.store.signatures)) == ((), 1)
    assert till.upload(stan="000002").code == "94"
    rig.store.signatures.clear()
    result = till.upload(stan="000002")
    assert (result.code, result.signature, till.state.waiting) == ("00", Signed.UPLOADED, ())
    assert till.upload(stan="000003").outcome is Outcome.REFUSED


def test_troubles_are_named() -> None:
    with pytest.raises(ValueError, match="a printer has no trouble 'fire'; there are no-paper, jam, power-cut"):
        Printer("fire")
    with pytest.raises(ValueError, match="a slip has 0 to 3 copies, not 4"):
        Rig().terminal(copies=4)


def test_a_state_of_before_has_no_print_journal(tmp_path: Path) -> None:
    with Terminal("10000161", state=tmp_path, host="127.0.0.1:1", copies=1) as terminal:
        assert terminal.state.prints == ()
        assert terminal.reprint().outcome is Outcome.REFUSED
