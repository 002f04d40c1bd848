"""Journeys that cannot be used are refused when they are read: one sentence with file, line, key and what to do."""

from __future__ import annotations

import pytest

from acquirer.data.toml import DataError, parse_toml
from acquirer.dialect.dialect import Dialect
from acquirer.journey.journey import CountExpected, Journey, Operate, OrderOfExchanges, TerminalFault, WaitFor
from acquirer.journey.reading import MOST_STEPS, JourneyContext, read_journey_header, read_steps
from acquirer.settings.specs import load_dialect

DIALECT = load_dialect("unionpay-pos")
SOUND = '\n[[step]]\necho = true\nexpect = { code = "00" }\n'


def read(text: str, *, own_host: bool = True, rules: tuple[str, ...] = (), dialect: Dialect = DIALECT) -> Journey:
    document = parse_toml(text, "j.toml")
    header = read_journey_header(document, own_host=own_host)
    context = JourneyContext(dialect, ("standard", "poor"), rules, own_host=own_host)
    return Journey("j.toml", header, read_steps(document, header, context))


def refusal(text: str, *, own_host: bool = True, dialect: Dialect = DIALECT) -> str:
    with pytest.raises(DataError) as caught:
        read(text, own_host=own_host, dialect=dialect)
    return str(caught.value).removeprefix("j.toml")


# Each written, and the sentence behind the file's name.
HEADERS = [
    (f'[journey]\nname = "{81 * "x"}"', ":2: journey.name: must be a text of 1 to 80 printable characters"),
    ("[journey]\nterminals = []", ":2: journey.terminals: must name 1 to 200 terminals"),
    ('[journey]\nnme = "x"', ":2: journey.nme: unknown key; did you mean 'name'?"),
    ('[journe_]\nname = "x"', ":1: journe_: unknown key; did you mean 'journey'?"),
    ("journey = 3", ":1: journey: write it as one section, under the heading [journey]"),
    ("[journey]\nterminals = 0", ":2: journey.terminals: must be from 1 to 200"),
    (
        '[journey]\nterminals = ["1000"]',
        ":2: journey.terminals[0]: '1000' is not a terminal number, which has 8 characters",
    ),
    ('[journey]\nterminals = ["10000161", "10000161"]', ":2: journey.terminals[1]: '10000161' is there already"),
    (
        '[journey]\nterminals = "10000161"',
        ":2: journey.terminals: must be a number of terminals, or a list of terminal numbers",
    ),
    (
        '[journey]\ntimeout = "soon"',
        ":2: journey.timeout: 'soon' is not a duration; write it like 3s, 250ms or 1min (without a unit: seconds)",
    ),
    ("[journey]\ntimeout = 0", ":2: journey.timeout: must be longer than nothing"),
    ('[journey]\nseed = "x"', ":2: journey.seed: must be a whole number"),
]

STEPS = [
    ("echo = true", ': expects nothing, so it cannot fail; give a step an expectation, as in expect = { code = "00" }'),
    ('ehco = true\nexpect = { code = "00" }', ":2: step[0].ehco: unknown key; did you mean 'echo'?"),
    (
        'name = "x"',
        ":1: step[0]: does nothing and expects nothing; write one of sign_on, key_change, sale, void, "
        "pre_auth, top_up, complete, offline_sale, verify_holder, script_result, load_chip, ecash_sale, adjust, tip, "
        "again, refund, balance, sign, upload, reverse, reprint, echo, download, sign_off, set_up_operators, "
        "add_operator, "
        "remove_operator, change_password, unlock_operator, log_on, log_off, reset, settle, wait, rule, fault, remove, "
        "host, or 'verify'",
    ),
    (
        'echo = true\nsale = "1.00"\nexpect = { code = "00" }',
        ":3: step[0].sale: stands beside 'echo' in one step; write two steps",
    ),
    (
        'wait = "1s"\nexpect = { code = "00" }',
        ":3: step[0].expect: belongs to an operation of a terminal, and this step has none; take it out",
    ),
    (
        'wait = "1s"\nterminal_fault = "no_line"',
        ":3: step[0].terminal_fault: belongs to an operation of a terminal, and this step has none; take it out",
    ),
    (
        'wait = "a while"',
        ":2: step[0].wait: 'a while' is not a duration; write it like 3s, 250ms or 1min (without a unit: seconds)",
    ),
    (
        'sale = true\nexpect = { code = "00" }',
        ':2: step[0].sale: needs \'amount\', as in sale = "12.34" or sale = { amount = "12.34" }',
    ),
    ('sale = "1,00"\nexpect = { code = "00" }', ":2: step[0].sale: '1,00' is not an amount; write it like 12.34"),
    ('sale = "0"\nexpect = { code = "00" }', ":2: step[0].sale: is nothing; write an amount like 12.34"),
    (
        'sale = { amuont = "1.00" }\nexpect = { code = "00" }',
        ":2: step[0].sale.amuont: unknown key; did you mean 'amount'?",
    ),
    (
        'sale = { amount = "1.00", card = "pooor" }\nexpect = { code = "00" }',
        ":2: step[0].sale.card: there is no test card 'pooor'; did you mean 'poor'?",
    ),
    (
        'sale = { amount = "1.00", card = "nothing" }\nexpect = { code = "00" }',
        ":2: step[0].sale.card: there is no test card 'nothing'; known: poor, standard",
    ),
    (
        'sale = { amount = "1.00", entry = "chipp" }\nexpect = { code = "00" }',
        ":2: step[0].sale.entry: unionpay-pos knows no entry 'chipp'; did you mean 'chip'?",
    ),
    (
        'sale = { amount = "1.00", pin = "12" }\nexpect = { code = "00" }',
        ":2: step[0].sale.pin: a PIN has 4 to 12 digits",
    ),
    (
        'sale = { amount = "1.00", drop_reversal = "yes" }\nexpect = { code = "00" }',
        ":2: step[0].sale.drop_reversal: must be true or false",
    ),
    (
        'sale = { amount = "1.00", kind = "instalments" }\nexpect = { code = "00" }',
        ":2: step[0].sale.kind: there is no 'instalments'; did you mean 'instalment'?",
    ),
    (
        'sale = { amount = "1.00", kind = "instalment" }\nexpect = { code = "00" }',
        ":2: step[0].sale: not sold: the sale by instalments needs its detail 'periods': how many instalments: 3, 6, "
        "12 …",
    ),
    (
        'pre_auth = { amount = "1.00", moto = true, details = { cvn2 = "98765" } }\nexpect = { code = "00" }',
        ":2: step[0].pre_auth: not authorised: the detail 'cvn2' has another form: the CVN2, three digits: sent, and "
        "never kept",
    ),
    (
        'load_chip = { amount = "1.00", source = "bank" }\nexpect = { code = "00" }',
        ":2: step[0].load_chip.source: there is no 'bank'; known: account, cash, other",
    ),
    (
        'void = { of = "preauth" }\nexpect = { code = "00" }',
        ":2: step[0].void.of: there is no 'preauth'; did you mean 'pre-auth'?",
    ),
    (
        'sale = { amount = "@last" }\nexpect = { code = "00" }',
        ":2: step[0].sale.amount: '@last' is a reference, and amount cannot be one; write the value",
    ),
    ('echo = "now"\nexpect = { code = "00" }', ":2: step[0].echo: takes no arguments; write echo = true"),
    ('echo = false\nexpect = { code = "00" }', ":2: step[0].echo: takes no arguments; write echo = true"),
    (
        'key_change = true\nexpect = { code = "00" }',
        ":2: step[0].key_change: unionpay-pos has no message for it; take it out, or choose another dialect",
    ),
    (
        'void = "@lunch"\nexpect = { code = "00" }',
        ":2: step[0].void: no step before this one has the name 'lunch'; give a step before it that name",
    ),
    (
        'void = "@last.rnn"\nexpect = { code = "00" }',
        ":2: step[0].void: '@last.rnn' asks for 'rnn', and a step has stan, rrn, auth_id, batch, date, voucher, "
        "de.N; did you mean 'rrn'?",
    ),
    (
        'sale = "1.00"\nexpect = { outcme = "approved" }',
        ":3: step[0].expect.outcme: unknown key; did you mean 'outcome'?",
    ),
    (
        'sale = "1.00"\nexpect = { outcome = "aproved" }',
        ":3: step[0].expect.outcome: can never be 'aproved'; did you mean 'approved'?",
    ),
    (
        'sale = "1.00"\nexpect = { code = "0A" }',
        ":3: step[0].expect.code: unionpay-pos has no code '0A'; 'acquirer dialect show' lists them",
    ),
    (
        'sale = "1.00"\nexpect = { code = 51 }',
        ':3: step[0].expect.code: write the value in quotes, as in "51": zeros in front count',
    ),
    ('sale = "1.00"\nexpect = { service = "sale" }', ":3: step[0].expect.service: cannot be used here; take it out"),
    ('sale = "1.00"\nexpect = { "de.99" = "?" }', ":3: step[0].expect.de.99: unionpay-pos has no DE 99"),
    (
        'sale = "1.00"\nexpect = {}',
        ':3: step[0].expect: must be a table that asks for something, as in expect = { code = "00" }',
    ),
    (
        'sale = "1.00"\nexpect = "00"',
        ':3: step[0].expect: must be a table that asks for something, as in expect = { code = "00" }',
    ),
    (
        'sale = "1.00"\nexpect = { balance = ">x" }',
        ":3: step[0].expect.balance: 'x' is not an amount; write it like 12.34",
    ),
    (
        'sale = "1.00"\nbooks = { state = "booked" }',
        ":3: step[0].books.state: can never be 'booked'; it is one of approved, declined, reversed, voided, "
        "refunded, completed, adjusted, tombstone, none",
    ),
    ('sale = "1.00"\nowed = { reversals = 0 }', ":3: step[0].owed.reversals: unknown key; did you mean 'reversal_of'?"),
    (
        'verify = { service = "sael" }',
        ":2: step[0].verify.service: this host has no service 'sael'; did you mean 'sale'?",
    ),
    (
        'verify = { service = "sale", count = "many" }',
        ":2: step[0].verify.count: 'many' is not a number of exchanges; write it like 2, >=2, 1..3 or 0",
    ),
    (
        'verify = { service = "sale", within = "long" }',
        ":2: step[0].verify.within: 'long' is not a duration; write it like 3s, 250ms or 1min (without a "
        "unit: seconds)",
    ),
    ('verify = { servce = "sale" }', ":2: step[0].verify.servce: unknown key; did you mean 'service'?"),
    (
        'verify = "service=sale &"',
        ":2: step[0].verify: the filter cannot be read at its end: expected a key, as in service=sale",
    ),
    ('verify = "count=3"', ":2: step[0].verify: count: unknown key; did you mean 'amount'?"),
    ("verify = 3", ':2: step[0].verify: must be a service, as in "sale", a filter, or a table'),
    (
        'verify = { stan = "@lunch" }',
        ":2: step[0].verify.stan: no step before this one has the name 'lunch'; give a step before it that name",
    ),
    (
        'verify = "stan=@lunch"',
        ":2: step[0].verify: no step before this one has the name 'lunch'; give a step before it that name",
    ),
    (
        'verify = { tid = "1" }',
        ":2: step[0].verify.tid: '1' is not a terminal number, which has 8 characters: it can never match",
    ),
    ("verify_order = []", ':2: step[0].verify_order: must be a list of 1 to 60 exchanges, as in ["sale", "reversal"]'),
    (
        'verify_order = ["sale", "reversel"]',
        ":2: step[0].verify_order[1].service: this host has no service 'reversel'; did you mean 'reversal'?",
    ),
    (
        'verify_order = "sale"',
        ':2: step[0].verify_order: must be a list of 1 to 60 exchanges, as in ["sale", "reversal"]',
    ),
    (
        'verify = "sale"\nstrict = true',
        ":3: step[0].strict: belongs to 'verify_order', which this step does not have; take it out",
    ),
    ('verify_order = ["sale"]\nstrict = "yes"', ":3: step[0].strict: must be true or false"),
    (
        'terminal = "2"\necho = true\nexpect = { code = "00" }',
        ":2: step[0].terminal: there is no terminal '2'; this journey has one, 10000161",
    ),
    (
        'terminal = true\necho = true\nexpect = { code = "00" }',
        ':2: step[0].terminal: must be the place of a terminal, as in "2", or its number',
    ),
    ('rule = "poor"', ':2: step[0].rule: must be a table, as in rule = { name = "poor", then = { code = "51" } }'),
    (
        'rule = { name = "poor", then = { cdoe = "51" } }',
        ":2: step[0].rule.then.cdoe: unknown key; did you mean 'code'?",
    ),
    (
        'rule = { name = "poor", when = { servce = "sale" }, then = { code = "51" } }',
        ":2: step[0].rule.when.servce: unknown key; did you mean 'service'?",
    ),
    ('rule = { then = { code = "51" } }', ":2: step[0].rule.name: is missing; journal and log call the rule by it"),
    (
        'rule = { name = "held", then = { hold = "for a person" } }',
        ":2: step[0].rule.then.hold: holds an exchange for a person, and a journey has none; give it a time, as in "
        'hold = "30s"',
    ),
    ('fault = "silnt"', ":2: step[0].fault: 'silnt': kind: unknown kind 'silnt'; did you mean 'silent'?"),
    ("fault = 3", ':2: step[0].fault: must be a text, as in "silent:service=sale", or a table'),
    (
        'fault = "silent:srevice=sale"',
        ":2: step[0].fault: 'silent:srevice=sale': srevice: unknown key; did you mean 'service'?",
    ),
    (
        'fault = { kind = "late" }',
        ': expects nothing, so it cannot fail; give a step an expectation, as in expect = { code = "00" }',
    ),
    ('remove = "poor"', ":2: step[0].remove: no rule or fault in force is called 'poor'; none is in force"),
    ('host = "reboot"', ":2: step[0].host: unknown value 'reboot'; choose from restart, rotate_keys, start, stop"),
    ('host = "start"', ":2: step[0].host: the host serves already"),
    (
        'name = "last"\necho = true\nexpect = { code = "00" }',
        ":2: step[0].name: 'last' stands for the last transaction; choose another name",
    ),
    (
        'name = ""\necho = true\nexpect = { code = "00" }',
        ":2: step[0].name: must be a text of 1 to 80 printable characters",
    ),
    (
        'sale = "1.00"\nterminal_fault = "drop_lin"\nexpect = { code = "00" }',
        ":3: step[0].terminal_fault: no fault of a terminal is called 'drop_lin'; did you mean 'drop_line'?",
    ),
    (
        'echo = true\nterminal_fault = "power_cut"\nexpect = { code = "00" }',
        ":3: step[0].terminal_fault: echo saves nothing of its answer, so no power cut can lose it",
    ),
    (
        'sale = "1.00"\nterminal_fault = { kind = "drop_line", service = "sael" }\nexpect = { code = "00" }',
        ":3: step[0].terminal_fault.service: unknown value 'sael'; did you mean 'sale'?",
    ),
    (
        'sale = "1.00"\nterminal_fault = { kind = "wrong_batch", times = 1 }\nexpect = { code = "00" }',
        ":3: step[0].terminal_fault.times: means nothing to 'wrong_batch'; take it out",
    ),
    (
        'sale = "1.00"\nterminal_fault = { kind = "drop_line", times = 0 }\nexpect = { code = "00" }',
        ":3: step[0].terminal_fault.times: must be at least 1",
    ),
    (
        'sale = "1.00"\nterminal_fault = 3\nexpect = { code = "00" }',
        ":3: step[0].terminal_fault: must be a text in quotes",
    ),
]

JOURNEYS = [
    (
        '[[step]]\nfault = "silent"\n[[step]]\nremove = ["silent", "other"]',
        ":4: step[1].remove: no rule or fault in force is called 'other'; there are silent",
    ),
    (
        '[[step]]\nhost = "stop"\nverify = "sale"',
        ':3: step[0].verify: the host is stopped here; start it first, with host = "start"',
    ),
    (
        '[[step]]\nhost = "stop"\n[[step]]\nrule = { name = "poor", then = { code = "51" } }',
        ':4: step[1].rule: the host is stopped here; start it first, with host = "start"',
    ),
    (
        '[[step]]\nname = "a"\necho = true\n[[step]]\nname = "a"\necho = true',
        ":5: step[1].name: 'a' is the name of another step; no two have the same",
    ),
    (
        '[[step]]\nname = "a"\nwait = "1s"\n[[step]]\nvoid = "@a"',
        ":5: step[1].void: '@a' is a step that sends nothing; name one with an operation",
    ),
    (
        '[[step]]\nfault = "silent:service=sale"\n[[step]]\nfault = "wrong_mac:service=sale"',
        ":4: step[1].fault: faults 'silent' and 'wrong_mac' contradict each other: 'silent' lets no reply be "
        "sent that 'wrong_mac' could damage; give them other conditions, or take one out",
    ),
    (
        '[[step]]\nrule = { name = "poor", then = { code = "51" } }\n[[step]]\nrule = { name = "poor", then '
        '= { code = "51" } }',
        ":4: step[1].rule.name: 'poor' is the name of a rule in force; no two have the same",
    ),
    (
        '[[step]]\nrule = { name = "poor", then = { code = "51" } }\n[[step]]\nhost = '
        '"restart"\n[[step]]\nremove = "poor"',
        ":6: step[2].remove: no rule or fault in force is called 'poor'; none is in force",
    ),
]


@pytest.mark.parametrize(("text", "sentence"), HEADERS)
def test_a_section_about_the_journey_that_cannot_be_used_is_refused(text: str, sentence: str) -> None:
    assert refusal(text + SOUND) == sentence


@pytest.mark.parametrize(("text", "sentence"), STEPS)
def test_a_step_that_cannot_be_used_is_refused(text: str, sentence: str) -> None:
    assert refusal(f"[[step]]\n{text}") == sentence


@pytest.mark.parametrize(("text", "sentence"), JOURNEYS)
def test_steps_that_do_not_follow_from_those_before_are_refused(text: str, sentence: str) -> None:
    assert refusal(text + SOUND) == sentence


def test_a_journey_without_steps_is_refused() -> None:
    missing = ": step: is missing; write each step under a heading [[step]]"
    assert refusal("") == missing
    assert refusal('[journey]\nname = "x"') == missing
    assert refusal("[step]\necho = true") == ":1: step: write each step under a heading [[step]], in double brackets"
    assert refusal(SOUND * (MOST_STEPS + 1)) == (
        f":{4 * MOST_STEPS + 2}: step[{MOST_STEPS}]: is one more than the {MOST_STEPS} steps that a journey may have"
    )


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('[journey]\npacks = ["day-end"]', ":2: journey.packs"),
        ('[journey]\nlisten = "127.0.0.1:1"', ":2: journey.listen"),
        ('[[step]]\nrule = { name = "poor", then = { code = "51" } }', ":2: step[0].rule"),
        ('[[step]]\nfault = "silent"', ":2: step[0].fault"),
        ('[[step]]\nhost = "restart"', ":2: step[0].host"),
        ('[[step]]\nremove = "x"', ":2: step[0].remove"),
        ('[[step]]\necho = true\nverify = "echo"', ":3: step[0].verify"),
        ('[[step]]\nverify_order = ["echo"]', ":2: step[0].verify_order"),
        ('[[step]]\nsale = "1.00"\nbooks = { state = "approved" }', ":3: step[0].books"),
    ],
)
def test_what_needs_our_host_is_refused_against_another_one(text: str, where: str) -> None:
    assert refusal(text + SOUND, own_host=False) == (
        f"{where}: needs a host of ours, and this journey runs against another one; take it out, or run without --host"
    )


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (
            'sale = { amount = "1.00", sign = "Ann" }',
            ":2: step[0].sale.sign: iso8583-1987-ascii knows no electronic signature; take it out",
        ),
        (
            'sale = "1.00"\nterminal_fault = "wrong_batch"',
            ":3: step[0].terminal_fault: iso8583-1987-ascii has no batch numbers",
        ),
        (
            'sign = "Ann"',
            ":2: step[0].sign: iso8583-1987-ascii has no message for it; take it out, or choose another dialect",
        ),
    ],
)
def test_what_a_dialect_does_not_have_is_refused(step: str, sentence: str) -> None:
    text = f'[[step]]\n{step}\nexpect = {{ outcome = "approved" }}'
    assert refusal(text, dialect=load_dialect("iso8583-1987-ascii")) == sentence


def test_what_looks_at_the_terminal_alone_goes_with_another_host() -> None:
    text = """
        [[step]]
        sale = "1.00"
        terminal_fault = "drop_line"
        expect = { reversal = "done" }
        owed = { reversal_of = "" }
        [[step]]
        wait = 1
    """
    assert len(read(text, own_host=False).steps) == 2


def test_a_step_is_read_with_its_line_and_words() -> None:
    journey = read(
        """
        [[step]]
        name = "lunch"
        sale = { card = "poor", amount = 12.5, pin = "123456" }
        terminal_fault = { kind = "ignore_answer", service = "reversal", times = 1 }
        expect = { code = ["00", "10"], de.37 = "?" }
        verify = { service = "reversal", stan = "@lunch", count = ">=2", within = 3, for = "250ms" }
        [[step]]
        wait = "1min"
        verify_order = ["sale", { service = "reversal", stan = "@last" }]
        strict = true
        """
    )
    lunch, pause = journey.steps
    assert (lunch.number, lunch.line, lunch.title) == (
        1, 2, "lunch: sale 12.50, card poor, pin ****** (ignore_answer)"
    )  # fmt: skip
    assert isinstance(lunch.action, Operate)
    assert lunch.action.arguments == {"amount": "12.50", "card": "poor", "pin": "123456"}
    assert lunch.action.fault == TerminalFault("ignore_answer", frozenset({"reversal"}), 1)
    code, count = lunch.expectations
    assert (code.key, code.line, code.words) == ("expect", 6, "(code=00 | code=10) & de.37=?")
    assert count.words == "service=reversal & stan=@lunch · >=2×"
    assert isinstance(count.expected, CountExpected)
    assert (count.expected.count.least, count.expected.within_s, count.expected.quiet_s) == (2, 3.0, 0.25)
    assert pause.action == WaitFor(60.0)
    assert pause.title == "wait 60 s"
    order = pause.expectations[0]
    assert isinstance(order.expected, OrderOfExchanges)
    assert order.expected.strict
    assert order.words == "sale, then service=reversal & stan=@last"


def test_terminals_are_counted_from_the_demo_chain_or_named() -> None:
    assert read(SOUND).header.terminals == ("10000161",)
    assert read("[journey]\nterminals = 2" + SOUND).header.terminals == ("20000001", "20000002")
    named = '[journey]\nterminals = ["10000161", "10000163"]\n[[step]]\nowed = {{ tries = "" }}\nterminal = {}'
    for written in ('"2"', "2", '"10000163"'):
        step = read(named.format(written)).steps[0]
        assert (step.terminal, step.of_one) == (1, True)


def test_a_name_of_the_file_stands_in_for_a_journey_without_one() -> None:
    assert read(SOUND).header.name == "j"


def test_rules_of_packs_are_known_also_after_a_restart() -> None:
    text = '[[step]]\nhost = "restart"\n[[step]]\nremove = "issuer-down"' + SOUND
    assert len(read(text, rules=("issuer-down",)).steps) == 3
    assert refusal(text) == (":4: step[1].remove: no rule or fault in force is called 'issuer-down'; none is in force")
