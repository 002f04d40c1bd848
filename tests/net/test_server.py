"""How a listener treats its peers, over real sockets: rows A1 to A13 and J1, J6."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from acquirer.net.connection import Connection
from acquirer.net.limits import TCP_OPTIONS, Limits
from acquirer.net.reactor import running_reactor
from acquirer.net.server import BindError, Server

Serve = Callable[..., Any]
FRAME = bytes(range(40))
HANGS_S = 600  # no busy machine makes anything here take so long


@contextmanager
def thread(work: Callable[[], object], stop: Callable[[], object]) -> Iterator[None]:
    """A thread for the time of a block; `stop` makes `work` end."""
    running = threading.Thread(target=work)
    running.start()
    try:
        yield
    finally:
        stop()
        running.join()


def test_a_frame_is_answered(serve: Serve) -> None:
    peer = serve().peer()
    peer.send(FRAME)
    assert peer.receive() == FRAME


def test_length_zero_keeps_the_connection_alive_and_is_not_answered(serve: Serve) -> None:
    trial = serve()
    peer = trial.peer()
    peer.send(b"", b"", FRAME)
    assert peer.receive() == FRAME
    assert trial.call(lambda: trial.server.counters.keep_alives) == 2


def test_a_flood_of_keep_alives_is_ended(serve: Serve) -> None:
    trial = serve(keep_alives_per_minute=10)
    peer = trial.peer()
    peer.send(*[b""] * 10)
    assert peer.ended() == "fin"
    assert trial.closes() == {"keep-alive-flood": 1}


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"\xff\xff", "too-long"),
        (b"\x20\x01", "too-long"),
        (b"\x00\x03abc", "short-frame"),
        (b"GET / HTTP/1.1\r\nHost: here\r\n\r\n", "not-iso8583"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "not-iso8583"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not-iso8583"),
    ],
)
def test_what_is_no_frame_is_closed_at_once_with_a_reason(serve: Serve, sent: bytes, reason: str) -> None:
    trial = serve()
    peer = trial.peer()
    peer.socket.sendall(sent)  # and nothing more: the server waits for no body
    assert peer.ended() in ("fin", "rst")
    assert trial.closes() == {reason: 1}
    assert [found for found, _ in trial.watcher.refusals] == [reason]


def test_the_longest_frame_is_taken(serve: Serve) -> None:
    peer = serve().peer()
    peer.send(bytes(8192))
    assert peer.receive() == bytes(8192)


def test_pieces_of_one_byte_are_a_frame(serve: Serve) -> None:
    peer = serve().peer()
    for byte in b"\x00\x28" + FRAME:
        peer.socket.send(bytes([byte]))
    assert peer.receive() == FRAME


def test_two_frames_in_one_segment_are_answered_in_order(serve: Serve) -> None:
    peer = serve().peer()
    peer.send(FRAME, FRAME[::-1])
    assert (peer.receive(), peer.receive()) == (FRAME, FRAME[::-1])


def test_every_cut_of_two_frames_gives_the_same(serve: Serve) -> None:
    trial = serve()
    stream = b"\x00\x28" + FRAME + b"\x00\x04abcd"
    for cut in range(1, len(stream)):
        peer = trial.peer()
        peer.socket.sendall(stream[:cut])
        if cut >= 42:
            assert peer.receive() == FRAME
        peer.socket.sendall(stream[cut:])
        if cut < 42:
            assert peer.receive() == FRAME
        assert peer.receive() == b"abcd"
        peer.socket.close()


def test_a_frame_that_never_ends_is_given_up_however_it_trickles(serve: Serve) -> None:
    trial = serve(frame_s=0.2)
    peer = trial.peer()
    peer.socket.sendall(b"\x20\x00")
    over = threading.Event()

    def drip() -> None:
        with suppress(OSError):  # closed by the server
            while not over.wait(0.02):
                peer.socket.send(b"\x00")

    with thread(drip, over.set):
        peer.ended()
    assert trial.closes() == {"frame-timeout": 1}


def test_silence_is_ended_sooner_for_strangers_than_for_those_approved_of(serve: Serve) -> None:
    def receive(connection: Connection, frame: bytes) -> None:
        connection.known()
        connection.send(frame)
        connection.done()

    trial = serve(receive, idle_s=0.1, idle_known_s=60)
    clock = [1000.0]
    trial.set_clock(lambda: clock[0])
    known, stranger = trial.peer(), trial.peer()
    known.send(FRAME)
    assert known.receive() == FRAME
    trial.until(lambda: len(trial.server.connections) == 2)
    clock[0] += 0.2
    assert stranger.ended() == "fin"
    assert trial.closes() == {"idle": 1}
    known.send(FRAME)
    assert known.receive() == FRAME


def test_what_was_read_of_a_connection_that_is_closed_since_goes_nowhere(serve: Serve) -> None:
    received: list[bytes] = []

    def receive(connection: Connection, frame: bytes) -> None:
        received.append(frame)
        connection.done()

    trial = serve(receive)
    peer = trial.peer()
    trial.until(lambda: trial.server.connections)
    [connection] = trial.server.connections

    def read_and_closed() -> None:
        connection.close("not-reading", hard=True)
        connection.dataReceived(connection.listener.wrap(FRAME))

    trial.call(read_and_closed)
    assert peer.ended() == "rst"
    assert received == []


def test_a_frame_that_comes_while_another_one_waits_for_its_turn_stands_behind_it(serve: Serve) -> None:
    received: list[bytes] = []

    def receive(connection: Connection, frame: bytes) -> None:
        received.append(frame)
        connection.done()

    trial = serve(receive)
    trial.peer()
    trial.until(lambda: trial.server.connections)
    [connection] = trial.server.connections
    first, second, third = (bytes([number]) * 40 for number in (1, 2, 3))

    def read_twice() -> None:
        wrap = connection.listener.wrap
        connection.dataReceived(wrap(first) + wrap(second))
        connection.dataReceived(wrap(third))

    trial.call(read_twice)
    trial.until(lambda: len(received) == 3)
    assert received == [first, second, third]


def test_a_keep_alive_restarts_the_idle_time(serve: Serve) -> None:
    trial = serve()
    peer = trial.peer()
    trial.until(lambda: trial.server.connections)
    connection = next(iter(trial.server.connections))
    then_s = trial.call(lambda: connection.touched_s) + 1000
    assert trial.call(lambda: connection.overdue(then_s)) == "idle"
    trial.set_clock(lambda: then_s)
    peer.send(b"")
    trial.until(lambda: trial.server.counters.keep_alives)
    assert trial.call(lambda: connection.overdue(then_s + 59)) == ""


def test_time_outs_count_from_the_byte_not_from_the_sweep_before_it(serve: Serve) -> None:
    trial = serve(frame_s=10.0, idle_s=3.0)
    clock_s = 5000.9  # where no sweep ever stood
    trial.set_clock(lambda: clock_s)
    slow, _silent = trial.peer(), trial.peer()
    slow.socket.sendall(b"\x00")
    trial.until(lambda: any(c.frame_since_s for c in trial.server.connections))
    trial.until(lambda: len(trial.server.connections) == 2)

    def overdue(after_s: float) -> set[str]:
        return trial.call(lambda: {c.overdue(clock_s + after_s) for c in trial.server.connections})

    assert overdue(2.99) == {""}
    assert overdue(3.01) == {"idle"}

    def be_patient() -> None:
        for connection in trial.server.connections:
            connection.idle_s = 60

    trial.call(be_patient)
    assert overdue(9.99) == {""}
    assert overdue(10.01) == {"frame-timeout", ""}


def test_a_request_followed_by_fin_is_answered_then_closed(serve: Serve) -> None:
    held: list[tuple[Connection, bytes]] = []
    trial = serve(lambda connection, frame: held.append((connection, frame)))
    peer = trial.peer()
    peer.send(FRAME)
    peer.socket.shutdown(socket.SHUT_WR)
    trial.until(lambda: held and held[0][0]._finished)

    def answer() -> None:
        connection, frame = held.pop()
        connection.send(frame)
        connection.done()

    trial.call(answer)
    assert peer.receive() == FRAME
    assert peer.ended() == "fin"


def test_half_a_frame_behind_a_last_request_is_reported_once(serve: Serve) -> None:
    refused: list[tuple[str, str]] = []

    def refuse(connection: Connection, reason: str, detail: str, _data: bytes, _before: bytes) -> None:
        """Note it, and take part in what is done with the connection, as the driver does."""
        refused.append((reason, detail))
        connection.busy += 1
        asyncio.get_running_loop().call_soon(connection.done)

    trial = serve()
    trial.call(lambda: setattr(trial.server.listeners[0], "refuse", refuse))
    peer = trial.peer()
    peer.socket.sendall(len(FRAME).to_bytes(2) + FRAME + b"\x03")
    peer.socket.shutdown(socket.SHUT_WR)
    assert peer.receive() == FRAME
    assert peer.ended() == "fin"
    trial.call(lambda: None)
    assert refused == [("cut-off", "1 byte of a frame came, then the peer hung up")]


def test_a_reset_before_the_reply_is_known_when_the_reply_goes_out(serve: Serve) -> None:
    held: list[Connection] = []
    trial = serve(lambda connection, frame: held.append(connection))
    peer = trial.peer()
    peer.send(FRAME)
    trial.until(lambda: len(held))
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.socket.close()
    trial.until(lambda: not held[0].open)
    assert trial.call(lambda: held[0].send(FRAME)) is False
    trial.call(held[0].done)


def test_a_dead_peer_is_noticed_by_tcp_and_its_new_connection_is_taken_at_once(serve: Serve) -> None:
    trial = serve()
    first, second = trial.peer(), trial.peer()
    first.send(FRAME)
    second.send(FRAME)
    assert first.receive() == second.receive() == FRAME

    def options() -> dict[str, int]:
        transport = next(iter(trial.server.connections))._transport
        assert transport is not None
        sock = transport.getHandle()
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        known = [name for name, _ in TCP_OPTIONS if hasattr(socket, name)]
        return {name: sock.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in known}

    found = trial.call(options)
    assert found == {name: value for name, value in TCP_OPTIONS if name in found}
    assert found == {
        "TCP_KEEPIDLE": 60,
        "TCP_KEEPINTVL": 10,
        "TCP_KEEPCNT": 3,
        "TCP_USER_TIMEOUT": 30_000,
        "TCP_NODELAY": 1,
    }


def test_a_system_that_knows_none_of_the_options_is_served_without(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT"):
        monkeypatch.delattr(socket, name)
    peer = serve().peer()
    peer.send(FRAME)
    assert peer.receive() == FRAME


def flood(peer: Any) -> int:
    """Send frames without reading any answer until the server ends the connection; return how many bytes it took."""
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    frames = b"\x20\x00" + bytes(8192)
    sent = 0
    with suppress(ConnectionError):
        while sent < 64 * 2**20:
            sent += peer.socket.send(frames[sent % len(frames) :])
    return sent


def test_a_peer_that_never_reads_is_not_read_and_then_cut(serve: Serve) -> None:
    unsent: list[int] = []

    def receive(connection: Connection, frame: bytes) -> None:
        connection.send(frame)
        connection.done()
        unsent.append(connection._transport.unsent_bytes if connection._transport else 0)

    trial = serve(receive, unsent_s=0.3)
    assert flood(trial.peer()) < 32 * 2**20, "TCP never slowed the peer down"
    trial.until(lambda: not trial.server.connections)
    assert 0 < max(unsent) <= Limits().unsent_abort_bytes + 3 * 8194
    assert trial.closes() == {"not-reading": 1}
    assert trial.call(lambda: trial.server.counters.pauses) >= 1


def test_a_slow_reader_gets_everything_in_the_end(serve: Serve) -> None:
    trial = serve()
    peer = trial.peer()
    frames = [bytes([n % 251]) * 8000 for n in range(600)]
    with thread(lambda: peer.send(*frames), lambda: peer.socket.shutdown(socket.SHUT_WR)):
        for frame in frames:
            assert peer.receive() == frame


def test_replies_may_overtake_but_never_interleave(serve: Serve) -> None:
    held: list[tuple[Connection, bytes]] = []

    def receive(connection: Connection, frame: bytes) -> None:
        held.append((connection, frame))
        if len(held) == 3:
            for connection, frame in reversed(held):
                connection.send(frame)
                connection.done()

    peer = serve(receive).peer()
    frames = [bytes([n]) * 3000 for n in range(3)]
    peer.send(*frames)
    assert [peer.receive() for _ in frames] == frames[::-1]


def test_too_many_requests_in_flight_pause_their_connection_only(serve: Serve) -> None:
    held: list[tuple[Connection, bytes]] = []
    trial = serve(lambda connection, frame: held.append((connection, frame)), in_flight=4)
    eager, other = trial.peer(), trial.peer()
    eager.send(*[FRAME] * 4)
    trial.until(lambda: len(held) == 4)
    eager.send(FRAME)
    other.send(b"other")
    trial.until(lambda: len(held) == 5)
    assert held[-1][1] == b"other"

    def answer() -> None:
        for connection, frame in held[:]:
            held.remove((connection, frame))
            connection.send(frame)
            connection.done()

    trial.call(answer)
    assert other.receive() == b"other"
    assert [eager.receive() for _ in range(4)] == [FRAME] * 4
    trial.until(lambda: len(held))
    trial.call(answer)
    assert eager.receive() == FRAME


def numbered(count: int) -> list[bytes]:
    return [b"%04d" % number for number in range(count)]


def test_peers_that_send_much_at_once_have_turns_of_one_frame(serve: Serve) -> None:
    order: list[tuple[int, bytes]] = []

    def receive(connection: Connection, frame: bytes) -> None:
        order.append((connection.number, frame))
        connection.send(frame)
        connection.done()

    trial = serve(receive)
    peers = [trial.peer() for _ in range(3)]
    for peer in peers:
        peer.send(b"hello")
        peer.receive()
    trial.call(trial.server.pause)
    order.clear()
    for peer in peers:
        peer.send(*numbered(200))
    trial.call(trial.server.resume)
    for peer in peers:
        assert [peer.receive() for _ in range(200)] == numbered(200)
    for number, frame in enumerate(numbered(200)):
        turn = order[3 * number : 3 * number + 3]
        assert {peer for peer, _ in turn} == {1, 2, 3}
        assert {one for _, one in turn} == {frame}


def test_a_peer_that_is_refused_has_its_answer_before_more_of_it_is_looked_at(serve: Serve) -> None:
    received: list[tuple[Connection, bytes]] = []

    def receive(connection: Connection, frame: bytes) -> None:
        received.append((connection, frame))
        connection.refused()

    trial = serve(receive)
    peer, other = trial.peer(), trial.peer()
    peer.send(*numbered(3))
    trial.until(lambda: received)
    connection, _ = received[0]
    for number in range(3):
        trial.until(lambda: received)
        other.send(FRAME)
        trial.until(lambda: len(received) == 2)
        assert received[0] == (connection, b"%04d" % number)
        assert trial.call(lambda: connection.overdue(connection.touched_s + 1e6)) == ""
        _, (others, _) = received
        received.clear()
        for one in (others, connection):
            trial.call(one.refusal_settled)
            trial.call(one.done)
    trial.until(lambda: not connection.busy)
    assert trial.call(lambda: (connection.deferred, trial.server.counters.pauses)) == (True, 0)
    trial.call(connection.known)
    assert not connection.deferred


def test_frames_that_wait_for_their_turns_are_no_silence_and_outlast_a_pause(serve: Serve) -> None:
    received: list[bytes] = []
    connections: list[Connection] = []

    def receive(connection: Connection, frame: bytes) -> None:
        received.append(frame)
        connections.append(connection)
        if len(received) == 1:
            trial.server.pause()
        connection.done()

    trial = serve(receive)
    trial.peer().send(*numbered(5))
    trial.until(lambda: received)
    connection = connections[0]
    assert trial.call(lambda: len(received)) == 1
    assert trial.call(lambda: connection.overdue(connection.touched_s + 1e6)) == ""
    trial.call(trial.server.resume)
    trial.until(lambda: len(received) == 5)
    assert received == numbered(5)


def test_what_ends_with_a_bad_length_is_read_up_to_there(serve: Serve) -> None:
    trial = serve()
    peer = trial.peer()
    peer.socket.sendall(b"".join(b"\0\4" + frame for frame in numbered(20)) + b"\xff\xff")
    assert [peer.receive() for _ in range(20)] == numbered(20)
    assert peer.ended() == "fin"
    assert trial.closes() == {"too-long": 1}


def test_a_paused_server_reads_no_peer_until_it_resumes(serve: Serve) -> None:
    trial = serve()
    before = trial.peer()
    trial.call(trial.server.pause)
    during = trial.peer()
    before.send(FRAME)
    during.send(FRAME)
    assert trial.call(lambda: trial.server.counters.frames) == 0
    trial.call(trial.server.resume)
    assert before.receive() == during.receive() == FRAME


def test_connections_above_the_limit_are_closed_and_reported(serve: Serve) -> None:
    trial = serve(connections=1)
    first = trial.peer()
    first.send(FRAME)
    assert first.receive() == FRAME
    assert trial.peer().ended() in ("fin", "rst")
    assert [reason for reason, _ in trial.watcher.refusals] == ["too-many-connections"]
    first.send(FRAME)
    assert first.receive() == FRAME


def test_a_receiver_that_fails_costs_its_peer_the_connection_and_no_other(serve: Serve) -> None:
    def receive(connection: Connection, frame: bytes) -> None:
        if frame == b"boom":
            raise RuntimeError("boom")
        connection.send(frame)
        connection.done()

    trial = serve(receive)
    bad, good = trial.peer(), trial.peer()
    bad.send(b"boom")
    assert bad.ended() == "rst"
    good.send(FRAME)
    assert good.receive() == FRAME
    assert len(trial.watcher.faults) == 1


def test_a_burst_is_held_by_the_backlog_while_the_server_accepts_none(serve: Serve) -> None:
    trial = serve()
    busy, free = threading.Event(), threading.Event()

    def hold_up() -> None:
        busy.set()
        free.wait(HANGS_S)

    trial.server.loop.call_soon_threadsafe(hold_up)
    assert busy.wait(HANGS_S)
    peers = []
    for _ in range(300):  # a full backlog loses the SYN, and its retransmit takes a second
        peer = trial.peer()
        peer.send(FRAME)
        peers.append(peer)
    free.set()
    assert all(peer.receive() == FRAME for peer in peers)


def test_stopping_answers_what_was_requested_and_then_closes(serve: Serve) -> None:
    held: list[tuple[Connection, bytes]] = []
    trial = serve(lambda connection, frame: held.append((connection, frame)), stop_s=HANGS_S)
    peer = trial.peer()
    peer.send(FRAME)
    trial.until(lambda: len(held))

    def stop_and_answer() -> None:
        loop = trial.server.loop
        stopping.append(loop.create_task(trial.server.stop()))

        def answer() -> None:
            connection, frame = held[0]
            connection.send(frame)
            connection.done()

        loop.call_later(0.05, answer)

    stopping: list[Any] = []
    trial.call(stop_and_answer)
    assert peer.receive() == FRAME
    assert peer.ended() == "fin"
    trial.until(stopping[0].done)
    assert trial.call(stopping[0].result) is True
    with pytest.raises(ConnectionRefusedError):
        trial.peer()


def test_stopping_is_bounded_in_time(serve: Serve) -> None:
    trial = serve(lambda connection, frame: None, stop_s=0.1)
    peer = trial.peer()
    peer.send(FRAME)
    trial.until(lambda: trial.server.counters.frames)
    stopping: list[Any] = []
    trial.call(lambda: stopping.append(trial.server.loop.create_task(trial.server.stop())))
    assert peer.ended() == "fin"
    trial.until(stopping[0].done)
    assert trial.call(stopping[0].result) is False, "a request was left unanswered"


def test_a_taken_port_is_one_sentence(serve: Serve) -> None:
    trial = serve()
    host, port = trial.address

    async def again(name: str, number: int) -> None:
        with running_reactor() as reactor:
            server = Server(reactor, Limits(), trial.watcher)
            try:
                await server.listen(name, number, trial.server.listeners[0].framing, lambda c, f: None)
            finally:
                await server.stop()

    with pytest.raises(BindError, match=rf"^cannot listen on {host}:{port}: address already in use$"):
        asyncio.run(again(host, port))
    with pytest.raises(BindError, match=r"^cannot listen on no\.such\.invalid:0: the host name is unknown$"):
        asyncio.run(again("no.such.invalid", 0))
    with pytest.raises(BindError, match="cannot assign requested address"):
        asyncio.run(again("192.0.2.1", 0))


def test_names_and_ipv6_are_listened_on(serve: Serve) -> None:
    async def where(name: str) -> str:
        with running_reactor() as reactor:
            server = Server(reactor, Limits(), serve().watcher)
            listener = await server.listen(name, 0, server_framing, lambda c, f: None)
            await server.stop()
            return listener.address

    server_framing = serve().server.listeners[0].framing
    assert asyncio.run(where("localhost")).rpartition(":")[0] in ("127.0.0.1", "[::1]")
    if socket.has_ipv6:
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            pytest.skip("no IPv6 loopback here")
        assert asyncio.run(where("::1")).startswith("[::1]:")


def test_raw_bytes_are_sent_as_they_are_between_the_frames_around_them(serve: Serve) -> None:
    def receive(connection: Connection, frame: bytes) -> None:
        assert connection.send(frame)
        assert connection.send_bytes(b"\xff\xff raw")
        assert connection.send(frame[::-1])
        connection.done()

    peer = serve(receive).peer()
    peer.send(FRAME)
    assert peer.receive() == FRAME
    assert peer._exactly(6) == b"\xff\xff raw"
    assert peer.receive() == FRAME[::-1]


def test_a_peer_that_takes_no_raw_bytes_is_not_read_and_then_cut(serve: Serve) -> None:
    def receive(connection: Connection, frame: bytes) -> None:
        connection.send_bytes(bytes(8192))
        connection.done()

    trial = serve(receive, unsent_s=0.3)
    assert flood(trial.peer()) < 32 * 2**20, "TCP never slowed the peer down"
    trial.until(lambda: not trial.server.connections)
    assert trial.closes() == {"not-reading": 1}
    assert trial.call(lambda: trial.server.counters.pauses) >= 1


def test_no_raw_bytes_are_sent_on_a_connection_that_is_being_closed(serve: Serve) -> None:
    sent: list[bool] = []

    def receive(connection: Connection, frame: bytes) -> None:
        sent.append(connection.send_bytes(b"before"))
        connection.close("test")
        sent.append(connection.send_bytes(b"after"))
        connection.done()

    trial = serve(receive)
    peer = trial.peer()
    peer.send(FRAME)
    assert peer._exactly(6) == b"before"
    assert peer.ended() == "fin"
    trial.until(lambda: len(sent) == 2)
    assert sent == [True, False]


def test_nothing_is_sent_on_a_connection_that_is_being_closed(serve: Serve) -> None:
    sent: list[bool] = []

    def receive(connection: Connection, frame: bytes) -> None:
        connection._transport.write(bytes(32 * 2**20))  # more than any kernel takes at once
        connection.close("because")
        sent.append(connection.send(frame))
        connection.done()

    trial = serve(receive, unsent_abort_bytes=2**30)
    peer = trial.peer()
    peer.send(FRAME)
    trial.until(lambda: sent == [False])
    assert peer.ended() == "fin", "what was written before is still read"


# -- frames that come by themselves, one read each: they are not buffered ----------------------------------------------


def test_frames_by_themselves_and_in_pieces_are_the_same_to_a_peer(serve: Serve) -> None:
    trial = serve()
    peer = trial.peer()
    wire = b"\x00\x28" + FRAME
    for round_ in range(5):
        for pieces in (
            [wire],
            [wire],
            [wire[:1], wire[1:]],
            [wire],
            [wire + wire],
            [b"\0\0" + wire],
            [wire[:20], wire[20:]],
        ):
            before = trial.call(lambda: trial.server.counters.frames)
            for piece in pieces:
                peer.socket.sendall(piece)
            frames = 2 if pieces == [wire + wire] else 1
            assert [peer.receive() for _ in range(frames)] == [FRAME] * frames, round_
            assert trial.call(lambda: trial.server.counters.frames) == before + frames
    assert trial.call(lambda: trial.server.counters.keep_alives) == 5
    connection = next(iter(trial.server.connections))
    assert trial.call(lambda: (connection.busy, connection.frame_since_s)) == (0, 0.0)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [(b"\xff\xff", "too-long"), (b"\x00\x03abc", "short-frame"), (b"GET / HTTP/1.1\r\n", "too-long")],
)
def test_what_is_no_frame_is_refused_after_good_ones_too(serve: Serve, sent: bytes, reason: str) -> None:
    trial = serve()
    peer = trial.peer()
    for _ in range(3):
        peer.send(FRAME)
        assert peer.receive() == FRAME
    peer.socket.sendall(sent)
    assert peer.ended() in ("fin", "rst")
    assert trial.closes() == {reason: 1}


def test_a_receiver_that_fails_over_a_later_frame_costs_its_peer_the_connection(serve: Serve) -> None:
    def receive(connection: Connection, frame: bytes) -> None:
        if frame == b"boom":
            raise RuntimeError("boom")
        connection.send(frame)
        connection.done()

    trial = serve(receive)
    peer = trial.peer()
    for _ in range(2):
        peer.send(FRAME)
        assert peer.receive() == FRAME
    peer.send(b"boom")
    assert peer.ended() == "rst"
    assert len(trial.watcher.faults) == 1
    assert trial.closes() == {"internal-fault": 1}


def test_requests_that_come_one_by_one_are_counted_against_the_limit_in_flight(serve: Serve) -> None:
    held: list[Connection] = []
    trial = serve(lambda connection, frame: held.append(connection), in_flight=4)
    peer = trial.peer()
    for number in range(1, 5):
        peer.send(FRAME)
        trial.until(lambda number=number: len(held) == number)
    assert trial.call(lambda: (held[0].busy, held[0]._paused, trial.server.counters.pauses)) == (4, 1, 1)
    peer.send(FRAME)
    other = trial.peer()  # a later one is read: so the fifth has not been
    other.send(FRAME)
    trial.until(lambda: len(held) == 5)
    assert held[4] is not held[0]

    def answer() -> None:
        for connection in held[:4]:
            connection.send(FRAME)
            connection.done()

    trial.call(answer)
    assert [peer.receive() for _ in range(4)] == [FRAME] * 4
    trial.until(lambda: len(held) == 6)
    assert held[5] is held[0]

    def answer_rest() -> None:
        for connection in held[4:]:
            connection.done()

    trial.call(answer_rest)


def test_silence_is_counted_from_the_last_frame_that_arrived_by_itself(serve: Serve) -> None:
    trial = serve()
    peer = trial.peer()
    now_s = [1000.0]  # whole seconds, so that differences are exact
    trial.set_clock(lambda: now_s[0])
    for _ in range(3):
        peer.send(FRAME)
        assert peer.receive() == FRAME
        now_s[0] += 1000
    connection = next(iter(trial.server.connections))
    assert trial.call(lambda: now_s[0] - connection.touched_s) == 1000
    assert trial.call(lambda: connection.overdue(connection.touched_s + 59)) == ""
    assert trial.call(lambda: connection.overdue(connection.touched_s + 61)) == "idle"


def test_the_longest_frame_is_taken_later_too_and_no_longer_one(serve: Serve) -> None:
    trial = serve()
    peer = trial.peer()
    for _ in range(3):
        peer.send(bytes(8192))
        assert peer.receive() == bytes(8192)
    peer.send(bytes(8193))
    assert peer.ended() in ("fin", "rst")
    assert trial.closes() == {"too-long": 1}
