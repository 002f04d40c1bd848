"""One exchange of a host in memory: what it got, and how it is taken step by step."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from acquirer.dialect.dialect import Dialect
from acquirer.errors import StoreError
from acquirer.model.effects import (
    Commit,
    CommitOutcome,
    DecodeImage,
    Effect,
    EffectResult,
    Hold,
    Load,
    LoadBatch,
    LoadCard,
    LoadOriginal,
    LoadSignatures,
    Pause,
    Send,
)
from acquirer.model.evidence import Evidence
from acquirer.wire.masking import mask_sentence
from acquirer.wire.message import Message, Value


@dataclass
class RigReply:
    """What one frame got, and what the journal says of it."""

    effects: list[Effect]
    evidence: list[Evidence]
    dialect: Dialect = field(repr=False)

    @cached_property
    def message(self) -> Message | None:
        """Return the first frame that was sent, decoded; None without one. Raises DecodeError."""
        frames = [effect.frame for effect in self.effects if isinstance(effect, Send)]
        return self.dialect.decode(frames[0]) if frames else None

    @property
    def code(self) -> Value | None:
        """Return the response code; None when nothing was answered."""
        return self[39] if self.message else None

    @property
    def why(self) -> str:
        """Return the sentence that says why, card numbers masked."""
        return mask_sentence(self.evidence[-1].why)

    @property
    def notes(self) -> str:
        """Return notes, one a line, card numbers masked."""
        return "\n".join(map(mask_sentence, self.evidence[-1].notes))

    @property
    def silent(self) -> bool:
        """Return whether no frame was sent."""
        return not any(isinstance(effect, Send) for effect in self.effects)

    def __getitem__(self, de: int) -> Value | None:
        """Return a field of the reply; None when it has none."""
        assert self.message is not None, "nothing was answered"
        return self.message.fields.get(de)


Loading = Load | LoadCard | LoadOriginal | LoadSignatures | LoadBatch | DecodeImage
"""Effects that ask for something."""


class RigRows(Protocol):
    """What an exchange needs of its rig."""

    now_us: int

    @property
    def dialect(self) -> Dialect:
        """What its host speaks."""

    def load(self, wanted: Loading) -> EffectResult:
        """Return what an exchange asks for."""

    def commit(self, wanted: Commit) -> CommitOutcome:
        """Write all changes, or none."""


class RigExchange:
    """One exchange, step by step."""

    def __init__(self, rig: RigRows, steps: Generator[Effect, EffectResult, Effect | None]) -> None:
        self.rig, self.steps = rig, steps
        self.sent: list[Effect] = []  # what was done about the reply, waits included
        self.evidence: list[Evidence] = []
        self.pending: Effect | None = None
        self._advance(None)

    def step(self, outcome: CommitOutcome | None = None) -> bool:
        """Perform the pending effect. False when the exchange has ended.

        Args:
            outcome: of a commit, in place of its own.
        """
        effect = self.pending
        assert effect is not None
        result: EffectResult = None
        if isinstance(effect, Commit):
            result = outcome or self.rig.commit(effect)
            if result is CommitOutcome.DONE:
                self.evidence.append(effect.changes.evidence)
        elif isinstance(effect, Loading):
            result = self.rig.load(effect)
        else:
            if isinstance(effect, Hold):
                self.rig.now_us += effect.hold_ms * 1000
            self.sent.append(effect)
        self._advance(result)
        return self.pending is not None

    def _advance(self, result: EffectResult) -> None:
        """Take it to its next effect, or its end."""
        try:
            self.pending = self.steps.send(result)
            while isinstance(self.pending, Pause):
                self.pending = self.steps.send(None)
        except StopIteration as end:
            self.pending = None
            if end.value is not None:
                self.sent.append(end.value)

    def fail(self, error: StoreError) -> RigExchange:
        """Answer the pending effect with an error, as a driver does whose store cannot be read."""
        self.pending = self.steps.throw(error)
        return self

    def to_commit(self) -> RigExchange:
        """Go as far as the commit, which is not performed yet."""
        while not isinstance(self.pending, Commit):
            self.step()
        return self

    def finish(self) -> RigReply:
        """Go to the end; what a rule holds for a person goes on at once."""
        while self.pending is not None:
            self.step()
        return RigReply(self.sent, self.evidence, self.rig.dialect)
