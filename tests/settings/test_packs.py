"""Packs: those that ship serve with every dialect that has what they need, and bad ones are named by file and line."""

from __future__ import annotations

import re

import pytest

from acquirer.app.build import build_parts
from acquirer.data.toml import DataError
from acquirer.settings.cards import load_cards
from acquirer.settings.config import make_config
from acquirer.settings.packs import pack_names, read_pack
from acquirer.settings.specs import dialect_names

PACKS = ["a-bad-day", "clock-skew", "day-end", "issuer-down", "keys-expired", "maintenance"]
WITHOUT_SIGN_ON = {"iso8583-1987-dukpt", "iso8583-1987-dukpt-aes", "iso8583-1987-plain"}


def parts_of(*packs, **settings):
    return build_parts(make_config(listen="0", store="memory:", pack=list(packs), **settings))


def test_these_ship_and_say_what_they_are_about():
    assert pack_names() == PACKS
    assert all(read_pack(name).about.endswith(".") for name in PACKS)


@pytest.mark.parametrize("dialect", dialect_names())
@pytest.mark.parametrize("name", PACKS)
def test_a_shipped_pack_serves_with_a_shipped_dialect(name, dialect):
    if name in ("a-bad-day", "clock-skew") and dialect in WITHOUT_SIGN_ON:
        with pytest.raises(DataError, match="this host has no service 'sign_on'"):
            parts_of(name, dialect=dialect)
    else:
        assert parts_of(name, dialect=dialect).rules.active is not None


def test_all_of_them_serve_together():
    parts = parts_of(*PACKS)
    assert len(parts.rules.declared) == 12
    assert [fault.name for fault in parts.faults.declared] == ["reply lost", "request lost", "reply late"]


def pack(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def all_of(path):
    """Read everything of a pack, in the order in which a host does."""
    parts_of(path)
    mine = read_pack(path)
    return mine.with_cards(load_cards()), mine.terminals


RULE = '[[rule]]\nname = "a"\nthen = { code = "51" }\n'


def test_a_pack_brings_terminals_and_cards(tmp_path):
    terminal = '[[terminal]]\ntid = "90000001"\nmid = "880210010210162"\ntmk = "258FB0AB70D025CDB99DF2C4D302D646"\n'
    card = '[[card]]\nname = "mine"\npan = "6200000000000005"\nbalance = "5.00"\n'
    mine = read_pack(pack(tmp_path, f'about = "Mine."\n{terminal}{card}'))
    assert (mine.name, mine.about, [one.tid for one in mine.terminals]) == ("mine", "Mine.", ["90000001"])
    cards = mine.with_cards(load_cards()).cards
    assert (cards["6200000000000005"].name, cards["6200000000000005"].balance_minor) == ("mine", 500)
    assert len(cards) == len(load_cards().cards)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"{RULE}[[rules]]\nname = 'b'", "mine.toml:4: rules: unknown key; did you mean 'rule'?"),
        ("about = 'nothing'", "mine.toml: is an empty pack; write [[rule]], [[fault]], [[terminal]], [[card]]"),
        (f"about = 3\n{RULE}", "mine.toml:1: about: must be a text in quotes"),
        ("[[rule]\n", "mine.toml:1: not TOML: "),
        ("[rule]\n", "mine.toml:1: rule: write each rule under a heading [[rule]], in double brackets"),
        ("rule = [3]\n", "mine.toml:1: rule[0]: must be a table"),
        ("rule = []\n", "mine.toml: is an empty pack; write [[rule]], "),
        ("[fault]\nkind = 'silent'", "mine.toml:1: fault: write each fault as a [[fault]] table"),
        (
            "[[fault]]\nkind = 'silent'\nservice = 'sael'",
            "mine.toml:3: fault[0].service: this host has no service 'sael'",
        ),
        (
            "[[fault]]\nkind = 'silent'\n[[fault]]\nkind = 'split'",
            "mine.toml:4: fault[1].kind: faults 'silent' and 'split' c",
        ),
        (f"{RULE}about = 'x'", "mine.toml:4: rule[0].about: unknown key"),
        (f"{RULE}then = 1", "mine.toml:4: not TOML: "),
        ("[[rule]]\nname = 'a'\nthen = { code = 'ZZ' }", "mine.toml:3: rule[0].then.code: unionpay-pos knows no resp"),
        ("[[fault]]\nkind = 'silnt'", "mine.toml:2: fault[0].kind: unknown kind 'silnt'; did you mean 'silent'?"),
        ("[[terminal]]\ntid = '1'", "mine.toml:2: terminal[0].tid: "),
        ("[[card]]\nname = 'poor'\npan = '6200000000000005'", "mine.toml:2: card[0].name: 'poor' is the name of anoth"),
        ("[[card]]\nname = 'x'\npan = '1'", "mine.toml:3: card[0].pan: is no card number"),
    ],
)
def test_a_bad_pack_is_named_with_its_line(tmp_path, text, sentence):
    path = pack(tmp_path, text)
    with pytest.raises(DataError, match=re.escape(sentence)):
        all_of(path)


def test_a_pack_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"^--pack: no pack is called 'dayend'; did you mean 'day-end'\?, or name a"):
        read_pack("dayend")
    with pytest.raises(DataError, match=r"none\.toml: cannot be read \(No such file or directory\); name a pack"):
        read_pack(str(tmp_path / "none.toml"))
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    with pytest.raises(DataError, match=r"bytes\.toml: cannot be read \(not UTF-8\)"):
        read_pack(str(tmp_path / "bytes.toml"))


def test_two_packs_with_rules_of_one_name_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"mine\.toml:2: rule\[0\]\.name: 'day-end' is the name of another rule"):
        parts_of("day-end", pack(tmp_path, RULE.replace('"a"', '"day-end"')))
