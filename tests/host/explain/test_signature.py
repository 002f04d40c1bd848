"""Whole sentences about uploads of signatures: of which sale, what is odd, what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from acquirer.host.core import Host
from acquirer.host.explain import signature as why
from acquirer.host.request import Request
from acquirer.model.effects import Arrival
from acquirer.model.rows import Signature, SignaturePart, Transaction, TransactionKey, Uploaded
from acquirer.signature.bitmap import Bitmap
from acquirer.signature.jbig_encoder import encode_jbig
from tests.host.conftest import MID, NOON, TID, Pos, Rig, at_us

KEY = TransactionKey(MID, TID, "000007", "000012")
SALE = Transaction(KEY, amount_minor=1234, code="00", reversed_us=at_us(NOON))
SIGNATURE = Signature(KEY, 1, "", 100, at_us=at_us(NOON), amount_minor=1234)
IMAGE = encode_jbig(Bitmap(240, 80, bytes(2400)))
UNKNOWN_HEIGHT = IMAGE[:8] + b"\xff\xff\xff\xff" + IMAGE[12:]


@pytest.fixture
def host(rig: Rig) -> Host:
    return rig.host


@pytest.fixture
def request_for_one(pos: Pos) -> Request:
    frame = pos.upload_frame("000012", IMAGE)
    host = pos.rig.host
    return Request(host, Arrival(frame, at_us(NOON), 0.0, "127.0.0.1:5000", 1), host.dialect.decode(frame))


def test_kept(host: Host) -> None:
    assert why.kept(host.calendar, SIGNATURE, b"abc", None, "sale") == (
        "signature kept for the sale of 12.34 with STAN 000012, batch 000007: 3 bytes"
    )
    assert why.kept(host.calendar, replace(SIGNATURE, captured="none"), IMAGE, None, "sale") == (
        "signature kept for the sale of 12.34 with STAN 000012, batch 000007: 22 bytes, 240 × 80 pixels"
    )
    in_parts = replace(SIGNATURE, captured="pen", parts=2, amount_minor=None)
    assert why.kept(host.calendar, in_parts, UNKNOWN_HEIGHT, SIGNATURE, "refund") == (
        "signature kept for the refund of (none) with STAN 000012, batch 000007: 22 bytes, from 2 parts, 240 × ? "
        "pixels, captured by pen; it replaces the one of 2025-03-10 12:00:00, which is kept beside it"
    )


def test_known(host: Host) -> None:
    assert why.known(host.calendar, SIGNATURE, latest=True) == (
        "this signature came at 2025-03-10 12:00:00 already, for STAN 000012, batch 000007: take 94 for a success "
        "and forget it"
    )
    assert why.known(host.calendar, SIGNATURE, latest=False) == (
        "this signature came at 2025-03-10 12:00:00 already, for STAN 000012, batch 000007: take 94 for a success "
        "and forget it; another one came since and counts"
    )


def test_not_kept_any_more() -> None:
    assert why.closed(SIGNATURE, "000008", "sale") == (
        "the sale with STAN 000012 has a signature, and its batch 000007 is closed (batch 000008 is open): it is "
        "not replaced any more"
    )
    assert why.too_many(1, "000012", "sale") == (
        "the sale with STAN 000012 was signed 1 time already: no more are kept for one sale"
    )
    assert why.too_many(8, "000012", "void") == (
        "the void with STAN 000012 was signed 8 times already: no more are kept for one void"
    )


def test_no_sale_to_sign(request_for_one: Request) -> None:
    request = request_for_one
    assert why.no_sale(request, replace(SALE, state="declined", code="51"), Uploaded()) == (
        "the sale of terminal 10000161 with STAN 000012 in batch 000001 was declined (51): there is nothing to "
        "sign; upload signatures of approved sales only"
    )
    assert why.no_sale(request, replace(SALE, state="tombstone"), Uploaded()) == (
        "of the sale of terminal 10000161 with STAN 000012 in batch 000001 only its reversal came: there is "
        "nothing to sign"
    )
    assert why.no_sale(request, replace(SALE, kind="balance"), Uploaded()) == (
        "the balance inquiry of terminal 10000161 with STAN 000012 in batch 000001 is not signed by the cardholder"
    )
    assert why.no_sale(request, None, Uploaded()) == (
        "there is no sale of terminal 10000161 with STAN 000012 in batch 000001; upload a signature under the STAN "
        "and batch of its sale"
    )
    assert why.no_sale(request, None, Uploaded(elsewhere=SALE)) == (
        "there is no sale of terminal 10000161 with STAN 000012 in batch 000001, but one of 12.34 with this STAN "
        "in batch 000007: the terminal names its current batch, not the batch of the sale; repeat that of the sale"
    )
    assert why.no_sale(request, None, Uploaded(elsewhere=replace(SALE, amount_minor=1235))) == (
        "there is no sale of terminal 10000161 with STAN 000012 in batch 000001, but one of 12.35 with this STAN "
        "in batch 000007"
    )
    request.amount_minor = None
    assert why.no_sale(request, None, Uploaded(elsewhere=SALE)) == (
        "there is no sale of terminal 10000161 with STAN 000012 in batch 000001, but one of 12.34 with this STAN "
        "in batch 000007: the terminal names its current batch, not the batch of the sale; repeat that of the sale"
    )


def test_what_sale_and_upload_disagree_about() -> None:
    assert why.differs("amount", 1234, 1235) == (
        "amount 12.34 in the sale, 12.35 in the upload of its signature; repeat what the sale had"
    )
    assert why.differs("amount", 1234, None) == (
        "amount 12.34 in the sale, (none) in the upload of its signature; repeat what the sale had"
    )
    assert why.differs("card", "621234******1232", "622126******5674") == (
        "card 621234******1232 in the sale, 622126******5674 in the upload of its signature; repeat what the sale had"
    )


def test_a_sale_that_is_undone(host: Host) -> None:
    assert why.sale_undone(host.calendar, replace(SALE, state="reversed")) == (
        "the sale was reversed at 2025-03-10 12:00:00; its signature is kept all the same; upload none for it"
    )
    assert why.sale_undone(host.calendar, replace(SALE, state="voided")) == (
        "the sale was voided; its signature is kept all the same; upload none for it"
    )


def test_another_time() -> None:
    sold = datetime(2025, 12, 31, 23, 59, 0)
    assert why.time_differs(sold, datetime(2025, 12, 30, 12, 0, 0)) == (
        "the slip says 2025-12-30 12:00:00, the sale was at 2025-12-31 23:59:00"
    )
    assert why.time_differs(sold, datetime(2026, 12, 31, 23, 59, 0)) == (
        "the slip says 2026-12-31 23:59:00, the sale was at 2025-12-31 23:59:00: the terminal puts the year of the "
        "upload on the slip"
    )
    assert why.time_differs(sold, datetime(2026, 12, 30, 23, 59, 0)) == (
        "the slip says 2026-12-30 23:59:00, the sale was at 2025-12-31 23:59:00"
    )
    assert why.time_differs(datetime(2025, 2, 28), datetime(2024, 2, 29)) == (
        "the slip says 2024-02-29 00:00:00, the sale was at 2025-02-28 00:00:00"
    )
    assert why.time_differs(datetime(2025, 3, 29), datetime(2024, 3, 29)) == (
        "the slip says 2024-03-29 00:00:00, the sale was at 2025-03-29 00:00:00: the terminal puts the year of the "
        "upload on the slip"
    )
    assert why.time_differs(datetime(2025, 2, 28), datetime(2024, 2, 28)) == (
        "the slip says 2024-02-28 00:00:00, the sale was at 2025-02-28 00:00:00: the terminal puts the year of the "
        "upload on the slip"
    )


def test_parts() -> None:
    part = SignaturePart(KEY, 1, False, b"abc")
    assert why.part_kept(part, "801", 1) == (
        "part 801 of the signature of STAN 000012, batch 000007 kept: 3 bytes; 1 part waits for the rest"
    )
    assert why.part_kept(part, "802", 2) == (
        "part 802 of the signature of STAN 000012, batch 000007 kept: 3 bytes; 2 parts wait for the rest"
    )
    assert why.parts_missing(["801"], "803") == (
        "803 says it is the last part, but 801 did not come; send the missing part, the rest is kept for five minutes"
    )
    assert why.parts_missing(["801", "802"], "803") == (
        "803 says it is the last part, but 801, 802 did not come; send the missing part, the rest is kept for five "
        "minutes"
    )
    assert why.parts_mixed("803", 2, "") == (
        "with 803 all parts of a signature are there, but 2 images could be made of them: parts of different "
        "images for one sale; send all parts again, one image after the other"
    )
    assert why.parts_mixed("803", 0, "the image ends too early") == (
        "with 803 all parts of a signature are there, but no image that ends where it should can be made of them "
        "(the image ends too early): parts of different images for one sale; send all parts again, one image after "
        "the other"
    )
