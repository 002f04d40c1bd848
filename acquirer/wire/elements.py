"""Elements by name: reading and writing what travels in a DE or in a positional part of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from acquirer.wire.message import EncodeError, Value
from acquirer.wire.model import FieldSpec, Locator

Write = Callable[[dict[int, Value], Value], None]


def read(fields: Mapping[int, Value], at: Locator) -> Value | None:
    """The value at `at`; None when its DE is absent or too short to hold it."""
    value = fields.get(at.de)
    if value is None:
        return None
    if at.as_text and isinstance(value, bytes):
        value = value.decode("latin-1")
    if at.stop is None and not at.start:
        return value
    part = value[at.start : at.stop]
    return part if part and (at.stop is None or len(part) == at.stop - at.start) else None


def write(fields: dict[int, Value], at: Locator, value: Value, spec: FieldSpec) -> None:
    """Put `value` at `at`; the rest of a positional DE is kept, and filled up before it where it is missing.

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
    if len(rest) < start:
        rest = rest.ljust(start, "0" if spec.kind in ("n", "h") else " ")
    fields[at.de] = rest[:start] + value + (rest[stop:] if stop is not None else "")


def writer(at: Locator, spec: FieldSpec) -> Write:
    """`write` for one place."""
    return lambda fields, value: write(fields, at, value, spec)


def matches(fields: Mapping[int, Value], when: Mapping[Locator, tuple[str, ...]]) -> bool:
    """Whether every element has one of the values it may have."""
    return all(read(fields, at) in values for at, values in when.items())
