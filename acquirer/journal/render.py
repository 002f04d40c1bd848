"""Evidence becomes a row: masked, in plain integers and text, ready to be written and never to be unmasked.

`collect` gathers facts where an exchange is decided; `pack`, run by the store's writer, off the path of the reply,
makes the row. Tracks, PIN blocks and keys keep their shape only; a card number keeps first 6 + last 4, also where none
was declared. What is masked is said by the types of an `ExchangeRecord` (`model.text`) and, for fields of messages, by
the dialect (`journal.mask`). PCI DSS 4.0.1, 3.3 and 3.4.
"""

from __future__ import annotations

import json.encoder
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

from acquirer.data.types import JournalRow
from acquirer.dialect.dialect import Dialect
from acquirer.journal.entry import COLUMNS
from acquirer.journal.mask import Shower, before_failure, showers
from acquirer.model.columns import row_format
from acquirer.model.evidence import Evidence, ExchangeRecord
from acquirer.model.text import text_masks
from acquirer.wire.card_numbers import PAN_DIGITS
from acquirer.wire.masking import hidden, mask_sentence, readable
from acquirer.wire.message import DecodeError, Span, Value

FORMS_KEPT: Final = 256
"""Kinds of messages whose form is remembered. Real traffic has a few dozen, but any peer may send any bitmap."""

_quoted: Final = json.encoder.encode_basestring

Facts = tuple[Any, ...]
"""What a row is rendered from: the fields of an `ExchangeRecord`, packed; request and reply as fields of messages;
a failure as its sentence, the bytes that were decoded, and where each field stands in them. Nothing is masked yet, and
nothing refers to a dialect: facts can be handed to another process as they are."""

_RECORD: Final = row_format(ExchangeRecord, masked=False)  # `pack` masks, off the path of the reply
_NAMES: Final = tuple([column.name for column in _RECORD.columns])
_REQUEST, _FAILURE, _REPLY = range(len(_NAMES), len(_NAMES) + 3)
_MTI, _REPLY_MTI, _NOTES = (_NAMES.index(name) for name in ("mti", "reply_mti", "notes"))
_MASKS: Final = tuple([(_NAMES.index(name), mask) for name, mask in text_masks(ExchangeRecord).items()])
_in_order: Final = itemgetter(*[(*_NAMES, "request", "failure", "reply", "dialect").index(name) for name in COLUMNS])


def collect(evidence: Evidence) -> Facts:
    """Return the facts of one exchange: references only, nothing sensitive is hidden yet."""
    message, failure = evidence.message, evidence.failure
    request: Mapping[int, Value] = {}
    if message is not None:
        request = message.fields
    elif failure is not None:
        request = failure.fields
    return (
        *_RECORD.pack(evidence),
        request,
        () if failure is None else _failure_facts(failure, evidence.frame),
        evidence.reply,
    )


def _failure_facts(failure: DecodeError, frame: bytes) -> tuple[Any, ...]:
    """Return why it failed and what was decoded: nothing of the frame from the failing field on."""
    spans = {field: span for field, span in failure.spans.items() if span[1] <= failure.position}
    return str(failure), frame[: max((stop for _, stop in spans.values()), default=0)], spans


def pack(facts: Facts, dialect: Dialect) -> JournalRow:
    """Return the row of an exchange in `dialect`, without its number; columns as in `COLUMNS`.

    This is the only function that makes rows of the journal.
    """
    values = list(facts)
    request, failure, reply, mti = facts[_REQUEST], facts[_FAILURE], facts[_REPLY], facts[_MTI]
    for place, mask in _MASKS:
        if len(values[place]) >= PAN_DIGITS[0]:
            values[place] = mask(values[place])
    values[_REQUEST] = masked(request, dialect, mti)
    values[_FAILURE] = failed(failure, request, dialect, mti) if failure else ""
    values[_REPLY] = "" if reply is None else masked(reply, dialect, facts[_REPLY_MTI])
    values.append(dialect.name)
    row: JournalRow = _in_order(values)
    return row


def pack_any(facts: Facts, dialect: Dialect) -> JournalRow:
    """Return the row of an exchange; without its fields, and with a note, where these cannot be rendered.

    No exchange is lost or written unmasked because of a fault in rendering.
    """
    try:
        return pack(facts, dialect)
    except Exception as exc:
        bare = list(facts)
        bare[_REQUEST], bare[_FAILURE], bare[_REPLY] = {}, (), None
        note = f"its fields could not be rendered: {type(exc).__name__}"
        bare[_NOTES] = f"{facts[_NOTES]}\n{note}" if facts[_NOTES] else note
        return pack(tuple(bare), dialect)


def render(evidence: Evidence) -> JournalRow:
    """Return the row of one exchange, without its number; columns as in `COLUMNS`."""
    return pack(collect(evidence), evidence.dialect)


def failed(
    failure: tuple[str, bytes, Mapping[int | str, Span]], request: Mapping[int, Value], dialect: Dialect, mti: str
) -> str:
    """Return why a frame could not be decoded; on a second line the bytes before the failure, in hex, masked."""
    sentence, frame, spans = failure
    before = before_failure(frame, spans, request, dialect, mti)
    return mask_sentence(sentence) + (f"\n{before}" if before else "")


class _Form(NamedTuple):
    """How the fields of one kind of message are written down."""

    text: str  # the JSON object, with a place for each value
    showers: tuple[Shower, ...]
    masking: tuple[tuple[int, Shower], ...]  # those among them that do more than make a value readable, by place


_forms: dict[tuple[Dialect, str, tuple[int, ...]], _Form] = {}


def masked(values_by_de: Mapping[int, Value], dialect: Dialect, mti: str) -> str:
    """Return fields as a JSON object, each value as it may be shown; an unknown DE shows its length only."""
    key = (dialect, mti, tuple(values_by_de))
    form = _forms.get(key) or _form(key)
    values: list[Any] = [*values_by_de.values()]
    for at, show in form.masking:
        values[at] = show(values[at])
    if not is_plain(values):
        values = [_quoted(show(value))[1:-1] for show, value in zip(form.showers, values_by_de.values(), strict=True)]
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
