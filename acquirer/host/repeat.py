"""The same transaction number again: its stored answer, a late original, or a number used twice."""

from __future__ import annotations

from acquirer.host.card import PresentedCard
from acquirer.host.core import Host
from acquirer.host.decision import Decision
from acquirer.host.explain import booking as why
from acquirer.host.explain.booking import Difference
from acquirer.host.field_notes import code_notes
from acquirer.host.lifecycle import Action, action
from acquirer.host.request import Request, original_key
from acquirer.host.text import money, named
from acquirer.host.verification import Verified
from acquirer.model.reasons import REASONS, Reason
from acquirer.model.rows import TerminalConfig, Transaction
from acquirer.wire.masking import mask_pan


def stored_answer(
    host: Host,
    request: Request,
    terminal: TerminalConfig,
    verified: Verified,
    stored: Transaction,
    card: PresentedCard,
    due: str,
) -> Decision:
    """Answer a transaction whose number is known; a stored answer is given even when a sign-on is due (`due`: why)."""
    found = differences(host, request, card.pan, stored)
    course = action(stored, "other" if found else "same")
    if course is Action.LATE:
        sentence = why.late_original(host, stored)
        return Decision(Reason.LATE_ORIGINAL, sentence, session=verified.session, pan_masked=card.masked)
    if found and due:
        return Decision(
            Reason.SIGN_ON_REQUIRED, due, session=verified.session, pan_masked=card.masked, sign_on_again=True
        )
    if course is Action.DUPLICATE or (terminal.policy.repeat == "decline" and not request.repeat):
        sentence = why.duplicate(host, stored, found)
        notes = ("stan-reuse: one transaction number for two different transactions",) if found else ()
        return Decision(Reason.DUPLICATE, sentence, session=verified.session, pan_masked=card.masked, notes=notes)
    return Decision(
        Reason(stored.reason) if stored.reason in REASONS else Reason.CHOSEN,
        why.replayed(host.calendar, stored),
        code=stored.code,
        reply_elements=dict(stored.reply_elements),
        session=verified.session,
        transaction=stored,  # unchanged, but by its version: a reversal that comes between must not be overtaken
        keys=verified.keys,
        rrn=stored.rrn,
        pan_masked=card.masked,
        notes=code_notes(host, request) or (() if request.repeat else (why.taken_for_repeat(host, stored),)),
        replayed=True,
    )


def differences(host: Host, request: Request, pan: str, stored: Transaction) -> list[Difference]:
    """Return what a request says otherwise than the stored transaction: what never changes in an honest repeat.

    PIN block, security control, IC data and MAC are not compared: they may be new in a repeat.
    """
    read, fields = host.read, request.message.fields
    found: list[Difference] = []
    if request.service != stored.kind:
        found.append(("kind", stored.kind, request.service))
    if (request.amount_minor or 0) != stored.amount_minor:
        found.append(("amount", money(stored.amount_minor), money(request.amount_minor)))
    for name, now, before in (
        ("processing code", read.processing_code(fields), stored.processing_code),
        ("currency", read.currency(fields), stored.currency),
        ("transaction type", read.transaction_type(fields), stored.transaction_type),
    ):
        if now != before:
            found.append((name, _shown(before), _shown(now)))
    if (host.vault.token(pan) if pan else "") != stored.card:
        found.append(("card", stored.pan_masked or "(none)", mask_pan(pan) or "(none)"))
    if stored.mti and read.rrn(fields) != stored.original_rrn:  # version 0.1 did not keep it
        found.append(("reference number", _shown(stored.original_rrn), _shown(read.rrn(fields))))
    if (
        stored.original is not None
        and (stan := original_key(host, request).stan) != stored.original.stan
        and stan.strip("0")
    ):
        found.append(("original STAN", _shown(stored.original.stan), _shown(stan)))
    return found


def _shown(value: str | None) -> str:
    """Return what a terminal sent, or nothing, fit for a sentence."""
    return named(value) if value else "(none)"
