"""A sale: policy, MAC, the stored repeat, the batch, then the business and the issuer's word.

A transaction is (merchant, terminal, batch, STAN); the same request again gets the stored answer, another request
under the same number is refused, and a sale that comes after its reversal is never booked.
"""

from __future__ import annotations

from dataclasses import replace

from acquirer.exchange.effects import Loaded
from acquirer.exchange.reasons import Reason
from acquirer.exchange.rows import Card, Session, TerminalConfig, Transaction
from acquirer.host import why
from acquirer.host.card import Presented, check_number, present
from acquirer.host.decision import Decision, Made
from acquirer.host.gate import Verified, sign_on_due, skew_notes, verify
from acquirer.host.issuer import Purchase, Verdict, judge
from acquirer.host.pin import open_pin
from acquirer.host.repeat import again
from acquirer.host.request import Request
from acquirer.host.setup import SILENT_CENTS, Host
from acquirer.security.pin import PinError
from acquirer.wire.masking import mask_pan
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
    if terminal.policy.batch_check and request.batch != session.batch:
        sentence = why.batch_differs(host.dialect, terminal, session, request.batch)
        return Decision(Reason.BATCH_DIFFERS, sentence, session=verified.session, pan=presented.pan, sign_on_again=True)
    card = host.vault.token(presented.pan) if presented.pan else ""
    if card and card != asked and presented.reason is None and presented.pan in host.issuer.cards:
        return Decision(Reason.APPROVED, "", wants_card=card)
    answer = _business(host, request, session, verified, presented, loaded.card)
    return _booked(host, request, loaded, verified, presented, card, answer)


class _Answer:
    """What the business says. `verdict.card` is the card's row afterwards."""

    __slots__ = ("code", "notes", "silent", "verdict")

    def __init__(self, verdict: Verdict, *, code: str = "", silent: bool = False, notes: tuple[str, ...] = ()) -> None:
        self.verdict = verdict
        self.code = code
        self.silent = silent
        self.notes = notes


def _business(
    host: Host, request: Request, session: Session, verified: Verified, presented: Presented, row: Card | None
) -> _Answer:
    dialect, read, came = host.dialect, host.read, request.message.fields
    amount = request.amount_minor
    if not amount:
        sentence = f"{why.place(dialect, 'amount')} is {why.amount(amount)}: a sale needs an amount above zero"
        return _Answer(Verdict(Reason.AMOUNT_INVALID, sentence))
    currency, ours = read.currency(came), dialect.constants["currency"]
    if currency != ours:
        return _Answer(Verdict(Reason.CURRENCY_DIFFERS, why.currency_differs(dialect, currency, ours)))
    if presented.reason is not None:
        return _Answer(Verdict(presented.reason, presented.why))
    if presented.pan and (problem := check_number(presented.pan)):
        return _Answer(Verdict(Reason.CARD_NUMBER_INVALID, f"{problem}: {mask_pan(presented.pan)}"))
    if host.options.magic_amounts and (chosen := _magic(host, amount)):
        return chosen
    notes: tuple[str, ...] = ()
    pin: str | None = None
    opened = open_pin(host, request, session, verified, presented.pan)
    if isinstance(opened, PinError):
        return _Answer(Verdict(Reason.PIN_FORMAT_WRONG, str(opened)))
    if opened is not None:
        pin = opened.pin
        notes = (f"pin: {opened.note}",) if opened.note else ()
    if not presented.pan:
        return _Answer(Verdict(Reason.APPROVED, "approved: no card is involved"), notes=notes)
    if not host.issuer.is_test(presented.pan):
        notes = (*notes, why.no_test_bin(presented.pan))
    purchase = Purchase(
        pan=presented.pan,
        amount_minor=amount,
        expiry=presented.expiry,
        entry_mode=read.entry_mode(came),
        icc_condition=read.icc_condition(came),
        pin=pin,
        day=request.stamp.day,
    )
    return _Answer(judge(host.issuer, purchase, row), notes=notes)


def _magic(host: Host, amount: int) -> _Answer | None:
    """The cents choose the code: 12.51 is answered 51, 12.98 not at all, 12.00 is left to the issuer."""
    cents = amount % 100
    if not cents:
        return None
    if cents == SILENT_CENTS:
        sentence = f"magic amount {why.amount(amount)}: approved, and not answered; its reversal should follow"
        return _Answer(Verdict(Reason.APPROVED, sentence), silent=True)
    code = f"{cents:02}"
    if code not in host.dialect.codes:
        note = f"magic-amount: {why.amount(amount)} names code {code}, which {host.dialect.name} does not know"
        return _Answer(Verdict(Reason.APPROVED, "approved: the cents name no known code"), notes=(note,))
    meaning = host.dialect.codes[code].meaning.en
    return _Answer(
        Verdict(Reason.CHOSEN, f"magic amount {why.amount(amount)}: its cents choose {code}, {meaning}"), code=code
    )


def _booked(
    host: Host,
    request: Request,
    loaded: Loaded,
    verified: Verified,
    presented: Presented,
    card: str,
    answer: _Answer,
) -> Decision:
    """The sale as a row, whatever was said: a decline is stored too, so that its repeat gets the same answer."""
    terminal, session = loaded.terminal, loaded.session
    assert terminal is not None
    assert session is not None
    dialect, read, came, stamp = host.dialect, host.read, request.message.fields, request.stamp
    verdict = answer.verdict
    code = answer.code or dialect.reasons[verdict.reason]
    approved = dialect.codes[code].kind == "A"
    made: dict[str, str] = {
        "code": code,
        "time": stamp.time,
        "date": stamp.date,
        "settlement_date": stamp.date,
        "rrn": loaded.rrn,
    }
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
        pan_masked=mask_pan(presented.pan),
        card=card,
        entry_mode=read.entry_mode(came),
        operator=session.operator,
        reason=verdict.reason,
        code=code,
        rrn=loaded.rrn,
        auth_id=made.get("auth_id", ""),
        made=made,
        generation=verified.generation.number,
        at_us=request.arrival.at_us,
        business_date=stamp.day,
    )
    row = verdict.card
    if row is not None and not row.token:
        row = replace(row, token=card)
    after = replace(verified.after(session), last_stan=request.stan, sign_on_spent=True)
    return Decision(
        verdict.reason,
        verdict.why,
        code=code,
        made={**made, **given_back(host, request, presented.pan)},
        session=after,
        transaction=transaction,
        card=row,
        keys=verified.keys,
        rrn=loaded.rrn,
        pan=presented.pan,
        notes=(*answer.notes, *_stan_notes(terminal, session, request.stan), *skew_notes(host, request)),
        sign_on_again=verdict.reason is Reason.PIN_FORMAT_WRONG or terminal.policy.required == "per-transaction",
        silent=answer.silent,
    )


def given_back(host: Host, request: Request, pan: str) -> Made:
    """What an answer takes from the request rather than from the decision, and is therefore never stored."""
    made: Made = {"pan": pan} if pan else {}
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
    if not last or not 0 < int(last) - int(stan) < 500_000:
        return ()
    return (
        f"clone-suspected: STAN went back from {last} to {stan}: terminal {terminal.tid} was cleared, "
        "or a second device uses its number",
    )
