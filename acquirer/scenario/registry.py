"""Which kinds of faults exist.

1. Built-in kinds are the modules of the package `acquirer.scenario.faults`; a kind is called like its module.
2. Other distributions add kinds through entry points of the group ``acquirer.faults``: the entry point's name is the
   kind's, its object the class. They are read only when a kind is not built in.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from acquirer.data.toml import did_you_mean
from acquirer.errors import ConfigurationError
from acquirer.scenario.fault_kind import FaultKind, Stage
from acquirer.scenario.line_fault import LineFault
from acquirer.scenario.parameters import Parameter, parameters_of
from acquirer.scenario.reply_fault import MacFault, ReplyFault

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

PACKAGE: Final = "acquirer.scenario.faults"
GROUP: Final = "acquirer.faults"

CONDITIONS: Final[Mapping[str, str]] = {
    "name": "what journal and log call the fault; without it, its kind",
    "kind": "which kind of fault; written first in the short form",
    "tid": "only exchanges of this terminal (8 characters)",
    "mid": "only exchanges of this merchant (15 characters)",
    "service": "only exchanges of this service: `sale`, `reversal`, `sign_on` …",
    "code": "only replies with this response code; not for faults before the decision",
    "amount": "only exchanges of this amount, as in `12.34`",
    "peer": "only exchanges, or connections, of this peer: `127.0.0.1:50412`, where `*` stands for anything",
    "listener": "only exchanges over connections, or connections, to this address: `127.0.0.1:8583`, `*:8583`",
    "when": "only exchanges that fit: a table, or a filter as text (`service=sale & amount>10`), as for rules",
    "probability": "acts with this probability, above 0 and up to 1",
    "count": "acts this often, then never again; only exchanges on which it acted count; `times` is the same",
    "skip": "lets so many exchanges that match pass first; so does `after`, except where the kind has its own",
    "seed": "what its probability and its kind draw begins with this number, instead of the host's `--seed`",
    "enabled": "`false`: it is declared, and does not act",
}
"""The keys that a fault of any kind has; no parameter may be called like one of them."""


_BASES: Final[Mapping[Stage, type]] = {
    Stage.BEFORE_SEALING: ReplyFault,
    Stage.SEALING: MacFault,
    Stage.LINE: LineFault,
}
"""What kinds of the stages derive from at which no effects are replaced."""


class FaultKindError(ConfigurationError, ValueError):
    """A kind of fault does not exist or cannot be used: one sentence."""


@dataclass(frozen=True, slots=True)
class KindEntry:
    """A kind of fault by its name."""

    name: str
    type: type[FaultKind]
    parameters: tuple[Parameter, ...]

    @property
    def summary(self) -> str:
        """Return the first sentence of the description."""
        return self.description.partition("\n")[0].partition(". ")[0].rstrip(".") + "."

    @property
    def description(self) -> str:
        """Return the docstring of the kind without its ``Args:``."""
        return (inspect.getdoc(self.type) or "").partition("\nArgs:\n")[0].strip()


def built_in_names() -> tuple[str, ...]:
    """Return the names of the built-in kinds, sorted."""
    package = importlib.import_module(PACKAGE)
    return tuple(sorted(module.name for module in pkgutil.iter_modules(package.__path__)))


def known_names() -> tuple[str, ...]:
    """Return the names of all kinds, sorted: built-in ones and those of other distributions."""
    from importlib.metadata import entry_points

    return tuple(sorted({*built_in_names(), *entry_points(group=GROUP).names}))


def find_kind(name: str) -> KindEntry:
    """Return the kind called `name`.

    Raises:
        FaultKindError: there is none, or it cannot be used.
    """
    if name in built_in_names():
        return _entry(name, _class_of_module(name), f"built-in kind '{name}'")
    from importlib.metadata import entry_points  # with mail and archives: only where others' kinds are looked for

    points = tuple(entry_points(group=GROUP, name=name))
    if not points:
        known = known_names()
        raise FaultKindError(
            f"unknown kind '{name}'" + (did_you_mean(name, known) or f"; known kinds: {', '.join(known)}")
        )
    origins = sorted(_origin(point) for point in points)
    if len({point.value for point in points}) > 1:
        raise FaultKindError(f"kind '{name}' is defined by {' and '.join(origins)}; uninstall all but one")
    where = f"kind '{name}' of {origins[0]}"
    try:
        loaded = points[0].load()
    except Exception as exc:  # the code of another distribution may raise anything while it is imported
        raise FaultKindError(
            f"{where} cannot be loaded from {points[0].value} ({type(exc).__name__}: {exc}); repair or uninstall it"
        ) from exc
    return _entry(name, loaded, where)


def _origin(point: EntryPoint) -> str:
    return f"distribution '{point.dist.name}'" if point.dist else "a distribution"


def _class_of_module(name: str) -> object:
    module = importlib.import_module(f"{PACKAGE}.{name}")
    defined = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, FaultKind) and value.__module__ == module.__name__
    ]
    if len(defined) != 1:
        raise FaultKindError(f"{module.__name__} defines {len(defined)} classes derived from FaultKind; it needs one")
    return defined[0]


def _entry(name: str, loaded: object, where: str) -> KindEntry:
    if not (isinstance(loaded, type) and issubclass(loaded, FaultKind)):
        raise FaultKindError(f"{where} is not a class derived from acquirer.scenario.faults.FaultKind")
    try:
        parameters = parameters_of(loaded)
    except (TypeError, NameError) as exc:  # NameError: an annotation that cannot be resolved
        raise FaultKindError(f"{where} cannot be used: {exc}") from exc
    if problem := _problem(loaded, parameters):
        raise FaultKindError(f"{where} cannot be used: {problem}")
    return KindEntry(name, loaded, parameters)


def _problem(kind: type[FaultKind], parameters: Iterable[Parameter]) -> str:
    """Return why a kind cannot be used, in one sentence, or an empty text."""
    if missing := sorted(kind.__abstractmethods__):
        return f"{kind.__name__} has no method {missing[0]}"
    stage = getattr(kind, "stage", None)
    if not isinstance(stage, Stage):
        return f"{kind.__name__}.stage is not set; write stage: ClassVar[Stage] = Stage.SENDING, or another one"
    base = _BASES.get(stage)
    if base is not None and not issubclass(kind, base):
        return f"{kind.__name__}.stage is '{stage.label}'; derive it from {base.__module__}.{base.__name__}"
    if base is None and issubclass(kind, tuple(_BASES.values())):
        return f"{kind.__name__}.stage is '{stage.label}', but its base class is of another stage; leave stage out"
    clash = next((parameter.name for parameter in parameters if parameter.name in (*CONDITIONS, "times")), "")
    return clash and f"{kind.__name__} has a parameter '{clash}', which is a key of every fault; rename it"
