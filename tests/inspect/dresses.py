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
    "jPOS": hexdump,
}  # fmt: skip


def dump(data, row, *, group=1, half=" "):
    lines = []
    for at in range(0, len(data), 16):
        part = data[at : at + 16]
        cells = (
            part.hex(" ", -group) if group > 1 else part[:8].hex(" ") + (half + part[8:].hex(" ") if part[8:] else "")
        )
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        width = 39 if group > 1 else 46 + len(half)
        lines.append(row.format(at, cells.ljust(width), text))
    return "\n".join(lines)
