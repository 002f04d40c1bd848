"""Operations of terminals about their operators, as journeys write them."""

from __future__ import annotations

from typing import Final

from acquirer.journey.operation import Argument, TerminalOperation

SUPERVISOR: Final = Argument("supervisor", "password", "the supervisor's password, of a terminal with operators")
_ADMINISTRATOR: Final = Argument("administrator", "password", "the administrator's password")
_NUMBER: Final = Argument("number", "text", "an operator's number, as in 01")
_PASSWORD: Final = Argument("password", "password", "the operator's own password")


def _by_password(
    name: str,
    help: str,
    needed: tuple[Argument, ...] = (),
    more: tuple[Argument, ...] = (),
    others: tuple[str, ...] = (),
) -> TerminalOperation:
    """Return an operation about operators, which asks the host for nothing, or for `others`."""
    return TerminalOperation(
        name, "", help, (*needed, *more), frozenset([one.name for one in needed]), saves=bool(others), others=others
    )


OPERATOR_OPERATIONS: Final = (
    _by_password(
        "set_up_operators",
        "Give supervisor 00 and administrator 99 their passwords: from now on a cashier must log on.",
        (SUPERVISOR, _ADMINISTRATOR),
    ),
    _by_password("add_operator", "Add a cashier.", (_NUMBER, _PASSWORD, SUPERVISOR)),
    _by_password("remove_operator", "Remove a cashier.", (_NUMBER, SUPERVISOR)),
    _by_password(
        "change_password",
        "Give an operator another password: by its own, the supervisor's, or the administrator's.",
        (_NUMBER, Argument("new", "password", "the new password")),
        (_PASSWORD, SUPERVISOR, _ADMINISTRATOR),
    ),
    _by_password(
        "unlock_operator",
        "Let an operator try again after three wrong passwords.",
        (_NUMBER,),
        (SUPERVISOR, _ADMINISTRATOR),
    ),
    _by_password(
        "log_on",
        "Log a cashier on, in place of the one before, and sign on.",
        (_NUMBER, _PASSWORD),
        (Argument("sign_on", "flag", "whether it signs on; without it, it does"),),
        others=("sign_on",),
    ),
    _by_password("log_off", "Log the cashier off."),
    _by_password("reset", "Forget operators, keys and sales.", (_ADMINISTRATOR,)),
)
"""In the order of the page about journeys."""
