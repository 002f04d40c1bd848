"""Reading dialects: what they may say, and the one sentence that answers what they may not."""

from __future__ import annotations

import doctest

import pytest

from acquirer.data import table
from acquirer.data.toml import DataError, parse_toml
from acquirer.dialect import router
from acquirer.dialect.lint import lint
from acquirer.dialect.loading import EXTENDS_LIMIT, load
from acquirer.settings.specs import document, finder, lint_dialect
from acquirer.wire import notation

SMALL = """\
dialect = "small"
title   = ["Small", "小"]

[encoding]
mti    = "bcd"
bitmap = "binary"
length = "bcd"
n      = "bcd"

[values.colour]
1 = "red"

[layouts.parts]
title = "parts"
parts = [
    { size = 2, name = "first", values = "colour" },
    { name = "rest" },
]

[fields]
 2 = { format = "n..19",   name = "card" }
11 = { format = "n6",      name = "trace" }
39 = { format = "an2",     name = "code" }
60 = { format = "n...12",  name = "private", layouts = ["parts"] }
62 = { format = "b...999", name = "bytes" }
64 = { format = "b8",      name = "MAC" }

[elements]
stan  = "11"
code  = "39"
first = "60.1"
rest  = "60.2"
words = "62 text"
mac   = "64"

[routes.echo]
title     = "echo"
mti       = "0800"
when      = { first = "30" }
mandatory = ["stan"]
reply     = { echo = [11, 60], make = ["code"] }

[codes]
00 = { class = "A", meaning = "approved" }

[reasons]
approved = "00"

[[security.packages]]
selector = "003"
cipher   = "3des"
wrap     = "3des"
keys     = ["pik 16"]
"""


def nothing(name):
    raise DataError(name, 0, "", "no dialect of this name")


def read(text, **others):
    def find(name):
        return parse_toml(others[name], f"{name}.toml") if name in others else nothing(name)

    return load(parse_toml(text, "my.toml"), find)


def test_a_small_dialect_is_a_dialect():
    dialect = read(SMALL)
    assert dialect.title.zh == "小"
    assert dialect.framing.name == "binary2"
    assert dialect.framing.minimum_bytes == 10  # neither TPDU nor head
    assert dialect.encode("0800", {11: "000001"}).hex() == "08000020000000000000000001"
    assert dialect.codes["00"].shown.en == "approved"
    assert dialect.reply_envelope(b"\x08\x00") == (b"", b"")
    assert dialect.origin("routes.echo.mti") == "my.toml:38"
    assert dialect.origin("security.packages[0].keys") == "my.toml:53"


# what is written instead of what, and the answer
MISTAKES = {
    'title   = ["Small", "小"]': ("", ":1: title: is missing"),
    "[encoding]": ("[encodings]", ":4: encodings: unknown key; did you mean 'encoding'?"),
    'mti    = "bcd"': ('mti = "bdc"', ":5: encoding.mti: unknown value 'bdc'; did you mean 'bcd'?"),
    'n      = "bcd"': ('nn = "bcd"', ":8: encoding.nn: unknown key; did you mean 'n'?"),
    '"n..19",  ': ('"n..xx",', ":21: fields.2.format: 'n..xx' is no format; write a class"),
    '"an2",    ': ('"an..100",', ":23: fields.39.format: an..100 does not fit its length indicator, which ends at 99"),
    "39 =": ("139 =", ":23: fields.139: no number of a data element; they go from 2 to 64 (encoding.secondary"),
    'name = "code"': ('nam = "code"', ":23: fields.39.name: is missing"),
    'name = "trace"': ('name = "trace", shwo = ""', ":22: fields.11.shwo: unknown key; did you mean 'show'?"),
    'layouts = ["parts"]': (
        'layouts = ["prats"]',
        ":24: fields.60.layouts: unknown layout 'prats'; did you mean 'parts'?",
    ),
    'values = "colour"': (
        'values = "color"',
        ":16: layouts.parts.parts[0].values: unknown value 'color'; did you mean 'colour'?",
    ),
    'stan  = "11"': ('stan = "12"', ":29: elements.stan: this dialect has no DE 12"),
    'first = "60.1"': ('first = "60.3"', ":31: elements.first: DE 60 has 2 parts in its first layout"),
    'words = "62 text"': ('words = "60 text"', ":33: elements.words: 'text' is for a whole binary field"),
    'mac   = "64"': ('mac = "sixty"', ":34: elements.mac: 'sixty' is no place; write a DE"),
    'mti       = "0800"': ('mti = "0810"', ":38: routes.echo.mti: '0810' is no request's MTI"),
    'first = "30"': ('frist = "30"', ":39: routes.echo.when.frist: unknown element 'frist'; did you mean 'first'?"),
    '["stan"]': ('["stan or pan"]', ":40: routes.echo.mandatory: unknown element 'pan'"),
    "[11, 60]": ("[11, 61]", ":41: routes.echo.reply.echo: this dialect has no DE 61"),
    "[11, 60],": ('[11, "60"],', ":41: routes.echo.reply.echo[1]: must be a whole number"),
    'make = ["code"]': ('make = "cod"', ":41: routes.echo.reply.make: unknown element 'cod'; did you mean 'code'?"),
    'class = "A"': ('class = "F"', ":44: codes.00.class: unknown value 'F'; choose from A, B, C, D, E"),
    'approved = "00"': ('approved = "01"', ":47: reasons.approved: unknown code '01'"),
    'cipher   = "3des"': (
        'cipher = "4des"',
        ":51: security.packages[0].cipher: unknown value '4des'; did you mean 'des'?",
    ),
    '"pik 16"': ('"pik16"', ":53: security.packages[0].keys: 'pik16' is no key of a package"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_answered_with_file_line_key_and_what_to_do(mistake):
    instead, answer = MISTAKES[mistake]
    assert SMALL.count(mistake) == 1
    with pytest.raises(DataError) as wrong:
        read(SMALL.replace(mistake, instead))
    assert str(wrong.value).startswith("my.toml" + answer)
    assert lint(parse_toml(SMALL.replace(mistake, instead), "my.toml"), nothing) == [str(wrong.value)]


@pytest.mark.parametrize(
    ("section", "answer"),
    [
        ('[framing]\nlength = "binary"', "framing.length: unknown value 'binary'; write binary2"),
        ('[framing]\nlength = "none"', "framing.length: frames without a length need an end; write it in hexadecimal"),
        (
            '[framing]\nlength = "none"\nend = "03"\nfiller = "00"',
            "framing.filler: there is no length it could belong to",
        ),
        ("[framing]\nincludes_end = true", "framing.includes_end: there is no end to count"),
        ('[framing]\nend = "ETX"', "framing.end: must be hexadecimal digits, two to a byte"),
        ("[framing]\nlimit_bytes = 99999", "framing.limit_bytes: must lie between 10 and 65535"),
        ('[envelope]\ntpdu = "60"', "envelope.tpdu: must be 10 hexadecimal digits"),
        ('[envelope]\nhead = "6"', "envelope.head: must be hexadecimal digits, two to a byte"),
        ("[envelope]\nprocessing_digit = 1", "envelope.processing_digit: the head has 0 digits"),
        ('[padding]\nz = "middle 0"', "padding.z: 'middle 0' is no padding"),
        ('[[samples]]\ntitle = "x"\nhex = "0"', "samples[0].hex: must be hexadecimal digits"),
        ("extends = 3", "extends: must be the name of a dialect"),
        ('extends = "other"', "extends: 'other': no dialect of this name"),
    ],
)
def test_sections_are_checked_as_well(section, answer):
    text = f"{section}\n{SMALL}" if section.startswith("extends") else f"{SMALL}\n{section}\n"
    with pytest.raises(DataError) as wrong:
        read(text)
    assert answer in str(wrong.value)
    assert wrong.value.line > 0


FORM = """
[layouts.labelled]
title = "labelled"
parts = [{ size = 2, name = "label", fixed = "No" }, { size = 2, name = "length", counts = true }, { name = "number" }]
"""


def formed(place: str, form: str = FORM) -> str:
    text = SMALL.replace('name = "private", layouts = ["parts"]', 'name = "private", layouts = ["parts", "labelled"]')
    return text.replace('stan  = "11"', f'number = "{place}"\nstan = "11"') + form


def test_an_element_may_begin_behind_parts_that_tell_the_form_of_a_text():
    dialect = read(formed("60 from labelled.3"))
    assert dialect.get_from({60: "No0511111"}, "number") == "11111"
    assert dialect.get_from({60: "No0411111"}, "number") == "No0411111"
    assert dialect.get_from({}, "number") is None
    fields = {}
    dialect.put(fields, "number", "No0511111")  # written whole
    assert fields == {60: "No0511111"}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (formed("60 from labeled.3"), "elements.number: DE 60 has no layout 'labeled'; did you mean 'labelled'?"),
        (
            formed("60 from labelled.4"),
            "elements.number: layout 'labelled' has 3 parts; begin with one after the first",
        ),
        (
            formed("60 from labelled.1"),
            "elements.number: layout 'labelled' has 3 parts; begin with one after the first",
        ),
        (formed("60 from parts.2"), "elements.number: no part of 'parts' before it is fixed or counts"),
        (formed("60.2 from labelled.3"), "elements.number: is part 2 of DE 60 or begins with a part of a layout"),
        (formed("11", FORM.replace('"No"', '"Nr."')), "layouts.labelled.parts[0].fixed: does not fit the part's size"),
        (formed("11", FORM.replace("{ name =", "{ counts = true, name =")), "parts[2].counts: does not fit"),
    ],
)
def test_a_form_that_cannot_be_told_is_refused(text, answer):
    with pytest.raises(DataError) as wrong:
        read(text)
    assert answer in str(wrong.value)


# ── extends ──


def test_a_child_says_only_what_differs():
    child = read(
        'dialect = "child"\ntitle = "Child"\nextends = "small"\n'
        '[encoding]\nbitmap = "ascii"\n'
        '[fields]\n60 = { format = "n...20" }\n62 = false\n[elements]\nwords = false\n',
        small=SMALL,
    )
    assert (child.name, child.title.en) == ("child", "Child")
    assert child.fields[60].maximum == 20
    assert child.fields[60].name.en == "private"
    assert 62 not in child.fields
    assert child.encode("0800", {11: "000001"}).hex() == "0800" + b"0020000000000000".hex() + "000001"
    assert child.find_route("echo").mandatory == ("stan",)


def test_a_mistake_is_told_of_the_file_that_makes_it():
    head = 'dialect = "child"\nextends = "small"\n'
    with pytest.raises(DataError, match=r"^my.toml:4: fields.11.format: 'q' is no format"):
        read(head + '[fields]\n11 = { format = "q" }', small=SMALL)
    with pytest.raises(DataError, match=r"^small.toml:29: elements.stan: this dialect has no DE 11"):
        read(head + "[fields]\n11 = false", small=SMALL)
    with pytest.raises(DataError, match=r"^small.toml:1: not TOML"):
        read(head, small="dialect")


def test_dialects_that_extend_each_other_are_a_circle():
    a, b = 'dialect = "a"\nextends = "b"', 'dialect = "b"\nextends = "a"'
    with pytest.raises(DataError, match=f"my.toml:2: extends: more than {EXTENDS_LIMIT} dialects"):
        read(a, a=a, b=b)


def test_unionpay_can_be_extended_by_a_file_of_ones_own(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('dialect = "own"\nextends = "unionpay-pos"\n[constants]\nacquirer = "1234"\n', encoding="utf-8")
    dialect = load(document(str(own)), finder(str(own)))
    assert dialect.constants["acquirer"] == "1234"
    assert dialect.constants["currency"] == "156"
    assert lint_dialect(str(own)) == []


# ── lint ──

GOOD = SMALL + '[mtis]\n0800 = "management"\n0810 = "management reply"\n[refusal]\nmake = ["code"]\n'

SAMPLE = '[[samples]]\ntitle = "s"\n'
ROUTE = '[routes.x]\ntitle = "x"\n'
DEAD = {
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
    "a route without name": (ROUTE + 'mti = "0820"', "routes.x.mti: 0820 has no name in [mtis]"),
    "a route behind its twin": (ROUTE + 'mti = "0800"\nwhen = { first = "30" }', "routes.x: never reached: 'echo'"),
    "a condition that never holds": (
        ROUTE + 'mti = "0800"\nwhen = { first = "3" }',
        "routes.x.when: first never is '3': it has 2 characters",
    ),
    "a constant that does not fit": (
        '[constants]\ncode = "0"',
        "constants.code: code never is '0': DE 39 has format an2",
    ),
    "a layout nobody uses": ('[layouts.x]\ntitle = "x"', "layouts.x: no field uses this layout"),
    "a reply that does not say how it went": (
        ROUTE + 'mti = "0800"\nwhen = { first = "31" }\nreply = { make = ["stan"] }',
        "routes.x.reply: makes no 'code': a terminal cannot tell how it went",
    ),
    "a MAC that is promised and not made": (
        ROUTE + 'mti = "0800"\nmac = "both"\nwhen = { first = "31" }\nreply = { make = ["code"] }',
        "routes.x.mac: promises a MAC in the reply, and the reply does not make 'mac'",
    ),
    "a MAC that is made and not promised": (
        ROUTE + 'mti = "0800"\nwhen = { first = "31" }\nreply = { make = ["code", "mac"] }',
        "routes.x.reply.make: makes 'mac', and mac = \"both\" is not said",
    ),
    "a MAC of another size": ("[security]\nmac_bytes = 4", "elements.mac: a MAC has 4 bytes, and DE 64 has format b8"),
    "a coverage without what it leaves out": (
        '[security]\ncoverage = "head-to-mac"',
        "security.coverage: head-to-mac leaves out a TPDU, and this dialect has none",
    ),
    "two names for one place in a reply": (
        ROUTE + 'mti = "0800"\nwhen = { first = "31" }\nreply = { make = ["code", "first", "first"] }',
        "routes.x.reply: makes both 'first' and 'first', which are the same place in DE 60",
    ),
    "a frame whose end may stand within": (
        '[framing]\nlength = "none"\nend = "03"',
        "framing.length: frames end with 03, and DE 2 is no text: it may hold it",
    ),
    "values nobody uses": ('[values.x]\n1 = "x"', "values.x: no field and no layout uses these"),
}


def test_what_is_in_order_has_no_findings():
    assert lint_dialect("unionpay-pos") == []
    # its one value of a part of two characters has one
    assert lint(parse_toml(GOOD, "my.toml"), nothing) == [
        "my.toml:11: values.colour.1: never met: 'first' of layout 'parts' has 2 characters"
    ]


@pytest.mark.parametrize("case", DEAD)
def test_what_loads_and_cannot_be_meant_is_found(case):
    text, sentence = DEAD[case]
    found = lint(parse_toml(GOOD.replace('1 = "red"', '01 = "red"') + text, "my.toml"), nothing)
    assert len(found) == 1
    assert sentence in found[0]
    assert found[0].startswith("my.toml:")


def findings(text, *known):
    return lint(parse_toml(text.replace('1 = "red"', '01 = "red"'), "my.toml"), nothing, *known)


def test_a_finding_in_a_file_that_is_extended_says_for_whom():
    def find(_name):
        return parse_toml(
            GOOD.replace('1 = "red"', '01 = "red"') + SAMPLE + 'hex = "000D08000020000000000000000001"', "good.toml"
        )

    child = 'dialect = "child"\nextends = "good"\n[framing]\nlength = "ascii4"\nlimit_bytes = 99'
    (line,) = lint(parse_toml(child, "child.toml"), find)
    assert line.startswith("good.toml:")
    assert line.endswith(" (as child.toml extends it)")


def test_a_request_nobody_answers_is_found():
    assert findings(SMALL + '[mtis]\n0800 = "management"\n') == [
        "my.toml:36: routes.echo.refusal: makes no 'code': a terminal cannot tell how it went",
        "my.toml:38: routes.echo.mti: 0810, its reply, has no name in [mtis]",
    ]
    silent = SMALL.replace('reply     = { echo = [11, 60], make = ["code"] }', "")
    assert findings(silent)[0].startswith(
        "my.toml:36: routes.echo: has no reply; say what it echoes and makes: reply ="
    )


def test_a_service_that_no_host_has_is_found_with_the_nearest_one():
    assert findings(GOOD, (), ["echo"]) == []
    (line,) = findings(GOOD.replace("routes.echo", "routes.ecko"), (), ["echo", "sale"])
    assert line.startswith("my.toml:36: routes.ecko: no host serves 'ecko'; did you mean 'echo'? (served = false makes")
    (line,) = findings(GOOD.replace('title     = "echo"', 'title = "echo"\nservice = "xyz"'), (), ["echo", "sale"])
    assert "no host serves 'xyz'; there are echo, sale" in line


WITH_MAC = GOOD.replace('make = ["code"] }', 'make = ["code", "mac"] }\nmac = "both"').replace(
    "[encoding]", "[encoding]\nsecondary = true"
)


def test_a_mac_inside_its_own_coverage_is_found():
    beyond = WITH_MAC.replace("64 =", '70 = { format = "n3", name = "function" }\n64 =')
    assert findings(beyond) == []
    asked = beyond.replace('stan  = "11"', 'stan  = "11"\nfunction = "70"').replace('["stan"]', '["stan", "function"]')
    (line,) = findings(asked)
    assert line == (
        "my.toml:43: routes.echo.mandatory: DE 70 stands behind the MAC (DE 64), which would lie inside its own "
        "coverage; name a later DE as element 'mac_secondary'"
    )
    answered = beyond.replace("echo = [11, 60]", "echo = [11, 70]")
    assert "routes.echo.reply: DE 70 stands behind the MAC (DE 64)" in findings(answered)[0]
    later = asked.replace("64 =", '128 = { format = "b8", name = "MAC" }\n64 =').replace(
        'mac   = "64"', 'mac   = "64"\nmac_secondary = "128"'
    )
    assert findings(later) == []


LAYOUT = '[layouts.{0}]\ntitle = "{0}"\n{1}\nparts = [{{ size = {2}, name = "p" }}]\n'


@pytest.mark.parametrize(
    ("one", "other", "sentence"),
    [
        ("", 'mti = "0800"', "'b' is never reached: 'a' fits whatever it fits"),
        ('mti = ["0800", "0810"]', 'mti = "0800"', "'b' is never reached: 'a' fits whatever it fits"),
        ('mti = "0800"', 'mti = "0800"\nwhen = { code = "00" }', "'b' is never reached: 'a' fits whatever it fits"),
        ('when = { code = "00" }', 'mti = "0800"', "'a' and 'b' fit the same messages; make one the special case"),
        ('when = { code = ["00", "01"] }', 'when = { code = ["01", "02"] }', "'a' and 'b' fit the same messages"),
        ('mti = "0800"\nwhen = { code = "00" }', 'mti = "0800"', ""),
        ('when = { code = "00" }', 'when = { code = "01" }', ""),
        ('mti = "0800"', 'mti = "0810"', ""),
    ],
)
def test_layouts_that_fit_the_same_messages_are_found(one, other, sentence):
    text = GOOD.replace('"bytes" }', '"bytes", layouts = ["a", "b"] }')
    found = findings(text + LAYOUT.format("a", one, 3) + LAYOUT.format("b", other, 3))
    assert [line.split("layouts: ")[1][: len(sentence)] for line in found] == [sentence] * bool(sentence)
    assert all(line.startswith("my.toml:25: fields.62.layouts: ") for line in found)


def test_a_layout_longer_than_its_field_is_found():
    text = GOOD.replace("size = 2", "size = 13")
    assert "layout 'parts' has 13 characters, and DE 60 has format n...12" in findings(text)[1]


def test_reasons_must_all_have_a_code_and_none_may_be_unknown():
    text = GOOD.replace('1 = "red"', '01 = "red"')
    assert lint(parse_toml(text, "my.toml"), nothing, ["approved"]) == []
    assert [
        line.split(": ", 2)[2] for line in lint(parse_toml(text, "my.toml"), nothing, ["aproved", "mac_differs"])
    ] == [
        "no code for the reason 'aproved'",
        "no code for the reason 'mac_differs'",
        "no decision gives this reason; did you mean 'aproved'?",
    ]


@pytest.mark.parametrize("module", [table, notation, router])
def test_examples_run(module):
    assert doctest.testmod(module).failed == 0
