"""A file of cases that cannot be used is refused with one sentence: file, line, key, what to do."""

from __future__ import annotations

from textwrap import dedent

import pytest

from acquirer.certification.case import AnswerExpected, CertificationCase
from acquirer.certification.reading import CaseContext, read_cases, read_certification_header
from acquirer.data.toml import DataError, parse_toml
from acquirer.journey.journey import CountExpected, PutInForce
from acquirer.scenario.fault import Fault
from acquirer.settings.specs import load_dialect

HEAD = '[[case]]\nname = "a"\ntitle = "t"\nwhy = "w"\nsource = "s"\n'
STEP = '[[case.step]]\ndo = "Pay."\n'
EXPECT = '[[case.step.expect]]\nwhat = "one sale"\nverify = "sale"\n'


def cases_of(text: str) -> tuple[CertificationCase, ...]:
    """Return the cases of a text."""
    document = parse_toml(text, "mine.toml")
    read_certification_header(document)
    return read_cases(document, CaseContext(load_dialect("unionpay-pos"), ["standard"], 60.0))


def test_a_case_is_read_with_its_steps_and_lines() -> None:
    (case,) = cases_of(
        dedent("""\
        [[case]]
        name = "late"
        title = "A late answer changes nothing"
        why = "It is late."
        source = "the clock"
        severity = "should"
        time = "90s"
        needs = ["void", "signature"]
        allows = ["mac"]

        [[case.step]]
        name = "sale"
        do = "Pay 1.00."
        host = "answers too late"
        fault = "late:service=sale,after=@late,times=1"
        sale = "1.00"
        arrives = { service = "sale", amount = "1.00" }

        [[case.step.expect]]
        what = "one reversal"
        since = "case"
        verify = { service = "reversal", stan = "@sale", "de.4" = "@sale.de.4", count = 1 }

        [[case.step.expect]]
        what = "no slip"
        severity = "must"
        ask = "Did it print?"
        answer = "no"
        expect = { receipt = false }
        """)
    )
    assert (case.name, case.severity, case.time_s, case.needs, case.allows, case.line) == (
        "late", "should", 90.0, ("signature", "void"), ("mac",), 1,
    )  # fmt: skip
    (step,) = case.steps
    (late,) = step.prepares
    assert isinstance(late, PutInForce)
    assert isinstance(late.declared, Fault)
    assert late.declared.kind.after_ms == 65_000  # type: ignore[attr-defined]  # five seconds after the terminal
    assert step.operation is not None
    assert step.operation.words == "sale 1.00"
    reversal, slip = step.expectations
    assert (reversal.severity, reversal.whole_case, reversal.line) == ("should", True, 19)
    assert isinstance(reversal.expected, CountExpected)
    assert isinstance(slip.expected, AnswerExpected)
    assert (slip.severity, slip.expected.yes, slip.words) == ("must", False, "Did it print? no")


@pytest.mark.parametrize(("timeout_s", "early_ms", "late_ms"), [(60.0, 10_000, 65_000), (2.0, 1_000, 7_000)])
def test_times_depend_on_how_long_the_terminal_waits(timeout_s: float, early_ms: int, late_ms: int) -> None:
    step = STEP + "host = 'h'\n"
    text = (
        HEAD + step + "fault = 'late:after=@early'\n" + step + "fault = { kind = 'late', after = '@late' }\n" + EXPECT
    )
    document = parse_toml(text.replace("kind =", "name = 'other', kind ="), "mine.toml")
    (case,) = read_cases(document, CaseContext(load_dialect("unionpay-pos"), [], timeout_s))
    faults = [one.declared for step in case.steps for one in step.prepares if isinstance(one, PutInForce)]
    assert [one.kind.after_ms for one in faults if isinstance(one, Fault)] == [early_ms, late_ms]  # type: ignore[attr-defined]


REFUSED = [
    ("", "mine.toml: case: is missing; write each case under a heading [[case]]"),
    ("[case]\nname = 'a'", "mine.toml:1: case: write each case under a heading [[case]], in double brackets"),
    ("certification = 1", "mine.toml:1: certification: write it as one section, under the heading [certification]"),
    ("[certification]\nabot = ''", "mine.toml:2: certification.abot: unknown key; did you mean 'about'?"),
    ("[cases]", "mine.toml:1: cases: unknown key; did you mean 'case'?"),
    ("[[case]]\nname = 'a'\ntitel = 't'", "mine.toml:3: case[0].titel: unknown key; did you mean 'title'?"),
    ("[[case]]\nname = 'A b'", "mine.toml:2: case[0].name: must be 1 to 60 small letters, digits and hyphens"),
    ("[[case]]\nname = 'a'", "mine.toml:1: case[0].step: is missing; write each step under a heading [[case.step]]"),
    (HEAD + "severity = 'may'", "mine.toml:6: case[0].severity: unknown value 'may'"),
    (HEAD + "needs = ['voids']\n" + STEP, "mine.toml:6: case[0].needs[0]: unknown value 'voids'; did you mean 'void'?"),
    (HEAD + "allows = ['macs']\n" + STEP, "mine.toml:6: case[0].allows[0]: unknown value 'macs'; did you mean 'mac'?"),
    (HEAD + "time = 'long'\n" + STEP, "mine.toml:6: case[0].time: 'long' is not a duration"),
    (HEAD + STEP, "mine.toml:1: case[0]: expects nothing, so it cannot fail; give a step an [[case.step.expect]]"),
    ("[[case]]\nname = 'a'\n" + STEP + EXPECT, "mine.toml:1: case[0].title: is missing"),
    (HEAD.replace("'t'", "''").replace('"t"', '""') + STEP + EXPECT, "mine.toml:3: case[0].title: must be a text of"),
    ((HEAD + STEP + EXPECT) * 2, "mine.toml:12: case[1].name: 'a' is the name of the case on line 1; no two have the"),
    (HEAD + "[[case.step]]\nsale = '1.00'\n", "mine.toml:6: case[0].step[0].do: is missing"),
    (HEAD + STEP + "salee = '1.00'", "mine.toml:8: case[0].step[0].salee: unknown key; did you mean 'sale'?"),
    (HEAD + STEP + "sale = 'much'", "mine.toml:8: case[0].step[0].sale: 'much' is not an amount"),
    (HEAD + STEP + "sale = '1.00'\nvoid = true", "mine.toml:9: case[0].step[0].void: stands beside 'sale' in one step"),
    (
        HEAD + STEP + "fault = 'silent'",
        "mine.toml:6: case[0].step[0].host: is missing; say in words what the host does",
    ),
    (HEAD + STEP + "host = 'h'\nfault = 'silnt'", "mine.toml:9: case[0].step[0].fault:"),
    (HEAD + STEP + "host = 'h'\nremove = 'silent'", "mine.toml:9: case[0].step[0].remove: no rule or fault in force"),
    (
        HEAD + STEP + "host = 'h'\nrule = { name = 'r', then = { hold = '3s' } }",
        "mine.toml:9: case[0].step[0].rule.then.hold: holds an exchange, and a case needs none; take it out",
    ),
    (
        HEAD + STEP + "terminal_fault = 'power_cut'",
        "mine.toml:8: case[0].step[0].terminal_fault: belongs to an operation",
    ),
    (
        HEAD + STEP + "name = 'sale'",
        "mine.toml:8: case[0].step[0].name: is the name of a message, and this step has no",
    ),
    (HEAD + STEP + "arrives = 'sael'", "mine.toml:8: case[0].step[0].arrives"),
    (
        HEAD + STEP + "arrives = { code = '0Z' }",
        "mine.toml:8: case[0].step[0].arrives.code: unionpay-pos has no code '0Z'",
    ),
    (HEAD + STEP + "name = 'last'\narrives = 'sale'", "mine.toml:8: case[0].step[0].name: must be a text of 1 to 40"),
    (HEAD + STEP + "quiet = '0s'", "mine.toml:8: case[0].step[0].quiet: must be longer than nothing"),
    (HEAD + STEP + EXPECT + "ask = '?'", "mine.toml:8: case[0].step[0].expect[0]: must have one of 'verify'"),
    (HEAD + STEP + EXPECT + "answer = 'yes'", "mine.toml:11: case[0].step[0].expect[0].answer: belongs to 'ask'"),
    (
        HEAD + STEP + EXPECT + "strict = true",
        "mine.toml:11: case[0].step[0].expect[0].strict: belongs to 'verify_order'",
    ),
    (HEAD + STEP + EXPECT + "since = 'ever'", "mine.toml:11: case[0].step[0].expect[0].since: unknown value 'ever'"),
    (
        HEAD + STEP + EXPECT.replace('"sale"', '{ service = "sale", stan = "@lunch" }'),
        "mine.toml:10: case[0].step[0].expect[0].verify.stan: no step before this one has the name 'lunch'",
    ),
    (
        HEAD + STEP + EXPECT.replace('"sale"', '{ service = "sale", within = "3s" }'),
        "mine.toml:10: case[0].step[0].expect[0].verify.within: is a time, and a case has one of its own",
    ),
    (
        HEAD + STEP + EXPECT.replace('"sale"', '{ service = "sale", count = "few" }'),
        "mine.toml:10: case[0].step[0].expect[0].verify.count: 'few' is not a number of exchanges",
    ),
    (
        HEAD + STEP + '[[case.step.expect]]\nwhat = "w"\nask = "?"\nanswer = "maybe"',
        "mine.toml:11: case[0].step[0].expect[0].answer: unknown value 'maybe'",
    ),
    (
        HEAD + STEP + '[[case.step.expect]]\nwhat = "w"\nask = "?"\nanswer = "yes"\nexpect = { receipt = true }',
        "mine.toml:12: case[0].step[0].expect[0].expect: asks for an operation, and this step has none; take it out",
    ),
]


@pytest.mark.parametrize(("text", "sentence"), REFUSED)
def test_what_cannot_be_used_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(DataError) as refused:
        cases_of(text)
    assert str(refused.value).startswith(sentence)
    assert "\n" not in str(refused.value)
