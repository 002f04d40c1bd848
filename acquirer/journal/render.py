"""Evidence becomes a row: masked, in plain integers and text, ready to be written and never to be unmasked.

Run by the store's writer, off the hot path. Tracks, PIN blocks and keys keep their shape only; a card number keeps
first 6 + last 4, also where nobody declared one: free text is searched for runs of digits that pass the Luhn check.
PCI DSS 4.0.1, 3.3 and 3.4.
"""

from __future__ import annotations

import json.encoder
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from acquirer.data.types import JournalRow
from acquirer.dialect.dialect import Dialect
from acquirer.journal.mask import Shower, before_failure, showers
from acquirer.model.evidence import Evidence
from acquirer.wire.masking import hidden, mask_card_numbers, readable
from acquirer.wire.message import DecodeError, Span, Value

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

FORMS_KEPT: Final = 256
"""Kinds of messages whose form is remembered. Real traffic has a few dozen; bitmaps come from whoever connects."""

_quoted: Final = json.encoder.encode_basestring


Facts = tuple[Any, ...]
"""What a row is rendered from, in the order of `COLUMNS`, without the dialect: plain values, nothing masked.

Notes are still a tuple, request and reply still fields; a failure is its sentence, the bytes that were understood, and
where each field stands in them. They can be handed to another process as they are."""


def facts(evidence: Evidence) -> Facts:
    """What there is to tell of one exchange: references only, and nothing sensitive is hidden yet."""
    message, failure = evidence.message, evidence.failure
    request: Mapping[int, Value] = {}
    if message is not None:
        request = message.fields
    elif failure is not None:
        request = failure.fields
    return (
        evidence.at_us,
        evidence.peer,
        evidence.mti,
        evidence.service,
        evidence.tid,
        evidence.mid,
        evidence.batch,
        evidence.stan,
        evidence.code,
        str(evidence.reason),
        evidence.why,
        evidence.notes,
        evidence.rrn,
        evidence.amount_minor,
        evidence.pan_masked,
        evidence.replayed,
        evidence.fault,
        request,
        () if failure is None else _failed(failure, evidence.frame),
        evidence.reply_mti,
        evidence.reply,
        evidence.frame_bytes,
        evidence.took_us,
    )


def _failed(failure: DecodeError, frame: bytes) -> tuple[Any, ...]:
    """Why, and what was understood: nothing of the frame from the failing field on."""
    spans = {field: span for field, span in failure.spans.items() if span[1] <= failure.position}
    return str(failure), frame[: max((stop for _, stop in spans.values()), default=0)], spans


def row_of(told: Facts, dialect: Dialect) -> JournalRow:
    """The row of an exchange in `dialect`, without its number; columns as in `COLUMNS`."""
    at_us, peer, mti, service, tid, mid, batch, stan, code, reason, why, notes, rrn, *rest = told
    amount_minor, pan_masked, replayed, fault, request, failure, reply_mti, reply, frame_bytes, took_us = rest
    return (
        at_us,
        dialect.name,
        peer,
        mti,
        service,
        tid,
        mid,
        batch,
        stan,
        code,
        reason,
        mask_card_numbers(why),
        mask_card_numbers("\n".join(notes)) if notes else "",
        rrn,
        amount_minor,
        mask_card_numbers(pan_masked),
        int(replayed),
        fault,
        masked(request, dialect, mti),
        failed(failure, request, dialect, mti) if failure else "",
        reply_mti,
        "" if reply is None else masked(reply, dialect, reply_mti),
        frame_bytes,
        took_us,
    )


def bare(told: Facts, note: str) -> Facts:
    """The same without what came and what was answered, and with a note."""
    return (*told[:11], (*told[11], note), *told[12:17], {}, (), told[19], None, *told[21:])


def render(evidence: Evidence) -> JournalRow:
    """The row of one exchange, without its number; columns as in `COLUMNS`."""
    return row_of(facts(evidence), evidence.dialect)


def failed(
    failure: tuple[str, bytes, Mapping[int | str, Span]], fields: Mapping[int, Value], dialect: Dialect, mti: str
) -> str:
    """Why a frame could not be decoded; on a second line the bytes before the failure, in hex, masked."""
    sentence, frame, spans = failure
    before = before_failure(frame, spans, fields, dialect, mti)
    return mask_card_numbers(sentence) + (f"\n{before}" if before else "")


class _Form(NamedTuple):
    """How the fields of one kind of message are written down."""

    text: str  # the JSON object, with a place for each value
    showers: tuple[Shower, ...]
    masking: tuple[tuple[int, Shower], ...]  # those among them that do more than make a value readable, by place


_forms: dict[tuple[Dialect, str, tuple[int, ...]], _Form] = {}


def masked(fields: Mapping[int, Value], dialect: Dialect, mti: str) -> str:
    """Fields as a JSON object, each value as it may be shown; a DE nobody knows shows its length only."""
    key = (dialect, mti, tuple(fields))
    form = _forms.get(key) or _form(key)
    values: list[Any] = [*fields.values()]
    for at, show in form.masking:
        values[at] = show(values[at])
    if not is_plain(values):
        values = [_quoted(show(value))[1:-1] for show, value in zip(form.showers, fields.values(), strict=True)]
    return form.text % tuple(values)


def _form(key: tuple[Dialect, str, tuple[int, ...]]) -> _Form:
    dialect, mti, des = key
    known = showers(dialect, mti)
    chosen = tuple(known.get(de, hidden) for de in des)
    if len(_forms) >= FORMS_KEPT:
        _forms.clear()
    form = _forms[key] = _Form(
        "{" + ",".join(f'"{de}":"%s"' for de in des) + "}",
        chosen,
        tuple((at, show) for at, show in enumerate(chosen) if show is not readable),
    )
    return form


def is_plain(values: Sequence[Any]) -> bool:
    """Whether JSON takes these as they are: text in printable ASCII without quotes and backslashes."""
    try:
        text = "".join(values)
    except TypeError:  # bytes among them
        return False
    return text.isascii() and text.isprintable() and '"' not in text and "\\" not in text
