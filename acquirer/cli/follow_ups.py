"""Commands of ``acquirer terminal`` about earlier transactions: voids, refunds, pre-authorisations and what follows."""

from __future__ import annotations

from typing import Annotated

import typer

from acquirer.cli.card_options import (
    AuthorisationOptions,
    CardOptions,
    ChipOptions,
    KeptOptions,
    PadOptions,
    PinOptions,
    ReferenceOptions,
    SupervisorOptions,
    arguments,
    details,
    presented,
)
from acquirer.cli.operation import Job, Offline, Printing, Signing, operation

app = typer.Typer()

DetailOption = Annotated[
    list[str] | None,
    typer.Option("--detail", metavar="NAME=VALUE", help="Of the cardholder: cvn2, id, mobile, name; again for more."),
]


@app.command("pre-auth")
@operation(Signing, Printing, Offline)
def pre_auth(
    *,
    amount: Annotated[str, typer.Option(metavar="12.34", help="How much is held.")],
    card: CardOptions,
    pin: PinOptions,
    pad: PadOptions,
    moto: Annotated[bool, typer.Option("--moto", help="For an order by mail or telephone.")] = False,
    detail: DetailOption = None,
) -> Job:
    """Hold an amount on a card, until 'complete' takes what was spent or 'void' gives it free."""
    given = arguments(card, pin, pad)
    further = details(detail)
    return Job(lambda terminal: terminal.pre_auth(amount, moto=moto, details=further, **presented(given)))


@app.command("top-up")
@operation(Signing, Printing, Offline)
def top_up(
    *,
    amount: Annotated[str, typer.Option(metavar="12.34", help="How much is held on top.")],
    kept: KeptOptions,
    authorisation: AuthorisationOptions,
    date: Annotated[str, typer.Option(metavar="MMDD", help="Of that, as its slip shows it.")] = "",
    card: CardOptions,
    pin: PinOptions,
    pad: PadOptions,
) -> Job:
    """Hold more on the card of a pre-authorisation."""
    given = arguments(kept, authorisation, card, pin, pad)
    return Job(lambda terminal: terminal.top_up(amount, date=date, **given))


@app.command("complete")
@operation(Signing, Printing, Offline)
def complete(
    *,
    amount: Annotated[str | None, typer.Option(metavar="12.34", help="What was spent; default: all of it.")] = None,
    of: Annotated[str, typer.Option("--of", metavar="KIND", help="moto-pre-auth, if that is not kept here.")] = "",
    advice: Annotated[bool, typer.Option("--advice", help="Tell of it as an advice, which is never reversed.")] = False,
    kept: KeptOptions,
    authorisation: AuthorisationOptions,
    date: Annotated[str, typer.Option(metavar="MMDD", help="Of that, as its slip shows it.")] = "",
    card: CardOptions,
    pin: PinOptions,
    pad: PadOptions,
) -> Job:
    """Complete a pre-authorisation of any terminal of the merchant: take what was spent of what is held."""
    given = arguments(kept, authorisation, card, pin, pad)
    return Job(lambda terminal: terminal.complete(amount, advice=advice, of=of, date=date, **given))


@app.command("void")
@operation(Signing, Printing, Offline)
def void(
    *,
    amount: Annotated[str | None, typer.Option(metavar="12.34", help="Of a sale that is not kept here.")] = None,
    kept: KeptOptions,
    reference: ReferenceOptions,
    authorisation: AuthorisationOptions,
    card: CardOptions,
    pin: PinOptions,
    pad: PadOptions,
    consent: SupervisorOptions,
) -> Job:
    """Void a sale, a pre-authorisation or a completion, whole. Without card options no card is read."""
    given = arguments(kept, reference, authorisation, card, pin, pad, consent)
    return Job(lambda terminal: terminal.void(amount=amount, **given))


@app.command("refund")
@operation(Signing, Printing, Offline)
def refund(
    *,
    amount: Annotated[
        str | None, typer.Option(metavar="12.34", help="How much is given back; default: all of a sale that is kept.")
    ] = None,
    kept: KeptOptions,
    reference: ReferenceOptions,
    sale_tid: Annotated[
        str, typer.Option(metavar="TID", help="Terminal of an electronic cash sale, if another one.")
    ] = "",
    again: Annotated[bool, typer.Option("--again", help="Send the refund that got no answer once more.")] = False,
    card: CardOptions,
    pad: PadOptions,
    consent: SupervisorOptions,
) -> Job:
    """Refund a sale of any terminal of the merchant, or a part of it, also days later. Never with a PIN."""
    given = arguments(kept, reference, card, pad, consent)
    return Job(lambda terminal: terminal.refund(amount, again=again, sale_tid=sale_tid, **given))


@app.command("offline-sale")
@operation(Signing, Printing, Offline)
def offline_sale(
    *,
    amount: Annotated[str, typer.Option(metavar="12.34", help="How much.")],
    auth_id: Annotated[
        str, typer.Option("--auth-id", metavar="CODE", help="Given on the telephone; none: small.")
    ] = "",
    institution: Annotated[str, typer.Option(metavar="DIGITS", help="Who gave it; default: the acquirer.")] = "",
    card: CardOptions,
    pad: PadOptions,
) -> Job:
    """Report a sale that was made without the host, at once or later; until it is answered, and never reversed."""
    given = presented(arguments(card, pad), "manual")
    return Job(lambda terminal: terminal.offline_sale(amount, auth_id=auth_id, institution=institution, **given))


@app.command("verify-holder")
@operation()
def verify_holder(*, card: CardOptions, detail: DetailOption = None) -> Job:
    """Ask whether details (cvn2, id, mobile, name) are those of a card's holder."""
    held, further = card.given() or "standard", details(detail)
    return Job(lambda terminal: terminal.verify_holder(held, details=further, drop_reversal=card.drop_reversal))


@app.command("script-result")
@operation()
def script_result(
    *,
    outcome: Annotated[str, typer.Option(metavar="done|failed|not-performed", help="How it went.")] = "done",
    kept: KeptOptions,
) -> Job:
    """Report how an issuer's script went that came with an approval."""
    from acquirer.terminal.script_result import OUTCOMES

    known = next((one for one in OUTCOMES if one == outcome), None)
    if known is None:
        raise ValueError(f"a script is {', '.join(OUTCOMES)}, not '{outcome}'")
    return Job(lambda terminal: terminal.script_result(outcome=known, stan=kept.stan, batch=kept.batch))


@app.command("load-chip")
@operation(Printing)
def load_chip(
    *,
    amount: Annotated[str, typer.Option(metavar="12.34", help="How much.")],
    source: Annotated[str, typer.Option(metavar="account|cash|other", help="Who pays.")] = "account",
    paid_by: Annotated[str, typer.Option(metavar="NAME", help="With --source other: the test card that pays.")] = "",
    card: CardOptions,
    pin: PinOptions,
) -> Job:
    """Load electronic cash onto a chip, and report how the issuer's script went."""
    loaded = card.given() or "standard"
    return Job(
        lambda terminal: terminal.load_chip(
            amount, loaded, source=source, paid_by=paid_by or None, pin=pin.pin, drop_reversal=card.drop_reversal
        )
    )


@app.command("ecash-sale")
@operation(Signing, Printing, Offline)
def ecash_sale(
    *, amount: Annotated[str, typer.Option(metavar="12.34", help="How much.")], card: CardOptions, chip: ChipOptions
) -> Job:
    """Pay from the electronic cash of a chip, and upload its certificate at once or later."""
    given = presented(arguments(card)) | arguments(chip)
    return Job(lambda terminal: terminal.ecash_sale(amount, **given))


@app.command("adjust")
@operation(Signing, Printing, Offline)
def adjust(
    *,
    amount: Annotated[str, typer.Option(metavar="12.34", help="The whole new amount.")],
    kept: KeptOptions,
    rrn: Annotated[str, typer.Option("--rrn", metavar="NUMBER", help="Of a sale that is not kept here.")] = "",
    date: Annotated[str, typer.Option(metavar="MMDD", help="Of that, as its slip shows it.")] = "",
    card: CardOptions,
    pad: PadOptions,
) -> Job:
    """Adjust a sale of the open batch: another amount is counted in its place."""
    given = arguments(kept, card, pad)
    return Job(lambda terminal: terminal.adjust(amount, rrn=rrn, date=date, **given))


@app.command("tip")
@operation(Signing, Printing, Offline)
def tip(
    *,
    amount: Annotated[str, typer.Option("--tip", metavar="1.50", help="The tip, without the sale's amount.")],
    kept: KeptOptions,
    drop_reversal: Annotated[
        bool, typer.Option("--drop-reversal", help="Give up what is owed: a reversal, or an advice without an answer.")
    ] = False,
    pad: PadOptions,
) -> Job:
    """Add a tip to a sale that is kept here: the sum is counted in its place."""
    given = arguments(kept, pad)
    return Job(lambda terminal: terminal.tip(amount, drop_reversal=drop_reversal, **given))


@app.command("again")
@operation(Signing, Printing, Offline)
def again(*, pad: PadOptions) -> Job:
    """Send the advice that got no answer once more: a refund, a completion by advice, an offline sale."""
    return Job(lambda terminal: terminal.again(**arguments(pad)))
