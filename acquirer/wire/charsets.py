"""Character sets of text on the wire: how characters become bytes, and how bytes that stay as they are read.

1. EBCDIC is converted on the wire; each of its code pages maps all 256 bytes one to one, so nothing is lost.
2. Other text keeps its bytes (as latin-1, see `message.Value`); its character set says how they read, nothing else.
3. A byte that a character set does not have is shown as an escape, as it is on the wire: the text around it stays text.
"""

from __future__ import annotations

import codecs

ASCII_CODE_PAGE, EBCDIC_CODE_PAGE = "latin-1", "cp500"
"""What holds where a dialect does not say."""

EBCDIC_CODE_PAGES = ("cp500", "cp1047", "cp037")
"""Code pages of EBCDIC: international, that of Java programs and of z/OS Unix, US and Canada."""

TEXT_CHARSETS = (
    "latin-1", "gbk", "gb18030", "utf-8", "big5", "shift_jis", "euc_kr", "cp1252", "iso8859-2", "iso8859-5",
    "iso8859-7", "iso8859-9", "iso8859-15", "cp1250", "cp1251", "cp437", "cp850", "cp866", "koi8-r",
    "tis-620", "cp874", "ascii",
)  # fmt: skip
"""Character sets in which ASCII is ASCII."""

# Where code page 1047 differs from 037.
_CP1047 = {0x5F: "^", 0xAD: "[", 0xB0: "¬", 0xBA: "Ý", 0xBB: "¨", 0xBD: "]"}
ODD_SHARE = 8  # one character in so many may be none, and a text stays text


def _find(name: str) -> codecs.CodecInfo | None:
    """Return code page 1047, which Python does not have."""
    if name != "cp1047":
        return None
    characters = "".join(_CP1047.get(byte) or bytes((byte,)).decode("cp037") for byte in range(256))
    table = codecs.charmap_build(characters)
    return codecs.CodecInfo(
        lambda text, errors="strict": codecs.charmap_encode(text, errors, table),
        lambda data, errors="strict": codecs.charmap_decode(data, errors, characters),
        name="cp1047",
    )


codecs.register(_find)


def display(value: str, charset: str) -> str:
    """Return a text field as it reads; what is no character is escaped.

    >>> display("CAFÉ", "latin-1"), display("银".encode("gbk").decode("latin-1"), "gbk"), display("01\\x00", "latin-1")
    ('CAFÉ', '银', '01\\\\x00')
    """
    if value.isascii() and value.isprintable():
        return value
    if charset in EBCDIC_CODE_PAGES:  # the value is text already
        return "".join(one if one.isprintable() else f"\\x{one.encode(charset, 'replace')[0]:02X}" for one in value)
    text = value.encode("latin-1", "replace").decode(charset, _ESCAPED)
    return "".join(one if one.isprintable() else f"\\x{ord(one):02X}" for one in text)


def _escape(error: UnicodeError) -> tuple[str, int]:
    """Return the bytes that are no characters as escapes, as `display` writes those of other ones."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(f"\\x{byte:02X}" for byte in error.object[error.start : error.end]), error.end


_ESCAPED = "acquirer.escaped"
codecs.register_error(_ESCAPED, _escape)


def is_mostly_text(value: str, charset: str) -> bool:
    """Return whether a value is text, be it that a character or two are none."""
    if value.isascii() and value.isprintable():
        return True
    data = value.encode("latin-1", "replace")
    text = data.decode(charset, "replace")
    odd = sum(not one.isprintable() or one == "\ufffd" for one in text)
    if odd > max(1, len(text) // ODD_SHARE):
        return False
    if charset in ("gbk", "gb18030", "big5", "shift_jis", "euc_kr"):
        return odd == 0 or 2 * sum(one.isprintable() and _is_common(one) for one in text) >= len(text)
    if charset == "latin-1":  # nearly any byte is a character in it
        return 2 * sum(one.isascii() and one.isprintable() for one in text) >= len(text)
    return True


def _is_common(character: str) -> bool:
    try:
        return bool(character.encode("gb2312"))
    except UnicodeEncodeError:
        return False
