"""Currency rates (汇率下载): all in one message, without an end. UnionPay: 0300, function 800."""

from __future__ import annotations

from dataclasses import replace

from acquirer.data.text import plural
from acquirer.downloads.rates import write_rates
from acquirer.host.case import Case
from acquirer.host.decision import Decision
from acquirer.host.downloading import answer
from acquirer.host.explain import downloads as why
from acquirer.host.registry import service


@service("rates")
def rates(case: Case) -> Decision:
    """Hand out the rates; the terminal is asked for them no more."""
    rows = case.host.downloads.rates
    after = tuple(one for one in case.session.downloads if one != "rates")
    session = None if after == case.session.downloads else replace(case.session, downloads=after)
    sentence = plural(len(rows), "currency rate") if rows else "no currency rates here"
    return answer(case, f"{sentence}; {why.still_pending(after)}", write_rates(rows), session=session)
