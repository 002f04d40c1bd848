"""Reads the sections about messages: routes and answers, codes and reasons, security, constants, samples."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, cast

from acquirer.data.table import Table
from acquirer.data.toml import DataError, did_you_mean
from acquirer.dialect.definitions import Numbering, ReplySpec, ResponseCode, Route, Sample, Security
from acquirer.dialect.field_table import read_bilingual
from acquirer.dialect.optional_routes import is_inherited
from acquirer.security.key_package import KeyPackage, KeyPart
from acquirer.wire.coverage import COVERAGES
from acquirer.wire.grammar import FieldSpec, Locator


def read_routes(
    top: Table, fields: Mapping[int, FieldSpec], elements: Mapping[str, Locator], codes: Mapping[str, ResponseCode]
) -> tuple[tuple[Route, ...], ReplySpec, tuple[DataError, ...]]:
    """Return ``[routes.…]`` and ``[unserved]``, the more special routes first, ``[refusal]``, and what is left out."""
    refusal = _answer(top.table("refusal"), fields, elements, ReplySpec((), ()))
    routes: list[Route] = []
    left_out: list[DataError] = []
    for name, one in top.table("routes").each():
        try:
            routes.append(_route(name, one, fields, elements, codes, refusal))
        except DataError as exc:
            if not (one.flag("optional", False) and is_inherited(exc, top.document)):
                raise
            left_out.append(one.error("", f"left out: {exc.problem}"))
    unserved = top.table("unserved")
    for name in unserved:
        if unserved.is_taken_away(name):
            continue
        one = unserved.table(name)
        routes.append(
            Route(
                service=name,
                title=read_bilingual(one, "title"),
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
    routes.sort(key=lambda route: -len(route.when))  # the more special ones first
    return tuple(routes), refusal, tuple(left_out)


def _route(
    name: str,
    table: Table,
    fields: Mapping[int, FieldSpec],
    elements: Mapping[str, Locator],
    codes: Mapping[str, ResponseCode],
    refusal: ReplySpec,
) -> Route:
    mac = table.choice("mac", ("none", "request", "both", "accepted"), "none")
    mandatory = table.texts("mandatory", ())
    for entry in mandatory:
        check_known(table, "mandatory", entry.split(" or "), elements)
    also = table.texts("also", ())
    check_known(table, "also", also, elements)
    by_others = table.texts("supplied_by_others", ())
    for element in by_others:
        if not any(element in entry.split(" or ") for entry in mandatory):
            raise table.error("supplied_by_others", f"'{element}' is not mandatory here; list what mandatory names")
    reply = _answer(table.table("reply"), fields, elements, refusal)
    route = Route(
        service=table.text("service", name),
        title=read_bilingual(table, "title"),
        mti=_mti(table),
        when=_when(table.table("when"), elements),
        mandatory=mandatory,
        reply=reply,
        refusal=_answer(table.table("refusal"), fields, elements, refusal),
        mac_request=mac in ("request", "both"),
        mac_reply="approved" if mac in ("both", "accepted") else "never",
        mac_accepted=mac == "accepted",
        served=table.flag("served", True),
        codes=read_names(table.table("codes"), codes, "code"),
        name=name,
        supplied_by_others=by_others,
        optional=table.flag("optional", False),
        also=also,
    )
    table.end()
    return route


def _mti(table: Table) -> str:
    mti = table.text("mti")
    if not re.fullmatch("[0-9]{2}[02468][024]", mti):
        raise table.error("mti", f"{mti!r} is no request's MTI; write four digits as sent the first time, like 0200")
    return mti


def _answer(
    table: Table, fields: Mapping[int, FieldSpec], elements: Mapping[str, Locator], default: ReplySpec
) -> ReplySpec:
    echo, make = table.numbers("echo", default.echo), table.texts("make", default.make)
    for de in echo:
        if de not in fields:
            raise table.error("echo", f"this dialect has no DE {de}")
    check_known(table, "make", make, elements)
    table.end()
    return ReplySpec(echo, make)


def _when(table: Table, elements: Mapping[str, Locator]) -> dict[str, tuple[str, ...]]:
    when = {name: table.texts(name) for name in table}
    for name in when:
        check_known(table, name, (name,), elements)
    return when


def read_codes(table: Table) -> dict[str, ResponseCode]:
    """Return ``[codes]``: response codes with class, meaning and shown text."""
    codes = {}
    for code, one in table.each():
        kind = one.choice("class", ("A", "B", "C", "D", "E"))
        meaning = read_bilingual(one, "meaning")
        codes[code] = ResponseCode(code, kind, meaning, read_bilingual(one, "shown") if one.has("shown") else meaning)
        one.end()
    return codes


def read_names(table: Table, known: Mapping[str, Any], what: str) -> dict[str, str]:
    """Return a table of names that must each be one of `known`."""
    names = {key: table.text(key) for key in table}
    for key, name in names.items():
        check_known(table, key, (name,), known, what)
    return names


def read_constants(table: Table, elements: Mapping[str, Locator]) -> dict[str, str]:
    """Return ``[constants]``: elements that always have the same value."""
    constants = {key: table.text(key) for key in table}
    for key in constants:
        check_known(table, key, (key,), elements)
    return constants


def read_numbering(table: Table, elements: Mapping[str, Locator]) -> Numbering:
    """Return ``[numbering]``; without it STANs are unique within the batch, if any, and reversals repeat them."""
    within = table.text("within", "batch" if "batch" in elements else "")
    numbering = Numbering(
        within=within,
        original_stan=table.text("original_stan", "stan"),
        original_within=table.text("original_within", within),
    )
    for key in ("within", "original_stan", "original_within"):
        if (name := getattr(numbering, key)) and table.has(key):
            check_known(table, key, (name,), elements)
    table.end()
    return numbering


def read_security(table: Table) -> Security:
    """Return ``[security]`` and its key packages."""
    packages = {}
    for one in table.tables("packages"):
        for package in _packages(one):
            packages[package.selector] = package
    pin_blocks = table.table("pin_blocks")
    blocks = {digit: pin_blocks.text(digit) for digit in pin_blocks}
    if only := table.text("pin_block", ""):
        blocks[""] = only
    security = Security(
        mac=table.text("mac", ""),
        mac_bytes=table.number("mac_bytes", 8),
        coverage=table.choice("coverage", COVERAGES, "mti-to-mac"),
        pin_blocks=blocks,
        track=table.text("track", ""),
        packages=packages,
        keys=table.text("keys", "tmk"),
    )
    if security.mac_bytes < 1:
        raise table.error("mac_bytes", "must be at least 1")
    table.end()
    return security


def _packages(table: Table) -> list[KeyPackage]:
    """Return one layout for each value of `function` that asks for it."""
    parts = []
    for text in table.texts("keys"):
        if not (found := re.fullmatch(r"(pik|mak|tdk) (8|16|24|32)", text)):
            raise table.error("keys", f'{text!r} is no key of a package; write name and bytes, like "pik 16"')
        parts.append(KeyPart(cast("Any", found[1]), int(found[2])))
    selectors = table.texts("selector")
    if not selectors:
        raise table.error("selector", "must name a value of element 'function' that asks for it, or \"\"")
    wrap = table.choice("wrap", ("3des", "sm4", "aes", "tr31-b", "tr31-d"))
    blocks = wrap.startswith("tr31")  # text that checks itself
    for key in ("kcv_bytes", "form", "mak_form"):
        if blocks and table.has(key):
            raise table.error(key, f"is not for key blocks (wrap = {wrap!r}): each has its own")
    package = KeyPackage(
        selector=selectors[0],
        cipher=cast("Any", table.choice("cipher", ("des", "3des", "sm4", "aes"))),
        wrap=cast("Any", wrap),
        parts=tuple(parts),
        kcv_bytes=table.number("kcv_bytes", 0 if blocks else 4),
        mak_form=table.flag("mak_form", False),
        form=cast("Any", table.choice("form", ("binary", "hex"), "binary")),
    )
    table.end()
    return [replace(package, selector=selector) for selector in selectors]


def read_samples(top: Table, elements: Mapping[str, Locator]) -> tuple[Sample, ...]:
    """Return ``[[samples]]``: frames in hexadecimal, and what stands in them."""
    samples = []
    for one in top.tables("samples"):
        expect = one.table("expect")
        expected = {key: expect.text(key) for key in expect}
        for key in expected:
            check_known(expect, key, (key,), ("mti", *elements))
        read_hex_value(one, "hex", "")
        samples.append(Sample(one.text("title"), one.text("hex").replace(" ", "").replace("\n", ""), expected))
        one.end()
    return tuple(samples)


def read_hex_value(table: Table, key: str, default: str = "") -> bytes:
    """Return bytes that are written in hexadecimal."""
    text = table.text(key, default)
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise table.error(key, "must be hexadecimal digits, two to a byte") from None


def check_known(table: Table, key: str, names: Iterable[str], known: Iterable[str], what: str = "element") -> None:
    """Refuse the first of `names` that is not `known`."""
    known = list(known)
    for name in names:
        if name not in known:
            raise table.error(key, f"unknown {what} '{name}'{did_you_mean(name, known)}")
