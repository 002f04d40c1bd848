"""One test's view of a host: its own terminals, what acts on them, what is seen of them, and its end."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from acquirer.data.toml import DataError
from acquirer.matcher.keys import ConditionError
from acquirer.scenario.rules.engine import RuleError
from acquirer.settings.specs import load_dialect
from acquirer.testing import RunningHost, View, running_host
from acquirer.testing.explained_text import explanation_of


def test_terminals_have_numbers_of_their_own(host: RunningHost, view: View):
    other = View(host)
    first, second, third = view.terminal(), view.terminal(), other.terminal()
    assert len({first.tid, second.tid, third.tid}) == 3
    assert view.tids == (first.tid, second.tid)
    assert all(one.sign_on().ok for one in (first, second, third))
    assert [entry.tid for entry in view.list("sign_on")] == [first.tid, second.tid]
    assert [entry.tid for entry in other.list()] == [third.tid]
    other.close()


def test_there_are_as_many_as_were_ordered(host: RunningHost):
    view = View(host, terminals=1)
    view.terminal()
    with pytest.raises(LookupError, match=r"this test has 1 terminals; write @pytest.mark.acquirer\(terminals=…\)"):
        view.terminal()
    view.close()


def test_the_same_terminal_once_more_knows_what_it_kept(view: View, tmp_path: Path):
    first = view.terminal(state=tmp_path)
    first.sign_on()
    first.close()
    again = view.terminal(first.tid, state=tmp_path)
    assert again.sale("1.00").ok
    assert len(view.list("sign_on")) == 1


def test_a_terminal_of_the_hosts_settings_keeps_its_keys(view: View):
    terminal = view.terminal("10000161")
    assert terminal.sign_on().ok
    assert view.find("sign_on").tid == "10000161"
    assert view.tids == ("10000161",)


def test_a_terminal_under_test_is_enrolled_with_its_keys(host: RunningHost, view: View):
    enrolled = view.enroll("ABCD0001", mid="123456789012345", tmk="0123456789ABCDEFFEDCBA9876543210", mak="double")
    assert (enrolled.tid, enrolled.mid, enrolled.address) == ("ABCD0001", "123456789012345", host.address)
    assert (enrolled.tmk, enrolled.tmk_kcv) == ("0123456789ABCDEFFEDCBA9876543210", "08D7B4FB")
    assert "0123456789ABCDEF" not in repr(enrolled)
    assert host.terminals["ABCD0001"][0].mak == "double"
    with pytest.raises(DataError, match="tmk"):
        view.enroll(tmk="0123")
    assert view.tids == ("ABCD0001",)


def test_it_is_enrolled_before_rules_that_are_to_act_on_it(view: View):
    view.expect("sale").reply("51")
    with pytest.raises(LookupError, match="name terminal 12345678 first: rules or faults of this test are in force"):
        view.enroll("12345678")


@pytest.mark.parametrize(
    "dialect", ["unionpay-pos", "unionpay-pos-sm4", "iso8583-1987-dukpt", "iso8583-1987-dukpt-aes", "iso8583-1993-bcd"]
)
@pytest.mark.parametrize("fixed", [False, True])
def test_terminals_of_each_dialect_sell(dialect: str, fixed: bool):
    with running_host(dialect=dialect) as host:
        view = View(host, fixed_keys=fixed)
        assert view.terminal().sale("1.00").ok
        view.close()


def test_fixed_keys_are_the_same_at_each_sign_on(host: RunningHost):
    view = View(host, fixed_keys=True)
    terminal = view.terminal()
    keys = set()
    for _ in range(2):
        assert terminal.sign_on().ok
        keys.add(terminal.state.keys.kcvs)
    assert keys == {"PIK 900ECCE3, MAK CFF1592A"}
    view.close()


def test_a_terminal_of_another_dialect_finds_its_listener():
    with running_host(listen=["127.0.0.1:0", "127.0.0.1:0=iso8583-1987-ascii"]) as host:
        view = View(host)
        assert view.terminal(dialect="iso8583-1987-ascii").sale("1.00").ok
        with pytest.raises(LookupError, match="this host does not speak 'iso8583-1987-plain'; it speaks iso8583-1987-"):
            view.terminal(dialect="iso8583-1987-plain")
        view.close()


# what happens


def test_an_expectation_answers_its_own_terminals_only(host: RunningHost, view: View):
    other = View(host)
    view.expect("sale", amount=">10.00").reply("51").once()
    assert other.terminal().sale("12.00").ok
    terminal = view.terminal()
    assert terminal.sale("9.00").ok
    assert terminal.sale("12.00").code == "51"
    assert terminal.sale("12.00").ok
    assert view.problems() == []
    other.close()


def test_answers_come_in_turn_and_by_reason(view: View):
    terminal = view.terminal()
    view.expect("sale").in_turn("51", "61", "00")
    assert [terminal.sale("1.00").code for _ in range(4)] == ["51", "61", "00", "00"]
    view.expect("balance").reply("funds_insufficient").once()
    assert terminal.balance().code == "51"
    view.expect("echo").reply(reason="issuer_down").optional()
    assert view.problems() == []


def test_answers_at_random_are_the_same_for_a_seed(view: View):
    terminal = view.terminal()
    expected = view.expect("sale").at_random("51", "61", "65", seed=4)
    first = [terminal.sale("1.00").code for _ in range(6)]
    assert set(first) <= {"51", "61", "65"}
    assert expected.used == 6


def test_elements_are_set_and_dropped_and_a_sign_on_is_demanded(view: View):
    terminal = view.terminal()
    view.expect("sale").reply(rrn="123456789012", drop=["de.44"]).once()
    reply = terminal.sale("1.00").exchange.reply
    assert (reply.fields[37], 44 in reply.fields) == ("123456789012", False)
    view.expect("sale").reply(ask="sign_on").once()
    terminal.sale("1.00")
    terminal.sale("1.00")
    view.verify_order("sale", "sign_on", "sale")


def test_unmet_expectations_name_the_nearest(view: View):
    terminal = view.terminal()
    view.expect("sale", amount=">10.00").reply("51").once()
    view.expect("reversal").times(2)
    view.expect("sign_on").once()
    view.expect("refund").optional()
    terminal.sale("1.00")
    first, second = view.problems()
    assert first.splitlines()[:2] == [
        "expected exactly 1 sale with amount above 10.00, saw 0",
        "nearest: #" + first.splitlines()[1].split("#")[1],
    ]
    assert "amount: wanted above 10.00, was 1.00 ≠   everything else fits" in first
    assert second.startswith("expected exactly 2 reversals, saw 0\n")


def test_more_than_were_expected_is_a_problem_too(view: View):
    terminal = view.terminal()
    view.expect("sale").once()
    terminal.sale("1.00")
    terminal.sale("1.00")
    assert view.problems() == ["expected exactly 1 sale, saw 2"]


@pytest.mark.parametrize(
    ("kind", "sentence", "expect"),
    [
        (ConditionError, "amuont.*did you mean 'amount'", lambda view: view.expect("sale", amuont="1")),
        (ConditionError, "amount", lambda view: view.expect("service=sale & amount>x")),
        (TypeError, "'service=sale' is a whole condition: write amount into it", lambda view: view.expect(
            "service=sale", amount="1")),
        (DataError, "knows no response code 'ZZ'", lambda view: view.expect("sale").reply("ZZ")),
        (DataError, "hold", lambda view: view.expect("sale").reply(hold="soon")),
        (DataError, "unknown kind 'silnt'; did you mean 'silent'", lambda view: view.fault("silnt").__enter__()),
        (DataError, "after", lambda view: view.fault("late", after="soon").__enter__()),
        (DataError, "no pack is called 'day-ned'; did you mean 'day-end'", lambda view: view.use_pack("day-ned")),
        (ConditionError, "service: no exchange has service 'sail'; did you mean 'sale'", lambda view: view.verify(
            "sail", count=0)),
        (ConditionError, "service: this host journals no service 'lunch'; it has ", lambda view: view.list("lunch")),
        (LookupError, "no rule in force belongs to the scenario 'x'", lambda view: view.scenario("x").state),
        (LookupError, "no rule in force belongs to the scenario 'x'", lambda view: view.scenario("x").go("y")),
        (LookupError, "no terminal|has no working keys", lambda view: view.host.rotate_keys("00000000")),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named(view: View, kind, sentence, expect):
    with pytest.raises(kind, match=sentence):
        expect(view)


def test_faults_of_one_kind_stand_side_by_side(view: View):
    terminal = view.terminal(timeout="5s")
    terminal.sign_on()
    with (
        view.fault("late", after="1s", when="service=sale") as sales,
        view.fault("late", after="2s", when={"service": "balance"}) as balances,
    ):
        assert terminal.sale("1.00").ok
        assert terminal.balance().ok
        assert (sales.applied, balances.applied) == (1, 1)
        assert sales.name != balances.name
    assert terminal.sale("1.00").ok
    assert (sales.applied, repr(balances)) == (1, f"<fault {balances.name}: acted 1 times>")


def test_a_fault_of_a_line_acts_on_connections(view: View):
    terminal = view.terminal()
    with view.fault("refuse") as refused:
        assert terminal.sign_on().failed
    assert refused.applied >= 1
    assert terminal.sign_on().ok


def test_a_pack_acts_on_its_own_terminals(host: RunningHost, view: View, tmp_path: Path):
    other = View(host)
    view.use_pack("issuer-down")
    assert view.terminal().sale("1.00").code == "91"
    assert other.terminal().sale("1.00").ok
    other.close()
    cards = tmp_path / "cards.toml"
    cards.write_text('[[card]]\nname = "x"\npan = "6212345678901232"\nexpiry = "3012"\n')
    with pytest.raises(DataError, match=r"cards\.toml.*belongs to the whole host: name the pack in acquirer_options"):
        view.use_pack(str(cards))


def test_a_scenario_is_looked_at_and_moved(host: RunningHost, view: View):
    view.terminal().sign_on()
    with host.rules.added(
        {"name": "moves", "when": {"service": "echo"}, "then": {"code": "00"}, "scenario": "day", "next": "open"}
    ):
        scenario = view.scenario("day")
        assert scenario.state == "start"
        scenario.go("open")
        assert scenario.state == "open"
        with pytest.raises(RuleError, match="knows a state 'opne'; did you mean 'open'"):
            scenario.go("opne")


def test_keys_are_rotated_behind_the_terminals_back(view: View):
    terminal = view.terminal()
    terminal.sign_on()
    kcvs = view.host.rotate_keys(terminal.tid)
    assert kcvs.startswith("PIK ")
    assert terminal.sale("1.00").code == "A0"
    view.verify("sale", reason="mac_differs")
    assert terminal.sign_on().ok
    assert terminal.sale("1.00").ok


# what happened


def test_the_journal_is_that_of_ones_own_terminals(host: RunningHost, view: View):
    other = View(host)
    other.terminal().sale("5.00")
    terminal = view.terminal()
    terminal.sale("1.00")
    assert view.find("sale").amount_minor == 100
    assert view.verify("sale", count=1).met
    with pytest.raises(AssertionError, match=f"expected exactly 2 sales within 5 s, saw 1 of 2 .* {terminal.tid}\n"):
        view.verify("sale", count=2)
    assert "5.00" not in view.transcript()
    assert other.tids[0] not in view.transcript()
    other.close()


def test_another_terminal_number_is_seen_in_the_transcript(host: RunningHost, view: View):
    dialect = load_dialect("unionpay-pos")
    request = dialect.decode(next(bytes.fromhex(s.hex) for s in dialect.samples if "sign-on request" in s.title)[2:])
    fields = dict(request.fields)
    dialect.put(fields, "tid", "77777777")
    with socket.create_connection((host.host, host.port), timeout=120) as peer:
        peer.sendall(dialect.framing.wrap(dialect.encode("0800", fields)))
        assert peer.recv(1)
    assert "77777777" in view.transcript()
    assert view.list() == []


def test_frames_that_cannot_be_read_are_a_problem_unless_the_test_looked_for_them(host: RunningHost, view: View):
    with socket.create_connection((host.host, host.port), timeout=120) as peer:
        peer.sendall(b"GET / HTTP/1.1\r\n\r\n")
        peer.recv(1)
    (problem,) = view.problems()
    assert problem.startswith("a frame could not be read, and no step of the test asked about it: <#")
    assert "this is an HTTP request" in problem
    view.find(tid="", reason="not-iso8583")
    assert view.problems() == []


def test_a_strict_test_looks_at_everything(view: View):
    view.terminal().sale("1.00")
    assert len(view.problems(strict=True)) == 2
    view.verify("sign_on")
    (problem,) = view.problems(strict=True)
    assert "sale 000002" in problem
    view.verify("sale")
    assert view.problems(strict=True) == []


def test_a_long_transcript_leaves_out_its_beginning(view: View):
    terminal = view.terminal()
    for _ in range(60):
        terminal.echo()
    assert view.transcript().splitlines()[0] == "(10 earlier exchanges are left out)"


def test_results_and_exchanges_explain_themselves(view: View):
    terminal = view.terminal()
    view.expect("sale").reply("51").once()
    result = terminal.sale("1.00")
    assert result.code == "51"
    assert result.text == "可用余额不足"
    assert (result.failed, result.ok, result.stan) == (True, False, "000002")
    lines = explanation_of(result.code, "==", "00") or []
    assert lines[0] == "'51' == '00'"
    assert lines[1].startswith("of <sale 000002: declined, 51 not enough funds, host: rule 'expect sale #")
    entry = view.find("sale")
    assert (explanation_of("00", "==", entry.code) or [])[1].startswith(
        f"of <#{entry.id} 0200 sale 000002 of {terminal.tid}: 51, "
    )
    assert explanation_of("00", "==", "51") is None
    reversal = explanation_of(terminal.sign_on().reversal, "==", "done") or []
    assert reversal[1].startswith("of <sign_on 000003: approved")


def test_at_its_end_everything_is_taken_back(host: RunningHost):
    view = View(host)
    terminal = view.terminal()
    view.expect("sale").reply("51")
    view.use_pack("issuer-down")
    view.fault("silent").__enter__()
    view.close()
    assert host.rules.used() == {}
    assert host.faults.acted() == {}
    assert repr(view) == f"<view of the host at {host.address}: {terminal.tid}>"
