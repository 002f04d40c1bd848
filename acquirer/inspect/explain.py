"""A message in words: every field with its name, its value as it may be seen, what it means, and where it stands.

`explain` is for messages, `explain_failure` for frames that are none; both give an `Explanation`, which a command
prints as a table or as JSON. Card numbers, tracks, PIN blocks and keys are hidden unless `unsafe_show` is set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from acquirer.dialect.definitions import Route
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.router import without_repeat
from acquirer.dialect.vocabulary import identifying_fields
from acquirer.inspect.cells import Cells, cells
from acquirer.inspect.explained_rows import ExplainedRow, FieldDivider, make_row
from acquirer.inspect.field_causes import field_cause
from acquirer.inspect.filling import filling_notes
from acquirer.inspect.meaning import NOTHING, Meanings
from acquirer.security.key_package import KeyPackage
from acquirer.wire.grammar import FieldSpec, Layout, Locator, Text
from acquirer.wire.message import DecodeError, Message, Span, Value


@dataclass(frozen=True, slots=True)
class Explanation:
    """A frame, explained: the rows before its fields, its fields, notes, and why it does not decode."""

    dialect: str
    frame: bytes = field(repr=False)  # it may hold what the rows hide
    mti: str  # "" when it could not be read
    title: Text  # what kind of message this is
    before: tuple[ExplainedRow, ...]  # tpdu, head, mti, bitmap
    fields: tuple[ExplainedRow, ...]
    hidden: frozenset[int]  # half-bytes of the frame that must not be shown
    notes: tuple[str, ...] = ()
    failure: ExplainedRow | None = None  # where decoding ended, and why
    error: str = ""

    def as_json(self, framing: str = "") -> dict[str, Any]:
        """Return plain data for machines: DEs by number, spans as offsets into the frame without its length prefix."""
        envelope = {row.key: row for row in self.before}
        return {
            "dialect": self.dialect,
            "framing": framing,
            **{key: envelope[key].value if key in envelope else None for key in ("tpdu", "head")},
            "mti": self.mti or None,
            "title": self.title.en,
            "fields": _json(self.fields),
            "envelope": _json(self.before),
            "notes": list(self.notes),
            "error": self.error or None,
        }


def explain(dialect: Dialect, message: Message, unsafe_show: bool = False) -> Explanation:
    """Return the explanation of a message; `unsafe_show` lifts the mask."""
    spans = dialect.spans(message)
    rows = _RowMaker(dialect, message, spans, unsafe_show)
    before, fields = rows.before(), rows.fields()
    return Explanation(
        dialect.name,
        message.raw,
        message.mti,
        _title(dialect, message),
        before,
        fields,
        _hidden(fields),
        (*_notes(dialect, message), *filling_notes(dialect, message, spans)),
    )


def explain_failure(dialect: Dialect, frame: bytes, exc: DecodeError, unsafe_show: bool = False) -> Explanation:
    """Return the explanation of a frame as far as it was decoded; from the failing field on its bytes are hidden."""
    message = Message(frame, exc.mti or "", exc.fields)
    spans = _envelope_spans(dialect, frame) | exc.spans
    rows = _RowMaker(dialect, message, spans, unsafe_show)
    before, fields = rows.before(), rows.fields()
    hidden, notes = _hidden(fields), tuple[str, ...]()
    known = max((stop for _, stop in spans.values()), default=0)
    if exc.field == "mti":  # its bytes are what a reader must see to know what went wrong
        known += dialect.grammar.mti_bytes
    if not unsafe_show and known < len(frame):
        hidden |= frozenset(range(2 * known, 2 * len(frame)))
        notes = (f"bytes from {known} on are hidden, because it is not known what they are",)
    if cause := field_cause(dialect, frame, exc):
        notes = (cause, *notes)
    title = _title(dialect, message) if message.mti else Text("no message")
    failure = _failure(dialect, exc)
    return Explanation(dialect.name, frame, message.mti, title, before, fields, hidden, notes, failure, str(exc))


def _failure(dialect: Dialect, exc: DecodeError) -> ExplainedRow:
    spec = dialect.fields.get(exc.field) if isinstance(exc.field, int) else None
    span = (exc.position, exc.position + 1)
    return ExplainedRow(str(exc.field), spec.name if spec else NOTHING, "", Text(exc.problem), span)


def _envelope_spans(dialect: Dialect, frame: bytes) -> dict[int | str, Span]:
    """Return where TPDU and head stand, as far as a frame that does not decode is long enough to hold them."""
    tpdu, envelope = len(dialect.envelope.tpdu), dialect.grammar.envelope_bytes
    spans: dict[int | str, Span] = {}
    if tpdu and len(frame) >= tpdu:
        spans["tpdu"] = (0, tpdu)
    if tpdu < envelope <= len(frame):
        spans["head"] = (tpdu, envelope)
    return spans


class _RowMaker:
    """Makes the rows of one message."""

    def __init__(self, dialect: Dialect, message: Message, spans: Mapping[int | str, Span], unsafe: bool) -> None:
        self._dialect = dialect
        self._message = message
        self._spans = spans
        self._meanings = Meanings(dialect, message.mti, message.fields)
        self._divider = FieldDivider(self._meanings, _package(dialect, message), unsafe)
        self._identified = identifying_fields(dialect.elements)

    def before(self) -> tuple[ExplainedRow, ...]:
        """Return what stands before the fields."""
        raw, rows = self._message.raw, []
        for key, name in (("tpdu", "TPDU"), ("head", "head"), ("mti", "message type"), ("bitmap", "bitmap")):
            if key not in self._spans:
                continue
            start, stop = self._spans[key]
            value = Cells(raw[start:stop].hex().upper(), 2 * start, 1)
            layout = self._dialect.layouts.get(key)
            within = self._divider.divide(key, value, layout) if layout else ()
            if key == "mti":
                value = Cells(self._message.mti, 2 * start, 1)
            rows.append(
                make_row(key, Text(name), value, self._envelope_meaning(key), within=within, span=(start, stop))
            )
        return tuple(rows)

    def _envelope_meaning(self, key: str) -> Text:
        if key == "mti":
            return _kind(self._dialect, self._message.mti)
        return Text(" ".join(map(str, self._message.fields))) if key == "bitmap" else NOTHING

    def fields(self) -> tuple[ExplainedRow, ...]:
        return tuple(self._field(de, value) for de, value in sorted(self._message.fields.items()))

    def _field(self, de: int, value: Value) -> ExplainedRow:
        spec, span = self._dialect.fields[de], self._spans[de]
        cell = cells(spec, value, span[0] + spec.length_bytes)
        layout = self._dialect.layout(self._message, de)
        if layout and layout.kind == "text":
            cell = cell.read()
        # Free data of any length may hold a card number.
        free = spec.length_bytes > 0 and spec.kind != "n" and (layout is None or layout.kind == "text")
        hidden = self._divider.hide(cell, spec.sensitivity, known=not free)
        if not hidden and spec.holds_long_digits and de not in self._identified:
            hidden = self._divider.hide_mistaken(cell)
            layout = None if hidden else layout  # its digits mean something else than its layout says
        row = make_row(
            str(de),
            spec.name,
            cell,
            # A meaning would reveal what the mask hides; of a card number it is only whether its check digit is right.
            NOTHING if hidden and spec.sensitivity != "pan" else self._meaning(spec, cell, layout),
            hidden=hidden,
            within=self._divider.divide(str(de), cell, layout) if layout else (),
            span=span,
        )
        return replace(row, minor_units=self._meanings.minor_units(de, value))

    def _meaning(self, spec: FieldSpec, cell: Cells, layout: Layout | None) -> Text:
        meaning = self._meanings.of(Locator(spec.de), cell.text, spec.values)
        if meaning is NOTHING and layout and len(spec.layouts) > 1:
            return layout.title
        divided = layout is not None and layout.kind != "text"  # its parts say what may be shown
        if meaning is NOTHING and not divided and (text := cell.read().text) != cell.text:
            return Text(f"reads {text!r}")
        return meaning


def _package(dialect: Dialect, message: Message) -> KeyPackage | None:
    """Return the layout of the working keys a sign-on's reply carries."""
    if "function" not in dialect.elements:
        return None
    return dialect.security.packages.get(dialect.text(message, "function"))


def _title(dialect: Dialect, message: Message) -> Text:
    """Return what kind of message this is: the service it asks for, or whose reply it is."""
    if dialect.is_response(message.mti):
        routes = [route for route in dialect.routes if _replies_to(dialect, message, route)]
        if route := min(routes, key=lambda one: _unproved(dialect, message, one), default=None):
            return Text(f"{route.title.en} reply", f"{route.title.zh}应答" if route.title.zh else "")
    elif route := dialect.route(message):
        return route.title
    return _kind(dialect, message.mti)


def _kind(dialect: Dialect, mti: str) -> Text:
    first = without_repeat(mti)
    kind = dialect.mtis.get(first) or Text("not a message of this dialect")
    return kind if mti == first else Text(f"{kind.en}, repeated", kind.zh)


def _replies_to(dialect: Dialect, message: Message, route: Route) -> bool:
    """Return whether this may be the reply of a route: replies do not carry all that the request was routed by."""
    if dialect.response_mti(route.mti) != message.mti:
        return False
    values = {name: dialect.get(message, name) for name in route.when}
    return all(value in route.when[name] for name, value in values.items() if value is not None)


def _unproved(dialect: Dialect, message: Message, route: Route) -> int:
    """Return how many conditions of a route a reply leaves open: of routes that fit, the one with fewest is meant."""
    return sum(dialect.get(message, name) is None for name in route.when)


def _notes(dialect: Dialect, message: Message) -> Iterator[str]:
    """Yield notes for a terminal developer: what is missing, what is not served, what the MAC covers."""
    route = dialect.route(message)
    if route and (lacking := dialect.missing(message, route)):
        yield f"{lacking} is missing: a {route.title.en} without it is a format error"
    if route and not route.served:
        yield f"{route.title.en} is known by name, but not served here"
    mac = dialect.mac_de(message.fields)
    if mac in message.fields:
        covered = dialect.covered(message.raw)
        start = message.raw.index(covered)
        yield f"the MAC covers bytes {start}–{start + len(covered) - 1} ({len(covered)} bytes)"
    elif route and route.mac_request:
        yield f"DE {mac} is missing: a {route.title.en} must carry a MAC"


def _hidden(rows: Iterable[ExplainedRow]) -> frozenset[int]:
    return frozenset().union(*(row.hidden for row in rows))


def _json(rows: Iterable[ExplainedRow]) -> dict[str, Any]:
    """Return rows by key; a repeated tag is numbered."""
    by_key: dict[str, Any] = {}
    for row in rows:
        key, again = row.key, 2
        while key in by_key:
            key, again = f"{row.key} ({again})", again + 1
        by_key[key] = {
            "name": row.name.en,
            "value": row.value if row.minor_units is None else row.minor_units,
            "span": list(row.span),
            **({"meaning": row.meaning.en} if row.meaning.en else {}),
            **({"hex": True} if row.binary else {}),
            **({"masked": True} if row.hidden else {}),
            **({"sub": _json(row.within)} if row.within else {}),
        }
    return by_key
