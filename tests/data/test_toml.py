"""TOML documents know their lines, and errors about them say where, what and what to do."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.data.toml import DataError, did_you_mean, dotted, parse_toml

HOUSE = '''\
# a comment with [brackets] and key = 1
title = "a # b = [c]"          # line 2
site."shop name".'x.y' = 1     # line 3

text = """
looks = "like a key"
[looks.like.a.header]
""""                           # line 8 ends with a quote inside
list = [                       # line 9
    { tid = "1", at = 1979-05-27 07:32:00 },
    [ 1, 2,                    # line 11
      3 ],
]
plain = \'\'\'
not = "a key"\'\'\'

[a.b.c]                        # line 17
deep = { x = { y = [ 1 ] } }

[a]                            # line 20
flag = true

[[terminal]]                   # line 23
tid = "10000001"
[terminal.policy]
required = "daily"
[[terminal.card]]
pan = "1"
[[ "terminal" ]]               # line 29
tid = "10000002"
[["terminal".card]]            # line 31
pan = "2"
[[terminal.card]]
pan = "3"
["\\u0041"]                     # line 35
"say \\"hi\\"" = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("site",), 3),
        (("site", "shop name"), 3),
        (("site", "shop name", "x.y"), 3),
        (("text",), 5),
        (("list",), 9),
        (("list", 0, "at"), 10),
        (("list", 1), 11),
        (("list", 1, 1), 11),
        (("list", 1, 2), 12),
        (("plain",), 14),
        (("a", "b"), 17),
        (("a", "b", "c", "deep", "x", "y", 0), 18),
        (("a",), 20),
        (("a", "flag"), 21),
        (("terminal",), 23),
        (("terminal", 0), 23),
        (("terminal", 0, "policy"), 25),
        (("terminal", 0, "policy", "required"), 26),
        (("terminal", 0, "card", 0, "pan"), 28),
        (("terminal", 1), 29),
        (("terminal", 1, "tid"), 30),
        (("terminal", 1, "card"), 31),
        (("terminal", 1, "card", 1), 33),
        (("terminal", 1, "card", 1, "pan"), 34),
        (("A",), 35),
        (("A", 'say "hi"'), 36),
    ],
)
def test_every_way_to_write_a_key_has_its_line(path: tuple[str | int, ...], line: int) -> None:
    document = parse_toml(HOUSE, "house.toml")
    assert document.data == tomllib.loads(HOUSE)
    assert document.lines[path] == line


def test_an_error_about_an_absent_key_names_the_line_of_its_nearest_ancestor() -> None:
    document = parse_toml(HOUSE, "house.toml")
    assert document.line(("terminal", 1, "mid")) == 29
    assert document.line(("a", "b", "c", "deep", "z", "z")) == 18
    assert document.line(("nowhere",)) == 1
    assert document.line(()) == 1


@pytest.mark.parametrize("text", [HOUSE, HOUSE.replace("\n", "\r\n"), "\ufeff" + HOUSE])
def test_neither_windows_line_ends_nor_a_byte_order_mark_move_a_line(text: str) -> None:
    assert parse_toml(text, "house.toml").lines == parse_toml(HOUSE, "house.toml").lines


# --- random documents: a writer that knows the line of everything it writes --------------------------------------

names = st.sampled_from(["a", "b", "tid", "x-1", "7", "with space", "dot.ted", 'quo"te', "[x]", "= 1", "#", "é", ""])
SCALARS = [
    "1", "-0.5", "true", "inf", "0xFF", "1979-05-27", "1979-05-27 07:32:00Z", "07:32:00", "''", '""', "'#='",
    '"[ \\" ] = 1 # no"', '"\\\\"', "'C:\\'", '"""x"""',
    '"""\n[no.header]\nno = "key"\n\\"""\n"" """""',
    "'''\n[[no]]\n'no' = 1'''''",
]  # fmt: skip
scalars = st.sampled_from(SCALARS)
gaps = st.sampled_from(["", " ", "\n", "\t# [no] = {\n", "\n\n  # 'no\n"])
Values = str | list[Any] | dict[str, Any]
inline: st.SearchStrategy[Values] = st.recursive(
    scalars, lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(names, deeper, max_size=2), max_leaves=5
)
tables: st.SearchStrategy[Any] = st.deferred(
    lambda: st.tuples(st.dictionaries(names, inline, max_size=3), st.dictionaries(names, nested))
)
nested: st.SearchStrategy[Any] = st.one_of(
    st.just((dict[str, Any](), dict[str, Any]())),
    st.tuples(st.dictionaries(names, inline, max_size=2), st.dictionaries(names, st.just(({}, {})), max_size=1)),
    st.lists(st.tuples(st.dictionaries(names, inline, max_size=2), st.just({})), min_size=1, max_size=3),
)


class Writer:
    """Writes a document and remembers where it put everything."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.text = ""
        self.lines: dict[tuple[str | int, ...], int] = {}

    def note(self, path: tuple[str | int, ...]) -> None:
        self.lines.setdefault(path, self.text.count("\n") + 1)

    def key(self, name: str) -> str:
        quoted = '"' + name.replace('"', '\\"').replace("é", "\\u00e9") + '"'
        styles = [quoted]
        if name and name.isascii() and name.replace("-", "").isalnum():
            styles.append(name)
        if '"' in name or name.isascii():
            styles.append(f"'{name}'")
        return self.draw(st.sampled_from(styles))

    def value(self, path: tuple[str | int, ...], value: Values) -> None:
        if isinstance(value, str):
            self.text += value
        elif isinstance(value, list):
            self.text += "["
            for i, item in enumerate(value):
                self.text += self.draw(gaps)
                self.note((*path, i))
                self.value((*path, i), item)
                self.text += self.draw(gaps) + ("," if i < len(value) - 1 else self.draw(st.sampled_from(["", ","])))
            self.text += self.draw(gaps) + "]"
        else:
            self.text += "{ "
            for i, (name, item) in enumerate(value.items()):
                self.text += ", " if i else ""
                self.note((*path, name))
                self.text += self.key(name) + " = "
                self.value((*path, name), item)
            self.text += " }"

    def table(self, path: tuple[str | int, ...], written: tuple[str, ...], table: Any) -> None:
        pairs, subtables = table
        for name, value in pairs.items():
            self.text += self.draw(st.sampled_from(["", "\n", "# [no]\n", "  "]))
            self.note((*path, name))
            self.text += f"{self.key(name)} {self.draw(st.sampled_from(['', '  ']))}= "
            if isinstance(value, dict) and value and self.draw(st.booleans()):  # the same, as a dotted key
                self.text = self.text[: self.text.rindex("\n") + 1]
                self.dotted(path, name, value)
                continue
            self.value((*path, name), value)
            self.text += self.draw(st.sampled_from(["\n", " # no = 1\n"]))
        for name, subtable in subtables.items():
            if name in pairs:
                continue
            many = isinstance(subtable, list)
            for i, one in enumerate(subtable if many else [subtable]):
                deeper = (*written, name)
                self.note((*path, name))
                if many:
                    self.note((*path, name, i))
                self.text += (
                    f"{'[[' if many else '['} {' . '.join(map(self.key, deeper))}{']]' if many else ']'} # [x]\n"
                )
                self.table((*path, name, i) if many else (*path, name), deeper, one)

    def dotted(self, path: tuple[str | int, ...], name: str, value: dict[str, Any]) -> None:
        for inner, item in value.items():
            self.note((*path, name))
            self.note((*path, name, inner))
            self.text += f"{self.key(name)}.{self.key(inner)} = "
            self.value((*path, name, inner), item)
            self.text += "\n"


@st.composite
def documents(draw: st.DrawFn) -> Writer:
    writer = Writer(draw)
    writer.text = draw(st.sampled_from(["", "\n", "# x = [\n"])) + "\n"
    writer.table((), (), draw(tables))
    return writer


@pytest.mark.slow
@given(documents())
@settings(max_examples=300, deadline=None)
def test_every_table_key_and_item_of_any_document_has_the_line_it_was_written_on(written: Writer) -> None:
    document = parse_toml(written.text, "any.toml")
    assert document.data == tomllib.loads(written.text)
    assert document.lines == written.lines
    assert set(document.lines) == set(paths(document.data))


def paths(data: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [deeper for step, value in items for deeper in [(*path, step), *paths(value, (*path, step))]]


@given(st.text(alphabet=st.sampled_from("ab.= \n[]{},#\"'\\1-:"), max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_document_or_a_sentence_with_a_line(text: str) -> None:
    try:
        document = parse_toml(text, "any.toml")
    except DataError as exc:
        sentence, line = str(exc), exc.line
    else:
        assert set(document.lines) == set(paths(document.data))
        return
    assert sentence.startswith(f"any.toml:{line}: not TOML: ")
    assert 1 <= line <= text.count("\n") + 1


# --- what is wrong with it -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a = 1\nb = ", "x.toml:2: not TOML: invalid value"),
        ("a = 1\na = 2\n", "x.toml:2: not TOML: cannot overwrite a value"),
        ("[a\n", "x.toml:1: not TOML: expected ']' at the end of a table declaration"),
        ("a = " + "[" * 5000, "x.toml: not TOML: brackets are nested too deep"),
        ("a = " + "1" * 5000, "x.toml: not TOML: a number has more digits than can be read"),
    ],
)
def test_text_that_is_not_toml_is_refused_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_toml(text, "x.toml")
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_an_error_names_file_line_and_key() -> None:
    document = parse_toml('[[terminal]]\ntid = "1"\n', "shop.toml")
    error = document.error(("terminal", 0, "tid"), "has 1 character, needs 8")
    assert str(error) == "shop.toml:2: terminal[0].tid: has 1 character, needs 8"
    assert (error.name, error.line, error.key) == ("shop.toml", 2, "terminal[0].tid")


def test_an_unknown_key_names_the_nearest_known_one() -> None:
    document = parse_toml('tmk = ""\nmack = "single"\n', "shop.toml")
    assert str(document.unknown(("mack",), ["mak", "tmk"])) == "shop.toml:2: mack: unknown key; did you mean 'mak'?"
    assert str(document.unknown(("zzz",), ["mak", "tmk"])) == "shop.toml:1: zzz: unknown key"


@given(st.text("abcdef", min_size=3, max_size=8), st.lists(st.text("abcdef", min_size=1), max_size=5))
def test_a_word_is_nearest_to_itself(word: str, others: list[str]) -> None:
    assert did_you_mean(word, [*others, word]) == f"; did you mean '{word}'?"


def test_paths_are_written_as_people_write_them() -> None:
    assert dotted(("terminal", 0, "keys", "mak")) == "terminal[0].keys.mak"
    assert dotted(()) == ""
