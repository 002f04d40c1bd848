"""Reads the issuer's card table: the shipped ``specs/cards.toml``, or a file of the user's own in the same form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args

from acquirer.data.toml import DataError, Document, KeyPath, parse_toml
from acquirer.host.issuer.cards import CardEntry, CardTable, Status
from acquirer.security.secret import Secret
from acquirer.settings.shipped import specs_dir
from acquirer.settings.text_file import read_text_file
from acquirer.settings.values import ValueReader, choice, quoted, read_bool, read_words, whole
from acquirer.wire.card_numbers import passes_luhn


def load_cards(path: Path | str | None = None) -> CardTable:
    """Return the card table of a file, as it stands now; None is the shipped one.

    Raises:
        DataError: with file, line and key.
    """
    return _read_file(Path(path)) if path else _shipped()


@cache
def _shipped() -> CardTable:
    return _read_file(specs_dir() / "cards.toml")


def _read_file(file: Path) -> CardTable:
    try:
        text = read_text_file(file)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise DataError(str(file), 0, "", f"cannot be read ({reason}); name a card table in TOML") from None
    return read_cards(parse_toml(text, str(file)))


def read_cards(document: Document) -> CardTable:
    """Return the card table that a TOML document describes.

    Raises:
        DataError: with file, line and key.
    """
    tables = document.data.get("card", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise document.error(("card",), "is not a list of tables; write [[card]] above the keys of each card")
    whole_table = {key: value for key, value in document.data.items() if key != "card"}
    values = _read(document, (), whole_table, _TABLE, known=("card", *_TABLE))
    cards: dict[str, CardEntry] = {}
    names: set[str] = set()
    for i, table in enumerate(tables):
        card = _card(document, ("card", i), table)
        if card.name in names:
            raise document.error(("card", i, "name"), f"'{card.name}' is the name of another card already")
        if card.pan in cards:
            raise document.error(("card", i, "pan"), f"is the number of card '{cards[card.pan].name}' already")
        names.add(card.name)
        cards[card.pan] = card
    return CardTable(cards, **values)


def _card(document: Document, path: KeyPath, table: Mapping[str, Any]) -> CardEntry:
    values = _read(document, path, table, _CARD, known=_CARD)
    for key in ("name", "pan"):
        if key not in values:
            raise document.error((*path, key), "is missing")
    return CardEntry(**{"expiry": NO_EXPIRY, **values})


def _read(
    document: Document,
    path: KeyPath,
    table: Mapping[str, Any],
    readers: Mapping[str, tuple[str, ValueReader[Any]]],
    known: Any,
) -> dict[str, Any]:
    """Return the values of a table by the names of our own attributes."""
    values: dict[str, Any] = {}
    for key in table:
        if key not in readers:
            raise document.unknown((*path, key), known)
    for key, value in table.items():
        attribute, reader = readers[key]
        try:
            values[attribute] = reader(value)
        except ValueError as error:
            shown = "" if key in SECRET else f"{quoted(value)} "
            raise document.error((*path, key), f"{shown}{error}") from None
    return values


SECRET: Final = ("pan", "pin", "imk")
"""Keys whose values no error repeats."""

NO_EXPIRY: Final = "4912"
"""YYMM of a card whose expiry plays no role: later than any test runs."""


def _matching(pattern: str, problem: str) -> ValueReader[str]:
    """Return a reader of texts of one form."""
    form = re.compile(pattern)

    def read(value: object) -> str:
        if not isinstance(value, str) or not form.fullmatch(value):
            raise ValueError(problem)
        return value

    return read


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError('is not a text; write it in quotes, like "…"')
    return value


def _minor(value: object) -> int:
    text = f"{value:.2f}" if isinstance(value, float) else str(value)
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,2})?", text):
        raise ValueError('is no amount; write it like "12.34"')
    units, _, cents = text.partition(".")
    return int(units) * 100 + int(cents.ljust(2, "0"))


def _pan(value: object) -> str:
    pan = _matching(r"[0-9]{12,19}", "is no card number; write 12 to 19 digits in quotes")(value)
    if not passes_luhn(pan):
        raise ValueError("the check digit of this card number is wrong")
    return pan


def _expiry(value: object) -> str:
    problem = 'is no expiry; write YYMM, for example "3012"'
    return _matching(r"[0-9]{2}(0[1-9]|1[0-2])", problem)(value)


def _issuer_key(value: object) -> Secret:
    return Secret.from_hex(
        _matching(r"[0-9A-Fa-f]{32}", "is no issuer's key; write 32 hexadecimal digits")(value), "3des"
    )


def _script(value: object) -> bytes:
    problem = "is no script; write its identifier (9F18) and commands (86) in hexadecimal digits"
    return bytes.fromhex(_matching(r"9F1804([0-9A-F]{2}){4}(86([0-9A-F]{2})+)+", problem)(value))


def _bins(value: object) -> tuple[str, ...]:
    bins = read_words(value)
    if not all(re.fullmatch(r"[0-9]{1,12}", one) for one in bins):
        raise ValueError("are no leading digits of card numbers; write 1 to 12 digits each, in quotes")
    return bins


_THREE_DIGITS: Final = _matching(r"[0-9]{3}", "has not three digits; write them in quotes")

_TABLE: Final[Mapping[str, tuple[str, ValueReader[Any]]]] = {
    "unknown": ("unknown", choice(("approve", "decline"))),
    "unknown_balance": ("unknown_balance_minor", _minor),
    "test_bins": ("test_bins", _bins),
}
"""Key of the whole table → attribute of `CardTable`, reader."""

_CARD: Final[Mapping[str, tuple[str, ValueReader[Any]]]] = {
    "name": (
        "name",
        _matching(r"[a-z0-9][a-z0-9._-]{0,31}", "is no name; write up to 32 small letters, digits, dots and dashes"),
    ),
    "about": ("about", _text),
    "pan": ("pan", _pan),
    "expiry": ("expiry", _expiry),
    "sequence": ("sequence", _THREE_DIGITS),
    "service_code": ("service_code", _THREE_DIGITS),
    "pin": ("pin", _matching(r"[0-9]{4,12}", "is no PIN; write 4 to 12 digits in quotes")),
    "pin_required": ("pin_required", read_bool),
    "imk": ("imk", _issuer_key),
    "script": ("script", _script),
    "status": ("status", choice(get_args(Status))),
    "balance": ("balance_minor", _minor),
    "limit": ("limit_minor", _minor),
    "daily_limit": ("daily_limit_minor", _minor),
    "daily_count": ("daily_count", whole()),
    "organisation": (
        "organisation",
        _matching("[A-Z]{3}", 'is no organisation; write its three letters, like "VIS"'),
    ),
}
"""Key of a ``[[card]]`` → attribute of `CardEntry`, reader."""
