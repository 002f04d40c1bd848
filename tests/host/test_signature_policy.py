"""How strict each check of signatures is: what is refused, kept with a flag, or not looked at."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from acquirer.host.signature_policy import Checks, parse_checks

DEFAULTS = {
    "original": "strict",
    "amount": "strict",
    "card": "log",
    "rrn": "log",
    "date": "log",
    "time": "log",
    "slip": "strict",
    "header": "strict",
    "parts": "strict",
    "pixels": "log",
}


def test_what_is_not_named_is_as_real_hosts_do() -> None:
    assert asdict(Checks()) == DEFAULTS
    assert asdict(parse_checks([])) == DEFAULTS


@pytest.mark.parametrize("name", DEFAULTS)
@pytest.mark.parametrize("mode", ["strict", "log", "off"])
def test_each_has_three_modes(name: str, mode: str) -> None:
    assert asdict(parse_checks([f"{name}={mode}"])) == {**DEFAULTS, name: mode}


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("amout=log", "'amout=log': no check of signatures is called 'amout'; did you mean 'amount'?"),
        ("", "'': no check of signatures is called ''"),
        ("time", "'time': write time=strict, time=log or time=off"),
        ("time=on", "'time=on': write time=strict, time=log or time=off"),
    ],
)
def test_another_word_is_refused(word: str, sentence: str) -> None:
    with pytest.raises(ValueError) as exc:
        parse_checks(["amount=log", word])
    assert str(exc.value) == sentence
