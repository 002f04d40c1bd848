"""``acquirer ready``: scripts and health checks wait for a host, and learn in one sentence why it is not ready."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from acquirer import cli
from tests.cli.served import Served

Ready = Callable[..., tuple[int, str, str]]
TOKEN = "a-token-of-a-pipeline"


@pytest.fixture
def ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ready:
    """``ready("--timeout", "0")``: exit code, stdout and stderr, in the directory where a host serves."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(["ready", *arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """Serve one answer to everything that is asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.slow
def test_a_host_is_found_by_its_url_its_address_and_its_store(serve: Callable[..., Served], ready: Ready) -> None:
    host = serve("--http", "127.0.0.1:0")
    line = json.loads(host.ready)
    assert ready() == (0, f"ready: the host of sqlite:///acquirer.db at {line['http']}\n", "")
    assert ready("--store", "sqlite:///acquirer.db")[0] == 0
    assert ready("--http", line["http"]) == (0, f"ready: the host at {line['http']}\n", "")
    assert ready("--http", line["http"].removeprefix("http://"))[0] == 0
    assert ready("--host", line["listen"]) == (0, f"ready: the host at {line['listen']}\n", "")
    code, out, _ = ready("--json")
    assert code == 0
    assert {name: json.loads(out)[name] for name in line} == line, "what the host printed when it was ready"
    host.end()
    assert ready("--timeout", "0") == (3, "", "the host of sqlite:///acquirer.db is not ready: no host serves it.\n")


@pytest.mark.slow
def test_it_waits_for_a_host_that_starts_later(serve: Callable[..., Served], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "acquirer", "ready", "--timeout", "2min"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as waiting:
        host = serve("--http", "127.0.0.1:0")
        out, _ = waiting.communicate(timeout=120)
    assert (waiting.returncode, json.loads(host.ready)["http"] in out) == (0, True)


@pytest.mark.slow
def test_a_host_without_http_is_found_by_its_address_only(serve: Callable[..., Served], ready: Ready) -> None:
    host = serve()
    code, _, err = ready("--timeout", "0")
    assert (code, "it starts, or serves without HTTP: use serve --http, or name it by --host" in err) == (4, True)
    assert ready("--host", json.loads(host.ready)["listen"])[0] == 0


@pytest.mark.slow
def test_a_killed_host_is_not_ready(serve: Callable[..., Served], ready: Ready) -> None:
    host = serve("--http", "127.0.0.1:0")
    host.process.send_signal(signal.SIGKILL)
    host.process.wait()
    assert ready("--timeout", "0")[0] != 0
    code, _, err = ready("--http", json.loads(host.ready)["http"], "--timeout", "50ms")
    assert (code, err.endswith(" is not ready within 50ms: nothing listens there.\n")) == (3, True)


@pytest.mark.slow
def test_a_token_that_is_given_is_demanded_and_not_printed(
    serve: Callable[..., Served], ready: Ready, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acquirer.toml").write_text(f'http_token = "{TOKEN}"\n')
    host = serve("--http", "127.0.0.1:0")
    line = json.loads(host.ready)
    assert "http_token" not in line
    assert ready()[0] == 0, "it stands in the file beside the store"
    assert ready("--http", line["http"])[0] == 0, "it stands in the settings"
    (tmp_path / "acquirer.toml").unlink()
    code, _, err = ready("--http", line["http"])
    assert (code, err.endswith("is not ready: it demands its token: set ACQUIRER_HTTP_TOKEN.\n")) == (2, True)
    monkeypatch.setenv("ACQUIRER_HTTP_TOKEN", TOKEN)
    assert ready("--http", line["http"])[0] == 0


@pytest.mark.parametrize(
    ("status", "body", "code", "sentence"),
    [
        (503, b"store: another program holds the database\n", 4, "store: another program holds the database"),
        (404, b"<html>", 5, "what answers there is not a host: /readyz was answered 404"),
        (200, b"<html>hello</html>", 5, "what answers there is not a host: /readyz was answered 200"),
        (403, b'{"detail": "this host is not called \'x\'"}', 2, "this host is not called 'x'"),
    ],
)
def test_what_is_answered_instead(ready: Ready, status: int, body: bytes, code: int, sentence: str) -> None:
    with answering(status, body) as url:
        assert ready("--http", url, "--timeout", "0") == (code, "", f"the host at {url} is not ready: {sentence}.\n")


def test_what_speaks_another_protocol_or_none(ready: Ready) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        code, _, err = ready("--http", url, "--timeout", "0")
        assert (code, "no reply was received in time" in err) == (4, True)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"

        def hang_up() -> None:
            peer, _ = server.accept()
            peer.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        code, _, err = ready("--http", url, "--timeout", "0")
        thread.join()
        assert (code, "the port of terminals is named by --host" in err) == (5, True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--http", "http://x:1", "--host", "x:1"), "Name the host once: by --http, --host or --store."),
        (("--http", "x"), "--http: 'x' is no address of a host; write it like http://127.0.0.1:18583."),
        (("--http", "https://x:1"), "--http: 'https://x:1' is no address of a host; write it like http://"),
        (("--http", "http://x:99999"), "--http: 'http://x:99999' is no address of a host"),
        (("--http", "http://x:1/readyz"), "--http: 'http://x:1/readyz' is no address of a host"),
        (("--host", "x"), "--host: 'x' is no address; write HOST:PORT, like 127.0.0.1:8583."),
        (("--timeout", "soon"), "--timeout: 'soon' is not a duration; write it like 3s, 250ms or 1min"),
        (("--store", "memory:"), "A memory: store cannot be found from outside: name the host by --http or --host."),
        (("--store", "x"), "unsupported store 'x'"),
    ],
)
def test_what_cannot_be_meant(ready: Ready, arguments: tuple[str, ...], sentence: str) -> None:
    code, out, err = ready(*arguments)
    assert (code, out, err.startswith(sentence), len(err.splitlines())) == (2, "", True, 1), err


@pytest.mark.parametrize("token", ["short", "x" * 201, "with a space in the middle", "ümlaut-in-the-token"])
def test_a_token_that_could_be_guessed_or_not_be_sent(
    ready: Ready, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("ACQUIRER_HTTP_TOKEN", token)
    code, _, err = ready("--http", "http://127.0.0.1:1")
    assert (code, "write 16 to 200 letters, digits and signs without a space" in err) == (2, True)


READY_LINE = re.compile(
    r"ready: listening on (?P<listen>\S+ \(\S+\)(?:, \S+ \(\S+\))*); (?P<terminals>\d+) terminals; store (?P<store>\S+)"
    r"(?:; HTTP at (?P<http>http://\S+?)(?: with the token (?P<token>\S+))?)?\n"
)
"""As docs/other-languages.md promises it: other programs read it."""


@pytest.mark.slow
def test_the_ready_line_keeps_its_form(serve: Callable[..., Served]) -> None:
    alone = READY_LINE.fullmatch(serve("--store", "memory:", json_=False).ready)
    assert alone
    assert alone["http"] is None
    both = serve("--store", "memory:", "--listen", "0=iso8583-1987-ascii", "--http", "0.0.0.0:0", json_=False)
    found = READY_LINE.fullmatch(both.ready)
    assert found
    assert re.fullmatch(r"127\.0\.0\.1:\d+ \(unionpay-pos\), 127\.0\.0\.1:\d+ \(iso8583-1987-ascii\)", found["listen"])
    assert (found["store"], bool(found["token"])) == ("memory:", True)
