"""Reading a document key by key: every key is read with its type, and a key that was not read is an error.

`Table` walks a `Document`; `extend` lays one document over another, so that errors still name the file in which
a value stands.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from acquirer.data.toml import DataError, Document, KeyPath, did_you_mean

T = TypeVar("T")
_Word = TypeVar("_Word", bound=str)

_ABSENT = object()
_KINDS = {str: "a text in quotes", int: "a whole number", bool: "true or false", list: "a list", dict: "a table"}


class Table:
    """One table of a document: read its keys by type, then call `end`, which refuses every key that was not read.

    >>> from acquirer.data.toml import parse_toml
    >>> table = Table(parse_toml('[door]\\nwdth = 3', "house.toml")).table("door")
    >>> table.number("width", 2)
    2
    >>> table.end()
    Traceback (most recent call last):
    acquirer.data.toml.DataError: house.toml:2: door.wdth: unknown key; did you mean 'width'?
    """

    def __init__(self, document: Document, path: KeyPath = (), data: dict[str, Any] | None = None) -> None:
        self.document = document
        self.path = path
        self._data = document.data if data is None else data
        self._read: set[str] = set()

    def error(self, key: str, problem: str) -> DataError:
        """Return an error about `key` of this table; an empty key means the table itself."""
        return self.document.error((*self.path, key) if key else self.path, problem)

    def has(self, key: str) -> bool:
        """Return whether the key is there; it then counts as read."""
        self._read.add(key)
        return key in self._data

    def raw(self, key: str) -> Any:
        """Return a value of any kind; None when it is not there."""
        self._read.add(key)
        return self._data.get(key)

    def is_taken_away(self, key: str) -> bool:
        """Return whether the key is ``false`` where a table belongs: it takes away what the parent no longer has."""
        self._read.add(key)
        return self._data.get(key) is False

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text; without a default the key must be there."""
        value: str = self._value(key, str, default)
        return value

    def number(self, key: str, default: int | None = None, least: int | None = None) -> int:
        """Return a whole number, not below `least`."""
        number: int = self._value(key, int, default)
        if least is not None and number < least:
            raise self.error(key, f"must be at least {least}")
        return number

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        value: bool = self._value(key, bool, default)
        return value

    def choice(self, key: str, choices: Collection[_Word], default: _Word | None = None) -> _Word:
        """Return a text out of a given set."""
        value = self.text(key, default)
        if value not in choices:
            raise self.error(key, _not_in(value, choices))
        return cast("_Word", value)

    def choices(
        self, key: str, choices: Collection[_Word], default: tuple[_Word, ...] | None = None
    ) -> tuple[_Word, ...]:
        """Return a list of texts, each out of a given set."""
        values = self.texts(key, default)
        for i, value in enumerate(values):
            if value not in choices:
                raise self.document.error((*self.path, key, i), _not_in(value, choices))
        return cast("tuple[_Word, ...]", values)

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Return a list of texts; a single text is a list of one."""
        value = self._data.get(key)
        if isinstance(value, str):
            self._read.add(key)
            return (value,)
        return tuple(self._list(key, str, default))

    def numbers(self, key: str, default: tuple[int, ...] | None = None) -> tuple[int, ...]:
        """Return a list of whole numbers."""
        return tuple(self._list(key, int, default))

    def mixed(self, key: str) -> tuple[Any, ...]:
        """Return a list of values of any kind."""
        return tuple(self._value(key, list, None))

    def table(self, key: str, required: bool = False) -> Table:
        """Return the table under `key`; an empty one when it is absent and not required."""
        if required and not self.has(key):
            raise self.error(key, "is missing")
        return Table(self.document, (*self.path, key), self._value(key, dict, {}))

    def tables(self, key: str) -> list[Table]:
        """Return the array of tables under `key`."""
        found: list[dict[str, Any]] = self._list(key, dict, ())
        return [Table(self.document, (*self.path, key, i), one) for i, one in enumerate(found)]

    def __iter__(self) -> Iterator[str]:
        """Iterate over all keys, in the order of the file; for tables whose keys are data themselves."""
        return iter(self._data)

    def each(self) -> Iterator[tuple[str, Table]]:
        """Iterate over key and table of every item, for a table of tables."""
        return ((key, self.table(key)) for key in self)

    def only(self, names: Collection[str]) -> None:
        """Refuse the first key that is none of these names, before a key that it misspells is said to be missing."""
        for key in self:
            if key not in names:
                raise self.document.unknown((*self.path, key), names)

    def end(self) -> None:
        """Refuse the first key that was not read."""
        for key in self._data:
            if key not in self._read:
                raise self.document.unknown((*self.path, key), self._read)

    def _value(self, key: str, kind: type, default: Any) -> Any:
        self._read.add(key)
        value = self._data.get(key, _ABSENT)
        if type(value) is kind:  # what a parser of TOML returns has no subclasses
            return value
        if value is not _ABSENT:
            raise self.error(key, f"must be {_KINDS[kind]}")
        if default is None:
            raise self.error(key, "is missing")
        return default

    def _list(self, key: str, kind: type, default: Any) -> Any:
        values = self._value(key, list, default)
        for i, value in enumerate(values):
            if type(value) is not kind:
                raise self.document.error((*self.path, key, i), f"must be {_KINDS[kind]}")
        return values


def headed_tables(document: Document, key: str) -> list[Table]:
    """Return the tables that stand each under a heading ``[[key]]``. Raises DataError."""
    if not isinstance(document.data.get(key, []), list):
        raise document.error((key,), f"write each {key} under a heading [[{key}]], in double brackets")
    return Table(document).tables(key)


def headed_table(document: Document, key: str) -> Table:
    """Return the table under the heading ``[key]``, an empty one when there is none. Raises DataError."""
    if not isinstance(document.data.get(key, {}), dict):
        raise document.error((key,), f"write it as one section, under the heading [{key}]")
    return Table(document).table(key)


def _not_in(value: str, choices: Collection[str]) -> str:
    hint = did_you_mean(value, choices) or f"; choose from {', '.join(sorted(choices))}"
    return f"unknown value {value!r}{hint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended(Document):
    """A document laid over another: its data are merged, its errors point into the file that says it."""

    own: Document
    base: Document

    def line(self, path: KeyPath) -> int:
        """Return the line of the value at `path`, in whichever file goes further along it."""
        return self._deeper(path).line(path)

    def error(self, path: KeyPath, problem: str) -> DataError:
        """Return an error about the value at `path`, in whichever file goes further along it."""
        return self._deeper(path).error(path, problem)

    def _deeper(self, path: KeyPath) -> Document:
        return self.base if _depth(self.base.data, path) > _depth(self.own.data, path) else self.own


def extend(own: Document, base: Document) -> Document:
    """Return `own` laid over `base`.

    Tables are merged key by key, anything else is replaced; ``false`` removes a value that is not itself true or false.
    """
    return Extended(name=own.name, data=_merge(base.data, own.data), lines={}, own=own, base=base)


def layers(document: Document) -> list[Document]:
    """Return the files that a document consists of, those that extend others first."""
    found = []
    while isinstance(document, Extended):
        found.append(document.own)
        document = document.base
    return [*found, document]


def read_once(document: Document, sections: tuple[str, ...], read: Callable[[], T]) -> T:
    """Return what `read` makes of some sections; once for all documents that take them unchanged from the same file."""
    root = layers(document)[-1]
    if any(document.data.get(name) is not root.data.get(name) for name in sections):
        return read()
    if sections not in root.shared:
        root.shared[sections] = read()
    result: T = root.shared[sections]
    return result


def _merge(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in own.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            out[key] = _merge(base[key], value)
        elif value is False and not isinstance(base.get(key, False), bool):
            del out[key]
        else:
            out[key] = value
    return out


def _depth(data: Any, path: KeyPath) -> int:
    for depth, step in enumerate(path):
        inside = step in data if isinstance(data, dict) else isinstance(data, list) and step in range(len(data))
        if not inside:
            return depth
        data = data[step]
    return len(path)
