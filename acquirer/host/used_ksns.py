"""The KSNs that terminals have used: a device counts on with every message that it makes, and never back.

A counter that comes again is the sign of a terminal that lost its state, makes a MAC anew under a used key, or shares
its number with another device. Only what one process has seen counts, because it leads to notes and to no decision.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

from acquirer.wire.masking import known_particulars

_TERMINALS_MOST: Final = 20_000
"""Terminals that are remembered, about 300 bytes each; those that came first are forgotten first."""


class UsedKsn(NamedTuple):
    """The last KSN of a terminal, split, and the MAC that was made under it."""

    device: bytes  # the KSN with a counter of zeros
    counter: int
    mac: bytes
    note: str = ""  # what was said of it


class UsedKsns:
    """Remembers the last KSN of each terminal. For one thread."""

    __slots__ = ("_by_tid",)

    def __init__(self) -> None:
        self._by_tid: OrderedDict[str, UsedKsn] = OrderedDict()

    def copied(self) -> UsedKsns:
        """Return the same once more."""
        other = UsedKsns()
        other._by_tid = self._by_tid.copy()
        return other

    def last(self, tid: str) -> UsedKsn | None:
        """Return what a terminal used last; None: nothing since the process began."""
        return self._by_tid.get(tid)

    def use(self, tid: str, device: bytes, counter: int, mac: bytes) -> str:
        """Note a KSN whose message has a right MAC; deciding about it again changes nothing.

        Returns:
            A note about a KSN that no terminal sends after the one before; "" of any other.
        """
        before = self._by_tid.get(tid)
        if before is not None and (before.device, before.counter, before.mac) == (device, counter, mac):
            return before.note  # the same message
        note = "" if before is None else _note(before, device, counter)
        self._by_tid[tid] = UsedKsn(device, counter, mac, note)
        if before is None and len(self._by_tid) > _TERMINALS_MOST:
            self._by_tid.popitem(last=False)
        return note


def _note(before: UsedKsn, device: bytes, counter: int) -> str:
    if before.device != device:
        return (
            f"ksn-other-device: KSNs of this terminal began with {beginning(before.device)} before, this one with "
            f"{beginning(device)}: it was injected anew, or two devices share the number; give each a number of its own"
        )
    if counter == before.counter:
        return (
            f"ksn-used-again: counter {counter} has made another message before: count on for each message that gets "
            "a MAC, also for one that is sent again with another content"
        )
    if counter < before.counter:
        return (
            f"ksn-went-back: counter {counter} comes after {before.counter}: keep the counter where power cuts and "
            "restarts leave it, and never set it back"
        )
    return ""


def beginning(device: bytes) -> str:
    """Return the part of a KSN that tells one device from another, as people compare it."""
    return known_particulars(device.hex().upper().rstrip("0"))
