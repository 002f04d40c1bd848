"""What was decided about a request: the reason, its sentence, the elements of the reply, and what changes."""

from __future__ import annotations

from acquirer.dialect.plans import ElementValues
from acquirer.model.batches import Settlement, UploadedDetail
from acquirer.model.reasons import Reason
from acquirer.model.rows import Card, Session, Transaction, Upload
from acquirer.scenario.rules import Ruling
from acquirer.security.candidates import CauseSearch
from acquirer.security.working import WorkingKeys


class Decision:
    """One decision. Not frozen: one is made per exchange, and freezing costs more than deciding."""

    __slots__ = (
        "ask",
        "authorisation",
        "card",
        "cause",
        "code",
        "details",
        "keys",
        "notes",
        "original",
        "pan_masked",
        "reason",
        "replayed",
        "reply_elements",
        "rrn",
        "ruling",
        "session",
        "settlement",
        "sign_on_again",
        "silent",
        "transaction",
        "upload",
        "why",
    )

    def __init__(
        self,
        reason: Reason,
        why: str,
        *,
        reply_elements: ElementValues | None = None,
        session: Session | None = None,
        transaction: Transaction | None = None,
        original: Transaction | None = None,
        authorisation: Transaction | None = None,
        card: Card | None = None,
        upload: Upload | None = None,
        settlement: Settlement | None = None,
        details: tuple[UploadedDetail, ...] = (),
        keys: WorkingKeys | None = None,
        code: str = "",
        rrn: str = "",
        pan_masked: str = "",
        notes: tuple[str, ...] = (),
        sign_on_again: bool = False,
        replayed: bool = False,
        silent: bool = False,
        cause: CauseSearch | None = None,
    ) -> None:
        self.reason = reason
        self.why = why
        self.reply_elements: ElementValues = {} if reply_elements is None else reply_elements
        self.session = session  # rows as they will be; None: unchanged
        self.transaction = transaction
        self.original = original  # the transaction that a void or a refund is tied to
        self.authorisation = authorisation  # the pre-authorisation beneath that
        self.card = card
        self.upload = upload
        self.settlement = settlement
        self.details = details  # of a batch upload
        self.keys = keys  # that verified the request and seal the reply
        self.code = code  # chosen by a trigger amount, or stored; "": the dialect's code for the reason
        self.rrn = rrn
        self.pan_masked = pan_masked
        self.notes = notes
        self.sign_on_again = sign_on_again  # ask for it in the reply's message header
        self.replayed = replayed
        self.ruling: Ruling | None = None  # what the rules say about it
        self.ask = ""  # what a rule asks for there
        self.silent = silent  # a trigger amount asks for no reply
        self.cause = cause  # what is still to be looked for, to be said behind `why`


class Decided(Exception):
    """Ends the course of a service early: a refusal of the prologue, or the stored answer of a repeat."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.why)
        self.decision = decision
