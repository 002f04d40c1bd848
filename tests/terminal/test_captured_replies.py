"""Replies of real hosts, as they were captured: our terminal takes them for answers to the requests that they answer.

But for the sale's: its card number was replaced, so its MAC no longer fits, and the sale is reversed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.terminal.exchange import Outcome
from acquirer.terminal.reply import check_reply
from acquirer.terminal.sale import sale
from tests.dialects.test_unionpay_messages import COMPILED, MESSAGES, fields_of, frame_of, named

if TYPE_CHECKING:
    from collections.abc import Callable

    from acquirer.terminal.sale import Order
    from tests.terminal.conftest import Bench, Foreign

CAPTURED = [one for one in MESSAGES if "captured" in one]
ANSWERED = {
    "Sign-on reply": ("sign_on", {}),
    "Sign-off reply, batch counted up": ("sign_off", {60: "00000006002"}),
    "End of batch upload, reply": ("batch_upload_end", {}),
    "Reply to an IC detail (203)": ("batch_upload_chip", {}),
}
"""What each answers, and what stood otherwise in the request."""

KEYS = WorkingKeys(Secret.from_hex("D931648F3DE313A4A22C15DCA4F4299E"), Secret.from_hex("AB7C577CC7A18045"))


@pytest.mark.parametrize("title", ANSWERED)
def test_it_is_taken(title: str) -> None:
    message = next(one for one in CAPTURED if one["title"] == title)
    service, otherwise = ANSWERED[title]
    route = COMPILED.dialect.find_route(service)
    reply: dict[int, Any] = fields_of(message)
    request = {de: reply[de] for de in (4, 11, 41, 42, 60) if de in reply} | otherwise
    check = check_reply(COMPILED.suite, KEYS, route, request, frame_of(message))
    assert (check.outcome, check.stray, check.detail) == (Outcome.APPROVED, "", ""), named(message)


def test_the_sale_whose_card_was_replaced_is_reversed(
    make_bench: type[Bench], signed_on: Bench, host: Foreign, make_order: Callable[..., Order]
) -> None:
    message = next(one for one in CAPTURED if one["title"] == "Sale reply")
    ours: dict[str, Any] = {"tid": "58402001", "mid": "302440380621100"}
    bench = make_bench(replace(signed_on.state, **ours, batch="000065", stan="002331"), **ours)
    result = bench.run(sale(bench.machine, make_order(73_700)), frame_of(message), host.reply())
    assert (result.outcome, result.reversal) == (Outcome.MAC_DIFFERS, "done")
    reversal = bench.requests[1].fields
    assert (bench.requests[1].mti, reversal[11], reversal[38], reversal[39]) == ("0400", "002332", "012345", "A0")
