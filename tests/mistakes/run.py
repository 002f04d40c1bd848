"""The conversations of the catalogue, held with one host that listens in every dialect that a row asks for."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from acquirer.journal.entry import Entry
from acquirer.store.queries import ExchangeFilter
from acquirer.testing import RunningHost, running_host
from tests.mistakes.forms import write_listeners
from tests.mistakes.pos import MID, SM4_TMK, TMK, Answer, Pos
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
    wrong: Outcome
    right: Outcome


def record(rows: tuple[Mistake, ...]) -> list[Recorded]:
    """Hold the conversations of all rows, in order. Clock and keys are always the same, so sentences are too."""
    return list(_recorded(rows))


def _recorded(rows: tuple[Mistake, ...]) -> Iterator[Recorded]:
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
                seed=SEED,
                clock=CLOCK,
            )
        )
        ports = dict(zip(listeners, (int(address.rpartition(":")[2]) for address in host.addresses), strict=True))
        fence = Pos(ports, FENCE)
        for number, row in enumerate(rows):
            wrong = _held(host, row, _pos(ports, row, f"1{number:07}"), fence, wrong=True)
            right = _held(host, row, _pos(ports, row, f"2{number:07}"), fence, wrong=False)
            yield Recorded(row, wrong, right)


def _tables(rows: tuple[Mistake, ...]) -> Iterator[str]:
    yield f'[[terminal]]\ntest = true\ntid = "{FENCE}"\nmid = "{MID}"\ntmk = "{TMK.hex().upper()}"'
    for number, row in enumerate(rows):
        for first in "12":
            keys = {"tid": f"{first}{number:07}", "mid": MID, "tmk": TMK.hex().upper(), **row.terminal}
            yield "[[terminal]]\ntest = true"
            yield from (f'{key} = "{value}"' for key, value in keys.items() if value)


def _pos(ports: dict[str, int], row: Mistake, tid: str) -> Pos:
    sm4 = row.terminal.get("tmk_cipher") == "sm4"
    return Pos(
        ports,
        tid,
        listener=row.listener,
        tmk=SM4_TMK if sm4 else TMK,
        cipher="sm4" if sm4 else "des",
        mak_form=row.terminal.get("mak", "single"),
    )


def _held(host: RunningHost, row: Mistake, pos: Pos, fence: Pos, *, wrong: bool) -> Outcome:
    row.before(pos)
    message = row.wrong(pos) if wrong else row.right(pos)
    last = max((entry.id for entry in _entries(host, 0)), default=0)
    answer = pos.send(message)
    fence.send(fence.echo())  # journalled behind all that the connection before it left
    entries = _of_connection(host, last, answer)
    return Outcome(
        code=next((entry.code for entry in reversed(entries) if entry.code), ""),
        sentence="\n".join(line for entry in entries for line in (entry.why, *entry.notes) if line),
        facts=pos.facts,
        frame=message if isinstance(message, bytes) else message.frame,
        clear=dict(pos.keys.clear) if pos.generations else {},
    )


def _entries(host: RunningHost, after: int) -> list[Entry]:
    with host.journal._store.reader() as reader:
        return reader.exchanges(ExchangeFilter(after=after))


def _of_connection(host: RunningHost, last: int, answer: Answer) -> list[Entry]:
    """Return what the journal holds of a connection, without older ones that had the same port."""
    return [entry for entry in _entries(host, last) if entry.peer == answer.peer]
