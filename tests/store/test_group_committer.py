"""The committer before a writer that does as the test says: groups ahead, limits, deadlines, rivals, failure."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.data.types import Row
from acquirer.model.effects import NO_DEADLINE, Changes, Commit, CommitOutcome
from acquirer.model.evidence import Evidence
from acquirer.model.ready_exchange import ReadyExchange
from acquirer.model.reasons import Reason
from acquirer.model.rows import Card, Session, Signature, Transaction, TransactionKey, Upload
from acquirer.store import group_committer as module
from acquirer.store.batch_writer import OnGroup
from acquirer.store.claimed_rows import claim_rows
from acquirer.store.database import connect_writing
from acquirer.store.direct_writer import DirectWriter
from acquirer.store.group_committer import AHEAD, MOST_DELIVERIES, REFUSALS_OF_GROUP, GroupCommitter
from acquirer.store.packed_changes import PackedChanges
from acquirer.store.refusal_queue import MOST_REFUSALS
from acquirer.store.rrn import BLOCK
from acquirer.store.schema import SESSION
from acquirer.store.statements import GROUP, SESSIONS
from acquirer.store.transaction_writer import CONFLICT, UNWRITABLE, GroupResult, TransactionWriter
from tests.store.packing import pack

pytestmark = pytest.mark.interpreted  # sizes of groups are changed

DONE, EXPIRED, OVERLOADED, SHED, LOCKED, FAILED = (
    CommitOutcome.DONE,
    CommitOutcome.EXPIRED,
    CommitOutcome.OVERLOADED,
    CommitOutcome.SHED,
    CommitOutcome.LOCKED,
    CommitOutcome.FAILED,
)
KEY = TransactionKey("880210010210162", "10000161", "000001", "000001")


@pytest.fixture(autouse=True)
def second_groups_of_any_size(monkeypatch):
    """Have the writer get a second group of one commit too."""
    monkeypatch.setattr(module, "SECOND_GROUP", 1)


class StubWriter:
    """A batch writer that writes nothing: it notes its groups, and reports them when the test says so."""

    def __init__(self) -> None:
        self.groups: list[tuple[Sequence[PackedChanges], Sequence[Row], int | None]] = []
        self.reported = 0  # groups
        self.last = 0  # exchange that was given a number
        self.closed = False
        self.error: Exception | None = None  # raised by `write`

    def start(self, on_group: OnGroup) -> None:
        self._on_group = on_group

    def dialect_key(self, dialect: Any) -> Any:
        return dialect

    def write(self, commits: Sequence[PackedChanges], deliveries: Sequence[Row], rrn_limit: int | None) -> None:
        assert not self.closed
        if self.error:
            raise self.error
        self.groups.append((commits, deliveries, rrn_limit))

    def wait(self, _timeout_s: float | None = None) -> None:
        assert self.reported < len(self.groups), "no group is left that could be reported"
        self.report()

    def close(self) -> None:
        self.closed = True

    def report(self, result: GroupResult | str | None = None) -> None:
        """Report the oldest group; by default all of it is written."""
        commits = self.groups[self.reported][0]
        self.reported += 1
        if result is None:
            result = GroupResult(list(range(self.last + 1, self.last + 1 + len(commits))))
            self.last += len(commits)
        self._on_group(result)

    @property
    def sizes(self) -> list[int]:
        return [len(commits) for commits, _, _ in self.groups]

    @property
    def deliveries(self) -> list[list[Row]]:
        return [list(deliveries) for _, deliveries, _ in self.groups]


class Loop:
    """Runs what a committer wants to be called."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def call_soon(self, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def turn(self) -> None:
        """Run the calls that were there when the turn began; later ones are for the next one."""
        calls, self.calls = self.calls, []
        for call in calls:
            call()


@pytest.fixture
def direct(connection):
    direct = DirectWriter(connection)
    direct.rrns.limit = BLOCK  # enough of them
    return direct


@pytest.fixture
def batch_writer():
    return StubWriter()


@pytest.fixture
def loop():
    return Loop()


@pytest.fixture
def ahead_s():
    """How far the clock of deadlines is ahead, to be changed by a test."""
    return [0.0]


@pytest.fixture
def committer(direct, batch_writer, loop, ahead_s):
    return GroupCommitter(direct, batch_writer, loop.call_soon, lambda: time.monotonic() + ahead_s[0])


@pytest.fixture
def outcomes():
    return []


@pytest.fixture
def commit(committer, exchange, outcomes):
    """``commit(changes, timeout_s=60)``: queue a commit; its outcome will be among `outcomes`."""

    def queued(changes: Changes | None = None, timeout_s: float = 60.0) -> None:
        committer.commit(Commit(changes or Changes(exchange()), time.monotonic() + timeout_s), outcomes.append)

    return queued


# -- groups ------------------------------------------------------------------------------------------------------------


def test_commits_of_one_turn_of_the_loop_are_handed_over_together(batch_writer, loop, commit):
    for _ in range(10):
        commit()
    assert batch_writer.groups == []
    assert len(loop.calls) == 1
    loop.turn()
    assert batch_writer.sizes == [10]


def test_commits_that_arrive_while_groups_are_written_are_the_next_group(
    committer, batch_writer, loop, commit, outcomes
):
    for size in (1, 2, GROUP, 44):
        for _ in range(size):
            commit()
        loop.turn()
    assert batch_writer.sizes == [1, 2]
    assert committer.waiting == GROUP + 47
    for _ in range(4):
        batch_writer.report()
    assert batch_writer.sizes == [1, 2, GROUP, 44]
    assert outcomes == [DONE] * (GROUP + 47)
    assert committer.waiting == 0


def test_a_second_group_is_handed_over_once_there_is_enough_for_it(batch_writer, loop, commit, monkeypatch):
    monkeypatch.setattr(module, "SECOND_GROUP", 3)
    for size in (1, 2):
        for _ in range(size):
            commit()
        loop.turn()
    assert batch_writer.sizes == [1], "two are too few while another group is written"
    commit()
    loop.turn()
    assert batch_writer.sizes == [1, 3]
    commit()
    loop.turn()
    batch_writer.report()
    assert batch_writer.sizes == [1, 3]
    batch_writer.report()
    assert batch_writer.sizes == [1, 3, 1], "a writer that has none takes any"


def test_no_more_than_two_groups_are_with_the_writer(batch_writer, loop, commit):
    for turn in range(5):
        commit()
        loop.turn()
        assert len(batch_writer.groups) == min(turn + 1, AHEAD)
    batch_writer.report()
    assert batch_writer.sizes == [1, 1, 3]
    batch_writer.report()
    assert batch_writer.sizes == [1, 1, 3]  # nothing waits any more


def test_groups_are_answered_in_the_order_of_their_commits(committer, batch_writer, loop, exchange):
    answered: list[tuple[int, int]] = []
    for turn in range(4):
        for _ in range(3):
            changes = Changes(exchange(why=str(turn)))
            committer.commit(
                Commit(changes, time.monotonic() + 60),
                lambda _outcome, evidence=changes.evidence: answered.append((int(evidence.why), evidence.id)),
            )
        loop.turn()
    while batch_writer.reported < len(batch_writer.groups):
        batch_writer.report()
    assert answered == [(number // 3, number + 1) for number in range(12)]
    assert committer.written == 12


def test_no_commit_is_answered_before_its_group_is_written(batch_writer, loop, commit, outcomes):
    commit()
    loop.turn()
    loop.turn()
    assert outcomes == []
    batch_writer.report()
    assert outcomes == [DONE]


def test_a_commit_past_its_deadline_is_not_written(committer, batch_writer, loop, commit, outcomes):
    for timeout_s in (60, -1, 60):
        commit(timeout_s=timeout_s)
    commit(timeout_s=-1)
    loop.turn()
    assert batch_writer.sizes == [2]
    batch_writer.report()
    assert outcomes == [DONE, EXPIRED, DONE, EXPIRED]
    assert committer.waiting == 0


def test_the_deadline_counts_when_the_group_is_formed(batch_writer, loop, commit, outcomes, monkeypatch, ahead_s):
    for _ in range(AHEAD + 1):
        commit(timeout_s=30)
        loop.turn()
    monkeypatch.setattr(module, "CONGESTED_S", 1e9)
    ahead_s[0] = 31
    for _ in range(AHEAD + 1):
        batch_writer.report()
    assert batch_writer.sizes == [1, 1, 0]
    assert outcomes == [DONE, DONE, EXPIRED]


def upload() -> Upload:
    return Upload(KEY, signature=Signature(KEY, 1, "0" * 64, 1), stream=b"x")


@pytest.mark.parametrize(
    "rows",
    [
        {"session": Session("10000161")},
        {"transaction": Transaction(KEY)},
        {"card": Card("c" * 32)},
        {"upload": upload()},
    ],
    ids=lambda rows: next(iter(rows)),
)
def test_of_two_rivals_in_one_group_the_first_is_written(batch_writer, loop, commit, exchange, outcomes, rows):
    commit(Changes(exchange(), **rows))
    commit(Changes(exchange(), **rows))
    loop.turn()
    commit(Changes(exchange(), **rows))  # in the next group the writer finds out
    loop.turn()
    assert batch_writer.sizes == [1, 1]
    batch_writer.report()
    batch_writer.report(GroupResult([CONFLICT]))
    assert outcomes == [DONE, CommitOutcome.CONFLICT, CommitOutcome.CONFLICT]


def test_a_commit_refused_as_a_rival_claims_no_row(batch_writer, loop, commit, exchange, outcomes):
    """Its other rows are free for those behind it: its exchange decides again."""
    first, second = Card("1" * 32), Card("2" * 32)
    commit(Changes(exchange(), card=first))
    commit(Changes(exchange(), Session("10000161"), card=first))
    commit(Changes(exchange(), Session("10000161"), card=second))
    loop.turn()
    batch_writer.report()
    assert outcomes == [DONE, CommitOutcome.CONFLICT, DONE]


def test_a_commit_past_its_deadline_claims_no_row(batch_writer, loop, commit, exchange, outcomes):
    commit(Changes(exchange(), Session("10000161")), timeout_s=-1)
    commit(Changes(exchange(), Session("10000161")))
    loop.turn()
    batch_writer.report()
    assert outcomes == [EXPIRED, DONE]


def test_names_of_different_kinds_are_never_taken_for_each_other(batch_writer, loop, commit, exchange, outcomes):
    commit(Changes(exchange(), Session("10000161")))
    commit(Changes(exchange(), card=Card("10000161")))
    commit(Changes(exchange(), transaction=Transaction(KEY)))
    commit(Changes(exchange(), upload=upload()))
    loop.turn()
    assert batch_writer.sizes == [4]


# -- outcomes ----------------------------------------------------------------------------------------------------------


def test_each_commit_gets_its_number_or_why_there_is_none(committer, batch_writer, loop, commit, exchange, outcomes):
    all_changes = [Changes(exchange()) for _ in range(3)]
    for changes in all_changes:
        commit(changes)
    loop.turn()
    batch_writer.report(GroupResult([CONFLICT, UNWRITABLE, 7], "an exchange could not be written"))
    assert outcomes == [CommitOutcome.CONFLICT, OVERLOADED, DONE]
    assert [changes.evidence.id for changes in all_changes] == [0, 0, 7]
    assert committer.last_error == "an exchange could not be written"
    commit()
    loop.turn()
    batch_writer.report()
    assert committer.last_error == "an exchange could not be written"  # until there is a newer one
    assert committer.fatal_error == ""


def test_while_a_database_is_busy_nothing_is_written_and_nothing_fails(
    committer, direct, batch_writer, loop, commit, outcomes
):
    direct.rrns.limit = 1
    commit(timeout_s=-1)
    commit()
    loop.turn()
    batch_writer.report(GroupResult(None))
    assert outcomes == [EXPIRED, LOCKED]
    assert (committer.last_error, committer.fatal_error, direct.rrns.limit) == ("", "", 1)
    assert (committer.locked, committer.locked_out, committer.waiting) == (True, 1, 0)
    commit()
    loop.turn()
    assert batch_writer.groups[-1][2] == 1 + BLOCK  # tried again
    batch_writer.report()
    assert outcomes[2:] == [DONE]
    assert (committer.locked, committer.locked_out) == (False, 1)


def test_changes_that_make_no_row_are_refused_alone(committer, batch_writer, loop, commit, exchange, outcomes):
    commit()
    unwritable: Any = object()
    commit(Changes(exchange(), transaction=Transaction(KEY, reply_elements={"39": unwritable})))
    commit()
    loop.turn()
    batch_writer.report()
    assert outcomes == [DONE, OVERLOADED, DONE]
    assert committer.last_error.startswith("an exchange could not be written: TypeError: ")
    assert committer.waiting == 0


def test_rows_are_kept_as_they_were_written_and_forgotten_when_they_were_not(
    direct, batch_writer, loop, commit, exchange
):
    session, card = Session("10000161", version=3, operator="01 "), Card("c" * 32, version=5)
    commit(Changes(exchange(), session, card=card))
    loop.turn()
    assert direct.sessions.get("10000161") is direct.cards.get(card.token) is None
    assert (session.version, card.version) == (3, 5)
    batch_writer.report()
    assert direct.sessions.get("10000161") is session  # the store's own from now on, one version on
    assert direct.cards.get(card.token) is card
    assert (session.version, card.version) == (4, 6)
    for found in (GroupResult([CONFLICT]), GroupResult([UNWRITABLE]), GroupResult(None)):
        session, card = Session("10000161", version=3), Card("c" * 32, version=5)
        direct.sessions.put("10000161", session)
        direct.cards.put(card.token, card)
        commit(Changes(exchange(), replace(session), card=replace(card)))
        loop.turn()
        batch_writer.report(found)
        assert direct.sessions.get("10000161") is direct.cards.get(card.token) is None
        assert (session.version, card.version) == (3, 5)


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def refuse(committer, exchange):
    """``refuse(peer, outcomes)``: queue the evidence of a refusal; its outcome will be among `outcomes`."""

    def queued(peer: str, outcomes: list[CommitOutcome]) -> Evidence:
        evidence = exchange(reason=Reason.FORMAT_ERROR, peer=peer)
        committer.commit(Commit(Changes(evidence), NO_DEADLINE), outcomes.append)
        return evidence

    return queued


def reported(batch_writer: StubWriter) -> None:
    """Report all groups, those included that are formed meanwhile."""
    while batch_writer.reported < len(batch_writer.groups):
        batch_writer.report()


def test_a_sale_is_committed_before_refusals_that_waited_longer(batch_writer, loop, commit, refuse, outcomes):
    refused: list[CommitOutcome] = []
    for _ in range(10 * REFUSALS_OF_GROUP):
        refuse("flood", refused)
    loop.turn()
    assert batch_writer.sizes == [REFUSALS_OF_GROUP], "one group, so that the writer is free for others"
    commit()
    loop.turn()
    assert batch_writer.sizes == [REFUSALS_OF_GROUP, 1 + REFUSALS_OF_GROUP]
    batch_writer.report()
    batch_writer.report()
    assert outcomes == [DONE]
    assert len(refused) == 2 * REFUSALS_OF_GROUP
    reported(batch_writer)
    assert refused == [DONE] * 10 * REFUSALS_OF_GROUP


def test_refusals_are_written_however_much_else_there_is(batch_writer, loop, commit, refuse):
    refused: list[CommitOutcome] = []
    refuse("one", refused)
    for _ in range(10 * GROUP):
        commit()
    loop.turn()
    batch_writer.report()
    assert refused == [DONE]
    assert batch_writer.sizes[:2] == [GROUP, GROUP]


def test_what_is_refused_is_no_reason_to_read_less_or_to_refuse_others(
    committer, batch_writer, loop, commit, refuse, outcomes, monkeypatch
):
    monkeypatch.setattr(module, "CONGESTED_COMMITS", 5)
    monkeypatch.setattr(module, "FULL_COMMITS", 8)
    refused: list[CommitOutcome] = []
    for _ in range(MOST_REFUSALS):
        refuse("flood", refused)
    assert committer.waiting == MOST_REFUSALS
    assert not committer.congested
    assert not committer.at_rest
    commit()
    loop.turn()
    batch_writer.report()
    assert outcomes == [DONE]
    reported(batch_writer)
    assert (len(refused), committer.waiting, committer.at_rest) == (MOST_REFUSALS, 0, True)


def test_a_flood_is_shed_and_one_refusal_beside_it_is_journalled(batch_writer, loop, refuse):
    flood: list[CommitOutcome] = []
    other: list[CommitOutcome] = []
    for _ in range(MOST_REFUSALS + 500):
        refuse("flood", flood)
    evidence = refuse("other", other)
    assert (flood, other) == ([], []), "no outcome is reported from within `commit`"
    loop.turn()
    assert flood == [SHED] * 501
    batch_writer.report()
    assert (other, evidence.id) == ([DONE], 2), "in the first group, in its turn"
    reported(batch_writer)
    assert flood[501:] == [DONE] * (MOST_REFUSALS - 1)


def test_while_the_store_is_full_refusals_are_shed_and_nothing_waits_for_it(
    committer, batch_writer, loop, commit, refuse, monkeypatch
):
    now_s = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now_s)
    commit()
    loop.turn()
    now_s += module.FULL_S + 0.1
    refused: list[CommitOutcome] = []
    refuse("one", refused)
    loop.turn()
    assert (refused, committer.waiting) == ([SHED], 1)


def test_how_long_refusals_wait_congests_nothing(committer, batch_writer, loop, refuse, monkeypatch):
    now_s = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now_s)
    refused: list[CommitOutcome] = []
    for _ in range(3 * REFUSALS_OF_GROUP):
        refuse("flood", refused)
    loop.turn()
    for _ in range(3):
        now_s += module.CONGESTED_S - 0.1
        assert not committer.congested
        batch_writer.report()
    assert refused == [DONE] * 3 * REFUSALS_OF_GROUP


def test_a_failure_fails_refusals_too_wherever_they_wait(committer, batch_writer, loop, refuse):
    refused: list[CommitOutcome] = []
    for _ in range(3 * REFUSALS_OF_GROUP):
        refuse("flood", refused)
    loop.turn()
    batch_writer.report("the disk is full")
    loop.turn()
    refuse("late", refused)
    loop.turn()
    loop.turn()
    assert refused == [FAILED] * (3 * REFUSALS_OF_GROUP + 1)
    assert (committer.waiting, committer.at_rest) == (0, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": Reason.APPROVED},
        {"session": Session("10000161")},
        {"transaction": Transaction(KEY)},
        {"original": Transaction(KEY)},
        {"card": Card("c" * 32)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_changes_anything_or_is_approved_is_never_shed(
    committer, batch_writer, loop, exchange, refuse, outcomes, changes
):
    refused: list[CommitOutcome] = []
    for _ in range(MOST_REFUSALS):
        refuse("flood", refused)
    evidence = exchange(reason=changes.pop("reason", Reason.MAC_DIFFERS), peer="flood")
    committer.commit(Commit(Changes(evidence, **changes), NO_DEADLINE), outcomes.append)
    loop.turn()
    batch_writer.report()
    assert (outcomes, refused) == ([DONE], [DONE] * REFUSALS_OF_GROUP)


# -- bounds ------------------------------------------------------------------------------------------------------------


def test_too_many_waiting_ask_for_a_pause_then_are_refused(
    committer, batch_writer, loop, commit, outcomes, monkeypatch
):
    monkeypatch.setattr(module, "CONGESTED_COMMITS", 5)
    monkeypatch.setattr(module, "FULL_COMMITS", 8)
    for _ in range(5):
        commit()
        loop.turn()
    assert not committer.congested
    commit()
    assert committer.congested
    for _ in range(5):
        commit()
    assert (committer.waiting, outcomes) == (8, [])  # no outcome is reported from within `commit`
    loop.turn()
    assert outcomes == [OVERLOADED] * 3
    while batch_writer.reported < len(batch_writer.groups):
        batch_writer.report()
    assert outcomes[3:] == [DONE] * 8
    assert not committer.congested


def test_waiting_too_long_asks_for_a_pause_then_refuses(
    committer, batch_writer, loop, commit, exchange, outcomes, monkeypatch
):
    """The oldest counts, wherever it waits: with the writer, or for its turn."""
    now_s = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now_s)
    for _ in range(AHEAD + 1):
        commit()
        loop.turn()
    for _ in range(AHEAD + 1):
        now_s += module.CONGESTED_S
        assert not committer.congested
        now_s += 0.1
        assert committer.congested
        now_s += module.FULL_S
        committer.commit(Commit(Changes(exchange()), now_s + 60), outcomes.append)
        loop.turn()
        assert outcomes.pop() is OVERLOADED
        now_s -= module.CONGESTED_S + 0.1 + module.FULL_S
        batch_writer.report()
        outcomes.clear()
    now_s += 1000
    assert not committer.congested  # no commit waits
    commit()
    assert not committer.congested


# -- deliveries --------------------------------------------------------------------------------------------------------


def test_deliveries_travel_with_the_next_group(committer, batch_writer, loop, commit):
    commit()
    committer.delivered(7, "undelivered")
    loop.turn()
    assert (batch_writer.sizes, batch_writer.deliveries) == ([1], [[(7, "undelivered")]])


def test_a_note_of_a_quiet_host_is_written_by_itself(committer, batch_writer, loop):
    committer.delivered(7, "undelivered")
    loop.turn()
    assert (batch_writer.sizes, batch_writer.deliveries) == ([0], [[(7, "undelivered")]])
    batch_writer.report()
    assert committer.waiting == 0


def test_notes_alone_do_not_go_ahead(committer, batch_writer, loop, commit):
    """What is alone waits until nothing is written: most often a group comes that takes it along."""
    commit()
    loop.turn()
    committer.delivered(7, "undelivered")
    loop.turn()
    assert len(batch_writer.groups) == 1
    commit()
    loop.turn()
    assert batch_writer.deliveries == [[], [(7, "undelivered")]]
    committer.delivered(8, "damaged")
    loop.turn()
    batch_writer.report()
    assert len(batch_writer.groups) == 2
    batch_writer.report()
    assert batch_writer.deliveries[2:] == [[(8, "damaged")]]


def test_notes_of_many_replies_are_several_transactions(committer, batch_writer, loop):
    notes = [(number, "sent") for number in range(2 * MOST_DELIVERIES + 1)]
    for note in notes:
        committer.delivered(*note)
    loop.turn()
    for _ in range(3):
        batch_writer.report()
    assert [len(deliveries) for deliveries in batch_writer.deliveries] == [MOST_DELIVERIES, MOST_DELIVERIES, 1]
    assert [note for deliveries in batch_writer.deliveries for note in deliveries] == notes


# -- reference numbers -------------------------------------------------------------------------------------------------


def test_numbers_that_run_low_are_reserved_along_with_a_group_and_counted_once_it_is_written(
    direct, batch_writer, loop, commit
):
    numbers = direct.rrns
    numbers.limit = BLOCK // 2 - 1
    for _ in range(AHEAD + 1):
        commit()
        loop.turn()
    assert [limit for _, _, limit in batch_writer.groups] == [BLOCK // 2 - 1 + BLOCK, None]  # one block at a time
    assert numbers.limit == BLOCK // 2 - 1
    batch_writer.report()
    assert numbers.limit == BLOCK // 2 - 1 + BLOCK
    batch_writer.report()
    batch_writer.report()
    assert [limit for _, _, limit in batch_writer.groups[1:]] == [None, None]


def test_every_group_that_may_hold_a_number_above_the_limit_raises_it(direct, batch_writer, loop, commit):
    """One before it may meet a lock, and then its limit is not written."""
    direct.rrns.given = direct.rrns.limit = 7
    for _ in range(AHEAD + 1):
        direct.rrns.take()
        commit()
        loop.turn()
    assert [limit for _, _, limit in batch_writer.groups] == [8 + BLOCK, 9 + BLOCK]
    batch_writer.report(GroupResult(None))
    assert direct.rrns.limit == 7
    batch_writer.report()
    assert direct.rrns.limit == 9 + BLOCK
    batch_writer.report()
    assert [limit for _, _, limit in batch_writer.groups[2:]] == [10 + BLOCK]  # handed over before that was known
    assert direct.rrns.limit == 10 + BLOCK


def test_a_limit_is_counted_with_any_outcome_of_the_commits_of_its_group(direct, batch_writer, loop, commit):
    direct.rrns.limit = 1
    commit()
    loop.turn()
    batch_writer.report(GroupResult([CONFLICT]))
    assert direct.rrns.limit == 1 + BLOCK


# -- flushing, failing, closing ---------------------------------------------------------------------------------------


def test_flushing_waits_for_all_that_can_be_written(committer, batch_writer, loop, commit, outcomes):
    for _ in range(AHEAD + 2):
        commit()
        loop.turn()
    commit()  # of this turn of the loop: not handed over yet
    committer.flush()
    assert outcomes == [DONE] * (AHEAD + 3)
    assert batch_writer.reported == len(batch_writer.groups)
    loop.turn()
    committer.flush()
    assert outcomes == [DONE] * (AHEAD + 3)
    committer.flush()  # nothing to wait for


def test_a_writer_that_does_not_answer_in_time_has_failed(committer, batch_writer, loop, commit, outcomes, monkeypatch):
    commit()
    loop.turn()

    def wait(timeout_s: float) -> None:
        assert timeout_s == module.WRITE_TIMEOUT_S
        raise TimeoutError

    monkeypatch.setattr(batch_writer, "wait", wait)
    committer.flush()
    loop.turn()
    assert outcomes == [CommitOutcome.FAILED]
    assert committer.fatal_error == "the store failed and stops: the writer did not answer for 10 s"


def test_notes_of_a_group_that_met_a_busy_file_are_not_lost(committer, batch_writer, loop, commit, outcomes):
    committer.delivered(1, "undelivered")
    committer.delivered(2, "silent")
    commit()
    loop.turn()
    assert batch_writer.deliveries == [[(1, "undelivered"), (2, "silent")]]
    committer.delivered(3, "undelivered")
    batch_writer.report(GroupResult(None))
    assert outcomes == [LOCKED]
    loop.turn()
    batch_writer.report(GroupResult([]))
    assert batch_writer.deliveries[1:] == [[(1, "undelivered"), (2, "silent"), (3, "undelivered")]]


def test_an_outcome_may_flush(committer, batch_writer, loop, commit, exchange, outcomes):
    def flush(outcome: CommitOutcome) -> None:
        outcomes.append(outcome)
        committer.flush()
        assert batch_writer.reported == len(batch_writer.groups)

    for _ in range(AHEAD + 1):
        committer.commit(Commit(Changes(exchange()), time.monotonic() + 60), flush)
        commit()
        loop.turn()
    batch_writer.report()
    assert outcomes == [DONE] * (2 * AHEAD + 2)
    assert committer.waiting == 0


def test_a_failure_is_final_and_every_commit_learns_of_it(committer, direct, batch_writer, loop, commit, outcomes):
    direct.sessions.put("10000161", Session("10000161"))
    direct.cards.put("c", Card("c"))
    for _ in range(AHEAD + 1):
        commit()
        loop.turn()
    commit()  # in this turn
    committer.delivered(1, "sent")
    batch_writer.report("OperationalError: disk I/O error")
    assert outcomes == []  # no outcome is reported from within the report
    loop.turn()
    loop.turn()
    assert outcomes == [FAILED] * (AHEAD + 2)
    assert (committer.waiting, len(batch_writer.groups)) == (0, AHEAD)  # nothing was tried again
    assert committer.fatal_error == "the store failed and stops: OperationalError: disk I/O error"
    assert len(direct.sessions) == len(direct.cards) == 0  # nothing in the caches can be trusted now
    commit()
    committer.delivered(2, "sent")
    loop.turn()
    loop.turn()
    assert outcomes == [FAILED] * (AHEAD + 3)
    assert len(batch_writer.groups) == AHEAD
    committer.flush()
    committer.close()
    assert batch_writer.closed


def test_a_report_after_a_failure_changes_nothing(committer, batch_writer, loop, commit, outcomes):
    commit()
    loop.turn()
    commit()
    loop.turn()
    batch_writer.report("OperationalError: disk I/O error")
    batch_writer.report("the process that writes has ended")
    loop.turn()
    assert outcomes == [FAILED] * 2
    assert committer.fatal_error == "the store failed and stops: OperationalError: disk I/O error"


def test_a_writer_that_takes_no_group_has_failed(committer, batch_writer, loop, commit, outcomes):
    """A group that cannot even be handed to the writer leaves no commit waiting."""
    commit()
    loop.turn()
    batch_writer.error = TypeError("cannot pickle this")
    commit()
    loop.turn()
    assert committer.fatal_error == "the store failed and stops: TypeError: cannot pickle this"
    batch_writer.report()  # the group before is written all the same, which no one learns
    loop.turn()
    assert outcomes == [FAILED] * 2
    assert committer.waiting == 0


def test_closing_commits_and_answers_what_waits(committer, batch_writer, loop, commit, outcomes):
    for _ in range(3 * GROUP):
        commit()
    loop.turn()
    commit()
    committer.delivered(1, "sent")
    committer.close()
    assert (sum(batch_writer.sizes), len(outcomes), batch_writer.closed) == (3 * GROUP + 1, 3 * GROUP + 1, True)
    assert [(1, "sent")] in batch_writer.deliveries
    loop.turn()  # nothing that was meant for later uses the closed writer


def test_closing_writes_a_note_that_is_alone(committer, batch_writer, loop):
    committer.delivered(1, "sent")
    committer.close()
    assert batch_writer.deliveries == [[(1, "sent")]]
    loop.turn()


# -- a model -----------------------------------------------------------------------------------------------------------


class AtOnce(StubWriter):
    """A batch writer that writes at once, and reports when it is waited for."""

    def __init__(self, writer: TransactionWriter) -> None:
        super().__init__()
        self._writer = writer
        self._results: list[GroupResult | str] = []

    def write(self, commits: Sequence[PackedChanges], deliveries: Sequence[Row], rrn_limit: int | None) -> None:
        super().write(commits, deliveries, rrn_limit)
        self._results.append(self._writer.write_group(commits, deliveries, rrn_limit))

    def wait(self, _timeout_s: float | None = None) -> None:
        self.report(self._results.pop(0))


decisions = st.lists(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.sampled_from("xy"), st.integers(0, 3)),
        min_size=1,
        max_size=6,
    ),
    max_size=8,
)
"""Turns of a loop, and what is decided in each: a terminal, its version, a card, its version."""

flushed = st.just([True] * 8) | st.lists(st.booleans(), min_size=8, max_size=8)
"""After which turns everything is answered before the next one begins."""


@pytest.mark.slow
@settings(max_examples=200)
@given(turns=decisions, flushed=flushed)
def test_versions_never_skip_and_nothing_is_half_written(turns, flushed, exchange):
    """A model: each row is its version; a commit is written when both its versions are current, else not at all.

    A row that is not there at all (it was purged between decision and commit) is written as it was decided.
    Where turns go ahead of their reports they may form one group: then a commit that is right may be a rival.
    """
    connection = connect_writing(None)
    direct = DirectWriter(connection)
    loop = Loop()
    batch_writer = AtOnce(TransactionWriter(connection, lambda _rows: None))
    committer = GroupCommitter(direct, batch_writer, loop.call_soon)
    answered: list[tuple[int, dict[str, int], int, CommitOutcome]] = []

    def note(at: int, names: dict[str, int], one: Evidence, outcome: CommitOutcome) -> None:
        answered.append((at, names, one.id, outcome))

    for at, (turn, wait) in enumerate(zip(turns, flushed, strict=False)):
        for tid, version, token, card_version in turn:
            changes = Changes(exchange(), Session(tid, version), card=Card(token, card_version))
            names = {tid: version, token: card_version}
            commit = Commit(changes, time.monotonic() + 60)
            committer.commit(commit, partial(note, at, names, changes.evidence))
        loop.turn()
        if wait:
            committer.flush()
    committer.close()
    assert [at for at, *_ in answered] == [at for at, turn in enumerate(turns) for _ in turn]
    model: dict[str, int] = {}
    written = 0
    claimed: set[tuple[int, str]] = set()
    for at, names, number, outcome in answered:
        right = all(model.get(name, version) == version for name, version in names.items())
        rows = {(at, name) for name in names}
        if all(flushed):  # then each turn is a group
            right = right and claimed.isdisjoint(rows)  # else a rival of one in its own turn
            assert (outcome is DONE) == right
        if outcome is DONE or claimed.isdisjoint(rows):
            claimed |= rows
        assert outcome is CommitOutcome.CONFLICT or (outcome is DONE and right)
        if outcome is DONE:
            model |= {name: version + 1 for name, version in names.items()}
            written += 1
            assert number == written
    stored = connection.execute("SELECT tid, version FROM session UNION ALL SELECT token, version FROM card")
    assert dict(stored.fetchall()) == model
    assert connection.execute("SELECT count(*) FROM exchange").fetchone() == (written,)
    for name, version in model.items():  # what is cached is what is stored
        kept = direct.sessions.get(name) or direct.cards.get(name)
        assert kept is None or kept.version == version
    connection.close()


def test_a_session_of_which_only_the_stan_changes_is_not_sent_whole() -> None:
    session = Session("10000161", 4, last_stan="000007")
    for only_stan in (True, False):
        ready = ReadyExchange(None, (), None, session, only_stan, 0, "10000161", "000007", "")  # type: ignore[arg-type]
        packed = pack(ready)
        assert packed[-1] == (("10000161", 5, "000007") if only_stan else None)
        assert packed[2] == (None if only_stan else SESSIONS.short(SESSION.pack(session)))


@pytest.mark.parametrize("result", [None, GroupResult([CONFLICT]), GroupResult(None)])
def test_a_kept_session_gets_a_new_stan_once_that_is_written(direct, committer, batch_writer, loop, result):
    session = Session("10000161", 4, last_stan="000007")
    direct.sessions.put("10000161", session)
    ready = ReadyExchange(None, (), (0, "10000161", None, ""), session, True, 0, "10000161", "000008", "")  # type: ignore[arg-type]
    outcomes: list[CommitOutcome] = []
    committer.commit(ready, outcomes.append)
    loop.turn()
    assert (session.last_stan, session.version) == ("000007", 4)
    batch_writer.report(result)
    kept = direct.sessions.get("10000161")
    if result is None:
        assert kept is session
        assert (outcomes, session.last_stan, session.version) == ([CommitOutcome.DONE], "000008", 5)
    else:
        assert (kept, session.last_stan, session.version) == (None, "000007", 4)
        assert outcomes != [CommitOutcome.DONE]


def test_two_ready_exchanges_of_one_terminal_are_not_of_one_group() -> None:
    def ready(tid: str, session: Session | None) -> ReadyExchange:
        return ReadyExchange(None, (), None, session, False, 0, tid, "000001", "")  # type: ignore[arg-type]

    claimed: set[object] = set()
    assert claim_rows(ready("10000161", Session("10000161")), claimed)
    assert claim_rows(ready("10000162", Session("10000162")), claimed)
    assert claim_rows(ready("10000161", None), claimed)
    assert not claim_rows(ready("10000161", Session("10000161")), claimed)
