"""Simulations as people use them: the same for the same seed, judged, and shrunk to one line where they fail."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from acquirer.cli import run
from acquirer.settings.specs import dialect_names
from acquirer.simulation import world
from acquirer.simulation.campaign import SimulationPlanError, checked_name, read_remembered
from acquirer.simulation.checkers import SAME_BYTES, Violation, same_bytes
from acquirer.simulation.checkers.books import refused_and_booked, voids_that_must_stand
from acquirer.simulation.plan import FAULT_KINDS, draw_plan
from acquirer.simulation.simulation import NOTHING_RAISES, PlanName, shrink, simulate
from acquirer.simulation.world import run_simulation
from tests.simulation.host_bugs import refund_above_what_is_left
from tests.simulation.terminal_bugs import unsaved

REMEMBERED = Path(__file__).with_name("remembered.txt")
KEY_BLOCKS = str(Path(__file__).with_name("key-blocks.toml"))
ROOT = Path(__file__).parents[2]
COMMIT_DAYS = {
    "unionpay-pos": 120,
    "unionpay-pos-sm4": 20,
    "iso8583-1987-ascii": 40,
    "iso8583-1987-dukpt": 40,
    "iso8583-1993-bcd": 40,
    KEY_BLOCKS: 40,
    **dict.fromkeys(("unionpay-pos-sign-301", "unionpay-pos-sign-0900", "unionpay-pos-sign-0920"), 5),
    **dict.fromkeys(("iso8583-1987-plain", "iso8583-1987-dukpt-aes"), 10),
    **dict.fromkeys(("iso8583-1987-binary", "iso8583-1987-ebcdic", "iso8583-1993-ascii", "iso8583-1993-ebcdic"), 5),
}
"""By dialect: three and a half minutes of a processor in all, most where a terminal can do most. Those with few days
share their services with others that have more."""

MOST_DAYS = 30
"""Of one test: they go side by side."""


def seed_of_commit() -> int:
    """Return a seed that is another one for each commit, and the same wherever that is tested."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return int.from_bytes(sha256(head.stdout.strip().encode()).digest()[:4], "big")


def anywhere(name: PlanName) -> PlanName:
    """Return a plan as it is named from the project's folder, wherever that is."""
    return replace(name, dialect=name.dialect.removeprefix(f"{ROOT}/"))


def advice(found: Violation, day: PlanName, smallest: PlanName) -> str:
    """Return what failed on a day of this commit, the line that reproduces it, and what to do."""
    return f"""{found.checker}
  {found.sentence}
  {anywhere(smallest).line}
  (the whole day: {anywhere(day).line})
Days are drawn from the commit, so one may show a fault that is older. Run the line on the commit before as well: where
it fails there too, this commit is not the reason, and the days of the next one may hold. Either way add the line to
tests/simulation/{REMEMBERED.name}, and mend what it shows or name it among the known limits (docs/simulation.md)."""


def test_every_dialect_has_its_days() -> None:
    assert COMMIT_DAYS.keys() == {*dialect_names(), KEY_BLOCKS}


class TestDays:
    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_everything_holds(self, seed: int) -> None:
        result = simulate(PlanName(seed, hours=1.0))
        assert result.violations == []
        assert result.exchanges > 20

    def test_the_same_seed_gives_the_same_bytes(self) -> None:
        plan = draw_plan(5, 2, 1.0)
        first, second = run_simulation(plan), run_simulation(plan)
        assert (first.digest, [*same_bytes(first, second)]) == (second.digest, [])
        other = run_simulation(draw_plan(6, 2, 1.0))
        assert {one.checker for one in same_bytes(first, other)} == {SAME_BYTES}

    @pytest.mark.slow
    def test_the_same_bytes_in_another_process(self) -> None:
        """Neither the order of sets nor anything else of a process plays a role."""
        code = "from acquirer.simulation.simulation import *; print(simulate(PlanName(7)).digest)"
        digests = {
            subprocess.run(
                [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": salt}, capture_output=True, text=True
            ).stdout
            for salt in ("1", "2")
        }
        assert len(digests) == 1
        assert digests != {""}

    @pytest.mark.slow
    def test_every_kind_of_trouble_happens_and_every_point_of_a_crash_is_met(self) -> None:
        counts: dict[str, int] = {}
        for seed in range(1, 21):
            for kind, number in simulate(PlanName(seed)).faults.items():
                counts[kind] = counts.get(kind, 0) + number
        assert [kind for kind in FAULT_KINDS if not counts.get(kind)] == []
        assert len([kind for kind in counts if kind.startswith("crash ")]) == 6

    @pytest.mark.slow
    def test_what_has_failed_once_holds(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(ROOT)  # where a line may name the file of a dialect
        for name in read_remembered(REMEMBERED):
            assert simulate(name).violations == [], name.line

    def test_known_limits_are_left_out_where_they_are_met_and_nowhere_else(self) -> None:
        name = next(one for one in read_remembered(REMEMBERED) if one.only and one.seed == 3364042960)
        assert voids_that_must_stand(run_simulation(name.plan())) == {("90000003", "000001")}
        assert name.only is not None
        before = replace(name, only=name.only[:-1])  # without the completion at the other terminal, or the reversal
        assert voids_that_must_stand(run_simulation(before.plan())) == frozenset()
        for seed in (1, 2, 3):
            history = run_simulation(PlanName(seed, hours=1.0).plan())
            assert voids_that_must_stand(history) | refused_and_booked(history) == frozenset()

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("dialect", "begin"), [(one, begin) for one, days in COMMIT_DAYS.items() for begin in range(0, days, MOST_DAYS)]
    )
    def test_days_of_this_commit(self, dialect: str, begin: int) -> None:
        first = seed_of_commit()
        for seed in range(first + begin, first + min(begin + MOST_DAYS, COMMIT_DAYS[dialect])):
            result = simulate(PlanName(seed, dialect=dialect))
            if result.failed:
                found = result.violations[0]
                pytest.fail(advice(found, result.name, shrink(result.name, found.checker)), pytrace=False)

    def test_a_day_that_fails_says_what_to_do(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Somewhere else too: with a line that names no folder of this machine."""
        day = PlanName(9, dialect=KEY_BLOCKS)
        checker, sentence, line, whole, *what_to_do = advice(
            Violation("books agree", "the host has it, the terminal has not"), day, replace(day, only=(1, 2))
        ).splitlines()
        assert (checker, sentence) == ("books agree", "  the host has it, the terminal has not")
        assert line.strip() == (
            "acquirer simulate --seed 9 --terminals 3 --hours 4 --dialect tests/simulation/key-blocks.toml --only 1-2"
        )
        assert line.removesuffix(" --only 1-2").strip() in whole
        assert "on the commit before" in " ".join(what_to_do)
        (tmp_path / "lines.txt").write_text(line)
        monkeypatch.chdir(ROOT)
        assert read_remembered(tmp_path / "lines.txt") == [anywhere(replace(day, only=(1, 2)))]
        assert anywhere(PlanName(9)) == PlanName(9)


class TestPlans:
    def test_parts_can_be_left_out_and_the_others_stay(self) -> None:
        whole = draw_plan(1, 3, 2.0)
        some = whole.only((3, 5, 8))
        assert some.numbers == (3, 5, 8)
        assert {*some.operations} <= {*whole.operations}
        calm = whole.without_kinds(FAULT_KINDS)
        assert calm.kinds() == frozenset()
        assert [one.at_us for one in calm.operations] == [one.at_us for one in whole.operations]

    def test_a_line_says_all_of_a_plan(self) -> None:
        name = PlanName(9, 2, 0.5, frozenset({"loss", "crash"}), (1, 2, 3, 9))
        assert name.line == "acquirer simulate --seed 9 --terminals 2 --hours 0.5 --without crash,loss --only 1-3,9"
        words = shlex.split(name.line)[2:]
        values = {key.removeprefix("--"): value for key, value in zip(words[::2], words[1::2], strict=True)}
        assert checked_name(values) == name

    @pytest.mark.parametrize(
        ("values", "sentence"),
        [
            ({"terminals": "0"}, "--terminals: '0' is none; write a number from 1 to 200"),
            ({"hours": "nan"}, "--hours: 'nan' is none; write a number from 0.01 to 240"),
            ({"hours": "long"}, "--hours: 'long' is none; write a number from 0.01 to 240"),
            (
                {"only": "999999"},
                "--only: the plan has no part 999999; seed, terminals and hours must be those it is of",
            ),
        ],
    )
    def test_one_sentence_about_what_cannot_be_a_plan(self, values: dict[str, str], sentence: str) -> None:
        with pytest.raises(SimulationPlanError) as caught:
            checked_name(values)
        assert str(caught.value) == sentence

    def test_a_file_of_plans_names_its_lines(self, tmp_path: Path) -> None:
        file = tmp_path / "plans.txt"
        file.write_text("# one\nacquirer simulate --seed 4 --hours 2\n\n--seed 5 # two\n")
        assert read_remembered(file) == [PlanName(4, hours=2.0), PlanName(5)]
        file.write_text("--seed 4\n--sed 5\n")
        with pytest.raises(SimulationPlanError, match=r"line 2: '--sed' is no option of a plan"):
            read_remembered(file)
        with pytest.raises(SimulationPlanError, match="cannot be read"):
            read_remembered(tmp_path / "none.txt")


class TestShrinking:
    def test_a_failure_is_reproduced_by_one_short_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        refund_above_what_is_left(monkeypatch)
        name = PlanName(1)
        whole = len(name.plan().numbers)
        smallest = shrink(name, "books follow the rules")
        assert "books follow the rules" in {one.checker for one in simulate(smallest).violations}
        assert smallest.only is not None
        assert len(smallest.only) <= 8 < whole
        assert len(smallest.without) >= 8, "trouble that plays no role is switched off"

    def test_an_error_of_the_program_is_a_failure(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object) -> None:
            raise ArithmeticError("a slip")

        monkeypatch.setattr(world.SimulatedWorld, "_act", broken)
        (found,) = simulate(PlanName(1, hours=0.5)).violations
        assert found.checker == NOTHING_RAISES
        assert found.sentence.startswith("ArithmeticError: a slip (broken, ")


class TestCommand:
    def test_a_table_and_a_line_at_the_end(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["simulate", "--seed", "2", "--hours", "0.5", "--terminals", "2"]) == 0
        out = capsys.readouterr().out
        assert out.splitlines()[-1].startswith("OK: 1 day, ")
        assert "power-cut" in out

    def test_as_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        words = ["simulate", "--seed", "2", "--seeds", "2", "--hours", "0.5", "--without", "crash,loss", "--json"]
        assert run(words) == 0
        document = json.loads(capsys.readouterr().out)
        assert (document["passed"], document["days"], document["faults"]["crash"], document["failures"]) == (
            True,
            2,
            0,
            [],
        )

    def test_a_failure_ends_with_1_and_the_line_that_reproduces_it(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        unsaved(
            monkeypatch, lambda before, after: type(after)(before.tid, before.mid, before.tmk_kcv, stan=before.stan)
        )
        assert run(["simulate", "--seed", "2", "--seeds", "5", "--hours", "2"]) == 1
        out = capsys.readouterr().out
        assert "FAILED: " in out
        (line,) = [one.strip() for one in out.splitlines() if one.strip().startswith("acquirer simulate ")]
        assert run(shlex.split(line)[1:]) == 1
        monkeypatch.undo()
        assert run(shlex.split(line)[1:]) == 0

    def test_kinds_and_checkers_are_listed(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["simulate", "--list", "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["faults"] == FAULT_KINDS
        assert len(document["checkers"]) == 16
        assert all(sentence.endswith(".") for sentence in document["checkers"].values())

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["--without", "los"], "'los' is no kind of trouble; there are loss, duplicate"),
            (["--only", "x"], "'x' is no number of a part; write numbers and ranges, as in 1-3,9"),
            (["--for", "long"], "--for"),
            (["--remembered", "none.txt"], "none.txt cannot be read"),
        ],
    )
    def test_what_cannot_be_used_ends_with_2(
        self, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["simulate", *words]) == 2
        assert sentence in capsys.readouterr().err
