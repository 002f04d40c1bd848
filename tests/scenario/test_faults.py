"""Faults: how they are written, when they strike, and what is said about a fault that cannot be."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.data.toml import DataError
from acquirer.data.toml import parse_toml as toml
from acquirer.scenario.faults import Fault, Faults, Occasion, load, parse

SALE = Occasion(tid="10000161", mid="880210010210162", service="sale", code="00", amount_minor=1313)


def strikes(fault: Fault, occasion: Occasion = SALE) -> bool:
    return Faults([fault]).strike(occasion, Random(1).randbytes) is not None


@pytest.mark.parametrize(
    "text",
    [
        "silent",
        "silent:",
        "silent:tid=10000161",
        "silent: tid=10000161 , service=sale",
        "silent:amount=13.13",
        "silent:code=00,mid=880210010210162,name=tunnel",
        "silent:probability=1,count=1",
    ],
)
def test_a_fault_written_as_text_strikes_what_it_names(text):
    assert strikes(parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "silent:tid=10000162",
        "silent:amount=13.14",
        "silent:service=reversal",
        "silent:code=55",
        "silent:mid=880210010210163",
        "silent:tid=10000161,amount=13.1",
    ],
)
def test_and_nothing_else(text):
    assert not strikes(parse(text))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "fault '': kind: no fault is of kind ''; known: silent"),
        (
            "silnt:tid=1",
            "fault 'silnt:tid=1': kind: no fault is of kind 'silnt'; did you mean 'silent'?",
        ),
        ("silent:tdi=1", "fault 'silent:tdi=1': tdi: unknown key; did you mean 'tid'?"),
        ("silent:tid", "fault 'silent:tid': 'tid' is not key=value (for example silent:tid=10000161)"),
        (
            "silent:tid=1",
            "fault 'silent:tid=1': tid: '1' is no terminal number, which has 8 characters: this would never strike",
        ),
        (
            "silent:mid=1",
            "fault 'silent:mid=1': mid: '1' is no merchant number, which has 15 characters: this would never strike",
        ),
        ("silent:tid=", "fault 'silent:tid=': tid: is empty"),
        ("silent:amount=x", "fault 'silent:amount=x': amount: 'x' is no amount; write it like 12.34"),
        ("silent:count=0", "fault 'silent:count=0': count: '0' is no count; write how often it may strike, from 1"),
        (
            "silent:probability=1.5",
            "fault 'silent:probability=1.5': probability: '1.5' is no probability; write a number above 0 and up to 1",
        ),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(text, sentence):
    with pytest.raises(ValueError) as wrong:
        parse(text)
    assert str(wrong.value) == sentence


def test_a_count_ends():
    faults = Faults([parse("silent:count=2")])
    struck = [faults.strike(SALE, Random(1).randbytes) is not None for _ in range(5)]
    assert struck == [True, True, False, False, False]


def test_the_first_fault_that_fits_strikes():
    faults = Faults([parse("silent:tid=10000162,name=a"), parse("silent:count=1,name=b"), parse("silent:name=c")])
    names = [fault.name for _ in range(3) if (fault := faults.strike(SALE, Random(1).randbytes))]
    assert names == ["b", "c", "c"]


@given(st.floats(min_value=0.05, max_value=0.95), st.integers())
def test_probability_is_about_what_it_says(probability, seed):
    faults = Faults([Fault("coin", "silent", probability=probability)])
    randbytes = Random(seed).randbytes
    hits = sum(faults.strike(SALE, randbytes) is not None for _ in range(1000))
    assert abs(hits / 1000 - probability) < 0.12


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
"""
    assert load(toml(text, "faults.toml")) == (
        Fault("tunnel", "silent", service="sale", amount_minor=1313),
        Fault("silent", "silent", tid="10000162", count=3),
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[[fault]]\nkind = "slent"', "f.toml:2: fault[0].kind: no fault is of kind 'slent'; did you mean 'silent'?"),
        ('[[fault]]\ntid = "10000161"', "f.toml:1: fault[0].kind: is missing; known: silent"),
        ('[[fault]]\nkind = "silent"\namuont = 1', "f.toml:3: fault[0].amuont: unknown key; did you mean 'amount'?"),
        ("[[falt]]\nkind = 1", "f.toml:1: falt: unknown key; did you mean 'fault'?"),
        ("fault = 1", "f.toml:1: fault: write each fault as a [[fault]] table"),
    ],
)
def test_what_cannot_be_in_toml_is_told_with_its_line(text, sentence):
    with pytest.raises(DataError) as wrong:
        load(toml(text, "f.toml"))
    assert str(wrong.value).startswith(sentence)
