"""Batch upload, as a conversation: details beside the books, repeats, ends of either kind, what comes out of turn."""

from __future__ import annotations

import pytest

from acquirer.journal.mask import showers
from acquirer.model.batches import UploadedDetail
from acquirer.model.rows import TransactionKey
from acquirer.settlement.details import ChipDetail, DetailRecord
from acquirer.settlement.totals import BatchTotals, Totals
from tests.host.conftest import CARD, MID, TID, Pos, Rig

VISA = "4111111111111111"
NOTHING = BatchTotals()


def detail(rig: Rig, stan: str, batch: str = "000001") -> UploadedDetail:
    return rig.store.details[TransactionKey(MID, TID, batch, stan)]


def chip(minor: int, *, foreign: bool = False) -> ChipDetail:
    return ChipDetail("61", foreign, minor, "156")


@pytest.fixture
def uploading(pos: Pos) -> Pos:
    """A terminal whose batch of one sale of 12.34, STAN 000002, is not balanced."""
    pos.sale()
    pos.settle(BatchTotals(Totals(1, 1)))
    return pos


def test_requests_are_compared_one_by_one(rig: Rig, pos: Pos) -> None:
    pos.sale(1000)
    pos.void(pos.last, 1000)
    pos.sale(2000, pan=VISA)
    pos.sale(3000)
    pos.sale(4000)
    pos.reverse(pos.last, 4000)
    pos.settle(NOTHING)
    records = [
        DetailRecord("000002", CARD, 1000),
        DetailRecord("000003", CARD, 1000),
        DetailRecord("000004", VISA, 2000, foreign=False),
        DetailRecord("000005", CARD, 3333),
        DetailRecord("000006", CARD, 4000),
        DetailRecord("000099", CARD, 7000),
    ]
    answer = pos.upload_requests(*records)
    assert answer.code == "00"
    assert answer.why == "6 details uploaded: 2 agree, 3 differ, 1 only at the terminal"
    assert [detail(rig, one.stan).match for one in records] == [
        "agrees", "agrees", "differs", "differs", "differs", "terminal_only",
    ]  # fmt: skip
    assert detail(rig, "000004").why == "its card is domestic here, foreign at the host"
    assert detail(rig, "000005").why == "its amount is 33.33 here, 30.00 at the host"
    assert detail(rig, "000006").why == "the host does not count it: it is reversed"
    assert detail(rig, "000099").why == "the host has never booked it"
    assert "terminal-only: STAN 000099, 621234******1232 70.00: the host has never booked it" in answer.notes


def test_a_detail_that_comes_again_is_one_detail(rig: Rig, uploading: Pos) -> None:
    record = DetailRecord("000002", CARD, 1234)
    assert uploading.upload_requests(record).why == "1 detail uploaded: 1 agree"
    again = uploading.upload_requests(record)
    assert (again.code, again.why) == ("00", "1 detail uploaded: 1 agree; 1 of them was uploaded before")
    assert len(rig.store.details) == 1


def test_another_card_is_named(rig: Rig, uploading: Pos) -> None:
    uploading.upload_requests(DetailRecord("000002", "6221260012345674", 1234))
    assert detail(rig, "000002").why == "its card is 622126******5674 here, 621234******1232 at the host"


def test_a_chips_transaction_comes_with_its_data(rig: Rig, uploading: Pos) -> None:
    answer = uploading.upload_chip("000002", chip(1234))
    assert (answer.code, answer[2], answer[11]) == ("00", CARD, "000002")
    assert detail(rig, "000002").match == "agrees"
    assert detail(rig, "000002").form == "chip"


def test_what_the_chip_refused_moved_no_money(rig: Rig, uploading: Pos) -> None:
    refused = ChipDetail("71", False, 500, "156", "11", "1", "0")
    assert uploading.upload_chip("000088", refused, "206").code == "00"
    assert detail(rig, "000088").match == "no_money"
    uploading.upload_chip("000002", refused._replace(amount_minor=1234), "206")
    assert detail(rig, "000002").match == "differs"
    assert "the chip refused it, and the host counts it: it is approved" in detail(rig, "000002").why


def test_a_sale_whose_issuer_was_not_authentic_stands_as_the_host_has_it(rig: Rig, uploading: Pos) -> None:
    uploading.upload_chip("000002", ChipDetail("71", False, 1234, "156", "05", "2", "2"), "206")
    assert (detail(rig, "000002").form, detail(rig, "000002").match) == ("refused", "agrees")


def test_an_advice_comes_once_more_under_its_own_number(rig: Rig, pos: Pos) -> None:
    sale = pos.sale(1000)
    pos.refund(str(sale[37]), 400)
    pos.settle(NOTHING)
    advice = {
        "pan": CARD, "processing_code": "200000", "amount": f"{400:012}", "stan": "000003", "transaction_type": "25",
        "batch": "000001", "function": "000", "original_date": "0310", "currency": "156",
    }  # fmt: skip
    answer = pos.rig.send(pos.frame("0320", advice))
    assert (answer.code, answer[4], answer.message.fields[60][:2]) == ("00", f"{400:012}", "25")
    assert (detail(rig, "000003").form, detail(rig, "000003").match) == ("advice", "agrees")
    unknown = pos.rig.send(pos.frame("0320", {**advice, "stan": "000077"}))
    assert unknown.code == "00"  # flagged, never refused
    assert detail(rig, "000077").match == "terminal_only"


@pytest.mark.parametrize("function", ["202", "207"])
def test_the_end_closes_the_batch_whichever_it_is(rig: Rig, uploading: Pos, function: str) -> None:
    uploading.upload_requests(DetailRecord("000099", CARD, 1))
    answer = uploading.end_upload(1, function)
    assert (answer.code, answer[48]) == ("00", "0001")
    assert answer.why == (
        "upload ended, 1 detail uploaded: 1 only at the terminal, 1 only at the host (STAN 000002); batch 000001 is "
        "closed, the open one is 000002"
    )
    assert ("ends with 202, not 207" in answer.notes) == (function == "207")
    row = rig.store.settlements[MID, TID, "000001"]
    assert (row.state, row.end, row.end_count, row.closed_us) == ("closed", function, 1, rig.now_us)


def test_the_end_again_changes_nothing(rig: Rig, uploading: Pos) -> None:
    uploading.end_upload(0)
    again = uploading.end_upload(0)
    assert (again.code, rig.store.sessions[TID].batch) == ("00", "000002")
    assert again.why == "the upload of batch 000001 had ended before: nothing changes"


def test_another_number_of_details_than_were_uploaded_is_noted(uploading: Pos) -> None:
    uploading.upload_requests(DetailRecord("000002", CARD, 1234))
    assert "count: the terminal says that it uploaded 3, the host has 1" in uploading.end_upload(3).notes


def test_after_a_balanced_settlement_chips_come_and_then_the_end(rig: Rig, pos: Pos) -> None:
    pos.sale(1000)
    pos.settle(BatchTotals(Totals(1000, 1)))
    assert pos.upload_chip("000002", chip(1000), "203").code == "00"
    answer = pos.end_upload(1, "207")
    assert answer.why == "upload ended, 1 detail uploaded: 1 agree; batch 000001 is closed, the open one is 000002"
    assert answer.notes == ""
    assert rig.store.sessions[TID].batch == "000002"


def test_what_comes_out_of_turn_is_answered_and_noted(rig: Rig, pos: Pos) -> None:
    pos.sale(1000)
    early = pos.upload_requests(DetailRecord("000002", CARD, 1000))
    assert (early.code, "batch 000001 was not settled before" in early.notes) == ("00", True)
    end = pos.end_upload(1)
    assert (end.code, "which was never settled" in end.why) == ("00", True)
    assert rig.store.sessions[TID].batch == "000001"
    pos.settle(NOTHING)
    pos.end_upload(1)
    late = pos.upload_requests(DetailRecord("000002", CARD, 1000))
    assert "the upload of batch 000001 has ended" in late.notes


def test_a_held_batch_whose_terminal_goes_on_is_closed(new_rig) -> None:
    rig = new_rig(unsigned_at_settlement="hold")
    rig.register()
    pos = rig.pos()
    pos.sign_on()
    pos.sale(1000)
    pos.settle(BatchTotals(Totals(1000, 1)))
    answer = pos.end_upload(0)
    assert "the batch was held, and its terminal went on" in answer.notes
    assert rig.store.sessions[TID].batch == "000002"


@pytest.mark.parametrize(
    ("records", "problem"),
    [("02" + "0" * 40, "2 records of an upload have 80 digits, these are 40"), ("0A", "digits only")],
)
def test_records_that_cannot_be_read(uploading: Pos, records: str, problem: str) -> None:
    answer = uploading.upload_requests(detail_records=records)
    assert answer.code == "30"
    assert problem in answer.why


def test_a_text_beside_a_chips_data_that_cannot_be_read(uploading: Pos) -> None:
    answer = uploading.upload_chip("000002", chip(1234), chip_detail="99")
    assert answer.code == "30"
    assert "21 digits that begin with 61" in answer.why


def test_card_numbers_of_an_upload_are_hidden_in_the_journal(rig: Rig, uploading: Pos) -> None:
    answer = uploading.upload_requests(DetailRecord("000002", CARD, 1234), DetailRecord("000003", VISA, 1))
    shown = showers(rig.host.dialect, "0320")[48](answer.evidence[-1].message.fields[48])
    assert CARD not in shown
    assert VISA not in shown
    assert shown.startswith("0200000002" + "*" * 20 + f"{1234:012}")


def test_the_pages_messages_are_read_as_the_page_says(rig: Rig) -> None:
    """A sample of the dialect: three requests."""
    samples = {one.title: one for one in rig.host.dialect.samples}
    frame = bytes.fromhex(samples["batch upload of three requests: sale, void and completion"].hex)
    upload = rig.host.dialect.decode(frame[2:])
    assert str(upload.fields[48]).startswith("03")
    route = rig.host.dialect.route(upload)
    assert route is not None
    assert route.service == "batch_upload"
