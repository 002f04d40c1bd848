"""The first checks of every request, in this order, before a service decides.

1. Format (30): a known MTI, mandatory elements, a STAN, dates and times that exist.
2. Terminal (97): it is registered.
3. Certificate (58): where the terminal is bound to one, it is the one that was shown over TLS.
4. Merchant (03): the terminal belongs to it.
5. Service (40): the message asks for something that is served.
6. Operator (58): one whom the terminal lists, where it lists any and the message names one.

Then come the sign-on policy (77), the MAC (A0: `verification`), the stored repeat, the batch and the business, which
the services ask for by themselves (`case`). A refusal here books nothing.
"""

from __future__ import annotations

from functools import lru_cache

from acquirer.dialect.dialect import Route
from acquirer.host.calendar import is_expiry, is_time_zone
from acquirer.host.core import Host
from acquirer.host.decision import Decision
from acquirer.host.explain import exchange as why
from acquirer.host.explain import identity
from acquirer.host.kinds import KINDS
from acquirer.host.request import Request
from acquirer.model.effects import Loaded
from acquirer.model.reasons import Reason
from acquirer.model.rows import MANAGERS, Session, TerminalConfig


def check_format(host: Host, request: Request) -> Decision | None:
    """Return what is wrong with the message alone, before anything is loaded; None when it may pass."""
    message, route, dialect, read = request.message, request.route, host.dialect, host.read
    if route is None and not dialect.request_mti_known(message.mti):
        return Decision(Reason.MTI_UNKNOWN, why.mti_unknown(dialect, message.mti, message))
    if not request.tid:
        return Decision(Reason.FORMAT_ERROR, why.missing(dialect, route, "tid", message))
    if route is None:
        return None  # first it matters which terminal asks for something that is not served
    if route.served and not host.plans.mandatory(route).complete(message.fields):
        element = dialect.missing(message, route) or ""
        return Decision(Reason.FORMAT_ERROR, why.missing(dialect, route, element, message))
    if request.stan == "000000":
        return Decision(Reason.FORMAT_ERROR, why.stan_zero(dialect))
    date, time = read.date(message.fields), read.time(message.fields)
    if (date or time) and skew_s(host, request, date, time) is None:
        return Decision(Reason.FORMAT_ERROR, why.no_such_time(dialect, date, time))
    if request.service in KINDS and (expiry := read.expiry(message.fields)) and not is_expiry(expiry):
        return Decision(Reason.FORMAT_ERROR, why.no_such_expiry(dialect, expiry))
    return None


def identify(host: Host, request: Request, loaded: Loaded) -> Decision | None:
    """Return a refusal unless the terminal is registered, belongs to the merchant, and asks for what is served."""
    terminal = loaded.terminal
    if terminal is None or loaded.session is None:
        return Decision(Reason.TERMINAL_UNKNOWN, identity.terminal_unknown(host.dialect, request))
    if terminal.certificate and (differs := identity.certificate_differs(terminal, request.arrival)):
        return Decision(Reason.CERTIFICATE_DIFFERS, differs)
    if terminal.mid != request.mid and "mid" in host.dialect.elements:
        return Decision(Reason.MERCHANT_UNKNOWN, identity.merchant_unknown(terminal, request.mid))
    if request.route is None or not request.route.served:
        return Decision(Reason.NOT_SUPPORTED, why.not_supported(host.dialect, request))
    named = _named_operator(host, request)
    if named or terminal.operators:
        request.operator = two_digits(named or loaded.session.operator)
    if not terminal.policy.unlisted_operators and (unlisted := unlisted_operator(host, request, terminal)):
        return Decision(Reason.OPERATOR_UNKNOWN, unlisted)
    return None


def unlisted_operator(host: Host, request: Request, terminal: TerminalConfig) -> str:
    """Return why the operator whom a message names may not use this terminal; "" when it may, or none is named."""
    operator = _named_operator(host, request) if terminal.operators else ""
    if not operator or (number := two_digits(operator)) in terminal.operators or number in MANAGERS:
        return ""
    return identity.operator_unknown(host.dialect, terminal, operator, request.service)


def _named_operator(host: Host, request: Request) -> str:
    """Return the operator whom a message names; "" where its place holds something else, as DE 63 of a sale does."""
    route = request.route
    return host.read.operator(request.message.fields) if route and names_operator(route) else ""


def names_operator(route: Route) -> bool:
    """Return whether messages of a route name their operator: because they must, or because terminals of ours do."""
    return "operator" in route.mandatory or "operator" in route.also


@lru_cache(256)  # a chain has some hundred operators
def two_digits(operator: str) -> str:
    """Return the number of an operator as it is registered; some terminals send three digits, others a blank."""
    number = operator.strip()
    return f"{int(number):02}" if number.isascii() and number.isdigit() else number


def sign_on_due(host: Host, day: str, terminal: TerminalConfig, session: Session) -> str:
    """Return why a new transaction must wait for a sign-on; "" when it need not.

    A sign-on dated later than today (the host's clock was set back) still counts.

    Args:
        day: YYYYMMDD, the host's, in its own time zone.
    """
    if not host.signs_on:
        return ""
    policy = terminal.policy
    if session.signed_on_us <= host.faults.forgotten_us or (session.current is None and host.suite.packages):
        return why.never_signed_on(terminal)
    if session.signed_off:
        return why.signed_off(host, terminal, session)
    if session.bad_macs >= policy.bad_macs_allowed:
        return why.too_many_bad_macs(terminal, session)
    if policy.required == "daily" and session.signed_on_day < day:
        return why.another_day(host.calendar, terminal, session, day)
    if policy.required == "per-transaction" and session.sign_on_spent:
        return why.spent(terminal, session)
    return ""


def skew_notes(host: Host, request: Request) -> tuple[str, ...]:
    """Return a note when the terminal's clock is far from the host's; the request is none the worse for it.

    Universal time is judged where the dialect has it (DE 7). Local times may be those of two time zones.
    """
    fields = request.message.fields
    sent = host.read.sent(fields)
    away_s = host.calendar.universal_skew_s(sent, request.arrival.at_us) if sent else None
    if sent and away_s is None:
        return (why.no_such_moment(host.dialect, sent),)
    if away_s is None:
        date, time = host.read.date(fields), host.read.time(fields)
        away_s = skew_s(host, request, date, time) if date and time else None
        if away_s is None or is_time_zone(away_s):
            return ()
    return (why.skew(away_s),) if abs(away_s) >= why.SKEW_WORTH_A_NOTE_S else ()


def skew_s(host: Host, request: Request, date: str, time: str) -> int | None:
    """Return how far a terminal's clock is ahead of the host's; None when there is no such date or time."""
    stamp = request.stamp
    return host.calendar.skew_s(date or stamp.date, time or stamp.time, request.arrival.at_us)
