"""The rows of an explanation, one per value: fields, their parts, their tags, each masked as its sensitivity asks.

A row knows which half-bytes of the frame it hides, so that they can be hidden in a dump as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from acquirer.inspect.cells import Cells
from acquirer.inspect.meaning import NOTHING, Meanings
from acquirer.security.key_package import KeyPackage
from acquirer.wire.coded_values import CODED_VALUES, parse_coded, sizes_of
from acquirer.wire.emv import tag_meaning
from acquirer.wire.grammar import Layout, Locator, Part, Text
from acquirer.wire.masking import mask_digits
from acquirer.wire.message import Span
from acquirer.wire.tlv import EMV_SENSITIVITY, TLV_KINDS, Tlv, TlvError, is_hex_text, parse_tlv


@dataclass(frozen=True, slots=True)
class ExplainedRow:
    """One value: where it stands, what it is called, what may be seen of it, and what it means."""

    key: str  # "2", "60.1", "9F26"
    name: Text
    value: str
    meaning: Text
    span: Span  # bytes of the frame, length indicator included
    binary: bool = False  # the value is shown as hexadecimal
    hidden: frozenset[int] = frozenset()  # half-bytes of the frame that must not be shown
    within: tuple[ExplainedRow, ...] = ()
    minor_units: int | None = None  # of an amount

    def walk(self, depth: int = 0) -> Iterator[tuple[int, ExplainedRow]]:
        """Yield this row and those within it, each with its depth."""
        yield depth, self
        for row in self.within:
            yield from row.walk(depth + 1)


def make_row(
    key: str,
    name: Text,
    value: Cells,
    meaning: Text = NOTHING,
    *,
    hidden: frozenset[int] = frozenset(),
    within: tuple[ExplainedRow, ...] = (),
    span: Span | None = None,
) -> ExplainedRow:
    """Return a row for `value`; what is hidden in a row within it is hidden in its own text too."""
    hidden = hidden.union(*(row.hidden for row in within))
    return ExplainedRow(key, name, value.shown(hidden), meaning, span or value.span, value.binary, hidden, within)


@dataclass(frozen=True, slots=True)
class FieldDivider:
    """Divides the inside of a field into rows. `unsafe`: nothing is hidden."""

    meanings: Meanings
    package: KeyPackage | None = None  # of the working keys this message carries
    unsafe: bool = False

    def divide(self, key: str, value: Cells, layout: Layout) -> tuple[ExplainedRow, ...]:
        """Return the rows within a field, in the order they stand."""
        if layout.kind == "parts":
            return tuple(self._parts(key, value, layout.parts))
        if layout.kind == "key-package" and self.package:
            return tuple(self._keys(value, self.package))
        if layout.kind in TLV_KINDS or layout.kind == CODED_VALUES:
            before = layout.tags_start
            parts = self._parts(key, value.cut(0, before), layout.parts) if before else ()
            return (*parts, *self._tlv(value.cut(before), layout))
        return ()

    def hide(self, value: Cells, sensitivity: str, *, known: bool = True) -> frozenset[int]:
        """Return the half-bytes of `value` to hide; of an unknown one, what looks like a card number."""
        if self.unsafe:
            return frozenset()
        return value.sensitive(sensitivity) if known or sensitivity else value.card_numbers()

    def hide_mistaken(self, value: Cells) -> frozenset[int]:
        """Return the half-bytes to hide of a value that is digits: where it is the number of a card, by mistake."""
        if self.unsafe:
            return frozenset()
        masked = mask_digits(value.text)
        return value.half_bytes(at for at, digit in enumerate(masked) if digit == "*")

    def _parts(self, key: str, value: Cells, parts: Iterable[Part]) -> Iterator[ExplainedRow]:
        for number, part in enumerate(parts, 1):
            cut = value.cut(part.start, part.stop)
            if not cut.text:
                return
            at = Locator(int(key) if key.isdigit() else 0, part.start, part.stop)
            meaning = self.meanings.of(at, cut.text, part.values)
            yield make_row(f"{key}.{number}", part.name, cut.read(), meaning, hidden=self.hide(cut, part.sensitivity))

    def _keys(self, value: Cells, package: KeyPackage) -> Iterator[ExplainedRow]:
        if package.wrap.startswith("tr31"):
            yield from _blocks(value, package)
            return
        at = 0
        characters = 2 if package.form == "hex" and not value.binary else 1  # to a byte
        for part in package.parts:
            name, size = part.name.upper(), characters * part.size_bytes
            key, check = value.cut(at, at + size), value.cut(at + size)
            check = check.cut(0, characters * package.kcv_bytes)
            halved = part.size_bytes > 8 and key.data[8:] == bytes(part.size_bytes - 8)
            meaning = Text("single length: the second half is no cipher text") if halved else NOTHING
            if key.text:
                yield make_row(name, Text(f"working key, {package.wrap.upper()} under the TMK"), key, meaning)
            if check.text:
                yield make_row(f"{name} KCV", Text(f"check value of the {name}"), check)
            at += size + characters * package.kcv_bytes

    def _tlv(self, value: Cells, layout: Layout) -> Iterator[ExplainedRow]:
        try:
            objects = _parse(value.data, layout)
        except TlvError as exc:
            yield from self._objects(value, exc.before, layout)
            rest = value.cut(exc.before[-1].stop if exc.before else 0)
            # It may be anything, so nothing of it is shown.
            as_hex = layout.kind in TLV_KINDS and is_hex_text(value.data, layout.kind)
            problem = "is hexadecimal text, and bytes belong there" if as_hex else exc.problem
            yield make_row("?", Text("unreadable"), rest, Text(problem), hidden=self.hide(rest, "secret"))
        else:
            yield from self._objects(value, objects, layout)

    def _objects(self, value: Cells, objects: Iterable[Tlv], layout: Layout) -> Iterator[ExplainedRow]:
        for one in objects:
            if not one.tag:  # padding
                continue
            tag = layout.tags.get(one.tag)
            cut = value.cut(one.value_start, one.stop)
            if tag and tag.format.startswith("a"):
                cut = cut.read()
            sensitivity = (tag.sensitivity if tag else "") or EMV_SENSITIVITY.get(one.tag, "")
            row = make_row(
                one.tag,
                tag.name if tag else Text("not in the dialect"),
                cut,
                tag_meaning(one.tag, one.value) if layout.kind == "ber-tlv" else NOTHING,
                hidden=self.hide(cut, sensitivity, known=tag is not None),
                within=tuple(self._objects(value, one.within, layout)),
            )
            yield replace(row, span=(value.cut(one.start).span[0], cut.span[1]))


def _parse(data: bytes, layout: Layout) -> tuple[Tlv, ...]:
    """Return the objects of a value that is divided by tags. Raises TlvError."""
    if layout.kind == CODED_VALUES:
        return parse_coded(data, sizes_of(layout.tags))
    return parse_tlv(data, layout.kind)


def _blocks(value: Cells, package: KeyPackage) -> Iterator[ExplainedRow]:
    """Yield key blocks (TR-31), as far as each gives its length in its second to fifth character."""
    text, start = value.read(), 0
    for part in package.parts:
        length = text.text[start + 1 : start + 5]
        block = text.cut(start, start + int(length) if length.isdecimal() else None)
        if block.text:
            yield make_row(part.name.upper(), Text("working key, a key block under the TMK"), block)
        start += len(block.text)
