"""Run as a process of its own and killed at any moment: commits as fast as it can, and prints what was answered.

``python crasher.py <url> <round> [process [module]]`` prints ``ready`` and then, for each turn of its loop, a line per
commit that was answered: ``<exchange id> <tid> <session version> <stan> <rrn>``. A line is complete when it ends, so a
torn last one is ignored. With ``process``, a process of its own does the writing: `process.store_writer`, or a module.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from dataclasses import replace

from acquirer.model.effects import Changes, Commit, CommitOutcome, Load, LoadCard
from acquirer.model.evidence import Evidence
from acquirer.model.rows import Card, Transaction, TransactionKey
from acquirer.observe.lines import AsJson
from acquirer.process import channel
from acquirer.process.store_writer import process_writer
from acquirer.settings.specs import load_dialect
from acquirer.store import open_store

TIDS = [f"{number:08d}" for number in range(40)]
MID = "880210010210162"


def main(url: str, turn: int, *writer: str) -> None:
    dialect = load_dialect("unionpay-pos")
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _loop, context: os.abort())  # only the test may kill it
    store = open_store(url)
    if module := writer[1:]:
        start = channel.start
        channel.start = lambda _module, **options: start(*module, **options)
    recorder = process_writer([("unionpay-pos", dialect)], None, AsJson()) if writer else None
    store.start(loop, lambda _rows: None, recorder)
    lines: list[str] = []
    stan = 0

    def sell(tid: str) -> None:
        nonlocal stan
        stan += 1
        loaded = store.load(Load(tid))
        assert loaded.session is not None
        card = store.load_card(LoadCard(tid)) or Card(tid)
        version = loaded.session.version + 1  # that it will have
        key = TransactionKey(MID, tid, f"{turn:06d}", f"{stan:06d}")
        evidence = Evidence(1, dialect=dialect, tid=tid, stan=key.stan, rrn=loaded.rrn)
        sale = Transaction(key, amount_minor=1, rrn=loaded.rrn, at_us=1_700_000_000_000_000)
        session = replace(loaded.session, batch=key.batch, last_stan=key.stan)
        changes = Changes(evidence, session, sale, card=replace(card, spent_minor=card.spent_minor + 1))

        def done(outcome: CommitOutcome) -> None:
            assert outcome is CommitOutcome.DONE, outcome
            lines.append(f"{evidence.id} {tid} {version} {key.stan} {loaded.rrn}\n")
            if len(lines) == 1:
                loop.call_soon(report)
            sell(tid)

        store.commit(Commit(changes, time.monotonic() + 60), done)

    def report() -> None:
        os.write(1, "".join(lines).encode())
        lines.clear()

    os.write(1, b"ready\n")
    for tid in TIDS:
        sell(tid)
    loop.run_forever()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
