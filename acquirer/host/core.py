"""A host's configuration: everything a decision needs that is no message and no row. Immutable but for its memos."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Final

from acquirer.dialect.clock import clock_forms
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.plans import MessagePlans
from acquirer.dialect.readers import Elements
from acquirer.dialect.suite import Suite
from acquirer.host.calendar import Calendar
from acquirer.host.issuer.decisions import CardTable
from acquirer.host.keys import KeyRing
from acquirer.host.signature_policy import Checks
from acquirer.scenario.faults import Faults
from acquirer.security.vault import Vault
from acquirer.wire.elements import read

Randbytes = Callable[[int], bytes]

SILENT_CENTS: Final = 98
"""The magic amount that gets no reply: 98 is also what the terminal then gives as the reason of its reversal."""

SWIPED: Final = "S"
"""The letter on receipts by which a dialect tells a swiped card from a fallback to its stripe."""


@dataclass(frozen=True, slots=True)
class HostOptions:
    """Switches of a whole host."""

    magic_amounts: bool = False  # the cents of an amount are the numeric response code; 98 is not answered at all
    checks: Checks = field(default_factory=Checks)  # of signatures


class Host:
    """One acquirer speaking one dialect. Shared by all its connections; used from one thread."""

    __slots__ = (
        "calendar",
        "dialect",
        "faults",
        "has_batch",
        "issuer",
        "keys_as_text",
        "options",
        "plans",
        "randbytes",
        "read",
        "ring",
        "sign_on_nibble",
        "signs_on",
        "stripes",
        "suite",
        "vault",
    )

    def __init__(
        self,
        dialect: Dialect,
        vault: Vault,
        randbytes: Randbytes,
        issuer: CardTable,
        faults: Faults,
        timezone: tzinfo,
        options: HostOptions = HostOptions(),
    ) -> None:
        self.dialect = dialect
        self.vault = vault
        self.randbytes = randbytes
        self.issuer = issuer
        self.faults = faults
        self.options = options
        self.suite = Suite(dialect)
        self.ring = KeyRing(vault)
        self.calendar = Calendar(timezone, clock_forms(dialect))
        self.plans = MessagePlans(dialect)
        self.read = Elements.of(dialect)
        keys = dialect.elements.get("keys")
        self.keys_as_text = keys is not None and dialect.fields[keys.de].kind != "b"
        self.signs_on = any(route.service == "sign_on" and route.served for route in dialect.routes)
        self.has_batch = "batch" in dialect.elements
        self.stripes = frozenset(_stripes(dialect))
        wishes = dialect.terminal_profile.head if dialect.terminal_profile else {}
        nibbles = {wish: int(nibble, 16) for nibble, wish in wishes.items()}
        self.sign_on_nibble = nibbles.get("sign_on", 0)  # of the reply's head; 0 asks for nothing


def _stripes(dialect: Dialect) -> Iterator[str]:
    """What element `card_entry`, a part of `entry_mode`, says of a card that was swiped."""
    whole, part, profile = (
        dialect.elements.get("entry_mode"),
        dialect.elements.get("card_entry"),
        dialect.terminal_profile,
    )
    if profile is None or whole is None or part is None:
        return
    for entry in profile.entries.values():
        if entry.letter == SWIPED:
            value = read({whole.de: profile.entry_mode(entry, pin=False)}, part)
            if isinstance(value, str):
                yield value
