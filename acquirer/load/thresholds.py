"""Thresholds: what figures must be for a run to count as passed, in the grammar of k6.

    p(99)<250ms · p(99.9){sign_on}<=1s · max<2s · avg<50ms · errors<0.1% · rate>=3900/s · late<0.1% · count>=20000

Aggregations of latency are `avg`, `min`, `med`, `max` and `p(N)`; `errors` and `late` are shares, `rate` is answered
exchanges a second, `count` how many were answered. A scope in braces is a service.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from acquirer.data.toml import did_you_mean
from acquirer.errors import ConfigurationError

FigureUnit = Literal["ms", "share", "a second", ""]

_WRITTEN: Final = re.compile(
    r"(?P<name>p\(\s*(?P<percent>[0-9]{1,3}(?:\.[0-9]{1,4})?)\s*\)|[a-z]+)\s*"
    r"(?:\{\s*(?P<scope>[a-z_]+)\s*\})?\s*"
    r"(?P<compare><=|>=|==|!=|<|>)\s*"
    r"(?P<number>[0-9]{1,12}(?:\.[0-9]{1,6})?)\s*(?P<unit>us|ms|s|%|/s)?"
)
_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_UNITS: Final[Mapping[str, FigureUnit]] = {
    "avg": "ms", "min": "ms", "med": "ms", "max": "ms", "errors": "share", "late": "share", "rate": "a second",
    "count": "",
}  # fmt: skip
_FACTORS: Final[Mapping[FigureUnit, Mapping[str | None, float]]] = {
    "ms": {"us": 0.001, "ms": 1.0, "s": 1000.0, None: 1.0},
    "share": {"%": 0.01, None: 1.0},
    "a second": {"/s": 1.0, None: 1.0},
    "": {None: 1.0},
}
_EXAMPLES: Final[Mapping[FigureUnit, str]] = {"ms": "250ms or 1.5s", "share": "0.1%", "a second": "3900/s", "": "20000"}


class ThresholdError(ConfigurationError, ValueError):
    """A threshold that cannot be used: one sentence."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """What one figure must be.

    Args:
        aggregation: `p`, `avg` … ; percent: of `p` only.
        service: "": all.
        value: in milliseconds, as a share of 1, or as a plain number.
    """

    written: str
    aggregation: str
    percent: float
    service: str
    comparison: str
    value: float

    def holds(self, figure: float) -> bool:
        """Return whether a figure, in the same unit, is as it must be."""
        return _COMPARE[self.comparison](figure, self.value)

    @property
    def unit(self) -> FigureUnit:
        """Return what `value` counts."""
        return "ms" if self.aggregation == "p" else _UNITS[self.aggregation]


def read_threshold(text: str) -> Threshold:
    """Return a threshold as it is written.

    >>> threshold = read_threshold("p(99){sign_on}<1s")
    >>> threshold.percent, threshold.service, threshold.comparison, threshold.value
    (99.0, 'sign_on', '<', 1000.0)
    >>> read_threshold("errors<=0.1%").value
    0.001

    Raises:
        ThresholdError: it is none.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise ThresholdError(f"'{text}' is no threshold; write it like p(99)<250ms, errors<0.1% or rate>=3900/s")
    percent = float(found["percent"] or 0)
    name = "p" if found["percent"] else found["name"]
    if name != "p" and name not in _UNITS:
        hint = did_you_mean(name, _UNITS) or f"; there are p(N), {', '.join(_UNITS)}"
        raise ThresholdError(f"'{text}': there is no figure '{name}'{hint}")
    if name == "p" and not 0 < percent < 100:
        raise ThresholdError(f"'{text}': a percentile lies above 0 and below 100")
    unit: FigureUnit = "ms" if name == "p" else _UNITS[name]
    factor = _FACTORS[unit].get(found["unit"])
    if factor is None:
        raise ThresholdError(f"'{text}': {name} is not counted in '{found['unit']}'; write it like {_EXAMPLES[unit]}")
    value = float(found["number"]) * factor
    return Threshold(text.strip(), name, percent, found["scope"] or "", found["compare"], value)
