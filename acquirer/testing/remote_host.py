"""A host in another process as tests see it through HTTP: what `RunningHost` is for one in the same process.

Rules, faults, terminals and clock are changed by requests; the journal is searched here, page by page, so that what a
failed assertion says is the same for both. Terminals of ours wait in real time. What is registered stays registered.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import count
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from acquirer.app.dialects import served_dialect
from acquirer.app.host_client import HostClient
from acquirer.dialect.compiled import CompiledDialect
from acquirer.dialect.dialect import Dialect
from acquirer.model.effects import Hold
from acquirer.security.clear_keys import clear_hex
from acquirer.settings.door_file import HostDoor
from acquirer.settings.registration import Registration
from acquirer.settings.terminal_values import read_downloads
from acquirer.testing.enrolment import FIRST_TID
from acquirer.testing.external import NotInProcessError
from acquirer.testing.host import RULE_WORDS
from acquirer.testing.journal import Journal
from acquirer.testing.remote_journal import RemoteChanges, RemoteSource
from acquirer.testing.remote_rules import RemoteFaults, RemoteRules
from acquirer.testing.remote_time import RemoteClock

LAST_TID: Final = 99_999_999
_TRIES: Final = 100


class RemoteHost:
    """A host that is reached at `url`. Raises HostUnreachableError, HostRefusalError."""

    def __init__(self, url: str, token: str = "") -> None:
        self.client = HostClient(HostDoor(url.rstrip("/"), token, 0))
        about = self.client.ask("GET", "/version")
        self._listeners: list[dict[str, str]] = about["listeners"]
        self.address: str = self.address_at(0)
        self.host, _, port = self.address.rpartition(":")
        self.port = int(port)
        self._session = secrets.token_hex(3)  # other sessions may use the host at the same time
        self._rules_named = count(1)
        timezone = ZoneInfo(about["timezone"])
        self.clock = RemoteClock(self.client, timezone)
        source = RemoteSource(self.client)
        self.changes = RemoteChanges(source)
        self.journal = Journal(source, self.changes, timezone, self._dialect_named)
        self.rules = RemoteRules(self.client)
        self.faults = RemoteFaults(self.client)

    @cached_property
    def compiled(self) -> tuple[CompiledDialect, ...]:
        """Return the dialect of each listener. Raises DataError: one does not ship, and is no file here."""
        return tuple(served_dialect(one["dialect"]) for one in self._listeners)

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        """Return what its listeners speak."""
        return tuple(one.dialect for one in self.compiled)

    def compiled_of(self, dialect: str = "") -> CompiledDialect:
        """Return a dialect that it speaks, the first one without a name. Raises LookupError."""
        for one in self.compiled:
            if dialect in ("", one.dialect.name):
                return one
        spoken = ", ".join(sorted({one.name for one in self.dialects}))
        raise LookupError(f"this host does not speak '{dialect}'; it speaks {spoken}")

    def address_of(self, dialect: str) -> str:
        """Return where a dialect is spoken. Raises LookupError: nowhere."""
        return self.address_at(self.dialects.index(self.compiled_of(dialect).dialect))

    def address_at(self, listener: int) -> str:
        """Return where a listener is reached from here."""
        host, _, port = self._listeners[listener]["address"].rpartition(":")
        if host in ("0.0.0.0", "[::]"):  # noqa: S104
            host = self.client.door.url.partition("//")[2].rpartition(":")[0]
        return f"{host}:{port}"

    @property
    def terminals(self) -> Mapping[str, dict[str, Any]]:
        """Return registered terminals as documents, by tid."""
        found: dict[str, dict[str, Any]] = {}
        after: str | None = ""
        while after is not None:
            page = self.client.ask("GET", f"/terminals?limit=1000&after={quote(after, safe='')}")
            found |= {one["tid"]: one for one in page["items"]}
            after = page["next"]
        return found

    def set_apart(self, count: int) -> int:
        """Set terminal numbers apart that the host does not know yet; return how far the first is from `FIRST_TID`."""
        for _ in range(_TRIES):
            first = FIRST_TID + secrets.randbelow(LAST_TID - FIRST_TID - count)
            page = self.client.ask("GET", f"/terminals?limit=1&after={first - 1}")
            if not page["items"] or page["items"][0]["tid"] >= f"{first + count}":
                return first - FIRST_TID
        raise LookupError(
            f"the host at {self.client.door.url} knows nearly all numbers of test terminals; start another"
        )

    def is_set_apart(self, tid: str) -> bool:
        """Return whether a terminal number is one of tests: of this session or of another one."""
        return tid.isdigit() and FIRST_TID <= int(tid) <= LAST_TID

    def name_rule(self, words: str) -> str:
        """Return a name for a rule about something, which no other rule had."""
        return f"expect {words[:RULE_WORDS]} #{self._session}-{next(self._rules_named)}"

    def register(self, *terminals: Registration) -> None:
        """Register terminals, or register them anew."""
        self.client.ask("POST", "/terminals", [_table(one) for one in terminals])

    def rotate_keys(self, tid: str) -> str:
        """Give a terminal other working keys without telling it; return their KCVs."""
        return str(self.client.ask("POST", f"/terminals/{quote(tid, safe='')}/rotate-keys", {})["kcvs"])

    def fetch(self, tid: str, kinds: str | Iterable[str]) -> None:
        """Have the host ask a terminal to download, from its next reply on."""
        wanted = read_downloads(kinds if isinstance(kinds, str) else list(kinds))
        self.client.ask("POST", f"/terminals/{quote(tid, safe='')}/fetch", {"downloads": [*wanted]})

    @property
    def held(self) -> tuple[Hold, ...]:
        """Return what rules hold at the moment."""
        held = self.client.ask("GET", "/held")["held"]
        return tuple(Hold(**{name: value for name, value in one.items() if name != "id"}) for one in held)

    def resume(self, *, tid: str = "", rule: str = "") -> int:
        """Let go on what rules hold; return how many exchanges that were."""
        return int(self.client.ask("POST", "/held/resume", {"tid": tid, "rule": rule})["resumed"])

    def end_restart(self) -> None:
        """Leave a restart that a fault has begun to end by itself: it lasts as long as the fault says."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise NotInProcessError(
            f"acquirer.host.{name} needs a host in this process; of one that is reached by HTTP ask its routes: "
            "acquirer.host.client.ask('GET', '/transactions?tid=…')"
        )

    def _dialect_named(self, name: str) -> Dialect | None:
        return next((dialect for dialect in self.dialects if dialect.name == name), None)


def _table(one: Registration) -> dict[str, Any]:
    """Return a registration as a ``[[terminal]]`` table, its keys in hex."""
    table: dict[str, Any] = {"tid": one.tid, "mid": one.mid, "name": one.name, "mak": one.mak, "test": one.test}
    table["policy"] = {name: getattr(one.policy, name) for name in one.policy.__slots__}
    for name in ("tmk", "bdk"):
        if (key := getattr(one, name)) is not None:
            table |= {name: clear_hex(key), f"{name}_cipher": key.cipher}
    if one.fixed_keys is not None:
        table["fixed_keys"] = {name: clear_hex(key) for name, key in one.fixed_keys.items()}
    table |= {name: [*value] for name in ("operators", "downloads") if (value := getattr(one, name))}
    return table | ({"certificate": one.certificate} if one.certificate else {})
