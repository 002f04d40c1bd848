"""Whole sentences about voids and refunds: which sale, what keeps it from being given back, what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acquirer.host.core import Host
from acquirer.host.explain import originals as why
from acquirer.host.kinds import KINDS
from acquirer.host.request import Request
from acquirer.model.effects import Arrival
from acquirer.model.rows import Transaction, TransactionKey
from tests.host.conftest import MID, NOON, TID, MakeRig, Pos, Rig, at_us

VOID, REFUND = KINDS["void"], KINDS["refund"]
KEY = TransactionKey(MID, TID, "000007", "000012")
SALE = Transaction(
    KEY,
    amount_minor=1234,
    code="00",
    currency="156",
    pan_masked="621234******1232",
    business_date="20250309",
    reversed_us=at_us(NOON),
)
REFUNDED = replace(SALE, state="refunded", refunded_minor=234)


@pytest.fixture
def host(rig: Rig) -> Host:
    return rig.host


def request_of(pos: Pos, frame: bytes) -> Request:
    host = pos.rig.host
    return Request(host, Arrival(frame, at_us(NOON), 0.0, "127.0.0.1:5000", 1), host.dialect.decode(frame))


def test_done(host: Host) -> None:
    assert why.voided(host.dialect, SALE) == (
        "voided: the sale of 12.34 with STAN 000012, batch 000007 on terminal 10000161 is taken back"
    )
    assert why.refunded(host, REFUNDED, 200) == (
        "refunded: 2.00 of the sale of 12.34 with STAN 000012, batch 000007 on terminal 10000161; 10.00 of it may "
        "still be refunded"
    )
    assert why.refunded(host, replace(REFUNDED, refunded_minor=1234), 1000) == (
        "refunded: 10.00 of the sale of 12.34 with STAN 000012, batch 000007 on terminal 10000161; nothing of it "
        "is left to refund"
    )


def test_an_original_that_is_not_there(pos: Pos) -> None:
    host = pos.rig.host
    assert why.unknown(host, request_of(pos, pos.void_frame("000012")), VOID) == (
        "terminal 10000161 has booked nothing with STAN 000012 in batch 000001, which DE 61 (original stan, "
        "characters 7–12) names: put there batch and STAN of the sale (a void takes back a sale of the same "
        "terminal; a refund one of any)"
    )
    assert why.unknown(host, request_of(pos, pos.void_frame("000012", stan="000012")), VOID) == (
        "terminal 10000161 has booked nothing with STAN 000012 in batch 000001, which DE 61 (original stan, "
        "characters 7–12) names: this is the void's own STAN; put there batch and STAN of the sale (a void takes "
        "back a sale of the same terminal; a refund one of any)"
    )
    assert why.refund_unknown(host, request_of(pos, pos.refund_frame("000000000012"))) == (
        "no terminal of merchant 880210010210162 has booked a sale with reference number 000000000012 on DE 61 "
        "(original date, characters 13–16) 0310: take both from the receipt, DE 37 (rrn) and date"
    )
    assert why.refund_unknown(host, request_of(pos, pos.refund_frame("000000000012", original_date=None))) == (
        "no terminal of merchant 880210010210162 has booked a sale with reference number 000000000012: take both "
        "from the receipt, DE 37 (rrn) and date"
    )


def test_an_original_that_is_closed(host: Host) -> None:
    assert why.closed(host, replace(SALE, kind="balance"), VOID) == (
        "the balance inquiry of 12.34 with STAN 000012, batch 000007 on terminal 10000161 is a balance inquiry: it "
        "cannot be voided; make a new sale if the money is due"
    )
    assert why.closed(host, replace(SALE, state="declined", code="51"), VOID) == (
        "the sale of 12.34 with STAN 000012, batch 000007 on terminal 10000161 was declined (51): it cannot be "
        "voided; make a new sale if the money is due"
    )
    assert why.closed(host, replace(SALE, state="reversed"), REFUND) == (
        "the sale of 12.34 with STAN 000012, batch 000007 on terminal 10000161 was reversed at 2025-03-10 "
        "12:00:00: it cannot be refunded; make a new sale if the money is due"
    )
    assert why.closed(host, replace(SALE, state="voided"), VOID) == (
        "the sale of 12.34 with STAN 000012, batch 000007 on terminal 10000161 is voided already: it cannot be "
        "voided; make a new sale if the money is due"
    )
    assert why.closed(host, REFUNDED, VOID) == (
        "the sale of 12.34 with STAN 000012, batch 000007 on terminal 10000161 was refunded already, 2.34 of it: "
        "it cannot be voided; make a new sale if the money is due"
    )
    assert why.closed(host, replace(SALE, state="tombstone"), VOID) == (
        "the sale of 12.34 with STAN 000012, batch 000007 on terminal 10000161 is tombstone: it cannot be voided; "
        "make a new sale if the money is due"
    )


def test_another_card_or_currency(host: Host) -> None:
    assert why.card_differs(host, SALE, "622126******5674") == (
        "the sale of 12.34 with STAN 000012, batch 000007 on terminal 10000161 is of card 621234******1232, the "
        "message is of card 622126******5674; use the card of the sale"
    )
    assert why.card_differs(host, replace(SALE, pan_masked=""), "") == (
        "the sale of 12.34 with STAN 000012, batch 000007 on terminal 10000161 is of card (none), the message is "
        "of card (none); use the card of the sale"
    )
    assert why.currency_differs(host, SALE, "840") == (
        "the sale of 12.34 with STAN 000012, batch 000007 on terminal 10000161 is in currency 156, the message "
        "says 840; send 156"
    )
    assert why.currency_differs(host, SALE, "") == (
        "the sale of 12.34 with STAN 000012, batch 000007 on terminal 10000161 is in currency 156, the message "
        "says (none); send 156"
    )
    assert why.currency_differs(host, replace(SALE, currency=""), "840") == (
        "the sale of 12.34 with STAN 000012, batch 000007 on terminal 10000161 is in currency (none), the message "
        "says 840; send (none)"
    )


def test_too_late(host: Host) -> None:
    assert why.other_day(host, SALE, "20250310") == (
        "the sale of 12.34 with STAN 000012, batch 000007 on terminal 10000161 is of 2025-03-09, and the host's "
        "business date is 2025-03-10: after its day a sale is refunded, not voided"
    )
    assert why.batch_closed(host, SALE, "000008") == (
        "the sale of 12.34 with STAN 000012, batch 000007 on terminal 10000161 belongs to a closed batch (batch "
        "000008 is open): it is refunded, not voided or adjusted"
    )
    assert why.too_old(host, SALE, 31, 30, "refund_days") == (
        "the sale of 12.34 with STAN 000012, batch 000007 on terminal 10000161 is 31 days old; this host refunds "
        "for 30 days (refund_days)"
    )
    assert why.too_old(host, SALE, 1, 30, "refund_days") == (
        "the sale of 12.34 with STAN 000012, batch 000007 on terminal 10000161 is 1 day old; this host refunds for "
        "30 days (refund_days)"
    )


def test_another_amount(host: Host) -> None:
    assert why.amount_differs(host, SALE, 1000, 1234) == (
        "the sale of 12.34 with STAN 000012, batch 000007 on terminal 10000161, the void asks for 10.00: send the "
        "whole amount, 12.34, or make a refund, which gives back a part"
    )
    assert why.amount_differs(host, SALE, None, 1234) == (
        "the sale of 12.34 with STAN 000012, batch 000007 on terminal 10000161, the void asks for (none): send the "
        "whole amount, 12.34, or make a refund, which gives back a part"
    )
    assert why.refund_exceeds(host, SALE, 1235) == (
        "the sale of 12.34 with STAN 000012, batch 000007 on terminal 10000161: 12.34 is left, the refund asks for "
        "12.35; refund 12.34 at most"
    )
    assert why.refund_exceeds(host, REFUNDED, 1001) == (
        "the sale of 12.34 with STAN 000012, batch 000007 on terminal 10000161, 2.34 of it refunded before: 10.00 "
        "is left, the refund asks for 10.01; refund 10.00 at most"
    )


def test_two_originals(host: Host, new_rig: MakeRig) -> None:
    assert why.numbers_differ(host, SALE, KEY._replace(stan="000013")) == (
        "the reference number is that of the sale of 12.34 with STAN 000012, batch 000007 on terminal 10000161, "
        "but the original data elements name STAN 000013 in batch 000007"
    )
    sent = new_rig(dialect="iso8583-1987-binary").host
    assert why.numbers_differ(sent, SALE, KEY._replace(batch="0310120000")) == (
        "the reference number is that of the sale of 12.34 with STAN 000012, sent 000007 on terminal 10000161, but "
        "the original data elements name STAN 000012, sent 0310120000"
    )
