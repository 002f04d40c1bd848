"""From a TOML document to a `Dialect`: every section read, every name checked against what it refers to.

Errors carry file, line and key, and the nearest name that exists. ``extends`` lays a document over another one;
what the parent says stays, unless the child says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from acquirer.data.table import Table, extend
from acquirer.data.toml import DataError, Document, nearest
from acquirer.wire.coverage import COVERAGES
from acquirer.wire.dialect import Dialect
from acquirer.wire.fields import Encodings, read_field, read_layouts, read_text, read_values
from acquirer.wire.framing import CHARSETS, LIMIT_BYTES, Framing
from acquirer.wire.habits import load_habits
from acquirer.wire.model import (
    Answer,
    Code,
    Envelope,
    FieldSpec,
    Grammar,
    KeyPackage,
    KeyPart,
    Layout,
    Locator,
    Route,
    Sample,
    Security,
)

Find = Callable[[str], Document]
"""Gives the document of another dialect by name; raises DataError-like sentences itself."""

EXTENDS_LIMIT = 8  # a chain longer than this is a circle


def load(document: Document, find: Find) -> Dialect:
    """Compile a dialect; `find` gives the document that an ``extends`` names.

    Raises:
        DataError: the file says something that cannot be; carries file, line and key.
    """
    document = resolve(document, find)
    top = Table(document)
    name = top.text("dialect")
    title = read_text(top, "title")
    top.text("extends", "")
    encodings = Encodings.read(top.table("encoding"), top.table("padding"))
    envelope = _envelope(top.table("envelope"))
    values = read_values(top.table("values"))
    layouts = read_layouts(top.table("layouts"), top.table("tags"), values)
    fields = _fields(top.table("fields"), encodings, layouts, values)
    grammar = Grammar(
        envelope_bytes=len(envelope.tpdu) + len(envelope.head),
        mti_encoding=encodings.mti,
        mti_charset=CHARSETS.get(encodings.mti, ""),
        bitmap_encoding=encodings.bitmap,
        bitmap_charset=CHARSETS.get(encodings.bitmap, ""),
        secondary=encodings.secondary,
        fields=fields,
    )
    elements = _elements(top.table("elements"), fields)
    _check_when(document, layouts, elements)
    codes = _codes(top.table("codes"))
    routes, refusal = _routes(top, fields, elements)
    dialect = Dialect(
        name=name,
        title=title,
        framing=_framing(top.table("framing"), grammar),
        envelope=envelope,
        grammar=grammar,
        security=_security(top.table("security")),
        elements=elements,
        routes=routes,
        refusal=refusal,
        reasons=_names(top.table("reasons"), codes, "code"),
        codes=codes,
        constants=_constants(top.table("constants"), elements),
        layouts=layouts,
        values=values,
        mtis={mti: read_text(top.table("mtis"), mti) for mti in top.table("mtis")},
        habits=load_habits(document) if top.has("terminal") else None,
        samples=_samples(top, elements),
        origin=lambda key: _origin(document, key),
    )
    top.end()
    return dialect


def resolve(document: Document, find: Find) -> Document:
    """The document with everything it extends underneath."""
    chain = [document]
    while parent := chain[-1].data.get("extends"):
        if not isinstance(parent, str):
            raise chain[-1].error(("extends",), "must be the name of a dialect, in quotes")
        if len(chain) == EXTENDS_LIMIT:
            raise document.error(("extends",), f"more than {EXTENDS_LIMIT} dialects extend each other: a circle?")
        try:
            chain.append(find(parent))
        except (LookupError, OSError) as wrong:
            raise chain[-1].error(("extends",), str(wrong)) from None
    resolved = chain.pop()
    while chain:
        resolved = extend(chain.pop(), resolved)
    return resolved


def _origin(document: Document, key: str) -> str:
    steps: list[str | int] = []
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", key):
        steps.append(name or int(index))
    where = document.error(tuple(steps), "")
    return f"{where.name}:{where.line}"


def _framing(table: Table, grammar: Grammar) -> Framing:
    length = table.text("length", "binary2")
    if not (found := re.fullmatch(r"(binary|bcd|ascii|ebcdic)([1-8])", length)):
        raise table.error("length", f"unknown value {length!r}; write binary2, binary4, bcd2, ascii4 or the like")
    minimum = grammar.envelope_bytes + grammar.mti_bytes + grammar.bitmap_bytes
    framing = Framing(
        length_encoding=cast("Any", found[1]),
        length_bytes=int(found[2]),
        includes_itself=table.flag("includes_itself", False),
        minimum_bytes=minimum,
        limit_bytes=table.number("limit_bytes", LIMIT_BYTES),
    )
    if not minimum <= framing.limit_bytes + framing.extra <= framing.largest:
        raise table.error("limit_bytes", f"must lie between {minimum} and {framing.largest - framing.extra}")
    table.end()
    return framing


def _envelope(table: Table) -> Envelope:
    tpdu, head = _hex(table, "tpdu"), _hex(table, "head")
    if len(tpdu) not in (0, 5):
        raise table.error("tpdu", 'must be 10 hexadecimal digits (60, destination, source), or "" for none')
    digit = table.number("processing_digit", 0)
    if not 0 <= digit <= 2 * len(head):
        raise table.error("processing_digit", f"the head has {2 * len(head)} digits")
    table.end()
    return Envelope(tpdu, head, digit)


def _hex(table: Table, key: str, default: str = "") -> bytes:
    text = table.text(key, default)
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise table.error(key, "must be hexadecimal digits, two to a byte") from None


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
        if not (found := re.fullmatch(r"(\d{1,3})(?:\.(\d{1,2}))?( text)?", text)):
            raise table.error(name, f'{text!r} is no place; write a DE ("11"), a part of one ("60.2") or "62 text"')
        de, part, as_text = int(found[1]), int(found[2] or 0), bool(found[3])
        if de not in fields:
            raise table.error(name, f"this dialect has no DE {de}")
        if as_text and (part or fields[de].kind != "b"):
            raise table.error(name, f"'text' is for a whole binary field; DE {de} has format {fields[de].format}")
        if not part:
            elements[name] = Locator(de, as_text=as_text)
            continue
        parts = next((layout.parts for layout in fields[de].layouts if layout.parts), ())
        if not 1 <= part <= len(parts):
            raise table.error(name, f"DE {de} has {len(parts)} parts in its first layout")
        elements[name] = Locator(de, parts[part - 1].start, parts[part - 1].stop)
    table.end()
    return elements


def _known(table: Table, key: str, names: Iterable[str], known: Iterable[str], what: str = "element") -> None:
    known = list(known)
    for name in names:
        if name not in known:
            raise table.error(key, f"unknown {what} '{name}'{nearest(name, known)}")


def _when(table: Table, elements: Mapping[str, Locator]) -> dict[str, tuple[str, ...]]:
    when = {name: table.texts(name) for name in table}
    for name in when:
        _known(table, name, (name,), elements)
    return when


def _check_when(document: Document, layouts: Mapping[str, Layout], elements: Mapping[str, Locator]) -> None:
    for layout in layouts.values():
        for name in layout.when:
            if name not in elements:
                path = ("layouts", layout.name, "when", name)
                raise document.error(path, f"unknown element{nearest(name, elements)}")


def _routes(
    top: Table, fields: Mapping[int, FieldSpec], elements: Mapping[str, Locator]
) -> tuple[tuple[Route, ...], Answer]:
    refusal = _answer(top.table("refusal"), fields, elements, Answer((), ()))
    routes = [_route(name, one, fields, elements, refusal) for name, one in top.table("routes").each()]
    for name, one in top.table("unserved").each():
        routes.append(
            Route(
                service=name,
                title=read_text(one, "title"),
                mti=_mti(one),
                when=_when(one.table("when"), elements),
                mandatory=(),
                reply=refusal,
                refusal=refusal,
                mac_request=False,
                mac_reply="never",
                served=False,
            )
        )
        one.end()
    return tuple(sorted(routes, key=lambda route: -len(route.when))), refusal  # the more special ones first


def _route(
    name: str, table: Table, fields: Mapping[int, FieldSpec], elements: Mapping[str, Locator], refusal: Answer
) -> Route:
    mac = table.choice("mac", ("none", "request", "both"), "none")
    mandatory = table.texts("mandatory", ())
    for entry in mandatory:
        _known(table, "mandatory", entry.split(" or "), elements)
    reply = _answer(table.table("reply"), fields, elements, refusal)
    route = Route(
        service=name,
        title=read_text(table, "title"),
        mti=_mti(table),
        when=_when(table.table("when"), elements),
        mandatory=mandatory,
        reply=reply,
        refusal=_answer(table.table("refusal"), fields, elements, refusal),
        mac_request=mac != "none",
        mac_reply="approved" if mac == "both" else "never",
    )
    table.end()
    return route


def _mti(table: Table) -> str:
    mti = table.text("mti")
    if not re.fullmatch("[0-9]{2}[02468][024]", mti):
        raise table.error("mti", f"{mti!r} is no request's MTI; write four digits as sent the first time, like 0200")
    return mti


def _answer(table: Table, fields: Mapping[int, FieldSpec], elements: Mapping[str, Locator], default: Answer) -> Answer:
    echo, make = table.numbers("echo", default.echo), table.texts("make", default.make)
    for de in echo:
        if de not in fields:
            raise table.error("echo", f"this dialect has no DE {de}")
    _known(table, "make", make, elements)
    table.end()
    return Answer(echo, make)


def _codes(table: Table) -> dict[str, Code]:
    codes = {}
    for code, one in table.each():
        kind = one.choice("class", ("A", "B", "C", "D", "E"))
        meaning = read_text(one, "meaning")
        codes[code] = Code(code, kind, meaning, read_text(one, "shown") if one.has("shown") else meaning)
        one.end()
    return codes


def _names(table: Table, known: Mapping[str, Any], what: str) -> dict[str, str]:
    names = {key: table.text(key) for key in table}
    for key, name in names.items():
        _known(table, key, (name,), known, what)
    return names


def _constants(table: Table, elements: Mapping[str, Locator]) -> dict[str, str]:
    constants = {key: table.text(key) for key in table}
    for key in constants:
        _known(table, key, (key,), elements)
    return constants


def _security(table: Table) -> Security:
    packages = {}
    for one in table.tables("packages"):
        package = _package(one)
        packages[package.selector] = package
    pin_blocks = table.table("pin_blocks")
    security = Security(
        mac=table.text("mac", ""),
        mac_bytes=table.number("mac_bytes", 8),
        coverage=table.choice("coverage", COVERAGES, "mti-to-mac"),
        pin_blocks={digit: pin_blocks.text(digit) for digit in pin_blocks},
        track=table.text("track", ""),
        packages=packages,
    )
    if security.mac_bytes < 1:
        raise table.error("mac_bytes", "must be at least 1")
    table.end()
    return security


def _package(table: Table) -> KeyPackage:
    parts = []
    for text in table.texts("keys"):
        if not (found := re.fullmatch(r"(pik|mak|tdk) (8|16|24|32)", text)):
            raise table.error("keys", f'{text!r} is no key of a package; write name and bytes, like "pik 16"')
        parts.append(KeyPart(cast("Any", found[1]), int(found[2])))
    package = KeyPackage(
        selector=table.text("selector"),
        cipher=cast("Any", table.choice("cipher", ("des", "3des", "sm4", "aes"))),
        wrap=cast("Any", table.choice("wrap", ("3des", "sm4", "aes"))),
        parts=tuple(parts),
        kcv_bytes=table.number("kcv_bytes", 4),
        mak_form=table.flag("mak_form", False),
    )
    table.end()
    return package


def _samples(top: Table, elements: Mapping[str, Locator]) -> tuple[Sample, ...]:
    samples = []
    for one in top.tables("samples"):
        expect = one.table("expect")
        expected = {key: expect.text(key) for key in expect}
        for key in expected:
            _known(expect, key, (key,), ("mti", *elements))
        _hex(one, "hex", "")
        samples.append(Sample(one.text("title"), one.text("hex").replace(" ", "").replace("\n", ""), expected))
        one.end()
    return tuple(samples)


__all__ = ["DataError", "load", "resolve"]
