"""A trace of raw frames in a file: the one place where bytes from the wire lie unmasked, asked for by name.

1. The file is its owner's alone (0600), also one that was there. It is written on, never over; what is no trace is
   left alone.
2. Frames of one turn of the loop are written together, so that what a killed host had answered is there.
3. It has a bound: what would go beyond it is not written, and that is logged. So is a disk that takes no more.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from acquirer.data.text import address_text
from acquirer.data.toml import DataError
from acquirer.inspect.trace_packets import IpAndPort, PacketConnection, section
from acquirer.inspect.trace_text import FIRST_LINE, PCAPNG, TracedFrame, frame_text
from acquirer.settings.private_file import OWNER_ONLY, open_private

SUFFIX: Final = ".pcapng"


class TraceFile:
    """Writes frames to a file; see `net.traced.FrameTrace`."""

    def __init__(
        self,
        path: Path,
        most_bytes: int,
        now_us: Callable[[], int],
        soon: Callable[[Callable[[], None]], object],
        report: Callable[[str], None],
    ) -> None:
        """Open the file.

        Args:
            soon: calls a function in the next turn of the loop.
            report: takes a sentence about why nothing more is written.

        Raises:
            DataError: it cannot be written, or is something else.
        """
        self.path = path
        self._most = most_bytes
        self._now_us = now_us
        self._soon = soon
        self._report = report
        self._packets: dict[int, PacketConnection] = {}
        self._as_packets = path.suffix == SUFFIX
        self._waiting: list[bytes] = []
        self._size = 0
        self._file: int | None = self._opened()
        head = section(FIRST_LINE.removeprefix("# ")) if self._as_packets else f"{FIRST_LINE}\n\n".encode()
        if self._as_packets or not self._size:
            self._put(head)

    @property
    def warning(self) -> str:
        """What a person must know who starts a host with this."""
        return (
            f"{self.path} is given all frames as they are, unmasked, with card numbers, tracks and PIN blocks, up to "
            f"{self._most >> 20} MiB: delete it when it was looked at"
        )

    def frame(self, number: int, peer: IpAndPort, host: IpAndPort, data: bytes, *, received: bool) -> None:
        """Write bytes that came from a peer, or went there."""
        if self._file is None:
            return
        at_us = self._now_us()
        if self._as_packets:
            if (connection := self._packets.get(number)) is None:
                connection = self._packets[number] = PacketConnection(peer, host)
            self._put(connection.frame(at_us, data, received=received))
            return
        ends = [address_text(peer), address_text(host)]
        source, target = ends if received else ends[::-1]
        self._put(frame_text(TracedFrame(at_us, source, target, data), number, received=received).encode())

    def ended(self, number: int) -> None:
        """Write that a connection has ended, where the form has a word for it."""
        if (connection := self._packets.pop(number, None)) is not None and self._file is not None:
            self._put(connection.end(self._now_us()))

    def close(self) -> None:
        """Write what waits, and close the file."""
        self._flush()
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _opened(self) -> int:
        try:
            file = open_private(self.path, os.O_RDWR | os.O_APPEND)
        except OSError as exc:
            raise self._error(f"cannot be written ({(exc.strerror or str(exc)).lower()}); name another file") from None
        first = os.read(file, len(FIRST_LINE))
        if first and first[: len(PCAPNG)] != PCAPNG if self._as_packets else first not in (b"", FIRST_LINE.encode()):
            os.close(file)
            form = "a packet capture (pcapng)" if self._as_packets else "a trace as text"
            raise self._error(f"is a file already, and not {form}; name a new one, text or {SUFFIX}")
        if hasattr(os, "fchmod"):
            os.fchmod(file, OWNER_ONLY)
        self._size = os.fstat(file).st_size
        return file

    def _error(self, problem: str) -> DataError:
        return DataError("--trace", 0, str(self.path), problem)

    def _put(self, data: bytes) -> None:
        if self._size + len(data) > self._most:
            self._flush()
            self._stop(f"the trace {self.path} has {self._most >> 20} MiB, and nothing more is written to it")
            return
        self._size += len(data)
        if not self._waiting:
            self._soon(self._flush)
        self._waiting.append(data)

    def _flush(self) -> None:
        data, self._waiting = b"".join(self._waiting), []
        if self._file is None or not data:
            return
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as exc:
            self._stop(f"the trace {self.path} cannot be written ({(exc.strerror or str(exc)).lower()}), and ends here")

    def _stop(self, sentence: str) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
            self._report(sentence)
