"""A store over dictionaries: what a host's effects get when no database is wanted.

It holds the same contract as the stores of `acquirer.store`: versions guard rows, a commit happens whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from acquirer.model.batches import BatchBooks, Settlement, UploadedDetail
from acquirer.model.effects import (
    Commit,
    CommitOutcome,
    Effect,
    EffectResult,
    Load,
    LoadBatch,
    LoadCard,
    Loaded,
    LoadOriginal,
    LoadSignatures,
)
from acquirer.model.evidence import Evidence
from acquirer.model.rows import (
    Card,
    Session,
    Signature,
    SignaturePart,
    TerminalConfig,
    Transaction,
    TransactionKey,
    Upload,
    Uploaded,
)


@dataclass
class InMemoryStore:
    """Rows in dictionaries."""

    terminals: dict[str, TerminalConfig] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    transactions: dict[TransactionKey, Transaction] = field(default_factory=dict)
    cards: dict[str, Card] = field(default_factory=dict)
    journal: list[Evidence] = field(default_factory=list)
    signatures: list[Signature] = field(default_factory=list)
    parts: dict[tuple[TransactionKey, int], SignaturePart] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    settlements: dict[tuple[str, str, str], Settlement] = field(default_factory=dict)  # by merchant, terminal, batch
    details: dict[TransactionKey, UploadedDetail] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def read(self, effect: Effect) -> EffectResult:
        """Return what an effect asks a store for; None for one that asks for nothing of a store."""
        if isinstance(effect, Load):
            return self.load(effect)
        if isinstance(effect, LoadCard):
            return self.load_card(effect)
        if isinstance(effect, LoadOriginal):
            return self.load_original(effect)
        if isinstance(effect, LoadSignatures):
            return self.load_signatures(effect)
        if isinstance(effect, LoadBatch):
            return self.load_batch(effect)
        return None

    def load(self, wanted: Load) -> Loaded:
        """Return the rows of one terminal, and a reference number that is handed out once."""
        terminal = self.terminals.get(wanted.tid)
        return Loaded(
            terminal=terminal,
            session=self._session(terminal) if terminal else None,
            transaction=self.transactions.get(wanted.key) if wanted.key else None,
            rrn=f"{next(self.numbers):012}",
        )

    def _session(self, terminal: TerminalConfig) -> Session:
        return self.sessions.get(terminal.tid) or Session(terminal.tid, downloads=terminal.downloads)

    def load_card(self, wanted: LoadCard) -> Card | None:
        """Return the row of a card; None when nothing is kept about it."""
        return self.cards.get(wanted.token)

    def load_original(self, wanted: LoadOriginal) -> Transaction | None:
        """Return the latest transaction of a merchant that is named so."""
        if wanted.key is not None:
            return self.transactions.get(wanted.key)
        found = [row for row in self.transactions.values() if row.key.mid == wanted.mid and _is_named(row, wanted)]
        return max(found, key=lambda row: row.at_us, default=None)

    def load_signatures(self, wanted: LoadSignatures) -> Uploaded:
        """Return what is known of the signatures of one sale; without it, the same STAN in another batch."""
        key = wanted.key
        elsewhere = None
        if key not in self.transactions:
            same = (row for at, row in self.transactions.items() if (at.tid, at.stan) == (key.tid, key.stan))
            elsewhere = next(same, None)
        return Uploaded(
            signatures=tuple(one for one in self.signatures if one.key == key),
            parts=tuple(self.parts[at] for at in sorted(self.parts) if at[0] == key),
            elsewhere=elsewhere,
        )

    def load_batch(self, wanted: LoadBatch) -> BatchBooks:
        """Return what is known of one batch."""
        batch = wanted.mid, wanted.tid, wanted.batch

        def wanted_of(keys: Iterable[TransactionKey]) -> list[TransactionKey]:
            return sorted(
                one for one in keys if one[:3] == batch and (wanted.stans is None or one.stan in wanted.stans)
            )

        return BatchBooks(
            self.settlements.get(batch),
            tuple(self.transactions[key] for key in wanted_of(self.transactions)),
            tuple(self.details[key] for key in wanted_of(self.details)),
            frozenset(one.key.stan for one in self.signatures if one.key[:3] == batch)
            if wanted.stans is None
            else frozenset(),
        )

    def commit(self, wanted: Commit) -> CommitOutcome:
        """Write all changes, or none when a row has changed since it was read."""
        changes = wanted.changes
        rows: list[tuple[dict[Any, Any], Any, Any]] = []
        if changes.session is not None:
            rows.append((self.sessions, changes.session.tid, changes.session))
        for transaction in (changes.transaction, changes.original, changes.authorisation):
            if transaction is not None:
                rows.append((self.transactions, transaction.key, transaction))
        if changes.card is not None:
            rows.append((self.cards, changes.card.token, changes.card))
        if (one := changes.settlement) is not None:
            rows.append((self.settlements, (one.mid, one.tid, one.batch), one))
        for table, key, row in rows:
            if row.version != (table[key].version if key in table else 0):
                return CommitOutcome.CONFLICT
        for table, key, row in rows:
            table[key] = replace(row, version=row.version + 1)
        if changes.upload is not None:
            self._upload(changes.upload)
        self.details |= {detail.key: detail for detail in changes.details}
        self.journal.append(changes.evidence)
        return CommitOutcome.DONE

    def _upload(self, upload: Upload) -> None:
        for part in upload.forget:
            self.parts.pop((upload.key, part), None)
        if upload.part is not None:
            self.parts[upload.key, upload.part.part] = upload.part
        if upload.signature is not None:
            self.signatures.append(upload.signature)
            self.blobs[upload.signature.digest] = upload.stream


def _is_named(row: Transaction, wanted: LoadOriginal) -> bool:
    if wanted.date and row.business_date[4:] != wanted.date:
        return False
    if wanted.rrn:
        return row.rrn == wanted.rrn
    if not row.authorised_minor or row.card != wanted.card:
        return False
    return row.auth_id == wanted.auth_id if wanted.auth_id else row.state == "approved"
