"""Standard streams as every command finds them: open, and named in the error when they cannot be written."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def open_streams() -> None:
    """Make the standard streams usable, whichever of them the caller has closed or redirected.

    A closed stdin is empty, and what is written to a closed stderr is lost. A closed stdout cannot be written: the
    output of the command is lost, which is an error like a full disk. All three are opened, so that no file takes their
    numbers.
    """
    if sys.stdin is None:
        sys.stdin = _text(io.FileIO(os.devnull), "utf-8")
    if sys.stdout is None:
        sys.stdout = _text(_Stdout(os.open(os.devnull, os.O_RDONLY), "w"), "utf-8")
    else:
        sys.stdout.flush()
        raw = _Stdout(sys.stdout.fileno(), "w", closefd=False)
        sys.stdout = _text(raw, sys.stdout.encoding, sys.stdout.errors, sys.stdout.isatty())
    if sys.stderr is None:
        sys.stderr = _text(io.FileIO(os.devnull, "w"), "utf-8")


def say(text: str) -> None:
    """Print a sentence for people on stderr, on one line; what it repeats of others cannot move the cursor."""
    from acquirer.data.text import printable

    print(printable(text), file=sys.stderr)


def give_up(stream: TextIO) -> None:
    """Discard what a stream still holds: the interpreter would flush it at its end, and fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class _Stdout(io.FileIO):
    """Stdout, whose errors carry its name: the system only reports that a write failed."""

    def write(self, data: ReadableBuffer) -> int:
        try:
            return super().write(data)
        except OSError as exc:
            exc.filename = "stdout"
            raise


def _text(raw: io.FileIO, encoding: str, errors: str | None = None, lines: bool = False) -> io.TextIOWrapper:
    buffer = io.BufferedWriter(raw) if raw.writable() else io.BufferedReader(raw)
    return io.TextIOWrapper(buffer, encoding, errors, line_buffering=lines)
