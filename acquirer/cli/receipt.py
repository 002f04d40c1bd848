"""``acquirer receipt``: the slip of a sale, void or refund once more, from the host's store, counted as a reprint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.stored_signatures import signature_of
from acquirer.cli.stores import StoreOption, reading, sentence, settings
from acquirer.cli.streams import say
from acquirer.data.text import whole_stan

if TYPE_CHECKING:
    from acquirer.dialect.dialect import Dialect
    from acquirer.model.rows import Transaction
    from acquirer.slip.receipt import Copy, Language
    from acquirer.store import Reader


def command(
    tid: Annotated[str, typer.Option("--tid", metavar="TID", help="The terminal.")],
    stan: Annotated[str, typer.Option("--stan", metavar="STAN", help="The transaction's trace number.")],
    batch: Annotated[str, typer.Option("--batch", metavar="BATCH", help="Of this batch; else of the latest.")] = "",
    png: Annotated[Path | None, typer.Option("--png", metavar="FILE", help="Also as a picture of 384 dots.")] = None,
    lang: Annotated[
        str, typer.Option("--lang", metavar="zh|en", help="Chinese with English beside, or English.")
    ] = "zh",
    copy: Annotated[
        str, typer.Option("--copy", metavar="merchant|cardholder", help="Whose copy; the merchant's is signed.")
    ] = "merchant",
    store: str | None = StoreOption,
) -> int:
    """Print the receipt of an approved transaction again: with its signature, space for one, or why there is none.

    Each copy is counted in the store and says which it is.
    """
    from acquirer.app.receipts import image_of, receipt_of
    from acquirer.settings.private_file import write_private
    from acquirer.settings.specs import slip_font
    from acquirer.slip.paper import missing_note
    from acquirer.slip.picture import draw
    from acquirer.slip.receipt import WORDS, render_receipt
    from acquirer.store import StoreError
    from acquirer.store.reprints import count_reprint

    if lang not in WORDS or copy not in WORDS["zh"].copies:
        raise Exit(Code.USAGE, "Write --lang zh or --lang en, and --copy merchant or --copy cardholder.")
    whose, language = cast("Copy", copy), cast("Language", lang)
    config = settings(store)
    with reading(config.store) as reader:
        transaction = _transaction(reader, tid, stan := whole_stan(stan), batch)
        original = _original(reader, transaction)
        signature = signature_of(reader, tid, stan, transaction.key.batch)
        stream = reader.blob(signature.digest) if signature else None
        terminal = reader.terminal(tid)
    dialect = _dialect(signature.dialect if signature else "", config.dialect)
    name = terminal[0].name if terminal else ""
    limit_minor = config.no_sign_limit_minor
    receipt = receipt_of(dialect, transaction, signature, name, config.timezone, limit_minor, original)
    ink = image_of(stream) if stream else None
    try:
        reprint = count_reprint(config.store, transaction.key)
    except StoreError as error:
        raise Exit(Code.USAGE, sentence(error)) from None
    text = render_receipt(receipt, whose, lang=language, reprint=reprint, signed=ink is not None)
    print(text, end="")
    if note := missing_note(text):
        say(note)
    if png is not None:
        lines = render_receipt(receipt, whose, lang=language, reprint=reprint).splitlines()
        write_private(png, draw(lines, slip_font(), ink))
    return Code.OK


def _dialect(name: str, usual: str) -> Dialect:
    """Return the dialect of a signature's upload, if it is one that ships; else the usual one."""
    from acquirer.settings.specs import dialect_names, load_dialect

    return load_dialect(name if name in dialect_names() else usual)


def _transaction(reader: Reader, tid: str, stan: str, batch: str) -> Transaction:
    """Return the latest transaction that fits and has a receipt. Raises Exit."""
    from acquirer.app.receipts import has_receipt
    from acquirer.host.kinds import title_of

    found = [one for one in reader.transactions(tid) if one.key.stan == stan and batch in ("", one.key.batch)]
    where = f"terminal {tid} with STAN {stan}{f' in batch {batch}' if batch else ''}"
    if not found:
        raise Exit(
            Code.USAGE,
            f"The store has no transaction of {where}; 'acquirer journal list --tid {tid}' shows the latest.",
        )
    transaction = found[-1]
    title = title_of(transaction.kind)
    if transaction.state in ("declined", "tombstone"):
        raise Exit(Code.USAGE, f"The {title} of {where} was answered {transaction.code}: there is no receipt of it.")
    if not has_receipt(transaction.kind):
        raise Exit(Code.USAGE, f"The {title} of {where} moved no money: there is no receipt of it.")
    return transaction


def _original(reader: Reader, transaction: Transaction) -> Transaction | None:
    """Return the sale that a void or a refund is tied to; None without one, or when the store has it no more."""
    key = transaction.original
    if key is None:
        return None
    return next((one for one in reader.transactions(key.tid) if one.key == key), None)
