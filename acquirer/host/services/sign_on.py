"""Sign-on and key change: fresh working keys under the terminal's master key; at sign-on the host's time and batch too.

UnionPay asks by DE 60.3 of an 0800, ISO 8583:1987 by DE 70, 1993 by DE 24. The new keys live from the commit; the keys
before them stay good for what was in flight, for a grace that is counted from here and kept with the terminal.
"""

from __future__ import annotations

from typing import Final

from acquirer.dialect.plans import ElementValues
from acquirer.host.admission import verify
from acquirer.host.core import Host
from acquirer.host.decision import Decision
from acquirer.host.explain import exchange as why
from acquirer.host.explain.text import day_words, named
from acquirer.host.keys import context
from acquirer.host.request import Request
from acquirer.model.effects import Loaded
from acquirer.model.reasons import Reason
from acquirer.model.rows import Generation, Session, TerminalConfig
from acquirer.security.ciphers import CipherError
from acquirer.security.packages import PackageError
from acquirer.security.vault import VaultError
from acquirer.security.working import WorkingKeys
from acquirer.wire.masking import known

CLONE_WINDOW_S: Final = 60
"""Two devices with one number sign each other off: another serial within a minute is no exchange of hardware."""


def sign_on(host: Host, request: Request, loaded: Loaded, _asked: str) -> Decision:
    """Open the terminal's day, with fresh working keys where the dialect hands them out here.

    The request carries no MAC in most dialects: the master key is what proves the terminal.
    """
    terminal, session = loaded.terminal, loaded.session
    assert terminal is not None
    assert session is not None
    read, came, stamp = host.read, request.message.fields, request.stamp
    fresh = _fresh(host, request, loaded)
    if isinstance(fresh, Decision):
        return fresh
    after, made, keys_told, proof = fresh
    batch = next_batch(session.batch) if _closed(terminal, session) else session.batch
    count = session.signed_on_count + 1 if session.signed_on_day == stamp.day else 1
    after.batch = batch
    after.signed_on_us = request.arrival.at_us
    after.signed_on_day = stamp.day
    after.signed_on_count = count
    after.signed_off = after.sign_on_spent = False
    after.operator = read.operator(came)
    after.serial = read.serial(came) or session.serial
    after.bad_macs = 0
    after.last_stan = request.stan or session.last_stan
    told = f"batch {batch}; " if host.has_batch else ""
    return Decision(
        Reason.APPROVED,
        f"{keys_told or 'signed on'}; {told}sign-on {count} of {day_words(stamp.day)}",
        made={**stamp.made, "rrn": loaded.rrn, "batch": batch, **made},
        session=after,
        keys=proof,
        rrn=loaded.rrn,
        notes=_notes(session, after),
    )


def key_change(host: Host, request: Request, loaded: Loaded, _asked: str) -> Decision:
    """Fresh working keys, and nothing else: no day begins, and whether a sign-on is due stays as it was."""
    fresh = _fresh(host, request, loaded)
    if isinstance(fresh, Decision):
        return fresh
    after, made, keys_told, proof = fresh
    after.bad_macs = 0
    return Decision(
        Reason.APPROVED,
        keys_told or "this dialect hands out no keys here: nothing was changed",
        made={**request.stamp.made, "rrn": loaded.rrn, **made},
        session=after,
        keys=proof,
        rrn=loaded.rrn,
    )


_Fresh = tuple[Session, ElementValues, str, WorkingKeys | None]
"""What working keys change: a session that is the decision's own, what the reply carries of them, how they are told of
("" when this message hands out none); and the keys that verified the request, and seal the reply."""


def _fresh(host: Host, request: Request, loaded: Loaded) -> _Fresh | Decision:
    """New working keys, unless the request's MAC is wrong (where one is due), or this terminal cannot be given any."""
    terminal, session, route = loaded.terminal, loaded.session, request.route
    assert terminal is not None
    assert session is not None
    proof: WorkingKeys | None = None
    if route is not None and route.mac_request:
        verified = verify(host, request, loaded)
        if isinstance(verified, Decision):
            return verified
        proof, session = verified.keys, verified.after(session)
    if "keys" not in host.plans.plan(route, True).elements:
        return session.copy(), {}, "", proof
    selector = host.read.function(request.message.fields)
    try:
        master = host.ring.master(terminal)
        issued = host.suite.issue(selector, master, terminal.mak, host.randbytes, host.ring.pinned(terminal))
    except (PackageError, CipherError, VaultError) as wrong:
        return Decision(Reason.KEYS_UNAVAILABLE, why.keys_unavailable(terminal, str(wrong)))
    keys, before, at_us = issued.working, session.current, request.arrival.at_us
    number = before.number + 1 if before is not None else 1
    sealed = host.vault.seal_keys(context(terminal.tid, number), keys, host.randbytes)
    host.ring.remember(terminal.tid, sealed, keys)
    after = session.copy()
    after.current = Generation(number, selector, sealed, keys.kcvs, at_us)
    after.previous = before
    after.previous_until_us = at_us + terminal.policy.grace_s * 1_000_000 if before is not None else 0
    made: ElementValues = {"keys": issued.wire.decode("latin-1") if host.keys_as_text else issued.wire}
    told = f"new keys in package {selector} under TMK KCV {terminal.tmk_kcv}: {keys.kcvs}"
    return after, made, told, proof


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
        notes = (*notes, f"serial {known(named(after.serial))}")
        if before.serial and after.signed_on_us - before.signed_on_us < CLONE_WINDOW_S * 1_000_000:
            seconds = (after.signed_on_us - before.signed_on_us) // 1_000_000
            told = known(named(before.serial))
            notes = (
                *notes,
                f"clone-suspected: terminal {after.tid} signed on {seconds} s ago as serial {told}; "
                "two devices seem to use one terminal number, and each sign-on takes the other's keys away",
            )
    return notes
