"""Checkers of the books of both sides, once all is quiet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from acquirer.host.causes import discrepancies
from acquirer.host.compared_batch import ComparedBatch
from acquirer.model.reasons import Reason
from acquirer.model.rows import Transaction, TransactionKey
from acquirer.simulation.history import History, HostBooks
from acquirer.simulation.ledger import LedgerNumber, TradeLedger, code_for, is_approved
from acquirer.simulation.trade_rules import SIDES
from acquirer.simulation.transaction_choices import LISTED
from acquirer.terminal.batch_records import settles
from acquirer.terminal.state import KEPT_SALES, State
from acquirer.terminal.undecided import UNDECIDED

NOT_BOOKED: Final = ("declined", "tombstone")
NOT_COUNTED: Final = (*NOT_BOOKED, "reversed", "adjusted")
"""States of the host's rows that have no place in the totals of a batch, by Q/CUP 009."""


KEPT: Final = ("sale", "pre_auth", "completion", "completion_advice")
"""What a terminal of a dialect without settlement keeps, because another transaction may follow it."""

SLIPPED: Final = ("void", "refund", "pre_auth_void", "completion_void")
"""What such a terminal does not keep, but prints a slip of."""

COMPLETIONS: Final = ("completion", "completion_advice", "moto_completion", "moto_completion_advice")

CLOSED: Final = ("voided", "completed")
"""States of what no transaction may follow any more."""

BY_CODE: Final = ("completion", "completion_advice", "pre_auth_void")
"""What names a pre-authorisation by its code: any terminal of the merchant can, and none has to know whose it is."""

NOT_KEPT: Final = ("sign_on_required", *UNDECIDED)
"""Answers that are not kept: the same request is decided anew after a sign-on, or once the host can."""


def refused_and_booked(history: History) -> frozenset[tuple[str, str]]:
    """Return the batches with a transaction that was refused for now, and booked when a copy of it came later.

    This is a known limit: no terminal sends it again, but a network may. A host that kept such refusals would never
    take what other terminals send again under the same number; and one that cannot read its books cannot write there.
    """
    refused = _refused_for_now(history)
    found: set[tuple[str, str]] = set()
    for one in history.committed:
        evidence = one.changes.evidence
        number = LedgerNumber.of(evidence)
        if evidence.service in SIDES and evidence.code in {code_for(evidence, reason) for reason in NOT_KEPT}:
            refused.setdefault(number, one.at_us)  # a fault may have changed its reply
        elif evidence.service in SIDES and refused.get(number, one.at_us) < one.at_us and is_approved(evidence):
            found.add((number.tid, number.batch))
            if one.changes.original is not None:
                found.add((one.changes.original.key.tid, one.changes.original.key.batch))
    return frozenset(found)


def _refused_for_now(history: History) -> dict[LedgerNumber, int]:
    """Return the transactions that were refused for now, and when first; some of these refusals are not journalled."""
    dialect = history.compiled.dialect
    found: dict[LedgerNumber, int] = {}
    for reply in history.sound_replies():
        request = dialect.decode(history.arrival_request(reply.arrival).frame)
        route = dialect.route(request)
        if route is None or route.service not in SIDES:
            continue
        code = dialect.text(dialect.decode(reply.frame), "code")
        if code in {dialect.code_of(reason, route) for reason in NOT_KEPT}:
            found.setdefault(LedgerNumber.of_request(dialect, route.service, request), reply.at_us)
    return found


def voids_that_must_stand(history: History) -> frozenset[tuple[str, str]]:
    """Return the batches with a void of a completion that a terminal undid, and that stands all the same.

    And those of that completion: where there are no batches each transaction is one of its own.

    This is a known limit: no answer to the void arrived, and before its reversal did another terminal completed the
    pre-authorisation that the void had opened. Undone, the void would have the cardholder pay twice. The refusal is 25,
    which says to a terminal that there is nothing left to undo; no code of the field tells both apart.
    """
    found: set[tuple[str, str]] = set()
    completed: dict[TransactionKey, str] = {}  # pre-authorisation → the terminal that completed it last
    reopened: dict[LedgerNumber, tuple[TransactionKey, TransactionKey]] = {}  # void → pre-authorisation, completion
    for one in history.committed:
        evidence, row, changes = one.changes.evidence, one.changes.transaction, one.changes
        number = LedgerNumber.of(evidence)
        if row is not None and row.kind in COMPLETIONS and row.original and is_approved(evidence):
            completed[row.original] = number.tid
        elif evidence.service.endswith("completion_void") and changes.authorisation and is_approved(evidence):
            assert changes.original is not None
            reopened[number] = changes.authorisation.key, changes.original.key
        elif evidence.service == "reversal" and evidence.reason == Reason.ORIGINAL_CLOSED and number in reopened:
            held, taken_back = reopened[number]
            if completed.get(held, number.tid) != number.tid:
                found |= {(number.tid, number.batch), (taken_back.tid, taken_back.batch)}
    return frozenset(found)


def books_agree(history: History) -> Iterator[str]:
    """Host and terminal count the same transactions, batch by batch, and every batch was settled."""
    yield from history.unsettled
    books = history.books
    if books is None:
        return
    left_out = refused_and_booked(history) | voids_that_must_stand(history)
    if not settles(history.compiled.dialect):
        yield from _kept_agree(history, books, left_out)
        return
    for (tid, batch), state in sorted(history.batches.items()):
        if (tid, batch) in left_out:
            continue
        rows = [one for one in books.transactions if (one.key.tid, one.key.batch) == (tid, batch)]
        yield from _batch_agrees(tid, batch, state, rows)
    for row in books.settlements:
        key = row.mid, row.tid, row.batch
        if row.state != "closed":
            yield f"{row.tid} batch {row.batch}: the settlement was not brought to its end, it is {row.state}"
        if (row.tid, row.batch) in left_out:
            continue
        if row.terminal != row.host:
            yield f"{row.tid} batch {row.batch}: the terminal settled {row.terminal}, the host has {row.host}"
        rows = [one for one in books.transactions if one.key[:3] == key]
        details = [one for one in books.details if one.key[:3] == key]
        compared = ComparedBatch(history.compiled.dialect, row, tuple(rows), tuple(details))
        yield from (f"{row.tid} batch {row.batch}: {one}" for one in discrepancies(compared))
    for tid, session in books.sessions.items():
        states = history.kept.get(tid)
        if states and states[-1].batch != session.batch:
            yield f"{tid}: the terminal is in batch {states[-1].batch}, the host in {session.batch}"


def _kept_agree(history: History, books: HostBooks, left_out: frozenset[tuple[str, str]]) -> Iterator[str]:
    """Compare what the host has with what each terminal keeps, where no batch is settled."""
    by_code = {row.original for row in books.transactions if row.kind in BY_CODE and row.state not in NOT_COUNTED}
    for tid, states in sorted(history.kept.items()):
        kept = {(one.original.within, one.original.stan): one for one in states[-1].sales}
        rows = {row.key[2:]: row for row in books.transactions if row.key.tid == tid and row.kind in KEPT}
        if len(kept) == KEPT_SALES:  # it has forgotten the oldest
            oldest = min((rows[key].at_us for key in kept if key in rows), default=0)
            rows = {key: row for key, row in rows.items() if row.at_us >= oldest}
        for key in sorted({*kept, *rows}):
            if (tid, key[0]) in left_out:
                continue
            row, sold = rows.get(key), kept.get(key)
            found = None if row is None or row.state in NOT_COUNTED else (_amount(row), row.state in CLOSED)
            if found and sold and row and row.key in by_code:  # maybe by another terminal: it need not know of it
                found = found[0], sold.voided
            expected = None if sold is None else (sold.amount_minor, sold.voided)
            if found != expected:
                host = "knows nothing of it" if row is None else f"has it {row.state} over {_amount(row)}"
                terminal = "does not keep it" if sold is None else f"keeps it over {sold.amount_minor}"
                closed = " as closed" if sold is not None and sold.voided else ""
                yield f"{LedgerNumber(tid, *key)}: the host {host}, the terminal {terminal}{closed}"
        slips = {state.receipt.rrn for state in states if state.receipt is not None}
        for row in books.transactions:
            slipped = row.key.tid == tid and row.kind in SLIPPED and row.state not in NOT_COUNTED
            if slipped and row.rrn not in slips and (tid, row.key.batch) not in left_out:
                yield f"{LedgerNumber(*row.key[1:])}: the host has a {row.kind} that the terminal never knew of"


def _amount(row: Transaction) -> int:
    return row.authorised_minor or row.amount_minor


def _batch_agrees(tid: str, batch: str, state: State, rows: list[Transaction]) -> Iterator[str]:
    counted = {one.key.stan: one.amount_minor for one in rows if SIDES.get(one.kind) and one.state not in NOT_COUNTED}
    kept = {one.stan: one.amount_minor for one in state.batch_books.records if one.counts and one.batch == batch}
    for stan in sorted({*counted, *kept}):
        if counted.get(stan) != kept.get(stan):
            row = next((one for one in rows if one.key.stan == stan), None)
            host = "knows nothing of it" if row is None else f"has it {row.state} over {row.amount_minor}"
            terminal = "does not count it" if stan not in kept else f"counts {kept[stan]}"
            yield f"{LedgerNumber(tid, batch, stan)}: the host {host}, the terminal {terminal}"


def books_follow_the_rules(history: History) -> Iterator[str]:
    """The host's books are what the rules of the trade make of the exchanges, in the order of their commits."""
    books = history.books
    if books is None:
        return
    ledger = ledger_of(history)
    yield from ledger.disagreements
    rows = {LedgerNumber(*one.key[1:]): one for one in books.transactions if one.state not in NOT_BOOKED}
    for number in sorted({*rows, *ledger.entries}):
        row, entry = rows.get(number), ledger.entries.get(number)
        found = None if row is None else (row.state, row.refunded_minor, row.authorised_minor)
        expected = None if entry is None else (entry.state, entry.refunded_minor, entry.held_minor)
        if found != expected:
            yield f"{number}: the books have {found}, by the rules {expected}"
    for settled in books.settlements:
        if settled.host != (totals := ledger.totals(settled.tid, settled.batch)):
            yield f"{settled.tid} batch {settled.batch}: the host settled {settled.host}, by the rules it is {totals}"


def only_listed_operators(history: History) -> Iterator[str]:
    """Where the host lists a terminal's operators, it takes the work of no other."""
    for tid, numbers in ledger_of(history).operators.items():
        if tid in history.listed:
            yield from (f"{tid}: the work of operator {one} was taken" for one in sorted(numbers - {*LISTED}))


def ledger_of(history: History) -> TradeLedger:
    """Return the ledger of a run, as its commits make it."""
    ledger = TradeLedger(history.compiled.dialect, holds=history.unsigned == "hold")
    ledger.go_on([one.changes.evidence for one in history.committed])
    return ledger
