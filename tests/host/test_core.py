"""The host's own look-ups: codes of reasons, by route."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquirer.model.reasons import FALLBACKS, Reason
from tests.host.conftest import MakeRig


@pytest.mark.parametrize("order", [(None, "reversal", "refund"), ("refund", "reversal", None)])
def test_a_route_may_have_codes_of_its_own(new_rig: MakeRig, order: tuple[str | None, ...]) -> None:
    """Whichever is asked for first, and again."""
    host = new_rig(dialect="iso8583-1993-ascii").host
    codes = {None: "000", "reversal": "400", "refund": "901"}
    for name in (*order, *order):
        route = None if name is None else host.dialect.find_route(name)
        assert host.code_of(Reason.APPROVED, route) == codes[name]


def test_a_reason_without_a_code_takes_that_of_a_more_general_one(new_rig: MakeRig, tmp_path: Path) -> None:
    path = tmp_path / "few-codes.toml"
    table = "".join(f"{reason} = false\n" for reason in FALLBACKS)
    path.write_text(f'dialect = "few-codes"\nextends = "unionpay-pos"\n[reasons]\n{table}', encoding="utf-8")
    host = new_rig(dialect=str(path)).host
    for reason, general in FALLBACKS.items():
        assert reason not in host.dialect.reasons
        code = host.code_of(reason, host.dialect.find_route("sale"))
        assert code == host.code_of(general, None) == host.dialect.reasons[general]
