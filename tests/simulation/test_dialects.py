"""Simulations in dialects other than UnionPay's: the same checkers, about other bytes, codes and names."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path

import pytest

from acquirer.cli import run
from acquirer.settings.specs import dialect_names
from acquirer.simulation.checkers import check_history
from acquirer.simulation.dialect_trade import trade_in
from acquirer.simulation.history import History
from acquirer.simulation.ledger import is_approved
from acquirer.simulation.plan import DIALECT, FAULT_KINDS
from acquirer.simulation.simulation import PlanName, simulate
from acquirer.simulation.transaction_choices import TRANSACTIONS
from acquirer.simulation.world import run_simulation
from tests.dialects.fast import slow_except
from tests.simulation import dialect_bugs, host_bugs, store_bugs, terminal_bugs
from tests.simulation.planted_bugs import BUGS

KEY_BLOCKS = str(Path(__file__).with_name("key-blocks.toml"))
SPOKEN = [*dialect_names(), KEY_BLOCKS]
WITHOUT_KEYS = "iso8583-1987-plain"

PLANTED_AGAIN = {
    "reply_before_its_commit": "iso8583-1987-ascii",
    "outbox_not_saved_before_sending": "iso8583-1987-ascii",
    "tombstone_forgotten": "iso8583-1993-bcd",
    "half_a_commit_without_its_original": "iso8583-1993-bcd",
    "advice_not_saved_before_sending": "iso8583-1993-bcd",
    "keys_swapped_too_early": KEY_BLOCKS,
    "mac_under_another_generation": KEY_BLOCKS,
    "block_of_rrns_reused_after_a_crash": "iso8583-1987-dukpt",
    "reversal_applied_again": "iso8583-1987-dukpt",
    "void_keeps_the_money": WITHOUT_KEYS,
    "signature_forgotten_without_an_answer": "unionpay-pos-sm4",
}
"""Bugs that are caught in another dialect as well as in UnionPay's: each checker looks at what is spoken there."""

MOST_SEEDS = 10
"""The rarest of these needs four days."""


def approved(history: History) -> Counter[str]:
    """Return how many exchanges of each service were approved."""
    return Counter(one.changes.evidence.service for one in history.committed if is_approved(one.changes.evidence))


@pytest.mark.parametrize("dialect", slow_except("iso8583-1993-bcd", SPOKEN))
def test_a_day_holds_and_the_shop_does_its_trade(dialect: str) -> None:
    """A host that refused everything would violate nothing: what the dialect has is done."""
    trade = trade_in(dialect)
    found: Counter[str] = Counter()
    handed_out = False
    for seed in (1, 2, 3):
        name = PlanName(seed, dialect=dialect)
        history = run_simulation(name.plan())
        assert [*check_history(history)] == [], name.line
        found += approved(history)
        handed_out |= any(one.changes.session and one.changes.session.current for one in history.committed)
    assert found["sale"] > 10
    assert found["reversal"] > 5
    assert found["refund"] > 0
    assert found["void"] > 0
    assert (found["sign_on"] > 10) == ("sign_on" in trade.services)
    assert (found["signature"] > 5) == trade.signs
    assert (found["settlement"] > 5) == trade.settles
    assert handed_out == bool(trade.compiled.suite.packages)


@pytest.mark.parametrize("dialect", slow_except("iso8583-1987-dukpt", SPOKEN))
def test_the_same_seed_gives_the_same_bytes(dialect: str) -> None:
    assert simulate(PlanName(5, 2, 1.0, dialect=dialect), twice=True).violations == []


@pytest.mark.parametrize("dialect", slow_except(WITHOUT_KEYS, SPOKEN))
def test_books_that_differ_are_found(dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checker of both books is not blind in any of them."""
    BUGS["no_reversal_after_silence"].plant(monkeypatch)
    caught = {one.checker for seed in range(1, 6) for one in simulate(PlanName(seed, dialect=dialect)).violations}
    assert "books agree" in caught


@pytest.mark.interpreted
@pytest.mark.slow
@pytest.mark.parametrize(("name", "dialect"), PLANTED_AGAIN.items())
def test_a_bug_is_caught_in_another_dialect(name: str, dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {host_bugs.__name__, store_bugs.__name__, terminal_bugs.__name__} >= {BUGS[name].plant.__module__}
    BUGS[name].plant(monkeypatch)
    for seed in range(1, MOST_SEEDS + 1):
        if any(one.checker == BUGS[name].checkers[0] for one in simulate(PlanName(seed, dialect=dialect)).violations):
            return
    pytest.fail(f"{name} was not caught in {MOST_SEEDS} days of {dialect}")


def test_bugs_of_dialects_are_planted_where_they_show() -> None:
    own = [one for one in BUGS.values() if one.plant.__module__ == dialect_bugs.__name__]
    assert len(own) >= 5
    assert DIALECT not in {one.dialect for one in own}


def test_a_plan_is_the_same_in_every_dialect() -> None:
    """What a dialect lacks is replaced, part by part: the others stay as they were."""
    name = PlanName(3, dialect="iso8583-1987-plain")
    assert name.plan().operations == PlanName(3).plan().operations
    trade, whole = trade_in(name.dialect), trade_in(DIALECT)
    for one in name.plan().operations:
        assert whole.adapted(one) == one
        adapted = trade.adapted(one)
        assert adapted.name in trade.services or adapted.name not in TRANSACTIONS
        assert not adapted.choice.signs


class TestNaming:
    def test_the_line_that_reproduces_names_the_dialect(self) -> None:
        line = PlanName(9, dialect="my own.toml", without=frozenset({"loss"})).line
        assert line == "acquirer simulate --seed 9 --terminals 3 --hours 4 --dialect 'my own.toml' --without loss"
        assert PlanName(9).line == "acquirer simulate --seed 9 --terminals 3 --hours 4"

    def test_such_a_line_is_remembered(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file = tmp_path / "plans.txt"
        plan = PlanName(2, 2, 0.5, dialect=KEY_BLOCKS, without=frozenset(FAULT_KINDS))
        file.write_text(f"{plan.line}  # it failed once\n")
        words = ["simulate", "--remembered", str(file), "--hours", "0.1", "--terminals", "1", "--json"]
        assert run(words) == 0
        assert '"days": 2' in capsys.readouterr().out
        file.write_text("acquirer simulate --dialect 'half\n")
        assert run(words) == 2
        assert "line 1: a quotation mark is not closed" in capsys.readouterr().err

    def test_the_command_speaks_it(self, capsys: pytest.CaptureFixture[str]) -> None:
        command = "simulate --dialect iso8583-1987-dukpt --hours 0.3 --terminals 1 --seed 3"
        assert run(shlex.split(command)) == 0
        assert capsys.readouterr().out.splitlines()[-1].startswith("OK: 1 day, ")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "own.toml:1: dialect: is missing"),
        ('extends = "iso8583-1987-ascii"\nterminal = false\n', "own has no [terminal], so no terminal of it can be"),
        ('extends = "iso8583-1987-ascii"\n[routes]\nsale = false\n', "own serves no sale, and a simulation is about"),
        (
            'extends = "iso8583-1987-ascii"\n[elements]\nadditional = "44"\n[routes.sale]\n'
            'mandatory = ["stan", "tid", "mid", "additional"]\nsupplied_by_others = ["additional"]\n',
            "own: our terminal does not supply 'additional', which its sale needs: give it a value in [constants]",
        ),
    ],
)
def test_what_cannot_be_simulated_is_refused_in_one_sentence(
    text: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.toml").write_text(f'dialect = "own"\ntitle = "Own"\nsamples = false\n{text}' if text else "")
    assert run(["simulate", "--dialect", "own.toml"]) == 2
    err = capsys.readouterr().err.strip()
    assert sentence in err
    assert len(err.splitlines()) == 1
