"""Run as a process of its own and killed at any moment: commits as fast as it can, and says aloud what was answered.

``python crasher.py <url> <round>`` prints ``ready`` and then, for each answered group, one line per commit:
``<exchange id> <tid> <session version> <stan> <rrn>``. A line is complete when it ends, so a torn last one is ignored.
"""

from __future__ import annotations

import os
import queue
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from acquirer.exchange.effects import Changes, Commit, Load, Outcome
from acquirer.exchange.rows import Card, Transaction, TransactionKey
from acquirer.journal.evidence import Evidence
from acquirer.settings.specs import load_dialect
from acquirer.store import open_store

TIDS = [f"{number:08d}" for number in range(40)]
MID = "880210010210162"


def main(url: str, turn: int) -> None:
    dialect = load_dialect("unionpay-pos")
    store = open_store(url)
    calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    store.start(calls.put)
    lines: list[str] = []
    stan = 0

    def ask(tid: str) -> None:
        nonlocal stan
        stan += 1
        loaded = store.load(Load(tid, card=tid))
        assert loaded.session is not None
        card = loaded.card or Card(tid)
        key = TransactionKey(MID, tid, f"{turn:06d}", f"{stan:06d}")
        evidence = Evidence(1, dialect, tid=tid, stan=key.stan, rrn=loaded.rrn)
        sale = Transaction(key, amount_minor=1, rrn=loaded.rrn, at_us=1_700_000_000_000_000)
        session = replace(loaded.session, batch=key.batch, last_stan=key.stan)
        changes = Changes(evidence, session, sale, replace(card, spent_minor=card.spent_minor + 1))

        def done(outcome: Outcome) -> None:
            assert outcome is Outcome.DONE, outcome
            version = session.version + 1
            lines.append(f"{evidence.id} {tid} {version} {key.stan} {loaded.rrn}\n")
            ask(tid)

        store.commit(Commit(changes, time.monotonic() + 60), done)

    os.write(1, b"ready\n")
    for tid in TIDS:
        ask(tid)
    while True:
        calls.get()()
        os.write(1, "".join(lines).encode())
        lines.clear()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
