"""Files that ship in a folder and are called by their names, or files of the user's own, called by their paths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from acquirer.data.toml import DataError, Document, did_you_mean, parse_toml
from acquirer.settings.shipped import specs_dir
from acquirer.settings.text_file import read_text_file


@dataclass(frozen=True, slots=True)
class NamedFiles:
    """One kind of such files.

    Args:
        folder: where they ship, below the shipped files.
        noun: what one is called in sentences.
        place: where it is named: an option or an argument.
    """

    folder: str
    noun: str
    place: str

    @property
    def names(self) -> list[str]:
        """The names of those that ship."""
        return sorted(path.stem for path in (specs_dir() / self.folder).glob("*.toml"))

    def path(self, name_or_path: str) -> Path:
        """Return where it lies, by its name or by its path, which ends in ``.toml``. Raises DataError."""
        if name_or_path.endswith(".toml"):
            return Path(name_or_path)
        if name_or_path not in self.names:
            hint = did_you_mean(name_or_path, self.names) or f"; there are {', '.join(self.names)}"
            problem = f"no {self.noun} is called '{name_or_path}'{hint}, or name a .toml file"
            raise DataError(self.place, 0, "", problem)
        return specs_dir() / self.folder / f"{name_or_path}.toml"

    def read(self, name_or_path: str) -> Document:
        """Return it, parsed.

        Raises:
            DataError: there is no such file, it cannot be read, or is not TOML.
        """
        path = self.path(name_or_path)
        try:
            text = read_text_file(path)
        except (OSError, UnicodeDecodeError, ValueError) as exc:
            reason = exc.strerror or exc if isinstance(exc, OSError) else "not UTF-8"
            problem = f"cannot be read ({reason}); name a {self.noun}, a file in TOML"
            raise DataError(str(path), 0, "", problem) from None
        return parse_toml(text, str(path) if name_or_path.endswith(".toml") else path.name)


PACKS: Final = NamedFiles("packs", "pack", "--pack")
JOURNEYS: Final = NamedFiles("journeys", "journey", "JOURNEY")
CERTIFICATIONS: Final = NamedFiles("certification", "file of cases", "--cases")
