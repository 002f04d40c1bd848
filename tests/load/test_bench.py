"""The generator treats any server alike and loses nothing; the bench measures what it says."""

from __future__ import annotations

import argparse
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from acquirer.load import bench
from acquirer.load.frames import sign_on_templates
from acquirer.load.generator import Kept, Template, fresh
from acquirer.settings.specs import load_dialect

TEMPLATES = [Template(b"\x00\x08" + b"abc", bytes([n, n])) for n in range(4)]
"""Frames of eight bytes: abc, three bytes of STAN, two that tell the connection."""


@contextmanager
def server(serve: Callable[[socket.socket], None]) -> Iterator[tuple[str, int]]:
    """`serve` is called with every accepted connection, in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        open_: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    sock, _ = listening.accept()
                except OSError:
                    return
                open_.append(sock)
                threading.Thread(target=serve, args=(sock,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for sock in open_:
                sock.close()


def echo(sock: socket.socket) -> None:
    try:
        while data := sock.recv(4096):
            for at in range(0, len(data), 4):  # in pieces: an answer may come in several
                sock.sendall(data[at : at + 4])
    except OSError:
        pass


def hang_up(sock: socket.socket) -> None:
    sock.recv(4096)
    sock.close()


def test_kept_connections_exchange_as_often_as_asked() -> None:
    with server(echo) as address:
        kept = Kept(address, TEMPLATES)
        figures = kept.run(40, 5, expect_bytes=10)
        kept.close()
    assert (figures.answered, figures.wrong, figures.failed, figures.unanswered) == (40, 0, 0, 0)
    assert len(figures.latencies_s) == 40
    assert {slot: reply[-2:] for slot, reply in kept.replies.items()} == {n: bytes([n, n]) for n in range(4)}
    stans = [int(reply[5:8].hex()) for reply in kept.replies.values()]
    assert len(set(stans)) == 4


def test_answers_of_another_size_are_told() -> None:
    with server(echo) as address:
        kept = Kept(address, TEMPLATES[:1])
        figures = kept.run(3, 5, expect_bytes=11)
        kept.close()
    assert (figures.answered, figures.wrong) == (3, 3)


def test_connections_that_end_are_told() -> None:
    with server(hang_up) as address:
        kept = Kept(address, TEMPLATES)
        figures = kept.run(100, 5, expect_bytes=10)
        kept.close()
    assert (figures.answered, figures.failed) == (0, 4)


def test_fresh_connections_are_one_for_each_exchange() -> None:
    accepted: list[int] = []

    def count(sock: socket.socket) -> None:
        accepted.append(sock.fileno())
        data = sock.recv(4096)
        sock.sendall(data)
        sock.recv(1)

    with server(count) as address:
        figures = fresh(address, TEMPLATES, at_once=5, count=30, seconds=5, expect_bytes=10)
    assert (figures.answered, figures.wrong, figures.failed, figures.unanswered) == (30, 0, 0, 0)
    assert len(accepted) == 30


def test_fresh_connections_that_are_refused_or_hung_up_are_told() -> None:
    with server(hang_up) as address:
        figures = fresh(address, TEMPLATES, at_once=3, count=6, seconds=5, expect_bytes=10)
    assert (figures.answered, figures.failed) == (0, 6)
    assert fresh(address, TEMPLATES, at_once=3, count=6, seconds=5, expect_bytes=10).failed == 6


def test_templates_are_sign_ons_of_one_terminal_each() -> None:
    dialect = load_dialect("unionpay-pos")
    templates, mid = sign_on_templates(dialect, 3)
    for n, template in enumerate(templates):
        message = dialect.decode(template.frame(bytes.fromhex("000042"))[2:])
        assert (dialect.text(message, "tid"), dialect.text(message, "mid")) == (str(30_000_001 + n), mid)
        assert dialect.text(message, "stan") == "000042"
        route = dialect.route(message)
        assert route is not None
        assert route.service == "sign_on"


def test_the_bench_books_everything_it_counts(capsys: pytest.CaptureFixture[str]) -> None:
    options = argparse.Namespace(
        seconds=5.0, rounds=1, connections=20, count=200, log="json", store="sqlite", uploads=10
    )
    bench.run(options)
    told = capsys.readouterr().out
    assert "LOST" not in told
    for kind in ("kept", "fresh"):
        assert re.search(rf"^{kind}: [\d,]+ sign-ons/s, echo [\d,]+/s, ratio [\d.]+ \(mark", told, re.MULTILINE)
    assert re.search(r"^uploads: 10 at once, p50 [\d.]+ ms, .* alone [\d,]+/s, ratio [\d.]+ \(mark", told, re.MULTILINE)
    assert re.search(r"^pictures of all signatures were made [\d.]+ s after", told, re.MULTILINE)
    assert "831 exchanges are in the journal" in told, "one to begin with, 200 kept, 200 fresh, 400 beside 10 × 3"
