"""``acquirer report transactions|signatures``: what the books hold, as a table, as JSON or as CSV."""

from __future__ import annotations

from typing import Any

import typer

from acquirer.cli.errors import Code
from acquirer.cli.formats import FormatOption, check_format, print_rows
from acquirer.cli.moments import SinceOption, UntilOption, moment_us
from acquirer.cli.stores import StoreOption, reading, settings, with_times

app = typer.Typer(rich_markup_mode=None)

Tid: Any = typer.Option("", "--tid", metavar="TID", help="Only of this terminal.")
Batch: Any = typer.Option("", "--batch", metavar="BATCH", help="Only of this batch.")


@app.command()
def transactions(
    tid: str = Tid,
    batch: str = Batch,
    since: str = SinceOption,
    until: str = UntilOption,
    store: str | None = StoreOption,
    given: str = FormatOption,
) -> int:
    """Report transactions, each with the side of the totals on which it is counted."""
    from acquirer.app.transaction_documents import transaction_document
    from acquirer.app.unsigned import UnsignedFilter
    from acquirer.settings.specs import load_dialect

    check_format(given)
    config = settings(store)
    dialect = load_dialect(config.dialect)
    wanted = UnsignedFilter(
        tid,
        batch,
        moment_us("--since", since, config.timezone),
        moment_us("--until", until, config.timezone, end_of_day=True),
    )
    with reading(config.store) as reader:
        found = [one for one in reader.transactions(tid) if wanted.fits(one)]
    rows = [transaction_document(one, dialect, config.timezone) for one in found]
    headings = {
        "tid": "Terminal",
        "batch": "Batch",
        "stan": "STAN",
        "at_local": "At",
        "kind": "Kind",
        "state": "State",
        "code": "Code",
        "amount": "Amount",
        "card": "Card",
        "counted": "Counted",
        "rrn": "RRN",
    }
    print_rows(given, headings, rows, "No transaction.")
    return Code.OK


@app.command()
def signatures(
    tid: str = Tid,
    batch: str = Batch,
    since: str = SinceOption,
    until: str = UntilOption,
    store: str | None = StoreOption,
    given: str = FormatOption,
) -> int:
    """Report transactions that the cardholder signs, with their signature or the likely cause that they lack one."""
    from acquirer.app.unsigned import STANDING_STATES, UnsignedFilter, find_unsigned
    from acquirer.cli.stored_signatures import pixel_check
    from acquirer.host.kinds import KINDS
    from acquirer.settings.specs import load_dialect
    from acquirer.slip.receipt import decimal_amount

    check_format(given)
    config = settings(store)
    wanted = UnsignedFilter(
        tid,
        batch,
        moment_us("--since", since, config.timezone),
        moment_us("--until", until, config.timezone, end_of_day=True),
    )
    with reading(config.store) as reader:
        lacking = {
            one.transaction.key: one
            for one in find_unsigned(
                reader, load_dialect(config.dialect), wanted, config.no_sign_limit_minor, pixel_check(config)
            )
        }
        signed = {one.key: one for one in reader.signatures(tid)}
        found = [
            one
            for one in reader.transactions(tid)
            if wanted.fits(one) and one.state in STANDING_STATES and one.kind in KINDS and KINDS[one.kind].signature
        ]
    rows = []
    for one in found:
        signature, lack = signed.get(one.key), lacking.get(one.key)
        rows.append(
            {
                **one.key._asdict(),
                **with_times({"at_us": one.at_us}, config.timezone),
                "kind": one.kind,
                "amount": decimal_amount(one.amount_minor),
                "card": one.pan_masked,
                "signed": signature is not None and lack is None,
                "needed": lack is None or not lack.exempt,
                "captured": signature.captured if signature else "",
                "flags": " ".join(flag.name for flag in signature.flags) if signature else "",
                "group": lack.group.value if lack else "",
                "cause": lack.cause if lack else "",
                "digest": signature.digest if signature else "",
            }
        )
    headings = {
        "tid": "Terminal",
        "batch": "Batch",
        "stan": "STAN",
        "at_local": "At",
        "kind": "Kind",
        "amount": "Amount",
        "signed": "Signed",
        "needed": "Needed",
        "flags": "Flags",
        "cause": "Likely cause",
    }
    print_rows(given, headings, rows, "No transaction that is signed.")
    return Code.OK
