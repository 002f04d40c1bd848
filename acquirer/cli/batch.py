"""``acquirer batch list|show|report``: batches, as terminals settled them, and why their totals differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.formats import FormatOption, check_format, print_rows
from acquirer.cli.json_output import print_object
from acquirer.cli.stores import ObjectOption, StoreOption, clock_time, reading, settings

if TYPE_CHECKING:
    from acquirer.app.reconciliation import BatchReport
    from acquirer.model.batches import Settlement
    from acquirer.store import Reader

app = typer.Typer(rich_markup_mode=None)

Tid: Any = typer.Option("", "--tid", metavar="TID", help="Only of this terminal.")
ThisTid: Any = typer.Option(..., "--tid", metavar="TID", help="The terminal.")
Batch: Any = typer.Option("", "--batch", metavar="BATCH", help="Its number; default: the last one that was settled.")


@app.command("list")
def list_(tid: str = Tid, store: str | None = StoreOption, given: str = FormatOption) -> int:
    """List batches: those that are settled, and open ones as they would be settled now."""
    from acquirer.app.batch_documents import batch_rows
    from acquirer.settings.specs import load_dialect

    check_format(given)
    config = settings(store)
    with reading(config.store) as reader:
        rows = batch_rows(reader, load_dialect(config.dialect), tid, config.timezone)
    headings = {
        "tid": "Terminal",
        "batch": "Batch",
        "state": "State",
        "result": "Result",
        "settled_local": "Settled",
        "terminal_debit": "Debits there",
        "terminal_debits": "No.",
        "host_debit": "Debits here",
        "host_debits": "No.",
        "terminal_credit": "Credits there",
        "terminal_credits": "No.",
        "host_credit": "Credits here",
        "host_credits": "No.",
    }
    print_rows(given, headings, rows, "No batch was settled, and none is open.")
    return Code.OK


@app.command()
def show(tid: str = ThisTid, batch: str = Batch, store: str | None = StoreOption, as_json: bool = ObjectOption) -> int:
    """Show one settlement: totals of both sides, its result, how its upload ended."""
    config = settings(store)
    with reading(config.store) as reader:
        from acquirer.app.reconciliation import progress_of

        one = _settlement(reader, tid, batch, config.store)
        progress = progress_of(reader, one)
    if as_json:
        from acquirer.app.batch_documents import settlement_document

        print_object(settlement_document(one, progress, config.timezone))
        return Code.OK
    _print_settlement(one, progress, config.timezone)
    return Code.OK


@app.command()
def report(
    tid: str = ThisTid,
    batch: str = Batch,
    every: bool = typer.Option(False, "--all", help="Also transactions that agree."),
    store: str | None = StoreOption,
    given: str = FormatOption,
) -> int:
    """Compare terminal and host, transaction by transaction, and name the likely causes. Ends with 1 if they differ."""
    from acquirer.app.batch_documents import batch_report_document, compared_rows
    from acquirer.app.reconciliation import report_of
    from acquirer.settings.specs import load_dialect

    check_format(given)
    config = settings(store)
    with reading(config.store) as reader:
        one = _settlement(reader, tid, batch, config.store)
        found = report_of(reader, load_dialect(config.dialect), one)
    rows = compared_rows(found, every=every)
    if given == "json":
        print_object(batch_report_document(found, rows, config.timezone))
    elif given == "csv":
        from acquirer.cli.csv_output import print_csv

        causes = [
            {
                "mid": key.mid,
                "tid": key.tid,
                "batch": key.batch,
                "stan": key.stan,
                "cause": cause.cause,
                "why": cause.why,
            }
            for cause in found.causes
            for key in cause.transactions or (_no_key(one),)
        ]
        print_csv(("mid", "tid", "batch", "stan", "cause", "why"), causes)
    else:
        _print_settlement(one, found.progress, config.timezone)
        if rows:
            print()
            headings = {
                "stan": "STAN",
                "comparison": "Compared",
                "kind": "Kind",
                "state": "State",
                "card": "Card",
                "terminal_amount": "There",
                "host_amount": "Here",
                "why": "Why",
            }
            print_rows("table", headings, rows, "")
        _print_causes(found)
    return Code.EXPECTATION_FAILED if found.causes or one.result != "equal" else Code.OK


def _settlement(reader: Reader, tid: str, batch: str, store: str) -> Settlement:
    from acquirer.app.batch_documents import batch_number

    found = reader.settlements(tid, batch_number(batch))
    if not found:
        which = f"batch {batch} of terminal {tid}" if batch else f"terminal {tid}"
        raise Exit(Code.USAGE, f"{store}: no settlement of {which}; 'acquirer batch list' names those there are.")
    return found[-1]


def _money(minor: int) -> str:
    from acquirer.slip.receipt import decimal_amount

    return decimal_amount(minor)


def _print_settlement(one: Settlement, progress: str, timezone: str) -> None:
    from acquirer.cli.listing import print_table
    from acquirer.data.text import printable

    print(printable(f"Batch {one.batch} of terminal {one.tid}: {progress}, {one.result}"))
    print(printable(f"settled {clock_time(one.at_us, timezone)}: {one.why}"))
    if one.end:
        print(f"upload ended with {one.end}, {one.end_count} details; closed {clock_time(one.closed_us, timezone)}")
    print()
    rows = [
        [f"{cards} {name}", f"{_money(amount)} in {count}", f"{_money(ours)} in {our_count}"]
        for cards, there, here in (
            ("domestic", one.terminal.domestic, one.host.domestic),
            ("foreign", one.terminal.foreign, one.host.foreign),
        )
        for name, amount, count, ours, our_count in (
            ("debits", there.debit_minor, there.debits, here.debit_minor, here.debits),
            ("credits", there.credit_minor, there.credits, here.credit_minor, here.credits),
        )
    ]
    print_table(("Totals", "Terminal", "Host"), rows)


def _print_causes(found: BatchReport) -> None:
    from acquirer.data.text import printable

    print()
    if not found.causes:
        print("Terminal and host agree." if found.settlement.result == "equal" else "No cause was found.")
        return
    print("Likely causes:")
    for number, cause in enumerate(found.causes, 1):
        print(printable(f"{number}. {cause.cause.replace('_', ' ')}: {cause.why}"))


def _no_key(one: Settlement) -> Any:
    from acquirer.model.rows import TransactionKey

    return TransactionKey(one.mid, one.tid, one.batch, "")
