"""All that is wrong with a request, said at once: a client mends a file in one go, not one key after another.

1. Readers of tables stop at what they refuse first. So a table is read again without it, until nothing is refused.
2. What others depend on is not left out but replaced (`StandIns`), and what only follows from what was refused before
   is not named: the same place, one around it, a key that is missing only now.
3. No more than `MOST_ERRORS` are named, and none is looked for once `LONGEST_S` are used up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from http import HTTPStatus
from typing import Any, Final, TypeVar, cast

from acquirer.control.problems import MOST_ERRORS, Problem, pointer_to, steps_of, unusable_values
from acquirer.data.toml import DataError, Document, KeyPath
from acquirer.matcher.keys import ConditionError

T = TypeVar("T")

LONGEST_S: Final = 0.2
"""Of the processor, for which mistakes are looked for: the first one is known, and the others are a courtesy."""

StandIns = Mapping[KeyPath, Any]
"""What stands in the place of a value that was refused, where others depend on it."""

Placing = Callable[[KeyPath], str]
"""Says where something stands, before what is wrong with it; "" where its pointer is enough."""

RULE: Final[StandIns] = {
    ("name",): "stand-in",
    ("then",): {"code": "00"},
    ("then", "order"): "random",
    ("scenario",): "stand-in",
    ("state",): "stand-in",
    ("next",): "stand-in",
}
TERMINAL: Final[StandIns] = {("tid",): "00000000", ("mid",): "0" * 15, ("tmk",): "0123456789ABCDEFFEDCBA9876543210"}
CARD: Final[StandIns] = {("name",): "stand-in", ("pan",): "6212345678901232"}
FAULT: Final[StandIns] = {}
_DECIDES: Final = ("kind",)
"""Keys of which all else depends: what is refused of them once something was left out follows from that."""


def _no_place(_steps: KeyPath) -> str:
    return ""


def _below(place: Placing, around: KeyPath, steps: KeyPath) -> str:
    return place((*around, *steps))


class Mistakes:
    """What is wrong with one request. In one thread: where it has much to read, not that of the loop."""

    def __init__(self) -> None:
        self.pointers: list[tuple[str, str]] = []
        self._end_s = time.thread_time() + LONGEST_S

    @property
    def enough(self) -> bool:
        """Return whether no more are looked for."""
        return len(self.pointers) >= MOST_ERRORS or (bool(self.pointers) and time.thread_time() >= self._end_s)

    def note(self, pointer: str, problem: str) -> None:
        """Note what is wrong at a pointer."""
        if len(self.pointers) < MOST_ERRORS and (pointer, problem) not in self.pointers:
            self.pointers.append((pointer, problem))

    def value(self, pointer: str, read: Callable[[Any], T], written: object) -> T:
        """Return what a reader makes of a value; where it refuses it, that is noted, and `refuse` must follow."""
        try:
            return read(written)
        except (DataError, ConditionError):
            self.note_table(pointer, written, read)
        except ValueError as exc:
            self.note(pointer, str(exc))
        return cast(T, None)  # it is not used: `refuse` raises

    def note_table(
        self,
        before: str,
        table: object,
        read: Callable[[Any], object],
        stand_ins: StandIns | None = None,
        place: Placing = _no_place,
    ) -> None:
        """Note all that a reader refuses of a table.

        Args:
            before: where the table stands.
            read: raises DataError or ConditionError about a key of the table.
            place: what is said before a problem, as the line of a file.
        """
        for steps, problem in _refused(table, read, stand_ins or {}):
            self.note(before + pointer_to(steps), place(steps) + problem)
            if self.enough:
                return

    def section(
        self,
        document: Document,
        section: str,
        read: Callable[[Document], T],
        stand_ins: StandIns,
        place: Placing = _no_place,
    ) -> T | None:
        """Return what a reader makes of the tables of a document, one by one and together; None: it refuses some.

        Args:
            read: raises DataError, with the key in the whole document.
            place: what is said before a problem, as the line of a file.
        """
        try:
            return read(document)
        except DataError:
            tables = document.data.get(section)

        def read_one(table: object) -> object:
            try:
                return read(Document(document.name, {section: [table]}, {}))
            except DataError as exc:
                key = exc.key.removeprefix(f"{section}[0]").removeprefix(".")
                raise DataError(exc.name, exc.line, key, exc.problem) from None

        def read_together(data: dict[str, Any]) -> object:
            return read(Document(document.name, data, {}))

        before = len(self.pointers)
        for number, table in enumerate(tables if isinstance(tables, list) else ()):
            around: KeyPath = (section, number)
            self.note_table(pointer_to(around), table, read_one, stand_ins, partial(_below, place, around))
            if self.enough:
                break
        if len(self.pointers) == before:  # what is wrong is between several of them, or they are no list
            self.note_table("", document.data, read_together, None, place)
        return None

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note what is found to be unusable in a ``with`` block, which ends there; other problems pass."""
        try:
            yield
        except Problem as exc:
            if exc.status is not HTTPStatus.UNPROCESSABLE_ENTITY:
                raise
            for pointer, problem in exc.pointers:
                self.note(pointer, problem)

    def refuse(self) -> None:
        """Refuse the request where something is wrong with it. Raises Problem."""
        if self.pointers:
            raise unusable_values(self.pointers)


def _refused(table: object, read: Callable[[Any], object], stand_ins: StandIns) -> Iterator[tuple[KeyPath, str]]:
    """Yield where something is refused, and why. Ends, for each turn leaves something out or puts a stand-in."""
    rest = _Rest(table)
    named: list[KeyPath] = []
    replaced: set[KeyPath] = set()
    while len(named) <= MOST_ERRORS:
        try:
            read(rest.table)
        except (DataError, ConditionError) as exc:
            steps, problem = _place_of(exc)
        else:
            return
        original = rest.original(steps)
        follows = any(one[: len(original)] == original for one in named) or (
            bool(named) and rest.shortened and (steps[:1] == _DECIDES or not rest.has(steps))
        )
        if not follows:
            named.append(original)
            yield original, problem
        for depth in range(len(steps), 0, -1):  # what stands around it, where there is nothing to leave out
            around = steps[:depth]
            if around in stand_ins and around not in replaced:
                replaced.add(around)
                rest.put(around, stand_ins[around])
                break
            if rest.leave_out(around):
                break
        else:
            return


def _place_of(exc: DataError | ConditionError) -> tuple[KeyPath, str]:
    """Return where in its table a value stands that was refused, and why."""
    if isinstance(exc, ConditionError):
        place = f"at '{exc.place}': " if exc.place else ""
        return ((exc.key,) if exc.key else ()), place + exc.problem
    return steps_of(exc.key), exc.problem


class _Rest:
    """A table without what was refused of it, and how its lists were before that."""

    def __init__(self, table: object) -> None:
        self.table = deepcopy(table)
        self.shortened = False
        self._places: dict[KeyPath, list[int]] = {}  # of a list: where each item that is left stood

    def original(self, steps: KeyPath) -> KeyPath:
        """Return where something stood before anything was left out."""
        return tuple(
            self._places[steps[:depth]][step] if isinstance(step, int) and steps[:depth] in self._places else step
            for depth, step in enumerate(steps)
        )

    def has(self, steps: KeyPath) -> bool:
        """Return whether something stands there."""
        *_, found = self._along(steps)
        return found

    def put(self, steps: KeyPath, value: object) -> None:
        """Put a value in place of another one."""
        *_, last = steps
        inner, _ = self._along(steps[:-1])
        if isinstance(inner, dict):
            inner[last] = deepcopy(value)

    def leave_out(self, steps: KeyPath) -> bool:
        """Leave a value out; return whether there is one that can be."""
        if not steps or not self.has(steps):
            return False
        inner, _ = self._along(steps[:-1])
        if isinstance(inner, list):
            places = self._places.setdefault(steps[:-1], [*range(len(inner))])
            del places[int(steps[-1])]
        del inner[steps[-1]]
        self.shortened = True
        return True

    def _along(self, steps: KeyPath) -> tuple[Any, bool]:
        """Return what stands there, and whether something does."""
        found = self.table
        for step in steps:
            if isinstance(found, dict):
                there = step in found
            else:
                there = isinstance(found, list) and isinstance(step, int) and step < len(found)
            if not there:
                return None, False
            found = found[step]  # type: ignore[index]
        return found, True
