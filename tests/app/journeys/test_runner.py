"""Journeys run: every verb, faults of both sides, events of the host, and what is said where it does not hold."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from acquirer.app.terminal import Terminal
from acquirer.cli.journey_host import HostOfJourney, journey_host
from acquirer.data.toml import DataError
from acquirer.journey.journey import JourneyStep
from acquirer.settings.specs import dialect_names
from acquirer.testing import running_host
from tests.app.journeys.running import Quiet, differences, run

GREEN = {
    "sign_on": 'sign_on = true\nexpect = { code = "00", sent = "sign_on" }',
    "echo": 'echo = true\nexpect = { code = "00" }',
    "sale": 'sale = { amount = "1.00", card = "pin", entry = "magstripe", pin = "123456" }\nexpect = { slips = 0 }',
    "parts of fields": 'sale = "1.00"\nexpect = { "de.60.1" = "22", "de.60.9" = "", "de.48" = "" }',
    "a declined sale": 'sale = { amount = "20.00", card = "poor" }\nexpect = { code = "51", receipt = false }\n'
    'books = { state = "declined", reason = "funds_insufficient", pan = "620000*0047", amount = "20" }',
    "balance": 'balance = "balance"\nexpect = { balance = ">0", "de.54" = "?" }',
    "void": 'sale = "2.00"\n[[step]]\nvoid = "@last"\nexpect = { code = "00" }\nbooks = { state = "approved" }',
    "refund": 'name = "coat"\nsale = "9.00"\n[[step]]\nrefund = { amount = "4.00", stan = "@coat" }\n'
    'expect = { code = "00" }\nbooks = { stan = "@coat", state = "refunded", refunded = "4.00" }',
    "reverse": 'sale = "2.00"\n[[step]]\nreverse = true\nexpect = { code = "00" }\nbooks = { state = "reversed" }',
    "reverse by STAN": 'name = "coat"\nsale = "2.00"\n[[step]]\nreverse = { stan = "@coat", amount = "2.00" }\n'
    'expect = { code = "00" }',
    "sign": 'sale = "300.00"\n[[step]]\nsign = "王伟"\nexpect = { outcome = "done", signature = "kept" }\n'
    'owed = { signatures = 1 }\n[[step]]\nupload = { rounds = 1 }\nexpect = { signature = "uploaded" }',
    "sign_off": 'sign_off = true\nexpect = { code = "00", outcome = "approved" }',
    "rule": 'rule = { name = "poor", when = { amount = "3.00" }, then = { code = "51" } }\n'
    '[[step]]\nsale = "3.00"\nexpect = { code = "51", text = "可用余额不足", meaning = "not enough funds" }\n'
    '[[step]]\nremove = "poor"\n[[step]]\nsale = "3.00"\nexpect = { code = "00" }',
    "fault": 'fault = { kind = "wrong_mac", service = "sale" }\n[[step]]\nsale = "4.00"\n'
    'expect = { outcome = "mac-differs", reversal = "done" }\nverify = { service = "reversal", "de.39" = "A0" }\n'
    '[[step]]\nremove = "wrong_mac"\n[[step]]\nsale = "4.00"\nexpect = { code = "00" }',
    "not booked": 'fault = "lost_request:service=balance"\n[[step]]\nterminal_fault = "ignore_answer"\nsale = "1.00"\n'
    'expect = { outcome = "no-answer" }\nbooks = { stan = "009999", state = "none" }',
    "order": 'sale = "1.00"\n[[step]]\nsign_off = true\nverify_order = ["sign_on", { stan = "@last" }, '
    '"service=sign_off & code=00"]\nstrict = true',
    "verify": 'sale = "1.00"\n[[step]]\nsale = "2.00"\nverify = { service = "sale", count = 2, for = "10ms" }\n'
    '[[step]]\nowed = { reversal_of = "", refund_of = "", tries = "" }',
}


@pytest.mark.parametrize("verb", GREEN)
def test_each_verb_does_what_it_says(verb: str, tmp_path: Path) -> None:
    assert differences(run(tmp_path, f"[[step]]\n{GREEN[verb]}")) == []


def test_exchanges_that_are_missing_are_named_with_the_nearest(tmp_path: Path) -> None:
    text = '[[step]]\nsale = "1.00"\n[[step]]\nsale = "2.00"\nverify = { service = "reversal", within = "10ms" }'
    assert differences(run(tmp_path, text)) == [
        "verify: expected at least 1 reversal within 0.01 s, saw 0 of 3 exchanges\n"
        "nearest: #3 0200 sale  service: wanted reversal, was sale ≠   nothing fits\n"
        "nearest: #2 0200 sale  service: wanted reversal, was sale ≠   nothing fits\n"
        "nearest: #1 0800 sign_on  service: wanted reversal, was sign_on ≠   nothing fits"
    ]


FAULTS = {
    "drop_line": ("sale", 'outcome = "no-answer", reversal = "done"', "reversed"),
    "ignore_answer": ("sale", 'outcome = "no-answer", reversal = "done"', "reversed"),
    "no_line": ("sale", 'outcome = "not-sent", reversal = ""', "none"),
    "power_cut": ("sale", 'outcome = "power-cut", receipt = false', "approved"),
    "send_twice": ("sale", 'code = "00", receipt = true', "approved"),
    "wrong_batch": ("sale", 'code = "77", sent = "sale sign_on"', "none"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_each_fault_of_the_terminal_acts(kind: str, tmp_path: Path) -> None:
    operation, expected, state = FAULTS[kind]
    text = f"""
        [[step]]
        sign_on = true
        [[step]]
        {operation} = "5.00"
        terminal_fault = "{kind}"
        expect = {{ {expected} }}
        books = {{ state = "{state}" }}
        """
    assert differences(run(tmp_path, text)) == []


def test_a_request_that_is_sent_twice_is_booked_once(tmp_path: Path) -> None:
    text = """
        [[step]]
        sale = "5.00"
        terminal_fault = "send_twice"
        expect = { code = "00" }
        verify = { service = "sale", stan = "@last", count = 2 }
        [[step]]
        verify = { service = "sale", replayed = true, count = 1 }
        """
    assert differences(run(tmp_path, text)) == []


@pytest.mark.slow
@pytest.mark.parametrize("dialect", dialect_names())
def test_journeys_speak_every_dialect_that_ships(dialect: str, tmp_path: Path) -> None:
    text = f"""
        [journey]
        dialect = "{dialect}"
        terminals = ["{"10000164" if dialect == "unionpay-pos-sm4" else "10000161"}"]
        [[step]]
        name = "coat"
        sale = "10.00"
        expect = {{ outcome = "approved" }}
        books = {{ state = "approved" }}
        [[step]]
        void = "@coat"
        expect = {{ outcome = "approved" }}
        [[step]]
        sale = "12.00"
        terminal_fault = "power_cut"
        expect = {{ outcome = "power-cut" }}
        owed = {{ reversal_of = "@last" }}
        [[step]]
        sale = "5.00"
        terminal_fault = "drop_line"
        expect = {{ reversal = "done" }}
        books = {{ state = "reversed" }}
        [[step]]
        balance = "balance"
        expect = {{ balance = ">0" }}
        """
    assert differences(run(tmp_path, text)) == []


def test_a_terminal_goes_on_after_a_power_cut_with_what_it_had_saved(tmp_path: Path) -> None:
    text = """
        [[step]]
        sale = "5.00"
        terminal_fault = "power_cut"
        owed = { reversal_of = "@last", tries = 0 }
        [[step]]
        sale = "6.00"
        expect = { sent = "reversal sale", code = "00" }
        [[step]]
        sign_on = true
        terminal_fault = "power_cut"
        expect = { outcome = "power-cut", sent = "sign_on", code = "00" }
        [[step]]
        sale = "7.00"
        expect = { code = "00", sent = "sale" }
        """
    assert differences(run(tmp_path, text)) == []


def test_a_fault_acts_on_the_requests_that_it_names_and_no_more_often(tmp_path: Path) -> None:
    text = """
        [[step]]
        fault = "truncate:service=sale"
        [[step]]
        sale = "5.00"
        terminal_fault = { kind = "no_line", service = "reversal", times = 1 }
        expect = { outcome = "malformed", reversal = "owed", sent = "sign_on sale reversal" }
        owed = { tries = 0 }
        [[step]]
        sale = { amount = "1.00", sign = "Ann" }
        terminal_fault = "late_signature"
        expect = { outcome = "malformed" }
        """
    assert differences(run(tmp_path, text)) == [
        "step: the fault did not act: the operation sent no signature or signature_part"
    ]


def test_a_signature_comes_late(tmp_path: Path) -> None:
    text = """
        [journey.terminal]
        sign_upload = "at-once"
        [[step]]
        sale = { amount = "288.00", sign = "Ann Lee" }
        terminal_fault = "late_signature"
        expect = { code = "00", signature = "kept" }
        owed = { signatures = 1 }
        [[step]]
        upload = true
        expect = { signature = "uploaded" }
        """
    assert differences(run(tmp_path, text)) == []


def test_two_terminals_are_looked_at_apart(tmp_path: Path) -> None:
    text = """
        [journey]
        terminals = 2
        [[step]]
        name = "one"
        sale = "1.00"
        [[step]]
        terminal = 2
        sign_on = true
        verify = { service = "sale", count = 0 }
        verify_order = ["sign_on"]
        books = { stan = "@one", state = "none" }
        [[step]]
        verify = { service = "sale", tid = "20000001", count = 1 }
        """
    assert differences(run(tmp_path, text)) == []


def test_time_is_skipped(tmp_path: Path) -> None:
    """Timers of the host and of terminals go with it; so do days, also while the host is stopped."""
    text = """
        [[step]]
        fault = "late:amount=5.00,service=sale,after=65s"
        [[step]]
        name = "late"
        sale = "5.00"
        expect = { outcome = "no-answer", detail = "waited 60 s", reversal = "done" }
        [[step]]
        wait = "10s"
        verify = { service = "sale", stan = "@late", delivery = "sent" }
        books = { stan = "@late", state = "reversed" }
        [[step]]
        host = "stop"
        [[step]]
        wait = "1440min"
        [[step]]
        host = "start"
        [[step]]
        name = "another day"
        sale = "6.00"
        expect = { code = "77", sent = "sale sign_on" }
        """
    slept: list[float] = []
    assert differences(run(tmp_path, text, sleep=slept.append)) == []
    assert slept == []


def test_time_passes_as_it_does_where_another_terminal_may_call_or_the_host_is_another(tmp_path: Path) -> None:
    slept: list[float] = []
    text = '[[step]]\nwait = "35s"\n[[step]]\nwait = 0.25\n[[step]]\nowed = { signatures = 0 }'
    assert run(tmp_path, f'[journey]\nlisten = "127.0.0.1:0"\n{text}', sleep=slept.append).passed
    assert run(tmp_path, text, sleep=slept.append, address="127.0.0.1:9").passed
    assert slept == [35.0, 0.25, 35.0, 0.25]


def test_keys_are_rotated_without_telling_the_terminal(tmp_path: Path) -> None:
    text = """
        [[step]]
        host = "rotate_keys"
        [[step]]
        sign_on = true
        [[step]]
        host = "rotate_keys"
        [[step]]
        sale = "1.00"
        expect = { code = "A0", sent = "sale sign_on" }
        verify_order = [{ service = "sale", reason = "mac_differs" }, "sign_on"]
        """
    assert differences(run(tmp_path, text)) == ["step: terminal 10000161 has no working keys; let it sign on first"]


def test_a_host_comes_back_with_its_books_and_without_rules_of_the_steps(tmp_path: Path) -> None:
    text = """
        [journey]
        packs = ["issuer-down"]
        [[step]]
        rule = { name = "poor", when = { service = "sale" }, then = { code = "51" }, priority = 1 }
        [[step]]
        name = "before"
        sale = "1.00"
        expect = { code = "51" }
        [[step]]
        host = "stop"
        [[step]]
        echo = true
        expect = { outcome = "not-sent" }
        [[step]]
        host = "start"
        [[step]]
        sale = "1.00"
        expect = { code = "91" }
        books = { stan = "@before", state = "declined" }
        [[step]]
        remove = "issuer-down"
        [[step]]
        host = "restart"
        [[step]]
        sale = "1.00"
        expect = { code = "91" }
        """
    assert differences(run(tmp_path, text)) == []


def test_a_host_whose_port_was_taken_meanwhile_is_reached_at_another_one(tmp_path: Path) -> None:
    text = """
        [[step]]
        sale = "1.00"
        [[step]]
        host = "stop"
        [[step]]
        host = "start"
        [[step]]
        sale = "2.00"
        expect = { code = "00", sent = "sale" }
        """
    taken: list[socket.socket] = []
    port = ""

    class Thief(Quiet):
        def step_began(self, step: JourneyStep) -> None:
            if step.title == "host start":
                taken.append(socket.create_server(("127.0.0.1", int(port))))

    @contextmanager
    def opened(**settings: Any) -> Iterator[HostOfJourney]:
        nonlocal port
        with journey_host(**settings) as host:
            port = host.address.rpartition(":")[2]
            yield host

    try:
        assert differences(run(tmp_path, text, observer=Thief(), open_host=opened)) == []
    finally:
        for one in taken:
            one.close()


def test_a_difference_names_keys_values_and_what_the_host_says(tmp_path: Path) -> None:
    text = """
        [[step]]
        name = "lunch"
        sale = { amount = "20.00", card = "poor" }
        expect = { code = "00", receipt = true, stan = "?" }
        books = { state = "approved", amount = ">10" }
        owed = { signatures = ">=1" }
        """
    report = run(tmp_path, text)
    why = (
        "host: 0800 sign_on 000001 00: new keys",
        "host: 0200 sale 000002 51: card 'poor' 620000******0047 has 1.00 left of 1.00; this sale asks for 20.00",
    )
    expected, books, owed = (one.difference for one in report.judged)
    assert expected.splitlines()[:2] == ["code: wanted 00, was 51 ≠", "receipt: wanted true, was false ≠"]
    assert [line.startswith(start) for line, start in zip(expected.splitlines()[2:], why, strict=True)] == [True, True]
    assert books.splitlines()[0] == "state: wanted approved, was declined ≠"
    assert owed.splitlines()[0] == "signatures: wanted at least 1, was 0 ≠"
    assert [one.line for one in report.judged] == [5, 6, 7]


def test_a_field_of_an_earlier_request_is_referred_to(tmp_path: Path) -> None:
    text = """
        [[step]]
        name = "shoes"
        sale = "20.00"
        expect = { code = "00" }
        [[step]]
        reverse = true
        verify = { service = "reversal", "de.4" = "@shoes.de.4", "de.2" = "@shoes.de.2" }
        """
    assert differences(run(tmp_path, text)) == []
    (other,) = differences(run(tmp_path, text.replace("@shoes.de.4", "@shoes.de.11")))
    assert "de.4: wanted 000002, was 000000002000 ≠" in other


def test_a_step_whose_reference_stands_for_nothing_is_an_error(tmp_path: Path) -> None:
    text = """
        [[step]]
        name = "unsent"
        echo = true
        [[step]]
        void = { stan = "@unsent.rrn" }
        expect = { code = "00" }
        [[step]]
        books = { state = "approved" }
        """
    report = run(tmp_path, text)
    assert [(one.key, one.error, one.difference) for one in report.judged] == [
        ("step", True, "@unsent.rrn stands for nothing: it has no rrn"),
        ("expect", True, "@unsent.rrn stands for nothing: it has no rrn"),
        ("books", True, "@last stands for nothing: no transaction was sent"),
    ]


def test_what_the_terminal_cannot_do_is_refused_by_itself(tmp_path: Path) -> None:
    text = '[[step]]\nvoid = true\nexpect = { outcome = "refused", detail = "~no sale", sent = "" }'
    assert differences(run(tmp_path, text)) == []


def test_a_step_that_does_not_hold_does_not_end_the_journey(tmp_path: Path) -> None:
    observer = Quiet()
    text = """
        [[step]]
        echo = true
        expect = { code = "96" }
        [[step]]
        name = "after"
        echo = true
        expect = { code = "00" }
        """
    report = run(tmp_path, text, observer=observer)
    assert (report.failures, len(report.judged), report.passed) == (1, 2, False)
    assert observer.calls[0] == "journey"
    assert observer.calls[1:3] == ["echo", "echo"]
    assert observer.calls[3].startswith("expect: code: wanted 96, was 00 ≠")
    assert observer.calls[4:] == ["after: echo", "echo", "expect: ok", "failed"]


def test_a_transcript_shows_both_sides_masked(tmp_path: Path) -> None:
    report = run(tmp_path, f"[[step]]\n{GREEN['sale']}")
    transcript = report.steps[0].transcript
    assert "→ 0200 sale STAN 000002 1.00 621234*********0003" in transcript
    assert "the host's journal:" in transcript
    assert "reply 0210" in transcript
    for secret in ("6212341111110000003", "123456"):
        assert secret not in transcript.replace("621234", "")


def test_card_numbers_are_masked_wherever_a_journey_has_them(tmp_path: Path) -> None:
    pan = "6212345678901232"
    text = f'''
        [[step]]
        name = "card {pan}"
        sale = "1.00"
        expect = {{ "de.2" = "{pan}", detail = "{pan}" }}
        verify = {{ pan = "{pan}", count = 7 }}
        '''
    observer = Quiet()
    report = run(tmp_path, text, observer=observer)
    assert pan not in "".join(observer.calls)
    assert pan not in "".join(f"{one.words}{one.difference}" for one in report.judged) + report.steps[0].step.title
    with pytest.raises(DataError) as caught:
        run(tmp_path, f'[[step]]\nsale = {{ amount = "1.00", card = "{pan}" }}\nexpect = {{ code = "00" }}')
    assert pan not in str(caught.value)


def test_a_terminal_under_test_is_waited_for(tmp_path: Path) -> None:
    """It is another program's: here a terminal of ours, which sells while the journey looks at the journal."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"

    def sell() -> None:
        with Terminal("10000162", host=address) as terminal:
            terminal.sale("12.00")

    class Person(Quiet):
        def step_began(self, step: JourneyStep) -> None:
            threads.append(threading.Thread(target=sell))
            threads[-1].start()

    threads: list[threading.Thread] = []
    text = f'''
        [journey]
        listen = "{address}"
        terminals = ["10000162"]
        [[step]]
        name = "sell 12.00"
        verify = {{ service = "sale", amount = "12.00", within = "60s" }}
        books = {{ state = "approved", amount = "12.00", rrn = "@last.rrn" }}
        '''
    report = run(tmp_path, text, observer=Person())
    threads[0].join()
    assert differences(report) == []
    assert "0200 sale" in report.steps[0].transcript


def test_the_same_seed_makes_the_same_messages(tmp_path: Path) -> None:
    text = '[journey]\nseed = 7\n[[step]]\nsign_on = true\nexpect = { code = "00" }'
    runs = [run(tmp_path, text) for _ in range(2)]
    first, second = ([exchange.reply.fields[62] for exchange in one.steps[0].exchanges[:1]] for one in runs)
    assert first == second


def test_another_host_is_talked_to_with_terminals_that_remember(tmp_path: Path) -> None:
    text = (
        '[[step]]\nsale = "1.00"\nterminal_fault = "drop_line"\nexpect = { reversal = "done" }\nowed = { tries = "" }'
    )
    with running_host() as host:
        for _ in range(2):
            report = run(tmp_path, text, address=host.address, state=tmp_path / "state")
            assert differences(report) == []
            assert "the host's journal" not in report.steps[0].transcript
        assert len({entry.stan for entry in host.journal.list("sale")}) == 2


def test_settings_of_host_and_terminal_are_used(tmp_path: Path) -> None:
    text = """
        [journey]
        cards = "cards.toml"
        [journey.host]
        trigger_amounts = true
        [journey.terminal]
        keep_open = true
        operator = "07"
        [[step]]
        sale = { amount = "12.51", card = "blue" }
        expect = { code = "51" }
        """
    (tmp_path / "cards.toml").write_text('[[card]]\nname = "blue"\npan = "6212345678901232"\nexpiry = "3012"\n')
    assert differences(run(tmp_path, text)) == []
