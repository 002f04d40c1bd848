"""Gathers commits on the loop's thread, and hands them in groups to a `BatchWriter`.

The writer may be a thread or a process of its own. It has at most `AHEAD` groups: one that it writes and, while many
commits come, one that lies ready; commits that arrive meanwhile are the next group. Bounds and reasons (seconds are
those that the oldest commit that is not yet answered has waited):

1. More than `CONGESTED_COMMITS` or `CONGESTED_S`: the loop should stop reading sockets; nothing is dropped.
2. More than `FULL_COMMITS` or `FULL_S`: new commits are refused unwritten, a terminal would not wait for them.
3. A commit past its own deadline is not written: the terminal has given up, and would only reverse it.
4. While another program holds the database commits are refused unwritten, each after a short wait of the writer's.
5. A database that fails is not tried again: what became of the last group is unknown, so everything after it fails.
6. Evidence of refusals that change nothing waits apart (`store.refusal_queue`): it counts in none of these bounds, at
   most `REFUSALS_OF_GROUP` of it are in a group, and alone it keeps the writer from nothing else that comes. What finds
   no room there is shed, as is all of it while the store is full: answered, and not written.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from acquirer.data.types import Row
from acquirer.model.effects import Changes, Commit, CommitOutcome
from acquirer.model.ready_exchange import ReadyExchange
from acquirer.store.batch_writer import BatchWriter, CallSoon
from acquirer.store.claimed_rows import claim_rows
from acquirer.store.direct_writer import DirectWriter
from acquirer.store.interface import OnOutcome
from acquirer.store.packed_changes import PackedChanges, pack_changes
from acquirer.store.refusal_queue import RefusalQueue
from acquirer.store.statements import GROUP
from acquirer.store.transaction_writer import CONFLICT, UNWRITABLE, GroupResult

AHEAD: Final = 2
"""Groups with the writer: with one it would stand still while its result travels, a third gains nothing."""

SECOND_GROUP: Final = GROUP // 2
"""Commits that a second group has at least: each group costs the same for its commit, however small it is."""

WRITE_TIMEOUT_S: Final = 10.0  # a slow disk takes some of it, and no host waits for ever
CONGESTED_COMMITS: Final = 5_000
CONGESTED_S: Final = 2.0
FULL_COMMITS: Final = 20_000  # every connection of a full host waits with one: memory, not time, is the bound
FULL_S: Final = 5.0
REFUSALS_OF_GROUP: Final = 32  # rendering them takes as long as the transaction itself: some two milliseconds
MOST_DELIVERIES: Final = 4 * GROUP  # in one transaction, so that none takes much longer than a full group does

LOCKED: Final = -2  # in place of an exchange's number, beside CONFLICT and UNWRITABLE

_OUTCOMES: Final = {
    CONFLICT: CommitOutcome.CONFLICT,
    UNWRITABLE: CommitOutcome.OVERLOADED,
    LOCKED: CommitOutcome.LOCKED,
}


_Waiting = tuple[Changes | ReadyExchange, OnOutcome, float, float]
"""What is to be written, what is called with the outcome, until when it is worth it, and since when it waits, by the
monotonic clock."""


class _Group(NamedTuple):
    """A group that the writer has."""

    commits: list[_Waiting]
    refusals: int  # so many of them
    outcomes: list[CommitOutcome | None]  # of commits that are not written; None: the writer reports it
    deliveries: list[Row]
    rrn_limit: int | None  # the limit of reference numbers, once this is written
    since_s: float  # when its oldest commit but for refusals was asked for, by the monotonic clock


class GroupCommitter:
    """Commits. All of it on the loop's thread.

    Args:
        now_s: the clock of deadlines, which may be ahead of the machine's; how long a commit waits is real.
        on_group: is called once a group is answered.
    """

    def __init__(
        self,
        direct: DirectWriter,
        writer: BatchWriter,
        call_soon: CallSoon,
        now_s: Callable[[], float] = time.monotonic,
        on_group: Callable[[], object] = bool,
    ) -> None:
        self.fatal_error = ""
        self.last_error = ""
        self.locked = False  # another program holds the database, as of the last group
        self.locked_out = self.written = 0  # commits that were refused because of that; that are durable
        self._direct = direct
        self._writer = writer
        self._call_soon = call_soon
        self._now_s, self._on_group = now_s, on_group
        self._gathered: list[_Waiting] = []  # in this turn of the loop
        self._waiting: deque[_Waiting] = deque()
        self._refusals: RefusalQueue[tuple[Commit, OnOutcome]] = RefusalQueue()
        self._with_writer: deque[_Group] = deque()
        self._deliveries: deque[Row] = deque()
        self._put_off = False  # deliveries: another program holds the file
        self._unanswered = self._unanswered_refusals = 0  # commits; the first but for refusals
        self._called = False  # `_hand_over` is about to run
        self._called_s = 0.0  # since when
        self._slow = False  # the oldest commit had waited too long when this turn's first one was asked for
        writer.start(self._report)

    @property
    def waiting(self) -> int:
        """Commits that are not answered yet."""
        return self._unanswered + self._unanswered_refusals

    @property
    def at_rest(self) -> bool:
        """True while nothing waits to be written, and what was written is answered."""
        return not (self.waiting or self._deliveries or self._with_writer)

    @property
    def congested(self) -> bool:
        """True while the loop should not read more."""
        return self._unanswered > CONGESTED_COMMITS or self.waited_s > CONGESTED_S

    def commit(self, wanted: Commit | ReadyExchange, on_outcome: OnOutcome) -> None:
        """Queue one commit; those of one turn of the loop are handed over together."""
        if not self._called:
            self._slow = self.waited_s > FULL_S  # looked at once in a turn of the loop
        full = self._slow or self._unanswered >= FULL_COMMITS
        if type(wanted) is ReadyExchange:  # most often
            changes: Changes | ReadyExchange = wanted
        else:
            changes = wanted.changes
            if changes.only_refused:
                self._commit_refusal(wanted, on_outcome, full=full)
                return
        if full:
            self._call_soon(partial(on_outcome, CommitOutcome.OVERLOADED))
            return
        self._unanswered += 1
        if not self._called:
            self._call_hand_over()
        self._gathered.append((changes, on_outcome, wanted.deadline_s, self._called_s))

    def delivered(self, exchange_id: int, outcome: str) -> None:
        """Remember what became of a reply: it travels with the next group, or alone when there is none."""
        self._deliveries.append((exchange_id, outcome))
        if len(self._deliveries) == 1:
            self._call_soon(self._hand_over)

    def flush(self) -> None:
        """Commit what waits, and have it all answered."""
        self._hand_over()
        while self._with_writer:
            self._wait()

    def close(self) -> None:
        """Commit and answer what waits, and close the writer."""
        self.flush()
        self._writer.close()

    def _wait(self) -> None:
        try:
            self._writer.wait(WRITE_TIMEOUT_S)
        except TimeoutError:
            self._report(f"the writer did not answer for {WRITE_TIMEOUT_S:g} s")

    @property
    def waited_s(self) -> float:
        """How long the oldest commit that is not answered has waited."""
        if self._with_writer:
            return time.monotonic() - self._with_writer[0].since_s
        return time.monotonic() - self._waiting[0][3] if self._waiting else 0.0

    def _commit_refusal(self, wanted: Commit, on_outcome: OnOutcome, *, full: bool) -> None:
        one = (wanted, on_outcome)
        shed = one if full else self._refusals.put(wanted.changes.evidence.peer, one)
        if shed is not None:
            self._call_soon(partial(shed[1], CommitOutcome.SHED))
            return
        self._unanswered_refusals += 1
        if not self._called:
            self._call_hand_over()

    def _call_hand_over(self) -> None:
        self._called = True
        self._called_s = time.monotonic()
        self._call_soon(self._hand_over)

    def _hand_over(self) -> None:
        self._called = False
        self._waiting.extend(self._gathered)
        self._gathered.clear()
        self._put_off = False
        self._feed_writer()

    def _feed_writer(self) -> None:
        while self._waiting or self._refusals or (self._deliveries and not self._put_off):
            if self.fatal_error:
                self._refuse_all()
            elif len(self._with_writer) < (AHEAD if len(self._waiting) >= SECOND_GROUP else 1):
                self._write()
            else:
                return

    def _write(self) -> None:
        """Give the writer all that waits, up to the size of a group."""
        refusals = self._refusals.take(REFUSALS_OF_GROUP)
        taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), GROUP - len(refusals)))]
        deliveries = [self._deliveries.popleft() for _ in range(min(len(self._deliveries), MOST_DELIVERIES))]
        taken_s, deadline_s = time.monotonic(), self._now_s()
        rrns, stored, dialect_key = self._direct.rrns, self._direct.sessions.get, self._writer.dialect_key
        outcomes: list[CommitOutcome | None] = []
        packed: list[PackedChanges] = []
        claimed: set[object] = set()
        commits = taken + [(one.changes, on_outcome, one.deadline_s, taken_s) for one, on_outcome in refusals]
        if refusals:
            commits.sort(key=lambda one: one[0].evidence.at_us)  # as those that need not wait
        for changes, _, limit_s, _ in commits:
            if limit_s < deadline_s:
                outcomes.append(CommitOutcome.EXPIRED)
            elif not claim_rows(changes, claimed):
                outcomes.append(CommitOutcome.CONFLICT)
            else:
                try:
                    packed.append(pack_changes(changes, dialect_key, stored))
                    outcomes.append(None)
                except Exception as exc:  # as with a row that cannot be written: the others can be
                    self.last_error = f"an exchange could not be written: {type(exc).__name__}: {exc}"
                    outcomes.append(CommitOutcome.OVERLOADED)
        reserving = any(group.rrn_limit is not None for group in self._with_writer)
        rrn_limit = rrns.limit_to_write(under_way=reserving)
        since_s = taken[0][3] if taken else taken_s
        self._with_writer.append(_Group(commits, len(refusals), outcomes, deliveries, rrn_limit, since_s))
        try:
            self._writer.write(packed, deliveries, rrn_limit)
        except Exception as exc:  # the writer never reports what it was not given
            self._report(f"{type(exc).__name__}: {exc}")

    def _report(self, result: GroupResult | str) -> None:
        """Answer the oldest group, which is written; a sentence means that it is unknown what became of it."""
        if self.fatal_error:  # every commit has its outcome
            return
        if isinstance(result, str):
            self.fatal_error = f"the store failed and stops: {result}"
            self._refuse_all()
            return
        group = self._with_writer.popleft()
        self.last_error = result.last_error or self.last_error
        if result.numbers is None:  # nothing was begun
            self._deliveries.extendleft(reversed(group.deliveries))
            self._put_off = True
            self.locked = True
        else:
            self.locked = False
            if group.rrn_limit is not None:
                self._direct.rrns.written(group.rrn_limit)
        numbers = iter(result.numbers or ())
        self._unanswered -= len(group.commits) - group.refusals
        self._unanswered_refusals -= group.refusals
        direct = self._direct
        for (changes, on_outcome, _, _), outcome in zip(group.commits, group.outcomes, strict=True):
            if outcome is None:
                number = next(numbers, LOCKED)  # there are none when nothing was begun
                if number > 0:
                    self.written += 1
                    (changes if type(changes) is ReadyExchange else changes.evidence).id = number
                    direct.keep(changes)
                    on_outcome(CommitOutcome.DONE)
                    continue
                outcome = _OUTCOMES[number]
                self.locked_out += number == LOCKED
            direct.forget(changes)
            on_outcome(outcome)
        self._on_group()
        self._feed_writer()

    def _refuse_all(self) -> None:
        """Fail every commit: it is unknown what became of those with the writer, and nothing more is written."""
        self._direct.forget_rows()
        self._deliveries.clear()
        waiting = [one for group in self._with_writer for one in group.commits] + [*self._waiting]
        refused = self._refusals.take(len(self._refusals))
        self._with_writer.clear()
        self._waiting.clear()
        self._unanswered, self._unanswered_refusals = len(self._gathered), 0
        for on_outcome in [one[1] for one in waiting] + [one[1] for one in refused]:
            self._call_soon(partial(on_outcome, CommitOutcome.FAILED))
