"""Why a request was answered as it was, in sentences for the person at the terminal.

Each says which terminal, what was expected, what came, and what to do. None quotes a card number, a track, a PIN or a
clear key; identifiers a terminal sent are made printable first.
"""

from __future__ import annotations

import re
from typing import Final

from acquirer.data.text import indefinite, plural
from acquirer.dialect.dialect import Dialect, Route
from acquirer.host.calendar import Calendar
from acquirer.host.core import Host
from acquirer.host.explain.routes import nearest_service, of_other_mti
from acquirer.host.request import Request
from acquirer.host.text import day_words, named, no_month, place
from acquirer.inspect.envelope_causes import bitmap_cause, frame_cause
from acquirer.inspect.field_causes import field_cause
from acquirer.inspect.framing_causes import stream_cause
from acquirer.inspect.sniff import mismatch
from acquirer.model.rows import Session, TerminalConfig
from acquirer.wire.message import DecodeError, Message

SKEW_WORTH_A_NOTE_S: Final = 300
"""Five minutes: less is how far terminals' clocks drift between two sign-ons."""


# The message itself


def undecodable(failure: DecodeError) -> str:
    """A frame that is no message of this dialect."""
    return f"{failure}; nothing after that byte was looked at, and nothing was booked"


def undecodable_because(failure: DecodeError, dialect: Dialect, frame: bytes) -> str:
    """The same, and which field is the cause, or in which other form the whole frame seems to be written."""
    if cause := frame_cause(dialect, frame):  # where it failed is then of no use
        return f"{cause}; nothing was booked"
    sentence = undecodable(failure)
    if cause := field_cause(dialect, frame, failure):
        return f"{_OTHER_PADDING.sub('', sentence)}; {cause}"
    if cause := bitmap_cause(dialect, frame):
        return f"{cause}; nothing was booked"
    begins_well = frame[:1] == dialect.envelope.tpdu[:1]  # else what is read as a bitmap is none
    if begins_well and (cause := unknown_bit(failure)):
        return f"{sentence}; {cause}"
    return looks_otherwise(sentence, dialect, dialect.framing.wrap(frame))


_OTHER_PADDING: Final = re.compile(r": (?:filled on the other side\? )?\[padding\][^;]*")
"""Which padding would take a filling half byte: of no use where the cause is found."""


def unknown_bit(failure: DecodeError) -> str:
    """What to do about a bit of a field, or of a bitmap, that the dialect does not have; "" for any other failure."""
    if failure.problem.startswith(f"bit {failure.field} is set"):
        return f"clear bit {failure.field} of the bitmap, or define it in the dialect"
    return ""


def refused_stream(detail: str, dialect: Dialect, data: bytes, before: bytes) -> str:
    """A stream whose bytes are no frames, and in which form they seem to be written."""
    if cause := stream_cause(dialect, data, before):
        return f"{detail}; {cause}"
    return looks_otherwise(detail, dialect, data)


def rest_missing(dialect: Dialect, data: bytes) -> str:
    """What to do about a frame that is not whole, as the rest of a sentence."""
    framing, before = dialect.framing, dialect.framing.before_bytes
    size = framing.length(data[len(framing.start) : len(framing.start) + framing.length_bytes])
    if not framing.length_bytes or len(data) < before or size is None or size <= len(data) - before:
        return "; send the whole frame before the connection ends"
    received = f"its length says {plural(size, 'byte')}, and {len(data) - before} of them came"
    return f"; {received}: send the rest before the connection ends, or correct the length"


def empty_before(dialect: Dialect) -> str:
    """An empty frame just before a request, which the two halves of a longer length would be."""
    size = dialect.framing.length_bytes
    reads = f"{dialect.name} on this port reads {plural(size, 'byte')}"
    return f"an empty frame came just before: {2 * size}-byte length? {reads}"


def looks_otherwise(sentence: str, dialect: Dialect, data: bytes) -> str:
    """The same, and in which other form the bytes seem to be written, if they seem to be."""
    hint = mismatch(data, dialect)
    return f"{sentence}; {hint}" if hint else sentence


def mti_unknown(dialect: Dialect, mti: str, message: Message | None = None) -> str:
    """An MTI the dialect has no message for."""
    mtis = sorted({route.mti for route in dialect.routes})
    known = ", ".join(mtis)
    sentence = f"there is no message with MTI {mti} in dialect {dialect.name}"
    if not mtis:
        return f"{sentence}: it has no routes, so it only reads; add [routes.…] to it to have requests answered"
    same = f"{mtis[0][0]}{mti[1:]}"
    if same in mtis and mti != same:
        versions = f"its first digit says version {_VERSIONS.get(mti[0], mti[0])}"
        return f"{sentence}: {versions}, and {same} is of version {_VERSIONS.get(same[0], same[0])}; send {same}"
    if message is not None and (meant := of_other_mti(dialect, message)):
        return f"{sentence}; {meant}"
    return f"{sentence}; use one of its {len(mtis)}: {known}"


_VERSIONS: Final = {"0": "1987", "1": "1993", "2": "2003", "9": "9 (private)"}


def stray_response(mti: str) -> str:
    """A response from a terminal: never answered, or two machines would talk for ever."""
    request = f"{mti[:2]}{int(mti[2]) - 1 if mti[2].isdecimal() else mti[2]}{mti[3:]}"
    return f"MTI {mti} is a response, and responses are never answered; send the request, {request}"


def missing(dialect: Dialect, route: Route | None, element: str, message: Message | None = None) -> str:
    """A mandatory element that did not come."""
    name = f"{indefinite(route.title.en)} ({route.mti})" if route is not None else "every request"
    names = element.split(" or ")
    where = " or ".join(place(dialect, one) for one in names)
    des = " or ".join(dict.fromkeys(f"DE {at.de}" for one in names if (at := dialect.elements.get(one))))
    short = _short(dialect, message, names[0]) if message is not None and len(names) == 1 else ""
    return short or f"{where} is missing; {name} must carry it: send {des or 'it'}"


def _short(dialect: Dialect, message: Message, element: str) -> str:
    """An element whose field came, and is too short to hold it; "" for any other."""
    at = dialect.elements.get(element)
    value = None if at is None else message.fields.get(at.de)
    if at is None or not value:
        return ""
    spec = dialect.fields[at.de]
    unit, fill = ("digit", "zeros before it") if spec.kind == "n" else ("character", "blanks behind it")
    count = plural(len(value), unit)
    needs = at.stop or at.start + 1
    return f"DE {at.de} has {count}, and {place(dialect, element)} needs {needs}: send {needs}, with {fill} if need be"


def stan_zero(dialect: Dialect) -> str:
    """STAN 000000, which names no transaction."""
    return f"{place(dialect, 'stan')} is 000000; number from 000001 to 999999, then start over"


def no_such_time(dialect: Dialect, date: str, time: str) -> str:
    """A date or time of day that no calendar has."""
    if "date" not in dialect.elements:  # one element has both
        return (
            f"{place(dialect, 'time')} has {date} as month and day and {time} as the time of day, which is no point in "
            "time; write YYMMDDhhmmss, the year first, and hours from 00 to 23"
        )
    parts = [f"{place(dialect, element)} {value}" for element, value in (("date", date), ("time", time)) if value]
    return (
        f"{' with '.join(parts)} is no point in time in the year nearest to the host's clock; write the date as MMDD, "
        "month first, and the time as hhmmss, hours from 00 to 23"
    )


def no_such_moment(dialect: Dialect, sent: str) -> str:
    """Note a time of sending that no calendar has."""
    return f"sent: {place(dialect, 'sent')} is {sent}, which is no date and time; send MMDDhhmmss in universal time"


def no_such_expiry(dialect: Dialect, expiry: str) -> str:
    """A card's expiry whose month no calendar has."""
    return f"{place(dialect, 'expiry')} {no_month(expiry)}; write YYMM, the year first"


def not_supported(dialect: Dialect, request: Request) -> str:
    """A message that is understood, or at least read, but not served."""
    route, text = request.route, dialect.text
    near = nearest_service(dialect, request.message, 2 if route is None else 1)
    if route is not None:
        known_as = f"'{route.title.en}' ({request.message.mti}) is known, but this host does not serve it"
        return f"{known_as}; {near}" if near else known_as
    if near:
        return f"no service fits MTI {request.message.mti} as it is; {near}"
    codes = [
        f"{place(dialect, element)} {named(value)}"
        for element in ("processing_code", "condition", "transaction_type", "function")
        if element in dialect.elements and (value := text(request.message, element))
    ]
    return f"no service fits MTI {request.message.mti} with {', '.join(codes) or 'no code that says what is wanted'}"


# Its keys and its sign-on


def never_signed_on(terminal: TerminalConfig) -> str:
    """No working keys were ever handed out."""
    return f"terminal {terminal.tid} has no working keys yet: it must sign on first"


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
        "each sale: sign on first"
    )


def batch_differs(dialect: Dialect, terminal: TerminalConfig, session: Session, request: Request) -> str:
    """A sale of another batch than the host's."""
    hint = ""
    if request.stan == session.batch:
        hint = f"; that is what {place(dialect, 'stan')} says: batch and STAN look exchanged, send each in its place"
    elif request.batch == request.stan:
        hint = f"; it is also what {place(dialect, 'stan')} says; send the batch there, not the STAN"
    return (
        f"{place(dialect, 'batch')} says batch {request.batch or '(none)'}, the host has batch {session.batch} open "
        f"for terminal {terminal.tid}: sign on again, and take the batch from the reply{hint}"
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


def not_loaded(problem: str) -> str:
    """A decision for which rows could not be read."""
    return f"nothing was decided: {problem}"


def skew(away_s: int) -> str:
    """A terminal's clock that is far from the host's."""
    ahead = "ahead of" if away_s > 0 else "behind"
    return f"clock-skew: the terminal's clock is {plural(abs(away_s) // 60, 'minute')} {ahead} the host's"
