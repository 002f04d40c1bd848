"""The short way of ordinary exchanges: one generator from a message to its reply, for each route and set of fields.

A `ShortWay` is asked about a frame before `exchange` is. It decides the reply, the session as it will be, the row of a
new transaction and the facts for the journal; or finds that the exchange is no ordinary one: then nothing was done, and
`exchange` decides.

1. No rule is written down twice. What a service decides is its own function, called with values instead of a case
   (`registry.Straight`); so is what is decided about transactions (`short_transaction`). How a request is read, what it
   must carry, and what a reply carries is said by the dialect's routes and plans: from these the source of the
   functions is generated, as that of the fast codec is.
2. What it returns equals what `exchange` would have done: reply, facts and rows (held by a property test).
3. What is unusual goes the general way: a wrong format, an unknown terminal, a lane that is taken, a row that is not in
   memory, faults that are in force, rules that may be about it, a wrong MAC, an answer that is no approval.
4. A function is compiled once there were enough messages of its kind: peers choose bitmaps, and a random one must not
   be worth it.
5. It is taken in steps, so that exchanges of one turn take each step together: from one end to the other, one after
   another, they cost nearly twice as much, because the processor's branch predictor holds a step and not a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from acquirer.dialect.clock import day_and_time
from acquirer.dialect.definitions import ACCEPTED
from acquirer.dialect.dialect import Route
from acquirer.host import services
from acquirer.host.admission import names_operator, two_digits
from acquirer.host.core import Host
from acquirer.host.decision import Decided
from acquirer.host.kinds import KINDS
from acquirer.host.registry import Straight
from acquirer.host.request import no_key
from acquirer.host.short_transaction import KeptRows, judge_of, transaction_parts
from acquirer.host.short_values import STEP, Routed, WayParts, element_text, record_values, sound_constants
from acquirer.journal.packed import Form
from acquirer.journal.render import Facts, pack
from acquirer.journal.shapes import AGAIN_AFTER, USUAL_AFTER, shape_of
from acquirer.model.ready_exchange import ReadyExchange
from acquirer.model.reasons import Reason
from acquirer.model.rows import Session, TerminalConfig
from acquirer.wire.codec import NOT_FAST
from acquirer.wire.message import Message, Unusual

SHORT_AFTER: Final = 8
"""Messages of one kind that go the general way before a function is compiled for them: that takes some milliseconds."""

KEPT: Final = 256
"""Kinds of messages that are remembered; when there are more, all are forgotten."""

LoadKept = Callable[[str], "tuple[TerminalConfig, Session] | None"]
"""Returns a terminal and its session; None: they are not in memory, or another of its exchanges is under way."""

TakeDecided = Callable[[bytes, ReadyExchange], None]
"""Takes the reply, and what is to be committed before it is sent."""

ShortSteps = Iterator[str | None]
"""What a short way does, step by step. After the first the terminal's number comes, whose lane is to be taken before
another exchange begins; then None while there are further steps. One of `NOT_SHORT` may be raised instead: then nothing
was decided."""

NOT_SHORT: Final = (Decided, *NOT_FAST)
"""What says within a step that `exchange` decides."""

_Way = Callable[[Message, str, int, float, TakeDecided], ShortSteps]
"""Takes a message, its peer, when it came, when its exchange began, and where to what is decided."""


class ShortWay:
    """The short ways of one host.

    Args:
        load: of terminals whose lane is free.
        rows: that transactions need.
        now_s: the clock in which exchanges begin.
    """

    __slots__ = (
        "_bitmap_end",
        "_decode",
        "_mti_at",
        "_mti_end",
        "_mtis",
        "_seen",
        "_ways",
        "dialect",
        "host",
        "load",
        "now_s",
        "rows",
    )

    def __init__(self, host: Host, load: LoadKept, rows: KeptRows, now_s: Callable[[], float]) -> None:
        self.dialect = dialect = host.dialect
        self.host = host
        self.load = load
        self.rows = rows
        self.now_s = now_s
        self._ways: dict[bytes, _Way] = {}  # by MTI and bitmaps, as they travel
        self._seen: dict[bytes, int] = {}  # messages that had none yet, or no row
        self._decode = dialect.codec.decode_usual
        start = dialect.grammar.envelope_bytes
        self._mti_at = start
        self._mti_end = start + dialect.grammar.mti_bytes
        self._bitmap_end = self._mti_end + dialect.grammar.bitmap_bytes
        mtis = [route.mti for route in dialect.routes if _straight(route) or judge_of(route)]
        self._mtis = frozenset(map(dialect.grammar.mti_on_wire, mtis))

    def begin(self, frame: bytes, peer: str, at_us: int, began_s: float, taken: TakeDecided) -> ShortSteps | None:
        """Return the steps to what a frame is answered with, which `taken` is called with; None: `exchange` decides."""
        if self.host.faults.active is not None:
            return None
        way = self._ways.get(frame[self._mti_at : self._bitmap_end])  # that of a message with a second one is not there
        if way is None and frame[self._mti_at : self._mti_end] not in self._mtis:
            return None
        message = self._decode(frame)
        if message is None:
            return None
        if way is None:
            kind = self.dialect.codec.kind(frame)
            way = self._ways.get(kind)
            if way is None:
                self._count(kind, message)
                return None
        return way(message, peer, at_us, began_s, taken)

    def learn_form(self, message: Message, facts: Facts) -> None:
        """Have the way make rows of the form that an exchange has, once there were enough without a row."""
        kind = self.dialect.codec.kind(message.raw)
        seen = self._see(kind)
        if seen == SHORT_AFTER + USUAL_AFTER or seen % AGAIN_AFTER == 0:
            form = pack(facts, self.dialect)[2]
            self._ways[kind] = _make_way(self, message, form) or _no_way

    def _count(self, kind: bytes, message: Message) -> None:
        if self._see(kind) < SHORT_AFTER:
            return
        if len(self._ways) >= KEPT:
            self._ways.clear()
        self._ways[kind] = _make_way(self, message, None) or _no_way

    def _see(self, kind: bytes) -> int:
        """Count a message; return how many there were."""
        if len(self._seen) >= KEPT and kind not in self._seen:
            self._seen.clear()
        seen = self._seen[kind] = self._seen.get(kind, 0) + 1
        return seen


def _no_way(_message: Message, _peer: str, _at_us: int, _began_s: float, _taken: TakeDecided) -> ShortSteps:
    raise Unusual


def _straight(route: Route) -> Straight | None:
    """Return how the service of a route decides on values; None where it does not, or a MAC is due."""
    service = services.SERVICES.get(route.service)
    if service is None or not route.served or route.mac_request or route.service in KINDS or service.key is not no_key:
        return None
    return service.straight


def _make_way(own: ShortWay, message: Message, form: Form | None) -> _Way | None:
    """Return the way of messages with the MTI and the fields of this one; None where there is none.

    Args:
        form: of rows that it makes.
    """
    from acquirer.wire.fast import make_encoder  # only what sees many messages needs it

    host, dialect, mti, des = own.host, own.dialect, message.mti, tuple(message.fields)
    route = dialect.route(message)
    if route is None or mti != route.mti or dialect.is_response(mti, message.fields):
        return None
    plan, mandatory = host.plans.plan(route, accepted=True), host.plans.mandatory(route)
    code = host.code_of(Reason.APPROVED, route)
    if (
        dialect.codes[code].kind != ACCEPTED
        or not mandatory.des <= set(des)
        or any(place.de in des for place in day_and_time(dialect) if place is not None)  # there may be no such time
    ):
        return None
    takes = Routed(dialect, route)
    names: dict[str, Any] = {
        "Ready": ReadyExchange,
        "Unusual": Unusual,
        "code": code,
        "dialect": dialect,
        "envelope": host.plans.envelope,
        "host": host,
        "learn": own.learn_form,
        "load": own.load,
        "now_s": own.now_s,
        "read": host.read,
        "rules": host.rules,
        "service": route.service,
        "stamp_of": host.calendar.stamp,
        "take_rrn": own.rows.take_rrn,
        "routed": takes.known,
        "takes": takes,
        "two_digits": two_digits,
    }

    parts_read: dict[str, str] = {}  # expressions for parts of fields, and the names they are read into, once

    def text(element: str) -> str:
        read = element_text(dialect, element, des)
        return parts_read.setdefault(read, f"{element}_") if read.startswith("(") else read

    if (straight := _straight(route)) is not None:
        parts = (
            _straight_parts(host, straight, text, names)
            if not straight.needs or straight.needs in plan.elements
            else None
        )
    else:
        parts = transaction_parts(host, route, des, own.rows, text, names)
    if parts is None:
        return None
    reply_lines, reply_values = plan.statements(des, parts.elements, names)
    reply_mti = names["reply_mti"] = host.plans.reply_mti(mti)
    sealed_des = [*reply_values]
    if parts.mac:
        sealed_des.append(dialect.mac_de(dict.fromkeys(reply_values, "")))
        names["no_mac"] = {sealed_des[-1]: bytes(dialect.security.mac_bytes)}
    echoed = [de for de, value in reply_values.items() if value == f"f{de}"]  # decoded by the same grammar
    constants = sound_constants(dialect, {de: names[value] for de, value in reply_values.items() if value in names})
    names["encode"] = make_encoder(dialect.grammar, sealed_des, echoed, constants)
    identified = [f"{element} = {text(element)}" for element in ("tid", "mid", "stan", "batch")]
    there = [f"({' or '.join(map(text, entry))})" for entry in mandatory.elements]
    deciding = dict.fromkeys([name for one in dialect.routes if one.mti == mti for name in one.when])
    conditions = "".join([f"{text(name)}, " for name in deciding])
    operator = f"two_digits({text('operator')})" if names_operator(route) else "''"
    record = record_values(mti=mti, service=route.service, code=code, reply_mti=reply_mti) | dict(parts.facts)
    row_source = ["row = None"]
    if form is not None:
        values = record | {element: text(element) for element in ("tid", "mid", "stan")}
        values |= {f"request.{de}": f"f{de}" for de in des} | {
            f"reply.{de}": repr(code) if one == "code" else one for de, one in reply_values.items()
        }
        shape = shape_of((dialect, mti, des, reply_mti, tuple(reply_values)))
        row_source = shape.row_source(form, values, names, ("stan", "rrn", "frame_bytes"))
    source = [
        "def way(message, peer, at_us, began_s, taken):",
        "fields = message.fields",
        f"[{', '.join([f'f{de}' for de in des])}] = fields.values()",
        *[f"{name} = {read}" for read, name in parts_read.items()],
        *identified,
        f"if not ({' and '.join(['tid', *there])}) or stan == '000000': raise Unusual",
        f"if ({conditions}) not in routed and not takes(message, ({conditions})): raise Unusual",
        "rows = load(tid)",
        "if rows is None: raise Unusual",
        "terminal, session = rows",
        "if terminal.certificate or terminal.operators: raise Unusual",
        "if session.settling or session.downloads or session.tmk: raise Unusual",
        *["if terminal.mid != mid: raise Unusual"] * ("mid" in dialect.elements),
        *parts.checks,
        "if rules.active is not None and any(rules.active.about(dialect, tid, service)): raise Unusual",
        "yield tid",
        "stamp = stamp_of(at_us)",
        "clock = stamp.reply_elements",
        *parts.decides,
        STEP,
        *reply_lines,
        STEP,
        *parts.seals,
        STEP,
        "notes = '\\n'.join(notes)",
        f"operator = {operator}",
        "took_us = int((now_s() - began_s) * 1_000_000)",
        *row_source,
        "facts = None",
        "if row is None:",
        f"    facts = ({', '.join(record.values())}, fields, (), reply)",
        "    learn(message, facts)",
        STEP,
        "taken(frame, Ready(dialect, facts, row, after, only_stan, at_us, tid, stan, peer, transaction))",
    ]
    exec(compile("\n    ".join(source), "<generated way>", "exec"), names)  # noqa: S102  made of a checked dialect only
    way: _Way = names["way"]
    return way


def _straight_parts(host: Host, straight: Straight, text: Callable[[str], str], names: dict[str, Any]) -> WayParts:
    """Return what the way of a service consists of that decides on values and books nothing."""
    names["decide"] = straight.decide
    values = ["host", "terminal", "session", "stamp", "at_us", "stan", *map(text, straight.elements)]
    elements = {element: f"clock[{element!r}]" for element in host.calendar.stamp(0).reply_elements}
    elements |= {"rrn": "rrn", "code": "code", **{element: f"given[{element!r}]" for element in straight.gives}}
    decides = [
        f"after, why, notes, given = yield from decide({', '.join(values)})",
        "rrn = take_rrn()",
        "only_stan, transaction = False, None",
    ]
    return WayParts([], decides, elements, ["frame = encode(envelope(message.raw, 0), reply_mti, reply)"])
