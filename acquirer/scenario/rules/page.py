"""The page about rules, in Markdown: made of the tables and docstrings from which rules are read."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Final

from acquirer.matcher.keys import FIELD_HELP, KEYS, RULE_KEYS
from acquirer.matcher.when import OPERATORS
from acquirer.scenario.parameters import argument_help
from acquirer.scenario.rules.rule import Rule, Then

_INTRODUCTION: Final = """\
# Rules

A rule says what a host decides otherwise than it would, for the exchanges that it names. It is declared in a file, a
pack, and acts before the decision is committed: what it declines is never booked. (A [fault](faults.md) damages a reply
afterwards, when everything is booked.)

```toml
[[rule]]
name = "poor after ten yuan"
when = { service = "sale", amount = ">10.00" }
then = { code = "51" }
times = 1
```

```sh
acquirer serve --pack rules.toml
acquirer serve --pack day-end
```

Rules are asked once the host itself has decided, about any service: sale, reversal, sign-on, signature and the others.
What fails before that (format, terminal, merchant, keys, sign-on, MAC, batch) is refused as ever, and a repeat gets its
stored answer: what a rule declined is declined again. The `why` of an exchange names the rule and its count, the
journal keeps its name.

A rule that can never act is refused when it is read, with file, line and key: a service that
the host does not serve, two conditions of which one excludes the other, a field that no reply has. One that will not
act as things stand is warned of when the host starts: a rule before it always fires first, no rule leads to its state,
its card or terminal is not there. The same holds for faults.
"""

_WHEN: Final = """\
A table, of which everything must hold, or a text for people: `service=sale & (amount>100 | tid=T00*)`, with `&`, `|`,
`!` and `( )`. Both mean the same. A value in a table, or behind `=` in a text, is written like this:"""

_PACKS: Final = """\
A pack is a file of `[[rule]]`, `[[fault]]`, `[[terminal]]` and `[[card]]`, and a sentence `about` it. These ship:"""

_TESTS: Final = """\
## From Python

```python
from acquirer.testing import running_host

with running_host(pack=["issuer-down"]) as host:
    host.rules.remove("issuer-down")
    with host.rules.added({"name": "poor", "when": {"amount": ">10.00"}, "then": {"code": "51"}, "times": 1}):
        ...  # sales
    assert host.rules.used() == {}
```

Rules change between two exchanges, all at once. Each change of rules or faults makes the `generation` one higher, which
stands in the journal with each exchange: an exchange is under the rules and faults with which it began.
`host.held` lists what is held for a person, `host.resume(tid="10000161")` lets it go on.
"""


def rules_page(packs: Iterable[tuple[str, str]]) -> str:
    """Return the whole page; `packs` are name and description of those that ship."""
    return (
        "\n".join(
            (
                _INTRODUCTION,
                "## Keys of a rule",
                "",
                *_described(Rule),
                "",
                "## `then`",
                "",
                "One decision at most (`code`, `reason`, `approve` or `answers`), and any number of changes.",
                "",
                *_described(Then),
                "",
                "## `when`",
                "",
                _WHEN,
                "",
                *_table(("value", "means"), ((f"`{written}`", meaning) for written, meaning in OPERATORS)),
                "",
                *_table(("key", "is"), ((f"`{name}`", KEYS[name].help) for name in RULE_KEYS)),
                f"| `de.N` | {FIELD_HELP} |",
                "",
                "## Packs",
                "",
                _PACKS,
                "",
                *_table(("pack", "what happens"), ((f"`{name}`", about) for name, about in packs)),
                "",
                _TESTS,
            )
        ).rstrip()
        + "\n"
    )


def _described(of: type[Rule] | type[Then]) -> Iterator[str]:
    helps = argument_help(inspect.getdoc(of) or "")
    rows = ((f"`{_key(field.name)}`", helps[field.name]) for field in fields(of))
    yield from _table(("key", "means"), rows)


def _key(name: str) -> str:
    return name.removesuffix("_ms")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for cells in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
