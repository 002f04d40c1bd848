"""Exchanges as a packet capture: their raw frames where a trace has them, else frames made again of masked fields.

Each packet's comment says which exchange it is of, and whether it is what was on the wire.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.inspect.trace_packets import IpAndPort, PacketConnection, section
from acquirer.inspect.trace_text import TracedFrame
from acquirer.journal.entry import Entry
from acquirer.journal.masked_frame import masked_frame, masked_start
from acquirer.wire.message import EncodeError

ENCODED_AGAIN: Final = (
    "encoded again from the journal, not what was on the wire: hidden digits, tracks, PIN blocks, keys, images and the "
    "MAC are zeros"
)
RAW: Final = "raw, of a trace: nothing is masked"

_ADDRESS: Final = re.compile(r"\[?([0-9A-Fa-f.:]+?)\]?:([0-9]{1,5})")
_UNKNOWN: Final = "192.0.2.1"  # for documentation (RFC 5737): a peer that has no address
_HOSTS: Final = ("127.0.0.1", "::1")
_PORT: Final = 8583


class ExchangePackets:
    """Makes the packets of exchanges, one connection for each peer.

    Args:
        dialect_of: finds a dialect by its name.
        frames_of: returns the raw frames of an exchange, its request first; none where no trace has them.
    """

    def __init__(
        self,
        dialect_of: Callable[[str], Dialect | None],
        frames_of: Callable[[Entry], Sequence[TracedFrame]] = lambda _entry: (),
    ) -> None:
        self.raw = self.encoded_again = self.left_out = 0
        self._dialect_of = dialect_of
        self._frames_of = frames_of
        self._connections: dict[tuple[IpAndPort, IpAndPort], PacketConnection] = {}

    @staticmethod
    def head() -> bytes:
        """Return what the capture begins with."""
        return section("exchanges of an acquirer's journal; see the comment of each packet")

    def packets(self, entry: Entry) -> bytes:
        """Return the packets of an exchange; none where its dialect is not known, or it has no message."""
        frames = self._frames_of(entry)
        if frames:
            self.raw += 1
            return self._raw(entry, frames)
        packets = self._again(entry)
        if packets:
            self.encoded_again += 1
        else:
            self.left_out += 1
        return packets

    def _raw(self, entry: Entry, frames: Sequence[TracedFrame]) -> bytes:
        peer = frames[0].source
        parts = []
        for frame in frames:
            received = frame.source == peer
            ends = (frame.source, frame.target) if received else (frame.target, frame.source)
            connection = self._connection(*map(_address, ends))
            comment = f"{_label(entry, received=received)}: {RAW}"
            parts.append(connection.frame(frame.at_us, frame.data, received=received, comment=comment))
        return b"".join(parts)

    def _again(self, entry: Entry) -> bytes:
        dialect = self._dialect_of(entry.dialect)
        if dialect is None:
            return b""
        peer = _address(entry.peer)
        connection = self._connection(peer, (_HOSTS[":" in peer[0]], _PORT))
        packets = b""
        if entry.failure:
            if entry.before_failure:
                comment = f"{_label(entry, received=True)}: the bytes before the failure, {ENCODED_AGAIN}"
                packets = connection.frame(
                    entry.at_us, masked_start(entry.before_failure), received=True, comment=comment
                )
        elif entry.mti:
            packets = self._message(entry, dialect, connection, received=True)
        if packets and entry.reply is not None and entry.delivery == "sent":
            packets += self._message(entry, dialect, connection, received=False)
        return packets

    def _message(self, entry: Entry, dialect: Dialect, connection: PacketConnection, *, received: bool) -> bytes:
        fields, mti = (entry.request, entry.mti) if received else (entry.reply or {}, entry.reply_mti)
        try:
            frame, left_out = masked_frame(fields, mti, dialect)
        except EncodeError:
            return b""
        comment = f"{_label(entry, received=received)}: {ENCODED_AGAIN}"
        if left_out:
            comment += f"; left out: {', '.join(f'DE {de}' for de in left_out)}"
        if received and entry.delivery != "sent":
            comment += f"; reply: {entry.delivery or 'none'}"
        if not received and entry.fault:
            comment += f"; without the damage of {entry.fault}"
        at_us = entry.at_us + (0 if received else entry.took_us)
        return connection.frame(at_us, dialect.framing.wrap(frame), received=received, comment=comment)

    def _connection(self, peer: IpAndPort, host: IpAndPort) -> PacketConnection:
        ends = (peer, host)
        if (found := self._connections.get(ends)) is None:
            found = self._connections[ends] = PacketConnection(peer, host)
        return found


def _label(entry: Entry, *, received: bool) -> str:
    return f"#{entry.id} {entry.mti if received else entry.reply_mti} {entry.service}".rstrip()


def _address(text: str) -> IpAndPort:
    found = _ADDRESS.fullmatch(text)
    return (found[1], int(found[2]) % (1 << 16)) if found else (_UNKNOWN, 0)
