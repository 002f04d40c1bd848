"""One terminal under load: its machine, its connection, and the request that it waits with."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from time import monotonic_ns
from typing import Final

from acquirer.load.terminal_journeys import JourneyEnd, JourneyProgram, TerminalJourney
from acquirer.net.tls_session import TlsSession
from acquirer.terminal.card import CardData
from acquirer.terminal.effects import Ask, Began, Ended, Listen, Response
from acquirer.terminal.exchange import Exchange
from acquirer.terminal.machine import Machine
from acquirer.wire.deframer import Deframer

NOTHING_ANSWERED: Final = JourneyEnd(answered=False)


@dataclass(slots=True)
class ActiveTerminal:
    """One terminal.

    Args:
        phase: place of the phase for which it is, or was last, at work.
        service: what its journey is about.
        tries: how often it has come, or would have, without an answer since.
        busy: its request is due, and its journey is not over.
        program: None between two journeys.
        ask: what it is prepared for, or waits with; None: its journey is over.
        end: how its last journey ended.
        no_room: its request was not begun: this machine has no port or no open file left.
        line_drops: its connection is closed once its journey is over, even if connections are kept.
        data: of the request, what is not sent yet.
    """

    number: int
    machine: Machine
    phase: int = -1
    service: str = ""
    tries: int = 0
    busy: bool = False
    program: JourneyProgram | None = None
    ask: Ask | None = None
    exchange: Exchange | None = None
    end: JourneyEnd = NOTHING_ANSWERED
    no_room: bool = False
    line_drops: bool = False
    intended_ns: int = 0
    begun_ns: int = 0
    connected_ns: int = 0
    first_ns: int = 0
    data: bytes = b""
    sock: socket.socket | None = None
    writing: bool = False
    deframer: Deframer | None = None
    session: TlsSession | None = None  # of its connection, if it speaks TLS
    clear: bytes = b""  # of the request, what is to be sent once that is secured

    @property
    def took_us(self) -> int:
        """Return how long ago its request was begun."""
        return (monotonic_ns() - self.begun_ns) // 1000

    def prepare(self, phase: int, journey: TerminalJourney, random: Random, cards: Sequence[CardData]) -> None:
        """Begin a journey, up to its first request; what comes before that needs no host.

        Args:
            cards: that pay, one or more.

        Raises:
            AcquirerError: it cannot be made.
        """
        self.phase, self.service = phase, journey.services[0]
        self.ask = self.exchange = None
        self.program = journey.program(self.machine, random, cards)
        effect = self.advance(None)
        self.ask = effect if isinstance(effect, Ask) else None

    def advance(self, answer: Response | None) -> Ask | Listen | Ended | None:
        """Give the terminal what came, and return what concerns a host or a record; None when its journey is over.

        Raises:
            AcquirerError: it cannot go on.
        """
        program = self.program
        assert program is not None
        try:
            while True:
                effect = program.send(answer)
                answer = None
                if isinstance(effect, Began):
                    self.exchange = effect.exchange
                elif isinstance(effect, Ask | Listen | Ended):
                    return effect
        except StopIteration as stop:
            self.end = stop.value
            return None
