"""The page about faults, in Markdown: how they are written, and what each kind does.

It is made of docstrings and of the tables from which faults are read, so that it cannot say anything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

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
connections.

How to add a kind: [adding-a-fault.md](adding-a-fault.md).
"""


def page(names: Iterable[str]) -> str:
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
            *(line for name in names for line in ("", *_section(name))),
            "",
        )
    )


def kind_page(name: str) -> str:
    """Return what the page says of one kind.

    Raises:
        FaultKindError: there is no such kind, or it cannot be used.
    """
    return "\n".join((*_described(find_kind(name)), ""))


def _section(name: str) -> Iterator[str]:
    try:
        yield from _described(find_kind(name))
    except FaultKindError as exc:  # of another distribution; the others are described all the same
        yield from (f"### `{name}`", "", f"Cannot be used: {exc}.")


def _described(entry: KindEntry) -> Iterator[str]:
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


def _default(parameter: Parameter) -> str:
    if parameter.required:
        return "must be given"
    return "–" if parameter.default is None else f"`{parameter.type.show(parameter.default)}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for cells in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
