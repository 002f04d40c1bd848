"""TOML documents that know on which line each key stands (TOML 1.0).

``tomli`` parses, which is ``tomllib`` compiled, three times as fast; a small scanner beside it finds the line of every
table, key and item of an array, so that an error in the *meaning* of a file names file, line and key, as a compiler
does. Pure: it takes text and never opens a file.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from acquirer.errors import ConfigurationError

KeyPath = tuple[str | int, ...]
"""Where a value stands: ``("terminal", 2, "tid")`` is ``tid`` of the third ``[[terminal]]``."""


class DataError(ConfigurationError, ValueError):
    """A value in a data file that cannot be used: one sentence with file, line, key and what to do."""

    def __init__(self, name: str, line: int, key: str, problem: str) -> None:
        where = f"{name}:{line}: " if line else f"{name}: "
        super().__init__(where + (f"{key}: " if key else "") + problem)
        self.name, self.line, self.key, self.problem = name, line, key, problem


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed TOML file: its name, its data, and the line of every table, key and item of an array."""

    name: str
    data: dict[str, Any]
    lines: Mapping[KeyPath, int]
    shared: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)  # see `data.table.read_once`

    def line(self, path: KeyPath) -> int:
        """Return the line (from 1) of `path` or of its nearest known ancestor; the first one when none is known."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return 1

    def error(self, path: KeyPath, problem: str) -> DataError:
        """Return an error about the value at `path`; `problem` says what is wrong and what to do."""
        return DataError(self.name, self.line(path), dotted(path), problem)

    def unknown(self, path: KeyPath, known: Iterable[str]) -> DataError:
        """Return an error about a key that is not in use; names the nearest of the `known` ones."""
        return self.error(path, f"unknown key{did_you_mean(str(path[-1]), known)}")


def parse_toml(text: str, name: str) -> Document:
    """Parse TOML `text`; `name` is the file's name as errors show it.

    Raises:
        DataError: the text is not TOML; carries the line.
    """
    import tomli  # here: commands without a file to parse start sooner

    text = text.removeprefix("\ufeff")  # editors on Windows put it there
    try:
        data = tomli.loads(text)
    except RecursionError:
        raise DataError(name, 0, "", "not TOML: brackets are nested too deep") from None
    except MemoryError:
        raise DataError(name, 0, "", "is too large for the memory there is") from None
    except ValueError as exc:  # TOMLDecodeError, or an integer of more digits than Python reads
        found = re.search(r"\(at line (\d+), column \d+\)|\(at end of document\)", str(exc))
        line = int(found[1] or text.count("\n") + 1) if found else 0
        problem = str(exc).split(" (at ")[0]
        if problem.startswith("Exceeds the limit"):  # Python's own sentence, which gives advice to programmers
            problem = "A number has more digits than can be read"
        raise DataError(name, line, "", f"not TOML: {problem[0].lower()}{problem[1:]}") from None
    return Document(name, data, _Lines(text))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'batch'?"`` for the closest of `known`, an empty text when none is close."""
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else ""


def dotted(path: KeyPath) -> str:
    """Return ``("terminal", 0, "tid")`` as people write it: ``terminal[0].tid``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_PART = re.compile(r'"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|[A-Za-z0-9_-]+')
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")' + r"|'''[\s\S]*?'{3,5}(?!')" + r'|"(?:\\.|[^"\\\n])*"' + r"|'[^'\n]*'", re.S
)
_PLAIN = re.compile(r"[^\s,\]}#]+(?: \d\d:[^\s,\]}#]+)?")  # a date and its time may stand apart


class _Lines(Mapping[KeyPath, int]):
    """The line of each key of a text, found when the first is asked for: a file without mistakes is never scanned."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._found: dict[KeyPath, int] | None = None

    def __getitem__(self, path: KeyPath) -> int:
        return self._scanned()[path]

    def __iter__(self) -> Iterator[KeyPath]:
        return iter(self._scanned())

    def __len__(self) -> int:
        return len(self._scanned())

    def _scanned(self) -> dict[KeyPath, int]:
        if self._found is None:
            self._found = _Scan(self._text).document()
        return self._found


class _Scan:
    """Notes where each key and each item of an array stands, in text that is already known to be valid TOML."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.breaks = [i for i, char in enumerate(text) if char == "\n"]
        self.lines: dict[KeyPath, int] = {}
        self.implied: set[KeyPath] = set()  # tables only named on the way to another one
        self.arrays: dict[KeyPath, int] = {}  # array of tables → index of its latest item

    def document(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        self.skip()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.skip()
        return self.lines

    def header(self) -> KeyPath:
        start, array = self.at, self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        path = self.latest(self.key())
        self.at = self.text.index("]", self.at) + (2 if array else 1)
        self.note(path, start)
        if array:
            self.arrays[path] = self.arrays.get(path, -1) + 1
            path = (*path, self.arrays[path])
            self.note(path, start)
        return path

    def pair(self, table: KeyPath) -> None:
        start = self.at
        path = (*table, *self.key())
        self.note(path, start, below=len(table))
        self.at = self.text.index("=", self.at) + 1
        self.skip()
        self.value(path)

    def value(self, path: KeyPath) -> None:
        opening = self.text[self.at]
        if opening not in "[{":
            found = (_STRING if opening in "\"'" else _PLAIN).match(self.text, self.at)
            self.at = found.end() if found else len(self.text)
            return
        self.at += 1
        self.skip()
        index = 0
        while self.text[self.at] not in "]}":
            if opening == "[":
                self.note((*path, index), self.at)
                self.value((*path, index))
                index += 1
            else:
                self.pair(path)
            self.skip()
            if self.text[self.at] == ",":
                self.at += 1
                self.skip()
        self.at += 1

    def key(self) -> KeyPath:
        """The parts of a dotted key; leaves `at` behind the last one."""
        import tomli

        parts: list[str] = []
        while True:
            self.skip()
            found = _PART.match(self.text, self.at)
            part = found[0] if found else ""
            self.at += len(part)
            parts.append(next(iter(tomli.loads(f"{part} = 0"))) if part[:1] in "\"'" else part)
            self.skip()
            if self.text[self.at] != ".":
                return tuple(parts)
            self.at += 1

    def latest(self, path: KeyPath) -> KeyPath:
        """A header under an array of tables speaks of its latest item."""
        out: KeyPath = ()
        for i, step in enumerate(path):
            out = (*out, step)
            if i < len(path) - 1 and out in self.arrays:
                out = (*out, self.arrays[out])
        return out

    def note(self, path: KeyPath, start: int, below: int = 0) -> None:
        """`path` stands at `start`; tables on the way to it count as named here until they are defined themselves."""
        line = bisect(self.breaks, start) + 1
        for end in range(below + 1, len(path)):
            if path[:end] not in self.lines:
                self.lines[path[:end]] = line
                self.implied.add(path[:end])
        if path not in self.lines or path in self.implied:
            self.lines[path] = line
            self.implied.discard(path)

    def skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at
