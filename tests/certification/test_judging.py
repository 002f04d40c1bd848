"""Cases judged by the entries of a journal, without a host."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from acquirer.certification.case import CertificationCase
from acquirer.certification.judging import (
    CaseEvidence,
    judge_conduct,
    judge_step,
    message_of,
    missing_message,
    outstanding,
)
from acquirer.journal.entry import Entry
from acquirer.settings.specs import load_dialect
from tests.certification.test_reading import cases_of

CASE = """
[[case]]
name = "reversal"
title = "t"
why = "w"
source = "s"

[[case.step]]
name = "sale"
do = "Pay 1.00."
arrives = { service = "sale", amount = "1.00" }

[[case.step.expect]]
what = "one reversal"
verify = { service = "reversal", stan = "@sale", "de.4" = "@sale.de.4", count = 1 }

[[case.step.expect]]
what = "in this order"
verify_order = ["sale", "reversal"]

[[case.step.expect]]
what = "no slip"
ask = "Did it print?"
answer = "no"
"""


def entry(number: int, service: str, stan: str, **known: Any) -> Entry:
    """Return an exchange of the journal."""
    request = {"4": "000000000100", "11": stan}
    values = {"at_us": number, "tid": "10000161", "code": "00", "reason": "approved", "amount_minor": 100}
    return Entry(**{**values, "request": request, **known, "id": number, "service": service, "stan": stan})


def evidence(*entries: Entry) -> CaseEvidence:
    """Return what is known of a case."""
    return CaseEvidence(load_dialect("unionpay-pos"), ZoneInfo("Asia/Shanghai"), entries)


def judged(case: CertificationCase, known: CaseEvidence) -> dict[str, str]:
    """Return what differs from each expectation of the first step, in a line."""
    (step,) = case.steps
    if found := message_of(step, known, 0):
        known.note(step.name, found)
    return {one.what: one.difference.partition("\n")[0] for one in judge_step(step, known, 0)}


def test_what_is_as_expected_holds() -> None:
    (case,) = cases_of(CASE)
    known = evidence(entry(1, "sale", "000002"), entry(2, "reversal", "000002"))
    known.answers["Did it print?"] = False
    assert judged(case, known) == {"one reversal": "", "in this order": "", "no slip": ""}


def test_a_difference_says_what_is_nearest() -> None:
    (case,) = cases_of(CASE)
    other = entry(2, "reversal", "000002", request={"4": "000000000999"})
    known = evidence(entry(1, "sale", "000002"), other)
    known.answers["Did it print?"] = True
    found = judged(case, known)
    assert found["one reversal"] == (
        "expected exactly 1 reversal of STAN 000002 with de.4 000000000100, saw 0 of 2 exchanges"
    )
    assert found["no slip"] == "the answer was yes"


def test_a_message_that_did_not_arrive_leaves_its_step_unjudged() -> None:
    (case,) = cases_of(CASE)
    known = evidence(entry(1, "sale", "000002", amount_minor=1000))
    (step,) = case.steps
    assert message_of(step, known, 0) is None
    assert "nearest: #1 sale  amount: wanted 1.00, was 10.00 ≠" in missing_message(step, known, 0)
    assert judged(case, known)["one reversal"] == "@sale stands for nothing: no such message arrived"
    assert all(one.unjudged for one in judge_step(step, known, 0) if one.what != "in this order")


def test_too_many_are_final_and_too_few_are_waited_for() -> None:
    (case,) = cases_of(CASE)
    (step,) = case.steps
    few = evidence(entry(1, "sale", "000002"))
    many = evidence(entry(1, "sale", "000002"), entry(2, "reversal", "000002"), entry(3, "reversal", "000002"))
    for known in (few, many):
        judged(case, known)
    assert outstanding(judge_step(step, few, 0))
    assert not outstanding(judge_step(step, many, 0))


def test_conduct_is_judged_in_every_case_but_where_it_allows_otherwise() -> None:
    (case,) = cases_of(CASE)
    (lenient,) = cases_of(CASE.replace('source = "s"', 'source = "s"\nallows = ["mac"]'))
    known = evidence(entry(1, "sale", "000002", code="A0", reason="mac_differs", why="MAC differs"))
    broken = [one.difference for one in judge_conduct(case, known) if one.difference]
    assert len(broken) == 1
    assert broken[0].endswith("host: MAC differs")
    assert [one for one in judge_conduct(lenient, known) if one.difference] == []


def test_what_a_rule_has_the_host_say_breaks_no_conduct() -> None:
    (case,) = cases_of(CASE)
    known = evidence(entry(1, "sign_on", "000001", code="97", reason="terminal_unknown", rule="stranger"))
    assert [one for one in judge_conduct(case, known) if one.difference] == []
