"""Lines of events, by structlog: what is known of an event goes through processors, the last of which renders it.

Texts are masked here as those of rows are (`model.text`): an event is a sentence of our own with what belongs to it.
Imported when the first event is logged: structlog takes longer to import than a host does to open its store, and the
process that writes the store logs exchanges only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from structlog.processors import JSONRenderer, KeyValueRenderer
from structlog.typing import EventDict, Processor, WrappedLogger

from acquirer.data.text import printable
from acquirer.observe.event import LogEvent, utc
from acquirer.wire.masking import mask_sentence

_encode: Final = json.JSONEncoder(ensure_ascii=False, default=str, separators=(",", ":")).encode


def event_line(event: LogEvent) -> EventDict:
    """Return an event's name, its time, its sentence and what belongs to it; what is empty is left out."""
    line = {"event": event.name, "at": utc(event.at_us), "why": event.sentence, **event.fields}
    return _drop_empty(None, "", _masked(None, "", line))


def event_as_json(event: LogEvent) -> str:
    """Return an event as one JSON object."""
    return _rendered(_JSON, {"event": event.name, "at": utc(event.at_us), "why": event.sentence, **event.fields})


def event_as_text(event: LogEvent, clock: str) -> str:
    """Return an event as a line for eyes, which begins with what the clock shows."""
    parts = [f"{event.name}:", mask_sentence(event.sentence), _rendered(_TEXT, dict(event.fields))]
    return printable(f"{clock}  {' '.join(filter(None, parts)).removesuffix(':')}")


def _masked(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    return {key: _without_card_numbers(value) for key, value in line.items()}


def _without_card_numbers(value: Any) -> Any:
    if isinstance(value, str):
        return mask_sentence(value)
    if isinstance(value, list | tuple):
        return [_without_card_numbers(one) for one in value]
    if isinstance(value, Mapping):
        return {key: _without_card_numbers(one) for key, one in value.items()}
    return value if value is None or isinstance(value, bool | int | float) else mask_sentence(str(value))


def _drop_empty(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    return {key: value for key, value in line.items() if value != ""}


def _as_strings(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    return {key: str(value) for key, value in line.items()}


_JSON: Final[Sequence[Processor]] = (
    _masked,
    _drop_empty,
    JSONRenderer(serializer=lambda line, **_: _encode(line)),  # json.dumps would make an encoder for each line
)
_TEXT: Final[Sequence[Processor]] = (_masked, _drop_empty, _as_strings, KeyValueRenderer(repr_native_str=False))


def _rendered(processors: Sequence[Processor], line: EventDict) -> str:
    found: Any = line
    for processor in processors:
        found = processor(None, "", found)
    return found if isinstance(found, str) else found.decode()
