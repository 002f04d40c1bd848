"""Rows about batches: their settlements, and what terminals upload of them. As all rows, see `model.rows`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from acquirer.model.rows import Transaction, TransactionKey
from acquirer.model.text import Identifier, Sentence
from acquirer.settlement.totals import BatchTotals, SettlementResult, Totals

SettlementState = Literal["held", "uploading", "closed"]
"""Of a batch that a terminal has settled: kept open on purpose; to be closed by the end of its upload; closed."""

_PREFIX: Final = {"prefix": True}


@dataclass(slots=True)
class Settlement:
    """The settlement of one batch: what either side counted, what the host said, and how the upload ended."""

    mid: Identifier
    tid: Identifier
    batch: Identifier
    state: SettlementState
    result: SettlementResult
    version: int = 0  # 0: no row yet
    why: Sentence = ""  # in words
    terminal_domestic: Totals = field(default=Totals(), metadata=_PREFIX)
    terminal_foreign: Totals = field(default=Totals(), metadata=_PREFIX)
    host_domestic: Totals = field(default=Totals(), metadata=_PREFIX)
    host_foreign: Totals = field(default=Totals(), metadata=_PREFIX)
    reply_elements: dict[str, Identifier] = field(default_factory=dict)  # of the reply: a repeat gets them again
    operator: str = ""
    stan: Identifier = ""
    at_us: int = 0
    business_date: Identifier = ""
    end: Identifier = ""  # function of the message that ended the upload: 202, 207; "": it has not ended
    end_count: int = 0  # details that were uploaded, as that message says
    closed_us: int = 0

    @property
    def terminal(self) -> BatchTotals:
        """What the terminal counted."""
        return BatchTotals(self.terminal_domestic, self.terminal_foreign)

    @property
    def host(self) -> BatchTotals:
        """What the host counted."""
        return BatchTotals(self.host_domestic, self.host_foreign)


DetailForm = Literal["request", "advice", "chip", "refused"]
"""How a terminal uploaded a transaction: in a list of requests; as the advice it was; as a chip's data, approved, or
refused."""

DetailMatch = Literal["agrees", "differs", "terminal_only", "no_money"]
"""What the host's books say of a detail; `no_money`: the terminal itself says that it was refused."""


@dataclass(slots=True)
class UploadedDetail:
    """One transaction as the upload of a batch says it was, and how it compares."""

    key: TransactionKey
    form: DetailForm
    match: DetailMatch
    why: Sentence = ""  # what differs
    foreign: bool = False
    amount_minor: int = 0
    pan_masked: str = ""
    card: Identifier = ""  # keyed hash of the PAN
    transaction_type: Identifier = ""  # of an advice
    at_us: int = 0


@dataclass(slots=True)
class BatchBooks:
    """What is known of one batch, for a decision about its settlement or its upload."""

    settlement: Settlement | None = None
    transactions: tuple[Transaction, ...] = ()  # all of them, or those that were asked for
    details: tuple[UploadedDetail, ...] = ()  # of the same
    signed: frozenset[str] = frozenset()  # STANs of transactions with a signature
