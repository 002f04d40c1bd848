"""Elements by name: reading and writing what travels in a DE or in a positional part of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from acquirer.wire.grammar import FieldSpec, Locator, Part
from acquirer.wire.message import EncodeError, Value

ReadElement = Callable[[Mapping[int, Value]], Value | None]
WriteElement = Callable[[dict[int, Value], Value], None]


def read_element(fields: Mapping[int, Value], at: Locator) -> Value | None:
    """Return the value at `at`; None when its DE is absent or too short to hold it."""
    value = fields.get(at.de)
    if value is None:
        return None
    if at.as_text and isinstance(value, bytes):
        value = value.decode("latin-1")
    if at.stop is None and not at.start:
        return value[at.after[-1].stop :] if at.after and has_form(value, at.after) else value
    part = value[at.start : at.stop]
    return part if part and (at.stop is None or len(part) == at.stop - at.start) else None


def make_reader(at: Locator) -> ReadElement:
    """Return `read_element` for one place, specialised for many messages."""
    de, start, stop = at.de, at.start, at.stop
    if at.as_text or at.after or (stop is None and start):
        return lambda fields: read_element(fields, at)
    if stop is None:
        return lambda fields: fields.get(de)
    size = stop - start

    def read_part(fields: Mapping[int, Value]) -> Value | None:
        value = fields.get(de)
        if value is None:
            return None
        part = value[start:stop]
        return part if len(part) == size else None

    return read_part


def write_element(fields: dict[int, Value], at: Locator, value: Value, spec: FieldSpec) -> None:
    """Put `value` at `at`; the rest of a positional DE is kept.

    Where the rest is missing it is filled up: before the part, and behind it in a field of fixed size.

    Raises:
        EncodeError: a part of another size than the layout gives it.
    """
    if at.as_text and isinstance(value, str):
        value = value.encode("latin-1")
    start, stop = at.start, at.stop
    if stop is None and not start:
        fields[at.de] = value
        return
    rest = fields.get(at.de, "")
    if not isinstance(value, str) or not isinstance(rest, str):
        raise EncodeError("parts of this field are text", field=at.de)
    if stop is not None and len(value) != stop - start:
        raise EncodeError(f"this part has {stop - start} characters, not {len(value)}", field=at.de)
    if len(rest) < (whole := start if spec.length_bytes else spec.maximum):
        rest = rest.ljust(whole, _fill(spec))
    fields[at.de] = rest[:start] + value + (rest[stop:] if stop is not None else "")


def _fill(spec: FieldSpec) -> str:
    """Return what stands where a field has nothing else."""
    return "0" if spec.kind in ("n", "h") else " "


def make_writer(at: Locator, spec: FieldSpec) -> WriteElement:
    """Return `write_element` for one place, specialised for many messages."""
    whole = _whole(at, spec)
    if at.stop is None or not whole:
        return lambda fields, value: write_element(fields, at, value, spec)
    de, start, stop = at.de, at.start, at.stop
    size, filled = stop - start, _fill(spec) * whole
    before, behind = filled[:start], filled[stop:]  # where the field is not there yet

    def write_part(fields: dict[int, Value], value: Value) -> None:
        rest = fields.get(de)
        if rest is None and isinstance(value, str) and len(value) == size:
            fields[de] = f"{before}{value}{behind}"
        elif isinstance(rest, str) and len(rest) >= whole and isinstance(value, str) and len(value) == size:
            fields[de] = rest[:start] + value + rest[stop:]
        else:
            write_element(fields, at, value, spec)

    return write_part


def _whole(at: Locator, spec: FieldSpec) -> int:
    """Return from which length on a field is whole with its part; 0 for what is no part of a text, inside its field."""
    if at.as_text or at.stop is None:
        return 0
    return at.stop if spec.length_bytes else spec.maximum if at.stop <= spec.maximum else 0


def part_source(at: Locator, spec: FieldSpec, fields: str, value: str) -> list[str]:
    """Return Python source that does what `write_element` does to a field of text that is there, and whole.

    It raises `Unusual` for any other field or value. No lines where there is no such source.

    Args:
        fields: the expression for the fields.
        value: the expression for the part's value.
    """
    whole = _whole(at, spec)
    if at.stop is None or not whole:
        return []
    return [
        f"whole, part = {fields}[{at.de}], {value}",
        f"if len(whole) < {whole} or len(part) != {at.stop - at.start}: raise Unusual",
        f"{fields}[{at.de}] = ''.join((whole[:{at.start}], part, whole[{at.stop}:]))",  # which refuses bytes
    ]


def has_form(value: Value, parts: Sequence[Part]) -> bool:
    """Return whether a text marks itself as divided so: what is fixed stands there, and as much follows as is counted.

    >>> from acquirer.wire.grammar import Text
    >>> parts = (Part(Text("label"), 0, 2, fixed="No"), Part(Text("length"), 2, 4, counts=True))
    >>> [has_form(text, parts) for text in ("No03123", "No04123", "Nr03123", "No", b"No03123")]
    [True, False, False, False, False]
    """
    if not isinstance(value, str):
        return False
    is_marked = False
    for part in parts:
        cut = value[part.start : part.stop]
        if part.counts:
            if not cut.isdecimal() or int(cut) != len(value) - (part.stop or 0):
                return False
            is_marked = True
        elif part.fixed:
            if cut != part.fixed:
                return False
            is_marked = True
    return is_marked


def matches(fields: Mapping[int, Value], when: Mapping[Locator, tuple[str, ...]]) -> bool:
    """Return whether every element has one of the values it may have."""
    return all(read_element(fields, at) in values for at, values in when.items())
