"""Packs: files with rules, faults, terminals and cards that belong together, shipped or of the user's own.

A pack is named as it ships (``day-end``), or by the path of a file that ends in ``.toml``. Its rules and faults are
read by `acquirer.scenario`, once it is known which dialects the host speaks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from acquirer.data.toml import DataError, Document
from acquirer.host.issuer.cards import CardEntry, CardTable
from acquirer.settings.cards import read_cards
from acquirer.settings.named_files import PACKS
from acquirer.settings.registration import Registration
from acquirer.settings.terminals import terminals_of

SECTIONS: Final = ("rule", "fault", "terminal", "card")


@dataclass(frozen=True, slots=True)
class Pack:
    """One pack, parsed."""

    name: str
    about: str  # one sentence
    document: Document

    def section(self, name: str) -> Document:
        """Return a document that holds the tables of one section alone, with the lines of the whole file."""
        data = {name: self.document.data[name]} if name in self.document.data else {}
        return replace(self.document, data=data)

    @property
    def terminals(self) -> list[Registration]:
        """Return the terminals it registers. Raises DataError."""
        return terminals_of(self.section("terminal")) if "terminal" in self.document.data else []

    @property
    def cards(self) -> list[CardEntry]:
        """Return its cards. Raises DataError."""
        return list(read_cards(self.section("card")).cards.values())

    def with_cards(self, table: CardTable) -> CardTable:
        """Return a card table with the cards of the pack; a card of the same number takes the place of the other.

        Raises:
            DataError: a card cannot be used, or has the name of another one.
        """
        added = {entry.pan: entry for entry in self.cards}
        names = {entry.name: pan for pan, entry in table.cards.items()}
        for place, (pan, entry) in enumerate(added.items()):
            if names.get(entry.name, pan) != pan:
                problem = f"'{entry.name}' is the name of another card of the table already"
                raise self.document.error(("card", place, "name"), problem)
        return replace(table, cards={**table.cards, **added})


def pack_names() -> list[str]:
    """Return the names of the packs that ship."""
    return PACKS.names


def read_pack(name_or_path: str) -> Pack:
    """Return a pack by its name, or by the path of a file that ends in ``.toml``.

    Raises:
        DataError: there is no such pack, or its file is wrong: with file, line and key.
    """
    return pack_of(PACKS.read(name_or_path), Path(name_or_path).stem)


def pack_of(document: Document, name: str) -> Pack:
    """Return the pack that a document describes. Raises DataError."""
    for key in document.data:
        if key not in (*SECTIONS, "about"):
            raise document.unknown((key,), (*SECTIONS, "about"))
    if all(document.data.get(section, []) == [] for section in SECTIONS):
        raise DataError(document.name, 0, "", f"is an empty pack; write [[{']], [['.join(SECTIONS)}]]")
    about = document.data.get("about", "")
    if not isinstance(about, str):
        raise document.error(("about",), "must be a text in quotes: one sentence about the pack")
    return Pack(name, about, document)
