"""Recorded requests sent again to a host, and its replies beside the recorded ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from acquirer.app.recording import RecordedExchange, Recording
from acquirer.app.relay_messages import SeenMessage, text_of
from acquirer.app.resealing import Resealer
from acquirer.app.terminal_connection import HostAddress, TerminalConnection
from acquirer.dialect.answers import differing_element
from acquirer.dialect.compiled import CompiledDialect
from acquirer.inspect.differences import compare_replies
from acquirer.inspect.field_difference import FieldDifference
from acquirer.terminal.effects import Ask, NoAnswer, NotSent, Received, Response
from acquirer.wire.message import DecodeError, EncodeError, Message

FIRST, SECOND = "now", "recorded"
"""What the two replies are called."""

ReplayOutcome = Literal["answered", "silent", "not-sent", "undecodable"]


@dataclass(slots=True)
class ReplayedExchange:
    """One recorded request, as it went this time."""

    recorded: RecordedExchange
    sent: Message | None = None
    reply: Message | None = None
    outcome: ReplayOutcome = "not-sent"
    detail: str = ""  # why there is no reply
    took_us: int = 0
    differences: list[FieldDifference] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)  # differences that are of no field
    notes: list[str] = field(default_factory=list)
    unwritable: bool = False  # it could not be put into bytes

    @property
    def unreachable(self) -> bool:
        """Whether there was no connection to send it on."""
        return self.outcome == "not-sent" and not self.unwritable

    @property
    def same(self) -> bool:
        """Whether the reply is the recorded one but for what must differ."""
        return not self.problems and not any(one.counts for one in self.differences)


class Replayer:
    """Sends recorded requests one after another, and waits for the reply of each.

    All go over one connection, unless terminals show certificates of their own: then each terminal has one.

    Args:
        to: where the requests of a terminal are sent, by its number; the same for all where `of_each` is false.
        of_each: whether each terminal has a connection of its own.
        ignored: paths of fields that may differ.
        before: is called with each exchange before it is sent.
    """

    def __init__(
        self,
        compiled: CompiledDialect,
        to: Callable[[str], HostAddress],
        resealer: Resealer,
        timeout_s: float,
        ignored: Collection[str] = (),
        before: Callable[[RecordedExchange], None] = lambda _one: None,
        *,
        of_each: bool = False,
    ) -> None:
        self._dialect = compiled.dialect
        self._suite = compiled.suite
        self._resealer = resealer
        self._timeout_s = timeout_s
        self._ignored = ignored
        self._before = before
        self._to = to
        self._of_each = of_each
        self._lines: dict[str, TerminalConnection] = {}  # by the terminal's number, or ""

    def replay(self, recording: Recording) -> Iterator[ReplayedExchange]:
        """Yield each exchange once it is over, to the first for which there is no connection.

        Of those that are not asked for, only the keys are looked at.
        """
        wanted = {id(one) for one in recording.exchanges}
        try:
            for one in recording.in_time_order:
                if one.request is None:
                    continue
                if id(one) in wanted:
                    self._before(one)
                    found = self._replayed(one, one.request)
                    yield found
                    if found.unreachable:
                        return
                elif one.reply is not None and one.reply.message is not None:
                    self._resealer.recorded_only(one.request, one.reply.message)
        finally:
            for line in self._lines.values():
                line.close()

    def _line(self, request: SeenMessage) -> TerminalConnection:
        tid = text_of(self._dialect, request.fields, "tid") if self._of_each else ""
        if tid not in self._lines:
            self._lines[tid] = TerminalConnection(self._to(tid), self._dialect.framing, keep_open=True)
        return self._lines[tid]

    def _replayed(self, one: RecordedExchange, request: SeenMessage) -> ReplayedExchange:
        found = ReplayedExchange(one)
        frame = request.frame
        if request.message is None:
            found.notes.append("it cannot be decoded, and is sent as it was recorded")
        else:
            try:
                resealed = self._resealer.resealed(request, in_clear=one.in_clear)
            except EncodeError as exc:
                found.detail, found.unwritable = f"cannot be written: {exc}", True
                found.problems.append(f"not sent: {found.detail}")
                return found
            found.sent, frame = resealed.message, resealed.message.raw
            found.notes += resealed.notes
        line = self._line(request)
        self._take(found, request, line, line.ask(Ask(frame, self._timeout_s)))
        self._judge(found, request)
        return found

    def _take(
        self, found: ReplayedExchange, request: SeenMessage, line: TerminalConnection, response: Response
    ) -> None:
        """Take what came back; what answers another request is passed over."""
        while True:
            if isinstance(response, Received):
                found.took_us = response.took_us
                try:
                    reply = self._dialect.decode(response.frame)
                except DecodeError as exc:
                    found.outcome, found.detail = "undecodable", f"the reply cannot be decoded: {exc}"
                    return
                if self._answers(found.sent, request, reply):
                    found.outcome, found.reply = "answered", reply
                    return
                found.notes.append(f"a {reply.mti} was left aside: it answers another request")
                response = line.listen()
            elif isinstance(response, NotSent):
                found.outcome, found.detail = "not-sent", response.detail
                return
            elif isinstance(response, NoAnswer):
                found.outcome, found.detail, found.took_us = "silent", response.detail, response.took_us
                return
            else:
                found.outcome, found.detail = "undecodable", getattr(response, "detail", "no frame of this dialect")
                return

    def _answers(self, sent: Message | None, request: SeenMessage, reply: Message) -> bool:
        if sent is None:
            return True
        return not differing_element(self._dialect, sent.mti, request.route, sent.fields, reply.mti, reply.fields)

    def _judge(self, found: ReplayedExchange, request: SeenMessage) -> None:
        """Compare the reply with the recorded one, and take what both hand out."""
        recorded = found.recorded.reply.message if found.recorded.reply is not None else None
        before = found.recorded.entry
        if found.reply is None:
            if before.code:
                found.problems.append(f"differs: {FIRST} {found.detail or 'silent'}, {SECOND} {before.code}")
            return
        assert found.sent is not None or request.message is None
        if found.sent is not None and (problem := self._mac_problem(found.sent, found.reply)):
            found.problems.append(problem)
        if recorded is not None:
            found.differences = [
                one
                for one in compare_replies(self._dialect, request.route, found.reply, recorded, self._ignored)
                if not self._follows_from_request(one, found, request)
            ]
        elif before.code != text_of(self._dialect, found.reply.fields, "code"):
            code = text_of(self._dialect, found.reply.fields, "code")
            was = before.code or "no reply"
            found.problems.append(f"differs: response code {FIRST} {code or '(none)'}, {SECOND} {was}")
        if found.sent is not None:
            found.notes += self._resealer.answered(request, found.sent, recorded, found.reply)

    def _follows_from_request(self, one: FieldDifference, found: ReplayedExchange, request: SeenMessage) -> bool:
        """Return whether a difference is that of the requests, of which replies repeat a part."""
        number = one.path.split(".")[0]
        if found.sent is None or not number.isdecimal() or found.reply is None:
            return False
        de = int(number)
        new, old = found.sent.fields.get(de), request.fields.get(de)
        return new != old and found.reply.fields.get(de) == new

    def _mac_problem(self, sent: Message, reply: Message) -> str:
        keys = self._resealer.target.of(sent)
        if keys is None or self._dialect.mac_of(reply) is None or self._suite.verify_reply(keys, reply):
            return ""
        return f"differs: the MAC of the reply is not made with MAK KCV {keys.reply_mak.kcv()}"


def replay_json(found: ReplayedExchange, code: str) -> dict[str, Any]:
    """Return a replayed exchange for machines.

    Args:
        code: of the reply.
    """
    entry = found.recorded.entry
    return {
        "exchange": entry.id,
        "mti": entry.mti,
        "service": entry.service,
        "tid": entry.tid,
        "stan": entry.stan,
        "outcome": found.outcome,
        "detail": found.detail or None,
        "code": code or None,
        "recorded_code": entry.code or None,
        "same": found.same,
        "differences": [one.as_json() for one in found.differences],
        "problems": found.problems,
        "notes": found.notes,
        "took_ms": found.took_us / 1000,
    }
