"""Codecs of downloads: what is written is read again, of any content; what is damaged is one sentence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.dialect.dialect import Dialect
from acquirer.downloads import contactless, parameters
from acquirer.downloads.aids import TAGS, Aid, read_aid, read_aid_list, write_aid, write_aid_list
from acquirer.downloads.ca_keys import (
    CaKey,
    KeyName,
    key_check_value,
    read_key,
    read_key_list,
    write_key,
    write_key_list,
)
from acquirer.downloads.lists import page_of, read_card_page, read_number, read_query, write_card_page, write_query
from acquirer.downloads.master_key import read_master_key, read_public_key, read_transport_key
from acquirer.downloads.rates import Rate, read_rates, write_rates
from acquirer.settings.specs import load_dialect
from acquirer.wire.coded_values import build_coded, parse_coded, sizes_of
from acquirer.wire.tlv import TlvError, build_tlv, join_tlv, parse_tlv

GBK = st.text(st.characters(codec="gbk", categories=["L", "N"]), max_size=20)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "switch": st.booleans(),
    "kinds": st.lists(st.sampled_from([one for one in parameters.KINDS if one])).map(
        lambda some: tuple(one for one in parameters.KINDS if one and one in some)
    ),
}


def values_of(one: parameters.TerminalParameter) -> st.SearchStrategy[Any]:
    if one.kind == "digits":
        return st.integers(0, 10**one.size - 1)
    return GBK.filter(lambda text: len(text.encode("gbk")) <= one.size) if one.kind == "text" else VALUES[one.kind]


PARAMETERS = st.fixed_dictionaries({}, optional={one.name: values_of(one) for one in parameters.PARAMETERS})
HEX = st.binary(min_size=1, max_size=3).map(lambda data: data.hex().upper())
NAMES = st.builds(
    KeyName, st.binary(min_size=5, max_size=5).map(lambda data: data.hex().upper()),
    st.binary(min_size=1, max_size=1).map(lambda data: data.hex().upper()),
)  # fmt: skip
AIDS = st.binary(min_size=5, max_size=16).map(lambda data: data.hex().upper())
CARDS = st.lists(st.sampled_from(range(12, 20)).flatmap(
    lambda length: st.text("0123456789", min_size=length, max_size=length).map(lambda digits: (length, digits))
), max_size=40)  # fmt: skip


@given(PARAMETERS)
def test_parameters(values: dict[str, Any]) -> None:
    assert parameters.read_parameters(parameters.write_parameters(values)) == values


@given(st.binary(max_size=80))
def test_parameters_are_read_or_refused(data: bytes) -> None:
    try:
        values = parameters.read_parameters(data)
    except ValueError:
        return
    assert parameters.read_parameters(parameters.write_parameters(values)) == values


def test_the_dialect_and_the_table_of_parameters_agree() -> None:
    dialect: Dialect = load_dialect("unionpay-pos")
    assert sizes_of(dialect.layouts["parameters"].tags) == parameters.SIZES
    assert set(dialect.layouts["aid"].tags) == {"9F06", *(one.tag for one in TAGS)}
    assert set(dialect.layouts["contactless"].tags) == {one.tag for one in contactless.ITEMS}


@given(st.dictionaries(st.sampled_from(["11", "12", "26"]), st.just(b"")))
def test_a_value_of_another_size(values: dict[str, bytes]) -> None:
    if values:
        with pytest.raises(TlvError, match=r"code 1[12] has 2 characters|code 26 has 4 characters"):
            build_coded(values.items(), parameters.SIZES)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"1", "expected two digits of a code, at byte 0"),
        (b"99", "code 99 is not known, and neither is how long its value is, at byte 0"),
        (b"1160126", "code 12 has 2 characters, but 1 is left, at byte 4"),
        (b"11 6", r"code 11 \(application type\) has 2 digits, not b' 6'"),
    ],
)
def test_parameters_that_cannot_be_read(data: bytes, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parameters.read_parameters(data)


@given(
    NAMES,
    st.binary(min_size=64, max_size=248),
    st.sampled_from([b"\x03", b"\x01\x00\x01"]),
    st.sampled_from(["text", "bcd"]),
)
def test_a_key(name: KeyName, modulus: bytes, exponent: bytes, form: Any) -> None:
    key = CaKey(name, "20301231", modulus, exponent, key_check_value(name, modulus, exponent))
    assert read_key(write_key(key, form)) == key
    assert key.check_problem == ""


@given(st.lists(NAMES, max_size=10), st.sampled_from("0123"), st.sampled_from(["text", "bcd"]))
def test_a_list_of_keys(names: list[KeyName], control: Any, form: Any) -> None:
    keys = [CaKey(name, "20301231", b"", b"\x03", b"") for name in names]
    assert read_key_list(write_key_list(control, keys, form)) == (control, tuple(names))


@given(
    AIDS, st.lists(st.tuples(st.sampled_from(TAGS), st.binary(min_size=16, max_size=16)), unique_by=lambda one: one[0])
)
def test_an_application(aid: str, values: list[Any]) -> None:
    given_values = tuple((tag.tag, data[: min(tag.most, 16)].hex().upper()) for tag, data in values)
    assert read_aid(write_aid(Aid(aid, given_values))) == Aid(aid, given_values)
    assert read_aid_list(write_aid_list("2", [Aid(aid, ())])) == ("2", (aid,))


@given(CARDS, st.integers(0, 12))
def test_pages_of_cards_are_the_whole_list(cards: list[tuple[int, str]], size: int) -> None:
    fetched: list[tuple[int, str]] = []
    first, control = 0, "2"
    while control == "2":
        content, _ = write_card_page(cards, first, size, "length2-digits")
        control, last, page = read_card_page(content, "length2-digits")
        fetched += page
        first = last + 1
    assert fetched == cards
    assert control == ("0" if not cards else "1" if not size or len(cards) <= size else "3")


@given(st.lists(st.integers(), max_size=60), st.integers(0, 70), st.integers(0, 12))
def test_pages_of_a_list(entries: list[int], received: int, size: int) -> None:
    page = page_of(entries, received, size)
    assert list(page.entries) == entries[received : page.last]
    assert (page.control == "2") == (0 < page.last < len(entries) and bool(page.entries))
    assert read_query(write_query(min(received, 99))) == min(received, 99)


@given(
    st.fixed_dictionaries({}, optional={one.name: st.integers(0, 10**one.digits - 1) for one in contactless.ITEMS}),
    st.sampled_from(["text", "binary"]),
)
def test_contactless_parameters(values: dict[str, int], form: Any) -> None:
    assert contactless.read_contactless(contactless.write_contactless(values, form), form) == values


@given(st.lists(st.builds(Rate, *[st.text("0123456789", min_size=size, max_size=size) for size in (3, 3, 8)])))
def test_rates(rates: list[Rate]) -> None:
    assert read_rates(write_rates(rates)) == tuple(rates)


@pytest.mark.parametrize("kind", ["text-tag6-length3", "length2-bin", "length2-digits"])
@given(data=st.binary(max_size=60))
def test_what_is_parsed_is_joined_again(kind: str, data: bytes) -> None:
    try:
        objects = parse_tlv(data, kind)
    except TlvError as exc:
        objects, data = exc.before, data[: exc.before[-1].stop if exc.before else 0]
    assert join_tlv(objects) == data
    assert build_tlv([(one.tag, one.value) for one in objects], kind) == data


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_in_a_sentence(data: bytes) -> None:
    sentences: list[str] = []
    for read in (read_key, read_key_list, read_aid, read_aid_list, read_query, read_number, read_rates, read_public_key,
                 read_transport_key, read_master_key, lambda one: read_card_page(one, "length2-bin"),
                 lambda one: contactless.read_contactless(one, "text")):  # fmt: skip
        try:
            read(data)
        except ValueError as exc:
            sentences.append(str(exc))
    assert not any("\n" in one for one in sentences)


def test_coded_values_begin_at_their_start() -> None:
    assert [one.start for one in parse_coded(b"xx1160", {"11": 2}, 2)] == [2]
