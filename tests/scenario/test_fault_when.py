"""The `when` of faults: what a condition may ask for, at which stage."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acquirer.app.terminal import Terminal
from acquirer.data.toml import DataError, parse_toml
from acquirer.scenario.faults import Fault, load, parse
from acquirer.settings.specs import load_dialect
from acquirer.testing import running_host

TID = "10000161"
UNIONPAY = load_dialect("unionpay-pos")


def faults(text: str) -> tuple[Fault, ...]:
    return load(parse_toml(text, "f.toml"), (UNIONPAY,))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("when", "acted"),
    [
        ('{ service = "sale", amount = ">10.00" }', [False, True, True]),
        ('"service=sale & amount>10"', [False, True, True]),
        ('{ service = ["sale", "refund"], code = "!00" }', [False, False, True]),
        ('{ service = "sale", reason = "approved" }', [True, True, False]),
        ('{ service = "sale", "de.22" = "?", mti = "0200", tid = "100001*" }', [True, True, True]),
        ('{ service = "sale", "de.60.3" = "000", stan = "000003", dialect = "unionpay-pos" }', [False, True, False]),
        ('{ service = "sale", since = "2026-01-01", until = "2026-02-01" }', [True, True, True]),
        ('{ service = "sale", until = "2026-01-01" }', [False, False, False]),
        ('{ peer = "127.0.0.1:*", service = "sale" }', [True, True, True]),
        ('{ listener = "127.0.0.1:*", service = "sale" }', [True, True, True]),
        ('{ listener = "!127.0.0.1:*", service = "sale" }', [False, False, False]),
        ('{ pan = "621234*1232", service = "sale" }', [True, True, True]),
        ('{ pan = "6212345678901232", service = "sale" }', [True, True, True]),
        ('{ pan = "!621234*", service = "sale" }', [False, False, False]),
        ('{ card = "standard", service = "sale" }', [True, True, True]),
        ('{ card = "!standard", service = "sale" }', [False, False, False]),
        ('{ nth = 2, service = "sale" }', [False, True, False]),
        ('{ nth = "2..3", service = "sale" }', [False, True, True]),
        ('{ nth = 1, service = "sale", code = "!00" }', [False, False, True]),
        ('"service=sale & nth!=1"', [False, True, True]),
    ],
)
def test_a_fault_asks_for_what_rules_ask_for(when: str, acted: list[bool]) -> None:
    declared = faults(f'[[fault]]\nkind = "extra"\nde = 48\nvalue = "1"\nwhen = {when}\n')
    running = running_host(clock="2026-01-02T12:00:00", trigger_amounts=True, seed=1)
    with running as host, Terminal(TID, host=host.address) as pos:
        host.faults.add(*declared)
        pos.sign_on()
        for amount in ("5.00", "12.00", "12.51"):
            pos.sale(amount)
        assert [entry.fault != "" for entry in host.journal.list(service="sale")] == acted


def test_before_the_decision_only_the_request_is_known() -> None:
    (fault,) = faults('[[fault]]\nkind = "lost_request"\nwhen = { service = "echo" }\n')
    with running_host() as host, Terminal(TID, host=host.address, timeout_s=0.2) as pos:
        host.faults.add(fault)
        pos.echo()
        assert host.journal.find(service="echo").fault == "lost_request"


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ('kind = "silent"\nwhen = { servce = "sale" }', "f.toml:3: fault[0].when.servce: unknown key"),
        (
            'kind = "lost_request"\nwhen = { code = "00" }',
            "fault[0].when.code: is known only once the request is decided",
        ),
        (
            'kind = "silent"\nwhen = { state = "open" }',
            "fault[0].when.state: belongs to the scenario of a rule, which this is not",
        ),
        (
            'kind = "silent"\nwhen = { delivery = "sent" }',
            "fault[0].when.delivery: is known only once the exchange is over",
        ),
        (
            'kind = "silent"\nwhen = "nth=2 | code=51"',
            "nth: counts what fits everything else; it cannot be an alternative",
        ),
        ('kind = "silent"\nwhen = "amount>"', "f.toml:3: fault[0].when: "),
        (
            'kind = "silent"\n[fault.when]\nmti = "0200"\nservice = "sael"',
            "f.toml:5: fault[0].when.service: this host has",
        ),
        ('kind = "silent"\nwhen = "service=sael"', "f.toml:3: fault[0].when: service: this host has no service 'sael'"),
        (
            'kind = "silent"\nwhen = { tid = "1" }',
            "fault[0].when.tid: '1' is not a terminal number, which has 8 characters",
        ),
        (
            'kind = "silent"\nservice = "sael"',
            "f.toml:3: fault[0].service: this host has no service 'sael'; did you mean",
        ),
        (
            'kind = "silent"\ncode = "QQQ"',
            "fault[0].code: this host has no code 'QQQ'; 'acquirer dialect show' lists them",
        ),
        (
            'kind = "silent"\n[[fault]]\nkind = "duplicate"',
            "f.toml:4: fault[1].kind: faults 'silent' and 'duplicate' contra",
        ),
        (
            'kind = "missing"\nde = 200',
            "f.toml:3: fault[0].de: 'de' is 200: unionpay-pos has no field 200; 'acquirer dial",
        ),
        ('kind = "extra"\nde = 1\nvalue = "1"', "f.toml:3: fault[0].de: 'de' is 1: unionpay-pos has no field 1"),
        ('kind = "extra"\nde = 37\nvalue = "1"', "f.toml:4: fault[0].value: 'value' does not fit unionpay-pos: DE 37"),
        ('kind = "wrong_rrn"\nto = "12"', "f.toml:3: fault[0].to: 'to' does not fit unionpay-pos: DE 37"),
        ('kind = "silent"\nwhen = 7', "must be a table, or a filter as text"),
        ('kind = "refuse"\nwhen = { service = "sale" }', "acts on connections, which have none; take it out"),
        ('kind = "refuse"\ntid = "10000161"', "f.toml:3: fault[0].tid: a fault of kind 'refuse' acts on connections"),
        ('kind = "silent"\ntimes = 2\ncount = 1', "times: is another name of count, which is given too; keep one"),
        ('kind = "truncate"\nbytes = 1\nshare = 0.5', "takes either 'bytes' or 'share'; leave one out"),
        ('kind = "truncate"\nshare = 2', "'2' is not a share; write a number from 0 to 1"),
        ('kind = "delay"', "needs one of 'fixed', 'uniform' and 'median'"),
        ('kind = "delay"\nuniform = "2s..1s"', "ends before it begins"),
        ('kind = "delay"\nuniform = "2s"', "is not a range of durations; write it like 100ms..2s"),
        ('kind = "delay"\nmedian = "2s"', "'median' and 'p99' belong together; write both"),
        ('kind = "delay"\nmedian = "2s"\np99 = "1s"', "'p99' is shorter than 'median'"),
        ('kind = "bit_flip"\nwhere = "de.x"', "write anywhere, bitmap, mti or a field as in de.39"),
        ('kind = "bit_flip"\nbits = 0', "f.toml:3: fault[0].bits: 'bit_flip': 'bits' is 0, which changes nothing"),
        ('kind = "wrong_mti"\nto = "041"', "'041' is no message type; write 4 digits, as in 0410"),
        ('kind = "wrong_amount"\nto = "1,5"', "'1,5' is not an amount; write it like 12.34"),
        ('kind = "wrong_length"\nby = "x"', "'x' is not a whole number; write it like 2 or -2"),
        ('kind = "missing"', "'missing' needs the key 'de'"),
        ('kind = "garbage"\nbytes = 0', "'bytes' is 0; write a number from 1 to 8192"),
        ('kind = "duplicate"\ncopies = 1', "'copies' is 1; write how often it is sent in all, from 2 to 1000"),
        ('kind = "dribble"\nbytes = 0', "nothing would ever be sent; write 1 or more"),
        ('kind = "split"\nat = 0', "'at' is 0, which leaves the reply whole"),
        ('kind = "bandwidth"\nbytes_per_s = 0', "nothing would ever be sent; use the kind accept_silent"),
        ('kind = "silent"\nskip = -1', "'-1' is not a count; write how many exchanges pass first"),
        ('kind = "silent"\nseed = "x"', "'x' is not a seed"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_with_file_line_and_key(fault: str, sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        faults(f"[[fault]]\n{fault}\n")
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("f.toml:")


@pytest.mark.parametrize(("entry", "package"), [("chip", "003"), ("manual", "004"), ("magstripe", "003")])
def test_before_the_decision_a_card_is_known_where_no_key_hides_it(entry: str, package: str) -> None:
    with running_host() as host, Terminal(TID, host=host.address, package=package) as pos:
        host.faults.add("lost_request:when=card=standard & pan=621234*1232 & nth=2,name=a")
        assert pos.sale("1.00", entry=entry).code == "00"
        pos._core.machine.setup = replace(pos._core.machine.setup, timeout_s=0.2)
        pos.sale("2.00", entry=entry)
        assert host.faults.acted() == {"a": 1}


@pytest.mark.parametrize(
    "condition", ["listener={}", "listener=*{}", "when=listener={}", "when=listener=*{} & service=echo"]
)
def test_an_exchange_is_known_by_its_listener(condition: str) -> None:
    with running_host(listen=["127.0.0.1:0", "127.0.0.1:0"]) as host:
        place = host.addresses[1] if "*" not in condition else f":{host.addresses[1].rpartition(':')[2]}"
        host.faults.add(f"duplicate:name=a,{condition.format(place)}")
        for address in host.addresses:
            with Terminal(TID, host=address) as pos:
                pos.echo()
        assert [entry.fault for entry in host.journal.list(service="echo")] == ["", "a"]


def test_a_text_may_carry_a_filter() -> None:
    with running_host(fault=["silent:when=service=echo & amount>1,name=a"]) as host, Terminal(TID, host=host.address):
        assert host.faults.acted() == {"a": 0}


def test_a_fault_that_never_acts_in_a_dialect_of_the_host_is_refused() -> None:
    sentence = "fault 'wrong_batch': kind: a fault of this kind never acts: iso8583-1987-ascii has no element 'batch'"
    with pytest.raises(ValueError, match=sentence):
        parse("wrong_batch", (load_dialect("iso8583-1987-ascii"),))
    assert parse("wrong_batch", (load_dialect("iso8583-1987-ascii"), UNIONPAY)).name == "wrong_batch"
    assert parse("wrong_batch").name == "wrong_batch"  # of no host yet
