"""``acquirer terminal slips list|export|import``: the slips that a terminal keeps, backed up and brought back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.slip_options import STATE, StateOption, TidOption
from acquirer.cli.streams import say

if TYPE_CHECKING:
    from acquirer.settings.slip_archive import SlipFolder

app = typer.Typer(help="List, export and import the slips that the terminal keeps.", rich_markup_mode=None)


@app.command("list")
def list_(
    tid: TidOption = "10000161",
    state: StateOption = STATE,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as one JSON array.")] = False,
) -> None:
    """List the slips that can be printed again, the latest last."""
    from acquirer.cli.json_output import print_array
    from acquirer.cli.tables import Line, console, table
    from acquirer.slip.receipt import decimal_amount

    with _kept(state, tid) as slips:
        known = slips.all()
        _warn(slips)
    if as_json:
        print_array(
            {
                "batch": one.receipt.batch,
                "stan": one.receipt.stan,
                "kind": one.receipt.service,
                "amount": one.receipt.amount_minor,
                "pan": one.receipt.card,
                "rrn": one.receipt.rrn,
                "at_local": one.receipt.at,
                "signed": bool(one.image),
                "reprints": one.reprints,
            }
            for one in known
        )
        return
    grid = table("Time", "Batch", "STAN", "Kind", "Card", "Amount>", "Signed", "Reprints>")
    for one in known:
        receipt = one.receipt
        amount = decimal_amount(-receipt.amount_minor if receipt.credit else receipt.amount_minor, receipt.exponent)
        signed = "yes" if one.image else ""
        grid.add_row(
            receipt.at,
            receipt.batch,
            receipt.stan,
            Line(receipt.kind),
            receipt.card,
            amount,
            signed,
            str(one.reprints or ""),
        )
    console().print(grid)


@app.command("export")
def export(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder; created if there is none.")],
    tid: TidOption = "10000161",
    state: StateOption = STATE,
    stan: Annotated[str, typer.Option(metavar="STAN", help="Only this one.")] = "",
    dialect: Annotated[str, typer.Option(metavar="NAME", help="What the terminal speaks.")] = "unionpay-pos",
) -> None:
    """Write each slip into a folder: facts, text, and its signature as 'acquirer signatures import' reads it."""
    import time

    from acquirer.app.kept_slips import export_slip
    from acquirer.data.text import printable, whole_stan
    from acquirer.settings.specs import load_dialect

    spoken, now_us = load_dialect(dialect), time.time_ns() // 1000
    with _kept(state, tid) as slips:
        found = slips.all()
        damaged = _warn(slips)
    wanted = [one for one in found if not stan or one.receipt.stan == whole_stan(stan)]
    if not wanted:
        raise Exit(Code.USAGE, f"terminal {tid}: no slip is kept{f' of STAN {stan}' if stan else ''}")
    try:
        out.mkdir(0o700, parents=True, exist_ok=True)
        for one in wanted:
            print(printable(str(export_slip(out, one, spoken, now_us))))
    except OSError as error:
        raise Exit(Code.USAGE, f"{out}: cannot be written: {(error.strerror or str(error)).lower()}") from None
    if damaged:
        raise Exit(Code.UNDECODABLE)


@app.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="As 'export' wrote it.")],
    tid: TidOption = "10000161",
    state: StateOption = STATE,
) -> None:
    """Read slips back, so that they can be printed again. A changed file is named, the rest is imported."""
    from acquirer.app.kept_slips import SlipFolderError, read_slips
    from acquirer.terminal.voucher import Voucher

    if not folder.is_dir():
        raise Exit(Code.USAGE, f"{folder} is no folder; name one that 'acquirer terminal slips export' wrote.")
    added = known = refused = 0
    with _kept(state, tid) as slips:
        present = {one.key for one in slips.all()}
        try:
            for one in read_slips(folder):
                if isinstance(one, SlipFolderError):
                    refused += 1
                    say(f"{one}.")
                elif one.receipt.tid != tid:
                    refused += 1
                    say(f"{one.name} is of terminal {one.receipt.tid}.")
                elif (one.receipt.batch, one.receipt.stan) in present:
                    known += 1
                else:
                    added += 1
                    if one.signed and not one.image:
                        say(f"{one.name} comes without its signature: its files are missing, or were changed.")
                    slips.keep(Voucher(one.receipt, image=one.image, reprints=one.reprints))
        except SlipFolderError as error:
            raise Exit(Code.USAGE, f"{error}.") from None
    print(f"{added} imported, {known} known already, {refused} not imported")
    if refused:
        raise Exit(Code.UNDECODABLE)


@contextmanager
def _kept(state: Path, tid: str) -> Iterator[SlipFolder]:
    """Open the slips of a terminal that no other process plays. Raises Exit."""
    from acquirer.settings.terminal_state import StateFile, StateFolderError

    try:
        with StateFile(state, tid) as file:
            yield file.slips()
    except StateFolderError as error:
        raise Exit(Code.USAGE, str(error)) from None


def _warn(slips: SlipFolder) -> int:
    for name in slips.damaged:
        say(f"{slips.folder / name} is damaged: left out.")
    return len(slips.damaged)
