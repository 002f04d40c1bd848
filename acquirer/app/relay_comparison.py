"""The comparison of a relay: our host answers each request that passes, and both replies are held side by side.

Nothing here stands in the way of bytes: they were passed on before they are looked at.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from acquirer.app.compared_host import UNKNOWN_HERE, ComparedHost, OwnReply
from acquirer.app.comparison import Compared, ComparisonReport
from acquirer.app.relay_messages import SeenMessage, text_of
from acquirer.inspect.differences import compare_replies, is_within
from acquirer.model.evidence import Evidence
from acquirer.wire.masking import mask_sentence
from acquirer.wire.message import Message

MOST_PENDING: Final = 100_000
"""Own replies that wait for real ones; each connection gives its oldest up long before."""


class RelayComparison:
    """Compares what a host answers with what ours would; see `relay_connection.Beside`.

    Args:
        ignored: paths of fields that may differ.
    """

    def __init__(self, host: ComparedHost, ignored: Collection[str]) -> None:
        self._host = host
        self._ignored = ignored
        self._own: dict[int, OwnReply] = {}  # by the identity of a request, which waits as long as it stands here
        self.report = ComparisonReport()

    def request(self, request: SeenMessage, peer: str) -> None:
        """Have our host answer a request."""
        own = self._host.answer(request, peer)
        if request.mti and len(self._own) < MOST_PENDING:
            self._own[id(request)] = own

    def answered(self, request: SeenMessage, reply: SeenMessage, evidence: Evidence) -> None:
        """Compare both replies, and have ours follow the real one."""
        own = self._own.pop(id(request), None)
        if own is None:
            self._note(Compared(why="a fault of the relay acted on its request", left_out=True), evidence)
            return
        compared = self._compare(request, reply, own)
        if problem := self._host.follow(request, reply, own):
            compared.problems.append(problem)
        self._note(compared, evidence)

    def unanswered(self, request: SeenMessage, evidence: Evidence) -> None:
        """Compare silence with what ours answers."""
        own = self._own.pop(id(request), None)
        if own is None or own.message is None:
            return
        code = self._host.compiled.dialect.text(own.message, "code")
        why = mask_sentence(own.why)
        self._note(
            Compared(problems=[f"differs: theirs is silent, ours answers {own.message.mti} {code}"], why=why), evidence
        )

    def _compare(self, request: SeenMessage, reply: SeenMessage, own: OwnReply) -> Compared:
        dialect = self._host.compiled.dialect
        why = mask_sentence(own.why)
        if reply.message is None:
            return Compared(problems=["differs: theirs cannot be decoded"], why=why)
        if own.message is None:
            return Compared(problems=["differs: theirs answers, ours is silent"], why=why)
        differences = compare_replies(dialect, request.route, reply.message, own.message, self._ignored)
        compared = Compared(differences, why="")
        if self._codes_differ(reply.message, own.message):
            if unknown := self._unknown_here(request, own):
                return Compared(why=unknown, left_out=True)
            compared.why = why
        mac = str(dialect.mac_de(reply.fields))
        if not is_within(mac, self._ignored) and (problem := self._mac_problem(reply.message, own)):
            compared.problems.append(problem)
        return compared

    def _codes_differ(self, theirs: Message, ours: Message) -> bool:
        dialect = self._host.compiled.dialect
        return dialect.text(theirs, "code") != dialect.text(ours, "code")

    def _unknown_here(self, request: SeenMessage, own: OwnReply) -> str:
        """Return why a request cannot be compared: our host was not there when its terminal became known."""
        evidence = own.evidence
        if evidence is None or evidence.reason not in UNKNOWN_HERE:
            return ""
        tid = text_of(self._host.compiled.dialect, request.fields, "tid")
        if self._host.known.terminal(tid) is None:
            return f"terminal {tid} is not known here: register it, --terminals FILE.toml"
        if self._host.store.sessions.get(tid) is None or own.keys is None:
            return f"terminal {tid} signed on before the relay began: have it sign on once more"
        return ""

    def _mac_problem(self, reply: Message, own: OwnReply) -> str:
        """Return what is wrong with the MAC of a real reply; "" where it is right, missing, or its key is not known."""
        suite = self._host.compiled.suite
        keys = [one for one in (own.keys, own.keys_before) if one is not None]
        mac = suite.dialect.mac_of(reply)
        if mac is None or not keys or any(suite.verify_reply(one, reply) for one in keys):
            return ""
        return f"differs: the MAC of theirs is not made with MAK KCV {keys[0].reply_mak.kcv()}"

    def _note(self, compared: Compared, evidence: Evidence) -> None:
        evidence.compared = compared.outcome
        evidence.notes = (*evidence.notes, *compared.sentences())
        self.report.add(compared, evidence)
