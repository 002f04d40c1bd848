"""From a TOML document to a `Dialect`: every section read, every name checked against what it refers to.

Errors carry file, line and key, and the nearest name that exists. ``extends`` lays a document over another one;
what the parent says stays, unless the child says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from acquirer.data.table import Extended, Table, extend, read_once
from acquirer.data.text import plural
from acquirer.data.toml import DataError, Document, did_you_mean
from acquirer.dialect.definitions import InheritedSamples
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.field_table import Encodings, read_bilingual, read_field, read_layouts, read_values
from acquirer.dialect.frame_sections import read_envelope, read_framing
from acquirer.dialect.optional_routes import keep_possible
from acquirer.dialect.private_forms import read_download_forms, read_forms
from acquirer.dialect.samples import adapt_samples
from acquirer.dialect.sections import (
    read_codes,
    read_constants,
    read_names,
    read_numbering,
    read_routes,
    read_samples,
    read_security,
)
from acquirer.wire.charsets import ASCII_CODE_PAGE
from acquirer.wire.grammar import FieldSpec, Grammar, Layout, Locator, Part

if TYPE_CHECKING:
    from acquirer.dialect.terminal_profile import TerminalProfile

Find = Callable[[str], Document]
"""Returns the document of another dialect by name; raises DataError when there is none."""

EXTENDS_LIMIT = 8  # a chain longer than this is a circle


def load(document: Document, find: Find) -> Dialect:
    """Return the dialect that a document describes; `find` returns the document that an ``extends`` names.

    Raises:
        DataError: the file says something that cannot be; carries file, line and key.
    """
    return _once(resolve(document, find))


def _once(document: Document) -> Dialect:
    """Return the dialect of a resolved document; the same for the same document."""
    if "dialect" not in document.shared:
        document.shared["dialect"] = _load(document)
    dialect: Dialect = document.shared["dialect"]
    return dialect


def _load(document: Document) -> Dialect:
    top = Table(document)
    name = top.text("dialect")
    title = read_bilingual(top, "title")
    top.text("extends", "")
    encodings = Encodings.read(top.table("encoding"), top.table("padding"))
    envelope = read_envelope(top.table("envelope"))
    values = read_once(document, ("values",), lambda: read_values(top.table("values")))
    layouts = read_once(
        document,
        ("layouts", "tags", "values"),
        lambda: read_layouts(top.table("layouts"), top.table("tags"), values),
    )
    fields = _fields(top.table("fields"), encodings, layouts, values)
    encodings.check_charset(top.table("encoding"), fields.values())
    grammar = Grammar(
        envelope_bytes=len(envelope.tpdu) + len(envelope.head),
        mti_encoding=encodings.mti,
        mti_charset=encodings.code_pages.get(encodings.mti, ""),
        bitmap_encoding=encodings.bitmap,
        bitmap_charset=encodings.code_pages.get(encodings.bitmap, ""),
        secondary=encodings.secondary,
        fields=fields,
        shown_as=ASCII_CODE_PAGE if encodings.text == "ebcdic" else encodings.shown_as,
    )
    elements = _elements(top.table("elements"), fields)
    _check_when(document, layouts, elements)
    codes, mtis = read_once(document, ("codes",), lambda: read_codes(top.table("codes"))), top.table("mtis")
    routes, refusal, unknown = read_routes(top, fields, elements, codes)
    security, numbering = read_security(top.table("security")), read_numbering(top.table("numbering"), elements)
    routes, left_out = keep_possible(routes, elements, security, numbering, document)
    parent = _parent_with_samples(document) if top.has("samples") else None
    dialect = Dialect(
        name=name,
        title=title,
        framing=read_framing(top.table("framing"), grammar),
        envelope=envelope,
        grammar=grammar,
        security=security,
        elements=elements,
        numbering=numbering,
        forms=read_forms(top.table("forms")),
        downloads=read_download_forms(top.table("downloads")),
        routes=routes,
        left_out=(*unknown, *left_out),
        refusal=refusal,
        reasons=read_names(top.table("reasons"), codes, "code"),
        codes=codes,
        constants=read_constants(top.table("constants"), elements),
        layouts=layouts,
        values=values,
        mtis={mti: read_bilingual(mtis, mti) for mti in mtis},
        read_terminal_profile=partial(_terminal_profile, document, [route.service for route in routes if route.served]),
        written_samples=() if parent else read_samples(top, elements),
        inherit_samples=partial(_inherit, parent) if parent else None,
        document=document,
    )
    for section in ("values", "layouts", "tags", "codes", "terminal"):  # read elsewhere, or when it is asked for
        top.has(section)
    top.end()
    return dialect


def _terminal_profile(document: Document, services: Collection[str]) -> TerminalProfile | None:
    """Return how the dialect's terminals behave; what only decodes messages never reads it. Raises DataError."""
    top = Table(document)
    if not top.has("terminal"):
        return None
    from acquirer.dialect.terminal_section import read_terminal_profile, with_routes

    return with_routes(read_terminal_profile(top.table("terminal")), services)


def _parent_with_samples(document: Document) -> Document | None:
    """Return the document whose samples this one inherits; None when it has its own."""
    if isinstance(document, Extended) and "samples" not in document.own.data:
        return document.base
    return None


def _inherit(parent: Document, dialect: Dialect) -> InheritedSamples:
    """Return the samples of the dialect that another one extends, as that one writes them."""
    try:
        extended = _once(parent)
    except DataError as exc:  # it need not be a whole dialect by itself
        return InheritedSamples((), (f"the samples of {parent.name} are left out: {exc}",))
    return adapt_samples(extended, dialect)


def resolve(document: Document, find: Find) -> Document:
    """Return the document with all that it extends underneath. Raises DataError."""
    chain = [document]
    while parent := chain[-1].data.get("extends"):
        if not isinstance(parent, str):
            raise chain[-1].error(("extends",), "must be the name of a dialect, in quotes")
        if len(chain) == EXTENDS_LIMIT:
            raise document.error(("extends",), f"more than {EXTENDS_LIMIT} dialects extend each other: a circle?")
        try:
            chain.append(find(parent))
        except DataError as exc:
            if exc.line:  # the parent itself is no TOML: that is where to look
                raise
            raise chain[-1].error(("extends",), f"'{parent}': {exc.problem}") from None
    resolved = chain.pop()
    while chain:
        resolved = extend(chain.pop(), resolved)
    return resolved


def _fields(
    table: Table, encodings: Encodings, layouts: Mapping[str, Layout], values: Mapping[str, Any]
) -> dict[int, FieldSpec]:
    fields = {}
    for key, one in table.each():
        de = int(key) if re.fullmatch("[1-9][0-9]{0,2}", key) else 0
        if not 2 <= de <= (128 if encodings.secondary else 64) or de == 65:
            allowed = "2 to 128, but not 65" if encodings.secondary else "2 to 64 (encoding.secondary = true adds more)"
            raise table.error(key, f"no number of a data element; they go from {allowed}")
        fields[de] = read_field(de, one, encodings, layouts, values)
    return dict(sorted(fields.items()))


def _elements(table: Table, fields: Mapping[int, FieldSpec]) -> dict[str, Locator]:
    elements = {}
    for name in table:
        text = table.text(name)
        if not (found := re.fullmatch(r"(\d{1,3})(?:\.(\d{1,2}))?( text)?(?: from (\w+)\.(\d{1,2}))?", text)):
            raise table.error(
                name,
                f'{text!r} is no place; write a DE ("11"), a part of one ("60.2"), "62 text", '
                'or from which part of a layout on: "62 text from serial.3"',
            )
        de, part, as_text = int(found[1]), int(found[2] or 0), bool(found[3])
        if de not in fields:
            raise table.error(name, f"this dialect has no DE {de}")
        if as_text and (part or fields[de].kind != "b"):
            raise table.error(name, f"'text' is for a whole binary field; DE {de} has format {fields[de].format}")
        if not part:
            after = _parts_before(table, name, fields[de], found[4], int(found[5])) if found[4] else ()
            elements[name] = Locator(de, as_text=as_text, after=after)
            continue
        if found[4]:
            raise table.error(name, f"is part {part} of DE {de} or begins with a part of a layout, but not both")
        parts = next((layout.parts for layout in fields[de].layouts if layout.parts), ())
        if not 1 <= part <= len(parts):
            raise table.error(name, f"DE {de} has {plural(len(parts), 'part')} in its first layout")
        elements[name] = Locator(de, parts[part - 1].start, parts[part - 1].stop)
    table.end()
    return elements


def _parts_before(table: Table, name: str, field: FieldSpec, layout: str, number: int) -> tuple[Part, ...]:
    """The parts of a layout before one, which tell by themselves whether a text is divided so."""
    layouts = {one.name: one.parts for one in field.layouts}
    if layout not in layouts:
        raise table.error(name, f"DE {field.de} has no layout '{layout}'{did_you_mean(layout, layouts)}")
    before = layouts[layout][: number - 1]
    if not 2 <= number <= len(layouts[layout]):
        raise table.error(name, f"layout '{layout}' has {len(layouts[layout])} parts; begin with one after the first")
    if not any(part.fixed or part.counts for part in before):
        raise table.error(
            name, f"no part of '{layout}' before it is fixed or counts, so nothing tells who has this form"
        )
    return before


def _check_when(document: Document, layouts: Mapping[str, Layout], elements: Mapping[str, Locator]) -> None:
    for layout in layouts.values():
        for name in layout.when:
            if name not in elements:
                path = ("layouts", layout.name, "when", name)
                raise document.error(path, f"unknown element{did_you_mean(name, elements)}")


__all__ = ["DataError", "load", "resolve"]
