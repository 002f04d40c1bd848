"""Which sockets can be read: each that has something is called, and only as long as it is watched."""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import pytest

from acquirer.net.readable import PER_TURN, ReadableSockets

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(autouse=True, params=["as it is", "without epoll"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system has."""
    if request.param == "without epoll":
        monkeypatch.delattr(select, "epoll", raising=False)


@pytest.fixture
def pairs() -> Iterator[list[Pair]]:
    """More connected pairs than one turn calls."""
    with ExitStack() as stack:
        pairs = [socket.socketpair() for _ in range(PER_TURN + 10)]
        for pair in pairs:
            for end in pair:
                end.setblocking(False)
                stack.enter_context(end)
        yield pairs


def test_all_that_wait_are_called_and_no_other(pairs: list[Pair]) -> None:
    async def trial() -> list[int]:
        readers = ReadableSockets(asyncio.get_running_loop())
        called: list[int] = []
        done = asyncio.Event()

        def call(number: int) -> None:
            pairs[number][0].recv(1)
            called.append(number)
            if len(called) == len(pairs) - 1:
                done.set()

        for number, (here, _) in enumerate(pairs):
            readers.watch(here.fileno(), partial(call, number))
        for _, there in pairs[1:]:
            there.send(b"x")
        await asyncio.wait_for(done.wait(), 600)
        readers.close()
        return called

    assert sorted(asyncio.run(trial())) == list(range(1, len(pairs)))


def test_a_socket_that_is_forgotten_by_another_is_not_called(pairs: list[Pair]) -> None:
    async def trial() -> list[int]:
        readers = ReadableSockets(asyncio.get_running_loop())
        called: list[int] = []

        def call(number: int) -> None:
            called.append(number)
            for here, _ in pairs[:2]:
                readers.forget(here.fileno())

        for number, (here, there) in enumerate(pairs[:2]):
            readers.watch(here.fileno(), partial(call, number))
            there.send(b"x")
        while not called:
            await asyncio.sleep(0)
        readers.close()
        readers.close()
        return called

    assert len(asyncio.run(trial())) == 1


def test_an_end_is_reported_too(pairs: list[Pair]) -> None:
    async def trial() -> bytes:
        readers = ReadableSockets(asyncio.get_running_loop())
        reported: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        here, there = pairs[0]

        def call() -> None:
            readers.forget(here.fileno())
            reported.set_result(here.recv(1))

        readers.watch(here.fileno(), call)
        there.close()
        found = await asyncio.wait_for(reported, 600)
        readers.close()
        return found

    assert asyncio.run(trial()) == b""


def test_sockets_that_are_always_readable_do_not_keep_others_from_being_called(pairs: list[Pair]) -> None:
    """More of them than one turn calls, and none of them is drained."""

    async def trial() -> set[int]:
        readers = ReadableSockets(asyncio.get_running_loop())
        called: set[int] = set()
        for number, (here, there) in enumerate(pairs):
            there.send(b"x")
            readers.watch(here.fileno(), partial(called.add, number))
        while len(called) < len(pairs):
            await asyncio.sleep(0)
        readers.close()
        return called

    assert asyncio.run(trial()) == set(range(len(pairs)))


def test_nothing_is_watched_after_closing(pairs: list[Pair]) -> None:
    async def trial() -> None:
        loop = asyncio.get_running_loop()
        readers = ReadableSockets(loop)
        here, there = pairs[0]
        readers.watch(here.fileno(), lambda: pytest.fail("it is watched"))
        there.send(b"x")
        readers.close()
        readers.close()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not loop.remove_reader(here.fileno())

    asyncio.run(trial())
