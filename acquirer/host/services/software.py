"""The end of a software download (TMS): a host without software has nothing to do. UnionPay: 0800, function 365.

The notice before it, 364, is answered by `parameters`.
"""

from __future__ import annotations

from acquirer.host.case import Case
from acquirer.host.decision import Decision
from acquirer.host.downloading import fetched
from acquirer.host.registry import service


@service("software_end")
def software_end(case: Case) -> Decision:
    """Note that the terminal has asked for software."""
    return fetched(case, "software")
