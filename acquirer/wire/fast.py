"""The fast codec: decoders and encoders generated for one set of fields, as Python source, and compiled.

1. What they return equals what `reference` returns (held by a property test).
2. A decoder turns the whole frame into hexadecimal and latin-1 text once and then only slices; an encoder joins
   neighbouring digits and neighbouring texts and converts each run at once.
3. A message that is not as it should be raises `Unusual`, and the reference decides: nothing here explains a mistake.
4. The source is made of numbers and names of our own; nothing from a frame gets into it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import reduce
from types import MappingProxyType
from typing import Any

from acquirer.wire.encoder_source import EncoderWriter
from acquirer.wire.grammar import CHARSETS, FieldSpec, Grammar
from acquirer.wire.message import Message, Unusual, Value
from acquirer.wire.notation import ALPHABETS

DecodeFunction = Callable[[bytes], Message]
EncodeFunction = Callable[[bytes, str, Mapping[int, Value]], bytes]

_NOT_BCD = 10**6  # above every maximum
_BCD = [int(f"{byte:02x}") if f"{byte:02x}".isdecimal() else _NOT_BCD for byte in range(256)]


def make_decoder(grammar: Grammar, des: Iterable[int], bitmaps_bytes: int) -> DecodeFunction:
    """Return a decoder for frames that carry exactly the fields `des`."""
    writer = _DecoderWriter(grammar)
    decoder: DecodeFunction = _compile("decode", writer.write(sorted(des), bitmaps_bytes), writer.names)
    return decoder


def make_encoder(
    grammar: Grammar, des: Iterable[int], sure: Collection[int] = (), known: Mapping[int, Value] = MappingProxyType({})
) -> EncodeFunction:
    """Return an encoder for messages that carry exactly the fields `des`, in this order.

    Args:
        sure: fields whose values are known to be sound: they were decoded by the same grammar, or encoded before.
        known: values that fields of text have in all messages, known to be sound too.
    """
    writer = EncoderWriter(grammar, {*sure, *known}, known)
    encoder: EncodeFunction = _compile("encode", writer.write(list(des)), writer.names)
    return encoder


def _compile(name: str, source: str, names: dict[str, Any]) -> Any:
    names |= {"Unusual": Unusual}
    exec(compile(source, f"<generated {name}r>", "exec"), names)  # noqa: S102  # made of a checked grammar only
    return names[name]


def _unhex(text: str) -> bytes:
    """Return bytes of hexadecimal text, which `bytes.fromhex` alone would take with blanks inside."""
    try:
        data = bytes.fromhex(text)
    except ValueError:
        raise Unusual from None
    if 2 * len(data) != len(text):
        raise Unusual
    return data


class _DecoderWriter:
    """Writes one decoder. Positions are constants up to the first variable field, then count from `p`."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._lines: list[str] = []
        self._moving = False  # do positions count from p?
        self._offset = 0
        self._doubled = False  # is q == 2 * p, the same place in the hexadecimal text?
        self._decimal = ["mti"]  # values that must be decimal digits, checked all at once
        self.names: dict[str, Any] = {"Message": Message, "BCD": _BCD, "unhex": _unhex}

    def write(self, des: list[int], bitmaps_bytes: int) -> str:
        grammar = self._grammar
        self._offset = grammar.envelope_bytes
        nibbles = f"hx[{self._between(self._nibble(), self._nibble(4))}]"
        self._line("mti = " + (nibbles if grammar.mti_encoding == "bcd" else self._text(4, grammar.mti_charset)))
        self._offset += grammar.mti_bytes + bitmaps_bytes
        for de in des:
            self._field(grammar.fields[de])
        decimal = "".join(f"{{{name}}}" for name in self._decimal)
        self._line(f"if {self._at()} != len(frame): raise Unusual")
        self._line(f'if not f"{decimal}".isdecimal(): raise Unusual')
        self._line("return Message(frame, mti, {" + ", ".join(f"{de}: f{de}" for de in des) + "})")
        views = ["hx = frame.hex()", 'tx = frame.decode("latin-1")']
        return "\n    ".join(["def decode(frame):", *views, *self._lines]) + "\n"

    def _field(self, field: FieldSpec) -> None:
        name = f"f{field.de}"
        size = self._length(field) if field.length_bytes else field.wire_maximum
        if field.nibbles:
            self._digits(name, field, size)
        else:
            self._line(f"{name} = {self._value(field, size)}")
            self._advance(size)
        if field.kind == "n":
            self._decimal.append(name)
        elif field.kind in ALPHABETS and not field.nibbles:
            check = "is_" + field.kind.replace("+", "")
            self.names[check] = ALPHABETS[field.kind].fullmatch
            self._line(f"if not {check}({name}): raise Unusual")

    def _length(self, field: FieldSpec) -> str:
        """Read a length indicator into `n`."""
        size = field.length_bytes
        if field.length_encoding == "bcd":
            pairs = [f"BCD[frame[{self._at(i)}]]" for i in range(size)]
            self._line("n = " + reduce(lambda high, low: f"100 * ({high}) + {low}", pairs))
        elif field.length_encoding == "binary":
            self._line(f'n = int.from_bytes(frame[{self._at()}:{self._at(size)}], "big")')
        else:
            self._line(f"n = {self._text(size, CHARSETS[field.length_encoding])}")
            self._line("if not n.isdecimal(): raise Unusual")
            self._line("n = int(n)")
        self._line(f"if n > {field.wire_maximum}: raise Unusual")
        self._offset += size
        return "n"

    def _digits(self, name: str, field: FieldSpec, size: int | str) -> None:
        """Two digits to a byte; an odd number of them is filled up on one side."""
        filled = f'not in "{field.pads.lower()}": raise Unusual'
        capitals = "" if field.kind == "n" else ".upper()"
        if isinstance(size, int):
            skip = size % 2 if field.pad_left else 0
            self._line(f"{name} = hx[{self._between(self._nibble(skip), self._nibble(skip + size))}]{capitals}")
            if size % 2:
                self._line(f"if hx[{self._nibble(0 if skip else size)}] {filled}")
            self._advance((size + 1) // 2)
            return
        start = self._nibble()
        first = f"{start} + (n & 1)" if field.pad_left else start
        self._line(f"{name} = hx[{first} : {first} + n]{capitals}")
        self._line(f"if n & 1 and hx[{start if field.pad_left else f'{start} + n'}] {filled}")
        self._advance("(n + 1 >> 1)")

    def _value(self, field: FieldSpec, size: int | str) -> str:
        if field.kind == "x+n" and field.encoding == "bcd":
            assert isinstance(size, int)  # always of fixed size
            digits = f"hx[{self._nibble(2 * size - field.maximum)}:{self._nibble(2 * size)}]"
            return f"{self._text(1, field.charset)} + {digits}"
        if field.kind == "b":
            return (
                f"frame[{self._slice(size)}]"
                if field.encoding == "binary"
                else f"unhex({self._text(size, field.charset)})"
            )
        return self._text(size, field.charset)

    def _text(self, size: int | str, charset: str) -> str:
        if charset == "latin-1":
            return f"tx[{self._slice(size)}]"
        return f'frame[{self._slice(size)}].decode("{charset}")'

    def _slice(self, size: int | str) -> str:
        return self._between(self._at(), self._at(size) if isinstance(size, int) else f"{self._at()} + {size}")

    def _between(self, start: str, stop: str) -> str:
        """Return the slice between two positions: one that is made once, where both are constants."""
        if not (start.isdecimal() and stop.isdecimal()):
            return f"{start} : {stop}"
        name = f"s{start}_{stop}"
        self.names[name] = slice(int(start), int(stop))
        return name

    def _at(self, ahead: int = 0) -> str:
        """Return the expression of the present position in the frame, plus `ahead` bytes."""
        at = self._offset + ahead
        return str(at) if not self._moving else f"p + {at}" if at else "p"

    def _nibble(self, ahead: int = 0) -> str:
        """Return the expression of the present position in the hexadecimal text, plus `ahead` digits."""
        at = 2 * self._offset + ahead
        if not self._moving:
            return str(at)
        if not self._doubled:
            self._line("q = p + p")
            self._doubled = True
        return f"q + {at}" if at else "q"

    def _advance(self, by: int | str) -> None:
        if isinstance(by, int):
            self._offset += by
            return
        self._line(f"p = {self._at()} + {by}")
        self._moving, self._offset, self._doubled = True, 0, False

    def _line(self, line: str) -> None:
        self._lines.append(line)
