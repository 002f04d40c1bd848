"""Where the files that ship with the package lie: dialects, test cards, demo terminals, a font."""

from __future__ import annotations

from pathlib import Path

import acquirer


def specs_dir() -> Path:
    """Return the directory of the shipped files: inside the package in a wheel, beside it in a clone."""
    package = Path(acquirer.__file__).parent
    inside = package / "specs"
    return inside if inside.is_dir() else package.parent / "specs"
