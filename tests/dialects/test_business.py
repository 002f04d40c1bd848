"""Business rules where there is no batch: what a sale is called, how a reversal names it, where the MAC stands."""

from __future__ import annotations

import pytest

from acquirer.dialect.dialect import Dialect

DIALECTS = ["iso8583-1987-ascii", "iso8583-1987-binary", "iso8583-1993-ascii", "iso8583-1993-bcd"]


@pytest.fixture(params=DIALECTS)
def till(request, make_till):
    return make_till(request.param)


def later(till, sale):
    """The same sale at another time."""
    within = till.dialect.numbering.within
    return {within: sale[within][:-2] + "59"}


def approved(dialect: Dialect, service: str) -> str:
    return dialect.code_of("approved", dialect.find_route(service))


def test_the_same_frame_again_gets_the_same_answer(till):
    frame = till.frame(till.mti("sale"), till.sale("000007"))
    first, again = till.send(frame), till.send(frame)
    assert first.raw == again.raw  # under the same keys the MAC is the same too
    assert till.code(first) == approved(till.dialect, "sale")
    assert len(till.host.transactions) == 1
    assert till.host.journal.find(service="sale").replayed


def test_a_number_used_for_another_sale(till):
    till.sell("000007")
    refused = till.sell("000007", amount="000000002000")
    assert till.code(refused) == till.dialect.code_of("duplicate")
    why = till.host.journal.find(service="sale").why
    within = till.dialect.numbering.within
    assert why.startswith(f"STAN 000007, {within} {till.sale('000007')[within]} was used at 2026-11-20 12:00:00 for")


def test_a_number_used_again_at_another_time_is_another_sale(till):
    sale = till.sale("000007")
    till.sell("000007")
    assert till.code(till.sell("000007", **later(till, sale))) == approved(till.dialect, "sale")
    assert len(till.host.transactions) == 2


def test_a_reversal_names_its_sale_and_has_a_number_of_its_own(till):
    sale = till.sale("000007")
    till.sell("000007")
    till.sell("000007", **later(till, sale))
    assert till.code(till.undo("000009", sale)) == approved(till.dialect, "reversal")
    assert [one.state for one in till.host.transactions] == ["reversed", "approved"]
    again = till.undo("000010", sale)
    assert till.code(again) == approved(till.dialect, "reversal")
    assert till.host.journal.find(service="reversal").replayed
    assert till.dialect.text(again, "stan") == "000010"


def test_a_sale_that_comes_after_its_reversal_is_not_booked(till):
    sale = till.sale("000007")
    assert till.code(till.undo("000009", sale)) == till.dialect.code_of("original_unknown")
    assert till.code(till.sell("000007")) == till.dialect.code_of("late_original")
    assert [one.state for one in till.host.transactions] == ["tombstone"]


def test_a_reversal_of_another_amount_leaves_the_sale_alone(till):
    sale = till.sale("000007")
    till.sell("000007")
    refused = till.undo("000009", sale, amount="000000002000")
    assert till.code(refused) == till.dialect.code_of("original_amount_differs")
    assert [one.state for one in till.host.transactions] == ["approved"]


def test_without_original_data_elements_a_reversal_is_a_format_error(till):
    elements = till.reversal("000009", till.sale("000007"))
    for name in [name for name in elements if name.startswith("original_")]:
        del elements[name]
    refused = till.send(till.frame(till.mti("reversal"), elements))
    assert till.code(refused) == till.dialect.code_of("format_wrong")
    de = till.dialect.elements["original_mti"].de
    assert till.host.journal.find(service="reversal").why.startswith(f"DE {de} (original mti, characters 1–4) is miss")


def test_the_mac_is_the_last_field(till):
    sale, undo = till.sale("000007"), till.reversal("000009", till.sale("000007"))
    sold, undone = till.send(till.frame(till.mti("sale"), sale)), till.send(till.frame(till.mti("reversal"), undo))
    secondary = 90 if "1987" in till.dialect.name else 0
    assert (max(sold.fields), max(undone.fields)) == (64, 128 if secondary else 64)
    for reply in (sold, undone):
        assert till.suite.verify_message(till.keys, reply)


def test_a_mac_in_the_wrong_bitmap_is_none(make_till):
    till = make_till("iso8583-1987-binary")
    sale = till.sale("000007")
    till.sell("000007")
    wrong = till.frame(till.mti("reversal"), till.reversal("000009", sale), mac_de=64)
    assert till.code(till.send(wrong)) == till.dialect.code_of("mac_differs")
    assert "DE 128 (mac) is missing" in till.host.journal.find(service="reversal").why


def test_a_wrong_mac_is_explained(till):
    frame = bytearray(till.frame(till.mti("sale"), till.sale("000007")))
    covered = till.dialect.covered(bytes(frame))
    zeroed = till.suite.mac(till.keys, covered + bytes(till.dialect.mac_width))
    refused = till.send(till.dialect.with_mac(bytes(frame), zeroed))
    assert till.code(refused) == till.dialect.code_of("mac_differs")
    assert till.dialect.mac_of(refused) is None
    assert "the MAC's own place too, filled with zeros" in till.host.journal.find(service="sale").why


def test_a_terminals_clock_is_read_wherever_it_stands(till):
    within = till.dialect.numbering.within
    field = "time" if within == "time" else "date"
    wrong = {"time": "261320120000"} if field == "time" else {"date": "1320"}
    assert till.code(till.sell("000007", **wrong)) == till.dialect.code_of("format_wrong")
    slow = {"time": "261120110000"} if field == "time" else {"time": "110000"}
    till.sell("000008", **slow)
    notes = till.host.journal.find(service="sale", stan="000008").notes
    assert any(note.startswith("clock-skew: the terminal's clock is 60 minutes behind") for note in notes)


def test_magic_amounts_choose_codes_of_two_digits_and_of_three(make_till):
    for name, code in (("iso8583-1987-binary", "51"), ("iso8583-1993-bcd", "116")):
        till = make_till(name, magic_amounts=True)
        assert till.code(till.sell("000007", amount=f"0000000010{code[-2:]}")) == code


def test_a_chip_card_is_not_to_be_swiped(till):
    swiped = "021" if "1987" in till.dialect.name else "510101254140"
    track = "6221260012345674=30122200000000000"
    if till.dialect.fields[35].nibbles:
        track = track.replace("=", "D")
    elements = till.sale("000007", entry_mode=swiped, track2=track)
    del elements["pan"], elements["expiry"]
    refused = till.send(till.frame(till.mti("sale"), elements))
    assert till.code(refused) == till.dialect.code_of("use_chip")


def test_what_is_known_and_not_served(till):
    asked = till.sale("000007", processing_code="310000")
    refused = till.send(till.frame(till.mti("sale"), asked))
    assert till.code(refused) == till.dialect.code_of("not_supported")
    assert till.host.journal.list()[-1].why.startswith("'balance inquiry'")
