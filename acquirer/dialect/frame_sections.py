"""Reads what stands around a message: ``[framing]`` (start, length, filler, end) and ``[envelope]`` (TPDU, head)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final, cast

from acquirer.data.table import Table, layers
from acquirer.dialect.definitions import Envelope
from acquirer.dialect.sections import read_hex_value
from acquirer.wire.framing import LIMIT_BYTES, Framing
from acquirer.wire.grammar import Grammar

TPDU_BYTES: Final = 5
_FORM: Final = ("length", "includes_itself", "start", "filler", "end", "includes_end")
"""Keys that decide how long a frame can be."""


def read_framing(table: Table, grammar: Grammar) -> Framing:
    """Return how frames are delimited; a `limit_bytes` that is not written follows from the form of the length.

    Raises:
        DataError: the keys do not go together; carries file, line and key.
    """
    length = table.text("length", "binary2")
    found = re.fullmatch(r"(?:(binary|little|bcd|ascii|hex|ebcdic)([1-8])|none)", length)
    if not found:
        raise table.error("length", f"unknown value {length!r}; write binary2, binary4, bcd2, ascii4, hex4 or the like")
    minimum = grammar.envelope_bytes + grammar.mti_bytes + grammar.bitmap_bytes
    framing = Framing(
        length_encoding=cast("Any", found[1] or "none"),
        length_bytes=int(found[2] or 0),
        includes_itself=table.flag("includes_itself", False),
        minimum_bytes=minimum,
        limit_bytes=table.number("limit_bytes", LIMIT_BYTES),
        start=read_hex_value(table, "start"),
        filler=read_hex_value(table, "filler"),
        end=read_hex_value(table, "end"),
        includes_end=table.flag("includes_end", False),
    )
    table.end()
    if framing.includes_end and not framing.end:
        raise table.error("includes_end", 'there is no end to count; write it in hexadecimal, like end = "03"')
    if not framing.length_bytes:
        if not framing.end:
            raise table.error("length", 'frames without a length need an end; write it in hexadecimal, like end = "03"')
        for key in ("filler", "includes_itself", "includes_end"):
            if getattr(framing, key):
                raise table.error(key, "there is no length it could belong to")
    return _limited(table, framing)


def _limited(table: Table, framing: Framing) -> Framing:
    """Return the framing with a limit that its length can tell.

    A limit that was not written for this form of the length (none is, or one in a file that this one extends) becomes
    the largest that fits.
    """
    minimum, largest = framing.minimum_bytes, framing.largest - framing.extra_bytes
    if not framing.length_bytes:
        if framing.limit_bytes < minimum:
            raise table.error("limit_bytes", f"must be at least {minimum}")
        return framing
    if largest < minimum:
        problem = f"tells of no more than {framing.largest} bytes, and the shortest message has {minimum}"
        raise table.error("length", f"{framing.name} {problem}")
    if minimum <= framing.limit_bytes <= largest:
        return framing
    if framing.limit_bytes > largest and not _written_for_form(table):
        return replace(framing, limit_bytes=largest)
    raise table.error("limit_bytes", f"must lie between {minimum} and {largest}")


def _written_for_form(table: Table) -> bool:
    """Return whether `limit_bytes` stands in the file that says how lengths are written, or in one that extends it."""
    for layer in layers(table.document) if table.has("limit_bytes") else ():
        framing = layer.data.get("framing")
        if isinstance(framing, dict) and "limit_bytes" in framing:
            return True
        if isinstance(framing, dict) and any(key in framing for key in _FORM):
            return False
    return False


def read_envelope(table: Table) -> Envelope:
    """Return what stands before a message. Raises DataError."""
    tpdu, head = read_hex_value(table, "tpdu"), read_hex_value(table, "head")
    if len(tpdu) not in (0, TPDU_BYTES):
        raise table.error("tpdu", 'must be 10 hexadecimal digits (60, destination, source), or "" for none')
    digit = table.number("processing_digit", 0)
    if not 0 <= digit <= 2 * len(head):
        raise table.error("processing_digit", f"the head has {2 * len(head)} digits")
    table.end()
    return Envelope(tpdu, head, digit)
