"""A terminal that sends what a test says, field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from acquirer.app.terminal import Terminal
from acquirer.app.terminal_connection import TerminalConnection, address
from acquirer.dialect.suite import Suite
from acquirer.settings.specs import load_dialect
from acquirer.terminal.effects import Ask, Received
from acquirer.testing import RunningHost, running_host
from acquirer.wire.message import Message, Value

TID, MID = "10000161", "880210010210162"


class Pos:
    """Sends any message with a right MAC, under the keys of its own sign-on."""

    def __init__(self, name: str, host: RunningHost) -> None:
        self.dialect = load_dialect(name)
        self.suite = Suite(self.dialect)
        self.host = host
        self.line = TerminalConnection(address(host.address), self.dialect.framing, keep_open=True)
        with Terminal(TID, host=host.address, dialect=name) as terminal:
            terminal.sign_on()
            assert terminal.state.keys is not None
            self.keys = terminal.state.keys

    def frame(self, mti: str, elements: dict[str, Value], *, mac_de: int | None = None, sealed: bool = True) -> bytes:
        """A request; `mac_de`: where its MAC stands, if not where it should."""
        fields: dict[int, Value] = {}
        for element, value in ({"tid": TID, "mid": MID} | elements).items():
            self.dialect.put(fields, element, value)
        if not sealed:
            return self.dialect.encode(mti, fields)
        fields[mac_de or self.dialect.mac_de(fields)] = bytes(8)
        frame = self.dialect.encode(mti, fields)
        return frame if mac_de else self.suite.seal(self.keys, frame)

    def send(self, frame: bytes) -> Message:
        answer = self.line.ask(Ask(frame, 5))
        assert isinstance(answer, Received), answer
        return self.dialect.decode(answer.frame)

    def sale(self, stan: str, **elements: Value) -> dict[str, Value]:
        """The elements of a sale as this dialect has them."""
        common: dict[str, Value] = {
            "processing_code": "000000",
            "amount": "000000001000",
            "stan": stan,
            "currency": "978",
            "pan": "6212345678901232",
            "expiry": "3012",
        }
        if self.dialect.numbering.within == "sent":
            own = {"sent": "1120120000", "time": "120000", "date": "1120", "entry_mode": "012", "condition": "00"}
        else:
            own = {"time": "261120120000", "entry_mode": "510101654000", "function": "200"}
            own |= {"business": "5999", "acquirer": "123456"}
        return common | own | elements

    def reversal(self, stan: str, of: dict[str, Value], **elements: Value) -> dict[str, Value]:
        """The elements of a reversal of a sale."""
        kept = {name: value for name, value in of.items() if name not in ("expiry", "entry_mode", "condition")}
        named: dict[str, Value] = {"original_mti": self.mti("sale"), "original_stan": of["stan"], "stan": stan}
        if self.dialect.numbering.within == "sent":
            named |= {"sent": "1120120500", "original_sent": of["sent"], "reversal_reason": "68"}
            named |= {"original_acquirer": "00000123456", "original_forwarder": "0" * 11}
        else:
            named |= {"original_time": of["time"], "original_acquirer": "06123456", "reversal_reason": "4021"}
            named |= {"function": "400"}
        return kept | named | elements

    def mti(self, service: str) -> str:
        return self.dialect.find_route(service).mti

    def sell(self, stan: str, **elements: Value) -> Message:
        return self.send(self.frame(self.mti("sale"), self.sale(stan, **elements)))

    def undo(self, stan: str, of: dict[str, Value], **elements: Value) -> Message:
        return self.send(self.frame(self.mti("reversal"), self.reversal(stan, of, **elements)))

    def code(self, reply: Message) -> str:
        return self.dialect.text(reply, "code")


@pytest.fixture
def make_pos() -> Iterator[Callable[..., Pos]]:
    """Makes a pos of a dialect, with a host of its own."""
    with ExitStack() as stack:

        def make(name: str, **settings: Any) -> Pos:
            clock = {"clock": "2026-11-20T12:00:00", "timezone": "UTC"}
            host = stack.enter_context(running_host(dialect=name, **clock | settings))
            pos = Pos(name, host)
            stack.callback(pos.line.close)
            return pos

        yield make
