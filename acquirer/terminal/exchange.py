"""One exchange as the terminal sees it: its request, the reply, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from acquirer.dialect.dialect import Dialect, Text
from acquirer.slip.receipt import Receipt
from acquirer.slip.settlement_slip import SettlementSlip
from acquirer.slip.words import Copy
from acquirer.terminal.voucher import Voucher
from acquirer.wire.message import Message, Value


class Outcome(StrEnum):
    """How an exchange, or an operation, ended."""

    APPROVED = "approved"
    DECLINED = "declined"
    NO_ANSWER = "no-answer"
    MAC_DIFFERS = "mac-differs"  # an approval that the terminal's keys do not confirm
    MALFORMED = "malformed"  # an answer that cannot be read, or does not fit its request
    KEYS_DIFFER = "keys-differ"  # the keys of a sign-on cannot be used
    NOT_SENT = "not-sent"  # no connection: nothing has left
    REFUSED = "refused"  # by the terminal itself: it owes a reversal, or has nothing to do
    DONE = "done"  # by the terminal itself: nothing had to be sent


class Signed(StrEnum):
    """What happened to a signature."""

    KEPT = "kept"  # its upload is to come
    UPLOADED = "uploaded"  # the host has it
    FAILED = "failed"  # it was tried; kept for the rounds before settlement
    PAPER = "paper"  # the slip was printed instead
    AGAIN = "sign-again"  # what was drawn cannot be a signature, or cannot be sent
    UNSIGNED = "unsigned"  # the pad was left empty, so nothing will be uploaded


NO_TEXT = Text("")

ANSWERED = frozenset({Outcome.APPROVED, Outcome.DECLINED})
"""The outcomes of a request that the host has answered, and whose answer can be believed."""


MOST_NOTES = 8
"""Of one exchange: a line shows two or three, the rest would be answers to other requests."""


@dataclass(slots=True)
class Exchange:
    """One request and its outcome. Not frozen: it is filled in as it goes."""

    dialect: Dialect = field(repr=False)
    service: str  # sign_on, sale, void, refund, balance, reversal, echo, sign_off, signature, signature_part
    title: Text
    mti: str
    stan: str  # "" when the request carries none
    about: tuple[str, ...] = ()  # what is worth seeing of the request: amount, masked card, reason
    request: dict[int, Value] = field(default_factory=dict, repr=False)
    outcome: Outcome = Outcome.NO_ANSWER
    reply: Message | None = field(default=None, repr=False)
    code: str = ""
    meaning: Text = NO_TEXT
    detail: str = ""  # why the outcome is what it is, when no response code says it
    notes: tuple[str, ...] = ()  # what follows from it: keys, batch, an answer left aside
    took_us: int = 0
    why: str = ""  # what the host's journal says of it, where the driver can read that

    def note(self, text: str) -> None:
        """Add a note once; a host that talks without end fills no memory."""
        if text and text not in self.notes and len(self.notes) < MOST_NOTES:
            self.notes = (*self.notes, text)


@dataclass(frozen=True, slots=True)
class PrintedCopy:
    """A copy that was printed whole."""

    slip: Voucher | SettlementSlip
    copy: Copy


@dataclass(slots=True, repr=False)
class Result:
    """The result of an operation. `exchange` is the one it was about; others may have gone before or after.

    That of a transaction which is kept for its upload, or refused by the chip, is not among `exchanges`: nothing was
    sent.
    """

    service: str
    outcome: Outcome
    exchange: Exchange | None = None  # None: it was never sent
    sentence: str = ""  # for a person, when there is more to say than the exchange shows
    reversal: str = ""  # of this operation's own transaction: "done", or "owed" and kept
    receipt: Receipt | None = None
    balance_minor: int | None = None  # of the card, if the reply has it
    settlement: SettlementSlip | None = None  # what is printed of it
    signature: Signed | None = None  # what happened to the signatures that the operation was about
    print_trouble: str = ""  # why a slip is not printed; the transaction stands
    printed: tuple[PrintedCopy, ...] = ()  # by its printer; filled in by the driver
    slips: tuple[Voucher, ...] = ()  # printed for cardholders to sign on paper; filled in by the driver
    exchanges: tuple[Exchange, ...] = ()  # all, in order; filled in by the driver

    @property
    def code(self) -> str:
        """The response code; empty when no answer could be used."""
        return self.exchange.code if self.exchange else ""

    @property
    def ok(self) -> bool:
        """Whether it was approved, or done without the host."""
        return self.outcome in (Outcome.APPROVED, Outcome.DONE)

    @property
    def failed(self) -> bool:
        """Whether it was not."""
        return not self.ok

    @property
    def text(self) -> str:
        """What the terminal's display says of the response code, in Chinese; "" without a code."""
        exchange = self.exchange
        known = exchange.dialect.codes.get(exchange.code) if exchange else None
        return "" if known is None else known.shown.zh

    @property
    def stan(self) -> str:
        """The STAN of its request; "" when nothing was sent."""
        return self.exchange.stan if self.exchange else ""

    @property
    def why(self) -> str:
        """What the host's journal says of it; "" where the driver cannot read that."""
        return self.exchange.why if self.exchange else ""

    def __repr__(self) -> str:
        """Return it in a line, for a failed assertion: the outcome, and why."""
        exchange = self.exchange
        name = f"{self.service} {self.stan}".rstrip()
        answer = f"{exchange.code} {exchange.meaning.en}".strip() if exchange else ""
        own = self.sentence or (exchange.detail if exchange else "")
        parts = [f"{name}: {self.outcome}", answer, own, f"host: {self.why}" if self.why else ""]
        if self.reversal:
            parts.append(f"reversal {self.reversal}")
        return f"<{', '.join(filter(None, parts))}>"
