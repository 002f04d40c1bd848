"""``acquirer terminal download`` and ``parameters``: fetch what steers our terminal, and show what it has."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any

import typer

from acquirer.cli.json_output import print_object
from acquirer.cli.kept_state import kept_state
from acquirer.cli.operation import Job, operation
from acquirer.cli.slip_options import STATE, StateOption, TidOption

if TYPE_CHECKING:
    from acquirer.terminal.downloaded import Downloaded

app = typer.Typer(rich_markup_mode=None)


@app.command("download")
@operation()
def download(
    kinds: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KIND]…",
            help="all, or parameters capk aid contactless bins blacklist rates status software; tmk by itself.",
        ),
    ] = None,
) -> Job:
    """Download parameters, keys and lists; each kind is kept once it was fetched to its end."""
    return Job(lambda terminal: terminal.download(kinds or "all"))


@app.command("parameters")
def parameters(
    tid: TidOption = "10000161",
    state: StateOption = STATE,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as one JSON object.")] = False,
) -> None:
    """Show what a terminal has downloaded."""
    from acquirer.terminal.downloaded import NO_DOWNLOADS

    kept = kept_state(state, tid)
    downloaded = kept.downloaded if kept else NO_DOWNLOADS
    if as_json:
        print_object(_as_json(downloaded))
        return
    if downloaded == NO_DOWNLOADS:
        print(f"Terminal {tid} has downloaded nothing; 'acquirer terminal download' does.")
        return
    _print_tables(downloaded)


def _print_tables(downloaded: Downloaded) -> None:
    from acquirer.cli.listing import print_table
    from acquirer.downloads.aids import TAGS
    from acquirer.downloads.contactless import ITEMS
    from acquirer.downloads.parameters import PARAMETERS

    rows = [(one.code, one.about, _word(downloaded.parameters[one.name])) for one in PARAMETERS
            if one.kind != "kinds" and downloaded.parameters.get(one.name, "") != ""]  # fmt: skip
    rows += [(one.tag, one.about, str(downloaded.contactless[one.name])) for one in ITEMS
             if one.name in downloaded.contactless]  # fmt: skip
    if rows:
        print_table(("Code", "Parameter", "Value"), rows)
    if isinstance(kinds := downloaded.parameters.get("kinds"), tuple):
        print("\n" + fill(f"Permitted (code 26): {', '.join(kinds)}.", LINE_CHARACTERS))
    if downloaded.keys:
        _gap(rows)
        keys = [(str(one.name), f"{8 * len(one.modulus)} bits", one.expiry, one.check_value.hex().upper())
                for one in downloaded.keys]  # fmt: skip
        print_table(("CA public key", "Size", "Expiry", "Check value"), keys)
    if downloaded.aids:
        _gap(rows or downloaded.keys)
        tags = {one.name: one.tag for one in TAGS}
        print_table(
            ("Application", "Version", "TAC default", "TAC online", "TAC denial"),
            [(one.aid, *[dict(one.values).get(tags[name], "") for name in _SHOWN]) for one in downloaded.aids],
        )
    lists = [
        (name, str(len(cards)))
        for name, cards in (
            ("BIN table B", downloaded.bins_b),
            ("BIN table C", downloaded.bins_c),
            ("blacklist", downloaded.blacklist),
            ("currency rates", downloaded.rates),
        )
        if cards
    ]
    if lists:
        _gap(True)
        print_table(("List", "Entries"), lists)
    if downloaded.tmk:
        print(f"\nMaster key: downloaded, KCV {downloaded.tmk.kcv()}.")
    if downloaded.pending:
        print(f"\nBegun and not fetched to the end: {', '.join(downloaded.pending)}.")


LINE_CHARACTERS = 100

_SHOWN = ("version", "tac_default", "tac_online", "tac_denial")
"""Of an application, in a table; JSON has all."""


def _gap(before: object) -> None:
    if before:
        print()


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _as_json(downloaded: Downloaded) -> dict[str, Any]:
    """Return what may be shown: card numbers masked, keys by their KCV."""
    from acquirer.wire.masking import mask_digits

    return {
        "parameters": dict(downloaded.parameters),
        "capk": [
            {
                "rid": one.name.rid,
                "index": one.name.index,
                "expiry": one.expiry,
                "modulus": one.modulus.hex().upper(),
                "exponent": one.exponent.hex().upper(),
                "check_value": one.check_value.hex().upper(),
            }
            for one in downloaded.keys
        ],
        "aid": [{"aid": one.aid, "tags": dict(one.values)} for one in downloaded.aids],
        "contactless": dict(downloaded.contactless),
        "bins_b": [f"{length} {digits}" for length, digits in downloaded.bins_b],
        "bins_c": [f"{length} {digits}" for length, digits in downloaded.bins_c],
        "blacklist": [mask_digits(digits) for _, digits in downloaded.blacklist],
        "rates": [one._asdict() for one in downloaded.rates],
        "fetched": dict(downloaded.fetched),
        "pending": list(downloaded.pending),
        "tmk_kcv": downloaded.tmk.kcv() if downloaded.tmk else "",
    }
