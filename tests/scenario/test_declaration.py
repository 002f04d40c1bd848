"""How faults are written, and the error about what cannot be a fault."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acquirer.data.toml import DataError, Document
from acquirer.data.toml import parse_toml as toml
from acquirer.scenario.conflicts import find_conflict
from acquirer.scenario.faults import Fault, load, parse
from acquirer.scenario.faults.late import Late
from acquirer.scenario.faults.silent import Silent
from acquirer.scenario.registry import built_in_names, find_kind
from acquirer.settings.specs import load_dialect

KNOWN = ", ".join(built_in_names())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", f"fault '': kind: unknown kind ''; known kinds: {KNOWN}"),
        ("silnt:tid=1", "fault 'silnt:tid=1': kind: unknown kind 'silnt'; did you mean 'silent'?"),
        ("silent:tdi=1", "fault 'silent:tdi=1': tdi: unknown key; did you mean 'tid'?"),
        ("late:aftr=1", "fault 'late:aftr=1': aftr: unknown key; did you mean 'after'?"),
        (
            "late:q=1",
            "fault 'late:q=1': q: unknown key; keys of kind 'late': "
            "name, kind, tid, mid, service, code, amount, peer, listener, when, probability, count, skip, seed, "
            "enabled, after",
        ),
        ("silent:q=1", "fault 'silent:q=1': q: unknown key; keys of kind 'silent': "),
        ("silent:tid", "fault 'silent:tid': 'tid' is not key=value (for example silent:tid=10000161)"),
        (
            "silent:tid=1",
            "fault 'silent:tid=1': tid: '1' is not a terminal number, which has 8 characters: it can never match",
        ),
        (
            "silent:mid=1",
            "fault 'silent:mid=1': mid: '1' is not a merchant number, which has 15 characters: it can never match",
        ),
        ("silent:tid=", "fault 'silent:tid=': tid: is empty"),
        ("silent:kind=late", "fault 'silent:kind=late': kind: is given twice; keep one"),
        ("silent:tid=10000161,tid=10000162", "tid: is given twice; keep one"),
        ("silent:amount=x", "fault 'silent:amount=x': amount: 'x' is not an amount; write it like 12.34"),
        ("silent:count=0", "fault 'silent:count=0': count: '0' is not a count; write how often it may act, from 1"),
        (
            "silent:probability=1.5",
            "fault 'silent:probability=1.5': probability: '1.5' is not a probability; "
            "write a number above 0 and up to 1",
        ),
        ("silent:probability=nan", "'nan' is not a probability; write a number above 0 and up to 1"),
    ],
)
def test_an_error_in_a_text_is_one_sentence(text, sentence):
    with pytest.raises(ValueError) as caught:
        parse(text)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_faults_written_as_toml():
    text = """
[[fault]]
name = "tunnel"
kind = "silent"
service = "sale"
amount = 13.13

[[fault]]
kind = "silent"
tid = "10000162"
count = 3

[[fault]]
after = 2
kind = "late"
tid = "10000163"
service = "echo"
probability = 0.25
code = "00"
mid = "880210010210162"
"""
    assert load(toml(text, "faults.toml")) == (
        Fault("tunnel", Silent(), service="sale", amount_minor=1313),
        Fault("silent", Silent(), tid="10000162", count=3),
        Fault("late", Late(2000), "10000163", service="echo", probability=0.25, code="00", mid="880210010210162"),
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[[fault]]\nkind = "slent"', "f.toml:2: fault[0].kind: unknown kind 'slent'; did you mean 'silent'?"),
        ('[[fault]]\ntid = "10000161"', f"f.toml:1: fault[0].kind: is missing; known kinds: {KNOWN}"),
        ('[[fault]]\nkind = "silent"\namuont = 1', "f.toml:3: fault[0].amuont: unknown key; did you mean 'amount'?"),
        (
            '[[fault]]\nkind = "silent"\n[[fault]]\nkind = "late"\n\nafter = "soon"',
            "f.toml:6: fault[1].after: 'soon' is not a duration; write it like 3s, 250ms or 1min",
        ),
        ('[[fault]]\nkind = "silent"\ntid = ["10000161"]', "f.toml:3: fault[0].tid: write one value, not a list"),
        ("[[fault]]\nkind = { a = 1 }", "f.toml:2: fault[0].kind: write one value, not a list or a table"),
        ("[[falt]]\nkind = 1", "f.toml:1: falt: unknown key; did you mean 'fault'?"),
        ("fault = 1", "f.toml:1: fault: write each fault as a [[fault]] table"),
        ("fault = [1]", "f.toml:1: fault: write each fault as a [[fault]] table"),
    ],
)
def test_an_error_in_a_file_names_its_line(text, sentence):
    with pytest.raises(DataError) as caught:
        load(toml(text, "f.toml"))
    assert str(caught.value).startswith(sentence)


def test_a_file_without_faults_has_none():
    assert load(toml("", "f.toml")) == ()


def test_a_kind_may_refuse_its_parameters_together(distribution):
    source = '''
from dataclasses import dataclass
from typing import ClassVar
from acquirer.scenario.faults import FaultKind, Stage

@dataclass(frozen=True, slots=True)
class Between(FaultKind):
    """Do nothing.

    Args:
        low: The lower end.
        high: The upper end.
    """

    stage: ClassVar[Stage] = Stage.SENDING

    low: int
    high: int = 10

    def __post_init__(self):
        if self.low > self.high:
            raise ValueError("low is above high")

    def apply(self, effects, context):
        yield from effects
'''
    distribution("acme-faults", {"between": "acme_between:Between"}, acme_between=source)
    assert repr(parse("between:low=3").kind) == "Between(low=3, high=10)"
    with pytest.raises(ValueError, match=r"^fault 'between:low=11': kind: 'between': low is above high$"):
        parse("between:low=11")
    with pytest.raises(ValueError, match=r"^fault 'between': kind: 'between' needs the key 'low' \(whole number\)$"):
        parse("between")
    with pytest.raises(DataError, match=r"^f.toml:2: fault\[0\]\.kind: 'between': low is above high$"):
        load(toml('[[fault]]\nkind = "between"\nlow = 20', "f.toml"))


UNIONPAY = load_dialect("unionpay-pos")

NEVER = [
    # when, and the conditions beside it
    ("silent", {"service": "sale", "when": {"service": "void"}}, "when.service: nothing fits 'service=sale & service="),
    ("silent", {"tid": "10000161", "when": "tid=10000162"}, "when: tid: nothing fits 'tid=10000161 & tid=10000162'"),
    ("silent", {"skip": 3, "when": {"nth": 2}}, "when.nth: nothing fits 'nth=2' once 3 exchanges passed: it can never"),
    ("silent", {"when": {"de.77": "1"}}, "when.de.77: unionpay-pos has no field 77"),
    ("silent", {"when": "amount>10 & amount<5"}, "when: amount: nothing fits 'amount>10.00 & amount<5.00'"),
    # conditions
    ("silent", {"peer": "10.0.0.1"}, "peer: '10.0.0.1' has no port: it can never match; write it like 10.0.0.1:8583, "),
    ("refuse", {"listener": ":8583"}, "listener: ':8583' has no address: it can never match; write *:8583"),
    ("silent", {"times": 0}, "times: '0' is not a count; write how often it may act, from 1"),
    ("silent", {"name": "a\nb"}, "name: must be a text of 1 to 80 printable characters"),
    ("silent", {"name": "x" * 81}, "name: must be a text of 1 to 80 printable characters"),
    # parameters
    ("late", {"after": "0s"}, "after: 'late': 'after' is 0, which is not late; write a duration, as in 3s"),
    ("delay", {"fixed": 0}, "fixed: 'delay': 'fixed' is 0, which delays nothing; write a duration"),
    ("delay", {"uniform": "0..0"}, "uniform: 'delay': 'uniform' is 0, which delays nothing; write a duration"),
    ("delay", {"fixed": "3s", "most": "2s"}, "most: 'delay': 'most' is shorter than 'fixed'; write a longer one"),
    ("delay", {"median": "3s", "p99": "4s", "most": "2s"}, "most: 'delay': 'most' is shorter than 'median'; write a"),
    ("truncate", {"share": 1}, "share: 'truncate': 'share' leaves every reply whole; write less"),
    ("truncate", {"bytes": 8193}, "bytes: 'truncate': 'bytes' leaves every reply whole; write less"),
    ("wrong_length", {"by": 0}, "by: 'wrong_length': 'by' is 0, which no length can be off by; write a number up to"),
    ("wrong_length", {"by": -8193}, "by: 'wrong_length': 'by' is -8193, which no length can be off by; write a number"),
    ("wrong_key_length", {"by": 0}, "by: 'wrong_key_length': 'by' is 0, which changes nothing; write another number"),
    ("loss", {"rate": 0}, "rate: 'loss': 'rate' is 0: nothing would be lost; write more"),
    ("loss", {"stall": 0}, "stall: 'loss': 'stall' is 0: nothing would be lost; write more"),
    ("split", {"at": 8193}, "at: 'split': 'at' is 8193, which leaves the reply whole; write a number from 1 to 8192"),
    ("dribble", {"bytes": 8193}, "bytes: 'dribble': 'bytes' is 8193, which leaves every reply whole; write at mo"),
    ("glue", {"wait": 0}, "wait: 'glue': 'wait' is 0, in which no other reply can come; write a duration, as in 1s"),
    ("reorder", {"wait": "0s"}, "wait: 'reorder': 'wait' is 0, in which no other reply can come; write a duration"),
    ("silent", {"when": " "}, "when: is empty; leave it out where all exchanges are meant"),
    # replies that have nothing to damage
    ("missing", {"de": 64}, "de: 'de' is 64: it is the MAC, which is made afterwards; use the kind wrong_mac, w"),
    ("bit_flip", {"where": "de.77"}, "where: 'where' is 'de.77': unionpay-pos has no field 77"),
    ("bit_flip", {"where": "de.52"}, "where: 'where' is 'de.52': no reply of unionpay-pos has DE 52"),
    ("missing", {"de": 52}, "de: 'de' is 52: no reply of unionpay-pos has DE 52"),
    ("missing", {"de": 4, "service": "echo"}, "de: 'de' is 4: no reply to 'echo' of unionpay-pos has DE 4"),
    ("wrong_amount", {"service": "echo"}, "kind: a fault of this kind never acts: no reply to 'echo' of unionpay-pos"),
    ("wrong_rrn", {"service": "echo"}, "kind: a fault of this kind never acts: no reply to 'echo' of unionpay-pos has"),
    ("wrong_kcv", {"service": "sale"}, "kind: a fault of this kind never acts: no such reply of unionpay-pos hands ou"),
    ("half_keys", {"service": "echo"}, "kind: a fault of this kind never acts: no such reply of unionpay-pos hands ou"),
    ("wrong_mac", {"service": "echo"}, "kind: a fault of this kind never acts: no such reply of unionpay-pos has a MA"),
    ("wrong_mac", {"code": "51"}, "code: a fault of kind 'wrong_mac' damages a MAC, which no decline has: it never ac"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "values", "sentence"), NEVER, ids=[f"{kind} {values}"[:60] for kind, values, _ in NEVER]
)
def test_what_can_never_act_is_refused(kind, values, sentence):
    document = Document("f.toml", {"fault": [{"kind": kind, **values}]}, {})
    with pytest.raises(DataError) as caught:
        load(document, [UNIONPAY])
    assert str(caught.value).startswith(f"f.toml:1: fault[0].{sentence}")
    assert "\n" not in str(caught.value)


def test_a_name_that_is_written_belongs_to_one_fault():
    text = "[[fault]]\nkind = 'silent'\nname = 'a'\ntid = '10000161'\n[[fault]]\nkind = 'silent'\n{}tid = '10000162'"
    with pytest.raises(
        DataError, match=r"^f\.toml:7: fault\[1\]\.name: 'a' is the name of another fault; give each its"
    ):
        load(toml(text.format("name = 'a'\n"), "f.toml"))
    assert [fault.name for fault in load(toml(text.format(""), "f.toml"))] == ["a", "silent"]


def test_a_fault_without_length_on_the_wire_cannot_have_another():
    plain = load_dialect("iso8583-1987-ascii")
    without = replace(plain, framing=replace(plain.framing, length_bytes=0))
    with pytest.raises(ValueError, match="kind: a fault of this kind never acts: frames of iso8583-1987-ascii have no"):
        parse("wrong_length", [without])
    assert parse("wrong_length", [without, plain]).kind == find_kind("wrong_length").type()


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("silent", "duplicate", True),
        ("silent:service=sale", "duplicate:service=void", False),
        ("silent:listener=127.0.0.1:1", "duplicate:listener=127.0.0.1:2", False),
        ("silent:listener=127.0.0.1:1", "duplicate:listener=127.0.0.1:*", True),
        ("silent:when=amount>10", "duplicate:when=amount<5", False),
        ("silent:when=amount>10", "duplicate:when=amount<50", True),
        ("silent:when=nth=1", "duplicate:when=nth=2", True),  # each counts its own
        ("refuse:listener=127.0.0.1:1", "accept_silent:listener=127.0.0.1:2", False),
        ("refuse", "accept_silent", True),
        ("dribble", "split", True),
    ],
)
def test_faults_contradict_each_other_only_where_they_may_meet(one, other, meet):
    conflict = find_conflict([parse(one), parse(other)])
    assert (conflict is not None) is meet
    assert conflict is None or "contradict each other" in conflict.problem
