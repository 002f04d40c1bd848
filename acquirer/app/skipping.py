"""The time of a host that may be set ahead: of one on a loop whose timers can be, with a clock that goes along."""

from __future__ import annotations

from acquirer.app.serve import Running
from acquirer.process.virtual_time import VirtualClock, VirtualLoop, VirtualTime


def virtual_time_of(running: Running) -> VirtualTime | None:
    """Return what sets a host's time ahead; None: its time is the machine's."""
    loop, clock = running.driver.loop, running.parts.clock
    if not isinstance(loop, VirtualLoop) or not isinstance(clock, VirtualClock):
        return None
    return VirtualTime(loop, clock, lambda: running.driver.at_rest and running.store.at_rest)
