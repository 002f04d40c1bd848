"""Bytes in text: hex in every dress, and messages that are text themselves, alone or within other text.

Each function takes a text and yields the line (from 1) and the bytes of what it finds; nothing where it finds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from acquirer.inspect.printed import Found, long_lines, text_lines

RUN_BYTES = 16  # of hex within other text: shorter runs are dates, numbers and keys' check values

_PREFIX = re.compile(
    r"0[xX](?=[0-9A-Fa-f]{2})|\\[xX]|\\u00|%(?=[0-9A-Fa-f]{2})|&[hH](?=[0-9A-Fa-f]{2})|[#$=](?=[0-9A-Fa-f]{2})"
)
_SUFFIX = re.compile(r"(?<![0-9A-Za-z])0?([0-9A-Fa-f]{2})[hH](?![0-9A-Za-z])")
_SEPARATORS = re.compile(r"[\s,:;|\-._/'\"{}\[\]()<>+\u00a0\u200b\ufeff]+|\\(?=\s)")
_HEX = re.compile("[0-9A-Fa-f]+")
_ODD_DIGIT = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f](?:[0-9A-Fa-f]{2})*(?![0-9A-Fa-f])")

_WORD = r"(?:0[xX]|\\x)?(?:[0-9A-Fa-f]{2})+[hH]?"
_RUN = re.compile(
    r"(?:\\x[0-9A-Fa-f]{2}){4,}|(?:%[0-9A-Fa-f]{2}){4,}"
    rf"|(?<![0-9A-Za-z])(?<![0-9][:.\-]){_WORD}(?:(?P<sep>, ?|[ :;|._\-\t]){_WORD}(?:(?P=sep){_WORD})*)?(?![0-9A-Za-z])"
)

# A message that is text: perhaps a head of letters, perhaps a length, then MTI and bitmap.
_MESSAGE = re.compile(r"(?<![0-9A-Za-z])(?:ISO[0-9]{9}|[0-9]{4})?(?=[0-29][1-8][0-9][0-5][0-9A-Fa-f]{16})")
_BEGINNING = re.compile(r"[0-29][1-8][0-9][0-5][0-9A-Fa-f]{16}")
_NO_TEXT = re.compile("[\x80-\x9f]")  # what stands before the message is a head of bytes
_CLOSING = {"[": "]", "(": ")", "{": "}", "<": ">", '"': '"', "'": "'", "|": "|", "`": "`"}


def text_itself(text: str) -> Found:
    """Return a text of one line as one message, without the ends of lines around it."""
    begins = text.lstrip("\r\n")
    if _BEGINNING.search(text) and "\n" not in begins.rstrip("\r\n"):
        yield from _whole(1 + text.count("\n", 0, len(text) - len(begins)), begins.rstrip("\r\n"))


def lines(text: str) -> Found:
    """Return each line as a message, where there are several and most of them hold one."""
    found = [(number, line) for number, line in enumerate(text_lines(text), 1) if line.strip()]
    if len(found) > 1 and 2 * sum(bool(_BEGINNING.search(line)) for _, line in found) > len(found):
        for number, line in found:
            yield from _whole(number, line)


def joined_lines(text: str) -> Found:
    """Return all lines as one message that was broken at their ends."""
    found = text_lines(text.strip("\r\n"))
    if len(found) > 1 and _BEGINNING.search(found[0]):
        yield from _whole(1, "".join(found))


def messages_in_text(text: str) -> Found:
    """Yield messages of text within lines, up to the bracket that closes the one before, or the end of the line."""
    for number, line in enumerate(text_lines(text), 1):
        if (found := _MESSAGE.search(line)) and not _NO_TEXT.search(line, 0, found.start()):
            closing = _CLOSING.get(line[found.start() - 1 : found.start()], "")
            end = line.rfind(closing) if closing else -1
            yield from _whole(number, line[found.start() : end if end > found.end() else len(line)])


def words_in_text(text: str) -> Found:
    """Yield messages of text within lines, up to the next blank."""
    for number, line in enumerate(text_lines(text), 1):
        if (found := _MESSAGE.search(line)) and not _NO_TEXT.search(line, 0, found.start()):
            word = re.split(r"[\s\"'\])}>|,]", line[found.start() :], maxsplit=1)[0]
            yield from _whole(number, word)


def _whole(number: int, text: str) -> Found:
    if text:
        try:
            yield number, text.encode("latin-1")
        except UnicodeEncodeError:
            yield number, text.encode()


def read_hex_text(text: str) -> bytes:
    """Return the bytes of a text that is nothing but hex: prefixes, separators, brackets and quotes are left out.

    Raises:
        ValueError: it is something else, or half a byte is missing.
    """
    plain = _SUFFIX.sub(r"\1", text) if "h" in text or "H" in text else text
    plain = _PREFIX.sub(" ", plain) if not _HEX.fullmatch(plain) else plain
    words = [word for word in _SEPARATORS.split(plain) if word]
    if not words or not all(map(_HEX.fullmatch, words)):
        raise ValueError("other characters than those of hex")
    if any(len(word) % 2 for word in words) and len(words) > len(text.split()):
        raise ValueError("an odd number of digits between two separators")
    if any(len(word) % 2 for word in words) and any(len(line.split()) > 1 for line in text.splitlines()):
        raise ValueError("an odd number of digits between two separators")
    return bytes.fromhex("".join(words))


def hex_lines(text: str) -> Found:
    """Return lines of nothing but hex, each as one stream."""
    found = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    return all_read(found if len(found) > 1 else (), read_hex_text)


def hex_paragraphs(text: str) -> Found:
    """Return paragraphs of nothing but hex, each as one stream."""
    return all_read(paragraphs(text), read_hex_text)


def hex_runs(text: str) -> Found:
    """Yield long runs of hex within other text, as logs write them between times and words."""
    for number, line in long_lines(text, 2 * RUN_BYTES):
        yield from ((number, run) for run in _runs(line) if len(run) >= RUN_BYTES)


def joined_hex_runs(text: str) -> Found:
    """Return the runs of hex of all lines as one stream, in which the last one may be short."""
    first, data, rows, column = 0, b"", 0, -1
    for number, line in enumerate(text.splitlines(), 1):
        for found in _RUN.finditer(line):
            if len(found[0]) < 2 * RUN_BYTES and not (found.start() == column and rows):
                continue
            run = _run(found[0])
            if len(run) >= RUN_BYTES or (found.start() == column and rows):
                first, data, rows, column = first or number, data + run, rows + 1, found.start()
    if rows > 1:
        yield first, data


def _runs(line: str) -> Iterator[bytes]:
    for found in _RUN.finditer(line):
        if len(found[0]) < 2 * RUN_BYTES:
            continue
        words = found[0].split() if found["sep"] in (" ", "\t") else []
        long = [word for word in words if len(word) >= 2 * RUN_BYTES]  # among numbers and times
        for run in long if 0 < len(long) < len(words) else [found[0]]:
            yield _run(run)


def _run(run: str) -> bytes:
    try:
        return read_hex_text(run)
    except ValueError:
        return b""


def all_read(pieces: Iterable[tuple[int, str]], read: Callable[[str], bytes]) -> Found:
    """Return what each piece holds, or nothing if one of them cannot be read."""
    try:
        found = [(number, read(piece)) for number, piece in pieces]
    except ValueError:
        return iter(())
    return iter(found if all(data for _, data in found) else ())


def paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Yield pieces of text between empty lines, with the number of their first line."""
    kept: list[str] = []
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.strip():
            kept.append(line)
        elif kept:
            yield number - len(kept), "\n".join(kept)
            kept = []
