"""Which sockets can be read: each that has something is called, and only as long as it is watched."""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from acquirer.net.readable import DEFERRED_PER_TURN, PER_TURN, ReadableSockets, is_readable

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


def test_what_is_received_is_handed_on_once_all_are_read_even_when_reading_one_fails(pairs: list[Pair]) -> None:
    async def trial() -> list[str]:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *_: None)
        readers = ReadableSockets(loop)
        seen: list[str] = []

        def call(number: int) -> tuple[Any, bytes]:
            seen.append(f"read {number}")
            data = pairs[number][0].recv(9)
            if number == 2:
                raise RuntimeError("a fault of ours")
            return lambda data: seen.append(f"took {data.decode()}"), data

        for number, (here, there) in enumerate(pairs[:3]):
            readers.watch(here.fileno(), partial(call, number))
            there.send(str(number).encode())
        async with asyncio.timeout(60):  # else what was read is lost
            while sum(one.startswith("took") for one in seen) < 2:
                await asyncio.sleep(0)
        readers.close()
        return seen

    seen = asyncio.run(trial())
    assert sorted(seen) == ["read 0", "read 1", "read 2", "took 0", "took 1"]
    if hasattr(select, "epoll"):
        assert [one.split()[0] for one in seen] == ["read", "read", "read", "took", "took"]


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


def test_each_is_called_once_before_any_is_called_again(pairs: list[Pair]) -> None:
    """Whether its socket can be read, or it asked for another call, or both."""

    async def trial() -> list[int]:
        readers = ReadableSockets(asyncio.get_running_loop())
        called: list[int] = []

        def call(number: int) -> None:
            called.append(number)
            if number % 2:
                readers.call_again(pairs[number][0].fileno())
            if number % 3 == 0:
                readers.call_again(pairs[number][0].fileno())

        for number, (here, there) in enumerate(pairs):
            there.send(b"x")
            readers.watch(here.fileno(), partial(call, number))
        while len(called) < 10 * len(pairs):
            await asyncio.sleep(0)
        readers.close()
        return called

    called = asyncio.run(trial())
    if not hasattr(select, "epoll"):  # the loop calls them, and those that asked for it once more
        return
    for at in range(0, 10 * len(pairs), len(pairs)):
        assert sorted(called[at : at + len(pairs)]) == list(range(len(pairs)))


def test_few_that_have_much_are_called_often_in_a_turn_and_newcomers_in_the_next(pairs: list[Pair]) -> None:
    if not hasattr(select, "epoll"):
        pytest.skip("the loop calls each socket")

    async def trial() -> list[list[int]]:
        readers = ReadableSockets(asyncio.get_running_loop())
        turns: list[list[int]] = [[]]
        readers.between_rounds = lambda: turns[-1].append(-1)

        def call(number: int) -> None:
            turns[-1].append(number)
            readers.call_again(pairs[number][0].fileno())

        for number, (here, _) in enumerate(pairs[:3]):
            readers.watch(here.fileno(), partial(call, number))
        for here, _ in pairs[:2]:
            readers.call_again(here.fileno())
        while len(turns) < 6:
            if len(turns) == 4:
                pairs[2][1].send(b"x")
            await asyncio.sleep(0)
            turns.append([])
        readers.close()
        return [turn for turn in turns if turn]

    turns = asyncio.run(trial())
    assert turns[0] == turns[1] == ([0, 1, -1] * (PER_TURN // 2))[:-1]
    assert sorted(turns[-1][:3]) == [0, 1, 2]


def test_one_that_asks_for_it_is_called_without_anything_to_read(pairs: list[Pair]) -> None:
    async def trial() -> list[bool]:
        readers = ReadableSockets(asyncio.get_running_loop())
        here = pairs[0][0]
        calls: list[bool] = []

        def call() -> None:
            calls.append(is_readable(here.fileno()))
            if len(calls) < 3:
                readers.call_again(here.fileno())

        readers.watch(here.fileno(), call)
        readers.call_again(here.fileno())
        while readers.pending:
            await asyncio.sleep(0)
        readers.call_again(here.fileno())
        readers.forget(here.fileno())
        for _ in range(3):
            await asyncio.sleep(0)
        readers.close()
        return calls

    assert asyncio.run(trial()) == [False] * 3


def test_deferred_ones_are_called_after_others_and_some_in_each_turn(
    pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hasattr(select, "epoll"):
        pytest.skip("the loop calls each socket, and defers none")

    async def trial() -> list[list[int]]:
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "time", lambda: 0.0)  # no call takes any: a busy machine is no reason to stop
        readers = ReadableSockets(loop)
        turns: list[list[int]] = [[]]
        for number, (here, there) in enumerate(pairs[:40]):
            there.send(b"x")
            readers.watch(here.fileno(), lambda number=number: turns[-1].append(number))  # type: ignore[misc]
            if number >= 5:
                readers.defer(here.fileno())
        while len(turns) < 30:
            if len(turns) == 20:
                readers.restore(pairs[5][0].fileno())
            await asyncio.sleep(0)
            turns.append([])
        readers.close()
        return [turn for turn in turns if turn]

    turns = asyncio.run(trial())
    for turn in turns[:18]:
        assert sorted(turn[:5]) == list(range(5)), "the others first"
        assert len(turn) == 5 + DEFERRED_PER_TURN
    assert {number for turn in turns[:18] for number in turn} == set(range(40)), "each has its turn at last"
    for turn in turns[-5:]:
        assert sorted(turn[:6]) == list(range(6))
        assert len(turn) == 6 + DEFERRED_PER_TURN


@pytest.mark.parametrize(("took_s", "most"), [(0.00015, 7), (0.0006, 2), (0.005, 1)])
def test_deferred_ones_that_take_long_are_called_in_several_turns(
    took_s: float, most: int, pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is refused costs 150 µs, a step of a TLS handshake up to a millisecond: others wait for one millisecond."""
    if not hasattr(select, "epoll"):
        pytest.skip("the loop calls each socket, and defers none")

    async def trial() -> list[list[str]]:
        loop, clock_s = asyncio.get_running_loop(), 0.0
        monkeypatch.setattr(loop, "time", lambda: clock_s)
        readers = ReadableSockets(loop)
        turns: list[list[str]] = [[]]

        def take(name: str) -> None:
            nonlocal clock_s
            turns[-1].append(name)
            clock_s += took_s

        for number, (here, there) in enumerate(pairs[:20]):
            there.send(b"x")
            readers.watch(here.fileno(), partial(take, f"handshake {number}" if number else "kept"))
            if number:
                readers.defer(here.fileno())
        for _ in range(60):
            await asyncio.sleep(0)
            turns.append([])
        readers.close()
        return [turn for turn in turns if turn]

    turns = asyncio.run(trial())
    assert {turn[0] for turn in turns} == {"kept"}, "in each turn, and first"
    assert {len(turn) - 1 for turn in turns[:40]} == {most}
    assert {name for turn in turns for name in turn} == {"kept", *(f"handshake {number}" for number in range(1, 20))}


def test_a_number_that_is_given_to_another_socket_is_nothing_of_the_one_before(pairs: list[Pair]) -> None:
    async def trial() -> list[str]:
        readers = ReadableSockets(asyncio.get_running_loop())
        called: list[str] = []
        fd = pairs[0][0].fileno()
        readers.watch(fd, lambda: called.append("before"))
        readers.defer(fd)
        readers.call_again(fd)
        readers.forget(fd)
        readers.watch(fd, lambda: called.append("after"))
        for _ in range(3):
            await asyncio.sleep(0)
        assert called == []
        readers.call_again(fd)
        readers.call_again(fd)
        for _ in range(3):
            await asyncio.sleep(0)
        readers.close()
        return called

    assert asyncio.run(trial()) == ["after"]
