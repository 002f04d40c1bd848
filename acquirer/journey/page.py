"""The page about journeys, in Markdown: made of the tables from which journeys are read."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Final

from acquirer.journey.journey import JourneyHeader
from acquirer.journey.miscounts import MISCOUNTS
from acquirer.journey.operation import TERMINAL_FAULTS, TerminalOperation
from acquirer.journey.operations import OPERATIONS
from acquirer.journey.reading import HEADER_KEYS, HOST_KEYS, STEP_KEYS
from acquirer.journey.reading_actions import ACTIONS
from acquirer.journey.reading_expectations import EXPECTATIONS, VERIFY_KEYS
from acquirer.journey.references import FACTS
from acquirer.journey.subjects import NOT_BOOKED
from acquirer.matcher.keys import BOOKED_KEYS, KEYS, OPERATION_KEYS, OWED_KEYS
from acquirer.scenario.parameters import argument_help

EXAMPLE: Final = """\
[journey]
name = "a sale without an answer"

[[step]]
sign_on = true
expect = { code = "00" }

[[step]]
fault = "silent:service=sale,times=1"

[[step]]
name = "lunch"
sale = "66.66"
expect = { outcome = "no-answer", reversal = "done", receipt = false }
verify = { service = "reversal", stan = "@lunch", count = 1 }
books = { state = "reversed" }
owed = { reversal_of = "" }

[[step]]
sale = { amount = "12.34", card = "pin", pin = "123456" }
terminal_fault = "power_cut"
expect = { outcome = "power-cut" }
owed = { reversal_of = "@last" }

[[step]]
sale = "5.00"
expect = { code = "00", sent = "reversal sale" }
"""

_INTRODUCTION: Final = """\
# Journeys

A journey is a script that a person can read: what a terminal does, what goes wrong on either side, and what must come
of it. `acquirer check` runs it with our terminal against a host of ours, or with `--host` against another one, and says
in sentences what differs. No programming is needed; CI reads the result as JUnit.

```sh
acquirer check a-day-in-a-shop
acquirer check journey.toml --junit result.xml
acquirer check journey.toml --host 127.0.0.1:8583
```

```toml
# journey.toml
"""

_STEPS: Final = """\
## Steps

Steps are done one after another, in the order of the file. Each has at most one action, and what is expected once it is
done. A file is read whole before anything is sent: what cannot be is refused with its line. What does not hold does not
end the journey; the steps that follow are done, so that a report has the same expectations each time."""

_OPERATIONS: Final = """\
### Operations of a terminal

An operation is written with its arguments, `sale = { amount = "12.34", card = "pin", pin = "123456" }`; the first
argument may stand alone, `sale = "12.34"`; without any it is `true`: `sign_on = true`. The terminal does by itself what
terminals do: it signs on when it must, reverses what stays unanswered, uploads signatures after the next transaction.
Test cards stand in `specs/cards.toml`."""

_FAULTS: Final = """\
Time is skipped: against a host of ours neither `wait = "35s"` nor a terminal that waits 60 s for an answer takes any
time, and what happens meanwhile, as an answer that comes late, happens in its order. Against another host, and with
`listen`, time passes as it does.

### Faults of the terminal's side

`terminal_fault = "drop_line"` acts on the request of the operation beside it; as a table it may name the `service`
whose requests it acts on, and how many `times`: `terminal_fault = { kind = "drop_line", service = "reversal" }`. One
that does not act is a failure."""

_REFERENCES: Final = """\
### References

`@lunch` is the STAN of the step that is called `lunch`, `@last` that of the last sale, void or refund of the step's
terminal. `@lunch.rrn` names another of its facts: {facts}; `@lunch.de.4` is a
field of its request, as it is shown. They stand in arguments, `void = "@lunch"`,
`refund = {{ amount = "5.00", rrn = "@lunch.rrn", date = "@lunch.date" }}`, and in expectations."""

_EXPECTATIONS: Final = """\
## Expectations

All take the same conditions as rules, faults and the journal do: tables, with the operators of [rules](rules.md)
(`amount = ">10.00"`, `code = ["51", "61"]`, `rrn = "?"`, `reversal = ""`), or for the journal filters as text
([journal](journal.md))."""

_HOSTS: Final = """\
## Another host

`--host HOST:PORT` runs a journey against a host that is not ours. Only our terminals can be looked at then. Refused
before anything is sent are

- the actions {actions},
- the expectations {expectations},
- the keys {header} of `[journey]`.

The terminals keep their keys and counters in `--state`, as `acquirer terminal` does, so that no STAN is used twice; the
keys they begin with stand in `terminals_file`.

A terminal of your own can be looked at too, by hand: `listen = "0.0.0.0:8583"` says where our host can be reached, and
a step that waits long enough tells what to do in its name. `terminals` says which terminal it is; `books` looks at its
last transaction.

```toml
[[step]]
name = "sell 12.00 at the terminal under test"
verify = {{ service = "sale", amount = "12.00", within = "60s" }}
```
"""

_REPORT: Final = """\
## What is reported

Each step is printed as it is done, with its exchanges, masked. Where an expectation does not hold, what differs stands
below it, and what our host says of the exchanges of that step:

```text
  3  sale 20.00, card poor
     → 0200 sale STAN 000003 20.00 620000******0047 … ← 0210 51 not enough funds · 2 ms
     FAIL  expect code=00 (line 12)
           code: wanted 00, was 51 ≠
           host: 0200 sale 000003 51: card 'poor' 620000******0047 has 1.00 left of 1.00; this sale asks for 20.00
```

`--junit FILE.xml` writes one `<testcase>` for each expectation, with the transcript of its step. `--json` prints one
object a line for each journey. It ends with 1 when an expectation does not hold, with 2 when a file cannot be used,
with 3 when the host cannot be reached ([exit codes](exit-codes.md)).
"""


def journeys_page(shipped: Iterable[tuple[str, str]]) -> str:
    """Return the whole page; `shipped` are name and sentence of those that ship."""
    header = argument_help(inspect.getdoc(JourneyHeader) or "")
    of_host = ", ".join(f"`{key}`" for key, kind in EXPECTATIONS.items() if not kind.of_terminal)
    actions_of_host = ", ".join(f"`{key}`" for key in ACTIONS if key not in OPERATIONS and key != "wait")
    lines = [
        _INTRODUCTION + EXAMPLE + "```",
        "",
        "These ship:",
        "",
        *_table(("journey", "what happens"), ((f"`{name}`", about) for name, about in shipped)),
        "",
        "## `[journey]`",
        "",
        *_table(("key", "means"), ((f"`{key}`", header[key]) for key in HEADER_KEYS)),
        "",
        _STEPS,
        "",
        *_table(("key", "means"), ((f"`{key}`", f"{help[:1].upper()}{help[1:]}.") for key, help in STEP_KEYS.items())),
        "",
        _OPERATIONS,
        "",
        *_table(("operation", "does", "arguments"), map(_operation, OPERATIONS.values())),
        "",
        *_table(("argument", "is"), _arguments()),
        "",
        "### Other actions",
        "",
        *_table(("key", "does"), ((f"`{key}`", help) for key, help in ACTIONS.items() if key not in OPERATIONS)),
        "",
        _FAULTS,
        "",
        *_table(("fault", "what happens"), ((f"`{kind}`", does) for kind, does in TERMINAL_FAULTS.items())),
        "",
        *_table(("miscount", "what the books have"), ((f"`{what}`", one.help) for what, one in MISCOUNTS.items())),
        "",
        _REFERENCES.format(facts=", ".join(f"`{fact}`" for fact in FACTS)),
        "",
        _EXPECTATIONS,
        "",
        *_table(("key", "looks at"), ((f"`{key}`", kind.help) for key, kind in EXPECTATIONS.items())),
        "",
        *_keys("expect", OPERATION_KEYS, _FIELDS),
        *_keys("owed", OWED_KEYS),
        *_keys("books", BOOKED_KEYS),
        "`verify` counts exchanges of the journal, with its keys, and these:",
        "",
        *_table(("key", "means"), ((f"`{key}`", help) for key, help in VERIFY_KEYS.items())),
        "",
        _HOSTS.format(
            actions=actions_of_host,
            expectations=of_host,
            header=", ".join(f"`{key}`" for key in HOST_KEYS),
        ),
        _REPORT,
    ]
    return "\n".join(lines).rstrip() + "\n"


_FIELDS: Final = "a field of the reply as it is shown, as in de.37; a part of one, as in de.60.3, by position"

_OTHERWISE: Final = {
    "state": f"approved, declined, reversed, voided, refunded, tombstone (only its reversal arrived); {NOT_BOOKED}: "
    "not in the books",
    "service": "sale, void, refund …",
}
"""Keys that mean something else of the books."""


def _keys(key: str, names: Iterable[str], fields: str = "") -> Iterator[str]:
    """Yield the table of the keys that an expectation may ask for."""
    yield f"Keys of `{key}`:"
    yield ""
    rows = [(f"`{name}`", (_OTHERWISE if key == "books" else {}).get(name, KEYS[name].help)) for name in names]
    yield from _table(("key", "is"), [*rows, *([("`de.N`", fields)] if fields else [])])
    yield ""


def _operation(operation: TerminalOperation) -> tuple[str, str, str]:
    names = ", ".join(f"`{one.name}`" for one in operation.arguments)
    return f"`{operation.name}`", operation.help, names or "–"


def _arguments() -> Iterator[tuple[str, str]]:
    """Yield each argument with its meaning; those that mean different things say to which operations."""
    meanings: dict[str, dict[str, list[str]]] = {}
    for operation in OPERATIONS.values():
        for one in operation.arguments:
            meanings.setdefault(one.name, {}).setdefault(one.help, []).append(f"`{operation.name}`")
    for name, helps in meanings.items():
        for help, operations in helps.items():
            of = f" of {', '.join(operations)}" if len(helps) > 1 else ""
            yield f"`{name}`{of}", f"{help[:1].upper()}{help[1:]}."


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for cells in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
