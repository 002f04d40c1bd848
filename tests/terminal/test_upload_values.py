"""What an upload will say of its sale: slip elements that fit their tags, with any names of shop and host."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.dialect.terminal_profile import SlipRole
from acquirer.signature import slip_elements
from acquirer.terminal.sale import sale
from acquirer.wire.tlv import parse_tlv

if TYPE_CHECKING:
    from collections.abc import Callable

    from acquirer.terminal.sale import Order
    from tests.terminal.conftest import Bench, Foreign


def test_every_role_has_a_tag() -> None:
    assert set(get_args(SlipRole)) == set(slip_elements.ROLES)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(
    merchant=st.text(st.characters(codec="gbk"), max_size=60),
    operator=st.text("0123456789AB", max_size=4),
    institutions=st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=22, max_size=22),
    auth_id=st.none() | st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=6, max_size=6),
)
def test_a_slip_can_always_be_written(
    make_bench: type[Bench],
    host: Foreign,
    make_order: Callable[..., Order],
    merchant: str,
    operator: str,
    institutions: str,
    auth_id: str | None,
) -> None:
    bench = make_bench(merchant=merchant, operator=operator[:3])
    bench.run(sale(bench.machine, make_order()), host.sign_on(), host.reply(de44=institutions, de38=auth_id))
    assert bench.state.voucher is not None
    sent = bench.state.voucher.values["slip"]
    assert isinstance(sent, bytes)
    slip = {one.tag: one.value for one in parse_tlv(sent, slip_elements.SLIP_TLV_KIND)}
    assert {"FF00", "FF01", "FF06"} <= set(slip)
    assert len(slip["FF00"]) <= 40
    assert slip["FF00"].decode("gbk") in (merchant or "880210010210162")
    assert len(slip["FF06"]) == 7
    assert all(len(slip.get(tag, b"")) <= 11 for tag in ("FF03", "FF04"))
    read = slip_elements.parse_slip_elements(sent, slip_elements.slip_tags(bench.setup.dialect))
    assert all(one.tag in slip_elements.slip_tags(bench.setup.dialect) for one in read)
