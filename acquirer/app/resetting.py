"""Bringing parts of a host back to how it began, while it serves: so that one host is fresh for each run of tests."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final

from acquirer.app.serve import Running
from acquirer.errors import PeerError

PARTS: Final = ("journal", "rules", "faults", "scenarios", "sessions", "books")
"""What can be reset: the journal with its marks; rules and faults, to those of the settings; the states of scenarios;
sign-ons and working keys; transactions, batches, signatures and what cards have spent."""

STORED: Final = ("journal", "sessions", "books")

REST_S: Final = 2.0
"""So long is waited for exchanges that are under way: one takes milliseconds, and what a rule held goes on at once."""

LOOK_AGAIN_S: Final = 0.002


class HostBusyError(PeerError):
    """Exchanges go on all the time, so that nothing can be changed between two of them."""


async def reset_parts(running: Running, parts: Collection[str]) -> int:
    """Bring parts of a host back to how it began, between two exchanges; return the generation that is in force then.

    What rules hold goes on first.

    Raises:
        HostBusyError: there is no moment between two exchanges; nothing is changed then.
        StoreError: the store cannot be written; nothing is changed then.
    """
    rules, faults = running.parts.rules, running.parts.faults
    if stored := [part for part in STORED if part in parts]:
        await _settle(running)
        running.store.reset(stored)
    if "rules" in parts:
        rules.clear()
        rules.add(*running.parts.first_rules)
    elif "scenarios" in parts:
        rules.restart_scenarios()
    if "faults" in parts:
        running.change_faults(lambda there: there.switch(running.parts.first_faults))
    if "journal" in parts:
        running.journal_changes.notify()
    return faults.generation.number


async def _settle(running: Running) -> None:
    driver, store, loop = running.driver, running.store, running.driver.loop
    end_s = loop.time() + REST_S
    while True:
        driver.held.resume()
        if driver.at_rest and store.at_rest:
            return
        if loop.time() >= end_s:
            raise HostBusyError(
                f"exchanges went on for {REST_S:g} s without a pause; reset when the terminals are quiet, or reset "
                "rules, faults and scenarios alone"
            )
        await asyncio.sleep(LOOK_AGAIN_S)
