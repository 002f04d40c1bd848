"""The journal of a whole relay: exchanges are committed to a store like a host's, as evidence alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from acquirer.dialect.compiled import CompiledDialect
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.readers import ElementReaders
from acquirer.model.effects import NO_DEADLINE, Changes, Commit, CommitOutcome
from acquirer.model.evidence import Evidence
from acquirer.observe.log import Log
from acquirer.store.interface import OnOutcome


class JournalStore(Protocol):
    """What a relay's journal needs of a store; see `store.interface.Store`."""

    @property
    def fatal_error(self) -> str:
        """Why it stopped for good; "" while it works."""

    def commit(self, wanted: Commit, on_outcome: OnOutcome) -> None:
        """Write an exchange."""

    def delivered(self, exchange_id: int, outcome: str) -> None:
        """Note what became of a reply."""

    def check_files(self) -> None:
        """Notice when others changed its files."""


class WaitingRequests(Protocol):
    """Requests of one connection that wait for their replies."""

    def give_up(self, latest_s: float) -> None:
        """Keep requests as unanswered that came before a moment of the loop's clock."""


class RelayJournal:
    """The journal of a whole relay. On the loop's thread.

    Args:
        log: None: no one reads one.
        patience_s: a request without a reply is unanswered after this time.
    """

    def __init__(
        self,
        compiled: CompiledDialect,
        store: JournalStore,
        log: Log | None,
        now_us: Callable[[], int],
        now_s: Callable[[], float],
        patience_s: float,
    ) -> None:
        self.dialect: Dialect = compiled.dialect
        self.read = ElementReaders.of(compiled.dialect)
        self.now_us, self.now_s = now_us, now_s
        self.patience_s = patience_s
        self.counts: dict[str, int] = {}
        self.open: set[WaitingRequests] = set()
        self._store = store
        self._log = log
        self._failed = False  # the store has, and that was logged

    def look(self) -> None:
        """Give up requests that have waited too long; to be called once a second."""
        latest_s = self.now_s() - self.patience_s
        for connection in self.open:
            connection.give_up(latest_s)
        self._store.check_files()
        if self._store.fatal_error and not self._failed:
            self._failed = True
            self._report("store-failed", f"{self._store.fatal_error}; bytes are passed on, and not journalled")

    @property
    def fatal_error(self) -> str:
        """Why the store stopped for good; "" while it works."""
        return self._store.fatal_error

    def keep(self, evidence: Evidence, delivery: str = "") -> None:
        """Put an exchange into the journal.

        Args:
            delivery: what became of the reply, where it was not simply passed on.
        """
        self._count("exchanges")
        if not evidence.code:
            self._count(str(evidence.reason).replace("-", "_"))
        self._store.commit(Commit(Changes(evidence), NO_DEADLINE), partial(self._kept, evidence, delivery))

    def _kept(self, evidence: Evidence, delivery: str, outcome: CommitOutcome) -> None:
        if outcome is CommitOutcome.DONE:
            if delivery:
                self._store.delivered(evidence.id, delivery)
        else:
            self._count("not_journalled")
            if self.counts["not_journalled"] == 1:
                self._report(
                    "not-journalled",
                    f"exchanges pass and are not journalled ({outcome.value}); how many is said at the end",
                )

    def _report(self, name: str, sentence: str) -> None:
        if self._log is not None:
            self._log.event(name, sentence)

    def _count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1
