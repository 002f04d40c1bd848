"""Evidence becomes a row: masked, in plain integers and text, ready to be written and never to be unmasked.

Run by the store's writer, off the hot path. Tracks, PIN blocks and keys keep their shape only; a card number keeps
first 6 + last 4, also where nobody declared one: free text is searched for runs of digits that pass the Luhn check.
PCI DSS 4.0.1, 3.3 and 3.4.
"""

from __future__ import annotations

import json.encoder
from collections.abc import Mapping
from typing import Final

from acquirer.journal.evidence import Evidence
from acquirer.journal.mask import mask_free, showers
from acquirer.wire.dialect import Dialect
from acquirer.wire.masking import hidden
from acquirer.wire.message import Value

COLUMNS: Final = (
    "at_us",
    "dialect",
    "peer",
    "mti",
    "service",
    "tid",
    "mid",
    "batch",
    "stan",
    "code",
    "reason",
    "why",
    "notes",
    "rrn",
    "amount_minor",
    "pan_masked",
    "replayed",
    "fault",
    "request",
    "failure",
    "reply_mti",
    "reply",
    "frame_bytes",
    "took_us",
)
"""What a row holds, in this order, after its number. `request` and `reply` are JSON objects: DE → masked value."""

NUMBERS: Final = frozenset({"at_us", "amount_minor", "replayed", "frame_bytes", "took_us"})
"""Columns that are integers; all others are text."""

Row = tuple[int | str | None, ...]

_quoted: Final = json.encoder.encode_basestring  # one string; an encoder for the whole object costs three times that


def render(evidence: Evidence) -> Row:
    """The row of one exchange, without its number; columns as in `COLUMNS`."""
    failure = evidence.failure
    request: Mapping[int, Value] = {}
    if evidence.message is not None:
        request = evidence.message.fields
    elif failure is not None:
        request = failure.fields
    return (
        evidence.at_us,
        evidence.dialect.name,
        evidence.peer,
        evidence.mti,
        evidence.service,
        evidence.tid,
        evidence.mid,
        evidence.batch,
        evidence.stan,
        evidence.code,
        evidence.reason,
        mask_free(evidence.why),
        mask_free("\n".join(evidence.notes)) if evidence.notes else "",
        evidence.rrn,
        evidence.amount_minor,
        mask_free(evidence.pan_masked),
        int(evidence.replayed),
        evidence.fault,
        masked(request, evidence.dialect, evidence.mti),
        "" if failure is None else mask_free(str(failure)),
        evidence.reply_mti,
        "" if evidence.reply is None else masked(evidence.reply, evidence.dialect, evidence.reply_mti),
        evidence.frame_bytes,
        evidence.took_us,
    )


def masked(fields: Mapping[int, Value], dialect: Dialect, mti: str) -> str:
    """Fields as a JSON object, each value as it may be shown; a DE nobody knows shows its length only."""
    known = showers(dialect, mti)
    return "{" + ",".join([f'"{de}":{_quoted(known.get(de, hidden)(value))}' for de, value in fields.items()]) + "}"
