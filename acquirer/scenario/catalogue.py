"""The page about faults, in Markdown: how they are written, and what each kind does.

It is made of docstrings and of the tables from which faults are read, so that it cannot say anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from acquirer.scenario.fault_kind import Stage
from acquirer.scenario.parameters import Parameter
from acquirer.scenario.registry import CONDITIONS, FaultKindError, KindEntry, find_kind

_INTRODUCTION: Final = """\
# Faults

A fault is damage that a host does to its own replies, on purpose and declared. It has a kind with parameters of its
own, and conditions that must all hold. It is written as one text, or as a table of a TOML file:

```sh
acquirer serve --fault late:after=5s,service=sale,amount=66.66
acquirer serve --fault faults.toml
```

```toml
[[fault]]
name = "slow sale"
kind = "late"
after = "5s"
service = "sale"
amount = "66.66"
```

A fault never changes a decision. One that acts before the decision loses the request; every other acts once the
decision is durable. All faults that match an exchange act, in the order of their stages, and those of one stage in the
order of declaration; the journal names them all. Two that contradict each other are refused. Faults of a line act on
connections, from when these are opened: one that is open when a fault is switched on stays as it was.

How to add a kind: [adding-a-fault.md](adding-a-fault.md).
"""


Example = Callable[[KindEntry], str]
"""Returns what a kind does to an exchange, in Markdown; "" when there is nothing to show."""


def no_example(_entry: KindEntry) -> str:
    """Return no example."""
    return ""


def page(names: Iterable[str], example: Example = no_example) -> str:
    """Return the whole page, with these kinds."""
    stages = ", ".join(stage.label for stage in Stage)
    return "\n".join(
        (
            _INTRODUCTION,
            "## Keys of every fault",
            "",
            *_table(("key", "means"), ((f"`{key}`", meaning) for key, meaning in CONDITIONS.items())),
            "",
            "## Kinds",
            "",
            f"Each kind acts at one stage of an exchange, in this order: {stages}.",
            *(line for name in names for line in ("", *_section(name, example))),
            "",
        )
    )


def kind_page(name: str, example: Example = no_example) -> str:
    """Return what the page says of one kind.

    Raises:
        FaultKindError: there is no such kind, or it cannot be used.
    """
    return "\n".join((*_described(find_kind(name), example), ""))


def summary_lines(names: Iterable[str]) -> Iterator[str]:
    """Yield one line about each kind: its name, its stage, what the host does."""
    for name in names:
        try:
            entry = find_kind(name)
        except FaultKindError as exc:  # of another distribution
            yield f"{name:<17} {'':<16} cannot be used: {exc}"
        else:
            yield f"{name:<17} {entry.type.stage.label:<16} {entry.summary}"


def as_objects(names: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield each kind as an object for JSON.

    Raises:
        FaultKindError: there is no such kind, or it cannot be used.
    """
    for name in names:
        entry = find_kind(name)
        yield {
            "name": name,
            "stage": entry.type.stage.label,
            "summary": entry.summary,
            "description": entry.description,
            "parameters": [
                {
                    "name": parameter.name,
                    "written_as": parameter.type.description,
                    "required": parameter.required,
                    "default": None if parameter.default is None else parameter.type.show(parameter.default),
                    "help": parameter.help,
                }
                for parameter in entry.parameters
            ],
        }


def _section(name: str, example: Example) -> Iterator[str]:
    try:
        yield from _described(find_kind(name), example)
    except FaultKindError as exc:  # of another distribution; the others are described all the same
        yield from (f"### `{name}`", "", f"Cannot be used: {exc}.")


def _described(entry: KindEntry, example: Example) -> Iterator[str]:
    yield from (f"### `{entry.name}`", "", entry.description, "", f"Stage: {entry.type.stage.label}.")
    if entry.parameters:
        yield ""
        rows = (
            (
                f"`{parameter.name}`",
                parameter.type.description,
                _default(parameter),
                parameter.help,
            )
            for parameter in entry.parameters
        )
        yield from _table(("parameter", "written as", "default", "means"), rows)
    if shown := example(entry):
        yield from ("", shown)


def _default(parameter: Parameter) -> str:
    if parameter.required:
        return "must be given"
    return "–" if parameter.default is None else f"`{parameter.type.show(parameter.default)}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for cells in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
