"""How many exchanges are expected: ``2``, ``">=2"``, ``"1..3"``, ``0``; without a number, at least one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from acquirer.data.text import plural
from acquirer.errors import ConfigurationError

_WRITTEN: Final = re.compile(r"(?:(?P<operator>>=|<=|>|<)\s*)?(?P<low>[0-9]{1,9})(?:\.\.(?P<high>[0-9]{1,9}))?")


class CountError(ConfigurationError, ValueError):
    """A number of exchanges that cannot be used; one sentence."""


@dataclass(frozen=True, slots=True)
class ExpectedCount:
    """From `least` to `most`; `most` None: any number from `least` on."""

    least: int = 1
    most: int | None = None

    def of(self, noun: str) -> str:
        """Return it in words.

        >>> ExpectedCount(1, 1).of("sale"), ExpectedCount(2).of("sale"), ExpectedCount(1, 3).of("sale")
        ('exactly 1 sale', 'at least 2 sales', '1 to 3 sales')
        >>> ExpectedCount(0, 0).of("sale"), ExpectedCount(0, 2).of("sale")
        ('no sale', 'at most 2 sales')
        """
        if self.most is None:
            return f"at least {plural(self.least, noun)}"
        if self.most == 0:
            return f"no {noun}"
        if self.least == self.most:
            return f"exactly {plural(self.most, noun)}"
        if self.least == 0:
            return f"at most {plural(self.most, noun)}"
        return f"{self.least} to {plural(self.most, noun)}"


def read_count(written: int | str | None) -> ExpectedCount:
    """Return a number of exchanges as it is written.

    >>> read_count("1..3"), read_count(">2"), read_count(0)
    (ExpectedCount(least=1, most=3), ExpectedCount(least=3, most=None), ExpectedCount(least=0, most=0))

    Raises:
        CountError: it is none.
    """
    if written is None:
        return ExpectedCount()
    text = "" if isinstance(written, bool) else str(written).strip()
    found = _WRITTEN.fullmatch(text)
    if found is None or (found["operator"] and found["high"]):
        raise CountError(f"'{written}' is not a number of exchanges; write it like 2, >=2, 1..3 or 0")
    low, operator = int(found["low"]), found["operator"]
    if operator in (">", ">="):
        return ExpectedCount(low + (operator == ">"))
    if operator in ("<", "<="):
        if low == 0 and operator == "<":
            raise CountError("'<0' can never be so; write 0 for none")
        return ExpectedCount(0, low - (operator == "<"))
    high = int(found["high"] or low)
    if high < low:
        raise CountError(f"'{text}' ends before it begins; write the smaller number first")
    return ExpectedCount(low, high)
