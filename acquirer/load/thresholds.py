"""Thresholds: what figures must be for a run to count as passed, in the grammar of k6.

    p(99)<250ms · p(99.9){sign_on}<=1s · max{phase:burst}<2s · avg{sale,phase:evening}<50ms · errors<0.1% · rate>=3900/s
    late<0.1% · count>=20000

1. Aggregations of latency are `avg`, `min`, `med`, `max` and `p(N)`; `errors` and `late` are shares, `rate` is answered
   requests a second, `count` how many were answered.
2. A scope in braces is a service, a phase (``phase:NAME``), or both.
3. Times of nothing hold no threshold, and a time that is a lower bound is below none.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from acquirer.data.toml import did_you_mean
from acquirer.errors import ConfigurationError

FigureUnit = Literal["ms", "share", "a second", ""]

_WRITTEN: Final = re.compile(
    r"(?P<name>p\(\s*(?P<percent>[0-9]{1,3}(?:\.[0-9]{1,4})?)\s*\)|[a-z]+)\s*"
    r"(?:\{(?P<scope>[^{}]*)\})?\s*"
    r"(?P<compare><=|>=|===?|!=|<|>)\s*"
    r"(?P<number>[0-9]{1,12}(?:\.[0-9]{1,6})?)\s*(?P<unit>us|µs|ms|s|%|/s)?"
)
_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "===": operator.eq,
    "!=": operator.ne,
}  # fmt: skip
_UNITS: Final[Mapping[str, FigureUnit]] = {
    "avg": "ms", "min": "ms", "med": "ms", "max": "ms", "errors": "share", "late": "share", "rate": "a second",
    "count": "",
}  # fmt: skip
_FACTORS: Final[Mapping[FigureUnit, Mapping[str | None, float]]] = {
    "ms": {"us": 0.001, "µs": 0.001, "ms": 1.0, "s": 1000.0, None: 1.0},
    "share": {"%": 0.01, None: 1.0},
    "a second": {"/s": 1.0, None: 1.0},
    "": {None: 1.0},
}
_EXAMPLES: Final[Mapping[FigureUnit, str]] = {"ms": "250ms or 1.5s", "share": "0.1%", "a second": "3900/s", "": "20000"}
_EXAMPLE: Final = "write it like p(99)<250ms, errors<0.1% or rate>=3900/s"


class _Time(Protocol):
    @property
    def ms(self) -> float: ...
    @property
    def at_least(self) -> bool: ...


class _Times(Protocol):
    def __len__(self) -> int: ...
    def quantile(self, percent: float) -> _Time: ...
    @property
    def least(self) -> _Time: ...
    @property
    def most(self) -> _Time: ...
    @property
    def mean_us(self) -> float: ...


class FiguresToJudge(Protocol):
    """What thresholds are about: exact figures of a run that has ended, or live ones."""

    @property
    def latency(self) -> _Times: ...
    @property
    def error_share(self) -> float: ...
    @property
    def late_share(self) -> float: ...
    @property
    def rate(self) -> float: ...
    @property
    def answered(self) -> int: ...


class ThresholdError(ConfigurationError, ValueError):
    """A threshold that cannot be used: one sentence."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """What one figure must be.

    Args:
        aggregation: `p`, `avg` …
        percent: of `p` only.
        service: "": all.
        phase: "": all.
        value: in milliseconds, as a share of 1, or as a plain number.
        abort: a run ends as soon as it is missed.
        grace_s: for so long it is not judged while the run goes on.
    """

    written: str
    aggregation: str
    percent: float
    service: str
    phase: str
    comparison: str
    value: float
    abort: bool = False
    grace_s: float = 0.0

    def holds(self, figure: float | None, *, at_least: bool = False) -> bool:
        """Return whether a figure, in the same unit, is as it must be.

        Args:
            figure: None where there are no times at all.
            at_least: the figure is a lower bound.
        """
        if figure is None or (at_least and self.comparison in ("<", "<=", "==", "===")):
            return False
        return _COMPARE[self.comparison](figure, self.value)

    @property
    def unit(self) -> FigureUnit:
        """Return what `value` counts."""
        return "ms" if self.aggregation == "p" else _UNITS[self.aggregation]


@dataclass(frozen=True, slots=True)
class JudgedThreshold:
    """What a threshold came to.

    Args:
        value: in its unit; None where there are no times at all.
        at_least: the value is a lower bound.
    """

    threshold: Threshold
    value: float | None
    at_least: bool
    held: bool

    @property
    def words(self) -> str:
        """Return the value as people read it."""
        if self.value is None:
            return "no requests"
        value = {
            "ms": f"{self.value:.1f} ms",
            "share": f"{self.value:.3%}",
            "a second": f"{self.value:.0f}/s",
            "": f"{self.value:g}",
        }[self.threshold.unit]
        return f"{'≥ ' if self.at_least else ''}{value}"


def judge(threshold: Threshold, figures: FiguresToJudge) -> JudgedThreshold:
    """Return what a threshold came to, from the figures of its scope."""
    value, at_least = _figure(threshold, figures)
    return JudgedThreshold(threshold, value, at_least, threshold.holds(value, at_least=at_least))


def _figure(threshold: Threshold, figures: FiguresToJudge) -> tuple[float | None, bool]:
    if threshold.unit != "ms":
        return {
            "errors": figures.error_share,
            "late": figures.late_share,
            "rate": figures.rate,
            "count": float(figures.answered),
        }[threshold.aggregation], False
    times = figures.latency
    if not len(times):
        return None, False
    if threshold.aggregation == "avg":
        return times.mean_us / 1000, False
    percent = {"p": threshold.percent, "med": 50.0}.get(threshold.aggregation)
    if percent is not None:
        time = times.quantile(percent)
    else:
        time = times.least if threshold.aggregation == "min" else times.most
    return time.ms, time.at_least


def read_threshold(text: str, *, abort: bool = False, grace_s: float = 0.0) -> Threshold:
    """Return a threshold as it is written.

    Args:
        abort: a run ends as soon as it is missed.
        grace_s: for so long it is not judged while the run goes on.

    >>> threshold = read_threshold("p(99){sign_on,phase:burst}<1s")
    >>> threshold.percent, threshold.service, threshold.phase, threshold.comparison, threshold.value
    (99.0, 'sign_on', 'burst', '<', 1000.0)
    >>> read_threshold("errors<=0.1%").value
    0.001

    Raises:
        ThresholdError: it is none.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise ThresholdError(f"'{text}' is no threshold; {_remedy(text.strip())}")
    percent = float(found["percent"] or 0)
    name = "p" if found["percent"] else found["name"]
    if name != "p" and name not in _UNITS:
        hint = did_you_mean(name, _UNITS) or f"; there are p(N), {', '.join(_UNITS)}"
        raise ThresholdError(f"'{text}': there is no figure '{name}'{hint}")
    if name == "p" and not 0 < percent < 100:
        raise ThresholdError(f"'{text}': a percentile lies above 0 and below 100; the longest time is 'max'")
    unit: FigureUnit = "ms" if name == "p" else _UNITS[name]
    factor = _FACTORS[unit].get(found["unit"])
    if factor is None:
        raise ThresholdError(f"'{text}': {name} is not counted in '{found['unit']}'; write it like {_EXAMPLES[unit]}")
    value = float(found["number"]) * factor
    if unit == "share" and value > 1:
        raise ThresholdError(f"'{text}': {name} is a share, of 1 at most; write it like {_EXAMPLES[unit]}")
    service, phase = _scope(text, found["scope"])
    return Threshold(text.strip(), name, percent, service, phase, found["compare"], value, abort, grace_s)


def check_scope(threshold: Threshold, services: Iterable[str], phases: Iterable[str]) -> None:
    """Refuse a threshold about a service or a phase that there is not.

    Raises:
        ThresholdError: there is none of the name.
    """
    services, phases = list(services), list(phases)
    for kind, name, known in (("service", threshold.service, services), ("phase", threshold.phase, phases)):
        if not name or name in known:
            continue
        if kind == "service" and name in phases:
            raise ThresholdError(f"'{threshold.written}': '{name}' is a phase; write {{phase:{name}}}")
        hint = did_you_mean(name, known) or f"; there are {', '.join(known)}"
        raise ThresholdError(f"'{threshold.written}': there is no {kind} '{name}'{hint}")


def _scope(text: str, written: str | None) -> tuple[str, str]:
    """Return service and phase of what stands in braces."""
    found: dict[str, str] = {}
    for part in (written or "").split(",") if written is not None else ():
        kind, colon, name = part.partition(":")
        if not colon:
            kind, name = "service", part
        kind, name = kind.strip(), name.strip()
        if kind not in ("service", "phase") or not name or kind in found:
            raise ThresholdError(
                f"'{text}': '{{{written}}}' is no scope; write {{sign_on}}, {{phase:burst}} or {{sale,phase:burst}}"
            )
        found[kind] = name
    return found.get("service", ""), found.get("phase", "")


def _remedy(text: str) -> str:
    """Return how to write what was meant."""
    if found := re.match(r"p\s*([0-9]{1,2}(?:\.[0-9]+)?)\b", text):
        return f"write p({found[1]}) for that percentile, as in p({found[1]})<250ms"
    if re.search(r"[^<>=!]=[^=]|=<|=>|~|≤|≥", text):
        return f"comparisons are < <= > >= == !=; {_EXAMPLE}"
    return _EXAMPLE
