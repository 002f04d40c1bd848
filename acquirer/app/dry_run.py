"""What a host would say of requests that were captured: it decides about each one, and nothing is kept.

The keys are those that the capture itself hands out (under a known TMK), else pinned ones (`fixed_keys`). What a host
knows and a capture does not tell (a sign-on before it began, an open batch, earlier sales) is taken for granted.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final
from zoneinfo import ZoneInfo

from acquirer.app.in_memory import drive
from acquirer.app.known_keys import as_issued
from acquirer.data.text import plural
from acquirer.dialect.compiled import CompiledDialect
from acquirer.dialect.dialect import Dialect
from acquirer.host.core import Host
from acquirer.host.exchange import exchange
from acquirer.host.keys import context
from acquirer.host.undecodable import refuse_stream
from acquirer.model.batches import BatchBooks
from acquirer.model.effects import (
    NO_DEADLINE,
    Arrival,
    Commit,
    CommitOutcome,
    Effect,
    EffectResult,
    Load,
    LoadBatch,
    Loaded,
    LoadSignatures,
)
from acquirer.model.evidence import Evidence
from acquirer.model.reasons import Reason
from acquirer.model.rows import Generation, Policy, Session, Transaction, TransactionKey, Uploaded
from acquirer.scenario.faults import Faults
from acquirer.security.packages import PackageError
from acquirer.security.vault import Vault
from acquirer.security.working import WorkingKeys
from acquirer.settings.cards import load_cards
from acquirer.settings.downloads import load_downloads
from acquirer.settings.registration import Registration
from acquirer.store.registry import sealed_terminal
from acquirer.wire.deframer import make_deframer
from acquirer.wire.framing import EMPTY_START, FrameError
from acquirer.wire.masking import mask_card_numbers
from acquirer.wire.message import Message, as_bytes

_POLICY: Final = Policy(required="never", batch_check=False, bad_macs_allowed=1_000_000, grace_s=0)

_NOT_BOOKED: Final = re.compile("(?:, and|;) nothing was booked(?! twice)")
"""What a host adds; where captures are read nothing ever is."""

_OF_HISTORY: Final = frozenset({
    Reason.APPROVED, Reason.SIGN_ON_REQUIRED, Reason.BATCH_DIFFERS, Reason.DUPLICATE, Reason.LATE_ORIGINAL,
    Reason.ORIGINAL_UNKNOWN, Reason.ORIGINAL_CLOSED, Reason.ORIGINAL_OTHER_DAY, Reason.ORIGINAL_TOO_OLD,
    Reason.SIGNATURE_DIFFERS,
})  # fmt: skip
"""Reasons that say nothing about the message itself: what came before it is not in the capture."""

_NOTES_OF_HISTORY: Final = (
    "clone-suspected",
    "stan-reuse",
    "tombstone",
    "tmk-may-differ",
    "clock-skew",
    "operator",
    "repeat",
)


class DryRun:
    """A host of one dialect that knows some terminals, without socket and store.

    Args:
        terminals: as they would be registered; none: every terminal is taken for known, and MACs are not looked at.
    """

    def __init__(self, dialect: Dialect, terminals: Iterable[Registration]) -> None:
        vault = Vault(secrets.token_bytes(32))
        compiled = CompiledDialect(dialect)
        zone, downloads = ZoneInfo("Asia/Shanghai"), load_downloads()
        self._host = Host(compiled, vault, secrets.token_bytes, load_cards(), Faults(()), zone, downloads=downloads)
        self._known = {one.tid: one for one in terminals}
        self._terminals = {
            one.tid: sealed_terminal(replace(one, policy=_POLICY), vault, secrets.token_bytes)
            for one in self._known.values()
        }
        self._sessions = {one.tid: Session(one.tid, signed_on_us=1) for one in self._known.values()}
        self._transactions: dict[TransactionKey, Transaction] = {}
        self._numbers = iter(range(1, 1 << 40))
        self._evidence: list[Evidence] = []
        for one in self._known.values():
            if one.fixed_keys is not None:
                self._give(one.tid, as_issued(self._host.suite, one.fixed_keys, one.tmk))

    def reply(self, message: Message) -> tuple[str, ...]:
        """Take the working keys out of a captured reply; return what is wrong with them."""
        host, dialect = self._host, self._host.dialect
        value = dialect.get(message, "keys")
        known = self._known.get(dialect.text(message, "tid"))
        if value is None or known is None or known.tmk is None or known.fixed_keys is not None:
            return ()
        try:
            keys = host.suite.accept(dialect.text(message, "function"), known.tmk, as_bytes(value))
        except PackageError as exc:
            return (str(exc),)
        self._give(known.tid, keys)
        return (f"the TMK of the file opens its working keys: {keys.kcvs}",)

    def request(self, frame: bytes, at_us: int) -> tuple[str, ...]:
        """Return what a host would say about a request: why it would refuse it, and notes about the message."""
        self._evidence.clear()
        drive(exchange(self._host, Arrival(frame, at_us, NO_DEADLINE)), self._perform)
        return tuple(self._sentences())

    def stream(self, data: bytes, at_us: int) -> tuple[str, ...]:
        """Return what a host would say about a whole stream, cut into frames as its dialect says."""
        findings: list[str] = []
        if self._host.dialect.framing.starts_empty(data):
            findings += self._refused(Arrival(data, at_us, NO_DEADLINE), EMPTY_START, "the first frame is empty")
        frames, ending = self._cut(data, at_us)
        for frame in frames:
            findings += self.request(frame, at_us) if frame else ()
        return (*findings, *(self._refused(*ending) if ending else ()))

    def ending(self, data: bytes, at_us: int) -> tuple[str, ...]:
        """Return what a host would say about the end of a stream that is no frame any more; nothing where it is one."""
        _, ending = self._cut(data, at_us)
        return self._refused(*ending) if ending else ()

    def _cut(self, data: bytes, at_us: int) -> tuple[list[bytes], tuple[Arrival, str, str] | None]:
        """Return the frames of a stream, and what a host is given of bytes that are none: with a reason and details."""
        deframer = make_deframer(self._host.dialect.framing)
        deframer.feed(data)
        frames = []
        try:
            for frame in deframer:
                frames.append(frame)
        except FrameError as exc:
            return frames, (Arrival(exc.data, at_us, NO_DEADLINE, before=exc.before), exc.reason, exc.detail)
        if not (count := deframer.pending):
            return frames, None
        arrival = Arrival(deframer.unfinished, at_us, NO_DEADLINE, before=deframer.before)
        return frames, (arrival, "cut-off", f"{plural(count, 'byte')} of a frame came, and no more")

    def _refused(self, arrival: Arrival, reason: str, detail: str) -> tuple[str, ...]:
        self._evidence.clear()
        drive(refuse_stream(self._host, arrival, reason, detail), self._perform)
        return tuple(self._sentences())

    def _sentences(self) -> Iterator[str]:
        for evidence in self._evidence:
            if evidence.reason not in _OF_HISTORY:
                yield mask_card_numbers(_NOT_BOOKED.sub("", evidence.why))
            for note in evidence.notes:
                if not note.startswith(_NOTES_OF_HISTORY):
                    yield mask_card_numbers(note)

    def _perform(self, effect: Effect) -> EffectResult:
        if isinstance(effect, Load):
            terminal = self._terminals.get(effect.tid)
            session = self._sessions.get(effect.tid)
            stored = self._transactions.get(effect.key) if effect.key is not None else None
            return Loaded(terminal, session, stored, f"{next(self._numbers):012}")
        if isinstance(effect, LoadSignatures):
            return Uploaded((), (), None)
        if isinstance(effect, LoadBatch):
            return BatchBooks()
        if isinstance(effect, Commit):
            changes = effect.changes
            self._evidence.append(changes.evidence)
            if changes.transaction is not None:
                self._transactions[changes.transaction.key] = changes.transaction
            return CommitOutcome.DONE
        return None  # cards, originals, pictures: none is known

    # terminals

    def _give(self, tid: str, keys: WorkingKeys) -> None:
        """Make these the working keys of a terminal."""
        session = self._sessions[tid]
        number = session.current.number + 1 if session.current is not None else 1
        sealed = self._host.vault.seal_keys(context(tid, number), keys, secrets.token_bytes)
        current = Generation(number, "", sealed, keys.kcvs, 1)
        self._sessions[tid] = replace(session, current=current, previous=session.current, previous_until_us=0)
