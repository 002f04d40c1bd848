"""A reversal: the sale of the number it names is undone exactly once, whatever comes first and how often it comes.

Which number that is, its own (UnionPay) or one among the original data elements (DE 90, DE 56), is the dialect's.
Q/CUP 009: a terminal reverses what got no good answer, under the sale's own number; it stops on 00, 12 and 25. A
reversal needs a valid MAC and nothing else: no sign-on policy and no open batch stands in its way.
"""

from __future__ import annotations

from dataclasses import replace

from acquirer.host.admission import Verified, verify
from acquirer.host.core import Host
from acquirer.host.decision import Decision
from acquirer.host.explain import booking as why
from acquirer.host.explain.booking import Difference
from acquirer.host.explain.text import money
from acquirer.host.issuer.decisions import give_back
from acquirer.host.request import Request
from acquirer.host.services.sale import given_back
from acquirer.model.effects import Loaded
from acquirer.model.reasons import Reason
from acquirer.model.rows import Transaction
from acquirer.wire.masking import mask_pan


def reversal(host: Host, request: Request, loaded: Loaded, asked: str) -> Decision:
    """Decide a reversal: the first of a booked sale takes effect, everything else only gets its answer."""
    verified = verify(host, request, loaded)
    if isinstance(verified, Decision):
        return verified
    stored = loaded.transaction
    if stored is None or stored.state == "tombstone":
        return _unknown(host, request, loaded, verified, stored)
    pan = host.read.pan(request.message.fields)
    found = _differences(host, request, stored, pan)
    if found:
        amount = any(name == "amount" for name, _, _ in found)
        reason = Reason.ORIGINAL_AMOUNT_DIFFERS if amount else Reason.ORIGINAL_DIFFERS
        notes = ("reversal-differs: the reversal does not fit the sale it names",)
        return Decision(
            reason,
            why.original_differs(host.dialect, stored, found),
            session=verified.session,
            pan_masked=mask_pan(pan),
            notes=notes,
        )
    if stored.reversal_made:
        return Decision(
            Reason.APPROVED,
            why.reversed_before(host.calendar, stored),
            made={**stored.reversal_made, **given_back(host, request, pan)},
            session=verified.session,
            keys=verified.keys,
            rrn=stored.reversal_made.get("rrn", ""),
            pan_masked=mask_pan(pan),
            replayed=True,
        )
    if stored.state == "approved" and stored.card and asked != stored.card:
        return Decision(Reason.APPROVED, "", wants_card=stored.card, alone=True)
    return _undo(host, request, loaded, verified, stored, pan)


def _undo(host: Host, request: Request, loaded: Loaded, verified: Verified, stored: Transaction, pan: str) -> Decision:
    made = _made(host, request, loaded, Reason.APPROVED)
    effective = stored.state == "approved"
    transaction = replace(
        stored,
        state="reversed" if effective else stored.state,
        reversed_us=request.arrival.at_us,
        reversal_reason=_given_reason(host, request),
        reversal_made=made,
    )
    card = loaded.card
    return Decision(
        Reason.APPROVED,
        why.reversed_now(host.dialect, stored, transaction.reversal_reason)
        if effective
        else why.nothing_to_reverse(stored),
        made={**made, **given_back(host, request, pan)},
        session=verified.session,
        transaction=transaction,
        card=give_back(card, stored.amount_minor, stored.business_date) if effective and card is not None else None,
        keys=verified.keys,
        rrn=loaded.rrn,
        pan_masked=mask_pan(pan),
    )


def _unknown(
    host: Host, request: Request, loaded: Loaded, verified: Verified, tombstone: Transaction | None
) -> Decision:
    """No such sale: say so, and remember, so that the sale is not booked when it arrives after all."""
    pan = host.read.pan(request.message.fields)
    if tombstone is not None:
        return Decision(
            Reason.ORIGINAL_UNKNOWN,
            why.original_still_unknown(host.calendar, tombstone),
            made=dict(tombstone.reversal_made),
            session=verified.session,
            rrn=tombstone.rrn,
            pan_masked=mask_pan(pan),
            replayed=True,
        )
    assert request.key is not None
    made = _made(host, request, loaded, Reason.ORIGINAL_UNKNOWN)
    read, came = host.read, request.message.fields
    transaction = Transaction(
        key=request.key,
        state="tombstone",
        processing_code=read.processing_code(came),
        transaction_type=read.transaction_type(came),
        amount_minor=request.amount_minor or 0,
        currency=read.currency(came),
        pan_masked=mask_pan(pan),
        card=host.vault.token(pan) if pan else "",
        reason=Reason.ORIGINAL_UNKNOWN,
        code=made["code"],
        rrn=loaded.rrn,
        generation=verified.number,
        at_us=request.arrival.at_us,
        business_date=request.stamp.day,
        reversed_us=request.arrival.at_us,
        reversal_reason=_given_reason(host, request),
        reversal_made=made,
    )
    return Decision(
        Reason.ORIGINAL_UNKNOWN,
        why.original_unknown(host.dialect, request.key),
        made=dict(made),
        session=verified.session,
        transaction=transaction,
        rrn=loaded.rrn,
        pan_masked=mask_pan(pan),
        notes=("tombstone: remembered, so that the sale is refused should it arrive after its reversal",),
    )


def _differences(host: Host, request: Request, stored: Transaction, pan: str) -> list[Difference]:
    """What a reversal says otherwise than its sale; what it does not say is no difference."""
    found: list[Difference] = []
    if request.amount_minor not in (None, stored.amount_minor):
        found.append(("amount", money(stored.amount_minor), money(request.amount_minor)))
    processing_code = host.read.processing_code(request.message.fields)
    if processing_code and processing_code != stored.processing_code:
        found.append(("processing code", stored.processing_code, processing_code))
    if pan and stored.card and host.vault.token(pan) != stored.card:
        found.append(("card", stored.pan_masked, mask_pan(pan)))
    return found


def _given_reason(host: Host, request: Request) -> str:
    """Why the terminal reverses, in its own code: recorded, and never decides anything."""
    return host.read.reversal_reason(request.message.fields)


def _made(host: Host, request: Request, loaded: Loaded, reason: Reason) -> dict[str, str]:
    return {"code": host.dialect.code_of(reason, request.route), **request.stamp.made, "rrn": loaded.rrn}
