"""Two tables of kinds, the host's and the terminal's, agree about what both say."""

from __future__ import annotations

from acquirer.host.kinds import KINDS as OF_THE_HOST
from acquirer.terminal.kinds import KINDS


def test_both_have_the_same_kinds() -> None:
    assert set(KINDS) == set(OF_THE_HOST)


def test_both_count_them_on_the_same_side() -> None:
    sides = {name: kind.side or "none" for name, kind in KINDS.items()}
    assert sides == {name: kind.total for name, kind in OF_THE_HOST.items()}


def test_both_let_the_same_kinds_be_free_by_amount() -> None:
    assert {name for name, kind in KINDS.items() if kind.free} == {"sale", "pre_auth"}
    assert {name for name, kind in OF_THE_HOST.items() if kind.free} == {"sale", "pre_auth"}


def test_both_tie_them_to_the_same_kinds() -> None:
    verbs = {"complete": "completion", "adjust": "adjustment", "tip": "adjustment", "top up": "top_up"}
    done = {name: verbs.get(kind.verb or "", kind.verb) for name, kind in KINDS.items() if kind.verb != "report"}
    assert done == {name: kind.to_original for name, kind in OF_THE_HOST.items() if name != "script_result"}
    for name, kind in KINDS.items():
        if kind.verb not in (None, "report"):
            assert set(OF_THE_HOST[name].of) <= set(kind.of), name
