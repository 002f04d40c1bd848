"""Refusals wait apart: each peer has its turn, and what is too much falls on those that have the most waiting."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from acquirer.store.refusal_queue import RefusalQueue

PEERS = st.sampled_from(("a", "b", "c", "d"))


def test_peers_are_taken_in_turn_each_in_its_own_order() -> None:
    queue: RefusalQueue[str] = RefusalQueue()
    for refusal in ("a1", "a2", "a3", "a4", "b1", "c1", "c2"):
        assert queue.put(refusal[0], refusal) is None
    assert queue.take(4) == ["a1", "b1", "c1", "a2"]
    assert queue.put("b", "b2") is None
    assert queue.take(100) == ["c2", "a3", "b2", "a4"]
    assert not queue
    assert queue.take(100) == []


def test_one_that_floods_sheds_its_own_and_leaves_room_for_others() -> None:
    queue: RefusalQueue[str] = RefusalQueue(most=4)
    shed = [queue.put("a", f"a{number}") for number in range(6)]
    assert shed == [None] * 4 + ["a4", "a5"]
    assert queue.put("b", "b0") == "a3", "the youngest of the one that has the most"
    assert queue.put("b", "b1") == "a2"
    assert queue.put("b", "b2") == "b2", "both have as many now"
    assert queue.put("c", "c0") in ("a1", "b1")
    assert len(queue) == 4
    assert [one for one in queue.take(4) if one[1] == "0"] == ["a0", "b0", "c0"]


def test_where_every_peer_has_one_the_newcomer_takes_the_place_of_another() -> None:
    queue: RefusalQueue[str] = RefusalQueue(most=2)
    assert [queue.put(peer, peer) for peer in "ab"] == [None, None]
    assert queue.put("c", "c") == "a"
    assert queue.take(9) == ["b", "c"]


class RefusalQueueMachine(RuleBasedStateMachine):
    """Against lists: nothing is lost but what is named, and no peer goes before its turn."""

    @initialize(most=st.integers(1, 8))
    def begin(self, most: int) -> None:
        self.most = most
        self.queue: RefusalQueue[tuple[str, int]] = RefusalQueue(most)
        self.waiting: list[tuple[str, int]] = []  # in the order in which they came
        self.number = 0

    def counts(self) -> Counter[str]:
        return Counter(peer for peer, _ in self.waiting)

    @rule(peer=PEERS)
    def put(self, peer: str) -> None:
        self.number += 1
        before, full = self.counts(), len(self.waiting) == self.most
        self.waiting.append((peer, self.number))
        shed = self.queue.put(peer, (peer, self.number))
        assert (shed is not None) == full
        if shed is not None:
            of, _ = shed
            assert before[of] == max(before.values())
            assert shed == [one for one in self.waiting if one[0] == of][-1]
            self.waiting.remove(shed)

    @rule(most=st.integers(0, 12))
    def take(self, most: int) -> None:
        before = self.counts()
        taken = self.queue.take(most)
        assert len(taken) == min(most, len(self.waiting))
        for peer in before:
            own = [number for of, number in taken if of == peer]
            assert own == [number for of, number in self.waiting if of == peer][: len(own)]
        turns = Counter(peer for peer, _ in taken)
        for first in before:
            for second in before:
                assert turns[first] <= turns[second] + 1 or turns[second] == before[second]
        for one, following in pairwise(taken):
            assert one[0] != following[0] or turns[one[0]] > 1
        for one in taken:
            self.waiting.remove(one)

    @invariant()
    def bounded(self) -> None:
        if hasattr(self, "queue"):
            assert len(self.queue) == len(self.waiting) <= self.most


TestRefusalQueue = RefusalQueueMachine.TestCase
