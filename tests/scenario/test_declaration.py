"""How faults are written, and the error about what cannot be a fault."""

from __future__ import annotations

import pytest

from acquirer.data.toml import DataError
from acquirer.data.toml import parse_toml as toml
from acquirer.scenario.faults import Fault, load, parse
from acquirer.scenario.faults.late import Late
from acquirer.scenario.faults.silent import Silent
from acquirer.scenario.registry import built_in_names

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
            "name, kind, tid, mid, service, code, amount, peer, listener, when, probability, count, skip, seed, after",
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
