"""The conversations of the catalogue, held with one host that listens in every dialect that a row asks for."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from acquirer.journal.entry import Entry
from acquirer.testing import RunningHost, running_host
from tests.mistakes.forms import write_listeners
from tests.mistakes.iso import STYLES, DukptPos, IsoPos
from tests.mistakes.pos import MID, SM4_TMK, TMK, Pos
from tests.mistakes.row import Mistake

CLOCK = "2026-03-10T12:00:00"
SEED = 10
FENCE = "30000000"  # a terminal whose echo tests stand between two conversations


@dataclass(frozen=True)
class Outcome:
    """What one conversation came to."""

    code: str  # of the answer; "": nothing was answered
    sentence: str  # why, and the notes, of everything that came over the last connection
    facts: dict[str, str]
    frame: bytes
    clear: dict[str, bytes]  # the working keys


@dataclass(frozen=True)
class Recorded:
    """A row as it was answered: the mistake, and beside it the same without one."""

    row: Mistake
    mistaken: Outcome
    right: Outcome


def record(rows: tuple[Mistake, ...], seed: int = SEED) -> list[Recorded]:
    """Hold the conversations of all rows, in order. Clock and keys are those of a seed, so sentences are too."""
    return list(_recorded(rows, seed))


def _recorded(rows: tuple[Mistake, ...], seed: int) -> Iterator[Recorded]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        terminals = folder / "terminals.toml"
        terminals.write_text("\n".join(_tables(rows)), encoding="utf-8")
        listeners = write_listeners(folder, {row.listener for row in rows})
        host = stack.enter_context(
            running_host(
                terminals=str(terminals),
                listen=[f"127.0.0.1:0={dialect}" for dialect in listeners.values()],
                cards=str(Path(__file__).with_name("cards.toml")),
                signature_check=["pixels=strict"],  # so that images are judged before the answer
                seed=seed,
                clock=CLOCK,
            )
        )
        ports = dict(zip(listeners, (int(address.rpartition(":")[2]) for address in host.addresses), strict=True))
        journal = _Journal(host, Pos(ports, FENCE))
        for number, row in enumerate(rows):
            mistaken = _held(journal, row, _pos(ports, row, f"1{number:07}"), mistaken=True)
            right = _held(journal, row, _pos(ports, row, f"2{number:07}"), mistaken=False)
            yield Recorded(row, mistaken, right)


def _tables(rows: tuple[Mistake, ...]) -> Iterator[str]:
    yield f'[[terminal]]\ntest = true\ntid = "{FENCE}"\nmid = "{MID}"\ntmk = "{TMK.hex().upper()}"'
    for number, row in enumerate(rows):
        for first in "12":
            keys = {"tid": f"{first}{number:07}", "mid": MID, "tmk": TMK.hex().upper(), **row.terminal}
            yield "[[terminal]]\ntest = true"
            policy, operators = keys.pop("policy", ""), keys.pop("operators", "")
            yield from (f'{key} = "{value}"' for key, value in keys.items() if value)
            if policy:
                yield f'policy = {{ required = "{policy}" }}'
            if operators:
                yield f"operators = {operators.split()}"


def _pos(ports: dict[str, int], row: Mistake, tid: str) -> Pos:
    if row.listener in STYLES:
        return (DukptPos if "bdk" in row.terminal else IsoPos)(ports, tid, listener=row.listener)
    sm4 = row.terminal.get("tmk_cipher") == "sm4"
    return Pos(
        ports,
        tid,
        listener=row.listener,
        tmk=SM4_TMK if sm4 else TMK,
        cipher="sm4" if sm4 else "des",
        mak_form=row.terminal.get("mak", "single"),
    )


def _held(journal: _Journal, row: Mistake, pos: Pos, *, mistaken: bool) -> Outcome:
    row.before(pos)
    message = row.mistaken(pos) if mistaken else row.right(pos)
    journal.read()
    answer = pos.send(message)
    # The echo test of `_Journal` may have been given the same port.
    entries = [entry for entry in journal.read() if entry.peer == answer.peer and entry.tid != FENCE]
    return Outcome(
        code=next((entry.code for entry in reversed(entries) if entry.code), ""),
        sentence="\n".join(line for entry in entries for line in (entry.why, *entry.notes) if line),
        facts=pos.facts,
        frame=message if isinstance(message, bytes) else message.frame,
        clear=dict(pos.keys.clear) if pos.generations else {},
    )


@dataclass
class _Journal:
    """The journal of the host, read piece by piece."""

    host: RunningHost
    fence: Pos
    last: int = 0

    def read(self) -> list[Entry]:
        """Return what was journalled since the last time: an echo test is read after what came before it."""
        self.fence.send(self.fence.echo())
        while not self.host._background.call(self._at_rest):
            time.sleep(0.001)
        entries = self.host.journal.list(f"id>{self.last}")
        self.last = entries[-1].id
        return entries

    def _at_rest(self) -> bool:
        running = self.host._running
        return running.driver.at_rest and running.store.at_rest
