"""Files that extend a shipped dialect and change how it is written: limits follow, samples are written again."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquirer.app.dialects import lint_dialect, served_dialect
from acquirer.data.toml import DataError
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.samples import read_frame
from acquirer.settings.specs import load_dialect


@pytest.fixture
def make(tmp_path: Path):
    """Writes a dialect that extends another, and returns its path."""

    def written(parent: str, more: str, name: str = "mine") -> str:
        path = tmp_path / f"{name}.toml"
        path.write_text(f'dialect = "{name}"\nextends = "{parent}"\n{more}', encoding="utf-8")
        return str(path)

    return written


def found(path: str) -> list[str]:
    """Return problems and notes without the directory of the file."""
    report = lint_dialect(path)
    return [str(one).removeprefix(str(Path(path).parent) + "/") for one in (*report.problems, *report.notes)]


def messages(dialect: Dialect) -> list[tuple[str, dict[int, str | bytes]]]:
    """Return what the samples say; tracks as text, whose separator is another one in half bytes."""
    decoded = [dialect.decode(read_frame(dialect, sample)) for sample in dialect.samples]
    tracks = [message.fields | {35: str(message.fields.get(35, "")).replace("D", "=")} for message in decoded]
    return [(message.mti, fields) for message, fields in zip(decoded, tracks, strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parent", "more"),
    [
        ("iso8583-1987-ascii", '[framing]\nlength = "binary2"\n'),
        ("iso8583-1987-ascii", '[framing]\nlength = "ascii4"\nincludes_itself = true\n'),
        ("iso8583-1987-ascii", '[framing]\nstart = "02"\nend = "03"\n'),
        ("iso8583-1987-ascii", '[envelope]\ntpdu = "6000010000"\n'),
        ("iso8583-1987-ascii", '[encoding]\nbitmap = "binary"\nn = "bcd"\nmti = "bcd"\nlength = "bcd"\nb = "binary"\n'),
        ("iso8583-1987-binary", '[padding]\nn_fixed = "right 0"\n'),
        ("iso8583-1987-binary", '[encoding]\ntext = "ebcdic"\n'),
        ("unionpay-pos", '[envelope]\ntpdu = ""\nhead = ""\nprocessing_digit = 0\n'),
        ("unionpay-pos", '[framing]\nlength = "bcd2"\n'),
        ("unionpay-pos-sm4", '[envelope]\nhead = "00"\nprocessing_digit = 2\n'),
    ],
)
def test_samples_of_the_parent_are_written_again(parent: str, more: str, make) -> None:
    path = make(parent, more)
    assert found(path) == []
    dialect, extended = load_dialect(path), load_dialect(parent)
    assert [sample.hex for sample in dialect.samples] != [sample.hex for sample in extended.samples]
    assert messages(dialect) == messages(extended)


def test_a_sample_that_is_right_as_it_stands_is_taken_over(make) -> None:
    assert load_dialect(make("unionpay-pos", "")).samples == load_dialect("unionpay-pos").samples


def test_they_are_written_again_from_child_to_child(make) -> None:
    make("unionpay-pos", '[envelope]\nhead = "00"\nprocessing_digit = 2\n', "first")
    path = make("first.toml", '[framing]\nlength = "ascii4"\n', "second")
    assert found(path) == []
    assert messages(load_dialect(path)) == messages(load_dialect("unionpay-pos"))


@pytest.mark.parametrize(
    ("more", "left_out"),
    [
        ("[routes]\necho = false\n", "echo test"),
        ("[routes]\nkey_change = false\n", "key change"),
    ],
)
def test_a_sample_that_a_child_has_no_message_for_is_left_out_with_a_note(more: str, left_out: str, make) -> None:
    path = make("iso8583-1987-ascii", more)
    (line,) = [line for line in found(path) if "sample" in line]
    assert line.startswith(f"mine.toml:2: extends: the sample '{left_out}' of iso8583-1987-ascii is left out: ")
    dialect = load_dialect(path)
    assert left_out not in [sample.title for sample in dialect.samples]
    assert len(dialect.samples) == len(load_dialect("iso8583-1987-ascii").samples) - 1


AUTHORISATIONS = ("pre_auth", "pre_auth_void", "completion", "completion_advice", "completion_void")


def test_an_element_that_a_child_takes_away_is_no_mistake_in_the_parents_samples(make) -> None:
    gone = "[elements]\nrrn = false\n[routes]\nvoid = false\nrefund = false\nbalance = false\n"
    gone += "".join(f"{name} = false\n" for name in AUTHORISATIONS)
    for route in ("sale", "reversal"):
        gone += f'{route}.reply.make = ["code", "mac"]\n{route}.refusal.make = ["code"]\n'
    path = make("iso8583-1987-ascii", gone)
    lines = found(path)
    assert lines
    assert [line for line in lines if "extends: the sample " not in line] == []
    assert [line for line in lines if not line.endswith(("there is no element 'rrn'", "no route fits it"))] == []
    served_dialect(path)


def test_own_samples_are_held_to_what_they_say(make) -> None:
    sample = '[[samples]]\ntitle = "mine"\nhex = "00023030"\n'
    (line,) = found(make("unionpay-pos", sample))
    assert line.startswith("mine.toml:5: samples[0].hex: mine: 2 bytes are too few: a message needs 21")


# ── limits ──


def test_a_limit_that_is_not_written_follows_from_the_length(make) -> None:
    for length, limit in (("binary1", 255), ("ascii3", 999), ("bcd2", 8192), ("binary4", 8192), ("hex3", 4095)):
        path = make("unionpay-pos-sm4", f'[framing]\nlength = "{length}"\nlimit_bytes = false\n', length)
        assert found(path) == [] if limit > 255 else True
        assert load_dialect(path).framing.limit_bytes == limit


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parent", "framing", "limit"),
    [
        ("iso8583-1987-ascii", "includes_itself = true", 9995),  # the parent's 9999 is for a length of the frame alone
        ("iso8583-1987-ascii", 'length = "ascii3"', 999),
        ("iso8583-1987-ascii", 'end = "03"\nincludes_end = true', 9998),
        ("iso8583-1987-ascii", 'length = "binary2"', 9999),
        ("iso8583-1993-bcd", 'length = "hex3"\nincludes_itself = true', 4092),
        ("unionpay-pos", "includes_itself = true", 8192),
    ],
)
def test_a_limit_of_the_parent_follows_the_length_of_the_child(parent: str, framing: str, limit: int, make) -> None:
    path = make(parent, f"[framing]\n{framing}\n")
    assert load_dialect(path).framing.limit_bytes == limit
    assert lint_dialect(path).problems == ()
    assert load_dialect(make(f"{path}", "", "grandchild")).framing.limit_bytes == limit


@pytest.mark.parametrize(
    ("framing", "problem"),
    [
        ("limit_bytes = 10000", "mine.toml:4: framing.limit_bytes: must lie between 20 and 9999"),
        (
            "limit_bytes = 9999\nincludes_itself = true",
            "mine.toml:4: framing.limit_bytes: must lie between 20 and 9995",
        ),
        ("limit_bytes = 19", "mine.toml:4: framing.limit_bytes: must lie between 20 and 9999"),
        (
            'length = "ascii1"',
            "mine.toml:4: framing.length: ascii1 tells of no more than 9 bytes, and the shortest message",
        ),
    ],
)
def test_a_limit_that_is_written_is_held_to_the_length(framing: str, problem: str, make) -> None:
    path = make("iso8583-1987-ascii", f"[framing]\n{framing}\n")
    (line,) = found(path)
    assert line.startswith(problem)
    with pytest.raises(DataError):
        served_dialect(path)
