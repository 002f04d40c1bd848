"""The same transaction number again: its stored answer, a late original, or a number used twice."""

from __future__ import annotations

from acquirer.host.admission import Verified
from acquirer.host.card import Presented
from acquirer.host.core import Host
from acquirer.host.decision import Decision
from acquirer.host.explain import booking as why
from acquirer.host.explain.booking import Difference
from acquirer.host.explain.text import money
from acquirer.host.request import Request
from acquirer.model.reasons import Reason
from acquirer.model.rows import TerminalConfig, Transaction
from acquirer.wire.masking import mask_pan


def again(
    host: Host,
    request: Request,
    terminal: TerminalConfig,
    verified: Verified,
    stored: Transaction,
    presented: Presented,
    due: str,
) -> Decision:
    """Answer a sale whose number is known. A stored answer is given whatever the sign-on policy says by now (`due`)."""
    if stored.state in ("tombstone", "reversed"):
        sentence = why.late_original(host, stored)
        return Decision(Reason.LATE_ORIGINAL, sentence, session=verified.session, pan_masked=presented.masked)
    found = differences(host, request, presented.pan, stored)
    if found and due:
        return Decision(
            Reason.SIGN_ON_REQUIRED, due, session=verified.session, pan_masked=presented.masked, sign_on_again=True
        )
    if found or (terminal.policy.repeat == "decline" and not request.repeat):
        sentence = why.duplicate(host, stored, found)
        notes = ("stan-reuse: one transaction number for two different sales",) if found else ()
        return Decision(Reason.DUPLICATE, sentence, session=verified.session, pan_masked=presented.masked, notes=notes)
    return Decision(
        Reason(stored.reason),
        why.replayed(host.calendar, stored),
        code=stored.code,
        made=dict(stored.made),
        session=verified.session,
        transaction=stored,  # unchanged, but by its version: a reversal that comes between must not be overtaken
        keys=verified.keys,
        rrn=stored.rrn,
        pan_masked=presented.masked,
        replayed=True,
    )


def differences(host: Host, request: Request, pan: str, stored: Transaction) -> list[Difference]:
    """What a request says otherwise than the stored transaction: what never changes in an honest repeat.

    PIN block, security control, IC data and MAC are not compared: they may be made anew.
    """
    read, came = host.read, request.message.fields
    found: list[Difference] = []
    if request.service != stored.kind:
        found.append(("kind", stored.kind, request.service))
    if (request.amount_minor or 0) != stored.amount_minor:
        found.append(("amount", money(stored.amount_minor), money(request.amount_minor)))
    for name, now, before in (
        ("processing code", read.processing_code(came), stored.processing_code),
        ("currency", read.currency(came), stored.currency),
        ("transaction type", read.transaction_type(came), stored.transaction_type),
    ):
        if now != before:
            found.append((name, before or "(none)", now or "(none)"))
    if (host.vault.token(pan) if pan else "") != stored.card:
        found.append(("card", stored.pan_masked or "(none)", mask_pan(pan) or "(none)"))
    return found
