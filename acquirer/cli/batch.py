"""``acquirer batch list|show|report``: batches, as terminals settled them, and why their totals differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.formats import FormatOption, check_format, print_rows
from acquirer.cli.json_output import print_object
from acquirer.cli.stores import ObjectOption, StoreOption, clock_time, reading, settings, with_times

if TYPE_CHECKING:
    from acquirer.app.reconciliation import BatchReport
    from acquirer.model.batches import Settlement
    from acquirer.settlement.totals import BatchTotals
    from acquirer.store import Reader

app = typer.Typer(rich_markup_mode=None)

Tid: Any = typer.Option("", "--tid", metavar="TID", help="Only of this terminal.")
ThisTid: Any = typer.Option(..., "--tid", metavar="TID", help="The terminal.")
Batch: Any = typer.Option("", "--batch", metavar="BATCH", help="Its number; default: the last one that was settled.")


@app.command("list")
def list_(tid: str = Tid, store: str | None = StoreOption, given: str = FormatOption) -> int:
    """List batches: those that are settled, and open ones as they would be settled now."""
    from acquirer.app.reconciliation import open_batches, progress_of
    from acquirer.settings.specs import load_dialect

    check_format(given)
    config = settings(store)
    with reading(config.store) as reader:
        rows = [_settled_row(one, progress_of(reader, one), config.timezone) for one in reader.settlements(tid)]
        rows += [
            {
                **_identity(one.mid, one.tid, one.batch),
                "state": "open",
                "result": "",
                "settled_us": 0,
                "settled": None,
                "settled_local": None,
                **_totals("terminal", None),
                **_totals("host", one.totals),
            }
            for one in open_batches(reader, load_dialect(config.dialect), tid)
        ]
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
        print_object({**_settled_row(one, progress, config.timezone), "why": one.why, **_end(one, config.timezone)})
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
    from acquirer.app.reconciliation import report_of
    from acquirer.settings.specs import load_dialect

    check_format(given)
    config = settings(store)
    with reading(config.store) as reader:
        one = _settlement(reader, tid, batch, config.store)
        found = report_of(reader, load_dialect(config.dialect), one)
    rows = [
        {
            **row.key._asdict(),
            "comparison": row.comparison,
            "kind": row.host.kind if row.host else "",
            "state": row.host.state if row.host else "",
            "card": row.host.pan_masked if row.host else row.terminal.pan_masked if row.terminal else "",
            "foreign": row.foreign,
            "terminal_amount": _money(row.terminal.amount_minor) if row.terminal else None,
            "host_amount": _money(row.host.amount_minor) if row.host else None,
            "why": row.why,
        }
        for row in found.transactions
        if every or row.comparison not in ("agrees", "not uploaded", "moved no money")
    ]
    if given == "json":
        print_object(_report_json(found, rows, config.timezone))
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
    found = reader.settlements(tid, batch.rjust(6, "0") if batch.isdecimal() else batch)
    if not found:
        which = f"batch {batch} of terminal {tid}" if batch else f"terminal {tid}"
        raise Exit(Code.USAGE, f"{store}: no settlement of {which}; 'acquirer batch list' names those there are.")
    return found[-1]


def _identity(mid: str, tid: str, batch: str) -> dict[str, Any]:
    return {"mid": mid, "tid": tid, "batch": batch}


def _settled_row(one: Settlement, progress: str, timezone: str) -> dict[str, Any]:
    return {
        **_identity(one.mid, one.tid, one.batch),
        "state": progress,
        "result": one.result,
        **with_times({"settled_us": one.at_us}, timezone),
        **_totals("terminal", one.terminal),
        **_totals("host", one.host),
    }


def _totals(side: str, totals: BatchTotals | None) -> dict[str, Any]:
    """Return the figures of one side, domestic and foreign together, then the foreign ones alone."""
    if totals is None:
        return dict.fromkeys(
            f"{side}_{prefix}{name}" for prefix in ("", "foreign_") for name in ("debit", "debits", "credit", "credits")
        )
    own, foreign = totals
    return {
        f"{side}_debit": _money(own.debit_minor + foreign.debit_minor),
        f"{side}_debits": own.debits + foreign.debits,
        f"{side}_credit": _money(own.credit_minor + foreign.credit_minor),
        f"{side}_credits": own.credits + foreign.credits,
        f"{side}_foreign_debit": _money(foreign.debit_minor),
        f"{side}_foreign_debits": foreign.debits,
        f"{side}_foreign_credit": _money(foreign.credit_minor),
        f"{side}_foreign_credits": foreign.credits,
    }


def _money(minor: int) -> str:
    from acquirer.slip.receipt import decimal_amount

    return decimal_amount(minor)


def _end(one: Settlement, timezone: str) -> dict[str, Any]:
    closed = with_times({"closed_us": one.closed_us}, timezone)
    return {"operator": one.operator, "stan": one.stan, "end": one.end, "uploaded": one.end_count, **closed}


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


def _report_json(found: BatchReport, rows: list[dict[str, Any]], timezone: str) -> dict[str, Any]:
    one = found.settlement
    return {
        **_settled_row(one, found.progress, timezone),
        "why": one.why,
        **_end(one, timezone),
        "transactions": rows,
        "causes": [
            {"cause": cause.cause, "why": cause.why, "transactions": [key._asdict() for key in cause.transactions]}
            for cause in found.causes
        ],
    }


def _no_key(one: Settlement) -> Any:
    from acquirer.model.rows import TransactionKey

    return TransactionKey(one.mid, one.tid, one.batch, "")
