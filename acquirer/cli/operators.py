"""``acquirer terminal operator``: who may use our terminal, and who is logged on."""

from __future__ import annotations

from typing import Annotated

import typer

from acquirer.cli.json_output import print_array
from acquirer.cli.kept_state import kept_state
from acquirer.cli.operation import Job, operation
from acquirer.cli.slip_options import STATE, StateOption, TidOption

app = typer.Typer(help="Log cashiers on and off, add and unlock them.", rich_markup_mode=None)

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The operator's, two digits.")]
Password = Annotated[str, typer.Option("--password", metavar="DIGITS", help="Its own password, four digits.")]
Supervisor = Annotated[str, typer.Option("--supervisor", metavar="DIGITS", help="The supervisor's password.")]
Administrator = Annotated[str, typer.Option("--administrator", metavar="DIGITS", help="The administrator's password.")]


@app.command("set-up")
@operation()
def set_up(*, supervisor: Supervisor, administrator: Administrator) -> Job:
    """Give supervisor and administrator their passwords; from now on a cashier must log on."""
    return Job(lambda terminal: terminal.set_up_operators(supervisor, administrator))


@app.command("add")
@operation()
def add(*, number: Number, password: Password, supervisor: Supervisor) -> Job:
    """Add a cashier, 01 to 98."""
    return Job(lambda terminal: terminal.add_operator(number, password, supervisor=supervisor))


@app.command("remove")
@operation()
def remove(*, number: Number, supervisor: Supervisor) -> Job:
    """Remove a cashier."""
    return Job(lambda terminal: terminal.remove_operator(number, supervisor=supervisor))


@app.command("password")
@operation()
def password(
    *,
    number: Number,
    new: Annotated[str, typer.Option("--new", metavar="DIGITS", help="The new password, four digits.")],
    password: Password = "",
    supervisor: Supervisor = "",
    administrator: Administrator = "",
) -> Job:
    """Give an operator another password: by its own, the supervisor's (of a cashier) or the administrator's."""
    return Job(
        lambda terminal: terminal.change_password(
            number, new, password=password, supervisor=supervisor, administrator=administrator
        )
    )


@app.command("unlock")
@operation()
def unlock(*, number: Number, supervisor: Supervisor = "", administrator: Administrator = "") -> Job:
    """Let an operator try again after three wrong passwords; the supervisor is unlocked by the administrator."""
    return Job(lambda terminal: terminal.unlock_operator(number, supervisor=supervisor, administrator=administrator))


@app.command("log-on")
@operation()
def log_on(
    *,
    number: Number,
    password: Password,
    sign_on: Annotated[bool, typer.Option(help="Sign on at the host, unless this cashier had.")] = True,
) -> Job:
    """Log a cashier on, in place of the one before, and sign on."""
    return Job(lambda terminal: terminal.log_on(number, password, sign_on=sign_on))


@app.command("log-off")
@operation()
def log_off() -> Job:
    """Log the cashier off; 'sign-off' does so too."""
    return Job(lambda terminal: terminal.log_off())


@app.command("reset")
@operation()
def reset(*, administrator: Administrator) -> Job:
    """Forget operators, keys and sales, unless anything is owed; batch and STAN go on."""
    return Job(lambda terminal: terminal.reset(administrator=administrator))


@app.command("list")
def list_(
    tid: TidOption = "10000161",
    state: StateOption = STATE,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as one JSON array.")] = False,
) -> None:
    """List the operators of a terminal."""
    from acquirer.cli.listing import print_table

    kept = kept_state(state, tid)
    operators = kept.operators if kept else ()
    logged_on = kept.operator if kept else ""
    if as_json:
        print_array(
            {"number": one.number, "logged_on": one.number == logged_on, "failures": one.failures, "locked": one.locked}
            for one in operators
        )
        return
    rows = []
    for one in operators:
        standing = one.standing if one.failures else ""
        rows.append((one.number, one.name, "logged on" if one.number == logged_on else standing))
    print_table(("Operator", "Is", "State"), rows)
