"""Rules on a host: what each of them decides or changes, of every service, and what stays in the books."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from acquirer.journal.subject import JournalSubject
from acquirer.matcher.keys import JOURNAL_KEYS
from acquirer.model.effects import CommitOutcome, Hold, Send
from acquirer.model.reasons import Reason
from acquirer.scenario.rules.reading import make_rule
from acquirer.signature.jbig_encoder import encode_jbig
from acquirer.signature.pen import draw_signature
from tests.journal.entries import entry_of

ANN = encode_jbig(draw_signature("Ann", seed=1))


@pytest.fixture
def ruled(rig):
    """Return a function that puts rules in force on a host whose terminal is signed on, and returns that terminal."""
    pos = rig.pos()
    assert pos.sign_on().code == "00"

    def put(*rules):
        named = ({"name": f"rule {number}", **rule} for number, rule in enumerate(rules, 1))
        rig.host.rules.add(*(make_rule(rule, (rig.host.dialect,)) for rule in named))
        return pos

    return put


def row(pos, stan=None):
    return next(one for key, one in pos.rig.store.transactions.items() if key.stan == (stan or pos.last))


def card(pos, fits):
    return next(pan for pan, entry in pos.rig.host.issuer.cards.items() if fits(entry))


# decisions


def test_a_rule_declines_a_sale_and_says_so(ruled):
    pos = ruled({
        "name": "poor after ten yuan",
        "when": {"service": "sale", "amount": ">10.00"},
        "then": {"code": "51"},
        "times": 1,
    })  # fmt: skip
    assert pos.sale(1000).code == "00"
    answer = pos.sale(1001)
    assert (answer.code, answer.why) == ("51", "rule 'poor after ten yuan' answers 51; 1 of 1 used")
    evidence = answer.evidence[-1]
    assert (evidence.rule, evidence.reason, evidence.generation) == ("poor after ten yuan", Reason.CHOSEN, 1)
    assert "without the rule: approved" in answer.notes
    assert (row(pos).state, row(pos).code, pos.rig.booked_minor()) == ("declined", "51", 1000)
    assert pos.sale(1001).code == "00"


def test_what_a_rule_declined_is_declined_again_when_it_is_repeated(ruled):
    pos = ruled({"when": {"service": "sale"}, "then": {"code": "51"}, "times": 1})
    frame = pos.sale_frame()
    assert pos.rig.send(frame).code == "51"
    again = pos.rig.send(frame)
    assert (again.code, again.evidence[-1].replayed, again.evidence[-1].rule) == ("51", True, "")
    assert pos.rig.host.rules.used() == {"rule 1": 1}


def test_a_declined_sale_takes_nothing_from_its_card(ruled):
    pos = ruled({"when": {"code": "00", "service": "sale"}, "then": {"code": "05"}})
    assert pos.sale(pan=card(pos, lambda entry: entry.counted and entry.pin is None)).code == "05"
    assert pos.rig.store.cards == {}


def test_a_reason_gets_the_code_of_the_dialect(ruled):
    pos = ruled({"then": {"reason": "funds_insufficient"}, "when": {"service": "sale"}})
    answer = pos.sale()
    assert (answer.code, answer.evidence[-1].reason) == ("51", Reason.FUNDS_INSUFFICIENT)


def test_a_rule_approves_what_would_be_declined(ruled):
    pos = ruled({"when": {"service": "sale", "code": "!00"}, "then": {"approve": True}})
    answer = pos.sale(pan=card(pos, lambda entry: entry.status == "blocked"))
    assert (answer.code, answer.why) == ("00", "rule 'rule 1' approves; 1 used")
    assert "without the rule: " in answer.notes
    assert (row(pos).state, pos.rig.booked_minor()) == ("approved", 1234)
    assert answer[64] is not None
    assert pos.reverse(pos.last, pan=card(pos, lambda entry: entry.status == "blocked")).code == "00"


def test_a_code_that_accepts_approves(ruled):
    pos = ruled({"when": {"service": "sale"}, "then": {"code": "11"}})
    answer = pos.sale()
    assert (answer.code, row(pos).code, row(pos).state) == ("11", "11", "approved")
    assert pos.rig.send(pos.sale_frame(stan=pos.last)).code == "11"


def test_answers_come_in_turn_and_the_last_one_goes_on(ruled):
    pos = ruled({"when": {"service": "sale"}, "then": {"answers": ["00", "51", "05"]}})
    assert [pos.sale().code for _ in range(5)] == ["00", "51", "05", "05", "05"]


def test_answers_at_random_are_the_same_in_every_run(new_rig):
    def run(seed):
        rig = new_rig()
        rig.register()
        pos = rig.pos()
        pos.sign_on()
        rule = {"name": "luck", "when": {"service": "sale"}, "seed": seed}
        rig.host.rules.add(make_rule({**rule, "then": {"answers": ["00", "51", "05"], "order": "random"}}))
        return [pos.sale().code for _ in range(20)]

    assert run(1) == run(1)
    assert set(run(1)) == {"00", "51", "05"}
    assert run(1) != run(2)


# every service


@pytest.mark.parametrize(
    ("service", "ask"),
    [
        ("sign_on", lambda pos: pos.sign_on()),
        ("sign_off", lambda pos: pos.sign_off()),
        ("echo", lambda pos: pos.rig.send(pos.management("0820", "301", stan=pos.next_stan()))),
        ("sale", lambda pos: pos.sale()),
        ("balance", lambda pos: pos.balance()),
    ],
)
def test_a_rule_declines_any_message(ruled, service, ask):
    pos = ruled({"when": {"service": service}, "then": {"code": "96"}, "times": 1})
    before = pos.rig.sessions[pos.tid]
    answer = ask(pos)
    assert (answer.code, answer.why) == ("96", "rule 'rule 1' answers 96; 1 of 1 used")
    after = pos.rig.sessions[pos.tid]
    assert (after.current, after.batch, after.signed_off) == (before.current, before.batch, before.signed_off)
    assert pos.rig.booked_minor() == 0
    assert ask(pos).code == "00"


def test_a_declined_sign_on_hands_out_no_keys_and_the_next_one_does(ruled):
    pos = ruled({"when": {"service": "sign_on"}, "then": {"code": "96"}, "times": 1})
    declined = pos.sign_on()
    assert (declined.code, declined[62]) == ("96", None)
    assert pos.sale().code == "00"
    assert pos.sign_on().code == "00"
    assert pos.sale().code == "00"


def test_a_declined_reversal_leaves_the_sale_and_the_next_one_undoes_it(ruled):
    pos = ruled({"when": {"service": "reversal"}, "then": {"code": "96"}, "times": 1})
    pos.sale()
    assert pos.reverse(pos.last).code == "96"
    assert row(pos).state == "approved"
    assert pos.reverse(pos.last).code == "00"
    assert row(pos).state == "reversed"


def test_a_reversal_of_nothing_is_approved_by_a_rule_and_its_number_stays_barred(ruled):
    pos = ruled({"when": {"service": "reversal", "code": "25"}, "then": {"approve": True}})
    answer = pos.reverse("000077")
    assert (answer.code, answer[37] is not None) == ("00", True)
    assert row(pos, "000077").state == "tombstone"


def test_a_declined_void_leaves_its_sale(ruled):
    pos = ruled({"when": {"service": "void"}, "then": {"code": "22"}})
    pos.sale()
    sale = pos.last
    assert pos.void(sale).code == "22"
    assert (row(pos, sale).state, row(pos).state) == ("approved", "declined")


def test_a_declined_refund_gives_nothing_back(ruled):
    pos = ruled({"when": {"service": "refund"}, "then": {"code": "61"}, "times": 1})
    answer = pos.sale()
    sale = pos.last
    assert pos.refund(str(answer[37])).code == "61"
    assert row(pos, sale).refunded_minor == 0
    assert pos.refund(str(answer[37])).code == "00"
    assert row(pos, sale).refunded_minor == 1234


def test_a_declined_signature_is_not_kept(ruled):
    pos = ruled({"when": {"service": "signature"}, "then": {"code": "96"}, "times": 1})
    pos.sale()
    assert pos.upload(pos.last, ANN).code == "96"
    assert (pos.rig.store.signatures, pos.rig.store.blobs) == ([], {})
    assert pos.upload(pos.last, ANN).code == "00"
    assert len(pos.rig.store.signatures) == 1


@pytest.mark.parametrize("service", ["sale", "balance"])
def test_a_rule_that_names_a_service_leaves_the_others_alone(ruled, service):
    pos = ruled({"when": {"service": service}, "then": {"code": "91"}})
    assert pos.sale().code == ("91" if service == "sale" else "00")
    assert pos.balance().code == ("91" if service == "balance" else "00")


# what fails before


def test_what_fails_before_a_service_decides_stays_as_it_is(ruled):
    pos = ruled({"then": {"code": "05"}})
    stranger = pos.rig.pos("99999999")
    stranger.keys = pos.keys
    assert stranger.sale().code == "97"
    assert pos.sale(currency=None, amount_element=None).evidence[-1].rule == ""
    frame = pos.sale_frame()
    assert pos.rig.send(frame[:-1] + bytes([frame[-1] ^ 1])).code == "A0"
    pos.batch = "000009"
    assert pos.sale().code == "77"
    assert pos.rig.host.rules.used() == {"rule 1": 0}


# changes


def test_a_rule_sets_and_drops_fields_of_the_reply_and_its_repeat_has_them_too(ruled):
    pos = ruled({
        "when": {"service": "sale"},
        "then": {"set": {"rrn": "999999999999", "de.44": "11110000   22220000"}, "drop": ["de.14"]},
        "times": 1,
    })  # fmt: skip
    frame = pos.sale_frame()
    for _ in range(2):
        answer = pos.rig.send(frame)
        assert (answer.code, answer[37], answer[44], answer[14]) == ("00", "999999999999", "11110000   22220000", None)
        mac = answer[64]
        assert mac == pos.suite.mac(pos.keys, pos.rig.host.dialect.covered(answer.message.raw))
    first = pos.rig.journal[-2]
    assert first.why.startswith("approved")
    assert first.why.endswith("; rule 'rule 1' sets rrn, sets de.44 and drops de.14; 1 of 1 used")
    assert (first.code, first.rule) == ("00", "rule 1")
    assert row(pos).rrn != "999999999999"
    assert pos.sale()[14] is not None


def test_changes_of_a_reversal_come_again_with_its_repeat(ruled):
    pos = ruled({"when": {"service": "reversal"}, "then": {"set": {"rrn": "999999999999"}}, "times": 1})
    pos.sale()
    assert [pos.reverse(pos.last)[37] for _ in range(2)] == ["999999999999"] * 2


def test_a_rule_declines_and_changes_at_once(ruled):
    pos = ruled({"when": {"service": "sale"}, "then": {"code": "51", "ask": "sign_on", "set": {"de.44": "none"}}})
    answer = pos.sale()
    assert (answer.code, answer[44]) == ("51", "none")
    assert answer.why == "rule 'rule 1' answers 51, sets de.44 and asks for a sign-on; 1 used"
    assert asks_for_sign_on(pos, answer)


def test_a_rule_asks_for_a_sign_on_in_the_header_of_an_approval(ruled):
    pos = ruled({"when": {"service": "sale"}, "then": {"ask": "sign_on"}, "times": 1})
    assert asks_for_sign_on(pos, pos.sale())
    assert not asks_for_sign_on(pos, pos.sale())


def asks_for_sign_on(pos, answer):
    _, head = pos.rig.host.dialect.envelope_of(answer.message.raw)
    return head[2] & 0x0F == pos.rig.host.nibbles["sign_on"]


@pytest.mark.parametrize("then", [{"set": {"de.37": "1" * 40}}, {"code": "906"}, {"drop": ["original_mti"]}])
def test_a_rule_for_another_dialect_is_passed_over(ruled, then):
    pos = ruled({"name": "next", "when": {"service": "sale"}, "then": {"code": "51"}, "times": 1})
    rules = pos.rig.host.rules
    rules.add(make_rule({"name": "other", "when": {"service": "sale"}, "then": then}))  # not checked for this host
    assert (pos.sale().code, rules.used()) == ("51", {"next": 1, "other": 0})


# hold


def test_a_held_sale_is_decided_when_it_goes_on(ruled):
    pos = ruled({"when": {"service": "sale"}, "then": {"hold": "30s"}})
    answer = pos.sale()
    assert answer.effects[0] == Hold("rule 1", pos.tid, "sale", pos.last, 30_000)
    assert (answer.code, answer.evidence[-1].rule) == ("00", "rule 1")
    assert answer.why.endswith("; rule 'rule 1' holds it for 30s; 1 used")


def test_a_hold_for_a_person_may_decline_too(ruled):
    pos = ruled({"when": {"service": "sale"}, "then": {"hold": "for a person", "code": "05"}})
    answer = pos.sale()
    assert answer.effects[0] == Hold("rule 1", pos.tid, "sale", pos.last, 0)
    assert answer.why == "rule 'rule 1' answers 05 and holds it for a person; 1 used"


def test_a_held_exchange_whose_rows_change_meanwhile_is_decided_again_and_held_once(ruled):
    pos = ruled({"when": {"service": "sale"}, "then": {"hold": "1s"}, "times": 1})
    run = pos.rig.start(pos.sale_frame()).to_commit()
    pos.rig.sessions[pos.tid].version += 1
    answer = run.finish()
    assert (answer.code, [isinstance(one, Hold) for one in answer.effects].count(True)) == ("00", 1)
    assert (answer.evidence[-1].rule, pos.rig.host.rules.used()) == ("rule 1", {"rule 1": 1})


# faults


def test_faults_of_a_rule_act_on_the_reply_of_the_decision_it_changed(ruled):
    rule = {"when": {"service": "sale"}, "then": {"code": "51", "faults": ["late:after=3s"]}, "times": 1}
    pos = ruled(rule)
    answer = pos.sale()
    assert [effect.delay_ms for effect in answer.effects if isinstance(effect, Send)] == [3000]
    evidence = answer.evidence[-1]
    assert (answer.code, evidence.fault, evidence.rule) == ("51", "late", "rule 1")
    assert answer.why == "rule 'rule 1' answers 51 and lets fault late act; 1 of 1 used"
    assert [effect.delay_ms for effect in pos.sale().effects] == [0]


def test_a_rule_with_a_silent_fault_books_and_its_reversal_finds_it(ruled):
    pos = ruled({"when": {"service": "sale"}, "then": {"faults": ["silent"]}, "times": 1})
    assert pos.sale().silent
    assert row(pos).state == "approved"
    assert pos.reverse(pos.last).code == "00"
    assert row(pos).state == "reversed"


# counts and scenarios


@pytest.mark.parametrize(
    ("outcome", "code"),
    [(CommitOutcome.OVERLOADED, "91"), (CommitOutcome.EXPIRED, None), (CommitOutcome.FAILED, None)],
)
def test_a_rule_is_not_used_up_by_a_commit_that_did_not_succeed(ruled, outcome, code):
    pos = ruled({"when": {"service": "sale"}, "then": {"code": "51"}, "times": 1})
    run = pos.rig.start(pos.sale_frame()).to_commit()
    run.step(outcome)
    assert run.finish().code == code
    assert pos.sale().code == "51"
    assert pos.sale().code == "00"


def test_a_rule_fires_once_although_the_sale_was_decided_twice(ruled):
    pos = ruled({"when": {"service": "sale"}, "then": {"code": "51"}, "times": 1})
    run = pos.rig.start(pos.sale_frame()).to_commit()
    run.step(CommitOutcome.CONFLICT)
    assert run.finish().code == "51"
    assert pos.rig.host.rules.used() == {"rule 1": 1}


def test_a_turn_is_given_back_when_the_second_decision_is_another_one(ruled):
    pos = ruled({"when": {"service": "sale"}, "then": {"code": "51"}, "times": 1})
    run = pos.rig.start(pos.sale_frame()).to_commit()
    pos.sign_off()
    answer = run.finish()
    assert (answer.code, answer.evidence[-1].rule) == ("77", "")
    pos.sign_on()
    assert pos.sale().code == "51"


def test_a_fault_of_a_rule_that_no_longer_fires_does_not_act(ruled):
    pos = ruled({"when": {"service": "sale"}, "then": {"faults": ["silent"]}, "times": 1})
    run = pos.rig.start(pos.sale_frame()).to_commit()
    pos.sign_off()
    answer = run.finish()
    assert (answer.code, answer.evidence[-1].rule, answer.evidence[-1].fault) == ("77", "", "")


def test_two_sales_side_by_side_take_one_turn_each(ruled):
    pos = ruled({"when": {"service": "sale"}, "then": {"answers": ["51", "05", "00"]}, "times": 3})
    rig = pos.rig
    rig.register("10000162")
    other = rig.pos("10000162")
    other.sign_on()
    first = rig.start(pos.sale_frame()).to_commit()
    second = rig.start(other.sale_frame()).to_commit()
    first.step(CommitOutcome.OVERLOADED)
    assert first.finish().code == "91"
    assert second.finish().code == "05"
    assert [pos.sale().code for _ in range(3)] == ["51", "00", "00"]
    assert rig.host.rules.used() == {"rule 1": 3}


def test_after_and_times_and_nth(ruled):
    pos = ruled({"when": {"service": "sale"}, "then": {"code": "51"}, "after": 2, "times": 2})
    assert [pos.sale().code for _ in range(6)] == ["00", "00", "51", "51", "00", "00"]
    pos.rig.host.rules.clear()
    ruled({"when": {"service": "sale", "nth": ["2", "4"]}, "then": {"code": "05"}})
    assert [pos.sale().code for _ in range(5)] == ["00", "05", "00", "05", "00"]


def test_an_exchange_counts_for_every_rule_that_it_fits_although_one_fires(ruled):
    pos = ruled(
        {"when": {"service": "sale", "nth": "2"}, "then": {"code": "51"}, "priority": 1},
        {"when": {"service": "sale", "nth": "3"}, "then": {"code": "05"}},
    )
    assert [pos.sale().code for _ in range(4)] == ["00", "51", "05", "00"]


def test_the_lower_priority_goes_first_and_of_equal_ones_the_later(ruled):
    pos = ruled(
        {"when": {"service": "sale"}, "then": {"code": "51"}},
        {"when": {"service": "sale"}, "then": {"code": "05"}, "times": 1},
        {"when": {"service": "sale", "tid": "10000161"}, "then": {"code": "61"}, "priority": 6},
        {"when": {}, "then": {"code": "91"}, "priority": 1, "times": 1},
    )
    assert [pos.sale().code for _ in range(4)] == ["91", "05", "51", "51"]


def test_a_scenario_goes_from_state_to_state(ruled):
    morning = {"scenario": "morning"}
    pos = ruled(
        {
            "when": {"service": "sale"},
            "then": {"code": "77", "ask": "sign_on"},
            "state": "start",
            "next": "lost",
            **morning,
        },
        {"when": {"service": "sign_on", "state": "lost"}, "then": {"code": "96"}, "next": "back", **morning},
        {"when": {"service": "sale"}, "then": {"code": "91"}, "state": "lost", **morning},
    )
    rules = pos.rig.host.rules
    assert rules.states() == {"morning": "start"}
    assert [pos.sale().code, pos.sale().code] == ["77", "91"]
    assert rules.states() == {"morning": "lost"}
    assert pos.sign_on().code == "96"
    assert rules.states() == {"morning": "back"}
    assert [pos.sign_on().code, pos.sale().code] == ["00", "00"]
    rules.go("morning", "start")
    assert pos.sale().code == "77"


def test_a_scenario_stays_where_it_was_when_the_exchange_does_not_happen(ruled):
    rule = {"when": {"service": "sale"}, "then": {"code": "51"}, "scenario": "s", "state": "start", "next": "over"}
    pos = ruled(rule)
    run = pos.rig.start(pos.sale_frame()).to_commit()
    run.step(CommitOutcome.OVERLOADED)
    run.finish()
    assert pos.rig.host.rules.states() == {"s": "start"}
    assert [pos.sale().code, pos.sale().code] == ["51", "00"]


# conditions


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        ({"pan": "6212345678901232"}, True),
        ({"pan": "621234*1232"}, True),
        ({"pan": "6212345678901240"}, False),
        ({"de.22": "012"}, True),
        ({"de.60.1": "22"}, True),
        ({"de.60.3": "001"}, False),
        ({"de.2": "621234******1232"}, True),
        ({"de.2": "6212345678901232"}, False),
        ({"de.55": ""}, True),
        ({"de": {"22": "01*", "60": {"1": "22"}}}, True),
        ({"peer": "127.0.0.1:*"}, True),
        ({"dialect": "unionpay-pos"}, True),
        ({"since": "11:00", "until": "13:00"}, True),
        ({"since": "22:00", "until": "11:59"}, False),
        ({"mti": "0200", "mid": "880210010210162", "batch": "000001"}, True),
        ({"reason": "approved"}, True),
        ({"rrn": "?"}, True),
        ({"why": "~(?i)approved"}, True),
        ("service=sale & (amount=*.34 | amount>100)", True),
        ("amount>100", False),
    ],
)
def test_a_rule_looks_at_request_and_decision(ruled, when, fits):
    pos = ruled({"when": when, "then": {"code": "05"}})
    assert pos.sale().code == ("05" if fits else "00")


def test_a_rule_names_a_card_of_the_table(ruled):
    pos = ruled({"when": {"card": "*"}, "then": {"code": "62"}})
    assert pos.sale(pan=card(pos, lambda entry: entry.status == "active")).code == "62"
    assert pos.sale(pan="4000000000000002").code == "00"


def test_a_request_and_its_entry_in_the_journal_are_seen_alike(ruled):
    pos = ruled()
    seen: dict[str, str | int] = {}
    keys = (*JOURNAL_KEYS, "moment", "de.2", "de.4", "de.14", "de.22", "de.52", "de.60", "de.60.2", "de.60.9", "de.64")

    def consult(subject, *_others):
        seen.update((key, subject.value(key)) for key in keys)

    active = SimpleNamespace(consult=consult)
    rig = pos.rig
    run = rig.start(pos.sale_frame())
    run.steps.gi_frame.f_locals["request"].rules = active
    evidence = run.finish().evidence[-1]
    entry = entry_of(evidence, 7)
    subject = JournalSubject(entry, rig.host.calendar.timezone, rig.host.dialect)
    kept_only = ("delivery", "replayed", "fault", "rule", "generation", "id", "since", "until")
    assert {key: seen[key] for key in keys if key not in kept_only} == {
        key: subject.value(key) for key in keys if key not in kept_only
    }


# the set in force


def test_an_exchange_is_under_the_rules_with_which_it_began(ruled):
    pos = ruled({"when": {"service": "sale"}, "then": {"hold": "for a person", "code": "51"}})
    run = pos.rig.start(pos.sale_frame()).to_commit()
    assert pos.rig.host.rules.remove("rule 1") == 2
    answer = run.finish()
    assert (answer.code, answer.evidence[-1].generation) == ("51", 1)
    answer = pos.sale()
    assert (answer.code, answer.evidence[-1].generation) == ("00", 2)


def test_a_sign_on_that_a_rule_refuses_is_journalled_with_its_number(ruled):
    pos = ruled({"when": {"service": "sign_on"}, "then": {"code": "51"}})
    before = pos.rig.sessions[pos.tid]
    answer = pos.sign_on()
    evidence = answer.evidence[-1]
    assert (answer.code, evidence.rrn, evidence.rule) == ("51", "000000000002", "rule 1")
    assert pos.rig.sessions[pos.tid] is before
