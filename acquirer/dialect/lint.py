"""What is wrong with a dialect beyond what keeps it from loading: dead words, sizes that cannot match, samples that
do not say what they should."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from acquirer.data.toml import DataError, Document, KeyPath, did_you_mean
from acquirer.dialect import lint_messages
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.lint_messages import Finding
from acquirer.dialect.loading import Find, load, resolve
from acquirer.dialect.vocabulary import unread
from acquirer.wire.deframer import make_deframer
from acquirer.wire.grammar import FieldSpec
from acquirer.wire.message import DecodeError, EncodeError, Value


def lint(document: Document, find: Find, reasons: Iterable[str] = (), services: Iterable[str] = ()) -> list[str]:
    """Everything to be said about a dialect, one sentence each, in the order of the file; empty when it is in order.

    `reasons` are the symbolic reasons decisions may give: a dialect that a host is to serve maps each to a code.
    `services` are those a host has.
    """
    try:
        dialect = load(document, find)
    except DataError as wrong:
        return [_placed(wrong, document)]
    whole = resolve(document, find)
    found = [whole.error(path, problem) for check in CHECKS for path, problem in check(dialect)]
    if any(route.served for route in dialect.routes):
        found += [whole.error(path, problem) for path, problem in _reasons(dialect, set(reasons))]
    found += [whole.error(path, problem) for path, problem in lint_messages.services(dialect, services)]
    return [_placed(error, document) for error in sorted(found, key=lambda error: (error.name, error.line))]


def _placed(error: DataError, document: Document) -> str:
    """A finding; one in a file that is extended says for whom it is one."""
    return str(error) if error.name == document.name else f"{error} (as {document.name} extends it)"


def _reasons(dialect: Dialect, reasons: set[str]) -> Iterator[Finding]:
    for missing in sorted(reasons - set(dialect.reasons)):
        yield ("reasons",), f"no code for the reason '{missing}'"
    for unknown in sorted(set(dialect.reasons) - reasons) if reasons else ():
        yield ("reasons", unknown), f"no decision gives this reason{did_you_mean(unknown, reasons)}"


def _samples(dialect: Dialect) -> Iterator[Finding]:
    for i, sample in enumerate(dialect.samples):
        path: KeyPath = ("samples", i)
        deframer = make_deframer(dialect.framing)
        deframer.feed(bytes.fromhex(sample.hex))
        try:
            frames = list(deframer)
        except ValueError as wrong:
            yield (*path, "hex"), f"{sample.title}: {wrong}"
            continue
        if len(frames) != 1 or deframer.pending:
            yield (*path, "hex"), f"{sample.title}: the length at its beginning is not that of what follows"
            continue
        yield from ((path, f"{sample.title}: {problem}") for problem in _sample(dialect, frames[0], sample.expect))


def _sample(dialect: Dialect, frame: bytes, expect: Mapping[str, str]) -> Iterator[str]:
    try:
        message = dialect.decode(frame)
        again = dialect.encode(message.mti, message.fields, *dialect.envelope_of(frame))
    except (DecodeError, EncodeError) as wrong:
        yield str(wrong)
        return
    for name, expected in expect.items():
        got = message.mti if name == "mti" else dialect.text(message, name)
        if got != expected:
            yield f"{name} is {got!r}, not {expected!r}"
    if again != frame:
        yield "written again it gives other bytes"
    if not dialect.is_response(message.mti) and dialect.route(message) is None:
        yield "no route fits it"


def _routes(dialect: Dialect) -> Iterator[Finding]:
    seen: dict[object, str] = {}
    for route in dialect.routes:
        path: KeyPath = ("routes" if route.served else "unserved", route.name or route.service)
        if route.mti not in dialect.mtis:
            yield (*path, "mti"), f"{route.mti} has no name in [mtis]"
        if route.mac_request and "mac" not in dialect.elements:
            yield (*path, "mac"), "there is no element 'mac'"
        for name, values in route.when.items():
            for value in values:
                if problem := _size(dialect, name, value):
                    yield (*path, "when"), problem
        same = (route.mti, tuple(sorted(route.when.items())))
        if first := seen.get(same):
            yield path, f"never reached: '{first}' has the same conditions"
        seen.setdefault(same, route.service)


def _constants(dialect: Dialect) -> Iterator[Finding]:
    for name, value in dialect.constants.items():
        if problem := _size(dialect, name, value):
            yield ("constants", name), problem


def _size(dialect: Dialect, element: str, value: Value) -> str:
    """What keeps an element from ever having this value."""
    at = dialect.elements[element]
    field = dialect.fields[at.de]
    if at.stop is not None:
        fits = len(value) == at.stop - at.start
    else:
        fits = len(value) <= field.maximum if field.length_bytes else len(value) == field.maximum
    return "" if fits else f"{element} never is '{value!s}': {_told(field, at.start, at.stop)}"


def _told(field: FieldSpec, start: int, stop: int | None) -> str:
    return f"it has {stop - start} characters" if stop is not None else f"DE {field.de} has format {field.format}"


def _layouts(dialect: Dialect) -> Iterator[Finding]:
    used = {layout.name for field in dialect.fields.values() for layout in field.layouts} | {"tpdu", "head"}
    for name in dialect.layouts:
        if name not in used:
            yield ("layouts", name), "no field uses this layout"


def _values(dialect: Dialect) -> Iterator[Finding]:
    used = {field.values for field in dialect.fields.values()}
    for layout in dialect.layouts.values():
        for part in layout.parts:
            used.add(part.values)
            size = part.stop - part.start if part.stop is not None else 0
            for value in dialect.values.get(part.values, ()):
                if size and len(value) != size:
                    path = ("values", part.values, value)
                    yield path, f"never met: '{part.name.en}' of layout '{layout.name}' has {size} characters"
    for name in dialect.values:
        if name not in used:
            yield ("values", name), "no field and no layout uses these"


CHECKS: tuple[Callable[[Dialect], Iterator[Finding]], ...] = (
    _samples,
    _routes,
    _constants,
    _layouts,
    _values,
    unread,
    *lint_messages.CHECKS,
)
