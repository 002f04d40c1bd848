"""What is said to a new sale: amount, currency, card number, magic amount, PIN, then the issuer's word."""

from __future__ import annotations

from acquirer.host.admission import Verified
from acquirer.host.card import Presented, check_number
from acquirer.host.core import SILENT_CENTS, Host
from acquirer.host.explain import booking as why
from acquirer.host.explain.text import money
from acquirer.host.issuer.decisions import IssuerDecision, Purchase, judge
from acquirer.host.pin import open_pin
from acquirer.host.request import Request
from acquirer.model.effects import Loaded
from acquirer.model.reasons import Reason
from acquirer.security.pin import PinError
from acquirer.wire.masking import known


class Answer:
    """What the business says. `verdict.card` is the card's row afterwards."""

    __slots__ = ("code", "notes", "silent", "verdict")

    def __init__(
        self, verdict: IssuerDecision, *, code: str = "", silent: bool = False, notes: tuple[str, ...] = ()
    ) -> None:
        self.verdict = verdict
        self.code = code  # chosen by a magic amount; "": the dialect's code for the verdict's reason
        self.silent = silent
        self.notes = notes


def business(
    host: Host, request: Request, loaded: Loaded, verified: Verified, presented: Presented, card: str
) -> Answer:
    """Decide a new sale of the card named `card` ("" when there is none), whose row is `loaded.card`."""
    problem = _what_is_wrong(host, request, presented)
    if problem is not None:
        return Answer(problem)
    amount = request.amount_minor or 0
    notes: tuple[str, ...] = ()
    if host.options.magic_amounts and amount % 100:
        chosen, note = _magic(host, amount)
        if chosen is not None:
            return chosen
        notes = (note,)
    session = loaded.session
    assert session is not None
    opened = open_pin(host, request, session, verified, presented.pan)
    if isinstance(opened, PinError):
        return Answer(IssuerDecision(Reason.PIN_FORMAT_WRONG, known(str(opened))), notes=notes)
    if opened is not None and opened.note:
        notes = (*notes, f"pin: {known(opened.note)}")
    if not host.issuer.is_test(presented.pan):
        notes = (*notes, why.no_test_bin(presented.masked))
    read, came = host.read, request.message.fields
    purchase = Purchase(
        pan=presented.pan,
        masked=presented.masked,
        token=card,
        amount_minor=amount,
        expiry=presented.expiry,
        swiped=read.card_entry(came) in host.stripes,
        icc_condition=read.icc_condition(came),
        pin=None if opened is None else opened.pin,
        day=request.stamp.day,
    )
    return Answer(judge(host.issuer, purchase, loaded.card), notes=notes)


def _what_is_wrong(host: Host, request: Request, presented: Presented) -> IssuerDecision | None:
    """What no issuer need be asked about."""
    amount = request.amount_minor
    if not amount:
        return IssuerDecision(Reason.AMOUNT_INVALID, why.amount_invalid(host.dialect, amount))
    currency, ours = host.read.currency(request.message.fields), host.dialect.constants.get("currency", "")
    if ours and currency != ours:
        return IssuerDecision(Reason.CURRENCY_DIFFERS, why.currency_differs(host.dialect, currency, ours))
    if presented.reason is not None:
        return IssuerDecision(presented.reason, presented.why)
    if wrong := check_number(presented.pan):
        return IssuerDecision(Reason.CARD_NUMBER_INVALID, f"{wrong}: {presented.masked}")
    return None


def _magic(host: Host, amount: int) -> tuple[Answer | None, str]:
    """The cents choose the code: 12.51 is answered 51, 12.98 not at all. Cents that name no code only get a note."""
    cents = amount % 100
    if cents == SILENT_CENTS:
        sentence = f"magic amount {money(amount)}: approved, and not answered; its reversal should follow"
        return Answer(IssuerDecision(Reason.APPROVED, sentence), silent=True), ""
    codes = host.dialect.codes
    code = next((one for one in (f"{cents:02}", f"1{cents:02}") if one in codes), "")  # of three digits, 1xx declines
    if not code:
        return None, f"magic-amount: {money(amount)} names code {cents:02}, which {host.dialect.name} does not know"
    known = codes[code]
    sentence = f"magic amount {money(amount)}: its cents choose {code}, {known.meaning.en}"
    return Answer(IssuerDecision(Reason.CHOSEN, sentence), code=code), ""
