"""What people give to commands that read messages: a file, stdin, or the text itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from acquirer.cli.errors import Code, Exit


class Input(NamedTuple):
    """What was given."""

    name: str  # of the file, "stdin", or "" for text on the command line
    data: bytes


def read_input(words: list[str], limit_bytes: int, advice: str, *, text: bool = True) -> Input:
    """Return what the words of a command line name: a file, stdin ("-" or none), or text.

    Args:
        advice: what to do about more than `limit_bytes`.
        text: whether words that name no file may be text; else a file must be there.
    """
    name = words[0] if len(words) == 1 else ""
    if not words or name == "-":
        return _whole("stdin", sys.stdin.buffer.read(limit_bytes + 1), limit_bytes, advice)
    if path := _file(name) if text else Path(name):
        with path.open("rb") as file:
            return _whole(name, file.read(limit_bytes + 1), limit_bytes, advice)
    return Input("", " ".join(words).encode("utf-8", "surrogateescape"))


def _whole(name: str, data: bytes, limit_bytes: int, advice: str) -> Input:
    if not data.strip():
        raise Exit(Code.USAGE, f"{name}: is empty.")
    if len(data) > limit_bytes:
        raise Exit(Code.USAGE, f"{name}: is larger than {limit_bytes >> 20} MiB; {advice}.")
    return Input(name, data)


def _file(name: str) -> Path | None:
    try:
        return Path(name) if name and Path(name).exists() else None
    except (OSError, ValueError):  # longer than a name can be, or with a zero in it: it is text
        return None
