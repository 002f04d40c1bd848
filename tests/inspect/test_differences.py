"""Two replies to one request, field by field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.inspect.differences import compare_replies, ignored_paths, is_within
from acquirer.inspect.field_difference import FieldDifference, form_of
from acquirer.settings.specs import load_dialect
from acquirer.testing import Rig
from acquirer.wire.message import Message, Value

DIALECT = load_dialect("unionpay-pos")
PAN = "6212345678901232"
MID = "880210010210162"
SERIAL = b"Sequence No16310003001"
REQUEST: dict[int, Value] = {
    2: PAN, 3: "000000", 4: "000000001234", 11: "000001", 22: "012", 25: "00",
    41: "10000161", 42: MID, 49: "156", 60: "22000001",
}  # fmt: skip
SALE = DIALECT.route(Message(b"", "0200", REQUEST))
APPROVED: dict[int, Value] = {
    2: PAN, 3: "000000", 4: "000000001234", 11: "000001", 12: "120000", 13: "0102", 15: "0102", 32: "03025840",
    37: "000000000001", 39: "00", 41: "10000161", 42: MID, 44: "90310000   03025840   ", 49: "156",
    60: "22000001", 63: "CUP", 64: b"12345678",
}  # fmt: skip


def message(fields: dict[int, Value], mti: str = "0210", **envelope: bytes) -> Message:
    return DIALECT.decode(DIALECT.encode(mti, fields, **envelope))


def differences(first: dict[int, Value], *ignored: str) -> list[FieldDifference]:
    return compare_replies(DIALECT, SALE, message(first), message(APPROVED), ignored_paths(DIALECT, ignored))


def counting(first: dict[int, Value], *ignored: str) -> list[str]:
    return [one.sentence("theirs", "ours") for one in differences(first, *ignored) if one.counts]


def test_replies_of_one_content_do_not_differ() -> None:
    assert differences(APPROVED) == []


def test_what_every_host_makes_anew_is_compared_by_its_form() -> None:
    others: dict[int, Value] = {37: "999999999999", 12: "130000", 13: "0103", 64: b"abcdefgh"}
    found = differences(APPROVED | others)
    assert [(one.path, one.counts) for one in found] == [("12", False), ("13", False), ("37", False), ("64", False)]
    assert found[2].why == "made anew by each host, in the same form (12 digits)"
    assert counting(APPROVED | {37: "ABC456789012"}) == [
        "DE 37 (retrieval reference number): theirs ABC456789012, ours 000000000001; "
        "made anew by each host, and the forms differ: 12 letters and digits, 12 digits"
    ]


def test_a_field_that_one_lacks_always_counts() -> None:
    without = {de: value for de, value in APPROVED.items() if de not in (37, 44)}
    assert counting(without) == [
        "DE 37 (retrieval reference number): theirs has none, ours 000000000001",
        "DE 44 (additional response data): theirs has none, ours '90310000   03025840   '",
    ]
    assert [one.kind for one in differences(without)] == ["absent", "absent"]
    assert [one.kind for one in differences({**APPROVED, 38: "123456"})] == ["extra"]


def test_codes_stand_with_their_meanings() -> None:
    (sentence,) = counting(APPROVED | {39: "51"})
    assert sentence.startswith("DE 39 (response code): theirs 51 (")
    assert ", ours 00 (approved" in sentence


def test_parts_are_compared_one_by_one() -> None:
    (found,) = [one for one in differences(APPROVED | {60: "22000002"}) if one.counts]
    assert (found.path, found.first, found.second) == ("60.2", "000002", "000001")


def test_tags_are_compared_one_by_one_and_those_of_the_issuer_by_form() -> None:
    one = bytes.fromhex("910A00112233445566778899" + "9F36020001")
    other = bytes.fromhex("910AFFEEDDCCBBAA99887766" + "9F36020002")
    found = compare_replies(DIALECT, SALE, message(APPROVED | {55: one}), message(APPROVED | {55: other}))
    assert [(one.path, one.counts) for one in found] == [("55.91", False), ("55.9F36", True)]


def test_card_numbers_are_masked_and_keys_are_never_shown() -> None:
    (found,) = differences(APPROVED | {2: "6225760012345678"})
    assert [(value or "")[:16] for value in (found.first, found.second)] == ["622576******5678", "621234******1232"]
    first, second = Rig(seed=1), Rig(seed=2)
    replies = []
    for rig in (first, second):
        fields: dict[int, Value] = {11: "000001", 41: "10000161", 42: MID, 60: "00000001003", 62: SERIAL, 63: "01 "}
        request = DIALECT.encode("0800", fields)
        rig.register("10000161", mid=MID)
        replies.append(rig.send(request).message)
    assert replies[0] is not None
    assert replies[1] is not None
    route = DIALECT.find_route("sign_on")
    of_sign_on = compare_replies(DIALECT, route, replies[0], replies[1])
    keys = [one for one in of_sign_on if one.path.startswith("62.")]
    assert {one.path for one in keys} == {"62.PIK", "62.PIK KCV", "62.MAK", "62.MAK KCV"}
    assert not any(one.counts for one in keys)
    assert {one.first for one in keys if "KCV" not in one.path} == {"[16 bytes hidden]"}


def test_the_envelope_is_compared_too() -> None:
    other = message(APPROVED, tpdu=bytes.fromhex("6000000003"), head=bytes.fromhex("603100320000"))
    found = compare_replies(DIALECT, SALE, other, message(APPROVED))
    assert [(one.path, one.first) for one in found] == [("tpdu", "6000000003"), ("head", "603100320000")]


@pytest.mark.parametrize("word", ["44", "de.44", "DE44", "additional", " 44 "])
def test_fields_that_may_differ_are_named_by_number_or_element(word: str) -> None:
    assert counting(APPROVED | {44: "12345678   87654321   "}, word) == []


def test_a_part_may_be_named_and_leaves_the_others() -> None:
    changed = APPROVED | {60: "23000002"}
    assert [sentence[:7] for sentence in counting(changed, "batch")] == ["DE 60.1"]
    assert counting(changed, "60") == []


@pytest.mark.parametrize(
    ("word", "hint"), [("rnr", "did you mean 'rrn'"), ("de.999", "is no field"), ("", "is no field")]
)
def test_a_field_that_is_none_is_refused(word: str, hint: str) -> None:
    with pytest.raises(ValueError, match="is no field") as caught:
        ignored_paths(DIALECT, [word])
    assert hint in str(caught.value)


@given(st.dictionaries(st.sampled_from([12, 13, 15, 32, 37, 38, 39, 44, 60, 63]), st.booleans()))
def test_two_replies_differ_in_exactly_the_fields_that_were_changed(changes: dict[int, bool]) -> None:
    """Each field is given another value, or left out; what is the same is never named."""
    others: dict[int, Value] = {
        12: "235959", 13: "1231", 15: "1231", 32: "12345", 37: "ZZZZZZZZZZZZ", 38: "999999", 39: "05",
        44: "x" * 22, 60: "22999999", 63: "XXX",
    }  # fmt: skip
    changed = dict(APPROVED)
    for de, left_out in changes.items():
        if left_out:
            changed.pop(de, None)
        else:
            changed[de] = others[de]
    expected = {de for de in {*changed, *APPROVED} if changed.get(de) != APPROVED.get(de)}
    found = compare_replies(DIALECT, SALE, message(changed), message(APPROVED))
    assert {int(one.path.split(".")[0]) for one in found} == expected
    mirrored = compare_replies(DIALECT, SALE, message(APPROVED), message(changed))
    assert {(one.path, one.counts) for one in mirrored} == {(one.path, one.counts) for one in found}


def test_forms() -> None:
    assert [form_of(value) for value in ("1", "12a", "1 a", b"\x00")] == [
        "1 digit",
        "3 letters and digits",
        "3 characters",
        "1 byte",
    ]
    assert is_within("60.2", {"60"})
    assert not is_within("60", {"60.2"})
