"""Evidence becomes a row: masked, in plain text, ready to be written and never to be unmasked.

`collect` gathers facts where an exchange is decided; `pack` makes the row, run by the store's writer, off the path of
the reply. Only a usual exchange that takes the short way has its row from there (`host.short_way`), because to hand its
facts to another process would cost as much.

Tracks, PIN blocks and keys keep their shape only; a card number keeps first 6 + last 4, also where none was declared.
What is masked is said by the types of an `ExchangeRecord` (`model.text`) and, for fields of messages, by the dialect
(`journal.mask`). PCI DSS 4.0.1, 3.3 and 3.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, Final

from acquirer.dialect.dialect import Dialect
from acquirer.journal.entry import NUMBERS, RECORD, Entry
from acquirer.journal.mask import before_failure
from acquirer.journal.packed import SEPARATOR, VALUE_RECORD, PackedExchange, unpacker
from acquirer.journal.shapes import RECORD_NAMES, ExchangeShape, shape_of
from acquirer.model.evidence import Evidence, ExchangeRecord
from acquirer.model.text import text_masks
from acquirer.wire.card_numbers import may_hold_card_numbers
from acquirer.wire.masking import mask_sentence
from acquirer.wire.message import DecodeError, Span, Value

Facts = tuple[Any, ...]
"""What a row is rendered from: the fields of an `ExchangeRecord`, packed; request and reply as fields of messages;
a failure as its sentence, the bytes that were decoded, and where each field stands in them. Nothing is masked yet, and
nothing refers to a dialect: facts can be handed to another process as they are."""

_PLACE: Final = {name: place for place, name in enumerate(RECORD_NAMES)}
_REQUEST, _FAILURE, _REPLY = range(len(RECORD.columns), len(RECORD.columns) + 3)
_MTI, _REPLY_MTI, _NOTES, _AMOUNT = (_PLACE[name] for name in ("mti", "reply_mti", "notes", "amount_minor"))
_MASKS: Final = tuple([(_PLACE[name], mask) for name, mask in text_masks(ExchangeRecord).items()])
_searched: Final = itemgetter(*[place for place, _ in _MASKS])
_COUNTS: Final = [_PLACE[name] for name in VALUE_RECORD if name in NUMBERS and name != "amount_minor"]
_in_columns: Final = itemgetter(_PLACE["at_us"], _PLACE["tid"])


def collect(evidence: Evidence) -> Facts:
    """Return the facts of one exchange: references only, nothing sensitive is hidden yet."""
    message, failure = evidence.message, evidence.failure
    request: Mapping[int, Value] = {}
    if message is not None:
        request = message.fields
    elif failure is not None:
        request = failure.fields
    return (
        *RECORD.pack(evidence),
        request,
        () if failure is None else _failure_facts(failure, evidence.frame),
        evidence.reply,
    )


def _failure_facts(failure: DecodeError, frame: bytes) -> tuple[Any, ...]:
    """Return why it failed and what was decoded: nothing of the frame from the failing field on."""
    spans = {field: span for field, span in failure.spans.items() if span[1] <= failure.position}
    return str(failure), frame[: max((stop for _, stop in spans.values()), default=0)], spans


def pack(facts: Facts, dialect: Dialect) -> PackedExchange:
    """Return an exchange in `dialect` as it is kept.

    This is the only function that makes rows of the journal, with what it uses.
    """
    shape = _shape(facts, dialect)
    if not facts[_FAILURE] and (usual := shape.usual(facts)):
        return usual
    return pack_thoroughly(facts, dialect, shape)


def pack_thoroughly(facts: Facts, dialect: Dialect, shape: ExchangeShape) -> PackedExchange:
    """Return the same; each of its values is looked at."""
    values = list(facts[:_REQUEST])
    request, failure, reply = facts[_REQUEST:]
    if may_hold_card_numbers("\n".join(_searched(values))):
        for place, mask in _MASKS:
            values[place] = mask(values[place])
    for place in _COUNTS:
        if values[place]:
            values[place] = str(values[place])
    if values[_AMOUNT] is not None:
        values[_AMOUNT] = str(values[_AMOUNT])  # an amount of 0 is there
    values.append(failed(failure, request, dialect, values[_MTI]) if failure else "")
    values += shape.shown([*request.values(), *reply.values()] if reply else [*request.values()])
    form, kept = shape.row_form(values)
    texts = kept(values)
    data = SEPARATOR.join(texts)
    if data.count(SEPARATOR) >= len(texts) > 0:  # one of them holds it: nothing that is readable does
        data = SEPARATOR.join([text.replace(SEPARATOR, "\N{SYMBOL FOR UNIT SEPARATOR}") for text in texts])
    at_us, tid = _in_columns(values)
    return at_us, tid, form, data


def pack_any(facts: Facts, dialect: Dialect) -> PackedExchange:
    """Return an exchange; without its fields, and with a note, where these cannot be rendered.

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


def render(evidence: Evidence) -> PackedExchange:
    """Return one exchange as it is kept."""
    return pack(collect(evidence), evidence.dialect)


def entry_of(evidence: Evidence) -> Entry:
    """Return one exchange as readers of a journal would have it, without its number."""
    at_us, tid, form, data = render(evidence)
    return unpacker(form)(0, at_us, tid, data, None)


def _shape(facts: Facts, dialect: Dialect) -> ExchangeShape:
    reply = facts[_REPLY]
    answered = None if reply is None else tuple(reply)
    return shape_of((dialect, facts[_MTI], tuple(facts[_REQUEST]), facts[_REPLY_MTI], answered))


def failed(
    failure: tuple[str, bytes, Mapping[int | str, Span]], request: Mapping[int, Value], dialect: Dialect, mti: str
) -> str:
    """Return why a frame could not be decoded; on a second line the bytes before the failure, in hex, masked."""
    sentence, frame, spans = failure
    before = before_failure(frame, spans, request, dialect, mti)
    return mask_sentence(sentence) + (f"\n{before}" if before else "")
