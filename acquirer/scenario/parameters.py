"""The parameters of a kind of fault: read from the fields and the docstring of its dataclass.

A field is a parameter. Its annotation says how it is written, its default what holds when it is left out, and its entry
under ``Args:`` in the docstring of the class what it does. A field whose type has a unit carries it in its name
(`after_ms`); the parameter itself is called without (``after``), because people write the unit: ``3s``.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

_DURATION: Final = re.compile(r"([0-9]{1,8})(?:\.([0-9]{1,3}))? ?(ms|s|min)?")
_UNIT_MS: Final = {"ms": 1, "s": 1000, "min": 60_000}
_LONGEST_MS: Final = 24 * 3600 * 1000
"""A day: longer than any terminal or test waits, short enough for every timer."""


@dataclass(frozen=True, slots=True)
class ParameterType:
    """How the values of a parameter are written."""

    description: str  # "duration, for example 3s, 250ms or 2.5 (seconds)"
    read: Callable[[str], Any]  # raises ValueError with one sentence
    show: Callable[[Any], str] = str
    suffix: str = ""  # of the field's name: the unit, which the parameter's name does not have


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of one kind."""

    name: str
    field: str
    type: ParameterType
    help: str
    required: bool
    default: Any = None


def read_duration_ms(text: str) -> int:
    """Return a duration in milliseconds.

    >>> read_duration_ms("3s"), read_duration_ms("250ms"), read_duration_ms("2.5"), read_duration_ms("1min")
    (3000, 250, 2500, 60000)

    Raises:
        ValueError: it is no duration, is no whole number of milliseconds, or is longer than a day.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text}' is not a duration; write it like 3s, 250ms or 1min (without a unit: seconds)")
    integer, fraction, unit = found.groups()
    thousandths = int(integer) * 1000 + int((fraction or "0").ljust(3, "0"))  # exact, where a float would not be
    ms, rest = divmod(thousandths * _UNIT_MS[unit or "s"], 1000)
    if rest:
        raise ValueError(f"'{text}' is not a whole number of milliseconds")
    if ms > _LONGEST_MS:
        raise ValueError(f"'{text}' is longer than a day; write at most 1440min")
    return ms


def show_duration_ms(ms: int) -> str:
    """Return a duration as people write it.

    >>> show_duration_ms(3000), show_duration_ms(250)
    ('3s', '250ms')
    """
    return f"{ms // 1000}s" if ms % 1000 == 0 else f"{ms}ms"


def _read_whole(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError(f"'{text}' is not a whole number; write digits, at most 9")
    return int(text)


def _read_number(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        raise ValueError(f"'{text}' is not a number; write it like 0.5")
    return float(text)


def _read_signed(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", text):
        raise ValueError(f"'{text}' is not a whole number; write it like 2 or -2")
    return int(text)


def _read_share(text: str) -> float:
    value = _read_number(text)
    if value > 1:
        raise ValueError(f"'{text}' is not a share; write a number from 0 to 1")
    return value


def _read_range_ms(text: str) -> tuple[int, int]:
    least, dots, most = text.partition("..")
    if not dots:
        raise ValueError(f"'{text}' is not a range of durations; write it like 100ms..2s")
    found = read_duration_ms(least.strip()), read_duration_ms(most.strip())
    if found[0] > found[1]:
        raise ValueError(f"'{text}' ends before it begins; write the shorter duration first")
    return found


def read_amount_minor(text: str) -> int:
    """Return an amount in minor units. Raises ValueError.

    >>> read_amount_minor("12.34"), read_amount_minor("12")
    (1234, 1200)
    """
    if not re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,2})?", text):
        raise ValueError(f"'{text}' is not an amount; write it like 12.34")
    integer, _, cents = text.partition(".")
    return int(integer) * 100 + int(cents.ljust(2, "0"))


def _read_bool(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"'{text}' is neither true nor false")
    return text == "true"


def _read_hex(text: str) -> bytes:
    if not re.fullmatch(r"([0-9A-Fa-f]{2})+", text):
        raise ValueError(f"'{text}' is not hex; write an even number of digits 0-9 and A-F")
    return bytes.fromhex(text)


def _read_text(text: str) -> str:
    if not text:
        raise ValueError("is empty")
    return text


Milliseconds = Annotated[
    int,
    ParameterType(
        "duration: 3s, 250ms, 1min; without a unit seconds", read_duration_ms, show_duration_ms, suffix="_ms"
    ),
]
"""A duration. The name of such a field ends in ``_ms``."""

MillisecondsRange = Annotated[
    tuple[int, int],
    ParameterType(
        "two durations, as in 100ms..2s",
        _read_range_ms,
        lambda value: f"{show_duration_ms(value[0])}..{show_duration_ms(value[1])}",
        suffix="_ms",
    ),
]
"""Two durations, the shorter one first. The name of such a field ends in ``_ms``."""

Amount = Annotated[
    int,
    ParameterType(
        "amount, as in 12.34", read_amount_minor, lambda value: f"{value // 100}.{value % 100:02}", suffix="_minor"
    ),
]
"""An amount. The name of such a field ends in ``_minor``."""

SignedNumber = Annotated[int, ParameterType("whole number, as in 2 or -2", _read_signed)]

Share = Annotated[float, ParameterType("number from 0 to 1", _read_share)]

PLAIN_TYPES: Final[Mapping[type, ParameterType]] = {
    int: ParameterType("whole number", _read_whole),
    float: ParameterType("number", _read_number),
    str: ParameterType("text", _read_text),
    bool: ParameterType("true or false", _read_bool, lambda value: str(value).lower()),
    bytes: ParameterType("bytes in hex", _read_hex, lambda value: value.hex().upper()),
}


def parameters_of(kind: type) -> tuple[Parameter, ...]:
    """Return the parameters of a kind, in the order of its fields.

    Raises:
        TypeError: a field cannot be a parameter, or its docstring does not describe it: one sentence for the author of
            the kind.
    """
    if not dataclasses.is_dataclass(kind):
        raise TypeError(f"{kind.__name__} is not a dataclass; write @dataclass(frozen=True, slots=True) above it")
    hints = get_type_hints(kind, include_extras=True)
    help_texts = argument_help(inspect.getdoc(kind) or "")
    return tuple(
        _parameter(kind, field, hints[field.name], help_texts) for field in dataclasses.fields(kind) if field.init
    )


def _parameter(kind: type, field: dataclasses.Field[Any], hint: Any, help_texts: Mapping[str, str]) -> Parameter:
    where = f"{kind.__name__}.{field.name}"
    type_ = _type(hint)
    if type_ is None:
        raise TypeError(
            f"{where}: a parameter cannot be of type {hint}; "
            "use int, float, str, bool, bytes, a Literal of texts, or one of acquirer.scenario.parameters"
        )
    if not field.name.endswith(type_.suffix):
        raise TypeError(f"{where}: the name must end in {type_.suffix}, its unit")
    if field.name not in help_texts:
        raise TypeError(f"{where}: is not described; add it under Args: in the docstring of {kind.__name__}")
    required = field.default is dataclasses.MISSING
    return Parameter(
        name=field.name.removesuffix(type_.suffix),
        field=field.name,
        type=type_,
        help=help_texts[field.name],
        required=required,
        default=None if required else field.default,
    )


def _type(hint: Any) -> ParameterType | None:
    if isinstance(hint, UnionType) or get_origin(hint) is Union:  # one that may be left out: its default is None
        possible = [one for one in get_args(hint) if one is not type(None)]
        return _type(possible[0]) if len(possible) == 1 else None
    if get_origin(hint) is Annotated:
        return next((extra for extra in get_args(hint)[1:] if isinstance(extra, ParameterType)), None)
    if get_origin(hint) is Literal and all(isinstance(choice, str) for choice in get_args(hint)):
        return _choice(get_args(hint))
    return PLAIN_TYPES.get(hint)


@cache
def _choice(choices: tuple[str, ...]) -> ParameterType:
    listed = ", ".join(choices)

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"'{text}' is not one of {listed}")
        return text

    return ParameterType(f"one of {listed}", read)


def argument_help(docstring: str) -> dict[str, str]:
    """Return what a docstring says of each argument, by its name."""
    _, _, section = docstring.partition("\nArgs:\n")
    texts: dict[str, str] = {}
    name = ""
    for line in section.splitlines():
        if found := re.fullmatch(r" {4}(\w+): (.+)", line):
            name = found[1]
            texts[name] = found[2].strip()
        elif name and line.startswith(" " * 8):
            texts[name] += f" {line.strip()}"
        else:
            break
    return texts
