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
from acquirer.cli.errors import Code, Exit
from acquirer.cli.follow_ups import app as follow_ups
from acquirer.cli.operation import STATE, Job, Offline, Printing, Signing, operation, write_picture
from acquirer.cli.operators import app as operators
from acquirer.cli.settlement_print import SettlementPrint, settlement_text
from acquirer.cli.slip_language import language
from acquirer.data.text import whole_stan

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
) -> Job:
    """Upload all that is kept: what was made without the host, then signatures; on paper if every round fails."""
    return Job(lambda terminal: terminal.upload(rounds=rounds))


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
    slip_lang: Annotated[str, typer.Option("--slip-lang", metavar="zh|en", help="The language of the slip.")] = "zh",
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
    tid: Annotated[str, typer.Option(metavar="TID", help="Terminal number.")] = "10000161",
    state: Annotated[Path, typer.Option(metavar="DIR", help="Where the terminal keeps its state.")] = STATE,
    details: Annotated[bool, typer.Option("--details", help="With the list of transactions.")] = False,
    lang: Annotated[str, typer.Option(metavar="zh|en", help="The language of the slip.")] = "zh",
) -> None:
    """Print the slip of the last settlement again; each copy says that it is one, and which."""
    from dataclasses import replace

    from acquirer.settings.terminal_state import StateFile, StateFolderError

    language(lang)
    try:
        with StateFile(state, tid) as file:
            kept = file.load()
            if kept is None or kept.batch_books.slip is None:
                raise Exit(
                    Code.USAGE, f"terminal {tid}: it has settled nothing yet, so there is no slip to print again"
                )
            slip = replace(kept.batch_books.slip, reprints=kept.batch_books.slip.reprints + 1)
            file.save(replace(kept, batch_books=replace(kept.batch_books, slip=slip)))
    except StateFolderError as error:
        raise Exit(Code.USAGE, str(error)) from None
    print(settlement_text(slip, SettlementPrint(details, lang)), end="")


@app.command("receipt")
def receipt(
    tid: Annotated[str, typer.Option(metavar="TID", help="Terminal number.")] = "10000161",
    state: Annotated[Path, typer.Option(metavar="DIR", help="Where the terminal keeps its state.")] = STATE,
    stan: Annotated[str, typer.Option(metavar="STAN", help="Of a slip whose signature waits; default: the last.")] = "",
    cardholder: Annotated[bool, typer.Option("--cardholder", help="The cardholder's copy.")] = False,
    lang: Annotated[str, typer.Option(metavar="zh|en", help="The language of the receipt.")] = "zh",
    png: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Write it as a picture too.")] = None,
) -> None:
    """Print the receipt of the last approved transaction again; each copy says that it is one, and which."""
    from acquirer.settings.terminal_state import StateFile, StateFolderError
    from acquirer.slip.receipt import Copy
    from acquirer.terminal.printing import paper, reprint

    words = language(lang)
    copy: Copy = "cardholder" if cardholder else "merchant"
    try:
        with StateFile(state, tid) as file:
            kept = file.load()
            again = reprint(kept, whole_stan(stan)) if kept else None
            if again is None:
                what = f"nothing is kept of STAN {stan}" if stan else "it has sold nothing yet"
                raise Exit(Code.USAGE, f"terminal {tid}: {what}, so there is no receipt to print again")
            file.save(again[0])
    except StateFolderError as error:
        raise Exit(Code.USAGE, str(error)) from None
    if png:
        write_picture(png, again[1], words, copy)
    print(paper(again[1], copy, words), end="")
