"""Any conversation of two terminals and two host processes, against a ledger that knows only the rules.

In any order of arrival: a sale is booked at most once, a reversal takes effect exactly once, a number gets one
answer, and every approval is sealed with the keys that its request was made with.
"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

TIDS = ("10000161", "10000162")
CARDS = ("6200000000000005", "6200000000000005", "6212345678901232", "6200000000000047")
ANSWERS_OF_THE_GATE = ("77", "A0", "94")
BALANCE_MINOR = {"6200000000000005": 100_000, "6200000000000047": 100}

BETWEEN = (("on",), ("off", "on"), (1,), (59,), (61,), (86_400, "on"), ("off",), (86_400,))
"""What happens between sales: a terminal signs on or off, and time passes."""

some = st.integers(0, 1_000_000)
at_once = st.sampled_from((True, True, False))


def machine(new_rig):
    class Ledger(RuleBasedStateMachine):
        @initialize(required=st.sampled_from(("never", "daily", "per-batch", "per-transaction")))
        def open(self, required):
            self.rig = new_rig()
            self.terminals = []
            for tid in TIDS:
                self.rig.register(tid, required=required)
                pos = self.rig.pos(tid)
                pos.sign_on()
                self.terminals.append(pos)
            self.frames = []  # (pos, keys, frame, number, is a sale)
            self.numbers = []  # (pos, batch, stan, amount, card)
            self.running = []  # decided, and about to commit: (run, what was sent)
            self.answers = {}  # number → what its sale was answered, once decided

        # what terminals do

        @rule(which=st.integers(0, 1), steps=st.sampled_from(BETWEEN))
        def between_sales(self, which, steps):
            pos = self.terminals[which]
            for step in steps:
                if isinstance(step, int):
                    self.rig.advance(step)
                else:
                    assert (pos.sign_on() if step == "on" else pos.sign_off()).code == "00"

        @rule(which=st.integers(0, 1), amount=st.integers(1, 30_000), card=st.sampled_from(CARDS), at_once=at_once)
        def new_sale(self, which, amount, card, at_once):
            pos = self.terminals[which]
            frame = pos.sale_frame(amount, pan=card)
            number = (pos.tid, pos.batch, pos.last)
            self.numbers.append((pos, number, amount, card))
            self.send(pos, frame, number, True, at_once=at_once)

        @precondition(lambda self: self.frames)
        @rule(pick=some)
        def same_frame_again(self, pick):
            pos, keys, frame, number, sale = self.frames[pick % len(self.frames)]
            self.send(pos, frame, number, sale, keys)

        @precondition(lambda self: self.numbers)
        @rule(pick=some, mti=st.sampled_from(("0200", "0201")))
        def same_sale_under_todays_keys(self, pick, mti):
            pos, number, amount, card = self.numbers[pick % len(self.numbers)]
            frame = pos.sale_frame(amount, mti=mti, stan=number[2], batch=number[1], pan=card)
            self.send(pos, frame, number, True)

        @precondition(lambda self: self.numbers)
        @rule(pick=some, other=st.integers(1, 5))
        def another_sale_under_its_number(self, pick, other):
            pos, number, amount, card = self.numbers[pick % len(self.numbers)]
            self.send(pos, pos.sale_frame(amount + other, stan=number[2], batch=number[1], pan=card), None, True)

        @precondition(lambda self: self.numbers)
        @rule(pick=some, bad=st.sampled_from((0, 0, 0, 1)), at_once=at_once)
        def reverse(self, pick, bad, at_once):
            pos, number, amount, card = self.numbers[pick % len(self.numbers)]
            frame = pos.reversal_frame(number[2], amount + bad, batch=number[1], pan=card)
            self.send(pos, frame, number, False, at_once=at_once)

        @precondition(lambda self: len(self.numbers) % 4 == 2)
        @rule(which=st.integers(0, 1), amount=st.integers(1, 30_000), card=st.sampled_from(CARDS))
        def reverse_before_the_sale(self, which, amount, card):
            pos = self.terminals[which]
            number = (pos.tid, pos.batch, pos.next_stan())
            self.numbers.append((pos, number, amount, card))
            self.send(pos, pos.reversal_frame(number[2], amount, pan=card), number, False)

        # two host processes: one decides, the other commits first

        def send(self, pos, frame, number, sale, keys=None, at_once=False):
            self.frames.append((pos, keys or pos.keys, frame, number, sale))
            self.running.append((self.rig.start(frame).to_commit(), self.frames[-1]))
            if at_once or len(self.running) > 3:
                self.finish(-1 if at_once else 0)

        @precondition(lambda self: self.running)
        @rule(pick=some)
        def finish(self, pick):
            run, (pos, keys, _, number, sale) = self.running.pop(pick % len(self.running))
            answer = run.finish()
            if answer.code == "00":
                assert self.rig.host.suite.verify_message(keys, answer.message)
            if sale and number is not None and answer.code not in ANSWERS_OF_THE_GATE:
                sentence = {de: value for de, value in answer.message.fields.items() if de != 64}
                assert self.answers.setdefault(number, sentence) == sentence
            assert pos.tid == answer.evidence[-1].tid

        # what must hold at any moment

        @invariant()
        def books_are_what_was_answered(self):
            if not hasattr(self, "rig"):
                return
            rig, dead = self.rig, set()
            books, booked, undone = (
                Counter[tuple[str, str, str]](),
                Counter[tuple[str, str, str]](),
                Counter[tuple[str, str, str]](),
            )
            for entry in rig.journal:
                number = (entry.tid, entry.batch, entry.stan)
                if entry.service == "sale" and entry.code == "00":
                    assert number not in dead
                    booked[number] += not entry.replayed
                    books[number] += 0 if entry.replayed else entry.amount_minor
                if entry.service == "reversal" and entry.code in ("00", "25"):
                    dead.add(number)
                if entry.service == "reversal" and entry.why.startswith("reversed:"):
                    undone[number] += 1
                    books[number] -= entry.amount_minor
            assert all(count <= 1 for count in (*booked.values(), *undone.values()))
            assert all(minor >= 0 for minor in books.values())
            assert rig.booked_minor() == books.total()
            self.no_card_spends_more_than_it_has()

        def no_card_spends_more_than_it_has(self):
            rig = self.rig
            for pan, most in BALANCE_MINOR.items():
                token = rig.host.vault.token(pan)
                open_minor = sum(
                    row.amount_minor
                    for row in rig.store.transactions.values()
                    if row.state == "approved" and row.card == token
                )
                spent = rig.store.cards[token].spent_minor if token in rig.store.cards else 0
                assert spent == open_minor <= most

    return Ledger


@pytest.mark.slow
def test_any_conversation(new_rig):
    run_state_machine_as_test(machine(new_rig), settings=settings(max_examples=120, stateful_step_count=40))
