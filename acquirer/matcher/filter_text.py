"""Conditions written as a text for people: ``service=sale & code!=00 & (tid=T00* | amount>100)``.

1. ``key=value`` takes the values of a table, operators included: ``amount=10.00..20.00``, ``rrn=?``, ``rrn=""``.
2. ``!=``, ``~``, ``!~``, ``>``, ``>=``, ``<`` and ``<=`` stand in place of ``=`` and an operator. A key alone: present,
   of ``replayed`` true.
3. ``!`` goes before ``&``, ``&`` before ``|``; ``( )`` group.
4. A value with spaces or any of ``& | ( )`` stands in double quotes; there ``\\"`` is a quote and ``\\\\`` a backslash.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from acquirer.matcher.expression import (
    All,
    Any,
    Atom,
    Expression,
    Not,
    conjunction,
    disjunction,
    negation,
)
from acquirer.matcher.keys import ConditionError, ConditionKey, find_key
from acquirer.matcher.when import from_value, written

LONGEST: Final = 4000
"""Characters of a filter; longer ones are made by programs, which can write tables."""

DEEPEST: Final = 50
"""Parentheses and ! inside each other."""

_QUOTED: Final = 40
"""Characters of a filter that an error quotes: enough to find the place again."""

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<mark>[&|()]|!(?![=~]))|(?P<key>[A-Za-z_][A-Za-z0-9_.]*)\s*"
    r"(?:(?P<operator>!=|!~|>=|<=|=|~|>|<)[ \t]*(?:\"(?P<quoted>(?:\\.|[^\"\\])*)\"|(?P<bare>[^\s&|()\"]*)))?)"
)


def parse_filter(text: str, known: Collection[str]) -> Expression:
    """Return the expression of a filter; an empty text is one that always holds.

    >>> from acquirer.matcher.keys import JOURNAL_KEYS
    >>> parse_filter("stan=000003", JOURNAL_KEYS)
    Atom(key='stan', operator='equal', operand='000003', high='')

    Args:
        known: the keys that may be asked for.

    Raises:
        ConditionError: one sentence that says where the text cannot be read.
    """
    if len(text) > LONGEST:
        raise ConditionError("", f"a filter has at most {LONGEST} characters, not {len(text)}")
    if not text.strip():
        return All()
    parser = _Parser(text.rstrip(), known)
    found = parser.alternatives()
    if parser.token is not None:
        raise parser.error(f"'{parser.token[0].strip()}' closes nothing" if parser.mark == ")" else "expected & or |")
    return found


def as_filter(expression: Expression) -> str:
    """Return an expression as a filter that means the same.

    >>> as_filter(Not(Atom("code", "equal", "00")))
    'code!=00'
    """
    if isinstance(expression, Atom):
        return _written_atom(expression, "=")
    if isinstance(expression, Not):
        if isinstance(expression.part, Atom):
            return _written_atom(expression.part, "!=")
        return f"!({as_filter(expression.part)})"
    mark = " & " if isinstance(expression, All) else " | "
    grouped = (All, Any)
    return mark.join(
        [f"({as_filter(part)})" if isinstance(part, grouped) else as_filter(part) for part in expression.parts]
    )


class _Parser:
    """Reads a filter by recursive descent, one token ahead."""

    def __init__(self, text: str, known: Collection[str]) -> None:
        self.text = text
        self.known = known
        self.at = 0
        self.depth = 0
        self.token: re.Match[str] | None = None
        self.advance()

    @property
    def mark(self) -> str:
        return "" if self.token is None else self.token["mark"] or ""

    def advance(self) -> None:
        """Go to the next token."""
        if self.token is not None:
            self.at = self.token.end()
        if self.at >= len(self.text):
            self.token = None
            return
        self.token = _TOKEN.match(self.text, self.at)
        if self.token is None:
            raise self.error("expected a key, as in service=sale")

    def error(self, problem: str) -> ConditionError:
        place = f"at '{self.rest}'" if self.rest else "at its end"
        return ConditionError("", f"the filter cannot be read {place}: {problem}")

    @property
    def rest(self) -> str:
        """The beginning of what has not been read."""
        return _shortened(self.text[self.at :].strip())

    def alternatives(self) -> Expression:
        parts = [self.together()]
        while self.mark == "|":
            self.advance()
            parts.append(self.together())
        return disjunction(parts)

    def together(self) -> Expression:
        parts = [self.part()]
        while self.mark == "&":
            self.advance()
            parts.append(self.part())
        return conjunction(parts)

    def part(self) -> Expression:
        if self.token is None or self.mark in ("&", "|", ")"):
            raise self.error("expected a key, as in service=sale")
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error(f"more than {DEEPEST} parentheses inside each other")
        found = self.negated() if self.mark == "!" else self.group() if self.mark == "(" else self.atom(self.token)
        self.depth -= 1
        return found

    def negated(self) -> Expression:
        self.advance()
        return negation(self.part())

    def group(self) -> Expression:
        self.advance()
        found = self.alternatives()
        if self.mark != ")":
            raise self.error("a ( is not closed")
        self.advance()
        return found

    def atom(self, token: re.Match[str]) -> Expression:
        try:
            return self.comparison(token)
        except ConditionError as exc:
            raise ConditionError(exc.key, exc.problem, _shortened(token[0].strip()) if exc.key else "") from None

    def comparison(self, token: re.Match[str]) -> Expression:
        key = find_key(token["key"], self.known)
        operator, quoted = token["operator"], token["quoted"]
        if operator is None:
            self.advance()
            return from_value(key, "true" if key.kind == "flag" else "?")
        value = re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL) if quoted is not None else token["bare"]
        if not value and quoted is None:
            advice = (
                f'write {key.name}{operator}"" for an empty one' if operator in ("=", "!=") else "write one behind it"
            )
            raise self.error(f"{key.name} has no value; {advice}")
        self.advance()
        return _atom(key, operator, value)


def _shortened(text: str) -> str:
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"


def _atom(key: ConditionKey, operator: str, value: str) -> Expression:
    if operator in ("=", "!="):
        found = from_value(key, value)
        return found if operator == "=" else negation(found)
    if operator in ("~", "!~"):
        found = from_value(key, f"~{value}")
        return found if operator == "~" else negation(found)
    return from_value(key, f"{operator}{value}")


def _written_atom(atom: Atom, operator: str) -> str:
    if operator == "=" and atom.operator in (">", ">=", "<", "<="):
        operator, text = atom.operator, atom.operand
    else:
        text = written(atom)
    if not text or re.search(r'[\s&|()"\\]', text):
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        text = f'"{escaped}"'
    return f"{atom.key}{operator}{text}"
