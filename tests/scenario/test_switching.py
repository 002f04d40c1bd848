"""Faults that change while requests pass: every exchange is under exactly one generation."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from random import Random
from typing import Any

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


SELL = """
import json, socket, sys
from acquirer.load.terminals import signed_on
from acquirer.settings.specs import load_dialect
from acquirer.settings.terminals import demo_terminals

port, first, peers, rounds, together = map(int, sys.argv[1:])
dialect = load_dialect("unionpay-pos")
tids = [str(first + number) for number in range(peers)]
terminals = signed_on(("127.0.0.1", port), dialect, tids, "880210010210162", "258FB0AB70D025CDB99DF2C4D302D646")
stans = [[f"{at * together + one + 1:06}" for one in range(together)] for at in range(rounds)]
bursts = [[b"".join(terminal.sale(stan) for stan in burst) for terminal in terminals] for burst in stans]
lines = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in terminals]
files = [line.makefile("rb") for line in lines]
print("ready", flush=True)
sys.stdin.readline()
frames = []
for burst in bursts:
    for line, data in zip(lines, burst):
        line.sendall(data)
    for replies in files:
        frames += [replies.read(int.from_bytes(replies.read(2), "big")) for _ in range(together)]
for frame in frames:
    message = dialect.decode(frame)
    print(json.dumps([message.fields[41], message.fields[11], message.mti, message.fields[39], message.fields[37]]))
"""
"""Terminals that sell without a pause, each with many sales under way; then what they were answered."""

RULES: tuple[dict[str, Any], ...] = (
    {"name": "poor", "when": {"service": "sale"}, "then": {"code": "51"}, "priority": 3},
    {"name": "over limit", "when": {"service": "sale", "tid": "2000000*"}, "then": {"code": "61"}, "priority": 2},
    {"name": "vip", "when": {"service": "sale", "stan": "*5"}, "then": {"code": "11"}, "priority": 1},
)
FAULTS = ("wrong_mti:service=sale,to=0410", "wrong_rrn:service=sale,to=999999999999", "wrong_mac:service=sale,code=00")


@dataclass
class ActiveSet:
    """The rules and faults of one generation, by name."""

    rules: frozenset[str] = frozenset()
    faults: frozenset[str] = frozenset()

    def effects(self, tid: str, stan: str) -> tuple[str, str, str]:
        """Return rule, code and faults of a sale."""
        fitting = {"poor": True, "over limit": tid < "20000010", "vip": stan.endswith("5")}
        fired = [rule for rule in RULES if rule["name"] in self.rules and fitting[rule["name"]]]
        name, code = min(((one["priority"], one["name"], one["then"]["code"]) for one in fired), default=(9, "", "00"))[
            1:
        ]
        acting = self.faults if code == "00" else self.faults - {"wrong_mac"}
        return name, code, ", ".join(name for name in ("wrong_mti", "wrong_rrn", "wrong_mac") if name in acting)


def change(host: RunningHost, before: ActiveSet, random: Random) -> tuple[int, ActiveSet]:
    """Add or remove one rule, or one to three faults at once; return the generation and what it is."""
    rules, faults = set(before.rules), set(before.faults)
    if random.random() < 0.5:
        rule = random.choice(RULES)
        name = str(rule["name"])
        number = host.rules.remove(name) if name in rules else host.rules.add(rule)
        rules ^= {name}
    elif faults:
        number = host.faults.clear()
        faults.clear()
    else:
        chosen = random.sample(FAULTS, random.randint(1, 3))
        number = host.faults.add(*sorted(chosen, key=FAULTS.index))
        faults = {text.partition(":")[0] for text in chosen}
    return number, ActiveSet(frozenset(rules), frozenset(faults))


def sell_under_change(peers: int, rounds: int, together: int, seed: int) -> None:
    """Let terminals sell while rules and faults are switched; check each exchange against what was in force."""
    numbers = (20000001, peers, rounds, together)
    random = Random(seed)
    with running_host() as host:
        in_force = {0: ActiveSet()}
        command = [sys.executable, "-c", SELL, str(host.port), *map(str, numbers)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as load:
            assert load.stdin is not None
            assert load.stdout is not None
            assert load.stdout.readline() == "ready\n"
            output: list[str] = []
            reading = threading.Thread(target=lambda: output.append(load.stdout.read()))
            reading.start()
            began_s = time.perf_counter()
            load.stdin.write("\n")
            load.stdin.flush()
            state, number, sold = in_force[0], 0, 0
            while sold < peers * rounds * together:
                number, state = change(host, state, random)
                in_force[number] = state
                sold = host.counters["frames"] - peers  # without sign-ons
            seconds = time.perf_counter() - began_s
            reading.join(timeout=60)
        answers = {(tid, stan): rest for tid, stan, *rest in map(json.loads, output[0].splitlines())}
        entries = host.journal.list(service="sale")
    print(f"{sold} sales, {number} changes, {sold / seconds:.0f} sales a second")
    assert len(entries) == len(answers) == sold
    assert sorted(in_force) == list(range(number + 1))
    last: dict[str, int] = {}
    for entry in entries:
        expected = in_force[entry.generation]
        assert (entry.rule, entry.code, entry.fault) == expected.effects(entry.tid, entry.stan)
        mti, code, rrn = answers[entry.tid, entry.stan]
        assert code == entry.code
        assert (mti == "0410") == ("wrong_mti" in expected.faults)
        assert (rrn == "999999999999") == ("wrong_rrn" in expected.faults)
        assert last.get(entry.tid, 0) <= entry.generation
        last[entry.tid] = entry.generation
    assert len({entry.generation for entry in entries}) > 1


@pytest.mark.slow
def test_each_sale_is_under_one_set_of_rules_and_faults() -> None:
    sell_under_change(peers=8, rounds=8, together=16, seed=1)


@pytest.mark.slow
def test_and_at_load() -> None:
    """Some 2 000 sales a second where there are two processors."""
    sell_under_change(peers=32, rounds=60, together=16, seed=2)


def test_a_fault_that_contradicts_one_in_force_is_refused_and_nothing_changes() -> None:
    with running_host(fault=["silent:service=sale"]) as host:
        with pytest.raises(ValueError, match="contradict each other"):
            host.faults.add("duplicate")
        assert host.faults.acted() == {"silent": 0}
        assert host.faults.clear() == 1
        assert host.faults.add("duplicate") == 2
