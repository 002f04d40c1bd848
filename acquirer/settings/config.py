"""Settings of a host: from flags, else `ACQUIRER_*` in the environment, else `acquirer.toml`, else a default.

Every setting has the same name everywhere: `--idle-s` is written `ACQUIRER_IDLE_S` and `idle_s = 60`. A name that
nobody reads is refused with the nearest that somebody does; a value that cannot be is told with where it stands.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from acquirer.data.toml import DataError, Document, nearest, parse

FILE = "acquirer.toml"
PREFIX = "ACQUIRER_"


def _words(value: object) -> object:
    """Lists may be given as one text, separated by spaces, where there are only texts: in the environment."""
    if isinstance(value, str):
        return value.split()
    if isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value):
        return value
    raise ValueError('neither a text nor a list of texts; write "…", or ["…", "…"] for several')


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"'{name}' is no time zone; write it like \"Asia/Shanghai\"") from None
    return name


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class Config(BaseModel):
    """All settings of `acquirer serve`. Paths in a file are relative to where the command is run."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    listen: Words = ("127.0.0.1:8583",)
    """``[HOST:]PORT[=DIALECT]``, as many as wanted. Port 0 takes a free one."""
    store: str = "sqlite:///acquirer.db"
    dialect: str = "unionpay-pos"
    terminals: Path | None = None
    cards: Path | None = None
    timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    """Of business days, and of the time that is told to terminals."""
    magic_amounts: bool = False
    fault: Words = ()
    """Damage done on purpose: ``silent:tid=10000161``, or a file of ``[[fault]]`` tables."""
    signature_check: Words = ()
    """How strictly uploads of signatures are checked: ``amount=log``, ``pixels=strict`` …; see `host.checks`."""
    no_sign_limit: Annotated[str, Field(pattern=r"^[0-9]{1,8}(\.[0-9]{1,2})?$")] | None = None
    """Contactless sales up to this amount need no signature, as in ``1000.00``; else as the dialect says."""
    seed: int | None = None
    """Makes keys and everything else that is drawn repeatable; loopback only."""
    clock: datetime | None = None
    """A time at which the host's clock stands still."""
    log: Literal["auto", "readable", "json", "off"] = "auto"
    """Lines on stderr: readable on a terminal, else JSON."""
    patience_s: Seconds | None = None
    """How long terminals wait for an answer (else as their dialect says): what waited longer here is not booked."""
    connections: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Open at one time; else 20 000, or what the limit of open files leaves room for."""
    frame_s: Seconds = 10.0
    idle_s: Seconds = 60.0
    idle_known_s: Seconds = 300.0

    @property
    def no_sign_limit_minor(self) -> int | None:
        """`no_sign_limit` in minor units."""
        if self.no_sign_limit is None:
            return None
        whole, _, cents = self.no_sign_limit.partition(".")
        return int(whole) * 100 + int(cents.ljust(2, "0"))


def load_config(
    flags: Mapping[str, Any], environment: Mapping[str, str] = os.environ, file: Path | None = None
) -> Config:
    """Settings from all their sources; `flags` that are None were not given.

    Without `file`, ``acquirer.toml`` of the working directory is read if there is one.

    Raises:
        DataError: with the file, line and key, the variable or the flag that is wrong.
    """
    document = _read(file)
    for key in document.data:
        if key not in Config.model_fields:
            raise document.unknown((key,), Config.model_fields)
    given = _environment(environment)
    flagged = {name: value for name, value in flags.items() if value is not None}
    try:
        return Config.model_validate({**document.data, **given, **flagged})
    except ValidationError as failure:
        name = str(failure.errors()[0]["loc"][0])
        if name in flagged:
            raise _wrong("--" + name.replace("_", "-"), flagged[name], failure) from None
        if name in given:
            raise _wrong(PREFIX + name.upper(), given[name], failure) from None
        raise document.invalid(failure) from None


def make_config(**settings: Any) -> Config:
    """Settings as a program gives them: no file and no environment is read.

    >>> make_config(idle_s=5).idle_s
    5.0

    Raises:
        TypeError: there is no such setting.
        DataError: a value that cannot be.
    """
    for name in settings:
        if name not in Config.model_fields:
            raise TypeError(f"a host has no setting '{name}'{nearest(name, Config.model_fields)}")
    try:
        return Config(**settings)
    except ValidationError as failure:
        name = str(failure.errors()[0]["loc"][0])
        raise _wrong(name, settings[name], failure) from None


def _read(file: Path | None) -> Document:
    path = file or Path(FILE)
    if file is None and not path.exists():
        return Document(FILE, {}, {})
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        reason = wrong.strerror if isinstance(wrong, OSError) else "not UTF-8"
        raise DataError(str(path), 0, "", f"cannot be read ({reason}); name a file of settings in TOML") from None
    return parse(text, str(path))


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Settings among the variables. Others may begin alike; only what looks like a slip of one of ours is refused."""
    given = {}
    for variable, value in environment.items():
        if variable.startswith(PREFIX):
            name = variable.removeprefix(PREFIX).lower()
            if name in Config.model_fields:
                given[name] = value
            elif close := get_close_matches(name, Config.model_fields, n=1, cutoff=0.8):
                meant = PREFIX + close[0].upper()
                raise DataError("environment", 0, variable, f"unknown setting; did you mean '{meant}'?")
    return given


def _wrong(where: str, value: object, failure: ValidationError) -> DataError:
    problem = failure.errors()[0]["msg"].removeprefix("Value error, ")
    return DataError(where, 0, "", f"'{value}': {problem[0].lower()}{problem[1:]}")
