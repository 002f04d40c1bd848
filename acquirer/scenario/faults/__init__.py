"""Faults: damage that a host does to its own replies, on purpose and declared. One file per kind.

A fault has a name, a kind with parameters of its own, and conditions that must all hold. It is written as TOML or as
one text::

    [[fault]]
    name = "tunnel"
    kind = "late"
    after = "3s"
    service = "sale"
    amount = "13.13"

    late:after=3s,service=sale,amount=13.13,name=tunnel

A fault never changes a decision. One of stage "before decision" loses the request before anything is decided; every
other is applied once the decision is durable. So a sale answered with silence is booked, and its reversal finds it. All
faults that match an exchange act, in the order of their stages; faults of a line act on connections.

Every module of this package is a kind and is named as it; `acquirer.scenario.registry` finds them. How to add one:
docs/adding-a-fault.md.
"""

from acquirer.scenario.active_faults import Faults
from acquirer.scenario.conflicts import FaultConflictError
from acquirer.scenario.declaration import load, parse
from acquirer.scenario.fault import Fault, apply_all
from acquirer.scenario.fault_kind import REPLY_STAGES, FaultContext, FaultKind, Stage

__all__ = [
    "REPLY_STAGES",
    "Fault",
    "FaultConflictError",
    "FaultContext",
    "FaultKind",
    "Faults",
    "Stage",
    "apply_all",
    "load",
    "parse",
]
