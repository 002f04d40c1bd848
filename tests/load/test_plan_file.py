"""Plans as files: what they say, and what is said of those that cannot be used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acquirer.data.toml import DataError
from acquirer.load.durations import BackOff, ThinkTime
from acquirer.load.phases import Burst, Constant, Herd, PoissonArrivals, Ramp, Users
from acquirer.load.plan_file import read_plan, read_sources
from acquirer.load.terminal_journeys import TerminalJourney

BURST = '[[phase]]\nkind = "burst"\ncount = 10\nwithin = "1s"\n'
RATE = '[[phase]]\nkind = "constant"\nrate = 10\nfor = "1s"\n'
HERD = '[[phase]]\nkind = "herd"\ncount = 10\noutage = "5s"\nfor = "9s"\n'
USERS = '[[phase]]\nkind = "users"\ncount = 10\nfor = "9s"\n'


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_plan_with_everything(tmp_path: Path) -> None:
    plan = read_plan(
        written(
            tmp_path,
            """
host = "10.0.0.1:8583"
terminals = "some/terminals.toml"
dialect = "iso8583-1987-ascii"
kept = true
verify = false
repeat = true
source = ["127.0.0.1..2", "10.0.0.3"]
timeout = "1500ms"
seed = 7
workers = 3
journey = "sale"
thresholds = ["p(99)<1s", { threshold = "errors<1%", abort = true, grace = "5s" }]

[[phase]]
name = "morning"
kind = "burst"
count = 20
within = "2s"
shape = "front"
journey = "sign-on"

[[phase]]
kind = "constant"
pause = "1s"
rate = 2.5
for = "1min"

[[phase]]
kind = "poisson"
rate = 3
for = "10s"
journey = { name = "reversal", reversals = "5%" }

[[phase]]
kind = "ramp"
from = 0
to = 9
for = "10s"
journey = { name = "day", sales = 2, signatures = 0 }

[[phase]]
kind = "herd"
count = 5
outage = "10s"
for = "20s"
backoff = { initial = "500ms", factor = 1.5, max = "4s", jitter = "10%" }

[[phase]]
kind = "users"
count = 4
for = "10s"
think = "1s..3s"
""",
        )
    )
    assert (plan.host, plan.dialect, plan.kept, plan.verify, plan.repeat) == (
        "10.0.0.1:8583",
        "iso8583-1987-ascii",
        True,
        False,
        True,
    )
    assert plan.terminals == str(tmp_path / "some" / "terminals.toml")
    assert plan.sources == ("127.0.0.1", "127.0.0.2", "10.0.0.3")
    assert (plan.timeout_s, plan.seed, plan.workers) == (1.5, 7, 3)
    assert [(one.written, one.abort, one.grace_s) for one in plan.thresholds] == [
        ("p(99)<1s", False, 0.0),
        ("errors<1%", True, 5.0),
    ]
    sale = TerminalJourney("sale", 1)
    assert plan.phases == (
        Burst(name="morning", count=20, within_s=2.0, shape="front", journey=TerminalJourney("sign-on")),
        Constant(pause_s=1.0, rate_per_s=2.5, for_s=60.0, journey=sale),
        PoissonArrivals(rate_per_s=3.0, for_s=10.0, journey=TerminalJourney("reversal", 1, 0.05)),
        Ramp(from_per_s=0.0, to_per_s=9.0, for_s=10.0, journey=TerminalJourney("day", 2, 0.1, 0.0)),
        Herd(count=5, outage_s=10.0, for_s=20.0, back_off=BackOff(0.5, 1.5, 4.0, 0.1), journey=sale),
        Users(count=4, for_s=10.0, think=ThinkTime(1.0, 3.0), journey=sale),
    )
    assert plan.phase_names == ("morning", "constant", "poisson", "ramp", "herd", "users")


def test_what_is_left_out(tmp_path: Path) -> None:
    plan = read_plan(written(tmp_path, BURST + BURST))
    assert (plan.host, plan.terminals, plan.dialect) == ("127.0.0.1:8583", None, "unionpay-pos")
    assert plan.phases[0] == Burst(count=10, within_s=1.0, shape="even", journey=TerminalJourney("sign-on"))
    assert plan.phase_names == ("burst-1", "burst-2")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        # of the whole
        ("", "1: phase: is missing: write [[phase]], and below it kind"),
        ("phase = 3", "1: phase: is missing: write [[phase]]"),
        ("phase = [3]", "1: phase[0]: must be a table"),
        ("kind = 'burst'", "1: kind: unknown key"),
        ("[phase\n", "1: not TOML: "),
        ("sede = 2\n" + BURST, "1: sede: unknown key; did you mean 'seed'?"),
        ("host = 'nowhere'\n" + BURST, "1: host: 'nowhere' is no address; write HOST:PORT"),
        ("host = 'here:99999'\n" + BURST, "1: host: 'here:99999' is no address; write HOST:PORT"),
        ("host = 8583\n" + BURST, "1: host: must be a text in quotes"),
        ("terminals = ['a.toml']\n" + BURST, "1: terminals: must be a text in quotes"),
        ("kept = 'yes'\n" + BURST, "1: kept: must be true or false"),
        ("verify = 0\n" + BURST, "1: verify: must be true or false"),
        ("workers = 0\n" + BURST, "1: workers: must be at least 1"),
        ("workers = 65\n" + BURST, "1: workers: must be at most 64"),
        ("workers = 1.5\n" + BURST, "1: workers: must be a whole number"),
        ("seed = -1\n" + BURST, "1: seed: must be at least 0"),
        ("source = '127.0.0.1..x'\n" + BURST, "1: source: '127.0.0.1..x' is no address; write 127.0.0.1 or"),
        ("timeout = 5\n" + BURST, "1: timeout: must be a text in quotes"),
        ("timeout = 'soon'\n" + BURST, "1: timeout: 'soon' is not a duration; write it like 3s"),
        ("timeout = '0s'\n" + BURST, "1: timeout: '0s' is no time; write it like 5s or 250ms"),
        # thresholds
        ("thresholds = ['p99<1']\n" + BURST, "1: thresholds[0]: 'p99<1'"),
        ("thresholds = [3]\n" + BURST, "1: thresholds[0].threshold: must be a text in quotes"),
        ("thresholds = [\n'errors<1%', {abort = true}]\n" + BURST, "2: thresholds[1].threshold: is missing"),
        ("thresholds = [{threshold = 'max<1s', abrt = true}]\n" + BURST, "1: thresholds[0].abrt: unknown key; did you"),
        (
            "thresholds = [{threshold = 'max<1s', grace = '5s'}]\n" + BURST,
            "1: thresholds[0].grace: is the time in which nothing ends a run: write abort = true beside it",
        ),
        # phases
        ("[[phase]]\ncount = 3", "1: phase[0].kind: is missing"),
        (RATE + "[[phase]]\nkind = 'brust'", "6: phase[1].kind: unknown value 'brust'; did you mean 'burst'?"),
        ("[[phase]]\nkind = 'storm'", "2: phase[0].kind: unknown value 'storm'; choose from burst, constant, herd"),
        (BURST + "name = 'a'\n" + RATE + "name = 'a'", "10: phase[1].name: another phase is called 'a'; names are"),
        (BURST.replace("count = 10\n", ""), "1: phase[0].count: is missing"),
        (BURST.replace("10", "0"), "3: phase[0].count: must be at least 1"),
        (BURST.replace("10", "2000000"), "3: phase[0].count: must be at most 1000000"),
        (BURST.replace("10", '"10"'), "3: phase[0].count: must be a whole number"),
        (BURST.replace("within", "for"), "4: phase[0].for: unknown key"),
        (BURST.replace('"1s"', '"0.0001s"'), "4: phase[0].within: '0.0001s' is not a duration"),
        (BURST.replace('"1s"', '"2d"'), "4: phase[0].within: '2d' is not a duration"),
        (BURST + 'shape = "evn"', "5: phase[0].shape: unknown value 'evn'; did you mean 'even'?"),
        (BURST + "rate = 3", "5: phase[0].rate: unknown key"),
        (BURST + 'pause = "1"\nbreak = 1', "6: phase[0].break: unknown key"),
        (RATE.replace("10", "0"), "3: phase[0].rate: must be from 0.001 to 100000"),
        (RATE.replace("10", "nan"), "3: phase[0].rate: must be from 0.001 to 100000"),
        (RATE.replace("10", "'10/s'"), "3: phase[0].rate: must be a number"),
        (RATE.replace("10", "true"), "3: phase[0].rate: must be a number"),
        ("[[phase]]\nkind = 'ramp'\nfrom = 0\nto = 0\nfor = '1s'", "4: phase[0].to: goes from 0 to 0: no terminal"),
        ("[[phase]]\nkind = 'ramp'\nfrom = 0\nfor = '1s'", "1: phase[0].to: is missing"),
        (HERD.replace("outage", "outgae"), "4: phase[0].outgae: unknown key; did you mean 'outage'?"),
        (HERD + "backoff = { base = '1s' }", "6: phase[0].backoff.base: unknown key"),
        (HERD + "backoff = { factor = 0.5 }", "6: phase[0].backoff.factor: must be from 1 to 10"),
        (HERD + "backoff = { jitter = '150%' }", "6: phase[0].backoff.jitter: '150%' is no share; write it like 0.1"),
        (HERD + "backoff = { initial = '9s', max = '5s' }", "6: phase[0].backoff.max: is below the initial wait"),
        (USERS + "think = 3", "5: phase[0].think: is no time to think; write it like \"2s\", \"1s..5s\" or { median"),
        (USERS + "think = 'long'", "5: phase[0].think: 'long' is no time to think"),
        (USERS + "think = '5s..1s'", "5: phase[0].think: '5s..1s' ends before it begins; write the shorter time first"),
        (USERS + "think = { median = '5s' }", "5: phase[0].think.p99: is missing"),
        (USERS + "think = { median = '5s', p99 = '1s' }", "5: phase[0].think.p99: is below the median"),
        (USERS + "think = { mean = '5s' }", "5: phase[0].think.mean: unknown key; did you mean 'median'?"),
        # journeys
        (BURST + "journey = 'sales'", "5: phase[0].journey: there is no 'sales'; did you mean 'sale'?"),
        ("journey = 'lunch'\n" + BURST, "1: journey: there is no 'lunch'; there are sign-on, sale, rev"),
        (BURST + "journey = 3", "5: phase[0].journey: must be a text, or a table like { name = \"day\""),
        (BURST + "journey = { sales = 3 }", "5: phase[0].journey.name: is missing"),
        (BURST + "journey = { name = 'nap' }", "5: phase[0].journey.name: there is no 'nap'"),
        (BURST + "journey = { name = 'sale', reversals = 1 }", "5: phase[0].journey.reversals: unknown key"),
        (BURST + "journey = { name = 'sign-on', sales = 1 }", "5: phase[0].journey.sales: unknown key"),
        (BURST + "journey = { name = 'day', sales = 0 }", "5: phase[0].journey.sales: must be at least 1"),
        (BURST + "journey = { name = 'day', signatures = 2 }", "5: phase[0].journey.signatures: must be from 0 to 1"),
        (BURST + "journey = { name = 'sign-on', amount = '1' }", "5: phase[0].journey.amount: unknown key"),
        (BURST + "journey = { name = 'sale', amount = 'much' }", "5: phase[0].journey.amount: 'much' is no amount"),
        (BURST + "journey = { name = 'sale', amount = 5 }", "5: phase[0].journey.amount: must be a text"),
        (BURST + "journey = { name = 'sale', amount = '9..1' }", "5: phase[0].journey.amount: '9..1' ends before it"),
        (BURST + "journey = { name = 'sale', cards = [1] }", "5: phase[0].journey.cards"),
        (BURST + "journey = { name = 'sale', pin = 1 }", "5: phase[0].journey.pin: must be true or false"),
        (BURST + "journey = { name = 'day', reversals = 'half' }", "5: phase[0].journey.reversals: 'half' is no share"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        read_plan(written(tmp_path, text))
    found = str(caught.value)
    assert found.startswith(f"{tmp_path / 'plan.toml'}:{sentence}"), found
    assert "\n" not in found


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.toml: cannot be read: no such file or directory"):
        read_plan(tmp_path / "none.toml")
    path = tmp_path / "latin.toml"
    path.write_bytes(b'host = "\xe4:1"')
    with pytest.raises(DataError, match=re.escape("latin.toml: is not UTF-8 text")):
        read_plan(path)


def test_too_many_phases(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="phase: a plan has at most 250 phases"):
        read_plan(written(tmp_path, BURST * 251))


def test_addresses_are_spelled_out() -> None:
    assert read_sources("") == ()
    assert read_sources("::1, 127.0.0.9..10") == ("::1", "127.0.0.9", "127.0.0.10")
