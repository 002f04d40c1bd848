"""Keys that protect nothing, said aloud when terminals are registered."""

from __future__ import annotations

from collections.abc import Iterable

from acquirer.security.secret import Secret
from acquirer.settings.registration import Registration


def weak_keys(terminals: Iterable[Registration]) -> list[str]:
    """Return a sentence for each key that protects nothing.

    Such a key has equal bytes only, is a weak DES key, or has halves that undo 3DES.
    """
    holders: dict[tuple[str, Secret], list[str]] = {}
    for terminal in terminals:
        for name, key in (("TMK", terminal.tmk), ("BDK", terminal.bdk)):
            if key is not None and key.weak:
                holders.setdefault((name, key), []).append(terminal.tid)
    return [
        f"the {name} of terminal {tids[0]}{f' and {len(tids) - 1} more' * (len(tids) > 1)} (KCV {key.kcv()}) is a weak "
        "key, like one of zeros: it is among the first that an attacker tries, and opens all that it protects"
        for (name, key), tids in holders.items()
    ]
