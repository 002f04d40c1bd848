"""``acquirer slips export|check``: the slips of a store as a folder, and slips from elsewhere held against it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.stores import StoreOption, reading, settings
from acquirer.cli.streams import say

if TYPE_CHECKING:
    pass

app = typer.Typer(rich_markup_mode=None)


@app.command("export")
def export(
    out: Path = typer.Option(..., "--out", metavar="DIR", help="The folder; created if there is none."),
    tid: str = typer.Option("", "--tid", metavar="TID", help="Only of this terminal."),
    store: str | None = StoreOption,
) -> int:
    """Write the slip of every approved transaction: its facts with a digest, and its text."""
    from acquirer.app.kept_slips import write_facts
    from acquirer.app.receipts import receipt_of, stands_on_paper
    from acquirer.app.signatures import counting_signatures, key_name
    from acquirer.data.text import printable
    from acquirer.settings.specs import load_dialect

    config = settings(store)
    dialect = load_dialect(config.dialect)
    with reading(config.store) as reader:
        transactions = reader.transactions()
        signatures = reader.signatures(tid)
        counting = counting_signatures(signatures)
        signed = {one.key: one for one in signatures if (one.key, one.number) in counting}
        names = {
            name: terminal[0].name
            for name in {one.key.tid for one in transactions}
            if (terminal := reader.terminal(name))
        }
    known = {one.key: one for one in transactions}
    out.mkdir(0o700, parents=True, exist_ok=True)
    for one in transactions:
        if tid not in ("", one.key.tid) or not stands_on_paper(one):
            continue
        original = known.get(one.original) if one.original else None
        signature = signed.get(one.key)
        limit_minor = config.no_sign_limit_minor
        merchant = names.get(one.key.tid, "")
        receipt = receipt_of(dialect, one, signature, merchant, config.timezone, limit_minor, original)
        print(printable(str(write_facts(out, key_name(one.key), receipt, 0, signature is not None))))
    return Code.OK


@app.command("check")
def check(
    folder: Path = typer.Argument(metavar="DIR", help="Slips as 'slips export' or 'terminal slips export' wrote them."),
    store: str | None = StoreOption,
) -> int:
    """Hold slips against the books: changed files, slips without a transaction, other facts, signatures that lack.

    Ends with 1 when something differs. What a host lacks of signatures comes back with 'signatures import'.
    """
    from acquirer.app.kept_slips import SlipFolderError, read_slips
    from acquirer.app.receipts import slip_differences
    from acquirer.data.text import plural
    from acquirer.model.rows import TransactionKey

    if not folder.is_dir():
        raise Exit(Code.USAGE, f"{folder} is no folder; name one that 'acquirer slips export' wrote.")
    config = settings(store)
    with reading(config.store) as reader:
        known = {one.key: one for one in reader.transactions()}
        signed = {one.key for one in reader.signatures()}
    checked, problems = 0, 0
    try:
        for one in read_slips(folder):
            if isinstance(one, SlipFolderError):
                found = [str(one)]
            else:
                checked += 1
                receipt = one.receipt
                key = TransactionKey(receipt.mid, receipt.tid, receipt.batch, receipt.stan)
                booked = known.get(key)
                found = ["it is not in the books"] if booked is None else slip_differences(receipt, booked)
                if one.signed and key not in signed and booked is not None:
                    found.append("it is signed, and the store has no signature: 'signatures import' brings it")
                found = [f"{one.name}: {text}" for text in found]
            problems += len(found)
            for text in found:
                say(f"{text}.")
    except SlipFolderError as error:
        raise Exit(Code.USAGE, f"{error}.") from None
    print(f"{plural(checked, 'slip')} checked: {plural(problems, 'problem') + ' found' if problems else 'OK'}")
    return Code.EXPECTATION_FAILED if problems else Code.OK
