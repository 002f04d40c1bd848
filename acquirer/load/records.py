"""What a generator saw, exchange by exchange, in a file that can be read while it grows and after an abort.

1. Line 1 is a JSON object: what was planned, where, with which versions. It ends with a line feed.
2. Then follow records of `RECORD_BYTES` bytes, one for each request that was due, in the order in which they ended.
3. The last record is followed by `END` and a JSON object: counts, lateness and processor time of the generator. A file
   without it is that of a run that was broken off.
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

SCHEMA: Final = "acquirer.load.records/1"

_FORM: Final = struct.Struct("<qIIIIIBBH4s")
RECORD_BYTES: Final = _FORM.size
END: Final = b"\xff" * RECORD_BYTES
"""Stands where a record would begin: one that was intended before the beginning of the run, which none is."""

MOST_US: Final = 0xFFFF_FFFE
"""The longest time that a record holds, 71 minutes; no terminal waits longer for an answer."""

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
    terminal: int  # number of the terminal in the file
    service: int  # place in the header's "services"
    outcome: int
    worker: int
    code: bytes = b""

    @property
    def latency_us(self) -> int:
        """Return how long it took since it was intended."""
        return self.late_us + self.done_us


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
        self._file.write(_FORM.pack(*record))

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


class RecordCounter:
    """Counts the records of a file that grows; each look reads what is new."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0  # up to here it was read: the header, and whole records
        self._count = 0
        self._over = False

    def count(self) -> int:
        """Return how many there are by now; 0 of a file that is not there yet."""
        if self._over:
            return self._count
        try:
            with self._path.open("rb") as file:
                if not self._at:
                    head = file.readline()
                    self._at = len(head) if head.endswith(b"\n") else 0
                    if not self._at:
                        return 0
                file.seek(self._at)
                data = file.read()
        except OSError:
            return self._count
        for start in range(0, len(data) - RECORD_BYTES + 1, RECORD_BYTES):
            if data.startswith(END, start):
                self._over = True
                break
            self._count += 1
            self._at += RECORD_BYTES
        return self._count


@dataclass(frozen=True, slots=True)
class RecordFile:
    """A file that was read.

    Args:
        footer: None where the run was broken off.
    """

    path: Path
    header: Mapping[str, Any]
    records: tuple[LoadRecord, ...]
    footer: Mapping[str, Any] | None


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
    if header is None or header.get("schema") != SCHEMA:
        raise RecordsError(f"{path}: is no file of records; name one that 'acquirer load' wrote (--record)")
    at = _end_of(rest)
    footer = None
    if at is not None:
        footer, rest = _object(rest[at + RECORD_BYTES :]), rest[:at]
    whole = rest[: len(rest) - len(rest) % RECORD_BYTES]
    return RecordFile(path, header, tuple(_records(whole)), footer)


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
