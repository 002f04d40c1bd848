"""Sign-off and echo: the management messages that hand out nothing (UnionPay 0820, DE 60.3 = 002 and 301)."""

from __future__ import annotations

from dataclasses import replace

from acquirer.dialect.plans import ElementValues
from acquirer.host.core import Host
from acquirer.host.decision import Decision
from acquirer.host.request import Request
from acquirer.model.effects import Loaded
from acquirer.model.reasons import Reason


def sign_off(host: Host, request: Request, loaded: Loaded, _asked: str) -> Decision:
    """Close the terminal's day: sales need a sign-on again, reversals do not. Twice is as good as once."""
    session = loaded.session
    assert session is not None
    made = _made(request, loaded)
    closes = loaded.terminal is not None and loaded.terminal.policy.required == "per-batch"
    sentence = "signed off"
    if host.has_batch:
        sentence = f"signed off; batch {session.batch} {'is closed' if closes else 'stays open'}"
    if session.signed_off or not session.signed_on_us:
        state = "had signed off already" if session.signed_off else "was never signed on"
        return Decision(Reason.APPROVED, f"nothing to sign off: the terminal {state}", made=made, rrn=loaded.rrn)
    notes: tuple[str, ...] = ()
    if request.batch and request.batch != session.batch:
        notes = (f"batch: the terminal signs off from batch {request.batch}, the host has {session.batch}",)
    return Decision(
        Reason.APPROVED, sentence, made=made, session=replace(session, signed_off=True), rrn=loaded.rrn, notes=notes
    )


def echo(_host: Host, request: Request, loaded: Loaded, _asked: str) -> Decision:
    """Say that the host is there."""
    return Decision(Reason.APPROVED, "the host is there", made=_made(request, loaded), rrn=loaded.rrn)


def _made(request: Request, loaded: Loaded) -> ElementValues:
    return {**request.stamp.made, "rrn": loaded.rrn}
