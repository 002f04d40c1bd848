"""A sale: policy, MAC, the stored repeat, the batch, then the business and the issuer's word.

A transaction is (merchant, terminal, batch, STAN), or what the dialect has for a batch; the same request again gets the
stored answer, another request under the same number is refused, and a sale that comes after its reversal is never
booked.
"""

from __future__ import annotations

from dataclasses import replace

from acquirer.dialect.plans import ElementValues
from acquirer.host.admission import Verified, sign_on_due, skew_notes, verify
from acquirer.host.business import Answer, business
from acquirer.host.card import Presented, present
from acquirer.host.core import Host
from acquirer.host.decision import Decision
from acquirer.host.explain import exchange as why
from acquirer.host.repeat import again
from acquirer.host.request import Request
from acquirer.model.effects import Loaded
from acquirer.model.reasons import Reason
from acquirer.model.rows import Session, TerminalConfig, Transaction
from acquirer.wire.tlv import TlvError, build, find, parse

AUTH_DIGITS = 6
_ATC = "9F36"  # application transaction counter (EMV book 3): what hosts give back of the chip's data


def sale(host: Host, request: Request, loaded: Loaded, asked: str) -> Decision:
    """Decide a sale. `asked` is the card token whose row `loaded` carries, if any."""
    terminal, session, stored = loaded.terminal, loaded.session, loaded.transaction
    assert terminal is not None
    assert session is not None
    due = sign_on_due(host, request, terminal, session)
    if due and stored is None:
        return Decision(Reason.SIGN_ON_REQUIRED, due, sign_on_again=True)
    verified = verify(host, request, loaded)
    if isinstance(verified, Decision):
        return verified
    presented = present(host, request, verified)
    if stored is not None:
        return again(host, request, terminal, verified, stored, presented, due)
    if host.has_batch and terminal.policy.batch_check and request.batch != session.batch:
        sentence = why.batch_differs(host.dialect, terminal, session, request.batch)
        return Decision(
            Reason.BATCH_DIFFERS, sentence, session=verified.session, pan_masked=presented.masked, sign_on_again=True
        )
    card = host.vault.token(presented.pan) if presented.pan else ""
    if card and card != asked and presented.reason is None and presented.pan in host.issuer.cards:
        return Decision(Reason.APPROVED, "", wants_card=card, alone=host.issuer.cards[presented.pan].metered)
    answer = business(host, request, loaded, verified, presented, card)
    return _booked(host, request, loaded, verified, presented, card, answer)


def _booked(
    host: Host,
    request: Request,
    loaded: Loaded,
    verified: Verified,
    presented: Presented,
    card: str,
    answer: Answer,
) -> Decision:
    """The sale as a row, whatever was said: a decline is stored too, so that its repeat gets the same answer."""
    terminal, session = loaded.terminal, loaded.session
    assert terminal is not None
    assert session is not None
    dialect, read, came, stamp = host.dialect, host.read, request.message.fields, request.stamp
    verdict = answer.verdict
    code = answer.code or dialect.code_of(verdict.reason, request.route)
    approved = dialect.codes[code].kind == "A"
    made: dict[str, str] = {"code": code, **stamp.made, "rrn": loaded.rrn}
    if approved and "auth_id" in host.plans.plan(request.route, accepted=True).elements:
        made["auth_id"] = loaded.rrn[-AUTH_DIGITS:]
    assert request.key is not None
    transaction = Transaction(
        key=request.key,
        state="approved" if approved else "declined",
        processing_code=read.processing_code(came),
        transaction_type=read.transaction_type(came),
        amount_minor=request.amount_minor or 0,
        currency=read.currency(came),
        pan_masked=presented.masked,
        card=card,
        entry_mode=read.entry_mode(came),
        operator=session.operator,
        reason=verdict.reason,
        code=code,
        rrn=loaded.rrn,
        auth_id=made.get("auth_id", ""),
        made=made,
        generation=verified.number,
        at_us=request.arrival.at_us,
        business_date=stamp.day,
    )
    after = replace(verified.after(session), last_stan=request.stan, sign_on_spent=True)
    return Decision(
        verdict.reason,
        verdict.why,
        code=code,
        made={**made, **given_back(host, request, presented.pan)},
        session=after,
        transaction=transaction,
        card=verdict.card,
        keys=verified.keys,
        rrn=loaded.rrn,
        pan_masked=presented.masked,
        notes=(*answer.notes, *_stan_notes(terminal, session, request.stan), *skew_notes(host, request)),
        sign_on_again=verdict.reason is Reason.PIN_FORMAT_WRONG or terminal.policy.required == "per-transaction",
        silent=answer.silent,
    )


def given_back(host: Host, request: Request, pan: str) -> ElementValues:
    """What an answer takes from the request rather than from the decision, and is therefore never stored."""
    made: ElementValues = {"pan": pan} if pan else {}
    icc = host.dialect.get(request.message, "icc")
    if isinstance(icc, bytes):
        try:
            counter = find(parse(icc), _ATC)
        except TlvError:
            counter = None  # the chip's data is the issuer's to judge; a host passes on what it can read
        if counter is not None:
            made["icc"] = build([(_ATC, counter)])
    return made


def _stan_notes(terminal: TerminalConfig, session: Session, stan: str) -> tuple[str, ...]:
    """A number far below the last one is the counter starting over; a little below it, a second device."""
    last = session.last_stan
    if not (last.isdecimal() and stan.isdecimal()) or not 0 < int(last) - int(stan) < 500_000:
        return ()
    return (
        f"clone-suspected: STAN went back from {last} to {stan}: terminal {terminal.tid} was cleared, "
        "or a second device uses its number",
    )
