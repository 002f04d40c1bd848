"""Bytes written with other letters than those of hex: base64, base32, Ascii85 and its kin, uuencode.

1. base64 is read with either alphabet, with its filling or without, as lines, paragraphs, words and blocks in a text.
2. The others are read as a paragraph, and where marks stand around them (``<~ ~>``, ``begin 644 NAME``) within a text.
"""

from __future__ import annotations

import base64
import re
from binascii import a2b_uu
from collections.abc import Callable
from contextlib import suppress

from acquirer.inspect.printed import Found, long_lines
from acquirer.inspect.text_forms import all_read, paragraphs

LEAST = 32  # characters: two dozen bytes, less is a word
BLOCK_MOST = 20_000  # lines of one block in a text

_HEX = re.compile("[0-9A-Fa-f]+")
_BASE64_RUN = re.compile(rf"(?<![A-Za-z0-9+/_\-])[A-Za-z0-9+/_\-]{{{LEAST},}}={{0,2}}(?![A-Za-z0-9+/=])")
_BASE85_LETTERS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_Z85_LETTERS = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


def base64_paragraphs(text: str) -> Found:
    """Return paragraphs of nothing but base64, each as one stream."""
    return all_read(paragraphs(text), _base64)


def base64_lines(text: str) -> Found:
    """Return lines of nothing but base64, each as one stream."""
    found = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    return all_read(found if len(found) > 1 else (), _base64)


def base64_runs(text: str) -> Found:
    """Yield long runs of base64 within other text."""
    for number, line in long_lines(text, LEAST):
        for found in _BASE64_RUN.finditer(line):
            with suppress(ValueError):
                yield number, _base64(found[0])


def base64_blocks(text: str) -> Found:
    """Yield blocks of base64 that go over several lines of other text, as mail, PEM, XML and YAML have them."""
    block: list[str] = []
    for number, line in enumerate([*text.splitlines(), ""], 1):
        piece = line.strip(" \t\\\"',>|")
        if re.fullmatch(r"[A-Za-z0-9+/_\-]+={0,2}", piece) and (block or len(piece) >= LEAST):
            block.append(piece)
            continue
        if len(block) > 1 and len(block) < BLOCK_MOST:
            with suppress(ValueError):
                yield number - len(block), _base64("".join(block))
        block.clear()


def _base64(text: str) -> bytes:
    """Return the bytes of base64, with either alphabet, with its filling or without. Raises ValueError."""
    plain = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    if _HEX.fullmatch(plain) and len(plain) >= LEAST:
        raise ValueError("digits of hex only: so much base64 has other letters too")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)  # binascii.Error is a ValueError


def base32_paragraphs(text: str) -> Found:
    """Return paragraphs of nothing but base32, each as one stream."""
    return all_read(paragraphs(text), _base32)


def base32_runs(text: str) -> Found:
    """Yield long runs of base32 within other text."""
    for number, line in long_lines(text, LEAST):
        for found in re.finditer(rf"(?<![A-Za-z0-9])[A-Z2-7]{{{LEAST},}}={{0,6}}(?![A-Za-z0-9=])", line):
            with suppress(ValueError):
                yield number, _base32(found[0])


def _base32(text: str) -> bytes:
    plain = "".join(text.split()).rstrip("=").upper()
    if len(plain) < LEAST or _HEX.fullmatch(plain):
        raise ValueError("too short for base32, or digits of hex")
    filled = plain + "=" * (-len(plain) % 8)
    return base64.b32decode(filled) if re.fullmatch("[A-Z2-7]+", plain) else base64.b32hexdecode(filled)


def ascii85(text: str) -> Found:
    """Yield what stands between the marks of Ascii85 in any text, or paragraphs of nothing but it."""
    if "<~" in text:
        for found in re.finditer(r"<~([!-uz\s]*)~>", text):
            with suppress(ValueError):
                yield text.count("\n", 0, found.start()) + 1, base64.a85decode(found[1])
    else:
        yield from _without_marks(text, base64.a85decode)


def base85(text: str) -> Found:
    """Return paragraphs of nothing but base85, as Python and git write it."""
    return _without_marks(text, base64.b85decode)


def z85(text: str) -> Found:
    """Return paragraphs of nothing but Z85, as ZeroMQ writes it."""
    letters = bytes.maketrans(_Z85_LETTERS, _BASE85_LETTERS)
    return _without_marks(text, lambda plain: base64.b85decode(plain.translate(letters)))


def _without_marks(text: str, decode: Callable[[bytes], bytes]) -> Found:
    """Return paragraphs of nothing but the letters of a kind of base85, which has more of them than base64."""
    if not re.fullmatch(r"[!-~\s]+", text) or not re.search("[!-*.:-@\\[-^`{-~]", text) or " " in text.strip():
        return iter(())

    def read(piece: str) -> bytes:
        plain = "".join(piece.split())
        if len(plain) < LEAST:
            raise ValueError("too short")
        return decode(plain.encode("ascii"))

    return all_read(paragraphs(text), read)


def uuencoded(text: str) -> Found:
    """Yield the files that are written in uuencode, with the line that begins each."""
    if "begin " not in text:
        return
    first, data = 0, b""
    for number, line in enumerate(text.splitlines(), 1):
        piece = line.strip("\r")
        if re.fullmatch(r"\s*begin [0-7]{3,4} \S.*", piece):
            first, data = number, b""
        elif first and piece.strip() in ("`", "", "end"):
            if data:
                yield first, data
            first, data = 0, b""
        elif first:
            try:
                data += a2b_uu(piece.encode("ascii", "replace"))
            except ValueError:
                first = 0
