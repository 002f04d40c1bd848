"""Options that transactions of ``acquirer terminal`` share: card, pad, and the name of an earlier transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from acquirer.terminal.card import CardData


@dataclass
class CardOptions:
    """The card, and what is owed."""

    card: Annotated[str, typer.Option("--card", metavar="NAME", help="A test card of the shipped table.")] = ""
    pan: Annotated[str, typer.Option("--pan", metavar="DIGITS", help="Any card number, instead of --card.")] = ""
    expiry: Annotated[str, typer.Option("--expiry", metavar="YYMM", help="Of that card.")] = ""
    track2: Annotated[str, typer.Option("--track2", metavar="TEXT", help="A whole track 2, instead of --card.")] = ""
    entry: Annotated[
        str, typer.Option("--entry", metavar="NAME", help="chip, contactless, magstripe, fallback or manual.")
    ] = ""
    drop_reversal: Annotated[
        bool, typer.Option("--drop-reversal", help="Give up what is owed: a reversal, or an advice without an answer.")
    ] = False

    def given(self, pin: str = "") -> str | CardData:
        """Return the card that is described: a name of the table, or card data; "" when none is. Raises CardError."""
        from acquirer.terminal.card import CardError
        from acquirer.terminal.card import card as card_of

        if self.card and (self.pan or self.track2):
            raise CardError("give --card, or --pan and --track2, not both")
        return card_of(self.pan, self.expiry, self.track2, pin=pin) if self.pan or self.track2 else self.card


@dataclass
class ChipOptions:
    """What the chip does."""

    chip_refuses: Annotated[
        bool, typer.Option("--chip-refuses", help="It refuses (AAC): the host is not asked, the batch upload tells it.")
    ] = False


@dataclass
class PinOptions:
    """The PIN."""

    pin: Annotated[str, typer.Option("--pin", metavar="DIGITS", help="The PIN that is keyed in; none: no PIN.")] = ""


@dataclass
class PadOptions:
    """What the cardholder leaves on the pad."""

    sign: Annotated[
        str | None,
        typer.Option("--sign", metavar="NAME|FILE", help="Who signs: a name, a .png, or a .json of strokes."),
    ] = None
    sign_mode: Annotated[
        str, typer.Option("--sign-mode", metavar="touch|pen|fingerprint", help="What the cardholder signs with.")
    ] = "touch"


@dataclass
class KeptOptions:
    """A transaction that is kept here."""

    stan: Annotated[
        str, typer.Option("--stan", metavar="STAN", help="Of the transaction; default: the last approved one.")
    ] = ""
    batch: Annotated[
        str, typer.Option("--batch", metavar="BATCH", help="Of that, or what its dialect has for it, if not plain.")
    ] = ""


@dataclass
class ReferenceOptions:
    """A payment of any terminal of the merchant."""

    rrn: Annotated[
        str, typer.Option("--rrn", metavar="NUMBER", help="Reference number of one that is not kept here.")
    ] = ""
    date: Annotated[str, typer.Option("--date", metavar="MMDD", help="Of that, as its slip shows it.")] = ""
    of: Annotated[
        str, typer.Option("--of", metavar="KIND", help="What it is, if not kept: sale, pre-auth, completion …")
    ] = ""
    voucher: Annotated[
        str, typer.Option("--voucher", metavar="NUMBER", help="Voucher number of a sale by QR code that is not kept.")
    ] = ""


@dataclass
class AuthorisationOptions:
    """A pre-authorisation of any terminal of the merchant."""

    auth_id: Annotated[
        str, typer.Option("--auth-id", metavar="CODE", help="Of a pre-authorisation that is not kept here.")
    ] = ""


@dataclass
class SupervisorOptions:
    """Who consents, where a terminal has operators."""

    supervisor: Annotated[
        str,
        typer.Option("--supervisor", metavar="DIGITS", help="The supervisor's password, of a terminal with operators."),
    ] = ""


@dataclass
class KindOptions:
    """Another kind of sale."""

    kind: Annotated[
        str,
        typer.Option(
            "--kind", metavar="KIND", help="instalment, points, recurring, moto, reservation or qr; default: a sale."
        ),
    ] = ""
    detail: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="What such a sale needs (docs/transactions.md); again for more."),
    ] = None


def details(given: list[str] | None) -> dict[str, str]:
    """Return details as they are written, NAME=VALUE.

    Raises:
        ValueError: one is written otherwise; it is not quoted, for some are secret.
    """
    found = {}
    for one in given or ():
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise ValueError("a --detail is written NAME=VALUE, for example periods=12")
        found[name] = value
    return found


def arguments(*groups: Any) -> dict[str, Any]:
    """Return the options of groups as arguments of a terminal's operation; its card is None when none is described."""
    found: dict[str, Any] = {name: value for group in groups for name, value in vars(group).items()}
    if cards := [group for group in groups if isinstance(group, CardOptions)]:
        for name in ("pan", "expiry", "track2"):
            del found[name]
        found["card"] = cards[0].given(found.get("pin", "")) or None
    return found


def presented(given: dict[str, Any], entry: str = "chip") -> dict[str, Any]:
    """Return arguments with a card that is sure to be read: by default the test card "standard", by `entry`."""
    return {**given, "card": given["card"] or "standard", "entry": given["entry"] or entry}
