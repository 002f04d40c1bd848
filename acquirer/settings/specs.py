"""Finds and loads the dialects that ship with the package, and those of the user's own.

In a clone `specs/` stands beside the package; in a wheel it is inside.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from acquirer.data.toml import DataError, Document, did_you_mean, parse_toml
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.loading import load
from acquirer.settings.memory import lacks_memory
from acquirer.settings.shipped import specs_dir
from acquirer.settings.text_file import read_text_file

if TYPE_CHECKING:
    from acquirer.dialect.compiled import CompiledDialect

FONT = "NotoSansMonoCJKsc-GBK.otf"


@cache
def dialect_names() -> list[str]:
    """Return the names of the dialects that ship with the package (other data lies beside them)."""
    return sorted(path.stem for path in specs_dir().glob("*.toml") if _is_dialect(path.read_text(encoding="utf-8")))


def read_spec(name: str) -> tuple[str, Path]:
    """Return text and path of a dialect, by name, or by the path of a file that ends in ``.toml``.

    Raises:
        DataError: there is no such dialect, or it is not readable text; the sentence says where it was looked for.
    """
    path = Path(name) if name.endswith(".toml") else specs_dir() / f"{name}.toml"
    try:
        text = read_text_file(path)
    except UnicodeDecodeError:
        raise DataError(str(path), 0, "", "is not UTF-8 text") from None
    except (OSError, ValueError) as exc:  # ValueError: a path that no file can have
        if not name.endswith(".toml") and not lacks_memory(exc):
            raise _no_dialect(name) from None
        reason = exc.strerror or exc if isinstance(exc, OSError) else exc
        raise DataError(str(path), 0, "", f"cannot be read: {reason}") from None
    if not name.endswith(".toml") and not (_is_dialect(text) and path.parent == specs_dir()):
        raise _no_dialect(name)
    return text, path


def _no_dialect(name: str) -> DataError:
    names = dialect_names()
    hint = did_you_mean(name, names) or f"; there are {', '.join(names)}, or name a .toml file"
    return DataError(name, 0, "", f"no dialect of this name{hint}")


def document(name: str) -> Document:
    """Return the parsed file of a dialect, with line numbers. Raises DataError."""
    return _parsed(name) if name.endswith(".toml") else _shipped(name)


def _parsed(name: str) -> Document:
    text, path = read_spec(name)
    return parse_toml(text, path.name if path.parent == specs_dir() else str(path))


_shipped = cache(_parsed)
"""The parsed file of a dialect that ships: several extend it, and it stays as it is while the program runs."""


@cache
def slip_font() -> bytes:
    """Return the font that slips are drawn with, as the bytes of its file."""
    return (specs_dir() / "fonts" / FONT).read_bytes()


def load_dialect(name_or_path: str) -> Dialect:
    """Return a dialect, loaded; the same object for the same name, or for the same file until it is edited.

    What a file extends is read once.

    Raises:
        DataError: with file, line and key.
    """
    return _loaded(name_or_path, _state(Path(name_or_path)) if name_or_path.endswith(".toml") else ())


@lru_cache(maxsize=64)  # dialects of one process, and then some
def _loaded(name_or_path: str, _file: tuple[int, ...]) -> Dialect:
    return load(document(name_or_path), finder(name_or_path))


def _state(path: Path) -> tuple[int, ...]:
    """Return what tells a file from others that this path has named: from another folder, or before an edit."""
    try:
        found = path.stat()
    except (OSError, ValueError):  # reading it says why
        return ()
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def compile_dialect(name_or_path: str) -> CompiledDialect:
    """Return a dialect compiled whole, for one host or one terminal.

    Raises:
        DataError: it cannot be loaded, or the first problem that keeps a host and a terminal from using it.
    """
    from acquirer.dialect.compiled import CompiledDialect  # with all ciphers; what only reads messages needs none

    return CompiledDialect(load_dialect(name_or_path))


def finder(name_or_path: str) -> Finder:
    """Return what resolves ``extends``: a shipped dialect by name, or a file relative to the one that extends it."""
    return Finder(Path(name_or_path).parent if name_or_path.endswith(".toml") else specs_dir())


class Finder:
    """Finds what a dialect extends, from where that dialect lies."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def __call__(self, name: str) -> Document:
        return document(str(self._directory / name) if name.endswith(".toml") else name)


def _is_dialect(text: str) -> bool:
    return re.search(r"^dialect\s*=", text, re.MULTILINE) is not None
