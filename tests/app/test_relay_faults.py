"""Faults of a relay: what arrives in place of what was sent, and that all else arrives as it was sent."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.data.toml import DataError
from tests.app.relay_line import WRAP, answer, line, sale

NEVER = ("silent:tid=99999999",)


async def received(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += await asyncio.get_running_loop().sock_recv(sock, size - len(data))
    return data


def test_a_reply_is_withheld_and_the_next_one_is_passed_on(tmp_path: Path) -> None:
    async def converse() -> None:
        async with line(tmp_path, fault=("silent:service=sale,code=00,count=1",)) as both:
            for stan in ("000001", "000002"):
                await both.ask(sale(stan))
            await asyncio.get_running_loop().sock_sendall(both.host, answer("000001", "00"))
            assert await both.reply(answer("000002", "00")) == answer("000002", "00")
            first, second = sorted(await both.end(), key=lambda entry: entry.stan)
            assert (first.fault, first.delivery, first.code) == ("silent", "withheld", "00")
            assert (second.fault, second.delivery) == ("", "sent")

    asyncio.run(converse())


def test_a_request_is_lost_and_its_reversal_is_not(tmp_path: Path) -> None:
    async def converse() -> None:
        async with line(tmp_path, request_fault=("lost_request:amount=12.34,count=1",)) as both:
            await asyncio.get_running_loop().sock_sendall(both.terminal, sale("000001"))
            assert await both.ask(sale("000002")) == sale("000002")
            first, second = sorted(await both.end(), key=lambda entry: entry.stan)
            assert (first.fault, first.reason) == ("lost_request", "unanswered")
            assert (second.fault, second.reason) == ("", "unanswered")

    asyncio.run(converse())


@pytest.mark.parametrize(
    ("fault", "arrives"),
    [
        ("duplicate:copies=3", answer("000001", "00") * 3),
        ("truncate:bytes=20", WRAP(answer("000001", "00")[2:22])),
        ("dribble:bytes=9,gap=1ms", answer("000001", "00")),
        ("delay:fixed=1ms", answer("000001", "00")),
        ("late:after=1ms,when={code='00'}", answer("000001", "00")),
    ],
)
def test_a_reply_is_damaged(fault: str, arrives: bytes, tmp_path: Path) -> None:
    async def converse() -> None:
        if "when" in fault:
            (tmp_path / "late.toml").write_text(
                '[[fault]]\nkind = "late"\nafter = "1ms"\nwhen = { code = "00", "de.41" = "10000161" }\n'
            )
        options = (str(tmp_path / "late.toml"),) if "when" in fault else (fault,)
        async with line(tmp_path, fault=options) as both:
            await both.ask(sale("000001"))
            await asyncio.get_running_loop().sock_sendall(both.host, answer("000001", "00"))
            assert await received(both.terminal, len(arrives)) == arrives
            (entry,) = await both.end()
            assert entry.fault == fault.partition(":")[0]

    asyncio.run(converse())


def test_an_end_waits_for_what_is_held_back(tmp_path: Path) -> None:
    async def converse() -> None:
        async with line(tmp_path, fault=("delay:fixed=20ms",)) as both:
            loop = asyncio.get_running_loop()
            await both.ask(sale("000001"))
            await loop.sock_sendall(both.host, answer("000001", "00"))
            both.host.shutdown(socket.SHUT_WR)
            assert await received(both.terminal, len(answer("000001", "00"))) == answer("000001", "00")
            assert await loop.sock_recv(both.terminal, 10) == b""

    asyncio.run(converse())


FRAMES = st.lists(
    st.one_of(st.just(b""), st.binary(min_size=20, max_size=60), st.sampled_from([sale("000001")[2:]])).map(WRAP),
    max_size=6,
)


@settings(max_examples=10)  # each opens a store
@given(FRAMES, st.lists(st.integers(1, 200), max_size=8), st.binary(max_size=30))
def test_what_no_fault_matches_arrives_unchanged(
    tmp_path_factory: pytest.TempPathFactory, frames: list[bytes], cuts: list[int], rest: bytes
) -> None:
    async def converse() -> None:
        data, pieces = b"".join(frames) + rest, []
        for cut in cuts:
            pieces.append(data[:cut])
            data = data[cut:]
        sent = [piece for piece in (*pieces, data) if piece]
        async with line(tmp_path_factory.mktemp("relay"), fault=NEVER, request_fault=NEVER) as both:
            loop = asyncio.get_running_loop()
            for piece in sent:
                await loop.sock_sendall(both.terminal, piece)
                await asyncio.sleep(0)
            both.terminal.shutdown(socket.SHUT_WR)
            arrived = b""
            while piece := await loop.sock_recv(both.host, 1 << 16):
                arrived += piece
            assert arrived == b"".join(sent)

    asyncio.run(converse())


def test_damage_that_raises_stops_no_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("acquirer.app.relay_faults.FaultyLine._context", broken)

    async def converse() -> None:
        async with line(tmp_path, request_fault=("silent",)) as both:
            for stan in ("000001", "000002"):
                assert await both.ask(sale(stan)) == sale(stan)

    asyncio.run(converse())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"fault": ("wrong_mac",)}, "--fault: 'wrong_mac' makes another MAC, and a relay has no keys; give it to"),
        ({"fault": ("wrong_rrn",)}, "'wrong_rrn' changes what a reply says before its MAC is made"),
        ({"fault": ("reset",)}, "'reset' says how a host treats the connections that it accepts"),
        ({"fault": ("reorder",)}, "'reorder' keeps a reply for the next one of its connection"),
        ({"fault": ("host_restart",)}, "'host_restart' restarts a host"),
        ({"fault": ("lost_request",)}, "--fault: 'lost_request' acts on requests; write --request-fault lost_request"),
        ({"request_fault": ("silent:code=00",)}, "--request-fault: 'code' is of a reply"),
        ({"request_fault": ("nonesuch",)}, "--request-fault: "),
    ],
)
def test_faults_that_cannot_act_are_refused_with_a_sentence(
    options: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    async def converse() -> None:
        async with line(tmp_path, **options):
            pass

    with pytest.raises(DataError) as caught:
        asyncio.run(converse())
    assert sentence in str(caught.value)
