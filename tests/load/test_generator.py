"""The generator treats any server alike and loses nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from acquirer.load.frames import sign_on_templates
from acquirer.load.generator import FrameTemplate, KeptConnections, run_fresh
from acquirer.settings.specs import load_dialect

TEMPLATES = [FrameTemplate(b"\x00\x08" + b"abc", bytes([n, n])) for n in range(4)]
"""Frames of eight bytes: abc, three bytes of STAN, two that tell the connection."""

AS_LONG_AS_IT_TAKES_S = 600


@contextmanager
def server(serve: Callable[[socket.socket], None]) -> Iterator[tuple[str, int]]:
    """`serve` is called with every accepted connection, in a thread of its own; all have ended when the block has."""
    accepted: list[tuple[socket.socket, threading.Thread]] = []

    def handle(sock: socket.socket) -> None:
        with suppress(OSError):  # the peer has gone, or the test is over
            serve(sock)

    def accept() -> None:
        while True:
            try:
                sock, _ = listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=handle, args=(sock,))
            accepted.append((sock, thread))
            thread.start()

    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield listening.getsockname()
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for sock, thread in accepted:
                with suppress(OSError):  # closed by its thread
                    sock.shutdown(socket.SHUT_RDWR)  # ends what its thread waits for
                thread.join()
                sock.close()


def echo(sock: socket.socket) -> None:
    while data := sock.recv(4096):
        for at in range(0, len(data), 4):  # in pieces: an answer may come in several
            sock.sendall(data[at : at + 4])


def hang_up(sock: socket.socket) -> None:
    sock.recv(4096)
    sock.close()


def test_kept_connections_exchange_as_often_as_wanted() -> None:
    with server(echo) as address:
        kept = KeptConnections(address, TEMPLATES)
        figures = kept.run(40, AS_LONG_AS_IT_TAKES_S, expect_bytes=10)
        kept.close()
    assert (figures.answered, figures.unexpected, figures.failed, figures.unanswered) == (40, 0, 0, 0)
    assert len(figures.latencies_s) == 40
    assert {slot: reply[-2:] for slot, reply in kept.replies.items()} == {n: bytes([n, n]) for n in range(4)}
    stans = [int(reply[5:8].hex()) for reply in kept.replies.values()]
    assert len(set(stans)) == 4


def test_answers_of_another_size_are_counted() -> None:
    with server(echo) as address:
        kept = KeptConnections(address, TEMPLATES[:1])
        figures = kept.run(3, AS_LONG_AS_IT_TAKES_S, expect_bytes=11)
        kept.close()
    assert (figures.answered, figures.unexpected) == (3, 3)


def test_connections_that_end_are_counted() -> None:
    with server(hang_up) as address:
        kept = KeptConnections(address, TEMPLATES)
        figures = kept.run(100, AS_LONG_AS_IT_TAKES_S, expect_bytes=10)
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
        figures = run_fresh(address, TEMPLATES, at_once=5, count=30, seconds=AS_LONG_AS_IT_TAKES_S, expect_bytes=10)
    assert (figures.answered, figures.unexpected, figures.failed, figures.unanswered) == (30, 0, 0, 0)
    assert len(accepted) == 30


def test_fresh_connections_that_are_refused_or_hung_up_are_counted() -> None:
    with server(hang_up) as address:
        figures = run_fresh(address, TEMPLATES, at_once=3, count=6, seconds=AS_LONG_AS_IT_TAKES_S, expect_bytes=10)
    assert (figures.answered, figures.failed) == (0, 6)
    assert run_fresh(address, TEMPLATES, at_once=3, count=6, seconds=AS_LONG_AS_IT_TAKES_S, expect_bytes=10).failed == 6


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
