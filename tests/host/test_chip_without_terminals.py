"""Chip data in a dialect that says nothing of its terminals: which entry modes a chip has is unknown to its host."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acquirer.settings.shipped import specs_dir
from acquirer.testing import Rig
from acquirer.testing.rig_terminal import RigTerminal


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    text = (specs_dir() / "unionpay-pos.toml").read_text(encoding="utf-8")
    sections = re.split(r"(?m)^(?=\[)", text)
    kept = "".join(one for one in sections if not re.match(r"\[terminal[].]", one))
    path = tmp_path / "no-terminals.toml"
    path.write_text(kept.replace('dialect = "unionpay-pos"', 'dialect = "no-terminals"', 1), encoding="utf-8")
    rig = Rig(str(path))
    assert rig.dialect.terminal_profile is None
    return rig


@pytest.fixture
def terminal(rig: Rig) -> RigTerminal:
    """One that speaks alike, and knows how."""
    known = rig.register("90000001")
    options: dict[str, Any] = {"dialect": "unionpay-pos", "mid": known.mid, "tmk": known.tmk, "now": rig.local_time}
    return RigTerminal("90000001", rig, **options)


def test_its_cryptogram_is_checked_and_answered(rig: Rig, terminal: RigTerminal) -> None:
    result = terminal.sale("300.00", "emv")
    assert (result.code, "the chip knows its issuer (ARPC)" in result.exchange.notes) == ("00", True)
    assert terminal.sale("1.00").code == "00"
    assert [one.notes for one in rig.journal if one.service == "sale"] == [(), ()]
    other = replace(terminal._core.card("emv"), imk=None)
    assert (terminal.sale("300.00", other).code, rig.journal[-1].reason) == ("59", "cryptogram_differs")


def test_it_is_loaded_and_settled(rig: Rig, terminal: RigTerminal) -> None:
    assert terminal.load_chip("5.00", "emv").code == "00"
    assert rig.journal[-1].why.endswith(": done")
    assert terminal.sale("1.00").code == "00"
    assert terminal.settle().sentence.startswith("batch 000001 settled: balanced")
