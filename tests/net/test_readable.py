"""Who can be read: every socket that has something is called, and only as long as it is watched."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import pytest

from acquirer.net.readable import PER_TURN, ReadableSockets

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pairs() -> Iterator[list[Pair]]:
    """More connected pairs than one turn calls."""
    with ExitStack() as stack:
        made = [socket.socketpair() for _ in range(PER_TURN + 10)]
        for pair in made:
            for end in pair:
                end.setblocking(False)
                stack.enter_context(end)
        yield made


def test_all_that_wait_are_called_and_nobody_else(pairs: list[Pair]) -> None:
    async def trial() -> list[int]:
        readers = ReadableSockets(asyncio.get_running_loop())
        came: list[int] = []
        done = asyncio.Event()

        def call(number: int) -> None:
            pairs[number][0].recv(1)
            came.append(number)
            if len(came) == len(pairs) - 1:
                done.set()

        for number, (here, _) in enumerate(pairs):
            readers.watch(here.fileno(), partial(call, number))
        for _, there in pairs[1:]:
            there.send(b"x")
        await asyncio.wait_for(done.wait(), 5)
        readers.close()
        return came

    assert sorted(asyncio.run(trial())) == list(range(1, len(pairs)))


def test_who_is_forgotten_by_another_is_not_called(pairs: list[Pair]) -> None:
    async def trial() -> list[int]:
        readers = ReadableSockets(asyncio.get_running_loop())
        came: list[int] = []

        def call(number: int) -> None:
            came.append(number)
            for here, _ in pairs[:2]:
                readers.forget(here.fileno())

        for number, (here, there) in enumerate(pairs[:2]):
            readers.watch(here.fileno(), partial(call, number))
            there.send(b"x")
        while not came:
            await asyncio.sleep(0)
        readers.close()
        readers.close()
        return came

    assert len(asyncio.run(trial())) == 1


def test_an_end_is_told_too(pairs: list[Pair]) -> None:
    async def trial() -> bytes:
        readers = ReadableSockets(asyncio.get_running_loop())
        told: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        here, there = pairs[0]

        def call() -> None:
            readers.forget(here.fileno())
            told.set_result(here.recv(1))

        readers.watch(here.fileno(), call)
        there.close()
        found = await asyncio.wait_for(told, 5)
        readers.close()
        return found

    assert asyncio.run(trial()) == b""
