"""Faults that change while requests pass: every exchange is under exactly one generation."""

from __future__ import annotations

import socket
import threading

import pytest

from acquirer.settings.specs import load_dialect
from acquirer.testing import RunningHost, running_host

DIALECT = load_dialect("unionpay-pos")
ECHO = next(bytes.fromhex(s.hex) for s in DIALECT.samples if s.title == "echo test")
TOGETHER = 32


def exchange(host: RunningHost, rounds: int, damaged: list[bool]) -> None:
    """Send echo tests, many at once; note which replies have another message type."""
    with socket.create_connection((host.host, host.port), timeout=30) as sock, sock.makefile("rb") as replies:
        for _ in range(rounds):
            sock.sendall(ECHO * TOGETHER)
            for _ in range(TOGETHER):
                frame = replies.read(int.from_bytes(replies.read(2), "big"))
                damaged.append(DIALECT.decode(frame).mti != "0830")


def count_under_change(rounds: int, peers: int) -> int:
    """Let peers send requests while a fault is switched on and off; return how often it was switched."""
    with running_host() as host:
        damaged: list[bool] = []
        threads = [threading.Thread(target=exchange, args=(host, rounds, damaged)) for _ in range(peers)]
        for thread in threads:
            thread.start()
        generation = 0
        while any(thread.is_alive() for thread in threads):
            generation = host.faults.add("wrong_mti:to=0210,service=echo")
            assert generation % 2 == 1
            assert host.faults.remove("wrong_mti") == generation + 1
        for thread in threads:
            thread.join()
        entries = host.journal.list(service="echo")
        assert len(entries) == len(damaged) == rounds * peers * TOGETHER
        assert all((entry.fault == "wrong_mti") == (entry.generation % 2 == 1) for entry in entries)
        assert sum(damaged) == sum(entry.fault == "wrong_mti" for entry in entries)
        numbers = [entry.generation for entry in entries]
        assert max(numbers) <= generation + 1
        assert len(set(numbers)) > 1
        return generation


def test_every_exchange_is_under_one_generation() -> None:
    assert count_under_change(rounds=4, peers=2) > 1


@pytest.mark.slow
def test_and_at_load() -> None:
    assert count_under_change(rounds=60, peers=4) > 10


def test_a_fault_that_contradicts_one_in_force_is_refused_and_nothing_changes() -> None:
    with running_host(fault=["silent:service=sale"]) as host:
        with pytest.raises(ValueError, match="contradict each other"):
            host.faults.add("duplicate")
        assert host.faults.acted() == {"silent": 0}
        assert host.faults.clear() == 1
        assert host.faults.add("duplicate") == 2
