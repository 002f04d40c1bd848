"""What a generator saw, exchange by exchange, in a file that can be read while it grows and after an abort.

1. Line 1 is a JSON object: what was planned, where, with which versions. It ends with a line feed.
2. Then follow records of `RECORD_BYTES` bytes, one for each request that was due, in the order in which they ended.
3. The last record is followed by `END` and a JSON object: counts, lateness and processor time of the generator. A file
   without it is that of a worker that was killed.

There is one file for each worker. Its header has:

* ``schema``, ``version`` of the program, ``python``, ``machine``, ``at`` (ISO 8601, UTC), ``command``: the command
  line, a list of words;
* ``plan``: all that was asked for; ``seed``;
* ``phases``: a list of ``{"name", "kind", "begin_s", "length_s", "requests"}``, times since the beginning of the run.
  ``requests`` is the number of arrivals that the phase has in the whole plan, of all workers and shards; null where it
  depends on the answers (users). ``length_s`` is null where a phase lasts as long as its requests do;
* ``services``: their names; ``shard``: "1/1", "2/5" …; ``workers``: how many this shard has; ``worker``: which one this
  is, from 0; ``terminals``: how many of this worker's may come; ``share``: how many arrivals are this worker's, of the
  phases that say how many they have;
* ``begin_monotonic_ns``, ``begin_unix_ns``: the beginning of the run, to which moments of records are relative.

Its footer has:

* ``requests``: how many were due; ``records``: how many stand in the file; ``not_done``: what was planned and not
  begun, by reason. ``no-terminal-free`` has records too, ``not-due`` (of a run that was broken off) has none;
* ``worst_late_us``: how late a request was begun; ``worst_lag_us``: the longest time without a look at the sockets
  while something was due; ``sentinel``: ``{"p50_us", "p99_us", "max_us", "samples"}``, by how much a timer of a
  worker woke up too late; ``cpu_s``, ``elapsed_s``;
* ``problems``: why terminals could not go on, a sentence each, and how often; their transaction is `REFUSED`;
* ``interrupted``: whether it was broken off (Ctrl-C); what was under way then has the outcome `INTERRUPTED`;
  ``reason`` says why.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from acquirer.data.json_text import parse_json
from acquirer.errors import ConfigurationError
from acquirer.settings.private_file import write_private

SCHEMA: Final = "acquirer.load.records/2"

FORMER_SCHEMA: Final = "acquirer.load.records/1"

_FORM: Final = struct.Struct("<qIIIIIBBH4sBB2x")
RECORD_BYTES: Final = _FORM.size
END: Final = b"\xff" * RECORD_BYTES
"""Stands where a record would begin: one that was intended before the beginning of the run, which none is."""

MOST_US: Final = 0xFFFF_FFFE
"""The longest time that a record holds, 71 minutes; no terminal waits longer for an answer."""

NO_TERMINAL: Final = 0xFFFF_FFFF
"""Instead of a terminal's number, of a request for which none was free."""

NOT_VERIFIED: Final = 1
"""Flag: neither KCV nor MAC of the answer was verified (``--no-verify``)."""

HEADER_BYTES: Final = 1 << 20
"""The longest header: a plan with all its words has a few kilobytes."""


class RequestOutcome(IntEnum):
    """How a request ended."""

    APPROVED = 0
    DECLINED = 1
    NO_ANSWER = 2  # until its time-out
    NOT_CONNECTED = 3  # refused, unreachable, or not within the time-out
    LOST = 4  # the connection ended before the answer was whole
    MALFORMED = 5  # an answer that cannot be read, or is none to the request
    MAC_DIFFERS = 6
    KEYS_DIFFER = 7  # of a sign-on: a KCV is not its key's
    NO_TERMINAL_FREE = 8  # not begun: every terminal waited for an answer
    NO_ROOM = 9  # not begun: the machine of the generator had no port or no open file left
    INTERRUPTED = 10  # the run was broken off before the answer came
    REFUSED = 11  # not begun: by the terminal itself, which owes a reversal that gets no answer

    @property
    def word(self) -> str:
        """Return it as reports write it."""
        return self.name.lower().replace("_", "-")


class LoadRecord(NamedTuple):
    """One request, in microseconds."""

    intended_us: int  # since the beginning of the run
    late_us: int  # from there until it was begun
    connected_us: int  # from its beginning until its connection stood; 0: it stood before
    first_us: int  # until the first byte of the answer; 0: none came
    done_us: int  # until it ended
    terminal: int  # number of the terminal in the file, from 0; `NO_TERMINAL`
    service: int  # place in the header's "services"
    outcome: int
    worker: int
    code: bytes = b""
    phase: int = 0  # place in the header's "phases"
    flags: int = 0

    @property
    def latency_us(self) -> int:
        """Return how long it took since it was intended."""
        return self.late_us + self.done_us


def pack_record(record: LoadRecord) -> bytes:
    """Return a record as it stands in a file."""
    return _FORM.pack(*record)


class RecordsError(ConfigurationError, ValueError):
    """A file of records that cannot be read: one sentence."""


class RecordWriter:
    """Writes one file."""

    def __init__(self, path: Path, header: Mapping[str, Any]) -> None:
        line = json.dumps({"schema": SCHEMA, **header}, ensure_ascii=False).encode() + b"\n"
        write_private(path, line)
        self._file: BinaryIO = path.open("ab")

    def write(self, record: LoadRecord) -> None:
        """Add a record; it reaches the file with the next `flush`, or some thousand later."""
        self._file.write(pack_record(record))

    def flush(self) -> None:
        """Have what was written stand in the file."""
        self._file.flush()

    def close(self) -> None:
        """Close the file, which then is that of a run that was broken off."""
        self._file.close()

    def end(self, footer: Mapping[str, Any]) -> None:
        """Say that the run is over, and close the file."""
        self._file.write(END + json.dumps(dict(footer), ensure_ascii=False).encode() + b"\n")
        self._file.close()


class RecordTail:
    """Reads a file while it grows; each look brings what is new."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0  # up to here it was read: the header, and whole records
        self._over = False

    def read(self) -> list[LoadRecord]:
        """Return the records since the last look; none of a file that is not there yet."""
        if self._over:
            return []
        try:
            with self._path.open("rb") as file:
                if not self._at:
                    head = file.readline()
                    self._at = len(head) if head.endswith(b"\n") else 0
                    if not self._at:
                        return []
                file.seek(self._at)
                data = file.read()
        except OSError:
            return []
        end = _end_of(data)
        self._over = end is not None
        whole = data[: len(data) - len(data) % RECORD_BYTES if end is None else end]
        self._at += len(whole)
        return list(_records(whole))


@dataclass(frozen=True, slots=True)
class RecordFile:
    """A file that was read.

    Args:
        data: its records, packed; see `acquirer.load.record_columns`.
        footer: None where the worker was killed.
    """

    path: Path
    header: Mapping[str, Any]
    data: bytes
    footer: Mapping[str, Any] | None

    @property
    def records(self) -> tuple[LoadRecord, ...]:
        """Return them unpacked, one by one."""
        return tuple(_records(self.data))


def read_records(path: Path) -> RecordFile:
    """Return what a file holds; the record at the end of a run that was broken off may be cut, and is left out.

    Raises:
        RecordsError: it is no such file, or cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise RecordsError(f"{path}: cannot be read ({(exc.strerror or str(exc)).lower()})") from None
    head, newline, rest = data.partition(b"\n")
    header = _object(head) if newline and len(head) <= HEADER_BYTES else None
    schema = str(header.get("schema")) if header else ""
    if schema == FORMER_SCHEMA:
        raise RecordsError(f"{path}: holds records of an earlier version ({schema}); run it again")
    if header is None or schema != SCHEMA:
        raise RecordsError(f"{path}: is no file of records; name one that 'acquirer load' wrote (--record)")
    at = _end_of(rest)
    footer = None
    if at is not None:
        footer, rest = _object(rest[at + RECORD_BYTES :]), rest[:at]
    whole = rest[: len(rest) - len(rest) % RECORD_BYTES]
    return RecordFile(path, header, whole, footer)


def _end_of(data: bytes) -> int | None:
    """Return where the records end; None when nothing says so."""
    at = data.find(END)
    while at != -1 and at % RECORD_BYTES:
        at = data.find(END, at + 1)
    return None if at == -1 else at


def _records(data: bytes) -> Iterator[LoadRecord]:
    for values in _FORM.iter_unpack(data):
        record = LoadRecord(*values)
        yield record._replace(code=record.code.rstrip(b"\0"))


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        found = parse_json(data.decode())
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
