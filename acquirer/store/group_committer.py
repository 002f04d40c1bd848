"""Gathers commits on the loop's thread, and hands them in groups to whoever writes.

The one who writes (`hands`) may be a thread or a process of its own. At most `AHEAD` groups are with it: one that it
writes and one that lies ready; what comes meanwhile is the next group. Bounds and reasons (seconds are waited by the
oldest commit that is not yet answered):
* more than `CONGESTED_COMMITS` or `CONGESTED_S`: the loop should stop reading sockets; nothing is dropped;
* more than `FULL_COMMITS` or `FULL_S`: new commits are refused unwritten, a terminal would not wait for them;
* a commit past its own deadline is not written: the terminal has given up, and would only reverse it.
A database that fails is not tried again: what became of the last group is unknown, so everything after it fails.
"""

from __future__ import annotations

import time
from collections import deque
from functools import partial
from typing import Final, NamedTuple

from acquirer.data.types import Row
from acquirer.model.effects import Changes, Commit, CommitOutcome
from acquirer.store.batch_writer import BatchWriter, Soon
from acquirer.store.direct_writer import DirectWriter
from acquirer.store.interface import Done
from acquirer.store.rrn import BLOCK
from acquirer.store.statements import GROUP
from acquirer.store.transaction_writer import CONFLICT, UNWRITABLE, Item, Written, packed

AHEAD: Final = 2
"""Groups with the one who writes: with one it would stand still while its answer travels, a third gains nothing."""

PATIENCE_S: Final = 10.0  # where nothing else goes on: a busy file takes half of it, and no host hangs for ever
CONGESTED_COMMITS: Final = 5_000
CONGESTED_S: Final = 2.0
FULL_COMMITS: Final = 20_000  # every connection of a full host waits with one: memory, not time, is the bound
FULL_S: Final = 5.0
MOST_DELIVERIES: Final = 4 * GROUP  # in one transaction, so that none takes much longer than a full group does

_OUTCOMES: Final = {CONFLICT: CommitOutcome.CONFLICT, UNWRITABLE: CommitOutcome.OVERLOADED}


class _Group(NamedTuple):
    """What is with the one who writes."""

    commits: list[tuple[Commit, Done]]
    outcomes: list[CommitOutcome | None]  # of commits that are not written, why; None: the hand will say
    deliveries: list[Row]
    limit: int | None  # of reference numbers, once this is written
    since_s: float  # when the oldest of it came, by the monotonic clock


class GroupCommitter:
    """Commits. All of it on the loop's thread."""

    def __init__(self, ledger: DirectWriter, hands: BatchWriter, soon: Soon) -> None:
        self.failure = ""
        self.complaint = ""
        self._ledger = ledger
        self._hands = hands
        self._soon = soon
        self._gathered: list[tuple[Commit, Done]] = []  # in this turn of the loop
        self._waiting: deque[tuple[Commit, Done, float]] = deque()
        self._written: deque[_Group] = deque()  # or being written
        self._deliveries: deque[Row] = deque()
        self._put_off = False  # deliveries: somebody else has the file
        self._unanswered = 0
        hands.begin(self._answered)

    @property
    def waiting(self) -> int:
        """Commits that are not answered yet."""
        return self._unanswered

    @property
    def congested(self) -> bool:
        """True while the loop should not read more."""
        return self._unanswered > CONGESTED_COMMITS or self.waited_s > CONGESTED_S

    def commit(self, wanted: Commit, done: Done) -> None:
        """Queue one commit; those of one turn of the loop are handed over together."""
        if self._unanswered >= FULL_COMMITS or self.waited_s > FULL_S:
            self._soon(partial(done, CommitOutcome.OVERLOADED))
            return
        self._unanswered += 1
        self._gathered.append((wanted, done))
        if len(self._gathered) == 1:
            self._soon(self._hand_over)

    def delivered(self, exchange_id: int, outcome: str) -> None:
        """Remember what became of a reply: it travels with the next group, or alone when there is none."""
        self._deliveries.append((exchange_id, outcome))
        if len(self._deliveries) == 1:
            self._soon(self._hand_over)

    def await_numbers(self) -> None:
        """Wait while reference numbers are used up and more of them are under way."""
        while self._ledger.numbers.used_up and self._more_numbers:
            self._wait()

    def settle(self) -> None:
        """Commit what waits, and have it all answered."""
        self._hand_over()
        while self._written:
            self._wait()

    def end(self) -> None:
        """Commit and answer what waits, and let the one who writes go."""
        self.settle()
        self._hands.end()

    def _wait(self) -> None:
        try:
            self._hands.wait(PATIENCE_S)
        except TimeoutError:
            self._answered(f"no answer came for {PATIENCE_S:g} s")

    @property
    def waited_s(self) -> float:
        """How long the oldest commit that is not answered has waited."""
        if self._written:
            return time.monotonic() - self._written[0].since_s
        return time.monotonic() - self._waiting[0][2] if self._waiting else 0.0

    @property
    def _more_numbers(self) -> bool:
        """Whether a new limit of reference numbers is under way."""
        return any(group.limit is not None for group in self._written)

    def _hand_over(self) -> None:
        if self._gathered:
            now_s = time.monotonic()
            self._waiting.extend([(*one, now_s) for one in self._gathered])
            self._gathered.clear()
        self._put_off = False
        self._go_on()

    def _go_on(self) -> None:
        while self._waiting or (self._deliveries and not self._put_off):
            if self.failure:
                self._refuse_all()
            elif len(self._written) < (AHEAD if self._waiting else 1):
                self._write()
            else:
                return

    def _write(self) -> None:
        """The next group: whatever waits, as long as a group may be."""
        taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), GROUP))]
        deliveries = [self._deliveries.popleft() for _ in range(min(len(self._deliveries), MOST_DELIVERIES))]
        now_s = time.monotonic()
        numbers, name_of = self._ledger.numbers, self._hands.named
        outcomes: list[CommitOutcome | None] = []
        items: list[Item] = []
        touched: set[object] = set()
        for commit, _, _ in taken:
            changes = commit.changes
            if commit.deadline_s < now_s:
                outcomes.append(CommitOutcome.EXPIRED)
            elif not _alone(changes, touched):
                outcomes.append(CommitOutcome.CONFLICT)
            else:
                try:
                    items.append(packed(changes, name_of(changes.evidence.dialect)))
                    outcomes.append(None)
                except Exception as wrong:  # as with a row that cannot be written: the others can be
                    self.complaint = f"an exchange could not be written: {type(wrong).__name__}: {wrong}"
                    outcomes.append(CommitOutcome.OVERLOADED)
        limit = numbers.limit + BLOCK if numbers.low and not self._more_numbers else None
        commits = [(commit, done) for commit, done, _ in taken]
        self._written.append(_Group(commits, outcomes, deliveries, limit, taken[0][2] if taken else now_s))
        try:
            self._hands.write(items, deliveries, limit)
        except Exception as wrong:  # what cannot be asked for is never answered
            self._answered(f"{type(wrong).__name__}: {wrong}")

    def _answered(self, found: Written | str) -> None:
        """The oldest group is written; or, when all there is is a sentence, nobody knows what became of it."""
        if self.failure:  # everybody has been told
            return
        if isinstance(found, str):
            self.failure = f"the store failed and stops: {found}"
            self._refuse_all()
            return
        group = self._written.popleft()
        self.complaint = found.complaint or self.complaint
        if found.numbers is None:  # nothing was begun
            self._deliveries.extendleft(reversed(group.deliveries))
            self._put_off = True
        elif group.limit is not None:
            self._ledger.numbers.limit = group.limit
        numbers = iter(found.numbers or ())
        self._unanswered -= len(group.commits)
        for (commit, done), outcome in zip(group.commits, group.outcomes, strict=True):
            if outcome is None:
                number = next(numbers, UNWRITABLE)  # nothing was begun when there are none
                commit.changes.evidence.id = max(number, 0)
                outcome = _OUTCOMES.get(number, CommitOutcome.DONE)
            self._keep(commit.changes, outcome)
            done(outcome)
        self._go_on()

    def _refuse_all(self) -> None:
        """Nobody knows what became of what is with the one who writes, and nothing more is written."""
        self._ledger.sessions.clear()
        self._ledger.cards.clear()
        self._deliveries.clear()
        commits = [one for group in self._written for one in group.commits]
        commits += [(commit, done) for commit, done, _ in self._waiting]
        self._written.clear()
        self._waiting.clear()
        self._unanswered -= len(commits)
        for _, done in commits:
            self._soon(partial(done, CommitOutcome.FAILED))

    def _keep(self, changes: Changes, outcome: CommitOutcome) -> None:
        session, card = changes.session, changes.card
        if session is not None:
            if outcome is CommitOutcome.DONE:
                session.version += 1  # as it was written; whoever committed it has no more use for it
                self._ledger.sessions.put(session.tid, session)
            else:
                self._ledger.sessions.forget(session.tid)
        if card is not None:
            if outcome is CommitOutcome.DONE:
                card.version += 1
                self._ledger.cards.put(card.token, card)
            else:
                self._ledger.cards.forget(card.token)


def _alone(changes: Changes, touched: set[object]) -> bool:
    """Whether no other of the group touches these rows: both were decided on one version, only the first is right."""
    session, transaction, card, upload = changes.session, changes.transaction, changes.card, changes.upload
    rows: list[object] = [] if session is None else [session.tid]
    if transaction is not None:
        rows.append(transaction.key)
    if card is not None:
        rows.append((card.token,))  # a tuple, so that no token is taken for a tid
    if upload is not None:
        rows.append(("upload", upload.key))
    if not touched.isdisjoint(rows):
        return False
    touched.update(rows)
    return True
