"""Evidence: what one exchange was, what was answered, and why.

An exchange collects it with references only; `render` (run by the store's writer, off the hot path) turns it into the
masked row that is written. Sensitive data never gets past `render`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from acquirer.dialect.dialect import Dialect
from acquirer.wire.message import DecodeError, Message, Value


@dataclass(slots=True)
class Evidence:
    """One exchange, as it is about to be journalled. Not frozen: one is made per exchange."""

    at_us: int
    dialect: Dialect = field(repr=False)
    peer: str = ""
    message: Message | None = None  # None: undecodable, see `failure`
    failure: DecodeError | None = None
    frame: bytes = field(default=b"", repr=False)  # of a failure; what stands before it is kept, masked
    frame_bytes: int = 0
    tid: str = ""
    mid: str = ""
    batch: str = ""
    stan: str = ""
    mti: str = ""
    service: str = ""  # sign_on, sale, reversal, echo, sign_off …, or "" when no route fits
    code: str = ""  # response code; "" when nothing is answered
    reason: str = ""  # a Reason
    why: str = ""  # one sentence for a person
    notes: tuple[str, ...] = ()  # further observations: magic amount, clone suspected, clock skew …
    rrn: str = ""
    amount_minor: int | None = None
    pan_masked: str = ""
    replayed: bool = False  # the stored reply was given again
    fault: str = ""  # damage done on purpose
    reply: dict[int, Value] | None = field(default=None, repr=False)  # fields of the reply, before encoding
    reply_mti: str = ""
    took_us: int = 0  # from arrival to decision
    id: int = 0  # given by the store at commit; ascending
