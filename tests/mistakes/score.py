"""Whether what a host said of a mistake is right."""

from __future__ import annotations

from collections.abc import Iterable

from tests.mistakes.row import Mistake
from tests.mistakes.run import Recorded


def problems(recorded: Recorded, rows: Iterable[Mistake]) -> list[str]:
    """Return what keeps a row from being recognised, a line each."""
    row, wrong, right = recorded.row, recorded.wrong, recorded.right
    found = []
    if wrong.code not in row.codes:
        found.append(
            f"answered with {wrong.code or 'nothing'}, not {' or '.join(one or 'nothing' for one in row.codes)}"
        )
    found += [f"the sentence lacks /{pattern}/" for pattern in row.missing(wrong.sentence, wrong.facts)]
    for other in rows:
        if other.id != row.id and other.id not in row.same_as and other.fits(wrong.sentence, wrong.facts):
            found.append(f"the sentence fits {other.id} too")
    if row.fits(right.sentence, right.facts):
        found.append("the same is said where nothing is wrong")
    if right.code != "00":
        found.append(f"the right message is answered with {right.code or 'nothing'}: {right.sentence}")
    return found
