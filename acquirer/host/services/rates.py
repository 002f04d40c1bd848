"""Currency rates (汇率下载): all in one message, without an end. UnionPay: 0300, function 800."""

from __future__ import annotations

from acquirer.data.text import plural
from acquirer.downloads.rates import write_rates
from acquirer.host.case import Case
from acquirer.host.decision import Decision
from acquirer.host.downloading import fetched
from acquirer.host.registry import service


@service("rates")
def rates(case: Case) -> Decision:
    """Hand out the rates; the terminal is asked for them no more."""
    rows = case.host.downloads.rates
    sentence = plural(len(rows), "currency rate") if rows else "no currency rates here"
    return fetched(case, "rates", sentence, write_rates(rows))
