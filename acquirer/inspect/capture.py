"""The door for inputs of unknown form: what was pasted or captured becomes streams of bytes, in each way it may be.

1. Text is read in every form it has, the likeliest first: as a message itself, dumps, what programs print, hex, base64.
2. What comes out may again be text, a packet capture, or packets: it is unwrapped further, `DEPTH` times at most.
3. Where the same text could be two things (the digits of an ASCII message are also hex), both readings are returned,
   and `doctor` chooses the one whose messages decode.
4. Everything is bounded: what is left out of a long text, and of many streams, is said in a note.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from acquirer.data.text import plural
from acquirer.inspect import number_columns, number_dumps, printed, records, text_forms
from acquirer.inspect.capture_forms import CaptureError, is_packets
from acquirer.inspect.dumps import is_hex_dump, read_dumps, read_word_dumps
from acquirer.inspect.packet_layers import segment_of

if TYPE_CHECKING:
    from acquirer.inspect.packets import Flow

TEXT_LIMIT = 1 << 20  # characters of one text: some thousand messages, and a second of looking for forms in it
INNER_TEXT_LIMIT = 1 << 18  # of text within text
DEPTH = 4  # a capture in base64 in a log in JSON
UTF_16_LEAST = 32  # bytes: fewer zeros may be those of a message
STREAMS_LIMIT = 500  # of one reading: more connections or lines than a person reads through


@dataclass(frozen=True, slots=True)
class CapturedStream:
    """Bytes that one side sent, in order."""

    data: bytes
    name: str = ""  # where they come from: "line 3", "10.0.0.1:50412 → 10.0.0.2:8583"
    group: int = 0  # streams of one group have one dialect: the two directions of a connection, the lines of a log
    times: tuple[tuple[int, float], ...] = ()  # offset → seconds since 1970, where they are known


@dataclass(frozen=True, slots=True)
class CaptureReading:
    """One way to read a capture."""

    form: str  # "packets", "hex dump", "hex in base64" …
    streams: tuple[CapturedStream, ...]
    notes: tuple[str, ...] = ()


def read_capture(data: bytes) -> list[CaptureReading]:
    """Return all ways to read a capture, the likeliest first; empty when it is empty.

    Raises:
        CaptureError: it is a packet capture, and damaged; the sentence says how.
    """
    if not data:
        return []
    if is_packets(data):
        return [_packets(data)]
    found: dict[tuple[bytes, ...], CaptureReading] = {}
    readings = list(_readings(data, DEPTH))
    if all(reading.form != "text" for reading in readings):
        readings.append(CaptureReading("bytes", (CapturedStream(data),)))
    for reading in readings:
        found.setdefault(tuple(stream.data for stream in reading.streams), reading)
    return list(found.values())


def _packets(data: bytes) -> CaptureReading:
    from acquirer.inspect.packets import tcp_flows

    flows, notes = tcp_flows(data)
    return CaptureReading("packets", tuple(_streams(flows)), tuple(notes))


def _streams(flows: Iterable[Flow]) -> Iterator[CapturedStream]:
    for flow in flows:
        times = tuple(flow.times) if any(time for _, time in flow.times) else ()
        yield CapturedStream(bytes(flow.data), f"{flow.source} → {flow.target}", flow.connection, times)


def _readings(data: bytes, depth: int) -> Iterator[CaptureReading]:
    """Yield the readings of bytes but that as bytes themselves."""
    if carried := _carried("", (CapturedStream(data),)):
        yield carried
    text = _text(data)
    if not text or not depth:
        return
    limit = TEXT_LIMIT if depth == DEPTH else INNER_TEXT_LIMIT
    notes = list(_notes(text, limit))
    text = text[:limit]
    for form, read in _forms(text).items():
        found = list(islice(read(text), STREAMS_LIMIT + 1))
        beyond = [f"only the first {STREAMS_LIMIT} are looked at"] if len(found) > STREAMS_LIMIT else []
        streams = tuple(CapturedStream(one, f"line {line}") for line, one in found[:STREAMS_LIMIT])
        if streams:
            yield from _unwrapped(CaptureReading(form, streams, (*notes, *beyond)), depth - 1)


def _forms(text: str) -> dict[str, Callable[[str], printed.Found]]:
    """Return the forms that a text may have; in one that is dumps or records from end to end, other finds are luck."""
    if records.are_records(text):
        return RECORD_FORMS
    if is_hex_dump(text) or number_dumps.is_number_dump(text):
        return DUMP_FORMS
    if number_columns.are_bits(text):
        return {"bits": number_columns.bits, **CAPTURE_FORMS}
    if printed.has_soft_ends(text):
        return {"quoted-printable": printed.quoted_printable, **CAPTURE_FORMS}
    return CAPTURE_FORMS


def _notes(text: str, limit: int) -> Iterator[str]:
    """Yield what is left out of a text."""
    if (more := len(text) - limit) > 0:
        left_out = plural(more, "character is", "characters are")
        yield f"only the first {limit >> 20} MiB of text are read; {left_out} left out"
    if found := printed.LEFT_OUT.search(text):
        yield f"the text leaves {plural(int(found[1]), 'byte')} out ({found[0]!r}): print all of them"


def _unwrapped(reading: CaptureReading, depth: int) -> Iterator[CaptureReading]:
    """Yield what a reading of a text holds (packets, a capture, other text), then the reading itself."""
    form, streams = reading.form, reading.streams
    if carried := _carried(f" in {form}", streams):
        yield replace(carried, notes=(*reading.notes, *carried.notes))
    if form not in TEXT_FORMS:
        if len(streams) == 1 and is_packets(streams[0].data):
            with suppress(CaptureError):
                packets = _packets(streams[0].data)
                yield replace(packets, form=f"packets in {form}", notes=(*reading.notes, *packets.notes))
        inner = [{one.form: one for one in _readings(stream.data, depth)} for stream in streams]
        for within in inner[0] if all(inner) else ():
            if all(within in one for one in inner):
                parts = [part for one in inner for part in one[within].streams]
                notes = dict.fromkeys((*reading.notes, *(note for one in inner for note in one[within].notes)))
                yield CaptureReading(f"{within} in {form}", tuple(parts), tuple(notes))
    yield reading


def _carried(where: str, streams: tuple[CapturedStream, ...]) -> CaptureReading | None:
    """Return the TCP streams in packets; None where most of these are no packets."""
    from acquirer.inspect.packets import flows_of

    segments = [segment_of(stream.data) for stream in streams]
    if 2 * sum(segment is not None for segment in segments) <= len(segments):
        return None
    flows, notes = flows_of((0.0, segment) for segment in segments)
    return CaptureReading(f"packets{where}", tuple(_streams(flows)), tuple(notes)) if flows else None


def _text(data: bytes) -> str:
    """Return the text these bytes are; empty when they are none."""
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text if not _CONTROLS.search(text) else ""
    return ""


def _encodings(data: bytes) -> tuple[str, ...]:
    """Return how a text may be encoded: UTF-16 where each other byte is zero, even without a mark of its order."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return ("utf-16",)
    if len(data) >= UTF_16_LEAST and len(data) % 2 == 0:
        for order, zeros, others in (("le", data[1::2], data[::2]), ("be", data[::2], data[1::2])):
            if not zeros.strip(b"\0") and b"\0" not in others:
                return (f"utf-16-{order}",)
    return ("utf-8-sig", "latin-1")


_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")

TEXT_FORMS: dict[str, Callable[[str], printed.Found]] = {
    "text": text_forms.text_itself,
    "lines of text": text_forms.lines,
    "text in other text": text_forms.messages_in_text,
    "words in other text": text_forms.words_in_text,
    "text broken into lines": text_forms.joined_lines,
}
"""Forms in which the characters are the message."""

DUMP_FORMS: dict[str, Callable[[str], printed.Found]] = {
    "octal dump": number_dumps.octal_dumps,
    "dump of bits": number_dumps.bit_dumps,
    "dump of characters": number_dumps.character_dumps,
    "hex dump": read_dumps,
    "hex dump of words with the lowest byte first": read_word_dumps,
    "hex dump of words with the lowest byte first, with characters": number_dumps.little_endian_dumps,
    "decimal dump": number_dumps.decimal_dumps,
}
"""Lines with offsets."""

RECORD_FORMS: dict[str, Callable[[str], printed.Found]] = {
    "Intel HEX": records.intel_records,
    "S-records": records.motorola_records,
}
"""Lines with lengths, addresses and checksums."""

CAPTURE_FORMS: dict[str, Callable[[str], printed.Found]] = {
    **TEXT_FORMS,
    **RECORD_FORMS,
    **DUMP_FORMS,
    "list of numbers": printed.number_lists,
    "text with escapes": printed.literals,
    "text with escapes, in pieces": printed.joined_literals,
    "text with escapes, without quotes": printed.escaped_text,
    "text with percent signs": printed.percent_text,
    "text with <hex>": printed.angle_text,
    "text with carets": printed.caret_text,
    "text with control pictures": printed.control_pictures,
    "text with entities": printed.entity_text,
    "quoted-printable": printed.quoted_printable,
    "lines of quoted-printable": printed.quoted_printable_lines,
    "lines of hex": text_forms.hex_lines,
    "hex": text_forms.hex_paragraphs,
    "hex in text": text_forms.hex_runs,
    "lines of hex in text": text_forms.joined_hex_runs,
    "lines of base64": text_forms.base64_lines,
    "base64": text_forms.base64_paragraphs,
    "base64 in text": text_forms.base64_runs,
    "bits": number_columns.bits,
    "columns of octal numbers": number_columns.octal_columns,
    "columns of decimal numbers": number_columns.decimal_columns,
    "columns of characters": number_columns.character_columns,
}
"""How bytes are written in text, the most specific form first."""
