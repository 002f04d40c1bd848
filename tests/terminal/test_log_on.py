"""Operators at our terminal: who may do what, what a wrong password leads to, and what the host hears of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from acquirer.slip.settlement_slip import render_settlement
from acquirer.terminal.exchange import Outcome, Result
from acquirer.terminal.log_on import (
    add_operator,
    change_password,
    log_off,
    log_on,
    remove_operator,
    reset,
    set_up_operators,
    supervised,
    unlock_operator,
    with_cashier,
)
from acquirer.terminal.operators import OperatorError
from acquirer.terminal.reversal import Undo, reverse
from acquirer.terminal.sale import sale
from acquirer.terminal.settlement import SettleOrder, settle
from acquirer.terminal.sign_on import sign_off, sign_on
from acquirer.terminal.void import VoidOrder, void

if TYPE_CHECKING:
    from collections.abc import Callable

    from acquirer.terminal.effects import Program, Response
    from acquirer.terminal.sale import Order
    from tests.terminal.conftest import Bench, Foreign

    Orders = Callable[..., Order]

SUPERVISOR, ADMINISTRATOR = "9000", "9900"


def done(bench: Bench, program: Program[Result], *script: Any) -> str:
    """Run an operation that is done without the host; return its sentence."""
    result = bench.run(program, *script)
    assert result.outcome is Outcome.DONE, result
    return result.sentence


def refused(bench: Bench, program: Program[Result]) -> str:
    """Run an operation that the terminal refuses before anything is sent; return why."""
    before = len(bench.requests)
    result = bench.run(program)
    assert (result.outcome, len(bench.requests)) == (Outcome.REFUSED, before), result
    return result.sentence


@pytest.fixture
def staffed(signed_on: Bench) -> Bench:
    """A terminal with cashiers 01 and 02, at which no one is logged on."""
    done(signed_on, set_up_operators(signed_on.machine, SUPERVISOR, ADMINISTRATOR))
    done(signed_on, add_operator(signed_on.machine, "02", "2222", SUPERVISOR))
    done(signed_on, add_operator(signed_on.machine, "01", "1111", SUPERVISOR))
    return signed_on


@pytest.fixture
def at_work(staffed: Bench, host: Foreign) -> Bench:
    """The same, with cashier 01 logged on and signed on."""
    assert staffed.run(log_on(staffed.machine, "01", "1111"), host.sign_on()).ok
    return staffed


def test_a_terminal_without_operators_asks_no_one(signed_on: Bench, host: Foreign, make_order: Orders) -> None:
    assert signed_on.run(sale(signed_on.machine, make_order()), host.reply(de37="112012345678")).ok
    program = void(signed_on.machine, VoidOrder())
    assert signed_on.run(supervised(signed_on.machine, "void", "", program), host.reply()).ok
    sentence = "this terminal has no operators; set them up first ('operator set-up')"
    assert refused(signed_on, log_on(signed_on.machine, "01", "1111")) == sentence
    assert refused(signed_on, add_operator(signed_on.machine, "01", "1111", "9000")) == sentence
    assert refused(signed_on, unlock_operator(signed_on.machine, "01", "9000", "")).startswith(
        "there is no operator 01"
    )


def test_once_they_are_set_up_nothing_is_sold_without_a_cashier(
    signed_on: Bench, staffed: Bench, make_order: Orders
) -> None:
    machine = staffed.machine
    assert [one.number for one in staffed.state.operators] == ["00", "01", "02", "99"]
    missing = "no cashier is logged on; log on first ('operator log-on')"
    assert refused(staffed, sale(machine, make_order())) == f"not sold: {missing}"
    assert refused(staffed, sign_on(machine)) == f"not signed on: {missing}"
    program = void(machine, VoidOrder())
    assert refused(staffed, supervised(machine, "void", SUPERVISOR, program)) == f"not voided: {missing}"
    program = reverse(machine, Undo())
    assert refused(staffed, with_cashier(machine, "reversal", program)) == f"not sent: {missing}"
    assert refused(staffed, log_off(machine)) == "no one is logged on"
    again = set_up_operators(machine, "1234", "1234")
    assert refused(staffed, again) == "operators are set up already; the administrator can reset the terminal"


def test_a_cashier_logs_on_and_signs_on_by_that(staffed: Bench, host: Foreign, make_order: Orders) -> None:
    result = staffed.run(log_on(staffed.machine, "02", "2222"), host.sign_on())
    assert (result.outcome, result.sentence) == (Outcome.APPROVED, "cashier 02 is logged on")
    assert (staffed.requests[-1].mti, staffed.requests[-1].fields[63]) == ("0800", "02 ")
    assert staffed.state.operator == "02"
    sold = staffed.run(sale(staffed.machine, make_order()), host.reply())
    assert sold.receipt.operator == "02"
    assert done(staffed, log_on(staffed.machine, "02", "2222")) == "cashier 02 is logged on", "the host knows that one"


def test_another_cashier_takes_over_and_signs_on_anew(at_work: Bench, host: Foreign) -> None:
    assert at_work.run(log_on(at_work.machine, "02", "2222"), host.sign_on()).ok
    assert [one.fields[63] for one in at_work.requests] == ["01 ", "02 "]


def test_a_sign_on_that_fails_is_done_by_hand(staffed: Bench, host: Foreign, no_line: Response) -> None:
    result = staffed.run(log_on(staffed.machine, "01", "1111"), no_line)
    assert result.outcome is Outcome.NOT_SENT
    assert result.sentence == ("cashier 01 is logged on; the sign-on failed: not sent; sign on by hand ('sign-on')")
    assert staffed.state.operator == "01"
    assert staffed.run(sign_on(staffed.machine), host.sign_on()).ok


def test_logging_on_without_a_sign_on_leaves_it_to_the_next_sale(
    staffed: Bench, host: Foreign, make_order: Orders
) -> None:
    assert done(staffed, log_on(staffed.machine, "01", "1111", sign_on=False)) == "cashier 01 is logged on"
    assert staffed.run(sale(staffed.machine, make_order()), host.sign_on(), host.reply()).ok


def test_three_failures_lock_until_the_supervisor_unlocks(staffed: Bench, host: Foreign) -> None:
    machine, denied = staffed.machine, "this is not the password of cashier 01: "
    locked = "it is locked until the supervisor unlocks it ('operator unlock 01')"
    assert refused(staffed, log_on(machine, "01", "1112")) == f"{denied}2 tries are left"
    assert refused(staffed, log_on(machine, "01", "1113")) == f"{denied}1 try is left"
    assert refused(staffed, log_on(machine, "01", "1114")) == denied + locked
    assert refused(staffed, log_on(machine, "01", "1111")) == f"cashier 01 gave too many wrong passwords: {locked}"
    assert "too many" in refused(staffed, change_password(machine, "01", "1212", "1111", "", ""))
    assert done(staffed, unlock_operator(machine, "01", SUPERVISOR, "")) == "cashier 01 may try again"
    assert done(staffed, unlock_operator(machine, "01", SUPERVISOR, "")) == "cashier 01 was not locked"
    assert staffed.run(log_on(machine, "01", "1111"), host.sign_on()).ok


def test_failures_outlast_a_power_cut_and_a_right_password_ends_them(
    make_bench: type[Bench], staffed: Bench, host: Foreign
) -> None:
    for _ in range(2):
        refused(staffed, log_on(staffed.machine, "01", "0000"))
    again = make_bench(staffed.state)
    assert again.run(log_on(again.machine, "01", "1111"), host.sign_on()).ok
    assert refused(again, log_on(again.machine, "01", "0000")).endswith("2 tries are left")


def test_a_cashier_who_is_logged_on_is_so_after_a_power_cut(
    make_bench: type[Bench], at_work: Bench, host: Foreign, make_order: Orders
) -> None:
    again = make_bench(at_work.state, operator="55")
    result = again.run(sale(again.machine, make_order()), host.reply())
    assert result.receipt.operator == "01"


def test_void_and_refund_ask_for_the_supervisor(at_work: Bench, host: Foreign, make_order: Orders) -> None:
    machine = at_work.machine
    assert at_work.run(sale(machine, make_order()), host.reply(de37="112012345678")).ok

    def voiding(password: str) -> Program[Result]:
        return supervised(machine, "void", password, void(machine, VoidOrder()))

    assert refused(at_work, voiding("")) == "this needs the password of the supervisor (--supervisor)"
    assert refused(at_work, voiding("1111")) == "this is not the password of the supervisor: 2 tries are left"
    result = at_work.run(voiding(SUPERVISOR), host.reply())
    assert (result.outcome, result.receipt.operator) == (Outcome.APPROVED, "01")


def test_a_cashier_settles_and_the_slip_says_which(staffed: Bench, host: Foreign) -> None:
    machine = staffed.machine
    missing = "no cashier is logged on; log on first ('operator log-on')"
    assert refused(staffed, settle(machine, SettleOrder())) == f"not settled: {missing}"
    assert staffed.run(log_on(machine, "02", "2222"), host.sign_on()).ok
    totals = f"{'0' * 30}1{'0' * 30}1"
    result = staffed.run(settle(machine, SettleOrder()), host.reply(de48=totals, de39=None), host.reply())
    assert result.ok, result
    assert [(one.mti, one.fields.get(63)) for one in staffed.requests[-2:]] == [("0500", "02 "), ("0320", None)]
    assert result.settlement is not None
    assert result.settlement.operator == "02"
    assert "02" in next(line for line in render_settlement(result.settlement).splitlines() if "OPERATOR" in line)


def test_a_supervisor_is_locked_too_and_the_administrator_never(at_work: Bench) -> None:
    machine = at_work.machine
    last = [refused(at_work, add_operator(machine, "03", "3333", "0000")) for _ in range(3)][-1]
    assert last == (
        "this is not the password of the supervisor: it is locked until the administrator unlocks it "
        "('operator unlock 00')"
    )
    last = [refused(at_work, unlock_operator(machine, "00", "", "0000")) for _ in range(4)][-1]
    assert last == "this is not the password of the administrator: try again"
    assert done(at_work, unlock_operator(machine, "00", "", ADMINISTRATOR)) == "the supervisor may try again"
    assert done(at_work, add_operator(machine, "03", "3333", SUPERVISOR)) == "cashier 03 may log on"


def test_who_gives_whom_another_password(at_work: Bench) -> None:
    machine = at_work.machine
    assert done(at_work, change_password(machine, "01", "1212", "1111", "", "")) == "cashier 01 has another password"
    assert done(at_work, change_password(machine, "01", "1313", "", SUPERVISOR, ""))
    assert done(at_work, change_password(machine, "01", "1414", "", "", ADMINISTRATOR))
    assert done(at_work, log_on(machine, "01", "1414"))
    beyond = "the administrator is beyond the supervisor: the administrator does that"
    assert refused(at_work, change_password(machine, "99", "1234", "", SUPERVISOR, "")) == beyond
    assert done(at_work, change_password(machine, "00", "9001", "", SUPERVISOR, ""))
    assert done(at_work, change_password(machine, "99", "9901", ADMINISTRATOR, "", ""))
    assert refused(at_work, change_password(machine, "07", "9901", "1111", "", "")) == (
        "there is no operator 07; there are 01, 02"
    )
    with pytest.raises(OperatorError, match="give one password: its own, the supervisor's, or the administrator's"):
        at_work.run(change_password(machine, "01", "1212", "1414", SUPERVISOR, ""))


def test_a_cashier_is_removed_and_logged_off(at_work: Bench, make_order: Orders) -> None:
    machine = at_work.machine
    assert refused(at_work, remove_operator(machine, "00", SUPERVISOR)) == "there is no cashier 00; there are 01, 02"
    assert done(at_work, remove_operator(machine, "01", SUPERVISOR)) == "cashier 01 is removed"
    assert refused(at_work, sale(machine, make_order())).startswith("not sold: no cashier is logged on")
    assert refused(at_work, add_operator(machine, "02", "1234", SUPERVISOR)).startswith("operator 02 is there already")


def test_supervisor_and_administrator_do_not_sell(at_work: Bench) -> None:
    sentence = refused(at_work, log_on(at_work.machine, "00", SUPERVISOR))
    assert sentence == "operator 00 is the supervisor, who does not sell: log on as a cashier"


def test_signing_off_logs_off(at_work: Bench, host: Foreign, make_order: Orders) -> None:
    assert at_work.run(sign_off(at_work.machine), host.reply()).ok
    assert (at_work.state.operator, at_work.state.signed_on) == ("", False)
    assert refused(at_work, sale(at_work.machine, make_order())).startswith("not sold: no cashier is logged on")


def test_logging_off_has_the_next_one_sign_on(at_work: Bench, host: Foreign) -> None:
    assert done(at_work, log_off(at_work.machine)) == "cashier 01 is logged off"
    assert at_work.run(log_on(at_work.machine, "01", "1111"), host.sign_on()).ok


def test_what_is_owed_is_reversed_without_a_cashier(
    at_work: Bench, host: Foreign, make_order: Orders, silence: Response, no_line: Response
) -> None:
    machine = at_work.machine
    at_work.run(sale(machine, make_order()), silence, no_line)
    assert at_work.state.pending is not None
    assert refused(at_work, reset(machine, ADMINISTRATOR)).startswith("not reset: a transaction is owed its end")
    done(at_work, log_off(machine))
    program = with_cashier(machine, "reversal", reverse(machine, Undo()))
    assert at_work.run(program, host.reply()).ok


def test_a_reset_forgets_operators_keys_and_sales_and_counts_on(
    make_bench: type[Bench], at_work: Bench, host: Foreign, make_order: Orders
) -> None:
    machine = at_work.machine
    assert at_work.run(sale(machine, make_order()), host.reply()).ok
    before = at_work.state
    assert refused(at_work, reset(machine, SUPERVISOR)).startswith("this is not the password of the administrator")
    assert done(at_work, reset(machine, ADMINISTRATOR)).startswith("the terminal is reset")
    after = at_work.state
    assert (after.operators, after.operator, after.keys, after.sales, after.voucher) == ((), "", None, (), None)
    assert (after.stan, after.batch) == (before.stan, before.batch)
    assert machine.setup.operator == at_work.setup.operator
    assert make_bench(after).run(sale(make_bench(after).machine, make_order()), host.sign_on(), host.reply()).ok


@pytest.mark.parametrize(
    ("number", "password", "problem"),
    [
        ("1", "1234", "'1' is no operator; a number has two digits, as in 01"),
        ("01", "123", "this is no password of an operator, which has four digits"),
        ("01", "12345", "this is no password of an operator, which has four digits"),
        ("01", "１２３４", "this is no password of an operator, which has four digits"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_repeats_no_password(
    staffed: Bench, number: str, password: str, problem: str
) -> None:
    with pytest.raises(OperatorError) as caught:
        staffed.run(add_operator(staffed.machine, number, password, SUPERVISOR))
    assert str(caught.value) == problem


def test_a_password_of_another_form_counts_as_no_try(staffed: Bench) -> None:
    with pytest.raises(OperatorError):
        staffed.run(log_on(staffed.machine, "01", "111"))
    assert replace(staffed.state).operators[1].failures == 0
