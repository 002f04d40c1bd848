"""Evidence: what one exchange was, what was answered, and why.

`ExchangeRecord` is the one description of what is kept of an exchange in plain values. A field added to it is a column
of the journal, an attribute of `Evidence` and of the journal's entries, and a field of the log's lines.

A host collects evidence with references only; `journal.render` (run by the store's writer, off the path of the reply)
turns it into the masked row that is written. Sensitive data never gets past that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from acquirer.model.reasons import Reason
from acquirer.model.text import Identifier, Sentence

if TYPE_CHECKING:  # reading a journal needs neither dialects nor messages
    from acquirer.dialect.dialect import Dialect
    from acquirer.wire.message import DecodeError, Message, Value

UNLOGGED: Final[dict[str, Any]] = {"logged": False}
"""Of a text that lines of the log leave out. Numbers and flags are left out unless `observe.lines` names them."""


@dataclass(slots=True)
class ExchangeRecord:
    """What is kept of one exchange, in the order in which lines of the log tell it.

    `reason` is a `Reason`, or the name of what ended the connection. `code` is "" when nothing was answered.
    A new field goes to the end: `host.evidence` fills them by place, because naming each takes three times as long.
    """

    at_us: int
    peer: Identifier = ""
    mti: Identifier = ""
    service: Identifier = ""  # sign_on, sale, reversal, echo, sign_off …; "" when no route fits
    tid: Identifier = ""
    mid: Identifier = ""
    batch: Identifier = ""
    stan: Identifier = ""
    rrn: Identifier = ""
    code: Identifier = ""
    reason: Reason | Identifier = ""
    fault: str = ""  # the damage done on purpose
    why: Sentence = ""  # one sentence for people
    notes: tuple[Sentence, ...] = ()  # trigger amount, suspected clone, clock skew …
    amount_minor: int | None = None
    pan_masked: str = field(default="", metadata=UNLOGGED)
    replayed: bool = False  # the stored reply was given again
    reply_mti: Identifier = field(default="", metadata=UNLOGGED)
    frame_bytes: int = 0  # of the request, without its length prefix
    took_us: int = 0  # from arrival to decision
    rule: str = ""  # that decided or changed the answer
    generation: int = 0  # which set of rules and faults was in force; 0: the one that the host began with
    operator: str = ""  # whom the message names, else who had signed on, where the terminal lists its operators
    compared: Identifier = ""  # beside our host, by a relay: same, differs, not-compared


@dataclass(slots=True)
class Evidence(ExchangeRecord):
    """One exchange as it is about to be journalled. Not frozen: one is made for every exchange."""

    dialect: Dialect = field(kw_only=True, repr=False)
    message: Message | None = None  # None: undecodable, see `failure`
    failure: DecodeError | None = None
    frame: bytes = field(default=b"", repr=False)  # of a failure; what stands before it is kept, masked
    reply: dict[int, Value] | None = field(default=None, repr=False)  # fields of the reply before encoding
    id: int = 0  # set when it is committed; ascending
