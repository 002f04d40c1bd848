"""What operators do at a terminal: log on and off, and what only supervisor and administrator may do.

A terminal without operators asks no one: it works as the operator whom its owner named. Once they are set up, its
transactions and its sign-on by hand need a cashier who has logged on; voids and refunds, the supervisor's password
beside.

Nothing here is sent, but for the sign-on that follows a cashier's log-on: the host knows an operator from that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from acquirer.terminal.effects import Program
from acquirer.terminal.exchange import Outcome, Result
from acquirer.terminal.offline_queue import queue_words
from acquirer.terminal.operators import (
    ADMINISTRATOR,
    SUPERVISOR,
    OperatorError,
    TerminalOperator,
    checked,
    find_operator,
    make_operator,
    no_cashier,
    with_operator,
)
from acquirer.terminal.rendering import outcome_text
from acquirer.terminal.sign_on import ready
from acquirer.terminal.state import State, waits

if TYPE_CHECKING:
    from acquirer.terminal.machine import Machine


def set_up_operators(machine: Machine, supervisor: str, administrator: str) -> Program[Result]:
    """Give supervisor and administrator their passwords; from now on a cashier must log on. Raises OperatorError."""
    if machine.state.operators:
        return _refused("operators", "operators are set up already; the administrator can reset the terminal")
    randbytes = machine.setup.randbytes
    managers = (
        make_operator(SUPERVISOR, supervisor, randbytes),
        make_operator(ADMINISTRATOR, administrator, randbytes),
    )
    yield from machine.keep(operators=managers, operator="")
    return _done("operators", "supervisor 00 and administrator 99 are set up: add cashiers, who log on from now on")


def add_operator(machine: Machine, number: str, password: str, supervisor: str) -> Program[Result]:
    """Add a cashier. Raises OperatorError."""
    operator = make_operator(number, password, machine.setup.randbytes)
    if refused := (yield from _check(machine, "operators", SUPERVISOR, supervisor)):
        return refused
    if find_operator(machine.state.operators, number):
        return _refused("operators", f"operator {number} is there already; 'operator password' gives another password")
    yield from machine.keep(operators=with_operator(machine.state.operators, operator))
    return _done("operators", f"{operator.name} may log on")


def remove_operator(machine: Machine, number: str, supervisor: str) -> Program[Result]:
    """Remove a cashier, who is logged off."""
    if refused := (yield from _check(machine, "operators", SUPERVISOR, supervisor)):
        return refused
    found = find_operator(machine.state.operators, number)
    if found is None or number in (SUPERVISOR, ADMINISTRATOR):
        return _refused("operators", f"there is no cashier {number}{_known(machine.state)}")
    yield from machine.keep(operators=tuple(one for one in machine.state.operators if one is not found))
    if machine.state.operator == number:
        yield from machine.keep(operator="", signed_on=False)
    return _done("operators", f"{found.name} is removed")


def change_password(
    machine: Machine, number: str, new: str, password: str, supervisor: str, administrator: str
) -> Program[Result]:
    """Give an operator another password: by its own, or by that of the one who unlocks it. Raises OperatorError."""
    operator = make_operator(number, new, machine.setup.randbytes)
    refused = yield from _check_one_of(machine, number, password, supervisor, administrator)
    if refused:
        return refused
    yield from machine.keep(operators=with_operator(machine.state.operators, operator))
    return _done("operators", f"{operator.name} has another password")


def unlock_operator(machine: Machine, number: str, supervisor: str, administrator: str) -> Program[Result]:
    """Let an operator try again after three wrong passwords."""
    if refused := (yield from _check_one_of(machine, number, "", supervisor, administrator)):
        return refused
    found = find_operator(machine.state.operators, number)
    assert found is not None
    if not found.failures:
        return _done("operators", f"{found.name} was not locked")
    yield from machine.keep(operators=with_operator(machine.state.operators, found.forgiven()))
    return _done("operators", f"{found.name} may try again")


def log_on(machine: Machine, number: str, password: str, sign_on: bool = True) -> Program[Result]:
    """Log a cashier on, in place of the one before, and sign on at the host unless that one had.

    The sign-on that fails leaves the cashier logged on: it is done by hand, or by the next transaction.
    """
    checked(password)
    if number in (SUPERVISOR, ADMINISTRATOR):
        role = "supervisor" if number == SUPERVISOR else "administrator"
        return _refused("log_on", f"operator {number} is the {role}, who does not sell: log on as a cashier")
    if refused := (yield from _check(machine, "log_on", number, password)):
        return refused
    if machine.state.operator != number:  # the host knows another one, or none
        yield from machine.keep(operator=number, signed_on=False)
    words = f"cashier {number} is logged on"
    exchange = (yield from ready(machine)) if sign_on else None
    if exchange is None:
        return _done("log_on", words)
    if exchange.outcome is not Outcome.APPROVED:
        words += f"; the sign-on failed: {outcome_text(exchange)}; sign on by hand ('sign-on')"
    return Result("log_on", exchange.outcome, exchange, words)


def log_off(machine: Machine) -> Program[Result]:
    """Log the cashier off; the next one signs on anew."""
    number = machine.state.operator
    if not number:
        return _refused("log_off", "no one is logged on")
    yield from machine.keep(operator="", signed_on=False)
    return _done("log_off", f"cashier {number} is logged off")


def reset(machine: Machine, administrator: str) -> Program[Result]:
    """Forget operators, keys and sales; batch and STAN go on. Not while anything is owed: nothing is lost by it."""
    if refused := (yield from _check(machine, "reset", ADMINISTRATOR, administrator)):
        return refused
    state = machine.state
    if state.pending or state.unanswered:
        return _refused("reset", "not reset: a transaction is owed its end; 'reverse' or 'again' sends it")
    if state.queue or state.waiting:
        return _refused("reset", f"not reset: {queue_words(state) or waits(state)}")
    yield from machine.keep(operators=(), operator="", signed_on=False, keys=None, sales=(), voucher=None, last=None)
    return _done("reset", "the terminal is reset: it has no operators, no keys and no sales")


def with_cashier(machine: Machine, service: str, program: Program[Result]) -> Program[Result]:
    """Run what needs a cashier, where a terminal has operators; what is owed is done without one."""
    missing = no_cashier(machine.state.operators, machine.state.operator)
    if missing and machine.state.pending is None:
        return _refused(service, f"not sent: {missing}")
    return (yield from program)


def supervised(machine: Machine, service: str, password: str, program: Program[Result]) -> Program[Result]:
    """Run what needs the supervisor beside the cashier, where a terminal has operators."""
    if machine.state.operators:
        not_done = "not voided" if service == "void" else "not refunded"
        if missing := no_cashier(machine.state.operators, machine.state.operator):
            return _refused(service, f"{not_done}: {missing}")
        if refused := (yield from _check(machine, service, SUPERVISOR, password)):
            return refused
    return (yield from program)


def _check_one_of(
    machine: Machine, number: str, password: str, supervisor: str, administrator: str
) -> Program[Result | None]:
    """Return why none of these passwords will do for what is to be done to an operator; None when one does."""
    found = find_operator(machine.state.operators, number)
    if found is None:
        return _refused("operators", f"there is no operator {number}{_known(machine.state)}")
    given = [(number, password), (SUPERVISOR, supervisor), (ADMINISTRATOR, administrator)]
    by = [(who, typed) for who, typed in given if typed]
    if len(by) != 1:
        raise OperatorError("give one password: its own, the supervisor's, or the administrator's")
    who, typed = by[0]
    if who == SUPERVISOR != number and found.unlocked_by != SUPERVISOR:
        return _refused("operators", f"{found.name} is beyond the supervisor: the administrator does that")
    return (yield from _check(machine, "operators", who, typed))


def _check(machine: Machine, service: str, number: str, password: str) -> Program[Result | None]:
    """Return the refusal that a password leads to; None when it is right. What it came to is durable."""
    if not machine.state.operators:
        return _refused(service, "this terminal has no operators; set them up first ('operator set-up')")
    operator = find_operator(machine.state.operators, number)
    if operator is None:
        return _refused(service, f"there is no operator {number}{_known(machine.state)}")
    if operator.locked:
        return _refused(service, f"{operator.name} gave too many wrong passwords: {operator.standing}")
    if not password:
        return _refused(service, f"this needs the password of {operator.name}{_where(number)}")
    if operator.knows(checked(password)):
        yield from _keep(machine, operator.forgiven())
        return None
    after = operator.after_failure()
    yield from _keep(machine, after)
    return _refused(service, f"this is not the password of {operator.name}: {after.standing}")


def _where(number: str) -> str:
    return {SUPERVISOR: " (--supervisor)", ADMINISTRATOR: " (--administrator)"}.get(number, "")


def _keep(machine: Machine, operator: TerminalOperator) -> Program[None]:
    operators = with_operator(machine.state.operators, operator)
    if operators != machine.state.operators:
        yield from machine.keep(operators=operators)


def _known(state: State) -> str:
    numbers = [one.number for one in state.operators if one.number not in (SUPERVISOR, ADMINISTRATOR)]
    return f"; there are {', '.join(numbers)}" if numbers else "; there are none yet ('operator add')"


def _refused(service: str, sentence: str) -> Result:
    return Result(service, Outcome.REFUSED, sentence=sentence)


def _done(service: str, sentence: str) -> Result:
    return Result(service, Outcome.DONE, sentence=sentence)
