"""Reads specifications of moov-io/iso8583 (JSON): type, encoding and prefix of each field."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from acquirer.data.json_text import JsonTextError, parse_json
from acquirer.data.toml import DataError
from acquirer.dialect.imported import Imported, ImportedField

ENCODINGS = {"ASCII": "ascii", "BCD": "bcd", "LBCD": "bcd", "EBCDIC": "ebcdic", "EBCDIC1047": "ebcdic"}
BYTES = {"Binary": "binary", "HexToASCII": "ascii", "ASCIIToHex": "binary", "Hex": "ascii"}
OLD_HEX = "Hex"  # what HexToASCII was called when the length of a bitmap was not yet read
HEX_TEXT = ("HexToASCII", OLD_HEX)
LENGTHS = {"ASCII": "ascii", "BCD": "bcd", "EBCDIC": "ebcdic", "Binary": "binary"}

CODE_PAGES = {"EBCDIC": "cp500", "EBCDIC1047": "cp1047"}
"""Which code page each encoder writes.

Of the 95 characters that ASCII prints, the table of "EBCDIC" has 94 where code page 500 has them, and the vertical bar
at 6A; code page 1047 has ! [ and ] elsewhere too. Characters beyond ASCII are in no order of any page.
"""

_PREFIX = re.compile(r"(ASCII|BCD|EBCDIC|EBCDIC1047|Binary|Hex|None)\.(Fixed|L{1,6})")


def read_specification(data: bytes, name: str) -> Imported:
    """Return the fields of a specification; `name` is the file's, for errors.

    Raises:
        DataError: it is no JSON, or no specification; carries the line, or the field.
    """
    try:
        whole = parse_json(data)
    except JsonTextError as exc:
        raise DataError(name, exc.line or 1, "", f"is no JSON: {exc.problem}") from None
    fields = whole.get("fields") if isinstance(whole, dict) else None
    if not isinstance(fields, dict) or not fields:
        raise DataError(name, 1, "fields", "is missing: this is no specification of moov-io/iso8583")
    title = whole.get("name")
    read = Imported(source=name.rpartition("/")[2], title=title if isinstance(title, str) else "")
    fields = {_number(key): _in_current_names(one) for key, one in fields.items()}
    if _is_hex_text(fields):
        fields = {key: _as_bytes(one) if isinstance(one, dict) else one for key, one in fields.items()}
        read.notes.append(_HEX_TEXT_NOTE)
    for key, one in fields.items():
        line = _line(data, key)
        if not re.fullmatch("[0-9]{1,3}", key) or not isinstance(one, dict):
            raise DataError(
                name, line, f"fields.{key}", "is no field: keys are numbers, and values say type, length, enc, prefix"
            )
        _take(read, int(key), one, name, line)
    if not read.fields:
        raise DataError(name, 1, "fields", "has no field that could be taken over")
    read.fields.sort(key=lambda field: field.de)
    if "ebcdic" in (read.mti, read.bitmap, *(field.encoding for field in read.fields)):
        _choose_code_page(read, {str(one.get("enc")) for one in fields.values()})
    return read


OLD_NAMES = {
    "asciiEncoder": "ASCII",
    "bcdEncoder": "BCD",
    "lBCDEncoder": "LBCD",
    "ebcdicEncoder": "EBCDIC",
    "binaryEncoder": "Binary",
    "hexEncoder": OLD_HEX,
}
"""Encoders as moov's first exports name them."""


def _number(key: str) -> str:
    """Return the number in a key; those exports write "Field002"."""
    found = re.fullmatch("Field([0-9]{1,3})", key)
    return str(int(found[1])) if found else key


def _in_current_names(one: Any) -> Any:
    encoder = OLD_NAMES.get(str(one.get("enc"))) if isinstance(one, dict) else None
    if not encoder:
        return one
    return {**one, "enc": encoder, "prefix": str(one.get("prefix", "")).replace("fixed", "Fixed")}


def _is_hex_text(fields: dict[str, Any]) -> bool:
    """Return whether a specification writes MTI and bitmap, and so whole messages, as hexadecimal digits."""
    return all(isinstance(one := fields.get(key), dict) and one.get("enc") in HEX_TEXT for key in ("0", "1"))


_HEX_TEXT_NOTE = (
    "Whole messages are written as hexadecimal digits: this is how their bytes read. decode and doctor take the "
    "digits, a host is sent bytes."
)


def _as_bytes(one: dict[str, Any]) -> dict[str, Any]:
    """Return a field of such a specification as it is in bytes: its text as ASCII, its length as a binary number.

    When the encoder was still called "Hex", lengths were two digits in ASCII, which were then turned into digits again.
    """
    if one.get("enc") not in HEX_TEXT:
        return one
    is_bitmap = one.get("type", "Bitmap") == "Bitmap"
    encoding = "Binary" if is_bitmap or one.get("type") == "Binary" else "ASCII"
    before, _, size = str(one.get("prefix", "")).partition(".")
    lengths = "ASCII" if one["enc"] == OLD_HEX else "Binary"
    return {
        **one,
        "enc": encoding,
        "prefix": f"{lengths if before == 'Hex' else before}.{size}",
        **({"length": 8} if is_bitmap and one["enc"] == OLD_HEX else {}),
    }


def _choose_code_page(read: Imported, encodings: Collection[str]) -> None:
    """Take over which code page its EBCDIC is; note it where a specification has two."""
    read.charset = CODE_PAGES["EBCDIC1047" if "EBCDIC1047" in encodings else "EBCDIC"]
    if CODE_PAGES.keys() <= set(encodings):
        read.notes.append("EBCDIC and EBCDIC1047 differ in ! [ ] and |: all of it is read as code page 1047.")


def _line(data: bytes, key: str) -> int:
    """Return about where a field stands: the line on which its number is first a key."""
    found = re.search(rb'"(?:Field0{0,2})?%s"\s*:' % re.escape(key.encode()), data)
    return data.count(b"\n", 0, found.start()) + 1 if found else 1


def _check_bitmap(one: dict[str, Any], name: str, line: int) -> None:
    """Refuse a bitmap that cannot be said. Raises DataError."""
    size = one.get("length", 8)
    if one.get("type", "Bitmap") != "Bitmap":
        problem = f"is a {one.get('type')!s:.30}, and no bitmap: the fields could not be distinguished"
        raise DataError(name, line, "fields.1", problem)
    if size != 8 and one.get("enc") != OLD_HEX:
        problem = (
            f"is a bitmap of {size!s:.10} bytes that is always there whole; here a bitmap has 8, and bit 1 announces "
            "8 more: set length to 8, or leave it away"
        )
        raise DataError(name, line, "fields.1.length", problem)


def _take(read: Imported, de: int, one: dict[str, Any], name: str, line: int) -> None:
    """Take over one field, or note why not."""
    encoding = str(one.get("enc", ""))
    if de == 0:
        read.mti = {"BCD": "bcd", "LBCD": "bcd", "Binary": "bcd"}.get(encoding, ENCODINGS.get(encoding, "ascii"))
    elif de == 1:
        _check_bitmap(one, name, line)
        read.bitmap = "binary" if encoding == "Binary" else "ebcdic" if encoding.startswith("EBCDIC") else "ascii"
        read.secondary = one.get("disableAutoExpand") is not True
    elif not 2 <= de <= 128 or de == 65:
        read.notes.append(f"DE {de} is left out: there are DE 2 to 128, but not 65.")
    elif field := _field(de, one):
        read.fields.append(field)
        if one.get("subfields") and not (field.parts or field.ber):
            read.notes.append(f"The inside of DE {de} is not taken over.")
    else:
        written = ", ".join(f"{key} {one.get(key, '')!s:.30}" for key in ("type", "enc", "prefix"))
        hint = (
            "its length counts bytes, of which each is two characters"
            if encoding in HEX_TEXT
            else "nothing is known of it"
        )
        read.notes.append(f"DE {de} is left out ({written}): {hint}.")


def _field(de: int, one: dict[str, Any]) -> ImportedField | None:
    kind, encoding, size = one.get("type"), str(one.get("enc", "")), one.get("length")
    prefix = _PREFIX.fullmatch(str(one.get("prefix", "")))
    if not prefix or not isinstance(size, int) or isinstance(size, bool) or not 0 < size <= 9999:
        return None
    digits, length = 0 if prefix[2] == "Fixed" else len(prefix[2]), ""
    if digits:
        if not (length := LENGTHS.get("EBCDIC" if prefix[1] == "EBCDIC1047" else prefix[1], "")):
            return None
        if length == "binary":  # L is one byte, which here is LLVAR; LL two
            digits = 2 * digits - 1 if digits > 1 else 2
        if digits < 2 and length != "ascii":
            return None
    title = str(one.get("description", "")).strip()
    parts: tuple[tuple[str, int], ...] = ()
    ber = False
    if kind == "Composite":
        subfields = one.get("subfields")
        inside = (
            [inner for inner in subfields.values() if isinstance(inner, dict)] if isinstance(subfields, dict) else []
        )
        tag = one.get("tag")
        ber = isinstance(tag, dict) and tag.get("enc") == "BerTLVTag"
        found = {str(inner.get("enc")) for inner in inside}
        encoding = "Binary" if ber else found.pop() if len(found) == 1 else ""
        parts = () if ber or tag else _parts(subfields, size)
        kind = "Binary" if ber else "Numeric" if encoding in ("BCD", "LBCD") else "String"
    if digits and encoding in HEX_TEXT:  # its length counts bytes, of which each is two characters
        return None
    if (kind in ("Binary", "Hex") and encoding in BYTES) or (kind == "String" and encoding in HEX_TEXT):
        return ImportedField(de, title, "b", digits, size, BYTES[encoding], length, ber=ber)
    written = ENCODINGS.get(encoding)
    if written is None or kind not in ("String", "Numeric", "Track1", "Track2", "Track3"):
        return None
    pad = "right 0" if encoding == "LBCD" else "left 0"
    track = kind in ("Track2", "Track3") or (written == "bcd" and de in (35, 36))
    ours = "z" if track else "n" if kind == "Numeric" or written == "bcd" else "ans"
    return ImportedField(de, title, ours, digits, size, written, length, pad, parts)


def _parts(subfields: Any, size: int) -> tuple[tuple[str, int], ...]:
    """Return subfields by position, if all of them are of fixed size and fit; else none."""
    if not isinstance(subfields, dict) or not all(key.isdecimal() for key in subfields):
        return ()
    parts = []
    for key in sorted(subfields, key=int):
        inner = subfields[key]
        length = inner.get("length") if isinstance(inner, dict) else None
        fixed = isinstance(inner, dict) and str(inner.get("prefix", "")).endswith(".Fixed")
        if not fixed or not isinstance(length, int) or length < 1:
            return ()
        parts.append((str(inner.get("description", "")).strip() or f"part {key}", length))
    return tuple(parts) if sum(length for _, length in parts) <= size else ()
