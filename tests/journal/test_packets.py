"""Exchanges as packets: comments, connections, raw frames and frames made again."""

from __future__ import annotations

from typing import Any

import pytest

from acquirer.inspect.pcap import read_packets
from acquirer.inspect.trace_text import PCAPNG, TracedFrame, read_trace
from acquirer.journal.entry import Entry
from acquirer.journal.packets import ENCODED_AGAIN, RAW, ExchangePackets
from acquirer.settings.specs import load_dialect

DIALECT = load_dialect("unionpay-pos")
PEER = "127.0.0.1:50412"
AT_US = 1_767_196_800_000_000


def entry(**known: Any) -> Entry:
    sale = {"request": {"2": "621234******1232", "11": "000002", "64": "3A57ACBB"}, "reply": {"39": "00"}}
    first = {"at_us": AT_US, "id": 2, "peer": PEER, "dialect": DIALECT.name, "mti": "0200", "service": "sale"}
    return Entry(**{**first, **sale, "reply_mti": "0210", "took_us": 1500, "delivery": "sent", **known})


def comments(data: bytes) -> list[str]:
    """Return the comments of packets in a capture, as its blocks say."""
    found, at = [], 0
    while at < len(data):
        kind, size = (int.from_bytes(data[at + i : at + i + 4], "little") for i in (0, 4))
        if kind == 6:
            captured = int.from_bytes(data[at + 20 : at + 24], "little")
            option = at + 28 + captured + -captured % 4
            if int.from_bytes(data[option : option + 2], "little") == 1:
                length = int.from_bytes(data[option + 2 : option + 4], "little")
                found.append(data[option + 4 : option + 4 + length].decode())
        at += size
    return found


def capture(writer: ExchangePackets, *entries: Entry) -> bytes:
    return writer.head() + b"".join(map(writer.packets, entries))


def test_masked_fields_are_encoded_again_and_marked() -> None:
    writer = ExchangePackets({DIALECT.name: DIALECT}.get)
    data = capture(writer, entry(), entry(id=3, fault="late", reply={"39": "00", "44": "语" * 90}))
    assert data[:4] == PCAPNG
    assert comments(data) == [
        f"#2 0200 sale: {ENCODED_AGAIN}",
        f"#2 0210 sale: {ENCODED_AGAIN}",
        f"#3 0200 sale: {ENCODED_AGAIN}",
        f"#3 0210 sale: {ENCODED_AGAIN}; left out: DE 44; without the damage of late",
    ]
    request, reply, *_ = read_trace(data)
    assert (request.source, request.target, request.at_us) == (PEER, "127.0.0.1:8583", AT_US)
    assert (reply.source, reply.at_us) == ("127.0.0.1:8583", AT_US + 1500)
    fields = DIALECT.decode(request.data[2:]).fields
    assert fields == {2: "6212340000001232", 11: "000002", 64: bytes(8)}
    assert (writer.raw, writer.encoded_again, writer.left_out) == (0, 2, 0)
    assert len(read_packets(data)[0]) == 3 + 4  # one handshake


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"delivery": "silent"}, [f"#2 0200 sale: {ENCODED_AGAIN}; reply: silent"]),
        ({"reply": None, "delivery": ""}, [f"#2 0200 sale: {ENCODED_AGAIN}; reply: none"]),
        ({"dialect": "other"}, []),
        ({"mti": "", "reply": None}, []),
        ({"mti": "02x0"}, []),
        ({"failure": "DE 4", "before_failure": "60***3", "reply": None},
         [f"#2 0200 sale: the bytes before the failure, {ENCODED_AGAIN}"]),
        ({"failure": "DE 4", "before_failure": "", "reply": None}, []),
        ({"peer": "[::1]:50412"}, [f"#2 0200 sale: {ENCODED_AGAIN}", f"#2 0210 sale: {ENCODED_AGAIN}"]),
        ({"peer": "", "service": ""}, [f"#2 0200: {ENCODED_AGAIN}", f"#2 0210: {ENCODED_AGAIN}"]),
    ],
)  # fmt: skip
def test_what_has_packets(known: dict[str, Any], expected: list[str]) -> None:
    writer = ExchangePackets({DIALECT.name: DIALECT}.get)
    data = capture(writer, entry(**known))
    assert comments(data) == expected
    assert writer.left_out == (not expected)
    sources = {frame.source for frame in read_trace(data)}
    assert not expected or (known.get("peer", PEER) or "192.0.2.1:0") in sources


def test_raw_frames_are_taken_as_they_were() -> None:
    frames = [TracedFrame(AT_US, PEER, "127.0.0.1:1", b"\0\1B"), TracedFrame(AT_US + 9, "127.0.0.1:1", PEER, b"\0\1C")]
    writer = ExchangePackets(lambda _name: None, lambda _entry: frames)
    data = capture(writer, entry())
    assert read_trace(data) == frames
    assert comments(data) == [f"#2 0200 sale: {RAW}", f"#2 0210 sale: {RAW}"]
    assert (writer.raw, writer.encoded_again) == (1, 0)
