"""Reads the issuer's card table: the shipped ``specs/cards.toml``, or a file of the user's own in the same form."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from acquirer.data.toml import DataError, Document, parse_toml
from acquirer.host.issuer.cards import CardEntry, CardTable, Status
from acquirer.settings.shipped import specs_dir
from acquirer.wire.masking import passes_luhn


def _minor(value: object) -> int:
    text = f"{value:.2f}" if isinstance(value, float) else str(value)
    if not re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,2})?", text):
        raise ValueError(f"'{value}' is no amount; write it like \"12.34\"")
    whole, _, cents = text.partition(".")
    return int(whole) * 100 + int(cents.ljust(2, "0"))


def _pan(pan: str) -> str:
    if not passes_luhn(pan):
        raise ValueError("the check digit of this card number is wrong")
    return pan


def _expiry(expiry: str) -> str:
    if not 1 <= int(expiry[2:]) <= 12:
        raise ValueError(f"'{expiry}' is no expiry; write YYMM, for example \"3012\"")
    return expiry


_Amount = Annotated[int, BeforeValidator(_minor)]


class _Card(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,31}$")]
    about: str = ""
    pan: Annotated[str, StringConstraints(pattern=r"^[0-9]{13,19}$"), AfterValidator(_pan)]
    expiry: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$"), AfterValidator(_expiry)] = "4912"
    sequence: Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")] = "001"
    service_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")] = "120"
    pin: Annotated[str, StringConstraints(pattern=r"^[0-9]{4,12}$")] | None = None
    pin_required: bool = False
    status: Status = "active"
    balance: _Amount | None = None
    limit: _Amount | None = None
    daily_limit: _Amount | None = None
    daily_count: int | None = None

    def entry(self) -> CardEntry:
        return CardEntry(
            name=self.name,
            pan=self.pan,
            about=self.about,
            expiry=self.expiry,
            sequence=self.sequence,
            service_code=self.service_code,
            pin=self.pin,
            pin_required=self.pin_required,
            status=self.status,
            balance_minor=self.balance,
            limit_minor=self.limit,
            daily_limit_minor=self.daily_limit,
            daily_count=self.daily_count,
        )


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")

    unknown: Literal["approve", "decline"] = "approve"
    test_bins: tuple[Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}$")], ...] = ()
    card: list[_Card] = []


@cache
def load_cards(path: str | None = None) -> CardTable:
    """The card table of a file; None is the shipped one.

    Raises:
        DataError: with file, line and key.
    """
    file = Path(path) if path else specs_dir() / "cards.toml"
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        reason = wrong.strerror if isinstance(wrong, OSError) else "not UTF-8"
        raise DataError(str(file), 0, "", f"cannot be read ({reason}); name a card table in TOML") from None
    return read_cards(parse_toml(text, str(file)))


def read_cards(document: Document) -> CardTable:
    """The card table that a TOML document describes.

    Raises:
        DataError: with file, line and key.
    """
    try:
        table = _Table.model_validate(document.data)
    except ValidationError as failure:
        raise document.invalid(failure) from None
    cards: dict[str, CardEntry] = {}
    names: set[str] = set()
    for i, card in enumerate(table.card):
        if card.name in names:
            raise document.error(("card", i, "name"), f"'{card.name}' is the name of another card already")
        if card.pan in cards:
            raise document.error(("card", i, "pan"), f"is the number of card '{cards[card.pan].name}' already")
        names.add(card.name)
        cards[card.pan] = card.entry()
    return CardTable(cards, table.unknown, table.test_bins)
