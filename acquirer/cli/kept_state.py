"""The state that a terminal keeps, for commands that show it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from acquirer.cli.errors import Code, Exit

if TYPE_CHECKING:
    from acquirer.terminal.state import State


def kept_state(folder: Path, tid: str) -> State | None:
    """Return the state of a terminal that no other process plays; None before its first use. Raises Exit."""
    from acquirer.settings.terminal_state import StateFile, StateFolderError

    try:
        with StateFile(folder, tid) as file:
            return file.load()
    except StateFolderError as error:
        raise Exit(Code.USAGE, str(error)) from None
