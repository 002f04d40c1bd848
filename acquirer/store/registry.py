"""Registering terminals: added or changed by tid, never deleted; a new master key ends the sessions of the old one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from acquirer.data.types import Randbytes
from acquirer.model.rows import Session, TerminalConfig
from acquirer.security.secret import Secret
from acquirer.security.vault import Vault
from acquirer.settings.terminals import Registration
from acquirer.store import schema, statements
from acquirer.store.direct_writer import DirectWriter
from acquirer.store.tuples import registered, session_row, terminal_row


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


def register(ledger: DirectWriter, wanted: Iterable[Registration], vault: Vault, randbytes: Randbytes) -> Registered:
    """Write registrations in one transaction; keys are sealed here and leave their clear form behind."""
    done = Registered()

    def work(cursor: sqlite3.Cursor) -> None:
        known = _known(cursor)
        terminals: list[tuple[Any, ...]] = []
        sessions: list[tuple[Any, ...]] = []
        for one in wanted:
            before = known.get(one.tid)
            if before is not None and _same(one, before[0], vault):
                done.unchanged += 1
                continue
            terminals.append(terminal_row(_sealed(one, vault, randbytes)))
            if before is None:
                done.added += 1
                continue
            done.changed += 1
            config, session = before
            if session.current and _master(config, vault) != one.tmk:
                done.keys_dropped += 1
                sessions.append(session_row(replace(session, current=None, previous=None, previous_until_us=0)))
        statements.TERMINALS.write(cursor, terminals)
        statements.SESSIONS.write(cursor, sessions)

    ledger.transact(work)
    return done


def _known(cursor: sqlite3.Cursor) -> dict[str, tuple[TerminalConfig, Session]]:
    terminal, session = schema.terminal, schema.session
    query = select(*terminal.c, *session.c).select_from(terminal.outerjoin(session, session.c.tid == terminal.c.tid))
    found = (registered(row) for row in cursor.execute(statements.compiled(query)).fetchall())
    return {config.tid: (config, state) for config, state in found}


def _same(wanted: Registration, config: TerminalConfig, vault: Vault) -> bool:
    """Whether a registration says what is stored; sealed keys differ each time and are compared open."""
    plain = (config.mid, config.name, config.mak, config.policy, config.test)
    if plain != (wanted.mid, wanted.name, wanted.mak, wanted.policy, wanted.test):
        return False
    bdk = None if config.bdk is None else vault.open_secret(f"bdk:{config.tid}", config.bdk)
    if _master(config, vault) != wanted.tmk or bdk != wanted.bdk:
        return False
    fixed = None if config.fixed_keys is None else vault.open_keys(f"fixed:{config.tid}", config.fixed_keys)
    return fixed == wanted.fixed_keys


def _master(config: TerminalConfig, vault: Vault) -> Secret | None:
    return vault.open_secret(f"tmk:{config.tid}", config.tmk) if config.tmk else None


def _sealed(one: Registration, vault: Vault, randbytes: Randbytes) -> TerminalConfig:
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
    )
