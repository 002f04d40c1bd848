"""``WS /stream``: what happens as it happens, what is left out, and clients that are slow, hostile or not allowed."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from acquirer import __version__
from acquirer.app.terminal import Terminal
from acquirer.control import protocol, server, stream, stream_looks
from acquirer.control.address import bind as bind_address
from acquirer.settings.listen import Address
from tests.cli.served import approved
from tests.control.controlled import ControlledHost, controlled_host


def address(host: ControlledHost, query: str = "") -> str:
    return f"ws://{host.host}:{host.port}/stream{query}"


@contextmanager
def following(
    host: ControlledHost, filter_: str = "", after: int | None = None
) -> Iterator[tuple[ClientConnection, dict[str, Any]]]:
    """Follow along: the connection, and what the host says first."""
    query = {"filter": filter_ or None, "after": after}
    written = urlencode({name: value for name, value in query.items() if value is not None})
    with connect(address(host, f"?{written}")) as websocket:
        yield websocket, json.loads(websocket.recv(60))


def batch(websocket: ClientConnection) -> dict[str, Any]:
    return json.loads(websocket.recv(60))


def sign_on(host: ControlledHost, times: int = 1) -> None:
    """Have one terminal sign on again and again."""
    name, _, port = host.address.rpartition(":")
    with socket.create_connection((name, int(port)), 60) as sock:
        for _ in range(times):
            assert approved(sock)


def refusal(host: ControlledHost, query: str = "", **more: Any) -> dict[str, Any]:
    """Return the problem with which a stream is refused."""
    with pytest.raises(InvalidStatus) as refused, connect(address(host, query), **more):
        pass
    document = json.loads(bytes(refused.value.response.body or b""))
    assert document["status"] == refused.value.response.status_code
    return document


def test_exchanges_are_shown_as_they_happen(host: ControlledHost) -> None:
    sign_on(host)
    with following(host) as (websocket, hello):
        assert hello == {
            "event": "hello", "schema": 1, "generation": 0, "version": __version__, "filter": "", "after": 1
        }  # fmt: skip
        with Terminal("10000162", host=host.address, state=None) as terminal:
            terminal.sign_on()
            first = batch(websocket)
            assert (first["event"], first["generation"], first["next"]) == ("exchanges", 0, 2)
            assert (first["total"], first["shown"], first["left_out"]) == (1, 1, 0)
            assert first["rows"] == [host.get("/journal/2").json], "a row is what /journal shows of it"
            host.post("/rules", {"name": "poor", "then": {"code": "51"}})
            terminal.sale("12.34", "standard", pin="123456")
        second = batch(websocket)
        assert (second["generation"], second["rows"][0]["code"], second["rows"][0]["rule"]) == (1, "51", "poor")
        assert "6212341111111111" not in json.dumps(second), "card numbers are masked"


def test_a_filter_hides_what_does_not_fit_and_counts_it(host: ControlledHost) -> None:
    with following(host, "service=sale & amount>10.00") as (websocket, hello):
        assert hello["filter"] == "service=sale & amount>10.00"
        with Terminal("10000162", host=host.address, state=None) as terminal:
            for amount in ("9.00", "11.00"):
                terminal.sale(amount, "standard", pin="123456")
        shown, total = [], 0
        while total < 3:
            found = batch(websocket)
            assert found["left_out"] == 0
            shown += [row["amount_minor"] for row in found["rows"]]
            total += found["total"]
    assert (total, shown) == (3, [1100])


def test_it_begins_where_a_page_of_the_journal_ended(host: ControlledHost) -> None:
    sign_on(host, 3)
    with following(host, after=1) as (websocket, hello):
        assert hello["after"] == 1
        found = batch(websocket)
        assert ([row["id"] for row in found["rows"]], found["next"]) == ([2, 3], 3)


def test_what_is_too_much_is_left_out_and_counted(host: ControlledHost) -> None:
    sign_on(host, 130)
    with following(host, after=5) as (websocket, _):
        found = batch(websocket)
    assert (found["total"], found["shown"], found["left_out"], found["next"]) == (125, 100, 25, 130)
    assert [row["id"] for row in found["rows"]] == list(range(31, 131)), "the newest, the oldest of them first"


def test_what_was_looked_at_and_does_not_fit_is_not_left_out(host: ControlledHost) -> None:
    sign_on(host, 10)
    with following(host, "id>=3 & stan!=000002", after=0) as (websocket, _):
        found = batch(websocket)
    assert (found["total"], found["shown"], found["left_out"]) == (10, 8, 0)


def test_what_was_not_looked_at_may_fit_and_is_left_out(host: ControlledHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_looks, "MOST_LOOKED_AT", 4)
    sign_on(host, 10)
    with following(host, 'why~"new keys"', after=0) as (websocket, _):
        found = batch(websocket)
    assert (found["total"], found["shown"], found["left_out"], found["next"]) == (10, 4, 6, 10)


def test_two_streams_do_not_disturb_each_other(host: ControlledHost) -> None:
    with following(host) as (one, _), following(host, "service=sale") as (other, _):
        sign_on(host)
        assert (batch(one)["shown"], batch(other)["shown"]) == (1, 0)


# Who may ask


def test_a_filter_that_cannot_be_used_is_one_sentence(shared: ControlledHost) -> None:
    problem = refusal(shared, "?filter=service%3Dsael")
    assert (problem["status"], problem["detail"]) == (
        422,
        "query.filter: no exchange has service 'sael'; did you mean 'sale'?",
    )
    assert problem["errors"][0]["pointer"] == "query/filter"
    assert refusal(shared, "?filter=x%3D1")["detail"].startswith("query.filter: at 'x=1': unknown key; known keys: ")
    assert refusal(shared, "?after=x")["errors"][0]["pointer"] == "query/after"
    assert refusal(shared, "?after=-1")["status"] == 422
    assert refusal(shared, "?fliter=x")["detail"] == "query.fliter: unknown parameter; did you mean 'filter'?"


def test_pages_of_other_sites_and_rebound_names_are_refused(shared: ControlledHost) -> None:
    assert refusal(shared, origin=Origin("http://evil.example"))["type"] == "urn:acquirer:problem:origin"
    with opened(shared, name="evil.example") as sock:
        assert sock.recv(4096).startswith(b"HTTP/1.1 403 ")
    with connect(address(shared), origin=Origin(shared.url)):
        pass


def test_the_token_is_demanded() -> None:
    with controlled_host("0.0.0.0:0") as host:
        host.host = "127.0.0.1"
        assert refusal(host)["status"] == 401
        token = {"Authorization": f"Bearer {host.ready['http_token']}"}
        with connect(address(host), additional_headers=token) as websocket:
            assert json.loads(websocket.recv(60))["event"] == "hello"


def test_a_request_without_an_upgrade_is_shown_the_way(shared: ControlledHost) -> None:
    answer = shared.get("/stream")
    assert (answer.status, answer.headers["upgrade"]) == (426, "websocket")
    assert "connect with ws:// in place of http://" in answer.json["detail"]


def test_elsewhere_an_upgrade_is_not_taken(shared: ControlledHost) -> None:
    with opened(shared, path="/livez") as sock:
        assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_more_streams_than_there_may_be(host: ControlledHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MOST_STREAMS", 1)
    with following(host):
        problem = refusal(host)
        assert (problem["status"], problem["type"]) == (429, "urn:acquirer:problem:too-many")
    end_s = time.monotonic() + 60
    while time.monotonic() < end_s:  # until the end of the first one is noticed
        with suppress(InvalidStatus), following(host):
            return
    pytest.fail("the place of a stream that has ended stays taken")


# Clients that are slow or hostile


def opened(host: ControlledHost, path: str = "/stream", name: str = "localhost") -> socket.socket:
    """Open a WebSocket by hand, over a connection that has little room."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(60)
    sock.connect((host.host, host.port))
    sock.sendall(
        f"GET {path} HTTP/1.1\r\nHost: {name}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    return sock


def frame(opcode: int, data: bytes = b"") -> bytes:
    """Return a frame as clients send it, masked with zeros."""
    return bytes([0x80 | opcode, 0x80 | len(data), 0, 0, 0, 0]) + data


class Reader:
    """Reads frames of a host by hand."""

    def __init__(self, sock: socket.socket) -> None:
        self._file = sock.makefile("rb")
        while self._file.readline().strip():
            pass

    def frame(self) -> tuple[int, bytes]:
        """Return the next frame: its opcode and data; (-1, b"") where there is none any more."""
        head = self._file.read(2)
        if len(head) < 2:
            return -1, b""
        length = head[1]
        if length == 126:
            length = int.from_bytes(self._file.read(2), "big")
        elif length == 127:
            length = int.from_bytes(self._file.read(8), "big")
        return head[0] & 15, self._file.read(length)


@contextmanager
def narrow_host(monkeypatch: pytest.MonkeyPatch) -> Iterator[ControlledHost]:
    """A host whose connections have little room for what is not read."""

    def bind(where: Address) -> socket.socket:
        bound = bind_address(where)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # those that it accepts have it too
        return bound

    monkeypatch.setattr(server, "bind", bind)
    with controlled_host() as host:
        yield host


def test_a_slow_reader_misses_exchanges_and_learns_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    many = 800
    with narrow_host(monkeypatch) as host, opened(host) as sock, following(host) as (fast, _):
        total = 0
        for _ in range(many // 100):
            sign_on(host, 100)
            total += batch(fast)["total"]  # it has followed along; the slow one has read nothing
        while total < many:
            total += batch(fast)["total"]
        reader = Reader(sock)
        batches: list[dict[str, Any]] = []
        while sum(one["total"] for one in batches) < many:
            opcode, data = reader.frame()
            if opcode == 1 and (message := json.loads(data))["event"] == "exchanges":
                batches.append(message)
    assert sum(one["total"] for one in batches) == many
    assert sum(one["shown"] + one["left_out"] for one in batches) == many
    assert max(one["left_out"] for one in batches) >= many // 2, "nothing was kept for it"
    shown = [row["id"] for one in batches for row in one["rows"]]
    assert shown == sorted(shown)


@pytest.mark.parametrize("message", ["hello", b"hello", ["in ", "parts"]], ids=["text", "bytes", "parts"])
def test_what_a_client_sends_is_not_read(shared: ControlledHost, message: str | bytes | list[str]) -> None:
    with following(shared) as (websocket, _):
        with suppress(ConnectionClosed):  # its second part may come too late
            websocket.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            websocket.recv(60)
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 1003
    assert closed.value.rcvd.reason == "nothing is read here; the filter stands in the address"


def test_pings_whose_answers_are_not_read_end_the_connection(
    host: ControlledHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "MOST_UNSENT_BYTES", 10_000)
    pings = frame(9, b"x" * 125) * 100
    with opened(host) as sock, pytest.raises(ConnectionError):  # noqa: PT012
        for _ in range(1_000):  # 13 MB, more than any system keeps for a connection
            sock.sendall(pings)
    sign_on(host)


def test_a_client_that_answers_no_ping_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PING_S", 0.05)
    with controlled_host() as host, opened(host) as sock:
        reader = Reader(sock)
        opcodes = []
        with suppress(ConnectionResetError):
            while (found := reader.frame()[0]) >= 0:
                opcodes.append(found)
    assert opcodes == [1, 9], "hello, and one ping"


def test_a_client_that_answers_pings_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PING_S", 0.05)
    with controlled_host() as host, opened(host) as sock:
        reader = Reader(sock)
        assert reader.frame()[0] == 1
        for _ in range(5):
            opcode, data = reader.frame()
            assert opcode == 9
            sock.sendall(frame(10, data))
        sock.sendall(frame(8, b"\x03\xe8"))
        while (opcode := reader.frame()[0]) == 9:
            pass
        assert opcode == 8


def test_frames_that_are_none_end_the_connection(shared: ControlledHost) -> None:
    for junk in (b"\xff" * 100, frame(1, b"")[:1] + b"\x05hello", b"\x81\xfe\xff\xff"):
        with opened(shared) as sock:
            reader = Reader(sock)
            sock.sendall(junk)
            with suppress(ConnectionResetError):
                while reader.frame()[0] in (1, 8):
                    pass
    assert shared.get("/livez").status == 200


@pytest.mark.slow
def test_terminals_do_not_wait_for_streams_that_nothing_reads(host: ControlledHost) -> None:
    sockets = [opened(host, path=f"/stream?filter={quote('amount>0.50 | service=sign_on')}") for _ in range(32)]
    try:
        sign_on(host, 300)
        with Terminal("10000162", host=host.address, state=None) as terminal:
            assert [terminal.sale("1.00", "standard", pin="123456").code for _ in range(20)] == ["00"] * 20
    finally:
        for sock in sockets:
            sock.close()


# The end


def test_a_stream_ends_with_the_host_and_says_so() -> None:
    with ExitStack() as stack:
        host = stack.enter_context(controlled_host())
        with connect(address(host)) as websocket:
            websocket.recv(60)
            stack.close()
            with pytest.raises(ConnectionClosed) as closed:
                websocket.recv(60)
    assert closed.value.rcvd
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1001, "the host stops")


def test_a_host_ends_beside_a_reader_that_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as stack:
        host = stack.enter_context(narrow_host(monkeypatch))
        with opened(host), following(host) as (fast, _):
            for _ in range(4):  # batches that do not fit into the buffers of the connection
                sign_on(host, 100)
                batch(fast)
            stack.close()


def test_a_client_that_goes_leaves_nothing_behind(host: ControlledHost) -> None:
    for _ in range(3):
        with following(host):
            pass
        opened(host).close()
    sign_on(host)
    with following(host, after=0) as (websocket, _):
        assert batch(websocket)["total"] == 1
