"""What is taken out of a text before it is read: colours of terminals, names of files, numbers of lines."""

from __future__ import annotations

import re

_BOXES = str.maketrans(dict.fromkeys("│┃", "|") | dict.fromkeys("┊┆", " "))


def without_decoration(text: str) -> str:
    """Return a text as its program wrote it, without what terminals, editors and `grep -n` put around.

    >>> without_decoration("\\x1b[32m00 3C\\x1b[0m"), without_decoration("a.log:1:00\\na.log:2:3C")
    ('00 3C', '00\\n3C')
    """
    if "\x1b[" in text:
        text = re.sub(r"\x1b\[[0-9;]{0,20}[A-Za-z]", "", text)
    if not text.isascii():
        text = text.translate(_BOXES)
    return _without_numbers(_without_places(text))


def _without_places(text: str) -> str:
    """Return a text without the file and the line number that `grep -n` puts before each line."""
    place = re.compile(r"[^\s:]{1,200}:[0-9]{1,9}:")
    lines = text.split("\n")
    found = [place.match(line) for line in lines]
    if sum(map(bool, found)) < 2 or not all(one or not line.strip() for one, line in zip(found, lines, strict=True)):
        return text
    (name, *others) = {one[0].partition(":")[0] for one in found if one} or {""}
    if others or not re.search("[G-Zg-z./_]", name):  # else a time, or bytes
        return text
    return "\n".join(line[one.end() :] if one else line for one, line in zip(found, lines, strict=True))


def _without_numbers(text: str) -> str:
    """Return a text without the numbers before its lines, where they count them."""
    lines = text.split("\n")
    if len(lines) > NUMBERED_MOST:
        return text
    found = [re.match(r"[ \t]{0,8}([0-9]{1,6})[.:)|]?[ \t]+(?=\S)", line) for line in lines]
    numbers = [int(one[1]) for one in found if one]
    filled = sum(bool(line.strip()) for line in lines)
    if (
        len(numbers) < NUMBERED_LEAST
        or len(numbers) != filled
        or numbers != list(range(numbers[0], numbers[0] + filled))
    ):
        return text
    return "\n".join(line[one.end() :] if one else line for one, line in zip(found, lines, strict=True))


NUMBERED_LEAST, NUMBERED_MOST = 3, 10_000  # lines: fewer count by chance
