"""``acquirer journal find``, ``wait`` and ``verify`` over a store that a host fills meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acquirer import cli
from acquirer.app.journal_queries import LOOK_AGAIN_S, FileWaiter
from acquirer.cli.errors import Code
from tests.cli.journalled import Filled, filled_store

Say = pytest.CaptureFixture[str]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Filled]:
    with filled_store(tmp_path, monkeypatch) as filled:
        yield filled


@pytest.fixture
def meanwhile(host: Filled, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Return what plans something for the first time that a command waits; time then passes without waiting."""

    def plan(happens: Callable[[], None]) -> None:
        clock = [0.0]

        def pause(_waiter: FileWaiter, seconds: float) -> None:
            clock[0] += seconds
            if clock[0] == seconds:
                happens()

        monkeypatch.setattr(FileWaiter, "wait", pause)
        monkeypatch.setattr(FileWaiter, "now_s", lambda _waiter: clock[0])

    return plan


SALE = "     2  2026-01-01 00:00:00  10000161  0200 sale      000002  A0  MAC differs: the terminal kept its old key"


def test_the_latest_that_fits_is_found(host: Filled, capsys: Say) -> None:
    assert cli.run(["journal", "find", "service=sale"]) == Code.OK
    assert capsys.readouterr() == (f"{SALE}; skew 3 s [undelivered]\n", "")
    assert cli.run(["journal", "find", "tid=10000161", "--json"]) == Code.OK
    assert json.loads(capsys.readouterr().out)["id"] == 2
    assert cli.run(["journal", "find", "tid=10000161", "--before", "2"]) == Code.OK
    assert " 0800 sign_on " in capsys.readouterr().out


def test_what_is_not_found_ends_with_1_and_names_the_nearest(host: Filled, capsys: Say) -> None:
    assert cli.run(["journal", "find", "service=sale & stan=000003 & tid=10000161", "--json"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "expected at least 1 sale of STAN 000003, saw 0 of 2 exchanges of terminal 10000161",
        "nearest: #2 0200 sale  stan: wanted 000003, was 000002 ≠   everything else fits",
        "nearest: #1 0800 sign_on  service: wanted sale, was sign_on ≠; stan: wanted 000003, was 000001 ≠   "
        "everything else fits",
    ]


def test_what_is_there_is_not_waited_for(host: Filled, capsys: Say, meanwhile: Callable[..., None]) -> None:
    meanwhile(lambda: pytest.fail("it waits"))
    assert cli.run(["journal", "wait", "service=sale"]) == Code.OK
    assert capsys.readouterr() == (f"{SALE}; skew 3 s [undelivered]\n", "")
    assert cli.run(["journal", "wait", "--count", "2", "code=00", "--json"]) == Code.OK
    answer = json.loads(capsys.readouterr().out)
    assert (answer["met"], answer["count"], [one["id"] for one in answer["exchanges"]]) == (True, 2, [1, 4])
    assert (answer["nearest"], answer["exchanges"][0]["at"]) == ([], "2025-12-31T16:00:00.000000Z")
    assert cli.run(["journal", "verify", "service=sale", "--count", "1"]) == Code.OK
    assert capsys.readouterr().out == (
        "expected exactly 1 sale, saw 1; only the past was judged, because no quiet period was given\n"
    )


def test_what_happens_meanwhile_is_seen(host: Filled, capsys: Say, meanwhile: Callable[..., None]) -> None:
    meanwhile(lambda: host.exchange(service="void", tid="10000161", stan="000009"))
    assert cli.run(["journal", "wait", "service=void"]) == Code.OK
    assert " void      000009\n" in capsys.readouterr().out
    meanwhile(lambda: host.exchange(service="void", tid="10000161"))
    assert cli.run(["journal", "verify", "service=void", "--count", "2"]) == Code.OK
    assert capsys.readouterr().out.startswith("expected exactly 2 voids, saw 2; ")
    meanwhile(lambda: host.exchange(service="refund"))
    assert cli.run(["journal", "verify", "service=refund", "--count", "0", "--for", "2s"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "expected no refund for 2 s, saw 1 of 7 exchanges",
        "fits: #7 refund",
        "faults that acted: 'silent:x' ×1 at #3 0200",
    ]
    meanwhile(lambda: host.exchange(service="echo"))
    assert cli.run(["journal", "verify", "service=refund", "--count", "0", "--for", "2s", "--after", "7"]) == Code.OK
    assert capsys.readouterr().out == "expected no refund for 2 s, saw 0\n"


def test_a_time_that_is_over_is_an_answer(host: Filled, capsys: Say, meanwhile: Callable[..., None]) -> None:
    meanwhile(lambda: None)
    assert cli.run(["journal", "wait", "service=void", "--timeout", "250ms"]) == 1
    assert capsys.readouterr().err.splitlines()[0] == "expected at least 1 void within 0.25 s, saw 0 of 4 exchanges"
    meanwhile(lambda: None)
    words = ["service=sale & code=00", "--count", "1..2", "--within", "1min", "--json"]
    assert cli.run(["journal", "verify", *words]) == 1
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert (answer["met"], answer["count"], answer["exchanges"], err) == (False, 0, [], "")
    assert answer["nearest"][0] == {"id": 2, "differs": ["code: wanted 00, was A0 ≠"]}
    assert answer["text"].startswith("expected 1 to 2 sales with code 00 within 60 s, saw 0 of 4 exchanges\n")


NO_DURATION = "is not a duration; write it like 3s, 250ms or 1min (without a unit: seconds)."
NO_COUNT = "is out of range; write a whole number from 1. Try 'acquirer journal wait --help'."


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["verify", "--count", "x"], "--count: 'x' is not a number of exchanges; write it like 2, >=2, 1..3 or 0."),
        (["verify", "--for", "soon"], f"--for: 'soon' {NO_DURATION}"),
        (["verify", "--within", "2days"], f"--within: '2days' {NO_DURATION}"),
        (["wait", "--timeout", "1441min"], "--timeout: '1441min' is longer than a day; write at most 1440min."),
        (["wait", "--count", "0"], f"Invalid value for '--count': '0' {NO_COUNT}"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(words: list[str], sentence: str, capsys: Say) -> None:
    assert cli.run(["journal", *words]) == Code.USAGE
    assert capsys.readouterr() == ("", f"{sentence}\n")


def test_a_file_is_looked_at_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    waiter = FileWaiter()
    for timeout_s in (5.0, 0.05):
        waiter.wait(timeout_s)
    assert pauses == [LOOK_AGAIN_S, 0.05]
    assert waiter.now_s() <= waiter.now_s()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("service=revresal", "service: no exchange has service 'revresal'; did you mean 'reversal'?"),
        ("service!=revresal & rrn", "service: no exchange has service 'revresal'; did you mean 'reversal'?"),
        ("reason=aproved", "reason: no exchange has reason 'aproved'; did you mean 'approved'?"),
        ("delivery=sentt", "delivery: no exchange has delivery 'sentt'; did you mean 'sent'?"),
    ],
)
@pytest.mark.parametrize("command", [["find"], ["wait"], ["verify", "--count", "0"]])
def test_no_answer_is_given_about_what_is_misspelt(command: list[str], text: str, sentence: str, capsys: Say) -> None:
    assert cli.run(["journal", *command, text]) == Code.USAGE
    assert capsys.readouterr() == ("", f"{sentence}\n")


@pytest.mark.parametrize("text", ["service=pre_auth", "delivery=silent", "reason=approved", "service=sale"])
def test_words_that_some_host_may_write_are_looked_for(text: str, host: Filled, capsys: Say) -> None:
    code = cli.run(["journal", "verify", "--count", "0", text])
    assert code in (Code.OK, Code.EXPECTATION_FAILED)
    assert "did you mean" not in "".join(capsys.readouterr())
