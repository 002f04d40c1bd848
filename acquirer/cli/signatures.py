"""``acquirer signatures list|show|export|import|unsigned``: electronic signatures, and transactions that lack one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from acquirer.cli import unsigned_transactions
from acquirer.cli.errors import Code, Exit
from acquirer.cli.host_door import served_door
from acquirer.cli.json_output import print_array, print_object
from acquirer.cli.stored_signatures import (
    ReadingFolder,
    find_signatures,
    name_of_signature,
    warn_of_damaged,
    with_picture_and_image,
)
from acquirer.cli.stores import (
    ArrayOption,
    ObjectOption,
    StoreOption,
    clock_time,
    reading,
    sentence,
    settings,
    with_times,
    writing,
)
from acquirer.cli.streams import say
from acquirer.data.text import whole_stan

if TYPE_CHECKING:
    from acquirer.model.rows import Signature

app = typer.Typer(rich_markup_mode=None)
app.command("unsigned")(unsigned_transactions.command)

Tid: Any = typer.Option("", "--tid", metavar="TID", help="Only of this terminal.")
Batch: Any = typer.Option("", "--batch", metavar="BATCH", help="Of this batch; else of the latest.")
All: Any = typer.Option(False, "--all", help="Also those that were replaced by a later one.")


def _document(one: Signature, *, counts: bool, timezone: str) -> dict[str, Any]:
    from acquirer.app.signatures import signature_json

    return with_times(signature_json(one, counts), timezone)


@app.command("list")
def list_(
    tid: str = Tid,
    everything: bool = All,
    store: str | None = StoreOption,
    as_json: bool = ArrayOption,
) -> int:
    """List signatures, the latest last."""
    config = settings(store)
    with reading(config.store) as reader:
        found = find_signatures(reader, tid, everything)
        warn_of_damaged(reader, tid)
    if as_json:
        print_array(_document(one, counts=counts, timezone=config.timezone) for one, counts in found)
        return Code.OK
    from acquirer.cli.tables import ALERT, KEY, Line, console, table
    from acquirer.slip.receipt import decimal_amount

    grid = table("Received", "Terminal", "Batch", "STAN", "RRN", "Amount>", "Captured", "Bytes>", "Picture", "Flags")
    for one, counts in found:
        flags = [flag.name for flag in one.flags] + ([] if counts else ["replaced"])
        size = f"{one.width} × {one.height}" if one.picture == "made" else one.picture
        grid.add_row(
            clock_time(one.at_us, config.timezone),
            Line(one.key.tid, KEY),
            one.key.batch,
            one.key.stan,
            one.rrn,
            "" if one.amount_minor is None else decimal_amount(one.amount_minor),
            one.captured,
            str(one.stream_bytes),
            size,
            Line(", ".join(flags), ALERT if one.flags else ""),
        )
    console().print(grid)
    return Code.OK


@app.command()
def show(
    tid: str = typer.Option(..., "--tid", metavar="TID", help="The terminal."),
    stan: str = typer.Option(..., "--stan", metavar="STAN", help="The transaction's trace number."),
    batch: str = Batch,
    store: str | None = StoreOption,
    as_json: bool = ObjectOption,
) -> int:
    """Show the signature of one transaction: its slip elements, what is unusual about it, what it looks like."""
    from acquirer.app.signatures import stored_signature_of

    config, stan = settings(store), whole_stan(stan)
    with reading(config.store) as reader:
        one = stored_signature_of(reader, tid, stan, batch)
        if one is None:
            raise Exit(Code.USAGE, f"{config.store} has no signature of terminal {tid} with STAN {stan}.")
        one, stream, _ = with_picture_and_image(reader, one, config)
    if as_json:
        print_object(_document(one, counts=True, timezone=config.timezone))
        return Code.OK
    from acquirer.app.receipts import image_of
    from acquirer.cli.braille import lines
    from acquirer.cli.tables import ALERT, KEY, QUIET, Line, console, table
    from acquirer.data.text import printable

    screen = console()
    grid = table("What", "Value")
    for name, value in _facts(one, config.timezone):
        grid.add_row(Line(name, KEY), printable(value))
    screen.print(grid)
    if one.slip:
        names = _tag_names(one.dialect)
        slip = table("Tag", "Slip element", "Value")
        for element in one.slip:
            slip.add_row(Line(element.tag, KEY), names.get(element.tag, "?"), printable(element.text or element.hex))
        screen.print(slip)
    for flag in one.flags:
        screen.print(Line(f"{flag.name}: ", ALERT).append(printable(flag.why), ""), soft_wrap=True)
    bitmap = None if stream is None else image_of(stream)
    if bitmap is not None:
        for line in lines(bitmap, screen.width):
            print(line.rstrip("\u2800"))
    else:
        lost = "the store does not have the image" if stream is None else "the image cannot be decoded"
        screen.print(Line(lost, QUIET))
    return Code.OK


@app.command()
def export(
    out: Path = typer.Option(..., "--out", metavar="DIR", help="The folder; created if there is none."),
    tid: str = Tid,
    store: str | None = StoreOption,
) -> int:
    """Write every signature as three files: PNG, the image as received, and JSON."""

    from acquirer.app.signatures import export_signature
    from acquirer.data.text import printable

    config = settings(store)
    with reading(config.store) as reader:
        found = find_signatures(reader, tid, everything=True)
        lost = warn_of_damaged(reader, tid)
        out.mkdir(0o700, parents=True, exist_ok=True)
        for one, counts in found:
            one, stream, png = with_picture_and_image(reader, one, config)
            if stream is None:
                lost += 1
                say(f"{name_of_signature(one)}: the store does not have its image, nothing was written.")
            else:
                print(printable(str(export_signature(out, one, counts, stream, png))))
    return Code.UNDECODABLE if lost else Code.OK


@app.command("import")
def import_(
    folder: Path = typer.Argument(metavar="DIR", help="As 'export' wrote it."),
    store: str | None = StoreOption,
) -> int:
    """Read a folder of signatures back. A damaged file is named, the rest is imported; ends with 5 then.

    While a host serves the store it is asked to do it (serve --http).
    """
    from acquirer.app.signature_folder import FolderError
    from acquirer.data.text import printable
    from acquirer.store import StoreError

    if not folder.is_dir():
        shown = printable(str(folder))
        raise Exit(Code.USAGE, f"{shown} is no folder; name one that 'acquirer signatures export' wrote.")
    config = settings(store)
    door = served_door(config.store)
    reading_in = ReadingFolder(folder, config.dialect, served=door is not None)
    if door is not None:
        try:
            return reading_in.report(door.import_signatures(reading_in.signatures()))
        except FolderError as exc:
            raise Exit(Code.USAGE, f"{exc}; what was read before that is imported.") from None
    with writing(config.store) as target:
        try:
            outcomes = target.import_signatures(reading_in.signatures())
        except FolderError as exc:
            raise Exit(Code.USAGE, f"{exc}; nothing was imported.") from None
        except StoreError as exc:
            raise Exit(Code.USAGE, sentence(exc)) from None
    return reading_in.report(outcomes)


def _facts(one: Signature, timezone: str) -> list[tuple[str, str]]:
    from acquirer.slip.receipt import decimal_amount

    key = one.key
    size_bytes = f"{one.stream_bytes} bytes" + (f" in {one.parts} parts" if one.parts > 1 else "")
    size = {"made": f"{one.width} × {one.height} pixels", "waiting": "not made", "none": "none"}[one.picture]
    return [
        ("terminal", f"{key.tid} of merchant {key.mid}"),
        ("transaction", f"batch {key.batch}, STAN {key.stan}, RRN {one.rrn or '?'}"),
        ("amount", "?" if one.amount_minor is None else decimal_amount(one.amount_minor)),
        ("card", one.pan_masked or "?"),
        ("received", f"{clock_time(one.at_us, timezone)}, {size_bytes}, number {one.number} of this transaction"),
        ("captured", one.captured or "not reported"),
        ("feature code", one.feature_code or "?"),
        ("picture", size),
        ("SHA-256", one.digest),
    ]


def _tag_names(dialect: str) -> dict[str, str]:
    from acquirer.data.toml import DataError
    from acquirer.settings.specs import load_dialect
    from acquirer.signature.slip_elements import slip_tags

    try:
        return {tag: one.name.en for tag, one in slip_tags(load_dialect(dialect)).items()}
    except DataError:
        return {}
