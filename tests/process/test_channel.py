"""Children: what is sent to them and by them arrives whole and in order, and their end is reported once."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import acquirer
from acquirer.process import channel
from acquirer.process.channel import Channel, Child, receive, reply

pytestmark = pytest.mark.slow  # each starts a process

ACTOR = """
import os, pathlib, signal, sys
from pickle import dumps
from struct import pack
import acquirer
from acquirer.process.channel import receive, reply

def framed(value):
    data = dumps(value)
    return pack("!i", len(data)) + data

def main(connection, how="", *_more):
    if how == "ends at once":
        return
    setup = receive(connection)
    if how == "ends before it greets":
        return
    if how == "ends within its greeting":
        os.write(connection.fileno(), framed(setup)[:-1])
        return
    reply(connection, ("at your service", setup))
    try:
        while True:
            what, *values = receive(connection)
            if what == "echo":
                reply(connection, values[0])
            elif what == "all of":
                os.write(connection.fileno(), b"".join(map(framed, values)))
            elif what == "facts":
                reply(connection, (acquirer.__file__, os.getpid(), os.getsid(0), sys.argv[2:]))
            elif what == "half of":
                os.write(connection.fileno(), framed(values[0])[:-1])
                os._exit(0)
            elif what == "last":
                reply(connection, values[0])
                os._exit(0)
    except EOFError:
        if how == "stays":
            while True:
                signal.pause()
        if how == "has work left":
            pathlib.Path(setup).write_text("done")
"""

MEGABYTES = 4 * 2**20
SMALL = 4096  # bytes; the least that a socket buffers is about as much


class Talk:
    """A channel on a loop that only the test runs, and what arrived over it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, child: Any, setup: object) -> None:
        self.loop = loop
        self.child = child
        self.process = child.process
        self.received: list[Any] = []
        self.ends = 0
        self._news = asyncio.Event()
        self.channel = Channel(child, loop)
        self.greeting = self.channel.greet(setup)
        self.channel.begin(self.take, self.take_end)

    def take(self, message: Any) -> None:
        self.received.append(message)
        self._news.set()

    def take_end(self) -> None:
        self.ends += 1
        self._news.set()

    def send(self, *messages: Any) -> None:
        for message in messages:
            self.channel.send(message)

    def turn(self) -> None:
        """Run what the loop can run now."""
        self.loop.call_soon(self.loop.stop)
        self.loop.run_forever()

    def until(self, holds: Callable[[], bool]) -> None:
        """Run the loop until news make it true."""

        async def wait() -> None:
            while not holds():
                self._news.clear()
                await self._news.wait()

        self.loop.run_until_complete(wait())

    def until_received(self, count: int) -> None:
        self.until(lambda: len(self.received) >= count)

    def until_ended(self) -> None:
        self.until(lambda: self.ends > 0)


def open_files() -> dict[str, str]:
    """What this process has open."""
    found = {}
    for path in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the listing's own
            found[path.name] = str(path.readlink())
    return found


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """What hangs fails."""

    def give_up(*_signal: object) -> None:
        raise TimeoutError("no answer comes")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(600)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop whose callbacks never fail; what a test opens is closed when it ends, and no thread is left."""
    gc.collect()  # what tests before this one left behind
    before = open_files()
    threads = threading.active_count()
    loop = asyncio.new_event_loop()
    failures: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _loop, context: failures.append(context))
    yield loop
    loop.close()
    gc.collect()  # a pipe that was left open is warned of, and that is an error
    assert failures == []
    assert open_files() == before
    assert threading.active_count() == threads


@pytest.fixture
def started(
    loop: asyncio.AbstractEventLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Child]]:
    """``started("stays")``: an actor that plays that."""
    (tmp_path / "actor.py").write_text(ACTOR)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    children: list[Child] = []

    def start(*how: str) -> Child:
        children.append(channel.start("actor", *how))
        return children[-1]

    yield start
    for child in children:
        if child.process.returncode is None:
            child.process.kill()
            child.process.wait()
        assert child.connection.closed, "a connection was left open"


@pytest.fixture
def talk(loop: asyncio.AbstractEventLoop, started: Any) -> Iterator[Callable[..., Talk]]:
    """``talk("a setup", "stays")``: a channel to an actor."""
    talks: list[Talk] = []

    def begin(setup: object = None, *how: str) -> Talk:
        talks.append(Talk(loop, started(*how), setup))
        return talks[-1]

    yield begin
    for one in talks:
        if one.process.returncode is None:
            one.channel.close()


class Puppet:
    """Stands for a process; the test itself holds its end of the connection."""

    def __init__(self, greeting: object = None) -> None:
        ours, theirs = socket.socketpair()
        self.returncode: int | None = None
        self.process: Any = self
        self.connection = Connection(ours.detach())
        self.at_once_bytes = 1 << 16
        self.theirs = theirs
        self.say(framed(greeting))

    def say(self, data: bytes) -> None:
        self.theirs.sendall(data)

    def end(self) -> None:
        self.theirs.close()

    def close(self, _patience_s: float) -> None:
        self.connection.close()
        self.returncode = 0


@contextmanager
def puppeteer(loop: asyncio.AbstractEventLoop) -> Iterator[Talk]:
    """A channel to the test itself: ``puppet.child.say(…)``."""
    one = Talk(loop, Puppet(), None)
    try:
        yield one
    finally:
        one.channel.close()
        one.child.end()


@pytest.fixture
def puppet(loop: asyncio.AbstractEventLoop) -> Iterator[Talk]:
    """See `puppeteer`."""
    with puppeteer(loop) as one:
        yield one


def framed(value: object) -> bytes:
    """A message as it travels: the standard library's framing, written down independently."""
    data = pickle.dumps(value)
    return struct.pack("!i", len(data)) + data


values = st.one_of(st.none(), st.integers(), st.binary(max_size=60), st.lists(st.text(max_size=5), max_size=4))


# -- messages ----------------------------------------------------------------------------------------------------------


@contextmanager
def connected() -> Iterator[tuple[Connection, Connection]]:
    ours, theirs = socket.socketpair()
    with Connection(ours.detach()) as one, Connection(theirs.detach()) as other:
        yield one, other


@given(st.lists(values, max_size=5))
def test_what_is_sent_is_received(messages: list[Any]) -> None:
    with connected() as (one, other):
        for message in messages:
            reply(one, message)
        one.close()
        assert [receive(other) for _ in messages] == messages
        with pytest.raises(EOFError):
            receive(other)


@given(values, st.data())
def test_a_message_that_is_cut_short_is_none(message: Any, data: st.DataObject) -> None:
    sent = framed(message)
    with connected() as (one, other):
        os.write(one.fileno(), sent[: data.draw(st.integers(0, len(sent) - 1))])
        one.close()
        with pytest.raises(EOFError):
            receive(other)


def test_a_parent_that_ended_with_answers_unread_has_ended() -> None:
    """The system calls that a connection reset."""
    with connected() as (one, other):
        reply(other, "an answer")
        reply(one, "a message")
        one.close()
        assert receive(other) == "a message"
        with pytest.raises(EOFError):
            receive(other)


@pytest.mark.slow
@settings(max_examples=60)
@given(st.lists(values, max_size=6), st.data())
def test_messages_are_handed_on_as_soon_as_they_are_whole_wherever_they_are_cut(
    messages: list[Any], data: st.DataObject
) -> None:
    ends = [sum(len(framed(one)) for one in messages[: number + 1]) for number in range(len(messages))]
    size = ends[-1] if ends else 0
    stream = b"".join(map(framed, messages))
    cuts = sorted(data.draw(st.sets(st.integers(0, size), max_size=12)) | {0, size})
    with closing(asyncio.new_event_loop()) as loop, puppeteer(loop) as talk:
        for start, stop in pairwise(cuts):
            talk.child.say(stream[start:stop])
            complete = sum(end <= stop for end in ends)
            for number in range(len(talk.received), complete):
                if data.draw(st.booleans()):
                    talk.channel.wait()
                else:
                    talk.turn()
                assert talk.received == messages[: number + 1]
            assert talk.received == messages[:complete]
        talk.child.end()
        talk.turn()
        assert (talk.received, talk.ends) == (messages, 1)


# -- beginning ---------------------------------------------------------------------------------------------------------


def test_its_first_answer_is_the_greeting(talk: Callable[..., Talk]) -> None:
    one = talk({"what": "to do"})
    assert one.greeting == ("at your service", {"what": "to do"})
    one.turn()
    assert one.received == [], "it is not handed on again"


@pytest.mark.slow
def test_it_has_the_same_code_and_a_session_of_its_own(
    talk: Callable[..., Talk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    one = talk(None, "any", "thing")
    one.send(("facts",))
    one.channel.wait()
    assert one.received == [(acquirer.__file__, one.process.pid, one.process.pid, ["any", "thing"])]


def test_a_setup_larger_than_the_pipe_arrives_framed(talk: Callable[..., Talk]) -> None:
    setup = bytes(MEGABYTES)
    assert talk(setup).greeting == ("at your service", setup)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["ends at once", "ends before it greets", "ends within its greeting"])
@pytest.mark.parametrize("setup", [b"", bytes(MEGABYTES)], ids=["small", "large"])
def test_an_end_before_it_began_is_an_error(
    started: Any, loop: asyncio.AbstractEventLoop, how: str, setup: bytes
) -> None:
    child = started(how)
    one = Channel(child, loop)
    with pytest.raises(EOFError, match="it ended before it began"):
        one.greet(setup)
    one.close()
    assert child.process.returncode == 0, "it was waited for"


def test_sending_may_begin_before_answers_are_taken(loop: asyncio.AbstractEventLoop, started: Any) -> None:
    """A parent that needs no greeting goes on at once: what is answered meanwhile is handed on later."""
    one = Channel(started(), loop)
    received: list[Any] = []
    for message in ("a setup", ("echo", 1), ("echo", bytes(MEGABYTES))):
        one.send(message)
    one.begin(received.append, lambda: None)
    while len(received) < 3:
        one.wait()
    assert received == [("at your service", "a setup"), 1, bytes(MEGABYTES)]
    one.close()


def test_a_process_that_cannot_be_started_is_an_oserror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(OSError, match="No such file"):
        channel.start("actor")


# -- sending ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_answers_are_handed_on_by_the_loop_in_the_order_of_what_was_sent(talk: Callable[..., Talk]) -> None:
    one = talk()
    one.send(*[("echo", number) for number in range(500)])
    assert one.received == [], "nothing is handed on while the parent sends"
    one.until_received(500)
    assert one.received == list(range(500))


@pytest.mark.slow
@pytest.mark.parametrize("buffer", [channel.SEND_BUFFER_BYTES, SMALL])
@pytest.mark.parametrize("by", ["the loop", "waiting"])
def test_more_than_the_socket_takes_arrives_whole_both_ways(
    talk: Callable[..., Talk], by: str, buffer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "SEND_BUFFER_BYTES", buffer)
    one = talk()
    size = MEGABYTES if buffer > SMALL else 2**19
    large = [bytes([number]) * size for number in range(3)]
    one.send(*[("echo", data) for data in large], ("echo", "at last"))
    if by == "waiting":
        while len(one.received) < 4:
            one.channel.wait()
    one.until_received(4)
    assert one.received == [*large, "at last"]


def test_sending_never_waits(talk: Callable[..., Talk]) -> None:
    one = talk()
    one.process.send_signal(signal.SIGSTOP)
    try:
        one.send(*[("echo", bytes(MEGABYTES))] * 3)
        one.turn()
        assert one.received == []
    finally:
        one.process.send_signal(signal.SIGCONT)
    one.until_received(3)
    assert one.received == [bytes(MEGABYTES)] * 3


@pytest.mark.slow
@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_what_fits_is_sent_at_once_and_all_else_by_a_thread(
    talk: Callable[..., Talk], platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere than on Linux a socket that can be written to may have room for a few bytes only."""
    monkeypatch.setattr(channel, "sys", SimpleNamespace(platform=platform, executable=sys.executable))
    threads = threading.active_count()
    one = talk()
    one.send(*[("echo", number) for number in range(20)])
    assert threading.active_count() - threads == (0 if platform == "linux" else 1)
    one.send(("echo", bytes(MEGABYTES)))
    assert threading.active_count() - threads == 1
    one.send(("echo", "at last"))
    one.until_received(22)
    assert one.received == [*range(20), bytes(MEGABYTES), "at last"]
    one.send(("echo", "more"))
    one.until_received(23)


@pytest.mark.slow
def test_messages_of_all_sizes_keep_their_order(talk: Callable[..., Talk]) -> None:
    """Whether the socket takes them at once or a thread has to send them."""
    one = talk()
    limit = one.child.at_once_bytes
    sizes = [1, limit, 5, limit - 200, 2 * limit, 3, 3, limit // 2, limit // 2, 7] * 8
    one.send(*[("echo", bytes(size)) for size in sizes])
    one.until_received(len(sizes))
    assert [len(data) for data in one.received] == sizes


@pytest.mark.parametrize("size", [500, 5_000, 60_000])
def test_no_message_that_is_sent_at_once_ever_waits(size: int) -> None:
    """The largest one, at any fill level at which the system calls the socket writable."""
    writable, level = True, 0
    while writable:
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, channel.SEND_BUFFER_BYTES)
        child = Child(SimpleNamespace(), ours)  # type: ignore[arg-type]
        sender = channel.Sender(child)
        for _ in range(level):
            os.write(child.connection.fileno(), bytes(size))
        writable = bool(sender._writable.select(0))
        if writable:
            os.set_blocking(child.connection.fileno(), False)
            assert os.write(child.connection.fileno(), bytes(child.at_once_bytes)) == child.at_once_bytes
        level += 1
        sender.close(0)
        child.connection.close()
        theirs.close()
    assert level > 2


# -- waiting -----------------------------------------------------------------------------------------------------------


def test_an_answer_may_be_waited_for(talk: Callable[..., Talk]) -> None:
    one = talk()
    for number in range(20):
        one.send(("echo", number))
        one.channel.wait()
        assert one.received == list(range(number + 1))
    one.turn()
    assert len(one.received) == 20, "the loop tells nothing twice"


def test_a_wait_ends_with_the_first_of_many_answers(puppet: Talk) -> None:
    puppet.child.say(framed(1) + framed(2) + framed(3)[:-1])
    puppet.channel.wait()
    assert puppet.received == [1]
    puppet.channel.wait()
    assert puppet.received == [1, 2]
    puppet.child.say(framed(3)[-1:])
    puppet.channel.wait()
    assert puppet.received == [1, 2, 3]


@pytest.mark.parametrize("by", ["the loop", "waiting"])
def test_a_receiver_may_wait_for_what_arrived_along(puppet: Talk, by: str) -> None:
    """Each answer is handed on before the one whose receiver waits for it has been dealt with."""
    dealt_with: list[int] = []

    def take(answer: int) -> None:
        puppet.take(answer)
        if answer < 4:
            puppet.channel.wait()
            assert puppet.received[-1] == 4
        dealt_with.append(answer)

    puppet.channel.begin(take, puppet.take_end)
    puppet.child.say(b"".join(map(framed, (1, 2, 3, 4))))
    if by == "waiting":
        puppet.channel.wait()
    else:
        puppet.turn()
    assert (puppet.received, dealt_with) == ([1, 2, 3, 4], [4, 3, 2, 1])


@pytest.mark.parametrize("by", ["the loop", "waiting"])
def test_a_receiver_may_wait_for_what_has_not_arrived_yet(talk: Callable[..., Talk], by: str) -> None:
    one = talk()

    def take(answer: str) -> None:
        one.take(answer)
        if answer == "first":
            one.send(("echo", "second"))
            one.channel.wait()
            assert one.received == ["first", "second"]

    one.channel.begin(take, one.take_end)
    one.send(("echo", "first"))
    if by == "waiting":
        one.channel.wait()
    else:
        one.until_received(1)
    assert one.received == ["first", "second"]


def test_an_answer_and_the_first_half_of_the_next_are_kept_apart(puppet: Talk) -> None:
    """The receiver of the first one waits, and the second arrives in two pieces meanwhile."""
    halves = [framed("second")[:9], framed("second")[9:] + framed("third")]

    def take(answer: str) -> None:
        puppet.take(answer)
        if answer == "first":
            puppet.child.say(halves[1])
            puppet.channel.wait()

    puppet.channel.begin(take, puppet.take_end)
    puppet.child.say(framed("first") + halves[0])
    puppet.turn()
    puppet.turn()
    assert puppet.received == ["first", "second", "third"]


# -- ends --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["the loop", "waiting"])
def test_its_end_is_reported_once_after_all_its_answers(talk: Callable[..., Talk], by: str) -> None:
    one = talk()
    one.send(("echo", 1), ("echo", 2), ("last", 3))
    if by == "waiting":
        while not one.ends:
            assert len(one.received) <= 3
            one.channel.wait()
    one.until_ended()
    one.turn()
    one.turn()
    assert (one.received, one.ends) == ([1, 2, 3], 1)
    assert not one.loop.remove_reader(one.child.connection.fileno()), "it would be woken for ever"


def test_its_end_may_be_waited_for_by_a_receiver(talk: Callable[..., Talk]) -> None:
    one = talk()

    def take(answer: Any) -> None:
        one.take(answer)
        one.channel.wait()
        assert one.ends == 1

    one.channel.begin(take, one.take_end)
    one.send(("last", "words"))
    one.until_received(1)
    one.turn()
    assert (one.received, one.ends) == (["words"], 1)


def test_waiting_is_given_up_in_time(puppet: Talk) -> None:
    with pytest.raises(TimeoutError):
        puppet.channel.wait(0.01)
    puppet.child.say(framed("late"))
    puppet.channel.wait(30)
    assert puppet.received == ["late"]


def test_waiting_after_its_end_reports_nothing_more(puppet: Talk) -> None:
    puppet.child.end()
    puppet.channel.wait()
    puppet.channel.wait()
    assert puppet.ends == 1


def test_an_answer_without_its_end_is_none(talk: Callable[..., Talk]) -> None:
    one = talk()
    one.send(("echo", "whole"), ("half of", "the truth"))
    one.until_ended()
    assert one.received == ["whole"]


def test_sending_to_a_child_that_has_ended_is_harmless(talk: Callable[..., Talk]) -> None:
    one = talk()
    one.process.kill()
    one.process.wait()
    one.send(*[("echo", bytes(MEGABYTES))] * 2)
    one.until_ended()
    one.send(("echo", "lost"))
    one.turn()
    assert (one.received, one.ends) == ([], 1)
    one.channel.close()


@pytest.mark.parametrize("by", ["the loop", "waiting"])
def test_killed_with_much_unsent_it_has_ended(talk: Callable[..., Talk], by: str) -> None:
    one = talk()
    one.process.send_signal(signal.SIGSTOP)
    one.send(*[("echo", bytes(MEGABYTES))] * 2)
    one.turn()
    one.process.kill()
    if by == "waiting":
        one.channel.wait()
    one.until_ended()
    one.turn()
    one.turn()
    assert (one.received, one.ends) == ([], 1)


def test_closing_waits_until_it_has_finished(talk: Callable[..., Talk], tmp_path: Path) -> None:
    one = talk(str(tmp_path / "left"), "has work left")
    one.channel.close()
    assert one.process.returncode == 0
    assert (tmp_path / "left").read_text() == "done"
    one.turn()
    assert one.ends == 0, "an end that was wanted is not reported"


def test_closing_does_not_wait_for_ever(talk: Callable[..., Talk], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "ENDING_S", 0.05)
    one = talk(None, "stays")
    one.channel.close()
    assert one.process.returncode == -signal.SIGKILL


def test_closing_leaves_answers_that_are_not_taken_any_more(talk: Callable[..., Talk]) -> None:
    """It writes more than its socket takes while nothing is read: it is not waited for in vain."""
    one = talk()
    one.send(("all of", bytes(MEGABYTES)), ("echo", 1))
    one.channel.close()
    assert one.process.returncode is not None
    assert one.process.returncode != -signal.SIGKILL
    assert one.received == []


@pytest.mark.slow
def test_closing_ends_the_thread_of_a_child_that_takes_nothing(
    talk: Callable[..., Talk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "ENDING_S", 0.05)
    one = talk()
    one.process.send_signal(signal.SIGSTOP)
    one.send(("echo", bytes(MEGABYTES)), ("echo", bytes(MEGABYTES)))
    one.channel.close()
    assert one.process.returncode == -signal.SIGKILL


def test_closing_sends_what_a_slow_child_has_not_taken_yet(talk: Callable[..., Talk], tmp_path: Path) -> None:
    one = talk(str(tmp_path / "left"), "has work left")
    one.process.send_signal(signal.SIGSTOP)
    one.send(*[("echo", number) for number in range(10)], ("echo", bytes(MEGABYTES)))
    waker = threading.Timer(0.1, one.process.send_signal, [signal.SIGCONT])
    waker.start()
    one.channel.close(600)
    waker.join()
    assert one.process.returncode is not None


@pytest.mark.slow
def test_several_are_talked_with_at_once(talk: Callable[..., Talk]) -> None:
    some = [talk(number) for number in range(3)]
    for one in some:
        one.send(*[("echo", (id(one), number)) for number in range(50)])
    some[1].process.kill()
    for one in (some[0], some[2]):
        one.until_received(50)
        assert one.received == [(id(one), number) for number in range(50)]
    some[1].until_ended()
    assert [one.ends for one in some] == [0, 1, 0]
