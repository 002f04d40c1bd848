"""What experts try: ends of years and days, clocks, numbers that begin anew, the largest values, odd bytes.

`docs/edge-cases.md` is the table of all of them, with the source of each; it names the tests here and elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acquirer.journal.render import collect, pack_any
from acquirer.model.reasons import Reason
from acquirer.model.rows import Session
from acquirer.settlement.totals import MOST_MINOR, BatchTotals, Totals
from acquirer.testing.rig_exchange import RigReply
from acquirer.wire.card_numbers import passes_luhn
from acquirer.wire.charsets import display
from tests.host.conftest import CARD, Pos, Rig

At = Callable[..., tuple[Rig, Pos]]


@pytest.fixture
def at() -> At:
    """Return what makes a host at a local time, and a terminal that has signed on."""

    def at(moment: str, **options: Any) -> tuple[Rig, Pos]:
        rig = Rig(at=moment, **options)
        rig.register()
        pos = rig.pos()
        pos.sign_on()
        return rig, pos

    return at


class TestYears:
    """Times travel without a year: the one that puts them nearest to the host's clock is meant."""

    @pytest.mark.parametrize(
        ("host", "date", "time"),
        [("2026-01-01T00:00:01", "1231", "235958"), ("2025-12-31T23:59:59", "0101", "000002")],
    )
    def test_a_terminal_that_is_still_or_already_in_the_other_year(self, at: At, host: str, date: str, time: str):
        _, pos = at(host)
        answer = pos.sale(date=date, time=time)
        assert (answer.code, answer.notes) == ("00", "")
        assert (answer[13], answer[12]) == (host[5:7] + host[8:10], host[11:].replace(":", ""))  # the host's own

    def test_a_sale_of_new_years_eve_is_refunded_and_reversed_in_the_new_year(self, at: At):
        rig, pos = at("2025-12-31T23:58:00")
        kept, undone = pos.sale(), pos.sale(500)
        rig.advance(180)
        pos.sign_on()
        assert pos.refund(str(kept[37]), date="1231").code == "00"
        assert pos.reverse(pos_stan(undone), 500).code == "00"
        days = [(row.kind, row.business_date, row.state) for row in rig.transactions]
        assert days == [
            ("sale", "20251231", "refunded"),
            ("sale", "20251231", "reversed"),
            ("refund", "20260101", "approved"),
        ]

    def test_a_date_of_the_year_before_is_not_that_of_a_sale_of_this_year(self, at: At):
        _, pos = at("2026-01-02T08:00:00")
        sold = pos.sale()
        assert pos.refund(str(sold[37]), date="1231").code == "25"

    def test_a_card_is_good_through_the_last_second_of_its_month(self, at: At):
        rig, pos = at("2030-12-31T23:59:59")
        assert pos.sale().code == "00"  # 3012
        rig.advance(1)
        pos.sign_on()
        assert pos.sale().code == "54"


class TestLeapDays:
    def test_a_sale_of_the_leap_day_is_refunded_by_its_date(self, at: At):
        rig, pos = at("2028-02-29T23:59:00")
        sold = pos.sale(date="0229", time="235900")
        assert (sold.code, sold[13]) == ("00", "0229")
        rig.advance(120)
        pos.sign_on()
        assert pos.refund(str(sold[37]), date="0229").code == "00"

    @pytest.mark.parametrize(("date", "time"), [("0229", "120000"), ("1332", "120000"), ("0101", "246000")])
    def test_a_time_that_never_was_is_a_format_error(self, at: At, date: str, time: str):
        rig, pos = at("2026-03-01T08:00:00")
        answer = pos.sale(date=date, time=time)
        assert (answer.code, rig.booked_minor()) == ("30", 0)
        assert "is no point in time in the year nearest to the host's clock" in answer.why


class TestMidnight:
    def test_in_the_middle_of_an_exchange(self, at: At):
        """The day is that of arrival: stored once, and the repeat has the same, though it comes the day after."""
        rig, pos = at("2026-01-02T23:59:59")
        frame = pos.sale_frame()
        run = rig.start(frame).to_commit()
        rig.advance(2)
        answer = run.finish()
        assert (answer.code, answer[13], answer[12]) == ("00", "0102", "235959")
        repeat = rig.send(frame)
        assert [repeat[de] for de in (12, 13, 15, 37, 39)] == [answer[de] for de in (12, 13, 15, 37, 39)]
        assert [row.business_date for row in rig.transactions] == ["20260102"]

    def test_a_sale_before_it_is_not_voided_after_it_and_can_be_refunded(self, at: At):
        rig, pos = at("2026-01-02T23:59:00")
        sold = pos.sale()
        rig.advance(120)
        pos.sign_on()
        assert pos.void(pos_stan(sold)).code == "25"
        assert pos.refund(str(sold[37]), date="0102").code == "00"

    def test_the_sign_on_of_the_day_before_is_used_up(self, at: At):
        rig, pos = at("2026-01-02T23:59:59")
        assert pos.sale().code == "00"
        rig.advance(1)
        assert pos.sale().code == "77"

    def test_a_reversal_needs_no_sign_on_of_the_new_day(self, at: At):
        rig, pos = at("2026-01-02T23:59:59")
        sold = pos.sale()
        rig.advance(1)
        assert pos.reverse(pos_stan(sold)).code == "00"
        assert rig.booked_minor() == 0


class TestSummerTime:
    """The host's own zone changes: an hour that is left out, an hour that a clock shows twice."""

    def test_an_hour_that_is_left_out(self, at: At):
        rig, pos = at("2026-03-29T01:59:59", timezone="Europe/Berlin")
        before = pos.sale()
        rig.advance(1)
        after = pos.sale()
        assert (before[12], after[12]) == ("015959", "030000")
        assert (before.code, after.code, before[13], after[13]) == ("00", "00", "0329", "0329")
        first, second = rig.transactions
        assert second.at_us - first.at_us == 1_000_000

    def test_an_hour_that_a_clock_shows_twice(self, at: At):
        rig, pos = at("2026-10-25T02:30:00", timezone="Europe/Berlin")
        first = pos.sale()
        rig.advance(3600)
        second = pos.sale()
        assert (first[12], second[12]) == ("023000", "023000")
        assert (first.code, second.code) == ("00", "00")
        assert first[37] != second[37]
        assert rig.booked_minor() == 2 * 1234

    def test_a_repeat_an_hour_later_at_the_same_clock_time_is_a_repeat(self, at: At):
        rig, pos = at("2026-10-25T02:30:00", timezone="Europe/Berlin")
        frame = pos.sale_frame()
        answer = rig.send(frame)
        rig.advance(3600)
        assert rig.send(frame)[37] == answer[37]
        assert rig.booked_minor() == 1234


class TestClocks:
    def test_a_clock_that_is_set_back_gives_no_number_twice(self, at: At):
        rig, pos = at("2026-01-02T12:00:00")
        numbers = []
        for step_s in (0, -7200, 86_400, -86_400):
            rig.advance(step_s)
            pos.sign_on()
            numbers.append(pos.sale()[37])
        assert None not in numbers
        assert len(set(numbers)) == len(numbers)
        assert pos.batch == "000001"

    def test_a_terminals_clock_that_is_days_off_is_noted_and_the_hosts_rules(self, at: At):
        _, pos = at("2026-01-02T12:00:00")
        answer = pos.sale(date="0105", time="110000")
        assert (answer.code, answer[13], answer[12]) == ("00", "0102", "120000")
        assert "clock" in answer.notes


class TestNumbersThatBeginAnew:
    def test_the_stan_after_999999(self, at: At):
        rig, pos = at("2026-01-02T12:00:00")
        codes = [pos.sale(stan=stan).code for stan in ("999998", "999999", "000001", "000002")]
        # Sign-on had 000001: numbers of management messages are no numbers of transactions.
        assert codes == ["00"] * 4
        assert pos.sale(stan="000000").code == "30"
        assert pos.sale(amount=1, stan="999999").code == "94"
        assert rig.booked_minor() == 4 * 1234

    def test_a_stan_of_another_batch_is_another_sale(self, at: At):
        rig, pos = at("2026-01-02T12:00:00")
        first = pos.sale(stan="000007")
        close(rig, pos, Totals(1234, 1))
        second = pos.sale(stan="000007")
        assert (first.code, second.code) == ("00", "00")
        assert first[37] != second[37]

    def test_the_batch_after_999999(self, at: At):
        rig, pos = at("2026-01-02T12:00:00")
        rig.sessions[pos.tid] = replace_batch(rig, pos, "999999")
        assert pos.sale().code == "00"
        close(rig, pos, Totals(1234, 1))
        assert (pos.batch, pos.sale().code) == ("000001", "00")


class TestLargestAmounts:
    def test_twelve_nines(self, at: At):
        rig, pos = at("2026-01-02T12:00:00")
        assert pos.sale(MOST_MINOR).code == "00"
        assert pos.reverse("000002", MOST_MINOR).code == "00"
        assert (pos.sale(MOST_MINOR).code, pos.void("000003", MOST_MINOR).code) == ("00", "00")
        assert "9999999999.99" in rig.journal[-1].why
        assert pos.sale(0).code == "13"

    def test_a_limit_is_a_limit_for_them_too(self, at: At):
        rig, pos = at("2026-01-02T12:00:00")
        assert pos.sale(MOST_MINOR, pan="6200000000000005").code == "51"
        assert rig.booked_minor() == 0

    def test_totals_beyond_twelve_digits_are_an_error_and_never_cut(self, at: At):
        """The message has no room: the reply says so (3), and the books keep every unit."""
        rig, pos = at("2026-01-02T12:00:00")
        for _ in range(2):
            assert pos.sale(MOST_MINOR).code == "00"
        assert rig.booked_minor() == 2 * MOST_MINOR
        answer = pos.settle(BatchTotals(Totals(MOST_MINOR, 2)))
        assert str(answer[48])[30] == "3"
        assert "19999999999.98" in answer.why


class TestTwoAtOnce:
    def test_a_terminal_on_two_connections(self, at: At):
        """Legal, behind a multiplexer or after a reconnect: one order of exchanges, each answered where it came."""
        rig, pos = at("2026-01-02T12:00:00")
        first, second = rig.start(pos.sale_frame()), rig.start(pos.sale_frame())
        codes = [run.finish().code for run in (second, first)]
        assert codes == ["00", "00"]
        assert [row.state for row in rig.transactions] == ["approved", "approved"]

    def test_one_sale_on_two_connections_is_booked_once(self, at: At):
        rig, pos = at("2026-01-02T12:00:00")
        frame = pos.sale_frame()
        runs = [rig.start(frame).to_commit() for _ in range(2)]
        answers = [run.finish() for run in runs]
        assert answers[0][37] == answers[1][37]
        assert rig.booked_minor() == 1234

    def test_a_key_change_with_a_sale_in_flight(self, at: At):
        """The sale is answered under the keys that it was made with; the next one under the new ones ends them."""
        rig, pos = at("2026-01-02T12:00:00")
        old, frame = pos.keys, pos.sale_frame()
        pos.sign_on()
        answer = rig.send(frame)
        assert answer.code == "00"
        assert old is not None
        assert answer.message is not None
        assert rig.host.suite.verify_message(old, answer.message)
        assert pos.sale().code == "00"
        assert pos.sale(keys=old).code == "A0"


GBK_EDGES = {
    "lead byte alone": "\xd2",
    "lead byte at the end": "POS\xd2",
    "0x80": "\x80\x80\x80",
    "0xFF": "\xff\xff",
    "second byte 0x7F": "\x81\x7f",
    "second byte of ASCII": "\x81\x40\xfe\x7e",
    "last pair of GBK": "\xfe\xfe",
    "user defined": "\xaa\xa1\xfe\xa1",
    "controls": "\x00\x1b[31m\r\n",
}


class TestOddBytes:
    @pytest.mark.parametrize("text", GBK_EDGES.values(), ids=GBK_EDGES)
    def test_text_is_kept_as_bytes_and_shown_without_harm(self, at: At, text: str):
        rig, pos = at("2026-01-02T12:00:00")
        answer = pos.sale(additional=text)
        assert answer.code == "00"
        assert rig.journal[-1].message.fields[44] == text
        assert str(pack_any(collect(rig.journal[-1]), rig.host.dialect)).isprintable()
        assert display(text, "gbk").isprintable()

    @pytest.mark.parametrize("text", GBK_EDGES.values(), ids=GBK_EDGES)
    def test_a_merchant_number_of_odd_bytes_names_no_merchant(self, at: At, text: str):
        rig, pos = at("2026-01-02T12:00:00")
        answer = pos.sale(mid=text.ljust(15)[:15])
        assert (answer.code, rig.booked_minor()) == ("03", 0)
        assert answer.evidence[0].reason == Reason.MERCHANT_UNKNOWN
        assert answer.why.isprintable()


class TestCardNumbers:
    @pytest.mark.parametrize("size", [12, 13, 16, 19])
    def test_of_12_to_19_digits(self, at: At, size: int):
        rig, pos = at("2026-01-02T12:00:00")
        pan = with_check_digit("621234" + "0" * (size - 7))
        assert pos.sale(pan=pan).code == "00"
        masked = rig.transactions[-1].pan_masked
        assert (len(masked), masked[:5], masked[-4:]) == (size, "62123", pan[-4:])
        assert "***" in masked

    @pytest.mark.parametrize("size", [10, 11])
    def test_of_fewer_digits_is_none(self, at: At, size: int):
        rig, pos = at("2026-01-02T12:00:00")
        answer = pos.sale(pan=with_check_digit("621234" + "0" * (size - 7)))
        assert (answer.code, rig.booked_minor()) == ("14", 0)

    def test_in_field_2_and_on_the_track_must_be_one(self, at: At):
        rig, pos = at("2026-01-02T12:00:00")
        answer = pos.sale(track2=f"{with_check_digit('621234000000001')}D3012")
        assert (answer.code, rig.booked_minor()) == ("30", 0)
        assert CARD not in answer.why


def test_the_page_names_tests_that_there_are():
    """Each row of docs/edge-cases.md points to at least one, in the file that it names, and has a source."""
    root = Path(__file__).parents[2]
    rows = [
        line.split(" | ") for line in (root / "docs/edge-cases.md").read_text("utf-8").splitlines() if " | " in line
    ]
    rows = [row for row in rows if row[0] != "| case"]
    assert len(rows) > 50
    for row in rows:
        assert len(row) == 4, row
        file, found = "tests/host/test_edge_cases.py", 0
        for name in re.findall("`([^`]+)`", row[2]):
            if name.endswith(".py"):
                file = name
            else:
                assert f"def {name}(" in (root / file).read_text("utf-8"), (file, name)
                found += 1
        assert found, row
        assert len(row[3].rstrip(" |")) > 2, row


# helpers


def pos_stan(answer: RigReply) -> str:
    return str(answer[11])


def with_check_digit(digits: str) -> str:
    return next(digits + last for last in "0123456789" if passes_luhn(digits + last))


def replace_batch(rig: Rig, pos: Pos, batch: str) -> Session:
    pos.batch = batch
    return replace(rig.sessions[pos.tid], batch=batch)


def close(rig: Rig, pos: Pos, totals: Totals) -> None:
    assert str(pos.settle(BatchTotals(totals))[48])[30] == "1"  # balanced
    pos.sign_on()
