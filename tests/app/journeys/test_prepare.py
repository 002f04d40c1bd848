"""What a journey names is looked for before anything is sent, and refused where the journey names it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from acquirer.app.journeys.prepare import prepare
from acquirer.data.text import printable
from acquirer.data.toml import DataError
from acquirer.settings.named_files import JOURNEYS

STEP = '\n[[step]]\necho = true\nexpect = { code = "00" }\n'

REFUSED = r"""
[journey]
dialect = "unionpay"
-> :2: journey.dialect: unionpay: no dialect of this name; did you mean 'unionpay-pos'?

[journey]
dialect = "none.toml"
-> :2: journey.dialect: FOLDER/none.toml: cannot be read: No such file or directory

[journey]
packs = ["issuer-don"]
-> :2: journey.packs: no pack is called 'issuer-don'; did you mean 'issuer-down'?, or name a .toml file

[journey]
packs = "mine.toml"
-> :2: journey.packs: FOLDER/mine.toml: cannot be read (No such file or directory); name a pack, a file in TOML

[journey]
packs = ["held.toml"]
-> :2: journey.packs: rule 'held' holds an exchange for a person, and a journey has none; take the pack out

[journey]
terminals = ["10000169"]
-> :2: journey.terminals[0]: the demo set holds no terminal '10000169'; did you mean '20000169'?

[journey]
cards = "blue.toml"
-> :2: journey.cards: FOLDER/blue.toml: cannot be read (No such file or directory); name a card table in TOML

[journey]
cards = "\u0000"
-> :2: journey.cards: \x00: cannot be read (no file can have this name); name a card table in TOML

[journey]
terminals_file = "mine.toml"
-> :2: journey.terminals_file: FOLDER/mine.toml: cannot be read: No such file or directory

[journey]
seed = 1
listen = "nowhere"
-> :3: journey.listen: 'nowhere' is not an address; write [HOST:]PORT[=DIALECT][,tls=NAME], as in 127.0.0.1:8583

[journey]
seed = 1
listen = "0.0.0.0:8583"
-> :2: journey.seed: makes keys anyone can compute; it is for listeners on loopback only

[journey.host]
idle = 3
-> :2: journey.host.idle: unknown key; did you mean 'idle_s'?

[journey.host]
store = "memory:"
-> :2: journey.host.store: is said by the journey itself or its steps; take it out

[journey.host]
idle_s = "long"
-> :2: journey.host.idle_s: 'long' is not a number of seconds; write it like 60 or 2.5

[journey.terminal]
keep_opn = true
-> :2: journey.terminal.keep_opn: unknown key; did you mean 'keep_open'?

[journey.terminal]
keep_open = "yes"
-> :2: journey.terminal.keep_open: must be true or false

[journey.terminal]
sign_upload = "later"
-> :1: journey.terminal: there is no time 'later' to upload signatures; write after-next or at-once

[[step]]
sale = { amount = "1.00", sign = "pad.png" }
-> :2: step[0].sale: FOLDER/pad.png: the signature cannot be read: no such file or directory

[[step]]
sale = { amount = "1.00", sign = "Ann", sign_mode = "toe" }
-> :2: step[0].sale: there is no way to sign 'toe'; known: touch, pen, fingerprint

[journey]
packs = ["broken.toml"]
[[step]]
fault = "truncate:service=sale"
-> :4: step[0].fault: faults 'silent' and 'truncate' contradict each other: 'silent' lets no reply be sent that"""

CASES = [tuple(case.strip().split("\n-> ")) for case in REFUSED.split("\n\n")]


@pytest.mark.parametrize(("text", "sentence"), CASES)
def test_what_cannot_be_used_is_refused_where_it_is_named(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text('[[fault]]\nkind = "silent"\n')
    (tmp_path / "held.toml").write_text('[[rule]]\nname = "held"\nthen = { hold = "for a person" }\n')
    file = tmp_path / "j.toml"
    file.write_text(text + STEP)
    with pytest.raises(DataError) as caught:
        prepare(str(file))
    assert printable(str(caught.value)).partition(" 'truncate' could")[0] == f"{file}{sentence}".replace(
        "FOLDER", str(tmp_path)
    )


def test_a_journey_that_does_not_ship_is_refused_with_those_that_do() -> None:
    with pytest.raises(DataError, match=r"JOURNEY: no journey is called 'a-day'.*or name a \.toml file"):
        prepare("a-day")
    assert JOURNEYS.names == [
        "a-day-in-a-shop",
        "a-day-of-three-tills",
        "a-day-that-does-not-balance",
        "a-first-hour",
        "a-host-that-comes-and-goes",
        "a-stall-without-a-line",
        "a-stay-in-a-hotel",
        "an-evening-in-a-restaurant",
        "cashiers",
        "printer-trouble",
        "reversal-storm",
        "sign-on-trouble",
        "signature-trouble",
    ]


@pytest.mark.parametrize("name", JOURNEYS.names)
def test_those_that_ship_have_a_sentence_about_them(name: str) -> None:
    about = prepare(name).journey.header.about
    assert about.endswith(".")
    assert len(about) < 120


VALUES = """
3; -1; 1.5; true; ""; "x"; "@last"; "@."; "\\u0000"; []; [""]; {}; { a = 1 }; 1979-05-27; inf; nan;
"*"; "~("; ">="; "!!0";
["!00", "01"]; { de.39 = 3 }; { kind = "silent" }; { kind = "drop_line", times = -1 }; { name = "x", then = {} };
{ service = 3 }; { within = "1s", count = {} }; [[1]]; "9999999999999999999"
""".replace("\n", " ").split("; ")


@pytest.mark.slow
def test_no_value_brings_more_than_one_sentence(tmp_path: Path) -> None:
    """Values of journeys that ship, replaced by others at random: each is read, or refused in one line."""
    random, file, refused = Random(13), tmp_path / "j.toml", 0
    texts = [JOURNEYS.path(name).read_text(encoding="utf-8") for name in JOURNEYS.names]
    for _ in range(150):
        lines = random.choice(texts).split("\n")
        place = random.choice([at for at, line in enumerate(lines) if " = " in line and not line.startswith("#")])
        lines[place] = f"{lines[place].partition(' = ')[0]} = {random.choice(VALUES).strip()}"
        file.write_text("\n".join(lines), encoding="utf-8")
        with suppress(DataError):
            prepare(str(file))
            continue
        with pytest.raises(DataError) as caught:
            prepare(str(file))
        assert "\n" not in str(caught.value)
        assert str(caught.value).startswith(f"{file}:"), lines[place]
        refused += 1
    assert refused > 50
