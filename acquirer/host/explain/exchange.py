"""Why a request was answered as it was, in sentences for the person at the terminal.

Each says which terminal, what was expected, what came, and what to do. None quotes a card number, a track, a PIN or a
clear key; identifiers a terminal sent are made printable first.
"""

from __future__ import annotations

from typing import Final

from acquirer.dialect.dialect import Dialect, Route
from acquirer.host.calendar import Calendar
from acquirer.host.core import Host
from acquirer.host.request import Request
from acquirer.host.text import day_words, named, no_month, place, plural
from acquirer.inspect.sniff import mismatch
from acquirer.model.rows import Session, TerminalConfig
from acquirer.security.dukpt import Dukpt
from acquirer.security.vault import VaultError
from acquirer.security.working import WorkingKeys
from acquirer.wire.masking import known, mac_text
from acquirer.wire.message import DecodeError, Message

SKEW_WORTH_A_NOTE_S: Final = 300
"""Five minutes: less is how far terminals' clocks drift between two sign-ons."""


# The message itself


def undecodable(failure: DecodeError) -> str:
    """A frame that is no message of this dialect."""
    return f"{failure}; nothing after that byte was looked at, and nothing was booked"


def looks_otherwise(sentence: str, dialect: Dialect, data: bytes) -> str:
    """The same, and in which other form the bytes seem to be written, if they seem to be."""
    hint = mismatch(data, dialect)
    return f"{sentence}; {hint}" if hint else sentence


def mti_unknown(dialect: Dialect, mti: str) -> str:
    """An MTI the dialect has no message for."""
    known = ", ".join(sorted({route.mti for route in dialect.routes}))
    return f"MTI {mti} is no request of dialect {dialect.name}; it knows {known}, and their repeats ({_repeats(known)})"


def stray_response(mti: str) -> str:
    """A response from a terminal: never answered, or two machines would talk for ever."""
    return f"MTI {mti} is a response, and responses are never answered; a terminal sends requests"


def missing(dialect: Dialect, route: Route | None, element: str) -> str:
    """A mandatory element that did not come."""
    name = f"a {route.title.en} ({route.mti})" if route is not None else "every request"
    where = " or ".join(place(dialect, one) for one in element.split(" or "))
    return f"{where} is missing; {name} must carry it"


def stan_zero(dialect: Dialect) -> str:
    """STAN 000000, which names no transaction."""
    return f"{place(dialect, 'stan')} is 000000; terminals number from 000001 to 999999, then start over"


def no_such_time(dialect: Dialect, date: str, time: str) -> str:
    """A date or time of day that no calendar has."""
    parts = [f"{place(dialect, element)} {value}" for element, value in (("date", date), ("time", time)) if value]
    return f"{' with '.join(parts)} is no point in time (MMDD, hhmmss) in the year nearest to the host's clock"


def no_such_expiry(dialect: Dialect, expiry: str) -> str:
    """A card's expiry whose month no calendar has."""
    return f"{place(dialect, 'expiry')} {no_month(expiry)}"


def not_supported(dialect: Dialect, request: Request) -> str:
    """A message that is understood, or at least read, but not served."""
    route, text = request.route, dialect.text
    if route is not None:
        return f"'{route.title.en}' ({request.message.mti}) is known, but this host does not serve it"
    codes = [
        f"{place(dialect, element)} {named(value)}"
        for element in ("processing_code", "condition", "transaction_type", "function")
        if element in dialect.elements and (value := text(request.message, element))
    ]
    return f"no service fits MTI {request.message.mti} with {', '.join(codes) or 'no code that says what is wanted'}"


# Who speaks


def terminal_unknown(request: Request) -> str:
    """Say that a terminal is not registered."""
    tid, mid = named(request.tid), known(named(request.mid))
    return (
        f"terminal {tid} is not registered with this host (merchant {mid} in the message): "
        f"register it with 'acquirer terminals add', or correct the terminal's number"
    )


def merchant_unknown(terminal: TerminalConfig, mid: str) -> str:
    """A terminal that names another merchant than its own."""
    return (
        f"terminal {terminal.tid} belongs to merchant {known(terminal.mid)}, the message says {known(named(mid))}: "
        "correct the merchant number in the terminal, or register it anew"
    )


# Its keys and its sign-on


def never_signed_on(terminal: TerminalConfig) -> str:
    """No working keys were ever handed out."""
    return f"terminal {terminal.tid} has no working keys yet: it must sign on first"


def keys_lost(terminal: TerminalConfig, problem: VaultError) -> str:
    """Sealed keys that do not open."""
    return f"the working keys of terminal {terminal.tid} cannot be used ({problem}): it must sign on again"


def keys_unavailable(terminal: TerminalConfig, problem: str) -> str:
    """A sign-on that cannot be given keys."""
    return f"terminal {terminal.tid} cannot be given working keys: {problem}"


def signed_off(host: Host, terminal: TerminalConfig, session: Session) -> str:
    """A sale after sign-off."""
    batch = f" from batch {session.batch}" if host.has_batch else ""
    if batch and terminal.policy.required == "per-batch":
        batch += "; that closes its batch"
    return f"terminal {terminal.tid} has signed off{batch}: it must sign on before the next sale"


def too_many_bad_macs(terminal: TerminalConfig, session: Session) -> str:
    """Keys that evidently no longer agree."""
    return (
        f"terminal {terminal.tid} sent {plural(session.bad_macs, 'wrong MAC')} in a row "
        f"({terminal.policy.bad_macs_allowed} are allowed): its keys are not the host's, it must sign on again"
    )


def bad_macs_note(terminal: TerminalConfig, mac_failures: int) -> str:
    """Beside the wrong MAC that was one too many."""
    return f"bad-macs: {plural(mac_failures, 'wrong MAC')} in a row; terminal {terminal.tid} must sign on first"


def another_day(calendar: Calendar, terminal: TerminalConfig, session: Session, today: str) -> str:
    """Policy daily, and the host's date has moved on."""
    return (
        f"terminal {terminal.tid} last signed on at {calendar.words(session.signed_on_us)} and today is "
        f"{day_words(today)} in {calendar.timezone}: its policy 'daily' asks for a sign-on each day"
    )


def spent(terminal: TerminalConfig, session: Session) -> str:
    """Policy per-transaction, and a sale came since."""
    last = f" by the sale with STAN {session.last_stan}" if session.last_stan else ""
    return (
        f"the sign-on of terminal {terminal.tid} was used up{last}: its policy 'per-transaction' asks for one before "
        "each sale"
    )


def mac_differs(
    host: Host, request: Request, terminal: TerminalConfig, session: Session, keys: WorkingKeys, mac: bytes | None
) -> str:
    """A MAC that is wrong or missing: what it should be, and which mistake explains it."""
    sentence = _differs(host, request.message, keys, f"MAK KCV {keys.mak.kcv()}", mac)
    if mac is None:
        return sentence
    generations = [("current", keys)]
    if session.previous is not None:
        generations.append(("previous", host.ring.previous(session.tid, session.previous)))
    finding = host.suite.diagnose_mac(request.message, generations, host.ring.master(terminal))
    return f"{sentence}; {finding or _nothing_fits(terminal, session)}"


def derived_mac_differs(
    host: Host,
    dukpt: Dukpt,
    request: Request,
    terminal: TerminalConfig,
    keys: WorkingKeys,
    ksn: bytes,
    mac: bytes | None,
) -> str:
    """A MAC that is wrong or missing where the message's KSN tells which key it is made with (DUKPT)."""
    mak = f"MAK KCV {keys.mak.kcv()} of KSN {known(ksn.hex().upper())} (counter {dukpt.counter(ksn)})"
    sentence = _differs(host, request.message, keys, mak, mac)
    if mac is None:
        return sentence
    initial = host.ring.initial(terminal, dukpt, ksn)
    mistaken = dukpt.mistaken(initial, ksn)
    finding = host.suite.diagnose_mac(request.message, [("current", keys)], others=mistaken)
    nothing = (
        f"no key, algorithm or coverage that was tried explains it: under the host's BDK this KSN has an initial key "
        f"with KCV {initial.kcv()}; compare it with what was injected into the terminal"
    )
    return f"{sentence}; {finding or nothing}"


def keys_underivable(terminal: TerminalConfig, problem: Exception) -> str:
    """A message whose keys cannot be derived (DUKPT): its KSN is none, or the host has no BDK for it."""
    return f"the keys of this message of terminal {terminal.tid} cannot be derived: {known(str(problem))}"


def _differs(host: Host, message: Message, keys: WorkingKeys, mak: str, mac: bytes | None) -> str:
    if mac is None:
        de = host.dialect.mac_de(message.fields)
        return f"DE {de} (mac) is missing: this message must carry a MAC made with {mak}"
    covered = host.dialect.covered(message.raw)
    return (
        f"MAC differs: expected {known(mac_text(host.suite.mac(keys, covered)))} over {len(covered)} bytes with {mak}, "
        f"got {known(mac_text(mac))}"
    )


def _nothing_fits(terminal: TerminalConfig, session: Session) -> str:
    number = session.current.number if session.current else 0
    nothing = "no key, algorithm or coverage that was tried explains it: compare the KCV with the terminal's"
    if session.previous_until_us:  # no MAC was right since these keys were handed out
        return (
            f"{nothing} (keys of its sign-on {number}, under which no MAC was right yet). If it differs, the terminal "
            f"has another TMK than the host, whose KCV is {terminal.tmk_kcv}: signing on again never helps then, enter "
            f"the same TMK on both sides. If it is the same, look at what the terminal covers"
        )
    return (
        f"{nothing} (keys of its sign-on {number}), sign on again if they differ, else look at what the terminal covers"
    )


def batch_differs(dialect: Dialect, terminal: TerminalConfig, session: Session, batch: str) -> str:
    """A sale of another batch than the host's."""
    return (
        f"{place(dialect, 'batch')} says batch {batch or '(none)'}, the host has batch {session.batch} open for "
        f"terminal {terminal.tid}: sign on again, and take the batch from the reply"
    )


# The host itself


def lost(fault: str) -> str:
    """Say that a fault lost this request."""
    return f"fault '{fault}' lost this request on its way to the host: nothing was decided, nothing was booked"


def expired(what: str) -> str:
    """Say that the terminal no longer waits for this decision."""
    return f"too late: the terminal had stopped waiting before this could be made durable, so nothing was ({what})"


_NOT_COMMITTED: Final = {
    "overloaded": "more requests wait than the host can book in time: nothing was booked, try again a little later",
    "locked": "another program holds the host's database: nothing was booked, try again a little later",
    "failed": "the host's store has failed, and whether this was booked is unknown: the host approves nothing more",
    "conflict": "other host processes changed this terminal's row again and again: nothing was booked, try again",
}


def not_committed(outcome: str) -> str:
    """A decision that could not be made durable."""
    return _NOT_COMMITTED[outcome]


def skew(away_s: int) -> str:
    """A terminal's clock that is far from the host's."""
    ahead = "ahead of" if away_s > 0 else "behind"
    return f"clock-skew: the terminal's clock is {plural(abs(away_s) // 60, 'minute')} {ahead} the host's"


def _repeats(known: str) -> str:
    return ", ".join(f"{mti[:3]}1" for mti in known.split(", "))
