"""Whole sentences about requests: who speaks, what is missing or no such thing, what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acquirer.host.core import Host
from acquirer.host.explain import exchange as why
from acquirer.host.explain import identity
from acquirer.host.request import Request
from acquirer.model.effects import Arrival
from acquirer.model.rows import Policy, Session, TerminalConfig
from acquirer.wire.card_numbers import KNOWN
from acquirer.wire.message import Message, Value
from tests.host.conftest import NOON, TID, MakeRig, Pos, Rig, at_us


@pytest.fixture
def host(rig: Rig) -> Host:
    return rig.host


@pytest.fixture
def terminal(rig: Rig) -> TerminalConfig:
    return rig.terminals[TID]


def shown(sentence: str) -> str:
    return sentence.replace(KNOWN, "")


def request_of(host: Host, frame: bytes) -> Request:
    return Request(host, Arrival(frame, at_us(NOON), 0.0, "127.0.0.1:5000", 1), host.dialect.decode(frame))


def message_of(mti: str, fields: dict[int, Value]) -> Message:
    return Message(b"", mti, fields)


def test_an_empty_frame_before(host: Host) -> None:
    assert why.empty_before(host.dialect) == (
        "an empty frame came just before: 4-byte length? unionpay-pos on this port reads 2 bytes"
    )


def test_an_unknown_mti(host: Host, new_rig: MakeRig) -> None:
    assert why.mti_unknown(host.dialect, "0999") == (
        "there is no message with MTI 0999 in dialect unionpay-pos; use one of its 10: 0100, 0200, 0220, 0300, "
        "0320, 0400, 0500, 0620, 0800, 0820"
    )
    assert why.mti_unknown(host.dialect, "1200") == (
        "there is no message with MTI 1200 in dialect unionpay-pos: its first digit says version 1993, and 0200 is "
        "of version 1987; send 0200"
    )
    assert why.mti_unknown(host.dialect, "7200") == (
        "there is no message with MTI 7200 in dialect unionpay-pos: its first digit says version 7, and 0200 is of "
        "version 1987; send 0200"
    )
    assert why.mti_unknown(new_rig(dialect="iso8583-1993-ascii").host.dialect, "0200") == (
        "there is no message with MTI 0200 in dialect iso8583-1993-ascii: its first digit says version 1987, and "
        "1200 is of version 1993; send 1200"
    )


def test_a_response() -> None:
    assert why.stray_response("0210") == (
        "MTI 0210 is a response, and responses are never answered; send the request, 0200"
    )
    assert why.stray_response("02A0") == (
        "MTI 02A0 is a response, and responses are never answered; send the request, 02A0"
    )


def test_a_missing_element(pos: Pos) -> None:
    dialect = pos.rig.host.dialect
    route = dialect.find_route("sale")
    assert why.missing(dialect, route, "amount") == ("DE 4 (amount) is missing; a sale (0200) must carry it: send DE 4")
    assert why.missing(dialect, None, "tid") == ("DE 41 (tid) is missing; every request must carry it: send DE 41")
    assert why.missing(dialect, route, "pan or track2") == (
        "DE 2 (pan) or DE 35 (track2) is missing; a sale (0200) must carry it: send DE 2 or DE 35"
    )
    assert why.missing(dialect, route, "batch or function") == (
        "DE 60 (batch, characters 3–8) or DE 60 (function, characters 9–11) is missing; a sale (0200) must carry "
        "it: send DE 60"
    )
    assert why.missing(dialect, route, "colour") == ("colour is missing; a sale (0200) must carry it: send it")


def test_a_field_that_is_too_short(host: Host) -> None:
    dialect = host.dialect
    route = dialect.find_route("sale")
    assert why.missing(dialect, route, "batch", message_of("0200", {60: "2200"})) == (
        "DE 60 has 4 digits, and DE 60 (batch, characters 3–8) needs 8: send 8, with zeros before it if need be"
    )
    assert why.missing(dialect, route, "batch", message_of("0200", {60: "2"})) == (
        "DE 60 has 1 digit, and DE 60 (batch, characters 3–8) needs 8: send 8, with zeros before it if need be"
    )
    assert why.missing(dialect, route, "operator", message_of("0800", {63: "1"})) == (
        "DE 63 has 1 character, and DE 63 (operator, characters 1–3) needs 3: send 3, with blanks behind it if need be"
    )
    assert why.missing(dialect, route, "batch", message_of("0200", {60: ""})) == why.missing(dialect, route, "batch")
    assert why.missing(dialect, route, "batch", message_of("0200", {})) == why.missing(dialect, route, "batch")
    assert why.missing(dialect, route, "batch or function", message_of("0200", {60: "2200"})) == (
        "DE 60 (batch, characters 3–8) or DE 60 (function, characters 9–11) is missing; a sale (0200) must carry "
        "it: send DE 60"
    )


def test_numbers_and_times(host: Host) -> None:
    assert why.stan_zero(host.dialect) == ("DE 11 (stan) is 000000; number from 000001 to 999999, then start over")
    assert why.no_such_time(host.dialect, "1332", "") == (
        "DE 13 (date) 1332 is no point in time in the year nearest to the host's clock; write the date as MMDD, "
        "month first, and the time as hhmmss, hours from 00 to 23"
    )
    assert why.no_such_time(host.dialect, "0310", "256000") == (
        "DE 13 (date) 0310 with DE 12 (time) 256000 is no point in time in the year nearest to the host's clock; "
        "write the date as MMDD, month first, and the time as hhmmss, hours from 00 to 23"
    )
    assert why.no_such_expiry(host.dialect, "2613") == (
        "DE 14 (expiry) has month 13; it is written YYMM, with a month from 01 to 12; write YYMM, the year first"
    )


def test_nothing_fits(pos: Pos) -> None:
    host = pos.rig.host
    frame = pos.sale_frame(processing_code="990000", condition="99", transaction_type="99", function="999")
    assert why.not_supported(host.dialect, request_of(host, frame)) == (
        "no service fits MTI 0200 with DE 3 (processing code) 990000, DE 25 (condition) 99, DE 60 (transaction "
        "type, characters 1–2) 99, DE 60 (function, characters 9–11) 999"
    )
    bare = pos.frame("0200", {"stan": "000001"}, pos.keys)
    assert why.not_supported(host.dialect, request_of(host, bare)) == (
        "no service fits MTI 0200 with no code that says what is wanted"
    )
    near = pos.sale_frame(transaction_type="23")
    assert why.not_supported(host.dialect, request_of(host, near)) == (
        "no service fits MTI 0200 as it is; DE 60 (transaction type, characters 1–2) is 23; send 22 in DE 60 for a "
        "sale (0200); or DE 3 (processing code) is 000000; send 200000 in DE 3 for a void (0200)"
    )


def test_a_terminal_that_is_not_known(pos: Pos, terminal: TerminalConfig, host: Host) -> None:
    request = request_of(pos.rig.host, pos.sale_frame(tid="1000016 "))
    assert shown(identity.terminal_unknown(host.dialect, request)) == (
        "terminal '1000016 ' is not registered with this host (merchant 880210010210162 in the message): register "
        "it with 'acquirer terminals add', or correct the terminal's number"
    )
    request.tid = " 1000016"
    assert shown(identity.terminal_unknown(host.dialect, request)) == (
        "terminal ' 1000016' is not registered with this host (merchant 880210010210162 in the message): register "
        "it with 'acquirer terminals add', or correct the terminal's number; it has blanks before it: fill up with "
        "blanks on the right"
    )
    request.tid = "\xf1\xf0\xf0\xf0\xf0\xf1\xf6\xf1"
    assert shown(identity.terminal_unknown(host.dialect, request)).endswith("; it is EBCDIC: send ASCII characters")
    request.tid, request.mid = "88021001", "10000161       "
    assert shown(identity.terminal_unknown(host.dialect, request)).endswith(
        "; DE 42 (mid) holds no more than the number of a terminal: if DE 41 (tid) and DE 42 (mid) are exchanged, send "
        "the terminal's number first"
    )
    assert shown(identity.merchant_unknown(terminal, "123")) == (
        "terminal 10000161 belongs to merchant 880210010210162, the message says 123: correct the merchant number "
        "in the terminal, or register it anew"
    )


def _numbered(host: Host, batch: str, stan: str) -> Request:
    """A sale that says a batch and a STAN."""
    found = request_of(host, host.dialect.encode("0800", {11: "000001", 41: TID, 60: "00000001003"}))
    found.batch, found.stan = batch, stan
    return found


def test_a_terminal_that_must_sign_on(host: Host, terminal: TerminalConfig, new_rig: MakeRig) -> None:
    session = Session(TID, batch="000007", bad_macs=3, signed_on_us=at_us(NOON), last_stan="000012")
    assert why.never_signed_on(terminal) == ("terminal 10000161 has no working keys yet: it must sign on first")
    assert why.signed_off(host, terminal, session) == (
        "terminal 10000161 has signed off from batch 000007: it must sign on before the next sale"
    )
    per_batch = replace(terminal, policy=Policy(required="per-batch"))
    assert why.signed_off(host, per_batch, session) == (
        "terminal 10000161 has signed off from batch 000007; that closes its batch: it must sign on before the "
        "next sale"
    )
    without_batches = new_rig(dialect="iso8583-1987-binary").host
    assert why.signed_off(without_batches, per_batch, session) == (
        "terminal 10000161 has signed off: it must sign on before the next sale"
    )
    assert why.too_many_bad_macs(terminal, session) == (
        "terminal 10000161 sent 3 wrong MACs in a row (3 are allowed): its keys are not the host's, it must sign "
        "on again"
    )
    assert why.another_day(host.calendar, terminal, session, "20250311") == (
        "terminal 10000161 last signed on at 2025-03-10 12:00:00 and today is 2025-03-11 in Asia/Shanghai: its "
        "policy 'daily' asks for a sign-on each day"
    )
    assert why.spent(terminal, session) == (
        "the sign-on of terminal 10000161 was used up by the sale with STAN 000012: its policy 'per-transaction' "
        "asks for one before each sale: sign on first"
    )
    assert why.spent(terminal, Session(TID)) == (
        "the sign-on of terminal 10000161 was used up: its policy 'per-transaction' asks for one before each sale: "
        "sign on first"
    )
    assert why.batch_differs(host.dialect, terminal, session, _numbered(host, "000006", "000012")) == (
        "DE 60 (batch, characters 3–8) says batch 000006, the host has batch 000007 open for terminal 10000161: "
        "sign on again, and take the batch from the reply"
    )
    assert why.batch_differs(host.dialect, terminal, session, _numbered(host, "000006", "000006")).endswith(
        "the reply; it is also what DE 11 (stan) says; send the batch there, not the STAN"
    )
    assert why.batch_differs(host.dialect, terminal, session, _numbered(host, "000012", "000007")).endswith(
        "the reply; that is what DE 11 (stan) says: batch and STAN look exchanged, send each in its place"
    )
    assert why.batch_differs(host.dialect, terminal, session, _numbered(host, "", "000012")) == (
        "DE 60 (batch, characters 3–8) says batch (none), the host has batch 000007 open for terminal 10000161: "
        "sign on again, and take the batch from the reply"
    )


def test_the_host_itself() -> None:
    assert why.lost("lost_request") == (
        "fault 'lost_request' lost this request on its way to the host: nothing was decided, nothing was booked"
    )
    assert why.expired("approved") == (
        "too late: the terminal had stopped waiting before this could be made durable, so nothing was (approved)"
    )
    assert why.not_committed("overloaded") == (
        "more requests wait than the host can book in time: nothing was booked, try again a little later"
    )
    assert why.not_committed("locked") == (
        "another program holds the host's database: nothing was booked, try again a little later"
    )
    assert why.not_committed("failed") == (
        "the host's store has failed, and whether this was booked is unknown: the host approves nothing more"
    )
    assert why.not_committed("conflict") == (
        "other host processes changed this terminal's row again and again: nothing was booked, try again"
    )


def test_clocks() -> None:
    assert why.skew(301) == "clock-skew: the terminal's clock is 5 minutes ahead of the host's"
    assert why.skew(-60) == "clock-skew: the terminal's clock is 1 minute behind the host's"


def test_known_and_not_served(pos: Pos) -> None:
    host = pos.rig.host
    elements = {"stan": "000001", "transaction_type": "03", "batch": "000001", "function": "000"}
    assert why.not_supported(host.dialect, request_of(host, pos.frame("0200", elements))) == (
        "'points balance inquiry of another kind' (0200) is known, but this host does not serve it"
    )
