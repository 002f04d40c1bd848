"""A host as one test sees it, in this process or in another one."""

from __future__ import annotations

from acquirer.testing.clock import HostClock
from acquirer.testing.faults import RunningFaults
from acquirer.testing.host import RunningHost
from acquirer.testing.remote_host import RemoteHost
from acquirer.testing.remote_rules import RemoteFaults, RemoteRules
from acquirer.testing.remote_time import RemoteClock
from acquirer.testing.rules import RunningRules

HostUnderTest = RunningHost | RemoteHost
ClockUnderTest = HostClock | RemoteClock
RulesUnderTest = RunningRules | RemoteRules
FaultsUnderTest = RunningFaults | RemoteFaults
