"""The terminal itself: what it is, what it remembers, and how it holds one exchange.

The operations stand beside: `signing`, `selling`, `reversing`. Each is a generator over a `Machine` (see `effects`).
Checks of replies are those the field's terminals make (Q/CUP 009, table of checks): see `reply`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from acquirer.data.types import Randbytes
from acquirer.dialect.clock import clock_forms
from acquirer.dialect.dialect import Dialect, Route
from acquirer.dialect.suite import Suite
from acquirer.dialect.terminal_profile import TerminalProfile
from acquirer.security.dukpt_device import Device, Used
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.terminal.effects import Ask, Began, Keep, Listen, NoAnswer, NotSent, Program, Received, Response, Unframed
from acquirer.terminal.exchange import Exchange, Outcome
from acquirer.terminal.reply import judge
from acquirer.terminal.state import State
from acquirer.wire.message import Value


@dataclass(frozen=True, slots=True)
class Setup:
    """What a terminal is, as its owner set it up."""

    dialect: Dialect
    suite: Suite
    terminal_profile: TerminalProfile
    tid: str
    mid: str
    tmk: Secret | None
    randbytes: Randbytes = field(repr=False)
    now: Callable[[], datetime] = field(repr=False)  # its clock: local time, with its zone where that matters
    bdk: Secret | None = None  # where keys are derived for each message: what the key injection had
    ksn: bytes = b""  # which device it made of this terminal
    merchant: str = ""  # its name, for receipts
    operator: str = "01"
    serial: str = ""
    package: str = ""  # key package to ask for at sign-on; "": as last time, at first the dialect's
    tpdu: bytes = b""  # b"": the dialect's
    head: bytes = b""
    timeout_s: float = 0  # for one answer; 0: the dialect's
    upload_at_once: bool = False  # a signature goes up after its own sale, not after the next one
    part_bytes: int = 0  # signatures are cut into parts of so many bytes; 0: never
    watermark: bool = True  # the feature code is burnt into signatures
    tell_capture: bool = True  # uploads say how the signature was captured, in an element of our own
    free_minor: int | None = None  # amount up to which nobody signs, where the dialect has one; None: the dialect's

    def clock(self) -> dict[str, str]:
        """What time it is, as the dialect's elements say it."""
        local = self.now()
        utc = local.astimezone(UTC) if local.tzinfo else local
        return {form.element: (utc if form.utc else local).strftime(form.pattern) for form in clock_forms(self.dialect)}

    @property
    def patience_s(self) -> float:
        """How long it waits for one answer."""
        return self.timeout_s or self.terminal_profile.reply_timeout_s


def demanded(route: Route) -> frozenset[str]:
    """The elements that a message of this route must carry, all of several where one of them would do."""
    return frozenset(name for entry in route.mandatory for name in entry.split(" or "))


class Machine:
    """One terminal at work: its setup, and its state as it changes."""

    __slots__ = ("_used", "setup", "state")

    def __init__(self, setup: Setup, state: State | None = None) -> None:
        self.setup = setup
        self._used: Used | None = None  # the keys derived for the message that is being made
        kcv = setup.tmk.kcv() if setup.tmk else ""
        if state is None or (state.tid, state.mid, state.tmk_kcv) != (setup.tid, setup.mid, kcv):
            fresh = State(setup.tid, setup.mid, kcv)
            # Under another master key the working keys are worthless; the counter and what is owed are not.
            kept = state if state and state.tid == setup.tid else fresh
            state = replace(kept, mid=setup.mid, tmk_kcv=kcv, keys=None, signed_on=False)
        self.state = _injected(setup, state)

    @property
    def package(self) -> str:
        """The key package to ask for at sign-on; "" where a dialect has none."""
        last = self.state.package if self.state.package in self.setup.suite.packages else ""
        return self.setup.package or last or self.setup.terminal_profile.package

    @property
    def keys(self) -> WorkingKeys | None:
        """The keys of the message that is being made, if there are any."""
        return self._used.keys if self._used else self.state.keys

    @property
    def keyless(self) -> bool:
        """Whether a sign-on must bring keys before a MAC can be made."""
        suite = self.setup.suite
        return suite.dukpt is None and bool(suite.packages) and self.state.keys is None

    @property
    def signs_on(self) -> bool:
        """Whether terminals of this dialect sign on at all."""
        return any(route.service == "sign_on" for route in self.setup.dialect.routes)

    def derive(self) -> Program[None]:
        """Where each message has its own keys: use up those of the next one, durably, so that no two share theirs.

        Until that message is sent, calling it again changes nothing. Raises DukptError when there are no more.
        """
        if self.setup.suite.dukpt is None or self.state.device is None or self._used is not None:
            return
        used = self.state.device.use()
        yield from self.keep(device=used.after)
        self._used = used

    def keep(self, **changes: Any) -> Program[None]:
        """Change the state and make it durable."""
        self.state = replace(self.state, **changes)
        yield Keep(self.state)

    def count(self) -> Program[str]:
        """Use up a STAN: durable before it is sent, so that it is never used twice."""
        yield from self.keep(stan=self.state.next_stan().stan)
        return self.state.stan

    def fields(self, route: Route, values: Mapping[str, Value]) -> dict[int, Value]:
        """The fields of a request: what it must carry as far as we know it, and those of `values` that are not empty.

        We know what makes it this kind of message, who we are and who operates us, our batch, what time it is, and what
        the dialect has as constants.
        """
        dialect, fields = self.setup.dialect, dict[int, Value]()
        must = demanded(route)
        told: dict[str, Value] = {name: allowed[0] for name, allowed in route.when.items()}
        told |= {name: value for name, value in dialect.constants.items() if name in must}
        told |= {name: value for name, value in (self.setup.clock() | self.ours()).items() if name in must}
        told |= {"tid": self.setup.tid, "mid": self.setup.mid}
        told |= {name: value for name, value in values.items() if value}
        for element, value in told.items():
            if element in dialect.elements:
                dialect.put(fields, element, value)
        return fields

    def ours(self) -> dict[str, str]:
        """Elements that are about this terminal and its day."""
        setup, profile = self.setup, self.setup.terminal_profile
        serial = setup.serial or profile.serial_default.format(tid=setup.tid)
        return {
            "batch": self.state.batch,
            "operator": profile.operator.format(operator=setup.operator),
            "serial": profile.serial.format(serial=serial, length=len(serial)),
        }

    def talk(
        self, route: Route, fields: dict[int, Value], about: tuple[str, ...] = (), *, fresh: bool = False
    ) -> Program[Exchange]:
        """Send a request and take its answer. The exchange that comes back is judged, but not yet told to anyone.

        Answers to something else are left aside: a late reply must not be taken for this one.
        """
        dialect = self.setup.dialect
        if route.mac_request:
            yield from self.derive()
        exchange = Exchange(
            dialect, route.service, route.title, route.mti, str(dialect.get_from(fields, "stan") or ""), about, fields
        )
        yield Began(exchange)
        answer = yield Ask(self.frame(route, fields), self.setup.patience_s, fresh)
        keys, self._used = self.keys, None
        while isinstance(answer, Received):
            verdict = judge(self.setup.suite, keys, route, fields, answer.frame)
            if not verdict.stray:
                exchange.outcome, exchange.reply, exchange.detail = verdict.outcome, verdict.message, verdict.detail
                exchange.code = verdict.code
                if code := dialect.codes.get(verdict.code):
                    exchange.meaning = code.meaning
                exchange.took_us = answer.took_us
                return exchange
            exchange.note(verdict.stray)
            answer = yield Listen()
        _unanswered(exchange, answer)
        return exchange

    def wants(self, exchange: Exchange) -> str:
        """What the host asks for in the head of its reply: a name of `profile.head`, or nothing."""
        dialect = self.setup.dialect
        if exchange.reply is None or not dialect.envelope.processing_digit:
            return ""
        _, head = dialect.envelope_of(exchange.reply.raw)
        return self.setup.terminal_profile.head.get(head.hex()[dialect.envelope.processing_digit - 1], "")

    def frame(self, route: Route, fields: Mapping[int, Value]) -> bytes:
        """A request as bytes, with its MAC if it needs one. Raises EncodeError."""
        setup, keys = self.setup, self.keys
        if not route.mac_request or keys is None:
            return setup.dialect.encode(route.mti, fields, setup.tpdu, setup.head)
        full = dict(fields)
        if self._used:
            setup.suite.put_ksn(full, self._used.ksn)
        full[setup.dialect.mac_de(full)] = bytes(setup.dialect.security.mac_bytes)
        frame = setup.dialect.encode(route.mti, full, setup.tpdu, setup.head)
        return setup.suite.seal(keys, frame)


def _injected(setup: Setup, state: State) -> State:
    """The state with a device for the keys of messages, where there are such: as it was, or as new.

    A new one counts from 1, so it is made only under another BDK, or for another KSN.
    """
    dukpt = setup.suite.dukpt
    if dukpt is None or setup.bdk is None:
        return state
    kept, kcv = state.device, setup.bdk.kcv()
    if kept and state.bdk_kcv == kcv and kept.dukpt is dukpt and dukpt.ksn(kept.ksn, 0) == dukpt.ksn(setup.ksn, 0):
        return state
    device = Device.loaded(dukpt, dukpt.initial(setup.bdk, setup.ksn), setup.ksn)
    return replace(state, device=device, bdk_kcv=kcv)


def _unanswered(exchange: Exchange, answer: Response | None) -> None:
    if isinstance(answer, NotSent):
        exchange.outcome, exchange.detail = Outcome.NOT_SENT, answer.detail
    elif isinstance(answer, Unframed):
        exchange.outcome, exchange.detail, exchange.took_us = Outcome.MALFORMED, answer.detail, answer.took_us
    elif isinstance(answer, NoAnswer):
        exchange.outcome, exchange.detail, exchange.took_us = Outcome.NO_ANSWER, answer.detail, answer.took_us
