"""Source of encoders: what `fast.make_encoder` compiles."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any

from acquirer.wire.grammar import CHARSETS, FieldSpec, Grammar
from acquirer.wire.message import Value
from acquirer.wire.notation import ALPHABETS, NIBBLES


class EncoderWriter:
    """Writes one encoder. Neighbours that are converted alike are joined first: a run of digits, a run of text."""

    def __init__(self, grammar: Grammar, sure: Collection[int], known: Mapping[int, Value]) -> None:
        self._grammar = grammar
        self._sure = sure
        self._known = known
        self._sizes = {"len(mti)": "4"}  # what fixed fields must measure
        self._measured: dict[int, None] = {}  # fields whose sizes are looked at
        self._checks: list[str] = []
        self._decimal = ["mti"]
        self._runs: list[tuple[str, list[str]]] = []  # how it is converted ("hex", a charset, "bytes"), and of what
        self.names: dict[str, Any] = {"unhex": bytes.fromhex, "is_hex": NIBBLES.fullmatch}

    def write(self, des: list[int]) -> str:
        grammar = self._grammar
        self._add("hex" if grammar.mti_encoding == "bcd" else grammar.mti_charset, "mti")
        self._add("hex" if grammar.bitmap_encoding == "binary" else grammar.bitmap_charset, f'"{bitmaps(des)}"')
        for de in sorted(des):
            self._field(grammar.fields[de])
        self._checks.append('not f"' + "".join(f"{{{name}}}" for name in self._decimal) + '".isdecimal()')
        sizes_differ = f"({', '.join(self._sizes)},) != ({', '.join(self._sizes.values())},)"
        lines = [
            "def encode(envelope, mti, fields):",
            f"[{', '.join(f'f{de}' for de in des)}] = fields.values()",
            *(f"n{de} = len(f{de})" for de in self._measured),
            *(f"if {check}: raise Unusual" for check in [sizes_differ, *self._checks]),
            'return b"".join((envelope, ' + ", ".join(self._joined(*run) for run in self._runs) + "))",
        ]
        return "\n    ".join(lines) + "\n"

    def _field(self, field: FieldSpec) -> None:
        name = repr(self._known[field.de]) if field.de in self._known else f"f{field.de}"
        if field.length_bytes:
            self._length(field)
        self._value(field, name)
        if field.de in self._sure:
            return
        if field.length_bytes:
            self._checks.append(f"{self._count(field)} > {field.wire_maximum}")
        else:
            self._sizes[self._count(field)] = str(1 + field.maximum if field.kind == "x+n" else field.wire_maximum)
        if field.kind == "n":
            self._decimal.append(name)
        elif field.nibbles:
            self._checks.append(f"not is_hex({name})")
        elif field.kind in ALPHABETS:
            check = "is_" + field.kind.replace("+", "")
            self.names[check] = ALPHABETS[field.kind].fullmatch
            self._checks.append(f"not {check}({name})")

    def _count(self, field: FieldSpec) -> str:
        """Return the expression of how many characters or bytes of a field there are on the wire."""
        size = self._size(field)
        return f"2 * {size}" if field.kind == "b" and field.encoding != "binary" else size

    def _size(self, field: FieldSpec) -> str:
        if field.de in self._known:
            return str(len(self._known[field.de]))
        self._measured[field.de] = None
        return f"n{field.de}"

    def _length(self, field: FieldSpec) -> None:
        size = field.length_bytes
        binary = field.length_encoding == "binary"
        width = size if field.length_encoding in CHARSETS else 2 * size
        table = f"{'HEX' if binary else 'DEC'}{width}_{field.wire_maximum}"
        lengths = self.names[table] = _lengths("X" if binary else "d", width, field.wire_maximum)
        known = self._known.get(field.de)
        piece = f"{table}[{self._count(field)}]" if known is None else repr(lengths[len(known)])
        self._add(CHARSETS.get(field.length_encoding, "hex"), piece)

    def _value(self, field: FieldSpec, name: str) -> None:
        if field.nibbles:
            self._digits(field, name)
        elif field.kind == "x+n" and field.encoding == "bcd":
            self._add(field.charset, f"{name}[0]")
            self._add("hex", f'"{"0" * (field.maximum % 2)}" + {name}[1:]')
        elif field.kind == "b" and field.encoding == "binary":
            self._add("bytes", name)
        elif field.kind == "b":
            self._add(field.charset, f"{name}.hex().upper()")
        else:
            self._add(field.charset, name)

    def _digits(self, field: FieldSpec, name: str) -> None:
        filler = f'"{field.pads[0]}"'
        if field.length_bytes:
            filler = f'("", {filler})[{self._size(field)} & 1]'
        elif field.maximum % 2 == 0:
            self._add("hex", name)
            return
        for piece in (filler, name) if field.pad_left else (name, filler):
            self._add("hex", piece)

    def _add(self, how: str, piece: str) -> None:
        if self._runs and self._runs[-1][0] == how != "bytes":
            self._runs[-1][1].append(piece)
        else:
            self._runs.append((how, [piece]))

    @staticmethod
    def _joined(how: str, pieces: list[str]) -> str:
        if how == "bytes":
            return pieces[0]
        text = pieces[0] if len(pieces) == 1 else '"".join((' + ", ".join(pieces) + "))"
        return f"unhex({text})" if how == "hex" else f'{text}.encode("{how}")'


def bitmaps(des: Iterable[int]) -> str:
    """Return the bitmaps that announce `des`, in hexadecimal: a second one when a field above 64 is among them."""
    bits = sum(1 << 128 - de for de in des)
    if bits & (1 << 64) - 1:
        return f"{bits | 1 << 127:032X}"
    return f"{bits >> 64:016X}"


@cache
def _lengths(base: str, width: int, most: int) -> list[str]:
    """Return every length from 0 to `most`, written out."""
    return [f"{length:0{width}{base}}" for length in range(most + 1)]
