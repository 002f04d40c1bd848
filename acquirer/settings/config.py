"""Settings of a host: from flags, else `ACQUIRER_*` in the environment, else `acquirer.toml`, else a default.

1. Every setting has the same name everywhere: ``--idle-s`` is written ``ACQUIRER_IDLE_S`` and ``idle_s = 60``.
2. A setting that was renamed keeps its old name too (`ALIASES`); the configuration then carries a note about it.
3. An unknown name is refused with the nearest known one; a value that cannot be used is named with where it stands.
4. This module imports nothing heavy: every command that reads a store needs its settings, and is to start at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

from acquirer.data.toml import DataError, Document, KeyPath, did_you_mean, dotted, parse_toml
from acquirer.settings.text_file import read_text_file
from acquirer.settings.tls_tables import ServerTlsTable, TableProblem, read_tls_tables
from acquirer.settings.values import (
    ValueReader,
    choice,
    optional,
    quoted,
    read_amount,
    read_bool,
    read_clock,
    read_path,
    read_text,
    read_timezone,
    read_token,
    read_words,
    seconds,
    whole,
)
from acquirer.settlement.policies import ReversibleLoads, SettlementReply, UnsignedPolicy

FILE: Final = "acquirer.toml"
PREFIX: Final = "ACQUIRER_"
DEFAULT_STORE: Final = "sqlite:///acquirer.db"

ALIASES: Final[Mapping[str, str]] = {"magic_amounts": "trigger_amounts"}
"""Names that settings had in earlier versions, and their names now."""

TextValue = Annotated[str, read_text]
TextValues = Annotated[tuple[str, ...], read_words]
Switch = Annotated[bool, read_bool]
File = Annotated[Path | None, optional(read_path)]
Seconds = Annotated[float, seconds(86_400)]


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of `acquirer serve`, each with its reader. Paths in a file are relative to the working directory."""

    listen: TextValues = ("127.0.0.1:8583",)
    """``[HOST:]PORT[=DIALECT][,tls=NAME]``, as many as wanted. Port 0 takes a free one."""
    tls: Annotated[tuple[ServerTlsTable, ...], read_tls_tables] = ()
    """``[tls.NAME]``: what is shown and asked for at addresses with that name; see docs/tls.md. In the file only."""
    store: TextValue = DEFAULT_STORE
    http: Annotated[str | None, optional(read_text)] = None
    """``[HOST:]PORT`` where the host is controlled by HTTP; see docs/http.md."""
    http_host: TextValues = ()
    """Names under which HTTP clients may ask, beside loopback and the address itself."""
    http_token: Annotated[str | None, optional(read_token)] = None
    """What HTTP clients have to send; without it one is made where others than this machine can reach the host. No
    flag: everyone on a machine can read those of a process."""
    exit_with_parent: Switch = False
    """The host ends when the process that started it does, however that ended."""
    dialect: TextValue = "unionpay-pos"
    terminals: File = None
    cards: File = None
    downloads: File = None
    """Folder of what terminals download; what it lacks is as shipped (``specs/downloads``)."""
    timezone: Annotated[str, read_timezone] = "Asia/Shanghai"
    """Of business days, and of the time that terminals are given."""
    trigger_amounts: Switch = False
    """The cents of an amount choose the answer; 98 is not answered at all."""
    void_other_day: Switch = False
    """A void is also taken on a later business day than its sale's, as long as the batch is open."""
    refund_days: Annotated[int, whole(0, 3650)] = 30
    """A refund is taken for so many days after its sale."""
    pre_auth_days: Annotated[int, whole(0, 3650)] = 29
    """A pre-authorisation is completed, topped up or voided for so many days."""
    completion_percent: Annotated[int, whole(1, 1000)] = 115
    """A completion takes up to so many per cent of what its pre-authorisation holds."""
    reversible_loads: Annotated[ReversibleLoads, choice(get_args(ReversibleLoads))] = "all"
    """Which reversals of loads are taken: all, or only those of the void of a load; hosts differ."""
    settlement_reply: Annotated[SettlementReply, choice(get_args(SettlementReply))] = "host"
    """Whose totals the reply to a settlement has that is not balanced: hosts differ."""
    unsigned_at_settlement: Annotated[UnsignedPolicy, choice(get_args(UnsignedPolicy))] = "accept"
    """What a settlement does about transactions without a signature: nothing, note them, or keep the batch open."""
    keep_days: Annotated[int, whole(1, 3650)] = 35
    """A transaction of a closed batch is kept for so many days after it was last referred to."""
    fault: TextValues = ()
    """Damage done on purpose: ``silent:tid=10000161``, or a file of ``[[fault]]`` tables; see docs/faults.md."""
    pack: TextValues = ()
    """Rules, faults, terminals and cards that belong together: ``day-end``, or a file; see docs/rules.md."""
    signature_check: TextValues = ()
    """How strictly uploads of signatures are checked: ``amount=log``, ``pixels=strict`` …"""
    no_sign_limit: Annotated[str | None, optional(read_amount)] = None
    """Contactless sales up to this amount need no signature, as in ``1000.00``; else as the dialect says."""
    seed: Annotated[int | None, optional(whole())] = None
    """Makes keys and everything else that is drawn repeatable; loopback only."""
    clock: Annotated[datetime | Literal["virtual"] | None, optional(read_clock)] = None
    """A time at which the host's clock stands still; ``virtual``: it may be set ahead (``POST /clock``)."""
    log: Annotated[str, choice(("auto", "readable", "json", "off"))] = "auto"
    """Lines on stderr: readable on a terminal, else JSON."""
    trace: File = None
    """All frames, raw and unmasked, are written to this file: as text, or as packets where its name ends in .pcapng."""
    trace_mib: Annotated[int, whole(1, 1_000_000)] = 256
    """The trace grows no further than this."""
    patience_s: Annotated[float | None, optional(seconds(86_400))] = None
    """How long terminals wait for an answer (else as their dialect says): what waited longer here is not booked."""
    connections: Annotated[int | None, optional(whole(1, 1_000_000))] = None
    """Open at one time; else 20 000, or what the limit of open files leaves room for."""
    frame_s: Seconds = 10.0
    idle_s: Seconds = 60.0
    idle_known_s: Seconds = 300.0

    notes: tuple[str, ...] = field(default=(), compare=False)
    """Not a setting: what a person should know about how these were written, one sentence each."""

    @property
    def no_sign_limit_minor(self) -> int | None:
        """Return `no_sign_limit` in minor units."""
        if self.no_sign_limit is None:
            return None
        integer, _, cents = self.no_sign_limit.partition(".")
        return int(integer) * 100 + int(cents.ljust(2, "0"))


_READERS: Final[Mapping[str, ValueReader[Any]]] = {
    name: hint.__metadata__[0]
    for name, hint in get_type_hints(Config, include_extras=True).items()
    if get_origin(hint) is Annotated
}

SETTINGS: Final = tuple(_READERS)
"""The names of all settings."""


def load_config(
    flags: Mapping[str, Any], environment: Mapping[str, str] = os.environ, file: Path | None = None
) -> Config:
    """Return the settings from all their sources.

    Args:
        flags: by name; those that are None were not given.
        environment: only names that begin with ``ACQUIRER_`` are looked at.
        file: instead of ``acquirer.toml`` of the working directory, which may be missing.

    Raises:
        DataError: with the file, line and key, the variable or the flag that cannot be used.
    """
    flagged = (_Given(key, value, place=_flag(key)) for key, value in flags.items() if value is not None)
    return _config(_in_file(_read_file(file)), _in_environment(environment), flagged)


def make_config(**settings: Any) -> Config:
    """Return settings as a program gives them: no file and no environment is read.

    >>> make_config(idle_s=5).idle_s
    5.0

    Raises:
        TypeError: there is no such setting.
        DataError: a value that cannot be used.
    """
    for name in settings:
        if name not in _READERS and name not in ALIASES:
            raise TypeError(f"a host has no setting '{name}'{did_you_mean(name, SETTINGS)}")
    return _config(_Given(name, value, place=name) for name, value in settings.items())


@dataclass(frozen=True, slots=True)
class _Given:
    """One setting as one source gives it."""

    written: str  # its name or an old name of it
    value: object
    place: str  # the flag, the variable or the file
    document: Document | None = None  # the file

    @property
    def name(self) -> str:
        """Return the name of the setting."""
        return ALIASES.get(self.written, self.written)

    def error(self, problem: str, path: KeyPath = ()) -> DataError:
        """Return an error about this value, or what stands in it at `path`."""
        if self.document is not None:
            return self.document.error((self.written, *path), problem)
        return DataError(self.place, 0, dotted(path), problem)

    def note(self) -> str:
        """Return a sentence about the old name under which the setting is written."""
        goes_on = "now; the old name goes on working"
        if self.document is not None:
            return str(self.error(f"is called {self.name} {goes_on}"))
        spelled = next(spell for spell in (_flag, _variable, str) if spell(self.written) == self.place)
        return f"{self.place} is called {spelled(self.name)} {goes_on}"


def _config(*sources: Iterable[_Given]) -> Config:
    """Return the settings of all sources; a later source goes before an earlier one."""
    values: dict[str, Any] = {}
    notes: list[str] = []
    for source in sources:
        of_source: dict[str, Any] = {}
        for given in source:
            name = given.name
            if name in of_source:
                old = next(alias for alias, now in ALIASES.items() if now == name)
                raise given.error(f"stands here under its old name '{old}' too; keep '{name}' only")
            try:
                of_source[name] = _READERS[name](given.value)
            except TableProblem as exc:
                raise given.error(exc.problem, exc.path) from None
            except ValueError as exc:
                raise given.error(f"{quoted(given.value)} {exc}") from None
            if given.written != name:
                notes.append(given.note())
        values |= of_source
    return Config(**values, notes=tuple(notes))


def _in_file(document: Document) -> Iterator[_Given]:
    for key, value in document.data.items():
        if key not in _READERS and key not in ALIASES:
            raise document.unknown((key,), SETTINGS)
        yield _Given(key, value, document.name, document)


def _in_environment(environment: Mapping[str, str]) -> Iterator[_Given]:
    """Yield the settings among the variables; of unknown ones, only what looks like a misspelt setting is refused."""
    for variable, value in environment.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name in _READERS or name in ALIASES:
            yield _Given(name, value, variable)
        elif close := get_close_matches(name, SETTINGS, n=1, cutoff=0.8):
            raise DataError("environment", 0, variable, f"unknown setting; did you mean '{_variable(close[0])}'?")


def _read_file(file: Path | None) -> Document:
    path = file or Path(FILE)
    if file is None and not path.exists():
        return Document(FILE, {}, {})
    try:
        text = read_text_file(path)
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not UTF-8"
        raise DataError(str(path), 0, "", f"cannot be read ({reason}); name a file of settings in TOML") from None
    return parse_toml(text, str(path))


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _variable(name: str) -> str:
    return PREFIX + name.upper()
