"""What the host says of each mistake; ``scripts/mistakes`` runs this."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mistakes.captures import diagnosis
from tests.mistakes.catalogue import ROWS
from tests.mistakes.page import page
from tests.mistakes.run import Recorded, record
from tests.mistakes.score import capture_problems, problems

PAGE = Path(__file__).parents[2] / "docs" / "mistakes.md"


def main(words: list[str]) -> None:
    """Write the page, or print the rows that `words` pick."""
    recorded = record(ROWS)
    if words == ["--pending"]:
        print(*(one.row.id for one in recorded if problems(one, ROWS)), sep="\n")
    elif words and words[0] == "--captures":
        show_captures([one for one in recorded if not words[1:] or any(word in one.row.id for word in words[1:])])
    elif words:
        show([one for one in recorded if any(word in one.row.id for word in words)])
    else:
        PAGE.write_text(page(recorded), encoding="utf-8")
        print(f"{PAGE} is written", file=sys.stderr)


def show_captures(recorded: list[Recorded]) -> None:
    """Print what the doctor says of the messages, and what it lacks."""
    with TemporaryDirectory() as folder:
        for one in recorded:
            if one.row.capture:
                printed = diagnosis(one.row, one.mistaken, Path(folder))
                found = capture_problems(one.row, printed, one.mistaken.facts)
                print(f"{'    ' if found else 'OK  '}{one.row.id}:\n{printed.rstrip()}")
                print(*(f"      - {problem}\n" for problem in found), sep="", end="")


def show(recorded: list[Recorded]) -> None:
    """Print what the host said, and what it lacks."""
    recognised = 0
    for one in recorded:
        found = problems(one, ROWS)
        recognised += not found
        print(f"{'    ' if found else 'OK  '}{one.row.id} [{one.mistaken.code or 'closed'}]: {one.mistaken.sentence}")
        print(*(f"      - {problem}\n" for problem in found), sep="", end="")
    print(f"{recognised} of {len(recorded)} recognised")


if __name__ == "__main__":
    main(sys.argv[1:])
