"""``scripts/attack``: a few of its rounds, and that it notices what it is there to notice."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from scripts import attack
from scripts.attack import Attack


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    """One round of each kind, with nothing wrong."""
    with pytest.MonkeyPatch.context() as patch:
        kinds = dict.fromkeys(attack.KINDS)
        patch.setattr(attack, "WORK", (20, 40))
        patch.setattr(attack, "CROWD_WORK", 200)
        patch.setattr(attack, "HOLD_S", (0.1, 0.5))
        found = Attack(tmp_path_factory.mktemp("attack"), len(kinds), terminals=4, seed=7, crowd=3)
        rounds = iter(kinds)
        patch.setattr(found.draw, "choice", lambda _kinds: next(rounds))
        assert asyncio.run(found.run()) == []
        assert set(found.done) == set(kinds)
        yield found


@pytest.mark.slow
def test_nothing_is_lost_in_a_round_of_each_kind(attacked: Attack) -> None:
    assert attacked.heard.answers.total() > 100
    assert {"sale", "sign_on", "reversal"} <= set(attacked.heard.services)
    assert attacked.crowd.answers > 100


def test_terminals_do_all_kinds_of_work_between_them(tmp_path: Path) -> None:
    every = Attack(tmp_path, rounds=0, terminals=3, seed=1)
    whole, in_parts, other = every.posses
    assert set(whole._work) == {"sale", "void", "refund", "refund of another", "sign on", "signed sale"}
    assert set(other._work) == {"sale", "void", "refund", "sign on", "key change"}
    cut = [pos._terminal._core.machine.setup.part_bytes for pos in (whole, in_parts)]
    assert cut == [0, attack.PART_BYTES]
    assert whole.others == [in_parts]
    assert other.others == []


FORM = "form IN (SELECT id FROM transaction_form WHERE {})"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "DELETE FROM exchange WHERE id = (SELECT min(exchange.id) FROM exchange JOIN exchange_form AS f "
            "ON form = f.id WHERE f.code = '00' AND f.service = 'sale')",  # the last one may not have been heard
            "heard and not in the journal",
        ),
        (
            "DELETE FROM transaction_row WHERE " + FORM.format("kind = 'sale' AND state = 'approved'"),
            "but ('', '', 0) is stored",
        ),
        ("UPDATE transaction_form SET state = 'approved' WHERE state = 'reversed'", "STAN"),
        ("UPDATE transaction_form SET state = 'reversed' WHERE state = 'approved'", "'reversed'"),
        (
            "UPDATE transaction_row SET amount_minor = amount_minor + 1 WHERE " + FORM.format("kind = 'sale'"),
            "is stored",
        ),
        (
            "UPDATE transaction_row SET stan = '9' || substr(stan, 2) WHERE " + FORM.format("state = 'approved'"),
            "and no terminal has it",
        ),
        ("DELETE FROM signature", "the signature of"),
    ],
)
def test_what_is_lost_or_booked_twice_is_noticed(attacked: Attack, statement: str, sentence: str) -> None:
    database = attacked.place / "acquirer.db"
    whole = database.read_bytes()
    if statement == "DELETE FROM signature" and not attacked.heard.signatures:
        pytest.skip("no signature was uploaded")
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        changed = connection.execute(statement).rowcount
        if not changed and statement.endswith("'reversed'"):
            pytest.skip("what was reversed had not been booked")
        assert changed > 0
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    try:
        assert any(sentence in found for found in attacked._compare())
    finally:
        database.write_bytes(whole)


@pytest.mark.slow
def test_answers_and_keys_of_the_crowd_that_are_lost_are_noticed(attacked: Attack) -> None:
    crowd = attacked.crowd
    (stan, code), *_ = crowd._heard[0].items()
    try:
        crowd._heard[0][stan] = "55"
        crowd._keys[0], crowd._keys[1] = crowd._keys[1], crowd._keys[0]
        found = attacked._compare()
    finally:
        crowd._heard[0][stan] = code
        crowd._keys[0], crowd._keys[1] = crowd._keys[1], crowd._keys[0]
    assert f"heard by terminal 30000001 and not in the journal: 55 to STAN {stan}" in found
    assert "terminal 30000001: the host does not have the keys that it handed out" in found


@pytest.mark.slow
def test_a_reference_number_that_was_given_twice_is_noticed(attacked: Attack) -> None:
    attacked.heard.rrns["000000000001"] = {("10000161", "000001"), ("10000162", "000001")}
    assert any("000000000001 was given to" in found for found in attacked._compare())


@pytest.mark.slow
def test_a_traceback_in_a_log_is_noticed(attacked: Attack) -> None:
    log = attacked.place / "log"
    before = log.read_bytes()
    log.write_bytes(before + b"Traceback (most recent call last):\n")
    try:
        assert any("holds a traceback" in found for found in attacked._compare())
    finally:
        log.write_bytes(before)
