"""Who may ask: what each wall refuses, and that what it protects goes on."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from acquirer.control import guard, protocol
from acquirer.control.address import read_address
from acquirer.control.asgi import AsgiMessage, AsgiSend
from acquirer.observe.lines import AsJson
from acquirer.observe.log import Log
from tests.control.controlled import ControlledHost, controlled_host

REBOUND = ("evil.example", "evil.example:18583", "127.0.0.1.evil.example", "localhost.evil.example", "", "[::1].evil")


@pytest.mark.parametrize("name", REBOUND)
def test_a_name_that_was_bound_to_loopback_is_refused(shared: ControlledHost, name: str) -> None:
    answer = shared.get("/rules", Host=name)
    assert answer.status == 403
    assert answer.json["type"] == "urn:acquirer:problem:host"
    assert "--http-host" in answer.json["detail"]


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST:80", "127.8.9.1:1", "[::1]:80"])
def test_loopback_has_many_names(shared: ControlledHost, name: str) -> None:
    assert shared.get("/livez", Host=name).text == "ok\n"


def test_a_second_host_header_does_not_help(shared: ControlledHost) -> None:
    with socket.create_connection((shared.host, shared.port), timeout=60) as sock:
        sock.sendall(b"GET /rules HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert sock.makefile("rb").readline().split()[1] in (b"400", b"403")


def test_a_listed_name_is_ours() -> None:
    with controlled_host(hosts=("pos-host.test",)) as host:
        assert host.get("/livez", Host="pos-host.test:18583").status == 200
        assert host.get("/livez", Host="other.test").status == 403


def test_a_name_may_be_listed_with_its_port_and_one_that_is_none_lets_nothing_through() -> None:
    with controlled_host(hosts=("pos-host.test:18583", "not a name")) as host:
        assert host.get("/livez", Host="pos-host.test:18583").status == 200
        assert host.get("/livez", Host="").status == 403


@pytest.mark.parametrize(("name", "status"), [("192.0.2.7:18583", 200), ("192.0.2.8:18583", 403), ("evil.test", 403)])
def test_under_every_address_the_one_that_was_reached_is_ours(name: str, status: int) -> None:
    sent: list[AsgiMessage] = []

    async def application(_scope: object, _receive: object, send: AsgiSend) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> AsgiMessage:
        return {"type": "http.disconnect"}

    async def send(message: AsgiMessage) -> None:
        sent.append(message)

    async def ask() -> None:
        now_s = asyncio.get_running_loop().time
        entry = guard.Guard(application, read_address("0.0.0.0:18583"), (), "", Log(None, AsJson(), lambda: 0), now_s)
        headers = [(b"host", name.encode())]
        scope = {"type": "http", "method": "GET", "path": "/rules", "headers": headers, "server": ("192.0.2.7", 18583)}
        await entry(scope, receive, send)

    asyncio.run(ask())
    assert sent[0]["status"] == status


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"])
def test_a_page_of_another_site_is_refused(shared: ControlledHost, origin: str) -> None:
    answer = shared.get("/rules", Origin=origin)
    assert (answer.status, answer.json["type"]) == (403, "urn:acquirer:problem:origin")
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_page_of_this_host_may_ask_and_no_cors_header_is_ever_sent(shared: ControlledHost) -> None:
    answer = shared.get("/rules", Origin=shared.url)
    assert answer.status == 200
    preflight = shared.ask("OPTIONS", "/rules", Access_Control_Request_Method="PUT")
    assert preflight.status == 405
    for one in (answer, preflight):
        assert not [name for name in one.headers if name.startswith("access-control")]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_form_changes_nothing(shared: ControlledHost, method: str, kind: str) -> None:
    answer = shared.ask(method, "/rules", b'{"name": "x", "then": {"code": "51"}}', Content_Type=kind)
    assert (answer.status, answer.json["type"]) == (415, "urn:acquirer:problem:content-type")
    assert shared.get("/rules").json["rules"] == []


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{", "the body is not JSON: expecting property name"),
        (b'{"when": NaN}', "NaN is no number of JSON"),
        (b"[" * 100_000, "brackets are nested too deep"),
        (b'{"a": 1, "a": 2}', "the key 'a' stands twice"),
        (b"\xff", "it is not UTF-8 text"),
        (b'"\\ud800"', "half a character"),
        (b"1" * 10_000, "a number has thousands of digits"),
    ],
)
def test_what_is_no_json_is_refused(shared: ControlledHost, body: bytes, sentence: str) -> None:
    answer = shared.post("/journal/count", body)
    assert (answer.status, answer.json["type"]) == (400, "urn:acquirer:problem:not-json")
    assert sentence in answer.json["detail"]


def test_a_huge_body_is_refused_before_it_is_sent(shared: ControlledHost) -> None:
    with socket.create_connection((shared.host, shared.port), timeout=60) as sock:
        head = f"POST /rules HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {1 << 40}"
        sock.sendall(f"{head}\r\n\r\n".encode())
        assert sock.makefile("rb").readline().split()[1] == b"413"


def test_a_huge_body_in_chunks_is_refused_where_it_is_too_large(shared: ControlledHost) -> None:
    piece = b"10000\r\n" + b" " * (1 << 16) + b"\r\n"
    with socket.create_connection((shared.host, shared.port), timeout=60) as sock:
        head = (
            b"POST /rules HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked"
        )
        sock.sendall(head + b"\r\n\r\n")
        with pytest.raises(OSError):  # noqa: PT012  it is closed while this still sends
            for _ in range(1_000):
                sock.sendall(piece)


def test_a_slow_body_is_not_waited_for(shared: ControlledHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BODY_S", 0.05)
    with socket.create_connection((shared.host, shared.port), timeout=60) as sock:
        head = (
            b"POST /rules HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n"
        )
        sock.sendall(head + b"{")
        assert sock.makefile("rb").readline().split()[1] == b"408"


@pytest.mark.parametrize("begun", [b"", b"GET /livez HT", b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: "])
def test_a_slow_head_is_not_waited_for(begun: bytes, monkeypatch: pytest.MonkeyPatch, shared: ControlledHost) -> None:
    monkeypatch.setattr(protocol, "HEAD_S", 0.05)
    with socket.create_connection((shared.host, shared.port), timeout=60) as sock:
        sock.sendall(begun)
        with suppress(ConnectionResetError):
            assert sock.recv(1) == b""


def test_a_second_slow_head_on_a_connection_is_not_waited_for_either(
    monkeypatch: pytest.MonkeyPatch, shared: ControlledHost
) -> None:
    monkeypatch.setattr(protocol, "HEAD_S", 0.05)
    with socket.create_connection((shared.host, shared.port), timeout=60) as sock:
        sock.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answered = sock.recv(4096)
        while not answered.endswith(b"ok\n"):
            answered += sock.recv(4096)
        sock.sendall(b"GET /li")
        with suppress(ConnectionResetError):
            assert sock.recv(1) == b""


def test_more_requests_than_are_taken_are_refused_with_the_reason(
    host: ControlledHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "RATE", 0.0)
    monkeypatch.setattr(guard, "BURST", 5.0)
    answers = [host.get("/livez") for _ in range(7)]
    assert [one.status for one in answers] == [200] * 5 + [429] * 2
    assert answers[-1].headers["retry-after"] == "1"
    assert "ask less often" in answers[-1].json["detail"]


@pytest.fixture(scope="module")
def public() -> Iterator[ControlledHost]:
    """A host that others than this machine could reach."""
    with controlled_host("0.0.0.0:0") as host:
        host.host = "127.0.0.1"
        yield host


def test_where_others_can_reach_it_the_token_is_demanded(public: ControlledHost) -> None:
    token = public.ready["http_token"]
    assert len(token) >= 32
    for refused in ("", "Bearer", f"Bearer {token}x", f"bearer  {token}", f"Basic {token}", "Bearer \xe9"):
        answer = public.get("/rules", Authorization=refused)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert token not in answer.text
    assert public.get("/rules", Authorization=f"Bearer {token}").status == 200
    assert public.get("/livez").status == 200, "which tells nothing"
    assert public.get("/readyz").status == 401


def test_on_loopback_there_is_no_token(shared: ControlledHost) -> None:
    assert "http_token" not in shared.ready


def test_pipelined_requests_are_answered_in_turn(shared: ControlledHost) -> None:
    one = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with socket.create_connection((shared.host, shared.port), timeout=60) as sock:
        sock.sendall(one * 20 + last)
        assert sock.makefile("rb").read().count(b"200 OK") == 21


def test_bytes_that_are_no_http_are_refused(shared: ControlledHost) -> None:
    for junk in (b"\x00\x5a\x60\x00\x03\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\r\n\r\n"):
        with socket.create_connection((shared.host, shared.port), timeout=60) as sock:
            sock.sendall(junk)
            assert sock.makefile("rb").readline().split()[1] == b"400"
    assert shared.get("/livez").status == 200


def test_a_websocket_is_no_way_around(shared: ControlledHost) -> None:
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    answer = shared.ask("GET", "/rules", **upgrade, Sec_WebSocket_Key="AAAAAAAAAAAAAAAAAAAAAA==", Host="evil.example")
    assert answer.status == 403


def test_problems_are_documents(shared: ControlledHost) -> None:
    answer = shared.get("/no-such-thing")
    assert answer.headers["content-type"] == "application/problem+json"
    assert json.loads(answer.body) == {
        "type": "urn:acquirer:problem:no-route",
        "title": "Not Found",
        "status": 404,
        "detail": "there is nothing here; /openapi.json lists all there is",
    }
