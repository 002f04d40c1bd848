"""``[tls.NAME]`` of ``acquirer.toml``: what is shown and asked for where a listener speaks TLS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from acquirer.data.toml import KeyPath, did_you_mean
from acquirer.errors import ConfigurationError
from acquirer.settings.values import ValueReader, choice, quoted, read_bool, read_path

VERSIONS: Final = ("1.2", "1.3")
"""Of TLS: what is older is broken, and not spoken (RFC 8996)."""


class TableProblem(ConfigurationError, ValueError):
    """What is wrong with a value within a table.

    Args:
        path: of keys, from the table down.
    """

    def __init__(self, path: KeyPath, problem: str) -> None:
        super().__init__(problem)
        self.path, self.problem = path, problem


@dataclass(frozen=True, slots=True)
class ServerTlsTable:
    """One ``[tls.NAME]``. Paths are relative to the working directory."""

    name: str
    certificate: Path
    """PEM: the host's own, then those between it and its authority."""
    key: Path
    """PEM, not encrypted."""
    authority: Path | None = None
    """PEM: who signs the certificates of terminals."""
    require_client: bool = False
    """A terminal without a certificate is refused in the handshake; with an authority that is the default."""
    minimum: str = VERSIONS[0]
    maximum: str = VERSIONS[-1]
    revoked: Path | None = None
    """PEM: the authority's list of revoked certificates."""
    allow_expired: bool = False
    """Serve a certificate that is not valid now, for terminals that should refuse it."""

    @property
    def where(self) -> str:
        """Return the table as errors name it."""
        return f"[tls.{self.name}]"


def read_tls_tables(value: object) -> tuple[ServerTlsTable, ...]:
    """Return the tables of ``tls``.

    Raises:
        TableProblem: with where it stands.
    """
    if isinstance(value, tuple) and all(isinstance(one, ServerTlsTable) for one in value):
        return value
    if not isinstance(value, Mapping):
        raise ValueError("is not a table; write [tls.NAME] above its keys")
    return tuple(_table(name, table) for name, table in value.items())


def _table(name: str, table: object) -> ServerTlsTable:
    if not isinstance(table, Mapping):
        raise TableProblem((name,), f"{quoted(table)} is not a table; write [tls.{name}] above its keys")
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in _READERS:
            raise TableProblem((name, key), f"unknown key{did_you_mean(str(key), _READERS)}")
        try:
            values[key] = _READERS[key](value)
        except ValueError as exc:
            raise TableProblem((name, key), f"{quoted(value)} {exc}") from None
    for key in ("certificate", "key"):
        if key not in values:
            raise TableProblem(
                (name,), f"{key} is missing; 'acquirer certificates make --out DIR' makes both for tests"
            )
    values.setdefault("require_client", values.get("authority") is not None)
    found = ServerTlsTable(name, **values)
    if found.authority is None and (found.require_client or found.revoked):
        what = "require_client" if found.require_client else "revoked"
        raise TableProblem((name, what), "needs an authority: name the file of who signs the terminals' certificates")
    if found.minimum > found.maximum:
        raise TableProblem((name, "minimum"), f"{found.minimum} is above the maximum, {found.maximum}")
    return found


_READERS: Final[Mapping[str, ValueReader[Any]]] = {
    "certificate": read_path,
    "key": read_path,
    "authority": read_path,
    "require_client": read_bool,
    "minimum": choice(VERSIONS),
    "maximum": choice(VERSIONS),
    "revoked": read_path,
    "allow_expired": read_bool,
}
