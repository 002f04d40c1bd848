"""Working keys that a host changes by itself, and what it has terminals do, while it serves."""

from __future__ import annotations

from dataclasses import replace

from acquirer.app.serve import Running
from acquirer.host.keys import context
from acquirer.model.rows import Generation, Session, under_own_key
from acquirer.security.vault import Vault


def rotate_keys(running: Running, tid: str) -> str:
    """Give a terminal other working keys without telling it, so that its MACs and PIN blocks are under old ones.

    On the loop's thread, as everything here.

    Returns:
        The KCVs of the new ones.

    Raises:
        LookupError: no such terminal is registered, or it has no working keys.
    """
    vault, randbytes = Vault(running.store.master_key), running.parts.randbytes
    with running.store.reader() as reader:
        found = reader.terminal(tid)
    config, session = found or (None, None)
    held = session.current if session else None
    issuers = [one.suite for one in running.parts.compiled if held and held.package in one.suite.packages]
    if config is None or session is None or held is None or not issuers or not config.tmk:
        raise LookupError(f"terminal {tid} has no working keys; let it sign on first")
    config = under_own_key(config, session)
    issued = issuers[0].issue(held.package, vault.open_secret(f"tmk:{tid}", config.tmk), config.mak, randbytes)

    def rotated(session: Session) -> Session:
        number = 1 if session.current is None else session.current.number + 1
        sealed = vault.seal_keys(context(tid, number), issued, randbytes)
        current = Generation(number, held.package, sealed, issued.kcvs, running.parts.clock.now_us())
        return replace(session, current=current, previous=None, previous_until_us=0)

    running.store.change_session(tid, rotated)
    return issued.kcvs
