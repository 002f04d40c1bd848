"""Kill a serving host again and again, hold its database, and compare what terminals heard with its books.

1. Each round starts `acquirer serve` on one store and lets terminals work: sales, voids, refunds of their own sales and
   of those of other terminals, sign-ons, signatures whole and in parts; every third terminal speaks a dialect that has
   key changes.
   A crowd of further terminals signs on all the time, as fast as the host answers (`--crowd`).
   After a moment the host is killed (SIGKILL), or one of its processes is, or both; or one of them stands still for a
   while (SIGSTOP); or another program holds the database for a while (BEGIN EXCLUSIVE), and the host is then ended or
   killed, under the lock or after it.
2. Terminals keep their state on disk and go on as terminals do: what was not answered they reverse.
3. In the end what they still owe is sent, and then everything is compared:
   every answer that was heard is in the journal; every transaction stands in the books as its terminal has it; the
   host has the keys that each terminal of the crowd heard last; no reference number was given twice; every signature
   that was taken is kept; `acquirer store check` finds nothing; hosts that were ended ended with 0, also after one of
   their processes was killed that writes nothing; hosts without a writer with 6; and none left a traceback.

The same seed draws the same rounds; when processes get on is not drawn.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import signal
import socket
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from acquirer.app.async_terminal import AsyncTerminal
from acquirer.dialect.dialect import Dialect
from acquirer.settings.specs import load_dialect
from acquirer.settings.terminals import demo_terminals
from acquirer.store.check import check_store
from acquirer.store.queries import Reader
from acquirer.terminal.exchange import ANSWERED, Exchange, Outcome, Result
from scripts.attack_crowd import UNJOURNALLED, Crowd

KINDS: Final = (
    *("kill", "kill", "kill", "kill", "kill all", "kill all", "kill store_writer", "kill store_writer"),
    *("kill key_generator", "kill picture_worker"),
    *("stop host", "stop store_writer", "stop key_generator", "stop picture_worker"),
    *("lock, end", "lock, kill", "lock, go on"),
)
"""Drawn from; most rounds are kills. The second word of a kill or a stop is the host or one of its processes."""

TIMEOUT_S: Final = 5.0  # of a terminal: more than a host takes to say that its database is held
WORK: Final = (1, 80)  # so many answers are heard before something happens to a host
CROWD_WORK: Final = 12_000  # and up to so many of the crowd
TERMINALS: Final = "terminals.toml"
WORK_S: Final = 30.0  # or so much time has gone by
HOLD_S: Final = (0.2, 2.5)  # how long the database is held: less and more than a host waits before it answers 91
DIALECT, OTHER_DIALECT = "unionpay-pos", "iso8583-1987-ascii"
PART_BYTES: Final = 200  # a signature has some 200 to 700

TAKEN: Final = "the host has the signature"  # a terminal's note
GONE: Final = frozenset({"reversed", "tombstone", "declined", ""})


@dataclass
class Heard:
    """What terminals heard."""

    answers: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)  # terminal, service, STAN, code
    rrns: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    signatures: set[tuple[str, str]] = field(default_factory=set)  # terminal, STAN
    reversed: set[tuple[str, str]] = field(default_factory=set)
    services: Counter[str] = field(default_factory=Counter)  # approved ones
    unanswered: int = 0

    def note(self, tid: str, exchange: Exchange) -> None:
        """Note one exchange that is over."""
        if exchange.outcome not in ANSWERED:
            self.unanswered += exchange.outcome is Outcome.NO_ANSWER
            return
        if exchange.code not in UNJOURNALLED:
            self.answers[tid, exchange.service, exchange.stan, exchange.code] += 1
        if exchange.outcome is not Outcome.APPROVED and not (exchange.service == "reversal" and exchange.code == "25"):
            return
        self.services[exchange.service] += 1
        rrn = exchange.dialect.text(exchange.reply, "rrn") if exchange.reply is not None else ""
        if exchange.service == "reversal":
            self.reversed.add((tid, exchange.stan))
        elif TAKEN in exchange.notes:
            self.signatures.add((tid, exchange.stan))
        elif rrn and not exchange.service.startswith("signature"):
            self.rrns.setdefault(rrn, set()).add((tid, exchange.stan))


@dataclass
class Booked:
    """What one transaction came to, as its terminal has it."""

    kind: str
    amount_minor: int
    state: str = "approved"
    refunded_minor: int = 0
    rrn: str = ""
    date: str = ""
    unknown: bool = False  # a refund of it got no answer


class Watched:
    """Notes what one terminal hears."""

    def __init__(self, tid: str, heard: Heard) -> None:
        self._tid, self._heard = tid, heard

    def began(self, _exchange: Exchange) -> None:
        """Nothing is known yet."""

    def ended(self, exchange: Exchange) -> None:
        self._heard.note(self._tid, exchange)

    def printed(self, _voucher: Any) -> None:
        """Slips are not looked at."""


class Pos:
    """A terminal at work, and its books: by STAN."""

    def __init__(self, tid: str, heard: Heard, host: str, state: Path, draw: random.Random, **more: Any) -> None:
        self.tid, self.books = tid, dict[str, Booked]()
        self.others: list[Pos] = []  # whose sales it refunds
        self._heard, self._draw = heard, draw
        self._unanswered: Booked | None = None  # the sale whose refund got no answer
        self._dialect: Dialect = load_dialect(more.get("dialect", DIALECT))
        services = {route.service for route in self._dialect.routes}
        work = ["sale"] * 5 + ["void", "refund", "refund", "refund of another", "sign on", "key change", "signed sale"]
        self._work = [what for what in work if WANTS.get(what, "sale") in services]
        if more.get("dialect"):
            self._work.remove("refund of another")
        self._terminal = AsyncTerminal(
            tid, host=host, state=state, timeout_s=TIMEOUT_S, sign_upload="at-once", watch=Watched(tid, heard), **more
        )

    async def work(self) -> None:
        """Work until the host answers no more."""
        while True:
            unanswered = self._terminal.state.unanswered is not None
            result = await (self._refund_again() if unanswered else self._one(self._terminal))
            if result.outcome in (Outcome.NOT_SENT, Outcome.NO_ANSWER) or result.reversal == "owed":
                return
            if result.outcome is Outcome.REFUSED:
                await asyncio.sleep(0.01)

    async def settle(self) -> None:
        """Send what is owed, and close the books."""
        terminal = self._terminal
        if terminal.state.pending:
            await terminal.reverse()
        if terminal.state.unanswered:
            await self._refund_again()
        await terminal.upload()
        if terminal.state.pending or terminal.state.unanswered:
            raise AssertionError(f"terminal {self.tid} still owes something")
        await terminal.close()
        for tid, stan in self._heard.reversed:
            if tid == self.tid and stan in self.books:
                self.books[stan].state = "reversed"

    async def _one(self, terminal: AsyncTerminal) -> Result:
        sold = [one for one in terminal.state.sales if not one.voided and not self.books[one.original.stan].unknown]
        what = self._draw.choice(self._work)
        if what == "sign on":
            return await terminal.sign_on()
        if what == "key change":
            return await terminal.key_change()
        if what == "refund of another":
            return await self._refund_of_another(terminal)
        if what in ("void", "refund") and sold:
            one = self._draw.choice(sold)
            stan, within = one.original.stan, one.original.within
            if what == "void":
                result = await terminal.void(stan=stan, batch=within)
                self._voided(stan, result)
                return result
            amount_minor = self._draw.randint(1, one.amount_minor)
            result = await terminal.refund(amount_minor, stan=stan, batch=within)
            self._refunded(self.books[stan], amount_minor, result)
            return result
        amount_minor = self._draw.randint(1, 99_999)
        sign = "Li Wei" if what == "signed sale" else None
        result = await terminal.sale(amount_minor, pin="123456", sign=sign)
        if result.outcome is Outcome.APPROVED and result.exchange is not None and result.exchange.reply is not None:
            reply = result.exchange.reply
            date = self._dialect.text(reply, "date") if "date" in self._dialect.elements else ""
            rrn = self._dialect.text(reply, "rrn")
            self.books[result.exchange.stan] = Booked("sale", amount_minor, rrn=rrn, date=date)
        return result

    async def _refund_of_another(self, terminal: AsyncTerminal) -> Result:
        """Refund a part of a sale that another terminal made; sell where none did."""
        sold = [
            one
            for other in self.others
            for one in other.books.values()
            if one.kind == "sale" and one.state in ("approved", "refunded") and not one.unknown
        ]
        if not sold:
            return await terminal.sign_on()
        one = self._draw.choice(sold)
        amount_minor = self._draw.randint(1, one.amount_minor)
        result = await terminal.refund(amount_minor, rrn=one.rrn, date=one.date, entry="magstripe")
        self._refunded(one, amount_minor, result)
        if result.outcome is Outcome.APPROVED:
            self._heard.services["refund of another terminal's sale"] += 1
        return result

    async def _refund_again(self) -> Result:
        """Send a refund that got no answer once more."""
        unanswered, sale = self._terminal.state.unanswered, self._unanswered
        assert unanswered is not None
        assert sale is not None
        result = await self._terminal.refund(again=True)
        self._refunded(sale, unanswered.amount_minor, result)
        return result

    def _voided(self, stan: str, result: Result) -> None:
        if result.outcome is Outcome.APPROVED and result.exchange is not None:
            self.books[stan].state = "voided"
            self.books[result.exchange.stan] = Booked("void", self.books[stan].amount_minor)

    def _refunded(self, sale: Booked, amount_minor: int, result: Result) -> None:
        unanswered = self._terminal.state.unanswered is not None
        sale.unknown, self._unanswered = unanswered, sale if unanswered else None
        if result.outcome is Outcome.APPROVED and result.exchange is not None:
            self.books[result.exchange.stan] = Booked("refund", amount_minor)
            sale.refunded_minor += amount_minor
            sale.state = "refunded"


WANTS: Final = {
    "void": "void",
    "refund": "refund",
    "refund of another": "refund",
    "sign on": "sign_on",
    "key change": "key_change",
    "signed sale": "signature",
}
"""The service that a dialect must have for a kind of work."""


class Host:
    """`acquirer serve` in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @classmethod
    async def start(cls, place: Path, ports: tuple[int, int]) -> Host:
        """Start one on the store of `place`; return it once it is ready."""
        listen = ["--listen", f"127.0.0.1:{ports[0]}", "--listen", f"127.0.0.1:{ports[1]}={OTHER_DIALECT}"]
        words = [
            "serve",
            *listen,
            "--terminals",
            str(place / TERMINALS),
            "--store",
            f"sqlite:///{place / 'acquirer.db'}",
            "--json",
        ]
        with (place / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "acquirer", *words, stdout=asyncio.subprocess.PIPE, stderr=log
            )
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        if b'"ready"' not in line:
            raise AssertionError(f"a host does not start: see {place / 'log'}")
        return cls(process)

    def signal(self, number: int) -> None:
        """Send a signal, unless it has ended. `Process.send_signal` takes an end away from who waits for it."""
        if number and self.process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, number)

    def child(self, name: str) -> int | None:
        """Return one of its processes; None while it has no such, because nothing was asked of it yet."""
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                if parent == str(self.process.pid) and f"process.{name}" in (entry / "cmdline").read_text():
                    return int(entry.name)
        return None

    async def end(self, number: int, code: int) -> None:
        """Signal it, and wait for its end; 0: it has been signalled.

        Raises:
            AssertionError: it ends with another code.
        """
        self.signal(number)
        found = await asyncio.wait_for(self.process.wait(), 60)
        assert found == code, f"the host ended with {found}, not {code}"


class Attack:
    """All rounds, and what was found."""

    def __init__(
        self, place: Path, rounds: int, terminals: int, seed: int, seconds: float = float("inf"), crowd: int = 0
    ) -> None:
        self.place, self.rounds, self.seconds = place, rounds, seconds
        self.draw = random.Random(seed)
        self.heard = Heard()
        self.crowd = Crowd(crowd)
        (place / TERMINALS).write_text(self.crowd.registered(), "utf-8")
        self._ports = _free_ports()
        known = [one.tid for one in demo_terminals()]
        self.posses = []
        for number in range(terminals):
            port, more = self._ports[0], dict[str, Any]()
            if number % 3 == 2:
                port, more = self._ports[1], {"dialect": OTHER_DIALECT}
            elif number % 3 == 1:
                more = {"sign_parts": PART_BYTES}
            tid = known.pop(-1 if number % 3 == 2 else 0)
            draw = random.Random(f"{seed} {tid}")
            self.posses.append(Pos(tid, self.heard, f"127.0.0.1:{port}", place / "terminals", draw, **more))
        for pos in self.posses[0::3] + self.posses[1::3]:
            pos.others = [one for one in self.posses[0::3] + self.posses[1::3] if one is not pos]
        self.done: Counter[str] = Counter()

    @property
    def answers(self) -> int:
        """How many answers were heard by all terminals."""
        return self.heard.answers.total() + self.crowd.answers

    async def run(self) -> list[str]:
        """Attack; return what was lost or booked otherwise, as sentences."""
        end_s = time.monotonic() + self.seconds
        for number in range(1, self.rounds + 1):
            if time.monotonic() > end_s:
                break
            kind = self.draw.choice(KINDS)
            before = self.answers
            await self._round(kind)
            self.done[kind] += 1
            print(f"round {number} of {self.rounds}: {kind}, {self.answers - before} answers", flush=True)
        host = await Host.start(self.place, self._ports)
        await asyncio.gather(*[pos.settle() for pos in self.posses])
        await host.end(signal.SIGTERM, 0)
        return list(self._compare())

    async def _round(self, kind: str) -> None:
        host = await Host.start(self.place, self._ports)
        work = [asyncio.create_task(pos.work()) for pos in self.posses]
        work += self.crowd.start(self._ports[0])
        try:
            await self._work()
            if kind.startswith("lock"):
                await self._hold(host, kind)
            elif kind.startswith("stop"):
                await self._stop(host, kind.removeprefix("stop "))
            else:
                await self._kill(host, kind.removeprefix("kill").strip())
            await asyncio.gather(*work)
        finally:
            for task in work:
                task.cancel()
            host.signal(signal.SIGKILL)
            await host.process.wait()

    async def _work(self) -> None:
        """Let the terminals work."""
        enough = self.heard.answers.total() + self.draw.randint(*WORK)
        enough_of_crowd = self.crowd.answers + self.draw.randint(0, CROWD_WORK) * bool(self.crowd.size)
        end_s = time.monotonic() + WORK_S
        while time.monotonic() < end_s and (
            self.heard.answers.total() < enough or self.crowd.answers < enough_of_crowd
        ):
            await asyncio.sleep(0.002)

    async def _kill(self, host: Host, name: str) -> None:
        """Kill the host (`name` is empty), one of its processes, or the host with what writes ("all")."""
        child = host.child("store_writer" if name == "all" else name) if name else None
        if name in ("", "all"):
            host.signal(signal.SIGKILL)
            _signal(child, signal.SIGKILL)  # it ends with its host, too
            await host.end(0, -signal.SIGKILL)
        elif name == "store_writer":
            assert child is not None
            _signal(child, signal.SIGKILL)
            await host.end(0, 6)
        else:
            _signal(child, signal.SIGKILL)
            await self._work()
            await host.end(signal.SIGTERM, 0)

    async def _stop(self, host: Host, name: str) -> None:
        """Have the host or one of its processes stand still for a while."""
        pid = host.process.pid if name == "host" else host.child(name)
        _signal(pid, signal.SIGSTOP)
        await asyncio.sleep(self.draw.uniform(*HOLD_S))
        _signal(pid, signal.SIGCONT)
        await self._work()
        await host.end(signal.SIGTERM, 0)

    async def _hold(self, host: Host, kind: str) -> None:
        hold_s = self.draw.uniform(*HOLD_S)
        with closing(await asyncio.to_thread(self._locked)) as other:
            await asyncio.sleep(hold_s)
            if kind != "lock, go on":
                number, code = (signal.SIGTERM, 0) if kind == "lock, end" else (signal.SIGKILL, -signal.SIGKILL)
                await host.end(number, code)
            other.execute("ROLLBACK")
        if kind == "lock, go on":
            await self._work()
            await host.end(signal.SIGTERM, 0)

    def _locked(self) -> sqlite3.Connection:
        other = sqlite3.connect(self.place / "acquirer.db", timeout=30, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN EXCLUSIVE")
        return other

    def _compare(self) -> list[str]:
        url = f"sqlite:///{self.place / 'acquirer.db'}"
        problems = list(check_store(url).problems)
        if "Traceback" in (self.place / "log").read_text(errors="replace"):
            problems.append(f"{self.place / 'log'} holds a traceback")
        with closing(sqlite3.connect(f"file:{self.place / 'acquirer.db'}?mode=ro", uri=True)) as books:
            problems += self._lost(books)
            problems += self.crowd.lost(Reader(books))
            problems += self._differing(books)
            taken = set(books.execute("SELECT tid, stan FROM signature").fetchall())
            problems += [
                f"terminal {tid}: the signature of {stan} is lost" for tid, stan in self.heard.signatures - taken
            ]
        twice = {rrn: names for rrn, names in self.heard.rrns.items() if len(names) > 1}
        problems += [f"reference number {rrn} was given to {sorted(names)}" for rrn, names in twice.items()]
        return problems

    def _lost(self, books: sqlite3.Connection) -> list[str]:
        journal = Counter((one.tid, one.service, one.stan, one.code) for one in Reader(books).every())
        return [f"heard and not in the journal: {answer}" for answer in self.heard.answers - journal]

    def _differing(self, books: sqlite3.Connection) -> list[str]:
        rows = books.execute("SELECT tid, stan, kind, state, amount_minor, refunded_minor FROM transactions").fetchall()
        stored = {row[:2]: row[2:] for row in rows}
        problems = []
        for pos in self.posses:
            for stan, one in pos.books.items():
                kind, state, amount_minor, refunded_minor = stored.pop((pos.tid, stan), ("", "", 0, 0))
                expected = (one.kind, one.amount_minor, one.refunded_minor)
                same = (kind, amount_minor, refunded_minor) == expected and state == one.state
                if not same and not (one.state == "reversed" and state in GONE):
                    problems.append(
                        f"terminal {pos.tid}, STAN {stan}: {one}, but {(kind, state, amount_minor)} is stored"
                    )
        for (tid, stan), (kind, state, amount_minor, _) in stored.items():
            if state not in GONE:
                problems.append(
                    f"terminal {tid}, STAN {stan}: {kind} of {amount_minor} is {state}, and no terminal has it"
                )
        return problems


def _signal(pid: int | None, number: int) -> None:
    if pid is not None:
        with suppress(ProcessLookupError):  # it has ended by itself
            os.kill(pid, number)


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return int(one.getsockname()[1]), int(other.getsockname()[1])


def main(arguments: list[str]) -> int:
    """Attack as the arguments say; return 1 when problems were found."""
    parser = argparse.ArgumentParser(prog="scripts/attack", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20, help="how many; one takes some seconds (default 20)")
    parser.add_argument("--seconds", type=float, default=540, help="no round begins after so many (default 540)")
    parser.add_argument("--terminals", type=int, default=12, help="at work at one time (default 12)")
    parser.add_argument(
        "--crowd", type=int, default=0, help="further terminals, which sign on all the time (default 0)"
    )
    parser.add_argument("--seed", type=int, default=1, help="draws the rounds (default 1)")
    parser.add_argument("--keep", type=Path, help="a new folder for store and log, kept; default: a temporary one")
    options = parser.parse_args(arguments)
    place = options.keep or Path(tempfile.mkdtemp(prefix="acquirer-attack-"))
    place.mkdir(exist_ok=True)
    attack = Attack(place, options.rounds, options.terminals, options.seed, options.seconds, options.crowd)
    began_s = time.monotonic()
    problems = asyncio.run(attack.run())
    for sentence in problems:
        print(sentence)
    heard = attack.heard
    kinds = ", ".join([f"{number} {kind}" for kind, number in sorted(attack.done.items())])
    services = ", ".join([f"{number} {service}" for service, number in sorted(heard.services.items())])
    print(f"{attack.done.total()} rounds in {time.monotonic() - began_s:.0f} s ({kinds})")
    print(f"{heard.answers.total()} answers heard; approved: {services}; {heard.unanswered} requests without an answer")
    if options.crowd:
        print(f"{attack.crowd.answers} sign-ons of the crowd answered, {attack.crowd.unanswered} without an answer")
    print(f"{len(problems)} problems found" + (f"; store and log are in {place}" if problems else ""))
    if not problems and options.keep is None:
        shutil.rmtree(place)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
