"""`acquirer decode`: a capture in, a table or JSON out, and one sentence when it is no message."""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path

import pytest

from acquirer.cli import run
from acquirer.cli.errors import Code
from acquirer.inspect.hexdump import hexdump
from acquirer.settings.specs import load_dialect

UNIONPAY = load_dialect("unionpay-pos")
SIGN_ON, SIGN_ON_REPLY, SALE, CHIP_SALE = (sample.hex for sample in UNIONPAY.samples[:4])

Say = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch):
    """Puts bytes on stdin."""

    def put(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return put


def decoded(capsys: Say, *arguments: str, code: int = Code.OK) -> tuple[str, str]:
    assert run(["decode", *arguments]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_a_sign_on_as_a_table(capsys: Say) -> None:
    out, err = decoded(capsys, SIGN_ON)
    assert err == ""
    lines = out.splitlines()
    assert lines[0] == "sign-on 签到  unionpay-pos, 60 bytes"
    assert lines[1] == "TPDU 6000030000, head 603100011001, 2-byte length 60"
    flat = " ".join(out.split())
    assert "42 merchant 受卡方标识码 32–46 880210010210162" in flat
    assert "60.3 function 网络管理信息码 53–54 003 sign-on, double-length keys 签到(双倍长密钥)" in flat
    assert "0000 60 00 03 00 00 60 31 00 01 10 01 08 00 00 20 00 `....`1....... ." in flat


@pytest.mark.slow
@pytest.mark.parametrize("columns", [60, 80, 109, 110, 200])
def test_a_table_fits_its_screen_and_leaves_no_blanks(
    columns: int, capsys: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    out, _ = decoded(capsys, CHIP_SALE)
    for line in out.splitlines():
        wide = sum(2 if "\u2e80" <= character <= "\uffef" else 1 for character in line)
        assert wide <= max(columns, 72)  # a dump does not break
        assert line == line.rstrip()
    assert ("交易处理码" in out) == (columns >= 110)


def test_no_escape_sequence_reaches_a_pipe_or_a_screen_that_wants_no_colour(
    capsys: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "\x1b" not in decoded(capsys, CHIP_SALE)[0]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[33m" in decoded(capsys, CHIP_SALE)[0]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in decoded(capsys, CHIP_SALE)[0]


def test_text_from_the_wire_is_no_markup(capsys: Say) -> None:
    frame = UNIONPAY.encode("0800", {41: "[red]x]:", 42: "[/] :smile: [b] "[:15], 60: "00000001003"})
    out, _ = decoded(capsys, frame.hex())
    assert "[red]x]:" in out
    assert "[/] :smile: [b]" in out


def test_json_is_one_exact_object(capsys: Say) -> None:
    out, err = decoded(capsys, "--json", SALE)
    assert err == ""
    captured = json.loads(out)
    assert (captured["dialect"], captured["framing"], captured["mti"]) == ("unionpay-pos", "binary2", "0200")
    assert (captured["tpdu"], captured["head"]) == ("6000030000", "603100310000")
    assert captured["fields"]["4"] == {"name": "amount", "value": 1, "span": [24, 30], "meaning": "0.01 CNY"}
    assert captured["fields"]["11"]["value"] == "000134"
    assert captured["fields"]["60"]["sub"]["60.2"]["value"] == "000007"
    assert captured["error"] is None
    assert captured["why"] == "TPDU 6000030000, head 603100310000, 2-byte length 87"
    assert captured["sure"] is True


@pytest.mark.slow
@pytest.mark.parametrize("what", ["binary", "hex", "dump", "spaced"])
def test_a_file_may_hold_bytes_hex_or_a_dump(what: str, tmp_path: Path, capsys: Say) -> None:
    raw = bytes.fromhex(SIGN_ON)
    written = {"binary": raw, "hex": SIGN_ON.encode(), "dump": hexdump(raw).encode(), "spaced": raw.hex(" ").encode()}
    path = tmp_path / "sign-on"
    path.write_bytes(written[what])
    assert decoded(capsys, str(path)) == decoded(capsys, SIGN_ON)


def test_stdin_is_read_when_it_is_piped_or_named(piped, capsys: Say) -> None:
    expected = decoded(capsys, SIGN_ON)
    piped(bytes.fromhex(SIGN_ON))
    assert decoded(capsys, "-") == expected
    piped(SIGN_ON.encode() + b"\n")
    assert decoded(capsys) == expected


def test_hex_may_be_typed_in_several_words(capsys: Say) -> None:
    assert decoded(capsys, SIGN_ON[:4], SIGN_ON[4:14], SIGN_ON[14:]) == decoded(capsys, SIGN_ON)


def test_several_messages_are_shown_one_after_the_other(capsys: Say) -> None:
    out, _ = decoded(capsys, SIGN_ON + SIGN_ON_REPLY + SALE)
    assert [line.split("  ")[0] for line in out.splitlines() if "unionpay-pos, " in line] == [
        "sign-on 签到",
        "sign-on reply 签到应答",
        "sale 消费",
    ]
    out, _ = decoded(capsys, "--json", SIGN_ON + SIGN_ON_REPLY)
    assert [json.loads(line)["mti"] for line in out.splitlines()] == ["0800", "0810"]


def test_sensitive_values_are_shown_on_request_only_and_with_a_warning(capsys: Say) -> None:
    pan = "6225000000000014"
    for arguments in ([CHIP_SALE], ["--json", CHIP_SALE]):
        out, err = decoded(capsys, *arguments)
        assert pan not in out
        assert "622500******0014" in out
        assert err == ""
        out, err = decoded(capsys, "--unsafe-show", *arguments)
        assert pan in out
        assert f"{pan}D2412" in out
        assert err == "Nothing is masked: do not paste this where others can read it.\n"


def test_what_breaks_off_is_shown_up_to_there(capsys: Say) -> None:
    out, err = decoded(capsys, SALE[:80], code=Code.UNDECODABLE)
    assert "A guess: TPDU 6000030000, head 603100310000, 2-byte length 87, of which 49 bytes are missing" in out
    assert "000134" in out
    assert "✗" in out
    assert err.startswith("Undecodable as unionpay-pos: DE 41 at byte 36: ")
    assert err.count("\n") == 1
    out, err_again = decoded(capsys, "--json", SALE[:80], code=Code.UNDECODABLE)
    captured = json.loads(out)
    assert (captured["mti"], captured["fields"]["11"]["value"]) == ("0200", "000134")
    assert err_again == f"Undecodable as unionpay-pos: {captured['error']}.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["nosuch.bin"], 2, "There is no file 'nosuch.bin', and as hex: 'n' is no hex digit."),
        (["12", "3"], 2, "As hex: 3 hex digits are half a byte too many or too few."),
        (["0" * 301], 2, "As hex: 301 hex digits are half a byte too many or too few."),
        (["/"], 2, "/: Is a directory."),
        ([b"GET / HTTP/1.1".hex()], 5, "This is an HTTP request, not ISO 8583."),
        (["--dialect", "unionpay", "00"], 2, "unionpay: no dialect of this name; did you mean 'unionpay-pos'?"),
        (["--dialect", "no.toml", "00"], 2, "no.toml: cannot be read: No such file or directory"),
    ],
)
def test_bytes_that_cannot_be_decoded_are_refused_in_one_sentence(
    arguments: list[str], code: int, sentence: str, capsys: Say
) -> None:
    assert decoded(capsys, *arguments, code=code) == ("", sentence + "\n")


def test_an_empty_file_a_masked_dump_and_a_log_are_refused(tmp_path: Path, capsys: Say) -> None:
    path = tmp_path / "x"
    for content, sentence in (
        (b"", "is empty."),
        (hexdump(bytes.fromhex(CHIP_SALE), {50, 51}).encode(), "some bytes are masked with '*': only the original "),
        (bytes(5 << 20), "is larger than 4 MiB; cut out the messages of interest."),
    ):
        path.write_bytes(content)
        _, err = decoded(capsys, str(path), code=Code.USAGE)
        assert err.startswith(f"{path}: {sentence}")


def test_nothing_named_on_a_terminal_asks_for_something(monkeypatch: pytest.MonkeyPatch, capsys: Say) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    _, err = decoded(capsys, code=Code.USAGE)
    assert err == "Name a file, give hex, or pipe a message into 'acquirer decode'.\n"


def test_the_dumps_of_a_large_capture_end_where_they_say(capsys: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acquirer.cli.decode.DUMPED_BYTES", 64)
    out, _ = decoded(capsys, SIGN_ON + SIGN_ON + SIGN_ON)
    offsets = [line[:4] for line in out.splitlines() if line.startswith("00")]
    assert offsets == ["0000", "0010", "0020", "0030", "0000"]
    hint = "left out: dumps end after 64 bytes together; cut out the messages of interest"
    assert [line for line in out.splitlines() if line.startswith("…")] == [f"… 56 bytes {hint}", f"… 60 bytes {hint}"]


@pytest.mark.slow
def test_three_megabytes_of_nonsense_are_looked_at_in_seconds(tmp_path: Path, capsys: Say) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"\x99" * 3_000_000)
    began_s = time.process_time()
    out, _ = decoded(capsys, str(path), code=Code.UNDECODABLE)
    assert time.process_time() - began_s < 30  # two on a slow machine; it was 80 when the dump had no end
    assert out.count("\n") < 10_000
