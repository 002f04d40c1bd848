"""Bugs of the host: its exchange, its services, its keys, its signatures."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

import pytest

from acquirer.host import admission, batch_totals, case, lifecycle, repeat, verification
from acquirer.host.decision import Decided
from acquirer.host.issuer import decisions
from acquirer.host.services import refund, reversal, sale, sign_on, signature, signature_part, void
from acquirer.model.effects import Commit, CommitOutcome, Send
from acquirer.model.reasons import Reason
from acquirer.model.rows import Transaction
from acquirer.simulation import simulated_host, world
from tests.simulation.planted_bugs import planted, wrapped

REMEMBERED = "what is answered is remembered"
RULES = "books follow the rules"
REVERSAL = "a reversal takes effect once"


def resumed(patch: pytest.MonkeyPatch, answer: Callable[[CommitOutcome], CommitOutcome]) -> None:
    """Have an exchange hear another outcome of its commits."""

    def change(exchange: Any, *words: Any) -> Generator[Any, Any, Any]:
        steps, result = exchange(*words), None
        while True:
            try:
                effect = steps.send(result)
            except StopIteration as end:
                return end.value
            result = yield effect
            if isinstance(effect, Commit):
                result = answer(result)

    wrapped(patch, simulated_host, "exchange", change)


@planted(REMEMBERED)
def reply_before_its_commit(patch: pytest.MonkeyPatch) -> None:
    def change(exchange: Any, *words: Any) -> Generator[Any, Any, Any]:
        steps, result, commits = exchange(*words), None, list[Commit]()
        while True:
            try:
                effect = steps.send(result)
            except StopIteration as end:
                if isinstance(end.value, Send):
                    yield end.value
                yield from (commit for commit in commits)  # a list takes no outcomes
                return None
            if isinstance(effect, Commit):
                commits.append(effect)
                result = CommitOutcome.DONE
            else:
                result = yield effect

    wrapped(patch, simulated_host, "exchange", change)


@planted(REMEMBERED)
def approval_though_the_database_is_locked(patch: pytest.MonkeyPatch) -> None:
    resumed(patch, lambda outcome: CommitOutcome.DONE if outcome is CommitOutcome.LOCKED else outcome)


@planted(REMEMBERED)
def approval_though_the_store_failed(patch: pytest.MonkeyPatch) -> None:
    resumed(patch, lambda outcome: CommitOutcome.DONE if outcome is CommitOutcome.FAILED else outcome)


@planted(REMEMBERED)
def approval_of_what_is_in_conflict(patch: pytest.MonkeyPatch) -> None:
    resumed(patch, lambda outcome: CommitOutcome.DONE if outcome is CommitOutcome.CONFLICT else outcome)


@planted(REMEMBERED, "books agree")
def approval_of_what_is_too_late_to_be_booked(patch: pytest.MonkeyPatch) -> None:
    resumed(patch, lambda outcome: CommitOutcome.DONE if outcome is CommitOutcome.EXPIRED else outcome)


@planted(REVERSAL)
def tombstone_forgotten(patch: pytest.MonkeyPatch) -> None:
    def change(unknown: Any, *words: Any) -> Any:
        decision = unknown(*words)
        decision.transaction = None
        return decision

    wrapped(patch, reversal, "_unknown", change)


@planted(REVERSAL)
def late_sale_approved_after_its_reversal(patch: pytest.MonkeyPatch) -> None:
    """A repeat of what was reversed is given its stored approval."""

    def change(action: Any, stored: Transaction | None, event: Any) -> Any:
        if stored is not None and stored.state == "reversed" and event == "same":
            return lifecycle.Action.REPLAY
        return action(stored, event)

    wrapped(patch, repeat, "action", change)


@planted(REVERSAL)
def reversal_applied_again(patch: pytest.MonkeyPatch) -> None:
    """The repeat of a reversal takes effect once more."""

    def change(action: Any, stored: Transaction | None, event: Any) -> Any:
        if stored is not None and stored.state == "reversed" and event == "reversal":
            stored = replace(stored, state="approved")
        return action(stored, event)

    wrapped(patch, reversal, "action", change)


@planted("booked at most once")
def replay_decided_anew(patch: pytest.MonkeyPatch) -> None:
    """A repeat is not known as one: it is decided as if it was new, over the row that is there."""

    def change(_stored_answer: Any, *_words: Any) -> Any:
        raise _Anew

    class _Anew(Exception):
        pass

    begin = case.Case.begin

    def begin_anew(self: Any) -> None:
        try:
            begin(self)
        except _Anew:
            if self.stored.state != "approved":  # the others are known as late or declined
                raise Decided(self.refusal(Reason.DUPLICATE, "known")) from None

    def booked(book: Any, one: Any, *words: Any, **options: Any) -> Any:
        decision = book(one, *words, **options)
        if decision.transaction is not None and one.stored is not None:
            decision.transaction.version = one.stored.version
        return decision

    wrapped(patch, case, "stored_answer", change)
    patch.setattr(case.Case, "begin", begin_anew)
    wrapped(patch, sale, "book", booked)


@planted("MACs verify")
def mac_under_another_generation(patch: pytest.MonkeyPatch) -> None:
    """What is verified under the previous keys is answered under the current ones."""

    def change(verify: Any, host: Any, request: Any, terminal: Any, session: Any) -> Any:
        verified = verify(host, request, terminal, session)
        if session.current is not None and verified.number != session.current.number:
            verified.keys = host.ring.current(terminal.tid, session.current)
        return verified

    wrapped(patch, case, "verify", change)


@planted("keys in flight are honoured")
def keys_swapped_without_grace(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(verification, "in_grace", lambda *_: False)


@planted("keys in flight are honoured")
def keys_swapped_too_early(patch: pytest.MonkeyPatch) -> None:
    """A sign-on leaves nothing of the keys before it, though its reply may never arrive."""

    def change(hand_out: Any, host: Any, terminal: Any, after: Any, *words: Any) -> Any:
        found = hand_out(host, terminal, after, *words)
        after.previous, after.previous_until_us = None, 0
        return found

    wrapped(patch, sign_on, "_hand_out", change)


@planted(RULES)
def refund_above_what_is_left(patch: pytest.MonkeyPatch) -> None:
    def change(mismatch: Any, one: Any, original: Transaction | None) -> Any:
        return mismatch(one, original and replace(original, refunded_minor=0))

    wrapped(patch, refund, "_mismatch", change)


@planted("no card overdrawn")
def void_keeps_the_money(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(void, "give_back", lambda row, *_: row)


@planted("no card overdrawn")
def refund_keeps_the_money(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(refund, "give_back", lambda row, *_, **__: row)


@planted(RULES)
def void_of_what_is_voided(patch: pytest.MonkeyPatch) -> None:
    """A void leaves its sale as it was, so that it can be voided again."""

    def change(book: Any, *words: Any, **options: Any) -> Any:
        if (original := options.get("original")) is not None:
            options["original"] = replace(original, state="approved")
        return book(*words, **options)

    wrapped(patch, void, "book", change)


@planted(RULES)
def completion_above_what_is_held(patch: pytest.MonkeyPatch) -> None:
    wrapped(patch, world, "HostOptions", lambda options, **given: options(completion_percent=300, **given))


@planted("no card overdrawn")
def balance_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decisions, "_SALE_CHECKS", {**decisions._SALE_CHECKS, "balance": lambda *_: None})


@planted("books agree")
def reversed_sale_in_the_totals(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(batch_totals, "UNCOUNTED", batch_totals.UNCOUNTED - {"reversed"})


@planted("only listed operators")
def work_of_anyone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(admission, "unlisted_operator", lambda *_: "")
    patch.setattr(sign_on, "unlisted_operator", lambda *_: "")
    patch.setattr(case, "unlisted_operator", lambda *_: "", raising=False)


@planted("signatures belong to their sales")
def signature_kept_under_the_sale_before(patch: pytest.MonkeyPatch) -> None:
    """An image is kept under the key of the signature that its terminal sent before."""
    last: dict[str, Any] = {}

    def change(upload: Any, key: Any, *words: Any, **options: Any) -> Any:
        before = last.get(key.tid, key)
        last[key.tid] = key
        kept = upload(key, *words, **options)
        if kept.signature is not None:
            kept.signature.key = before
        return kept

    for module in (signature, signature_part):
        if hasattr(module, "Upload"):
            wrapped(patch, module, "Upload", change)
