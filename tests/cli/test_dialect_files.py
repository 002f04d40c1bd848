"""`acquirer dialect new|import|schema`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from acquirer.cli import run
from acquirer.cli.errors import Code
from acquirer.settings.specs import dialect_names

Say = pytest.CaptureFixture[str]

PACKAGER = """<isopackager>
  <isofield id="0" length="4" name="MTI" class="org.jpos.iso.IFB_NUMERIC"/>
  <isofield id="1" length="8" name="BIT MAP" class="org.jpos.iso.IFB_BITMAP"/>
  <isofield id="2" length="19" name="PAN" class="org.jpos.iso.IFB_LLNUM"/>
  <isofield id="11" length="6" name="STAN" class="org.jpos.iso.IFB_NUMERIC"/>
  <isofield id="48" length="99" name="OURS" class="com.acme.Ours"/>
</isopackager>
"""
MOOV = {"name": "Ours", "fields": {"11": {"type": "Numeric", "length": 6, "enc": "ASCII", "prefix": "ASCII.Fixed"}}}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def typed(capsys: Say, *arguments: str, code: int = Code.OK) -> tuple[str, str]:
    assert run(["dialect", *arguments]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


@pytest.mark.slow
@pytest.mark.parametrize("parent", dialect_names())
def test_a_new_dialect_is_in_order_at_once(parent: str, capsys: Say) -> None:
    _, err = typed(capsys, "new", "mine", "--extends", parent)
    assert err == "mine.toml: written. Check it with 'acquirer dialect lint mine.toml'.\n"
    assert typed(capsys, "lint", "mine.toml")[0].startswith("mine: OK: ")


def test_a_new_dialect_may_extend_a_file_of_ones_own(capsys: Say) -> None:
    typed(capsys, "new", "mine", "--extends", "unionpay-pos")
    out, _ = typed(capsys, "new", "yours", "--extends", "mine.toml", "--output", "-")
    assert 'extends = "mine.toml"' in out
    assert '# length          = "binary2"' in out
    Path("yours.toml").write_text(out, encoding="utf-8")
    assert typed(capsys, "lint", "yours.toml")[0].startswith("yours: OK: ")


def test_a_packager_is_imported_and_reads_messages(capsys: Say) -> None:
    Path("Our_Packager.xml").write_text(PACKAGER, encoding="utf-8")
    _, err = typed(capsys, "import", "Our_Packager.xml")
    assert err.splitlines() == [
        "our-packager.toml: written. Check it with 'acquirer dialect lint our-packager.toml'.",
        "Line 6: DE 48 is left out: nothing is known of com.acme.Ours.",
    ]
    assert typed(capsys, "lint", "our-packager.toml")[0].startswith("our-packager: OK: 2 fields, 0 services")
    message = "0800 4020000000000000 16 6212345678901232 000001".replace(" ", "")
    assert run(["decode", "--dialect", "our-packager.toml", message]) == Code.OK
    out, _ = capsys.readouterr()
    assert "621234******1232" in out
    assert "STAN" in out


def test_a_specification_of_moov_is_imported(capsys: Say) -> None:
    Path("ours.json").write_text(json.dumps(MOOV), encoding="utf-8")
    typed(capsys, "import", "ours.json", "--name", "theirs", "-o", "x.toml")
    assert typed(capsys, "lint", "x.toml")[0].startswith("theirs: OK: 1 field")


def test_the_schema_is_json(capsys: Say) -> None:
    out, err = typed(capsys, "schema")
    assert (json.loads(out)["required"], err) == (["dialect"], "")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["new", "mine"], "Say what it extends: --extends with a .toml file, or one of "),
        (["new", "mine", "--extends", "unionpay"], "unionpay: no dialect of this name; did you mean 'unionpay-pos'?"),
        (["new", "unionpay-pos", "--extends", "unionpay-pos"], "A dialect 'unionpay-pos' ships with acquirer; choose"),
        (["new", "../mine", "--extends", "unionpay-pos"], "'../mine' is no name of a dialect; write letters, digits"),
        (["new", "mine.toml", "--extends", "unionpay-pos"], "'mine.toml' is no name of a dialect"),
        (["import", "nosuch.xml"], "nosuch.xml: No such file or directory."),
        (["import", "bad.xml"], "bad.xml:1: <html> is no <isopackager>: this is no packager of jPOS"),
        (["import", "bomb.xml"], "bomb.xml:1: declares an entity; take it out: no packager needs one"),
        (["import", "bad.json"], "bad.json:1: fields: is missing: this is no specification of moov-io/iso8583"),
    ],
)
def test_what_cannot_be_done_is_answered_with_one_sentence(arguments: list[str], sentence: str, capsys: Say) -> None:
    Path("bad.xml").write_text("<html/>")
    Path("bomb.xml").write_text('<!DOCTYPE x [<!ENTITY a "b">]><isopackager/>')
    Path("bad.json").write_text("{}")
    out, err = typed(capsys, *arguments, code=Code.USAGE)
    assert out == ""
    assert err.startswith(sentence)
    assert err.count("\n") == 1
    assert not list(Path().glob("*.toml"))


def test_a_file_that_is_there_is_left_alone(capsys: Say) -> None:
    Path("mine.toml").write_text("mine")
    _, err = typed(capsys, "new", "mine", "--extends", "unionpay-pos", code=Code.USAGE)
    assert err == "mine.toml is there already; name another file with --output.\n"
    assert Path("mine.toml").read_text() == "mine"
