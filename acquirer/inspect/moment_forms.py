"""Dates and times in other forms than those of their fields: with a year, without seconds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.wire.message import Value

_RIGHT: Final[Mapping[str, Mapping[int, str]]] = {
    "sent": {10: "MMDDhhmmss"},
    "time": {6: "hhmmss", 12: "YYMMDDhhmmss"},
    "date": {4: "MMDD"},
    "settlement_date": {4: "MMDD"},
    "expiry": {4: "YYMM"},
}
_OTHERS: Final[Mapping[str, tuple[str, ...]]] = {
    "MMDDhhmmss": ("YYMMDDhhmmss", "YYYYMMDDhhmmss", "MMDDhhmm"),
    "hhmmss": ("hhmm", "hhmmssnn", "YYMMDDhhmmss", "YYYYMMDDhhmmss", "MMDDhhmmss"),
    "YYMMDDhhmmss": ("YYYYMMDDhhmmss", "MMDDhhmmss", "hhmmss"),
    "MMDD": ("YYMMDD", "YYYYMMDD"),
    "YYMM": ("YYYYMM", "YYMMDD"),
}
"""Forms that are written in place of a right one, each of another size."""

_PARTS: Final = {
    "YYYY": "20[0-9]{2}",
    "YY": "[23][0-9]",
    "MM": "(?:0[1-9]|1[0-2])",
    "DD": "(?:0[1-9]|[12][0-9]|3[01])",
    "hh": "(?:[01][0-9]|2[0-3])",
    "mm": "[0-5][0-9]",
    "ss": "[0-5][0-9]",
    "nn": "[0-9]{2}",
}


def right_form(dialect: Dialect, de: int) -> str:
    """Return how a date or time of this field is written; "" for a field of another kind."""
    for name, forms in _RIGHT.items():
        if (at := dialect.elements.get(name)) is not None and at.de == de and at.whole:
            return forms.get(dialect.fields[de].maximum, "")
    return ""


def moment_form(dialect: Dialect, de: int, value: Value | None) -> str:
    """Return in which other form a date or time is written that has another size; "" when it is none."""
    if not isinstance(value, str):
        return ""
    others = _OTHERS.get(right_form(dialect, de), ())
    return next((form for form in others if _pattern(form).fullmatch(value)), "")


@cache
def _pattern(form: str) -> re.Pattern[str]:
    return re.compile(re.sub("YYYY|YY|MM|DD|hh|mm|ss|nn", lambda part: _PARTS[part[0]], form))
