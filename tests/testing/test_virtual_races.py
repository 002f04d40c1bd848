"""Time that is skipped beside what is at work: other terminals, tests that wait, proxies, hosts that end, Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from acquirer.process.virtual_time import VirtualClock, VirtualLoop, VirtualTime
from acquirer.terminal.exchange import Outcome
from acquirer.testing import RunningHost, View, running_host


@contextmanager
def slow_proxy(host: RunningHost, delay_s: float) -> Iterator[str]:
    """Run a proxy before a host, which passes on what it reads after a while of real time; yield its address."""

    def pass_on(source: socket.socket, to: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(4096):
                time.sleep(delay_s)
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)

    def serve() -> None:
        with suppress(OSError):
            while True:
                near, _ = listening.accept()
                with near, socket.create_connection((host.host, host.port)) as far:
                    back = threading.Thread(target=pass_on, args=(far, near))
                    back.start()
                    pass_on(near, far)
                    back.join()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=serve)
        serving.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        serving.join()


def wait_until_held(host: RunningHost) -> None:
    while not host.held:
        time.sleep(0.001)


def test_behind_a_proxy_no_time_is_skipped(view: View):
    with slow_proxy(view.host, 0.02) as address:
        terminal = view.terminal(host=address)
        assert terminal.sign_on().ok
        assert terminal.sale("1.00").ok


def test_a_terminal_of_another_host_waits_in_real_time(view: View):
    with running_host() as other:
        assert view.terminal(host=other.address).sign_on().code == "97", "it does not know this terminal, and says so"


def test_a_test_that_waits_skips_nothing_while_a_terminal_thinks(view: View):
    view.host.clock.time.begin()  # as a terminal does that computes a MAC, or connects
    began_s = time.monotonic()
    with pytest.raises(AssertionError):
        view.wait("sale", timeout="100ms")
    assert time.monotonic() - began_s >= 0.1
    view.host.clock.time.end()


def test_what_is_on_its_way_to_another_stops_time():
    async def work(virtual: VirtualTime) -> None:
        on_its_way = [True]
        began_s = time.monotonic()
        arrived_s = []

        def arrive() -> None:
            arrived_s.append(time.monotonic() - began_s)
            on_its_way.clear()

        virtual.begin()
        virtual.begin()
        end_s = virtual.loop.time() + 1000
        virtual.loop.call_later(0.05, arrive)
        await asyncio.gather(
            virtual.skip_until(lambda: False, end_s, lambda: True),
            virtual.skip_until(lambda: False, end_s, lambda: not on_its_way),
        )
        assert arrived_s[0] >= 0.04, "in real time"

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        runner.run(work(VirtualTime(loop, VirtualClock(), lambda: True)))


@pytest.mark.parametrize("keep_open", [False, True])
def test_an_awaited_operation_that_is_cancelled_leaves_the_line_to_the_next(view: View, keep_open: bool):
    async def conversation() -> None:
        terminal = view.async_terminal(keep_open=keep_open)
        assert (await terminal.sign_on()).ok
        view.expect("sale", amount="1.00").reply(hold="for a person").once()
        selling = asyncio.create_task(terminal.sale("1.00"))
        await asyncio.to_thread(wait_until_held, view.host)
        selling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await selling
        assert not view.host.clock.time._waits
        view.resume()
        assert (await terminal.sale("2.00")).ok

    asyncio.run(conversation())


def test_a_host_that_ends_ends_the_wait_of_a_terminal():
    results = []
    with running_host() as host:
        view = View(host)
        terminal = view.terminal()
        assert terminal.sign_on().ok
        view.expect("sale").reply(hold="for a person").once()
        selling = threading.Thread(target=lambda: results.append(terminal.sale("1.00")))
        selling.start()
        wait_until_held(host)
    selling.join()
    assert len(results) == 1
    assert terminal.echo().outcome is Outcome.NOT_SENT, "and later ones find no host"
    view.close()


def test_an_interrupted_wait_is_over(view: View):
    terminal = view.terminal()
    assert terminal.sign_on().ok
    view.expect("sale").reply(hold="for a person").once()
    main = threading.get_ident()

    def interrupt() -> None:
        wait_until_held(view.host)
        signal.pthread_kill(main, signal.SIGINT)

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    with pytest.raises(KeyboardInterrupt):
        terminal.sale("1.00")
    interrupting.join()
    assert view.resume() == 1
    assert terminal.sale("2.00").ok
    assert not view.host.clock.time._waits
