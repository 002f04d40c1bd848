"""The terminals of one process: made when they first come, free or at work, and who comes next of those that are."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from acquirer.data.toml import DataError
from acquirer.dialect.compiled import CompiledDialect
from acquirer.load.active_terminal import ActiveTerminal
from acquirer.load.parts import PlanPart
from acquirer.load.plan import LoadPlan
from acquirer.settings.identity import identity
from acquirer.settings.registration import Registration
from acquirer.terminal.machine import Machine, Setup
from acquirer.terminal.state import LAST_STAN, State


class TerminalClock:
    """What terminals take for the time: that at which a request is to leave, when it is prepared ahead."""

    def __init__(self) -> None:
        self._begin: datetime | None = None
        self._ahead: datetime | None = None

    def begin(self, unix_ns: int) -> None:
        """Take the beginning of the run, in nanoseconds since 1970."""
        self._begin = datetime.fromtimestamp(unix_ns / 1e9, UTC).astimezone()

    def look_ahead(self, at_us: int | None) -> None:
        """Take the moment of a request, in microseconds since the beginning, for the time; None: the system's again.

        As long as it is not known when the run begins, the time is always the system's.
        """
        begin = self._begin
        self._ahead = None if at_us is None or begin is None else begin + timedelta(microseconds=at_us)

    def now(self) -> datetime:
        """Return the time, with its zone."""
        return self._ahead or datetime.now().astimezone()


class LoadTerminals:
    """The terminals of one part of a plan.

    Args:
        known: those of all parts, in the order of their file.
    """

    def __init__(
        self,
        plan: LoadPlan,
        compiled: CompiledDialect,
        known: Sequence[Registration],
        part: PlanPart,
        clock: TerminalClock,
    ) -> None:
        self._plan = plan
        self._compiled = compiled
        self._known = known
        self._clock = clock
        self._terminals: dict[int, ActiveTerminal] = {}
        numbers = [number for number in range(len(known)) if part.has(number)]
        Random(plan.seed).shuffle(numbers)  # noqa: S311  the same order each time
        self._free = OrderedDict.fromkeys(numbers)

    def take(self, wanted: int | None) -> ActiveTerminal | None:
        """Return a free terminal, which then is no longer free: the wanted one, or the one that was free longest.

        None: the wanted one is at work, or all are.

        Raises:
            DataError: it cannot speak the dialect.
        """
        if wanted is not None:
            if wanted not in self._free:
                return None
            del self._free[wanted]
            return self._terminal(wanted)
        if not self._free:
            return None
        return self._terminal(self._free.popitem(last=False)[0])

    def free(self, terminal: ActiveTerminal) -> None:
        """Have a terminal wait for its next turn."""
        self._free[terminal.number] = None

    def active(self) -> list[ActiveTerminal]:
        """Return those that have come so far."""
        return list(self._terminals.values())

    def _terminal(self, number: int) -> ActiveTerminal:
        found = self._terminals.get(number)
        if found is None:
            setup = self._setup(self._known[number])
            # A run begins somewhere among the STANs, so that in a batch that goes on it repeats none of a former run.
            stan = f"{secrets.randbelow(LAST_STAN):06d}"
            state = State(setup.tid, setup.mid, setup.tmk.kcv() if setup.tmk else "", stan=stan)
            found = self._terminals[number] = ActiveTerminal(number, Machine(setup, state))
        return found

    def _setup(self, one: Registration) -> Setup:
        compiled = self._compiled
        key = "tmk" if compiled.suite.dukpt is None else "bdk"
        if getattr(one, key) is None:
            problem = f"terminal {one.tid} has no {key}, which terminals of {compiled.dialect.name} need: give it one"
            raise DataError(self._plan.terminals or "the demo set", 0, "", problem)
        known = identity(
            one.tid, compiled.suite, mid=one.mid, tmk=one.tmk or "", bdk=one.bdk or "", ksn=one.ksn.hex(), name=one.name
        )
        return Setup(
            compiled,
            known.tid,
            known.mid,
            known.tmk,
            secrets.token_bytes,
            self._clock.now,
            bdk=known.bdk,
            ksn=known.ksn,
            timeout_s=self._plan.timeout_s,
            upload_at_once=True,
            watermark=False,  # each slip would have an image of its own, and compressing it takes 10 ms
            verify=self._plan.verify,
        )
