"""``acquirer terminals add|import|list|show``: which terminals a store knows, and how they stand."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from acquirer.app.terminal_documents import terminal_document
from acquirer.cli.errors import Code, Exit
from acquirer.cli.host_door import served_door
from acquirer.cli.json_output import print_array, print_object
from acquirer.cli.stores import (
    ArrayOption,
    ObjectOption,
    StoreOption,
    clock_time,
    reading,
    settings,
    warn,
    with_times,
    writing,
)

if TYPE_CHECKING:
    from acquirer.settings.registration import Registration

app = typer.Typer(rich_markup_mode=None)


@app.command()
def add(
    tid: str = typer.Option(..., metavar="TID", help="8 characters, or a range: 10000001..10000020"),
    mid: str = typer.Option(..., metavar="MID", help="15 characters."),
    tmk: str | None = typer.Option(None, metavar="HEX", help="The terminal master key; - reads it from stdin."),
    tmk_cipher: str = typer.Option("3des", metavar="3des|sm4|aes", help="By which its KCV is shown."),
    bdk: str | None = typer.Option(
        None, metavar="HEX", help="The base derivation key, where keys are derived (DUKPT); - reads it from stdin."
    ),
    bdk_cipher: str = typer.Option("3des", metavar="3des|aes", help="Of the base derivation key."),
    name: str = typer.Option("", metavar="TEXT", help="For people."),
    mak: str = typer.Option("single", metavar="single|double|duplicated", help="How its MAC key is handed out."),
    required: str = typer.Option(
        "daily", metavar="never|daily|per-batch|per-transaction", help="How often it must sign on."
    ),
    operators: str | None = typer.Option(
        None, metavar="01,02", help="Who may sign on, beside the supervisor 00 and the administrator 99; else anyone."
    ),
    downloads: str | None = typer.Option(
        None, metavar="capk,aid|all", help="What it is asked to download from now on; see 'fetch'."
    ),
    test: bool = typer.Option(False, help="A test terminal."),
    store: str | None = StoreOption,
) -> int:
    """Register a terminal, or change it. A file can hold more about it: see 'import'."""
    from acquirer.settings.terminals import typed_terminals

    values = {
        "tid": tid,
        "mid": mid,
        "tmk": sys.stdin.readline().strip() if tmk == "-" else tmk,
        "tmk_cipher": tmk_cipher,
        "bdk": sys.stdin.readline().strip() if bdk == "-" else bdk,
        "bdk_cipher": bdk_cipher,
        "name": name,
        "mak": mak,
        "policy": {"required": required},
        "operators": None if operators is None else operators.split(","),
        "downloads": downloads,
        "test": test,
    }
    given = {name: value for name, value in values.items() if value is not None}
    return _register(typed_terminals(values), store, {"terminal": [given]})


@app.command("import")
def import_(
    file: Path = typer.Argument(metavar="FILE.toml", help="[[terminal]] tables with tid, mid, tmk …"),
    store: str | None = StoreOption,
) -> int:
    """Register the terminals of a file: new ones are added, known ones changed, none deleted."""
    from acquirer.settings.terminals import terminals_of
    from acquirer.settings.text_file import read_toml_file

    document = read_toml_file(file)
    return _register(terminals_of(document), store, document.data)


@app.command("list")
def list_(
    tid: str = typer.Option("", "--tid", metavar="TID", help="Only this one, or a pattern: '100000*'"),
    mid: str = typer.Option("", "--mid", metavar="MID", help="Only of this merchant, or a pattern."),
    limit: int = typer.Option(0, "--limit", "-n", metavar="N", min=0, help="The first so many; 0 lists all."),
    store: str | None = StoreOption,
    as_json: bool = ArrayOption,
) -> int:
    """List the registered terminals."""
    from acquirer.cli.listing import print_table
    from acquirer.data.text import printable
    from acquirer.store import TerminalFilter

    config = settings(store)
    wanted = TerminalFilter(tid, mid)
    with reading(config.store) as reader:
        found = reader.terminals(wanted, limit or None)
        total = reader.count_terminals(wanted) if limit else len(found)
    if as_json:
        print_array(with_times(terminal_document(terminal, session), config.timezone) for terminal, session in found)
        return Code.OK
    rows = []
    for terminal, session in found:
        since = clock_time(session.signed_on_us, config.timezone)
        rows.append(
            (
                terminal.tid,
                terminal.mid,
                printable(terminal.name),
                terminal.tmk_kcv or f"{terminal.bdk_kcv} (BDK)",
                session.batch,
                f"{since} (signed off)" if since and session.signed_off else since,
                session.current.kcvs if session.current else "",
            )
        )
    print_table(("Terminal", "Merchant", "Name", "Key KCV", "Batch", "Signed on", "Working keys"), rows)
    if total > len(found):
        print(f"The first {len(found)} of {total} terminals.", file=sys.stderr)
    return Code.OK


@app.command()
def show(
    tid: str = typer.Argument(metavar="TID"), store: str | None = StoreOption, as_json: bool = ObjectOption
) -> int:
    """Show one terminal: how it is registered, treated, and how it stands."""
    from acquirer.cli.tables import KEY, Line, console, table
    from acquirer.data.text import printable

    config = settings(store)
    with reading(config.store) as reader:
        found = reader.terminal(tid)
        near = "" if found else _nearest(tid, reader.terminal_numbers())
    if found is None:
        raise Exit(Code.USAGE, f"{config.store} knows no terminal '{tid}'{near}.")
    document = terminal_document(*found)
    if as_json:
        print_object(with_times(document, config.timezone))
        return Code.OK
    grid = table("", "")
    grid.show_header = False
    for name, value in document.items():
        if name.endswith("_us"):
            name, value = name.removesuffix("_us"), clock_time(value, config.timezone) or "never"
        for part, held in value.items() if isinstance(value, dict) else [("", value)]:
            label = f"{name} {part}".strip().replace("_", " ")
            if held not in ("", None, []):
                grid.add_row(Line(label, KEY), printable(_word(held)))
    console().print(grid)
    return Code.OK


@app.command()
def fetch(
    tid: str = typer.Argument(metavar="TID"),
    kinds: list[str] = typer.Argument(
        default=None, metavar="[KIND]…", help="all, none, or parameters status capk aid contactless bins blacklist …"
    ),
    registered_tmk: bool = typer.Option(
        False, "--registered-tmk", help="Use its registered master key again, not the one that it downloaded."
    ),
    store: str | None = StoreOption,
) -> int:
    """Ask a terminal to download: each reply says so in its head, until the end of the download has come."""
    from acquirer.settings.terminal_values import read_downloads
    from acquirer.store.registry import with_wanted_downloads

    config = settings(store)
    try:
        wanted = None if not kinds else () if kinds == ["none"] else read_downloads(kinds)
    except ValueError as exc:
        raise Exit(Code.USAGE, f"{' '.join(kinds)}: {exc}.") from None
    if wanted is None and not registered_tmk:
        raise Exit(Code.USAGE, "name what it is to download, or none, or give --registered-tmk.")

    if (door := served_door(config.store)) is not None:
        door.fetch(tid, wanted, registered_tmk=registered_tmk)
    else:
        with writing(config.store) as opened:
            try:
                change = partial(with_wanted_downloads, downloads=wanted, registered_tmk=registered_tmk)
                opened.change_session(tid, change)
            except LookupError:
                raise Exit(Code.USAGE, f"{config.store} knows no terminal '{tid}'.") from None
    if wanted is not None:
        print(f"{tid}: asked to download {', '.join(wanted)}." if wanted else f"{tid}: asked to download nothing.")
    if registered_tmk:
        print(f"{tid}: under its registered master key; it must sign on again.")
    return Code.OK


def _register(terminals: list[Registration], url: str | None, document: Mapping[str, Any]) -> int:
    """Register terminals in a store, or at the host that serves it, which is given the document as it was written."""
    from acquirer.data.text import printable
    from acquirer.security.vault import Vault
    from acquirer.settings.weak_keys import weak_keys

    config = settings(url)
    for unwise in weak_keys(terminals):
        warn(unwise)
    if (door := served_door(config.store)) is not None:
        result = door.register(document)
    else:
        with writing(config.store) as store:
            result = store.register(terminals, Vault(store.master_key))
    dropped = f"; {result.keys_dropped} must sign on again under a new master key" if result.keys_dropped else ""
    counts = f"{result.added} added, {result.changed} changed, {result.unchanged} as they were"
    print(printable(f"{config.store}: {counts}{dropped}."))
    for name in ("tmk", "bdk"):
        keys = {getattr(one, name) for one in terminals}
        if len(keys) == 1 and (key := keys.pop()) is not None:
            print(f"{name.upper()}: KCV {key.kcv()}")
    return Code.OK


def _nearest(tid: str, known: list[str]) -> str:
    from acquirer.data.toml import did_you_mean

    return did_you_mean(tid, known) or ("; 'acquirer terminals list' shows them" if known else "; it knows none yet")


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)
