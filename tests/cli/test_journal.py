"""``acquirer journal`` as it is typed, over a store that a host has filled."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import time
from pathlib import Path

import pytest

from acquirer import cli
from acquirer.cli import journal
from acquirer.cli.errors import Code
from acquirer.model.effects import Changes, Commit, CommitOutcome
from acquirer.model.evidence import Evidence
from acquirer.settings.specs import dialect_names, load_dialect
from acquirer.store import open_store
from acquirer.wire.message import DecodeError, Message

Say = pytest.CaptureFixture[str]
PAN = "6212345678901232"
NEW_YEAR_US = 1_767_196_800_000_000  # 2026-01-01 00:00:00 in Shanghai


class Filled:
    """A store that a host holds open, and what it journals."""

    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.store = open_store(url)
        self.store.start(self.loop, lambda _rows: None)
        self.dialect = load_dialect("unionpay-pos")

    def exchange(self, **known: object) -> None:
        evidence = Evidence(at_us=NEW_YEAR_US, dialect=self.dialect, **known)  # type: ignore[arg-type]
        answered: asyncio.Future[CommitOutcome] = self.loop.create_future()
        self.store.commit(Commit(Changes(evidence), time.monotonic() + 60), answered.set_result)
        assert self.loop.run_until_complete(asyncio.wait_for(answered, 30)) is CommitOutcome.DONE


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACQUIRER_STORE", "sqlite:///acquirer.db")
    filled = Filled("sqlite:///acquirer.db")
    sale = Message(b"", "0200", {2: PAN, 4: "000000001234", 35: f"{PAN}D2912", 41: "10000161"})
    filled.exchange(
        mti="0800", service="sign_on", tid="10000161", stan="000001", code="00", reason="approved", why="ok"
    )
    filled.exchange(
        mti="0200",
        service="sale",
        tid="10000161",
        stan="000002",
        code="A0",
        reason="mac_differs",
        why="MAC differs: the terminal kept its old key",
        message=sale,
        reply={39: "A0", 41: "10000161"},
        reply_mti="0210",
        notes=("skew 3 s",),
    )
    spans: dict[int | str, tuple[int, int]] = {"mti": (11, 13), "bitmap": (13, 21)}
    broken = DecodeError("digits expected", field=4, position=23, mti="0200", fields={}, spans=spans)
    filled.exchange(
        mti="0200",
        tid="10\x1b[2J61",
        code="30",
        failure=broken,
        frame=bytes.fromhex("60000300006031003100000200302004800020 ABCDEF1234567890"),
        frame_bytes=30,
        fault="silent:x",
    )
    filled.store.delivered(2, "undelivered")
    filled.exchange(mti="0820", service="echo", tid="10000162", code="00", reason="approved", replayed=True)
    yield filled
    filled.store.close()
    filled.loop.close()


def lines(arguments: list[str], capsys: Say) -> list[str]:
    assert cli.run(["journal", *arguments]) == Code.OK
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out.splitlines()


def test_each_exchange_is_one_line_with_its_why(host: Filled, capsys: Say) -> None:
    assert lines(["list"], capsys) == [
        "     1  2026-01-01 00:00:00  10000161  0800 sign_on   000001  00  ok",
        "     2  2026-01-01 00:00:00  10000161  0200 sale      000002  A0  "
        "MAC differs: the terminal kept its old key; skew 3 s [undelivered]",
        "     3  2026-01-01 00:00:00  10\\x1b[2J61  0200                   30  "
        "DE 4 at byte 23: digits expected [fault: silent:x]",
        "     4  2026-01-01 00:00:00  10000162  0820 echo              00  approved [repeated]",
    ]


@pytest.mark.parametrize(
    ("flags", "numbers"),
    [
        (["--tid", "10000161"], [1, 2]),
        (["--stan", "000002"], [2]),
        (["--code", "00"], [1, 4]),
        (["--code", "00", "--tid", "10000162"], [4]),
        (["--stan", "2"], [2]),
        (["--service", "sale"], [2]),
        (["--reason", "approved"], [1, 4]),
        (["--since", "2026-01-01"], [1, 2, 3, 4]),
        (["--since", "2026-01-01T00:00:01"], []),
        (["--since", "2025-12-31T16:00:00Z", "--until", "2026-01-01", "--code", "A0"], [2]),
        (["--until", "2025-12-31"], []),
        (["--since", "-1h"], []),
        (["-n", "1"], [4]),
        (["-n", "0"], [1, 2, 3, 4]),
        (["--tid", "x"], []),
    ],
)
def test_filters(host: Filled, flags: list[str], numbers: list[int], capsys: Say) -> None:
    assert [json.loads(line)["id"] for line in lines(["list", "--json", *flags], capsys)] == numbers


def test_show_lays_request_and_reply_side_by_side(host: Filled, capsys: Say) -> None:
    shown = "\n".join(lines(["show", "2"], capsys))
    assert "MAC differs: the terminal kept its old key" in shown
    assert re.search(r"\n +2 +primary account number +621234\*{6}1232\n", shown)
    assert re.search(r"\n +35 +.*\[21 characters hidden\]\n", shown)
    assert re.search(r"\n +39 +response code +A0\n", shown)
    assert re.search(r"\n +41 +terminal +10000161 +10000161\n", shown)
    assert PAN not in shown


def test_show_of_what_could_not_be_decoded(host: Filled, capsys: Say) -> None:
    shown = "\n".join(lines(["show", "3"], capsys))
    assert "undecodable: DE 4 at byte 23: digits expected" in shown
    assert "No field was read. No reply." in shown
    assert ", 30 bytes, " in shown
    assert "0010  03 10 00 20 AB" not in shown
    assert "0000  60 00 03 00 00 60 31 00  31 00 00 02 00 30 20 04" in shown
    assert "\n0010  80 00 20 AB CD            " in shown  # up to where the field that failed begins


def test_show_as_json(host: Filled, capsys: Say) -> None:
    (line,) = lines(["show", "2", "--json"], capsys)
    document = json.loads(line)
    assert (document["request"]["2"], document["reply"]) == ("621234******1232", {"39": "A0", "41": "10000161"})


def test_a_number_that_no_exchange_has(host: Filled, capsys: Say) -> None:
    assert cli.run(["journal", "show", "99"]) == Code.USAGE
    assert "has no exchange 99; 'acquirer journal list' shows the latest." in capsys.readouterr().err


def test_tail_begins_with_the_latest_and_follows_until_stopped(
    host: Filled, capsys: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        """Each time `tail` finds nothing new: more happens, at last Ctrl-C."""
        pauses.append(seconds)
        if len(pauses) == 3:
            raise KeyboardInterrupt
        host.exchange(tid="10000162", code="77")
        host.exchange(tid="10000161", code="77")

    monkeypatch.setattr("time.sleep", pause)
    assert cli.run(["journal", "tail", "--tid", "10000161", "-n", "1", "--json"]) == Code.INTERRUPTED
    assert [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()] == [2, 6, 8]


def test_a_killed_hosts_journal_is_there(host: Filled, tmp_path: Path, capsys: Say) -> None:
    for ending in ("db", "db-wal"):  # as a kill leaves them
        shutil.copy(tmp_path / f"acquirer.{ending}", tmp_path / f"copy.{ending}")
    assert len(lines(["list", "--store", "sqlite:///copy.db"], capsys)) == 4


def test_no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Say) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ACQUIRER_STORE", raising=False)
    assert cli.run(["journal", "list"]) == Code.USAGE
    assert capsys.readouterr().err == (
        "there is no store at acquirer.db: start 'acquirer serve' once, or name the right one.\n"
    )


@pytest.mark.parametrize("name", dialect_names())
def test_fields_are_named_as_the_dialect_names_them(name: str) -> None:
    names = journal._names(name)
    assert {de: names[str(de)] for de in load_dialect(name).fields} == {
        de: spec.name.en for de, spec in load_dialect(name).fields.items()
    }


def test_a_dialect_of_the_users_own_leaves_fields_without_names() -> None:
    assert journal._names("my-acquirer") == {}


def test_colours_are_for_terminals_only(host: Filled, capsys: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b" not in "".join(lines(["list"], capsys))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    coloured = lines(["list", "--tid", "10000161"], capsys)
    assert coloured[1].startswith("\x1b[2m     2  2026-01-01 00:00:00  \x1b[0m\x1b[36m10000161  \x1b[0m0200 sale")
    assert "\x1b[1;31mA0  \x1b[0mMAC differs" in coloured[1]
    assert "\x1b[32m00  \x1b[0mok" in coloured[0]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in "".join(lines(["list"], capsys))


def test_a_code_that_no_dialect_knows_is_named(host, capsys: Say) -> None:
    assert cli.run(["journal", "list", "--code", "ZZ"]) == Code.OK
    seen = capsys.readouterr()
    assert seen.out == ""
    assert seen.err.startswith("no dialect that ships knows a code 'ZZ'; 'acquirer dialect show NAME' lists")
    for code in ("51", "116"):  # known, and answered to nothing here
        assert cli.run(["journal", "list", "--code", code]) == Code.OK
        assert capsys.readouterr() == ("", "")


def test_a_word_that_no_exchange_has_is_named_with_the_nearest(host: Filled, capsys: Say) -> None:
    assert cli.run(["journal", "list", "--service", "sing_on", "--reason", "mac_difers"]) == Code.OK
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [
        "--reason: no exchange has reason 'mac_difers'; did you mean 'mac_differs'?",
        "--service: no exchange has service 'sing_on'; did you mean 'sign_on'?",
    ]


def test_json_has_the_time_in_utc_and_where_the_host_is(host: Filled, capsys: Say) -> None:
    one = json.loads(lines(["show", "1", "--json"], capsys)[0])
    assert (one["at"], one["at_local"]) == ("2025-12-31T16:00:00.000000Z", "2026-01-01T00:00:00.000000+08:00")
    assert [json.loads(line)["at"] for line in lines(["list", "-n", "1", "--json"], capsys)] == [one["at"]]


TRACE = """# acquirer trace: raw frames both ways, nothing is masked

2025-12-31T16:00:00.000000Z  127.0.0.1:50412 > 127.0.0.1:8583  connection 1, received 3 bytes
0000  00 01 42                                            ..B

2025-12-31T16:00:00.000100Z  127.0.0.1:8583 > 127.0.0.1:50412  connection 1, sent 3 bytes
0000  00 01 43                                            ..C

"""


def test_show_raw_prints_the_frames_of_a_trace(host: Filled, tmp_path: Path, capsys: Say) -> None:
    (tmp_path / "trace.txt").write_text(TRACE)
    host.exchange(mti="0200", peer="127.0.0.1:50412")
    assert lines(["show", "5", "--raw", "--trace", "trace.txt"], capsys) == [
        "2025-12-31T16:00:00.000000Z  127.0.0.1:50412 > 127.0.0.1:8583  3 bytes",
        "0000  00 01 42                                          ..B",
        "",
        "2025-12-31T16:00:00.000100Z  127.0.0.1:8583 > 127.0.0.1:50412  3 bytes",
        "0000  00 01 43                                          ..C",
        "",
    ]
    (line,) = lines(["show", "5", "--raw", "--json", "--trace", "trace.txt"], capsys)
    assert [frame["hex"] for frame in json.loads(line)["frames"]] == ["000142", "000143"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "--raw: no trace is named: give --trace FILE"),
        (["--trace", "none.txt"], "none.txt: cannot be read (no such file or directory); name a trace."),
        (["--trace", "acquirer.db"], "acquirer.db: is no trace: name the file that 'acquirer serve --trace' wrote."),
        (["--trace", "trace.txt"], "trace.txt has no frame of exchange 1, from nowhere: it began later."),
    ],
)
def test_show_raw_without_a_trace_says_what_to_do(
    words: list[str], sentence: str, host: Filled, tmp_path: Path, capsys: Say
) -> None:
    (tmp_path / "trace.txt").write_text(TRACE)
    assert cli.run(["journal", "show", "1", "--raw", *words]) == Code.USAGE
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(sentence)
