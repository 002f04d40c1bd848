"""What a blocking and an asyncio terminal share: the machine, its kept state, and what their operations are made of."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Unpack

from acquirer.app.printer import Printer
from acquirer.app.terminal_connection import HostAddress, address
from acquirer.app.terminal_options import HOST, Drawn, TerminalOptions, Watch, make_setup, minor_units
from acquirer.app.terminal_slips import TerminalSlips
from acquirer.data.text import whole_stan
from acquirer.data.toml import did_you_mean
from acquirer.dialect.amounts import decimals_of
from acquirer.host.issuer.cards import CardTable
from acquirer.settings.cards import load_cards
from acquirer.settings.held_cards import card_entry, held_card
from acquirer.settings.slip_archive import SlipMemory
from acquirer.settings.terminal_state import StateFile
from acquirer.signature.bitmap import Bitmap
from acquirer.terminal.card import CardData
from acquirer.terminal.download import with_downloads
from acquirer.terminal.effects import Began, Ended, NotPrinted, Print, PrintCopy, Program, TerminalEffect
from acquirer.terminal.exchange import Exchange, Result
from acquirer.terminal.follow_up import FollowUpOrder
from acquirer.terminal.kind import Kind
from acquirer.terminal.kinds import KINDS, SALE_KINDS
from acquirer.terminal.machine import Machine
from acquirer.terminal.named_sale import SaleName
from acquirer.terminal.sale import Order
from acquirer.terminal.state import State

if TYPE_CHECKING:
    from acquirer.terminal.signature_pad import Pad

__all__ = ["Drawn", "TerminalCore", "TerminalOptions", "Watch"]

CARD = "standard"
"""The test card that is used when no card is given."""


class TerminalCore:
    """One terminal set up and its state loaded; drivers run the programs that its methods return.

    Raises:
        DataError: a file is wrong, or does not hold this terminal.
        StateFolderError: the state cannot be used.
        TypeError: there is no such option.
        ValueError: an option has the wrong form.
    """

    def __init__(self, tid: str, **options: Unpack[TerminalOptions]) -> None:
        for name in options:
            if name not in TerminalOptions.__annotations__:
                raise TypeError(
                    f"a terminal has no option '{name}'{did_you_mean(name, TerminalOptions.__annotations__)}"
                )
        self.address: HostAddress = _called(tid, options)
        self.keep_open = options.get("keep_open", False)
        self.watch = options.get("watch")
        self._cards_file = options.get("cards")
        setup = make_setup(tid, options)
        self.framing = setup.dialect.framing
        self.printer = Printer(options.get("printer", ""))
        self.log: list[Exchange] = []
        folder = options.get("state")
        self.file = StateFile(folder, tid) if folder is not None else None
        try:
            kept = self.file.load() if self.file else None
            self.slips = TerminalSlips(self.printer, self.file.slips() if self.file else SlipMemory(), kept)
            self.machine = Machine(setup, kept)
        except BaseException:
            self.close()
            raise

    def order(
        self,
        amount: str | int,
        card: str | CardData,
        entry: str,
        pin: str,
        drop_reversal: bool,
        sign: Drawn | None,
        sign_mode: str,
    ) -> Order:
        """Return a transaction to make. Raises CardError, ValueError."""
        at, pad = self.machine.setup.now(), self.optional_pad(sign, sign_mode)
        return Order(self.minor_units(amount), self.card_data(card, pin), at, entry, drop_reversal, pad)

    def minor_units(self, amount: str | int) -> int:
        """Return an amount as people write it in this terminal's currency, in minor units. Raises ValueError."""
        return minor_units(amount, decimals_of(self.machine.setup.dialect))

    def follow_up(self, drop_reversal: bool, sign: Drawn | None, sign_mode: str, **name: Any) -> FollowUpOrder:
        """Return what is to be done to which transaction; `name` has the arguments of `sale_name`."""
        return FollowUpOrder(self.sale_name(**name), drop_reversal, self.optional_pad(sign, sign_mode))

    def optional_pad(self, sign: Drawn | None, mode: str) -> Pad | None:
        """Return what the cardholder leaves on the pad; None: there is no pad. Raises ValueError."""
        return None if sign is None else self.pad(sign, mode)

    def pad(self, sign: Drawn, mode: str) -> Pad:
        """Return what the cardholder leaves on the pad. Raises ValueError."""
        from acquirer.app.pad import read_pad  # a pen, a font, compression: only signing needs them
        from acquirer.terminal.signature_pad import Pad

        signing = self.machine.setup.terminal_profile.signature
        if signing is None:
            raise ValueError(f"the dialect {self.machine.setup.dialect.name} knows no electronic signature")
        if isinstance(sign, Bitmap):
            return Pad(sign, mode)
        return read_pad(sign, mode, signing.pad, self.machine.setup.randbytes)

    def card(self, name: str, pin: str = "") -> CardData:
        """Return a test card by its name.

        Raises:
            CardError: there is none.
            DataError: the table of test cards is wrong.
        """
        return held_card(card_entry(name, self._cards), pin)

    @cached_property
    def _cards(self) -> CardTable:
        """The table of test cards, read when the first one is presented: most operations need none."""
        return load_cards(self._cards_file)

    def card_data(self, card: str | CardData, pin: str) -> CardData:
        """Return a card that is given as such or by its name. Raises CardError."""
        return card if isinstance(card, CardData) else self.card(card, pin)

    def sale_name(
        self,
        stan: str = "",
        batch: str = "",
        amount: str | int | None = None,
        rrn: str = "",
        auth_id: str = "",
        date: str = "",
        card: str | CardData | None = None,
        entry: str = "",
        pin: str = "",
        sale_tid: str = "",
        voucher: str = "",
    ) -> SaleName:
        """Return what the caller says of an approved transaction; of one elsewhere the card is `CARD` by default.

        Raises:
            CardError, ValueError: the card, the amount or the date is none.
        """
        if date and not _is_date(date):
            raise ValueError(f"'{date}' is no date; write MMDD, for example 0824")
        if (rrn or auth_id) and not stan and card is None:
            card = CARD
        held = None if card is None else self.card_data(card, pin)
        if voucher:
            held = CardData("")  # there is none
        minor = None if amount is None else self.minor_units(amount)
        return SaleName(whole_stan(stan), batch, rrn, date, minor, held, entry, pin, auth_id, sale_tid, voucher)

    def save(self, state: State) -> None:
        """Make a state durable, if this terminal has a folder to keep it in."""
        if self.file:
            self.file.save(state)
        self.slips.file(state)

    def print(self, effect: Print | PrintCopy) -> NotPrinted | None:
        """Print a slip, or a part of it; return what kept it from being printed. Raises PowerFailedError."""
        return self.slips.print(effect, self.watch)

    def look(self, effect: TerminalEffect) -> None:
        """Show the effects that are to be shown."""
        if isinstance(effect, Ended):
            self.log.append(effect.exchange)
            if self.watch:
                self.watch.ended(effect.exchange)
        elif isinstance(effect, Began) and self.watch:
            self.watch.began(effect.exchange)

    def begin(self, program: Program[Result]) -> Program[Result]:
        """Prepare for the next operation; return it with the downloads that may follow it."""
        self.log = []
        self.slips.begin()
        self.machine.wanted = None
        return with_downloads(self.machine, program)

    def finished(self, result: Result) -> Result:
        """Return the result of an operation with its exchanges, and the slips that it printed."""
        result.exchanges, result.slips, result.printed = tuple(self.log), self.slips.to_sign, self.slips.printed
        return result

    def close(self) -> None:
        """Unlock the state."""
        if self.file:
            self.file.close()


def sale_kind(name: str) -> Kind:
    """Return a kind of sale by the word that people use.

    >>> sale_kind("instalment").service, sale_kind("").service
    ('instalment_sale', 'sale')
    """
    if (word := name or "sale") not in SALE_KINDS:
        hint = did_you_mean(name, SALE_KINDS)
        raise ValueError(f"'{name}' is no kind of sale{hint}; there are {', '.join(SALE_KINDS)}")
    return SALE_KINDS[word]


def service_of(of: str) -> str:
    """Return the service that a person calls so: "pre-auth", "instalment"; "" for "".

    Raises:
        ValueError: a terminal has no such transaction.

    >>> service_of("pre-auth"), service_of("sale")
    ('pre_auth', 'sale')
    """
    name = of.replace("-", "_")
    for service in (name, f"{name}_sale"):
        if not of or service in KINDS:
            return service if of else ""
    known = sorted({service.replace("_", "-") for kind in KINDS.values() for service in kind.of})
    raise ValueError(f"'{of}' is no transaction that another can follow; there are {', '.join(known)}")


def _is_date(text: str) -> bool:
    try:
        datetime.strptime(f"2024{text}", "%Y%m%d")  # a leap year: it has every day
    except ValueError:
        return False
    return len(text) == len("MMDD")


def _called(tid: str, options: TerminalOptions) -> HostAddress:
    """Return where the host is, and how it is called over TLS. Raises DataError, ValueError."""
    to = address(options.get("host", HOST))
    if not any(name.startswith("tls_") and value for name, value in options.items()):
        return to
    from acquirer.settings.client_tls import client_tls  # only who speaks it pays for it

    wanted = client_tls(
        options.get("tls_ca"),
        options.get("tls_certificate"),
        options.get("tls_key"),
        options.get("tls_name", ""),
        options.get("tls_version", ""),
    )
    return to if wanted is None else to._replace(tls=wanted.of(tid).call(to.host))
