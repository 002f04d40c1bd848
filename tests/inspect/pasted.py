"""Bytes as debuggers, databases, terminals, editors and mail show them: what people paste besides `DRESSES`."""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import zlib
from urllib.parse import quote_plus

from acquirer.inspect.printed import CONTROL_NAMES
from tests.inspect.dresses import dump, number_dump

NAMES = CONTROL_NAMES.split()
Z85 = bytes.maketrans(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~",
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#",
)


def rows(data, width=16):
    return [(at, data[at : at + width]) for at in range(0, len(data), width)]


def characters(data):
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)


def table(data, row, width=16):
    return "\n".join(row(at, part) for at, part in rows(data, width))


def halves(part, gap="  "):
    return f"{part[:8].hex(' ')}{gap}{part[8:].hex(' ')}".ljust(46 + len(gap))


def od_name(byte):
    byte &= 127
    return f"{NAMES[byte] if byte < 33 else 'del' if byte == 127 else chr(byte):>4}"


def escaped(data, write, marked='"\\'):
    return "".join(chr(byte) if 32 <= byte < 127 and chr(byte) not in marked else write(byte) for byte in data)


def uuencoded(data):
    lines = [binascii.b2a_uu(part, backtick=True).decode() for _, part in rows(data, 45)]
    return "begin 644 message.bin\n" + "".join(lines) + "`\nend"


def block(data):
    return base64.encodebytes(data).decode()


def erlang(data):
    """Write a binary of numbers and texts."""
    items, text = [], ""
    for byte in data:
        if 32 <= byte < 127 and chr(byte) not in '"\\':
            text += chr(byte)
            continue
        items += [f'"{text}"'] * bool(text) + [str(byte)]
        text = ""
    return f"<<{','.join([*items, *[f'{chr(34)}{text}{chr(34)}'] * bool(text)])}>>"


def c_characters(data):
    shown = (f"'{chr(byte)}'" if 32 <= byte < 127 and chr(byte) not in "'\\" else f"0x{byte:02X}" for byte in data)
    return "char m[] = { 0x" + data[:1].hex() + ", " + ", ".join([*shown][1:]) + " };"


def vertical(part):
    return "\n".join([characters(part), *("".join(f"{byte:02X}"[half] for byte in part) for half in (0, 1)), ""])


def ruled(line):
    return f"│{line}│"


PASTED = {
    "od -t x2, A n": lambda data: number_dump(data, " {:04x}".format, size=2, offset="", end=False),
    "od -t x4, A n": lambda data: number_dump(data, " {:08x}".format, size=4, offset="", end=False),
    "od -t u2, A n": lambda data: number_dump(data, "{:6d}".format, size=2, offset="", end=False),
    "base32": lambda data: base64.b32encode(data).decode(),
    "base32, wrapped": lambda data: table(base64.b32encode(data), lambda _, part: part.decode(), 76),
    "base32hex": lambda data: base64.b32hexencode(data).decode(),
    "base32 in JSON": lambda data: json.dumps({"raw": base64.b32encode(data).decode()}),
    "Ascii85, Adobe": lambda data: base64.a85encode(data, adobe=True, wrapcol=72).decode(),
    "Ascii85": lambda data: base64.a85encode(data).decode(),
    "base85": lambda data: base64.b85encode(data).decode(),
    "Z85": lambda data: base64.b85encode(data).translate(Z85).decode(),
    "uuencode": uuencoded,
    "uuencode -m": lambda data: f"begin-base64 644 message.bin\n{block(data)}====",
    "PEM": lambda data: f"-----BEGIN MESSAGE-----\n{block(data)}-----END MESSAGE-----",
    "mail": lambda data: f"Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n{block(data)}",
    "YAML": lambda data: "packets:\n  - packet: 4\n    data: !!binary |\n" + block(data).replace("\n", "\n      "),
    "XML, base64": lambda data: f"<message>\n    {block(data)}</message>",
    "gzip, base64": lambda data: base64.b64encode(gzip.compress(data)).decode(),
    "zlib, hex": lambda data: zlib.compress(data).hex(),
    "od -a": lambda data: number_dump(data, od_name),
    "gdb": lambda data: table(
        data, lambda at, part: f"0x7fff{0xE300 + at:04x}:\t" + "\t".join(f"{byte:#04x}" for byte in part), 8
    ),
    "gdb with a name": lambda data: table(
        data,
        lambda at, part: f"0x7fff{0xE300 + at:04x} <m+{at}>:\t" + "\t".join(f"{byte:#04x}" for byte in part),
        8,
    ),
    "WinDbg": lambda data: table(
        data, lambda at, part: f"00000000`{0x12FF00 + at:08x}  {halves(part, '-')}  {characters(part)}"
    ),
    "ESP-IDF": lambda data: table(
        data, lambda at, part: f"I (1234) pos: 0x3ffb{0x1000 + at:04x}   {halves(part)}  |{characters(part)}|"
    ),
    "Zephyr": lambda data: (
        "[00:00:01.123,456] <dbg> pos: tx\n"
        + table(data, lambda _, part: f"          {halves(part)} |{characters(part)}")
    ),
    "ngrep": lambda data: (
        "T 10.0.0.5:40000 -> 10.0.0.13:8583 [AP]\n"
        + table(data, lambda _, part: f"  {halves(part, '    ')}    {characters(part)}")
    ),
    "eight bytes with their characters": lambda data: table(
        data, lambda _, part: f"{part.hex(' '):24}{characters(part)}", 8
    ),
    "Java HexDumpEncoder": lambda data: table(
        data, lambda at, part: f"{at:04X}: {halves(part, '   ').upper()}  {characters(part)}"
    ),
    "hexyl": lambda data: table(
        data,
        lambda at, part: ruled(
            f"{at:08x}│ {part[:8].hex(' ').ljust(23)} ┊ {part[8:].hex(' ').ljust(23)} "
            f"│{characters(part[:8]):8}┊{characters(part[8:]):8}"
        ),
    ),
    "mainframe editor": lambda data: table(data, lambda _, part: vertical(part), 64),
    "grep -n": lambda data: "\n".join(
        f"tx.log:{number}:{line}"
        for number, line in enumerate(dump(data, "{0:08x}  {1}  |{2}|", half="  ").splitlines(), 1)
    ),
    "numbered lines": lambda data: "\n".join(f"{at // 16 + 1}\t{part.hex(' ')}" for at, part in rows(data)),
    "colours": lambda data: f"\x1b[32mDEBUG\x1b[0m tx \x1b[1m{data.hex()}\x1b[0m",
    "HTML": lambda data: (
        dump(data, "{0:08x}  {1}  |{2}|", half="  ").replace("<", "&lt;").replace(" ", "&nbsp;").replace("\n", "<br>\n")
    ),
    "Erlang, hex": lambda data: "<<" + ",".join(f"16#{byte:02X}" for byte in data) + ">>",
    "Erlang, texts": erlang,
    "Delphi": lambda data: "(" + ", ".join(f"${byte:02X}" for byte in data) + ");",
    "Delphi, characters": lambda data: "".join(f"#${byte:02X}" for byte in data),
    "Pascal": lambda data: "".join(f"#{byte}" for byte in data),
    "Basic": lambda data: " & ".join(f"Chr({byte})" for byte in data),
    "VHDL": lambda data: " ".join(f'x"{byte:02X}"' for byte in data),
    "Verilog": lambda data: ", ".join(f"8'h{byte:02x}" for byte in data),
    "Ada": lambda data: ", ".join(f"16#{byte:02X}#" for byte in data),
    "code points": lambda data: " ".join(f"U+{byte:04X}" for byte in data),
    "C characters": c_characters,
    "JSON object": lambda data: json.dumps({str(at): byte for at, byte in enumerate(data)}),
    "Oracle DUMP": lambda data: f"Typ=23 Len={len(data)}: " + ",".join(f"{byte:x}" for byte in data),
    "digits apart": lambda data: " ".join(data.hex()),
    "Perl": lambda data: '"' + escaped(data, lambda byte: f"\\x{{{byte:02x}}}") + '"',
    "C#": lambda data: '"' + escaped(data, lambda byte: f"\\x{byte:02X}" if byte else "\\0") + '"',
    "Lua": lambda data: '"' + escaped(data, lambda byte: f"\\{byte:03d}") + '"',
    "echo -e": lambda data: "echo -ne '" + "".join(f"\\0{byte:03o}" for byte in data) + "'",
    "names of characters": lambda data: escaped(
        data, lambda byte: f"<{NAMES[byte].upper()}>" if byte < 33 else chr(byte), ""
    ),
    "form": lambda data: f"message={quote_plus(data)}&n=1",
    "Python, in pieces": lambda data: "(" + table(data, lambda _, part: f"{part!r}", 20).replace("\n", "\n ") + ")",
    "UTF-8": lambda data: data.decode("latin-1"),
}
"""Texts, as functions of bytes."""
