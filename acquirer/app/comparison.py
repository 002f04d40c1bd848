"""What a relay finds when it has our host answer too: of each exchange, and of all of them together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from acquirer.data.text import plural
from acquirer.inspect.field_difference import FieldDifference
from acquirer.model.evidence import Evidence

ComparedAs = Literal["same", "differs", "not-compared"]

FIRST, SECOND = "theirs", "ours"
"""What the two replies are called."""

MOST_PLACES: Final = 500
"""Kinds of differences that a report lists: people read some dozen, and a host of another dialect makes thousands."""


@dataclass(slots=True)
class Compared:
    """How a real reply and ours relate.

    Args:
        problems: sentences about what differs and is no field.
        why: why ours answers as it does, where it differs; why it is not compared.
    """

    differences: list[FieldDifference] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    why: str = ""
    left_out: bool = False

    @property
    def counting(self) -> list[FieldDifference]:
        """Return the differences that must not be."""
        return [one for one in self.differences if one.counts]

    @property
    def outcome(self) -> ComparedAs:
        """Return it in a word."""
        if self.left_out:
            return "not-compared"
        return "differs" if self.counting or self.problems else "same"

    def sentences(self) -> Iterator[str]:
        """Yield what differs that must not, and why ours is so."""
        if self.left_out:
            yield f"not compared: {self.why}"
            return
        yield from self.problems
        for one in self.counting:
            yield f"differs: {one.sentence(FIRST, SECOND)}"
        if self.why and (self.counting or self.problems):
            yield f"ours: {self.why}"


@dataclass(slots=True)
class DifferingPlace:
    """A difference that some exchanges have in common."""

    service: str
    path: str  # "" for what is no field
    kind: str
    counts: bool
    sentence: str  # of the first of them
    evidence: Evidence  # of the first of them; its number in the journal is known once it is written
    times: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        return {
            "service": self.service,
            "field": self.path or None,
            "kind": self.kind,
            "counts": self.counts,
            "times": self.times,
            "first": {"exchange": self.evidence.id or None, "tid": self.evidence.tid, "stan": self.evidence.stan},
            "sentence": self.sentence,
        }


class ComparisonReport:
    """All that was compared while a relay ran."""

    def __init__(self) -> None:
        self.outcomes: dict[ComparedAs, int] = {"same": 0, "differs": 0, "not-compared": 0}
        self._places: dict[tuple[str, str, str, bool], DifferingPlace] = {}
        self._left_out: dict[str, int] = {}
        self._beyond = 0

    def add(self, compared: Compared, evidence: Evidence) -> None:
        """Count one exchange."""
        self.outcomes[compared.outcome] += 1
        if compared.left_out:
            self._left_out[compared.why] = self._left_out.get(compared.why, 0) + 1
            return
        service = evidence.service or evidence.mti or "undecodable"
        for problem in compared.problems:
            self._count(service, "", problem, True, problem, evidence)
        for one in compared.differences:
            sentence = one.sentence(FIRST, SECOND)
            if one.counts and compared.why:
                sentence = f"{sentence} (ours: {compared.why})"
            self._count(service, one.path, one.kind, one.counts, sentence, evidence)

    def _count(self, service: str, path: str, kind: str, counts: bool, sentence: str, evidence: Evidence) -> None:
        key = service, path, kind, counts
        place = self._places.get(key)
        if place is None:
            if len(self._places) >= MOST_PLACES:
                self._beyond += 1
                return
            kind = kind if path else "problem"
            place = self._places[key] = DifferingPlace(service, path, kind, counts, sentence, evidence)
        place.times += 1

    @property
    def compared(self) -> int:
        """How many exchanges were compared."""
        return self.outcomes["same"] + self.outcomes["differs"]

    @property
    def holds(self) -> bool:
        """Whether nothing differs that must not, and something was compared."""
        return not self.outcomes["differs"] and bool(self.compared)

    @property
    def summary(self) -> str:
        """Return it in a sentence."""
        text = f"{plural(self.compared, 'exchange')} compared, {self.outcomes['differs']} differ"
        if self.outcomes["not-compared"]:
            text += f", {self.outcomes['not-compared']} not compared"
        return text

    def places(self, *, counts: bool) -> list[DifferingPlace]:
        """Return the differences that count, or those that must be, the most frequent first."""
        found = [one for one in self._places.values() if one.counts is counts]
        return sorted(found, key=lambda one: (-one.times, one.service, one.path))

    def lines(self) -> Iterator[str]:
        """Yield the report for people."""
        yield self.summary
        for place in self.places(counts=True):
            about = place.evidence
            where = ", ".join(
                filter(None, (about.tid and f"terminal {about.tid}", about.stan and f"STAN {about.stan}"))
            )
            number = f"first: exchange {about.id}" if about.id else "first"
            yield f"  {place.times} × {place.service}: {place.sentence} [{number}{where and ', '}{where}]"
        for why, times in self._left_out.items():
            yield f"  {times} not compared: {why}"
        anew = dict.fromkeys(place.sentence.partition(":")[0] for place in self.places(counts=False))
        if anew:
            yield f"  differ as they must, or as was asked: {', '.join(anew)}"
        if self._beyond:
            yield f"  {plural(self._beyond, 'more difference')} of other kinds left out"

    def as_json(self) -> dict[str, Any]:
        """Return the report for machines."""
        return {
            "event": "compared",
            "holds": self.holds,
            "compared": self.compared,
            "same": self.outcomes["same"],
            "differ": self.outcomes["differs"],
            "not_compared": self.outcomes["not-compared"],
            "differences": [one.as_json() for one in self.places(counts=True)],
            "must_differ": [one.as_json() for one in self.places(counts=False)],
            "left_out": dict(self._left_out),
            "beyond": self._beyond,
        }
