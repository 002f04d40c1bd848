"""TOML documents that know on which line each key stands.

``tomllib`` parses; a small scanner beside it notes the line of every table header and key, so that whatever
is wrong with the *meaning* of a file can be told with file, line and key, like a compiler does. Pure: it takes
text and never opens a file.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

Path = tuple[str | int, ...]
"""Where a value stands: ``("terminal", 2, "tid")`` is ``tid`` of the third ``[[terminal]]``."""


class DataError(ValueError):
    """A data file says something that cannot be: one sentence with file, line, key and what to do."""

    def __init__(self, name: str, line: int, key: str, problem: str) -> None:
        where = f"{name}:{line}: " if line else f"{name}: "
        super().__init__(where + (f"{key}: " if key else "") + problem)
        self.name, self.line, self.key, self.problem = name, line, key, problem


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed TOML file: its name, its data and the line of every key."""

    name: str
    data: dict[str, Any]
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """The line (from 1) on which `path` or its nearest known ancestor stands; 0 when nothing is known."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return 0

    def error(self, path: Path, problem: str) -> DataError:
        """An error about the value at `path`; `problem` says what is wrong and what to do."""
        return DataError(self.name, self.line(path), dotted(path), problem)

    def unknown(self, path: Path, known: Iterable[str]) -> DataError:
        """An error about a key nobody reads, with the nearest one that somebody does."""
        return self.error(path, f"unknown key{nearest(str(path[-1]), known)}")

    def invalid(self, failure: ValidationError) -> DataError:
        """The first complaint of a pydantic model about this document, as one sentence.

        pydantic names list items by index and union members by tag; only steps that exist in the data are kept.
        """
        first = failure.errors()[0]
        path: list[str | int] = []
        here: Any = self.data
        for step in first["loc"]:
            if _has(here, step):
                here = here[step]
                path.append(step)
            elif first["type"] in ("missing", "extra_forbidden") and step == first["loc"][-1]:
                path.append(step)
        if first["type"] == "missing":
            return self.error(tuple(path), "is missing")
        if first["type"] == "extra_forbidden":
            return self.error(tuple(path), "unknown key")
        message = first["msg"].removeprefix("Value error, ")
        return self.error(tuple(path), message[0].lower() + message[1:])


def parse(text: str, name: str) -> Document:
    """Parse TOML `text`; `name` is the file's name as errors should show it.

    Raises:
        DataError: the text is not TOML; carries the line.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        found = re.search(r"\(at line (\d+), column \d+\)|\(at end of document\)", str(wrong))
        line = int(found[1]) if found and found[1] is not None else text.count("\n") + 1
        problem = str(wrong).split(" (at ")[0]
        raise DataError(name, line, "", f"not TOML: {problem[0].lower()}{problem[1:]}") from None
    return Document(name, data, _lines(text))


def nearest(word: str, known: Iterable[str]) -> str:
    """``"; did you mean 'batch'?"`` for the closest of `known`, else an empty text."""
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else ""


def dotted(path: Path) -> str:
    """``("terminal", 0, "tid")`` as people write it: ``terminal[0].tid``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def _has(here: Any, step: Any) -> bool:
    if isinstance(here, list):
        return isinstance(step, int) and step < len(here)
    return isinstance(here, dict) and step in here


_KEY = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=""")
_HEAD = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_PART = re.compile(r""""([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)""")
_QUIET = re.compile(
    r'"""(?:\\.|[^\\])*?"""' + r"|'''[\s\S]*?'''" + r'|"(?:\\.|[^"\\\n])*"' + r"|'[^'\n]*'|#[^\n]*", re.S
)


def _lines(text: str) -> dict[Path, int]:
    """The line of each key, for text that is already known to be valid TOML."""
    # Strings and comments are blanked (newlines kept) to count brackets; keys are read from the text itself.
    bare = _QUIET.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
    found: dict[Path, int] = {}
    table: Path = ()
    counts: dict[Path, int] = {}
    depth = 0
    for number, (line, quiet) in enumerate(zip(text.split("\n"), bare.split("\n"), strict=True), 1):
        if depth == 0:
            if head := _HEAD.match(line) if quiet.lstrip().startswith("[") else None:
                table = _resolve(_parts(head[2]), counts)
                if head[1] == "[[":
                    counts[table] = counts.get(table, -1) + 1
                    table = (*table, counts[table])
                found.setdefault(table, number)
                continue
            if (key := _KEY.match(line)) and quiet[key.end() - 1] == "=":  # not text inside a long string
                found.setdefault((*table, *_parts(key[1])), number)
        depth += sum(quiet.count(c) for c in "[{") - sum(quiet.count(c) for c in "]}")
    return found


def _parts(dotted_key: str) -> Path:
    return tuple(a or b or c for a, b, c in _PART.findall(dotted_key))


def _resolve(path: Path, counts: dict[Path, int]) -> Path:
    """A header under an array of tables speaks of its latest item."""
    out: Path = ()
    for i, step in enumerate(path):
        out = (*out, step)
        if i < len(path) - 1 and out in counts:
            out = (*out, counts[out])
    return out
