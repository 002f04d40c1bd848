"""One line per exchange, and its JSON: readable, and never more than may be shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from acquirer.terminal.card import card
from acquirer.terminal.rendering import line, result_json
from acquirer.terminal.sale import sale

if TYPE_CHECKING:
    from collections.abc import Callable

    from acquirer.terminal.effects import Response
    from acquirer.terminal.sale import Order
    from tests.terminal.conftest import Bench, Foreign

    Orders = Callable[..., Order]


def test_lines_of_a_whole_story(bench: Bench, host: Foreign, make_order: Orders, silence: Response) -> None:
    bench.run(sale(bench.machine, make_order()), host.sign_on(), host.reply("51"))
    bench.run(sale(bench.machine, make_order(99)), silence, host.short("25"))
    assert [line(exchange) for exchange in bench.exchanges] == [
        "→ 0800 sign-on STAN 000001 … ← 0810 00 approved · keys PIK 900ECCE3 MAK CFF1592A · batch 000007 · 3 ms",
        "→ 0200 sale STAN 000002 12.34 621234******1232 … ← 0210 51 not enough funds · 3 ms",
        "→ 0200 sale STAN 000003 0.99 621234******1232 … ← no answer · waited 60 s · 60000 ms",
        "→ 0400 reversal STAN 000003 0.99 621234******1232 reason 98 … "
        "← 0410 25 original transaction not found · nothing is left to undo · 3 ms",
    ]


def test_json_tells_all_and_hides_the_card(signed_on: Bench, host: Foreign, make_order: Orders) -> None:
    held = card("6212345678901232", "3012", pin="123456")
    result = signed_on.run(sale(signed_on.machine, make_order(held=held)), host.reply(de37="112012345678", de63="CUP"))
    result.exchanges = tuple(signed_on.exchanges)
    document = json.loads(json.dumps(result_json(result)))
    assert (document["outcome"], document["code"], document["exchanges"][0]["took_us"]) == ("approved", "00", 3000)
    assert document["exchanges"][0]["elements"] == {
        "rrn": "112012345678",
        "batch": "000007",
        "time": "120000",
        "date": "1120",
        "organisation": "CUP",
    }
    assert "6212345678901232" not in json.dumps(document)


def test_a_host_that_talks_without_end_fills_no_line(signed_on: Bench, host: Foreign, make_order: Orders) -> None:
    strays = [host.reply(de11=f"{number:06d}") for number in range(500000, 500200)]
    result = signed_on.run(sale(signed_on.machine, make_order()), [*strays, host.reply("51")])
    assert result.code == "51"
    assert len(result.exchange.notes) == 8


def test_a_host_cannot_steer_the_screen(signed_on: Bench, host: Foreign, make_order: Orders) -> None:
    stray = host.reply(de41="\x1b[2J\r\n..")
    result = signed_on.run(sale(signed_on.machine, make_order()), [stray, host.reply("\x1b[", de37="\x1b[2J12345678")])
    result.exchanges = tuple(signed_on.exchanges)
    shown = line(result.exchange) + json.dumps(result_json(result))
    assert shown.isprintable()
