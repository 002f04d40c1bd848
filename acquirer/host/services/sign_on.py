"""Sign-on and key change: fresh working keys under the terminal's master key; at sign-on the host's time and batch too.

UnionPay asks by DE 60.3 of an 0800, ISO 8583:1987 by DE 70, 1993 by DE 24. The new keys live from the commit; the keys
before them stay good for what was in flight, for a grace that is counted from here and kept with the terminal.
"""

from __future__ import annotations

from typing import Final

from acquirer.dialect.plans import ElementValues
from acquirer.host.admission import unlisted_operator
from acquirer.host.batch_numbers import next_batch
from acquirer.host.case import Case
from acquirer.host.decision import Decided, Decision
from acquirer.host.explain import keys as key_why
from acquirer.host.field_notes import operator_notes, serial_notes
from acquirer.host.keys import context
from acquirer.host.registry import service
from acquirer.host.text import day_words, named
from acquirer.host.unproved import UNPROVED_MOST
from acquirer.model.reasons import Reason
from acquirer.model.rows import Generation, Session, TerminalConfig
from acquirer.security.ciphers import CipherError
from acquirer.security.packages import PackageError
from acquirer.security.secret import Secret
from acquirer.security.vault import VaultError

CLONE_WINDOW_S: Final = 60
"""Two devices with one number sign each other off: another serial within a minute is no exchange of hardware."""


@service("sign_on")
def sign_on(case: Case) -> Decision:
    """Open the terminal's day, with fresh working keys where the dialect hands them out here.

    The request carries no MAC in most dialects: the master key is what proves the terminal.
    """
    host, request, session = case.host, case.request, case.session
    read, fields, stamp = host.read, request.message.fields, request.stamp
    after, keys_elements, sentence, notes = _fresh_keys(case)
    batch = next_batch(session.batch) if _closed(case.terminal, session) else session.batch
    # a clock that was set back begins no day once more
    day = stamp.day if stamp.day > session.signed_on_day else session.signed_on_day
    count = session.signed_on_count + 1 if session.signed_on_day == day else 1
    after.batch = batch
    after.signed_on_us = request.arrival.at_us
    after.signed_on_day = day
    after.signed_on_count = count
    after.signed_off = after.sign_on_spent = False
    after.operator = read.operator(fields)
    after.serial = read.serial(fields) or session.serial
    after.bad_macs = 0
    after.last_stan = request.stan or session.last_stan
    batch_words = f"batch {batch}; " if host.has_batch else ""
    notes = (*notes, *_notes(case, session, after), *case.notes)
    keys = after.current if sentence else None  # that this message hands out
    if keys is not None and host.unproved.signed_on(after.tid, keys.number, day):
        notes = (*notes, key_why.tmk_may_differ(case.terminal, UNPROVED_MOST))
    return Decision(
        Reason.APPROVED,
        f"{sentence or 'signed on'}; {batch_words}sign-on {count} of {day_words(day)}",
        reply_elements={**stamp.reply_elements, "rrn": case.rrn, "batch": batch, **keys_elements},
        session=after,
        keys=case.verified.keys,
        rrn=case.rrn,
        notes=notes,
    )


@service("key_change")
def key_change(case: Case) -> Decision:
    """Hand out fresh working keys, and nothing else: no day begins, and whether a sign-on is due stays as it was."""
    after, keys_elements, sentence, _ = _fresh_keys(case)
    after.bad_macs = 0
    return Decision(
        Reason.APPROVED,
        sentence or "this dialect hands out no keys here: nothing was changed",
        reply_elements={**case.request.stamp.reply_elements, "rrn": case.rrn, **keys_elements},
        session=after,
        keys=case.verified.keys,
        rrn=case.rrn,
    )


_FreshKeys = tuple[Session, ElementValues, str, tuple[str, ...]]
"""What new working keys change: the decision's own copy of the session, elements of the reply, a sentence ("": this
message hands out none), and notes."""


def _fresh_keys(case: Case) -> _FreshKeys:
    """Return new working keys, once the request's MAC is right (where one is due). Raises Decided."""
    host, request, terminal = case.host, case.request, case.terminal
    route = request.route
    if route is not None and route.mac_request:
        case.verify()
    session = case.session_after
    if "keys" not in host.plans.plan(route, True).elements:
        return session.copy(), {}, "", ()
    selector = host.read.function(request.message.fields)
    try:
        master = host.ring.master(terminal)
        issued = host.suite.issue(selector, master, terminal.mak, host.randbytes, host.ring.pinned(terminal))
    except (PackageError, CipherError, VaultError) as exc:
        raise Decided(Decision(Reason.KEYS_UNAVAILABLE, key_why.keys_unavailable(terminal, str(exc)))) from None
    before, at_us = session.current, request.arrival.at_us
    number = before.number + 1 if before is not None else 1
    sealed = host.vault.seal_keys(context(terminal.tid, number), issued, host.randbytes)
    host.ring.remember(terminal.tid, sealed, issued)
    after = session.copy()
    after.current = Generation(number, selector, sealed, issued.kcvs, at_us)
    after.previous = before
    after.previous_until_us = at_us + terminal.policy.grace_s * 1_000_000
    elements: ElementValues = {"keys": issued.wire.decode("latin-1") if host.keys_as_text else issued.wire}
    sentence = f"new keys in package {selector} under TMK KCV {terminal.tmk_kcv}: {issued.kcvs}"
    notes = () if master.cipher == host.suite.wraps[selector] else (_other_cipher(case, selector, master),)
    return after, elements, sentence, notes


def _other_cipher(case: Case, selector: str, master: Secret) -> str:
    wrap = case.host.suite.wraps[selector]
    return key_why.other_cipher(case.terminal, selector, wrap, master.cipher, master.using(wrap).kcv())


def _closed(terminal: TerminalConfig, session: Session) -> bool:
    return terminal.policy.required == "per-batch" and session.signed_off and not session.unused


def _notes(case: Case, before: Session, after: Session) -> tuple[str, ...]:
    notes: tuple[str, ...] = ()
    if after.operator:
        notes = (f"operator {named(after.operator.strip())}", *operator_notes(case.host.dialect, after.operator))
        if unlisted := unlisted_operator(case.host, case.request, case.terminal):
            notes = (*notes, f"unlisted-operator: {unlisted}")
    if after.serial and after.serial != before.serial:
        notes = (*notes, f"serial {named(after.serial)}")
        notes = (*notes, *serial_notes(case.host.dialect, case.request.message))
        seconds = (after.signed_on_us - before.signed_on_us) // 1_000_000
        if before.serial and 0 <= seconds < CLONE_WINDOW_S:  # below 0: the clock was set back, how long ago is unknown
            serial = named(before.serial)
            notes = (
                *notes,
                f"clone-suspected: terminal {after.tid} signed on {seconds} s ago as serial {serial}; "
                "two devices seem to use one terminal number, and each sign-on takes the other's keys away",
            )
    return notes
