"""One place in which two replies differ, and the form of what no two hosts give alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from acquirer.data.text import plural
from acquirer.wire.message import Value


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One place in which two replies differ.

    Args:
        first, second: the values as they may be seen; None: that reply has no such field.
        counts: whether it is more than what must differ.
        why: why it does not count, or what about its form does.
    """

    path: str  # "39", "60.2", "55.91", "tpdu", "head", "mti"
    name: str
    first: str | None
    second: str | None
    counts: bool = True
    why: str = ""

    @property
    def place(self) -> str:
        """Return where it stands: ``DE 39 (response code)``."""
        return f"DE {self.path} ({self.name})" if self.path[:1].isdigit() else self.name

    @property
    def kind(self) -> str:
        """Return what the first reply is, seen from the second: absent, extra, or other (another value)."""
        return "absent" if self.first is None else "extra" if self.second is None else "other"

    def sentence(self, first: str, second: str) -> str:
        """Return it in words; `first` and `second` are what the two replies are called.

        >>> FieldDifference("39", "response code", "51", "00").sentence("theirs", "ours")
        'DE 39 (response code): theirs 51, ours 00'
        """
        if self.first is None:
            text = f"{self.place}: {first} has none, {second} {self.second}"
        elif self.second is None:
            text = f"{self.place}: {first} {self.first}, {second} has none"
        else:
            text = f"{self.place}: {first} {self.first}, {second} {self.second}"
        return f"{text}; {self.why}" if self.why else text

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        return {
            "field": self.path,
            "name": self.name,
            "kind": self.kind,
            "first": self.first,
            "second": self.second,
            "counts": self.counts,
            "why": self.why or None,
        }


def form_of(value: Value) -> str:
    """Return the form of a value: how long it is, and of what.

    >>> form_of("000000000001"), form_of("A00001"), form_of(b"12345678")
    ('12 digits', '6 letters and digits', '8 bytes')
    """
    if isinstance(value, bytes):
        return plural(len(value), "byte")
    if value.isascii() and value.isdecimal():
        return plural(len(value), "digit")
    if value.isascii() and value.isalnum():
        return f"{len(value)} letters and digits"
    return plural(len(value), "character")
