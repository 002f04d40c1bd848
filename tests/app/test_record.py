"""Recordings made into rules with which our host answers alike, and into journeys that hold against the same host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acquirer.app.dialects import served_dialect
from acquirer.app.journeys.prepare import prepare
from acquirer.app.journeys.runner import run_journey
from acquirer.app.recorded_cards import note_cards
from acquirer.app.recorded_journey import recorded_journey
from acquirer.app.recorded_rules import recorded_rules
from acquirer.app.recording import RecordedExchange, Recording, read_recording
from acquirer.app.terminal import Terminal
from acquirer.cli.journey_host import journey_host
from acquirer.data.toml import parse_toml
from acquirer.journal.render import entry_of
from acquirer.model.evidence import Evidence
from acquirer.scenario.faults import load
from acquirer.settings.cards import load_cards
from acquirer.settings.specs import load_dialect
from acquirer.settings.terminals import demo_terminals
from acquirer.testing import Rig, running_host
from acquirer.testing.host import RunningHost
from tests.app.journeys.running import Quiet, differences
from tests.app.relayed import DIALECTS, relayed

UNIONPAY = load_dialect("unionpay-pos")

BEHAVIOUR = """
[[rule]]
name = "poor in turn"
when = { service = "sale", amount = "10.00" }
then = { answers = ["51", "00", "05"] }

[[rule]]
name = "another institution"
when = { service = "sale", amount = "12.34" }
then = { set = { "de.44" = "12345678   87654321   " } }

[[rule]]
name = "no refunds"
when = { service = "refund" }
then = { code = "57" }

[[rule]]
name = "issuer down for one card"
when = { pan = "622126*5674", service = "sale" }
then = { code = "91" }

[[rule]]
name = "approves what has no funds"
when = { service = "sale", amount = "20.00" }
then = { approve = true }
"""


def a_day(terminal: Terminal) -> None:
    terminal.sign_on()
    terminal.sale("12.34", pin="123456")
    for _ in range(3):
        terminal.sale("10.00")
    terminal.sale("20.00", card="poor")
    terminal.sale("30.00", card="chip")
    terminal.sale("5.00")
    terminal.refund()
    terminal.sale("6.00", pin="000000")
    terminal.sale("7.00")
    terminal.void()
    terminal.balance()
    terminal.echo()


def codes(host: RunningHost) -> list[tuple[str, str]]:
    return [(entry.service, entry.code) for entry in host.journal.list()]


def answers(host: RunningHost) -> Answers:
    """Return what was answered: service, code, and the field of institutions."""
    return [(entry.service, entry.code, (entry.reply or {}).get("44", "")) for entry in host.journal.list()]


def pack(tmp_path: Path, text: str, name: str = "behaviour.toml") -> str:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return str(path)


Answers = list[tuple[str, str, str]]


def at_host(
    day: Callable[[Terminal], None], *, dialect: str = "unionpay-pos", **settings: Any
) -> tuple[list[RecordedExchange], Answers]:
    """Return what a host journalled of a day, and its answers."""
    with (
        running_host(dialect=dialect, **settings) as host,
        Terminal("10000161", host=host.address, dialect=dialect, state=None) as terminal,
    ):
        day(terminal)
        return [RecordedExchange(entry) for entry in host.journal.list()], answers(host)


def test_with_the_rules_our_host_answers_as_the_recorded_one_did(tmp_path: Path) -> None:
    recorded, before = at_host(a_day, pack=[pack(tmp_path, BEHAVIOUR)])
    result = recorded_rules(recorded, UNIONPAY, "recorded")
    assert result.left_out == []
    assert result.reproduced == len(recorded)
    _, after = at_host(a_day, pack=[pack(tmp_path, result.text, "made.toml")])
    assert after == before
    _, without = at_host(a_day)
    assert without != before


@pytest.mark.parametrize("dialect", [one for one in DIALECTS if one != "iso8583-1987-plain"])
def test_rules_of_every_dialect_are_taken_and_answer_alike(dialect: str, tmp_path: Path) -> None:
    def day(terminal: Terminal) -> None:
        for amount in ("1.00", "2.05", "3.51", "4.00"):
            terminal.sale(amount)
        terminal.reverse()

    recorded, before = at_host(day, dialect=dialect, trigger_amounts=True)
    result = recorded_rules(recorded, load_dialect(dialect), "recorded")
    _, after = at_host(day, dialect=dialect, pack=[pack(tmp_path, result.text)])
    assert [one[:2] for one in after] == [one[:2] for one in before]


def silent_day(rig: Rig) -> list[Evidence]:
    """Return what a host journals of a day on which the first sale of 8.00 gets no answer."""
    terminal = rig.terminal("10000161")
    terminal.sign_on()
    terminal.sale("8.00")
    terminal.sale("8.00")
    terminal.sale("9.00")
    terminal.reverse()
    return rig.journal


def as_relayed(journal: list[Evidence]) -> list[RecordedExchange]:
    """Return what a relay journals of the same: what a fault withheld was not answered."""
    found = [RecordedExchange(entry_of(evidence)) for evidence in journal]
    for number, one in enumerate(found, 1):
        one.entry.id = number
        if one.entry.fault:
            one.entry.code, one.entry.reply, one.entry.reason = "", None, "unanswered"
    return found


def test_what_was_not_answered_is_not_answered_again() -> None:
    journal = silent_day(Rig(faults=["silent:service=sale,amount=8.00,count=1"]))
    result = recorded_rules(as_relayed(journal), UNIONPAY, "recorded")
    document = parse_toml(result.text, "made.toml")
    rules = [{**rule} for rule in document.data["rule"]]
    faults = load(replace(document, data={"fault": document.data["fault"]}), [UNIONPAY])
    again = silent_day(Rig(rules=rules, faults=faults))
    assert [(one.service, one.stan, bool(one.fault)) for one in again] == [
        (one.service, one.stan, bool(one.fault)) for one in journal
    ]
    assert [bool(one.fault) for one in again].count(True) == 1


def test_a_relay_of_another_host_makes_the_same_rules(tmp_path: Path) -> None:
    with running_host(pack=[pack(tmp_path, BEHAVIOUR)]) as host, relayed(host, tmp_path) as relay:
        with relay.terminal() as terminal:
            a_day(terminal)
        recorded = [RecordedExchange(entry) for entry in relay.entries()]
        before = answers(host)
    result = recorded_rules(recorded, UNIONPAY, "recorded")
    _, after = at_host(a_day, pack=[pack(tmp_path, result.text, "made.toml")])
    assert after == before


def test_a_journey_holds_against_the_same_host_and_fails_against_another(tmp_path: Path) -> None:
    behaviour = pack(tmp_path, BEHAVIOUR)
    recorded, _ = at_host(a_day, pack=[behaviour])
    result = recorded_journey(recorded, UNIONPAY, load_cards(), "a recorded day")
    assert result.left_out == []
    path = tmp_path / "journey.toml"
    path.write_text(result.text, encoding="utf-8")
    prepared = prepare(str(path), own_host=False)
    for packs, passed in (([behaviour], True), ([], False)):
        with running_host(pack=packs) as host:
            state = tmp_path / f"state-{passed}"
            report = run_journey(prepared, Quiet(), open_host=journey_host, address=host.address, state=state)
            assert report.passed is passed


def test_a_journey_runs_at_once_with_the_rules_of_the_same_recording(tmp_path: Path) -> None:
    recorded, _ = at_host(a_day, pack=[pack(tmp_path, BEHAVIOUR)])
    rules = pack(tmp_path, recorded_rules(recorded, UNIONPAY, "recorded").text, "rules.toml")
    text = recorded_journey(recorded, UNIONPAY, load_cards(), "a recorded day").text
    path = tmp_path / "journey.toml"
    path.write_text(text.replace("[journey]", f"[journey]\npacks = ['{rules}']"), encoding="utf-8")
    assert differences(run_journey(prepare(str(path)), Quiet(), open_host=journey_host)) == []


def test_reversals_belong_to_the_step_that_caused_them() -> None:
    journal = silent_day(Rig(faults=["silent:service=sale,amount=8.00,count=1"]))
    text = recorded_journey(as_relayed(journal), UNIONPAY, load_cards(), "silence").text
    assert 'expect = { outcome = "no-answer", reversal = "done" }' in text
    assert 'reverse = { stan = "@sale 5" }' in text
    assert text.count("[[step]]") == 5


def test_cards_that_are_not_known_make_no_step_and_no_rule_about_another_card(tmp_path: Path) -> None:
    cards = tmp_path / "cards.toml"
    cards.write_text("unknown = 'approve'\n[[card]]\nname = 'one'\npan = '6212345678901232'\nexpiry = '3012'\n")
    recorded, _ = at_host(a_day)
    result = recorded_journey(recorded, UNIONPAY, load_cards(str(cards)), "a day")
    assert any(
        "its card 620000******0047 is not in the card table: --cards FILE.toml" in one for one in result.left_out
    )
    assert "# not reproduced: exchange" in result.text
    assert "poor" not in result.text


def test_a_rule_about_one_card_leaves_others(tmp_path: Path) -> None:
    recorded, _ = at_host(lambda terminal: (terminal.sale("20.00", card="poor"), None)[-1])
    assert [(one.entry.service, one.entry.code) for one in recorded] == [("sign_on", "00"), ("sale", "51")]
    rules = pack(tmp_path, recorded_rules(recorded, UNIONPAY, "recorded").text)

    def day(terminal: Terminal) -> None:
        terminal.sale("20.00", card="standard")
        terminal.sale("20.00", card="poor")
        terminal.sale("21.00", card="standard")

    _, after = at_host(day, pack=[rules])
    assert [one[:2] for one in after] == [("sign_on", "00"), ("sale", "00"), ("sale", "51"), ("sale", "00")]


def test_encrypted_tracks_need_keys(tmp_path: Path) -> None:
    def day(terminal: Terminal) -> None:
        terminal.sign_on()
        terminal.sale("9.00", entry="magstripe", card="pin", pin="123456")
        terminal.void()

    trace = tmp_path / "host.trace"
    with (
        running_host(trace=trace) as host,
        Terminal("10000161", host=host.address, state=None, package="004") as terminal,
    ):
        day(terminal)
    for known, reproduced in ((True, 3), (False, 2)):
        recording = read_recording(trace.read_bytes(), [UNIONPAY])
        if known:
            note_cards(served_dialect("unionpay-pos"), recording, demo_terminals())
        result = recorded_rules(recording.exchanges, UNIONPAY, "recorded")
        assert result.reproduced == reproduced
        assert [one for one in result.left_out if "the track is encrypted" in one] == result.left_out
        assert len(result.left_out) == 3 - reproduced


def test_what_no_rule_can_say_is_listed(tmp_path: Path) -> None:
    recorded, _ = at_host(lambda terminal: (terminal.sign_on(), terminal.sale("1.00"), None)[-1])
    recorded[1].entry.code = "Z9"
    result = recorded_rules(recorded, UNIONPAY, "recorded")
    assert result.left_out == ["exchange 2: its code Z9 is none of unionpay-pos"]
    recorded[1].entry.service = ""
    result = recorded_rules(recorded, UNIONPAY, "recorded")
    assert result.left_out[0].startswith("exchange 2: a 0200 that this host does not serve")


def test_what_was_received_cannot_become_a_line_of_the_file(tmp_path: Path) -> None:
    recorded, _ = at_host(lambda terminal: (terminal.sale("1.00"), terminal.sale("2.00"), None)[-1])
    recorded[1].entry.service, recorded[1].entry.why = "", "\n[[rule]]\nname = 'planted'\nthen = { code = '00' }\n"
    for text in (
        recorded_rules(recorded, UNIONPAY, "recorded").text,
        recorded_journey(recorded, UNIONPAY, load_cards(), "recorded").text,
    ):
        assert not any(line.startswith("name = 'planted'") for line in text.splitlines())


def test_terminals_that_are_answered_otherwise_get_rules_of_their_own(tmp_path: Path) -> None:
    rules = "[[rule]]\nname = 'one'\nwhen = { tid = '10000162', service = 'sale' }\nthen = { code = '05' }\n"

    def both(host: RunningHost) -> list[tuple[str, str]]:
        for tid in ("10000161", "10000162"):
            with Terminal(tid, host=host.address, state=None) as terminal:
                terminal.sign_on()
                terminal.sale("1.00")
        return codes(host)

    with running_host(pack=[pack(tmp_path, rules)]) as host:
        before = both(host)
        recorded = [RecordedExchange(entry) for entry in host.journal.list()]
    result = recorded_rules(recorded, UNIONPAY, "recorded")
    assert 'tid = "10000162"' in result.text
    with running_host(pack=[pack(tmp_path, result.text, "made.toml")]) as host:
        assert both(host) == before
    text = recorded_journey(recorded, UNIONPAY, load_cards(), "two").text
    assert 'terminals = ["10000161", "10000162"]' in text
    assert 'terminal = "10000162"' in text
    assert Recording(UNIONPAY, recorded).notes == []
