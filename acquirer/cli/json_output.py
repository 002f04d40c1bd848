"""JSON on stdout, in one form for all commands.

1. What is one thing is one object on one line.
2. A finished list is one array, with each of its elements on a line of its own.
3. A stream, whose end is not known or whose elements are read as they come, is one object a line (JSON lines): messages
   and connections of a capture, exchanges of a journal.
4. Moments are ISO 8601 in UTC (``at``) beside local ones (``at_local``).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

_encode: Final = json.JSONEncoder(ensure_ascii=False).encode


def print_object(document: Mapping[str, Any]) -> None:
    """Print one thing, or the next of a stream."""
    sys.stdout.write(f"{_encode(document)}\n")


def print_array(documents: Iterable[Mapping[str, Any]]) -> None:
    """Print a finished list."""
    lines = ",\n".join([_encode(one) for one in documents])
    sys.stdout.write(f"[\n{lines}\n]\n" if lines else "[]\n")
