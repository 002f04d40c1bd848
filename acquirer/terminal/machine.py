"""The terminal itself: what it is, what it remembers, and how it holds one exchange.

The operations stand beside it: `sign_on`, `sale`, `void`, `refund`, `balance`, `reversal`, `signature`, `upload`. Each
is a generator over a `Machine` (see `effects`). Checks of replies are those of the field's terminals: see `reply`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from acquirer.dialect.dialect import Dialect, Route
from acquirer.security.dukpt_device import DukptDevice, DukptTransaction
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.terminal.effects import Ask, Began, Keep, Listen, NoAnswer, NotSent, Program, Received, Response, Unframed
from acquirer.terminal.exchange import Exchange, Outcome
from acquirer.terminal.reply import check_reply
from acquirer.terminal.setup import Setup
from acquirer.terminal.state import State
from acquirer.terminal.steering import steered
from acquirer.wire.message import EncodeError, Value

__all__ = ["Machine", "Setup", "demanded", "repeat_mti"]


def demanded(route: Route) -> frozenset[str]:
    """Return the elements that our message of this route carries, all of several where one of them would do."""
    return frozenset((*(name for entry in route.mandatory for name in entry.split(" or ")), *route.also))


class Machine:
    """One terminal at work: its setup, and its state as it changes."""

    __slots__ = ("_used", "owned", "setup", "state", "tried", "wanted")

    def __init__(self, setup: Setup, state: State | None = None) -> None:
        self.owned = setup  # as its owner set it up
        self._used: DukptTransaction | None = None  # the keys derived for the message that is being made
        self.tried: set[str] = set()  # downloads of the operation that is under way
        self.wanted: str | None = None  # what the last reply asks for in its head, "": nothing; None: it never came
        kcv = setup.tmk.kcv() if setup.tmk else ""
        if state is None or (state.tid, state.mid, state.tmk_kcv) != (setup.tid, setup.mid, kcv):
            fresh = State(setup.tid, setup.mid, kcv)
            # Under another master key the working keys are worthless; the counter and what is owed are not.
            kept = state if state and state.tid == setup.tid else fresh
            downloaded = replace(kept.downloaded, tmk=None, next_tmk=None)
            state = replace(kept, mid=setup.mid, tmk_kcv=kcv, keys=None, signed_on=False, downloaded=downloaded)
        self.state = _injected(setup, state)
        self.setup = steered(setup, self.state)

    @property
    def tmk(self) -> Secret | None:
        """The master key: the one that it downloaded, else the one that was entered."""
        return self.state.downloaded.tmk or self.setup.tmk

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
        """Whether a sign-on must bring keys before a MAC can be calculated."""
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
        if "operator" in changes or "downloaded" in changes:
            self.setup = steered(self.owned, self.state)
        yield Keep(self.state)

    def count(self) -> Program[str]:
        """Use up a STAN, durably before it is sent: none is used twice."""
        yield from self.keep(stan=self.state.next_stan().stan)
        return self.state.stan

    def fields(self, route: Route, values: Mapping[str, Value]) -> dict[int, Value]:
        """Return the fields of a request: what it must carry, as far as it is known, and `values` that are not empty.

        Known are what the route is known by, terminal, merchant, operator, batch, time, and the dialect's constants.
        """
        dialect, fields = self.setup.dialect, dict[int, Value]()
        must = demanded(route)
        known: dict[str, Value] = {name: value for name, value in dialect.constants.items() if name in must}
        known |= {name: allowed[0] for name, allowed in route.when.items()}
        known |= {name: value for name, value in (self.setup.clock() | self.ours()).items() if name in must}
        known |= {"tid": self.setup.tid, "mid": self.setup.mid}
        known |= {name: value for name, value in values.items() if value}
        for element, value in known.items():
            if element in dialect.elements:
                dialect.put(fields, element, value)
        return fields

    def ours(self) -> dict[str, str]:
        """Return the elements that are about this terminal and its day."""
        setup, profile = self.setup, self.setup.terminal_profile
        serial = setup.serial or profile.serial_default.format(tid=setup.tid)
        return {
            "batch": self.state.batch,
            "operator": profile.operator.format(operator=setup.operator),
            "serial": profile.serial.format(serial=serial, length=len(serial)),
        }

    def talk(
        self,
        route: Route,
        fields: dict[int, Value],
        about: tuple[str, ...] = (),
        *,
        fresh: bool = False,
        repeat: bool = False,
    ) -> Program[Exchange]:
        """Send a request and take its answer; returns the exchange judged, but not yet ended.

        Answers to something else are left aside: a late reply must not be taken for this one.

        Args:
            about: what the exchange's line shows of the request.
            fresh: on a new connection.
            repeat: the same message again, with the MTI that says so (ISO 8583, fourth digit: 0221 repeats 0220).
        """
        dialect = self.setup.dialect
        if route.mac_request:
            yield from self.derive()
        mti = repeat_mti(route.mti) if repeat else route.mti
        stan = str(dialect.get_from(fields, "stan") or "")
        exchange = Exchange(dialect, route.service, route.title, mti, stan, about, fields)
        yield Began(exchange)
        self.wanted = None
        answer = yield Ask(self.frame(route, fields, mti), self.setup.patience_s, fresh)
        keys, self._used = self.keys, None
        while isinstance(answer, Received):
            check = check_reply(self.setup.suite, keys, route, fields, answer.frame, verify=self.setup.verify)
            if not check.stray:
                exchange.outcome, exchange.reply, exchange.detail = check.outcome, check.message, check.detail
                exchange.code = check.code
                if code := dialect.codes.get(check.code):
                    exchange.meaning = code.meaning
                exchange.took_us = answer.took_us
                self.wanted = self.wants(exchange)
                return exchange
            exchange.note(check.stray)
            answer = yield Listen()
        _unanswered(exchange, answer)
        return exchange

    def _check_supplied(self, route: Route, fields: Mapping[int, Value]) -> None:
        """Raise EncodeError when a request lacks what only other terminals supply: the host would refuse it (30)."""
        dialect = self.setup.dialect
        for entry in route.mandatory:
            if not _have(dialect, fields, entry) and set(entry.split(" or ")) & set(route.supplied_by_others):
                problem = (
                    f"our terminal does not supply '{entry}', which a host of {dialect.name} needs in its "
                    f"{route.title.en} (supplied_by_others): give it a value in [constants], or use another terminal"
                )
                raise EncodeError(problem, field=dialect.elements[entry.split(" or ")[0]].de)

    def wants(self, exchange: Exchange) -> str:
        """Return what the host asks for in the head of its reply: a name of `profile.head`, or ""."""
        dialect = self.setup.dialect
        if exchange.reply is None or not dialect.envelope.processing_digit:
            return ""
        _, head = dialect.envelope_of(exchange.reply.raw)
        return self.setup.terminal_profile.head.get(head.hex()[dialect.envelope.processing_digit - 1], "")

    def frame(self, route: Route, fields: Mapping[int, Value], mti: str = "") -> bytes:
        """Return a request as bytes, with its MAC if it needs one. Raises EncodeError."""
        setup, keys, mti = self.setup, self.keys, mti or route.mti
        if route.supplied_by_others and not setup.supplies_all:
            self._check_supplied(route, fields)
        if not route.mac_request or keys is None:
            return setup.dialect.encode(mti, fields, setup.tpdu, setup.head)
        full = dict(fields)
        if self._used:
            setup.suite.put_ksn(full, self._used.ksn)
        full[setup.dialect.mac_de(full)] = bytes(setup.dialect.security.mac_bytes)
        frame = setup.dialect.encode(mti, full, setup.tpdu, setup.head)
        return setup.suite.seal(keys, frame)


def _have(dialect: Dialect, fields: Mapping[int, Value], entry: str) -> bool:
    return any(dialect.get_from(fields, name) for name in entry.split(" or "))


def repeat_mti(mti: str) -> str:
    """Return the MTI of a message that is sent again: 0220 → 0221, and what is a repeat already as it is.

    >>> repeat_mti("0220"), repeat_mti("1221")
    ('0221', '1221')
    """
    return mti[:3] + chr(ord(mti[3]) | 1)


def _injected(setup: Setup, state: State) -> State:
    """Return the state with a device for the keys of messages, where there are such: as it was, or a new one.

    A new one counts from 1, so it is made only under another BDK, or for another KSN.
    """
    dukpt = setup.suite.dukpt
    if dukpt is None or setup.bdk is None:
        return state
    kept, kcv = state.device, setup.bdk.kcv()
    if kept and state.bdk_kcv == kcv and kept.dukpt is dukpt and dukpt.ksn(kept.ksn, 0) == dukpt.ksn(setup.ksn, 0):
        return state
    device = DukptDevice.loaded(dukpt, dukpt.initial(setup.bdk, setup.ksn), setup.ksn)
    return replace(state, device=device, bdk_kcv=kcv)


def _unanswered(exchange: Exchange, answer: Response | None) -> None:
    if isinstance(answer, NotSent):
        exchange.outcome, exchange.detail = Outcome.NOT_SENT, answer.detail
    elif isinstance(answer, Unframed):
        exchange.outcome, exchange.detail, exchange.took_us = Outcome.MALFORMED, answer.detail, answer.took_us
    elif isinstance(answer, NoAnswer):
        exchange.outcome, exchange.detail, exchange.took_us = Outcome.NO_ANSWER, answer.detail, answer.took_us
