"""Chip parameters (IC卡参数下载): which applications there are, the parameters of each, and the end.

UnionPay: 0820 function 382, 0800 functions 380 and 381.
"""

from __future__ import annotations

from acquirer.data.text import plural
from acquirer.downloads.aids import read_aid_name, write_aid, write_aid_list
from acquirer.downloads.lists import page_of, read_query
from acquirer.host.case import Case
from acquirer.host.decision import Decision
from acquirer.host.downloading import answer, fetched, read_wanted
from acquirer.host.explain import downloads as why
from acquirer.host.registry import service


@service("aid_query")
def aid_query(case: Case) -> Decision:
    """List the applications behind those that the terminal knows of."""
    received = read_wanted(case, read_query)
    aids = tuple(case.host.downloads.aids.values())
    page = page_of(aids, received, case.host.dialect.downloads.page)
    sentence = why.page_handed_out(page, len(aids), "applications")
    return answer(case, sentence, write_aid_list(page.control, page.entries))


@service("aid")
def aid(case: Case) -> Decision:
    """Hand out the parameters of one application."""
    name = read_wanted(case, read_aid_name)
    aids = case.host.downloads.aids
    if name not in aids:
        return answer(case, why.aid_unknown(name, tuple(aids)), b"0")
    sentence = f"application {name}, {plural(len(aids[name].values), 'parameter')}"
    return answer(case, sentence, write_aid(aids[name]))


@service("aid_end")
def aid_end(case: Case) -> Decision:
    """Note that the terminal has the parameters of all applications."""
    return fetched(case, "aid")
