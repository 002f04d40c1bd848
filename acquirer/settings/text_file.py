"""Files that people name: read up to a size, so that a wrong name costs a sentence and not the memory."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from acquirer.data.toml import DataError, Document, parse_toml

MOST_BYTES: Final = 64 * 1024 * 1024
"""A hundred thousand terminals, each spelled out, are 20 MB; what is larger is another file."""

PIECE_BYTES: Final = 1 << 18
"""As large as all but the largest files that ship."""


def read_file(path: Path, most_bytes: int = MOST_BYTES) -> bytes:
    """Return the bytes of a file.

    Raises:
        OSError: it cannot be read, or is larger.
    """
    try:
        with path.open("rb") as file:
            data = b"".join(_pieces(file, most_bytes + 1))
    except MemoryError:
        raise OSError(errno.ENOMEM, "it does not fit into the memory there is") from None
    except ValueError:
        raise OSError(errno.EINVAL, "no file can have this name") from None
    if len(data) > most_bytes:
        raise OSError(errno.EFBIG, f"it has more than {most_bytes // 1_000_000} MB")
    return data


def _pieces(file: BinaryIO, most_bytes: int) -> Iterator[bytes]:
    """Yield what a file holds up to a size: asked for it at once, Python takes memory for all of that size."""
    while most_bytes > 0 and (piece := file.read(min(most_bytes, PIECE_BYTES))):
        yield piece
        most_bytes -= len(piece)


def read_text_file(path: Path, most_bytes: int = MOST_BYTES) -> str:
    """Return the text of a file in UTF-8, line ends as Python has them.

    Raises:
        OSError: it cannot be read, or is larger.
        UnicodeDecodeError: it is not UTF-8.
    """
    return read_file(path, most_bytes).decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")


def read_toml_file(path: Path) -> Document:
    """Return a parsed TOML file.

    Raises:
        DataError: it cannot be read, or is not TOML; with file and line.
    """
    try:
        text = read_text_file(path)
    except UnicodeDecodeError:
        raise DataError(str(path), 0, "", "is not UTF-8 text") from None
    except OSError as exc:
        raise DataError(str(path), 0, "", f"cannot be read: {exc.strerror or exc}") from None
    return parse_toml(text, str(path))
