"""Transactions beyond sale, void, refund and balance: pre-authorisations, sales without the host, adjustments."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any, Generic, TypeVar

from acquirer.app.terminal_core import TerminalCore, service_of
from acquirer.app.terminal_options import Drawn
from acquirer.terminal.adjustment import adjust
from acquirer.terminal.adjustment import tip as add_tip
from acquirer.terminal.card import CardData
from acquirer.terminal.effects import Program
from acquirer.terminal.exchange import Result
from acquirer.terminal.load_chip import KINDS_OF_LOADS, load_chip
from acquirer.terminal.offline_sale import ecash_sale, offline_sale
from acquirer.terminal.pre_auth import complete, pre_auth, top_up
from acquirer.terminal.script_result import ScriptOutcome, script_result
from acquirer.terminal.verification import verify_holder

Answered = TypeVar("Answered", Result, Coroutine[Any, Any, Result], None)
"""What an operation returns: its result, that to be awaited, or nothing where it only begins."""


class FurtherTransactions(ABC, Generic[Answered]):
    """The part of `Operations` about them."""

    _core: TerminalCore

    @abstractmethod
    def _run(self, program: Program[Result]) -> Answered:
        """Run a program to its end."""

    def pre_auth(
        self,
        amount: str | int,
        card: str | CardData = "standard",
        *,
        entry: str = "chip",
        pin: str = "",
        drop_reversal: bool = False,
        sign: Drawn | None = None,
        sign_mode: str = "touch",
        moto: bool = False,
        details: Mapping[str, str] = {},
    ) -> Answered:
        """Hold an amount on a card (pre-authorisation); the slip has the authorisation code that names it afterwards.

        `moto`: for an order by mail or telephone, with `details` of the cardholder.

        Raises:
            CardError, OrderError, ValueError: it cannot be made; nothing was sent.
            LookupError: the dialect has no such message.
        """
        order = self._core.order(amount, card, entry, pin, drop_reversal, sign, sign_mode)
        return self._run(pre_auth(self._core.machine, order, moto=moto, details=details))

    def top_up(
        self,
        amount: str | int,
        *,
        stan: str = "",
        batch: str = "",
        auth_id: str = "",
        date: str = "",
        card: str | CardData | None = None,
        entry: str = "",
        pin: str = "",
        drop_reversal: bool = False,
        sign: Drawn | None = None,
        sign_mode: str = "touch",
    ) -> Answered:
        """Hold `amount` more on the card of a pre-authorisation: the last one that is open, or the one that is named.

        One that is not kept here is named by `auth_id`, `date` and `card`.
        """
        order = self._core.follow_up(
            drop_reversal, sign, sign_mode, stan=stan, batch=batch, amount=amount, auth_id=auth_id, date=date,
            card=card, entry=entry, pin=pin,
        )  # fmt: skip
        return self._run(top_up(self._core.machine, order))

    def complete(
        self,
        amount: str | int | None = None,
        *,
        advice: bool = False,
        stan: str = "",
        batch: str = "",
        auth_id: str = "",
        date: str = "",
        card: str | CardData | None = None,
        entry: str = "",
        pin: str = "",
        drop_reversal: bool = False,
        sign: Drawn | None = None,
        sign_mode: str = "touch",
        of: str = "",
    ) -> Answered:
        """Complete a pre-authorisation: take `amount` of what is held, or all of it.

        It is the last one that is open, or the one that `stan` names; one of another terminal of the merchant is named
        by `auth_id`, `date` and `card`, as its slip shows them. `advice` tells the host of a completion that has
        happened: it is repeated until it is answered, and never reversed. `of` is "moto-pre-auth" for that of an order
        that is not kept here.
        """
        order = self._core.follow_up(
            drop_reversal, sign, sign_mode, stan=stan, batch=batch, amount=amount, auth_id=auth_id, date=date,
            card=card, entry=entry, pin=pin,
        )  # fmt: skip
        return self._run(complete(self._core.machine, order, advice=advice, of=service_of(of)))

    def offline_sale(
        self,
        amount: str | int,
        card: str | CardData = "standard",
        *,
        auth_id: str = "",
        institution: str = "",
        entry: str = "manual",
        drop_reversal: bool = False,
        sign: Drawn | None = None,
        sign_mode: str = "touch",
    ) -> Answered:
        """Report a sale that was made without the host, by the code given on the telephone or a small one.

        It is sent until it is answered and never reversed, at once or later (`offline_upload`): then its outcome is
        ``done``. `institution` is who gave the code.
        """
        order = self._core.order(amount, card, entry, "", drop_reversal, sign, sign_mode)
        return self._run(offline_sale(self._core.machine, order, auth_id, institution))

    def verify_holder(
        self, card: str | CardData = "standard", *, details: Mapping[str, str], drop_reversal: bool = False
    ) -> Answered:
        """Ask whether the details (cvn2, id, mobile, name) are those of a card's holder."""
        order = self._core.order(0, card, "manual", "", drop_reversal, None, "")
        return self._run(verify_holder(self._core.machine, order, details))

    def script_result(
        self, *, outcome: ScriptOutcome = "done", stan: str = "", batch: str = "", drop_reversal: bool = False
    ) -> Answered:
        """Report how the script went that came with an approval: ``done``, ``failed`` or ``not-performed``."""
        order = self._core.follow_up(drop_reversal, None, "", stan=stan, batch=batch)
        return self._run(script_result(self._core.machine, order, outcome))

    def load_chip(
        self,
        amount: str | int,
        card: str | CardData = "standard",
        *,
        source: str = "account",
        paid_by: str | CardData | None = None,
        pin: str = "",
        drop_reversal: bool = False,
    ) -> Answered:
        """Load electronic cash onto a card's chip: from its account, from cash, or from another card's account.

        Args:
            source: ``account``, ``cash``, or ``other``: then `paid_by` is the card that pays, and has the PIN.

        Raises:
            ValueError: there is no such source, or it does not go with `paid_by`.
        """
        known = next((one for one in KINDS_OF_LOADS if one == source), None)
        if known is None or (known == "other") != (paid_by is not None):
            raise ValueError("the source of a load is account, cash, or other with the card that pays")
        loaded = self._core.card_data(card, pin if paid_by is None else "")
        payer = loaded if paid_by is None else self._core.card_data(paid_by, pin)
        order = self._core.order(amount, payer, "chip", "", drop_reversal, None, "")
        return self._run(load_chip(self._core.machine, order, known, loaded))

    def ecash_sale(
        self,
        amount: str | int,
        card: str | CardData = "standard",
        *,
        entry: str = "chip",
        drop_reversal: bool = False,
        chip_refuses: bool = False,
    ) -> Answered:
        """Pay from the electronic cash of a chip, and upload its certificate, at once or later (`offline_upload`).

        It is never reversed.
        `chip_refuses`: there is not enough on it (AAC), so nothing is paid; the batch upload tells it.
        """
        order = self._core.order(amount, card, entry, "", drop_reversal, None, "")
        order = replace(order, chip_refuses=chip_refuses)
        return self._run(ecash_sale(self._core.machine, order))

    def adjust(
        self,
        amount: str | int,
        *,
        stan: str = "",
        batch: str = "",
        rrn: str = "",
        date: str = "",
        card: str | CardData | None = None,
        entry: str = "",
        drop_reversal: bool = False,
        sign: Drawn | None = None,
        sign_mode: str = "touch",
    ) -> Answered:
        """Adjust a sale of this batch: `amount`, the whole of it, is counted in its place."""
        order = self._core.follow_up(
            drop_reversal, sign, sign_mode, stan=stan, batch=batch, amount=amount, rrn=rrn, date=date, card=card,
            entry=entry,
        )  # fmt: skip
        return self._run(adjust(self._core.machine, order))

    def tip(
        self,
        tip: str | int,
        *,
        stan: str = "",
        batch: str = "",
        drop_reversal: bool = False,
        sign: Drawn | None = None,
        sign_mode: str = "touch",
    ) -> Answered:
        """Add a tip to a sale that is kept here: the sum is counted in its place."""
        order = self._core.follow_up(drop_reversal, sign, sign_mode, stan=stan, batch=batch)
        return self._run(add_tip(self._core.machine, order, self._core.minor_units(tip)))
