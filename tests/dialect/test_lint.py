"""What lint says of dialects that load: problems that keep a host from starting, notes that keep nothing."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from acquirer.data.toml import DataError, parse_toml
from acquirer.dialect.compiled import CompiledDialect
from acquirer.dialect.host_checks import HostTables
from acquirer.dialect.lint import lint
from acquirer.dialect.loading import load

SMALL = Path(__file__).with_name("small.toml").read_text(encoding="utf-8").replace('1 = "red"', '01 = "red"')
GOOD = SMALL + '[mtis]\n0800 = "management"\n0810 = "management reply"\n[refusal]\nmake = ["code"]\n'


class Texts(NamedTuple):
    """Problems and notes of a report, as texts."""

    problems: tuple[str, ...]
    notes: tuple[str, ...]


def no_parent(name):
    raise DataError(name, 0, "", "no dialect of this name")


def report(text, find=no_parent, host=None, name="my.toml"):
    found = lint(parse_toml(text, name), find, host)
    return Texts(tuple(str(one) for one in found.problems), tuple(str(one) for one in found.notes))


def problems(text, find=no_parent, host=None, name="my.toml"):
    return list(report(text, find, host, name).problems)


def notes(text, find=no_parent, name="my.toml"):
    found = report(text, find, name=name)
    assert found.problems == ()
    CompiledDialect(load(parse_toml(text, name), find))  # a note keeps nothing from starting
    return list(found.notes)


SAMPLE = '[[samples]]\ntitle = "s"\n'
ROUTE = '[routes.x]\ntitle = "x"\n'
OTHER = ROUTE + 'mti = "0800"\nwhen = { first = "31" }\n'
MAC = '[security]\nmac = "x9.19"\n'
PACKAGE = '[[security.packages]]\nselector = "004"\ncipher = "{0}"\nwrap = "3des"\nkeys = {1}\n'

PROBLEMS = {
    "a sample cut short": (
        SAMPLE + 'hex = "000D08000020000000000000"',
        "samples[0].hex: s: the length at its beginning",
    ),
    "a sample of another length": (SAMPLE + 'hex = "FFFF"', "samples[0].hex: s: a frame of 65535 bytes"),
    "a sample that does not decode": (SAMPLE + 'hex = "000D080000200000000000000000FA"', "s: DE 11 at byte 12"),
    "a sample of another value": (
        SAMPLE + 'expect = { stan = "2", first = "30" }\nhex = "001008000020000000000010000001000230"',
        "s: stan is '000001', not '2'",
    ),
    "a sample without route": (SAMPLE + 'hex = "000D08000020000000000000000001"', "s: no route fits it"),
    "a condition that never holds": (
        ROUTE + 'mti = "0800"\nwhen = { first = "3" }\nreply = { make = ["code"] }',
        "routes.x.when: first never is '3': it has 2 characters",
    ),
    "a constant that does not fit": (
        '[constants]\ncode = "0"',
        "constants.code: code never is '0': DE 39 has format an2",
    ),
    "a code that does not fit": (
        '[codes.1]\nclass = "A"\nmeaning = "x"\n[routes.echo.codes]\napproved = "1"',
        "routes.echo.codes.approved: code never is '1': DE 39 has format an2",
    ),
    "a reply that does not say how it went": (
        OTHER + 'reply = { make = ["stan"] }',
        "routes.x.reply: makes no 'code': a terminal cannot tell how it went",
    ),
    "a MAC that is promised and not made": (
        OTHER + 'mac = "both"\nreply = { make = ["code"] }\n' + MAC,
        "routes.x.mac: promises a MAC in the reply, and the reply does not make 'mac'",
    ),
    "a MAC that is made and not promised": (
        OTHER + 'reply = { make = ["code", "mac"] }',
        "routes.x.reply.make: makes 'mac', and mac = \"both\" is not said",
    ),
    "a MAC in a refusal": (
        OTHER + 'reply = { make = ["code"] }\nrefusal = { make = ["code", "mac"] }',
        "routes.x.refusal.make: makes 'mac', and a refusal carries none",
    ),
    "a MAC without an algorithm": (
        OTHER + 'mac = "request"\nreply = { make = ["code"] }',
        "routes.x.mac: security.mac names no algorithm; known: cmac, ",
    ),
    "a MAC of another size": ("[security]\nmac_bytes = 4", "elements.mac: a MAC has 4 bytes, and DE 64 has format b8"),
    "a MAC that no algorithm makes so long": (
        MAC + 'mac_bytes = 9\n[fields.64]\nformat = "b9"\nname = "MAC"',
        "security.mac_bytes: x9.19 under 3DES keys has 8 bytes at most, not 9",
    ),
    "a coverage without what it leaves out": (
        '[security]\ncoverage = "head-to-mac"',
        "security.coverage: head-to-mac leaves out a TPDU, and this dialect has none",
    ),
    "two names for one place in a reply": (
        OTHER + 'reply = { make = ["code", "first", "first"] }',
        "routes.x.reply: makes both 'first' and 'first', which are the same place in DE 60",
    ),
    "a frame whose end may stand within": (
        '[framing]\nlength = "none"\nend = "03"',
        "framing.length: frames end with 03, and DE 2 is no text: it may hold it",
    ),
    "a MAC algorithm that is not known": (
        '[security]\nmac = "x9.91"',
        "security.mac: 'x9.91' is not known; did you mean",
    ),
    "a PIN block that is not known": ('[security]\npin_block = "iso0"', "security.pin_block: 'iso0' is not known; did"),
    "PIN blocks that are not known": ('[security.pin_blocks]\n1 = "iso"', "security.pin_blocks.1: 'iso' is not known"),
    "keys that are not known": (
        '[security]\nkeys = "dukpt"',
        "security.keys: 'dukpt' is not known; did you mean 'dukpt-",
    ),
    "tracks that are not known": ('[security]\ntrack = "tdb"', "security.track: 'tdb' is not known; known: tdb-before"),
    "keys derived from nothing": (
        '[security]\nkeys = "dukpt-3des"',
        "security.keys: there is no element 'ksn' that could say which keys are meant",
    ),
    "a package without a MAK": (
        PACKAGE.format("3des", '["pik 16"]'),
        "security.packages[0]: a key package needs at least a pik and a mak",
    ),
    "a package with a key of another size": (
        PACKAGE.format("3des", '["pik 8", "mak 16"]'),
        "security.packages[0]: a 3DES key has 16 or 24 bytes, pik has 8",
    ),
    "a package with a key twice": (
        PACKAGE.format("3des", '["pik 16", "mak 16", "mak 16"]'),
        "security.packages[0]: has more than one mak",
    ),
    "a package with a check value too long": (
        PACKAGE.format("3des", '["pik 16", "mak 16"]') + "kcv_bytes = 9",
        "security.packages[0]: a check value has up to 8 bytes, not 9",
    ),
    "a package that fits no field": (
        OTHER + 'reply = { make = ["code", "keys"] }\n[fields]\n63 = { format = "b..30", name = "keys" }\n'
        '[elements]\nkeys = "63"',
        "security.packages[0]: cannot travel in element 'keys': DE 63",
    ),
    "a reply that no host can write": (
        OTHER + 'reply = { make = ["code", "rrn"] }\n[fields]\n37 = { format = "an6", name = "rrn" }\n'
        '[elements]\nrrn = "37"',
        "routes.x.reply: makes 'rrn', which its field cannot hold: DE 37",
    ),
    "a time of no known form": (
        OTHER + 'reply = { make = ["code", "date"] }\n[fields]\n13 = { format = "n5", name = "date" }\n'
        '[elements]\ndate = "13"',
        "routes.x.reply: makes 'date', and a time of 5 digits has no known form; there are 4, 6, 8",
    ),
    "a second place of a MAC without the first": (
        '[elements]\nmac = false\nmac_secondary = "64"',
        "elements.mac_secondary: is where the MAC of a message with two bitmaps stands; name the other place",
    ),
}

NOTES = {
    "a route without name": (
        ROUTE + 'mti = "0820"\nreply = { make = ["code"] }',
        "routes.x.mti: 0820 has no name in [mtis]",
    ),
    "a route behind its twin": (
        ROUTE + 'mti = "0800"\nwhen = { first = "30" }\nreply = { make = ["code"] }',
        "routes.x: never reached: 'echo'",
    ),
    "an element that nothing has a value for": (
        OTHER + 'reply = { make = ["code", "rest"] }',
        "routes.x.reply.make: left out of every reply: no host makes 'rest', and it has no value in [constants]",
    ),
    "a layout nothing uses": ('[layouts.x]\ntitle = "x"', "layouts.x: no field uses this layout"),
    "values nothing uses": ('[values.x]\n1 = "x"', "values.x: no field and no layout uses these"),
}


def test_what_is_in_order_has_no_findings():
    assert report(GOOD) == Texts((), ())
    # its one value of a part of two characters has one
    assert notes(GOOD.replace('01 = "red"', '1 = "red"')) == [
        "my.toml:11: values.colour.1: never met: 'first' of layout 'parts' has 2 characters"
    ]


def child(text):
    """A dialect that says `text` and extends the good one."""
    return f'dialect = "my"\nextends = "good"\n{text}'


def find_good(name):
    return parse_toml(GOOD, f"{name}.toml")


@pytest.mark.parametrize("case", PROBLEMS)
def test_what_no_host_could_serve_is_a_problem(case):
    text, sentence = PROBLEMS[case]
    (found,) = problems(child(text), find_good)
    assert sentence in found
    assert found.startswith(("my.toml:", "good.toml:"))
    with pytest.raises(DataError) as caught:
        CompiledDialect(load(parse_toml(child(text), "my.toml"), find_good))
    assert str(caught.value) == found


@pytest.mark.parametrize("case", NOTES)
def test_what_has_no_effect_is_a_note(case):
    text, sentence = NOTES[case]
    (found,) = notes(child(text), find_good)
    assert sentence in found
    assert found.startswith("my.toml:")


def test_a_problem_in_a_file_that_is_extended_says_for_which():
    (line,) = problems(child('[framing]\nlength = "none"\nend = "03"'), find_good)
    assert line.startswith("my.toml:4: framing.length: ")
    (line,) = problems(child("[security]\nmac_bytes = 4"), find_good)
    assert line.startswith("good.toml:34: elements.mac: ")
    assert line.endswith(" (as my.toml extends it)")


def test_a_request_without_an_answer_is_found():
    found = report(SMALL + '[mtis]\n0800 = "management"\n')
    assert found.problems == ("my.toml:36: routes.echo.refusal: makes no 'code': a terminal cannot tell how it went",)
    assert found.notes == ("my.toml:38: routes.echo.mti: 0810, its reply, has no name in [mtis]",)
    silent = SMALL.replace('reply     = { echo = [11, 60], make = ["code"] }', "")
    assert problems(silent)[0].startswith(
        "my.toml:36: routes.echo: has no reply; say what it echoes and makes: reply ="
    )


REASONS = {"approved": "", "format_wrong": "", "closed": "format_wrong"}
WITH_REASONS = GOOD.replace('approved = "00"', 'approved = "00"\nformat_wrong = "00"').replace(
    'code  = "39"', 'code  = "39"\ntid = "2"'
)


def served(text, services=("echo",), reasons=REASONS):
    return problems(text, host=HostTables(services, reasons))


def test_a_service_that_no_host_has_is_found_with_the_nearest_one():
    assert served(WITH_REASONS) == []
    (line,) = served(WITH_REASONS.replace("routes.echo", "routes.ecko"), ["sale", "echo"])
    assert line == (
        "my.toml:37: routes.ecko: this host has no service 'ecko'; did you mean 'echo'? "
        "(served = false makes it known by name only)"
    )
    (line,) = served(WITH_REASONS.replace('title     = "echo"', 'title = "echo"\nservice = "xyz"'), ["sale", "echo"])
    assert "this host has no service 'xyz'; there are echo, sale" in line


def test_elements_without_which_no_request_can_be_answered_are_needed():
    (line,) = served(WITH_REASONS.replace('tid = "2"\n', ""))
    assert line == "my.toml:28: elements: there is no element 'tid', so no request could be answered"
    nothing_served = WITH_REASONS.replace('tid = "2"\n', "").replace("mandatory = ", "served = false\nmandatory = ")
    assert served(nothing_served) == []


def test_reasons_without_another_to_stand_for_them_need_a_code():
    assert served(WITH_REASONS, reasons={**REASONS, "older": ""}) == [
        "my.toml:47: reasons: no code for the reason 'older'"
    ]
    assert served(WITH_REASONS.replace("format_wrong", "format_worng")) == [
        "my.toml:47: reasons: no code for the reason 'format_wrong'",
        "my.toml:49: reasons.format_worng: no decision gives this reason; did you mean 'format_wrong'?",
    ]
    own = WITH_REASONS.replace("mandatory = ", 'codes = { aproved = "00" }\nmandatory = ')
    assert served(own) == [
        "my.toml:41: routes.echo.codes.aproved: no decision gives this reason; did you mean 'approved'?"
    ]


WITH_MAC = (
    GOOD.replace('make = ["code"] }', 'make = ["code", "mac"] }\nmac = "both"').replace(
        "[encoding]", "[encoding]\nsecondary = true"
    )
    + MAC
)


def test_a_mac_inside_its_own_coverage_is_found():
    beyond = WITH_MAC.replace("64 =", '70 = { format = "n3", name = "function" }\n64 =')
    assert problems(beyond) == []
    requested = beyond.replace('stan  = "11"', 'stan  = "11"\nfunction = "70"').replace(
        '["stan"]', '["stan", "function"]'
    )
    (line,) = problems(requested)
    assert line == (
        "my.toml:43: routes.echo.mandatory: DE 70 stands behind the MAC (DE 64), which would lie inside its own "
        "coverage; name a later DE as element 'mac_secondary'"
    )
    answered = beyond.replace("echo = [11, 60]", "echo = [11, 70]")
    assert "routes.echo.reply: DE 70 stands behind the MAC (DE 64)" in problems(answered)[0]
    later = requested.replace("64 =", '128 = { format = "b8", name = "MAC" }\n64 =').replace(
        'mac   = "64"', 'mac   = "64"\nmac_secondary = "128"'
    )
    assert problems(later) == []


LAYOUT = '[layouts.{0}]\ntitle = "{0}"\n{1}\nparts = [{{ size = {2}, name = "p" }}]\n'


@pytest.mark.parametrize(
    ("one", "other", "sentence"),
    [
        ("", 'mti = "0800"', "'b' is never reached: 'a' fits each message that it fits"),
        ('mti = ["0800", "0810"]', 'mti = "0800"', "'b' is never reached: 'a' fits each message that it fits"),
        ('mti = "0800"', 'mti = "0800"\nwhen = { code = "00" }', "'b' is never reached: 'a' fits each message that"),
        ('when = { code = "00" }', 'mti = "0800"', "'a' and 'b' fit the same messages; make one the special case"),
        ('when = { code = ["00", "01"] }', 'when = { code = ["01", "02"] }', "'a' and 'b' fit the same messages"),
        ('mti = "0800"\nwhen = { code = "00" }', 'mti = "0800"', ""),
        ('when = { code = "00" }', 'when = { code = "01" }', ""),
        ('mti = "0800"', 'mti = "0810"', ""),
    ],
)
def test_layouts_that_fit_the_same_messages_are_found(one, other, sentence):
    text = GOOD.replace('"bytes" }', '"bytes", layouts = ["a", "b"] }')
    found = notes(text + LAYOUT.format("a", one, 3) + LAYOUT.format("b", other, 3))
    assert [line.split("layouts: ")[1][: len(sentence)] for line in found] == [sentence] * bool(sentence)
    assert all(line.startswith("my.toml:25: fields.62.layouts: ") for line in found)


def test_a_layout_longer_than_its_field_is_found():
    assert (
        "layout 'parts' has 13 characters, and DE 60 has format n...12"
        in report(GOOD.replace("size = 2", "size = 13")).notes[1]
    )
