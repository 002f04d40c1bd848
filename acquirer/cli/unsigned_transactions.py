"""``acquirer signatures unsigned``: approved transactions that lack a signature, grouped by cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from acquirer.cli.errors import Code
from acquirer.cli.json_output import print_array
from acquirer.cli.moments import SinceOption, UntilOption, moment_us
from acquirer.cli.stored_signatures import pixel_check
from acquirer.cli.stores import StoreOption, clock_time, reading, settings, with_times

if TYPE_CHECKING:
    from acquirer.app.unsigned import UnsignedTransaction


def command(
    tid: str = typer.Option("", "--tid", metavar="TID", help="Only of this terminal."),
    batch: str = typer.Option("", "--batch", metavar="BATCH", help="Only of this batch."),
    since: str = SinceOption,
    until: str = UntilOption,
    no_sign_limit: str = typer.Option("", metavar="AMOUNT", help="Contactless sales up to this need no signature."),
    store: str | None = StoreOption,
    as_json: bool = typer.Option(False, "--json", help="One JSON array, by time."),
) -> int:
    """List approved transactions without a signature, by likely cause, with counts; and sales that need none."""
    from acquirer.app.unsigned import UnsignedFilter, find_unsigned
    from acquirer.settings.specs import load_dialect

    config = settings(store, no_sign_limit=no_sign_limit or None)
    wanted = UnsignedFilter(
        tid,
        batch,
        moment_us("--since", since, config.timezone),
        moment_us("--until", until, config.timezone, end_of_day=True),
    )
    pixels = pixel_check(config)
    with reading(config.store) as reader:
        found = find_unsigned(reader, load_dialect(config.dialect), wanted, config.no_sign_limit_minor, pixels)
    if as_json:
        print_array(with_times(_unsigned_json(one), config.timezone) for one in found)
    else:
        _print_groups(found, config.timezone)
    return Code.OK


def _print_groups(found: list[UnsignedTransaction], timezone: str) -> None:
    from acquirer.app.unsigned import Group
    from acquirer.cli.tables import KEY, QUIET, Line, console, table
    from acquirer.data.text import plural, printable
    from acquirer.slip.receipt import decimal_amount

    screen = console()
    for group in Group:
        members = [one for one in found if one.group is group]
        if not members:
            continue
        total = decimal_amount(sum(one.transaction.amount_minor for one in members))
        title = f"{group}: {plural(len(members), 'transaction')}, {total} in all"
        grid = table("At", "Terminal", "Batch", "STAN", "Kind", "RRN", "Amount>", "Likely cause", title=title)
        for one in members:
            transaction = one.transaction
            grid.add_row(
                clock_time(transaction.at_us, timezone),
                Line(transaction.key.tid, KEY),
                transaction.key.batch,
                transaction.key.stan,
                transaction.kind,
                transaction.rrn,
                decimal_amount(transaction.amount_minor),
                Line(printable(one.cause), QUIET if one.exempt else ""),
            )
        screen.print(grid)
    if not found:
        print("No approved transaction lacks a signature.")


def _unsigned_json(one: UnsignedTransaction) -> dict[str, Any]:
    transaction = one.transaction
    return {
        **transaction.key._asdict(),
        "kind": transaction.kind,
        "rrn": transaction.rrn,
        "amount": transaction.amount_minor,
        "entry_mode": transaction.entry_mode,
        "at_us": transaction.at_us,
        "free": one.exempt,
        "group": one.group.value,
        "cause": one.cause,
    }
