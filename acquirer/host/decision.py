"""What was decided about a request: the reason, its sentence, the elements of the reply, and what changes."""

from __future__ import annotations

from acquirer.dialect.plans import ElementValues
from acquirer.model.reasons import Reason
from acquirer.model.rows import Card, Session, Transaction, Upload
from acquirer.security.working import WorkingKeys


class Decision:
    """One decision. Not frozen: made per exchange, and filled by the service that decides."""

    __slots__ = (
        "alone",
        "card",
        "code",
        "keys",
        "made",
        "notes",
        "pan_masked",
        "reason",
        "replayed",
        "rrn",
        "session",
        "sign_on_again",
        "silent",
        "transaction",
        "upload",
        "wants_card",
        "wants_look",
        "why",
    )

    def __init__(
        self,
        reason: Reason,
        why: str,
        *,
        made: ElementValues | None = None,
        session: Session | None = None,
        transaction: Transaction | None = None,
        card: Card | None = None,
        keys: WorkingKeys | None = None,
        code: str = "",
        rrn: str = "",
        pan_masked: str = "",
        notes: tuple[str, ...] = (),
        sign_on_again: bool = False,
        replayed: bool = False,
        silent: bool = False,
        wants_card: str = "",
        alone: bool = False,
        upload: Upload | None = None,
        wants_look: bytes = b"",
    ) -> None:
        self.reason = reason
        self.why = why
        self.made: ElementValues = {} if made is None else made
        self.session = session  # rows as they shall be; None: unchanged
        self.transaction = transaction
        self.card = card
        self.keys = keys  # that verified the request and seal the reply
        self.code = code  # chosen by a magic amount or stored; "": the dialect's code for the reason
        self.rrn = rrn
        self.pan_masked = pan_masked
        self.notes = notes
        self.sign_on_again = sign_on_again  # ask for it in the reply's head
        self.replayed = replayed
        self.silent = silent  # a magic amount asks for no reply
        self.wants_card = wants_card  # undecided: load this card's row and decide again
        self.alone = alone  # and that row is about to change: see `Load`
        self.upload = upload
        self.wants_look = wants_look  # undecided: have this image decoded and decide again
