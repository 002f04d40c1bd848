"""What comes before the steps of a case: rest, and a sign-on where the terminal must be signed on and is not yet."""

from __future__ import annotations

from typing import Final

from acquirer.certification.case import CaseStep
from acquirer.journey.journey import Operate
from acquirer.journey.operations import OPERATIONS
from acquirer.matcher.expression import Atom, conjunction

SIGN_ON_STEP: Final = CaseStep(
    number=0,
    line=0,
    do="Sign on first: this case begins with a terminal that is signed on.",
    operation=Operate(OPERATIONS["sign_on"], {}),
    arrives=conjunction([Atom("service", "equal", "sign_on"), Atom("code", "equal", "00")]),
    quiet_s=1.0,
)

REST_STEP: Final = CaseStep(
    number=0, line=0, do="Bring the terminal to rest: have it give up what it owes of the case before, if anything."
)
