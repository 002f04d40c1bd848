"""The terminal as a Python API: `Terminal` blocks, `AsyncTerminal` awaits; both play the same machine.

    with Terminal("10000001", host="127.0.0.1:8583", state="pos-1") as terminal:
        result = terminal.sale("12.34", card="standard", pin="123456")
        assert result.code == "00"

It signs on at first use, reverses by itself what stays unanswered, and works against any host of its dialect.
`TerminalOptions` says what may be set.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Coroutine
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Unpack

from acquirer.app.terminal_connection import TerminalConnection
from acquirer.app.terminal_core import Drawn, TerminalCore, TerminalOptions
from acquirer.terminal.card import CardData
from acquirer.terminal.effects import Ask, Keep, Listen, Program, Response
from acquirer.terminal.exchange import Result
from acquirer.terminal.sign_on import echo, key_change, sign_off, sign_on
from acquirer.terminal.state import State
from acquirer.terminal.upload import upload

if TYPE_CHECKING:
    from acquirer.app.async_terminal import AsyncTerminal

__all__ = ["AsyncTerminal", "Operations", "Terminal", "TerminalOptions"]

Answered = TypeVar("Answered", Result, Coroutine[Any, Any, Result])
"""What an operation returns: its result, or that to be awaited."""


class Operations(ABC, Generic[Answered]):
    """What a terminal can do, written once for both kinds: each operation is a program, and `_run` drives it."""

    _core: TerminalCore

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
    ) -> Answered:
        """Sell; `amount` is text as people write it ("12.34") or an integer of minor units.

        Signs on before if need be, reverses at once what stays unanswered, and first sends the reversal that is owed;
        while one is owed nothing is sold, unless `drop_reversal` gives it up. `pin` goes with a card's name; other
        cards are made by `acquirer.terminal.card.card` and bring theirs.

        `sign` is what the cardholder leaves on the pad once the sale is approved: a name, which the built-in pen
        writes, a ``.png`` or a ``.json`` of strokes, or a `Bitmap`; `sign_mode` is touch, pen or fingerprint. The
        result's `signature` says what happened to it. Those of earlier transactions go up at the end (`sign_upload`).

        Raises:
            CardError, OrderError, ValueError: the sale cannot be made; nothing was sold.
        """
        return self._run(self._core.sale(amount, card, entry, pin, drop_reversal, sign, sign_mode))

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
    ) -> Answered:
        """Void a sale of this terminal: the last approved one that is not voided, or the one that `stan` names.

        Without `card` it is done without a card: number and expiry are those of the kept sale. A sale that is not kept
        here needs `amount`, `card` and, where the dialect wants it, `rrn`. A void that stays unanswered is reversed.

        Raises:
            CardError, OrderError, ValueError: the void cannot be made; nothing was sent.
        """
        return self._run(self._core.void(stan, batch, amount, rrn, card, entry, pin, drop_reversal, sign, sign_mode))

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
    ) -> Answered:
        """Refund a sale, or `amount` of it: the last approved one, a kept one (`stan`), or any of the merchant (`rrn`).

        A sale of another terminal, or one that is not kept, needs `amount`, its reference number `rrn` and, where the
        dialect wants it, its `date` (MMDD), as its slip shows them, and its card. A refund that goes as an advice and
        gets no answer is sent again, three times in all; after that its outcome is unknown: `again` sends it once more.
        `drop_reversal` gives up the reversal that is owed, or the refund that got no answer.

        Raises:
            CardError, OrderError, ValueError: the refund cannot be made; nothing was sent.
        """
        return self._run(
            self._core.refund(amount, stan, batch, rrn, date, card, entry, drop_reversal, sign, sign_mode, again)
        )

    def balance(
        self,
        card: str | CardData = "standard",
        *,
        entry: str = "chip",
        pin: str = "",
        drop_reversal: bool = False,
    ) -> Answered:
        """Ask for the balance of a card; it is in the result's `balance_minor`.

        Raises:
            CardError, OrderError: the inquiry cannot be made; nothing was sent.
        """
        return self._run(self._core.balance(card, entry, pin, drop_reversal))

    def sign(self, sign: Drawn, *, mode: str = "touch", stan: str = "", batch: str = "") -> Answered:
        """Sign a slip later, or clear its signature and sign again: the last one, or the one that `stan` names.

        Raises:
            ValueError: `sign` is neither a name nor a file or bitmap that can be drawn.
        """
        return self._run(self._core.sign(sign, mode, stan, batch))

    def upload(self, *, rounds: int = 0) -> Answered:
        """Upload every signature that is kept, as before a settlement.

        What fails in all rounds (0: the dialect's number of them) is printed, to be signed on paper: see the result's
        `slips`. Without a connection it is broken off and everything stays kept.
        """
        return self._run(upload(self._core.machine, rounds))

    def reverse(
        self, *, reason: str = "", stan: str = "", batch: str = "", amount: str | int | None = None
    ) -> Answered:
        """Reverse what is owed, else the sale that `stan` names, else the last approved sale or void."""
        return self._run(self._core.reverse(reason, stan, batch, amount))

    def echo(self) -> Answered:
        """Ask whether the host is there."""
        return self._run(echo(self._core.machine))

    def sign_off(self) -> Answered:
        """Sign off."""
        return self._run(sign_off(self._core.machine))

    @abstractmethod
    def _run(self, program: Program[Result]) -> Answered:
        """Run a program to its end."""


class Terminal(Operations[Result]):
    """A terminal whose methods return when the exchange is over. Not for several threads at once."""

    def __init__(self, tid: str, **options: Unpack[TerminalOptions]) -> None:
        self._core = TerminalCore(tid, **options)
        self._connection = TerminalConnection(self._core.address, self._core.framing, keep_open=self._core.keep_open)

    def close(self) -> None:
        """Hang up and unlock the state."""
        self._connection.close()
        self._core.close()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, program: Program[Result]) -> Result:
        self._core.log, self._core.slips = [], []
        answer: Response | None = None
        try:
            while True:
                effect = program.send(answer)
                answer = None
                if isinstance(effect, Ask):
                    answer = self._connection.ask(effect)
                elif isinstance(effect, Listen):
                    answer = self._connection.listen()
                elif isinstance(effect, Keep):
                    self._core.save(effect.state)
                else:
                    self._core.look(effect)
        except StopIteration as end:
            result: Result = end.value
            result.exchanges, result.slips = tuple(self._core.log), tuple(self._core.slips)
            return result
        finally:
            self._connection.done()


def __getattr__(name: str) -> Any:
    """Return `AsyncTerminal`; only who uses it imports asyncio, which takes as long as a whole sale."""
    if name == "AsyncTerminal":
        from acquirer.app.async_terminal import AsyncTerminal

        return AsyncTerminal
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
