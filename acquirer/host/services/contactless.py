"""Contactless parameters (非接业务参数下载), and the end. UnionPay: 0800 functions 394 and 395."""

from __future__ import annotations

from acquirer.data.text import plural
from acquirer.downloads.contactless import write_contactless
from acquirer.host.case import Case
from acquirer.host.decision import Decision
from acquirer.host.downloading import answer, fetched
from acquirer.host.registry import service


@service("contactless")
def contactless(case: Case) -> Decision:
    """Hand out the contactless parameters."""
    values = case.host.downloads.contactless
    if not values:
        return answer(case, "no contactless parameters here: nothing changes")
    content = write_contactless(values, case.host.dialect.downloads.contactless)
    return answer(case, plural(len(values), "contactless parameter"), content)


@service("contactless_end")
def contactless_end(case: Case) -> Decision:
    """Note that the terminal has the contactless parameters."""
    return fetched(case, "contactless")
