"""The MAC of a request: under which keys it is right, and what that proves about the session.

1. The current keys are tried, then the previous ones while their grace runs (in UTC, kept with the session). It is over
   for good once a wrong MAC is met behind its end, and where the clock was set back by more than the grace lasts.
2. The previous keys die with the first valid MAC under the new ones: the terminal has them, so nothing is in flight.
3. Where keys are derived for each message (DUKPT), the message's own KSN says which.
4. A message that carries no MAC in this dialect is under the current keys, if there are any: its PIN and track are.
5. MACs are compared in constant time, over the bytes received.
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from functools import partial

from acquirer.host.core import Host
from acquirer.host.decision import Decided, Decision
from acquirer.host.explain import exchange as why
from acquirer.host.explain import keys as key_why
from acquirer.host.request import Request
from acquirer.model.reasons import Reason
from acquirer.model.rows import Generation, Session, TerminalConfig
from acquirer.security.candidates import CauseSearch
from acquirer.security.ciphers import CipherError
from acquirer.security.dukpt import Dukpt, DukptError
from acquirer.security.key_candidates import NamedKeys
from acquirer.security.secret import Secret
from acquirer.security.vault import VaultError
from acquirer.security.working import WorkingKeys


class Verified:
    """A request whose MAC is right, or that needs none: whose keys it is under, and what that changes."""

    __slots__ = ("addition", "keys", "note", "number", "session")

    def __init__(
        self, number: int, keys: WorkingKeys | None, session: Session | None, note: str = "", addition: str = ""
    ) -> None:
        self.number = number  # of the generation whose keys they are
        self.keys = keys  # None: this terminal has none, and needs none
        self.session = session  # what the proof alone changes; None: nothing
        self.note = note  # about keys that are not those they should be
        self.addition = addition  # to the reason of the decision, about such keys


def verify(host: Host, request: Request, terminal: TerminalConfig, session: Session) -> Verified:
    """Check the MAC of a request.

    Raises:
        Decided: it is wrong or missing, or there are no keys to check it with.
    """
    current = session.current
    if host.suite.dukpt is not None:
        return _by_ksn(host, host.suite.dukpt, request, terminal, session)
    route = request.route
    if (
        route is not None
        and not route.mac_request
        and not (route.mac_accepted and host.dialect.mac_of(request.message) is not None)
    ):
        return _without_mac(host, terminal, current)
    if current is None:
        raise Decided(Decision(Reason.SIGN_ON_REQUIRED, why.never_signed_on(terminal), sign_on_again=True))
    message = request.message
    mac = host.dialect.mac_of(message)
    covered = b"" if mac is None else host.dialect.covered(message.raw)
    try:
        keys = host.ring.current(terminal.tid, current)
        if mac is not None and _same(host, keys, covered, mac):
            host.unproved.proved(terminal.tid)
            return Verified(current.number, keys, proved_session(session))
        previous = session.previous
        if mac is not None and previous is not None and in_grace(session, request.arrival.at_us):
            old = host.ring.previous(terminal.tid, previous)
            if _same(host, old, covered, mac):
                host.unproved.proved(terminal.tid)
                note = key_why.previous_keys(host, terminal, session, old, keys)
                after = replace(session, bad_macs=0) if session.bad_macs else None
                return Verified(previous.number, old, after, note, key_why.UNDER_PREVIOUS_KEYS)
        sentence = key_why.mac_differs(host, request, keys, mac)
        cause = None if mac is None else key_why.mac_cause(host, request, terminal, session, keys)
    except VaultError as exc:
        raise Decided(Decision(Reason.SIGN_ON_REQUIRED, key_why.keys_lost(terminal, exc), sign_on_again=True)) from None
    if session.previous_until_us and not in_grace(session, request.arrival.at_us):
        session = replace(session, previous_until_us=0)
    raise _mac_differs(host, terminal, session, sentence, cause)


def in_grace(session: Session, at_us: int) -> bool:
    """Return whether the previous keys are still good at this time.

    A time before the new keys were made is one of a clock that was set back; a step of less than the grace is forgiven.
    """
    if session.current is None:
        return False
    since_us, until_us = session.current.since_us, session.previous_until_us
    return 2 * since_us - until_us < at_us < until_us


def known_keys(
    host: Host, terminal: TerminalConfig, session: Session, verified: Verified
) -> tuple[list[NamedKeys], Secret | None]:
    """Return what a diagnosis may try: the keys that verified the request, those of the other sign-on, the TMK.

    What does not open is left out: it explains nothing.
    """
    assert verified.keys is not None
    generations, master = [("current", verified.keys)], None
    try:
        if (other := other_generation(session, verified)) is not None:
            opened = host.ring.current if other is session.current else host.ring.previous
            generations.append(("previous" if other.number < verified.number else "new", opened(session.tid, other)))
        if terminal.tmk:
            master = host.ring.master(terminal)
    except VaultError:
        pass
    return generations, master


def other_generation(session: Session, verified: Verified) -> Generation | None:
    """Return the generation that did not verify the request: the one a terminal mixes up with it."""
    number = verified.number
    return next((one for one in (session.current, session.previous) if one is not None and one.number != number), None)


def _by_ksn(host: Host, dukpt: Dukpt, request: Request, terminal: TerminalConfig, session: Session) -> Verified:
    """Check a MAC under the keys that the message's own KSN leads to (DUKPT)."""
    message, needs_mac = request.message, request.route is None or request.route.mac_request
    if not needs_mac and host.dialect.get(message, "ksn") is None:
        return Verified(0, None, None)
    try:
        ksn = host.suite.ksn(message)
    except DukptError as exc:
        raise Decided(Decision(Reason.FORMAT_ERROR, key_why.keys_underivable(terminal, exc))) from None
    try:
        keys = host.ring.derived(terminal, dukpt, ksn)
    except (CipherError, DukptError, VaultError) as exc:
        raise Decided(Decision(Reason.KEYS_UNAVAILABLE, key_why.keys_underivable(terminal, exc))) from None
    if not needs_mac:
        return Verified(dukpt.counter(ksn), keys, None)
    mac = host.dialect.mac_of(message)
    if mac is not None and _same(host, keys, host.dialect.covered(message.raw), mac):
        counter = dukpt.counter(ksn)
        note = host.used_ksns.use(terminal.tid, dukpt.ksn(ksn, 0), counter, mac)
        return Verified(counter, keys, proved_session(session), note)
    sentence = key_why.derived_mac_differs(host, dukpt, request, keys, ksn, mac)
    cause = partial(key_why.derived_mac_cause, host, dukpt, request, terminal, keys, ksn)
    raise _mac_differs(host, terminal, session, sentence, None if mac is None else cause)


def _mac_differs(
    host: Host, terminal: TerminalConfig, session: Session, sentence: str, cause: CauseSearch | None
) -> Decided:
    mac_failures = session.bad_macs + 1
    too_many = host.signs_on and mac_failures >= terminal.policy.bad_macs_allowed
    notes = (key_why.bad_macs_note(terminal, mac_failures),) if too_many else ()
    after = replace(session, bad_macs=mac_failures)
    return Decided(Decision(Reason.MAC_DIFFERS, sentence, session=after, notes=notes, sign_on_again=True, cause=cause))


def _without_mac(host: Host, terminal: TerminalConfig, current: Generation | None) -> Verified:
    """Take a message that carries no MAC in this dialect; a PIN or a track in it is under the current keys."""
    if current is None:
        return Verified(0, None, None)
    try:
        return Verified(current.number, host.ring.current(terminal.tid, current), None)
    except VaultError as exc:
        raise Decided(Decision(Reason.SIGN_ON_REQUIRED, key_why.keys_lost(terminal, exc), sign_on_again=True)) from None


def _same(host: Host, keys: WorkingKeys, covered: bytes, mac: bytes) -> bool:
    return hmac.compare_digest(host.suite.mac(keys, covered), mac)


def proved_session(session: Session) -> Session | None:
    """Return what a right MAC under the current keys makes of a session; None: it changes nothing."""
    if session.bad_macs or session.previous_until_us:
        return replace(session, bad_macs=0, previous_until_us=0)
    return None
