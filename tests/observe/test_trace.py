"""Raw frames in a file: as text and as packets, for their owner alone, bounded, and found again by their exchange."""

from __future__ import annotations

import io
import json
import socket
import stat
from pathlib import Path

import dpkt
import pytest

from acquirer import cli
from acquirer.data.toml import DataError
from acquirer.inspect.trace_text import TracedFrame, frames_of_exchange, read_trace
from acquirer.observe.trace import TraceFile
from acquirer.settings.specs import load_dialect
from acquirer.testing import running_host

UNIONPAY = load_dialect("unionpay-pos")
ECHO = bytes.fromhex(next(sample.hex for sample in UNIONPAY.samples if "echo" in sample.title.lower()))
PEER, HOST = ("127.0.0.1", 50412), ("127.0.0.1", 8583)


def trace(path: Path, most_bytes: int = 1 << 20, *, reports: list[str] | None = None) -> TraceFile:
    clock = iter(range(1_700_000_000_000_001, 1_800_000_000_000_000))
    return TraceFile(path, most_bytes, lambda: next(clock), lambda _flush: None, (reports or []).append)


@pytest.mark.parametrize("name", ["trace.txt", "trace.pcapng"])
def test_an_exchange_over_a_socket_finds_its_frames(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    log = io.StringIO()
    with running_host(log=log, trace=str(file)) as host:
        with socket.create_connection((host.host, host.port), timeout=120) as sock:
            answers = []
            for wire in (ECHO, bytes(2) + ECHO, ECHO[:20] + b""):
                sock.sendall(wire)
                if wire.endswith(ECHO):
                    size = int.from_bytes(sock.recv(2, socket.MSG_WAITALL))
                    answers.append(size.to_bytes(2) + sock.recv(size, socket.MSG_WAITALL))
        host.journal.wait(reason="cut-off")
        entries = host.journal.list()
    frames = read_trace(file.read_bytes())
    found = [[frame.data for frame in frames_of_exchange(frames, one.peer, one.at_us)] for one in entries]
    assert found == [[ECHO, answers[0]], [ECHO, answers[1]], [ECHO[:20]]]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    warning = json.loads(log.getvalue().splitlines()[0])
    assert warning["event"] == "warning"
    assert f"{file} is given all frames as they are, unmasked" in log.getvalue()


def test_pipelined_frames_are_traced_one_by_one(tmp_path: Path) -> None:
    file = tmp_path / "trace.txt"
    with running_host(trace=str(file)) as host:
        with socket.create_connection((host.host, host.port), timeout=120) as sock:
            sock.sendall(ECHO * 3 + b"\xff\xff")
            while sock.recv(4096):
                pass
        host.journal.wait(reason="too-long")
    received = [frame.data for frame in read_trace(file.read_bytes()) if frame.target == host.address]
    assert received == [ECHO, ECHO, ECHO, b"\xff\xff"]


def test_without_a_trace_connections_are_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acquirer.net.server.TracedConnection", None)  # calling it would fail
    monkeypatch.chdir(tmp_path)
    with running_host() as host, socket.create_connection((host.host, host.port), timeout=120) as sock:
        sock.sendall(ECHO)
        assert sock.recv(2)
    assert list(tmp_path.iterdir()) == []


def test_packets_are_those_of_a_tcp_connection(tmp_path: Path) -> None:
    """Read by dpkt, which checks none of it for us: sums, numbers and addresses are compared here."""
    file = tmp_path / "trace.pcapng"
    for _ in range(2):  # a host that is started again writes on
        one = trace(file, 1 << 24)
        one.frame(7, PEER, HOST, b"\0\x05hello", received=True)
        one.frame(7, PEER, HOST, b"x" * 70_001, received=False)
        one.frame(8, ("::1", 50413), ("::1", 8583), b"six", received=True)
        one.ended(7)
        one.close()
    with file.open("rb") as stream:
        packets = [
            dpkt.ip.IP(data) if data[0] >> 4 == 4 else dpkt.ip6.IP6(data) for _, data in dpkt.pcapng.Reader(stream)
        ]
    assert len(packets) == 2 * (3 + 1 + 3 + 3 + 1 + 1)
    host = [packet for packet in packets[:12] if packet.data.sport == 8583 and packet.data.dport == 50412]
    assert b"".join(packet.data.data for packet in host) == b"x" * 70_001
    following = 1
    for packet in host[1:]:
        assert packet.data.seq == following
        following += len(packet.data.data)
    for packet in packets:
        again = type(packet)(bytes(packet))
        again.data.sum = 0
        if packet.v == 4:
            again.sum = 0
        assert bytes(type(packet)(bytes(again))) == bytes(packet)
    flags = [packet.data.flags for packet in packets if 50412 in (packet.data.sport, packet.data.dport)][:8]
    assert flags == [0x02, 0x12, 0x10, 0x18, 0x18, 0x18, 0x18, 0x11]
    assert [frame.data for frame in read_trace(file.read_bytes())] == [b"\0\x05hello", b"x" * 70_001, b"six"] * 2


@pytest.mark.slow
def test_a_trace_ends_at_its_bound_and_says_so(tmp_path: Path) -> None:
    reports: list[str] = []
    file = tmp_path / "trace.txt"
    one = TraceFile(file, 1 << 20, lambda: 0, lambda _flush: None, reports.append)
    for _ in range(100):
        one.frame(1, PEER, HOST, bytes(10_000), received=True)
    one.close()
    assert 900_000 < file.stat().st_size <= 1 << 20
    assert reports == [f"the trace {file} has 1 MiB, and nothing more is written to it"]
    whole = read_trace(file.read_bytes())
    assert whole
    assert all(len(frame.data) == 10_000 for frame in whole)


def test_a_file_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "acquirer.db"
    file.write_bytes(b"SQLite format 3\0")
    with pytest.raises(DataError, match="is a file already, and not a trace as text"):
        trace(file)
    with pytest.raises(DataError, match="cannot be written \\(is a directory\\); name another file"):
        trace(tmp_path)
    assert file.read_bytes() == b"SQLite format 3\0"
    text = tmp_path / "trace.pcapng"
    text.write_text("notes")
    with pytest.raises(DataError, match="not a packet capture"):
        trace(text)


def test_a_trace_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    file = tmp_path / "trace.txt"
    trace(file).close()
    file.chmod(0o644)
    trace(file).close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_last_frame_of_a_killed_host_is_left_out() -> None:
    text = (
        "# acquirer trace: raw frames both ways, nothing is masked\n\n"
        "2026-01-02T03:04:05.000001Z  127.0.0.1:1 > 127.0.0.1:2  connection 1, received 2 bytes\n0000  08 00   ..\n\n"
        "2026-01-02T03:04:05.000002Z  127.0.0.1:1 > 127.0.0.1:2  connection 1, received 2 bytes\n0000  0"
    )
    (frame,) = read_trace(text.encode())
    assert frame == TracedFrame(1_767_323_045_000_001, "127.0.0.1:1", "127.0.0.1:2", b"\x08\x00")


@pytest.mark.parametrize("name", ["trace.txt", "trace.pcapng"])
def test_the_doctor_reads_a_trace(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = trace(tmp_path / name)
    one.frame(1, PEER, HOST, ECHO, received=True)
    one.close()
    assert cli.run(["doctor", str(tmp_path / name), "--json"]) == 0
    (diagnosis,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert diagnosis["dialect"] == "unionpay-pos"
    assert [message["mti"] for message in diagnosis["messages"]] == [ECHO[13:15].hex()]
