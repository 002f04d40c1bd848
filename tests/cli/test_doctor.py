"""`acquirer doctor`."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import dpkt
import pytest

from acquirer.cli import run
from acquirer.cli.errors import Code
from acquirer.settings.specs import load_dialect

Say = pytest.CaptureFixture[str]
UNIONPAY = load_dialect("unionpay-pos")
WIRE = [bytes.fromhex(sample.hex) for sample in UNIONPAY.samples]


@pytest.fixture
def packets(tmp_path: Path) -> Path:
    """A sign-on with its reply, the request in two segments of which one came twice."""
    path = tmp_path / "terminal.pcap"
    with path.open("wb") as file:
        out = dpkt.pcap.Writer(file)
        for number, (mine, seq, data) in enumerate(
            [(True, 100, WIRE[0][:20]), (True, 120, WIRE[0][20:]), (True, 100, WIRE[0][:20]), (False, 500, WIRE[1])]
        ):
            ends = [(b"\x0a\0\0\1", 50412), (b"\x0a\0\0\2", 8583)]
            (source, sport), (target, dport) = ends if mine else reversed(ends)
            tcp = dpkt.tcp.TCP(sport=sport, dport=dport, seq=seq, flags=0x18, data=data)
            packet = dpkt.ip.IP(src=source, dst=target, p=6, data=tcp)
            packet.len = len(packet)
            out.writepkt(bytes(dpkt.ethernet.Ethernet(data=packet)), ts=1_700_000_000 + number / 10)
    return path


def run_doctor(capsys: Say, *arguments: str, code: int = Code.OK) -> tuple[str, str]:
    assert run(["doctor", *arguments]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


def flat(text: str) -> str:
    return " ".join(text.split())


def test_packets_are_read_as_a_conversation(packets: Path, capsys: Say) -> None:
    out, err = run_doctor(capsys, str(packets), "--dialect", "unionpay-pos")
    assert err == ""
    assert "10.0.0.1:50412 → 10.0.0.2:8583" in out
    assert "unionpay-pos, binary2 sure" in flat(out)
    assert "• unionpay-pos: TPDU 6000030000, head 603100011001, 2-byte length 60" in out
    rows = [flat(line) for line in out.splitlines() if "sign-on" in line]
    assert rows[0].endswith(".000 → 0800 sign-on 000003 10000161 60")
    assert rows[1].endswith(".300 ← 0810 sign-on reply 500211 99999906 00 121")


def test_as_json_every_message_is_whole_and_masked(packets: Path, capsys: Say) -> None:
    (line,) = run_doctor(capsys, str(packets), "--json", "--dialect", "unionpay-pos")[0].splitlines()
    diagnosis = json.loads(line)
    assert (diagnosis["form"], diagnosis["dialect"], diagnosis["framing"], diagnosis["certainty"]) == (
        "packets",
        "unionpay-pos",
        "binary2",
        "sure",
    )
    assert [message["mti"] for message in diagnosis["messages"]] == ["0800", "0810"]
    assert diagnosis["messages"][0]["fields"]["11"]["value"] == "000003"
    assert diagnosis["messages"][1]["at"].startswith("2023-11-1")


def test_no_card_number_is_shown(tmp_path: Path, capsys: Say) -> None:
    path = tmp_path / "sale.bin"
    path.write_bytes(WIRE[3])
    for arguments in ([], ["--json"]):
        out, _ = run_doctor(capsys, str(path), *arguments)
        assert "10008060" in out
        assert "62250000000000" not in out


def test_what_comes_through_a_pipe_is_read_too(capsys: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"".join(WIRE))))
    out, _ = run_doctor(capsys, "-")
    assert f"• {len(WIRE)} of {len(WIRE)} messages can be read" in out


@pytest.mark.parametrize(
    ("content", "sentence", "code"),
    [
        (b" \n", "is empty.", Code.USAGE),
        (
            b"\xd4\xc3\xb2\xa1\x00",
            "the packet capture is damaged: it ends within its header, after 5 bytes.",
            Code.UNDECODABLE,
        ),
        (b"GET / HTTP/1.0\r\n\r\n", "Not all of it is ISO 8583.", Code.UNDECODABLE),
        (UNIONPAY.framing.wrap(WIRE[0][2:] + b"\x00"), "1 message cannot be read.", Code.UNDECODABLE),
    ],
)
def test_a_capture_that_cannot_be_read_is_refused_in_one_sentence(
    content: bytes, sentence: str, code: Code, tmp_path: Path, capsys: Say
) -> None:
    path = tmp_path / "capture"
    path.write_bytes(content)
    assert run_doctor(capsys, str(path), code=code)[1].endswith(sentence + "\n")


def test_a_file_that_is_not_there_is_named(capsys: Say) -> None:
    assert run_doctor(capsys, "nosuch.pcap", code=Code.USAGE) == ("", "nosuch.pcap: No such file or directory.\n")
