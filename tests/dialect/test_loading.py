"""Reading dialects: what they may say, and the one sentence that answers what they may not."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from acquirer.app.dialects import lint_dialect
from acquirer.data import table
from acquirer.data.toml import DataError, parse_toml
from acquirer.dialect import router
from acquirer.dialect.lint import Report, lint
from acquirer.dialect.loading import EXTENDS_LIMIT, load
from acquirer.settings.specs import document, finder
from acquirer.wire import notation

SMALL = Path(__file__).with_name("small.toml").read_text(encoding="utf-8")


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
    assert str(dialect.error(("routes", "echo", "mti"), "x")) == "my.toml:38: routes.echo.mti: x"
    assert str(dialect.error(("security", "packages", 0, "keys"), "x")) == "my.toml:53: security.packages[0].keys: x"


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
    with pytest.raises(DataError) as exc:
        read(SMALL.replace(mistake, instead))
    assert str(exc.value).startswith("my.toml" + answer)
    report = lint(parse_toml(SMALL.replace(mistake, instead), "my.toml"), nothing)
    assert [str(problem) for problem in report.problems] == [str(exc.value)]


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
    with pytest.raises(DataError) as exc:
        read(text)
    assert answer in str(exc.value)
    assert exc.value.line > 0


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
    fields: dict[int, str | bytes] = {}
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
def test_a_form_that_cannot_be_recognised_is_refused(text, answer):
    with pytest.raises(DataError) as exc:
        read(text)
    assert answer in str(exc.value)


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


def test_a_mistake_is_reported_of_the_file_that_makes_it():
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
    assert lint_dialect(str(own)) == Report(())


@pytest.mark.parametrize("module", [table, notation, router])
def test_examples_run(module):
    assert doctest.testmod(module).failed == 0
