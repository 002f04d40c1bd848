"""Signatures that come in parts: in order, out of order, twice, never; two at a time; and any of it at random."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.host.services.signature_part import ALTERNATIVES_MAX, LIFE_US
from acquirer.host.signature_policy import parse_checks
from acquirer.model.rows import SignaturePart, SlipElement, TransactionKey
from acquirer.signature import jbig_encoder
from acquirer.signature.pen import draw_signature

ANN, BOB = (jbig_encoder.encode_jbig(draw_signature(name, seed=1)) for name in ("Ann", "Bob"))


def cut(image: bytes, count: int) -> list[bytes]:
    size = -(-len(image) // count)
    return [image[at : at + size] for at in range(0, len(image), size)]


@pytest.fixture
def sold(pos):
    assert pos.sale().code == "00"
    return pos


def send(pos, pieces, order, stan=None):
    """Send parts by number, in the order given; the answers."""
    return [
        pos.upload(stan or pos.last, pieces[number - 1], part=number, last=number == len(pieces)) for number in order
    ]


def test_parts_in_order_make_one_signature(rig, sold):
    answers = send(sold, cut(ANN, 3), [1, 2, 3])
    assert [answer.code for answer in answers] == ["00", "00", "00"]
    (kept,) = rig.store.signatures
    assert (rig.store.blobs[kept.digest], kept.parts) == (ANN, 3)
    assert not rig.store.parts
    assert "part 801 of the signature" in answers[0].why
    assert "from 3 parts" in answers[2].why


def test_a_part_too_early_waits_and_says_so(rig, sold):
    answers = send(sold, cut(ANN, 4), [1, 3, 2, 4])
    assert "out-of-order: 803 came before 802" in answers[1].notes
    assert [answer.code for answer in answers] == ["00"] * 4
    assert rig.store.blobs[rig.store.signatures[0].digest] == ANN


def test_a_missing_part_is_named_and_completes_the_signature_when_it_comes(rig, sold):
    pieces = cut(ANN, 4)
    first, third, last = send(sold, pieces, [1, 3, 4])
    assert (first.code, third.code, last.code) == ("00", "00", "30")
    assert "804 says it is the last part, but 802 did not come" in last.why
    assert not rig.store.signatures
    (second,) = send(sold, pieces, [2])
    assert second.code == "00"
    assert rig.store.blobs[rig.store.signatures[0].digest] == ANN


def test_a_terminal_that_begins_again_after_a_missing_part_gets_through(rig, sold):
    pieces = cut(ANN, 4)
    assert [answer.code for answer in send(sold, pieces, [1, 2, 4])] == ["00", "00", "30"]
    assert [answer.code for answer in send(sold, pieces, [1, 2, 3, 4])] == ["00", "00", "00", "94"]
    assert rig.store.blobs[rig.store.signatures[0].digest] == ANN


def test_a_part_that_comes_twice_does_no_harm(rig, sold):
    answers = send(sold, cut(ANN, 3), [1, 2, 2, 1, 3])
    assert [answer.code for answer in answers] == ["00"] * 5
    assert "repeated: 802 came before" in answers[2].notes
    assert rig.store.blobs[rig.store.signatures[0].digest] == ANN


def test_all_parts_again_after_a_lost_answer_are_known(rig, sold):
    send(sold, cut(ANN, 3), [1, 2, 3])
    answers = send(sold, cut(ANN, 3), [1, 2, 3])
    assert [answer.code for answer in answers] == ["00", "00", "94"]
    assert len(rig.store.signatures) == 1
    assert not rig.store.parts


def test_another_first_part_begins_anew(rig, sold):
    send(sold, cut(ANN, 3), [1, 2])
    answers = send(sold, cut(BOB, 3), [1, 2, 3])
    assert "begun-anew: another 801 came: the end of the image will say which of them" in answers[0].notes
    assert rig.store.blobs[rig.store.signatures[0].digest] == BOB


def test_another_later_part_takes_the_place_of_the_first(rig, sold):
    pieces = cut(ANN, 3)
    sold.upload(sold.last, pieces[0], part=1)
    sold.upload(sold.last, b"garbage", part=2)
    answers = send(sold, pieces, [2, 3])
    assert "another-part: another 802 came: the end of the image will say which of them" in answers[0].notes
    assert rig.store.blobs[rig.store.signatures[0].digest] == ANN


def test_two_signatures_at_a_time_do_not_mingle(rig, pos):
    stans = []
    for _ in range(2):
        pos.sale()
        stans.append(pos.last)
    ann, bob = cut(ANN, 3), cut(BOB, 3)
    for number in (1, 2, 3):
        send(pos, ann, [number], stans[0])
        send(pos, bob, [number], stans[1])
    assert [rig.store.blobs[one.digest] for one in rig.store.signatures] == [ANN, BOB]


def test_a_part_of_another_image_does_not_complete_one(rig, sold):
    """Two terminals under one number: the beginning of the one, and the end of the other."""
    ann, bob = cut(ANN, 2), cut(BOB, 2)
    assert sold.upload(sold.last, bob[0], part=1).code == "00"
    mixed = sold.upload(sold.last, ann[1], part=2, last=True)
    assert mixed.code == "30"
    assert "no image that ends where it should can be made of them" in mixed.why
    assert "parts of different images for one sale" in mixed.why
    assert not rig.store.signatures
    assert sold.upload(sold.last, bob[1], part=2, last=True).code == "00"
    assert [rig.store.blobs[one.digest] for one in rig.store.signatures] == [BOB]


@pytest.mark.parametrize(("first", "last"), [(("Kim", 79), ("Ann", 115)), (("Bob", 114), ("Bob", 48))])
def test_a_mixture_that_ends_where_it_should_but_not_as_an_encoder_ends_is_refused(first, last, rig, sold):
    """Its last byte stands where one must stand; its last bits do not."""
    one, other = (cut(jbig_encoder.encode_jbig(draw_signature(name, seed=seed)), 2) for name, seed in (first, last))
    assert sold.upload(sold.last, one[0], part=1).code == "00"
    mixed = sold.upload(sold.last, other[1], part=2, last=True)
    assert mixed.code == "30"
    assert "its last bits are not those with which an encoder ends these lines" in mixed.why
    assert not rig.store.signatures
    assert sold.upload(sold.last, one[1], part=2, last=True).code == "00"
    assert [rig.store.blobs[kept.digest] for kept in rig.store.signatures] == [b"".join(one)]


@pytest.mark.parametrize("count", [2, 3, 4])
def test_parts_on_two_connections_make_the_two_images_they_are_of(count, rig, sold):
    """The first parts of both, then the second parts: each belongs to the beginning that it continues."""
    for one, other in zip(cut(ANN, count), cut(BOB, count), strict=True):
        number = len(rig.store.parts) // 2 + 1
        for piece in (one, other):
            assert sold.upload(sold.last, piece, part=number, last=number == count).code == "00"
    assert [rig.store.blobs[one.digest] for one in rig.store.signatures] == [ANN, BOB]
    assert not rig.store.parts
    assert not any(one.flags for one in rig.store.signatures)


def test_images_between_which_nothing_decides_are_refused(rig, sold):
    """Two beginnings that differ in a comment alone, and one end."""
    for comment in (b"a", b"b"):
        beginning = ANN[:20] + b"\xff\x07\x00\x00\x00\x01" + comment
        assert sold.upload(sold.last, beginning, part=1).code == "00"
    answer = sold.upload(sold.last, ANN[20:], part=2, last=True)
    assert answer.code == "30"
    assert "all parts of a signature are there, but 2 images could be made of them" in answer.why
    assert not rig.store.signatures


@pytest.mark.parametrize("mode", ["log", "off"])
def test_a_lenient_host_takes_mixed_parts_and_says_so_if_it_looks(mode, new_rig):
    rig = new_rig(checks=parse_checks([f"parts={mode}"]))
    rig.register()
    pos = rig.pos()
    pos.sign_on()
    pos.sale()
    pos.upload(pos.last, cut(BOB, 2)[0], part=1)
    assert pos.upload(pos.last, cut(ANN, 2)[1], part=2, last=True).code == "00"
    (kept,) = rig.store.signatures
    assert [flag.name for flag in kept.flags] == (["incomplete-parts"] if mode == "log" else [])


def test_parts_are_not_judged_by_a_worker_that_is_busy(rig, sold):
    pieces = cut(ANN, 2)
    sold.upload(sold.last, pieces[0], part=1)
    rig.busy = True
    answer = sold.upload(sold.last, pieces[1], part=2, last=True)
    assert answer.code not in ("00", "30")
    assert "was not decoded in time" in answer.why
    rig.busy = False
    assert sold.upload(sold.last, pieces[1], part=2, last=True).code == "00"


def test_no_more_parts_wait_than_a_terminal_can_mean(rig, sold):
    for nth in range(20):
        sold.upload(sold.last, bytes([nth]) * 40, part=2)
    assert len(rig.store.parts) == ALTERNATIVES_MAX
    assert [answer.code for answer in send(sold, cut(ANN, 3), [1, 2, 3])] == ["00", "00", "00"]
    assert rig.store.blobs[rig.store.signatures[0].digest] == ANN


def test_parts_wait_five_minutes(rig, sold):
    pieces = cut(ANN, 3)
    send(sold, pieces, [1, 2])
    rig.advance(LIFE_US / 1_000_000 + 1)
    (late,) = send(sold, pieces, [3])
    assert late.code == "30"
    assert "expired: 2 waited for longer than 5 minutes" in late.notes
    assert "801, 802 did not come" in late.why
    assert len(rig.store.parts) == 1  # what is too old is gone


def test_a_whole_upload_ends_the_waiting_of_parts(rig, sold):
    send(sold, cut(ANN, 3), [1, 2])
    assert sold.upload(sold.last, ANN).code == "00"
    assert not rig.store.parts


def test_parts_that_make_no_image_are_refused_and_forgotten(rig, sold):
    answers = send(sold, [b"no image", b"at all"], [1, 2])
    assert [answer.code for answer in answers] == ["00", "30"]
    assert not rig.store.parts
    assert [answer.code for answer in send(sold, cut(ANN, 2), [1, 2])] == ["00", "00"]


def test_a_part_for_an_unknown_sale_does_not_wait(rig, sold):
    answer = sold.upload("000077", ANN[:50], part=1)
    assert answer.code == "25"
    assert not rig.store.parts


def test_a_part_with_another_amount_does_not_wait(rig, sold):
    answer = sold.upload(sold.last, ANN[:50], part=1, amount="000000000001")
    assert answer.code == "25"
    assert not rig.store.parts


def test_a_part_with_a_bad_mac_does_not_wait(rig, sold):
    frame = sold.upload_frame(sold.last, ANN[:50], part=1)
    assert rig.send(frame[:-8] + b"00000000").code == "A0"
    assert not rig.store.parts


@pytest.mark.parametrize("mode", ["log", "off"])
def test_a_lenient_host_takes_what_it_has(mode, new_rig):
    rig = new_rig(checks=parse_checks([f"parts={mode}"]))
    rig.register()
    pos = rig.pos()
    pos.sign_on()
    pos.sale()
    answers = send(pos, cut(ANN, 4), [1, 2, 4])
    assert answers[-1].code == "00"
    (kept,) = rig.store.signatures
    assert kept.parts == 3
    assert [flag.name for flag in kept.flags] == (["incomplete-parts"] if mode == "log" else [])


def test_a_single_part_that_is_the_last_is_a_whole_signature(rig, sold):
    assert sold.upload(sold.last, ANN, part=1, last=True).code == "00"
    assert rig.store.blobs[rig.store.signatures[0].digest] == ANN


def test_the_slip_may_come_with_any_part(rig, sold):
    pieces = cut(ANN, 2)
    sold.upload(sold.last, pieces[0], part=1)
    sold.upload(sold.last, pieces[1], part=2, last=True, slip=None)
    assert [one.text for one in rig.store.signatures[0].slip] == ["消费", "01"]


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_in_any_order_of_parts_the_signature_is_theirs_or_is_not(data, new_rig):
    rig = new_rig()
    rig.register()
    pos = rig.pos()
    pos.sign_on()
    pos.sale()
    count = data.draw(st.integers(1, 9))
    pieces = cut(ANN, count)
    order = data.draw(st.lists(st.integers(1, len(pieces)), min_size=1, max_size=20))
    answers = send(pos, pieces, order)
    complete = set(order) == set(range(1, len(pieces) + 1))
    assert bool(rig.store.signatures) == complete
    if complete:
        assert [rig.store.blobs[one.digest] for one in rig.store.signatures] == [ANN]
    assert all(answer.code in ("00", "30", "94") for answer in answers)
    assert all(answer.why for answer in answers)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_two_images_in_any_order_never_mingle(data, new_rig):
    rig = new_rig()
    rig.register()
    pos = rig.pos()
    pos.sign_on()
    pos.sale()
    pieces = {name: cut(image, data.draw(st.integers(1, 4))) for name, image in (("Ann", ANN), ("Bob", BOB))}
    every = [(name, number) for name, parts in pieces.items() for number in range(1, len(parts) + 1)]
    sent = data.draw(st.permutations(every))[: data.draw(st.integers(1, len(every)))]
    for name, number in sent:
        pos.upload(pos.last, pieces[name][number - 1], part=number, last=number == len(pieces[name]))
    kept = {rig.store.blobs[one.digest] for one in rig.store.signatures}
    complete = {
        image
        for name, image in (("Ann", ANN), ("Bob", BOB))
        if all((name, number) in sent for number in range(1, len(pieces[name]) + 1))
    }
    assert kept == complete


def test_what_is_noted_about_parts(rig, sold):
    pieces = cut(ANN, 3)
    first = sold.upload(sold.last, pieces[0], part=1)
    assert (first.why, first.notes) == (
        f"part 801 of the signature of STAN 000002, batch 000001 kept: {len(pieces[0])} bytes; "
        "1 part waits for the rest",
        "",
    )
    again = sold.upload(sold.last, pieces[0], part=1)
    assert (again.notes, len(rig.store.parts)) == ("repeated: 801 came before, with the same bytes", 1)
    anew = sold.upload(sold.last, b"another", part=1)
    assert anew.notes == "begun-anew: another 801 came: the end of the image will say which of them belongs to it"
    assert anew.why.endswith("kept: 7 bytes; 2 parts wait for the rest")
    early = sold.upload(sold.last, pieces[2][:-1], part=3)
    assert early.notes == "out-of-order: 803 came before 802"
    other = sold.upload(sold.last, pieces[2][:-2], part=3)
    assert other.notes.splitlines() == [
        "another-part: another 803 came: the end of the image will say which of them belongs to it",
        "out-of-order: 803 came before 802",
    ]
    rig.advance(LIFE_US / 1_000_000)
    late = sold.upload(sold.last, pieces[1], part=2)
    assert late.notes.splitlines() == [
        "expired: 4 waited for longer than 5 minutes and were forgotten",
        "out-of-order: 802 came before 801",
    ]
    assert [(part.part, part.stream) for part in rig.store.parts.values()] == [(2, pieces[1])]


@pytest.mark.parametrize(("seconds", "waits"), [(299, True), (300, False)])
def test_a_part_waits_for_five_minutes(seconds, waits, rig, sold):
    pieces = cut(ANN, 2)
    sold.upload(sold.last, pieces[0], part=1)
    rig.advance(seconds)
    answer = sold.upload(sold.last, pieces[1], part=2, last=True)
    assert (answer.code, len(rig.store.signatures)) == (("00", 1) if waits else ("30", 0))


def test_everything_that_is_kept_of_a_part(rig, sold):
    sold.upload(sold.last, b"abc", part=2, last=True, slip=bytes.fromhex("FF020101"))
    ((key, number),) = rig.store.parts
    assert rig.store.parts[key, number] == SignaturePart(
        TransactionKey("880210010210162", "10000161", "000001", "000002"), 2, True, b"abc", rig.now_us,
        (SlipElement("FF02", "01", "01"),),
    )  # fmt: skip
    assert (number, key.stan) == (2, "000002")


@pytest.mark.parametrize(
    "table", ["[terminal.signature]\nparts = false", "[terminal]\nsignature = false", "terminal = false"]
)
def test_without_a_word_for_the_last_part_none_is_the_last(table, new_rig, tmp_path):
    path = tmp_path / "without-last.toml"
    path.write_text(f'dialect = "without-last"\nextends = "unionpay-pos"\n{table}\n', encoding="utf-8")
    rig = new_rig(dialect=str(path))
    rig.register()
    pos = rig.pos()
    pos.sign_on()
    pos.sale()
    for number, piece in enumerate(cut(ANN, 2), 1):
        assert pos.upload(pos.last, piece, part=number, last=True).code == "00"
    assert ([part.last for part in rig.store.parts.values()], rig.store.signatures) == ([False, False], [])
