"""The page about transactions, made from what the program knows: kinds, routes of UnionPay, details, states."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from acquirer.dialect.dialect import Dialect, Route
from acquirer.host.kinds import KINDS, TransactionKind, title_of
from acquirer.host.lifecycle import as_markdown
from acquirer.terminal.details import DETAILS

HEAD: Final = """# Transactions

<!-- printed by `acquirer transactions` -->

What each kind of transaction is, for the host and for our terminal: this page is made from the table of kinds
(`acquirer/host/kinds.py`), the routes of the dialect `unionpay-pos` and the details of our terminal.

```sh
acquirer terminal sale --amount 12.34                            # then: void, refund, reverse
acquirer terminal sale --amount 1200.00 --kind instalment --detail periods=12 --detail project=000123
acquirer terminal pre-auth --amount 500.00                       # then: top-up, complete, void
acquirer terminal offline-sale --amount 40.00 --auth-id A12345   # then: adjust, tip
```

Python has the same operations (`Terminal.sale`, `Terminal.pre_auth` …), and so have journeys.
"""

KINDS_HEAD: Final = """## Kinds

*Total*: the side of a settlement on which it is counted; *replaces*: in the place of its original. *Reversed*: what
happens when no answer comes; an advice is repeated instead. *Does*: what it does to which transactions, and how it
names them: by *numbers* (batch and STAN of the same terminal), by *reference* (number, date and card, any terminal of
the merchant), by *authorisation* (code, date and card, any terminal of the merchant).

| kind | | total | reversed | signed | does |
|---|---|---|---|---|---|"""

MESSAGES_HEAD: Final = """
## Messages

As `{name}` has them; several may ask for one kind.

| kind | message | MTI | when | MAC |
|---|---|---|---|---|"""

DETAILS_HEAD: Final = """
## Details

What `sale --kind`, `pre-auth --moto` and `verify-holder` need beside amount and card: `--detail NAME=VALUE`.

| kind | detail | |
|---|---|---|"""

STATES_HEAD: Final = """
## What may happen to one

What the host answers, by what its books say of the transaction that a message names. The codes are those of UnionPay; a
dialect has its own in `[reasons]`, a route in its `codes`. A reversal is never refused for want of money: that of a
void takes again what its sale was authorised for, also where it was spent since, and the journal notes `overdrawn`.
Sales are declined (51) until the card has money again; an inquiry answers with a debit balance.
"""

STATES_TAIL: Final = """
Beside these: another card 14 · another amount 64 · another day or a closed batch 25 (`void_other_day`) · a
pre-authorisation after 29 days 22 (`pre_auth_days`), a sale after 30 days 22 (`refund_days`) · a completion above 115 %
of what is held 64 (`completion_percent`) · a refund of more than is left 61, of instalments 12 · a reversal of a load
40, where a host takes none (`reversible_loads`).
"""

REVERSED: Final = {"yes": "yes", "requests": "a request, not an advice", "no": "no"}


def transactions_page(dialect: Dialect) -> str:
    """Return the page, in Markdown."""
    parts = [HEAD, KINDS_HEAD, *(_kind(name, kind) for name, kind in KINDS.items())]
    parts += [MESSAGES_HEAD.format(name=dialect.name), *_routes(dialect), DETAILS_HEAD, *_details()]
    return "\n".join([*parts, STATES_HEAD, as_markdown(), STATES_TAIL])


def _kind(name: str, kind: TransactionKind) -> str:
    total = f"{kind.total}, replaces" if kind.replaces else kind.total
    done = kind.to_original.replace("_", "-") if kind.to_original else ""
    does = f"{done} of {', '.join(title_of(one) for one in kind.of)}, by {kind.tie}" if done else ""
    signed = "yes" if kind.signature else ""
    return f"| `{name}` | {kind.title} | {total} | {REVERSED[kind.reversible]} | {signed} | {does} |"


def _routes(dialect: Dialect) -> Iterator[str]:
    order = list(KINDS)
    for route in sorted(_of_kinds(dialect), key=lambda route: order.index(route.service)):
        when = " · ".join(f"{name} {'/'.join(values)}" for name, values in route.when.items())
        mac = "both" if route.mac_request else "if sent" if route.mac_accepted else "none"
        title = f"{route.title.en} {route.title.zh}".strip()
        yield f"| `{route.service}` | {title} | {route.mti} | {when} | {mac} |"


def _of_kinds(dialect: Dialect) -> list[Route]:
    return [route for route in dialect.routes if route.served and route.service in KINDS]


def _details() -> Iterator[str]:
    for service, details in DETAILS.items():
        for one in details.details:
            needed = "" if one.default is None else f" (default {one.default or 'none'})"
            yield f"| `{service}` | `{one.name}` | {one.help}{needed} |"
