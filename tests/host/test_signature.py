"""Signatures uploaded to the host: tied to their sale, replaced, refused, flagged; as conversations."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from acquirer.host.services.signature import SIGNATURES_MAX
from acquirer.host.signature_policy import Checks, parse_checks
from acquirer.model.effects import RenderPicture
from acquirer.model.rows import Signature, SlipElement, TransactionKey
from acquirer.signature import jbig_encoder
from acquirer.signature.bitmap import Bitmap
from acquirer.signature.feature_code import feature_code
from acquirer.signature.pen import draw_signature

ANN, BOB = (jbig_encoder.encode_jbig(draw_signature(name, seed=1)) for name in ("Ann", "Bob"))
BLANK = jbig_encoder.encode_jbig(Bitmap(240, 80, bytes(2400)))
PROGRESSIVE = bytes([0, 1, 1, 0]) + ANN[4:]


@pytest.fixture
def sold(pos):
    """A pos that has just sold for 12.34."""
    assert pos.sale().code == "00"
    return pos


def test_a_signature_is_kept_with_its_sale_and_its_slip(rig, sold):
    answer = sold.upload(sold.last, ANN)
    assert answer.code == "00"
    assert [answer[de] for de in (11, 37, 41, 42, 60)] == [
        sold.last,
        "000000000002",
        "10000161",
        "880210010210162",
        "07000001800",
    ]
    assert sold.suite.mac(sold.keys, rig.host.dialect.covered(answer.message.raw)) == answer[64]
    (kept,) = rig.store.signatures
    assert (kept.key.stan, kept.number, kept.digest) == (sold.last, 1, hashlib.sha256(ANN).hexdigest())
    assert rig.store.blobs[kept.digest] == ANN
    assert (kept.amount_minor, kept.rrn, kept.pan_masked) == (1234, "000000000002", "621234******1232")
    assert [(one.tag, one.text) for one in kept.slip] == [("FF01", "消费"), ("FF02", "01")]
    assert (kept.flags, kept.picture) == ((), "waiting")
    assert any(isinstance(effect, RenderPicture) for effect in answer.effects)
    assert "signature kept for the sale of 12.34" in answer.why


def test_a_signature_books_nothing(rig, sold):
    before = rig.booked_minor()
    sold.upload(sold.last, ANN)
    assert rig.booked_minor() == before
    assert len(rig.store.transactions) == 1


def test_the_same_image_again_is_known_and_never_kept_twice(rig, sold):
    sold.upload(sold.last, ANN)
    again = sold.upload(sold.last, ANN)
    assert (again.code, again.evidence[-1].reason, again.evidence[-1].replayed) == ("94", "duplicate", True)
    assert "came at 2025-03-10 12:00:00 already" in again.why
    assert len(rig.store.signatures) == 1


def test_another_image_replaces_the_first_and_both_are_kept(rig, sold):
    sold.upload(sold.last, ANN)
    rig.advance(60)
    second = sold.upload(sold.last, BOB)
    assert second.code == "00"
    assert "replaces the one of 2025-03-10 12:00:00" in second.why
    assert [one.number for one in rig.store.signatures] == [1, 2]
    old = sold.upload(sold.last, ANN)
    assert old.code == "94"
    assert "another one came since and counts" in old.why
    assert [one.number for one in rig.store.signatures] == [1, 2]


def test_no_sale_is_signed_without_end(rig, sold):
    for seed in range(SIGNATURES_MAX):
        assert sold.upload(sold.last, jbig_encoder.encode_jbig(draw_signature("Ann", seed=seed))).code == "00"
    answer = sold.upload(sold.last, BOB)
    assert (answer.code, len(rig.store.signatures)) == ("94", SIGNATURES_MAX)
    assert f"was signed {SIGNATURES_MAX} times already" in answer.why


def test_a_closed_batch_takes_a_first_signature_and_no_second(new_rig):
    rig = new_rig()
    rig.register(required="per-batch")
    pos = rig.pos()
    pos.sign_on()
    pos.sale()
    signed = pos.last
    pos.sale()
    unsigned = pos.last
    pos.upload(signed, ANN)
    pos.sign_off()
    pos.sign_on()
    assert pos.batch == "000002"
    late = pos.upload(unsigned, ANN, batch="000001", rrn=None)
    assert late.code == "00"
    another = pos.upload(signed, BOB, batch="000001", rrn=None)
    assert another.code == "94"
    assert "its batch 000001 is closed (batch 000002 is open)" in another.why
    assert len(rig.store.signatures) == 2


def test_uploads_need_no_sign_on_of_today_and_no_open_session(rig, sold):
    rig.advance(24 * 3600)
    assert sold.sale().code == "77"
    sold.sign_off()
    assert sold.upload("000002", ANN).code == "00"


def test_keys_of_before_the_last_sign_on_still_verify_in_their_grace(rig, sold):
    stan, old = sold.last, sold.keys
    sold.sign_on()
    assert sold.upload(stan, ANN, keys=old).code == "00"
    rig.advance(61)
    assert sold.upload(stan, BOB, keys=old).code == "A0"
    assert sold.upload(stan, BOB).code == "00"


def test_a_bad_mac_keeps_nothing(rig, sold):
    frame = sold.upload_frame(sold.last, ANN)
    answer = rig.send(frame[:-8] + b"00000000")
    assert answer.code == "A0"
    assert "MAC differs" in answer.why
    assert not rig.store.signatures


def test_an_unknown_sale_has_no_signature(rig, sold):
    answer = sold.upload("000077", ANN)
    assert (answer.code, answer.evidence[-1].reason) == ("25", "original_unknown")
    assert "there is no sale of terminal 10000161 with STAN 000077 in batch 000001" in answer.why
    assert answer[64] is None


def test_the_current_batch_in_place_of_the_sales_own_is_named(rig, sold):
    answer = sold.upload(sold.last, ANN, batch="000009")
    assert answer.code == "25"
    assert "one of 12.34 with this STAN in batch 000001: the terminal names its current batch" in answer.why
    other = sold.upload(sold.last, ANN, batch="000009", amount="000000000001")
    assert "in batch 000001" in other.why
    assert "current batch" not in other.why


def test_a_declined_sale_is_not_signed(rig, pos):
    assert pos.sale(0).code == "13"
    answer = pos.upload(pos.last, ANN, amount=None)
    assert answer.code == "25"
    assert "was declined (13)" in answer.why


def test_only_a_reversal_is_known(rig, pos):
    assert pos.reverse("000050").code == "25"
    assert "only its reversal came" in pos.upload("000050", ANN).why


def test_the_signature_of_a_reversed_sale_is_kept_and_says_so(rig, sold):
    sold.reverse(sold.last)
    answer = sold.upload(sold.last, ANN)
    assert answer.code == "00"
    assert [flag.name for flag in rig.store.signatures[-1].flags] == ["sale-reversed"]
    assert "sale-reversed: the sale was reversed at" in answer.notes


@pytest.mark.parametrize(
    ("fields", "check", "flag", "words"),
    [
        ({"amount": "000000009999"}, "amount", "amount-differs", "amount 12.34 in the sale, 99.99 in the upload"),
        ({"pan": "6228480402564890018"}, "card", "pan-differs", "621234******1232 in the sale, 622848*********0018"),
        ({"rrn": "X00000000002"}, "rrn", "rrn-differs", "reference number 000000000002 in the sale, X00000000002"),
        ({"settlement_date": "0311"}, "date", "date-differs", "settlement date 0310 in the sale, 0311"),
        (
            {"slip": bytes.fromhex("FF060720260310120000")},
            "time",
            "time-differs",
            "the terminal puts the year of the upload on the slip",
        ),
        ({"slip": bytes.fromhex("FF060720261340120000")}, "time", "time-differs", "is no point in time"),
        (
            {"slip": bytes.fromhex("FF060720250701120000")},
            "time",
            "time-differs",
            "the sale was at 2025-03-10 12:00:00",
        ),
        ({"slip": bytes.fromhex("FF020101FF0140CFFB")}, "slip", "slip-damaged", "in DE 55 cannot be read"),
        ({"image": PROGRESSIVE}, "header", "undecodable", "progressive JBIG"),
        ({"image": b"\xff\xd8\xff\xe0 a photograph"}, "header", "undecodable", "no JBIG stream"),
        ({"image": BLANK}, "pixels", "blank", "there is no signature"),
        ({"image": ANN[:60]}, "pixels", "truncated", ""),
    ],
)
def test_every_check_is_strict_or_a_flag_or_nothing(fields, check, flag, words, new_rig):
    for mode in ("strict", "log", "off"):
        rig = new_rig(checks=parse_checks([f"{check}={mode}"]))
        rig.register()
        pos = rig.pos()
        pos.sign_on()
        pos.sale()
        answer = pos.upload(pos.last, **{"image": ANN, **fields})
        if mode == "strict":
            assert answer.code == {"amount": "25", "card": "25", "rrn": "25", "date": "25", "time": "25"}.get(
                check, "30"
            )
            assert words in answer.why
            assert not rig.store.signatures
            continue
        assert answer.code == "00"
        flags = {one.name: one.why for one in rig.store.signatures[-1].flags}
        if mode == "log" and check != "pixels":  # pixels are looked at after the answer
            assert words in flags[flag]
            assert f"{flag}: " in answer.notes
        else:
            assert flag not in flags
        assert rig.store.signatures[-1].picture == ("none" if (mode, check) == ("log", "header") else "waiting")


def test_pixels_are_decoded_before_the_answer_only_where_a_check_asks_for_it(new_rig):
    for mode, looks in (("strict", 1), ("log", 0)):
        rig = new_rig(checks=parse_checks([f"pixels={mode}"]))
        rig.register()
        pos = rig.pos()
        pos.sign_on()
        pos.sale()
        assert pos.upload(pos.last, ANN).code == "00"
        assert pos.upload(pos.last, ANN).code == "94"  # known before it is decoded
        assert rig.looks == looks


def test_too_many_images_to_decode_are_refused_and_nothing_is_kept(new_rig):
    rig = new_rig(checks=parse_checks(["pixels=strict"]))
    rig.register()
    pos = rig.pos()
    pos.sign_on()
    pos.sale()
    rig.busy = True
    assert pos.upload(pos.last, ANN).code == "91"
    assert not rig.store.signatures
    rig.busy = False
    assert pos.upload(pos.last, ANN).code == "00"


def test_an_upload_without_amount_card_number_date_and_slip_is_enough(rig, sold):
    answer = sold.upload(sold.last, ANN, amount=None, pan=None, settlement_date=None, rrn=None, slip=None)
    assert answer.code == "00"
    (kept,) = rig.store.signatures
    assert (kept.amount_minor, kept.pan_masked, kept.rrn) == (1234, "621234******1232", "000000000002")
    assert kept.feature_code == "00000000"
    assert "feature-code: computed without reference number and settlement date" in answer.notes


def test_the_feature_code_is_computed_from_what_was_uploaded(rig, sold):
    sold.upload(sold.last, ANN, settlement_date="0824", rrn="123456789012")
    assert rig.store.signatures[-1].feature_code == "5E5C8226"
    answer = sold.upload(sold.last, BOB, rrn="X23456789012")
    assert "from a reference number with letters" in answer.notes
    assert "rrn-differs" in answer.notes


@pytest.mark.parametrize("sentence", ["touch", "pen", "fingerprint", "paper", "none"])
def test_how_it_was_captured_is_kept_when_the_terminal_says_so(sentence, rig, sold):
    sold.upload(sold.last, ANN, slip=bytes.fromhex("FF7F") + bytes([len(sentence)]) + sentence.encode())
    assert rig.store.signatures[-1].captured == sentence


def test_an_unknown_word_is_not_taken_for_a_way_of_capturing(rig, sold):
    sold.upload(sold.last, ANN, slip=bytes.fromhex("FF7F04") + b"toes")
    assert rig.store.signatures[-1].captured == ""
    assert rig.store.signatures[-1].slip[-1].text == "toes"


def test_unknown_slip_elements_stay_and_card_numbers_do_not(rig, sold):
    slip = bytes.fromhex("FFE10401020304" + "FF250A06212345678901232000" + "FFE208" + "6212345678901232")
    slip += bytes.fromhex("FF4010") + b"6212345678901232"
    sold.upload(sold.last, ANN, slip=slip)
    kept = {one.tag: one for one in rig.store.signatures[-1].slip}
    assert kept["FFE1"].hex == "01020304"
    for tag in ("FF25", "FFE2", "FF40"):
        assert "345678" not in kept[tag].hex + kept[tag].text


def test_a_slip_dated_on_new_years_eve_may_be_a_day_off(new_rig):
    rig = new_rig()
    rig.register()
    rig.now_us = int(datetime(2025, 12, 31, 23, 59, 50, tzinfo=rig.host.calendar.timezone).timestamp()) * 1_000_000
    pos = rig.pos()
    pos.sign_on()
    pos.sale()
    rig.advance(timedelta(minutes=5).total_seconds())
    right, bad = bytes.fromhex("FF060720251231235950"), bytes.fromhex("FF060720261231235950")
    assert pos.upload(pos.last, ANN, settlement_date=None, slip=right).notes.count("time-differs") == 0
    assert "puts the year of the upload" in pos.upload(pos.last, BOB, settlement_date=None, slip=bad).notes


def test_an_upload_that_lacks_its_image_is_a_format_error(rig, sold):
    answer = rig.send(sold.upload_frame(sold.last, None))
    assert answer.code == "30"
    assert "DE 62 (image) is missing" in answer.why


@pytest.mark.parametrize(
    ("word", "fields"),
    [
        ("amuont=log", "did you mean 'amount'"),
        ("amount=lax", "write amount=strict, amount=log or amount=off"),
        ("amount", "write amount=strict"),
    ],
)
def test_a_check_that_is_misspelt_is_named(word, fields):
    with pytest.raises(ValueError, match=fields):
        parse_checks([word])


def test_checks_that_are_not_named_keep_their_defaults():
    assert parse_checks(["pixels=strict", "original=off"]) == Checks(pixels="strict", original="off")
    assert parse_checks([]) == Checks()


def test_a_host_that_asks_for_no_sale_keeps_everything(new_rig):
    rig = new_rig(checks=parse_checks(["original=log"]))
    rig.register()
    pos = rig.pos()
    pos.sign_on()
    answer = pos.upload("000077", ANN)
    assert answer.code == "00"
    assert [flag.name for flag in rig.store.signatures[-1].flags] == ["no-sale"]


def test_everything_that_is_kept_of_a_signature(rig, sold):
    slip = bytes.fromhex("FF0104CFFBB7D1" + "FF7F03") + b"pen"
    rig.advance(5)
    sold.upload(sold.last, ANN, slip=slip)
    (kept,) = rig.store.signatures
    assert kept == Signature(
        key=TransactionKey("880210010210162", "10000161", "000001", "000002"),
        number=1,
        digest=hashlib.sha256(ANN).hexdigest(),
        stream_bytes=len(ANN),
        at_us=rig.now_us,
        dialect="unionpay-pos",
        amount_minor=1234,
        pan_masked="621234******1232",
        rrn="000000000002",
        settlement_date="0310",
        feature_code=feature_code("0310", "000000000002"),
        captured="pen",
        slip=(SlipElement("FF01", "CFFBB7D1", "消费"), SlipElement("FF7F", "70656E", "pen")),
    )


def test_a_signature_without_a_sale_is_kept_where_it_need_not_be_known(new_rig):
    rig = new_rig(checks=Checks(original="log"))
    rig.register()
    pos = rig.pos()
    pos.sign_on()
    answer = pos.upload("000009", ANN, amount=None, pan=None, settlement_date=None, rrn=None, slip=None)
    assert answer.code == "00"
    assert answer.why == (
        f"signature kept for the sale of (none) with STAN 000009, batch 000001: {len(ANN)} bytes, 240 × 80 pixels"
    )
    (kept,) = rig.store.signatures
    assert (kept.amount_minor, kept.pan_masked, kept.rrn, kept.settlement_date) == (None, "", "", "")
    assert [one.name for one in kept.flags] == ["no-sale"]
    assert "no-sale: there is no sale of terminal 10000161 with STAN 000009 in batch 000001" in answer.notes


@pytest.mark.parametrize(
    ("width", "height", "code"), [(1024, 1024, "00"), (1025, 8, "30"), (8, 1025, "30"), (8, 0xFFFFFFFF, "00")]
)
def test_pictures_up_to_1024_pixels_a_side_are_taken(width, height, code, rig, sold):
    """An unknown height stands for one that a later marker tells."""
    header = ANN[:4] + width.to_bytes(4, "big") + height.to_bytes(4, "big") + ANN[12:]
    answer = sold.upload(sold.last, header)
    assert (answer.code == "00") is (code == "00")
    if code != "00":
        sentence = f"a picture of {width} × {height} pixels; 1024 in either direction are taken"
        assert (answer.why, answer.evidence[-1].reason) == (sentence, "signature_unusable")


@pytest.mark.parametrize("missing", ["settlement_date", "rrn"])
def test_what_the_sale_does_not_say_is_no_difference(missing, rig, sold):
    (sale,) = rig.store.transactions.values()
    elements = {name: text for name, text in sale.reply_elements.items() if name != missing}
    rig.store.transactions[sale.key] = replace(sale, reply_elements=elements, rrn="" if missing == "rrn" else sale.rrn)
    answer = sold.upload(sold.last, ANN)
    assert (answer.code, rig.store.signatures[-1].flags, answer.notes) == ("00", (), "")


def test_a_reference_number_that_is_left_out_is_named_alone(rig, sold):
    assert "feature-code: computed without reference number; terminals" in sold.upload(sold.last, ANN, rrn=None).notes
    answer = sold.upload(sold.last, BOB, settlement_date=None)
    assert "feature-code: computed without settlement date; terminals differ about that" in answer.notes


def test_slip_elements_before_a_damaged_one_stay(new_rig):
    rig = new_rig(checks=Checks(slip="log"))
    rig.register()
    pos = rig.pos()
    pos.sign_on()
    pos.sale()
    answer = pos.upload(pos.last, ANN, slip=bytes.fromhex("FF020101" + "FF0109CF"))
    assert answer.code == "00"
    (kept,) = rig.store.signatures
    assert [(one.tag, one.text) for one in kept.slip] == [("FF02", "01")]
    assert [one.name for one in kept.flags] == ["slip-damaged"]
    assert kept.flags[0].why.startswith("the slip elements in DE 55 cannot be read: ")
    assert kept.flags[0].why.endswith("; correct its length")
    pos.upload(pos.last, BOB, slip=bytes.fromhex("FF0109CF"))
    assert rig.store.signatures[-1].slip == ()
