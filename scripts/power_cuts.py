"""Cut the power of a store at every point between two writes, and look for what was acknowledged.

1. A store works as a host's does: terminals are registered; sales, reversals, signatures and what became of replies are
   committed in groups; its log is put away more than once; it is closed, and opened again. What SQLite writes and syncs
   meanwhile is recorded (`scripts.recorded_files`), and between two operations which commits were acknowledged.
2. For each cut the files are made as a disk may be left with, other than the last time at the same place, and a host's
   store is opened on them.
3. Then everything is compared: all that was acknowledged is there, what was not is there whole or not at all, no
   reference number can be given twice, `acquirer store check` finds nothing.

The same seed draws the same work and the same cuts.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import multiprocessing
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

from acquirer.errors import StoreError
from acquirer.model.effects import Changes, Commit, CommitOutcome, Load, LoadCard
from acquirer.model.evidence import Evidence
from acquirer.model.rows import Card, Signature, Transaction, TransactionKey, Upload
from acquirer.security.secret import Secret
from acquirer.security.vault import Vault
from acquirer.settings.registration import Registration
from acquirer.settings.specs import load_dialect
from acquirer.store import open_store
from acquirer.store.check import check_store
from acquirer.store.interface import Recorder
from acquirer.store.queries import Reader
from acquirer.store.sqlite import SqliteStore
from scripts.recorded_files import Operation, each_cut, record_files

MID: Final = "880210010210162"
TIDS: Final = tuple(f"{number:08d}" for number in range(20))
TMK: Final = Secret.from_hex("258FB0AB70D025CDB99DF2C4D302D646")
GROUP: Final = 12  # at most so many commits are written together: more cuts fall between groups than into one
STARTS: Final = 3  # of the store, one after another on the same files
DATABASE: Final = "acquirer.db"
OPENED: Final = "opened"  # a mark: from here on a host may serve


@dataclass(frozen=True)
class WantedCommit:
    """One commit: its number is its STAN, so that it is known again in the journal."""

    number: int
    tid: str
    rrn: str
    sale: int  # the number of the sale that it makes, reverses or signs
    state: str  # of that sale from then on
    image: bytes = b""

    @property
    def stan(self) -> str:
        return f"{self.number:06d}"


@dataclass
class Work:
    """What a store was asked for, in order, and all that happened to its files."""

    commits: list[WantedCommit] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)


def work(place: Path, groups: int, draw: random.Random, recorder: Recorder | None = None) -> Work:
    """Have a store work in an empty folder; return what it was asked for and what it wrote.

    Args:
        recorder: makes what writes groups; None: a thread over the store's own connection.

    Raises:
        LookupError: what SQLite does cannot be recorded here.
    """
    done = Work()
    with record_files(place, f"{DATABASE}.key") as done.operations:
        for start in range(STARTS):
            loop = asyncio.new_event_loop()
            store = open_store(f"sqlite:///{place / DATABASE}")
            if start == 0:
                known = [Registration(tid, MID, TMK) for tid in TIDS]
                store.register(known, Vault(store.master_key))
                done.operations.append(Operation("mark", OPENED))
            store.start(loop, lambda _rows: None, recorder)
            for _ in range(groups // STARTS):
                _group(store, loop, done, draw)
            store.close()
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()
    return done


def _group(store: SqliteStore, loop: asyncio.AbstractEventLoop, done: Work, draw: random.Random) -> None:
    """Ask for some commits of different terminals at once, and wait for all."""
    outcomes = []
    evidences = []
    standing = {one.sale: one for one in done.commits if one.state == "approved"}
    for one in done.commits:
        if one.state == "reversed":
            standing.pop(one.sale, None)
    for tid in draw.sample(TIDS, draw.randint(1, GROUP)):
        of_terminal = [one for one in standing.values() if one.tid == tid]
        sale = draw.choice(of_terminal) if of_terminal and draw.random() < 0.4 else None
        wanted, changes = _changes(store, len(done.commits) + 1, tid, sale, draw)
        done.commits.append(wanted)
        evidences.append(changes.evidence)
        answered = loop.create_future()
        outcomes.append(answered)
        store.commit(Commit(changes, time.monotonic() + 60), answered.set_result)
    found = loop.run_until_complete(asyncio.gather(*outcomes))
    assert set(found) == {CommitOutcome.DONE}, found
    done.operations.append(Operation("mark", "", offset=len(done.commits)))
    for evidence in evidences:
        store.delivered(evidence.id, draw.choice(("sent", "undelivered")))


def _changes(
    store: SqliteStore, number: int, tid: str, of_sale: WantedCommit | None, draw: random.Random
) -> tuple[WantedCommit, Changes]:
    """Make one commit: a sale; or, of one that stands, its reversal or its signature."""
    stan = f"{number:06d}"
    key = TransactionKey(MID, tid, "000001", f"{of_sale.sale:06d}" if of_sale else stan)
    loaded = store.load(Load(tid, key))
    assert loaded.session is not None
    session = replace(loaded.session, last_stan=stan)
    evidence = Evidence(1, dialect=load_dialect("unionpay-pos"), tid=tid, stan=stan, rrn=loaded.rrn)
    if of_sale is None:
        card = store.load_card(LoadCard(tid)) or Card(tid)
        sale = Transaction(key, state="approved", amount_minor=number, rrn=loaded.rrn, at_us=1_700_000_000_000_000)
        changes = Changes(evidence, session, sale, card=replace(card, spent_minor=card.spent_minor + number))
        return WantedCommit(number, tid, loaded.rrn, number, "approved"), changes
    assert loaded.transaction is not None
    if draw.random() < 0.5:
        card = store.load_card(LoadCard(tid)) or Card(tid)
        spent = replace(card, spent_minor=card.spent_minor - of_sale.sale)
        changes = Changes(evidence, session, replace(loaded.transaction, state="reversed"), card=spent)
        return WantedCommit(number, tid, loaded.rrn, of_sale.sale, "reversed"), changes
    image = draw.randbytes(draw.randint(100, 900))
    signature = Signature(key, number, hashlib.sha256(image).hexdigest(), len(image))
    changes = Changes(evidence, session, upload=Upload(key, signature=signature, stream=image))
    return WantedCommit(number, tid, loaded.rrn, of_sale.sale, "approved", image), changes


def cut(done: Work, cuts: int, seed: int, share: tuple[int, int] = (0, 1)) -> list[str]:
    """Cut the power so many times, or a share of them; return what was lost or is otherwise, as sentences."""
    places, number = len(done.operations) + 1, 0
    problems = []
    acknowledged, opened, after = 0, False, 0
    with tempfile.TemporaryDirectory(prefix="acquirer-power-", dir=_quick_folder()) as folder:
        for place, disk in each_cut(
            done.operations, lambda place: cuts * (place + 1) // places - cuts * place // places
        ):
            while after < place:
                operation = done.operations[after]
                after += 1
                if operation.kind == "mark":
                    opened = True
                    acknowledged = max(acknowledged, operation.offset)
            number += 1
            if number % share[1] == share[0]:
                left = disk.after_power_cut(random.Random(f"{seed} {number}"))
                found = _problem_after(Path(folder), left, done, acknowledged if opened else None)
                if found:
                    problems.append(f"cut {number} of {cuts}, after operation {place}: {found}")
    return problems


def _problem_after(folder: Path, left: dict[str, bytearray], done: Work, acknowledged: int | None) -> str:
    """Open a store on what a cut has left; return what is wrong with it, "" when nothing is.

    Args:
        acknowledged: how many commits were; None: no host had served yet.
    """
    for old in folder.iterdir():
        old.unlink()
    for name, data in left.items():
        (folder / name).write_bytes(data)
        (folder / name).chmod(0o600)
    url = f"sqlite:///{folder / DATABASE}"
    try:
        store = open_store(url)
    except StoreError as exc:
        return f"a host does not start: {exc}"
    try:
        if acknowledged is None:
            return ""
        if problem := _differing(store, folder, done, acknowledged):
            return problem
    finally:
        store.close()
    return " ".join(check_store(url).problems)


def _differing(store: SqliteStore, folder: Path, done: Work, acknowledged: int) -> str:
    with closing(sqlite3.connect(f"file:{folder / DATABASE}?mode=ro", uri=True)) as books:
        journal = {one.stan: (one.tid, one.rrn) for one in Reader(books).every()}
        sales = {row[0]: row[1:] for row in books.execute("SELECT stan, tid, rrn, state FROM transactions")}
        signed = set(books.execute("SELECT stan, digest FROM signature"))
        spent = dict(books.execute("SELECT token, spent_minor FROM card"))
        last = dict(books.execute("SELECT tid, last_stan FROM session WHERE last_stan <> ''"))
    there = [one for one in done.commits if one.number <= acknowledged or one.stan in journal]
    if lost := [one.stan for one in there if journal.get(one.stan) != (one.tid, one.rrn)]:
        return f"{len(lost)} of {acknowledged} acknowledged commits are not in the journal, the first is {lost[0]}"
    expected_sales, expected_spent = {}, {}
    for one in there:
        if not one.image:
            stan = f"{one.sale:06d}"
            rrn = expected_sales[stan][1] if one.state == "reversed" else one.rrn
            expected_sales[stan] = (one.tid, rrn, one.state)
            expected_spent[one.tid] = expected_spent.get(one.tid, 0) + (
                -one.sale if one.state == "reversed" else one.sale
            )
    if sales != expected_sales:
        return f"sales are others than acknowledged: {sales.items() ^ expected_sales.items()}"
    if spent != expected_spent:
        return f"cards have spent other sums: {spent.items() ^ expected_spent.items()}"
    if signed != {(f"{one.sale:06d}", hashlib.sha256(one.image).hexdigest()) for one in there if one.image}:
        return "signatures are others than acknowledged"
    if last != {one.tid: one.stan for one in there}:
        return "sessions are others than acknowledged"
    if int(store.load(Load(TIDS[0])).rrn) <= max((int(one.rrn) for one in there), default=0):
        return "a reference number would be given twice"
    return ""


def _quick_folder() -> str | None:
    """A folder in memory where there is one: no cut of ours needs a disk."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def main(arguments: list[str]) -> int:
    """Cut as the arguments say; return 1 when something was lost."""
    parser = argparse.ArgumentParser(prog="scripts/power-cuts", description=__doc__.partition("\n")[0])
    parser.add_argument("--cuts", type=int, default=20_000, help="how many (default 20000)")
    parser.add_argument("--groups", type=int, default=240, help="of commits that the store writes (default 240)")
    parser.add_argument("--seed", type=int, default=1, help="draws work and cuts (default 1)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    options = parser.parse_args(arguments)
    began_s = time.monotonic()
    place = Path(tempfile.mkdtemp(prefix="acquirer-power-"))
    try:
        done = work(place, options.groups, random.Random(options.seed))
    except LookupError as exc:
        print(exc)
        return 2
    finally:
        shutil.rmtree(place)
    kinds = [one.kind for one in done.operations]
    print(
        f"{len(done.commits)} commits: {kinds.count('write')} writes, {kinds.count('sync')} syncs, "
        f"{kinds.count('create')} files created, {kinds.count('delete')} deleted, {kinds.count('truncate')} cut off"
    )
    with multiprocessing.get_context("fork").Pool(options.jobs) as pool:
        shares = [(share, options.jobs) for share in range(options.jobs)]
        found = pool.map(partial(cut, done, options.cuts, options.seed), shares)
    problems = [one for share in found for one in share]
    for sentence in problems[:20]:
        print(sentence)
    print(f"{options.cuts} power cuts in {time.monotonic() - began_s:.0f} s, {len(problems)} with a problem")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
