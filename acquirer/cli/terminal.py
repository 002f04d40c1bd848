"""``acquirer terminal``: play one POS terminal, one operation per command, one readable line per exchange."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.operation import STATE, Job, Printing, Signing, language, operation, write_picture
from acquirer.data.text import whole_stan

if TYPE_CHECKING:
    from acquirer.terminal.card import CardData

app = typer.Typer(
    help="Play a POS terminal against any host: sign on, sell, void, refund, inquire, sign, reverse, sign off.",
    rich_markup_mode=None,
)

CardOption = Annotated[str, typer.Option("--card", metavar="NAME", help="A test card of the shipped table.")]
PanOption = Annotated[str, typer.Option("--pan", metavar="DIGITS", help="Any card number, instead of --card.")]
ExpiryOption = Annotated[str, typer.Option("--expiry", metavar="YYMM", help="Of that card.")]
Track2Option = Annotated[str, typer.Option("--track2", metavar="TEXT", help="A whole track 2, instead of --card.")]
PinOption = Annotated[str, typer.Option("--pin", metavar="DIGITS", help="The PIN that is keyed in; none: no PIN.")]
EntryOption = Annotated[
    str, typer.Option("--entry", metavar="NAME", help="chip, contactless, magstripe, fallback or manual.")
]
DropOption = Annotated[bool, typer.Option("--drop-reversal", help="Give up the reversal that is owed.")]
SignOption = Annotated[
    str | None,
    typer.Option("--sign", metavar="NAME|FILE", help="Who signs: a name, a .png, or a .json of strokes."),
]
SignModeOption = Annotated[
    str, typer.Option("--sign-mode", metavar="touch|pen|fingerprint", help="What the cardholder signs with.")
]


def card_given(card: str, pan: str, expiry: str, track2: str, pin: str) -> str | CardData:
    """Return the card that the options describe: a name of the table, or card data; "" when they describe none."""
    from acquirer.terminal.card import CardError
    from acquirer.terminal.card import card as card_of

    if card and (pan or track2):
        raise CardError("give --card, or --pan and --track2, not both")
    return card_of(pan, expiry, track2, pin=pin) if pan or track2 else card


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
@operation(Signing, Printing)
def sale(
    *,
    amount: Annotated[str, typer.Option(metavar="12.34", help="How much.")],
    card: CardOption = "",
    pan: PanOption = "",
    expiry: ExpiryOption = "",
    track2: Track2Option = "",
    pin: PinOption = "",
    entry: EntryOption = "chip",
    drop_reversal: DropOption = False,
    sign: SignOption = None,
    sign_mode: SignModeOption = "touch",
    no_sign_limit: Annotated[
        str | None,
        typer.Option(metavar="12.34", help="Contactless sales up to this are not signed; default: 1000.00."),
    ] = None,
) -> Job:
    """Sell. Signs on before if need be, and reverses by itself what stays unanswered; uploads earlier signatures."""
    held = card_given(card, pan, expiry, track2, pin) or "standard"
    return Job(
        lambda terminal: terminal.sale(
            amount, held, entry=entry, pin=pin, drop_reversal=drop_reversal, sign=sign, sign_mode=sign_mode
        ),
        no_sign_limit,
    )


@app.command("void")
@operation(Signing, Printing)
def void(
    *,
    stan: Annotated[str, typer.Option(metavar="STAN", help="Of the sale; default: the last approved one.")] = "",
    batch: Annotated[
        str,
        typer.Option(metavar="BATCH", help="Of that sale, or what its dialect has for it; default: the current one."),
    ] = "",
    amount: Annotated[str | None, typer.Option(metavar="12.34", help="Of a sale that is not kept here.")] = None,
    rrn: Annotated[str, typer.Option(metavar="NUMBER", help="Reference number of a sale that is not kept.")] = "",
    card: CardOption = "",
    pan: PanOption = "",
    expiry: ExpiryOption = "",
    track2: Track2Option = "",
    pin: PinOption = "",
    entry: EntryOption = "",
    drop_reversal: DropOption = False,
    sign: SignOption = None,
    sign_mode: SignModeOption = "touch",
) -> Job:
    """Void a sale of this terminal, whole. Without card options no card is read: the kept sale has its number."""
    held = card_given(card, pan, expiry, track2, pin)
    return Job(
        lambda terminal: terminal.void(
            stan=stan,
            batch=batch,
            amount=amount,
            rrn=rrn,
            card=held or None,
            entry=entry,
            pin=pin,
            drop_reversal=drop_reversal,
            sign=sign,
            sign_mode=sign_mode,
        )
    )


@app.command("refund")
@operation(Signing, Printing)
def refund(
    *,
    amount: Annotated[
        str | None, typer.Option(metavar="12.34", help="How much is given back; default: all of a sale that is kept.")
    ] = None,
    stan: Annotated[str, typer.Option(metavar="STAN", help="Of the sale; default: the last approved one.")] = "",
    batch: Annotated[str, typer.Option(metavar="BATCH", help="Of that sale, if it is not plain.")] = "",
    rrn: Annotated[
        str, typer.Option(metavar="NUMBER", help="Reference number of a sale that is not kept, or of another terminal.")
    ] = "",
    date: Annotated[str, typer.Option(metavar="MMDD", help="Of that sale, as its slip shows it.")] = "",
    card: CardOption = "",
    pan: PanOption = "",
    expiry: ExpiryOption = "",
    track2: Track2Option = "",
    entry: EntryOption = "",
    again: Annotated[bool, typer.Option("--again", help="Send the refund that got no answer once more.")] = False,
    drop_reversal: Annotated[
        bool,
        typer.Option("--drop-reversal", help="Give up the reversal that is owed, or the refund that got no answer."),
    ] = False,
    sign: SignOption = None,
    sign_mode: SignModeOption = "touch",
) -> Job:
    """Refund a sale of any terminal of the merchant, or a part of it, also days later. Never with a PIN."""
    held = card_given(card, pan, expiry, track2, "")
    return Job(
        lambda terminal: terminal.refund(
            amount,
            stan=stan,
            batch=batch,
            rrn=rrn,
            date=date,
            card=held or None,
            entry=entry,
            drop_reversal=drop_reversal,
            sign=sign,
            sign_mode=sign_mode,
            again=again,
        )
    )


@app.command("balance")
@operation()
def balance(
    *,
    card: CardOption = "",
    pan: PanOption = "",
    expiry: ExpiryOption = "",
    track2: Track2Option = "",
    pin: PinOption = "",
    entry: EntryOption = "chip",
    drop_reversal: DropOption = False,
) -> Job:
    """Ask how much a card has."""
    held = card_given(card, pan, expiry, track2, pin) or "standard"
    return Job(lambda terminal: terminal.balance(held, entry=entry, pin=pin, drop_reversal=drop_reversal))


@app.command("sign")
@operation(Signing)
def sign(
    *,
    sign: Annotated[str, typer.Option(metavar="NAME|FILE", help="Who signs: a name, a .png, or a .json of strokes.")],
    sign_mode: SignModeOption = "touch",
    stan: Annotated[str, typer.Option(metavar="STAN", help="Of the transaction; default: the last approved one.")] = "",
    batch: Annotated[str, typer.Option(metavar="BATCH", help="Of the transaction, if it is not plain.")] = "",
) -> Job:
    """Sign a slip later, or clear its signature and sign again."""
    return Job(lambda terminal: terminal.sign(sign, mode=sign_mode, stan=stan, batch=batch))


@app.command("upload")
@operation(Signing)
def upload(
    *,
    rounds: Annotated[int, typer.Option(metavar="N", min=0, help="How often; default: as the dialect says.")] = 0,
) -> Job:
    """Upload all signatures that are kept, as before a settlement; what fails in every round is signed on paper."""
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
    """Sign off."""
    return Job(lambda terminal: terminal.sign_off())


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
