"""``acquirer terminal``: play one POS terminal, one operation per command, one readable line per exchange."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from acquirer.cli.card_options import (
    CardOptions,
    ChipOptions,
    KeptOptions,
    KindOptions,
    PadOptions,
    PinOptions,
    arguments,
    details,
    presented,
)
from acquirer.cli.downloads import app as downloads
from acquirer.cli.follow_ups import app as follow_ups
from acquirer.cli.kept_slips import app as kept_slips
from acquirer.cli.operation import Job, Offline, Printing, Signing, operation
from acquirer.cli.operators import app as operators
from acquirer.cli.settlement_print import SettlementPrint
from acquirer.cli.slip_options import STATE, StateOption, TidOption, check_files, columns_of, copy_named, language

LanguageOption = Annotated[str, typer.Option("--lang", metavar="both|zh|en", help="The language of the slip.")]
ColumnsOption = Annotated[int, typer.Option("--columns", metavar="32|48", help="Of the paper: 58 or 80 mm.")]
OutOption = Annotated[
    list[Path] | None,
    typer.Option("--out", metavar="FILE", help="Also as .html, .pdf, .png, .txt or .escpos; repeatable."),
]
PrinterOption = Annotated[
    str, typer.Option("--printer", metavar="TROUBLE", help="What its printer has: no-paper, jam or power-cut.")
]

app = typer.Typer(
    help="Play a POS terminal against any host: sign on, sell, void, refund, inquire, sign, reverse, settle, sign off.",
    rich_markup_mode=None,
)


@app.command("sign-on")
@operation()
def sign_on() -> Job:
    """Sign on: fetch working keys and the batch number."""
    return Job(lambda terminal: terminal.sign_on())


@app.command("key-change")
@operation()
def key_change() -> Job:
    """Fetch new working keys between two sign-ons, where the dialect has a message for it."""
    return Job(lambda terminal: terminal.key_change())


@app.command("sale")
@operation(Signing, Printing, Offline)
def sale(
    *,
    amount: Annotated[str, typer.Option(metavar="12.34", help="How much.")],
    card: CardOptions,
    pin: PinOptions,
    pad: PadOptions,
    kind: KindOptions,
    chip: ChipOptions,
    no_sign_limit: Annotated[
        str | None,
        typer.Option(metavar="12.34", help="Contactless sales up to this are not signed; default: 1000.00."),
    ] = None,
) -> Job:
    """Sell. Signs on before if need be, and reverses by itself what stays unanswered; uploads earlier signatures."""
    given = presented(arguments(card, pin, pad)) | arguments(chip)
    further = details(kind.detail)
    return Job(lambda terminal: terminal.sale(amount, kind=kind.kind, details=further, **given), no_sign_limit)


app.registered_commands += follow_ups.registered_commands
app.registered_commands += downloads.registered_commands
app.add_typer(operators, name="operator")
app.add_typer(kept_slips, name="slips")


@app.command("sign")
@operation(Signing)
def sign(
    *,
    sign: Annotated[str, typer.Option(metavar="NAME|FILE", help="Who signs: a name, a .png, or a .json of strokes.")],
    sign_mode: Annotated[
        str, typer.Option("--sign-mode", metavar="touch|pen|fingerprint", help="What the cardholder signs with.")
    ] = "touch",
    kept: KeptOptions,
) -> Job:
    """Sign a slip later, or clear its signature and sign again."""
    return Job(lambda terminal: terminal.sign(sign, mode=sign_mode, stan=kept.stan, batch=kept.batch))


@app.command("balance")
@operation()
def balance(
    *,
    card: CardOptions,
    pin: PinOptions,
    points: Annotated[bool, typer.Option("--points", help="Ask for its points instead.")] = False,
) -> Job:
    """Ask how much a card has."""
    given = arguments(card, pin)
    return Job(lambda terminal: terminal.balance(points=points, **presented(given)))


@app.command("upload")
@operation(Signing)
def upload(
    *,
    rounds: Annotated[int, typer.Option(metavar="N", min=0, help="How often; default: as the dialect says.")] = 0,
    stan: Annotated[
        str, typer.Option(metavar="STAN", help="The signature of this slip, also once more after it went up.")
    ] = "",
    batch: Annotated[str, typer.Option(metavar="BATCH", help="Of this batch; default: the latest.")] = "",
) -> Job:
    """Upload all that is kept: what was made without the host, then signatures; on paper if every round fails."""
    return Job(lambda terminal: terminal.upload(rounds=rounds, stan=stan, batch=batch))


@app.command("reverse")
@operation()
def reverse(
    *,
    reason: Annotated[str, typer.Option(metavar="98", help="The reason to give; default: as if no answer came.")] = "",
    stan: Annotated[
        str, typer.Option(metavar="STAN", help="Reverse this sale; any but the last one needs --amount.")
    ] = "",
    batch: Annotated[
        str,
        typer.Option(metavar="BATCH", help="Of that sale, or what its dialect has for it; default: the current one."),
    ] = "",
    amount: Annotated[str | None, typer.Option(metavar="12.34", help="Of that sale.")] = None,
) -> Job:
    """Reverse what is owed a reversal, else the sale that --stan names, else the last approved sale or void."""
    return Job(lambda terminal: terminal.reverse(reason=reason, stan=stan, batch=batch, amount=amount))


@app.command("echo")
@operation()
def echo() -> Job:
    """Ask whether the host is there."""
    return Job(lambda terminal: terminal.echo())


@app.command("sign-off")
@operation()
def sign_off() -> Job:
    """Sign off, once what was made without the host is uploaded."""
    return Job(lambda terminal: terminal.sign_off())


@app.command("settle")
@operation()
def settle(
    *,
    sign_off: Annotated[bool, typer.Option("--sign-off", help="Sign off when it is done.")] = False,
    slip: Annotated[bool, typer.Option("--slip", help="Print its slip.")] = False,
    details: Annotated[bool, typer.Option("--details", help="Print its slip, with the list of transactions.")] = False,
    slip_lang: Annotated[
        str, typer.Option("--slip-lang", metavar="both|zh|en", help="The language of the slip.")
    ] = "both",
    drop_reversal: Annotated[
        bool,
        typer.Option("--drop-reversal", help="Give up the reversal that is owed, or the advice that got no answer."),
    ] = False,
    upload_after_error: Annotated[
        bool, typer.Option("--upload-after-error", help="Go on where the host answers error, as if not balanced.")
    ] = False,
) -> Job:
    """Settle the batch: totals, upload of details, its end; the next batch begins. Goes on where it was interrupted."""
    return Job(
        lambda terminal: terminal.settle(
            sign_off=sign_off, drop_reversal=drop_reversal, upload_after_error=upload_after_error
        ),
        slip=SettlementPrint(details, slip_lang) if slip or details else None,
    )


@app.command("settlement-slip")
def settlement_slip(
    tid: TidOption = "10000161",
    state: StateOption = STATE,
    details: Annotated[bool, typer.Option("--details", help="With the list of transactions.")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="Only what was not uploaded, or not taken.")] = False,
    out: OutOption = None,
    printer: PrinterOption = "",
    columns: ColumnsOption = 32,
    lang: LanguageOption = "both",
) -> None:
    """Print the slip of the last settlement again; each copy says that it is one, and which."""
    from acquirer.cli.slip_printing import print_settlement_again

    print_settlement_again(tid, state, SettlementPrint(details, lang, columns, failed), check_files(out), printer)


@app.command("receipt")
def receipt(
    tid: TidOption = "10000161",
    state: StateOption = STATE,
    stan: Annotated[
        str, typer.Option(metavar="STAN", help="Of this transaction; default: what is left to print, else the last.")
    ] = "",
    batch: Annotated[str, typer.Option(metavar="BATCH", help="Of this batch; default: the latest.")] = "",
    cardholder: Annotated[bool, typer.Option("--cardholder", help="The cardholder's copy.")] = False,
    copy: Annotated[
        list[str] | None,
        typer.Option("--copy", metavar="merchant|cardholder|bank", help="Whose copy; repeatable."),
    ] = None,
    out: OutOption = None,
    png: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Write it as a picture too.")] = None,
    printer: PrinterOption = "",
    columns: ColumnsOption = 32,
    lang: LanguageOption = "both",
) -> None:
    """Print the receipt of an approved transaction again; each copy says that it is one, and which."""
    from acquirer.cli.slip_printing import Wanted, print_receipt_again

    copies = tuple(copy_named(one) for one in (copy or (["cardholder"] if cardholder else [])))
    wanted = Wanted(stan, batch, copies, language(lang), columns_of(columns))
    print_receipt_again(tid, state, wanted, check_files(out, png), printer)


@app.command("fault-report")
def fault_report(
    tid: TidOption = "10000161",
    state: StateOption = STATE,
    out: OutOption = None,
    columns: ColumnsOption = 32,
    lang: LanguageOption = "both",
) -> None:
    """Print the report of a transaction whose reversal did not succeed: it is no receipt, and is settled by hand."""
    from acquirer.cli.slip_printing import print_report_of_fault

    print_report_of_fault(tid, state, language(lang), columns_of(columns), check_files(out))


@app.command("prints")
def prints(
    tid: TidOption = "10000161",
    state: StateOption = STATE,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as one JSON array.")] = False,
) -> None:
    """List what the terminal's printer has printed, and what it could not: its print journal, the latest last."""
    from acquirer.cli.slip_printing import list_prints

    list_prints(tid, state, as_json)
