"""The clock of a loop, at once or by the loop."""

import asyncio
import time

from acquirer.net.reactor import loop_time
from acquirer.process.virtual_time import VirtualLoop


def test_the_time_of_an_ordinary_loop_is_the_monotonic_clock():
    loop = asyncio.new_event_loop()
    try:
        assert loop_time(loop) is time.monotonic
        assert loop.time() <= loop_time(loop)() <= loop.time()
    finally:
        loop.close()


def test_the_time_of_a_virtual_loop_is_its_own():
    loop = VirtualLoop()
    try:
        loop._ahead_s = 1000.0
        assert loop_time(loop)() - time.monotonic() > 999
    finally:
        loop.close()
