"""Terminals from a file or a command line: what may stand there, and the error about what may not."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.data.toml import DataError, parse_toml
from acquirer.model.rows import Policy
from acquirer.security.secret import Secret
from acquirer.settings.terminals import RANGE_MOST, demo_terminals, read_terminals, terminals_of, typed_terminals

TMK = "258FB0AB70D025CDB99DF2C4D302D646"
PLAIN = {"tid": '"10000161"', "mid": '"880210010210162"', "tmk": f'"{TMK}"'}


def table(**values: str) -> str:
    return "[[terminal]]\n" + "".join(f"{key} = {value}\n" for key, value in {**PLAIN, **values}.items() if value)


def read(text: str):
    return terminals_of(parse_toml(text, "shop.toml"))


def test_a_terminal_needs_no_more_than_two_numbers_and_a_key():
    (one,) = read(table())
    assert (one.tid, one.mid, one.name, one.mak, one.policy, one.test) == (
        "10000161",
        "880210010210162",
        "",
        "single",
        Policy(),
        False,
    )
    assert one.tmk == Secret.from_hex(TMK)
    assert TMK not in repr(one)


def test_every_key_of_a_terminal():
    (one,) = read(
        table(
            name='"POS 银联"',
            mak='"double"',
            tmk_cipher='"sm4"',
            test="true",
            policy='{ required = "per-batch", grace_s = 5, repeat = "decline", batch_check = false }',
            fixed_keys=f'{{ pik = "{TMK}", mak = "AB7C577CC7A18045" }}',
        )
    )
    assert (one.name, one.mak, one.tmk.cipher) == ("POS 银联", "double", "sm4")
    assert one.policy == Policy("per-batch", 5, "decline", batch_check=False)
    assert one.fixed_keys.kcvs == f"PIK {Secret.from_hex(TMK).kcv()}, MAK CFF1592A"


def test_a_terminal_whose_keys_are_derived_needs_no_master_key():
    (one,) = read(table(tmk="", bdk=f'"{TMK}"', bdk_cipher='"aes"', ksn='"FFFF9876543210E00000"'))
    assert (one.tmk, one.bdk, one.ksn.hex()) == (None, Secret.from_hex(TMK, "aes"), "ffff9876543210e00000")
    assert TMK not in repr(one)
    (both,) = read(table(bdk=f'"{TMK}"'))
    assert (both.tmk, both.bdk, both.ksn) == (Secret.from_hex(TMK), Secret.from_hex(TMK), b"")


@given(first=st.integers(0, 99_000), count=st.integers(1, 300))
def test_a_range_counts_from_one_end_to_the_other(first, count):
    found = read(table(tid=f'"AB{first:06d}..AB{first + count - 1:06d}"'))
    assert [one.tid for one in found] == [f"AB{number:06d}" for number in range(first, first + count)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "shop.toml: holds no [[terminal]]; write one for each terminal, or for a range"),
        ("terminal = 3", "shop.toml: holds no [[terminal]]; write one for each terminal, or for a range"),
        ("terminal = [3]", "shop.toml:1: terminal[0]: is not a table; write [[terminal]] above its keys"),
        ("[[terminals]]", "shop.toml:1: terminals: unknown key; did you mean 'terminal'?"),
        (table(tmkk='"00"'), "shop.toml:5: terminal[0].tmkk: unknown key; did you mean 'tmk'?"),
        (table(mid=""), "shop.toml:1: terminal[0].mid: is missing"),
        (table(tid='"123"'), "shop.toml:2: terminal[0].tid: '123' is not a terminal number, which has 8 ASCII"),
        (table(mid='"123"'), "shop.toml:3: terminal[0].mid: '123' is not a merchant number, which has 15 ASCII"),
        (table(tmk='"12"'), "shop.toml:4: terminal[0].tmk: a 3DES key has 16 or 24 bytes, this one has 1"),
        (table(tmk='"xy"'), "shop.toml:4: terminal[0].tmk: a key is written in hex digits"),
        (
            table(tmk=f'"{TMK[:-1]}"'),
            "shop.toml:4: terminal[0].tmk: a key is written in hex digits, two for each byte; this one has 31 digits",
        ),
        (table(tmk="12345678"), "shop.toml:4: terminal[0].tmk: is not a text; write the key in hex digits, in quotes"),
        (table(tid="10000161"), "shop.toml:2: terminal[0].tid: '10000161' is not a text; write it in quotes"),
        (table(name=f'"{"x" * 65}"'), "has 65 characters; a terminal's name has at most 64"),
        (table(tmk_cipher='"des"'), "terminal[0].tmk_cipher: 'des' is not supported; use 3des, sm4 or aes"),
        (table(test='"maybe"'), "shop.toml:5: terminal[0].test: 'maybe' is neither true nor false"),
        (
            table(policy='"never"'),
            """shop.toml:5: terminal[0].policy: 'never' is not a table; write it like { required = "daily" }""",
        ),
        (table(fixed_keys='"x"'), 'shop.toml:5: terminal[0].fixed_keys: is not a table; write it like { pik = "…", '),
        (table(fixed_keys=f'{{ pik = "{TMK}" }}', test="true"), "terminal[0].fixed_keys.mak: is missing"),
        (table(fixed_keys='{ pk = "" }'), "terminal[0].fixed_keys.pk: unknown key; did you mean 'pik'?"),
        (table(tmk=""), "shop.toml:1: terminal[0]: there is no key; give a tmk, or a bdk where keys are derived"),
        (table(bdk='"12"'), "shop.toml:5: terminal[0].bdk: a 3DES key has 16 or 24 bytes, this one has 1"),
        (
            table(bdk=f'"{TMK}"', ksn='"FFFF"'),
            "shop.toml:6: terminal[0].ksn: 'FFFF' is not a key serial number, which has 20 or 24 hex digits",
        ),
        (
            table(tid='"10000001..10000002"', bdk=f'"{TMK}"', ksn='"FFFF9876543210E00000"'),
            "terminal[0].ksn: names one device; leave it out for a range",
        ),
        (
            table(mak='"triple"'),
            "shop.toml:5: terminal[0].mak: 'triple' is not supported; use single, double or duplicated",
        ),
        (table(policy="{ grace = 5 }"), "shop.toml:5: terminal[0].policy.grace: unknown key; did you mean 'grace_s'?"),
        (
            table(policy="{ grace_s = -5 }"),
            "shop.toml:5: terminal[0].policy.grace_s: '-5' is out of range; write a whole number from 0 to 3600",
        ),
        (table(tid='"10000009..10000001"'), "terminal[0].tid: '10000009..10000001' counts -7 terminals"),
        (table(tid='"10000001..A0000009"'), "'10000001..A0000009' is not a range; both ends must begin alike"),
        (
            table(tid='"00000001..99999999"'),
            f"counts 99999999 terminals; a range goes upwards and has at most {RANGE_MOST}",
        ),
        (
            table() + table(),
            "shop.toml:6: terminal[1].tid: terminal 10000161 stands already at line 2; tids are unique",
        ),
        (table() + table(tid='"10000160..10000170"'), "terminal 10000161 stands already at line 2"),
        (
            table(fixed_keys='{ pik = "00", mak = "00" }', test="true"),
            "terminal[0].fixed_keys.pik: a key has 8, 16, 24",
        ),
        (
            table(fixed_keys=f'{{ pik = "{TMK}", mak = "{TMK}" }}'),
            "terminal[0].fixed_keys: are for test terminals only; write test = true",
        ),
    ],
)
def test_an_error_names_file_line_and_key(text, sentence):
    with pytest.raises(DataError, match=re.escape(sentence)):
        read(text)


@pytest.mark.parametrize(
    "values", [{"tmk": TMK + "FF"}, {"tmk": TMK[:-1]}, {"tmk": TMK[:-1] + "g"}, {"bdk": TMK + "F"}]
)
def test_an_error_never_repeats_a_key(values):
    with pytest.raises(DataError) as caught:
        read(table(**{key: f'"{value}"' for key, value in values.items()}))
    assert TMK[:-1] not in str(caught.value)
    with pytest.raises(DataError, match=r"^--(tmk|bdk): ") as caught:
        typed_terminals({"tid": "10000161", "mid": "880210010210162", "tmk": TMK, **values})
    assert TMK[:-1] not in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match=r"none\.toml: cannot be read: No such file"):
        read_terminals(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match=r"bytes\.toml: is not UTF-8"):
        read_terminals(tmp_path / "bytes.toml")


def test_an_error_in_an_option_names_its_flag():
    values = {"tid": "10000161", "mid": "880210010210162", "tmk": TMK}
    assert [one.tid for one in typed_terminals({**values, "tid": "10000161..10000163"})] == [
        "10000161",
        "10000162",
        "10000163",
    ]
    with pytest.raises(DataError, match=r"^--tmk: there is no key"):
        typed_terminals({**values, "tmk": None})
    with pytest.raises(
        DataError, match=r"^--required: 'sometimes' is not supported; use never, daily, per-batch or per-transaction$"
    ):
        typed_terminals({**values, "policy": {"required": "sometimes"}})


def test_the_demo_set_is_for_tests_and_pins_the_published_keys():
    found = {one.tid: one for one in demo_terminals()}
    assert all(one.test for one in found.values())
    assert found["10000161"].tmk == Secret.from_hex(TMK)
    assert found["10000162"].fixed_keys.kcvs == "PIK 900ECCE3, MAK CFF1592A"
    assert len(found) == 205


def test_lines_are_only_looked_up_for_errors():
    """20 000 tables are read in about a second; finding the line of each would take as long again."""

    class Lines(dict[Any, int]):
        def __getitem__(self, path):
            raise AssertionError(path)

        __contains__ = __getitem__

    text = "".join(table(tid=f'"{10000000 + number}"') for number in range(50))
    document = parse_toml(text, "shop.toml")
    assert len(terminals_of(replace(document, lines=Lines()))) == 50


def test_terminals_are_read_without_a_validation_library():
    code = "import sys, acquirer.settings.terminals; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_registration_is_imported_without_cryptography():
    code = "import sys, acquirer.settings.registration; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_operators_of_a_terminal_and_of_its_merchant():
    merchant = '[[merchant]]\nmid = "880210010210162"\noperators = ["02", "01"]\n'
    text = table(operators='["07"]') + table(tid='"10000162"') + table(tid='"10000163"', mid='"880210010210163"')
    assert [one.operators for one in read(text + merchant)] == [("07",), ("01", "02"), ()]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (table(operators='"01"'), 'terminal[0].operators: \'01\' is no list of operators; write it like ["01", "02"]'),
        (table(operators="[]"), "is no list of operators; write it like"),
        (table(operators='["1"]'), "names '1', and an operator has two digits; write it like"),
        (table(operators='["01", "01"]'), "names 01 twice"),
        (table(operators='["00"]'), "names 00, which every terminal has: 00 is the supervisor, 99 the administrator"),
        (table() + "[[merchant]]\n", "merchant[0].mid: is missing"),
        (table() + '[[merchant]]\nmid = "880210010210162"\n', "merchant[0].operators: is missing"),
        (table() + '[[merchant]]\nmid = "880210010210163"\n', "merchant[0].mid: is that of no [[terminal]] here"),
        (
            table() + '[[merchant]]\nmid = "880210010210162"\noperators = ["01"]\n' * 2,
            "merchant[1].mid: stands already",
        ),
        (table() + "[merchant]\n", "merchant: is not a table; write [[merchant]] above its keys"),
        (table() + "[[merchant]]\noperator = []\n", "merchant[0].operator: unknown key; did you mean 'operators'?"),
    ],
)
def test_operators_that_cannot_be(text, problem):
    with pytest.raises(DataError, match=re.escape(problem)):
        read(text)
