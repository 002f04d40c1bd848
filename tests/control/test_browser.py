"""The token of a stream as browsers send it: a subprotocol, from a page of this host, in a real browser too."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from tests.control.controlled import ControlledHost, controlled_host

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

OPEN = """
new Promise((resolve) => {
    const socket = new WebSocket(`ws://%s/stream`, %s);
    socket.onmessage = (message) => resolve([socket.protocol, JSON.parse(message.data).event]);
    socket.onerror = () => resolve("refused");
})
"""


@pytest.fixture(scope="module")
def public() -> Iterator[ControlledHost]:
    """A host that demands its token."""
    with controlled_host("0.0.0.0:0") as host:
        host.host = "127.0.0.1"
        yield host


def stream(host: ControlledHost, *offered: str, origin: str | None = None, **headers: str) -> ClientConnection:
    return connect(
        f"ws://127.0.0.1:{host.port}/stream",
        subprotocols=[Subprotocol(one) for one in offered] or None,
        origin=Origin(origin) if origin else None,
        additional_headers=headers,
    )


def test_the_token_is_a_subprotocol_and_the_other_one_is_chosen(public: ControlledHost) -> None:
    token = public.ready["http_token"]
    ours = f"http://127.0.0.1:{public.port}"
    for offered, chosen in (
        (("acquirer.stream", f"bearer.{token}"), "acquirer.stream"),
        ((f"bearer.{token}", "acquirer.stream"), "acquirer.stream"),
        ((f"bearer.{token}",), f"bearer.{token}"),
        (("chat", f"bearer.{token}"), f"bearer.{token}"),
    ):
        with stream(public, *offered, origin=ours) as socket:
            assert (socket.subprotocol, json.loads(socket.recv(60))["event"]) == (chosen, "hello")
    with stream(public, "acquirer.stream", Authorization=f"Bearer {token}") as socket:
        assert socket.subprotocol == "acquirer.stream"
    with stream(public, Authorization=f"Bearer {token}") as socket:
        assert socket.subprotocol is None


def test_without_the_right_token_there_is_no_stream(public: ControlledHost) -> None:
    token = public.ready["http_token"]
    refused: list[tuple[tuple[str, ...], dict[str, str]]] = [
        ((), {}),
        (("acquirer.stream",), {}),
        (("bearer.",), {}),
        ((f"bearer.{token}x",), {}),
        ((f"bearer.{token[:-1]}",), {}),
        ((f"Bearer.{token}",), {}),
        (("bearer.x", f"bearer.{token}"), {}),
        ((f"bearer.{token}",), {"Authorization": "Bearer x"}),
    ]
    for offered, headers in refused:
        with pytest.raises(InvalidStatus) as answer:
            stream(public, *offered, **headers)
        assert answer.value.response.status_code == 401
        assert b"bearer.TOKEN" in bytes(answer.value.response.body or b"")
        assert token.encode() not in bytes(answer.value.response.body or b"")


def test_a_token_opens_no_stream_to_a_page_of_another_site(public: ControlledHost) -> None:
    for origin in ("http://evil.example", "null", f"https://127.0.0.1:{public.port}"):
        with pytest.raises(InvalidStatus) as answer:
            stream(public, "acquirer.stream", f"bearer.{public.ready['http_token']}", origin=origin)
        assert answer.value.response.status_code == 403


def test_a_subprotocol_is_no_token_of_an_ordinary_request(public: ControlledHost) -> None:
    offered = f"bearer.{public.ready['http_token']}"
    assert public.get("/rules", Sec_WebSocket_Protocol=offered).status == 401


class Browser:
    """Chromium, in which a page evaluates JavaScript."""

    def __init__(self, command: str, profile: Path) -> None:
        options = ("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--no-first-run")
        self.process = subprocess.Popen(
            [command, *options, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        active, end_s = profile / "DevToolsActivePort", time.monotonic() + 120
        while not (active.exists() and active.read_text().strip()):
            assert time.monotonic() < end_s
            assert self.process.poll() is None
            time.sleep(0.05)
        self.port = int(active.read_text().split()[0])

    def evaluate(self, page: str, script: str) -> Any:
        """Return what a script comes to in a new tab with a page."""
        new = urllib.request.Request(f"http://127.0.0.1:{self.port}/json/new?{page}", method="PUT")
        with urllib.request.urlopen(new, timeout=60) as answer:
            tab = json.load(answer)
        numbers = itertools.count(1)
        with connect(tab["webSocketDebuggerUrl"]) as tools:

            def value(expression: str) -> Any:
                number = next(numbers)
                parameters = {"expression": expression, "awaitPromise": True, "returnByValue": True}
                tools.send(json.dumps({"id": number, "method": "Runtime.evaluate", "params": parameters}))
                while (reply := json.loads(tools.recv(60))).get("id") != number:
                    pass
                return reply["result"]["result"].get("value")

            while value("document.readyState + location.href") != f"complete{page}":
                time.sleep(0.05)
            return value(script)

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(60)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    browser = Browser(CHROMIUM, tmp_path_factory.mktemp("browser") / "profile")
    yield browser
    browser.end()


@pytest.mark.slow
def test_a_page_of_this_host_follows_along_in_a_real_browser(public: ControlledHost, browser: Browser) -> None:
    here, token = f"127.0.0.1:{public.port}", public.ready["http_token"]
    page, both = f"http://{here}/livez", json.dumps(["acquirer.stream", f"bearer.{token}"])
    assert browser.evaluate(page, OPEN % (here, both)) == ["acquirer.stream", "hello"]
    assert browser.evaluate(page, OPEN % (here, json.dumps(f"bearer.{token}"))) == [f"bearer.{token}", "hello"]
    assert browser.evaluate(page, OPEN % (here, json.dumps(["acquirer.stream", "bearer.x"]))) == "refused"
    assert browser.evaluate(page, OPEN % (here, "[]")) == "refused"


@pytest.mark.slow
def test_a_page_of_another_site_does_not_in_a_real_browser(public: ControlledHost, browser: Browser) -> None:
    here, token = f"127.0.0.1:{public.port}", public.ready["http_token"]
    both = json.dumps(["acquirer.stream", f"bearer.{token}"])
    with controlled_host() as other:
        assert browser.evaluate(f"{other.url}/livez", OPEN % (here, both)) == "refused"
    assert browser.evaluate("about:blank", OPEN % (here, both)) == "refused"


@pytest.mark.slow
def test_where_no_token_is_demanded_a_page_may_offer_one_all_the_same(shared: ControlledHost, browser: Browser) -> None:
    here = f"127.0.0.1:{shared.port}"
    page = f"http://{here}/livez"
    assert browser.evaluate(page, OPEN % (here, "[]")) == ["", "hello"]
    assert browser.evaluate(page, OPEN % (here, '["acquirer.stream", "bearer.x"]')) == ["acquirer.stream", "hello"]
