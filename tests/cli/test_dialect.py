"""`acquirer dialect list|show|lint`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from acquirer.cli import run
from acquirer.cli.errors import Code
from acquirer.settings.shipped import specs_dir
from acquirer.settings.specs import dialect_names, load_dialect

Say = pytest.CaptureFixture[str]
UNIONPAY = load_dialect("unionpay-pos")


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


def typed(capsys: Say, *arguments: str, code: int = Code.OK) -> tuple[str, str]:
    assert run(["dialect", *arguments]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


def flat(text: str) -> str:
    return " ".join(text.split())


def test_without_a_command_it_says_what_there_is(capsys: Say) -> None:
    out, err = typed(capsys)
    assert err == ""
    assert (
        "show Show a dialect: its frames, fields, messages, response codes, key packages, constants and samples."
        in flat(out)
    )


def test_list_names_every_dialect_that_ships(capsys: Say) -> None:
    out, _ = typed(capsys, "list")
    for name in dialect_names():
        assert f"\n {name} " in out
    listed = json.loads(typed(capsys, "list", "--json")[0])
    assert [one["name"] for one in listed] == dialect_names()
    (unionpay,) = [one for one in listed if one["name"] == "unionpay-pos"]
    assert (unionpay["framing"], unionpay["tpdu"], unionpay["fields"]) == (
        "binary2",
        "6000030000",
        len(UNIONPAY.fields),
    )


def test_show_tells_everything_a_dialect_says(capsys: Say) -> None:
    out, _ = typed(capsys, "show", "unionpay-pos")
    for title in ("Fields", "Messages, and which of them are served", "Response codes", "Key packages", "Samples"):
        assert f"\n{title}" in out
    text = flat(out)
    assert "frame: 2-byte length, TPDU 6000030000, head 603100310000" in text
    assert "2 primary account number 主账号 n..19 bcd, …0 6+4 digits" in text
    assert "A0 B MAC" in text
    assert "003 3des 3des PIK 16 + KCV 4 + MAK 16 + KCV 4 40" in text
    for de, spec in UNIONPAY.fields.items():
        assert f" {de} {spec.name.en.split()[0]}" in text
    for route in UNIONPAY.routes:
        assert route.service in text
    for reason in UNIONPAY.reasons:
        assert reason in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "mac"), [("unionpay-pos", "unionpay-ecb over mti-to-mac"), ("iso8583-1987-plain", "none")]
)
def test_show_says_how_macs_are_computed_if_there_are_any(name: str, mac: str, capsys: Say) -> None:
    out, _ = typed(capsys, "show", name)
    assert f"\nMAC: {mac}\n" in out


@pytest.mark.slow
@pytest.mark.parametrize("part", ["fields", "messages", "codes", "keys", "samples"])
@pytest.mark.parametrize("columns", [80, 120])
def test_show_takes_one_part_and_fits_the_screen(
    part: str, columns: int, capsys: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    out, err = typed(capsys, "show", "unionpay-pos", part)
    assert err == ""
    for line in out.splitlines():
        assert sum(2 if "\u2e80" <= character <= "\uffef" else 1 for character in line) <= columns
    assert sum(set(line.strip()) == {"─"} for line in out.splitlines()) == 1


def test_show_as_json_is_the_whole_dialect(capsys: Say) -> None:
    whole = json.loads(typed(capsys, "show", "unionpay-pos", "--json")[0])
    assert whole["fields"]["2"]["format"] == "n..19"
    assert whole["codes"]["00"]["shown"]["zh"] == "交易成功"
    assert whole["elements"]["batch"] == {"de": 60, "start": 2, "stop": 8, "as_text": False, "after": []}
    assert whole["security"]["packages"]["003"]["parts"][0] == {"name": "pik", "size_bytes": 16}
    assert len(whole["messages"]) == len(UNIONPAY.routes)
    assert [sample["hex"] for sample in whole["samples"]] == [sample.hex for sample in UNIONPAY.samples]


@pytest.mark.slow
def test_what_ships_is_in_order(capsys: Say) -> None:
    out, err = typed(capsys, "lint")
    assert err == ""
    for name in dialect_names():
        assert f"{name}: OK: " in out


def test_a_dialect_of_ones_own_is_checked_and_the_place_of_every_mistake_shown(tmp_path: Path, capsys: Say) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('dialect = "mine"\nextends = "unionpay-pos"\n')
    assert typed(capsys, "lint", str(mine))[0].startswith("mine: OK: ")
    mine.write_text('dialect = "mine"\nextends = "unionpay-pos"\n\n[reasons]\napprovedd = "00"\nduplicat = "94"\n')
    out, err = typed(capsys, "lint", str(mine), "unionpay-pos", code=Code.USAGE)
    assert out.splitlines()[:2] == [
        f"{mine}:5: reasons.approvedd: no decision gives this reason; did you mean 'approved'?",
        f"{mine}:6: reasons.duplicat: no decision gives this reason; did you mean 'duplicate'?",
    ]
    assert "unionpay-pos: OK: " in out
    assert err == "2 problems found.\n"
    mine.write_text('dialect = "mine"\nextends = "unionpay-pos"\n[fields]\n2 = { format = "n-19" }\n')
    out, err = typed(capsys, "lint", str(mine), code=Code.USAGE)
    assert out.startswith(f"{mine}:4: fields.2.format: 'n-19' is no format; ")
    assert err == "1 problem found.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["show", "unionpay"], "unionpay: no dialect of this name; did you mean 'unionpay-pos'?"),
        (["lint", "nosuch.toml"], "nosuch.toml: cannot be read: No such file or directory"),
        (["show", "unionpay-pos", "code"], "A dialect has no part 'code'; did you mean 'codes'?"),
        (
            ["show", "unionpay-pos", "xyz"],
            "A dialect has no part 'xyz'; there are fields, messages, codes, keys, constants, samples.",
        ),
        (["show"], "Missing argument 'NAME|FILE'. Try 'acquirer dialect show --help'."),
    ],
)
def test_what_is_not_there_is_answered_with_one_sentence(arguments: list[str], sentence: str, capsys: Say) -> None:
    out, err = typed(capsys, *arguments, code=Code.USAGE)
    assert (out, err) == ("", sentence + "\n")


def test_a_shipped_dialect_may_be_named_by_its_file_too(capsys: Say) -> None:
    by_file = typed(capsys, "show", str(specs_dir() / "unionpay-pos.toml"), "keys")
    assert by_file == typed(capsys, "show", "unionpay-pos", "keys")
