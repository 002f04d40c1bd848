"""The writer before hands that do as they are told: gathering, groups ahead, limits, deadlines, rivals, failure."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.data.types import Row
from acquirer.model.effects import Changes, Commit, CommitOutcome
from acquirer.model.rows import Card, Session, Signature, Transaction, TransactionKey, Upload
from acquirer.store import group_committer as module
from acquirer.store.batch_writer import Answered
from acquirer.store.database import connect_writing
from acquirer.store.direct_writer import DirectWriter
from acquirer.store.group_committer import AHEAD, MOST_DELIVERIES, GroupCommitter
from acquirer.store.rrn import BLOCK
from acquirer.store.statements import GROUP
from acquirer.store.transaction_writer import CONFLICT, UNWRITABLE, Item, TransactionWriter, Written

DONE, EXPIRED, OVERLOADED, FAILED = (
    CommitOutcome.DONE,
    CommitOutcome.EXPIRED,
    CommitOutcome.OVERLOADED,
    CommitOutcome.FAILED,
)
KEY = TransactionKey("880210010210162", "10000161", "000001", "000001")


class Told:
    """BatchWriter that write nothing: they note what they are asked, and answer when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[Sequence[Item], Sequence[Row], int | None]] = []
        self.answered = 0
        self.last = 0  # exchange that was given a number
        self.ended = False
        self.wrong: Exception | None = None

    def begin(self, answered: Answered) -> None:
        self._answered = answered

    def named(self, dialect: Any) -> Any:
        return dialect

    def write(self, items: Sequence[Item], deliveries: Sequence[Row], limit: int | None) -> None:
        assert not self.ended
        if self.wrong:
            raise self.wrong
        self.asked.append((items, deliveries, limit))

    def wait(self, _patience_s: float | None = None) -> None:
        assert self.answered < len(self.asked), "nobody would ever answer"
        self.answer()

    def end(self) -> None:
        self.ended = True

    def answer(self, found: Written | str | None = None) -> None:
        """Answer the oldest group; by default all of it is written."""
        items = self.asked[self.answered][0]
        self.answered += 1
        if found is None:
            found = Written(list(range(self.last + 1, self.last + 1 + len(items))))
            self.last += len(items)
        self._answered(found)

    @property
    def sizes(self) -> list[int]:
        return [len(items) for items, _, _ in self.asked]

    @property
    def deliveries(self) -> list[list[Row]]:
        return [list(deliveries) for _, deliveries, _ in self.asked]


class Loop:
    """What a writer has its calls made by."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def soon(self, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def turn(self) -> None:
        """What was there when the turn began is called, what comes meanwhile is for the next one."""
        calls, self.calls = self.calls, []
        for call in calls:
            call()


@pytest.fixture
def ledger(connection):
    ledger = DirectWriter(connection)
    ledger.numbers.limit = BLOCK  # enough of them
    return ledger


@pytest.fixture
def hands():
    return Told()


@pytest.fixture
def loop():
    return Loop()


@pytest.fixture
def writer(ledger, hands, loop):
    return GroupCommitter(ledger, hands, loop.soon)


@pytest.fixture
def outcomes():
    return []


@pytest.fixture
def commit(writer, made, outcomes):
    """``commit(changes, patience_s=60)``: ask for a commit; its outcome will be among `outcomes`."""

    def queued(changes: Changes | None = None, patience_s: float = 60.0) -> None:
        writer.commit(Commit(changes or Changes(made()), time.monotonic() + patience_s), outcomes.append)

    return queued


# -- groups ------------------------------------------------------------------------------------------------------------


def test_commits_of_one_turn_of_the_loop_are_handed_over_together(hands, loop, commit):
    for _ in range(10):
        commit()
    assert hands.asked == []
    assert len(loop.calls) == 1
    loop.turn()
    assert hands.sizes == [10]


def test_what_comes_while_groups_are_written_is_the_next_group(writer, hands, loop, commit, outcomes):
    for size in (1, 2, GROUP, 44):
        for _ in range(size):
            commit()
        loop.turn()
    assert hands.sizes == [1, 2]
    assert writer.waiting == GROUP + 47
    for _ in range(4):
        hands.answer()
    assert hands.sizes == [1, 2, GROUP, 44]
    assert outcomes == [DONE] * (GROUP + 47)
    assert writer.waiting == 0


def test_no_more_than_two_groups_are_with_the_one_who_writes(hands, loop, commit):
    for turn in range(5):
        commit()
        loop.turn()
        assert len(hands.asked) == min(turn + 1, AHEAD)
    hands.answer()
    assert hands.sizes == [1, 1, 3]
    hands.answer()
    assert hands.sizes == [1, 1, 3]  # nothing waits any more


def test_groups_are_answered_in_the_order_they_were_asked_for(writer, hands, loop, made):
    came: list[tuple[int, int]] = []
    for turn in range(4):
        for _ in range(3):
            changes = Changes(made(why=str(turn)))
            writer.commit(
                Commit(changes, time.monotonic() + 60),
                lambda _outcome, evidence=changes.evidence: came.append((int(evidence.why), evidence.id)),
            )
        loop.turn()
    while hands.answered < len(hands.asked):
        hands.answer()
    assert came == [(number // 3, number + 1) for number in range(12)]


def test_nobody_is_answered_before_the_group_is_written(hands, loop, commit, outcomes):
    commit()
    loop.turn()
    loop.turn()
    assert outcomes == []
    hands.answer()
    assert outcomes == [DONE]


def test_a_commit_past_its_deadline_is_not_written(writer, hands, loop, commit, outcomes):
    for patience_s in (60, -1, 60):
        commit(patience_s=patience_s)
    commit(patience_s=-1)
    loop.turn()
    assert hands.sizes == [2]
    hands.answer()
    assert outcomes == [DONE, EXPIRED, DONE, EXPIRED]
    assert writer.waiting == 0


def test_the_deadline_counts_when_the_group_is_made(hands, loop, commit, outcomes, monkeypatch):
    for _ in range(AHEAD + 1):
        commit(patience_s=30)
        loop.turn()
    now_s = time.monotonic()
    monkeypatch.setattr(module, "CONGESTED_S", 1e9)
    monkeypatch.setattr(module.time, "monotonic", lambda: now_s + 31)
    for _ in range(AHEAD + 1):
        hands.answer()
    assert hands.sizes == [1, 1, 0]
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
def test_of_two_rivals_in_one_group_the_first_is_written(hands, loop, commit, made, outcomes, rows):
    commit(Changes(made(), **rows))
    commit(Changes(made(), **rows))
    loop.turn()
    commit(Changes(made(), **rows))  # in the next group the hand knows
    loop.turn()
    assert hands.sizes == [1, 1]
    hands.answer()
    hands.answer(Written([CONFLICT]))
    assert outcomes == [DONE, CommitOutcome.CONFLICT, CommitOutcome.CONFLICT]


def test_who_is_refused_as_a_rival_is_nobodys_rival(hands, loop, commit, made, outcomes):
    """Its other rows are free for those behind it: it will decide again."""
    first, second = Card("1" * 32), Card("2" * 32)
    commit(Changes(made(), card=first))
    commit(Changes(made(), Session("10000161"), card=first))
    commit(Changes(made(), Session("10000161"), card=second))
    loop.turn()
    hands.answer()
    assert outcomes == [DONE, CommitOutcome.CONFLICT, DONE]


def test_a_commit_that_came_too_late_is_nobodys_rival(hands, loop, commit, made, outcomes):
    commit(Changes(made(), Session("10000161")), patience_s=-1)
    commit(Changes(made(), Session("10000161")))
    loop.turn()
    hands.answer()
    assert outcomes == [EXPIRED, DONE]


def test_names_of_different_kinds_are_never_taken_for_each_other(hands, loop, commit, made, outcomes):
    commit(Changes(made(), Session("10000161")))
    commit(Changes(made(), card=Card("10000161")))
    commit(Changes(made(), transaction=Transaction(KEY)))
    commit(Changes(made(), upload=upload()))
    loop.turn()
    assert hands.sizes == [4]


# -- outcomes ----------------------------------------------------------------------------------------------------------


def test_each_learns_its_number_or_why_there_is_none(writer, hands, loop, commit, made, outcomes):
    all_changes = [Changes(made()) for _ in range(3)]
    for changes in all_changes:
        commit(changes)
    loop.turn()
    hands.answer(Written([CONFLICT, UNWRITABLE, 7], "an exchange could not be written"))
    assert outcomes == [CommitOutcome.CONFLICT, OVERLOADED, DONE]
    assert [changes.evidence.id for changes in all_changes] == [0, 0, 7]
    assert writer.complaint == "an exchange could not be written"
    commit()
    loop.turn()
    hands.answer()
    assert writer.complaint == "an exchange could not be written"  # until there is a newer one
    assert writer.failure == ""


def test_while_a_database_is_busy_nothing_is_written_and_nothing_fails(writer, ledger, hands, loop, commit, outcomes):
    ledger.numbers.limit = 1
    commit(patience_s=-1)
    commit()
    loop.turn()
    hands.answer(Written(None, "locked"))
    assert outcomes == [EXPIRED, OVERLOADED]
    assert (writer.complaint, writer.failure, ledger.numbers.limit) == ("locked", "", 1)
    commit()
    loop.turn()
    assert hands.asked[-1][2] == 1 + BLOCK  # asked for again


def test_changes_that_make_no_row_are_refused_alone(writer, hands, loop, commit, made, outcomes):
    commit()
    commit(Changes(made(), transaction=Transaction(KEY, made={"39": object()})))
    commit()
    loop.turn()
    hands.answer()
    assert outcomes == [DONE, OVERLOADED, DONE]
    assert writer.complaint.startswith("an exchange could not be written: TypeError: ")
    assert writer.waiting == 0


def test_rows_are_kept_as_they_were_written_and_forgotten_when_they_were_not(ledger, hands, loop, commit, made):
    session, card = Session("10000161", version=3, operator="01 "), Card("c" * 32, version=5)
    commit(Changes(made(), session, card=card))
    loop.turn()
    assert ledger.sessions.get("10000161") is ledger.cards.get(card.token) is None
    assert (session.version, card.version) == (3, 5)
    hands.answer()
    assert ledger.sessions.get("10000161") is session  # the store's own from now on, one version on
    assert ledger.cards.get(card.token) is card
    assert (session.version, card.version) == (4, 6)
    for found in (Written([CONFLICT]), Written([UNWRITABLE]), Written(None)):
        session, card = Session("10000161", version=3), Card("c" * 32, version=5)
        ledger.sessions.put("10000161", session)
        ledger.cards.put(card.token, card)
        commit(Changes(made(), replace(session), card=replace(card)))
        loop.turn()
        hands.answer(found)
        assert ledger.sessions.get("10000161") is ledger.cards.get(card.token) is None
        assert (session.version, card.version) == (3, 5)


# -- bounds ------------------------------------------------------------------------------------------------------------


def test_too_many_waiting_ask_for_a_pause_then_are_refused(writer, hands, loop, commit, outcomes, monkeypatch):
    monkeypatch.setattr(module, "CONGESTED_COMMITS", 5)
    monkeypatch.setattr(module, "FULL_COMMITS", 8)
    for _ in range(5):
        commit()
        loop.turn()
    assert not writer.congested
    commit()
    assert writer.congested
    for _ in range(5):
        commit()
    assert (writer.waiting, outcomes) == (8, [])  # nobody is called back from within `commit`
    loop.turn()
    assert outcomes == [OVERLOADED] * 3
    while hands.answered < len(hands.asked):
        hands.answer()
    assert outcomes[3:] == [DONE] * 8
    assert not writer.congested


def test_waiting_too_long_asks_for_a_pause_then_refuses(writer, hands, loop, commit, outcomes, monkeypatch):
    """The oldest counts, wherever it waits: with the one who writes, or for its turn."""
    now_s = time.monotonic()
    monkeypatch.setattr(module.time, "monotonic", lambda: now_s)
    for _ in range(AHEAD + 1):
        commit()
        loop.turn()
    for _ in range(AHEAD + 1):
        now_s += module.CONGESTED_S
        assert not writer.congested
        now_s += 0.1
        assert writer.congested
        now_s += module.FULL_S
        writer.commit(Commit(Changes(None), now_s + 60), outcomes.append)
        loop.turn()
        assert outcomes.pop() is OVERLOADED
        now_s -= module.CONGESTED_S + 0.1 + module.FULL_S
        hands.answer()
        outcomes.clear()
    now_s += 1000
    assert not writer.congested  # nobody waits
    commit()
    assert not writer.congested


# -- deliveries --------------------------------------------------------------------------------------------------------


def test_deliveries_travel_with_the_next_group(writer, hands, loop, commit):
    commit()
    writer.delivered(7, "undelivered")
    loop.turn()
    assert (hands.sizes, hands.deliveries) == ([1], [[(7, "undelivered")]])


def test_a_note_of_a_quiet_host_is_written_by_itself(writer, hands, loop):
    writer.delivered(7, "undelivered")
    loop.turn()
    assert (hands.sizes, hands.deliveries) == ([0], [[(7, "undelivered")]])
    hands.answer()
    assert writer.waiting == 0


def test_notes_alone_do_not_go_ahead(writer, hands, loop, commit):
    """What is alone waits until nothing is written: most often a group comes that takes it along."""
    commit()
    loop.turn()
    writer.delivered(7, "undelivered")
    loop.turn()
    assert len(hands.asked) == 1
    commit()
    loop.turn()
    assert hands.deliveries == [[], [(7, "undelivered")]]
    writer.delivered(8, "damaged")
    loop.turn()
    hands.answer()
    assert len(hands.asked) == 2
    hands.answer()
    assert hands.deliveries[2:] == [[(8, "damaged")]]


def test_notes_of_many_replies_are_several_transactions(writer, hands, loop):
    notes = [(number, "sent") for number in range(2 * MOST_DELIVERIES + 1)]
    for note in notes:
        writer.delivered(*note)
    loop.turn()
    for _ in range(3):
        hands.answer()
    assert [len(deliveries) for deliveries in hands.deliveries] == [MOST_DELIVERIES, MOST_DELIVERIES, 1]
    assert [note for deliveries in hands.deliveries for note in deliveries] == notes


# -- reference numbers -------------------------------------------------------------------------------------------------


def test_numbers_that_run_low_are_reserved_along_with_a_group_and_counted_once_it_is_written(
    ledger, hands, loop, commit
):
    numbers = ledger.numbers
    numbers.limit = BLOCK // 2 - 1
    for _ in range(AHEAD + 1):
        commit()
        loop.turn()
    assert [limit for _, _, limit in hands.asked] == [BLOCK // 2 - 1 + BLOCK, None]  # one block at a time
    assert numbers.limit == BLOCK // 2 - 1
    hands.answer()
    assert numbers.limit == BLOCK // 2 - 1 + BLOCK
    hands.answer()
    hands.answer()
    assert [limit for _, _, limit in hands.asked[1:]] == [None, None]


def test_a_limit_is_counted_whatever_becomes_of_the_commits_of_its_group(ledger, hands, loop, commit):
    ledger.numbers.limit = 1
    commit()
    loop.turn()
    hands.answer(Written([CONFLICT]))
    assert ledger.numbers.limit == 1 + BLOCK


# -- settling, failing, ending -----------------------------------------------------------------------------------------


def test_settling_waits_for_all_that_can_be_written(writer, hands, loop, commit, outcomes):
    for _ in range(AHEAD + 2):
        commit()
        loop.turn()
    commit()  # of this turn of the loop: not handed over yet
    writer.settle()
    assert outcomes == [DONE] * (AHEAD + 3)
    assert hands.answered == len(hands.asked)
    loop.turn()
    writer.settle()
    assert outcomes == [DONE] * (AHEAD + 3)
    writer.settle()  # nothing to wait for


def test_who_does_not_answer_in_time_has_failed(writer, hands, loop, commit, outcomes, monkeypatch):
    commit()
    loop.turn()

    def wait(patience_s: float) -> None:
        assert patience_s == module.PATIENCE_S
        raise TimeoutError

    monkeypatch.setattr(hands, "wait", wait)
    writer.settle()
    loop.turn()
    assert outcomes == [CommitOutcome.FAILED]
    assert writer.failure == "the store failed and stops: no answer came for 10 s"


def test_notes_of_a_group_that_met_a_busy_file_are_not_lost(writer, hands, loop, commit, outcomes):
    writer.delivered(1, "undelivered")
    writer.delivered(2, "silent")
    commit()
    loop.turn()
    assert hands.deliveries == [[(1, "undelivered"), (2, "silent")]]
    writer.delivered(3, "undelivered")
    hands.answer(Written(None, "database is locked"))
    assert outcomes == [CommitOutcome.OVERLOADED]
    loop.turn()
    hands.answer(Written([]))
    assert hands.deliveries[1:] == [[(1, "undelivered"), (2, "silent"), (3, "undelivered")]]


def test_whoever_is_answered_may_settle(writer, hands, loop, commit, made, outcomes):
    def settle(outcome: CommitOutcome) -> None:
        outcomes.append(outcome)
        writer.settle()
        assert hands.answered == len(hands.asked)

    for _ in range(AHEAD + 1):
        writer.commit(Commit(Changes(made()), time.monotonic() + 60), settle)
        commit()
        loop.turn()
    hands.answer()
    assert outcomes == [DONE] * (2 * AHEAD + 2)
    assert writer.waiting == 0


def test_a_failure_is_final_and_told_to_everybody(writer, ledger, hands, loop, commit, outcomes):
    ledger.sessions.put("10000161", Session("10000161"))
    ledger.cards.put("c", Card("c"))
    for _ in range(AHEAD + 1):
        commit()
        loop.turn()
    commit()  # in this turn
    writer.delivered(1, "sent")
    hands.answer("OperationalError: disk I/O error")
    assert outcomes == []  # nobody is called back from within the answer
    loop.turn()
    loop.turn()
    assert outcomes == [FAILED] * (AHEAD + 2)
    assert (writer.waiting, len(hands.asked)) == (0, AHEAD)  # nothing was tried again
    assert writer.failure == "the store failed and stops: OperationalError: disk I/O error"
    assert len(ledger.sessions) == len(ledger.cards) == 0  # nothing that is kept can be trusted now
    commit()
    writer.delivered(2, "sent")
    loop.turn()
    loop.turn()
    assert outcomes == [FAILED] * (AHEAD + 3)
    assert len(hands.asked) == AHEAD
    writer.settle()
    writer.end()
    assert hands.ended


def test_what_is_answered_after_a_failure_changes_nothing(writer, hands, loop, commit, outcomes):
    commit()
    loop.turn()
    commit()
    loop.turn()
    hands.answer("OperationalError: disk I/O error")
    hands.answer("the process that writes has ended")
    loop.turn()
    assert outcomes == [FAILED] * 2
    assert writer.failure == "the store failed and stops: OperationalError: disk I/O error"


def test_hands_that_cannot_be_asked_have_failed(writer, hands, loop, commit, outcomes):
    """What cannot even be told to the one who writes must not leave anybody waiting."""
    commit()
    loop.turn()
    hands.wrong = TypeError("cannot pickle this")
    commit()
    loop.turn()
    assert writer.failure == "the store failed and stops: TypeError: cannot pickle this"
    hands.answer()  # what was asked before is written all the same, and nobody knows
    loop.turn()
    assert outcomes == [FAILED] * 2
    assert writer.waiting == 0


def test_the_end_commits_and_answers_what_waits(writer, hands, loop, commit, outcomes):
    for _ in range(3 * GROUP):
        commit()
    loop.turn()
    commit()
    writer.delivered(1, "sent")
    writer.end()
    assert (sum(hands.sizes), len(outcomes), hands.ended) == (3 * GROUP + 1, 3 * GROUP + 1, True)
    assert [(1, "sent")] in hands.deliveries
    loop.turn()  # nothing that was meant for later asks hands that have gone


def test_the_end_writes_a_note_that_is_alone(writer, hands, loop):
    writer.delivered(1, "sent")
    writer.end()
    assert hands.deliveries == [[(1, "sent")]]
    loop.turn()


# -- a model -----------------------------------------------------------------------------------------------------------


class AtOnce(Told):
    """BatchWriter that write, and answer when they are waited for."""

    def __init__(self, hand: TransactionWriter) -> None:
        super().__init__()
        self._hand = hand
        self._found: list[Written | str] = []

    def write(self, items: Sequence[Item], deliveries: Sequence[Row], limit: int | None) -> None:
        super().write(items, deliveries, limit)
        self._found.append(self._hand.try_to_write(items, deliveries, limit))

    def wait(self, _patience_s: float | None = None) -> None:
        self.answer(self._found.pop(0))


decisions = st.lists(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.sampled_from("xy"), st.integers(0, 3)),
        min_size=1,
        max_size=6,
    ),
    max_size=8,
)
"""Turns of a loop, and what is decided in each: a terminal, its version, a card, its version."""

settled = st.just([True] * 8) | st.lists(st.booleans(), min_size=8, max_size=8)
"""After which turns everything is answered before the next one begins."""


@settings(max_examples=200)
@given(turns=decisions, settled=settled)
def test_versions_never_skip_and_nothing_is_half_written(turns, settled, made):
    """A model: each row is its version; an item is written when both its versions are current, else not at all.

    A row that is not there at all (the past was forgotten between decision and commit) is written as it was decided.
    Where turns go ahead of their answers they may come together in a group: then who is right may be a rival.
    """
    connection = connect_writing(None)
    ledger = DirectWriter(connection)
    loop = Loop()
    hands = AtOnce(TransactionWriter(connection, lambda _told: None))
    writer = GroupCommitter(ledger, hands, loop.soon)
    came: list[tuple[int, dict[str, int], int, CommitOutcome]] = []
    for at, (turn, wait) in enumerate(zip(turns, settled, strict=False)):
        for tid, version, token, card_version in turn:
            changes = Changes(made(), Session(tid, version), card=Card(token, card_version))
            names = {tid: version, token: card_version}
            commit = Commit(changes, time.monotonic() + 60)
            writer.commit(
                commit,
                lambda outcome, at=at, names=names, one=changes.evidence: came.append((at, names, one.id, outcome)),
            )
        loop.turn()
        if wait:
            writer.settle()
    writer.end()
    assert [at for at, *_ in came] == [at for at, turn in enumerate(turns) for _ in turn]
    model: dict[str, int] = {}
    written = 0
    touched: set[tuple[int, str]] = set()
    for at, names, number, outcome in came:
        right = all(model.get(name, version) == version for name, version in names.items())
        rows = {(at, name) for name in names}
        if all(settled):  # then each turn is a group
            right = right and touched.isdisjoint(rows)  # else a rival of one in its own turn
            assert (outcome is DONE) == right
        if outcome is DONE or touched.isdisjoint(rows):
            touched |= rows
        assert outcome is CommitOutcome.CONFLICT or (outcome is DONE and right)
        if outcome is DONE:
            model |= {name: version + 1 for name, version in names.items()}
            written += 1
            assert number == written
    rows = connection.execute("SELECT tid, version FROM session UNION ALL SELECT token, version FROM card")
    assert dict(rows.fetchall()) == model
    assert connection.execute("SELECT count(*) FROM journal").fetchone() == (written,)
    for name, version in model.items():  # what is kept is what is there
        kept = ledger.sessions.get(name) or ledger.cards.get(name)
        assert kept is None or kept.version == version
    connection.close()
