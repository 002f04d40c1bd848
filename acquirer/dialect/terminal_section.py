"""Reads the ``[terminal]`` section of a dialect, key by key: what it lacks, misspells or cannot mean is one sentence.

1. An unknown key is named before a missing one: a misspelt key is both, and the spelling is what helps.
2. Formats with places in braces (``"05{pin}"``) may only name the places they are filled with.
3. What refers to other sections (a key package, a response code) is checked by `dialect.terminal_checks`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from string import Formatter
from typing import Any, Final, cast, get_args

from acquirer.data.table import Table
from acquirer.dialect.terminal_profile import (
    Carried,
    EntryMode,
    Requirement,
    ReversalProfile,
    SecurityControl,
    SignatureParts,
    SignatureProfile,
    SlipProfile,
    SlipRole,
    TerminalProfile,
)

CARRIED: Final[tuple[str, ...]] = get_args(Carried)
REQUIREMENTS: Final[tuple[str, ...]] = get_args(Requirement)
SLIP_ROLES: Final[tuple[str, ...]] = get_args(SlipRole)

_HEX_DIGITS: Final = "0123456789ABCDEF"
_FILLED: Final = {"pin": "0", "operator": "01", "serial": "00000000", "length": 8, "tid": "00000000"}
"""Something for each place of a format, to try whether it can be filled."""


def read_terminal_profile(table: Table) -> TerminalProfile:
    """Return the ``[terminal]`` section as data.

    Raises:
        DataError: a key is missing, unknown or has a value it cannot have; carries file, line and key.
    """
    table.only(_names(TerminalProfile))
    return TerminalProfile(
        reply_timeout_s=table.number("reply_timeout_s", least=1),
        entries={name: _entry(one) for name, one in table.table("entries", required=True).each()},
        reversal=_reversal(table.table("reversal", required=True)),
        package=table.text("package", ""),
        without_stan=frozenset(table.texts("without_stan", ())),
        sign_on_again=frozenset(table.texts("sign_on_again", ())),
        keep_batch=frozenset(table.texts("keep_batch", ())),
        partial=frozenset(table.texts("partial", ())),
        head=_head(table.table("head")),
        operator=_format(table, "operator", ("operator",), ""),
        serial=_format(table, "serial", ("serial", "length"), ""),
        serial_default=_format(table, "serial_default", ("tid",), ""),
        pin_capture=table.text("pin_capture", ""),
        pin_digits=_pair(table, "pin_digits") if table.has("pin_digits") else ("", ""),
        read_capability=table.text("read_capability", ""),
        icc=_icc(table.table("icc")),
        offline_icc=_icc(table.table("offline_icc")),
        security_control=_security_control(table.table("security_control")) if table.has("security_control") else None,
        slip=_slip(table.table("slip")),
        signature=_signature(table.table("signature")) if table.has("signature") else None,
    )


def with_routes(profile: TerminalProfile, services: Collection[str]) -> TerminalProfile:
    """Return the profile without the signatures, or the parts of signatures, that no route of `services` takes."""
    signature = profile.signature
    if signature is None or "signature" not in services:
        return replace(profile, signature=None)
    if signature.parts is not None and "signature_part" not in services:
        return replace(profile, signature=replace(signature, parts=None))
    return profile


def _entry(table: Table) -> EntryMode:
    table.only(_names(EntryMode))
    return EntryMode(
        mode=_format(table, "mode", ("pin",)),
        letter=table.text("letter"),
        carries=cast("tuple[Carried, ...]", table.choices("carries", CARRIED)),
        icc_condition=table.text("icc_condition", "0"),
    )


def _reversal(table: Table) -> ReversalProfile:
    table.only(_names(ReversalProfile))
    return ReversalProfile(
        done=frozenset(table.texts("done")),
        tries=table.number("tries", least=1),
        no_answer=table.text("no_answer", ""),
        mac_differs=table.text("mac_differs", ""),
        malformed=table.text("malformed", ""),
        refused=table.text("refused", ""),
        leaves_out=frozenset(table.numbers("leaves_out", ())),
        icc=table.texts("icc", ()),
        never=frozenset(table.texts("never", ())),
    )


def _security_control(table: Table) -> SecurityControl:
    table.only(_names(SecurityControl))
    return SecurityControl(
        pin_block=table.text("pin_block"),
        no_pin=table.text("no_pin"),
        ciphers=_texts_by_name(table.table("ciphers", required=True)),
        track_encrypted=table.text("track_encrypted"),
        track_clear=table.text("track_clear"),
    )


def _slip(table: Table) -> SlipProfile:
    table.only(_names(SlipProfile))
    free = table.table("free")
    names = table.table("names")
    return SlipProfile(
        currency=table.text("currency", ""),
        icc=_texts_by_name(table.table("icc")),
        names={name: _cut(names, name) for name in names},
        copies=table.number("copies", 1, least=1),
        testing_digit=table.number("testing_digit", 0, least=0),
        free={entry: free.number(entry, least=0) for entry in free},
    )


def _signature(table: Table) -> SignatureProfile:
    table.only(_names(SignatureProfile))
    min_bytes = table.number("min_bytes", least=0)
    return SignatureProfile(
        carries=table.texts("carries"),
        slip=cast("tuple[SlipRole, ...]", table.choices("slip", SLIP_ROLES)),
        done=frozenset(table.texts("done")),
        repeats=table.texts("repeats"),
        min_bytes=min_bytes,
        max_bytes=table.number("max_bytes", least=max(1, min_bytes)),
        pad=_size(table, "pad"),
        keeps=table.number("keeps", least=0),
        rounds=table.number("rounds", least=1),
        parts=_parts(table.table("parts")) if table.has("parts") else None,
    )


def _parts(table: Table) -> SignatureParts:
    table.only(_names(SignatureParts))
    return SignatureParts(types=_pair(table, "types"), more=table.text("more"), last=table.text("last"))


def _head(table: Table) -> Mapping[str, Requirement]:
    for digit in table:
        if len(digit) != 1 or digit not in _HEX_DIGITS:
            raise table.error(digit, f"is no digit of a message header; write one of {_HEX_DIGITS}, in quotes")
    return {digit: cast("Requirement", table.choice(digit, REQUIREMENTS)) for digit in table}


def _icc(table: Table) -> dict[str, str | tuple[str, str]]:
    return {tag: _recipe(table, tag) for tag in table}


def _recipe(table: Table, tag: str) -> str | tuple[str, str]:
    """Return how a value is made, or two ways: with a PIN, without."""
    match table.texts(tag):
        case (recipe,):
            return recipe
        case (with_pin, without):
            return with_pin, without
    raise table.error(tag, "must be a text, or two: with a PIN, without")


def _names(kind: type[Any]) -> list[str]:
    """Return the names of a dataclass's fields, which are the keys of its table."""
    return [one.name for one in fields(kind)]


def _texts_by_name(table: Table) -> dict[str, str]:
    return {key: table.text(key) for key in table}


def _pair(table: Table, key: str) -> tuple[str, str]:
    texts = table.texts(key)
    if len(texts) != 2:
        raise table.error(key, "must be two texts")
    return texts[0], texts[1]


def _size(table: Table, key: str) -> tuple[int, int]:
    numbers = table.numbers(key)
    if len(numbers) != 2 or min(numbers) < 1:
        raise table.error(key, "must be a width and a height in pixels")
    return numbers[0], numbers[1]


def _cut(table: Table, key: str) -> tuple[str, int, int]:
    """Return an element and from which of its characters to which, as in ``["additional", 0, 11]``."""
    match table.mixed(key):
        case (str(element), int(start), int(stop)) if 0 <= start < stop:
            return element, start, stop
    raise table.error(key, 'must be an element, its first character and the one behind its last: ["additional", 0, 11]')


def _format(table: Table, key: str, places: Collection[str], default: str | None = None) -> str:
    """Return a format with places in braces, once it is sure that it can be filled."""
    text = table.text(key, default)
    try:
        named = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
        text.format(**{place: _FILLED[place] for place in places})
    except (ValueError, LookupError, AttributeError, TypeError):
        named = {""}
    if not named <= set(places):
        known = ", ".join(f"{{{place}}}" for place in places)
        raise table.error(key, f"{text!r} cannot be filled in; the places it may name are {known}")
    return text
