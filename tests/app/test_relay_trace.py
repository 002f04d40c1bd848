"""The trace of a relay: every byte that either side sent, so that exchanges of its journal have whole frames."""

from __future__ import annotations

import asyncio
import socket
import stat
from pathlib import Path

import pytest

from acquirer.data.toml import DataError
from acquirer.inspect.capture import read_capture
from acquirer.inspect.trace_text import TracedFrame, frames_of_exchange, read_trace
from tests.app.relay_line import PAN, answer, line, sale


def traced(path: Path) -> list[TracedFrame]:
    return read_trace(path.read_bytes())


@pytest.mark.parametrize("name", ["relay.trace", "relay.pcapng"])
def test_all_bytes_of_both_sides_are_there_and_exchanges_find_theirs(name: str, tmp_path: Path) -> None:
    async def converse() -> None:
        async with line(tmp_path, trace=tmp_path / name) as both:
            await both.ask(sale("000001") + sale("000002"))
            await both.reply(answer("000002", "51"))
            await both.reply(answer("000001", "00"))
            entries = await both.end()
        frames = traced(tmp_path / name)
        assert [frame.data for frame in frames] == [
            sale("000001"),
            sale("000002"),
            answer("000002", "51"),
            answer("000001", "00"),
        ]
        assert {frame.source for frame in frames[:2]} == {entries[0].peer}
        by_stan = {entry.stan: entry for entry in entries}
        for stan in ("000001", "000002"):
            entry = by_stan[stan]
            assert frames_of_exchange(frames, entry.peer, entry.at_us)[0].data == sale(stan)
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
        assert PAN.encode() not in (tmp_path / "relay.db").read_bytes()

    asyncio.run(converse())


def test_what_is_no_frame_and_what_is_cut_off_is_traced_too(tmp_path: Path) -> None:
    async def converse() -> None:
        path = tmp_path / "relay.trace"
        async with line(tmp_path, trace=path) as both:
            await both.ask(b"GET / HTTP/1.1\r\n\r\n")
            await both.ask(b"and more")
            await both.reply(answer("000001", "00")[:9])
            await both.end()
        assert [frame.data for frame in traced(path)] == [
            b"GET / HTTP/1.1\r\n\r\n",
            b"and more",
            answer("000001", "00")[:9],
        ]

    asyncio.run(converse())


def test_what_a_fault_withholds_or_damages_is_traced_as_it_was_sent(tmp_path: Path) -> None:
    async def converse() -> None:
        path = tmp_path / "relay.trace"
        async with line(tmp_path, trace=path, fault=("silent:service=sale",)) as both:
            await both.ask(sale("000001"))
            await asyncio.get_running_loop().sock_sendall(both.host, answer("000001", "00"))
            while not both.entries():
                await asyncio.sleep(0)
            await both.end()
        assert [frame.data for frame in traced(path)] == [sale("000001"), answer("000001", "00")]

    asyncio.run(converse())


def test_a_trace_is_a_capture_like_others(tmp_path: Path) -> None:
    async def converse() -> None:
        path = tmp_path / "relay.trace"
        async with line(tmp_path, trace=path) as both:
            await both.ask(sale("000001"))
            await both.reply(answer("000001", "00"))
            await both.end()
        first = next(iter(read_capture(path.read_bytes())))
        assert b"".join(stream.data for stream in first.streams) == sale("000001") + answer("000001", "00")

    asyncio.run(converse())


def test_a_trace_that_cannot_be_written_is_refused_before_anything_listens(tmp_path: Path) -> None:
    async def converse() -> None:
        (tmp_path / "notes.txt").write_text("not a trace")
        with pytest.raises(DataError, match="is a file already, and not a trace as text"):
            async with line(tmp_path, trace=tmp_path / "notes.txt"):
                pass

    asyncio.run(converse())


def test_ends_of_two_versions_of_ip_become_one_capture(tmp_path: Path) -> None:
    from acquirer.inspect.trace_packets import PacketConnection, section

    connection = PacketConnection(("127.0.0.1", 5000), ("::1", 8583))
    path = tmp_path / "mixed.pcapng"
    path.write_bytes(section("test") + connection.frame(1_000_000, sale("000001"), received=True))
    assert [frame.data for frame in traced(path)] == [sale("000001")]
    assert socket.inet_pton(socket.AF_INET6, "::1") in path.read_bytes()
