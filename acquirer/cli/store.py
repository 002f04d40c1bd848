"""``acquirer store check|backup|vacuum|purge``: what keeps a store whole, and small."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import typer

from acquirer.cli.errors import Code
from acquirer.cli.json_output import print_object
from acquirer.cli.stores import ObjectOption, StoreOption, settings, store_problems, warn
from acquirer.data.text import plural, printable

app = typer.Typer(rich_markup_mode=None)


@app.command()
def check(
    store: str | None = StoreOption,
    as_json: bool = ObjectOption,
) -> int:
    """Look at all of a store: pages, tables, rows, images, keys. Ends with 1 when something is wrong.

    A host may serve it meanwhile. A host itself looks at all pages only when it starts, and only up to 32 MB: of a
    larger store it finds what is damaged when a request reads it, and then stops with 6.
    """
    from acquirer.store import readable_by_others
    from acquirer.store.check import check_store

    config = settings(store)
    with store_problems():
        found = check_store(config.store)
    if loose := readable_by_others(config.store):
        warn(loose)
    problems = found.problems
    if as_json:
        ok = not problems
        print_object(
            {"store": config.store, "ok": ok, "version": found.version, "problems": problems, "rows": found.rows}
        )
    else:
        for problem in problems:
            print(printable(f"{problem}."))
        if problems:
            print(printable(f"{config.store}: {plural(len(problems), 'problem')} found."))
        else:
            rows = ", ".join([f"{number} in {table}" for table, number in found.rows.items() if number])
            print(printable(f"{config.store}: OK (version {found.version}; rows: {rows or 'none'})."))
    return Code.EXPECTATION_FAILED if problems else Code.OK


@app.command()
def backup(
    target: Path = typer.Argument(metavar="FILE", help="The new database; its key file is written beside it."),
    store: str | None = StoreOption,
) -> int:
    """Copy a store and its key file, also while a host serves it.

    To put a backup back, move the damaged files away (database, -wal, -shm) and copy it to their place:
    acquirer store backup acquirer.db --store sqlite:///BACKUP.db
    """
    from acquirer.store.backup import backup as copy

    config = settings(store)
    with store_problems():
        written = copy(config.store, target)
    print(printable(f"{config.store} was copied to {target} ({written:,} bytes) and {target}.key."))
    return Code.OK


@app.command()
def vacuum(store: str | None = StoreOption) -> int:
    """Write a store anew without the gaps that deleted rows leave. No host may serve it."""
    from acquirer.store.upkeep import vacuum as shrink

    config = settings(store)
    with store_problems():
        before, after = shrink(config.store)
    print(printable(f"{config.store}: {before:,} bytes before, {after:,} bytes after."))
    return Code.OK


@app.command()
def purge(
    keep_days: int | None = typer.Option(
        None, "--keep-days", metavar="DAYS", help="As of 'acquirer serve', which purges once an hour: 35 by default."
    ),
    store: str | None = StoreOption,
) -> int:
    """Delete transactions of closed batches that were last used so many days ago. No host may serve the store.

    The journal and signatures stay. What is deleted is overwritten; 'vacuum' then makes the file smaller.
    """
    from acquirer.process.clock import Clock, fixed_clock
    from acquirer.store.upkeep import purge as delete

    config = settings(store, keep_days=keep_days)
    clock = fixed_clock(config.clock, ZoneInfo(config.timezone)) if isinstance(config.clock, datetime) else Clock()
    with store_problems():
        deleted = delete(config.store, clock.now_us(), config.keep_days)
    unused = f"last used more than {config.keep_days} days ago"
    print(printable(f"{config.store}: {plural(deleted, 'transaction')} deleted, {unused}."))
    return Code.OK
