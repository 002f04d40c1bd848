"""Bytes as programs, tools and logs write them: what people paste."""

from __future__ import annotations

import base64
import json
import textwrap
from urllib.parse import quote_from_bytes

from acquirer.inspect.hexdump import hexdump


def c_string(data):
    return "".join(f"\\{byte:03o}" if byte < 32 or byte > 126 or chr(byte) in '"\\' else chr(byte) for byte in data)


def go_string(data):
    return "".join(f"\\x{byte:02x}" if byte < 32 or byte > 126 or chr(byte) in '"\\' else chr(byte) for byte in data)


def cat_v(data):
    shown = []
    for byte in data:
        high, low = byte >= 128, byte & 127
        plain = f"^{chr(low ^ 64)}" if low < 32 or low == 127 else chr(low)
        shown.append("M-" * high + plain)
    return "".join(shown)


def number_dump(data, cell, *, size=1, width=16, offset="{:07o}", columns=0, end=True):
    """Write a dump of od, hexdump or xxd with the machine's numbers; with characters behind `columns` columns."""
    lines = []
    for at in range(0, len(data), width):
        part = data[at : at + width]
        cells = [cell(int.from_bytes(part[one : one + size], "little")) for one in range(0, len(part), size)]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(offset.format(at) + ("".join(cells).ljust(columns) + f"  {text}" if columns else "".join(cells)))
    return "\n".join([*lines, *[offset.format(len(data))] * end])


def od_character(byte):
    if byte in b"\0\a\b\t\n\v\f\r":
        return "  " + {0: "\\0", 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r"}[byte]
    return f"   {chr(byte)}" if 32 <= byte < 127 else f" {byte:03o}"


def little_endian_words(data, size=4):
    """Write what xxd -e does: the last word without the bytes that are missing."""
    lines = []
    for at in range(0, len(data), 16):
        part = data[at : at + 16]
        words = [part[one : one + size][::-1].hex().rjust(2 * size) for one in range(0, len(part), size)]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"{at:08x}: {' '.join(words).ljust(16 // size * (2 * size + 1))}  {text}")
    return "\n".join(lines)


def quoted_printable(data):
    lines = [""]
    for byte in data:
        written = chr(byte) if 33 <= byte < 127 and byte != ord("=") else f"={byte:02X}"
        if len(lines[-1] + written) > 75:
            lines.append("")
        lines[-1] += written
    return "=\n".join(lines)


def intel_hex(data):
    records = [
        bytes([len(data[at : at + 16])]) + at.to_bytes(2, "big") + b"\0" + data[at : at + 16]
        for at in range(0, len(data), 16)
    ]
    return "\n".join([*(f":{(one + bytes([-sum(one) & 255])).hex().upper()}" for one in records), ":00000001FF"])


def s_records(data, kind=1):
    def record(kind, address, row):
        body = bytes([len(row) + len(address) + 1]) + address + row
        return f"S{kind}{(body + bytes([~sum(body) & 255])).hex().upper()}"

    rows = [record(kind, at.to_bytes(kind + 1, "big"), data[at : at + 16]) for at in range(0, len(data), 16)]
    return "\n".join([record(0, b"\0\0", b"HDR"), *rows, record(10 - kind, bytes(kind + 1), b"")])


DRESSES = {
    "Go": lambda data: str(list(data)).replace(",", ""),
    "Go %#v": lambda data: "[]byte{" + ", ".join(f"{byte:#x}" for byte in data) + "}",
    "Go %x": lambda data: data.hex(),
    "Go % x": lambda data: data.hex(" "),
    "Go %q": lambda data: f'"{go_string(data)}"',
    "Rust": lambda data: f"{list(data)}",
    "Rust bytes": lambda data: f'b"{go_string(data)}"',
    "Rust {:02x?}": lambda data: "[" + ", ".join(f"{byte:02x}" for byte in data) + "]",
    "Java": lambda data: str([byte - 256 if byte > 127 else byte for byte in data]),
    "Java code": lambda data: "new byte[] { " + ", ".join(f"(byte) 0x{byte:02X}" for byte in data) + " };",
    "Kotlin": lambda data: "byteArrayOf(" + ", ".join(f"0x{byte:02X}.toByte()" for byte in data) + ")",
    "C# BitConverter": lambda data: data.hex("-").upper(),
    "C# code": lambda data: "new byte[] { " + ", ".join(map(str, data)) + " }",
    "VB": lambda data: "New Byte() {" + ", ".join(f"&H{byte:02X}" for byte in data) + "}",
    "C": lambda data: "unsigned char m[] = {\n  " + ",\n  ".join(
        ", ".join(f"0x{byte:02x}" for byte in data[at : at + 12]) for at in range(0, len(data), 12)
    ) + "\n}; /* sent */",
    "C string": lambda data: f'"{c_string(data)}"',
    "C string, escaped": lambda data: '"' + "".join(f"\\x{byte:02X}" for byte in data) + '"',
    "JavaScript": lambda data: f"Uint8Array({len(data)}) [\n  " + ", ".join(map(str, data)) + "\n]",
    "JavaScript Buffer": lambda data: f"<Buffer {data.hex(' ')}>",
    "JSON Buffer": lambda data: json.dumps({"type": "Buffer", "data": list(data)}),
    "JSON string": lambda data: json.dumps({"raw": data.decode("latin-1")}),
    "Python": repr,
    "Python bytearray": lambda data: repr(bytearray(data)),
    "Python list": lambda data: f"bytes({list(data)})",
    "Python fromhex": lambda data: f"bytes.fromhex('{data.hex(' ')}')",
    "Erlang": lambda data: "<<" + ",".join(map(str, data)) + ">>",
    "SQL": lambda data: f"X'{data.hex().upper()}'",
    "SQL Server": lambda data: f"0x{data.hex().upper()}",
    "MASM": lambda data: " ".join(f"{byte:02X}h" for byte in data),
    "colons": lambda data: data.hex(":"),
    "pipes": lambda data: data.hex("|"),
    "dots": lambda data: data.hex("."),
    "percent": lambda data: "".join(f"%{byte:02X}" for byte in data),
    "percent where needed": lambda data: quote_from_bytes(data),
    "angle brackets": lambda data: "".join(
        f"<{byte:02X}>" if byte < 32 or byte > 126 or byte == 60 else chr(byte) for byte in data
    ),
    "cat -v": cat_v,
    "groups of four": lambda data: data.hex(" ", -2),
    "wrapped at 75": lambda data: "\n".join(textwrap.wrap(data.hex(), 75)),
    "base64": lambda data: base64.b64encode(data).decode(),
    "base64, URL": lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
    "base64, wrapped": lambda data: base64.encodebytes(data).decode(),
    "log": lambda data: f"2026-11-28 12:00:01.123 [main] INFO c.Channel - sent {len(data)}: {data.hex().upper()}",
    "log, spaced": lambda data: f"12:00:01 >> {data.hex(' ')}",
    "JSON log": lambda data: json.dumps({"ts": 1764331201, "msg": "sent", "hex": data.hex()}),
    "JSON log, base64": lambda data: json.dumps({"ts": 1764331201, "data": base64.b64encode(data).decode()}),
    "XML": lambda data: f"<log><send>{data.hex().upper()}</send></log>",
    "xxd": lambda data: dump(data, "{0:08x}: {1}  {2}", group=2),
    "xxd -c 8": lambda data: dump(data, "{0:08x}: {1}  {2}", group=2, width=8),
    "xxd -c 24": lambda data: dump(data, "{0:08x}: {1}  {2}", group=2, width=24),
    "xxd -c 32": lambda data: dump(data, "{0:08x}: {1}  {2}", group=2, width=32),
    "xxd -c 256": lambda data: dump(data, "{0:08x}: {1}  {2}", group=2, width=256),
    "xxd -c 32 -g 8": lambda data: dump(data, "{0:08x}: {1}  {2}", group=8, width=32),
    "xxd -e": little_endian_words,
    "xxd -e -g 8": lambda data: little_endian_words(data, 8),
    "xxd -b": lambda data: number_dump(data, " {:08b}".format, width=6, offset="{:08x}:", columns=54, end=False),
    "od, octal words": lambda data: number_dump(data, " {:06o}".format, size=2),
    "od -A d": lambda data: number_dump(data, " {:06o}".format, size=2, offset="{:07d}"),
    "od -w 32": lambda data: number_dump(data, " {:06o}".format, size=2, width=32),
    "od -t o4": lambda data: number_dump(data, " {:011o}".format, size=4),
    "od -b": lambda data: number_dump(data, " {:03o}".format),
    "od -c": lambda data: number_dump(data, od_character),
    "od -A x -c": lambda data: number_dump(data, od_character, offset="{:06x}"),
    "od -t u1": lambda data: number_dump(data, "{:4d}".format),
    "od -d": lambda data: number_dump(data, "{:6d}".format, size=2),
    "od -i": lambda data: number_dump(
        data, lambda word: f"{word - (word >> 31 << 32):12d}", size=4
    ),
    "hexdump -b": lambda data: number_dump(data, " {:03o}".format, offset="{:07x}"),
    "hexdump -c": lambda data: number_dump(data, od_character, offset="{:07x}"),
    "hexdump -d": lambda data: number_dump(data, "   {:05d}".format, size=2, offset="{:07x}"),
    "hexdump -o": lambda data: number_dump(data, "  {:06o}".format, size=2, offset="{:07x}"),
    "hexdump -C": lambda data: dump(data, "{0:08x}  {1}  |{2}|", half="  ") + f"\n{len(data):08x}",
    "od": lambda data: dump(data, "{0:07o} {1}") + f"\n{len(data):07o}",
    "od, decimal": lambda data: dump(data, "{0:07d} {1}") + f"\n{len(data):07d}",
    "tcpdump": lambda data: dump(data, "\t0x{0:04x}:  {1}  {2}", group=2),
    "Wireshark": lambda data: dump(data, "{0:04x}   {1}   {2}"),
    "Wireshark, 2 blanks": lambda data: dump(data, "{0:04x}  {1}   {2}"),
    "PowerShell": lambda data: f"           {bytes(range(16)).hex(' ')}\n\n{dump(data, '{0:08X}   {1}  {2}')}",
    "Netty": lambda data: "+-----+\n" + dump(data, "|{0:08x}| {1} |{2}|") + "\n+-----+",
    "debug": lambda data: dump(data, "0000:{0:04X}  {1}   {2}", half="-"),
    "h offsets": lambda data: dump(data, "{0:08x}h {1} {2}"),
    "one byte a line": lambda data: "\n".join(f"{byte:02x}" for byte in data),
    "log before each line": lambda data: "\n".join(f"12:00:01 DEBUG {line}" for line in hexdump(data).splitlines()),
    "log before the first line": lambda data: f"12:00:01.123 DEBUG [worker-1] received {hexdump(data)}",
    "od -A n": lambda data: number_dump(data, " {:03o}".format, offset="", end=False),
    "od -A n -t u1": lambda data: number_dump(data, "{:4d}".format, offset="", end=False),
    "od -A n -c": lambda data: number_dump(data, od_character, offset="", end=False),
    "bits": lambda data: " ".join(f"{byte:08b}" for byte in data),
    "bits, half bytes": lambda data: " ".join(f"{byte >> 4:04b} {byte & 15:04b}" for byte in data),
    "bits, joined": lambda data: "".join(f"{byte:08b}" for byte in data),
    "quoted-printable": quoted_printable,
    "entities": lambda data: "".join(f"&#{byte};" for byte in data),
    "entities in XML": lambda data: "<sent>" + "".join(f"&#x{byte:02X};" for byte in data) + "</sent>",
    "Intel HEX": intel_hex,
    "S-records": s_records,
    "S-records, 4 bytes": lambda data: s_records(data, 3),
    "base64, URL, in a query": lambda data: f"msg={base64.urlsafe_b64encode(data).decode().rstrip('=')}&n=1",
    "jPOS": hexdump,
}  # fmt: skip


def dump(data, row, *, group=1, half=" ", width=16):
    lines = []
    for at in range(0, len(data), width):
        part = data[at : at + width]
        cells = (
            part.hex(" ", -group) if group > 1 else part[:8].hex(" ") + (half + part[8:].hex(" ") if part[8:] else "")
        )
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        columns = 2 * width + (width - 1) // group if group > 1 else 46 + len(half)
        lines.append(row.format(at, cells.ljust(columns), text))
    return "\n".join(lines)
