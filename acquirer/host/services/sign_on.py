"""Sign-on and key change: fresh working keys under the terminal's master key; at sign-on the host's time and batch too.

UnionPay asks by DE 60.3 of an 0800, ISO 8583:1987 by DE 70, 1993 by DE 24. The new keys live from the commit; the keys
before them stay good for what was in flight, for a grace that is counted from here and kept with the terminal.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.dialect.plans import ElementValues
from acquirer.host.admission import unlisted_operator
from acquirer.host.calendar import Stamp
from acquirer.host.case import Case
from acquirer.host.core import Host
from acquirer.host.decision import Decided, Decision
from acquirer.host.explain import keys as key_why
from acquirer.host.field_notes import operator_notes, serial_notes
from acquirer.host.keys import context
from acquirer.host.registry import Straight, StraightSteps, service
from acquirer.host.text import day_words, named
from acquirer.host.unproved import UNPROVED_MOST
from acquirer.model.reasons import Reason
from acquirer.model.rows import Generation, Session, TerminalConfig
from acquirer.security.ciphers import CipherError, CipherName
from acquirer.security.packages import PackageError
from acquirer.security.secret import Secret
from acquirer.security.vault import VaultError
from acquirer.security.working import IssuedKeys
from acquirer.settlement.batch_numbers import next_batch
from acquirer.wire.message import Unusual, Value

CLONE_WINDOW_S: Final = 60
"""Two devices with one number sign each other off: another serial within a minute is no exchange of hardware."""


def _straight(
    host: Host,
    terminal: TerminalConfig,
    session: Session,
    stamp: Stamp,
    at_us: int,
    stan: str,
    function: str,
    operator: str,
    serial: str,
) -> StraightSteps:
    """Decide what `sign_on` does where no MAC is due, on values instead of a case. Raises Decided, Unusual."""
    if serial and serial != session.serial:
        raise Unusual  # what is noted of it is read from the message
    master, issued = _issue(host, terminal, function)
    yield
    number = _number_after(session.current)
    sealed = _seal(host, terminal, number, issued)
    yield
    after = session.copy()
    keys, sentence, notes = _renew(host, terminal, after, function, at_us, master, issued, number, sealed)
    why, more = _open_day(host, terminal, session, after, stamp, at_us, stan, operator, serial, sentence)
    return after, why, (*notes, *more), {"batch": after.batch, "keys": keys}


@service("sign_on", straight=Straight(_straight, ("function", "operator", "serial"), ("batch", "keys"), needs="keys"))
def sign_on(case: Case) -> Decision:
    """Open the terminal's day, with fresh working keys where the dialect hands them out here.

    The request carries no MAC in most dialects: the master key is what proves the terminal.
    """
    host, request, session = case.host, case.request, case.session
    read, fields, stamp = host.read, request.message.fields, request.stamp
    after, keys_elements, sentence, notes = _fresh_keys(case)
    operator, serial, at_us = read.operator(fields), read.serial(fields), request.arrival.at_us
    why, more = _open_day(
        host, case.terminal, session, after, stamp, at_us, request.stan, operator, serial, sentence, case
    )
    return Decision(
        Reason.APPROVED,
        why,
        reply_elements={**stamp.reply_elements, "rrn": case.rrn, "batch": after.batch, **keys_elements},
        session=after,
        keys=case.verified.keys,
        rrn=case.rrn,
        notes=(*notes, *more),
    )


def _open_day(
    host: Host,
    terminal: TerminalConfig,
    session: Session,
    after: Session,
    stamp: Stamp,
    at_us: int,
    stan: str,
    operator: str,
    serial: str,
    sentence: str,
    case: Case | None = None,
) -> tuple[str, tuple[str, ...]]:
    """Make `after` the session of a terminal that has signed on; return why, and notes.

    Args:
        session: as it was.
        sentence: about the keys that are handed out; "": there are none.
        case: needed where the serial number is another one than before, or the terminal lists its operators.
    """
    # a clock that was set back begins no day once more
    day = stamp.day if stamp.day > session.signed_on_day else session.signed_on_day
    count = session.signed_on_count + 1 if session.signed_on_day == day else 1
    after.batch = batch = next_batch(session.batch) if _closed(terminal, session) else session.batch
    after.signed_on_us = at_us
    after.signed_on_day = day
    after.signed_on_count = count
    after.signed_off = after.sign_on_spent = False
    after.operator = operator
    after.serial = serial or session.serial
    after.bad_macs = 0
    after.last_stan = stan or session.last_stan
    notes = _notes(host, case, session, after)
    keys = after.current if sentence else None  # that this message hands out
    if keys is not None and host.unproved.signed_on(after.tid, keys.number, day):
        notes = (*notes, key_why.tmk_may_differ(terminal, UNPROVED_MOST))
    batch_words = f"batch {batch}; " if host.has_batch else ""
    return f"{sentence or 'signed on'}; {batch_words}sign-on {count} of {day_words(day)}", notes


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
    after = case.session_after.copy()
    if "keys" not in host.plans.plan(route, True).elements:
        return after, {}, "", ()
    selector = host.read.function(request.message.fields)
    keys, sentence, notes = _hand_out(host, terminal, after, selector, request.arrival.at_us)
    return after, {"keys": keys}, sentence, notes


def _hand_out(
    host: Host, terminal: TerminalConfig, after: Session, selector: str, at_us: int
) -> tuple[Value, str, tuple[str, ...]]:
    """Give a session fresh working keys; return their package, a sentence and notes. Raises Decided."""
    master, issued = _issue(host, terminal, selector)
    number = _number_after(after.current)
    sealed = _seal(host, terminal, number, issued)
    return _renew(host, terminal, after, selector, at_us, master, issued, number, sealed)


def _issue(host: Host, terminal: TerminalConfig, selector: str) -> tuple[Secret, IssuedKeys]:
    """Return a terminal's master key, and a package of fresh working keys under it. Raises Decided."""
    try:
        master = host.ring.master(terminal)
        return master, host.suite.issue(selector, master, terminal.mak, host.randbytes, host.ring.pinned(terminal))
    except (PackageError, CipherError, VaultError) as exc:
        raise Decided(Decision(Reason.KEYS_UNAVAILABLE, key_why.keys_unavailable(terminal, str(exc)))) from None


def _seal(host: Host, terminal: TerminalConfig, number: int, issued: IssuedKeys) -> bytes:
    """Return fresh keys as the session keeps them, sealed for the number they will have."""
    return host.vault.seal_keys(context(terminal.tid, number), issued, host.randbytes)


def _number_after(before: Generation | None) -> int:
    return before.number + 1 if before is not None else 1


def _renew(
    host: Host,
    terminal: TerminalConfig,
    after: Session,
    selector: str,
    at_us: int,
    master: Secret,
    issued: IssuedKeys,
    number: int,
    sealed: bytes,
) -> tuple[Value, str, tuple[str, ...]]:
    """Put fresh keys into a session; return their package, a sentence and notes."""
    before = after.current
    host.ring.remember(terminal.tid, sealed, issued)
    after.current = Generation(number, selector, sealed, issued.kcvs, at_us)
    after.previous = before
    after.previous_until_us = at_us + terminal.policy.grace_s * 1_000_000
    sentence = f"new keys in package {selector} under TMK KCV {terminal.tmk_kcv}: {issued.kcvs}"
    wrap = host.suite.wraps[selector]
    notes = () if master.cipher == wrap else (_other_cipher(terminal, selector, wrap, master),)
    return issued.wire.decode("latin-1") if host.keys_as_text else issued.wire, sentence, notes


def _other_cipher(terminal: TerminalConfig, selector: str, wrap: CipherName, master: Secret) -> str:
    return key_why.other_cipher(terminal, selector, wrap, master.cipher, master.using(wrap).kcv())


def _closed(terminal: TerminalConfig, session: Session) -> bool:
    return terminal.policy.required == "per-batch" and session.signed_off and not session.unused


@lru_cache(256)  # a chain has some hundred operators
def _operator_notes(dialect: Dialect, operator: str) -> tuple[str, ...]:
    """Return who signs on, and what is odd about its number."""
    return (f"operator {named(operator.strip())}", *operator_notes(dialect, operator))


def _notes(host: Host, case: Case | None, before: Session, after: Session) -> tuple[str, ...]:
    notes: tuple[str, ...] = ()
    if after.operator:
        notes = _operator_notes(host.dialect, after.operator)
        if case is not None and (unlisted := unlisted_operator(host, case.request, case.terminal)):
            notes = (*notes, f"unlisted-operator: {unlisted}")
    if after.serial and after.serial != before.serial:
        notes = (*notes, f"serial {named(after.serial)}")
        assert case is not None
        notes = (*notes, *serial_notes(host.dialect, case.request.message))
        seconds = (after.signed_on_us - before.signed_on_us) // 1_000_000
        if before.serial and 0 <= seconds < CLONE_WINDOW_S:  # below 0: the clock was set back, how long ago is unknown
            serial = named(before.serial)
            notes = (
                *notes,
                f"clone-suspected: terminal {after.tid} signed on {seconds} s ago as serial {serial}; "
                "two devices seem to use one terminal number, and each sign-on takes the other's keys away",
            )
    return notes if case is None else (*notes, *case.notes)
