"""Columns: what the fields of a dataclass are in a database table, and functions that pack and unpack its rows.

The dataclass is the only description of its row. From it come schema, statements, packing and unpacking:

1. Text is TEXT, that of a symbol (`Reason`) too; a whole number or a flag is INTEGER; bytes are BLOB. Only columns of
   ``int | None`` and of bytes may be NULL.
2. A `TransactionKey` is four columns: mid, tid, batch, stan. One that may be None names a transaction of the same
   merchant: three columns after its field (``original_tid`` …), all empty for None.
3. Another dataclass is one column for each of its fields: under their own names where it is always there (`Policy`),
   after its field where its metadata say ``{"prefix": True}`` (``terminal_domestic_debits`` …), or where it may be None
   (``current_number`` …); then its first column is 0 for None.
4. A tuple of texts is its lines; any other tuple, and a dict or mapping, is JSON, empty where it is None. A table that
   keeps dicts in a form of its own has them as they are.
5. `version` is packed one higher: what is written is the row's next version.
6. Text is masked as it is packed, as `model.text` says; that of a `Literal` and the parts of a `TransactionKey` are
   identifiers.

A packed row is a tuple in the order of its columns. Nothing else relies on that order: statements name their columns.
Packing and unpacking are on the path of every exchange, therefore they are compiled from source made here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, fields, is_dataclass
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Final,
    Generic,
    Literal,
    NamedTuple,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from acquirer.data.types import Row
from acquirer.model.rows import TransactionKey
from acquirer.model.text import Mask, text_mask
from acquirer.wire.card_numbers import PAN_DIGITS

T = TypeVar("T")
Type = Literal["TEXT", "INTEGER", "BLOB"]

_TYPES: Final[dict[Any, Type]] = {str: "TEXT", int: "INTEGER", bool: "INTEGER", bytes: "BLOB"}
_dump: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _load_texts(text: str) -> dict[str, str]:
    """Return a JSON object of texts.

    Raises:
        ValueError: it is none.
    """
    found: dict[str, str] = json.loads(text)
    if type(found) is not dict or not all(type(value) is str for value in found.values()):
        raise ValueError("what should be an object of texts is none")
    return found


def _texts(elements: dict[str, str]) -> dict[str, str]:
    """Return a dict of texts as it is.

    Raises:
        TypeError: one of its values is none.
    """
    "".join(elements.values())
    return elements


class Column(NamedTuple):
    """One column of a table."""

    name: str
    type: Type
    nullable: bool = False
    values: frozenset[str] = frozenset()  # all that it may hold; empty: any of its type


@dataclass(frozen=True, slots=True)
class RowFormat(Generic[T]):
    """How objects of one class are rows of a table."""

    columns: tuple[Column, ...]
    pack: Callable[[T], Row]
    """Return the row to write for an object; its values are in the order of `columns`."""
    unpack: Callable[[Row], T]
    """Return the object that a row holds."""


def row_format(cls: type[T], *, masked: bool = True, json_dicts: bool = True) -> RowFormat[T]:
    """Return the row format of a dataclass.

    Args:
        masked: False for rows that go no further than to what masks them.
        json_dicts: False for rows whose dicts are kept in a form of their own.

    Raises:
        TypeError: a field of a type that has no form in a table.
    """
    writer = _Writer(masked=masked, json_dicts=json_dicts)
    unpacked = ", ".join([f"{name}={text}" for name, text in writer.read_fields(cls, "item", "")])
    places = {column.name: f"row[{place}]" for place, column in enumerate(writer.columns)}
    packed = "".join([f"{one}, " for one in writer.packed])
    pack_lines = ["def pack(item):", *writer.preparation, f"    return ({packed})"]
    unpack_lines = ["def unpack(row):", f"    return {writer.constant(cls)}({unpacked.format_map(places)})"]
    source = "\n".join([*pack_lines, *unpack_lines])
    exec(compile(source, f"<rows of {cls.__name__}>", "exec"), writer.names)  # noqa: S102  # made of our own classes
    return RowFormat(tuple(writer.columns), writer.names["pack"], writer.names["unpack"])


class _Writer:
    """Writes the expressions that pack one class, and those that unpack it: ``{name}`` stands for a column's value."""

    def __init__(self, *, masked: bool, json_dicts: bool) -> None:
        self.masked = masked
        self.json_dicts = json_dicts
        self.columns: list[Column] = []
        self.packed: list[str] = []
        self.preparation: list[str] = []
        self.names: dict[str, Any] = {"dump": _dump, "load": json.loads, "load_texts": _load_texts, "texts": _texts}

    def read_fields(self, cls: type[Any], source: str, prefix: str) -> list[tuple[str, str]]:
        """Add the columns of each field; return the fields with the expressions that unpack them.

        A field whose metadata say ``{"stored": False}`` has no column.
        """
        hints = get_type_hints(cls, include_extras=True)
        return [
            (one.name, self._member(one, prefix + one.name, hints[one.name], f"{source}.{one.name}"))
            for one in fields(cls)
            if one.metadata.get("stored", True)
        ]

    def _member(self, member: Field[Any], name: str, hint: Any, source: str) -> str:
        return (
            self._dataclass(hint, source, f"{name}_")
            if member.metadata.get("prefix")
            else self._field(name, hint, source)
        )

    def constant(self, value: Any) -> str:
        """Return a name for an object that the expressions use."""
        name = f"constant_{len(self.names)}"
        self.names[name] = value
        return name

    def _text(self, source: str, mask: Mask) -> str:
        """Return the expression for text as it may be written."""
        if mask is None or not self.masked:
            return source
        return f"({source} if len({source}) < {PAN_DIGITS[0]} else {self.constant(mask)}({source}))"

    def _field(self, name: str, hint: Any, source: str) -> str:
        alternatives = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
        optional = NoneType in alternatives
        hint, *others = (_plain_type(one) for one in alternatives if one is not NoneType)
        mask = text_mask(alternatives[-1])
        if others and all(issubclass(one, str) for one in (hint, *others)):
            return self._add(name, "TEXT", self._text(f"str({source})", mask))
        if get_origin(hint) is Literal:
            return self._add(name, "TEXT", source, values=frozenset(get_args(hint)))
        if hint is str and not optional:
            return self._add(name, "TEXT", self._text(source, mask))
        if hint in _TYPES:
            return self._plain(name, hint, source, nullable=optional or hint is bytes)
        if hint is TransactionKey:
            return self._original(name, source) if optional else self._key(source)
        if is_dataclass(hint) and isinstance(hint, type):
            return self._optional_dataclass(name, hint, source) if optional else self._dataclass(hint, source, "")
        if get_origin(hint) is tuple:
            return self._tuple(name, get_args(hint)[0], source)
        if get_origin(hint) in (dict, Mapping):
            empty = f"'' if {source} is None else " * optional
            mask = text_mask(get_args(hint)[1])
            if mask is not None and self.masked:
                source = f"{{key: {self.constant(mask)}(value) for key, value in {source}.items()}}"
            if not self.json_dicts:
                return self._add(name, "TEXT", f"{source} and texts({source})")
            column = self._add(name, "TEXT", f"{empty}dump({source})")
            return f"load_texts({column})" + f" if {column} else None" * optional
        raise TypeError(f"field {name}: {hint} has no form in a table; add one to acquirer.model.columns")

    def _add(
        self, name: str, type_: Type, packed: str, nullable: bool = False, values: frozenset[str] = frozenset()
    ) -> str:
        self.columns.append(Column(name, type_, nullable, values))
        self.packed.append(packed)
        return f"{{{name}}}"

    def _plain(self, name: str, kind: type, source: str, *, nullable: bool) -> str:
        if kind is bool:
            return f"bool({self._add(name, 'INTEGER', f'+{source}')})"  # a number, without a call
        if kind is str and nullable:
            raise TypeError(f"field {name}: text is never NULL; use an empty one")
        return self._add(name, _TYPES[kind], f"{source} + 1" if name == "version" else source, nullable)

    def _key(self, source: str) -> str:
        parts = [self._add(part, "TEXT", f"{source}.{part}") for part in TransactionKey._fields]
        return f"{self.constant(TransactionKey)}({', '.join(parts)})"

    def _original(self, name: str, source: str) -> str:
        none = self.constant(TransactionKey("", "", "", ""))
        self.preparation.append(f"    {name} = {source} or {none}")
        parts = [self._add(f"{name}_{part}", "TEXT", f"{name}.{part}") for part in TransactionKey._fields[1:]]
        return f"{self.constant(TransactionKey)}({{mid}}, {', '.join(parts)}) if {parts[-1]} else None"

    def _dataclass(self, cls: type[Any], source: str, prefix: str) -> str:
        parts = self.read_fields(cls, source, prefix)
        return f"{self.constant(cls)}({', '.join(f'{name}={text}' for name, text in parts)})"

    def _optional_dataclass(self, name: str, cls: type[Any], source: str) -> str:
        self.preparation.append(f"    {name} = {source} or {self.constant(_empty(cls))}")
        first = f"{{{name}_{next(iter(cls.__dataclass_fields__))}}}"
        return f"{self._dataclass(cls, name, f'{name}_')} if {first} else None"

    def _tuple(self, name: str, item: Any, source: str) -> str:
        if _plain_type(item) is str:
            lines = self._text(_LINES.format(source), text_mask(item))
            return f"tuple({self._add(name, 'TEXT', lines)}.split({_NEWLINE})) if {{{name}}} else ()"
        hints = get_type_hints(item, include_extras=True)
        texts = {name: text_mask(hint) for name, hint in hints.items() if _plain_type(hint) is str}
        values = ", ".join([self._text(f"one.{name}", texts.get(name)) for name in hints])
        column = self._add(name, "TEXT", f"dump([({values},) for one in {source}])")
        return f"tuple([{self.constant(item)}(*one) for one in load({column})])"


def _plain_type(hint: Any) -> Any:
    """Return a type without what is noted about it."""
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


_NEWLINE: Final = '"\\n"'
_LINES: Final = f"{_NEWLINE}.join({{}})"


def _empty(cls: type[Any]) -> Any:
    """Return the object that stands in a row for None: its numbers are 0, its texts empty, its bytes NULL."""
    values = {str: "", int: 0, bool: False, bytes: None}
    return cls(**{name: values[hint] for name, hint in get_type_hints(cls).items()})
