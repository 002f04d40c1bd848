"""Rules and faults of a host in another process, changed through HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

from acquirer.app.host_client import HostClient, HostRefusalError
from acquirer.scenario.faults import Fault, FaultConflictError
from acquirer.scenario.rules import Rule
from acquirer.scenario.writing import fault_table, rule_table


class RemoteRules:
    """Rules in force. See `testing.rules.RunningRules`."""

    def __init__(self, client: HostClient) -> None:
        self._client = client

    def add(self, *rules: Rule) -> int:
        """Put rules in force, all at once; return the generation of the exchanges that follow."""
        return int(self._client.ask("POST", "/rules", [rule_table(rule) for rule in rules])["generation"])

    def remove(self, *names: str) -> None:
        """Take rules out of force."""
        for name in names:
            self._client.ask("DELETE", f"/rules/{quote(name, safe='')}")

    def clear(self) -> None:
        """Take all rules out of force, those of other tests too."""
        self._client.ask("DELETE", "/rules")

    def used(self) -> Mapping[str, int]:
        """Return how often each rule in force has fired, by its name."""
        return {one["name"]: one["used"] for one in self._client.ask("GET", "/rules")["rules"]}

    def states(self) -> Mapping[str, str]:
        """Return the state of each scenario, by its name."""
        states: dict[str, str] = self._client.ask("GET", "/scenarios")["scenarios"]
        return states

    def go(self, scenario: str, state: str) -> int:
        """Bring a scenario to a state."""
        path = f"/scenarios/{quote(scenario, safe='')}"
        return int(self._client.ask("PUT", path, {"state": state})["generation"])


class RemoteFaults:
    """Faults in force. See `testing.faults.RunningFaults`."""

    def __init__(self, client: HostClient) -> None:
        self._client = client

    def add(self, *faults: Fault) -> None:
        """Put faults in force, in place of those of the same names. Raises FaultConflictError."""
        for fault in faults:
            try:
                self._client.ask("PUT", f"/faults/{quote(fault.name, safe='')}", fault_table(fault))
            except HostRefusalError as exc:
                if exc.status == HTTPStatus.CONFLICT:
                    raise FaultConflictError(str(exc.problem["detail"])) from None
                raise

    def remove(self, *names: str) -> None:
        """Take the faults of these names out of force. What is not there changes nothing."""
        for name in names:
            self._client.ask("DELETE", f"/faults/{quote(name, safe='')}")

    def clear(self) -> None:
        """Take all faults out of force, those of other tests too."""
        self._client.ask("DELETE", "/faults")

    def acted(self) -> Mapping[str, int]:
        """Return how often each fault in force has acted, by its name."""
        return {one["name"]: one["applied"] for one in self._client.ask("GET", "/faults")["faults"]}
