"""Effects in order: those of the host, and those of the terminal."""

from __future__ import annotations

import pytest

from acquirer.errors import StoreError
from acquirer.host.exchange import exchange
from acquirer.model.effects import Arrival, Close, Commit, CommitOutcome, Load, LoadCard, Send
from acquirer.terminal.effects import Ask, Began, Ended, NoAnswer
from acquirer.terminal.sign_on import echo
from acquirer.testing import Playbook, Rig


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture
def frame(rig: Rig) -> bytes:
    rig.terminal().sign_on()
    return rig.journal[-1].message.raw


def begin(rig: Rig, frame: bytes) -> Playbook:
    return Playbook(exchange(rig.host, Arrival(frame, rig.now_us, 1e18)))


def test_an_exchange_loads_commits_and_sends(rig: Rig, frame: bytes):
    book = begin(rig, frame).expect(Load, tid="90000001")
    book.give(rig.load(book.effect)).expect(Commit).give(CommitOutcome.CONFLICT)
    book.expect(Load).give(rig.load(book.effect))
    book.expect(Commit, lambda commit: commit.changes.evidence.code == "00").give(CommitOutcome.DONE)
    book.expect(Send, lambda send: rig.host.dialect.decode(send.frame).mti == "0810").ends()


def test_a_store_that_fails_is_thrown_in(rig: Rig, frame: bytes):
    book = begin(rig, frame).expect(Load).fail(StoreError("gone"))
    book.expect(Commit).give(CommitOutcome.DONE).expect(Send)
    assert rig.host.dialect.decode(book.effect.frame).fields[39] == "96"


def test_a_terminals_program_is_played_too(rig: Rig):
    terminal = rig.terminal()
    book = Playbook(echo(terminal._core.machine)).expect(Began).expect(Ask)
    book.give(NoAnswer("waited 60 s", 60_000_000)).expect(Ended)
    assert book.ends().outcome == "no-answer"


@pytest.mark.parametrize(
    ("play", "sentence"),
    [
        (lambda book: book.expect(Commit), r"^step 1: expected Commit, but it asked for Load\(tid='90000001'"),
        (lambda book: book.expect(Load, tid="1"), "^step 1: expected Load with tid '1', but it asked for Load"),
        (lambda book: book.expect(Load, lambda _: False), "^step 1: expected Load of which the condition holds, but"),
        (
            lambda book: book.expect(Load).fail(StoreError("gone")).ends(),
            "^step 2: expected the end, but .* after Load$",
        ),
    ],
)
def test_what_is_otherwise_is_named(rig: Rig, frame: bytes, play, sentence):
    with pytest.raises(AssertionError, match=sentence):
        play(begin(rig, frame))


def test_an_exchange_that_ended_asks_for_nothing(rig: Rig):
    book = Playbook(exchange(rig.host, Arrival(b"", rig.now_us, 1e18)))
    book.expect(Commit).give(CommitOutcome.DONE).expect(Close, reason="undecodable").ends()
    with pytest.raises(AssertionError, match="step 3: expected LoadCard, but it ended after Commit, Close"):
        book.expect(LoadCard)
