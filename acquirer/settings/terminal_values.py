"""Values of a ``[[terminal]]``: numbers, ranges of them, key serial numbers, names, operators.

A reader returns the typed value, or raises ValueError with the rest of a sentence about it (see `values`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from acquirer.data.text import plural
from acquirer.data.toml import did_you_mean
from acquirer.downloads.kinds import ORDER, ordered_downloads
from acquirer.model.rows import MANAGERS
from acquirer.security.dukpt import DUKPT

RANGE_MOST: Final = 100_000
"""Terminals of one range: sealing so many takes seconds, and a slipped digit should not take minutes."""

NAME_MOST: Final = 64
"""Characters of a terminal's name: it stands on receipts and in tables."""

_RANGE: Final = re.compile(r"([!-~]{8})\.\.([!-~]{8})")


def _text(value: object) -> str:
    """Return a text as it is, with its spaces: a terminal number may have some."""
    if not isinstance(value, str):
        raise ValueError("is not a text; write it in quotes")
    return value


def read_tid(value: object) -> str:
    """Return a terminal number, or a range of them, as it is written."""
    text = _text(value)
    if not (found := _RANGE.fullmatch(text)):
        if not re.fullmatch(r"[ -~]{8}", text):
            raise ValueError(
                'is not a terminal number, which has 8 ASCII characters; a range is written "10000001..10000020"'
            )
        return text
    first, last = found.groups()
    head = first.rstrip("0123456789")
    if head == first or not last.startswith(head) or not last[len(head) :].isdigit():
        raise ValueError("is not a range; both ends must begin alike and count in as many digits")
    count = int(last[len(head) :]) - int(first[len(head) :]) + 1
    if not 1 <= count <= RANGE_MOST:
        raise ValueError(f"counts {plural(count, 'terminal')}; a range goes upwards and has at most {RANGE_MOST}")
    return text


def read_mid(value: object) -> str:
    """Return a merchant number."""
    if not re.fullmatch(r"[ -~]{15}", text := _text(value)):
        raise ValueError("is not a merchant number, which has 15 ASCII characters")
    return text


def read_ksn(value: object) -> bytes:
    """Return a key serial number."""
    sizes = sorted(2 * dukpt.ksn_bytes for dukpt in DUKPT.values())
    if len(text := _text(value)) not in sizes or not re.fullmatch("[0-9A-Fa-f]+", text):
        raise ValueError(f"is not a key serial number, which has {' or '.join(map(str, sizes))} hex digits")
    return bytes.fromhex(text)


def read_name(value: object) -> str:
    """Return a terminal's name."""
    if len(text := _text(value)) > NAME_MOST:
        raise ValueError(f"has {len(text)} characters; a terminal's name has at most {NAME_MOST}")
    return text


def read_operators(value: object) -> tuple[str, ...]:
    """Return the numbers of operators, ascending."""
    if not isinstance(value, list) or not value:
        raise ValueError('is no list of operators; write it like ["01", "02"], or leave it out, and anyone signs on')
    for one in value:
        if not isinstance(one, str) or not re.fullmatch("[0-9]{2}", one):
            raise ValueError(f'names \'{one}\', and an operator has two digits; write it like ["01", "02"]')
        if one in MANAGERS:
            raise ValueError(f"names {one}, which every terminal has: 00 is the supervisor, 99 the administrator")
        if value.count(one) > 1:
            raise ValueError(f"names {one} twice")
    return tuple(sorted(value))


def read_downloads(value: object) -> tuple[str, ...]:
    """Return kinds of downloads in their order; "all": each of them."""
    words = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(one, str) for one in words):
        raise ValueError('is no list of downloads; write it like ["parameters", "capk", "aid"], or "all"')
    for one in words:
        if one not in (*ORDER, "all"):
            hint = did_you_mean(one, ORDER) or f"; there are {', '.join(ORDER)}, or all"
            raise ValueError(f"names '{one}', which is no download{hint}")
    return ORDER if "all" in words else ordered_downloads(words)


def is_range(tid: str) -> bool:
    """Return whether a terminal number stands for several terminals."""
    return _RANGE.fullmatch(tid) is not None


def spelled_out(tid: str) -> Iterator[str]:
    """Yield the terminal numbers of a range, or the one that it is."""
    if not (found := _RANGE.fullmatch(tid)):
        yield tid
        return
    first, last = found.groups()
    head = first.rstrip("0123456789")
    for number in range(int(first[len(head) :]), int(last[len(head) :]) + 1):
        yield f"{head}{number:0{8 - len(head)}d}"
