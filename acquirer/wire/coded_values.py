"""Lists of two-digit codes, each with a value whose size follows from the code alone: a terminal's parameters.

What stands behind a code that is not known cannot be read: nothing says where it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from acquirer.data.text import plural
from acquirer.wire.grammar import Tag
from acquirer.wire.tlv import Tlv, TlvError

CODED_VALUES = "coded-values"
"""The kind of layout."""


def parse_coded(data: bytes, sizes: Mapping[str, int], start: int = 0) -> tuple[Tlv, ...]:
    """Return codes and values of `data` from byte `start` on, in order.

    >>> [(one.tag, one.value) for one in parse_coded(b"1160133", {"11": 2, "13": 1})]
    [('11', b'60'), ('13', b'3')]

    Raises:
        TlvError: a code that is not known, or a value that is not whole.
    """
    found: list[Tlv] = []
    at = start
    while at < len(data):
        header = data[at : at + 2]
        code = header.decode("latin-1")
        if len(header) < 2 or not header.isdigit():
            raise TlvError("expected two digits of a code", at, tuple(found))
        if code not in sizes:
            raise TlvError(f"code {code} is not known, and neither is how long its value is", at, tuple(found))
        value = data[at + 2 : at + 2 + sizes[code]]
        if len(value) < sizes[code]:
            problem = f"code {code} has {plural(sizes[code], 'character')}, but {plural(len(value), 'is', 'are')} left"
            raise TlvError(problem, at, tuple(found))
        found.append(Tlv(code, value, header, at))
        at += 2 + sizes[code]
    return tuple(found)


def build_coded(values: Iterable[tuple[str, bytes]], sizes: Mapping[str, int]) -> bytes:
    """Return codes and values as data.

    Raises:
        TlvError: a code that is not known, or a value of another size.
    """
    data = b""
    for code, value in values:
        if code not in sizes or len(value) != sizes[code]:
            size = f"has {plural(sizes[code], 'character')}, not {len(value)}" if code in sizes else "is not known"
            raise TlvError(f"code {code} {size}", len(data))
        data += code.encode("ascii") + value
    return data


def sizes_of(tags: Mapping[str, Tag]) -> dict[str, int]:
    """Return the sizes that the formats of a dialect's tags say: ``n2``, ``ans40``, ``b4``."""
    return {code: int("".join(filter(str.isdigit, tag.format)) or 0) for code, tag in tags.items()}
