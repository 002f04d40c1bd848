"""How frames are cut: the forms of docs/framings.md, written from that page, each with how a sentence may call it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

STX, ETX = b"\x02", b"\x03"


@dataclass(frozen=True)
class Form:
    """One way to cut frames."""

    title: str
    toml: str  # a dialect's section
    wrap: Callable[[bytes], bytes]
    called: str  # a pattern
    base: str = "unionpay-pos"  # the dialect that the form is tried with


def _bcd(number: int, size: int) -> bytes:
    return bytes.fromhex(f"{number:0{2 * size}}")


_ITSELF = r"(includes_itself|inclu\w+ itself|count\w* (itself|its own))"
_NO_LENGTH = r"(no length|without (a )?length)"
_ALONE = r"(?![^;]{0,30}(itself|\b0[23]\b|STX|ETX|filler|0000))"  # and nothing more than that

FORMS: Mapping[str, Form] = {
    "binary2": Form(
        "a 2-byte binary length",
        'length = "binary2"',
        lambda m: len(m).to_bytes(2, "big") + m,
        rf"(2-byte|binary2){_ALONE}",
    ),
    "binary2-itself": Form(
        "a 2-byte length that counts itself",
        'length = "binary2"\nincludes_itself = true',
        lambda m: (len(m) + 2).to_bytes(2, "big") + m,
        rf"(2-byte|binary2)[^;]*{_ITSELF}",
    ),
    "binary2-filler": Form(
        "two zero bytes between length and message",
        'length = "binary2"\nfiller = "0000"',
        lambda m: len(m).to_bytes(2, "big") + bytes(2) + m,
        r"(filler|zero bytes|0000)",
    ),
    "binary2-etx-counted": Form(
        "an ETX behind the message, which the length counts",
        'length = "binary2"\nend = "03"\nincludes_end = true',
        lambda m: (len(m) + 1).to_bytes(2, "big") + m + ETX,
        r"((ETX|\b03\b)[^;]*(count|includes_end)|(count|inclu)\w* the end[^;]*(ETX|\b03\b))",
    ),
    "binary4": Form(
        "a 4-byte binary length",
        'length = "binary4"',
        lambda m: len(m).to_bytes(4, "big") + m,
        rf"(4-byte|binary4){_ALONE}",
    ),
    "binary4-itself": Form(
        "a 4-byte length that counts itself",
        'length = "binary4"\nincludes_itself = true',
        lambda m: (len(m) + 4).to_bytes(4, "big") + m,
        rf"(4-byte|binary4)[^;]*{_ITSELF}",
    ),
    "little2": Form(
        "a 2-byte length, its low byte first",
        'length = "little2"',
        lambda m: len(m).to_bytes(2, "little") + m,
        r"(little.endian|little2|low(er|est)? byte first)",
    ),
    "bcd2": Form(
        "a length of four BCD digits", 'length = "bcd2"', lambda m: _bcd(len(m), 2) + m, rf"(4-digit BCD|bcd2){_ALONE}"
    ),
    "bcd2-itself": Form(
        "a length of four BCD digits that counts itself",
        'length = "bcd2"\nincludes_itself = true',
        lambda m: _bcd(len(m) + 2, 2) + m,
        rf"(4-digit BCD|bcd2)[^;]*{_ITSELF}",
    ),
    "bcd1": Form(
        "a length of two BCD digits",
        'length = "bcd1"\nlimit_bytes = 99',
        lambda m: _bcd(len(m), 1) + m,
        rf"(2-digit BCD|bcd1){_ALONE}",
    ),
    "ascii4": Form(
        "a length of four ASCII digits",
        'length = "ascii4"',
        lambda m: f"{len(m):04}".encode() + m,
        rf"(4-digit ASCII|ascii4){_ALONE}",
    ),
    "ascii4-itself": Form(
        "a length of four ASCII digits that counts itself",
        'length = "ascii4"\nincludes_itself = true',
        lambda m: f"{len(m) + 4:04}".encode() + m,
        rf"(4-digit ASCII|ascii4)[^;]*{_ITSELF}",
    ),
    "ascii2": Form(
        "a length of two ASCII digits",
        'length = "ascii2"\nlimit_bytes = 99',
        lambda m: f"{len(m):02}".encode() + m,
        rf"(2-digit ASCII|ascii2){_ALONE}",
    ),
    "hex4": Form(
        "a length of four hexadecimal digits",
        'length = "hex4"',
        lambda m: f"{len(m):04X}".encode() + m,
        rf"(4-digit hex|hex4|4 hex){_ALONE}",
    ),
    "ebcdic4": Form(
        "a length of four EBCDIC digits",
        'length = "ebcdic4"',
        lambda m: bytes(0xF0 + int(digit) for digit in f"{len(m):04}") + m,
        rf"(EBCDIC){_ALONE}",
    ),
    "stx-bcd2-etx": Form(
        "STX, four BCD digits, message, ETX",
        'length = "bcd2"\nstart = "02"\nend = "03"',
        lambda m: STX + _bcd(len(m), 2) + m + ETX,
        r"((STX|\b02\b)[^;]*(4-digit BCD|bcd2)|(4-digit BCD|bcd2)[^;]*(STX|\b02\b))",
    ),
    "stx-ascii4-etx": Form(
        "STX, four ASCII digits, message, ETX",
        'length = "ascii4"\nstart = "02"\nend = "03"',
        lambda m: STX + f"{len(m):04}".encode() + m + ETX,
        r"((STX|\b02\b)[^;]*(4-digit ASCII|ascii4)|(4-digit ASCII|ascii4)[^;]*(STX|\b02\b))",
    ),
    "etx": Form(
        "no length, an ETX behind the message",
        'length = "none"\nend = "03"\nlimit_bytes = 8192',
        lambda m: m + ETX,
        rf"({_NO_LENGTH}[^;]*(ETX|\b03\b)|(ETX|\b03\b)[^;]*{_NO_LENGTH})",
        base="iso8583-1987-ascii",
    ),
    "stx-etx": Form(
        "no length, the message between STX and ETX",
        'length = "none"\nstart = "02"\nend = "03"\nlimit_bytes = 8192',
        lambda m: STX + m + ETX,
        rf"({_NO_LENGTH}[^;]*(STX|\b02\b)|(STX|\b02\b)[^;]*{_NO_LENGTH})",
        base="iso8583-1987-ascii",
    ),
}


def write_listeners(folder: Path, names: set[str]) -> dict[str, str]:
    """Return the dialect of each listener, by the listener's name; dialects of forms are files in `folder`."""
    dialects = {}
    for number, name in enumerate(sorted(names | {"unionpay-pos"})):
        if name in FORMS:
            file = folder / f"{name}.toml"
            form = FORMS[name]
            file.write_text(
                f'dialect = "shop-{number}"\nextends = "{form.base}"\nsamples = false\n[framing]\n{form.toml}\n',
                encoding="utf-8",
            )
            dialects[name] = str(file)
        else:
            dialects[name] = name
    return dialects
