"""What the host says of each mistake, and what the sentence lacks: ``python -m tests.mistakes [WORD…]``.

Words pick the rows whose name holds one of them. ``--pending`` prints the names of rows that are not recognised yet.
"""

from __future__ import annotations

import sys

from tests.mistakes.catalogue import ROWS
from tests.mistakes.run import record
from tests.mistakes.score import problems


def main(words: list[str]) -> None:
    """Print the rows that `words` pick."""
    if words == ["--pending"]:
        print(*(one.row.id for one in record(ROWS) if problems(one, ROWS)), sep="\n")
        return
    recorded = [one for one in record(ROWS) if not words or any(word in one.row.id for word in words)]
    recognised = 0
    for one in recorded:
        found = problems(one, ROWS)
        recognised += not found
        print(f"{'    ' if found else 'OK  '}{one.row.id} [{one.mistaken.code or 'nothing'}]: {one.mistaken.sentence}")
        print(*(f"      - {problem}\n" for problem in found), sep="", end="")
    print(f"{recognised} of {len(recorded)} recognised")


if __name__ == "__main__":
    main(sys.argv[1:])
