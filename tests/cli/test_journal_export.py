"""``acquirer journal export``: what is written, whose it is, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from acquirer import cli
from acquirer.cli.errors import Code
from acquirer.inspect.trace_text import read_trace
from acquirer.settings.private_file import OWNER_ONLY
from acquirer.wire.message import Message
from tests.cli.journalled import PAN, Filled, filled_store

Say = pytest.CaptureFixture[str]
PEER = "127.0.0.1:50412"
TRACE = f"""# acquirer trace: raw frames both ways, nothing is masked

2025-12-31T16:00:00.000000Z  {PEER} > 127.0.0.1:8583  connection 1, received 3 bytes
0000  00 01 42                                            ..B

2025-12-31T16:00:00.000100Z  127.0.0.1:8583 > {PEER}  connection 1, sent 3 bytes
0000  00 01 43                                            ..C

"""


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Filled]:
    with filled_store(tmp_path, monkeypatch) as filled:
        yield filled


def test_json_lines_are_those_of_the_list(host: Filled, capsys: Say, tmp_path: Path) -> None:
    assert cli.run(["journal", "list", "--json", "-n", "0"]) == Code.OK
    listed = capsys.readouterr().out
    assert cli.run(["journal", "export", "-o", "all.jsonl"]) == Code.OK
    assert capsys.readouterr() == ("", "all.jsonl: 4 exchanges.\n")
    assert (tmp_path / "all.jsonl").read_text(encoding="utf-8") == listed
    assert (tmp_path / "all.jsonl").stat().st_mode & 0o777 == OWNER_ONLY
    for filters, numbers in (
        (["service=sale"], [2]),
        (["(tid=10000161 | tid=10000162) & id<4"], [1, 2]),
        (["id>1", "id<4"], [2, 3]),
        (["stan=999999"], []),
    ):
        assert cli.run(["journal", "export", *filters]) == Code.OK
        assert [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()] == numbers


def test_text_has_the_masked_fields_below_each_line(host: Filled, capsys: Say) -> None:
    assert cli.run(["journal", "export", "service=sale", "--format", "text"]) == Code.OK
    out = capsys.readouterr().out
    assert out.splitlines() == [
        "     2  2026-01-01 00:00:00  10000161  0200 sale      000002  A0  "
        "MAC differs: the terminal kept its old key; skew 3 s [undelivered]",
        "        request 0200  2: 621234******1232  4: 000000001234  35: [21 characters hidden]  41: 10000161",
        "        reply 0210  39: A0  41: 10000161",
    ]


def test_packets_are_raw_where_a_trace_has_them(
    host: Filled, capsys: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trace.txt").write_text(TRACE, encoding="utf-8")
    sale = Message(b"", "0200", {2: PAN, 11: "000009"})
    for _ in range(2):  # the trace has the first of them only
        host.exchange(mti="0200", service="sale", peer=PEER, message=sale, reply={39: "00"}, reply_mti="0210")
    host.exchange(reason="cut-off")
    words = ["journal", "export", "--format", "pcapng"]
    assert cli.run([*words, "-o", "packets.pcapng", "--trace", "trace.txt", "id>1"]) == Code.OK
    assert capsys.readouterr().err.splitlines() == [
        "Warning: the raw frames of 1 exchange are unmasked, with card numbers, tracks and PIN blocks: delete the file "
        "when it was looked at.",
        "1 exchange without a message: no packets.",
        "packets.pcapng: 6 exchanges.",
    ]
    frames = read_trace((tmp_path / "packets.pcapng").read_bytes())
    assert [frame.data for frame in frames if frame.source == PEER][:1] == [b"\x00\x01B"]
    monkeypatch.setenv("ACQUIRER_TRACE", "none.txt")
    assert cli.run([*words, "-o", "again.pcapng", "id>4"]) == Code.OK
    written = (tmp_path / "again.pcapng").read_bytes()
    assert [frame.source for frame in read_trace(written)] == [PEER, "127.0.0.1:8583"] * 2
    assert bytes.fromhex("6212340000001232") in written
    assert bytes.fromhex(PAN) not in written


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--format", "xml"], "--format: 'xml' is none of jsonl, text and pcapng."),
        (["--trace", "t"], "--trace: only packets are made of raw frames; take it out, or give --format pcapng."),
        (["-o", "acquirer.db"], "acquirer.db exists: name a new file, it would be written over."),
        (["-o", "none/all.jsonl"], "none/all.jsonl: cannot be written (no such file or directory)."),
        (
            ["--format", "pcapng", "--trace", "t", "-o", "new"],
            "t: cannot be read (no such file or directory); name a trace.",
        ),
    ],
)
def test_what_cannot_be_written_is_one_sentence(
    host: Filled, words: list[str], sentence: str, capsys: Say, tmp_path: Path
) -> None:
    assert cli.run(["journal", "export", *words]) == Code.USAGE
    assert capsys.readouterr() == ("", f"{sentence}\n")
    assert not (tmp_path / "new").exists()


def test_packets_are_not_for_a_screen(host: Filled, capsys: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert cli.run(["journal", "export", "--format", "pcapng"]) == Code.USAGE
    assert capsys.readouterr().err == "Packets are no text for a screen: name a file with -o.\n"
