"""Differences of totals as vectors, so that what makes them can be added up and looked for."""

from __future__ import annotations

from typing import Final

from acquirer.settlement.totals import BatchTotals, Side, Totals

TotalsDifference = tuple[int, ...]
"""By how much the terminal's totals are higher: amount and number of domestic debits and credits, of foreign ones."""

NO_DIFFERENCE: Final[TotalsDifference] = (0,) * 8


def unit(foreign: bool, side: Side, amount_minor: int, number: int = 1) -> TotalsDifference:
    """Return what one transaction adds on one side."""
    delta = [0] * 8
    place = 4 * foreign + 2 * (side == "credit")
    delta[place], delta[place + 1] = amount_minor, number
    return tuple(delta)


def difference_of(terminal: BatchTotals, host: BatchTotals) -> TotalsDifference:
    """Return by how much the terminal counts more than the host."""
    return tuple(
        figure
        for one in terminal.minus(host)
        for figure in (one.debit_minor, one.debits, one.credit_minor, one.credits)
    )


def as_totals(delta: TotalsDifference) -> BatchTotals:
    """Return a difference as totals; figures may be negative."""
    return BatchTotals(Totals(*delta[:4]), Totals(*delta[4:]))


def plus(one: TotalsDifference, other: TotalsDifference) -> TotalsDifference:
    """Return two differences together."""
    return tuple(a + b for a, b in zip(one, other, strict=True))


def minus(one: TotalsDifference, other: TotalsDifference) -> TotalsDifference:
    """Return what is left of a difference without another."""
    return tuple(a - b for a, b in zip(one, other, strict=True))


def times(one: TotalsDifference, factor: int) -> TotalsDifference:
    """Return a difference so many times."""
    return tuple(factor * figure for figure in one)
