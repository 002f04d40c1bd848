"""`acquirer mac`, `pin` and `keys`: what is printed, and what is hidden."""

import io
import json

import pytest

from acquirer.cli import run

PACKAGE = "46F161A743497B32EAC760DF5EA57DF5900ECCE3977731A7EA402DDF0000000000000000CFF1592A"
TMK = "258FB0AB70D025CDB99DF2C4D302D646"


def test_keys_are_unwrapped_and_hidden(capsys):
    assert run(["keys", "--tmk", TMK, PACKAGE]) == 0
    printed = capsys.readouterr().out
    assert "CFF1592A" in printed
    assert "AB7C577CC7A18045" not in printed


def test_a_key_of_a_file_and_json(capsys, tmp_path):
    (tmp_path / "tmk").write_text(TMK + "\n", encoding="ascii")
    assert run(["keys", "--tmk", f"@{tmp_path / 'tmk'}", PACKAGE, "--unsafe-show", "--json"]) == 0
    steps = {one["step"]: one for one in json.loads(capsys.readouterr().out)}
    assert steps["MAK decrypted"]["value"] == "AB7C577CC7A18045"


def test_a_key_of_stdin(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("AB7C577CC7A18045\n"))
    assert run(["mac", "--mak", "-", "--mab", "1234567890ABCDEFABCDEF1234567890"]) == 0
    assert "B9F9B96AA4FDB57F" in capsys.readouterr().out


def test_a_pin_block_that_opens_and_one_that_does_not(capsys):
    pik = ["--pik", "73575E29D00B19757ADC854C23D0EAE6", "--pan", "6212790200001797"]
    assert run(["pin", *pik, "97DEC6527137429C"]) == 0
    printed = capsys.readouterr().out
    assert "iso-0" in printed
    assert "111111" not in printed
    assert run(["pin", *pik, "97DEC6527137429D"]) == 1
    assert "opens under no key" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["keys", "--tmk", "25", PACKAGE], "--tmk: a key has 8, 16, 24 or 32 bytes, this one has 1."),
        (["keys", "--tmk", TMK + "1", PACKAGE], "--tmk: write hex digits, two for each byte, and these are 33."),
        (
            ["keys", "--tmk", TMK, "46F1"],
            "no package of unionpay-pos has 2 bytes; name one with --package: 001 (24 bytes)",
        ),
        (["mac", "--mak", TMK, "0102"], "MESSAGE: 2 bytes are no frame with a MAC; give the MAB with --mab."),
        (["mac", "--mak", "@/no/such/file", "0102"], "--mak: /no/such/file cannot be read"),
        (["pin", "--pik", TMK, "--cipher", "rot13", "00"], "--pik: 'rot13' is no cipher; known: des, 3des, sm4, aes."),
    ],
)
def test_bad_input_gets_one_sentence_without_the_key(arguments, sentence, capsys):
    assert run(arguments) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(sentence)
    assert printed.count("\n") == 1
    assert TMK not in printed
