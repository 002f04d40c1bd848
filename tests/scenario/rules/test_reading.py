"""How rules are written, and what is said of each way to write them badly: file, line, key and what to do."""

from __future__ import annotations

import pytest

from acquirer.data.toml import DataError, parse_toml
from acquirer.matcher.expression import ALWAYS
from acquirer.matcher.filter_text import parse_filter
from acquirer.matcher.keys import RULE_KEYS
from acquirer.model.reasons import Reason
from acquirer.scenario.rules.engine import RuleError, Rules
from acquirer.scenario.rules.reading import make_rule, read_rules
from acquirer.scenario.rules.rule import Rule, Then
from acquirer.settings.specs import load_dialect

UNIONPAY = load_dialect("unionpay-pos")


def rules_of(text, *dialects):
    return read_rules(parse_toml(text, "day.toml"), dialects or (UNIONPAY,))


def test_a_rule_is_read_with_all_its_keys():
    (rule,) = rules_of("""
[[rule]]
name = "poor"
when = { service = "sale", amount = ">10.00" }
times = 3
after = 1
priority = 2
scenario = "morning"
state = "start"
next = "over"
seed = 7
[rule.then]
answers = ["51", "05"]
order = "random"
hold = "2s"
ask = "sign_on"
drop = "de.37"
set = { "de.44" = "x" }
""")
    when = parse_filter("service=sale & amount>10.00", RULE_KEYS)
    then = Then(
        answers=("51", "05"), order="random", hold_ms=2000, ask="sign_on", drop=("de.37",), set={"de.44": "x"}
    )  # fmt: skip
    assert rule == Rule("poor", when, then, 3, 1, 2, "morning", "start", "over", 7)


def test_what_is_left_out_has_its_default():
    (rule,) = rules_of('[[rule]]\nname = "all"\nthen = { approve = true }\n')
    assert rule == Rule("all", ALWAYS, Then(approve=True))


def test_a_condition_may_be_a_filter_and_fields_may_stand_without_quotes():
    first, second = rules_of("""
[[rule]]
name = "text"
when = "service=sale & (de.22=05* | de.60.3=000)"
then.code = "51"
[[rule]]
name = "table"
when.de.22 = "05*"
when.de.60.3 = "000"
then.reason = "funds_insufficient"
""")
    assert first.when == parse_filter("service=sale & (de.22=05* | de.60.3=000)", RULE_KEYS)
    assert second.when == parse_filter("de.22=05* & de.60.3=000", RULE_KEYS)
    assert second.then.reason is Reason.FUNDS_INSUFFICIENT


@pytest.mark.parametrize(
    "when", ['{ state = "x", mti = "0200" }', '"mti=0200 & state=x"', '{ mti = "0200", state = ["x"] }']
)
def test_a_state_may_stand_among_the_conditions(when):
    (rule,) = rules_of(f'[[rule]]\nname = "a"\nscenario = "s"\nwhen = {when}\nthen = {{ code = "51" }}\n')
    assert (rule.state, rule.when) == ("x", parse_filter("mti=0200", RULE_KEYS))
    (rule,) = rules_of('[[rule]]\nname = "a"\nscenario = "s"\nwhen = { state = "x" }\nthen = { code = "51" }\n')
    assert (rule.state, rule.when) == ("x", ALWAYS)


def test_a_rule_of_another_dialect_is_not_held_against_this_one():
    text = '[[rule]]\nname = "a"\nwhen = { dialect = "iso8583-1993*" }\nthen = { code = "906" }\n'
    assert [rule.then.code for rule in rules_of(text)] == ["906"]


THEN = 'then = { code = "51" }'

MISTAKES = [
    # the rule
    ("[[rule]]\nthen.code = '51'", "day.toml:1: rule[0].name: is missing; journal and log call the rule by it"),
    (f"[[rule]]\nname = ' '\n{THEN}", "day.toml:2: rule[0].name: must be a text of 1 to 80 printable characters"),
    (f"[[rule]]\nname = 7\n{THEN}", "day.toml:2: rule[0].name: must be a text in quotes"),
    ("[[rule]]\nname = 'a'\nthen = '51'", "day.toml:3: rule[0].then: must be a table, as in then = { code"),
    ("[[rule]]\nname = 'a'", "day.toml:1: rule[0].then: is missing; say what happens, as in then = { code"),
    (f"[[rule]]\nname = 'a'\nwhne = {{}}\n{THEN}", "day.toml:3: rule[0].whne: unknown key; did you mean 'when'?"),
    (f"[rule]\nname = 'a'\n{THEN}", "day.toml:1: rule: write each rule under a heading [[rule]], in double brackets"),
    (
        f"[[rule]]\nname = 'a'\n{THEN}\n[[rule]]\nname = 'a'\n{THEN}",
        "day.toml:5: rule[1].name: 'a' is the name of another rule; no two have the same",
    ),
    (f"[[rule]]\nname = 'a'\ntimes = 0\n{THEN}", "day.toml:3: rule[0].times: must be a number from 1 (leave it out"),
    (f"[[rule]]\nname = 'a'\ntimes = 'one'\n{THEN}", "day.toml:3: rule[0].times: must be a whole number"),
    (f"[[rule]]\nname = 'a'\nafter = -1\n{THEN}", "day.toml:3: rule[0].after: must be a number from 0"),
    (f"[[rule]]\nname = 'a'\npriority = 0\n{THEN}", "day.toml:3: rule[0].priority: must be a number from 1, which is"),
    (f"[[rule]]\nname = 'a'\nstate = 'x'\n{THEN}", "day.toml:3: rule[0].state: belongs to a scenario; name one"),
    (f"[[rule]]\nname = 'a'\nnext = 'x'\n{THEN}", "day.toml:3: rule[0].next: belongs to a scenario; name one"),
    # when
    ("when = { serivce = 'sale' }", "day.toml:3: rule[0].when.serivce: unknown key; did you mean 'service'?"),
    ("when = { service = 'sael' }", "day.toml:3: rule[0].when.service: this host has no service 'sael'; did you mean"),
    ("when = { service = 'fees' }", "day.toml:3: rule[0].when.service: this host has no service 'fees'; there are "),
    ("when = { service = ['sale', 'revresal'] }", "rule[0].when.service: this host has no service 'revresal'; did you"),
    ("when = { tid = '1234' }", "rule[0].when.tid: '1234' is not a terminal number, which has 8 characters: it can"),
    ("when = { mid = '1234' }", "rule[0].when.mid: '1234' is not a merchant number, which has 15 characters"),
    ("when = { amount = 'ten' }", "rule[0].when.amount: 'ten' is not an amount; write it like 12.34"),
    ("when = { amount = '20..10' }", "rule[0].when.amount: '20.00..10.00' ends before it begins"),
    ("when = { code = 51 }", 'rule[0].when.code: write the value in quotes, as in "51": zeros in front count'),
    ("when = { code = '5' }", "rule[0].when.code: this host has no code '5'"),
    ("when = { code = 'QQQ' }", "rule[0].when.code: this host has no code 'QQQ'; 'acquirer dialect show' lists them"),
    ("when = { pan = '123' }", "rule[0].when.pan: has 3 digits, a card number 12 to 19: it can never match"),
    ("when = { nth = 0 }", "rule[0].when.nth: is 0, and exchanges are counted from 1: it can never match"),
    ("when = { nth = 'two' }", "rule[0].when.nth: 'two' is not a number; write it in digits"),
    ("when = 'amount>'", "rule[0].when: the filter cannot be read at 'amount>': amount has no value; write one behind"),
    ("[rule.when]\nservice = 'sale'\nservce = 'x'", "day.toml:5: rule[0].when.servce: unknown key; did you mean 'serv"),
    ("when = { reason = 'aproved' }", "rule[0].when.reason: this host has no reason 'aproved'; did you mean 'appr"),
    ("when = { dialect = 'unionpay' }", "rule[0].when.dialect: this host has no dialect 'unionpay'; did you mean 'uni"),
    ("when = { delivery = 'sent' }", "rule[0].when.delivery: is known only once the exchange is over; take it out"),
    ("when = { tid = '~[' }", "rule[0].when.tid: '[' is not a regular expression"),
    ("when = { state = 'x' }", "rule[0].when.state: belongs to a scenario; name one"),
    ("when = 'service=sale & state=x'", "day.toml:3: rule[0].when: state: belongs to a scenario; name one, as in scen"),
    ("scenario = 's'\nwhen = { state = '!x' }", "day.toml:4: rule[0].when.state: names one state, as in state = "),
    ("scenario = 's'\nwhen = 'state=x | state=y'", "day.toml:4: rule[0].when: state: names one state, as in state = "),
    ("scenario = 's'\nwhen = 'state=x | mti=0200'", "day.toml:4: rule[0].when: state: names one state, as in state ="),
    ("scenario = 's'\nstate = 'x'\nwhen = { state = 'x' }", "rule[0].when.state: stands beside 'when' too; keep"),
    ("when = 'nth=2 | service=sale'", "rule[0].when: nth: counts what fits everything else; it cannot be an altern"),
    ("when = 'service=sale &'", "day.toml:3: rule[0].when: the filter cannot be read at its end: expected a key"),
    ("when = 3", "day.toml:3: rule[0].when: must be a table, or a filter as text"),
    ("when = { since = '8 am' }", "rule[0].when.since: '8 am' is not a time; write it like 08:00"),
    ("when = { 'de.200' = '1' }", "rule[0].when.de.200: there is no such field; the last one is de.128"),
    # then
    ("then = {}", "day.toml:3: rule[0].then: is empty; say what happens"),
    ("then = { cdoe = '51' }", "day.toml:3: rule[0].then.cdoe: unknown key; did you mean 'code'?"),
    ("then = { code = '5X' }", "rule[0].then.code: unionpay-pos knows no response code '5X'; 'acquirer dialect show'"),
    ("then = { answers = ['00', 'ZZ'] }", "rule[0].then.answers[1]: unionpay-pos knows no response code 'ZZ'"),
    ("then = { answers = [] }", "rule[0].then.answers: is an empty list; name at least one response code"),
    ("then = { code = '51', approve = true }", "rule[0].then.approve: decides, as 'code' does; a rule decides once"),
    ("then = { approve = false }", "rule[0].then.approve: is true or left out; to decline, name a code"),
    ("then = { reason = 'funds' }", "rule[0].then.reason: unknown value 'funds'"),
    ("then = { reason = 'chosen' }", "rule[0].then.reason: unknown value 'chosen'"),
    ("then = { code = '51', order = 'random' }", "rule[0].then.order: is the order of 'answers', which are missing"),
    ("then = { answers = ['00'], order = 'any' }", "rule[0].then.order: unknown value 'any'"),
    ("then = { hold = 'a while' }", "rule[0].then.hold: 'a while' is not a duration; write it like 3s, 250ms or 1min"),
    ("then = { hold = '0s' }", "rule[0].then.hold: must be longer than nothing; leave it out to hold nothing"),
    ("then = { hold = 5 }", "rule[0].then.hold: must be a text in quotes, as in \"5s\" or \"for a person\""),
    ("then = { code = '' }", "rule[0].then.code: is empty; name a response code, as in"),
    ("then = { set = { rnr = '1' } }", "rule[0].then.set.rnr: unionpay-pos has no element 'rnr'; did you mean 'rrn'?"),
    ("then = { set = { rrn = '1234567890123' } }", "rule[0].then.set.rrn: does not fit unionpay-pos: DE 37"),
    ("then = { set = { 'de.52' = 'pin' } }", "rule[0].then.set.de.52: does not fit unionpay-pos: DE 52: its bytes are"),
    ("then = { set = { code = '51' } }", "rule[0].then.set.code: cannot be changed here: it is chosen beside this, as"),
    ("then = { set = { 'de.39' = '51' } }", "rule[0].then.set.de.39: cannot be changed here: it is chosen beside this"),
    ("then = { set = { 'de.64' = '00' } }", "rule[0].then.set.de.64: cannot be changed here: the MAC is made afterw"),
    ("then = { set = { 'de.60.2' = '1' } }", "rule[0].then.set.de.60.2: is a part of a field; name it as an element"),
    ("then = { set = { rrn = 1 } }", "rule[0].then.set.rrn: must be a text in quotes"),
    ("then = { set = 'rrn' }", "rule[0].then.set: must be a table of values"),
    ("then = { drop = ['de.1'] }", "rule[0].then.drop[0]: unionpay-pos has no field 1"),
    ("then = { drop = ['mac'] }", "rule[0].then.drop[0]: cannot be changed here: the MAC is made afterwards"),
    ("then = { drop = [] }", "rule[0].then.drop: is an empty list"),
    ("then = { drop = ['rrn'], set = { rrn = '000000000001' } }", "rule[0].then.drop[0]: names the same field as 'r"),
    ("then = { ask = 'sign_off' }", "rule[0].then.ask: unknown value 'sign_off'"),
    ("then = { faults = ['lat'] }", "rule[0].then.faults[0]: fault 'lat': kind: unknown kind 'lat'; did you mean 'lat"),
    ("then = { faults = ['lost_request'] }", "rule[0].then.faults[0]: 'lost_request' acts before anything is decided"),
    ("then = { faults = ['refuse'] }", "rule[0].then.faults[0]: 'refuse' acts on connections, a rule on what is decid"),
    ("then = { faults = ['silent', 'duplicate'] }", "rule[0].then.faults: faults 'silent' and 'duplicate' contradict"),
    ("then = { faults = ['wrong_rrn:to=12'] }", "faults[0]: fault 'wrong_rrn:to=12': to: 'to' does not fit unionpay-p"),
    ("then = { faults = [] }", "rule[0].then.faults: is an empty list"),
    # what can never act
    ("when = { mti = '0999' }", "rule[0].when.mti: no message that this host serves fits: it can never match"),
    ("when = { mti = '0210' }", "rule[0].when.mti: no message that this host serves fits: it can never match"),
    ("when = { mti = 'sales' }", "rule[0].when.mti: 'sales' is not a message type, which has 4 characters"),
    ("when = 'service=sale & mti=0800'", "rule[0].when: mti: no message that this host serves fits"),
    ("when = { service = 'fees*' }", "rule[0].when.service: no message that this host serves fits: it can never match"),
    ("when = { service = '~^fees' }", "rule[0].when.service: no message that this host serves fits"),
    ("when = { service = '' }", "rule[0].when.service: is never empty: it can never match"),
    ("when = { why = '' }", "rule[0].when.why: is never empty: it can never match"),
    ("when = { stan = '3' }", "rule[0].when.stan: '3' is not a trace number, which has 6 characters: it can never"),
    ("when = { rrn = '1' }", "rule[0].when.rrn: '1' is not a reference number, which has 12 characters"),
    ("when = { tid = '100001610*' }", "rule[0].when.tid: '100001610*' is longer than a terminal number, which has 8"),
    ("when = { 'de.77' = '1' }", "rule[0].when.de.77: unionpay-pos has no field 77; 'acquirer dialect show"),
    ("when = { 'de.22.9' = '1' }", "rule[0].when.de.22.9: DE 22 of unionpay-pos is divided into 2 parts at most"),
    ("when = { listener = '127.0.0.1' }", "rule[0].when.listener: '127.0.0.1' has no port: it can never match; write"),
    ("when = { peer = ':8583' }", "rule[0].when.peer: ':8583' has no address: it can never match; write *:8583"),
    ("when = { peer = '8583' }", "rule[0].when.peer: '8583' is not an address with its port: it can never match"),
    ("when = { amount = '<0' }", "rule[0].when.amount: nothing fits 'amount<0.00': it can never match"),
    ("when = { amount = '*.6' }", "rule[0].when.amount: '*.6' is like no amount, which has two decimals; write it"),
    ("when = { amount = 1.234 }", "rule[0].when.amount: '1.234' is not an amount; write it like 12.34"),
    ("when = 'amount>10 & amount<5'", "rule[0].when: amount: nothing fits 'amount>10.00 & amount<5.00': it can never"),
    ("when = 'tid=10000161 & tid=10000162'", "rule[0].when: tid: nothing fits 'tid=10000161 & tid=10000162': it can"),
    ("when = 'code=51 & code!=5*'", "rule[0].when: code: nothing fits 'code=51 & code!=5*': it can never match"),
    ("when = { nth = '<1' }", "rule[0].when.nth: nothing fits 'nth<1': it can never match"),
    ("when = { nth = '' }", 'rule[0].when.nth: nothing fits \'nth=""\': it can never match'),
    ("after = 3\nwhen = { nth = 2 }", "rule[0].when.nth: nothing fits 'nth=2' once 3 exchanges passed: it can never"),
    ("when = { since = '2026-02-31' }", "rule[0].when.since: '2026-02-31' names a day that is in no calendar"),
    ("when = { since = '2026-13-01' }", "rule[0].when.since: '2026-13-01' names a day that is in no calendar"),
    ("when = { since = '?' }", "rule[0].when.since: '?' is not a time; write it like 08:00"),
    ("when = { since = '08:00', until = '08:00' }", "rule[0].when.until: is not later than since: it can never match"),
    ("when = { since = '2026-01-03', until = '2026-01-02' }", "rule[0].when.until: is not later than since"),
    ("when = { until = '00:00' }", "rule[0].when.until: is not later than midnight: it can never match"),
    ("when = ' '", "day.toml:3: rule[0].when: is empty; leave it out where all exchanges are meant"),
    ("scenario = 's'", "day.toml:3: rule[0].scenario: changes nothing without 'state' or 'next'; add one"),
    ("scenario = ''", "day.toml:3: rule[0].scenario: is empty; name it, or leave it out"),
    ("scenario = 's'\nnext = ' '", "day.toml:4: rule[0].next: is empty; name it, or leave it out"),
    ("seed = 5", "day.toml:3: rule[0].seed: is of answers whose order is random, and there are none; leave it out"),
    ("then = { drop = ['de.37', 'rrn'] }", "rule[0].then.drop[1]: names the same field as 'de.37', which this rule"),
    ("then = { drop = 'batch', set = { 'de.60' = '1' } }", "rule[0].then.drop[0]: names the same field as 'de.60', wh"),
    ("then = { set = { rrn = '000000000001', 'de.37' = '000000000002' } }", "then.set.de.37: names the same field as"),
    ("when = { service = 'echo' }\nthen = { drop = 'de.37' }", "then.drop[0]: no reply to 'echo' of unionpay-pos has"),
    ("then = { drop = 'de.52' }", "rule[0].then.drop[0]: no reply of unionpay-pos has DE 52"),
    ("then = { faults = ['late', 'late:after=9s'] }", "then.faults[1]: 'late' is the name of another one of this rule"),
    ("then = { faults = ['late:service=sale'] }", "then.faults[0]: 'late:service=sale': the rule says when it acts"),
    ("then = { faults = ['late:count=1'] }", "then.faults[0]: 'late:count=1': the rule says when it acts, in its own"),
    ("then = { faults = ['late:probability=0.5'] }", "then.faults[0]: 'late:probability=0.5': the rule says when it"),
    ("then = { code = '51', faults = ['wrong_mac'] }", "then.faults: damages a MAC, which no decline has: it would n"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), MISTAKES, ids=[text.replace("\n", " ")[-50:] for text, _ in MISTAKES])
def test_a_mistake_is_named_in_one_sentence_with_its_place(text, sentence):
    if text.startswith(("when", "then", "scenario", "seed", "after", "[rule.when]")):
        rest = "" if "then = " in text else "\n[rule.then]\ncode = '51'" if text.startswith("[") else f"\n{THEN}"
        text = f'[[rule]]\nname = "a"\n{text}{rest}'
    with pytest.raises(DataError) as caught:
        rules_of(text)
    text = str(caught.value)
    assert sentence in text
    assert text.startswith("day.toml:")
    assert "\n" not in text


@pytest.mark.parametrize("written", ["08:00:00", "2026-01-02", "2026-01-02T08:00:00"])
def test_times_may_be_written_as_toml_has_them(written):
    (bare,) = rules_of(f"[[rule]]\nname = 'a'\nwhen = {{ since = {written} }}\n{THEN}")
    (quoted,) = rules_of(f"[[rule]]\nname = 'a'\nwhen = {{ since = '{written}' }}\n{THEN}")
    assert bare == quoted


def test_what_is_about_other_dialects_alone_is_for_other_hosts():
    text = f"[[rule]]\nname = 'a'\nwhen = {{ dialect = 'iso8583-1993*', mti = '1200' }}\n{THEN}".replace("51", "906")
    (rule,) = rules_of(text)
    assert rule.name == "a"


def test_a_header_has_place_to_ask_for_a_sign_on_or_the_rule_is_refused():
    text = "[[rule]]\nname = 'a'\nthen = { ask = 'sign_on' }"
    assert rules_of(text)[0].then.ask == "sign_on"
    with pytest.raises(DataError, match=r"then\.ask: changes nothing: iso8583-1987-ascii has no place in its header"):
        rules_of(text, load_dialect("iso8583-1987-ascii"))
    assert len(rules_of(text, load_dialect("iso8583-1987-ascii"), UNIONPAY)) == 1


def test_without_dialects_what_they_know_is_not_checked():
    text = '[[rule]]\nname = "a"\nwhen = { service = "tips" }\nthen = { code = "5X", set = { tip = "1" } }\n'
    (rule,) = read_rules(parse_toml(text, "day.toml"), ())
    assert (rule.then.code, rule.then.set) == ("5X", {"tip": "1"})


def test_a_dictionary_is_read_like_a_table_and_names_its_key():
    assert make_rule({"name": "a", "then": {"code": "51"}}) == Rule("a", then=Then(code="51"))
    with pytest.raises(DataError, match=r"^rule: then\.code: unionpay-pos knows no response code 'ZZ'"):
        make_rule({"name": "a", "then": {"code": "ZZ"}}, (UNIONPAY,))


def test_two_rules_in_force_never_have_one_name():
    rule = make_rule({"name": "a", "then": {"code": "51"}})
    rules = Rules([rule])
    with pytest.raises(RuleError, match="'a' is the name of another rule"):
        rules.add(rule)
    with pytest.raises(RuleError, match="there is no rule 'b'"):
        rules.remove("a", "b")
    assert (len(rules.declared), rules.generation.number) == (1, 0)
