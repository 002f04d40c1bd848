"""Rules of a running host: packs, changes while it serves, what is held, and the generation of each exchange."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from acquirer.app.terminal import Terminal
from acquirer.data.toml import DataError
from acquirer.scenario.rules.engine import RuleError
from acquirer.terminal.exchange import Outcome
from acquirer.testing import RunningHost, running_host

TID = "10000161"
DECLINE = {"name": "decline", "when": {"service": "sale"}, "then": {"code": "51"}}


@pytest.fixture
def host():
    with running_host() as host:
        yield host


def terminal(host: RunningHost, tid: str = TID, timeout_s: float = 30.0) -> Terminal:
    return Terminal(tid, host=host.address, timeout_s=timeout_s)


def test_rules_come_and_go_between_exchanges(host):
    with terminal(host) as pos:
        codes = [pos.sale("1.00").code]
        assert host.rules.add(DECLINE) == 1
        codes.append(pos.sale("1.00").code)
        assert host.rules.used() == {"decline": 1}
        assert host.rules.remove("decline") == 2
        codes.append(pos.sale("1.00").code)
        with host.rules.added({**DECLINE, "then": {"code": "05"}}) as generation:
            codes.append(pos.sale("1.00").code)
    assert (codes, generation) == (["00", "51", "00", "05"], 3)
    sales = host.journal.list(service="sale")
    assert [entry.generation for entry in sales] == [0, 1, 2, 3]
    assert [entry.rule for entry in sales] == ["", "decline", "", "decline"]
    assert sales[1].why == "rule 'decline' answers 51; 1 used"


def test_a_bad_rule_changes_nothing(host):
    with pytest.raises(DataError, match=r"rule: then\.code: unionpay-pos knows no response code 'ZZ'"):
        host.rules.add({**DECLINE, "then": {"code": "ZZ"}})
    host.rules.add(DECLINE)
    with pytest.raises(RuleError, match="'decline' is the name of another rule"):
        host.rules.add({**DECLINE, "name": "new"}, DECLINE)
    assert host.rules.used() == {"decline": 0}


def test_a_held_sale_waits_for_a_person_and_other_terminals_do_not(host):
    host.rules.add({"name": "wait", "when": {"tid": TID, "service": "sale"}, "then": {"hold": "for a person"}})
    with terminal(host) as pos, terminal(host, "10000162") as other, ThreadPoolExecutor(1) as pool:
        pos.sign_on()
        held = pool.submit(pos.sale, "1.00")
        while not host.held:
            assert not held.done()
        assert [(one.tid, one.rule) for one in host.held] == [(TID, "wait")]
        assert other.sale("1.00").outcome is Outcome.APPROVED
        assert len(host.transactions) == 1
        assert host.resume(tid=TID) == 1
        assert held.result(30).outcome is Outcome.APPROVED
    assert host.journal.find(tid=TID, service="sale").why.endswith("rule 'wait' holds it for a person; 1 used")


def test_what_is_held_until_its_terminal_has_given_up_is_not_booked():
    rule = {"name": "wait", "when": {"service": "sale"}, "then": {"hold": "for a person"}, "times": 1}
    with running_host(patience_s=0.2) as host:
        host.rules.add(rule)
        with terminal(host, timeout_s=1) as pos, ThreadPoolExecutor(1) as pool:
            pos.sign_on()
            held = pool.submit(pos.sale, "1.00")
            while not host.held:
                assert not held.done()
            while not held.running():
                pass
            late = threading.Event()
            late.wait(0.3)  # longer than the host's patience
            host.resume()
            assert held.result(60).outcome is Outcome.NO_ANSWER
        (sale,) = host.journal.list(service="sale")
        assert (sale.code, "nothing was changed" in "".join(sale.notes)) == ("", True)
        assert [row.state for row in host.transactions] in ([], ["tombstone"])
        assert host.rules.used() == {"wait": 0}


def test_a_short_hold_is_booked(host):
    host.rules.add({"name": "slow", "when": {"service": "sale"}, "then": {"hold": "50ms"}})
    with terminal(host) as pos:
        assert pos.sale("1.00").outcome is Outcome.APPROVED
    assert [row.state for row in host.transactions] == ["approved"]


def test_a_host_that_stops_lets_go_what_it_holds():
    with ThreadPoolExecutor(1) as pool, ExitStack() as afterwards:
        with running_host() as host:
            host.rules.add({"name": "wait", "when": {"service": "echo"}, "then": {"hold": "for a person"}})
            pos = afterwards.enter_context(terminal(host))
            pos.sign_on()
            held = pool.submit(pos.echo)
            while not host.held:
                pass
        assert held.result(10).outcome is Outcome.APPROVED


def test_terminals_side_by_side_use_a_rule_as_often_as_it_says(host):
    host.rules.add({**DECLINE, "times": 7, "then": {"answers": ["51", "05", "61"], "order": "in turn"}})

    def sales(tid: str) -> list[str]:
        with terminal(host, tid) as pos:
            return [pos.sale("1.00").code for _ in range(5)]

    with ThreadPoolExecutor(3) as pool:
        codes = [code for found in pool.map(sales, ("10000161", "10000162", "10000163")) for code in found]
    assert {code: codes.count(code) for code in codes} == {"00": 8, "51": 1, "05": 1, "61": 5}
    assert host.rules.used() == {"decline": 7}


# packs, as a terminal meets them


@pytest.mark.parametrize(("name", "code"), [("day-end", "90"), ("issuer-down", "91")])
def test_a_pack_declines_sales_and_lets_sign_ons_pass(name, code):
    with running_host(pack=[name]) as host, terminal(host) as pos:
        assert pos.sign_on().outcome is Outcome.APPROVED
        assert pos.sale("1.00").code == code
        assert [row.state for row in host.transactions] == ["declined"]
        host.rules.remove(name)
        assert pos.sale("1.00").code == "00"


def test_maintenance_refuses_everything():
    with running_host(pack=["maintenance"]) as host, terminal(host) as pos:
        assert pos.sign_on().code == "96"
        assert host.transactions == []
        host.rules.clear()
        assert pos.sale("1.00").code == "00"


def test_keys_expire_once_and_the_terminal_signs_on_again():
    with running_host(pack=["keys-expired"]) as host, terminal(host) as pos:
        assert [pos.sale("1.00").code for _ in range(5)] == ["00", "00", "00", "77", "00"]
        assert len(host.journal.list(service="sign_on")) == 2


def test_another_clock_is_what_a_sign_on_hears():
    with running_host(pack=["clock-skew"]) as host, terminal(host) as pos:
        assert pos.sign_on().outcome is Outcome.APPROVED
        reply = host.journal.find(service="sign_on").reply or {}
        assert (reply["12"], reply["13"]) == ("040300", "0102")


@pytest.mark.slow
def test_a_bad_day_is_survived_and_both_sides_agree():
    with running_host(pack=["a-bad-day"]) as host, terminal(host) as pos:
        assert pos.sign_on().code == "96"
        codes = [pos.sale("1.00").code for _ in range(12)]
        assert codes == ["00", "00", "00", "00", "00", "91", "91", "91", "00", "77", "00", "00"]
        assert host.rules.states() == {"a bad day": "open"}
        slow = host.journal.list(rule="slow host")
        assert [entry.took_us >= 3_000_000 for entry in slow] == [True]
        assert sum(row.amount_minor for row in host.transactions if row.state == "approved") == 800
