"""A condition as a tree: what it asks for, how it is written, and the predicate it is compiled into.

Values are compared as what their key is: amounts and numbers by size, everything else as text. Where a key of text is
compared by size, both sides must be digits. A value that is absent fits only ``""`` and what is negated.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Final, Literal

from acquirer.matcher.keys import BETWEEN_NAMES, KEYS, ConditionKey, OneValue, Subject
from acquirer.matcher.search_cost import LONGEST_SEARCHED

Predicate = Callable[[Subject], bool]

Operator = Literal["equal", "glob", "regex", "present", "absent", ">", ">=", "<", "<=", "range"]

_WORDS: Final = {
    "equal": "{0}",
    "glob": "like {0}",
    "regex": "matching {0}",
    "present": "present",
    "absent": "absent",
    ">": "above {0}",
    ">=": "at least {0}",
    "<": "below {0}",
    "<=": "at most {0}",
    "range": "from {0} to {1}",
}


@dataclass(frozen=True, slots=True)
class Atom:
    """One key compared with one value; `high` is the upper end of a range."""

    key: str
    operator: Operator
    operand: str = ""
    high: str = ""

    @property
    def wanted(self) -> str:
        """Return what is asked of the value, in words."""
        return _WORDS[self.operator].format(self.operand, self.high)

    @property
    def help(self) -> str:
        """Return what the atom asks for, and what its key is."""
        key = KEYS.get(self.key)
        return f"{self.key}: {self.wanted}" + (f" ({key.help})" if key is not None else "")


@dataclass(frozen=True, slots=True)
class Not:
    """Holds when its part does not."""

    part: Expression


@dataclass(frozen=True, slots=True)
class All:
    """Holds when all parts do; always, when there is none."""

    parts: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Any:
    """Holds when one part does."""

    parts: tuple[Expression, ...]


Expression = Atom | Not | All | Any

ALWAYS: Final = All()


def negation(part: Expression) -> Expression:
    """Return the opposite; of an opposite, what it was of."""
    return part.part if isinstance(part, Not) else Not(part)


def conjunction(parts: Iterable[Expression]) -> Expression:
    """Return what holds when all parts do; a time of day that ends before it begins goes over midnight."""
    flat: list[Expression] = []
    for part in parts:
        flat += part.parts if isinstance(part, All) else (part,)
    days = [one for one in flat if isinstance(one, Atom) and one.key in ("since", "until") and len(one.operand) == 6]
    if len(days) == 2 and {one.key for one in days} == {"since", "until"}:
        since, until = sorted(days, key=lambda one: one.key)
        if since.operand > until.operand:
            place = min(flat.index(since), flat.index(until))
            rest = [one for one in flat if one is not since and one is not until]
            flat = [*rest[:place], Any((since, until)), *rest[place:]]
    return flat[0] if len(flat) == 1 else All(tuple(flat))


def disjunction(parts: Iterable[Expression]) -> Expression:
    """Return what holds when one of the parts does."""
    flat: list[Expression] = []
    for part in parts:
        flat += part.parts if isinstance(part, Any) else (part,)
    return flat[0] if len(flat) == 1 else Any(tuple(flat))


def conjuncts(expression: Expression) -> tuple[Expression, ...]:
    """Return the parts that must all hold."""
    return expression.parts if isinstance(expression, All) else (expression,)


def keys_of(expression: Expression) -> frozenset[str]:
    """Return the keys that an expression asks for."""
    return frozenset(atom.key for atom in atoms_of(expression))


def atoms_of(expression: Expression) -> Iterator[Atom]:
    """Yield the atoms of which an expression consists, whether they must hold or not."""
    if isinstance(expression, Atom):
        yield expression
        return
    for part in (expression.part,) if isinstance(expression, Not) else expression.parts:
        yield from atoms_of(part)


def required(expression: Expression, key: str) -> frozenset[str] | None:
    """Return the values of which a key must have one for the expression to hold; None: it may have any.

    >>> sorted(required(Any((Atom("tid", "equal", "A"), Atom("tid", "equal", "B"))), "tid"))
    ['A', 'B']
    """
    if isinstance(expression, Atom):
        return frozenset((expression.operand,)) if (expression.key, expression.operator) == (key, "equal") else None
    if isinstance(expression, Not):
        return None
    found = [required(part, key) for part in expression.parts]
    if isinstance(expression, Any):
        return None if None in found else reduce(frozenset.union, (one for one in found if one is not None))
    known = [one for one in found if one is not None]
    return reduce(frozenset.intersection, known) if known else None


def compiled(expression: Expression) -> Predicate:
    """Return the expression as a function of a subject."""
    if isinstance(expression, Atom):
        return _compiled_atom(expression)
    if isinstance(expression, Not):
        inner = compiled(expression.part)
        return lambda subject: not inner(subject)
    parts = tuple(compiled(part) for part in expression.parts)
    if isinstance(expression, Any):
        return lambda subject: any(part(subject) for part in parts)
    if len(parts) == 2:
        first, second = parts
        return lambda subject: first(subject) and second(subject)
    return lambda subject: all(part(subject) for part in parts)


def cents_of(text: str) -> int:
    """Return an amount in minor units.

    >>> cents_of("12.3"), cents_of("7")
    (1230, 700)
    """
    integer, _, cents = text.partition(".")
    return int(integer) * 100 + int(cents.ljust(2, "0"))


def value_text(key: str, value: str | int) -> str:
    """Return a value as a condition would write it.

    >>> value_text("amount", 1234), value_text("replayed", True), value_text("nth", 3)
    ('12.34', 'true', '3')
    """
    if value == "" or isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value // 100}.{value % 100:02}" if kind_of(key) == "amount" else str(value)


def kind_of(key: str) -> str:
    """Return the kind of a key; fields are text."""
    known: ConditionKey | None = KEYS.get(key)
    return "text" if known is None else known.kind


def _compiled_atom(atom: Atom) -> Predicate:
    fits, key = _compiled_value(atom), KEYS.get(atom.key)
    if key is None or not key.several or atom.operator in ("absent", "present"):
        return fits

    def fits_one(subject: Subject) -> bool:
        names = str(subject.value(atom.key)).split(BETWEEN_NAMES)
        return fits(subject) or (len(names) > 1 and any(fits(OneValue(name)) for name in names))

    return fits_one


def _compiled_value(atom: Atom) -> Predicate:
    key, operand = atom.key, atom.operand
    if key in ("since", "until"):
        return _compiled_time(key, operand)
    if atom.operator == "equal":
        wanted = exact(key, operand)
        return lambda subject: subject.value(key) == wanted
    if atom.operator == "absent":
        return lambda subject: subject.value(key) == ""
    if atom.operator == "present":
        return lambda subject: subject.value(key) != ""
    if atom.operator in ("glob", "regex"):
        glob = atom.operator == "glob"
        search = regular_expression(glob_pattern(operand) if glob else operand).search
        end = sys.maxsize if glob else LONGEST_SEARCHED
        return lambda subject: (
            (found := subject.value(key)) != "" and search(value_text(key, found), 0, end) is not None
        )
    return _compiled_size(atom)


@lru_cache(maxsize=64)  # those of one host's rules and queries
def regular_expression(pattern: str) -> re.Pattern[str]:
    """Return a regular expression, compiled, without a word of Python's about what later versions may read otherwise.

    Raises:
        re.error, OverflowError, RecursionError: it is none, or too large.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(pattern, re.DOTALL)


def glob_pattern(operand: str) -> str:
    """Return the regular expression for a text in which ``*`` stands for anything.

    What stands between two of them is looked for once, from left to right: with many of them, too, a text is read in
    little more time than its length.

    >>> glob_pattern("T00*"), glob_pattern("T*0*1")
    ('\\\\AT00.*\\\\Z', '\\\\AT(?>.*?0).*1\\\\Z')
    """
    first, *rest = map(re.escape, operand.split("*"))
    between = "".join(f"(?>.*?{part})" for part in rest[:-1])
    return rf"\A{first}{between}" + "".join(f".*{part}" for part in rest[-1:]) + r"\Z"


def _compiled_time(key: str, operand: str) -> Predicate:
    start = 8 if len(operand) == 6 else 0  # of a moment, the time of day
    if key == "since":
        return lambda subject: (moment := str(subject.value("moment"))) != "" and moment[start:] >= operand
    return lambda subject: (moment := str(subject.value("moment"))) != "" and moment[start:] < operand


def _compiled_size(atom: Atom) -> Predicate:
    key, low = atom.key, size(atom.key, atom.operand)
    high = size(key, atom.high) if atom.operator == "range" else 0
    compare: Final[dict[str, Callable[[int], bool]]] = {
        ">": lambda number: number > low,
        ">=": lambda number: number >= low,
        "<": lambda number: number < low,
        "<=": lambda number: number <= low,
        "range": lambda number: low <= number <= high,
    }
    fits = compare[atom.operator]

    def holds(subject: Subject) -> bool:
        value = subject.value(key)
        if isinstance(value, str):
            return value.isascii() and value.isdecimal() and fits(int(value))
        return fits(value)

    return holds


def size(key: str, operand: str) -> int:
    """Return the number that an operand is, in the unit of its key's values."""
    return cents_of(operand) if kind_of(key) == "amount" else int(operand)


def exact(key: str, operand: str) -> str | int:
    """Return the value that an operand is, as subjects have it."""
    kind = kind_of(key)
    if kind == "amount":
        return cents_of(operand)
    if kind == "number":
        return int(operand)
    return operand == "true" if kind == "flag" else operand
