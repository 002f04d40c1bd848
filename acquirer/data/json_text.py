"""JSON from outside: parsed once and whole, or refused with one sentence.

1. Text is UTF-8, with or without a byte order mark.
2. Nesting that is too deep, numbers of thousands of digits, NaN, infinities and keys that stand twice are refused: each
   of them is a mistake or an attack, and no two programs read it alike (RFC 8259, 4 and 6).
3. What does not fit into memory is a file that is too large, not a failure of the program.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from acquirer.errors import ConfigurationError


class JsonTextError(ConfigurationError, ValueError):
    """A text that is no JSON: `problem` says why, `line` where (0: unknown)."""

    def __init__(self, problem: str, line: int = 0) -> None:
        super().__init__(f"{problem} (line {line})" if line else problem)
        self.problem = problem
        self.line = line


def parse_json(text: str | bytes) -> Any:
    """Return what a JSON text says.

    >>> parse_json(b'{"a": [1, 2.5, "x"]}')
    {'a': [1, 2.5, 'x']}

    Raises:
        JsonTextError: it is none.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        return json.loads(
            text.removeprefix("\ufeff"),
            parse_constant=_refuse_constant,
            parse_float=_number,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as exc:
        raise JsonTextError(f"{exc.msg[0].lower()}{exc.msg[1:]}", exc.lineno) from None
    except UnicodeError:
        raise JsonTextError("it is not UTF-8 text") from None
    except RecursionError:
        raise JsonTextError("brackets are nested too deep") from None
    except MemoryError:
        raise JsonTextError("it is too large for the memory there is") from None
    except JsonTextError:
        raise
    except ValueError:  # of int: more digits than Python reads
        raise JsonTextError("a number has thousands of digits") from None


def _refuse_constant(name: str) -> NoReturn:
    raise JsonTextError(f"{name} is no number of JSON")


def _number(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise JsonTextError(f"the number {text[:20]} is too large")
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise JsonTextError(f"the key {twice[:40]!r} stands twice")
    return found
