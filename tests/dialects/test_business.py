"""Business rules where there is no batch: what a sale is called, how a reversal names it, where the MAC stands."""

from __future__ import annotations

import pytest

from acquirer.app.terminal import Terminal
from acquirer.dialect.dialect import Dialect
from acquirer.testing import running_host
from tests.dialects.conftest import TID
from tests.dialects.fast import slow_except

DIALECTS = ["iso8583-1987-ascii", "iso8583-1987-binary", "iso8583-1993-ascii", "iso8583-1993-bcd"]


@pytest.fixture(params=slow_except("iso8583-1993-bcd", DIALECTS))
def pos(request, make_pos):
    return make_pos(request.param)


def later(pos, sale):
    """The same sale at another time."""
    within = pos.dialect.numbering.within
    return {within: sale[within][:-2] + "59"}


def approved(dialect: Dialect, service: str) -> str:
    return dialect.code_of("approved", dialect.find_route(service))


def test_the_same_frame_again_gets_the_same_answer(pos):
    frame = pos.frame(pos.mti("sale"), pos.sale("000007"))
    first, again = pos.send(frame), pos.send(frame)
    assert first.raw == again.raw  # under the same keys the MAC is the same too
    assert pos.code(first) == approved(pos.dialect, "sale")
    assert len(pos.host.transactions) == 1
    assert pos.host.journal.find(service="sale").replayed


def test_a_number_used_for_another_sale(pos):
    pos.sell("000007")
    refused = pos.sell("000007", amount="000000002000")
    assert pos.code(refused) == pos.dialect.code_of("duplicate")
    why = pos.host.journal.find(service="sale").why
    within = pos.dialect.numbering.within
    assert why.startswith(f"STAN 000007, {within} {pos.sale('000007')[within]} was used at 2026-11-20 12:00:00 for")


def test_a_number_used_again_at_another_time_is_another_sale(pos):
    sale = pos.sale("000007")
    pos.sell("000007")
    assert pos.code(pos.sell("000007", **later(pos, sale))) == approved(pos.dialect, "sale")
    assert len(pos.host.transactions) == 2


def test_a_reversal_names_its_sale_and_has_a_number_of_its_own(pos):
    sale = pos.sale("000007")
    pos.sell("000007")
    pos.sell("000007", **later(pos, sale))
    assert pos.code(pos.undo("000009", sale)) == approved(pos.dialect, "reversal")
    assert [one.state for one in pos.host.transactions] == ["reversed", "approved"]
    again = pos.undo("000010", sale)
    assert pos.code(again) == approved(pos.dialect, "reversal")
    assert pos.host.journal.find(service="reversal").replayed
    assert pos.dialect.text(again, "stan") == "000010"


def test_a_sale_that_comes_after_its_reversal_is_not_booked(pos):
    sale = pos.sale("000007")
    assert pos.code(pos.undo("000009", sale)) == pos.dialect.code_of("original_unknown")
    assert pos.code(pos.sell("000007")) == pos.dialect.code_of("late_original")
    assert [one.state for one in pos.host.transactions] == ["tombstone"]


def test_a_reversal_of_another_amount_leaves_the_sale_alone(pos):
    sale = pos.sale("000007")
    pos.sell("000007")
    refused = pos.undo("000009", sale, amount="000000002000")
    assert pos.code(refused) == pos.dialect.code_of("original_amount_differs")
    assert [one.state for one in pos.host.transactions] == ["approved"]


def test_without_original_data_elements_a_reversal_is_a_format_error(pos):
    elements = pos.reversal("000009", pos.sale("000007"))
    for name in [name for name in elements if name.startswith("original_")]:
        del elements[name]
    refused = pos.send(pos.frame(pos.mti("reversal"), elements))
    assert pos.code(refused) == pos.dialect.code_of("format_wrong")
    de = pos.dialect.elements["original_mti"].de
    assert pos.host.journal.find(service="reversal").why.startswith(f"DE {de} (original mti, characters 1–4) is miss")


def test_the_mac_is_the_last_field(pos):
    sale, undo = pos.sale("000007"), pos.reversal("000009", pos.sale("000007"))
    sold, undone = pos.send(pos.frame(pos.mti("sale"), sale)), pos.send(pos.frame(pos.mti("reversal"), undo))
    secondary = 90 if "1987" in pos.dialect.name else 0
    assert (max(sold.fields), max(undone.fields)) == (64, 128 if secondary else 64)
    for reply in (sold, undone):
        assert pos.suite.verify_message(pos.keys, reply)


def test_a_mac_in_the_other_bitmap_is_none(make_pos):
    pos = make_pos("iso8583-1987-binary")
    sale = pos.sale("000007")
    pos.sell("000007")
    misplaced = pos.frame(pos.mti("reversal"), pos.reversal("000009", sale), mac_de=64)
    assert pos.code(pos.send(misplaced)) == pos.dialect.code_of("mac_differs")
    assert "DE 128 (mac) is missing" in pos.host.journal.find(service="reversal").why


def test_a_bad_mac_is_explained(pos):
    frame = bytearray(pos.frame(pos.mti("sale"), pos.sale("000007")))
    covered = pos.dialect.covered(bytes(frame))
    zeroed = pos.suite.mac(pos.keys, covered + bytes(pos.dialect.mac_width))
    refused = pos.send(pos.dialect.with_mac(bytes(frame), zeroed))
    assert pos.code(refused) == pos.dialect.code_of("mac_differs")
    assert pos.dialect.mac_of(refused) is None
    assert "the MAC's own place too, filled with zeros" in pos.host.journal.find(service="sale").why


def test_a_terminals_clock_is_read_wherever_it_stands(pos):
    within = pos.dialect.numbering.within
    field = "time" if within == "time" else "date"
    no_such_time = {"time": "261320120000"} if field == "time" else {"date": "1320"}
    assert pos.code(pos.sell("000007", **no_such_time)) == pos.dialect.code_of("format_wrong")
    slow = {"time": "261120111000"} if field == "time" else {"time": "111000", "sent": "1120111000"}
    pos.sell("000008", **slow)
    notes = pos.host.journal.find(service="sale", stan="000008").notes
    assert any(note.startswith("clock-skew: the terminal's clock is 50 minutes behind") for note in notes)


def test_magic_amounts_choose_codes_of_two_digits_and_of_three(make_pos):
    for name, code in (("iso8583-1987-binary", "51"), ("iso8583-1993-bcd", "116")):
        pos = make_pos(name, magic_amounts=True)
        assert pos.code(pos.sell("000007", amount=f"0000000010{code[-2:]}")) == code


def test_a_chip_card_is_not_to_be_swiped(pos):
    swiped = "021" if "1987" in pos.dialect.name else "510101254140"
    track = "6221260012345674=30122200000000000"
    if pos.dialect.fields[35].nibbles:
        track = track.replace("=", "D")
    elements = pos.sale("000007", entry_mode=swiped, track2=track)
    del elements["pan"], elements["expiry"]
    refused = pos.send(pos.frame(pos.mti("sale"), elements))
    assert pos.code(refused) == pos.dialect.code_of("use_chip")


def test_what_is_known_and_not_served(pos):
    cash = pos.sale("000007", processing_code="010000")
    refused = pos.send(pos.frame(pos.mti("sale"), cash))
    assert pos.code(refused) == pos.dialect.code_of("not_supported")
    assert pos.host.journal.list()[-1].why.startswith("'cash withdrawal'")


@pytest.mark.parametrize(("sent", "minutes"), [("1120120000", 0), ("1120040000", 480), ("1120115000", 10)])
def test_universal_time_is_judged_where_a_dialect_has_it(make_pos, sent, minutes):
    """DE 7 agrees, and the local time does not matter; where it does not, a time zone is no excuse."""
    pos = make_pos("iso8583-1987-ascii")
    pos.sell("000008", sent=sent, time="033000", date="1120")
    notes = "\n".join(pos.host.journal.find(service="sale", stan="000008").notes)
    found = f"clock-skew: the terminal's clock is {minutes} minutes behind the host's"
    assert (found in notes, "clock-skew" in notes) == (bool(minutes), bool(minutes))


@pytest.mark.parametrize("name", ["iso8583-1987-ascii", "iso8583-1993-bcd", "unionpay-pos"])
@pytest.mark.parametrize("timezone", ["Asia/Shanghai", "America/New_York", "Asia/Kathmandu"])
def test_our_own_terminal_elsewhere_has_a_right_clock(name, timezone):
    with running_host(dialect=name, timezone=timezone) as host, Terminal(TID, host=host.address, dialect=name) as own:
        own.sale("1.00")
        assert "clock-skew" not in "\n".join(host.journal.find(service="sale").notes)
