"""``acquirer journal`` as it is typed, over a store that a host has filled."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from acquirer import cli
from acquirer.cli.errors import Code
from acquirer.journal.search import Bounds, JournalSearch
from acquirer.settings.shipped_words import field_names
from acquirer.settings.specs import dialect_names, load_dialect
from tests.cli.journalled import PAN, Filled, filled_store

Say = pytest.CaptureFixture[str]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Filled]:
    with filled_store(tmp_path, monkeypatch) as filled:
        yield filled


@pytest.fixture(scope="module")
def filled_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the URL of such a store, for tests that only read it."""
    path = tmp_path_factory.mktemp("read")
    with pytest.MonkeyPatch.context() as monkeypatch, filled_store(path, monkeypatch):
        pass
    return f"sqlite:///{path / 'acquirer.db'}"


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


@pytest.mark.slow
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
        (["service=sale"], [2]),
        (["service=sale | service=echo | service=sign_on", "code=00"], [1, 4]),
        (["tid=1000*", "--code", "00"], [1, 4]),
        (["tid=10000161", "-n", "1"], [2]),
        (["tid=10000161", "--tid", "10000162"], []),
        (["stan=000002", "--stan", "2"], [2]),
        (["since=2026-01-01 & until=2026-01-01T00:00:01"], [1, 2, 3, 4]),
        (["id>0", "--since", "2026-01-01T00:00:01"], []),
        (["id>0", "--until", "2026-01-01"], [1, 2, 3, 4]),
        (["--before", "3"], [1, 2]),
        (["--before", "3", "-n", "1", "--service", "sign_on"], [1]),
        (["de.41=10000161"], [2]),
        (["de.60.1=22"], []),
        (["fault & !replayed"], [3]),
    ],
)
def test_filters(filled_url: str, flags: list[str], numbers: list[int], capsys: Say) -> None:
    words = ["list", "--json", "--store", filled_url, *flags]
    assert [json.loads(line)["id"] for line in lines(words, capsys)] == numbers


def test_a_search_that_stops_says_how_it_continues(host: Filled, capsys: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    bounded = partial(JournalSearch, bounds=Bounds(2, None))
    monkeypatch.setattr("acquirer.journal.search.JournalSearch", bounded)
    assert cli.run(["journal", "list", "stan=000001"]) == Code.OK
    assert capsys.readouterr() == ("", "Looked at 2 exchanges, and at none before #3: --before 3 continues.\n")
    assert cli.run(["journal", "find", "stan=000001"]) == Code.EXPECTATION_FAILED
    assert capsys.readouterr().err.splitlines()[-1] == "--before 3 continues."
    assert lines(["find", "stan=000001", "--before", "3"], capsys)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("rrn & serivce=1", "the filter cannot be used at 'serivce=1': serivce: unknown key; did you mean 'service'?"),
        ("code=00 & & tid=1", "the filter cannot be read at '& tid=1': expected a key, as in service=sale."),
        ("amount>a", "the filter cannot be used at 'amount>a': amount: 'a' is not an amount; write it like 12.34."),
        ("(code=00", "the filter cannot be read at its end: a ( is not closed."),
        ("service=sale nth=3", "the filter cannot be read at 'nth=3': expected & or |."),
        (
            "service=sale & listener=127.0.0.1:8583 & rrn",
            "the filter cannot be used at 'listener=127.0.0.1:8583': listener: is not kept in the journal; take it "
            "out.",
        ),
        (
            "until=2026-02-31",
            "the filter cannot be used at 'until=2026-02-31': until: '2026-02-31' names a day that is in no calendar.",
        ),
        (f"service=sale {'x' * 50}", f"the filter cannot be read at '{'x' * 40}…': expected & or |."),
        ("amount>10 & amount<5", "amount: nothing fits 'amount>10.00 & amount<5.00': it can never match."),
        ("tid=1234", "tid: '1234' is not a terminal number, which has 8 characters: it can never match."),
        ("since=2026-01-02 until=2026-01-01", "the filter cannot be read at 'until=2026-01-01': expected & or |."),
        ("since=2026-01-02 & until=2026-01-01", "until: is not later than since: it can never match."),
        ("card=x", "the filter cannot be used at 'card=x': card: is not kept in the journal; take it out."),
        ("de.129", "the filter cannot be used at 'de.129': de.129: there is no such field; the last one is de.128."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["list", "tail", "find", "wait", "verify", "export"])
def test_a_filter_that_cannot_be_is_one_sentence_with_its_place(
    command: str, text: str, sentence: str, capsys: Say
) -> None:
    assert cli.run(["journal", command, text]) == Code.USAGE
    assert capsys.readouterr() == ("", f"{sentence}\n")


@pytest.mark.parametrize("command", ["list", "tail", "find", "wait", "verify", "export"])
def test_the_help_lists_the_keys_of_a_filter(command: str, capsys: Say) -> None:
    (*_, keys, values) = "\n".join(lines([command, "--help"], capsys)).split("\n\n")
    assert re.match(r"Keys of a filter:\n  service +what the message asks for", keys)
    assert [line.split()[0] for line in keys.splitlines() if line.startswith("  de.")] == ["de.N"]
    assert re.search(r"^  10\.00\.\.20\.00 +from … to …, both included$", values, re.M)


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
    pauses.clear()
    assert cli.run(["journal", "tail", "code=77", "tid=*2", "-n", "1", "--json"]) == Code.INTERRUPTED
    assert [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()] == [7, 9, 11]


@pytest.mark.parametrize("words", [["tail"], ["wait", "service=refund"]], ids=lambda words: words[0])
def test_what_follows_a_store_that_goes_away_ends_with_a_sentence(
    words: list[str], host: Filled, capsys: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would follow a file that no host writes any more, and no one else can see."""
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        assert len(pauses) < 3
        (tmp_path / "acquirer.db").rename(tmp_path / "moved.db")

    monkeypatch.setattr("time.sleep", pause)
    assert cli.run(["journal", *words]) == Code.USAGE
    assert capsys.readouterr().err.startswith("acquirer.db was removed or replaced while the store was in use: ")


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
    names = field_names(name)
    assert {de: names[str(de)] for de in load_dialect(name).fields} == {
        de: spec.name.en for de, spec in load_dialect(name).fields.items()
    }


def test_a_dialect_of_the_users_own_leaves_fields_without_names() -> None:
    assert field_names("my-acquirer") == {}


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
    assert cli.run(["journal", "list", "service=sing_on | service=sale", "code=ZZ"]) == Code.OK
    assert capsys.readouterr().err.splitlines() == [
        "no dialect that ships knows a code 'ZZ'; 'acquirer dialect show NAME' lists those of one",
        "service: no exchange has service 'sing_on'; did you mean 'sign_on'?",
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
    frames = json.loads(line)["frames"]
    assert [frame["hex"] for frame in frames] == ["000142", "000143"]
    assert all(frame["at"].endswith("Z") and frame["at_local"].endswith("+08:00") for frame in frames)


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
