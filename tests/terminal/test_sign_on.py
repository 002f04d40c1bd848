"""Sign-on, sign-off and echo against hosts of other makes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from acquirer.security.secret import Secret
from acquirer.terminal.effects import Unframed
from acquirer.terminal.exchange import Outcome
from acquirer.terminal.rendering import line
from acquirer.terminal.sign_on import echo, sign_off, sign_on

if TYPE_CHECKING:
    from acquirer.terminal.effects import Response
    from tests.terminal.conftest import Bench, Foreign

PUBLISHED_REPLY = bytes.fromhex(
    "60000001386131003111080810003800010AC0001450021122130107200800085500323231323031343931333239303039393939393930363030"
    "313433303137303131393939390011000005190030004046F161A743497B32EAC760DF5EA57DF5900ECCE3977731A7EA402DDF00000000000000"
    "00CFF1592A"
)


def test_reads_the_published_reply(make_bench: type[Bench]) -> None:
    bench = make_bench(tid="99999906", mid="001430170119999")
    bench.machine.state = replace(bench.machine.state, stan="500210")
    result = bench.run(sign_on(bench.machine), PUBLISHED_REPLY)
    assert line(result.exchange) == (
        "→ 0800 sign-on STAN 500211 … ← 0810 00 approved · keys PIK 900ECCE3 MAK CFF1592A · batch 000519 · 3 ms"
    )
    assert bench.state.signed_on
    assert bench.state.batch == "000519"


def test_asks_as_the_published_request_does(bench: Bench, host: Foreign) -> None:
    bench.run(sign_on(bench.machine), host.sign_on())
    request = bench.requests[0]
    assert (request.mti, request.fields[60], request.fields[63]) == ("0800", "00000001003", "01 ")
    assert request.fields[62] == b"Sequence No133060A10000161"
    assert 64 not in request.fields


def test_tells_operator_serial_package_tpdu_and_head(make_bench: type[Bench], host: Foreign) -> None:
    bench = make_bench(
        operator="07", serial="306099999906", package="001", tpdu=b"\x60\0\x06\0\0", head=bytes.fromhex("602200000000")
    )
    bench.run(sign_on(bench.machine), host.short("97"))
    request = bench.requests[0]
    assert request.raw[:11].hex() == "6000060000602200000000"
    assert request.fields[62] == b"Sequence No12306099999906"
    assert (request.fields[60][-3:], request.fields[63]) == ("001", "07 ")


@pytest.mark.parametrize("room", ["0000000000000000", "977731A7EA402DDF"])
def test_takes_a_single_mak_however_its_room_is_filled(bench: Bench, host: Foreign, room: str) -> None:
    result = bench.run(sign_on(bench.machine), host.sign_on(package_of(room)))
    assert result.outcome is Outcome.APPROVED
    assert bench.state.keys.kcvs == "PIK 900ECCE3, MAK CFF1592A"


def test_takes_a_double_mak(bench: Bench, host: Foreign, tmk: Secret) -> None:
    clear = "9CAA6FBFE5E5A51AE8C99FA2371ACAA9"
    double = Secret.from_hex(clear)
    wrapped = tmk.encrypt(bytes.fromhex(clear)).hex()
    result = bench.run(sign_on(bench.machine), host.sign_on(f"{package_of()[:40]}{wrapped}{double.kcv()}"))
    assert result.outcome is Outcome.APPROVED
    assert bench.state.keys.mak == double


def package_of(room: str = "0000000000000000") -> str:
    return f"46F161A743497B32EAC760DF5EA57DF5900ECCE3977731A7EA402DDF{room}CFF1592A"


@pytest.mark.parametrize(
    ("package", "says"),
    [
        (package_of().replace("CFF1592A", "CFF1592B"), "MAK KCV differs: the package says CFF1592B"),
        (package_of().replace("900ECCE3", "00000000"), "PIK KCV differs"),
        (package_of()[:48], "key package 003 has 40 bytes"),
    ],
)
def test_refuses_keys_that_cannot_be_right(signed_on: Bench, host: Foreign, package: str, says: str) -> None:
    before = signed_on.state.keys
    result = signed_on.run(sign_on(signed_on.machine), host.sign_on(package))
    assert result.outcome is Outcome.KEYS_DIFFER
    assert says in result.exchange.detail
    assert signed_on.state.keys is before


def test_refuses_an_approval_without_keys(bench: Bench, host: Foreign) -> None:
    result = bench.run(sign_on(bench.machine), host.reply())
    assert result.outcome is Outcome.KEYS_DIFFER
    assert not bench.state.signed_on


def test_another_master_key_is_named(make_bench: type[Bench], host: Foreign) -> None:
    bench = make_bench(tmk=Secret.from_hex("0123456789ABCDEFFEDCBA9876543210"))
    result = bench.run(sign_on(bench.machine), host.sign_on())
    assert "under another TMK" in result.exchange.detail


@pytest.mark.parametrize("batch", ["000000", "999999"])
def test_keeps_its_batch_when_the_host_names_none(signed_on: Bench, host: Foreign, batch: str) -> None:
    signed_on.run(sign_on(signed_on.machine), host.sign_on(batch=batch))
    assert signed_on.state.batch == "000007"


def test_keeps_its_batch_when_the_reply_has_no_de60(signed_on: Bench, host: Foreign) -> None:
    signed_on.run(sign_on(signed_on.machine), host.sign_on(de60=None))
    assert signed_on.state.batch == "000007"


@pytest.mark.parametrize("code", ["97", "03", "96"])
def test_a_short_refusal_is_a_refusal(bench: Bench, host: Foreign, code: str) -> None:
    result = bench.run(sign_on(bench.machine), host.short(code))
    assert (result.outcome, result.code) == (Outcome.DECLINED, code)
    assert bench.state.keys is None


def test_reads_a_code_it_does_not_know(bench: Bench, host: Foreign) -> None:
    result = bench.run(sign_on(bench.machine), host.short("ZZ"))
    assert result.outcome is Outcome.DECLINED
    assert "does not know" in result.exchange.detail


def test_never_uses_a_stan_twice(bench: Bench, host: Foreign, silence: Response) -> None:
    for _ in range(3):
        bench.run(sign_on(bench.machine), silence)
    assert [request.fields[11] for request in bench.requests] == ["000001", "000002", "000003"]
    assert bench.trace[:2] == ["keep", "ask 0800"]


def test_the_stan_after_999999_is_1(signed_on: Bench, host: Foreign) -> None:
    signed_on.machine.state = replace(signed_on.machine.state, stan="999999")
    signed_on.run(sign_on(signed_on.machine), host.sign_on())
    assert signed_on.requests[0].fields[11] == "000001"


def test_leaves_answers_to_others_aside(bench: Bench, host: Foreign) -> None:
    result = bench.run(
        sign_on(bench.machine),
        [
            host.reply("97", de11="000999"),
            host.reply("97", mti="0830"),
            host.reply("97", de41="99999999"),
            host.sign_on(),
        ],
    )
    assert result.outcome is Outcome.APPROVED
    assert result.exchange.notes[:3] == (
        "a 0810 for STAN 000999 was left aside",
        "a 0830 was left aside: it answers something else",
        "a 0810 for terminal 99999999 was left aside",
    )


@pytest.mark.parametrize(
    ("answer", "outcome", "says"),
    [
        (b"\x60\0\0\0\0" + bytes(6) + b"\x08\x10\xff", Outcome.MALFORMED, "cannot be read"),
        (Unframed("this is an HTTP response, not ISO 8583", 5), Outcome.MALFORMED, "HTTP"),
    ],
)
def test_nonsense_is_malformed(bench: Bench, answer: Response | bytes, outcome: Outcome, says: str) -> None:
    result = bench.run(sign_on(bench.machine), answer)
    assert result.outcome is outcome
    assert says in result.exchange.detail


def test_an_answer_without_a_code_is_malformed(bench: Bench, host: Foreign) -> None:
    result = bench.run(sign_on(bench.machine), host.reply(de39=None))
    assert (result.outcome, result.exchange.detail) == (Outcome.MALFORMED, "the reply has no response code")


def test_echo_carries_no_stan_and_needs_no_keys(bench: Bench, host: Foreign) -> None:
    result = bench.run(echo(bench.machine), host.reply())
    assert result.outcome is Outcome.APPROVED
    assert sorted(bench.requests[0].fields) == [41, 42, 60]
    assert line(result.exchange) == "→ 0820 echo test … ← 0830 00 approved · 3 ms"


def test_signs_on_when_the_head_of_an_echo_says_so(signed_on: Bench, host: Foreign) -> None:
    signed_on.run(echo(signed_on.machine), host.reply(nibble=3), host.sign_on(nibble=3))
    assert [request.mti for request in signed_on.requests] == ["0820", "0800"]


@pytest.mark.parametrize("nibble", [0, 1, 2, 4, 9])
def test_other_wishes_in_the_head_change_nothing(signed_on: Bench, host: Foreign, nibble: int) -> None:
    signed_on.run(echo(signed_on.machine), host.reply(nibble=nibble))
    assert len(signed_on.requests) == 1


def test_signed_off_with_any_answer(signed_on: Bench, host: Foreign, silence: Response) -> None:
    result = signed_on.run(sign_off(signed_on.machine), silence)
    assert result.outcome is Outcome.NO_ANSWER
    assert not signed_on.state.signed_on
    assert signed_on.state.keys is not None
    assert signed_on.requests[0].fields[60] == "00000007002"


def test_not_signed_off_when_nothing_left(signed_on: Bench, no_line: Response) -> None:
    result = signed_on.run(sign_off(signed_on.machine), no_line)
    assert result.outcome is Outcome.NOT_SENT
    assert signed_on.state.signed_on
    assert line(result.exchange) == "→ 0820 sign-off STAN 000012 … ← not sent · connection refused"


def test_another_tmk_makes_the_keys_worthless(make_bench: type[Bench], signed_on: Bench) -> None:
    other = make_bench(signed_on.state, tmk=Secret.from_hex("0123456789ABCDEFFEDCBA9876543210"))
    assert other.state.keys is None
    assert not other.state.signed_on
    assert other.state.stan == "000011"
