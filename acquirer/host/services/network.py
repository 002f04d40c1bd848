"""Sign-off and echo: the management messages that hand out nothing (UnionPay 0820, DE 60.3 = 002 and 301)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from acquirer.dialect.plans import ElementValues
from acquirer.host.case import Case
from acquirer.host.decision import Decision
from acquirer.host.registry import Straight, StraightSteps, service
from acquirer.model.reasons import Reason


@service("sign_off")
def sign_off(case: Case) -> Decision:
    """Close the terminal's day: new transactions need a sign-on again, reversals do not. Idempotent."""
    session, request = case.session, case.request
    elements = {**_reply_elements(case), "batch": session.batch}
    if session.signed_off or not session.signed_on_us:
        state = "had signed off already" if session.signed_off else "was never signed on"
        sentence = f"nothing to sign off: the terminal {state}"
        return Decision(Reason.APPROVED, sentence, reply_elements=elements, rrn=case.rrn)
    sentence, notes = "signed off", tuple[str, ...]()
    if case.host.has_batch:
        closes = case.terminal.policy.required == "per-batch" and not session.unused
        sentence = f"signed off; batch {session.batch} {'is closed' if closes else 'stays open'}"
    if request.batch and request.batch != session.batch:
        notes = (f"batch: the terminal signs off from batch {request.batch}, the host has {session.batch}",)
    after = replace(session, signed_off=True)
    return Decision(Reason.APPROVED, sentence, reply_elements=elements, session=after, rrn=case.rrn, notes=notes)


_HERE: Final = "the host is there"


def _straight(*_values: object) -> StraightSteps:
    """Decide what `echo` does, of any terminal."""
    yield from ()
    return None, _HERE, (), {}


@service("echo", straight=Straight(_straight))
def echo(case: Case) -> Decision:
    """Say that the host is there."""
    return Decision(Reason.APPROVED, _HERE, reply_elements=_reply_elements(case), rrn=case.rrn)


def _reply_elements(case: Case) -> ElementValues:
    return {**case.request.stamp.reply_elements, "rrn": case.rrn}
