"""What makes a decoded message doubtful: it has the right form, and values that hardly can be meant."""

from __future__ import annotations

import re

from acquirer.dialect.dialect import Dialect
from acquirer.wire.charsets import is_mostly_text
from acquirer.wire.message import Message

# Blanks, letters, digits and full stops of EBCDIC; in ASCII none of the letters and digits is text.
_EBCDIC = rb"\x40\x4b\x60\x61\x81-\x89\x91-\x99\xa2-\xa9\xc1-\xc9\xd1-\xd9\xe2-\xe9\xf0-\xf9"
_EBCDIC_TEXT = re.compile(rb"[%s]*[\xc1-\xc9\xd1-\xd9\xe2-\xe9\xf0-\xf9][%s]*" % (_EBCDIC, _EBCDIC))
_EBCDIC_RUN = re.compile(rb"[\xc1-\xc9\xd1-\xd9\xe2-\xe9\xf0-\xf9][%s]{5,}" % _EBCDIC)

_PLAIN = ("a", "an", "as", "ns", "s")  # classes that are text and nothing else
EBCDIC_HINT = "its text looks like EBCDIC"


def doubts_about(dialect: Dialect, message: Message) -> tuple[str, ...]:
    """Return what speaks against a reading, each in a few words that quote no value but a response code."""
    found = []
    if "code" in dialect.elements and dialect.codes and dialect.is_response(message.mti):
        code = dialect.text(message, "code")
        if code and code not in dialect.codes:
            found.append(f"response code {code!a} is not in the table of {dialect.name}")
    odd = [de for de, value in message.fields.items() if isinstance(value, str) and _is_no_text(dialect, de, value)]
    if odd:
        where = f"DE {', '.join(map(str, odd[:4]))}"
        ebcdic = any(_EBCDIC_TEXT.fullmatch(str(message.fields[de]).encode("latin-1", "replace")) for de in odd)
        found.append(f"{where}: {EBCDIC_HINT}" if ebcdic else f"{where}: its characters are not text")
    return tuple(found)


def has_ebcdic(data: bytes) -> bool:
    """Return whether bytes hold what may be words or numbers in EBCDIC."""
    return _EBCDIC_RUN.search(data) is not None


def _is_no_text(dialect: Dialect, de: int, value: str) -> bool:
    spec = dialect.fields[de]
    if spec.layouts or spec.kind not in (*_PLAIN, "ans") or (value.isascii() and value.isprintable()):
        return False
    ebcdic = spec.encoding != "ebcdic" and _EBCDIC_TEXT.fullmatch(value.encode("latin-1", "replace"))
    if not ebcdic and is_mostly_text(value, spec.shown_as):
        return False
    printable = sum(character.isprintable() and character.isascii() for character in value)
    return spec.kind in _PLAIN or 2 * printable < len(value)
