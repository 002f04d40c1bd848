"""Registering terminals: added or changed by tid, never deleted; a new master key ends the sessions of the old one.

A keyed digest of each registration is stored beside it, so that registering the same again opens no sealed key. Where
the digest differs, or there is none yet (version 0.1 wrote none), the registration itself is compared.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Final

from acquirer.data.types import Randbytes, Row
from acquirer.downloads.kinds import ordered_downloads
from acquirer.model.rows import Policy, Session, TerminalConfig
from acquirer.security.secret import Secret
from acquirer.security.vault import Vault
from acquirer.settings.registration import Registration
from acquirer.store import schema, statements
from acquirer.store.direct_writer import DirectWriter
from acquirer.store.queries import registered
from acquirer.store.schema import SESSION, TERMINAL, sql_name
from acquirer.store.statements import query

_DIGESTS: Final = query("tid, registration", sql_name(schema.terminal.name))
_policy_values: Final = attrgetter(*Policy.__slots__)
_plain_values: Final = attrgetter(
    "mid", "name", "mak", "policy", "test", "operators", "downloads", "certificate"
)  # all but the keys


@dataclass(slots=True)
class Registered:
    """What a registration came to, in numbers of terminals."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    keys_dropped: int = 0  # of the changed ones: they must sign on again under their new master key

    @property
    def total(self) -> int:
        return self.added + self.changed + self.unchanged


def register(direct: DirectWriter, wanted: Iterable[Registration], vault: Vault, randbytes: Randbytes) -> Registered:
    """Write registrations in one transaction; keys are sealed here and leave their clear form behind."""
    result = Registered()

    def work(cursor: sqlite3.Cursor) -> None:
        known: dict[str, str] = dict(cursor.execute(_DIGESTS).fetchall())
        terminals: list[Row] = []
        sessions: list[Row] = []
        for one in wanted:
            digest = _digest(one, vault)
            if known.get(one.tid) == digest:
                result.unchanged += 1
                continue
            if one.tid not in known:
                result.added += 1
                terminals.append((*TERMINAL.pack(sealed_terminal(one, vault, randbytes)), digest))
                continue
            config, session = registered_terminal(cursor, one.tid)
            if _same(one, config, vault):
                result.unchanged += 1
                terminals.append((*TERMINAL.pack(config), digest))
                continue
            result.changed += 1
            terminals.append((*TERMINAL.pack(sealed_terminal(one, vault, randbytes)), digest))
            after = _with_downloads(session, config, one)
            if _master(config, vault) != one.tmk:
                result.keys_dropped += session.current is not None
                after = under_registered_key(after)
            if after != session and session.version:  # a terminal without a row begins as it is registered
                sessions.append(SESSION.pack(after))
        statements.TERMINALS.write(cursor, terminals)
        statements.SESSIONS.write(cursor, sessions)

    direct.transact(work)
    return result


def _with_downloads(session: Session, config: TerminalConfig, wanted: Registration) -> Session:
    """Return a session that is asked to download what its terminal was registered to, if that is new."""
    if config.downloads == wanted.downloads:
        return session
    return replace(session, downloads=ordered_downloads((*session.downloads, *wanted.downloads)))


def under_registered_key(session: Session) -> Session:
    """Return a session without anything that came under another master key, and without the one it downloaded."""
    return replace(
        session,
        current=None,
        previous=None,
        previous_until_us=0,
        tmk=None,
        tmk_kcv="",
        next_tmk=None,
        next_tmk_kcv="",
    )


def with_wanted_downloads(session: Session, downloads: tuple[str, ...] | None, *, registered_tmk: bool) -> Session:
    """Return a session whose terminal is asked to download.

    Args:
        downloads: all that it is to be asked for; None: as before.
        registered_tmk: it uses its registered master key again, not the one that it downloaded.
    """
    after = session if downloads is None else replace(session, downloads=downloads)
    return under_registered_key(after) if registered_tmk else after


def _digest(one: Registration, vault: Vault) -> str:
    plain = repr((one.tid, one.mid, one.name, one.mak, *_policy_values(one.policy), one.test, one.operators))
    if one.downloads:  # the digests of version 0010 and before say nothing of them
        plain += repr(one.downloads)
    if one.certificate:  # nor those of version 0011 of this
        plain += repr(one.certificate)
    return vault.digest(plain, one.tmk, one.bdk, one.fixed_keys)


def _same(wanted: Registration, config: TerminalConfig, vault: Vault) -> bool:
    """Return whether a registration is the stored one; sealed keys differ each time and are compared open."""
    if _plain_values(config) != _plain_values(wanted):
        return False
    bdk = None if config.bdk is None else vault.open_secret(f"bdk:{config.tid}", config.bdk)
    if _master(config, vault) != wanted.tmk or bdk != wanted.bdk:
        return False
    fixed = None if config.fixed_keys is None else vault.open_keys(f"fixed:{config.tid}", config.fixed_keys)
    return fixed == wanted.fixed_keys


def _master(config: TerminalConfig, vault: Vault) -> Secret | None:
    return vault.open_secret(f"tmk:{config.tid}", config.tmk) if config.tmk else None


def registered_terminal(
    cursor: sqlite3.Cursor, tid: str, database: Path | None = None
) -> tuple[TerminalConfig, Session]:
    """Return one terminal and its session, as `queries.registered` does.

    Args:
        database: for sentences about damage.

    Raises:
        LookupError: no such terminal is registered.
        StoreError: its row is damaged.
    """
    row = cursor.execute(statements.TERMINAL_BY_TID, (tid,)).fetchone()
    if row is None:
        raise LookupError(f"no terminal {tid} is registered")
    return registered(row, database)


def registration_of(config: TerminalConfig, vault: Vault) -> Registration:
    """Return a registered terminal as it was registered, its keys opened."""
    return Registration(
        config.tid,
        config.mid,
        _master(config, vault),
        config.name,
        config.mak,
        config.policy,
        config.test,
        None if config.fixed_keys is None else vault.open_keys(f"fixed:{config.tid}", config.fixed_keys),
        None if config.bdk is None else vault.open_secret(f"bdk:{config.tid}", config.bdk),
        operators=config.operators,
        downloads=config.downloads,
        certificate=config.certificate,
    )


def sealed_terminal(one: Registration, vault: Vault, randbytes: Randbytes) -> TerminalConfig:
    fixed = one.fixed_keys
    return TerminalConfig(
        tid=one.tid,
        mid=one.mid,
        name=one.name,
        tmk=b"" if one.tmk is None else vault.seal_secret(f"tmk:{one.tid}", one.tmk, randbytes),
        tmk_kcv="" if one.tmk is None else one.tmk.kcv(),
        mak=one.mak,
        policy=one.policy,
        test=one.test,
        fixed_keys=None if fixed is None else vault.seal_keys(f"fixed:{one.tid}", fixed, randbytes),
        bdk=None if one.bdk is None else vault.seal_secret(f"bdk:{one.tid}", one.bdk, randbytes),
        bdk_kcv="" if one.bdk is None else one.bdk.kcv(),
        operators=one.operators,
        downloads=one.downloads,
        certificate=one.certificate,
    )
