"""The door for inputs of unknown form: what was pasted or captured becomes streams of bytes, in each way it may be.

1. Text is read in every form it has, the likeliest first: as a message itself, dumps, what programs print, hex, base64.
2. What comes out may again be text, a packet capture, or packets: it is unwrapped further, `DEPTH` times at most.
3. Where the same text could be two things (the digits of an ASCII message are also hex), both readings are returned,
   and `doctor` chooses the one whose messages decode.
4. Everything is bounded: what is left out of a long text, and of many streams, is said in a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from acquirer.data.text import plural
from acquirer.inspect.capture_forms import CaptureError, is_packets
from acquirer.inspect.clean_text import without_decoration
from acquirer.inspect.compressed import unpacked
from acquirer.inspect.forms import LOSSY, NOTES, TEXT_FORMS, forms_of
from acquirer.inspect.packet_layers import LEAST_PACKET, segment_of
from acquirer.inspect.printed import LEFT_OUT

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


def read_capture(data: bytes) -> Iterator[CaptureReading]:
    """Yield all ways to read a capture, the likeliest first, each as it is found; none when it is empty.

    Raises:
        CaptureError: it is a packet capture, and damaged; the sentence says how.
    """
    if is_packets(data):
        yield _packets(data)
        return
    found: set[tuple[bytes, ...]] = set()
    is_text = False
    for reading in _readings(data, DEPTH) if data else ():
        is_text = is_text or reading.form == "text"
        if (streams := tuple(stream.data for stream in reading.streams)) not in found:
            found.add(streams)
            yield reading
    if data and not is_text and (data,) not in found:
        yield CaptureReading("bytes", (CapturedStream(data),), tuple(_notes(_text(data), TEXT_LIMIT)))


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
    if depth and (inner := unpacked(data)):
        yield from _unwrapped(CaptureReading("compressed bytes", (CapturedStream(inner),)), depth - 1)
    text = without_decoration(_text(data))
    if not text or not depth:
        if depth:
            yield from _characters(data, depth)
        return
    limit = TEXT_LIMIT if depth == DEPTH else INNER_TEXT_LIMIT
    notes = list(_notes(text, limit))
    text = text[:limit]
    for form, read in forms_of(text).items():
        found = list(islice(read(text), STREAMS_LIMIT + 1))
        beyond = [f"only the first {STREAMS_LIMIT} are looked at"] if len(found) > STREAMS_LIMIT else []
        streams = tuple(CapturedStream(one, f"line {line}") for line, one in found[:STREAMS_LIMIT])
        if streams:
            about = NOTES.get(form, ())
            yield from _unwrapped(CaptureReading(form, streams, (*notes, *beyond, *about)), depth - 1)
    yield from _characters(data, depth)


def _characters(data: bytes, depth: int) -> Iterator[CaptureReading]:
    """Yield the readings of bytes that were taken for characters (Latin-1) and written in UTF-8."""
    try:
        inner = data.decode("utf-8-sig").encode("latin-1")
    except ValueError:
        return
    if not inner.isascii():  # else they are written alike
        yield from _unwrapped(CaptureReading("characters", (CapturedStream(inner),), (AS_CHARACTERS,)), depth - 1)


def _notes(text: str, limit: int) -> Iterator[str]:
    """Yield what is left out of a text."""
    if (more := len(text) - limit) > 0:
        left_out = plural(more, "character is", "characters are")
        yield f"only the first {limit >> 20} MiB of text are read; {left_out} left out"
    if found := LEFT_OUT.search(text):
        many = plural(int(found[1]), "byte") if found[1] else "bytes"
        yield f"the text leaves {many} out ({found[0]!r}): print all of them"
    for pattern, sentence in LOSSY:
        if re.search(pattern, text):
            yield sentence


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
    if 2 * sum(map(bool, segments)) <= sum(len(stream.data) >= LEAST_PACKET for stream in streams):
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


AS_CHARACTERS = "bytes were taken for characters and written in UTF-8: send and save them as they are"


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
