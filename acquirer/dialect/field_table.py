"""Reads the field table of a dialect: formats with their encodings and padding, and how fields are divided."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast, get_args

from acquirer.data.table import Table
from acquirer.data.toml import did_you_mean
from acquirer.wire.charsets import ASCII_CODE_PAGE, EBCDIC_CODE_PAGE, EBCDIC_CODE_PAGES, TEXT_CHARSETS
from acquirer.wire.grammar import CHARSETS, Encoding, FieldSpec, Layout, LayoutKind, Part, Sensitivity, Tag, Text
from acquirer.wire.notation import DIGIT_KINDS, length_bytes, length_limit, parse_notation

_TEXT = ("ascii", "ebcdic")
_DIGITS = ("bcd", *_TEXT)
_BINARY = ("binary", *_TEXT)
_LENGTHS = ("bcd", "binary", *_TEXT)

SENSITIVITIES = ("", "pan", "track", "pin", "secret")
LAYOUT_KINDS: Final[tuple[str, ...]] = get_args(LayoutKind)


@dataclass(frozen=True, slots=True)
class Encodings:
    """The ``[encoding]`` and ``[padding]`` of a dialect: what holds for every field that does not say otherwise."""

    mti: Encoding
    bitmap: Encoding
    secondary: bool
    length: Encoding
    digits: Encoding  # n, x+n, h
    track: Encoding  # z
    text: Encoding
    binary: Encoding  # b of fixed size
    binary_variable: Encoding  # b behind a length
    pad_fixed: str  # side and nibbles: "left 0"
    pad_variable: str
    pad_track: str
    charset: str = ""  # of text; "" where the dialect does not say

    @classmethod
    def read(cls, encoding: Table, padding: Table) -> Encodings:
        """Return both sections; each key has a default, that of an ASCII dialect."""

        def pick(key: str, choices: tuple[str, ...], default: str) -> Encoding:
            return cast("Encoding", encoding.choice(key, choices, default))

        n = pick("n", _DIGITS, "ascii")
        encodings = cls(
            mti=pick("mti", _DIGITS, "ascii"),
            bitmap=pick("bitmap", _BINARY, "ascii"),
            secondary=encoding.flag("secondary", False),
            length=pick("length", _LENGTHS, "ascii"),
            digits=n,
            track=pick("z", _DIGITS, n),
            text=pick("text", _TEXT, "ascii"),
            binary=(b := pick("b", _BINARY, "binary")),
            binary_variable=pick("b_variable", _BINARY, b),
            pad_fixed=read_padding(padding, "n_fixed", "left 0"),
            pad_variable=read_padding(padding, "n_variable", "right 0"),
            pad_track=read_padding(padding, "z", "right 0"),
            charset=encoding.choice("charset", ("", *TEXT_CHARSETS, *EBCDIC_CODE_PAGES), ""),
        )
        encoding.end()
        padding.end()
        return encodings

    def check_charset(self, table: Table, fields: Iterable[FieldSpec]) -> None:
        """Refuse a character set that neither these encodings nor fields use. Raises DataError."""
        if not self.charset:
            return
        used = {self.mti, self.bitmap, self.length, self.digits, self.track, self.text, self.binary}
        used |= {self.binary_variable, *(field.encoding for field in fields)}
        if self.charset in EBCDIC_CODE_PAGES and "ebcdic" not in used:
            raise table.error("charset", f'{self.charset} is EBCDIC, and nothing here is: say text = "ebcdic"')
        if self.charset in TEXT_CHARSETS and self.text == "ebcdic":
            pages = ", ".join(EBCDIC_CODE_PAGES)
            raise table.error("charset", f"text is EBCDIC here: write one of its code pages, {pages}")

    @property
    def code_pages(self) -> Mapping[str, str]:
        """The Python codecs of text on the wire."""
        ebcdic = self.charset if self.charset in EBCDIC_CODE_PAGES else EBCDIC_CODE_PAGE
        return {**CHARSETS, "ebcdic": ebcdic}

    @property
    def shown_as(self) -> str:
        """The character set in which text that stays as it is reads."""
        return self.charset if self.charset in TEXT_CHARSETS else ASCII_CODE_PAGE

    def of(self, kind: str, variable: bool) -> tuple[Encoding, tuple[str, ...]]:
        """Return the default encoding of a class, behind a length if `variable`, and those it may have."""
        if kind == "b":
            return self.binary_variable if variable else self.binary, _BINARY
        if kind == "z":
            return self.track, _DIGITS
        return (self.digits, _DIGITS) if kind in DIGIT_KINDS or kind == "x+n" else (self.text, _TEXT)


def read_padding(table: Table, key: str, default: str) -> str:
    """Return where an odd nibble is filled up, with what: ``"right 0F"`` sends 0 and accepts 0 and F."""
    text = table.text(key, default)
    if text is not default and not re.fullmatch("(left|right) [0-9A-F]{1,16}", text):
        raise table.error(key, f'{text!r} is no padding; write side and nibbles, like "left 0" or "right 0F"')
    return text


def read_field(
    de: int,
    table: Table,
    encodings: Encodings,
    layouts: Mapping[str, Layout],
    values: Mapping[str, Any],
) -> FieldSpec:
    """Return one line of ``[fields]``. Raises DataError."""
    text = table.text("format")
    try:
        notation = parse_notation(text)
    except ValueError as exc:
        raise table.error("format", str(exc)) from None
    variable = notation.length_digits > 0
    default, allowed = encodings.of(notation.kind, variable)
    encoding = table.choice("encoding", allowed, default)
    length = table.choice("length", _LENGTHS, encodings.length)
    track = notation.kind == "z"
    pad = encodings.pad_track if track else encodings.pad_variable if variable else encodings.pad_fixed
    side, nibbles = read_padding(table, "pad", pad).split()
    names = table.texts("layouts", ())
    for layout in names:
        if layout not in layouts:
            raise table.error("layouts", f"unknown layout '{layout}'{did_you_mean(layout, layouts)}")
    field = FieldSpec(
        de=de,
        name=read_bilingual(table, "name"),
        format=text,
        kind=notation.kind,
        maximum=notation.maximum,
        length_bytes=length_bytes(notation.length_digits, length) if variable else 0,
        length_encoding=cast("Encoding", length),
        encoding=cast("Encoding", encoding),
        charset=encodings.code_pages.get(encoding) or encodings.code_pages[encodings.text],
        pad_left=side == "left",
        pads=nibbles,
        sensitivity=read_sensitivity(table),
        values=table.choice("values", values, "") if table.has("values") else "",
        layouts=tuple([layouts[layout] for layout in names]),
        shown_as=ASCII_CODE_PAGE if encoding == "ebcdic" else encodings.shown_as,
    )
    if variable and field.wire_maximum > (limit := length_limit(notation.length_digits, length)):
        raise table.error("format", f"{text} does not fit its length indicator, which ends at {limit}")
    table.end()
    return field


def read_sensitivity(table: Table) -> Sensitivity:
    """Return how values are shown: ``show = "pan"``."""
    return cast("Sensitivity", table.choice("show", SENSITIVITIES, ""))


def read_values(table: Table) -> dict[str, dict[str, Text]]:
    """Return the ``[values.…]`` tables: what the values of fields and parts mean."""
    return {name: {value: read_bilingual(one, value) for value in one} for name, one in table.each()}


def read_layouts(table: Table, tags: Table, values: Mapping[str, Any]) -> dict[str, Layout]:
    """Return the ``[layouts.…]`` tables, each with the tags it refers to."""
    tag_tables = {name: _tags(one) for name, one in tags.each()}
    return {name: _layout(name, one, tag_tables, values) for name, one in table.each()}


def _layout(name: str, table: Table, tags: Mapping[str, dict[str, Tag]], values: Mapping[str, Any]) -> Layout:
    parts: list[Part] = []
    start = 0
    for one in table.tables("parts") if table.has("parts") else []:
        size = one.number("size", 0, least=0)  # absent: all the rest
        stop = start + size if size else None
        shown = one.choice("values", values, "") if one.has("values") else ""
        fixed, counts = one.text("fixed", ""), one.flag("counts", False)
        for key, misfit in (("fixed", fixed and len(fixed) != size), ("counts", counts and not size)):
            if misfit:
                raise one.error(key, "does not fit the part's size")
        parts.append(Part(read_bilingual(one, "name"), start, stop, shown, read_sensitivity(one), fixed, counts))
        one.end()
        start = stop or start
    when = table.table("when")
    layout = Layout(
        name=name,
        title=read_bilingual(table, "title"),
        kind=cast("Any", table.choice("kind", LAYOUT_KINDS, "parts")),
        parts=tuple(parts),
        tags=tags[table.choice("tags", tags)] if table.has("tags") else {},
        mti=table.texts("mti", ()),
        when={key: when.texts(key) for key in when},
    )
    table.end()
    return layout


def _tags(table: Table) -> dict[str, Tag]:
    tags = {}
    for tag, one in table.each():
        tags[tag] = Tag(read_bilingual(one, "name"), one.text("format", "b"), read_sensitivity(one))
        one.end()
    return tags


def read_bilingual(table: Table, key: str) -> Text:
    """Return a text in one language or two: ``"sale"`` or ``["sale", "消费"]``."""
    texts = table.texts(key)
    if not 1 <= len(texts) <= 2:
        raise table.error(key, 'must be a text, or two: ["English", "Chinese"]')
    return Text(*texts)
