"""What comes before the steps of a case: rest, and a sign-on where the terminal must be signed on and is not yet."""

from __future__ import annotations

from typing import Final

from acquirer.certification.case import CaseStep
from acquirer.dialect.dialect import Dialect
from acquirer.journey.journey import Operate
from acquirer.journey.operations import OPERATIONS
from acquirer.matcher.expression import Atom, conjunction

REST_STEP: Final = CaseStep(
    number=0, line=0, do="Bring the terminal to rest: have it give up what it owes of the case before, if anything."
)


def sign_on_step(dialect: Dialect) -> CaseStep | None:
    """Return the step in which a terminal signs on; None where terminals of this dialect do not."""
    route = next((one for one in dialect.routes if one.service == "sign_on" and one.served), None)
    if route is None:
        return None
    approved = dialect.code_of("approved", route)
    return CaseStep(
        number=0,
        line=0,
        do="Sign on first: this case begins with a terminal that is signed on.",
        operation=Operate(OPERATIONS["sign_on"], {}),
        arrives=conjunction([Atom("service", "equal", "sign_on"), Atom("code", "equal", approved)]),
        quiet_s=1.0,
    )
