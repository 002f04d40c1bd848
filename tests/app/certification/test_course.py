"""The course of a case whose terminal is not ours: it is waited for, in time, and what others say is no answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from acquirer.app.certification.performing import CannotPerform, StepTask, Wish
from acquirer.app.terminal import Terminal
from acquirer.certification.case import AnswerExpected
from acquirer.certification.report import CaseResult
from tests.app.certification.rehearsal import TID, certify

CASE = """
[[case]]
name = "sells"
title = "A sale is approved"
why = "Else there is no money."
source = "the shop"
time = "{time}"
signed_on = false

[[case.step]]
name = "sale"
do = "Pay 1.00."
arrives = {{ service = "sale", amount = "1.00" }}
quiet = "100ms"

[[case.step.expect]]
what = "one sale, no reversal"
verify = {{ service = ["sale", "reversal"], count = 1 }}

[[case.step.expect]]
what = "a slip"
ask = "Did it print?"
answer = "yes"
"""


class Scripted:
    """Performs by a function, and answers by a list; its time passes while something is waited for."""

    waits = True
    tells_when_done = False

    def __init__(self, perform: Callable[[StepTask], object], *answers: bool | Wish | None) -> None:
        self._perform = perform
        self._answers = list(answers)
        self.pauses = 0

    def begin(self, _task: StepTask) -> None: ...

    def perform(self, task: StepTask) -> None:
        self._perform(task)

    def pause(self, _seconds: float) -> Wish | None:
        self.pauses += 1
        return None

    def answer(self, _task: StepTask, _question: AnswerExpected) -> bool | Wish | None:
        return self._answers.pop(0)

    def end(self, _result: CaseResult) -> Wish:
        return Wish.GO_ON

    def close(self) -> None: ...


def pay(amount: str, tid: str = TID) -> Callable[[StepTask], object]:
    """Return what pays at a terminal that is not known to the certification."""

    def perform(task: StepTask) -> object:
        with Terminal(tid, host=task.host) as terminal:
            return terminal.sale(amount)

    return perform


def run(folder: Path, performer: Scripted, time: str = "2min") -> CaseResult:
    """Run the case and return how it went."""
    name = folder / "mine.toml"
    name.write_text(CASE.format(time=time), encoding="utf-8")
    report = certify(folder, [str(name)], performer=performer)
    return report.results[0] if report.results else CaseResult("", "", "", "must", "", "", "not-done")


def test_a_step_goes_on_by_itself_once_its_message_has_come(tmp_path: Path) -> None:
    result = run(tmp_path, Scripted(pay("1.00"), True))
    assert (result.verdict, [one.difference for one in result.findings if one.difference]) == ("passed", [])


def test_another_amount_is_not_what_was_to_be_done(tmp_path: Path) -> None:
    result = run(tmp_path, Scripted(pay("10.00")), "500ms")
    assert result.verdict == "not-judged"
    assert result.sentence.startswith("step 1 was not done, or not seen, and the time of the case (0.5 s) is over:")
    assert "amount: wanted 1.00, was 10.00 ≠" in result.sentence


def test_another_terminal_is_named(tmp_path: Path) -> None:
    result = run(tmp_path, Scripted(pay("1.00", "10000162")), "500ms")
    assert result.verdict == "not-judged"
    assert result.sentence.endswith(f"there were exchanges of 10000162: is {TID} the terminal's number?")


def test_an_answer_that_is_another_fails_the_case(tmp_path: Path) -> None:
    result = run(tmp_path, Scripted(pay("1.00"), False))
    assert (result.verdict, [one.what for one in result.failures]) == ("failed", ["a slip"])


def test_without_an_answer_it_could_not_be_judged(tmp_path: Path) -> None:
    result = run(tmp_path, Scripted(pay("1.00"), None))
    assert (result.verdict, result.sentence) == ("not-judged", "the question was not answered")


def test_a_case_is_begun_again_at_a_question(tmp_path: Path) -> None:
    result = run(tmp_path, Scripted(pay("1.00"), Wish.REPEAT, True))
    assert (result.verdict, result.earlier) == ("passed", ("not-done",))


def test_a_run_that_is_ended_keeps_no_half_case(tmp_path: Path) -> None:
    assert run(tmp_path, Scripted(pay("1.00"), Wish.QUIT)).name == ""


def test_what_cannot_be_done_stands_in_the_report(tmp_path: Path) -> None:
    def refuse(_task: StepTask) -> None:
        raise CannotPerform("the door is locked", skip=True)

    result = run(tmp_path, Scripted(refuse))
    assert (result.verdict, result.sentence) == ("not-done", "the door is locked")
