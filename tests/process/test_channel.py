"""Processes of our own: what is said to them and by them arrives whole and in order, and their end is told once."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import io
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import acquirer
from acquirer.process import channel as child
from acquirer.process.channel import LENGTH, Dialogue, put, take

ACTOR = """
import os, pathlib, signal, sys
import acquirer
from acquirer.process.channel import _message, put, take

def main(how="", *_more):
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    if how == "ends at once":
        return
    setup = take(asked)
    if how == "ends before it greets":
        return
    if how == "ends within its greeting":
        os.write(1, _message(setup)[:-1])
        return
    put(answers, ("at your service", setup))
    try:
        while True:
            what, *values = take(asked)
            if what == "echo":
                put(answers, values[0])
            elif what == "all of":
                os.write(1, b"".join(map(_message, values)))
            elif what == "facts":
                put(answers, (acquirer.__file__, os.getpid(), os.getsid(0), sys.argv[1:]))
            elif what == "half of":
                os.write(1, _message(values[0])[:-1])
                os._exit(0)
            elif what == "last":
                put(answers, values[0])
                os._exit(0)
    except EOFError:
        if how == "stays":
            while True:
                signal.pause()
        if how == "has work left":
            pathlib.Path(setup).write_text("done")
"""

MEGABYTES = 4 * 2**20
SMALL = 4096  # bytes, the least a pipe takes


class Talk:
    """A dialogue on a loop nobody runs but the test, and what was told."""

    def __init__(self, loop: asyncio.AbstractEventLoop, process: Any, setup: object) -> None:
        self.loop = loop
        self.process = process
        self.told: list[Any] = []
        self.ends = 0
        self._news = asyncio.Event()
        self.dialogue = Dialogue(process, loop)
        self.greeting = self.dialogue.greet(setup)
        self.dialogue.begin(self.hear, self.hear_the_end)

    def hear(self, answer: Any) -> None:
        self.told.append(answer)
        self._news.set()

    def hear_the_end(self) -> None:
        self.ends += 1
        self._news.set()

    def ask(self, *messages: Any) -> None:
        for message in messages:
            self.dialogue.ask(message)

    def turn(self) -> None:
        """Run whatever the loop can run now."""
        self.loop.call_soon(self.loop.stop)
        self.loop.run_forever()

    def until(self, holds: Callable[[], bool]) -> None:
        """Run the loop until news make it true."""

        async def wait() -> None:
            while not holds():
                self._news.clear()
                await asyncio.wait_for(self._news.wait(), 30)

        self.loop.run_until_complete(wait())

    def until_told(self, count: int) -> None:
        self.until(lambda: len(self.told) >= count)

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
        raise TimeoutError("nobody answers")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop on which nothing goes wrong; what a test opens is closed when it ends."""
    gc.collect()  # what tests before this one left behind
    before = open_files()
    loop = asyncio.new_event_loop()
    wrong: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _loop, context: wrong.append(context))
    yield loop
    loop.close()
    gc.collect()  # a pipe that nobody closed is warned of, and that is an error
    assert wrong == []
    assert open_files() == before


@pytest.fixture
def started(
    loop: asyncio.AbstractEventLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """``started("stays")``: an actor that plays that."""
    (tmp_path / "actor.py").write_text(ACTOR)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    processes: list[subprocess.Popen[bytes]] = []

    def start(*how: str) -> subprocess.Popen[bytes]:
        processes.append(child.start("actor", *how, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        return processes[-1]

    yield start
    for process in processes:
        if process.returncode is None:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is None or pipe.closed, "a pipe was left open"


@pytest.fixture
def talk(loop: asyncio.AbstractEventLoop, started: Any) -> Iterator[Callable[..., Talk]]:
    """``talk("a setup", "stays")``: a dialogue with an actor."""
    talks: list[Talk] = []

    def begin(setup: object = None, *how: str) -> Talk:
        talks.append(Talk(loop, started(*how), setup))
        return talks[-1]

    yield begin
    for one in talks:
        if one.process.returncode is None:
            one.dialogue.end()


class Puppet:
    """Stands for a process; the test itself holds the other ends of its pipes."""

    def __init__(self, greeting: object = None) -> None:
        asked, asks = os.pipe()
        answers, self.says = os.pipe()
        self.stdin, self.stdout, self.hears = os.fdopen(asks, "wb"), os.fdopen(answers, "rb"), os.fdopen(asked, "rb")
        self.returncode: int | None = None
        self.say(whole(greeting))

    def say(self, data: bytes) -> None:
        os.write(self.says, data)

    def hang_up(self) -> None:
        self.hears.close()
        if self.says >= 0:
            os.close(self.says)
            self.says = -1

    def wait(self, _timeout: float | None = None) -> int:
        self.returncode = 0
        return 0


@contextmanager
def puppeteer(loop: asyncio.AbstractEventLoop) -> Iterator[Talk]:
    """A dialogue with the test itself: ``puppet.process.say(…)``."""
    one = Talk(loop, Puppet(), None)
    try:
        yield one
    finally:
        one.dialogue.end()
        one.process.hang_up()


@pytest.fixture
def puppet(loop: asyncio.AbstractEventLoop) -> Iterator[Talk]:
    """See `puppeteer`."""
    with puppeteer(loop) as one:
        yield one


def whole(value: object) -> bytes:
    data = pickle.dumps(value)
    return LENGTH.pack(len(data)) + data


values = st.one_of(st.none(), st.integers(), st.binary(max_size=60), st.lists(st.text(max_size=5), max_size=4))


# -- messages ----------------------------------------------------------------------------------------------------------


@given(st.lists(values, max_size=5))
def test_what_is_put_is_taken(messages: list[Any]) -> None:
    stream = io.BytesIO()
    for message in messages:
        put(stream, message)
    stream.seek(0)
    assert [take(stream) for _ in messages] == messages
    with pytest.raises(EOFError):
        take(stream)


@given(values, st.data())
def test_a_message_that_is_cut_short_is_none(message: Any, data: st.DataObject) -> None:
    sent = whole(message)
    with pytest.raises(EOFError):
        take(io.BytesIO(sent[: data.draw(st.integers(0, len(sent) - 1))]))


@settings(max_examples=60)
@given(st.lists(values, max_size=6), st.data())
def test_answers_are_told_as_soon_as_they_are_whole_wherever_they_are_cut(
    messages: list[Any], data: st.DataObject
) -> None:
    ends = [sum(len(whole(one)) for one in messages[: number + 1]) for number in range(len(messages))]
    size = ends[-1] if ends else 0
    stream = b"".join(map(whole, messages))
    cuts = sorted(data.draw(st.sets(st.integers(0, size), max_size=12)) | {0, size})
    with closing(asyncio.new_event_loop()) as loop, puppeteer(loop) as talk:
        for start, stop in pairwise(cuts):
            talk.process.say(stream[start:stop])
            complete = sum(end <= stop for end in ends)
            if len(talk.told) < complete and data.draw(st.booleans()):
                talk.dialogue.wait()
            else:
                talk.turn()
            assert talk.told == messages[:complete]
        talk.process.hang_up()
        talk.turn()
        assert (talk.told, talk.ends) == (messages, 1)


# -- beginning ---------------------------------------------------------------------------------------------------------


def test_its_first_answer_is_the_greeting(talk: Callable[..., Talk]) -> None:
    one = talk({"what": "to do"})
    assert one.greeting == ("at your service", {"what": "to do"})
    one.turn()
    assert one.told == [], "it is not told again"


def test_it_has_the_same_code_and_a_session_of_its_own(
    talk: Callable[..., Talk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    one = talk(None, "any", "thing")
    one.ask(("facts",))
    one.dialogue.wait()
    assert one.told == [(acquirer.__file__, one.process.pid, one.process.pid, ["any", "thing"])]


def test_a_setup_larger_than_the_pipe_arrives_whole(talk: Callable[..., Talk]) -> None:
    setup = bytes(MEGABYTES)
    assert talk(setup).greeting == ("at your service", setup)


@pytest.mark.parametrize("how", ["ends at once", "ends before it greets", "ends within its greeting"])
@pytest.mark.parametrize("setup", [b"", bytes(MEGABYTES)], ids=["small", "large"])
def test_an_end_before_it_began_is_told(started: Any, loop: asyncio.AbstractEventLoop, how: str, setup: bytes) -> None:
    process = started(how)
    dialogue = Dialogue(process, loop)
    with pytest.raises(EOFError, match="it ended before it began"):
        dialogue.greet(setup)
    dialogue.end()
    assert process.returncode == 0, "it is nobody's zombie"


def test_asking_begins_before_anybody_listens(loop: asyncio.AbstractEventLoop, started: Any) -> None:
    """Who needs no greeting goes on at once: what is answered meanwhile is told later."""
    dialogue = Dialogue(started(), loop)
    told: list[Any] = []
    for message in ("a setup", ("echo", 1), ("echo", bytes(MEGABYTES))):
        dialogue.ask(message)
    dialogue.begin(told.append, lambda: None)
    while len(told) < 3:
        dialogue.wait()
    assert told == [("at your service", "a setup"), 1, bytes(MEGABYTES)]
    dialogue.end()


def test_a_process_that_cannot_be_started_is_an_oserror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(OSError, match="No such file"):
        child.start("actor", stdin=subprocess.PIPE, stdout=subprocess.PIPE)


# -- asking ------------------------------------------------------------------------------------------------------------


def test_answers_are_told_by_the_loop_in_the_order_of_the_asks(talk: Callable[..., Talk]) -> None:
    one = talk()
    one.ask(*[("echo", number) for number in range(500)])
    assert one.told == [], "nothing is told while somebody asks"
    one.until_told(500)
    assert one.told == list(range(500))


@pytest.mark.parametrize("pipe", [child.PIPE_BYTES, SMALL])
@pytest.mark.parametrize("by", ["the loop", "waiting"])
def test_more_than_the_pipe_takes_arrives_whole_both_ways(talk: Callable[..., Talk], by: str, pipe: int) -> None:
    one = talk()
    size = MEGABYTES if pipe > SMALL else 2**19
    fcntl.fcntl(one.process.stdin.fileno(), fcntl.F_SETPIPE_SZ, pipe)
    large = [bytes([number]) * size for number in range(3)]
    one.ask(*[("echo", data) for data in large], ("echo", "at last"))
    if by == "waiting":
        while len(one.told) < 4:
            one.dialogue.wait()
    one.until_told(4)
    assert one.told == [*large, "at last"]


def test_asking_never_waits(talk: Callable[..., Talk]) -> None:
    one = talk()
    one.process.send_signal(signal.SIGSTOP)
    try:
        one.ask(*[("echo", bytes(MEGABYTES))] * 3)
        one.turn()
        assert one.told == []
    finally:
        one.process.send_signal(signal.SIGCONT)
    one.until_told(3)
    assert one.told == [bytes(MEGABYTES)] * 3


def test_when_all_is_sent_the_loop_is_left_alone(talk: Callable[..., Talk]) -> None:
    one = talk()
    one.ask(("echo", bytes(MEGABYTES)))
    one.until_told(1)
    assert not one.loop.remove_writer(one.process.stdin.fileno()), "it would be woken for ever"
    one.ask(("echo", "more"))
    one.until_told(2)


# -- waiting -----------------------------------------------------------------------------------------------------------


def test_an_answer_may_be_waited_for(talk: Callable[..., Talk]) -> None:
    one = talk()
    for number in range(20):
        one.ask(("echo", number))
        one.dialogue.wait()
        assert one.told == list(range(number + 1))
    one.turn()
    assert len(one.told) == 20, "the loop tells nothing twice"


def test_a_wait_ends_with_the_first_of_many_answers(puppet: Talk) -> None:
    puppet.process.say(whole(1) + whole(2) + whole(3)[:-1])
    puppet.dialogue.wait()
    assert puppet.told == [1, 2]
    puppet.process.say(whole(3)[-1:])
    puppet.dialogue.wait()
    assert puppet.told == [1, 2, 3]


@pytest.mark.parametrize("by", ["the loop", "waiting"])
def test_whoever_is_told_may_wait_for_what_came_along(puppet: Talk, by: str) -> None:
    """Each answer is told before the one over which somebody waits for it has been dealt with."""
    dealt_with: list[int] = []

    def hear(answer: int) -> None:
        puppet.hear(answer)
        if answer < 4:
            puppet.dialogue.wait()
            assert puppet.told[-1] == 4
        dealt_with.append(answer)

    puppet.dialogue.begin(hear, puppet.hear_the_end)
    puppet.process.say(b"".join(map(whole, (1, 2, 3, 4))))
    if by == "waiting":
        puppet.dialogue.wait()
    else:
        puppet.turn()
    assert (puppet.told, dealt_with) == ([1, 2, 3, 4], [4, 3, 2, 1])


@pytest.mark.parametrize("by", ["the loop", "waiting"])
def test_whoever_is_told_may_wait_for_what_has_not_come_yet(talk: Callable[..., Talk], by: str) -> None:
    one = talk()

    def hear(answer: str) -> None:
        one.hear(answer)
        if answer == "first":
            one.ask(("echo", "second"))
            one.dialogue.wait()
            assert one.told == ["first", "second"]

    one.dialogue.begin(hear, one.hear_the_end)
    one.ask(("echo", "first"))
    if by == "waiting":
        one.dialogue.wait()
    else:
        one.until_told(1)
    assert one.told == ["first", "second"]


def test_an_answer_and_the_first_half_of_the_next_are_told_apart(puppet: Talk) -> None:
    """Somebody waits over the first one, and the second comes in two pieces meanwhile."""
    halves = [whole("second")[:9], whole("second")[9:] + whole("third")]

    def hear(answer: str) -> None:
        puppet.hear(answer)
        if answer == "first":
            puppet.process.say(halves[1])
            puppet.dialogue.wait()

    puppet.dialogue.begin(hear, puppet.hear_the_end)
    puppet.process.say(whole("first") + halves[0])
    puppet.turn()
    assert puppet.told == ["first", "second", "third"]


# -- ends --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["the loop", "waiting"])
def test_its_end_is_told_once_after_all_its_answers(talk: Callable[..., Talk], by: str) -> None:
    one = talk()
    one.ask(("echo", 1), ("echo", 2), ("last", 3))
    if by == "waiting":
        while not one.ends:
            assert len(one.told) <= 3
            one.dialogue.wait()
    one.until_ended()
    one.turn()
    one.turn()
    assert (one.told, one.ends) == ([1, 2, 3], 1)
    assert not one.loop.remove_reader(one.process.stdout.fileno()), "it would be woken for ever"


def test_its_end_may_be_waited_for_by_whoever_is_told(talk: Callable[..., Talk]) -> None:
    one = talk()

    def hear(answer: Any) -> None:
        one.hear(answer)
        one.dialogue.wait()
        assert one.ends == 1

    one.dialogue.begin(hear, one.hear_the_end)
    one.ask(("last", "words"))
    one.until_told(1)
    one.turn()
    assert (one.told, one.ends) == (["words"], 1)


def test_waiting_is_given_up_in_time(puppet: Talk) -> None:
    with pytest.raises(TimeoutError):
        puppet.dialogue.wait(0.01)
    puppet.process.say(whole("late"))
    puppet.dialogue.wait(30)
    assert puppet.told == ["late"]


def test_waiting_after_its_end_tells_nothing_more(puppet: Talk) -> None:
    puppet.process.hang_up()
    puppet.dialogue.wait()
    puppet.dialogue.wait()
    assert puppet.ends == 1


def test_an_answer_without_its_end_is_none(talk: Callable[..., Talk]) -> None:
    one = talk()
    one.ask(("echo", "whole"), ("half of", "the truth"))
    one.until_ended()
    assert one.told == ["whole"]


def test_asking_who_has_ended_is_harmless(talk: Callable[..., Talk]) -> None:
    one = talk()
    one.process.kill()
    one.process.wait()
    one.ask(*[("echo", bytes(MEGABYTES))] * 2)
    one.until_ended()
    one.ask(("echo", "nobody"))
    one.turn()
    assert (one.told, one.ends) == ([], 1)
    assert not one.loop.remove_writer(one.process.stdin.fileno())
    one.dialogue.end()


@pytest.mark.parametrize("by", ["the loop", "waiting"])
def test_killed_with_much_unsent_it_has_ended(talk: Callable[..., Talk], by: str) -> None:
    one = talk()
    one.process.send_signal(signal.SIGSTOP)
    one.ask(*[("echo", bytes(MEGABYTES))] * 2)
    one.turn()
    one.process.kill()
    if by == "waiting":
        one.dialogue.wait()
    one.until_ended()
    one.turn()
    one.turn()
    assert (one.told, one.ends) == ([], 1)
    assert not one.loop.remove_writer(one.process.stdin.fileno())


def test_ending_waits_until_it_has_finished(talk: Callable[..., Talk], tmp_path: Path) -> None:
    one = talk(str(tmp_path / "left"), "has work left")
    one.dialogue.end()
    assert one.process.returncode == 0
    assert (tmp_path / "left").read_text() == "done"
    one.turn()
    assert one.ends == 0, "nobody is told of an end that was asked for"


def test_ending_does_not_wait_for_ever(talk: Callable[..., Talk], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "ENDING_S", 0.05)
    one = talk(None, "stays")
    one.dialogue.end()
    assert one.process.returncode == -signal.SIGKILL


def test_ending_leaves_answers_that_nobody_takes_any_more(talk: Callable[..., Talk]) -> None:
    """It writes more than its pipe holds while nobody reads: it is not waited for in vain."""
    one = talk()
    one.ask(("all of", bytes(MEGABYTES)), ("echo", 1))
    one.dialogue.end()
    assert one.process.returncode is not None
    assert one.process.returncode != -signal.SIGKILL
    assert one.told == []


def test_several_are_talked_with_at_once(talk: Callable[..., Talk]) -> None:
    some = [talk(number) for number in range(3)]
    for one in some:
        one.ask(*[("echo", (id(one), number)) for number in range(50)])
    some[1].process.kill()
    for one in (some[0], some[2]):
        one.until_told(50)
        assert one.told == [(id(one), number) for number in range(50)]
    some[1].until_ended()
    assert [one.ends for one in some] == [0, 1, 0]


def test_a_bound_on_pipes_only_makes_it_slower(talk: Callable[..., Talk], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: int) -> int:
        raise PermissionError

    monkeypatch.setattr(child, "fcntl", SimpleNamespace(fcntl=refuse, F_SETPIPE_SZ=fcntl.F_SETPIPE_SZ))
    one = talk()
    one.ask(("echo", bytes(MEGABYTES)))
    one.until_told(1)
    assert one.told == [bytes(MEGABYTES)]
