"""Optional routes: a dialect that takes away what an inherited message needs has it not, and says so in a note."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquirer.data.toml import DataError
from acquirer.dialect.checks import notes
from acquirer.dialect.dialect import Dialect
from acquirer.settings.specs import load_dialect

NEW = {"void", "refund", "balance"}


def child(tmp_path: Path, text: str, parent: str = "iso8583-1987-ascii") -> Dialect:
    file = tmp_path / "mine.toml"
    file.write_text(f'dialect = "mine"\ntitle = "mine"\nextends = "{parent}"\nsamples = []\n{text}', encoding="utf-8")
    return load_dialect(str(file))


def served(dialect: Dialect) -> set[str]:
    return {route.service for route in dialect.routes if route.served}


def left_out(dialect: Dialect) -> list[str]:
    return sorted(f"{note.key}: {note.problem}" for note in notes(dialect) if "left out" in note.problem)


def test_they_are_there_if_nothing_is_taken_away(tmp_path: Path) -> None:
    dialect = child(tmp_path, "")
    assert served(dialect) >= NEW
    assert left_out(dialect) == []


@pytest.mark.parametrize(
    ("text", "gone", "why"),
    [
        (  # no MACs at all, as a host is while it is being written
            "[elements]\nkeys = false\nmac = false\nmac_secondary = false\n"
            '[security]\nmac = ""\npackages = []\n'
            "[routes]\nsign_on = false\nsign_off = false\nkey_change = false\n"
            '[routes.sale]\nmac = "none"\nreply.make = ["rrn", "code"]\n'
            '[routes.reversal]\nmac = "none"\nreply.make = ["code"]\n',
            NEW,
            "routes.void: left out: unknown element 'mac'",
        ),
        (  # MACs are taken away in the routes only
            '[security]\nmac = ""\npackages = []\n[elements]\nkeys = false\n'
            "[routes]\nsign_on = false\nsign_off = false\nkey_change = false\n"
            '[routes.sale]\nmac = "none"\nreply.make = ["rrn", "code"]\n'
            '[routes.reversal]\nmac = "none"\nreply.make = ["code"]\n',
            NEW,
            "routes.void: left out: this dialect has no MACs",
        ),
        (  # DE 90 does not name a sale by its batch
            '[elements]\nbatch = "60"\n[fields.60]\nformat = "n6"\nname = "batch"\n'
            '[numbering]\nwithin = "batch"\noriginal_stan = "stan"\noriginal_within = "batch"\n'
            '[routes.reversal]\nmandatory = ["amount", "stan", "tid", "batch"]\n',
            {"void", "refund"},
            "routes.void: left out: this dialect numbers transactions within 'batch', and it names its original",
        ),
        (
            "[elements]\nmac_secondary = false\n"
            '[routes.reversal]\nmandatory = ["amount", "stan", "tid"]\nreply.echo = [11]\nrefusal.echo = [11]\n',
            {"void", "refund"},
            "routes.void: left out: DE 90 would stand behind the MAC (DE 64)",
        ),
        ("[elements]\nbalance_sign = false\n", {"balance"}, "routes.balance: left out: unknown element 'balance_sign'"),
    ],
)
def test_what_a_child_takes_away_takes_them_with_it(tmp_path: Path, text: str, gone: set[str], why: str) -> None:
    dialect = child(tmp_path, text)
    assert served(dialect) & NEW == NEW - gone
    assert any(one.startswith(why) for one in left_out(dialect)), left_out(dialect)


def test_other_routes_still_need_what_they_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"routes\.sale\.mandatory: unknown element 'amount'"):
        child(tmp_path, "[elements]\namount = false\n")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[routes.void]\nmandatory = ["stand"]\n', r"mine\.toml:6: routes\.void\.mandatory: unknown element 'stand'"),
        ('[routes.void]\nmandatories = ["stan"]\n', r"mine\.toml:6: routes\.void\.mandatories: unknown key"),
        (
            '[routes.void]\nmandatory = ["stan", "original_stan"]\n',
            r"mine\.toml:\d: routes\.void: this dialect numbers transactions within 'sent', and it names its original",
        ),
    ],
)
def test_a_mistake_in_the_childs_own_lines_is_an_error(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        child(tmp_path, text)


def test_taking_away_an_unserved_message_that_is_served_by_now_is_harmless(tmp_path: Path) -> None:
    """A file of version 0.1 may say so of the messages that were known by name only."""
    dialect = child(tmp_path, "[unserved]\nbalance = false\nrefund = false\n")
    assert served(dialect) >= NEW
    assert served(child(tmp_path, "[unserved]\nvoid = false\n", "unionpay-pos")) >= NEW
