"""Stores to try, and what to put into them."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from acquirer.exchange.effects import Changes, Commit, Load, Outcome
from acquirer.exchange.rows import Card, Session, Transaction, TransactionKey
from acquirer.journal.evidence import Evidence
from acquirer.security.secret import Secret
from acquirer.security.vault import Vault
from acquirer.settings.specs import load_dialect
from acquirer.settings.terminals import Registration
from acquirer.store import open_store
from acquirer.store.registry import Registered
from acquirer.store.sqlite import SqliteStore

MID = "880210010210162"
TMK = Secret.from_hex("258FB0AB70D025CDB99DF2C4D302D646")


def evidence(tid: str = "10000161", **known: object) -> Evidence:
    """An exchange to journal."""
    return Evidence(at_us=1_700_000_000_000_000, dialect=load_dialect("unionpay-pos"), tid=tid, **known)  # type: ignore[arg-type]


@dataclass
class Desk:
    """A store, asked one thing after another as a loop would ask it."""

    store: SqliteStore
    outcomes: queue.SimpleQueue[tuple[int, Outcome]] = field(default_factory=queue.SimpleQueue)

    def session(self, tid: str = "10000161") -> Session:
        session = self.store.load(Load(tid)).session
        assert session is not None
        return session

    def transaction(self, key: TransactionKey) -> Transaction | None:
        return self.store.load(Load(key.tid, key)).transaction

    def card(self, token: str) -> Card | None:
        return self.store.load(Load("10000161", card=token)).card

    def commit(self, *changes: Changes, patience_s: float = 60) -> list[Outcome]:
        """Queue all, then wait for all; outcomes in the order they were queued."""
        deadline_s = time.monotonic() + patience_s
        for number, one in enumerate(changes):
            self.store.commit(Commit(one, deadline_s), lambda outcome, at=number: self.outcomes.put((at, outcome)))
        answers = dict(self.outcomes.get(timeout=30) for _ in changes)
        return [answers[number] for number in range(len(changes))]

    def sign_on(self, tid: str = "10000161", operator: str = "01 ") -> Outcome:
        return self.commit(Changes(evidence(tid), replace(self.session(tid), operator=operator)))[0]

    def register(self, *tids: str, **more: object) -> Registered:
        entries = [
            Registration(**{"tid": tid, "mid": MID, "tmk": TMK, **more}) for tid in tids or ("10000161", "10000162")
        ]  # type: ignore[arg-type]
        return self.store.register(entries, Vault(self.store.master_key))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "acquirer.db"


@pytest.fixture
def url(database: Path) -> str:
    return f"sqlite:///{database}"


@pytest.fixture
def opened(url: str) -> Iterator[Callable[[str], Desk]]:
    """Opens stores, starts them and closes whatever is left open."""
    desks: list[Desk] = []

    def open_(which: str = url) -> Desk:
        desk = Desk(open_store(which))
        desks.append(desk)
        if which == "memory:" or not desks[:-1]:
            desk.register()
        desk.store.start()
        return desk

    yield open_
    for desk in desks:
        desk.store.close()


@pytest.fixture(params=["memory", "sqlite"])
def desk(request: pytest.FixtureRequest, opened: Callable[[str], Desk], url: str) -> Desk:
    """A started store with terminals 10000161 and 10000162, in memory and on disk."""
    return opened("memory:" if request.param == "memory" else url)


@pytest.fixture(scope="session")
def made() -> Callable[..., Evidence]:
    return evidence
