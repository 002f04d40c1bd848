"""What form an answer has: as the header ``Accept`` asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from acquirer.control.problems import Problem

JSON: Final = "application/json"


def accepted(accept: str, offered: Sequence[str]) -> str:
    """Return the media type that a client likes best, of equal ones the first that is offered.

    >>> accepted("text/html, text/*;q=0.5", ["application/json", "text/plain"])
    'text/plain'
    >>> accepted("", ["application/json", "text/plain"])
    'application/json'

    Raises:
        Problem: it takes none of them.
    """
    wanted = [_range(one) for one in accept.split(",") if one.strip()] or [("*/*", 1.0)]
    best = max(offered, key=lambda one: _quality(one, wanted))
    if _quality(best, wanted) > 0:
        return best
    sentence = f"'{accept[:80]}' is none of the forms there are: {', '.join(offered)}"
    raise Problem(HTTPStatus.NOT_ACCEPTABLE, "not-acceptable", sentence)


def _range(text: str) -> tuple[str, float]:
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = next((one[2:] for one in parameters if one.startswith("q=")), "1")
    try:
        return kind, min(max(float(quality), 0.0), 1.0)
    except ValueError:
        return kind, 0.0


def _quality(offered: str, wanted: Sequence[tuple[str, float]]) -> float:
    """Return how much a client likes a form: what the range says that fits it most exactly (RFC 9110, 12.5.1)."""
    for form in (offered, f"{offered.partition('/')[0]}/*", "*/*"):
        for kind, quality in wanted:
            if kind == form:
                return quality
    return 0.0
