"""Reads packagers of jPOS (``GenericPackager`` XML): which class packs which field.

The names of the classes say it all: ``IFB_LLNUM`` is BCD digits behind a BCD length of two digits, ``IFA_LLLCHAR``
ASCII text behind three digits. XML is read by expat alone: entities are refused, so that nothing expands, and no file
and no address that a DOCTYPE names is ever opened.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from acquirer.data.toml import DataError
from acquirer.dialect.imported import Imported, ImportedField

SIZE_MOST = 9999  # of a field: more than a message may have

DEPTH_LIMIT = 8  # packagers within packagers: more is no packager

# Side and class: IFA ASCII, IFB BCD and binary, IFE EBCDIC, IF text as it is; IFEA and IFAE mix length and text.
_CLASS = re.compile(
    r"IF(?P<side>[ABE]|EA|AE)?_(?P<filled>F?)(?P<digits>L{0,6})(?P<binary>(?:H(?!EX))?)"
    r"(?P<kind>NUM(?:ERIC)?|BNUM|E?CHAR|E?BINARY|AMOUNT|AMOUNT2003|BITMAP|HEX)"
)

_TEXT = {"": "ascii", "A": "ascii", "B": "ascii", "E": "ebcdic", "EA": "ascii", "AE": "ebcdic"}
_LENGTH = {"A": "ascii", "B": "bcd", "E": "ebcdic", "EA": "ebcdic", "AE": "ascii"}
_DIGITS = {"A": "ascii", "B": "bcd", "E": "ebcdic"}
_COUNTS_BYTES = {
    re.compile(r"IFA_L{2,3}ABINARY"): "its length counts bytes, of which each is two characters",
    re.compile(r"IFEB_L{2,3}NUM"): "its length counts bytes, of which each is two digits",
}
"""Classes whose length does not count what stands behind it, and why."""

EBCDIC_CODE_PAGE = "cp1047"
"""The code page that jPOS converts EBCDIC with."""


@dataclass(slots=True)
class _Element:
    tag: str
    line: int
    attributes: Mapping[str, str]
    inside: list[_Element] = field(default_factory=list)


def read_packager(data: bytes, name: str) -> Imported:
    """The fields of a packager; `name` is the file's, for errors.

    Raises:
        DataError: it is no XML, no packager, or declares entities; carries the line.
    """
    root = _parse(data, name)
    if root.tag != "isopackager":
        raise DataError(name, root.line, "", f"<{root.tag}> is no <isopackager>: this is no packager of jPOS")
    read = Imported(source=name.rpartition("/")[2], title=f"Made from {name.rpartition('/')[2]}")
    if header := root.attributes.get("headerLength"):
        read.notes.append(f"The packager begins with a header of {header} bytes: set envelope.head.")
    found: dict[int, _Element] = {}
    for one in root.inside:
        if one.tag not in ("isofield", "isofieldpackager"):
            read.notes.append(f"Line {one.line}: <{one.tag}> is not taken over.")
            continue
        de = _number(one, "id", name)
        if first := found.get(de):
            read.notes.append(f"Line {one.line}: DE {de} stands in line {first.line} already; this one is taken.")
        found[de] = one
    if 1 not in found:
        raise DataError(name, root.line, "", "has no field 1, the bitmap: the fields could not be distinguished")
    for de, one in found.items():
        _take(read, one, de, name)
    if not read.fields:
        raise DataError(name, root.line, "", "has no field that could be taken over")
    read.fields.sort(key=lambda field: field.de)
    if "ebcdic" in (read.mti, read.bitmap, *(field.encoding for field in read.fields)):
        read.charset = EBCDIC_CODE_PAGE
    return read


def _take(read: Imported, one: _Element, de: int, name: str) -> None:
    """Take over one field, or note why not."""
    written = one.attributes.get("class", "").strip()
    short = written.rpartition(".")[2]
    found = _CLASS.fullmatch(short)
    if de == 0 and found:
        read.mti = _DIGITS.get(found["side"] or "A", "ascii")
    elif de == 1 and (found is None or found["kind"] != "BITMAP"):
        problem = f"DE 1 is packed by {written or 'nothing'}, which is no bitmap: the fields could not be distinguished"
        raise DataError(name, one.line, "isofield 1", problem)
    elif de == 1 and found:
        read.bitmap = {"B": "binary", "E": "ebcdic"}.get(found["side"] or "", "ascii")
        read.secondary = _number(one, "length", name) > 8
    elif short in ("IF_NOP", "IF_UNUSED") or (de == 65 and found and found["kind"] == "BITMAP"):
        return
    elif not 2 <= de <= 128 or de == 65:
        read.notes.append(f"Line {one.line}: DE {de} is left out: there are DE 2 to 128, but not 65.")
    elif why := next((why for classes, why in _COUNTS_BYTES.items() if classes.fullmatch(short)), ""):
        here = "here a length counts what stands behind it"
        read.notes.append(f"Line {one.line}: DE {de} is left out ({short}): {why}; {here}.")
    elif not found or not (field := _field(one, de, found, name)):
        read.notes.append(
            f"Line {one.line}: DE {de} is left out: nothing is known of {written or 'a field without class'}."
        )
    else:
        read.fields.append(field)
        if (most := _number(one, "length", name)) > SIZE_MOST:
            read.notes.append(f"Line {one.line}: DE {de} may have {most}, here {SIZE_MOST} at most.")
        if found["kind"] == "BNUM":
            read.notes.append(
                f"Line {one.line}: DE {de} ({short}): an odd number of digits has a zero more, and counts it."
            )
        if one.tag == "isofieldpackager" and not (field.parts or field.ber):
            read.notes.append(f"Line {one.line}: the inside of DE {de} is not taken over.")


def _field(one: _Element, de: int, found: re.Match[str], name: str) -> ImportedField | None:
    side, kind, digits = found["side"] or "", found["kind"], len(found["digits"])
    size = _number(one, "length", name)
    length = ("binary" if found["binary"] else _LENGTH.get(side, "")) if digits else ""
    size = min(size, SIZE_MOST)
    if (digits and not length) or (digits == 1 and length != "ascii") or (found["binary"] and side != "B") or not size:
        return None
    filled = bool(found["filled"])
    left = one.attributes.get("pad") == "true"
    pad = "left 0" if left else "right F" if filled else "right 0"
    if kind == "BNUM":  # digits in BCD behind a length of text, an even number of them
        return ImportedField(de, _title(one), "n", digits, size + size % 2, "bcd", length) if digits == 2 else None
    if kind == "HEX":  # nibbles, fixed or behind a BCD length that counts them
        count = 2 * size if digits else size
        return ImportedField(de, _title(one), "h", digits, count, "bcd", length, pad) if side == "B" else None
    if kind == "EBINARY":  # bytes that are translated as text is
        return ImportedField(de, _title(one), "ans", digits, size, "ebcdic", length) if side == "E" else None
    if filled and side != "B":  # filled up with blanks behind a length
        return None
    title = _title(one)
    parts = tuple(_parts(one, size, name)) if one.tag == "isofieldpackager" else ()
    if kind in ("NUM", "NUMERIC", "AMOUNT2003"):
        if side not in _DIGITS:
            return None
        return ImportedField(de, title, "z" if de in (35, 36) else "n", digits, size, _DIGITS[side], length, pad, parts)
    if kind in ("CHAR", "ECHAR"):
        text = "ebcdic" if kind == "ECHAR" else _TEXT[side]
        return ImportedField(de, title, "ans", digits, size, text, length, parts=parts)
    if kind == "BINARY":  # of fixed size ASCII and EBCDIC write bytes as hexadecimal text; behind a length none does
        text = _TEXT[side] if side in ("A", "E") and not digits else "binary"
        return ImportedField(de, title, "b", digits, size, text, length)
    if kind == "AMOUNT" and side in _DIGITS and size > 1:
        return ImportedField(de, title, "x+n", 0, size - 1, _DIGITS[side], pad="left 0")
    return None


def _title(one: _Element) -> str:
    return one.attributes.get("name", "").strip()


def _parts(one: _Element, size: int, name: str) -> list[tuple[str, int]]:
    """Return its parts, if all of them are of fixed size and fit; else none."""
    parts = []
    for number, inner in enumerate(sorted(one.inside, key=lambda each: _number(each, "id", name))):
        found = _CLASS.fullmatch(inner.attributes.get("class", "").strip().rpartition(".")[2])
        if not found or found["digits"] or found["kind"] not in ("NUMERIC", "CHAR", "ECHAR"):
            return []
        parts.append((inner.attributes.get("name", "").strip() or f"part {number + 1}", _number(inner, "length", name)))
    whole = sum(length for _, length in parts)
    return (
        parts if one.attributes.get("emitBitmap") != "true" and whole <= size and all(each for _, each in parts) else []
    )


def _number(one: _Element, key: str, name: str) -> int:
    text = one.attributes.get(key, "")
    if not re.fullmatch("[0-9]{1,6}", text):
        problem = f"{key} is {text!r}, and should be a number" if text else f"has no {key}"
        raise DataError(name, one.line, f"{one.tag} {one.attributes.get('id', '')}".rstrip(), problem)
    return int(text)


def _parse(data: bytes, name: str) -> _Element:
    """Return the elements of an XML text. Expat opens nothing by itself; entities, which expand, are refused."""
    parser = expat.ParserCreate()
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    top = _Element("", 0, {})
    open_ = [top]

    def refuse(*_of_entity: object) -> NoReturn:
        raise DataError(name, parser.CurrentLineNumber, "", "declares an entity; take it out: no packager needs one")

    def start(tag: str, attributes: dict[str, str]) -> None:
        if len(open_) > DEPTH_LIMIT:
            raise DataError(
                name, parser.CurrentLineNumber, "", f"elements are more than {DEPTH_LIMIT} deep in each other"
            )
        element = _Element(tag, parser.CurrentLineNumber, attributes)
        open_[-1].inside.append(element)
        open_.append(element)

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _tag: open_.pop()
    parser.EntityDeclHandler = refuse
    parser.UnparsedEntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as exc:
        raise DataError(name, exc.lineno, "", f"is no XML: {expat.errors.messages[exc.code]}") from None
    return top.inside[0]
