"""Sign-on: fresh working keys under the terminal's master key, the host's time and batch (UnionPay 0800, DE 60.3).

Manual and automatic sign-on look the same on the wire. The new keys live from the commit; the keys before them stay
good for what was in flight, for a grace that is counted from here and kept with the terminal.
"""

from __future__ import annotations

from typing import Final

from acquirer.exchange.effects import Loaded
from acquirer.exchange.reasons import Reason
from acquirer.exchange.rows import Generation, Session, TerminalConfig
from acquirer.host import why
from acquirer.host.decision import Decision
from acquirer.host.keys import context
from acquirer.host.request import Request
from acquirer.host.setup import Host
from acquirer.host.words import day_words, named
from acquirer.security.ciphers import CipherError
from acquirer.security.packages import PackageError
from acquirer.security.vault import VaultError

CLONE_WINDOW_S: Final = 60
"""Two devices with one number sign each other off: another serial within a minute is no exchange of hardware."""


def sign_on(host: Host, request: Request, loaded: Loaded, _asked: str) -> Decision:
    """Hand out working keys; the request carries no MAC, and the master key is what proves the terminal."""
    terminal, session = loaded.terminal, loaded.session
    assert terminal is not None
    assert session is not None
    read, came, at_us = host.read, request.message.fields, request.arrival.at_us
    selector = read.function(came)
    try:
        master = host.ring.master(terminal)
        issued = host.suite.issue(selector, master, terminal.mak, host.randbytes, host.ring.pinned(terminal))
    except (PackageError, CipherError, VaultError) as wrong:
        return Decision(Reason.KEYS_UNAVAILABLE, why.keys_unavailable(terminal, str(wrong)))
    keys = issued.working
    number = session.current.number + 1 if session.current is not None else 1
    sealed = host.vault.seal_keys(context(terminal.tid, number), keys, host.randbytes)
    host.ring.remember(terminal.tid, sealed, keys)

    stamp = request.stamp
    batch = next_batch(session.batch) if _closed(terminal, session) else session.batch
    count = session.signed_on_count + 1 if session.signed_on_day == stamp.day else 1
    serial = read.serial(came) or session.serial
    after = Session(
        tid=session.tid,
        version=session.version,
        batch=batch,
        signed_on_us=at_us,
        signed_on_day=stamp.day,
        signed_on_count=count,
        operator=read.operator(came),
        serial=serial,
        current=Generation(number, selector, sealed, keys.kcvs, at_us),
        previous=session.current,
        previous_until_us=at_us + terminal.policy.grace_s * 1_000_000 if session.current is not None else 0,
        last_stan=request.stan or session.last_stan,
    )
    return Decision(
        Reason.APPROVED,
        f"new keys in package {selector} under TMK KCV {terminal.tmk_kcv}: {keys.kcvs}; batch {batch}; "
        f"sign-on {count} of {day_words(stamp.day)}",
        made={
            "time": stamp.time,
            "date": stamp.date,
            "settlement_date": stamp.date,
            "rrn": loaded.rrn,
            "batch": batch,
            "keys": issued.wire.decode("latin-1") if host.keys_as_text else issued.wire,
        },
        session=after,
        rrn=loaded.rrn,
        notes=_notes(session, after),
    )


def next_batch(batch: str) -> str:
    """The batch number after this one; 000000 is never used.

    >>> next_batch("000009"), next_batch("999999")
    ('000010', '000001')
    """
    return f"{int(batch) % 999_999 + 1:06}"


def _closed(terminal: TerminalConfig, session: Session) -> bool:
    return terminal.policy.required == "per-batch" and session.signed_off


def _notes(before: Session, after: Session) -> tuple[str, ...]:
    notes: tuple[str, ...] = ()
    if after.operator:
        notes = (f"operator {named(after.operator.strip())}",)
    if after.serial and after.serial != before.serial:
        notes = (*notes, f"serial {named(after.serial)}")
        if before.serial and after.signed_on_us - before.signed_on_us < CLONE_WINDOW_S * 1_000_000:
            seconds = (after.signed_on_us - before.signed_on_us) // 1_000_000
            notes = (
                *notes,
                f"clone-suspected: terminal {after.tid} signed on {seconds} s ago as serial {named(before.serial)}; "
                "two devices seem to use one terminal number, and each sign-on takes the other's keys away",
            )
    return notes
