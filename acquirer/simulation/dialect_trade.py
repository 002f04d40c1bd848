"""What people of a simulation can do in a dialect, and the terminals that speak it there.

A plan is drawn alike for every dialect. What one has no message for is replaced by something that it has, chosen by the
number of the part, so that parts can be left out and the others stay as they were.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from acquirer.app.terminal_options import TerminalOptions
from acquirer.data.toml import Document
from acquirer.dialect.compiled import CompiledDialect
from acquirer.dialect.dialect import Dialect, Route
from acquirer.errors import ConfigurationError
from acquirer.settings.registration import Registration
from acquirer.settings.specs import load_dialect
from acquirer.settings.terminals import terminals_of
from acquirer.simulation.plan import PlannedOperation
from acquirer.simulation.transaction_choices import LISTED, TRANSACTIONS

MID: Final = "880210010210162"
TMK: Final = "258FB0AB70D025CDB99DF2C4D302D646"
SM4_TMK: Final = "1234567890ABCDEFABCDEF0987654321"
AES_TMK: Final = "000102030405060708090A0B0C0D0E0F"
BDK: Final = "0123456789ABCDEFFEDCBA9876543210"
"""Published test keys: those of the demo terminals, and an AES key of FIPS 197."""

NEEDED: Final = ("sale", "reversal")
"""Without these there is nothing to simulate: a shop that sells nothing, or never learns what became of a sale."""

PART_BYTES: Final = 300
"""Signatures of every second terminal go in parts; the pen's have 200 to 500 bytes."""

OPTIONAL: Final = {"sign": "signature", "upload": "signature", "settle": "settlement"}
"""What is done at a terminal beside transactions, and the message that a dialect may not have for it."""

ELSEWHERE: Final = {"refund elsewhere": "refund", "completion elsewhere": "completion"}
"""What is done about another terminal's transaction, and the message of it."""


class DialectTradeError(ConfigurationError, ValueError):
    """A dialect that no simulation can be run in."""


@dataclass(frozen=True, slots=True)
class DialectTrade:
    """A dialect, and what can be done in it."""

    name: str  # as it was asked for: a shipped one, or a file
    compiled: CompiledDialect
    services: frozenset[str]  # that its host serves
    transactions: tuple[str, ...]  # of `TRANSACTIONS`, those that it has messages for
    signs: bool  # cardholders sign electronically
    cuts: bool  # such signatures may go in parts
    settles: bool  # batches are settled
    has_operators: bool  # messages name them

    @property
    def dialect(self) -> Dialect:
        """What is spoken."""
        return self.compiled.dialect

    def adapted(self, operation: PlannedOperation) -> PlannedOperation:
        """Return an operation as it can be done here."""
        name, choice = operation.name, operation.choice
        if not self._can(name):
            name = self.transactions[operation.number % len(self.transactions)]
        entries = self._entries
        choice = replace(
            choice,
            signs=choice.signs and self.signs,
            entry=choice.entry if choice.entry in entries else next(iter(entries)),
        )
        return replace(operation, name=name, choice=choice)

    def registration(self, tid: str, listed: bool) -> Registration:
        """Return a terminal as its host knows it; `listed`: with its operators."""
        operators = {"operators": [*LISTED]} if listed else {}
        table = {"tid": tid, "mid": MID, "name": "SIMULATED SHOP", "test": True, **self._keys(), **operators}
        return terminals_of(Document("terminal", {"terminal": [table]}, {}))[0]

    def options(self, number: int) -> TerminalOptions:
        """Return how a terminal of this number is set up: every second one keeps its connection, and so on."""
        options: TerminalOptions = {
            "dialect": self.name,
            "mid": MID,
            "offline_upload": ("after-next", "before-settlement", "at-once")[number % 3],
            "offline_most": 3 if number % 3 == 1 else 0,
            "keep_open": number % 2 == 1,
            "sign_parts": self.part_bytes(number),
            "sign_upload": "at-once" if number % 4 == 3 else "after-next",
        }
        known = self.registration("90000001", False)
        if known.tmk is not None:
            options["tmk"] = known.tmk
        if known.bdk is not None:
            options["bdk"] = known.bdk
        return options

    def part_bytes(self, number: int) -> int:
        """Return how large the parts are into which a terminal of this number cuts signatures; 0: it does not."""
        return PART_BYTES if self.cuts and number % 2 == 1 else 0

    @property
    def _entries(self) -> tuple[str, ...]:
        profile = self.dialect.terminal_profile
        assert profile is not None
        return tuple(profile.entries)

    def _can(self, name: str) -> bool:
        if name in TRANSACTIONS:
            return name in self.transactions
        if name == "log_on":
            return self.has_operators
        service = (OPTIONAL | ELSEWHERE).get(name)
        return service is None or service in self.services

    def _keys(self) -> dict[str, Any]:
        """Return the key that its terminals come with."""
        if self.compiled.suite.dukpt is not None:
            return {"bdk": BDK}
        profile = self.dialect.terminal_profile
        selector = profile.package if profile is not None else ""
        return KEYS[self.compiled.suite.wraps.get(selector, "3des")]


KEYS: Final[dict[str, dict[str, str]]] = {
    "3des": {"tmk": TMK},
    "sm4": {"tmk": SM4_TMK, "tmk_cipher": "sm4"},
    "aes": {"tmk": AES_TMK, "tmk_cipher": "aes"},
}
"""The master key of a terminal, by the cipher that its working keys come under."""


@lru_cache(maxsize=16)  # a campaign has one; the tests have each that ships
def trade_in(name: str) -> DialectTrade:
    """Return what can be done in a dialect, by its name or by the path of its file.

    Raises:
        DataError: there is no such dialect, or it is wrong: with file, line and key.
        DialectTradeError: its host does not sell, or it does not say how its terminals behave.
    """
    dialect = load_dialect(name)
    if dialect.terminal_profile is None:
        raise DialectTradeError(
            f"--dialect: {dialect.name} has no [terminal], so no terminal of it can be played; name one that has"
        )
    supplied = [route for route in dialect.routes if route.served and not _lacks(dialect, route)]
    services = frozenset(route.service for route in supplied)
    if missing := [service for service in NEEDED if service not in services]:
        route = next((one for one in dialect.routes if one.served and one.service == missing[0]), None)
        if route is not None:
            problem = f"our terminal does not supply '{_lacks(dialect, route)}', which its {missing[0]} needs"
            hint = "give it a value in [constants], or name another dialect"
            raise DialectTradeError(f"--dialect: {dialect.name}: {problem}: {hint}")
        problem = f"{dialect.name} serves no {missing[0]}, and a simulation is about sales and what undoes them"
        raise DialectTradeError(f"--dialect: {problem}; name one that does")
    compiled = CompiledDialect(dialect)
    signature = dialect.terminal_profile.signature
    return DialectTrade(
        name,
        compiled,
        services,
        tuple(kind for kind in TRANSACTIONS if kind in services),
        signature is not None and "signature" in services,
        signature is not None and signature.parts is not None,
        "settlement" in services,
        "operator" in dialect.elements,
    )


def _lacks(dialect: Dialect, route: Route) -> str:
    """Return the first element of a route that only other terminals supply, and no constant does; "" without one."""
    missing = (name for name in route.supplied_by_others if name not in dialect.constants)
    return next(missing, "")
