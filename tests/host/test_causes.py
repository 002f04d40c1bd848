"""Each cause of totals that differ, planted in the books of our terminal, and named: with an upload and without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest

from acquirer.host.causes import ComparedBatch, Discrepancy, discrepancies
from acquirer.host.explain.causes import Cause
from acquirer.journey.miscounts import MISCOUNTS, Miscount
from acquirer.model.rows import TransactionKey
from acquirer.terminal.exchange import Result
from acquirer.testing.rig import Rig
from acquirer.testing.rig_terminal import RigTerminal


def miscount(terminal: RigTerminal, what: Miscount, operation: Callable[[], Result]) -> Result:
    before = terminal.state.batch_books.records
    result = operation()
    books = terminal.state.batch_books
    records = MISCOUNTS[what].change(before, books.records)
    assert records != books.records
    terminal._core.machine.state = replace(terminal.state, batch_books=replace(books, records=records))
    return result


def compared(rig: Rig, batch: str = "000001", lost: str = "") -> ComparedBatch:
    settlement = next(one for one in rig.store.settlements.values() if one.batch == batch)
    return ComparedBatch(
        rig.host.dialect,
        settlement,
        tuple(one for one in rig.transactions if one.key.batch == batch),
        tuple(one for one in rig.store.details.values() if one.key.batch == batch),
        tuple(one for one in rig.transactions if one.key.batch != batch),
        frozenset(one.key for one in rig.transactions if one.key.stan == lost),
    )


def sale(terminal: RigTerminal, amount: str, card: str = "standard") -> str:
    result = terminal.sale(amount, card, entry="manual")
    assert result.ok
    return result.stan


def left_out(terminal: RigTerminal) -> None:
    sale(terminal, "11.00")
    miscount(terminal, "voided_left_out", terminal.void)


def reversed_kept(terminal: RigTerminal) -> None:
    sale(terminal, "11.00")
    miscount(terminal, "not_counted", terminal.reverse)


def adjusted_kept(terminal: RigTerminal) -> None:
    stan = sale(terminal, "11.00")
    miscount(terminal, "original_too", lambda: terminal.adjust("12.00", stan=stan))


def foreign(terminal: RigTerminal) -> None:
    miscount(terminal, "other_class", lambda: terminal.sale("11.00", "visa", entry="manual"))


def refund(terminal: RigTerminal) -> None:
    sale(terminal, "11.00")
    miscount(terminal, "not_counted", lambda: terminal.refund("4.00"))


def void(terminal: RigTerminal) -> None:
    sale(terminal, "11.00")
    miscount(terminal, "not_counted", terminal.void)


def twice(terminal: RigTerminal) -> None:
    miscount(terminal, "twice", lambda: terminal.sale("11.00", entry="manual"))


def other_side(terminal: RigTerminal) -> None:
    miscount(terminal, "other_side", lambda: terminal.sale("11.00", entry="manual"))


def number(terminal: RigTerminal) -> None:
    miscount(terminal, "extra_number", lambda: terminal.sale("11.00", entry="manual"))


def amount(terminal: RigTerminal) -> None:
    miscount(terminal, "other_amount", lambda: terminal.sale("11.00", entry="manual"))


def missing(terminal: RigTerminal) -> None:
    miscount(terminal, "not_counted", lambda: terminal.sale("11.00", entry="manual"))


PLANTED: Final[list[tuple[Callable[[RigTerminal], None], Cause, str]]] = [
    (left_out, "voided_left_out", "sale STAN 000003 (11.00): voided, and left out of the terminal's debits"),
    (reversed_kept, "reversed_counted", "sale STAN 000003 (11.00): reversed at the host, and still counted"),
    (adjusted_kept, "original_counted", "sale STAN 000003 (11.00): adjusted since, and still counted"),
    (foreign, "other_class", "sale STAN 000003 (11.00): counted among the other cards"),
    (refund, "refund_missing", "refund STAN 000004 (4.00): not among the terminal's credits"),
    (void, "void_missing", "void STAN 000004 (11.00): not among the terminal's credits"),
    (twice, "twice", "sale STAN 000003 (11.00): counted twice at the terminal"),
    (other_side, "other_side", "sale STAN 000003 (11.00): counted on the other side"),
    (number, "number_only", "the amounts agree and the numbers do not: the terminal counts 1 transaction more"),
    (missing, "host_only", "sale STAN 000003 (11.00): booked at the host, and not counted at the terminal"),
]


@pytest.mark.parametrize("upload", [True, False])
@pytest.mark.parametrize(("plant", "cause", "why"), PLANTED, ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_cause_is_named(
    plant: Callable[[RigTerminal], None], cause: Cause, why: str, *, upload: bool
) -> None:
    rig = Rig()
    terminal = rig.terminal()
    sale(terminal, "7.50")
    plant(terminal)
    sale(terminal, "93.10")
    assert not terminal.settle().sentence.startswith("batch 000001 settled: balanced")
    batch = compared(rig)
    if not upload:  # the totals alone
        batch = replace(batch, details=(), settlement=replace(batch.settlement, end=""))
    (found,) = discrepancies(batch)
    assert found.cause == cause
    assert found.why.startswith(why)


def test_another_amount_is_named_by_the_upload() -> None:
    rig = Rig()
    terminal = rig.terminal()
    amount(terminal)
    terminal.settle()
    (found,) = discrepancies(compared(rig))
    assert found.cause == "other_amount"
    assert "is counted as 11.01 at the terminal and as 11.00 at the host" in found.why


def test_an_answer_that_was_lost_and_forgotten() -> None:
    """The terminal loses its outbox with the power, and sends no reversal."""
    rig = Rig(faults=["silent:service=sale,amount=11.00"])
    terminal = rig.terminal()
    sale(terminal, "7.50")
    before = terminal.state
    terminal.sale("11.00", entry="manual", drop_reversal=True)
    reversal = next(one for one in rig.transactions if one.amount_minor == 1100)
    rig.store.transactions[reversal.key] = replace(reversal, state="approved")  # as if none had come
    terminal._core.machine.state = replace(before, stan=terminal.state.stan)
    terminal.settle()
    (found,) = discrepancies(compared(rig, lost=reversal.key.stan))
    assert found.cause == "answer_lost"
    assert found.transactions == (reversal.key,)


def test_a_transaction_that_the_host_has_in_another_batch() -> None:
    rig = Rig()
    terminal = rig.terminal()
    stan = sale(terminal, "11.00")
    record = terminal.state.batch_books.records[-1]
    terminal.settle()
    sale(terminal, "7.50")
    books = terminal.state.batch_books
    moved = replace(record, batch="000002")
    terminal._core.machine.state = replace(terminal.state, batch_books=replace(books, records=(*books.records, moved)))
    terminal.settle()
    (found,) = discrepancies(compared(rig, "000002"))
    assert (found.cause, found.transactions[0].batch, found.transactions[0].stan) == ("wrong_batch", "000001", stan)


def test_what_only_the_terminal_has() -> None:
    rig = Rig()
    terminal = rig.terminal()
    sale(terminal, "7.50")
    books = terminal.state.batch_books
    own = replace(books.records[0], stan="000777", amount_minor=5000)
    terminal._core.machine.state = replace(terminal.state, batch_books=replace(books, records=(*books.records, own)))
    terminal.settle()
    (found,) = discrepancies(compared(rig))
    assert found.cause == "terminal_only"
    assert "STAN 000777 (621234******1232, 50.00), which the host has never booked" in found.why


def totals_only(rig: Rig) -> list[Discrepancy]:
    batch = compared(rig)
    return discrepancies(replace(batch, details=(), settlement=replace(batch.settlement, end="")))


def test_a_terminal_that_leaves_out_a_kind_throughout() -> None:
    rig = Rig()
    terminal = rig.terminal()
    for text in ("7.50", "11.00", "13.00"):
        sale(terminal, text)
        miscount(terminal, "not_counted", lambda: terminal.refund("1.00"))
    terminal.settle()
    (found,) = totals_only(rig)
    assert (found.cause, len(found.transactions)) == ("refund_missing", 3)


def test_two_causes_at_once() -> None:
    rig = Rig()
    terminal = rig.terminal()
    sale(terminal, "7.50")
    twice(terminal)
    miscount(terminal, "not_counted", lambda: terminal.sale("13.00", entry="manual"))
    terminal.settle()
    assert {one.cause for one in totals_only(rig)} == {"twice", "host_only"}


def test_several_that_make_the_same_difference_are_all_named() -> None:
    rig = Rig()
    terminal = rig.terminal()
    for _ in range(3):
        sale(terminal, "11.00")
    missing(terminal)
    terminal.settle()
    (found,) = totals_only(rig)
    assert found.cause == "host_only"
    assert "or as well STAN" in found.why
    assert len(found.transactions) == 4


def test_what_nothing_explains_is_given_with_its_figures() -> None:
    rig = Rig()
    terminal = rig.terminal()
    sale(terminal, "7.50")
    terminal.settle()
    key, settled = next(iter(rig.store.settlements.items()))
    rig.store.settlements[key] = replace(
        settled, result="unequal", end="", terminal_domestic=replace(settled.host_domestic, debit_minor=123)
    )
    (found,) = discrepancies(compared(rig))
    assert found.cause == "unexplained"
    assert "domestic debits -6.27 in +0; no transaction of the batch makes this difference" in found.why


def test_an_equal_batch_has_none() -> None:
    rig = Rig()
    terminal = rig.terminal()
    sale(terminal, "7.50")
    terminal.settle()
    assert discrepancies(compared(rig)) == []


def test_keys_name_the_transactions() -> None:
    rig = Rig()
    terminal = rig.terminal()
    missing(terminal)
    terminal.settle()
    (found,) = discrepancies(compared(rig))
    assert found.transactions == (TransactionKey(rig.transactions[0].key.mid, terminal.tid, "000001", "000002"),)
