"""Two reports compared, case by case: what is better, worse, changed, new or gone in the later one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from acquirer.certification.report import CaseResult, CaseVerdict, CertificationReport

Change = Literal["worse", "better", "changed", "new", "gone", "same"]

CHANGES: Final[Mapping[Change, str]] = {
    "worse": "passed before and does not now, or failed where it could not be judged",
    "better": "passes now, or is no longer failed",
    "changed": "the same verdict for other reasons",
    "new": "only in the later report",
    "gone": "only in the earlier report",
    "same": "as before",
}
"""How a case may differ, in the order in which it is shown, and what that means."""

_RANK: Final[Mapping[CaseVerdict, int]] = {"failed": 0, "not-judged": 1, "not-done": 1, "passed": 2}


@dataclass(frozen=True, slots=True)
class CaseChange:
    """One case in two reports.

    Args:
        before: None: it is not in the earlier one.
        after: None: it is not in the later one.
        lines: what differs, in words.
    """

    name: str
    change: Change
    before: CaseResult | None
    after: CaseResult | None
    lines: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What the case is about."""
        known = self.after or self.before
        return known.title if known else ""


def compare_reports(before: CertificationReport, after: CertificationReport) -> list[CaseChange]:
    """Return how each case differs: the worse ones first, those of one kind in the order of the reports."""
    earlier = {one.name: one for one in before.results}
    later = {one.name: one for one in after.results}
    found = [_changed(name, earlier.get(name), later.get(name)) for name in dict.fromkeys([*later, *earlier])]
    order = list(CHANGES)
    return sorted(found, key=lambda one: order.index(one.change))  # a stable sort


def counted_changes(changes: Sequence[CaseChange]) -> dict[Change, int]:
    """Return how many cases there are of each kind of change."""
    return {change: sum(one.change == change for one in changes) for change in CHANGES}


def change_document(change: CaseChange) -> dict[str, Any]:
    """Return a change for machines."""
    return {
        "case": change.name,
        "title": change.title,
        "change": change.change,
        "before": change.before.verdict if change.before else None,
        "after": change.after.verdict if change.after else None,
        "lines": list(change.lines),
    }


def _changed(name: str, before: CaseResult | None, after: CaseResult | None) -> CaseChange:
    if before is None or after is None:
        return CaseChange(name, "new" if before is None else "gone", before, after)
    lines = tuple(_differences(before, after))
    ranks = _RANK[before.verdict], _RANK[after.verdict]
    if ranks[0] != ranks[1]:
        return CaseChange(name, "better" if ranks[1] > ranks[0] else "worse", before, after, lines)
    same = before.verdict == after.verdict and not lines
    return CaseChange(name, "same" if same else "changed", before, after, lines)


def _differences(before: CaseResult, after: CaseResult) -> list[str]:
    """Return which expectations hold now and did not, or the other way round."""
    broken = [{one.what for one in result.findings if one.difference} for result in (before, after)]
    judged = [{one.what for one in result.findings} for result in (before, after)]
    lines = [f"holds now: {what}" for what in _ordered(before, broken[0] & judged[1] - broken[1])]
    lines += [f"does not hold any more: {what}" for what in _ordered(after, broken[1] & judged[0] - broken[0])]
    lines += [f"no longer expected: {what}" for what in _ordered(before, judged[0] - judged[1])]
    lines += [f"also expected: {what}" for what in _ordered(after, judged[1] - judged[0])]
    if before.sentence != after.sentence:
        lines.append(after.sentence or f"no longer: {before.sentence}")
    return lines


def _ordered(result: CaseResult, names: set[str]) -> list[str]:
    return [one.what for one in result.findings if one.what in names]
