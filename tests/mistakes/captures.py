"""The messages of the catalogue, given to `acquirer doctor` with the keys of their terminals."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path

from acquirer.cli import run
from tests.mistakes.catalogue import ROWS
from tests.mistakes.pos import MID, TMK
from tests.mistakes.row import Mistake
from tests.mistakes.run import Outcome

CAPTURED = [row for row in ROWS if row.capture]


def diagnosis(row: Mistake, outcome: Outcome, folder: Path) -> str:
    """Return what the doctor prints of a message; `folder` takes the message and the file of terminals."""
    frame, terminals = folder / "frame.hex", folder / "terminals.toml"
    frame.write_text(outcome.frame.hex(), encoding="ascii")
    terminals.write_text(_terminals(row, outcome), encoding="utf-8")
    with redirect_stdout(io.StringIO()) as printed:
        run(["doctor", str(frame), "--dialect", row.listener, "--terminals", str(terminals)])
    return printed.getvalue()


def _terminals(row: Mistake, outcome: Outcome) -> str:
    """Return a file of terminals that pins the keys which the host gave."""
    keys = {"tid": outcome.facts["TID"], "mid": MID, "tmk": TMK.hex().upper(), **row.terminal}
    lines = ["[[terminal]]", "test = true", *(f'{name} = "{value}"' for name, value in keys.items() if value)]
    if outcome.clear:
        pinned = ", ".join(f'{name} = "{key.hex().upper()}"' for name, key in outcome.clear.items())
        lines.append(f"fixed_keys = {{ {pinned} }}")
    return "\n".join(lines) + "\n"
