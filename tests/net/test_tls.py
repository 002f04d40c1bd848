"""TLS of a listener over real sockets, in both versions: rows K1 to K7, with Python's and OpenSSL's own clients."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from acquirer.net.connection import Connection
from acquirer.net.limits import Limits
from acquirer.net.reactor import running_reactor
from acquirer.net.server import Server
from acquirer.net.tls_session import fingerprint_of
from acquirer.settings.certificate_maker import FLAWS, WantedCertificates, make_certificates
from acquirer.settings.server_tls import ServerTls, load_server_tls
from acquirer.settings.tls_tables import ServerTlsTable
from acquirer.testing.background import in_background
from tests.net.conftest import FRAMING, KeepingWatcher, Trial, echo

FRAME = bytes(range(40))
VERSIONS = ("1.2", "1.3")
ONLY = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority, a server, two terminals, and all of it flawed."""
    found = tmp_path_factory.mktemp("tls")
    make_certificates(found, WantedCertificates(tids=("10000161", "10000162"), flaws=FLAWS))
    return found


def table(folder: Path, **further: Any) -> ServerTlsTable:
    return ServerTlsTable("test", folder / "server.pem", folder / "server.key", **further)


def mutual(folder: Path, **further: Any) -> ServerTlsTable:
    return table(folder, authority=folder / "authority.pem", require_client=True, **further)


def client_context(folder: Path, version: str = "1.3", who: str = "") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(folder / "authority.pem")
    context.minimum_version = context.maximum_version = ONLY[version]
    if who:
        context.load_cert_chain(folder / f"{who}.pem", folder / f"{who}.key")
    return context


class TlsTrial(Trial):
    """A server that speaks TLS."""

    tls: ServerTls

    def secured(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        sock = context.wrap_socket(self.peer().socket, server_hostname="localhost")
        self._stack.callback(sock.close)
        return sock

    def sentences(self) -> list[tuple[str, str]]:
        return list(self.call(lambda: self.watcher.refusals))


@pytest.fixture
def serve_tls() -> Iterator[Callable[..., TlsTrial]]:
    """``serve_tls(table, receive=echo, **limits)``: a running server that speaks TLS."""
    with ExitStack() as servers, ExitStack() as clients:

        def start(shown: ServerTlsTable, receive: Any = echo, **limits: float) -> TlsTrial:
            watcher, tls = KeepingWatcher(), load_server_tls(shown)

            @asynccontextmanager
            async def running() -> AsyncIterator[Server]:
                with running_reactor() as reactor:
                    server = Server(reactor, Limits(**limits), watcher)  # type: ignore[arg-type]
                    await server.listen("127.0.0.1", 0, FRAMING, receive, tls=tls)
                    await server.listen("127.0.0.1", 0, FRAMING, receive)  # beside it, without
                    yield server
                    await server.stop()

            trial = TlsTrial(servers.enter_context(in_background(running)), watcher, clients)
            trial.tls = tls
            return trial

        yield start


class ByteByByte:
    """A client that sends every byte alone."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self._socket = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._session = context.wrap_bio(self._incoming, self._outgoing, server_hostname="localhost")
        self._done(self._shake_hands)

    def _shake_hands(self) -> bool:
        self._session.do_handshake()
        return True

    def send(self, data: bytes) -> None:
        self._done(lambda: self._session.write(data))

    def finish(self) -> None:
        with pytest.raises(ssl.SSLWantReadError):
            self._session.unwrap()
        self._flush()

    def receive(self, size: int) -> bytes:
        data = b""
        while len(data) < size and (piece := self._done(lambda: self._session.read(4096))):
            data += piece
        return data

    def _done(self, step: Callable[[], Any]) -> Any:
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                result = None
            except ssl.SSLZeroReturnError:  # both have said that they send no more
                result = b""
            self._flush()
            if result is not None:
                return result
            if data := self._socket.recv(7):
                self._incoming.write(data)
            else:
                self._incoming.write_eof()

    def _flush(self) -> None:
        for byte in self._outgoing.read():
            self._socket.sendall(bytes((byte,)))


def ask(sock: ssl.SSLSocket, frame: bytes = FRAME) -> bytes:
    sock.sendall(FRAMING.wrap(frame))
    return received(sock, len(FRAMING.wrap(frame)))[2:]


def received(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = sock.recv(size - len(data))
        if not piece:
            break
        data += piece
    return data


@pytest.mark.parametrize("version", VERSIONS)
def test_a_frame_is_answered(folder: Path, serve_tls: Callable[..., TlsTrial], version: str) -> None:
    trial = serve_tls(table(folder))
    sock = trial.secured(client_context(folder, version))
    assert sock.version() == f"TLSv{version}"
    assert ask(sock) == FRAME
    assert ask(sock, b"x" * 5000) == b"x" * 5000
    assert trial.call(lambda: len(trial.server.handshakes._under_way)) == 0


@pytest.mark.parametrize("version", VERSIONS)
def test_the_certificate_of_a_terminal_stands_beside_its_frames(
    folder: Path, serve_tls: Callable[..., TlsTrial], version: str
) -> None:
    shown: list[Any] = []

    def receive(connection: Connection, frame: bytes) -> None:
        shown.append(connection.certificate)
        echo(connection, frame)

    trial = serve_tls(mutual(folder), receive)
    assert ask(trial.secured(client_context(folder, version, "terminals/10000161"))) == FRAME
    der = ssl.PEM_cert_to_DER_cert((folder / "terminals" / "10000161.pem").read_text())
    (certificate,) = shown
    assert certificate.fits("CN=10000161")
    assert not certificate.fits("CN=10000162")
    assert certificate.fits(fingerprint_of(der))


REFUSED = {
    "expired": "it has expired",
    "not-yet-valid": "it is not valid yet",
    "other-authority": "unknown authority",
    "wrong-purpose": "it is not for this purpose",
    "revoked": "it is revoked",
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("flaw", REFUSED)
def test_a_flawed_certificate_is_refused_in_words(
    folder: Path, serve_tls: Callable[..., TlsTrial], flaw: str, version: str
) -> None:
    trial = serve_tls(mutual(folder, revoked=folder / "revoked.pem"))
    context = client_context(folder, version, f"flawed/terminal-{flaw}")
    with pytest.raises(ssl.SSLError, match=r"(?i)alert"):
        ask(trial.secured(context))
    ((reason, sentence),) = trial.sentences()
    assert reason == "tls-handshake"
    assert sentence.startswith("the terminal's certificate is refused: ")
    assert REFUSED[flaw] in sentence
    assert ask(trial.secured(client_context(folder, version, "terminals/10000161"))) == FRAME


@pytest.mark.parametrize("version", VERSIONS)
def test_a_terminal_without_a_certificate_is_refused_where_one_is_required(
    folder: Path, serve_tls: Callable[..., TlsTrial], version: str
) -> None:
    trial = serve_tls(mutual(folder))
    with pytest.raises(ssl.SSLError, match=r"(?i)alert"):
        ask(trial.secured(client_context(folder, version)))
    assert trial.sentences() == [("tls-handshake", "the terminal sent no certificate, and one is required")]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("flaw", "says"),
    [
        ("expired", "the terminal says that the host's certificate has expired or is not valid yet"),
        ("other-authority", "the terminal does not trust the host's certificate: unknown authority"),
        ("wrong-name", "the terminal refuses the host's certificate"),
    ],
)
def test_what_a_terminal_refuses_of_the_host_is_put_into_words(
    folder: Path, serve_tls: Callable[..., TlsTrial], flaw: str, says: str, version: str
) -> None:
    own = folder / "flawed" / f"server-{flaw}"
    trial = serve_tls(ServerTlsTable("test", own.with_suffix(".pem"), own.with_suffix(".key"), allow_expired=True))
    with pytest.raises(ssl.SSLCertVerificationError):
        trial.secured(client_context(folder, version))
    trial.until(lambda: trial.watcher.refusals)
    ((reason, sentence),) = trial.sentences()
    assert (reason, sentence.startswith(says)) == ("tls-handshake", True), sentence


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (FRAMING.wrap(FRAME), "plain ISO 8583 on the TLS port"),
        (FRAMING.wrap(FRAME)[:7], "plain ISO 8583 on the TLS port"),
        (b"GET / HTTP/1.1\r\n\r\n", "this is an HTTP request, on a TLS port"),
        (b"\xff\xff\xff\xff", "what came on the TLS port is neither TLS nor a frame of this dialect"),
    ],
)
def test_what_is_no_tls_is_called_what_it_is(
    folder: Path, serve_tls: Callable[..., TlsTrial], sent: bytes, says: str
) -> None:
    trial = serve_tls(table(folder))
    peer = trial.peer()
    peer.socket.sendall(sent)
    assert peer.ended() in ("fin", "rst")
    ((reason, sentence),) = trial.sentences()
    assert reason == "not-tls"
    assert sentence.startswith(says)


def test_versions_before_1_2_are_refused(folder: Path, serve_tls: Callable[..., TlsTrial]) -> None:
    trial = serve_tls(table(folder))
    context = client_context(folder)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match=r"(?i)protocol.version"):
        trial.secured(context)
    says = "no common version: the terminal offered none of those that the host can speak"
    assert trial.sentences() == [("tls-handshake", says)]


def test_a_host_for_1_3_alone_refuses_1_2(folder: Path, serve_tls: Callable[..., TlsTrial]) -> None:
    trial = serve_tls(table(folder, minimum="1.3"))
    with pytest.raises(ssl.SSLError, match=r"(?i)protocol.version"):
        trial.secured(client_context(folder, "1.2"))
    assert trial.sentences()[0][1].startswith("no common version")


def test_without_a_common_cipher_the_handshake_is_refused(folder: Path, serve_tls: Callable[..., TlsTrial]) -> None:
    trial = serve_tls(table(folder))
    context = client_context(folder, "1.2")
    context.set_ciphers("AES128-SHA256")  # its keys are exchanged by RSA, and the host's is another key
    with pytest.raises(ssl.SSLError):
        trial.secured(context)
    assert trial.sentences()[0][1].startswith("no common cipher")


@pytest.mark.parametrize("version", VERSIONS)
def test_every_cut_of_the_stream_gives_the_same_result(
    folder: Path, serve_tls: Callable[..., TlsTrial], version: str
) -> None:
    """Byte by byte, handshake and frames alike."""
    client = ByteByByte(serve_tls(table(folder)).peer().socket, client_context(folder, version))
    for _ in range(3):
        client.send(FRAMING.wrap(FRAME))
        assert client.receive(42) == FRAMING.wrap(FRAME)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_announced_end_behind_a_request_is_answered_and_announced(
    folder: Path, serve_tls: Callable[..., TlsTrial], version: str
) -> None:
    """A client that says close_notify, keeps its connection open, and goes on reading."""
    trial = serve_tls(table(folder))
    client = ByteByByte(trial.peer().socket, client_context(folder, version))
    client.send(FRAMING.wrap(FRAME) * 3)
    client.finish()
    assert client.receive(3 * 42) == FRAMING.wrap(FRAME) * 3
    assert client.receive(1) == b""
    assert trial.sentences() == []
    assert trial.closes() == {}  # it was not ended because it stayed silent


@pytest.mark.parametrize("version", VERSIONS)
def test_the_host_announces_its_end(folder: Path, serve_tls: Callable[..., TlsTrial], version: str) -> None:
    trial = serve_tls(table(folder), idle_s=0.1)
    context = client_context(folder, version)
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    sock = context.wrap_socket(trial.peer().socket, server_hostname="localhost", suppress_ragged_eofs=False)
    with sock:
        assert ask(sock) == FRAME
        assert sock.recv(1) == b""  # an end without it raises
    assert trial.closes() == {"idle": 1}


def test_an_end_without_announcement_within_a_frame_cuts_it_off(
    folder: Path, serve_tls: Callable[..., TlsTrial]
) -> None:
    trial = serve_tls(table(folder))
    sock = trial.secured(client_context(folder))
    assert ask(sock) == FRAME
    sock.sendall(FRAMING.wrap(FRAME)[:20])
    sock.close()
    trial.until(lambda: trial.watcher.refusals)
    assert [reason for reason, _ in trial.sentences()] == ["cut-off"]


def test_a_peer_that_comes_and_goes_without_a_word_is_no_event(
    folder: Path, serve_tls: Callable[..., TlsTrial]
) -> None:
    trial = serve_tls(table(folder))
    trial.peer().socket.close()
    trial.until(lambda: trial.server.counters.connections == 1 and not trial.server.connections)
    assert trial.sentences() == []


def test_a_handshake_that_is_not_finished_is_ended(folder: Path, serve_tls: Callable[..., TlsTrial]) -> None:
    trial = serve_tls(table(folder), handshake_s=0.05)
    peer = trial.peer()
    peer.socket.sendall(b"\x16\x03\x01")
    assert peer.ended() in ("fin", "rst")
    assert trial.sentences() == [("tls-timeout", "the TLS handshake was begun, and not finished in time")]


def test_a_flood_of_silent_handshakes_keeps_neither_plain_terminals_nor_others_out(
    folder: Path, serve_tls: Callable[..., TlsTrial]
) -> None:
    trial = serve_tls(table(folder), handshakes=8, handshake_full_s=0.05)
    silent = [trial.peer() for _ in range(40)]
    for one in silent:
        one.socket.sendall(b"\x16\x03\x01")
    plain = socket.create_connection((trial.address[0], trial.call(lambda: trial.server.listeners[1].port)))
    with plain:
        plain.sendall(FRAMING.wrap(FRAME))
        assert received(plain, 42)[2:] == FRAME
    assert ask(trial.secured(client_context(folder))) == FRAME
    assert trial.call(lambda: trial.server.handshakes.most_under_way) == 8


@pytest.mark.parametrize("version", VERSIONS)
def test_a_peer_that_never_reads_is_ended_and_costs_little(
    folder: Path, serve_tls: Callable[..., TlsTrial], version: str
) -> None:
    trial = serve_tls(table(folder), unsent_s=0.2)
    sock = trial.secured(client_context(folder, version))
    sock.setblocking(False)
    frames = FRAMING.wrap(b"x" * 4000) * 8
    worst = 0
    end_s = time.monotonic() + 600
    while not trial.closes() and time.monotonic() < end_s:
        try:
            sock.send(frames)
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            time.sleep(0.01)
        except OSError:
            break
        unsent = [c._transport.unsent_bytes for c in trial.call(lambda: list(trial.server.connections)) if c._transport]
        worst = max([worst, *unsent])
    trial.until(lambda: trial.server.counters.closes)
    assert set(trial.closes()) == {"not-reading"}
    assert worst <= 256 * 1024 + 64 * 1024


def test_certificates_are_read_anew_and_connections_live_on(
    folder: Path, serve_tls: Callable[..., TlsTrial], tmp_path: Path
) -> None:
    make_certificates(tmp_path, WantedCertificates())
    trial = serve_tls(table(tmp_path))
    before = trial.secured(client_context(tmp_path))
    old = before.getpeercert(binary_form=True)
    make_certificates(tmp_path, WantedCertificates())
    trial.call(trial.tls.reload)
    after = trial.secured(client_context(tmp_path))
    assert after.getpeercert(binary_form=True) != old
    assert ask(before) == FRAME
    assert ask(after) == FRAME


OPENSSL = shutil.which("openssl")


@pytest.mark.skipif(OPENSSL is None, reason="OpenSSL's own client is not installed")
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_openssl_speaks_with_it(folder: Path, serve_tls: Callable[..., TlsTrial], version: str) -> None:
    trial = serve_tls(mutual(folder))
    own = folder / "terminals" / "10000161"
    command = [
        *(str(OPENSSL), "s_client", version, "-connect", f"127.0.0.1:{trial.address[1]}", "-verify_return_error"),
        *("-CAfile", str(folder / "authority.pem"), "-verify_hostname", "localhost", "-quiet", "-no_ign_eof"),
        *("-cert", f"{own}.pem", "-key", f"{own}.key"),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(FRAMING.wrap(FRAME))
        client.stdin.flush()
        assert client.stdout.read(42) == FRAMING.wrap(FRAME)
        client.stdin.close()
    assert client.returncode == 0
    assert trial.sentences() == []


@pytest.mark.skipif(OPENSSL is None, reason="OpenSSL's own client is not installed")
def test_a_client_that_renegotiates_is_refused(folder: Path, serve_tls: Callable[..., TlsTrial]) -> None:
    trial = serve_tls(table(folder))
    done = subprocess.run(
        [*(str(OPENSSL), "s_client", "-tls1_2", "-connect", f"127.0.0.1:{trial.address[1]}")],
        input=b"R\n",
        capture_output=True,
        timeout=600,
        check=False,
    )
    assert b"no renegotiation" in done.stderr
