"""The terminal as a Python API: `Terminal` blocks, `AsyncTerminal` awaits; both play the same machine.

    with Terminal("10000001", host="127.0.0.1:8583", state="till-1") as terminal:
        result = terminal.sale("12.34", card="standard", pin="123456")
        assert result.code == "00"

It signs on at first use, reverses by itself what stays unanswered, and works against any host of its dialect.
What may be set is told by `TerminalOptions`.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Generic, TypeVar, Unpack

from acquirer.app.terminal_connection import AsyncTerminalConnection, TerminalConnection
from acquirer.app.terminal_core import Drawn, TerminalCore, TerminalOptions
from acquirer.terminal.card import CardData
from acquirer.terminal.effects import Ask, Keep, Listen, Program, Response
from acquirer.terminal.exchange import Result
from acquirer.terminal.sign_on import echo, key_change, sign_off, sign_on
from acquirer.terminal.state import State
from acquirer.terminal.upload import upload

Answered = TypeVar("Answered", Result, Coroutine[Any, Any, Result])
"""What an operation returns: its result, or that to be awaited."""


class Operations(ABC, Generic[Answered]):
    """What a terminal can do, written once for both kinds: each operation is a program, and `_run` drives it."""

    _desk: TerminalCore

    @property
    def state(self) -> State:
        """What the terminal remembers: batch, STAN, keys, the reversal and the signatures it owes."""
        return self._desk.machine.state

    def sign_on(self) -> Answered:
        """Sign on: fetch working keys and the batch."""
        return self._run(sign_on(self._desk.machine))

    def key_change(self) -> Answered:
        """Fetch new working keys between two sign-ons. Raises LookupError where the dialect has no such message."""
        return self._run(key_change(self._desk.machine))

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
        writes, a ``.png`` or a ``.json`` of strokes, or a `Bitmap`; `sign_mode` is touch, pen or fingerprint. What
        became of it is in the result's `signature`. Those of earlier sales go up at the end (see `sign_upload`).

        Raises:
            CardError, OrderError, ValueError: the sale cannot be made; nothing was sold.
        """
        return self._run(self._desk.sale(amount, card, entry, pin, drop_reversal, sign, sign_mode))

    def sign(self, sign: Drawn, *, mode: str = "touch", stan: str = "", batch: str = "") -> Answered:
        """Sign a sale later, or clear its signature and sign again: the last approved one, or the one `stan` names.

        Raises:
            ValueError: `sign` is nothing that can be drawn.
        """
        return self._run(self._desk.sign(sign, mode, stan, batch))

    def upload(self, *, rounds: int = 0) -> Answered:
        """Upload every signature that is kept, as before a settlement.

        What fails in all rounds (0: the dialect's number of them) is printed, to be signed on paper: see the result's
        `slips`. Without a connection it is broken off and everything stays kept.
        """
        return self._run(upload(self._desk.machine, rounds))

    def reverse(
        self, *, reason: str = "", stan: str = "", batch: str = "", amount: str | int | None = None
    ) -> Answered:
        """Reverse what is owed, else the sale that `stan` names, else the last approved one."""
        return self._run(self._desk.reverse(reason, stan, batch, amount))

    def echo(self) -> Answered:
        """Ask whether the host is there."""
        return self._run(echo(self._desk.machine))

    def sign_off(self) -> Answered:
        """Sign off."""
        return self._run(sign_off(self._desk.machine))

    @abstractmethod
    def _run(self, program: Program[Result]) -> Answered:
        """Run a program to its end."""


class Terminal(Operations[Result]):
    """A terminal whose methods return when the exchange is over. Not for several threads at once."""

    def __init__(self, tid: str, **options: Unpack[TerminalOptions]) -> None:
        self._desk = TerminalCore(tid, **options)
        self._line = TerminalConnection(self._desk.address, self._desk.framing, keep_open=self._desk.keep_open)

    def close(self) -> None:
        """Hang up and unlock the state."""
        self._line.close()
        self._desk.close()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, program: Program[Result]) -> Result:
        self._desk.log, self._desk.slips = [], []
        answer: Response | None = None
        try:
            while True:
                effect = program.send(answer)
                answer = None
                if isinstance(effect, Ask):
                    answer = self._line.ask(effect)
                elif isinstance(effect, Listen):
                    answer = self._line.listen()
                elif isinstance(effect, Keep):
                    self._desk.save(effect.state)
                else:
                    self._desk.look(effect)
        except StopIteration as end:
            result: Result = end.value
            result.exchanges, result.slips = tuple(self._desk.log), tuple(self._desk.slips)
            return result
        finally:
            self._line.done()


class AsyncTerminal(Operations[Coroutine[Any, Any, Result]]):
    """A terminal on the running asyncio loop: the same methods as `Terminal`, awaited, one at a time."""

    def __init__(self, tid: str, **options: Unpack[TerminalOptions]) -> None:
        self._desk = TerminalCore(tid, **options)
        self._line = AsyncTerminalConnection(self._desk.address, self._desk.framing, keep_open=self._desk.keep_open)

    async def close(self) -> None:
        """Hang up and unlock the state."""
        self._line.close()
        self._desk.close()

    async def __aenter__(self) -> AsyncTerminal:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _run(self, program: Program[Result]) -> Result:
        self._desk.log, self._desk.slips = [], []
        answer: Response | None = None
        try:
            while True:
                effect = program.send(answer)
                answer = None
                if isinstance(effect, Ask):
                    answer = await self._line.ask(effect)
                elif isinstance(effect, Listen):
                    answer = await self._line.listen()
                elif isinstance(effect, Keep):
                    await asyncio.to_thread(self._desk.save, effect.state)  # syncing a disk takes its time
                else:
                    self._desk.look(effect)
        except StopIteration as end:
            result: Result = end.value
            result.exchanges, result.slips = tuple(self._desk.log), tuple(self._desk.slips)
            return result
        finally:
            self._line.done()
