"""What cannot be done, as ``application/problem+json`` (RFC 9457): one sentence, and where in the request it is about.

A pointer is a JSON pointer (RFC 6901) into the body, or ``query/NAME`` for a parameter of the address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi.responses import JSONResponse

from acquirer.data.text import plural, printable
from acquirer.data.toml import KeyPath, did_you_mean
from acquirer.errors import PeerError

MEDIA_TYPE: Final = "application/problem+json"

MOST_ERRORS: Final = 20
"""Named of one request: more have one cause, and fill a screen."""

_STEPS: Final = re.compile(r"\[(\d+)\]|(de\.\d+(?:\.\d+)?|[^.\[\]]+)")
"""Of a key: a number in brackets, or a name; a field of a message (``de.60.3``) is one name."""


class Problem(PeerError):
    """A request that cannot be answered as it was meant.

    Args:
        kind: what programs tell problems apart by.
        sentence: what is wrong and what to do, without its full stop.
        pointers: where in the request, and what is wrong there.
        more: further members of the document.
        headers: of the response.
    """

    def __init__(
        self,
        status: HTTPStatus,
        kind: str,
        sentence: str,
        *,
        pointers: Iterable[tuple[str, str]] = (),
        more: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.kind = kind
        self.sentence = sentence
        self.pointers = tuple(pointers)
        self.more = dict(more or {})
        self.headers = dict(headers or {})

    @property
    def document(self) -> dict[str, Any]:
        """Return it as a document."""
        found: dict[str, Any] = {
            "type": f"urn:acquirer:problem:{self.kind}",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": printable(self.sentence),
        }
        if self.pointers:
            found["errors"] = [{"pointer": where, "detail": printable(problem)} for where, problem in self.pointers]
        return found | self.more

    def response(self) -> JSONResponse:
        """Return it as a response."""
        return JSONResponse(self.document, self.status.value, self.headers, MEDIA_TYPE)


def unusable_value(pointer: str, problem: str) -> Problem:
    """Return the problem of a value that cannot be used."""
    return unusable_values([(pointer, problem)])


def unusable_values(pointers: Iterable[tuple[str, str]]) -> Problem:
    """Return the problem of values that cannot be used: the first in its sentence, all of them beside it."""
    named = [*pointers]
    where, problem = named[0]
    where = where.lstrip("/").replace("/", ".")
    sentence = f"{where}: {problem}" if where else problem
    if len(named) > 1:
        sentence += f" ({plural(len(named) - 1, 'more problem')}, see 'errors')"
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "unusable", sentence, pointers=named[:MOST_ERRORS])


def unknown_name(noun: str, name: str, known: Iterable[str], otherwise: str) -> Problem:
    """Return the problem of a name that nothing has: `otherwise` says what to do where none is like it."""
    near = did_you_mean(name, known) or f"; {otherwise}"
    return Problem(HTTPStatus.NOT_FOUND, f"no-{noun}", f"there is no {noun} '{name[:80]}'{near}")


def steps_of(key: str) -> KeyPath:
    """Return the steps to a value whose key errors about data name.

    >>> steps_of("rule[2].when.de.60.3")
    ('rule', 2, 'when', 'de.60.3')
    """
    return tuple(int(index) if index else name for index, name in _STEPS.findall(key))


def pointer_to(steps: KeyPath) -> str:
    """Return the JSON pointer of a value.

    >>> pointer_to(("a/b", 0))
    '/a~1b/0'
    """
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


def pointer_of(key: str, before: str = "") -> str:
    """Return the JSON pointer of a key as errors about data name it.

    >>> pointer_of("then.code"), pointer_of("rule[2].when.de.60.3", "/rules")
    ('/then/code', '/rules/rule/2/when/de.60.3')
    """
    return before + pointer_to(steps_of(key))
