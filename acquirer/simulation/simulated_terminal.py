"""A terminal of a simulation: the program's own, driven in virtual time, whose power may fail before any step."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Unpack

from acquirer.app.terminal_connection import ExchangeTimer
from acquirer.app.terminal_core import TerminalCore
from acquirer.app.terminal_operations import Operations
from acquirer.app.terminal_options import TerminalOptions
from acquirer.errors import ConfigurationError
from acquirer.security.vault import Vault
from acquirer.simulation.history import DrawnSignature, EndedExchange, History, ReceivedReply, SentRequest
from acquirer.simulation.network import Network, SimulatedConnection
from acquirer.simulation.plan import PlannedOperation, PlannedTrouble
from acquirer.simulation.staff import recognised
from acquirer.simulation.timeline import Appointment, Timeline
from acquirer.terminal.effects import Ask, Ended, Keep, Listen, NotSent, Print, PrintCopy, Program, Received, Response
from acquirer.terminal.exchange import Result
from acquirer.terminal.machine import Machine
from acquirer.terminal.operators import TerminalOperator
from acquirer.terminal.state import State, dump, load

STEP_US: Final = 1_000
"""What a terminal takes from one step to the next."""

VAULT: Final = Vault(bytes(32))
"""Seals what a terminal keeps; here no one else reads it."""


class SimulatedTerminal(Operations[None]):
    """A terminal whose operations begin at once and end when they do; the next one waits until it is free.

    Args:
        seed: of the plan, which everything that is drawn follows from.
    """

    def __init__(
        self, tid: str, timeline: Timeline, network: Network, history: History, seed: int,
        **options: Unpack[TerminalOptions],
    ) -> None:  # fmt: skip
        self.tid = tid
        self._core = TerminalCore(tid, **options)
        self._setup = self._core.machine.owned
        self.timeline = timeline
        self.network = network
        self.history = history
        self._place = f"{seed}/{tid}"
        self._saved = self.state
        self._waiting: deque[tuple[PlannedOperation, Callable[[], object]]] = deque()
        self._operation: PlannedOperation | None = None
        self._program: Program[Result] | None = None
        self._steps = 0  # of the operation
        self._messages = 0
        self._requests = 0  # in all
        self._connection: SimulatedConnection | None = None
        self._timer = ExchangeTimer(self._core.framing, self._now_ns)
        self._timeout: Appointment | None = None
        self._inbox: deque[bytes] = deque()  # what came on the kept connection while nothing was waited for
        self._request = 0  # that it waits for the answer to
        self.last: Result | None = None  # of the last operation that came to its end
        self.refused = ""  # why the last one could not be begun

    def hire(self, staff: tuple[TerminalOperator, ...], logged_on: str) -> None:
        """Have it used by operators from now on."""
        machine = self._core.machine
        self._core.machine = Machine(self._setup, replace(machine.state, operators=staff, operator=logged_on))
        self._keep(self.state)

    def begin(self, operation: PlannedOperation, act: Callable[[], object]) -> None:
        """Do an operation as soon as the terminal is free."""
        self._waiting.append((operation, act))
        if self._operation is None:
            self._begin_next()

    @property
    def idle(self) -> bool:
        """Whether nothing is done."""
        return self._operation is None and not self._waiting

    def try_it(self, operation: str, *words: object, **options: object) -> None:
        """Begin an operation by its name; see `transaction_choices.UsedTerminal`."""
        getattr(self, operation)(*words, **options)

    def _begin_next(self) -> None:
        if self._waiting:
            self._operation, act = self._waiting.popleft()
            self._steps = self._messages = 0
            self.last, self.refused = None, ""
            try:
                act()
            except (ConfigurationError, LookupError) as error:  # it cannot be made: people read why, and do otherwise
                self.refused = str(error)
            if self._program is None:
                self._end()

    def _run(self, program: Program[Result]) -> None:
        self._program = self._core.begin(program)
        self.timeline.call_later(STEP_US, lambda: self._go_on(None))

    def _go_on(self, answer: Response | None) -> None:
        """Take the operation to the next step for which it has to wait."""
        program, operation = self._program, self._operation
        if program is None or operation is None:  # the power has failed meanwhile
            return
        try:
            while True:
                effect = program.send(answer)
                answer = None
                self._steps += 1
                if self._steps == operation.cut_at:
                    self._lose_power(operation)
                    return
                if isinstance(effect, Ask):
                    self._ask(effect)
                    return
                if isinstance(effect, Listen):
                    self._listen(None)
                    return
                if isinstance(effect, Keep):
                    self._keep(effect.state)
                elif isinstance(effect, Print | PrintCopy):
                    if isinstance(effect, Print):
                        self.history.paper.add((self.tid, *effect.voucher.key))
                    answer = self._core.print(effect)
                else:
                    self._core.look(effect)
                    if isinstance(effect, Ended):
                        self._note(effect)
        except StopIteration as end:
            self.last = self._core.finished(end.value)
        except (ConfigurationError, LookupError) as error:
            self.refused = str(error)
        self._end()

    def _end(self) -> None:
        self._program = self._operation = None
        if not self._core.keep_open:
            self._hang_up()
        self.timeline.call_later(STEP_US, lambda: self._begin_next() if self._operation is None else None)

    def _lose_power(self, operation: PlannedOperation) -> None:
        """Forget everything but what was saved; after a while the power is back."""
        assert self._program is not None
        self.history.count("power-cut")
        self._program.close()
        self._program = None
        self._hang_up()
        kept = load(dump(self._saved, VAULT, self._setup.randbytes), VAULT)
        self._core.machine = Machine(self._setup, replace(kept, operators=recognised(kept.operators)))
        self.timeline.call_later(operation.off_us, self._end)

    def _keep(self, state: State) -> None:
        """Make a state durable."""
        self._saved = state
        self._core.save(state)
        history = self.history
        history.kept.setdefault(self.tid, []).append(state)
        history.batches[self.tid, state.batch] = state
        history.signatures |= {DrawnSignature(self.tid, *one.key, one.image) for one in state.waiting if one.image}

    def _note(self, ended: Ended) -> None:
        one, operation = ended.exchange, self._operation
        assert operation is not None
        self.history.ended.append(
            EndedExchange(
                self.timeline.now_us, self.tid, operation.number, one.service, one.stan, str(one.outcome), one.code
            )
        )

    # the line

    def _ask(self, ask: Ask) -> None:
        operation = self._operation
        assert operation is not None
        trouble = self._trouble(operation.troubles)
        self._messages += 1
        self._requests += 1
        if ask.fresh or not self._core.keep_open:
            self._hang_up()
        if self._connection is None:
            opened = self.network.connect(self.tid, self)
            if not isinstance(opened, SimulatedConnection):
                took_us, why = opened
                self._answer_later(took_us, NotSent(f"no connection: {why}"))
                return
            self._connection = opened
            self._timer = ExchangeTimer(self._core.framing, self._now_ns)
        self._timer.begin(ask.timeout_s)
        self._request = len(self.history.sent)
        keys = self._core.machine.keys
        self.history.sent.append(SentRequest(self.timeline.now_us, self.tid, operation.number, ask.frame, keys))
        self.network.bring_request(
            self._connection, self._request, ask.frame, trouble, f"{self._place}/{operation.number}/{self._messages}"
        )
        self._listen(None)

    def _trouble(self, troubles: tuple[PlannedTrouble, ...]) -> PlannedTrouble | None:
        return next((one for one in troubles if one.message == self._messages), None)

    def _listen(self, received: bytes | OSError | None) -> None:
        """Go on with a whole answer; without one wait for more, within the time of the last request."""
        while (answer := self._timer.take(received)) is None:
            if not self._inbox:
                left_us = max(round(self._timer.left_s * 1_000_000), 0)
                self._timeout = self.timeline.call_later(left_us, lambda: self._listen_on(TimeoutError()))
                return
            received = self._inbox.popleft()
        self._timeout = None
        if isinstance(answer, Received):
            self.history.received.append(ReceivedReply(self.timeline.now_us, self._request, answer.frame))
        else:
            self._hang_up()
        self._answer_later(STEP_US, answer)

    def _listen_on(self, received: bytes | OSError) -> None:
        self._timeout = None
        self._listen(received)

    def _answer_later(self, delay_us: int, answer: Response) -> None:
        program = self._program
        self.timeline.call_later(delay_us, lambda: self._go_on(answer) if self._program is program else None)

    def receive(self, connection: SimulatedConnection, data: bytes) -> None:
        """Take bytes from a connection; see `network.TerminalLine`."""
        if connection is not self._connection:
            return
        if self._timeout is not None:
            self._timeout.cancel()
            self._listen_on(data)
        elif data:
            self._inbox.append(data)
        else:
            self._hang_up()

    def _hang_up(self) -> None:
        self._inbox.clear()
        if self._timeout is not None:
            self._timeout.cancel()
            self._timeout = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _now_ns(self) -> int:
        return self.timeline.now_us * 1_000
