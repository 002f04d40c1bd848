"""A host in a test: ready, observable, gone without a trace; several at once."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import socket
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from acquirer.app.terminal import AsyncTerminal, Terminal
from acquirer.data.toml import DataError
from acquirer.model.rows import Transaction, TransactionKey
from acquirer.net.server import BindError
from acquirer.settings.config import make_config
from acquirer.settings.specs import load_dialect
from acquirer.store import StoreError, open_reader
from acquirer.store.purge import KEEP_DAYS
from acquirer.store.schema import TRANSACTION
from acquirer.store.transaction_rows import TransactionRows
from acquirer.terminal.exchange import Outcome
from acquirer.testing import RunningHost, running_host

DIALECT = load_dialect("unionpay-pos")
SIGN_ON = next(bytes.fromhex(s.hex) for s in DIALECT.samples if "sign-on request" in s.title)


@contextmanager
def peer(host: RunningHost) -> Iterator[socket.socket]:
    with socket.create_connection((host.host, host.port), timeout=120) as sock:
        yield sock


def receive(sock: socket.socket) -> bytes:
    size = int.from_bytes(sock.recv(2, socket.MSG_WAITALL), "big")
    return sock.recv(size, socket.MSG_WAITALL)


def ask(host: RunningHost, wire: bytes = SIGN_ON) -> bytes:
    with peer(host) as sock:
        sock.sendall(wire)
        return receive(sock)


def test_the_published_sign_on_request_gets_a_reply_of_the_published_bitmap() -> None:
    with running_host() as host:
        reply = ask(host)
        message = DIALECT.decode(reply)
        assert (message.mti, DIALECT.text(message, "code")) == ("0810", "00")
        assert reply[13:21].hex().upper() == "003800010AC00014"
        entry = host.journal.find(tid="10000161", service="sign_on", code="00")
        assert "new keys in package 003" in entry.why
        assert host.terminals["10000161"][1].current is not None
        assert host.store_url == "memory:"


def test_the_same_seed_and_clock_give_the_same_reply() -> None:
    def reply(seed: int) -> bytes:
        with running_host(seed=seed, clock="2026-01-02T03:04:05") as host:
            return ask(host)

    first = reply(7)
    assert first == reply(7)
    assert first != reply(8)
    message = DIALECT.decode(first)
    assert (DIALECT.text(message, "date"), DIALECT.text(message, "time")) == ("0102", "030405")


def test_two_hosts_in_one_process_know_nothing_of_each_other() -> None:
    with running_host() as one, running_host() as other:
        assert one.port != other.port
        ask(one)
        ask(other)
        ask(other)
        assert (len(one.journal.list()), len(other.journal.list())) == (1, 2)


def test_several_listeners_share_one_store() -> None:
    with running_host(listen=["127.0.0.1:0", "localhost:0=unionpay-pos"]) as host:
        assert len(host.addresses) == 2
        name, _, port = host.addresses[1].rpartition(":")
        with socket.create_connection((name.strip("[]"), int(port)), timeout=120) as sock:
            sock.sendall(SIGN_ON)
            receive(sock)
        ask(host)
        assert len(host.journal.list(tid="10000161")) == 2


def test_a_declared_fault_answers_nothing_and_is_journalled() -> None:
    with running_host(fault=["silent:tid=10000161,count=1"]) as host, peer(host) as sock:
        sock.sendall(SIGN_ON * 2)
        assert DIALECT.decode(receive(sock)).mti == "0810"
        assert [entry.fault for entry in host.journal.list()] == ["silent", ""]
        assert host.journal.wait(delivery="withheld").id == 1


def test_lines_go_where_they_are_wanted() -> None:
    log = io.StringIO()
    with running_host(log=log) as host:
        ask(host)
        ask(host, SIGN_ON)
        with peer(host) as sock:
            sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
            with suppress(ConnectionResetError):
                assert sock.recv(1) == b""
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["exchange", "exchange", "exchange", "stopped"]
    assert lines[0]["tid"] == "10000161"
    assert lines[2]["reason"] == "not-iso8583"
    assert (lines[3]["exchanges"], lines[3]["closed_not_iso8583"]) == (2, 1)


def test_a_store_on_disk_outlives_its_host(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/host.db"
    with running_host(store=url) as host:
        ask(host)
        with pytest.raises(StoreError, match="in use by process"), running_host(store=url):
            pass
    with running_host(store=url) as host:
        ask(host)
        assert [entry.code for entry in host.journal.list()] == ["00", "00"]
        assert host.terminals["10000161"][1].current.number == 2


def test_errors_are_raised_before_anything_listens(tmp_path: Path) -> None:
    cases: list[tuple[type[Exception], str, dict[str, Any]]] = [
        (DataError, "no dialect of this name", {"dialect": "martian"}),
        (DataError, r"'x' is not an address", {"listen": "x"}),
        (DataError, "IPv6 address stands in brackets", {"listen": "::1:0"}),
        (DataError, "nowhere to listen", {"listen": []}),
        (DataError, "loopback only", {"listen": "0.0.0.0:0", "seed": 1}),
        (DataError, "cannot be read", {"terminals": tmp_path / "none.toml"}),
        (DataError, "cannot be read", {"cards": tmp_path / "none.toml"}),
        (DataError, "unknown kind 'slient'; did you mean 'silent'", {"fault": "slient:"}),
        (DataError, r"none\.toml: cannot be read", {"fault": str(tmp_path / "none.toml")}),
        (StoreError, "unsupported store", {"store": "mysql:"}),
        (BindError, "cannot listen on 192.0.2.1:0", {"listen": "192.0.2.1:0"}),
        (TypeError, "^a host has no setting 'nonsense'$", {"nonsense": 1}),
        (TypeError, "^a host has no setting 'lisen'; did you mean 'listen'[?]$", {"lisen": "127.0.0.1:0"}),
        (DataError, "^idle_s: '-1' is out of range; write a number of seconds above 0 and", {"idle_s": -1}),
        (DataError, "^listen: '5' is neither a text nor a list of texts; ", {"listen": 5}),
    ]
    for kind, sentence, settings in cases:
        with pytest.raises(kind, match=sentence), running_host(**settings):
            pass


@pytest.mark.parametrize(("settings", "kept"), [({"keep_days": 1}, False), ({"keep_days": 3}, True), ({}, True)])
def test_transactions_are_kept_for_the_days_of_a_setting(tmp_path: Path, settings: dict[str, Any], kept: bool) -> None:
    database = tmp_path / "host.db"
    store = f"sqlite:///{database}"
    with running_host(store=store, clock="2026-01-10T12:00:00") as host:
        ask(host)
        now_us = host.journal.list()[0].at_us
    key = TransactionKey("880210010210162", "10000161", "000099", "000001")  # of a batch that is closed
    with closing(sqlite3.connect(database)) as connection, connection:
        old = Transaction(key, used_us=now_us - 2 * 24 * 3600 * 1_000_000)
        TransactionRows().write(connection.cursor(), [TRANSACTION.pack(old)])
    with running_host(store=store, clock="2026-01-10T12:00:00", **settings) as host:
        ask(host)
    with open_reader(store) as reader:  # closed by now: what follows a commit is done
        assert [one.key for one in reader.transactions()] == [key] * kept
    assert make_config().keep_days == KEEP_DAYS


def test_faults_may_stand_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text('[[fault]]\nname = "tunnel"\nkind = "silent"\ntid = "10000161"\ncount = 1\n')
    with running_host(fault=[str(path)]) as host, peer(host) as sock:
        sock.sendall(SIGN_ON * 2)
        receive(sock)
        assert host.journal.list()[0].fault == "tunnel"


@pytest.mark.slow
def test_nothing_stays_behind(tmp_path: Path, open_files: Callable[[], Counter[str]]) -> None:
    def left() -> tuple[int, Counter[str]]:
        gc.collect()
        return threading.active_count(), open_files()

    before = left()
    for _ in range(3):
        with running_host(store=f"sqlite:///{tmp_path}/host.db", log=io.StringIO()) as host:
            ask(host)
            lingering = socket.create_connection((host.host, host.port), timeout=120)
        assert lingering.recv(1) == b"", "the host closed what was open"
        lingering.close()
    assert left() == before


def test_many_terminals_at_once_are_each_answered_once(tmp_path: Path) -> None:
    path = tmp_path / "terminals.toml"
    path.write_text(
        '[[terminal]]\ntid = "30000001..30000100"\nmid = "880210010210162"\ntmk = "258FB0AB70D025CDB99DF2C4D302D646"\n'
    )
    request = DIALECT.decode(SIGN_ON[2:])
    with running_host(terminals=path, store=f"sqlite:///{tmp_path}/host.db") as host:
        sockets = []
        for n in range(100):
            fields = dict(request.fields)
            DIALECT.put(fields, "tid", f"{30000001 + n}")
            sock = socket.create_connection((host.host, host.port), timeout=120)
            sock.sendall(DIALECT.framing.wrap(DIALECT.encode("0800", fields)))
            sockets.append(sock)
        for n, sock in enumerate(sockets):
            reply = DIALECT.decode(receive(sock))
            assert (DIALECT.text(reply, "tid"), DIALECT.text(reply, "code")) == (f"{30000001 + n}", "00")
            sock.close()
        entries = host.journal.list(code="00")
        assert len(entries) == 100
        assert len({entry.rrn for entry in entries}) == 100


def test_a_repeat_after_a_reset_finds_what_was_decided() -> None:
    with running_host() as host:
        with peer(host) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            sock.sendall(SIGN_ON)
        entry = host.journal.wait(tid="10000161")
        assert entry.code == "00"
        end_s = time.monotonic() + 120
        while host.counters["frames"] < 1 and time.monotonic() < end_s:
            time.sleep(0.001)
        assert DIALECT.text(DIALECT.decode(ask(host)), "code") == "00"


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "not-iso8583"),
        (bytes.fromhex("16030100a5010000a10303"), "not-iso8583"),
        (b"\xff\xff\x60", "too-long"),
        (b"\x00\x05HELLO", "short-frame"),
    ],
)
def test_bytes_that_are_no_frames_are_journalled_with_their_reason(wire: bytes, reason: str) -> None:
    with running_host() as host:
        with peer(host) as sock:
            sock.sendall(wire)
            assert sock.recv(1) == b""
        entry = host.journal.wait(reason=reason)
        assert entry.why
        assert (entry.tid, entry.code) == ("", "")


@pytest.mark.slow
@pytest.mark.parametrize("card", ["standard", "balance"])
def test_one_card_in_many_terminals_at_once_is_booked_every_time(card: str) -> None:
    """Terminals that share a row wait a moment for each other, and never hear that the host is in trouble."""
    tills = [f"{20000001 + i}" for i in range(20)]

    async def sell() -> list[str]:
        terminals = [AsyncTerminal(tid, host=host.address, state=None) for tid in tills]
        results = await asyncio.gather(*(one.sale("10.00", card, entry="magstripe") for one in terminals))
        for one in terminals:
            await one.close()
        return [result.code for result in results]

    with running_host() as host:
        assert asyncio.run(sell()) == ["00"] * len(tills)
        assert sum(one.amount_minor for one in host.transactions if one.state == "approved") == 20 * 1000


def test_a_right_mac_in_one_dialect_is_one_for_the_terminal() -> None:
    dialects = ("unionpay-pos", "iso8583-1987-ascii")
    with running_host(listen=[f"127.0.0.1:0={name}" for name in dialects]) as host:
        first, second = [
            Terminal("10000161", host=at, dialect=name) for at, name in zip(host.addresses, dialects, strict=True)
        ]
        with first, second:
            for _ in range(3):
                first.sign_on()
                second.sign_on()
                assert second.sale("1.00").outcome is Outcome.APPROVED
        assert not any("tmk-may-differ" in note for entry in host.journal.list() for note in entry.notes)
