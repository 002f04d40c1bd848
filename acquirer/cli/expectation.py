"""``--expect 39=00``: what a reply must have, checked before anything is sent and compared afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from acquirer.cli.errors import Code, Exit
from acquirer.data.text import plural
from acquirer.data.toml import did_you_mean

if TYPE_CHECKING:
    from acquirer.dialect.dialect import Dialect
    from acquirer.terminal.exchange import Exchange
    from acquirer.wire.grammar import FieldSpec


class Expectation(NamedTuple):
    """A DE or an element, and the value that the reply must have of it; an empty value: it must be absent."""

    what: str
    value: str

    def difference(self, exchange: Exchange | None) -> str:
        """Return a sentence about how the reply differs; "" when it does not."""
        reply = exchange.reply if exchange else None
        got = ""
        if exchange is not None and reply is not None and self.what.isdecimal():
            value = reply.fields.get(int(self.what), "")
            got = value.hex().upper() if isinstance(value, bytes) else value
        elif exchange is not None and reply is not None:
            got = exchange.dialect.text(reply, self.what)
        return "" if got == self.value else f"expected {self.what}={self.value}, the reply has {self.what}={got}"


def read_expectation(text: str, dialect: Dialect) -> Expectation:
    """Return what an option expects of a reply in a dialect.

    Raises:
        Exit: it is not written like ``39=00``, or no reply can ever have it.
    """
    what, equals, value = text.partition("=")
    if not equals or not what:
        raise Exit(Code.USAGE, f"--expect {text}: write a DE or an element, '=' and its value, like 39=00")
    if what.isdecimal():
        de, size = int(what), None
        if de not in dialect.fields:
            raise _never(text, f"{dialect.name} has no DE {de}")
        what = str(de)
    elif what in dialect.elements:
        at = dialect.elements[what]
        de, size = at.de, None if at.stop is None else at.stop - at.start
        if (at.start and at.stop is None) or at.after or at.as_text:
            return Expectation(what, value)  # of any size
    else:
        near = did_you_mean(what, dialect.elements)
        raise Exit(Code.USAGE, f"--expect {text}: there is no such element{near or '; write a DE number, like 39=00'}")
    if value and (problem := _problem(value, dialect.fields[de], size)):
        raise _never(text, f"{what if size is None else f'{what}, in DE {de},'} {problem}")
    return Expectation(what, value)


def _never(text: str, problem: str) -> Exit:
    return Exit(Code.USAGE, f"--expect {text}: can never match, for {problem}")


def _problem(value: str, spec: FieldSpec, size: int | None) -> str:
    """Return why a field, or a part of `size` characters of it, can never have this value; "" when it can."""
    from acquirer.wire.notation import ALPHABETS

    count, unit = len(value), "digit" if spec.kind == "n" else "character"
    if spec.kind == "b" and size is None:
        if count % 2 or not set(value) <= set("0123456789ABCDEF"):
            return "holds bytes: write them as hex digits, in upper case, two for each"
        count, unit = count // 2, "byte"
    elif (alphabet := ALPHABETS.get(spec.kind)) and not alphabet.fullmatch(value):
        return "holds digits only" if spec.kind == "n" else f"is of class {spec.kind}, and has no such character"
    most = spec.maximum if size is None else size
    fixed = size is not None or not spec.length_bytes
    if count > most or (fixed and count != most):
        return f"has {'' if fixed else 'at most '}{plural(most, unit)}, and this has {count}"
    return ""
