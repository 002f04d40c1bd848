"""A reversal (冲正): the first one of a booked transaction takes effect, every other only gets its answer.

It is found by the transaction's own key, needs a valid MAC, is exempt from the sign-on policy, and works after
sign-off. Found, its amount is compared: differs 64, and the transaction stays. Unknown: 25, and the number is barred,
so that a transaction that comes after its reversal is not booked. What was counted in a batch that is settled is not
undone any more: 25. What undoing means is each service's own (`undo`).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

from acquirer.dialect.router import without_repeat
from acquirer.host.booking import given_back, used
from acquirer.host.case import Case, Deciding
from acquirer.host.chip_notes import chip_objects
from acquirer.host.decision import Decision
from acquirer.host.explain import booking as why
from acquirer.host.explain import settlement as settlement_why
from acquirer.host.explain.booking import Difference
from acquirer.host.issuer.overdrawn import overdrawn_notes
from acquirer.host.kinds import COMPLETIONS, KINDS, LOADS, is_advice, title_of
from acquirer.host.lifecycle import Action, action
from acquirer.host.registry import SERVICES, Undoing, Undone, service
from acquirer.host.request import reversed_key
from acquirer.host.text import money
from acquirer.host.value_notes import original_notes
from acquirer.model.batches import BatchBooks
from acquirer.model.effects import Effect, EffectResult, LoadBatch
from acquirer.model.reasons import Reason
from acquirer.model.rows import Transaction, TransactionState
from acquirer.wire.masking import mask_pan


@service("reversal", key=reversed_key)
def reversal(case: Case) -> Deciding:
    """Decide a reversal."""
    case.verify()
    stored = case.stored
    course = action(stored, "reversal")
    if stored is None or course is Action.REPEAT_UNKNOWN:
        return _unknown(case, stored)
    pan = case.host.read.pan(case.fields)
    if found := _differences(case, stored, pan):
        amount = any(name == "amount" for name, _, _ in found)
        reason = Reason.ORIGINAL_AMOUNT_DIFFERS if amount else Reason.ORIGINAL_DIFFERS
        sentence = why.original_differs(case.host.dialect, stored, found)
        notes = ("reversal-differs: the reversal does not fit the transaction it names",)
        return _answer(case, reason, sentence, pan, notes=notes)
    if course is Action.REPEAT_UNDO:
        return _answer(case, Reason.APPROVED, why.reversed_before(case.host.calendar, stored), pan, stored=stored)
    if course is Action.NOTHING_TO_UNDO:
        return _undone(case, stored, stored.state, Undone(), why.nothing_to_reverse(stored), pan)
    if course is not Action.UNDO:
        return _answer(case, Reason.ORIGINAL_CLOSED, why.not_reversed(stored), pan)
    if (yield from _is_settled(case, stored)):
        sentence = settlement_why.not_undone(title_of(stored.kind), stored.key.batch)
        return _answer(case, Reason.ORIGINAL_CLOSED, sentence, pan)
    undo = SERVICES[stored.kind].undo if stored.kind in SERVICES else None
    if stored.kind in LOADS and case.host.options.reversible_loads == "voids":
        return _answer(case, Reason.NOT_SUPPORTED, why.load_not_reversed(title_of(stored.kind)), pan)
    if undo is None or not _reversible(stored):
        return _answer(case, Reason.NOT_SUPPORTED, why.never_reversed(title_of(stored.kind), stored.mti), pan)
    original = (yield from case.load_original(stored.original)) if stored.original is not None else None
    named = original.original if original is not None and original.kind in COMPLETIONS else None
    authorisation = (yield from case.load_original(named)) if named is not None else None
    row = yield from case.load_card_row(original.card if original is not None else stored.card)
    undone = undo(Undoing(stored, original, row, authorisation))
    if undone is None:
        sentence = why.not_reversed_any_more(stored, authorisation or original)
        return _answer(case, Reason.ORIGINAL_CLOSED, sentence, pan)
    sentence = why.reversed_now(case.host.dialect, stored, _given_reason(case))
    return _undone(case, stored, "reversed", undone, sentence, pan)


def _is_settled(case: Case, stored: Transaction) -> Generator[Effect, EffectResult, bool]:
    """Return whether the batch of a transaction was settled: what was counted there stays counted."""
    if stored.key.batch == case.session.batch:
        return case.session.settling
    if not case.host.has_batch:
        return False
    books = yield LoadBatch(stored.key.mid, stored.key.tid, stored.key.batch, (stored.key.stan,))
    assert isinstance(books, BatchBooks)
    return books.settlement is not None and books.settlement.state != "held"


def _reversible(stored: Transaction) -> bool:
    kind = KINDS[stored.kind]
    return kind.reversible == "yes" or (kind.reversible == "requests" and not is_advice(stored.mti))


def _answer(
    case: Case,
    reason: Reason,
    sentence: str,
    pan: str,
    *,
    notes: tuple[str, ...] = (),
    stored: Transaction | None = None,
) -> Decision:
    """Return a decision that books nothing; with `stored`, the answer that its reversal was given before."""
    elements, given = {}, None
    if stored is not None:
        elements = dict(stored.reversal_elements)
        given = {**elements, **given_back(pan, chip_objects(case.host.dialect, case.request.message))}
    return Decision(
        reason,
        sentence,
        reply_elements=given,
        session=case.verified.session,
        keys=case.verified.keys if stored is not None else None,
        rrn=elements.get("rrn", ""),
        pan_masked=mask_pan(pan),
        notes=notes,
        replayed=stored is not None,
    )


def _undone(
    case: Case, stored: Transaction, state: TransactionState, undone: Undone, sentence: str, pan: str
) -> Decision:
    """Return the decision that takes effect, or that finds nothing to undo."""
    elements = _reply_elements(case, Reason.APPROVED)
    at_us = case.request.arrival.at_us
    original, authorisation = undone.original, undone.authorisation
    return Decision(
        Reason.APPROVED,
        sentence,
        reply_elements={**elements, **given_back(pan, chip_objects(case.host.dialect, case.request.message))},
        session=case.verified.session,
        transaction=replace(
            stored,
            state=state,
            reversed_us=at_us,
            reversal_reason=_given_reason(case),
            reversal_elements=elements,
            used_us=max(stored.used_us, at_us),
        ),
        original=None if original is None else used(original, at_us),
        authorisation=None if authorisation is None else used(authorisation, at_us),
        card=undone.card,
        keys=case.verified.keys,
        rrn=case.rrn,
        pan_masked=mask_pan(pan),
        notes=(
            *_type_notes(case, stored),
            *original_notes(case.host, case.request, stored),
            *overdrawn_notes(case.host.issuer, pan, undone.card),
        ),
    )


def _type_notes(case: Case, stored: Transaction) -> tuple[str, ...]:
    given = case.host.read.transaction_type(case.fields)
    if given == stored.transaction_type or not given:
        return ()
    return (why.reversed_type(case.host.dialect, stored, given),)


def _unknown(case: Case, tombstone: Transaction | None) -> Decision:
    """Say that there is no such transaction, and remember, so that it is not booked when it arrives after all."""
    host, request, read, fields = case.host, case.request, case.host.read, case.fields
    pan = read.pan(fields)
    if tombstone is not None:
        return Decision(
            Reason.ORIGINAL_UNKNOWN,
            why.original_still_unknown(host.calendar, tombstone),
            reply_elements=dict(tombstone.reversal_elements),
            session=case.verified.session,
            rrn=tombstone.rrn,
            pan_masked=mask_pan(pan),
            replayed=True,
        )
    assert request.key is not None
    elements = _reply_elements(case, Reason.ORIGINAL_UNKNOWN)
    at_us = request.arrival.at_us
    transaction = Transaction(
        key=request.key,
        state="tombstone",
        processing_code=read.processing_code(fields),
        transaction_type=read.transaction_type(fields),
        amount_minor=request.amount_minor or 0,
        currency=read.currency(fields),
        pan_masked=mask_pan(pan),
        card=host.vault.token(pan) if pan else "",
        reason=Reason.ORIGINAL_UNKNOWN,
        code=elements["code"],
        rrn=case.rrn,
        generation=case.verified.number,
        at_us=at_us,
        business_date=request.stamp.day,
        reversed_us=at_us,
        reversal_reason=_given_reason(case),
        reversal_elements=elements,
        mti=without_repeat(request.message.mti),
        used_us=at_us,
    )
    return Decision(
        Reason.ORIGINAL_UNKNOWN,
        why.original_unknown(host.dialect, request.key, case.session, request.message),
        reply_elements=dict(elements),
        session=case.verified.session,
        transaction=transaction,
        rrn=case.rrn,
        pan_masked=mask_pan(pan),
        notes=("tombstone: remembered, so that the transaction is refused should it arrive after its reversal",),
    )


def _differences(case: Case, stored: Transaction, pan: str) -> list[Difference]:
    """Return what a reversal says otherwise than its transaction; what it does not say is no difference."""
    found: list[Difference] = []
    request = case.request
    if request.amount_minor not in (None, stored.amount_minor):
        found.append(("amount", money(stored.amount_minor), money(request.amount_minor)))
    processing_code = case.host.read.processing_code(case.fields)
    if processing_code and processing_code != stored.processing_code:
        found.append(("processing code", stored.processing_code, processing_code))
    if pan and stored.card and case.host.vault.token(pan) != stored.card:
        found.append(("card", stored.pan_masked, mask_pan(pan)))
    return found


def _given_reason(case: Case) -> str:
    """Return why the terminal reverses, in its own code: recorded, and never decides anything."""
    return case.host.read.reversal_reason(case.fields)


def _reply_elements(case: Case, reason: Reason) -> dict[str, str]:
    return {
        "code": case.host.code_of(reason, case.request.route),
        **case.request.stamp.reply_elements,
        "rrn": case.rrn,
    }
