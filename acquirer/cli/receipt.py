"""``acquirer receipt``: the slip of a transaction once more, from the host's store; counted, and in a form to be sent.

It is found by what a customer knows: day, amount, the card's last four digits, a reference number.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.json_output import print_array
from acquirer.cli.slip_options import check_files, columns_of, copy_named, language, write_slips
from acquirer.cli.stores import ArrayOption, StoreOption, clock_time, reading, sentence, settings, with_times
from acquirer.cli.streams import say
from acquirer.data.text import whole_stan

if TYPE_CHECKING:
    from acquirer.app.receipts import SlipQuery
    from acquirer.model.rows import Transaction
    from acquirer.settings.config import Config
    from acquirer.store import Reader

LISTED_MAX = 50
"""Transactions that are listed where several fit; of more their number is said."""


def command(
    tid: Annotated[str, typer.Option("--tid", metavar="TID", help="Of this terminal.")] = "",
    stan: Annotated[str, typer.Option("--stan", metavar="STAN", help="The transaction's trace number.")] = "",
    batch: Annotated[str, typer.Option("--batch", metavar="BATCH", help="Of this batch; else of the latest.")] = "",
    mid: Annotated[str, typer.Option("--mid", metavar="MID", help="Of this merchant.")] = "",
    date: Annotated[str, typer.Option("--date", metavar="MMDD|YYYYMMDD", help="Of this day.")] = "",
    amount: Annotated[str, typer.Option("--amount", metavar="12.34", help="Over this amount.")] = "",
    last4: Annotated[str, typer.Option("--last4", metavar="DIGITS", help="Of a card that ends so.")] = "",
    rrn: Annotated[str, typer.Option("--rrn", metavar="NUMBER", help="With this reference number.")] = "",
    only_list: Annotated[bool, typer.Option("--list", help="List what fits, and print no slip.")] = False,
    out: Annotated[
        list[Path] | None,
        typer.Option("--out", metavar="FILE", help="Also as .html to be sent, .pdf, .png, .txt, .escpos; repeatable."),
    ] = None,
    png: Annotated[Path | None, typer.Option("--png", metavar="FILE", help="Also as a picture of 384 dots.")] = None,
    lang: Annotated[
        str, typer.Option("--lang", metavar="both|zh|en", help="Chinese with English beside, Chinese, or English.")
    ] = "both",
    copy: Annotated[
        str,
        typer.Option("--copy", metavar="merchant|cardholder|bank", help="Whose copy; the cardholder's is not signed."),
    ] = "merchant",
    columns: Annotated[int, typer.Option("--columns", metavar="32|48", help="Of the paper: 58 or 80 mm.")] = 32,
    link: Annotated[
        bool, typer.Option("--link", help="Print a link to its page at the host that serves the store, and no slip.")
    ] = False,
    store: str | None = StoreOption,
    as_json: bool = ArrayOption,
) -> int:
    """Print the receipt of an approved transaction again: with its signature, space for one, or why there is none.

    Each copy is counted in the store and says which it is. Where several transactions fit, they are listed.
    """
    from acquirer.app.stored_slips import stored_slip
    from acquirer.slip.paper import missing_note
    from acquirer.slip.receipt import receipt_sheet
    from acquirer.slip.sheet import plain_text
    from acquirer.store import StoreError
    from acquirer.store.reprints import count_reprint

    words, whose, columns, files = language(lang), copy_named(copy), columns_of(columns), check_files(out, png)
    config, query = settings(store), _query(tid, stan, batch, mid, date, amount, last4, rrn)
    with reading(config.store) as reader:
        found = _found(reader, query, config)
        if only_list or as_json:
            _list(found, config, as_json)
            return Code.OK
        transaction = _only_one(found, query, config)
        receipt, ink = stored_slip(reader, transaction, config)
    if link:
        print(_link(config.store, transaction))
        return Code.OK
    try:
        reprint = count_reprint(config.store, transaction.key)
    except StoreError as error:
        raise Exit(Code.USAGE, sentence(error)) from None
    sheet = receipt_sheet(receipt, whose, lang=words, reprint=reprint, signed=ink is not None)
    text = plain_text(sheet, columns)
    print(text, end="")
    if note := missing_note(text):
        say(note)
    write_slips(files, sheet, ink, words, columns)
    return Code.OK


def _query(tid: str, stan: str, batch: str, mid: str, date: str, amount: str, last4: str, rrn: str) -> SlipQuery:
    """Return what is looked for. Raises Exit."""
    from acquirer.app.receipts import SlipQuery
    from acquirer.slip.receipt import minor

    if not (tid or stan or mid or date or amount or last4 or rrn):
        raise Exit(Code.USAGE, "Say which slip: --tid and --stan, --rrn, or what is known: --date, --amount, --last4.")
    if date and not (date.isascii() and date.isdecimal() and len(date) in (4, 8)):
        raise Exit(Code.USAGE, f"--date {date}: write MMDD or YYYYMMDD.")
    if last4 and not (last4.isascii() and last4.isdecimal() and len(last4) == 4):
        raise Exit(Code.USAGE, "--last4: write the last four digits of the card.")
    try:
        amount_minor = minor(amount) if amount else None
    except ValueError as error:
        raise Exit(Code.USAGE, f"--amount: {error}.") from None
    return SlipQuery(tid, whole_stan(stan) if stan else "", batch, mid, date, amount_minor, last4, rrn)


def _found(reader: Reader, query: SlipQuery, config: Config) -> list[Transaction]:
    """Return what fits; where terminal and STAN are given without a batch, only the latest. Raises Exit."""
    from acquirer.app.receipts import find_slips, has_receipt, stands_on_paper
    from acquirer.host.kinds import title_of

    found = find_slips(reader.transactions(query.tid), query, config.timezone)
    where = f"terminal {query.tid} with STAN {query.stan}{f' in batch {query.batch}' if query.batch else ''}"
    if not (query.tid and query.stan):
        found = [one for one in found if stands_on_paper(one)]
        if not found:
            raise Exit(Code.USAGE, "The store has no transaction with a slip that fits; leave something out.")
        return found
    if not found:
        raise Exit(
            Code.USAGE,
            f"The store has no transaction of {where}; 'acquirer journal list --tid {query.tid}' shows the latest.",
        )
    transaction = found[-1]
    title = title_of(transaction.kind)
    if transaction.state in ("declined", "tombstone"):
        raise Exit(Code.USAGE, f"The {title} of {where} was answered {transaction.code}: there is no receipt of it.")
    if not has_receipt(transaction.kind):
        raise Exit(Code.USAGE, f"The {title} of {where} moved no money: there is no receipt of it.")
    return [transaction]


def _only_one(found: list[Transaction], query: SlipQuery, config: Config) -> Transaction:
    """Return the transaction that was found; raise Exit after listing several."""
    if len(found) == 1:
        return found[0]
    _list(found, config, as_json=False)
    missing = [name for name in ("tid", "stan", "batch", "date", "amount", "last4", "rrn") if _open(query, name)]
    hints = ", ".join(f"--{name}" for name in missing)
    raise Exit(Code.USAGE, f"{len(found)} transactions fit: say which with {hints}.")


def _open(query: SlipQuery, name: str) -> bool:
    return (query.amount_minor is None) if name == "amount" else not getattr(query, name)


def _list(found: list[Transaction], config: Config, as_json: bool) -> None:
    from acquirer.cli.tables import KEY, Line, console, table
    from acquirer.host.kinds import title_of
    from acquirer.slip.receipt import decimal_amount

    if as_json:
        print_array(with_times(_document(one), config.timezone) for one in found)
        return
    grid = table("Time", "Terminal", "Batch", "STAN", "RRN", "Kind", "Card", "Amount>", "State")
    for one in found[-LISTED_MAX:]:
        grid.add_row(
            clock_time(one.at_us, config.timezone),
            Line(one.key.tid, KEY),
            one.key.batch,
            one.key.stan,
            one.rrn,
            title_of(one.kind),
            one.pan_masked,
            decimal_amount(one.amount_minor),
            one.state,
        )
    console().print(grid)
    if (more := len(found) - LISTED_MAX) > 0:
        say(f"{more} earlier ones fit too.")


def _document(one: Transaction) -> dict[str, object]:
    return {
        **one.key._asdict(),
        "kind": one.kind,
        "state": one.state,
        "amount": one.amount_minor,
        "pan": one.pan_masked,
        "rrn": one.rrn,
        "auth_id": one.auth_id,
        "at_us": one.at_us,
    }


def _link(url: str, transaction: Transaction) -> str:
    """Return a link to the slip of a transaction. Raises Exit."""
    from acquirer.cli.host_door import served_door

    door = served_door(url)
    if door is None:
        raise Exit(Code.USAGE, "A link is to a host that serves the store by HTTP: start it with --http, or use --out.")
    return door.receipt_link(transaction.key)
