"""What a terminal can do: its operations with their arguments, the same for a blocking and an asyncio terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from acquirer.app.download_operations import DownloadOperations
from acquirer.app.further_transactions import Answered, FurtherTransactions
from acquirer.app.operator_operations import OperatorOperations
from acquirer.app.printer import Printer
from acquirer.app.terminal_core import sale_kind, service_of
from acquirer.app.terminal_options import Drawn
from acquirer.data.text import whole_stan
from acquirer.terminal.balance import balance
from acquirer.terminal.card import CardData
from acquirer.terminal.log_on import supervised, with_cashier
from acquirer.terminal.offline_queue import uploaded_first
from acquirer.terminal.refund import refund, refund_again
from acquirer.terminal.reversal import Undo, reverse
from acquirer.terminal.sale import sale
from acquirer.terminal.settlement import SettleOrder, settle
from acquirer.terminal.sign_on import echo, key_change, sign_off, sign_on
from acquirer.terminal.signature import Again
from acquirer.terminal.signature import sign as sign_slip
from acquirer.terminal.state import State
from acquirer.terminal.upload import upload, upload_again
from acquirer.terminal.void import void


class Operations(FurtherTransactions[Answered], OperatorOperations[Answered], DownloadOperations[Answered]):
    """What a terminal can do, written once for both kinds: each operation is a program, and `_run` drives it."""

    @property
    def state(self) -> State:
        """What the terminal remembers: batch, STAN, keys, its sales, the reversal and the signatures it owes."""
        return self._core.machine.state

    def sign_on(self) -> Answered:
        """Sign on: fetch working keys and the batch."""
        return self._run(sign_on(self._core.machine))

    def key_change(self) -> Answered:
        """Fetch new working keys between two sign-ons. Raises LookupError where the dialect has no such message."""
        return self._run(key_change(self._core.machine))

    def sale(
        self,
        amount: str | int,
        card: str | CardData = "standard",
        *,
        entry: str = "chip",
        pin: str = "",
        drop_reversal: bool = False,
        sign: Drawn | None = None,
        sign_mode: str = "touch",
        kind: str = "",
        details: Mapping[str, str] = {},
        chip_refuses: bool = False,
    ) -> Answered:
        """Sell; `amount` is text as people write it ("12.34") or an integer of minor units.

        Signs on before if need be, reverses at once what stays unanswered, and first sends the reversal that is owed;
        while one is owed nothing is sold, unless `drop_reversal` gives it up. `pin` goes with a card's name; other
        cards are made by `acquirer.terminal.card.card` and bring theirs.

        `sign` is what the cardholder leaves on the pad once the sale is approved: a name, which the built-in pen
        writes, a ``.png`` or a ``.json`` of strokes, or a `Bitmap`; `sign_mode` is touch, pen or fingerprint. The
        result's `signature` says what happened to it. Those of earlier transactions go up at the end (`sign_upload`).

        `kind` is how else it is paid: instalment, points, recurring, moto (by mail or telephone), reservation, qr;
        `details` are what such a sale needs, by name (docs/transactions.md). Where there is no card, none is read.

        `chip_refuses`: the card's chip does (AAC), so the host is not asked; the batch upload tells it.

        Raises:
            CardError, OrderError, ValueError: the sale cannot be made; nothing was sold.
        """
        order = self._core.order(amount, card, entry, pin, drop_reversal, sign, sign_mode)
        order = replace(order, chip_refuses=chip_refuses)
        return self._run(sale(self._core.machine, order, sale_kind(kind), details))

    def void(
        self,
        *,
        stan: str = "",
        batch: str = "",
        amount: str | int | None = None,
        rrn: str = "",
        card: str | CardData | None = None,
        entry: str = "",
        pin: str = "",
        drop_reversal: bool = False,
        sign: Drawn | None = None,
        sign_mode: str = "touch",
        of: str = "",
        auth_id: str = "",
        date: str = "",
        voucher: str = "",
        supervisor: str = "",
    ) -> Answered:
        """Void a sale of this terminal: the last approved one that is not voided, or the one that `stan` names.

        Pre-authorisations and completions are voided likewise. Without `card` it is done without a card: number and
        expiry are those of the kept sale. What is not kept here needs `amount`, `card` and, where the dialect wants it,
        `rrn`; `of` says what it is, unless it is a sale ("pre-auth", "completion"), and a pre-authorisation needs
        `auth_id` and `date` too; a sale by QR code is named by its `voucher` number alone. A void that stays unanswered
        is reversed. `supervisor` is that one's password, where a terminal has operators.

        Raises:
            CardError, OrderError, ValueError: the void cannot be made; nothing was sent.
        """
        order = self._core.follow_up(
            drop_reversal, sign, sign_mode, stan=stan, batch=batch, amount=amount, rrn=rrn, auth_id=auth_id, date=date,
            card=card, entry=entry, pin=pin, voucher=voucher,
        )  # fmt: skip
        program = void(self._core.machine, order, service_of(of))
        return self._run(supervised(self._core.machine, "void", supervisor, program))

    def refund(
        self,
        amount: str | int | None = None,
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
        again: bool = False,
        of: str = "",
        sale_tid: str = "",
        voucher: str = "",
        supervisor: str = "",
    ) -> Answered:
        """Refund a sale, or `amount` of it: the last approved one, a kept one (`stan`), or any of the merchant (`rrn`).

        A sale of another terminal, or one that is not kept, needs `amount`, its reference number `rrn` and, where the
        dialect wants it, its `date` (MMDD), as its slip shows them, and its card. A refund that goes as an advice and
        gets no answer is sent again, three times in all; after that its outcome is unknown: `again` sends it once more.
        `drop_reversal` gives up the reversal that is owed, or the refund that got no answer. `of` says what is refunded
        where it is not kept here and no sale ("points", "ecash"); `sale_tid` is the terminal that made an electronic
        cash sale, where it was another one; `voucher` is the voucher number of a sale by QR code, which names it alone;
        `supervisor` is that one's password, where a terminal has operators.

        Raises:
            CardError, OrderError, ValueError: the refund cannot be made; nothing was sent.
        """
        if again:
            return self._run(refund_again(self._core.machine, self._core.optional_pad(sign, sign_mode)))
        order = self._core.follow_up(
            drop_reversal, sign, sign_mode, stan=stan, batch=batch, amount=amount, rrn=rrn, date=date, card=card,
            entry=entry, sale_tid=sale_tid, voucher=voucher,
        )  # fmt: skip
        program = refund(self._core.machine, order, service_of(of))
        return self._run(supervised(self._core.machine, "refund", supervisor, program))

    def again(self, *, sign: Drawn | None = None, sign_mode: str = "touch") -> Answered:
        """Send the advice that got no answer once more: a refund, a completion by advice, an offline sale …"""
        return self._run(refund_again(self._core.machine, self._core.optional_pad(sign, sign_mode)))

    def balance(
        self,
        card: str | CardData = "standard",
        *,
        entry: str = "chip",
        pin: str = "",
        drop_reversal: bool = False,
        points: bool = False,
    ) -> Answered:
        """Ask for the balance of a card, or for its `points`; it is in the result's `balance_minor`.

        Raises:
            CardError, OrderError: the inquiry cannot be made; nothing was sent.
        """
        order = self._core.order(0, card, entry, pin, drop_reversal, None, "")
        return self._run(balance(self._core.machine, order, points=points))

    def sign(self, sign: Drawn, *, mode: str = "touch", stan: str = "", batch: str = "") -> Answered:
        """Sign a slip later, or clear its signature and sign again: the last one, or the one that `stan` names.

        Raises:
            ValueError: `sign` is neither a name nor a file or bitmap that can be drawn.
        """
        again = Again(self._core.pad(sign, mode), whole_stan(stan), batch)
        return self._run(sign_slip(self._core.machine, again))

    def upload(self, *, rounds: int = 0, stan: str = "", batch: str = "") -> Answered:
        """Upload all that is kept, as before a settlement: transactions made without the host, then signatures.

        A signature that fails in all rounds (0: the dialect's number of them) is printed, to be signed on paper: see
        the result's `slips`. Without a connection it is broken off and everything stays kept.

        `stan` uploads the signature of one slip that is kept, also one that had gone up: so a host gets back what it
        has lost.

        Raises:
            ValueError: there is no such slip.
        """
        if stan:
            voucher = self._core.slips.find(stan, batch)
            return self._run(upload_again(self._core.machine, voucher))
        return self._run(upload(self._core.machine, rounds))

    def reprint(self, *, stan: str = "", batch: str = "", copy: str = "", settlement: bool = False) -> Answered:
        """Print a slip again, counted: what a printer in trouble left, else the last one, or any that is kept.

        Nothing is sent, and nothing is sold again. The copies are in the result's `printed`.

        Args:
            copy: whose: merchant, cardholder or bank; without it those that are left to print, else the merchant's.
            settlement: the slip of the last settlement instead.

        Raises:
            ValueError: there is no such slip, or no such copy.
        """
        return self._run(self._core.slips.reprint(self._core.machine, stan, batch, copy, settlement))

    @property
    def printer(self) -> Printer:
        """Its printer; `printer.trouble` is what is wrong with it."""
        return self._core.printer

    def reverse(
        self, *, reason: str = "", stan: str = "", batch: str = "", amount: str | int | None = None
    ) -> Answered:
        """Reverse what is owed, else the sale that `stan` names, else the last approved sale or void."""
        undo = Undo(reason, whole_stan(stan), batch, None if amount is None else self._core.minor_units(amount))
        program = reverse(self._core.machine, undo)
        return self._run(with_cashier(self._core.machine, "reversal", program))

    def echo(self) -> Answered:
        """Ask whether the host is there."""
        return self._run(echo(self._core.machine))

    def sign_off(self) -> Answered:
        """Sign off, once what was made without the host is uploaded."""
        return self._run(uploaded_first(self._core.machine, sign_off(self._core.machine)))

    def settle(
        self, *, sign_off: bool = False, drop_reversal: bool = False, upload_after_error: bool = False
    ) -> Answered:
        """Settle the batch: totals, upload of details, its end; then the next batch begins.

        It goes on with a settlement that was interrupted. The result's `settlement` is what is printed.

        Args:
            sign_off: when it is done.
            drop_reversal: give up the reversal, or the advice without an answer, that is owed before it.
            upload_after_error: go on where the host answers error, as after a batch that is not balanced.

        Raises:
            LookupError: the dialect has no settlement.
        """
        return self._run(settle(self._core.machine, SettleOrder(sign_off, drop_reversal, upload_after_error)))
