"""Captures of unknown form: bytes, hex, dumps with offsets, base64, a log, packets; all become streams of bytes.

Every form is read as far as it can be; where the same text could be two things (the digits of an ASCII message are also
hex), both readings are returned, and `doctor` chooses the one whose messages decode.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from acquirer.inspect.capture_forms import IPV4, is_packets
from acquirer.inspect.hexdump import WIDTH, read_hex

RUN_BYTES = 16  # of hex within other text: shorter runs are dates, numbers and keys' check values

_OFFSET = re.compile(r"\s*(?:0x)?([0-9A-Fa-f]{4,8})(?::\s+|\s{2,}|\s*\Z)")
_CELL = re.compile(r"(\s{0,2})((?:[0-9A-Fa-f]{2})+)(?!\S)")
_HEX_RUN = re.compile(rf"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{{2}}[ :]?){{{RUN_BYTES},}}(?![0-9A-Za-z])")


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

    form: str  # "packets", "hex dump", "base64" …
    streams: tuple[CapturedStream, ...]
    notes: tuple[str, ...] = ()


def read_capture(data: bytes) -> list[CaptureReading]:
    """Return all ways to read a capture, the likeliest first; empty when it is empty.

    Raises:
        CaptureError: it is a packet capture, and damaged; the sentence says how.
    """
    if is_packets(data):
        return [_packets(data)]
    readings = []
    if text := _text(data):
        for form, read in CAPTURE_FORMS.items():
            streams = tuple(read(text))
            if streams:
                readings.append(CaptureReading(form, streams))
    return [*readings, CaptureReading("bytes", (CapturedStream(data),))] if data else []


def _packets(data: bytes) -> CaptureReading:
    from acquirer.inspect.packets import tcp_flows  # and with it dpkt, which reads every protocol there is

    found, notes = tcp_flows(data)
    return CaptureReading(
        "packets",
        tuple(
            CapturedStream(bytes(flow.data), f"{flow.source} → {flow.target}", flow.connection, tuple(flow.times))
            for flow in found
        ),
        tuple(notes),
    )


def _text(data: bytes) -> str:
    """Return the text these bytes are; empty when they are none."""
    for encoding in ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "latin-1"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text if not re.search(r"[\x00-\x08\x0e-\x1f]", text) else ""
    return ""


def _dumps(text: str) -> Iterator[CapturedStream]:
    """Yield dumps with offsets, as xxd, tcpdump, Wireshark and jPOS write them; at offset 0 another one begins."""
    data, begun, squeezed = bytearray(), 0, False
    for number, line in enumerate(text.splitlines(), 1):
        found = _OFFSET.match(line)
        offset = int(found[1], 16) if found else -1
        if offset == 0 and data:
            yield _dumped(data, begun)
            data, squeezed = bytearray(), False
        if line.strip() == "*":
            squeezed = bool(data)
        elif found and squeezed and offset > len(data):
            data += (bytes(data[-WIDTH:]) * (offset // WIDTH))[: offset - len(data)]
            squeezed = False
        if found and offset == len(data):
            begun = begun if data else number
            data += _cells(line[found.end() :])
        elif data and line.strip() and line.strip() != "*":
            yield _dumped(data, begun)
            data = bytearray()
    if data:
        yield _dumped(data, begun)


def _dumped(data: bytearray, line: int) -> CapturedStream:
    frame, carried = bytes(data), None
    if frame.startswith(IPV4):
        from acquirer.inspect.packets import tcp_of

        carried = tcp_of(frame)
    return CapturedStream(frame if carried is None else carried, f"line {line}")


def _cells(cells: str) -> bytes:
    """Return the bytes of one line of a dump, without the characters at its end."""
    taken, at = "", 0
    while len(taken) < 2 * WIDTH and (cell := _CELL.match(cells, at)):
        taken, at = taken + cell[2], cell.end()
    return bytes.fromhex(taken[: 2 * WIDTH])


def _hex(text: str) -> Iterator[CapturedStream]:
    """Return paragraphs of nothing but hex, each as one stream."""
    return _all(_paragraphs(text), read_hex)


def _hex_lines(text: str) -> Iterator[CapturedStream]:
    """Return lines of nothing but hex, each as one stream."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    return _all(lines if len(lines) > 1 else (), read_hex)


def _log(text: str) -> Iterator[CapturedStream]:
    """Yield long runs of hex within other text, as logs write them between times and words."""
    for number, line in enumerate(text.splitlines(), 1):
        for run in _HEX_RUN.finditer(line):
            yield CapturedStream(bytes.fromhex(re.sub("[^0-9A-Fa-f]", "", run[0])), f"line {number}")


def _base64(text: str) -> Iterator[CapturedStream]:
    """Return paragraphs of nothing but base64, each as one stream."""
    return _all(_paragraphs(text), lambda paragraph: base64.b64decode("".join(paragraph.split()), validate=True))


def _base64_lines(text: str) -> Iterator[CapturedStream]:
    """Return lines of nothing but base64, each as one stream."""
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    return _all(lines if len(lines) > 1 else (), lambda line: base64.b64decode(line, validate=True))


def _all(pieces: Iterable[tuple[int, str]], read: Callable[[str], bytes]) -> Iterator[CapturedStream]:
    """Return a stream of each piece, or none if one of them cannot be read."""
    try:
        streams = [CapturedStream(read(piece), f"line {number}") for number, piece in pieces]
    except ValueError:  # binascii.Error is one
        return iter(())
    return iter(streams if all(stream.data for stream in streams) else ())


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Yield pieces of text between empty lines, with the number of their first line."""
    kept: list[str] = []
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.strip():
            kept.append(line)
        elif kept:
            yield number - len(kept), "\n".join(kept)
            kept = []


CAPTURE_FORMS: dict[str, Callable[[str], Iterator[CapturedStream]]] = {
    "hex dump": _dumps,
    "lines of hex": _hex_lines,
    "hex": _hex,
    "hex in text": _log,
    "lines of base64": _base64_lines,
    "base64": _base64,
}
"""How bytes are written in text, the most specific form first."""
