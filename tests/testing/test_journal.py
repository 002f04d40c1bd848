"""What a CI test asks of a running host's journal."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from acquirer.app.terminal import Terminal
from acquirer.journal.entry import Entry
from acquirer.journal.expected_count import CountError
from acquirer.matcher.keys import ConditionError
from acquirer.testing import RunningHost, running_host
from acquirer.testing.journal import Journal

TID = "10000161"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """Return a host, with its store on disk, to which a terminal has spoken; one sale was not answered."""
    store = f"sqlite:///{tmp_path_factory.mktemp('journal') / 'acquirer.db'}"
    fault = "silent:service=sale,amount=66.66"
    with (
        running_host(store=store, fault=[fault]) as running,
        Terminal(TID, host=running.address, state=None, timeout_s=0.2) as terminal,
    ):
        terminal.sign_on()
        assert terminal.sale("12.34").code == "00"
        terminal.sale("66.66")
        yield running


@pytest.fixture
def journal(host: RunningHost) -> Journal:
    return host.journal


@pytest.mark.parametrize(
    ("what", "when", "services"),
    [
        (None, {}, ["sign_on", "sale", "sale", "reversal"]),
        ("sale", {}, ["sale", "sale"]),
        ("sale", {"amount": ">50"}, ["sale"]),
        ("service!=sale & tid=1000*", {}, ["sign_on", "reversal"]),
        ({"service": ["sale", "reversal"], "fault": ""}, {}, ["sale", "reversal"]),
        (None, {"code": "00", "amount_minor": 1234}, ["sale"]),
        (None, {"amount_minor": None}, ["sign_on"]),
        (None, {"frame_bytes": 0}, []),
        (None, {"de.60.1": "22", "service": "sale"}, ["sale", "sale"]),
        (None, {"limit": 2}, ["sale", "reversal"]),
        (None, {"limit": 0}, []),
        (None, {"before": 3}, ["sign_on", "sale"]),
        (None, {"replayed": True}, []),
    ],
)
def test_what_fits_is_listed_oldest_first(
    journal: Journal, what: Any, when: dict[str, Any], services: list[str]
) -> None:
    assert [entry.service for entry in journal.list(what, **when)] == services
    assert journal.count(what, **{key: value for key, value in when.items() if key not in ("limit", "before")}) >= len(
        services
    )


def test_the_latest_is_found_and_what_is_there_is_not_waited_for(journal: Journal) -> None:
    assert journal.find("sale").amount_minor == 6666
    assert journal.find(frame_bytes=journal.list()[0].frame_bytes).service == "sign_on"
    assert journal.wait("sale", count=2).id == journal.wait(60.0, service="sale").id
    assert journal.wait(timeout_s=60.0, amount_minor=1234, took_us=journal.list("sale")[0].took_us).code == "00"


def test_verified_once_it_is_so(journal: Journal) -> None:
    lost = journal.find("sale", fault="?")
    assert journal.verify("reversal", stan=lost.stan, count=1).text.startswith(
        f"expected exactly 1 reversal of STAN {lost.stan}, saw 1; only the past was judged"
    )
    assert journal.verify("sale", count="2..3", for_="1ms").count == 2
    assert journal.verify("void", count=0).met
    assert journal.verify_order("sign_on", {"service": "sale"}, "service=reversal & tid=10000161").count == 3
    assert journal.verify_order("sale", "reversal", strict=True, tid=TID).met


def test_a_failure_has_the_fixed_form(journal: Journal) -> None:
    lost = journal.find("sale", fault="?")
    with pytest.raises(AssertionError) as failed:
        journal.verify("reversal", stan="000099", tid=TID, count=1, within="50ms")
    first, second, *_, last = str(failed.value).splitlines()
    assert (
        first == "expected exactly 1 reversal of STAN 000099 within 0.05 s, saw 0 of 4 exchanges of terminal 10000161"
    )
    assert second == f"nearest: #4 0400 reversal  stan: wanted 000099, was {lost.stan} ≠   everything else fits"
    assert last == f"faults that acted: '{lost.fault}' ×1 at #{lost.id} 0200 sale 66.66"
    assert journal.near_misses("reversal", stan="000099")[0].subject.value("id") == 4
    for fails in (lambda: journal.find(code="A0"), lambda: journal.wait(0.0, code="A0")):
        with pytest.raises(AssertionError, match=r"^expected at least 1 exchange with code A0, saw 0 of 4 exchanges\n"):
            fails()
    with pytest.raises(AssertionError, match="expected reversal, then sale, saw the first 1 of 2 steps in 4 exchanges"):
        journal.verify_order("reversal", "sale", within=0)
    with pytest.raises(AssertionError, match=r"^saw 0 exchanges with frame_bytes=0 of 4$"):
        journal.find(frame_bytes=0)


def test_a_rule_that_fired_is_named() -> None:
    rule = {"name": "tunnel", "when": "service=sale & amount=66.66", "then": {"faults": ["silent"]}}
    with running_host() as host, Terminal(TID, host=host.address, state=None, timeout_s=0.2) as terminal:
        terminal.sign_on()
        with host.rules.added(rule):
            terminal.sale("66.66")
        with pytest.raises(AssertionError) as failed:
            host.journal.verify("void", tid=TID, within=0)
        assert re.search(
            r"^rules that fired: 'tunnel' ×1 \(fault silent\) at #2 0200 sale 66\.66$", str(failed.value), re.M
        )
        assert host.journal.find("sale", rule="tunnel").amount_minor == 6666


def test_what_happens_later_is_waited_for_and_a_quiet_period_ends_with_it() -> None:
    with running_host() as host, Terminal(TID, host=host.address, state=None) as terminal:
        answers: list[Entry] = []
        waiting = threading.Thread(target=lambda: answers.append(host.journal.wait("sale", timeout=60)))
        waiting.start()
        terminal.sign_on()
        terminal.sale("1.00")
        waiting.join(60)
        assert [entry.service for entry in answers] == ["sale"]
        after = host.journal.list()[-1].id
        selling = threading.Thread(target=lambda: terminal.sale("2.00"))
        selling.start()
        with pytest.raises(AssertionError, match=f"expected no sale for 60 s, saw 1 of 1 exchange after #{after}"):
            host.journal.verify("sale", count=0, for_=60, after=after)
        selling.join(60)
        assert host.journal.wait(delivery="sent", service="sale", timeout=60).amount_minor == 200


def test_a_transcript_shows_lines_and_masked_fields(journal: Journal) -> None:
    lines = journal.transcript("sale", amount="12.34").splitlines()
    assert re.fullmatch(
        r" +2  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d  10000161  0200 sale      \d{6}  00  approved.*", lines[0]
    )
    assert lines[1].startswith("        request 0200  2: 621234******")
    assert any(line.startswith("        reply 0210  ") for line in lines)
    assert "[8 bytes hidden]" not in lines[0]


@pytest.mark.parametrize(
    ("what", "when", "error", "sentence"),
    [
        (None, {"colour": "red"}, TypeError, "an exchange has no 'colour'; it has service, mti"),
        ("service=sale & serivce=x", {}, ConditionError, "serivce: unknown key; did you mean 'service'?"),
        ("service=sale &", {}, ConditionError, "the filter cannot be read at its end: expected a key"),
        (None, {"amount": "much"}, ConditionError, "amount: 'much' is not an amount; write it like 12.34"),
        (None, {"nth": 1}, ConditionError, "nth: is counted by a rule or a fault"),
        ("revresal", {}, ConditionError, "service: no exchange has service 'revresal'; did you mean 'reversal'?"),
        ("sale", {"delivery": "snt"}, ConditionError, "delivery: no exchange has delivery 'snt'; did you mean 'sent'?"),
        ("sale", {"tid": "1"}, ConditionError, "tid: '1' is not a terminal number, which has 8 characters"),
        ("amount>10", {"amount": "<5"}, ConditionError, "amount: nothing fits 'amount>10.00 & amount<5.00'"),
    ],
)
def test_conditions_that_cannot_be(
    journal: Journal, what: Any, when: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=re.escape(sentence)):
        journal.list(what, **when)


def test_a_service_that_no_shipped_dialect_serves_may_be_looked_for(journal: Journal) -> None:
    assert journal.count("settlement") == journal.count("my_own_service") == 0


def test_what_a_verification_cannot_take(journal: Journal) -> None:
    with pytest.raises(TypeError, match="'frame_bytes' is no key of a condition"):
        journal.verify(frame_bytes=0)
    with pytest.raises(CountError, match="'some' is not a number of exchanges"):
        journal.verify("sale", count="some")
    with pytest.raises(ValueError, match="'soon' is not a duration"):
        journal.verify("sale", within="soon")
