"""The language of a slip, by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acquirer.cli.errors import Code, Exit

if TYPE_CHECKING:
    from acquirer.slip.receipt import Language


def language(text: str) -> Language:
    """Return the language of a slip by its name. Raises Exit."""
    from acquirer.slip.receipt import WORDS

    for known in WORDS:
        if known == text:
            return known
    raise Exit(Code.USAGE, f"--lang {text}: slips are printed in {' or '.join(WORDS)}")
