"""One request being decided, and the course that services share.

A service reads a `Case` and returns a `Decision`; one that needs more rows is a generator that asks for them
(`yield from case.load_card(…)`). The shared prologue of a transaction is `begin`: sign-on policy, MAC, card, stored
repeat, batch; each step raises `Decided` when the course ends there. The shared epilogue is `booking.book`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

from acquirer.host.admission import sign_on_due
from acquirer.host.card import PresentedCard, check_filling, check_number, number_notes, read_card
from acquirer.host.chip_notes import chip_objects
from acquirer.host.closing import closed
from acquirer.host.core import Host
from acquirer.host.decision import Decided, Decision
from acquirer.host.explain import booking
from acquirer.host.explain import exchange as why
from acquirer.host.explain import settlement as settlement_why
from acquirer.host.issuer.decisions import CardUse, Judgement
from acquirer.host.pin import open_pin
from acquirer.host.repeat import stored_answer
from acquirer.host.request import Request
from acquirer.host.verification import Verified, verify
from acquirer.model.effects import Effect, EffectResult, LoadCard, Loaded, LoadOriginal
from acquirer.model.reasons import Reason
from acquirer.model.rows import Card, Session, TerminalConfig, Transaction, TransactionKey
from acquirer.settlement.batch_numbers import next_batch
from acquirer.wire.masking import known_particulars

Deciding = Generator[Effect, EffectResult, Decision]
"""A service that asks for more rows on its way to a decision."""

UNVERIFIED = Verified(0, None, None)
NO_CARD = PresentedCard("", "")


class Case:
    """One request with its rows, and what the steps taken so far found out."""

    __slots__ = ("_token", "card", "host", "notes", "request", "rrn", "session", "stored", "terminal", "verified")

    def __init__(self, host: Host, request: Request, loaded: Loaded) -> None:
        assert loaded.terminal is not None
        assert loaded.session is not None
        self.host = host
        self.request = request
        self.terminal: TerminalConfig = loaded.terminal
        self.notes: tuple[str, ...] = ()
        self.session: Session = loaded.session
        if self.session.settling and request.batch == next_batch(self.session.batch):
            self.session = closed(self.session)
            self.notes = (settlement_why.gone_on(self.session.settled, self.session.batch),)
        self.stored: Transaction | None = loaded.transaction  # what the books say of the key of this request
        self.rrn = loaded.rrn
        self.verified: Verified = UNVERIFIED
        self.card: PresentedCard = NO_CARD
        self._token = ""

    @property
    def fields(self) -> Mapping[int, str | bytes]:
        """The fields of the request."""
        return self.request.message.fields

    @property
    def session_after(self) -> Session:
        """The session with what the MAC proved."""
        return self.verified.session or self.session

    # steps

    def verify(self) -> None:
        """Check the MAC. Raises Decided."""
        self.verified = verify(self.host, self.request, self.terminal, self.session)

    def begin(self) -> None:
        """Take the steps that every new transaction has in common, in their order (see `admission`). Raises Decided."""
        host, request = self.host, self.request
        due = sign_on_due(host, request.stamp.day, self.terminal, self.session)
        if due and self.stored is None:
            raise Decided(Decision(Reason.SIGN_ON_REQUIRED, due, sign_on_again=True))
        self.verify()
        self.card = read_card(host, self.fields, self.terminal, self.session, self.verified)
        request.pan = self.card.pan
        if self.stored is not None:
            raise Decided(stored_answer(host, request, self.terminal, self.verified, self.stored, self.card, due))
        if host.has_batch and self.terminal.policy.batch_check and request.batch != self.session.batch:
            sentence = why.batch_differs(host.dialect, self.terminal, self.session, request)
            raise Decided(self.refusal(Reason.BATCH_DIFFERS, sentence, sign_on_again=True))
        late = (self.session.batch,) if self.session.settling else (self.session.settled,)
        if host.has_batch and request.batch and request.batch in late:  # with a batch that is not checked, too
            sentence = settlement_why.batch_settled(host.dialect, request.batch, self.session)
            raise Decided(self.refusal(Reason.BATCH_DIFFERS, sentence, sign_on_again=True))

    def refusal(self, reason: Reason, sentence: str, *, sign_on_again: bool = False) -> Decision:
        """Return a refusal that books nothing; what the MAC proved is kept."""
        return Decision(
            reason,
            sentence,
            session=self.verified.session,
            pan_masked=self.card.masked,
            sign_on_again=sign_on_again,
        )

    def unsound(self, *, amount: bool = True, card: bool = True) -> Judgement | None:
        """Return what is wrong with amount, currency or card number before an issuer is asked; None if nothing is."""
        host, request, presented = self.host, self.request, self.card
        if amount and not request.amount_minor:
            return Judgement(Reason.AMOUNT_INVALID, booking.amount_invalid(host.dialect, request))
        currency, ours = host.read.currency(self.fields), host.dialect.constants.get("currency", "")
        if ours and currency != ours:
            return Judgement(Reason.CURRENCY_DIFFERS, booking.currency_differs(host.dialect, request, currency, ours))
        if not card:
            return None
        if presented.reason is not None:
            return Judgement(presented.reason, presented.why)
        if problem := check_number(presented.pan):
            remedy = check_filling(presented.pan) or "read the card number again"
            return Judgement(Reason.CARD_NUMBER_INVALID, f"{problem}: {presented.masked}; {remedy}")
        return None

    def card_token(self) -> str:
        """Return the name of the card's row, a keyed hash of its number; "" without a card."""
        if not self._token and self.card.pan:
            self._token = self.host.token(self.card.pan)
        return self._token

    def load_card(self) -> Generator[Effect, EffectResult, Card | None]:
        """Load the row of the presented card, if the table has the card; alone when its row is sure to change."""
        entry = self.host.issuer.cards.get(self.card.pan)
        if entry is None:
            return None
        return (yield from self.load_card_row(self.card_token(), exclusive=entry.counted))

    def load_card_row(self, token: str, *, exclusive: bool = True) -> Generator[Effect, EffectResult, Card | None]:
        """Load the row of a card by its token; None when nothing is kept about it, or there is no token."""
        row = (yield LoadCard(token, exclusive)) if token else None
        assert row is None or isinstance(row, Card)
        return row

    def load_original(
        self, key: TransactionKey | None = None, *, rrn: str = "", auth_id: str = "", card: str = "", date: str = ""
    ) -> Generator[Effect, EffectResult, Transaction | None]:
        """Load the transaction that this one names: see `LoadOriginal`."""
        original = yield LoadOriginal(self.request.mid, key, rrn=rrn, auth_id=auth_id, card=card, date=date)
        assert original is None or isinstance(original, Transaction)
        return original

    def keyed_chip(self) -> dict[str, bytes] | None:
        """Return the chip's data of a card whose issuer has its key; None of any other."""
        entry = self.host.issuer.cards.get(self.card.pan)
        if entry is None or entry.imk is None:
            return None
        objects = chip_objects(self.host.dialect, self.request.message)
        return {one.tag: one.value for one in objects} if isinstance(objects, tuple) else None

    def card_use(self) -> tuple[CardUse, tuple[str, ...]] | Judgement:
        """Return what the issuer is asked about, and notes; or the refusal of a PIN block that does not open."""
        host, request, card, read = self.host, self.request, self.card, self.host.read
        opened = open_pin(host, request, self.terminal, self.session, self.verified, card.pan)
        if isinstance(opened, Judgement):
            return opened
        notes: tuple[str, ...] = ()
        if opened is not None and opened.note:
            notes = (f"pin: {known_particulars(opened.note)}",)
        notes += number_notes(host, card.pan, card.masked)
        use = CardUse(
            pan=card.pan,
            masked=card.masked,
            token=self.card_token(),
            amount_minor=request.amount_minor or 0,
            expiry=card.expiry,
            swiped=read.card_entry(self.fields) in host.magstripe_entry_modes,
            icc_condition=read.icc_condition(self.fields),
            pin=None if opened is None else opened.pin,
            day=request.stamp.day,
            chip=self.keyed_chip(),
        )
        return use, notes
