"""Time that is skipped: each timer at its own time, and never while something is to be done."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from datetime import timedelta

import pytest

from acquirer.process.virtual_time import DEAD, VirtualClock, VirtualLoop, VirtualTime
from acquirer.terminal.exchange import Outcome
from acquirer.testing import RunningHost, View, running_host


def run(work, at_rest=lambda: True):
    """Run ``work(time)`` on a virtual loop."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        return runner.run(work(VirtualTime(loop, VirtualClock(), at_rest)))


def test_timers_run_each_at_its_own_time():
    async def work(virtual):
        seen = []
        began_s = virtual.loop.time()
        for delay_s in (40, 10, 20.5):
            virtual.loop.call_later(delay_s, lambda: seen.append(round(virtual.loop.time() - began_s, 1)))
        virtual.loop.call_later(30, lambda: None).cancel()
        await virtual.advance(30)
        assert seen == [10.0, 20.5]
        await virtual.advance(3600 * 24)
        assert seen[2] >= 40

    run(work)


def test_a_timer_that_a_timer_sets_runs_at_its_time_too():
    async def work(virtual):
        seen = []
        began_s = virtual.loop.time()

        def again() -> None:
            seen.append(round(virtual.loop.time() - began_s))
            virtual.loop.call_later(7, again)

        virtual.loop.call_later(7, again)
        await virtual.advance(30)
        assert seen == [7, 14, 21, 28]

    run(work)


def test_the_wall_clock_goes_with_it():
    async def work(virtual):
        before_us = virtual.clock.now_us()
        await virtual.advance(100)
        assert 100_000_000 <= virtual.clock.now_us() - before_us < 160_000_000

    run(work)
    clock = VirtualClock(5)
    clock.ahead_us = 7
    assert clock.now_us() == 12


def test_nothing_is_skipped_while_there_is_something_to_do():
    busy = [True]

    async def work(virtual):
        virtual.loop.call_later(0.02, busy.clear)  # in real time, as a commit is written
        end_s = virtual.loop.time() + 1000
        await virtual.skip_until(lambda: False, end_s, lambda: True)
        assert not busy
        assert virtual.loop.time() >= end_s

    run(work, lambda: not busy)


def test_it_ends_with_what_is_waited_for():
    async def work(virtual):
        there: list[int] = []
        virtual.loop.call_later(5, there.append, 1)
        began_s = virtual.loop.time()
        await virtual.skip_until(lambda: bool(there), began_s + 60, lambda: True)
        assert 4.9 < virtual.loop.time() - began_s < 60

    run(work)


def test_two_that_wait_are_each_woken_at_their_time():
    async def work(virtual):
        woken = []
        began_s = virtual.loop.time()

        async def wait(seconds):
            await virtual.skip_until(lambda: False, began_s + seconds, lambda: True)
            woken.append((seconds, round(virtual.loop.time() - began_s)))

        await asyncio.gather(wait(60), wait(20), wait(40))
        assert woken == [(20, 20), (40, 40), (60, 60)]

    run(work)


def test_a_terminal_that_thinks_stops_time():
    async def work(virtual):
        virtual.begin()
        virtual.loop.call_later(0.02, virtual.end)
        began_s = virtual.loop.time()
        await virtual.advance(1000)
        assert virtual.loop.time() - began_s >= 1000

    run(work)


def test_timers_that_are_over_are_not_kept():
    async def work(virtual):
        for _ in range(5 * DEAD):
            virtual.loop.call_later(1000, print).cancel()
        assert len(virtual.loop._due) <= 2 * DEAD

    run(work)


def test_a_hosts_clock_and_business_day_go_ahead(host: RunningHost, view: View):
    terminal = view.terminal()
    assert terminal.sign_on().ok
    before = view.clock.now
    view.clock.advance(timedelta(days=1))
    assert view.clock.now - before >= timedelta(days=1)
    assert terminal.sale("1.00").code == "77", "a sign-on holds for a day"


def test_a_silent_host_costs_no_real_time(view: View):
    terminal = view.terminal()
    with view.fault("silent", when={"service": "sale"}) as silent:
        began_s = time.monotonic()
        result = terminal.sale("12.00")
        assert time.monotonic() - began_s < 30, "the terminal waits a minute of its own time"
    assert (result.outcome, result.reversal, silent.applied) == (Outcome.NO_ANSWER, "done", 1)
    assert result.exchanges[-2].took_us >= 60_000_000


def test_a_late_reply_finds_no_one(view: View):
    terminal = view.terminal()
    terminal.sign_on()
    with view.fault("late", after="65s", when={"service": "sale"}):
        assert terminal.sale("12.00").reversal == "done"
        view.clock.advance("70s")
    assert view.host.transactions.of(terminal.tid)[-1].state == "reversed"
    assert view.find("sale").fault == "late"


def test_a_reply_that_is_late_and_still_in_time_is_taken(view: View):
    terminal = view.terminal()
    terminal.sign_on()
    with view.fault("late", after="45s"):
        result = terminal.sale("12.00")
    assert result.ok
    assert 45_000_000 <= result.exchange.took_us < 60_000_000


def test_what_is_held_past_its_deadline_is_not_booked(view: View):
    terminal = view.terminal()
    terminal.sign_on()
    view.expect("sale").reply(hold="61s").once()
    result = terminal.sale("12.00")
    assert result.failed
    assert [one.state for one in view.host.transactions.of(terminal.tid)] in ([], ["tombstone"])


def test_what_is_held_for_a_person_stops_time(view: View):
    terminal = view.terminal()
    terminal.sign_on()
    view.expect("sale").reply(hold="for a person").once()
    results = []
    selling = threading.Thread(target=lambda: results.append(terminal.sale("1.00")))
    selling.start()
    while not view.host.held:
        time.sleep(0.001)
    before = view.clock.now
    time.sleep(0.1)  # far longer than skipping a minute would take
    assert view.clock.now - before < timedelta(seconds=30)
    assert view.resume() == 1
    selling.join()
    assert results[0].ok


def test_two_terminals_wait_side_by_side(view: View):
    terminals = [view.terminal(), view.terminal()]
    for terminal in terminals:
        terminal.sign_on()
    results = {}
    with view.fault("silent", when={"service": "sale"}):
        threads = [
            threading.Thread(target=lambda one=one: results.update({one.tid: one.sale("1.00")})) for one in terminals
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [one.reversal for one in results.values()] == ["done", "done"]


def test_an_awaited_terminal_skips_time_too(view: View):
    async def conversation():
        terminal = view.async_terminal()
        with view.fault("silent", when={"service": "sale"}):
            result = await terminal.sale("12.00")
        await view.await_("reversal", code="00")
        return result

    assert asyncio.run(conversation()).reversal == "done"


def test_a_quiet_period_is_skipped(view: View):
    view.terminal().sign_on()
    before = view.clock.now
    assert view.verify("sale", count=0, for_="10s").met
    assert view.clock.now - before >= timedelta(seconds=10)


def test_beside_a_terminal_that_is_not_ours_nothing_is_skipped(view: View):
    ours = view.terminal(timeout="100ms")
    enrolled = view.enroll()
    with pytest.raises(LookupError, match=f"terminal {enrolled.tid} is not ours: its timers go on in real time"):
        view.clock.advance("1s")
    with view.fault("silent", when={"service": "sign_on"}):
        began_s = time.monotonic()
        assert ours.sign_on().outcome is Outcome.NO_ANSWER
        assert time.monotonic() - began_s >= 0.1


def test_a_clock_that_stands_is_set_ahead_too():
    with running_host(clock="2026-01-02T08:00:00") as host:
        assert f"{host.clock.now:%Y-%m-%d %H:%M:%S}" == "2026-01-02 08:00:00"
        host.clock.advance("90s")
        assert f"{host.clock.now:%H:%M:%S}" in ("08:01:30", "08:01:29")


@pytest.mark.slow
def test_a_hundred_hosts_leave_nothing_behind(open_files):
    with running_host():
        pass
    gc.collect()
    before = open_files(), threading.active_count()
    for _ in range(100):
        with running_host() as host:
            view = View(host)
            view.terminal().sign_on()
            view.close()
    gc.collect()
    assert (open_files(), threading.active_count()) == before
