"""Each cause of totals that differ, planted in the books of our terminal, and named: with an upload and without."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from acquirer.host.causes import discrepancies
from acquirer.host.compared_batch import ComparedBatch, Discrepancy
from acquirer.host.explain.causes import Cause
from acquirer.model.rows import TransactionKey
from acquirer.slip.receipt import minor
from acquirer.testing.rig import Rig
from tests.host.planted_causes import FAULTS, LOST, PLANTED, Planted, miscount, sell


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


@pytest.mark.parametrize("upload", [True, False])
@pytest.mark.parametrize("planted", PLANTED, ids=lambda one: f"{one.cause}-{one.plant.__name__.strip('_')}")
def test_a_planted_cause_is_named(planted: Planted, *, upload: bool) -> None:
    rig = Rig(faults=FAULTS)
    terminal = rig.terminal()
    sell(terminal, "7.50")
    planted.plant(terminal)
    sell(terminal, "93.10")
    terminal.settle()
    lost = next((one.key.stan for one in rig.transactions if one.amount_minor == minor(LOST)), "")
    batch = compared(rig, lost=lost)
    if not upload:  # the totals alone
        batch = replace(batch, details=(), settlement=replace(batch.settlement, end=""))
    found = discrepancies(batch)
    if planted.by in ("both", "upload" if upload else "totals"):
        assert [one.cause for one in found] == [planted.cause, *planted.beside]
        assert found[0].why.startswith(planted.why)
    else:
        assert planted.cause not in [one.cause for one in found]


def test_every_cause_is_planted() -> None:
    assert {one.cause for one in PLANTED} == {*get_args(Cause)} - {"wrong_batch", "unexplained"}


def test_a_transaction_that_the_host_has_in_another_batch() -> None:
    rig = Rig()
    terminal = rig.terminal()
    stan = sell(terminal, "11.00")
    record = terminal.state.batch_books.records[-1]
    terminal.settle()
    sell(terminal, "7.50")
    books = terminal.state.batch_books
    moved = replace(record, batch="000002")
    terminal._core.machine.state = replace(terminal.state, batch_books=replace(books, records=(*books.records, moved)))
    terminal.settle()
    (found,) = discrepancies(compared(rig, "000002"))
    assert (found.cause, found.transactions[0].batch, found.transactions[0].stan) == ("wrong_batch", "000001", stan)


def totals_only(rig: Rig) -> list[Discrepancy]:
    batch = compared(rig)
    return discrepancies(replace(batch, details=(), settlement=replace(batch.settlement, end="")))


def test_a_terminal_that_leaves_out_a_kind_throughout() -> None:
    rig = Rig()
    terminal = rig.terminal()
    for text in ("7.50", "11.00", "13.00"):
        sell(terminal, text)
        miscount(terminal, "not_counted", lambda: terminal.refund("1.00"))
    terminal.settle()
    (found,) = totals_only(rig)
    assert (found.cause, len(found.transactions)) == ("refund_missing", 3)


def test_two_causes_at_once() -> None:
    rig = Rig()
    terminal = rig.terminal()
    sell(terminal, "7.50")
    miscount(terminal, "twice", lambda: terminal.sale("11.00", entry="manual"))
    miscount(terminal, "not_counted", lambda: terminal.sale("13.00", entry="manual"))
    terminal.settle()
    assert {one.cause for one in totals_only(rig)} == {"twice", "host_only"}


def test_several_that_make_the_same_difference_are_all_named() -> None:
    rig = Rig()
    terminal = rig.terminal()
    for _ in range(3):
        sell(terminal, "11.00")
    miscount(terminal, "not_counted", lambda: terminal.sale("11.00", entry="manual"))
    terminal.settle()
    (found,) = totals_only(rig)
    assert found.cause == "host_only"
    assert "or as well STAN" in found.why
    assert len(found.transactions) == 4


def test_what_nothing_explains_is_given_with_its_figures() -> None:
    rig = Rig()
    terminal = rig.terminal()
    sell(terminal, "7.50")
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
    sell(terminal, "7.50")
    terminal.settle()
    assert discrepancies(compared(rig)) == []


def test_keys_name_the_transactions() -> None:
    rig = Rig()
    terminal = rig.terminal()
    miscount(terminal, "not_counted", lambda: terminal.sale("11.00", entry="manual"))
    terminal.settle()
    (found,) = discrepancies(compared(rig))
    assert found.transactions == (TransactionKey(rig.transactions[0].key.mid, terminal.tid, "000001", "000002"),)
