"""The gate: what every request must pass before a service decides, in this order.

Format 30 · terminal 97 · merchant 03 · (service not served 40) · keys and sign-on policy 77 · MAC A0. What follows, the
stored repeat, the batch and the business, is the services'. A refusal here books nothing.
"""

from __future__ import annotations

import hmac
from dataclasses import replace

from acquirer.host.calendar import is_expiry
from acquirer.host.core import Host
from acquirer.host.decision import Decision
from acquirer.host.explain import exchange as why
from acquirer.host.request import Request
from acquirer.model.effects import Loaded
from acquirer.model.reasons import Reason
from acquirer.model.rows import Generation, Session, TerminalConfig
from acquirer.security.ciphers import CipherError
from acquirer.security.dukpt import Dukpt, DukptError
from acquirer.security.vault import VaultError
from acquirer.security.working import WorkingKeys


def check_format(host: Host, request: Request) -> Decision | None:
    """What can be said of the message alone, before anything is loaded; None when it may pass."""
    message, route, dialect, read = request.message, request.route, host.dialect, host.read
    if route is None and not dialect.request_mti_known(message.mti):
        return Decision(Reason.MTI_UNKNOWN, why.mti_unknown(dialect, message.mti))
    if not request.tid:
        return Decision(Reason.FORMAT_WRONG, why.missing(dialect, route, "tid"))
    if route is None:
        return None  # first it matters who asks for something that is not served
    if route.served and not host.plans.mandatory(route).complete(message.fields):
        element = dialect.missing(message, route) or ""
        return Decision(Reason.FORMAT_WRONG, why.missing(dialect, route, element))
    if request.stan == "000000":
        return Decision(Reason.FORMAT_WRONG, why.stan_zero(dialect))
    date, time = read.date(message.fields), read.time(message.fields)
    if (date or time) and _skew_s(host, request, date, time) is None:
        return Decision(Reason.FORMAT_WRONG, why.no_such_time(dialect, date, time))
    if request.service == "sale" and (expiry := read.expiry(message.fields)) and not is_expiry(expiry):
        return Decision(Reason.FORMAT_WRONG, why.no_such_expiry(dialect, expiry))
    return None


def identify(host: Host, request: Request, loaded: Loaded) -> Decision | None:
    """Whether the terminal is registered, belongs to the merchant it names, and asks for something that is served."""
    terminal = loaded.terminal
    if terminal is None or loaded.session is None:
        return Decision(Reason.TERMINAL_UNKNOWN, why.terminal_unknown(request))
    if terminal.mid != request.mid and "mid" in host.dialect.elements:
        return Decision(Reason.MERCHANT_UNKNOWN, why.merchant_unknown(terminal, request.mid))
    if request.route is None or not request.route.served:
        return Decision(Reason.NOT_SUPPORTED, why.not_supported(host.dialect, request))
    return None


def sign_on_due(host: Host, request: Request, terminal: TerminalConfig, session: Session) -> str:
    """Why a sale must wait for a sign-on; "" when it need not.

    The day is the host's, in its own time zone. A sign-on dated later than today (the host's clock was set back)
    still counts.
    """
    if not host.signs_on:
        return ""
    policy = terminal.policy
    if not session.signed_on_us or (session.current is None and host.suite.packages):
        return why.never_signed_on(terminal)
    if session.signed_off:
        return why.signed_off(host, terminal, session)
    if session.bad_macs >= policy.bad_macs_allowed:
        return why.too_many_bad_macs(terminal, session)
    if policy.required == "daily" and session.signed_on_day < request.stamp.day:
        return why.another_day(host.calendar, terminal, session, request.stamp.day)
    if policy.required == "per-transaction" and session.sign_on_spent:
        return why.spent(terminal, session)
    return ""


class Verified:
    """A request whose MAC is right, or that needs none: whose keys made it, and what that tells about the session."""

    __slots__ = ("keys", "number", "session")

    def __init__(self, number: int, keys: WorkingKeys | None, session: Session | None) -> None:
        self.number = number  # of the generation whose keys they are
        self.keys = keys  # None: this terminal has none, and needs none
        self.session = session  # what the proof alone changes; None: nothing

    def after(self, session: Session) -> Session:
        """The session with what the proof changes in it."""
        return self.session or session


def verify(host: Host, request: Request, loaded: Loaded) -> Verified | Decision:
    """Check the MAC under the current keys, then under the previous ones while their grace runs.

    The previous keys die with the first valid MAC under the new ones: the terminal has them, so nothing is in flight.
    """
    terminal, session = loaded.terminal, loaded.session
    assert terminal is not None
    assert session is not None
    current = session.current
    if host.suite.dukpt is not None:
        return _by_ksn(host, host.suite.dukpt, request, terminal, session)
    if request.route is not None and not request.route.mac_request:
        return _unproved(host, terminal, current)
    if current is None:
        return Decision(Reason.SIGN_ON_REQUIRED, why.never_signed_on(terminal), sign_on_again=True)
    message = request.message
    mac = host.dialect.mac_of(message)
    covered = b"" if mac is None else host.dialect.covered(message.raw)
    try:
        keys = host.ring.current(terminal.tid, current)
        if mac is not None and _same(host, keys, covered, mac):
            return Verified(current.number, keys, _proved(session))
        previous = session.previous
        if mac is not None and previous is not None and session.previous_until_us > request.arrival.at_us:
            old = host.ring.previous(terminal.tid, previous)
            if _same(host, old, covered, mac):
                proof = replace(session, bad_macs=0) if session.bad_macs else None
                return Verified(previous.number, old, proof)
        sentence = why.mac_differs(host, request, terminal, session, keys, mac)
    except VaultError as wrong:
        return Decision(Reason.SIGN_ON_REQUIRED, why.keys_lost(terminal, wrong), sign_on_again=True)
    return _wrong(host, terminal, session, sentence)


def _by_ksn(
    host: Host, dukpt: Dukpt, request: Request, terminal: TerminalConfig, session: Session
) -> Verified | Decision:
    """Check a MAC under the keys that the message's own KSN leads to (DUKPT)."""
    message, proved = request.message, request.route is None or request.route.mac_request
    if not proved and host.dialect.get(message, "ksn") is None:
        return Verified(0, None, None)
    try:
        ksn = host.suite.ksn(message)
    except DukptError as wrong:
        return Decision(Reason.FORMAT_WRONG, why.keys_underivable(terminal, wrong))
    try:
        keys = host.ring.derived(terminal, dukpt, ksn)
    except (CipherError, DukptError, VaultError) as wrong:
        return Decision(Reason.KEYS_UNAVAILABLE, why.keys_underivable(terminal, wrong))
    if not proved:
        return Verified(dukpt.counter(ksn), keys, None)
    mac = host.dialect.mac_of(message)
    if mac is not None and _same(host, keys, host.dialect.covered(message.raw), mac):
        return Verified(dukpt.counter(ksn), keys, _proved(session))
    return _wrong(host, terminal, session, why.derived_mac_differs(host, dukpt, request, terminal, keys, ksn, mac))


def _wrong(host: Host, terminal: TerminalConfig, session: Session, sentence: str) -> Decision:
    wrong_macs = session.bad_macs + 1
    too_many = host.signs_on and wrong_macs >= terminal.policy.bad_macs_allowed
    notes = (why.bad_macs_note(terminal, wrong_macs),) if too_many else ()
    return Decision(
        Reason.MAC_DIFFERS, sentence, session=replace(session, bad_macs=wrong_macs), notes=notes, sign_on_again=True
    )


def skew_notes(host: Host, request: Request) -> tuple[str, ...]:
    """A note when the terminal's clock is far from the host's; the request is none the worse for it."""
    came = request.message.fields
    date, time = host.read.date(came), host.read.time(came)
    if not (date and time):
        return ()
    away_s = _skew_s(host, request, date, time)
    return (why.skew(away_s),) if away_s is not None and abs(away_s) >= why.SKEW_WORTH_A_NOTE_S else ()


def _unproved(host: Host, terminal: TerminalConfig, current: Generation | None) -> Verified | Decision:
    """A message that carries no MAC in this dialect; a PIN or a track in it is under the current keys."""
    if current is None:
        return Verified(0, None, None)
    try:
        return Verified(current.number, host.ring.current(terminal.tid, current), None)
    except VaultError as wrong:
        return Decision(Reason.SIGN_ON_REQUIRED, why.keys_lost(terminal, wrong), sign_on_again=True)


def _same(host: Host, keys: WorkingKeys, covered: bytes, mac: bytes) -> bool:
    return hmac.compare_digest(host.suite.mac(keys, covered), mac)


def _proved(session: Session) -> Session | None:
    if session.bad_macs or session.previous_until_us:
        return replace(session, bad_macs=0, previous_until_us=0)
    return None


def _skew_s(host: Host, request: Request, date: str, time: str) -> int | None:
    stamp = request.stamp
    return host.calendar.skew_s(date or stamp.date, time or stamp.time, request.arrival.at_us)
