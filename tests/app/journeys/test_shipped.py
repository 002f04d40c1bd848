"""The journeys that ship hold against our host, and each can fail: against a host that does otherwise, it says so."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from acquirer.app.journeys.prepare import prepare
from acquirer.app.journeys.runner import run_journey
from acquirer.cli.journey_host import journey_host
from acquirer.settings.named_files import JOURNEYS
from acquirer.terminal.kinds import KINDS
from tests.app.journeys.running import Quiet, differences, run


@pytest.mark.slow
@pytest.mark.parametrize("name", JOURNEYS.names)
def test_it_holds(name: str) -> None:
    assert differences(run_journey(prepare(name), Quiet(), open_host=journey_host)) == []


@pytest.mark.slow
def test_a_day_of_three_tills_has_every_kind_of_transaction() -> None:
    report = run_journey(prepare("a-day-of-three-tills"), Quiet(), open_host=journey_host)
    sent = {exchange.service for step in report.steps for exchange in step.exchanges}
    assert sorted(set(KINDS) - sent) == []


OTHERWISE: Final = {
    "a-day-in-a-shop": (
        '[[fault]]\nkind = "wrong_rrn"\nservice = "sale"',
        "expect: code: wanted 00, was 25 ≠\n"
        "host: 0220 refund 000008 25: the sale of 20.00 with STAN 000005, batch 000001 on terminal 10000161 is of card "
        "620000******0047, the message is of card 621234******1232; use the card of the sale",
    ),
    "sign-on-trouble": (
        '[[fault]]\nkind = "stale_keys"\nskip = 3',
        "verify: expected exactly 1 sale with reason mac_differs within 1 s, saw 2 of 9 exchanges\n"
        "fits: #5 0200 sale  10000161\nfits: #8 0200 sale  10000161\n"
        "rules that fired: 'refused sign-on' ×1 at #3 0800 sign_on\n"
        "faults that acted: 'stale_keys' ×3 at #7 0800 sign_on; 'wrong_key_length' ×1 at #2 0800 sign_on; 'wrong_kcv' "
        "×1 at #1 0800 sign_on",
    ),
    "printer-trouble": (
        '[[rule]]\nname = "closed"\nwhen = { service = "sale", amount = "3.80" }\nthen = { code = "96" }',
        "expect: printed: wanted 4, was 2 ≠\nhost: 0200 sale 000006 00: approved on card 'standard' 621234******1232",
    ),
    "reversal-storm": (
        '[[rule]]\nname = "deaf"\nwhen = { service = "reversal" }\nthen = { reason = "system_fault" }',
        "books: state: wanted reversed, was approved ≠\n"
        "host: 0200 sale 000002 00: approved on card 'standard' 621234******1232\n"
        "host: 0400 reversal 000002 96: rule 'deaf' answers 96; 1 used",
    ),
    "signature-trouble": (
        '[[rule]]\nname = "full"\nwhen = { service = "signature" }\nthen = { reason = "system_fault" }',
        "owed: signatures: wanted 0, was 1 ≠\n"
        "host: 0200 sale 000003 00: approved on card 'standard' 621234******1232\n"
        "host: 0820 signature 000002 96: rule 'full' answers 96; 1 used",
    ),
    "a-host-that-comes-and-goes": (
        '[[rule]]\nname = "forgetful"\nwhen = { service = "void" }\nthen = { reason = "original_unknown" }',
        "expect: code: wanted 00, was 25 ≠\nhost: 0200 void 000005 25: rule 'forgetful' answers 25; 1 used",
    ),
    "an-evening-in-a-restaurant": (
        '[[rule]]\nname = "no tips"\nwhen = { service = "tip_adjustment" }\nthen = { code = "40" }',
        "expect: code: wanted 00, was 40 ≠\nreceipt: wanted true, was false ≠\n"
        "host: 0220 tip_adjustment 000003 40: rule 'no tips' answers 40; 1 used",
    ),
    "cashiers": (
        '[[rule]]\nname = "one cashier"\nwhen = { service = "sign_on", "de.63.1" = "02*" }\n'
        'then = { reason = "operator_unknown" }',
        "expect: code: wanted 00, was 58 ≠\nhost: 0800 sign_on 000003 58: rule 'one cashier' answers 58; 1 used",
    ),
    "a-day-of-three-tills": (
        '[[rule]]\nname = "no settlement"\nwhen = { service = "settlement" }\nthen = { code = "90" }',
        "expect: outcome: wanted approved, was declined ≠\n"
        "host: 0500 settlement 000023 90: rule 'no settlement' answers 90; 1 used",
    ),
    "a-day-that-does-not-balance": (
        '[[rule]]\nname = "no visitors"\nwhen = { service = "sale", amount = "88.00" }\nthen = { code = "05" }',
        "expect: code: wanted 00, was 05 ≠\nhost: 0200 sale 000005 05: rule 'no visitors' answers 05; 1 used",
    ),
    "a-stall-without-a-line": (
        '[[rule]]\nname = "no coffee"\nwhen = { service = "ecash_sale" }\nthen = { code = "05" }',
        "expect: detail: wanted like *balanced; 1 not taken*, was batch 000001 settled: balanced; 2 not taken; batch "
        "000002 be… ≠\nhost: 0320 batch_upload_chip 000009 00: 1 detail uploaded: 1 agree\n"
        "host: 0320 batch_upload_chip 000010 00: 1 detail uploaded: 1 agree\n"
        "host: 0320 batch_upload_end 000013 00: upload ended, 3 details uploaded: 3 agree; batch 000001 is closed, the "
        "open one is 000002",
    ),
    "a-first-hour": (
        '[[rule]]\nname = "no keys"\nwhen = { service = "rsa_key" }\nthen = { code = "40" }',
        "expect: outcome: wanted approved, was declined ≠\nhost: 0800 rsa_key 40: rule 'no keys' answers 40; 1 used",
    ),
    "a-stay-in-a-hotel": (
        '[[rule]]\nname = "stingy"\nwhen = { service = "completion", amount = "690.00" }\nthen = { code = "61" }',
        "expect: code: wanted 00, was 61 ≠\nreceipt: wanted true, was false ≠\n"
        "host: 0200 completion 000003 61: rule 'stingy' answers 61; 1 used",
    ),
}
"""What a host does otherwise, as a pack, and a difference that it makes."""


def test_each_that_ships_is_tried() -> None:
    assert sorted(OTHERWISE) == JOURNEYS.names


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERWISE)
def test_it_can_fail(name: str, tmp_path: Path) -> None:
    pack, difference = OTHERWISE[name]
    (tmp_path / "otherwise.toml").write_text(pack)
    text = JOURNEYS.path(name).read_text(encoding="utf-8")
    found = differences(run(tmp_path, text.replace("[journey]\n", '[journey]\npacks = ["otherwise.toml"]\n', 1)))
    assert difference in found
