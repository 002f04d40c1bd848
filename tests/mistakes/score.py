"""Whether what a host said of a mistake is right."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tests.mistakes.row import Mistake
from tests.mistakes.run import Recorded

APPROVED = ("00", "000", "800")
"""Of 1987; of 1993, and its network management."""


def problems(recorded: Recorded, rows: Collection[Mistake]) -> list[str]:
    """Return what keeps a row from being recognised, a line each."""
    row, outcome, right = recorded.row, recorded.mistaken, recorded.right
    sentence, facts = outcome.sentence, outcome.facts
    found = []
    if outcome.code not in row.codes:
        wanted = " or ".join(code or "nothing" for code in row.codes)
        found.append(f"answered with {outcome.code or 'nothing'}, not {wanted}")
    found += [f"the sentence lacks /{pattern}/" for pattern in row.missing(sentence, facts)]
    found += [f"of this mistake /{pattern}/ is untrue" for pattern in row.untrue(sentence)]
    by_id = {other.id: other for other in rows}
    for name in row.same_as:
        found += [f"for {name}, it lacks /{one}/" for one in by_id[name].missing(sentence, facts)]
    for other in rows:
        if other.id not in (row.id, *row.same_as) and other.fits(outcome.code, sentence, facts):
            found.append(f"the sentence fits {other.id} too")
    if not row.missing(right.sentence, right.facts):
        found.append("the same is said where nothing is wrong")
    if right.code not in APPROVED:
        found.append(f"the right message is answered with {right.code or 'nothing'}: {right.sentence}")
    return found


def capture_problems(row: Mistake, printed: str, facts: Mapping[str, str]) -> list[str]:
    """Return what a diagnosis of the message alone lacks; how it is printed, its lines and columns, is no matter."""
    text = " ".join(printed.split())
    lacks = [f"the diagnosis lacks /{pattern}/" for pattern in row.missing(text, facts)]
    return lacks + [f"of this mistake /{pattern}/ is untrue" for pattern in row.untrue(text)]
