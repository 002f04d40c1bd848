"""The shared epilogue of transactions: the decision with the row that the books keep of it.

A decline is stored too, so that its repeat gets the same answer.
"""

from __future__ import annotations

from dataclasses import replace

from acquirer.dialect.definitions import ACCEPTED, Route
from acquirer.dialect.plans import ElementValues
from acquirer.dialect.router import without_repeat
from acquirer.host.admission import skew_notes
from acquirer.host.card import reply_organisation
from acquirer.host.case import Case
from acquirer.host.chip_notes import ChipObjects, chip_notes, chip_objects
from acquirer.host.core import Host
from acquirer.host.decision import Decision
from acquirer.host.field_notes import field_notes
from acquirer.host.issuer.cryptogram import answer_of
from acquirer.host.issuer.decisions import Judgement
from acquirer.host.kinds import KINDS, TransactionKind
from acquirer.model.reasons import Reason
from acquirer.model.rows import Session, Transaction, TransactionKey
from acquirer.wire.message import Value
from acquirer.wire.tlv import build_tlv, find_value

AUTH_DIGITS = 6
_ATC = "9F36"  # application transaction counter (EMV book 3): what hosts give back of the chip's data


def book(
    case: Case,
    judgement: Judgement,
    *,
    code: str = "",
    silent: bool = False,
    notes: tuple[str, ...] = (),
    original: Transaction | None = None,
    authorisation: Transaction | None = None,
    elements: dict[str, str] | None = None,
    script: bytes = b"",
) -> Decision:
    """Return the decision about a new transaction, with its row.

    Args:
        code: chosen by a trigger amount; "": the dialect's code for the judgement's reason.
        original: the transaction it is tied to, as it is afterwards; its row changes only with an approval.
        authorisation: the pre-authorisation beneath the original, likewise.
        elements: of the reply, beside those that every transaction has.
        script: for the chip, where its issuer must answer it (tag 72).
    """
    host, request, dialect, read, fields = case.host, case.request, case.host.dialect, case.host.read, case.fields
    kind, stamp, card = KINDS[request.service], request.stamp, case.card
    code = code or host.code_of(judgement.reason, request.route)
    approved = dialect.codes[code].kind == ACCEPTED
    reply_elements = {"code": code, **stamp.reply_elements, "rrn": case.rrn}
    if approved:
        reply_elements |= elements or {}
        add_approval(host, request.route, reply_elements, reply_organisation(host, card.pan))
    chip = chip_objects(dialect, request.message) if host.chip_data_de in fields else None
    given = given_back(card.pan, chip)
    if "icc" in given and kind.chip_data:
        given["icc"] = _chip_answer(case, given["icc"], code, script if approved else b"")
    if chip is not None:
        notes = (*notes, *chip_notes(host, request, kind, chip, card.pan))
    assert request.key is not None
    transaction = new_row(
        request.key,
        request.service,
        approved,
        read.processing_code(fields),
        read.transaction_type(fields),
        request.amount_minor or 0,
        read.currency(fields),
        card.masked,
        case.card_token(),
        read.entry_mode(fields),
        case.session.operator,
        judgement.reason,
        reply_elements,
        case.verified.number,
        request.arrival.at_us,
        stamp.day,
        request.message.mti,
        original.key if original is not None else None,
        read.rrn(fields),
    )
    session = session_after(case.session_after, kind, request.stan)
    per_transaction = kind.moves_money and case.terminal.policy.required == "per-transaction"
    return Decision(
        judgement.reason,
        judgement.why,
        code=code,
        reply_elements={**reply_elements, **given},
        session=session,
        transaction=transaction,
        original=used(original, request.arrival.at_us) if original is not None and approved else None,
        authorisation=used(authorisation, request.arrival.at_us) if authorisation is not None and approved else None,
        card=judgement.card,
        cause=judgement.cause,
        keys=case.verified.keys,
        rrn=case.rrn,
        pan_masked=card.masked,
        notes=(
            *notes,
            *((card.note,) if card.note else ()),
            *case.notes,
            *stan_notes(case.session.last_stan, request.stan, case.terminal.tid),
            *skew_notes(host, request),
            *field_notes(host, request, kind, card.pan, transaction.entry_mode),
        ),
        sign_on_again=judgement.reason is Reason.PIN_FORMAT_ERROR or per_transaction,
        silent=silent,
    )


def _chip_answer(case: Case, icc: Value, code: str, script: bytes) -> Value:
    """Return a reply's chip data with what the issuer answers the chip, where it has its key or must."""
    keyed, answer = case.keyed_chip(), list[tuple[str, bytes]]()
    if keyed is not None:
        answer = answer_of(case.host.issuer.cards[case.card.pan], keyed, code)
    elif script:  # any answer will do: the chip's kernel says what it makes of it
        answer = [("91", case.host.randbytes(8) + code.encode("latin-1"))]
    if script:
        answer = [one for one in answer if one[0] != "72"] + [("72", script)]
    assert isinstance(icc, bytes)
    return icc + build_tlv(answer)


def add_approval(host: Host, route: Route | None, elements: dict[str, str], organisation: str) -> None:
    """Add to the elements of a reply what an approval has beside them.

    Args:
        elements: with the reference number.
        organisation: of the card; see `card.reply_organisation`.
    """
    if "auth_id" in host.plans.plan(route, accepted=True).elements:
        elements.setdefault("auth_id", elements["rrn"][-AUTH_DIGITS:])
    if organisation:
        elements["organisation"] = organisation


def new_row(
    key: TransactionKey,
    service: str,
    approved: bool,
    processing_code: str,
    transaction_type: str,
    amount_minor: int,
    currency: str,
    pan_masked: str,
    card: str,
    entry_mode: str,
    operator: str,
    reason: Reason,
    reply_elements: dict[str, str],
    generation: int,
    at_us: int,
    business_date: str,
    mti: str,
    original: TransactionKey | None,
    original_rrn: str,
) -> Transaction:
    """Return the row of a new transaction; what is meant is what `Transaction` says.

    Args:
        reply_elements: of the reply, those that the host makes: code, reference number, what an approval adds.
        mti: as it came.
    """
    return Transaction(  # by place: naming each takes three times as long, and this is done for every sale
        key,
        0,
        service,
        "approved" if approved else "declined",
        processing_code,
        transaction_type,
        amount_minor,
        currency,
        pan_masked,
        card,
        entry_mode,
        operator,
        reason,
        reply_elements["code"],
        reply_elements["rrn"],
        reply_elements.get("auth_id", ""),
        reply_elements,
        generation,
        at_us,
        business_date,
        0,
        "",
        {},
        without_repeat(mti),
        original,
        original_rrn,
        0,
        amount_minor if approved and KINDS[service].holds else 0,
        at_us,
    )


def session_after(session: Session, kind: TransactionKind, stan: str) -> Session:
    """Return a terminal's session as it is after a new transaction."""
    after = session.copy()
    after.last_stan = stan
    after.unused = False
    after.sign_on_spent = kind.moves_money or after.sign_on_spent
    return after


def only_stan_changes(session: Session, kind: TransactionKind) -> bool:
    """Return whether `session_after` differs from a session by its STAN alone."""
    return not session.unused and (session.sign_on_spent or not kind.moves_money)


def used(row: Transaction, at_us: int) -> Transaction:
    """Return a row that was referred to: it is kept from then on also where the clock was set back since."""
    return replace(row, used_us=max(row.used_us, at_us))


def given_back(pan: str, chip: ChipObjects) -> ElementValues:
    """Return what a reply takes from the request rather than from the decision, and is therefore never stored."""
    values: ElementValues = {"pan": pan} if pan else {}
    if isinstance(chip, tuple) and (counter := find_value(chip, _ATC)) is not None:
        values["icc"] = build_tlv([(_ATC, counter)])
    return values


def stan_notes(last: str, stan: str, tid: str) -> tuple[str, ...]:
    """Return a note about a number a little below the last one: a second device; far below, the counter starts over."""
    if last <= stan and len(last) == len(stan):
        return ()
    if not (last.isdecimal() and stan.isdecimal()) or not 0 < int(last) - int(stan) < 500_000:
        return ()
    return (
        f"clone-suspected: STAN went back from {last} to {stan}: terminal {tid} was cleared, "
        "or a second device uses its number",
    )
