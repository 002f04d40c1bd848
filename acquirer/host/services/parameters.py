"""Terminal parameters (参数下载): a list of codes with values, and the end.

UnionPay: 0800, function 360, or 364 as some terminals send it; end 361. Terminals for software downloads (TMS) send 364
too, as a notice: where that was asked for, it is answered without parameters, which means that there is nothing to do.
"""

from __future__ import annotations

from typing import Final

from acquirer.data.text import plural
from acquirer.downloads.parameters import write_parameters
from acquirer.host.case import Case
from acquirer.host.decision import Decision
from acquirer.host.downloading import answer, fetched
from acquirer.host.registry import service

SOFTWARE_NOTICE: Final = "364"


@service("parameters")
def parameters(case: Case) -> Decision:
    """Hand out the parameters; a merchant's name that the host was given none for is the terminal's."""
    host, terminal = case.host, case.terminal
    pending = case.session.downloads
    if host.read.function(case.fields) == SOFTWARE_NOTICE and pending[:1] == ("software",):
        return answer(case, "no software here: nothing to do")
    values = dict(host.downloads.parameters)
    if not values:
        return answer(case, "no parameters here: nothing changes")
    if terminal.name and "merchant_name" not in values:
        values["merchant_name"] = _in_gbk(terminal.name)
    return answer(case, f"{plural(len(values), 'parameter')}", write_parameters(values))


@service("parameters_end")
def parameters_end(case: Case) -> Decision:
    """Note that the terminal has its parameters."""
    return fetched(case, "parameters")


def _in_gbk(name: str) -> str:
    """Return a terminal's name as it fits its parameter: 40 bytes of GBK."""
    return name.encode("gbk", "replace")[:40].decode("gbk", "ignore")
