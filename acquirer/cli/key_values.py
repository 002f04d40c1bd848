"""Keys and bytes as people give them to the workbench: hex, ``-`` for a line of stdin, ``@FILE`` for a file."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from acquirer.cli.errors import Code, Exit
from acquirer.cli.json_output import print_array

if TYPE_CHECKING:
    from acquirer.security.ciphers import CipherName
    from acquirer.security.secret import Secret
    from acquirer.security.workbench import WorkStep

CIPHERS = ("des", "3des", "sm4", "aes")


def read_text(name: str, given: str) -> str:
    """Return what an option or argument says: itself, a line of stdin, or what a file holds."""
    if given == "-":
        return sys.stdin.readline().strip()
    if given.startswith("@"):
        try:
            return Path(given[1:]).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else "it holds more than hex digits"
            raise Exit(Code.USAGE, f"{name}: {given[1:]} cannot be read: {reason}.") from None
    return given


def read_bytes(name: str, given: str) -> bytes:
    """Return bytes that are given in hex; blanks between them are allowed."""
    text = "".join(read_text(name, given).split())
    try:
        return bytes.fromhex(text)
    except ValueError:
        odd = f", and these are {len(text)}" if len(text) % 2 else ""
        raise Exit(Code.USAGE, f"{name}: write hex digits, two for each byte{odd}.") from None


def read_key(name: str, given: str, cipher: str = "") -> Secret:
    """Return a key; without `cipher` its length decides. An error never repeats it."""
    from acquirer.security.ciphers import CipherError
    from acquirer.security.secret import Secret

    if cipher and cipher not in CIPHERS:
        raise Exit(Code.USAGE, f"{name}: '{cipher}' is no cipher; known: {', '.join(CIPHERS)}.")
    chosen: CipherName | None = cipher or None  # type: ignore[assignment]
    try:
        return Secret(read_bytes(name, given), chosen)
    except CipherError as exc:
        raise Exit(Code.USAGE, f"{name}: {exc}.") from None


def warn_of_clear_keys() -> None:
    """Say on stderr that what is printed holds keys in the clear."""
    print("Keys are in the clear: do not paste this where others can read it.", file=sys.stderr)


def print_steps(steps: Iterable[WorkStep], as_json: bool) -> None:
    """Print steps as a table, or as one JSON array."""
    from acquirer.cli.listing import print_table

    found = list(steps)
    if as_json:
        print_array({"step": one.name, "value": one.value or None, "remark": one.remark or None} for one in found)
    else:
        print_table(("Step", "Value", "Remark"), [(one.name, one.value or "hidden", one.remark) for one in found])
