"""Sentences about causes for which the totals of a batch differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

from acquirer.data.text import plural
from acquirer.host.kinds import title_of
from acquirer.host.text import money
from acquirer.model.rows import Transaction
from acquirer.settlement.totals import BatchTotals

Cause = Literal[
    "answer_lost",
    "reversed_counted",
    "original_counted",
    "declined_counted",
    "voided_left_out",
    "void_missing",
    "refund_missing",
    "other_class",
    "other_side",
    "other_amount",
    "other_card",
    "twice",
    "voided_netted",
    "host_only",
    "terminal_only",
    "wrong_batch",
    "kind_left_out",
    "kind_counted",
    "number_only",
    "unexplained",
]

NAMED_MOST: Final = 5


def _which(transactions: Sequence[Transaction], others: Sequence[Transaction]) -> str:
    """Return transactions in words, and those that would make the same difference."""
    named = [f"{title_of(one.kind)} STAN {one.key.stan} ({money(one.amount_minor)})" for one in transactions]
    more = f" and {len(named) - NAMED_MOST} more" if len(named) > NAMED_MOST else ""
    words = ", ".join(named[:NAMED_MOST]) + more
    if others:
        stans = ", ".join(one.key.stan for one in others[:NAMED_MOST])
        words += f", or as well STAN {stans}"
    return words


def _of(words: str) -> Callable[..., str]:
    return lambda transactions, others=(): words.format(_which(transactions, others))


def _terminal_only(stan: str, card: str, amount_minor: int) -> str:
    return (
        f"the terminal counts STAN {stan} ({card}, {money(amount_minor)}), which the host has never booked: done off "
        "line and not sent, or of another host"
    )


def _other_amount(stan: str, card: str, terminal_minor: int, host_minor: int) -> str:
    return (
        f"STAN {stan} ({card}) is counted as {money(terminal_minor)} at the terminal and as {money(host_minor)} at the "
        "host: a tip, a partial approval, or a wrong amount"
    )


def _other_card(stan: str, terminal_card: str, host_card: str) -> str:
    return f"STAN {stan} has card {terminal_card} at the terminal and {host_card} at the host: one number for two sales"


def _number_only(more: int) -> str:
    who, how_many = ("more", more) if more > 0 else ("fewer", -more)
    amount = plural(how_many, "transaction") if how_many else "other numbers of transactions"
    return f"the amounts agree and the numbers do not: the terminal counts {amount}{f' {who}' if how_many else ''}"


def unexplained(left: BatchTotals, *, some: bool) -> str:
    """Say that a difference is made by nothing that is known."""
    figures = ", ".join(
        f"{name} {money_signed(amount)} in {number:+}"
        for name, amount, number in (
            ("domestic debits", left.domestic.debit_minor, left.domestic.debits),
            ("domestic credits", left.domestic.credit_minor, left.domestic.credits),
            ("foreign debits", left.foreign.debit_minor, left.foreign.debits),
            ("foreign credits", left.foreign.credit_minor, left.foreign.credits),
        )
        if amount or number
    )
    beside = " beside that" if some else ""
    return f"the terminal counts otherwise{beside}: {figures}; no transaction of the batch makes this difference"


def money_signed(minor: int) -> str:
    """Return a difference of amounts.

    >>> money_signed(-1234), money_signed(5)
    ('-12.34', '+0.05')
    """
    return f"{'-' if minor < 0 else '+'}{money(abs(minor))}"


SENTENCES: Final[Mapping[Cause, Callable[..., str]]] = {
    "answer_lost": _of("{}: the answer did not reach the terminal, which counts nothing and sent no reversal"),
    "reversed_counted": _of("{}: reversed at the host, and still counted at the terminal"),
    "original_counted": _of("{}: adjusted since, and still counted at the terminal beside its adjustment"),
    "declined_counted": _of("{}: declined by the host, and counted at the terminal"),
    "voided_left_out": _of(
        "{}: voided, and left out of the terminal's debits; a voided sale stays counted, its void is a credit"
    ),
    "void_missing": _of("{}: not among the terminal's credits"),
    "refund_missing": _of("{}: not among the terminal's credits"),
    "other_class": _of(
        "{}: counted among the other cards at the terminal, domestic for foreign or the other way round"
    ),
    "other_side": _of("{}: counted on the other side at the terminal, a debit as a credit or the other way round"),
    "other_amount": _other_amount,
    "other_card": _other_card,
    "twice": _of("{}: counted twice at the terminal"),
    "voided_netted": _of("{}: the terminal leaves out both a voided sale and its void; totals are gross"),
    "host_only": _of("{}: booked at the host, and not counted at the terminal"),
    "terminal_only": _terminal_only,
    "wrong_batch": _of("{}: counted here at the terminal, and in another batch at the host"),
    "kind_left_out": _of("{}: the terminal counts no transactions of this kind"),
    "kind_counted": _of("{}: counted at the terminal, and in no totals at the host, as no transaction of this kind"),
    "number_only": _number_only,
    "unexplained": unexplained,
}
"""Cause → the function that says it."""
