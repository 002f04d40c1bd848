"""How faults are written: as ``[[fault]]`` tables of a TOML document, or as one text each."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Any, Final

from acquirer.data.text import plural
from acquirer.data.toml import Document, KeyPath, did_you_mean
from acquirer.dialect.dialect import Dialect
from acquirer.matcher.expression import Atom, Expression, conjunction
from acquirer.matcher.filter_text import parse_filter
from acquirer.matcher.keys import FAULT_KEYS, REQUEST_KEYS, ConditionError
from acquirer.matcher.when import from_mapping
from acquirer.scenario.conflicts import find_conflict
from acquirer.scenario.fault import LONGEST_NAME, Fault
from acquirer.scenario.fault_kind import FaultKind, Stage
from acquirer.scenario.parameters import read_amount_minor
from acquirer.scenario.placement import answering, is_declined
from acquirer.scenario.possible import address_problem, impossible
from acquirer.scenario.registry import CONDITIONS, KindEntry, find_kind, known_names


def parse(text: str, dialects: Collection[Dialect] = ()) -> Fault:
    """Return a fault from ``"kind:key=value,key=value"``; amounts as people write them, ``12.34``.

    >>> parse("silent:tid=10000161,amount=13.13")
    Fault(name='silent', kind=Silent(), tid='10000161', mid=None, service=None, code=None, amount_minor=1313, \
peer=None, listener=None, probability=1.0, count=None, skip=0, seed=None, when=None, enabled=True)
    >>> parse("late:after=250ms,service=sale").kind
    Late(after_ms=250)

    Args:
        dialects: that the host speaks; none: what a dialect must know is not checked.

    Raises:
        ValueError: one sentence that says what is wrong.
    """
    kind, _, rest = text.partition(":")
    values: dict[str, Any] = {"kind": kind.strip()}
    for pair in filter(None, (part.strip() for part in rest.split(","))):
        key, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"fault '{text}': '{pair}' is not key=value (for example silent:tid=10000161)")
        if key.strip() in values:
            raise ValueError(f"fault '{text}': {key.strip()}: is given twice; keep one")
        values[key.strip()] = value.strip()
    try:
        return _fault(values, dialects)
    except _KeyProblem as exc:
        raise ValueError(f"fault '{text}': {': '.join(exc.keys)}: {exc.problem}") from exc.__cause__


def load(document: Document, dialects: Collection[Dialect] = ()) -> tuple[Fault, ...]:
    """Return the ``[[fault]]`` tables of a TOML document.

    Args:
        dialects: as for `parse`.

    Raises:
        DataError: with file, line and key.
    """
    for key in document.data:
        if key != "fault":
            raise document.unknown((key,), ["fault"])
    tables = document.data.get("fault", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise document.error(("fault",), "write each fault as a [[fault]] table")
    faults: list[Fault] = []
    names: set[str] = set()
    for i, table in enumerate(tables):
        fault = read_fault(document, ("fault", i), table, dialects)
        if "name" in table and fault.name in names:
            problem = f"'{fault.name}' is the name of another fault; give each its own, or leave it out"
            raise document.error(("fault", i, "name"), problem)
        names.add(fault.name)
        faults.append(fault)
    if conflict := find_conflict(faults):
        later = max(i for i, fault in enumerate(faults) if fault in conflict.pair)
        raise document.error(("fault", later, "kind"), conflict.problem)
    return tuple(faults)


def read_fault(document: Document, path: KeyPath, table: Mapping[str, Any], dialects: Collection[Dialect]) -> Fault:
    """Return the fault that the table at `path` of a document describes. Raises DataError."""
    try:
        return _fault(table, dialects)
    except _KeyProblem as exc:
        raise document.error((*path, *exc.keys), exc.problem) from exc.__cause__


class _KeyProblem(Exception):
    """The value of `key` cannot be used, or within it that of `inner`."""

    def __init__(self, key: str, problem: str, inner: str = "") -> None:
        super().__init__(problem)
        self.keys, self.problem = (key, inner) if inner else (key,), problem


def _fault(values: Mapping[str, Any], dialects: Collection[Dialect]) -> Fault:
    if "kind" not in values:
        raise _KeyProblem("kind", f"is missing; known kinds: {', '.join(known_names())}")
    entry = _read("kind", values["kind"], find_kind)
    parameters = {parameter.name: parameter for parameter in entry.parameters}
    conditions: dict[str, Any] = {}
    when: object = None
    arguments: dict[str, Any] = {}
    for written, value in values.items():
        key = written if written in parameters else _ALIASES.get(written, written)
        if key != written and key in values:
            raise _KeyProblem(written, f"is another name of {key}, which is given too; keep one")
        if parameter := parameters.get(key):
            arguments[parameter.field] = _read(written, value, parameter.type.read)
        elif key == "when":
            when = value
        elif key in _READERS:
            field, reader = _READERS[key]
            conditions[field] = _read(written, value, reader)
        elif key != "kind":
            raise _KeyProblem(key, f"unknown key{did_you_mean(key, (*CONDITIONS, *parameters)) or _parameters(entry)}")
    kind = _kind(entry, arguments, values)
    if "code" in values and kind.stage is Stage.BEFORE_DECISION:
        problem = f"a fault of kind '{entry.name}' acts before the decision, when no code is known: it can never match"
        raise _KeyProblem("code", problem)
    for key in _OF_EXCHANGES if kind.stage is Stage.LINE else ():
        if key in values:
            raise _KeyProblem(key, f"a fault of kind '{entry.name}' acts on connections, which have none; take it out")
    plain = [Atom(key, "equal", str(values[key])) for key in _AS_WHEN if key in values]
    for key, problem in impossible(conjunction(plain), dialects):
        raise _KeyProblem(key, problem)
    if when is not None:
        conditions["when"] = _when(when, plain, conditions.get("skip", 0), kind, dialects)
    services = frozenset((conditions["service"],)) if "service" in conditions else None
    problems = [kind.misfit(answering(one, services) if services else one) for one in dialects]
    if problems and all(problems):
        raise _KeyProblem(_about(problems[-1], values), problems[-1])
    if kind.stage is Stage.SEALING and is_declined((conditions.get("code", ""),), dialects):
        raise _KeyProblem("code", f"a fault of kind '{entry.name}' damages a MAC, which no decline has: it never acts")
    return Fault(**{"name": entry.name, **conditions}, kind=kind)


def _when(
    written: object, plain: Iterable[Expression], passed: int, kind: FaultKind, dialects: Collection[Dialect]
) -> Expression:
    """Return the condition of the key `when`, which must be possible together with the plain ones."""
    known = REQUEST_KEYS if kind.stage is Stage.BEFORE_DECISION else FAULT_KEYS
    try:
        if isinstance(written, str) and not written.strip():
            raise _KeyProblem("when", "is empty; leave it out where all exchanges are meant")
        if isinstance(written, str):
            when = parse_filter(written, known)
        elif isinstance(written, dict):
            when = from_mapping(written, known)
        else:
            raise _KeyProblem("when", "must be a table, or a filter as text")
    except ConditionError as exc:
        raise _unusable(written, exc.key, exc.problem) from exc.__cause__
    for key, problem in impossible(conjunction((*plain, when)), dialects, passed):
        raise _unusable(written, key, problem)
    return when


def _unusable(written: object, key: str, problem: str) -> _KeyProblem:
    if isinstance(written, dict):
        return _KeyProblem("when", problem, key)
    return _KeyProblem("when", f"{key}: {problem}" if key else problem)


def _kind(entry: KindEntry, arguments: Mapping[str, Any], values: Mapping[str, Any]) -> FaultKind:
    for parameter in entry.parameters:
        if parameter.required and parameter.field not in arguments:
            raise _KeyProblem("kind", f"'{entry.name}' needs the key '{parameter.name}' ({parameter.type.description})")
    try:
        return entry.type(**arguments)
    except ValueError as exc:  # of its __post_init__
        raise _KeyProblem(_about(str(exc), values), f"'{entry.name}': {exc}") from exc


def _about(problem: str, values: Mapping[str, Any]) -> str:
    """Return which of the keys that are given a sentence about their kind quotes first; without any, `kind`."""
    return next((key for key in re.findall(r"'(\w+)'", problem) if key in values), "kind")


def _parameters(entry: KindEntry) -> str:
    names = [*CONDITIONS, *(parameter.name for parameter in entry.parameters)]
    return f"; keys of kind '{entry.name}': {', '.join(names)}"


def _read(key: str, value: object, reader: Callable[[str], Any]) -> Any:
    if isinstance(value, list | dict):
        raise _KeyProblem(key, "write one value, not a list or a table")
    try:
        return reader(str(value).lower() if isinstance(value, bool) else str(value))
    except ValueError as exc:
        raise _KeyProblem(key, str(exc)) from exc.__cause__


def _text(text: str) -> str:
    if not text:
        raise ValueError("is empty")
    return text


def _name(text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > LONGEST_NAME:
        raise ValueError(f"must be a text of 1 to {LONGEST_NAME} printable characters")
    return text


def _address(text: str) -> str:
    if problem := address_problem(_text(text)):
        raise ValueError(problem)
    return text


def _sized(text: str, size: int, noun: str) -> str:
    if len(_text(text)) != size:
        raise ValueError(f"'{text}' is not a {noun}, which has {plural(size, 'character')}: it can never match")
    return text


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value <= 1.0:
        raise ValueError(f"'{text}' is not a probability; write a number above 0 and up to 1")
    return value


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"'{text}' is neither true nor false")
    return text == "true"


def _whole(text: str, form: str, problem: str) -> int:
    if not re.fullmatch(form, text):
        raise ValueError(f"'{text}' is not {problem}")
    return int(text)


_READERS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "name": ("name", _name),
    "tid": ("tid", partial(_sized, size=8, noun="terminal number")),
    "mid": ("mid", partial(_sized, size=15, noun="merchant number")),
    "service": ("service", _text),
    "code": ("code", _text),
    "peer": ("peer", _address),
    "listener": ("listener", _address),
    "amount": ("amount_minor", read_amount_minor),
    "probability": ("probability", _probability),
    "count": ("count", partial(_whole, form=r"[1-9][0-9]{0,8}", problem="a count; write how often it may act, from 1")),
    "skip": ("skip", partial(_whole, form=r"[0-9]{1,9}", problem="a count; write how many exchanges pass first")),
    "seed": ("seed", partial(_whole, form=r"[0-9]{1,18}", problem="a seed; write a whole number of at most 18 digits")),
    "enabled": ("enabled", _flag),
}

_OF_EXCHANGES: Final = ("tid", "mid", "service", "code", "amount", "when")
"""Conditions that connections do not have."""

_AS_WHEN: Final = ("tid", "mid", "service", "code")
"""Conditions that a `when` may contradict."""

_ALIASES: Final[Mapping[str, str]] = {"times": "count", "after": "skip"}
"""Other names of keys. A parameter of the kind goes before them: `after` of a late reply is a duration."""
