"""Bugs of the terminal: what it saves and when, what it takes for an answer, what it owes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from acquirer.terminal import machine, offline_queue, reversal, transaction, upload
from acquirer.terminal.effects import Keep, Program
from acquirer.terminal.exchange import Outcome
from acquirer.terminal.state import State
from tests.simulation.planted_bugs import planted, wrapped

AGREE = "books agree"


def unsaved(patch: pytest.MonkeyPatch, left_out: Callable[[State, State], State]) -> None:
    """Have the terminal save less than it knows: `left_out` gets the state before and after, returns what is saved."""

    def keep(self: Any, **changes: Any) -> Program[None]:
        before = self.state
        self.state = replace(self.state, **changes)
        yield Keep(left_out(before, self.state))

    patch.setattr(machine.Machine, "keep", keep)


@planted(AGREE)
def outbox_not_saved_before_sending(patch: pytest.MonkeyPatch) -> None:
    unsaved(patch, lambda _, after: replace(after, pending=None))


@planted("no STAN twice")
def number_used_again_after_a_power_cut(patch: pytest.MonkeyPatch) -> None:
    unsaved(patch, lambda before, after: replace(after, stan=before.stan, pending=None))


@planted(AGREE)
def queue_not_saved(patch: pytest.MonkeyPatch) -> None:
    unsaved(patch, lambda _, after: replace(after, queue=()))


@planted(AGREE)
def advice_not_saved_before_sending(patch: pytest.MonkeyPatch) -> None:
    unsaved(patch, lambda _, after: replace(after, unanswered=None))


@planted(AGREE)
def reversal_given_up_after_one_try(patch: pytest.MonkeyPatch) -> None:
    def change(try_once: Any, one: Any) -> Program[Any]:
        exchange = yield from try_once(one)
        yield from one.keep(pending=None)
        return exchange

    wrapped(patch, reversal, "_try_once", change)


@planted(AGREE)
def no_reversal_after_silence(patch: pytest.MonkeyPatch) -> None:
    def change(_undo: Any, one: Any, exchange: Any, result: Any) -> Program[None]:
        yield from one.keep(pending=None)

    wrapped(patch, transaction, "undo_unanswered", change)


@planted(AGREE)
def reversed_sale_still_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reversal, "books_without", lambda state, _: state.batch_books)


@planted(AGREE)
def late_answer_taken_for_this_one(patch: pytest.MonkeyPatch) -> None:
    def change(check: Any, *words: Any, **options: Any) -> Any:
        found = check(*words, **options)
        if not found.stray:
            return found
        message = words[0].dialect.decode(words[4])
        code = words[0].dialect.text(message, "code")
        return replace(found, stray="", message=message, code=code, outcome=Outcome.APPROVED)

    wrapped(patch, machine, "check_reply", change)


@planted(AGREE)
def approval_taken_for_a_decline(patch: pytest.MonkeyPatch) -> None:
    """What got no answer is taken for declined, and forgotten."""

    def change(talk: Any, *words: Any, **options: Any) -> Program[Any]:
        exchange = yield from talk(*words, **options)
        if exchange.outcome is Outcome.NO_ANSWER:
            exchange.outcome = Outcome.DECLINED
        return exchange

    wrapped(patch, machine.Machine, "talk", change)


@planted(AGREE)
def advice_repeated_under_a_new_number(patch: pytest.MonkeyPatch) -> None:
    def change(repeat: Any, one: Any, route: Any, fields: Any, about: Any, exchange: Any) -> Program[Any]:
        stan = yield from one.count()
        one.setup.dialect.put(fields, "stan", stan)
        return (yield from repeat(one, route, fields, about, exchange))

    wrapped(patch, transaction, "repeat_advice", change)


@planted(AGREE)
def advice_forgotten_without_an_answer(patch: pytest.MonkeyPatch) -> None:
    def change(unknown: Any, one: Any, kind: Any, exchange: Any) -> Any:
        result = unknown(one, kind, exchange)
        one.state = replace(one.state, unanswered=None)
        return result

    wrapped(patch, transaction, "unknown_result", change)


@planted("no signature is lost")
def signature_forgotten_without_an_answer(patch: pytest.MonkeyPatch) -> None:
    def change(taken: Any, setup: Any, exchange: Any) -> bool:
        return exchange.outcome is Outcome.NO_ANSWER or taken(setup, exchange)

    wrapped(patch, upload, "_taken", change)


@planted("signatures belong to their sales")
def image_of_another_sale_uploaded(patch: pytest.MonkeyPatch) -> None:
    def change(send: Any, one: Any, voucher: Any) -> Program[Any]:
        other = next((held for held in one.state.waiting if held.image), voucher)
        return (yield from send(one, replace(voucher, image=other.image)))

    wrapped(patch, upload, "send", change)


@planted(AGREE)
def batch_counted_up_too_early(patch: pytest.MonkeyPatch) -> None:
    """What a power cut leaves of a settlement begins the next batch."""
    from acquirer.terminal import settlement

    def change(begin: Any, one: Any, order: Any) -> Program[Any]:
        refused = yield from begin(one, order)
        if refused is None and one.state.batch_books.settlement is not None:
            books = replace(one.state.batch_books, records=one.state.batch_books.records[1:])
            yield from one.keep(batch_books=books)
        return refused

    wrapped(patch, settlement, "_begin", change)


@planted(AGREE)
def offline_sale_dropped_when_it_is_not_answered(patch: pytest.MonkeyPatch) -> None:
    def change(send: Any, one: Any, kept: Any) -> Program[Any]:
        exchange = yield from send(one, kept)
        if exchange.outcome is Outcome.NO_ANSWER:
            yield from one.keep(queue=tuple(held for held in one.state.queue if held.key != kept.key))
        return exchange

    wrapped(patch, offline_queue, "_send_once", change)
