"""A view that is closed leaves nothing behind: any steps before, and the next view finds a host as new."""

from __future__ import annotations

import gc
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from acquirer.errors import AcquirerError
from acquirer.testing import RunningHost, View
from acquirer.testing.explained import ExplainedTerminal

FAULTS: dict[str, dict[str, Any]] = {
    "silent": {}, "late": {"after": "65s"}, "duplicate": {"times": 2}, "truncate": {"bytes": 20}, "wrong_mac": {},
    "host_restart": {"down_ms": "1min"}, "dribble": {}, "glue": {}, "reorder": {}, "other_connection": {},
    "lost_request": {},
}  # fmt: skip
LINE_FAULTS: dict[str, dict[str, Any]] = {
    "refuse": {}, "accept_silent": {}, "reset": {"after": "1s"}, "half_close": {}, "slow_close": {"after": "5s"},
    "bandwidth": {"bytes_per_s": 50}, "loss": {"rate": 0.5},
}  # fmt: skip

Step = Callable[[View, list[ExplainedTerminal], ExitStack], object]


def fault(kind: str, service: str) -> Step:
    def step(view: View, _terminals: list[ExplainedTerminal], stack: ExitStack) -> None:
        with suppress(AcquirerError):  # one that contradicts another
            stack.enter_context(view.fault(kind, when={"service": service}, **FAULTS[kind]))

    return step


def line_fault(kind: str) -> Step:
    def step(view: View, _terminals: list[ExplainedTerminal], stack: ExitStack) -> None:
        with suppress(AcquirerError):
            stack.enter_context(view.fault(kind, **LINE_FAULTS[kind]))

    return step


def answer(service: str, reply: dict[str, Any], *, once: bool) -> Step:
    def step(view: View, _terminals: list[ExplainedTerminal], _stack: ExitStack) -> None:
        expectation = view.expect(service).reply(**reply)
        if once:
            expectation.once()

    return step


def operate(which: int, name: str) -> Step:
    def step(_view: View, terminals: list[ExplainedTerminal], _stack: ExitStack) -> None:
        method = getattr(terminals[which], name)
        method("12.00") if name == "sale" else method()

    return step


def advance(view: View, _terminals: list[ExplainedTerminal], _stack: ExitStack) -> None:
    view.clock.advance("30s")


def send_rubbish(view: View, _terminals: list[ExplainedTerminal], _stack: ExitStack) -> None:
    with suppress(OSError), socket.create_connection((view.host.host, view.port)) as peer:
        peer.sendall(b"GET / HTTP/1.1\r\n\r\n")


def use_pack(view: View, _terminals: list[ExplainedTerminal], _stack: ExitStack) -> None:
    with suppress(AcquirerError):
        view.use_pack("a-bad-day")


SERVICES = st.sampled_from(["sale", "sign_on", "reversal"])
STEPS = st.one_of(
    st.builds(fault, st.sampled_from([*FAULTS]), SERVICES),
    st.builds(line_fault, st.sampled_from([*LINE_FAULTS])),
    st.builds(
        answer,
        SERVICES,
        st.sampled_from([{"reason": "funds_insufficient"}, {"hold": "90s"}, {"ask": "sign_on"}]),
        once=st.booleans(),
    ),
    st.builds(operate, st.integers(0, 1), st.sampled_from(["sale", "sign_on", "echo", "reverse"])),
    st.sampled_from([advance, send_rubbish, use_pack]),
)


@settings(max_examples=40, phases=[Phase.explicit, Phase.generate])  # each of its steps takes minutes of virtual time
@given(steps=st.lists(STEPS, max_size=12), keep_open=st.booleans(), leaves_faults=st.booleans(), held=st.booleans())
@example(steps=[fault("silent", "sale")], keep_open=False, leaves_faults=True, held=False)
@example(steps=[fault("host_restart", "sale"), operate(0, "sale")], keep_open=True, leaves_faults=False, held=False)
def test_nothing_is_left_for_the_next_view(
    host: RunningHost, steps: list[Step], keep_open: bool, leaves_faults: bool, held: bool
) -> None:
    view = View(host)
    terminals = [view.terminal(keep_open=keep_open), view.terminal()]
    selling = None
    if held:
        view.expect("sale", amount="7.00").reply(hold="for a person")
        third = view.terminal()
        selling = threading.Thread(target=third.sale, args=("7.00",))
        selling.start()
        while not host.held:
            time.sleep(0.001)
        view.resume()
        selling.join()
    stack = ExitStack()
    for step in steps:
        step(view, terminals, stack)
    if not leaves_faults:
        stack.close()
    view.close()

    assert host.rules.used() == {}
    assert host.faults.acted() == {}
    assert host.held == ()
    following = View(host)
    terminal = following.terminal()
    assert terminal.sale("1.00").ok
    assert len(following.list()) == 2
    assert not following.problems()
    with following.fault("silent"):
        stack.close()  # ends faults of the one before, and leaves alone one that is called the same
        assert host.faults.acted() == {"silent": 0}
    following.close()


def test_views_leave_no_file_and_no_thread(host: RunningHost, open_files: Callable[[], Counter[str]]) -> None:
    def use_views(count: int) -> None:
        for _ in range(count):
            view = View(host)
            terminal = view.terminal(keep_open=True)
            with view.fault("silent", when={"service": "sale"}):
                terminal.sale("1.00")
            terminal.echo()
            view.close()
        host.clock.settle()
        gc.collect()

    use_views(5)
    before = open_files(), threading.active_count()
    use_views(20)
    assert (open_files(), threading.active_count()) == before


def test_what_is_held_goes_on_when_its_view_ends(host: RunningHost) -> None:
    view = View(host)
    terminal = view.terminal()
    view.expect("sale").reply(hold="for a person")
    selling = threading.Thread(target=terminal.sale, args=("1.00",))
    selling.start()
    while not host.held:
        time.sleep(0.001)
    view.close()
    selling.join()
    assert host.held == ()
