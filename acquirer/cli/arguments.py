"""How typed words become values, in words of our own and without a validation library.

Typer from 0.26 reads every option with pydantic, whose import takes as long as all else that a command does which only
reads. `take_over` gives each parameter of a simple type a reader of ours in its place. The attribute it sets is private
to typer (tried with 0.29); where a version does not have it, or a type is not simple, typer reads as it would anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args, get_origin

import typer

_ATTRIBUTE: Final = "_runtime_param"


def take_over(command: Any) -> None:
    """Have the parameters of a command, and of those below it, read by this module."""
    for parameter in _parameters(command):
        if hasattr(parameter, _ATTRIBUTE) and (reader := _reader(parameter)):
            setattr(parameter, _ATTRIBUTE, reader)


def _parameters(command: Any) -> Iterator[Any]:
    yield from command.get_params(typer.Context(command))  # its --help among them, which is made once
    for below in getattr(command, "commands", {}).values():
        yield from _parameters(below)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one parameter; stands where typer keeps what it calls a runtime parameter."""

    read: Callable[[Any], Any]  # raises ValueError with the rest of a sentence about the value
    is_list: bool

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the value as the command takes it. Raises BadParameter."""
        if value is None:
            return () if self.is_list else None
        try:
            return [self.read(one) for one in value] if self.is_list else self.read(value)
        except ValueError as exc:
            raise typer.BadParameter(f"'{value}' {exc}", ctx=ctx, param=param) from None


def _reader(parameter: Any) -> _Reader | None:
    annotation = parameter.type_descriptor.annotation
    is_list = get_origin(annotation) is list
    of_item = get_args(annotation)[0] if is_list else annotation
    make = _READERS.get(of_item)
    return None if make is None else _Reader(make(parameter), is_list)


def _as_it_is(_parameter: Any) -> Callable[[Any], Any]:
    return lambda value: value


def _path(_parameter: Any) -> Callable[[Any], Any]:
    return Path


def _whole(parameter: Any) -> Callable[[Any], Any]:
    from acquirer.settings.values import whole

    return whole(parameter.min, parameter.max)


def _number(parameter: Any) -> Callable[[Any], Any]:
    def read(value: Any) -> float:
        try:
            number = float(value)
        except ValueError:
            raise ValueError("is not a number") from None
        if parameter.min is not None and not number >= parameter.min:
            raise ValueError(f"is out of range; write a number from {parameter.min}")
        return number

    return read


_READERS: Final[Mapping[type, Callable[[Any], Callable[[Any], Any]]]] = {
    str: _as_it_is,
    bool: _as_it_is,  # a switch has been read already
    Path: _path,
    int: _whole,
    float: _number,
}
"""For each simple type, what makes a reader for one parameter of it."""
