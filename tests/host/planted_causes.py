"""Causes of totals that differ, each planted in the books of a terminal of ours, in memory or over a real line.

A terminal has signed on (STAN 000001) and sold for 7.50 (000002) before; it sells for 93.10 and settles afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Literal, NamedTuple

from acquirer.app.terminal import Terminal
from acquirer.host.explain.causes import Cause
from acquirer.journey.miscounts import MISCOUNTS, Miscount
from acquirer.settlement.totals import Side
from acquirer.terminal.batch_records import BatchRecord, Records
from acquirer.terminal.exchange import Result

LOST: Final = "19.00"
FAULTS: Final = [f"silent:service=sale,amount={LOST}", f"lost_request:service=reversal,amount={LOST}"]
"""Of the host on which an answer is to be lost."""


def sell(terminal: Terminal, amount: str, card: str = "standard", kind: str = "", **details: str) -> str:
    result = terminal.sale(amount, card, entry="manual", kind=kind, details=details)
    assert result.ok, result
    return result.stan


def change(terminal: Terminal, how: Callable[[Records], Records]) -> None:
    """Change the books of a terminal."""
    books = terminal.state.batch_books
    records = how(books.records)
    assert records != books.records
    terminal._core.machine.state = replace(terminal.state, batch_books=replace(books, records=records))


def miscount(terminal: Terminal, what: Miscount, operation: Callable[[], Result]) -> Result:
    before = terminal.state.batch_books.records
    result = operation()
    change(terminal, lambda after: MISCOUNTS[what].change(before, after))
    return result


def also_counts(terminal: Terminal, result: Result, side: Side) -> None:
    """Count what is in no totals, as some terminals do."""
    assert result.exchange is not None
    record = BatchRecord(
        result.service,
        terminal.state.batch,
        result.stan,
        side,
        int(str(result.exchange.request[4])),
        "request",
        "6212345678901232",
    )
    change(terminal, lambda records: (*records, record))


def _left_out(terminal: Terminal) -> None:
    sell(terminal, "11.00")
    miscount(terminal, "voided_left_out", terminal.void)


def _reversed(terminal: Terminal) -> None:
    sell(terminal, "11.00")
    miscount(terminal, "not_counted", terminal.reverse)


def _adjusted(terminal: Terminal) -> None:
    stan = sell(terminal, "11.00")
    miscount(terminal, "original_too", lambda: terminal.adjust("12.00", stan=stan))


def _declined(terminal: Terminal) -> None:
    result = terminal.sale("11.00", "blocked", entry="manual")
    assert not result.ok
    also_counts(terminal, result, "debit")


def _foreign(terminal: Terminal) -> None:
    miscount(terminal, "other_class", lambda: terminal.sale("11.00", "visa", entry="manual"))


def _refund(terminal: Terminal) -> None:
    sell(terminal, "11.00")
    miscount(terminal, "not_counted", lambda: terminal.refund("4.00"))


def _void(terminal: Terminal) -> None:
    sell(terminal, "11.00")
    miscount(terminal, "not_counted", terminal.void)


def _netted(terminal: Terminal) -> None:
    sell(terminal, "11.00")
    miscount(terminal, "voided_netted", terminal.void)


def _planted(what: Miscount) -> Callable[[Terminal], None]:
    def plant(terminal: Terminal) -> None:
        miscount(terminal, what, lambda: terminal.sale("11.00", entry="manual"))

    plant.__name__ = what
    return plant


def _other_card(terminal: Terminal) -> None:
    stan = sell(terminal, "11.00")
    other = "6221260012345674"
    change(terminal, lambda records: tuple(replace(one, pan=other) if one.stan == stan else one for one in records))
    miscount(terminal, "not_counted", lambda: terminal.sale("2.00", entry="manual"))  # what balances is not uploaded


def _only_here(terminal: Terminal) -> None:
    own = replace(terminal.state.batch_books.records[0], stan="000777", amount_minor=5000)
    change(terminal, lambda records: (*records, own))


def _kind_left_out(terminal: Terminal) -> None:
    for amount in ("11.00", "13.00"):
        miscount(terminal, "not_counted", lambda: terminal.sale(amount, entry="manual", kind="recurring"))  # noqa: B023


def _points(terminal: Terminal) -> None:
    for amount in ("11.00", "13.00"):
        result = terminal.sale(amount, entry="manual", kind="points", details={"goods": "1"})
        also_counts(terminal, result, "debit")


def _loads(terminal: Terminal) -> None:
    result = terminal.load_chip("11.00", source="cash")
    also_counts(terminal, result, "credit")


def _answer_lost(terminal: Terminal) -> None:
    """Lose the answer, and the outbox with the power: no reversal is sent."""
    before = terminal.state
    assert not terminal.sale(LOST, entry="manual").ok
    terminal._core.machine.state = replace(before, stan=terminal.state.stan)


class Planted(NamedTuple):
    """One cause, and the beginning of the sentence that names it."""

    plant: Callable[[Terminal], None]
    cause: Cause
    why: str
    by: Literal["both", "upload", "totals"] = "both"  # what names it: details that are uploaded, the totals alone
    beside: tuple[Cause, ...] = ()  # what is named too


PLANTED: Final = (
    Planted(_answer_lost, "answer_lost", "sale STAN 000003 (19.00): the answer did not reach the terminal"),
    Planted(_left_out, "voided_left_out", "sale STAN 000003 (11.00): voided, and left out of the terminal's debits"),
    Planted(
        _netted, "voided_netted", "sale STAN 000003 (11.00), void STAN 000004 (11.00): the terminal leaves", "totals"
    ),
    Planted(_reversed, "reversed_counted", "sale STAN 000003 (11.00): reversed at the host, and still counted"),
    Planted(_adjusted, "original_counted", "sale STAN 000003 (11.00): adjusted since, and still counted"),
    Planted(_declined, "declined_counted", "sale STAN 000003 (11.00): declined by the host, and counted"),
    Planted(_foreign, "other_class", "sale STAN 000003 (11.00): counted among the other cards"),
    Planted(_refund, "refund_missing", "refund STAN 000004 (4.00): not among the terminal's credits"),
    Planted(_void, "void_missing", "void STAN 000004 (11.00): not among the terminal's credits"),
    Planted(_planted("twice"), "twice", "sale STAN 000003 (11.00): counted twice at the terminal"),
    Planted(_planted("other_side"), "other_side", "sale STAN 000003 (11.00): counted on the other side"),
    Planted(_planted("extra_number"), "number_only", "the amounts agree and the numbers do not: the terminal counts 1"),
    Planted(_planted("not_counted"), "host_only", "sale STAN 000003 (11.00): booked at the host, and not counted"),
    Planted(_planted("other_amount"), "other_amount", "STAN 000003 (621234******1232) is counted as 11.01", "upload"),
    Planted(
        _other_card,
        "other_card",
        "STAN 000003 has card 622126******5674 at the terminal and 62",
        "upload",
        ("host_only",),
    ),
    Planted(_only_here, "terminal_only", "the terminal counts STAN 000777 (621234******1232, 50.00), which", "upload"),
    Planted(
        _kind_left_out, "kind_left_out", "recurring sale STAN 000003 (11.00), recurring sale STAN 000004 (13.00): the"
    ),
    Planted(_points, "kind_counted", "points sale STAN 000003 (11.00), points sale STAN 000004 (13.00): counted"),
    Planted(_loads, "kind_counted", "load with cash STAN 000003 (11.00): counted at the terminal"),
)
"""All causes but two: `wrong_batch` needs two batches, `unexplained` is none."""
