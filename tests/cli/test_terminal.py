"""``acquirer terminal`` as people type it: lines, JSON, exit codes, and one sentence when something cannot be."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count, pairwise
from pathlib import Path
from random import Random

import pytest
from PIL import Image

from acquirer.cli import run
from acquirer.settings.terminal_state import StateFile
from acquirer.testing import RunningHost, running_host

Shell = Callable[..., tuple[int, str, str]]
FAULTS = [
    "sale,amount=66.66",
    "sale,amount=77.77",
    "reversal,amount=77.77",
    "signature,amount=55.55",
    "refund,amount=44.44,count=3",
]
NUMBERS = count(20000001)


@pytest.fixture(scope="module")
def host() -> Iterator[RunningHost]:
    with running_host(fault=[f"silent:service={which}" for which in FAULTS]) as running:
        yield running


@pytest.fixture
def tid() -> str:
    """A terminal that no other test uses."""
    return str(next(NUMBERS))


@pytest.fixture
def pos(host: RunningHost, tmp_path: Path, capsys: pytest.CaptureFixture[str], tid: str) -> Shell:
    """Runs one command of that terminal; answers with exit code, stdout, stderr."""

    def shell(*words: str, **options: str) -> tuple[int, str, str]:
        given = {"state": str(tmp_path), "tid": tid, "host": host.address} | options
        if words[0] == "receipt":
            given.pop("host")
        flags = [part for name, value in given.items() for part in (f"--{name}", value)]
        code = run(["terminal", *words, *flags])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return shell


def without_numbers(text: str) -> str:
    """The text with what differs from run to run taken out."""
    return re.sub(r"\d+ ms", "N ms", re.sub(r"(PIK|MAK) [0-9A-F]{8}", r"\1 KCV", text))


def test_a_day_in_lines(pos: Shell) -> None:
    assert without_numbers(pos("sign-on")[1]) == (
        "→ 0800 sign-on STAN 000001 … ← 0810 00 approved · keys PIK KCV MAK KCV · batch 000001 · N ms\n"
    )
    assert without_numbers(pos("sale", "--amount", "12.34", "--pin", "123456")[1]) == (
        "→ 0200 sale STAN 000002 12.34 621234******1232 … ← 0210 00 approved · N ms\n"
    )
    assert without_numbers(pos("sale", "--amount", "5", "--card", "poor")[1]) == (
        "→ 0200 sale STAN 000003 5.00 620000******0047 … ← 0210 51 not enough funds · N ms\n"
    )
    assert without_numbers(pos("reverse")[1]) == (
        "→ 0400 reversal STAN 000002 12.34 621234******1232 reason 98 … "
        "← 0410 00 approved · the sale is undone · N ms\n"
    )
    assert without_numbers(pos("echo")[1]) == "→ 0820 echo test … ← 0830 00 approved · N ms\n"
    assert without_numbers(pos("sign-off")[1]) == "→ 0820 sign-off STAN 000004 … ← 0830 00 approved · N ms\n"


def test_every_operation_ends_with_0_and_says_nothing_on_stderr(pos: Shell) -> None:
    for words in (["sign-on"], ["echo"], ["sale", "--amount", "1.00"], ["reverse"], ["sign-off"]):
        code, _, err = pos(*words)
        assert (code, err) == (0, "")


def test_no_answer_is_4_even_when_the_reversal_worked(pos: Shell) -> None:
    code, out, err = pos("sale", "--amount", "66.66", "--timeout", "0.2")
    assert code == 4
    assert err == ""
    assert [line.split(" … ")[0] for line in out.splitlines()] == [
        "→ 0800 sign-on STAN 000001",
        "→ 0200 sale STAN 000002 66.66 621234******1232",
        "→ 0400 reversal STAN 000002 66.66 621234******1232 reason 98",
    ]
    assert "← no answer · waited 0.2 s · 2" in out


def test_a_reversal_that_is_owed_is_named_and_can_be_given_up(pos: Shell) -> None:
    code, _, err = pos("sale", "--amount", "77.77", "--timeout", "0.1")
    assert code == 4
    assert err == (
        "the reversal of STAN 000002 in batch 000001 (77.77) is owed, 1 of 3 tries made; "
        "it goes out before the next sale\n"
    )
    for _ in range(2):
        assert pos("sale", "--amount", "1.00", "--timeout", "0.1")[0] == 2
    code, out, err = pos("sale", "--amount", "1.00")
    assert (code, out) == (2, "")
    assert "in 3 tries and is kept" in err
    assert "--drop-reversal gives it up" in err
    code, out, _ = pos("sale", "--amount", "1.00", "--drop-reversal")
    assert (code, out.count("\n")) == (0, 1)


@pytest.mark.slow
def test_a_void_in_lines(pos: Shell) -> None:
    pos("sale", "--amount", "12.34", "--pin", "123456")
    code, out, err = pos("void", "--receipt")
    line, _, slip = out.partition("\n")
    assert (code, err) == (0, "")
    assert without_numbers(line) == "→ 0200 void STAN 000003 12.34 621234******1232 … ← 0210 00 approved · N ms"
    assert "交易类型(TRANS TYPE)\n                   消费撤销/VOID\n" in slip
    assert "卡号(CARD NO) 621234******1232/N\n" in slip
    assert "金额(AMOUNT)          RMB -12.34\n" in slip
    assert "备注(REFERENCE)\n原凭证号(VOUCHER)         000002\n" in slip
    assert without_numbers(pos("reverse")[1]) == (
        "→ 0400 reversal STAN 000003 12.34 621234******1232 reason 98 … "
        "← 0410 00 approved · the void is undone · N ms\n"
    )
    assert pos("void", "--stan", "000002", "--pin", "123456", "--expect", "39=00")[0] == 0
    assert pos("void", "--stan", "000002", "--expect", "39=25")[0] == 0
    code, _, err = pos("void")
    assert (code, err.startswith("there is no sale to void; name one with --stan")) == (2, True)


def test_a_refund_in_lines(pos: Shell) -> None:
    pos("sale", "--amount", "12.34")
    code, out, err = pos("refund", "--amount", "2.34", "--receipt", "--lang", "en")
    line, _, slip = out.partition("\n")
    assert (code, err) == (0, "")
    assert without_numbers(line) == "→ 0220 refund STAN 000003 2.34 621234******1232 … ← 0230 00 approved · N ms"
    assert "TRANS TYPE                REFUND\n" in slip
    assert "AMOUNT                 RMB -2.34\n" in slip
    rrn = re.search(r"REFERENCE\nORIGINAL REFER NO   ([0-9]{12})\nORIGINAL DATE               ([0-9]{4})\n", slip)
    assert rrn is not None
    words = ["refund", "--rrn", rrn[1], "--date", rrn[2], "--amount", "10.00", "--card", "standard"]
    assert pos(*words, "--entry", "magstripe", "--expect", "39=00")[0] == 0
    assert pos(*words, "--expect", "39=61")[0] == 0
    _, out, _ = pos("receipt", "--lang", "en")
    assert "AMOUNT                RMB -10.00\n" in out


def test_a_refund_that_gets_no_answer_is_sent_again(pos: Shell) -> None:
    pos("sale", "--amount", "44.44")
    code, out, err = pos("refund", "--timeout", "0.2")
    assert (code, [line.split()[1] for line in out.splitlines()]) == (4, ["0220", "0221", "0221"])
    assert err == (
        "the refund of STAN 000003 in batch 000001 (44.44) got no answer: whether the host has booked it is unknown; "
        "'refund --again' sends it again\n"
    )
    code, _, err = pos("refund")
    assert (code, err.startswith("not refunded: the refund of STAN 000003")) == (2, True)
    code, out, err = pos("refund", "--again", "--receipt")
    assert (code, err, out.startswith("→ 0221 refund STAN 000003 44.44 ")) == (0, "", True)
    assert "RMB -44.44" in out
    assert pos("refund", "--again")[2] == "no refund waits for an answer\n"


def test_a_balance_in_a_line_and_as_json(pos: Shell) -> None:
    code, out, err = pos("balance", "--card", "poor")
    assert (code, err) == (0, "")
    assert without_numbers(out.splitlines()[-1]) == (
        "→ 0200 balance inquiry STAN 000002 620000******0047 … ← 0210 00 approved · balance 1.00 · N ms"
    )
    document = json.loads(pos("balance", "--pan", "4111111111111111", "--entry", "manual", "--json")[1])
    assert (document["service"], document["balance_minor"], document["receipt"]) == ("balance", 100_000, "")


def test_expectations(pos: Shell) -> None:
    assert pos("sale", "--amount", "1.00", "--expect", "39=00", "--expect", "4=000000000100")[0] == 0
    code, _, err = pos("sale", "--amount", "5.00", "--card", "poor", "--expect", "39=00")
    assert (code, err) == (1, "expected 39=00, the reply has 39=51\n")
    assert pos("sale", "--amount", "5.00", "--card", "poor", "--expect", "code=51")[0] == 0
    assert pos("echo", "--expect", "63=")[0] == 0


def test_json(pos: Shell) -> None:
    _, out, _ = pos("sale", "--amount", "12.34", "--json")
    document = json.loads(out)
    assert out.count("\n") == 1
    assert (document["service"], document["outcome"], document["code"], document["reversal"]) == (
        "sale",
        "approved",
        "00",
        "",
    )
    assert [one["service"] for one in document["exchanges"]] == ["sign_on", "sale"]
    assert document["exchanges"][1]["elements"]["batch"] == "000001"
    assert "RMB 12.34" in document["receipt"]
    assert "6212345678901232" not in out


def test_receipt_and_reprint(pos: Shell) -> None:
    code, _, err = pos("receipt")
    assert (code, "has sold nothing yet" in err) == (2, True)
    _, out, _ = pos("sale", "--amount", "12.34", "--receipt")
    slip = out.split("\n\n", 1)[1]
    assert "金额(AMOUNT)           RMB 12.34\n" in slip
    _, again, _ = pos("receipt", "--cardholder")
    assert "持卡人存根" in again
    assert "重打印/DUPLICATED" in again


def test_a_sale_is_signed_and_its_signature_goes_up_after_the_next_one(pos: Shell, tmp_path: Path) -> None:
    picture = tmp_path / "slip.png"
    words = ["--sign", "Zhang San", "--receipt", "--receipt-png", str(picture), "--lang", "en"]
    code, out, err = pos("sale", "--amount", "55.55", *words)
    assert (code, err) == (0, "")
    assert "0820" not in out
    assert "    (SIGNED ELECTRONICALLY)\n" in out
    with Image.open(picture) as slip:
        assert (slip.format, slip.width) == ("PNG", 384)
    _, out, _ = pos("sale", "--amount", "1.00", "--timeout", "0.2")
    lines = [line.split(" … ")[0] for line in out.splitlines()]
    assert lines[0] == "→ 0200 sale STAN 000003 1.00 621234******1232"
    assert re.fullmatch(r"→ 0820 electronic signature STAN 000002 55\.55 621234\*{6}1232 \d{3} bytes", lines[1])
    assert "← no answer · waited 0.2 s · the signature is kept · " in out


def test_signing_again_and_uploading_until_paper_must_do(pos: Shell) -> None:
    pos("sale", "--amount", "55.55", "--sign", "Zhang San")
    assert pos("sign", "--sign", "Li Wei", "--sign-mode", "fingerprint", "--stan", "000002")[:2] == (0, "")
    code, out, err = pos("upload", "--rounds", "2", "--timeout", "0.1")
    assert code == 4
    assert out.count("→ 0820") == 2
    assert "电子签名上送失败" in out
    assert out.index("持卡人签名") > out.rindex("→ 0820")
    assert err == "to be signed on paper, for the signature could not be uploaded: STAN 000002\n"
    assert pos("upload") == (0, "", "no signature waits for its upload\n")


def test_at_once_and_in_parts(pos: Shell) -> None:
    words = ["--sign", "Zhang San", "--sign-upload", "at-once", "--sign-parts", "100", "--no-watermark", "--json"]
    document = json.loads(pos("sale", "--amount", "5.00", *words)[1])
    assert document["exchanges"][2]["service"] == "signature_part"
    assert document["signature"] in ("uploaded", "failed")


def test_no_host_listens_for_signatures(pos: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = f"127.0.0.1:{listener.getsockname()[1]}"
    pos("sale", "--amount", "55.55", "--sign", "Zhang San")
    code, _, err = pos("upload", host=closed)
    assert code == 3
    assert err == "broken off, there is no connection; 1 signature waits for the upload: 'upload' sends what is kept\n"
    assert pos("sign-off")[2] == "1 signature waits for the upload: 'upload' sends what is kept\n"


def test_a_small_contactless_sale_is_not_signed(pos: Shell) -> None:
    _, out, _ = pos("sale", "--amount", "12.34", "--entry", "contactless", "--receipt")
    assert "交易金额未超1000元，免密免签\n" in out
    words = ["--entry", "contactless", "--receipt", "--no-sign-limit", "10"]
    _, out, _ = pos("sale", "--amount", "12.34", *words)
    assert "持卡人签名(CARDHOLDER SIGNATURE)\n\n\n\n" in out


@pytest.mark.slow
def test_reprints_are_counted_and_keep_the_signature(pos: Shell, tmp_path: Path) -> None:
    pos("sale", "--amount", "12.34", "--sign", "Zhang San")
    picture = tmp_path / "again.png"
    heights = []
    for copy in (1, 2, 3):
        _, out, _ = pos("receipt", "--png", str(picture), "--stan", "000002")
        assert f"  ****重打印/DUPLICATED {copy}****\n" in out
        with Image.open(picture) as slip:
            heights.append(slip.height)
    assert len(set(heights)) == 1
    code, _, err = pos("receipt", "--stan", "000099")
    assert (code, "nothing is kept of STAN 000099" in err) == (2, True)


BLANK = "0 black pixels: there is no signature; ask the cardholder to sign again"


def test_a_blank_pad_is_noticed_and_the_sale_stands(pos: Shell, tmp_path: Path) -> None:
    (tmp_path / "blank.json").write_text("[]")
    code, _, err = pos("sale", "--amount", "1.00", "--sign", str(tmp_path / "blank.json"))
    assert (code, err) == (0, f"{BLANK}, so nothing will be uploaded\n")
    code, _, err = pos("sign", "--sign", str(tmp_path / "blank.json"))
    assert code == 2


def test_any_card(pos: Shell) -> None:
    assert pos("sale", "--amount", "1.00", "--pan", "4111111111111111", "--entry", "manual")[0] == 0
    assert pos("sale", "--amount", "1.00", "--track2", "4111111111111111=30121010000", "--entry", "magstripe")[0] == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["sale"], "Missing option '--amount'"),
        (["sale", "--amount", "1,00"], "'1,00' is no amount; write it like 12.34"),
        (["sale", "--amount", "1", "--card", "gold"], "there is no test card 'gold'; known: balance"),
        (["sale", "--amount", "1", "--card", "poor", "--pan", "4111111111111111"], "not both"),
        (["sale", "--amount", "1", "--entry", "magic"], "there is no entry 'magic'; known: chip"),
        (["sale", "--amount", "1", "--pin", "12"], "a PIN has 4 to 12 digits"),
        (["sale", "--amount", "1", "--pan", "12"], "a card number has 12 to 19 digits, not 2"),
        (["sign-on", "--tid", "x"], "the demo set: holds no terminal 'x'"),
        (["sign-on", "--tid", "x"], "name the file that holds it with --terminals or ACQUIRER_TERMINALS"),
        (["sign-on", "--terminals", "none.toml"], "none.toml"),
        (["sign-on", "--dialect", "unionpay"], "did you mean 'unionpay-pos'?"),
        (["sign-on", "--host", "here"], "'here' is no address; write HOST:PORT"),
        (["sign-on", "--tpdu", "60"], "'60' is no TPDU; write 10 hex digits"),
        (["sign-on", "--package", "777"], "there is no key package '777'; known: 001, 003"),
        (["echo", "--expect", "39"], "like 39=00"),
        (["echo", "--expect", "39=0"], "--expect 39=0: can never match, for 39 has 2 characters, and this has 1"),
        (["echo", "--expect", "4=12.34"], "can never match, for 4 holds digits only"),
        (["echo", "--expect", "2=62123456789012345678"], "for 2 has at most 19 digits, and this has 20"),
        (["echo", "--expect", "64=0011"], "can never match, for 64 has 8 bytes, and this has 2"),
        (["echo", "--expect", "64=xyz"], "can never match, for 64 holds bytes: write them as hex digits"),
        (["echo", "--expect", "129=1"], "can never match, for unionpay-pos has no DE 129"),
        (["echo", "--expect", "batch=1"], "can never match, for batch, in DE 60, has 6 digits, and this has 1"),
        (["echo", "--expect", "cod=00"], "there is no such element; did you mean 'code'?"),
        (["echo", "--expect", "colour=red"], "there is no such element"),
        (["sale", "--amount", "1", "--sign", "gone.png"], "gone.png: the signature cannot be read: no such file"),
        (["sale", "--amount", "1", "--sign", "Li", "--sign-mode", "mouth"], "no way to sign 'mouth'; known: touch"),
        (["sale", "--amount", "1", "--sign-upload", "soon"], "write after-next or at-once"),
        (["sale", "--amount", "1", "--sign-parts", "5"], "a part has 100 to 900 bytes, not 5"),
        (["sale", "--amount", "1", "--no-sign-limit", "x"], "'x' is no amount"),
        (["sale", "--amount", "1", "--lang", "fr"], "--lang fr: slips are printed in both, zh or en"),
        (["sign", "--sign", "Li"], "nothing is kept of a sale that could be signed"),
        (["sign"], "Missing option '--sign'"),
        (["reverse"], "there is no sale to reverse; name one with --stan and --amount"),
        (["reverse", "--stan", "000001"], "the amount of STAN 000001 in batch 000001 is not known here"),
        (["reverse", "--stan", "1x", "--amount", "1.00"], "DE 11"),
        (["void", "--rrn", "1", "--amount", "1"], "--rrn '1' is no reference number here: give all 12 characters"),
        (["refund", "--rrn", "1", "--date", "0310", "--amount", "1"], "--rrn '1' is no reference number here"),
        (["void", "--stan", "000777"], "the sale of STAN 000777 is not kept here: give --amount to void it"),
        (["refund"], "there is no sale to refund; name one with --stan, or with --rrn, --date and --amount"),
        (["refund", "--rrn", "000000000001", "--amount", "1"], "give --date MMDD, as the slip of the sale shows it"),
        (["refund", "--rrn", "1", "--date", "1301", "--amount", "1"], "'1301' is no date; write MMDD"),
        (["refund", "--pin", "1234"], "No such option"),
        (["balance", "--card", "gold"], "there is no test card 'gold'; known: balance"),
        (["dance"], "No such command 'dance'"),
    ],
)
def test_what_cannot_be_is_explained_in_one_sentence(pos: Shell, words: list[str], says: str) -> None:
    options = {name[2:]: value for name, value in pairwise(words) if name in ("--tid", "--host")}
    code, _, err = pos(*words, **options)
    assert code == 2
    assert says in err
    assert err.count("\n") == 1


def test_no_host_listens(pos: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    code, out, _ = pos("echo", host=f"127.0.0.1:{port}")
    assert code == 3
    assert out == f"→ 0820 echo test … ← not sent · no connection to 127.0.0.1:{port}: connection refused\n"


@pytest.mark.slow
def test_the_state_survives_kill_9(host: RunningHost, tmp_path: Path, tid: str) -> None:
    """Killed at any moment of a sale, the terminal goes on: what lives at the host is approved or can be undone."""
    random = Random(4)
    sell = [sys.executable, "-m", "acquirer", "terminal", "sale", "--amount", "1.00", "--host", host.address]
    sell += ["--tid", tid, "--state", str(tmp_path), "--entry", "manual", "--pan", "4111111111111111"]
    for _ in range(4):
        process = subprocess.Popen(sell, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout is not None
        process.stdout.read(random.choice([0, 1, 3, 30, 90]))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    ended = subprocess.run(sell, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    with StateFile(tmp_path, tid) as file:
        state = file.load()
    assert state is not None
    assert state.pending is None
    booked = {one.key.stan: one.state for one in host.transactions if one.key.tid == tid}
    assert booked[state.last.stan] == "approved"
    assert set(booked.values()) <= {"approved", "reversed", "tombstone"}


def test_entries_that_can_be_chosen_are_named(pos: Shell) -> None:
    err = pos("sale", "--amount", "1", "--entry", "magic")[2]
    assert "known: chip, contactless, magstripe, fallback, manual" in err
    assert "stored" not in err


def test_what_can_never_match_is_refused_before_anything_is_sent(pos: Shell, host: RunningHost, tid: str) -> None:
    assert pos("sale", "--amount", "1.00", "--expect", "39=0")[0] == 2
    assert host.journal.list(tid=tid) == []


@pytest.mark.slow
def test_a_signature_that_does_not_go_up_at_once_ends_with_7(pos: Shell) -> None:
    words = ("--sign", "Zhang San", "--sign-upload", "at-once", "--timeout", "0.3")
    code, _, _ = pos("sale", "--amount", "55.55", "--expect", "39=00", *words)
    assert code == 7
    code, _, err = pos("sign", *words)
    assert code == 7
    assert "did not reach the host and is kept; 'acquirer terminal upload' tries again" in err
    assert pos("sale", "--amount", "55.55", "--expect", "39=51", *words)[0] == 1  # what was expected comes first
    assert pos("sale", "--amount", "1.00", *words)[0] == 0


def test_a_slip_that_is_signed_later_goes_up_with_the_next_sale(pos: Shell, host: RunningHost, tid: str) -> None:
    assert pos("sale", "--amount", "1.00")[0] == 0
    code, _, err = pos("sign", "--sign", "Zhang San", "--stan", "2")
    assert code == 0
    assert err == (
        "the signature of STAN 000002 (1.00) is kept; it goes to the host after the next transaction, or with "
        "'acquirer terminal upload'\n"
    )
    assert [one.service for one in host.journal.list(tid=tid)] == ["sign_on", "sale"]
    assert pos("sale", "--amount", "2.00")[0] == 0
    journal = [(one.service, one.stan) for one in host.journal.list(tid=tid)][2:]
    assert journal == [("sale", "000003"), ("signature", "000002")]


def test_a_trace_number_may_be_typed_without_its_zeros(pos: Shell) -> None:
    assert pos("sale", "--amount", "1.00")[0] == 0
    assert pos("receipt", "--stan", "2")[0] == 0
    assert pos("void", "--stan", "2", "--expect", "39=00")[0] == 0


def test_the_environment_names_the_file_of_terminals(
    pos: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACQUIRER_TERMINALS", str(tmp_path / "none.toml"))
    code, _, err = pos("echo")
    assert code == 2
    assert "none.toml" in err
    assert "ACQUIRER_TERMINALS" in subprocess.run(
        [sys.executable, "-m", "acquirer", "terminal", "echo", "--help"], capture_output=True, text=True, check=True
    ).stdout.replace("\n", "")
