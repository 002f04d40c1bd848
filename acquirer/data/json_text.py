"""JSON from outside: parsed once and whole, or refused with one sentence.

1. Text is UTF-8, with or without a byte order mark.
2. Nesting that is too deep, numbers of thousands of digits, NaN, infinities, keys that stand twice and halves of
   characters (lone surrogates) are refused: each of them is a mistake or an attack, and no two programs read it alike
   (RFC 8259, 4, 6 and 8.2).
3. What does not fit into memory is a file that is too large, not a failure of the program.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn

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
        found = json.loads(
            text.removeprefix("\ufeff"),
            parse_constant=_refuse_constant,
            parse_float=_number,
            object_pairs_hook=_object,
        )
        if _SURROGATE.search(text):
            json.dumps(found, ensure_ascii=False).encode("utf-8")
        return found
    except json.JSONDecodeError as exc:
        raise JsonTextError(f"{exc.msg[0].lower()}{exc.msg[1:]}", exc.lineno) from None
    except UnicodeEncodeError as exc:
        raise JsonTextError(f"\\u{ord(exc.object[exc.start]):04x} is half a character") from None
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


_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
"""What may be half of a character: as JSON writes it, and as it is."""


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
