"""Rows of dataclasses: what is packed is unpacked as it was, whichever order the columns have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.model.columns import Column, RowFormat, row_format
from acquirer.model.evidence import ExchangeRecord
from acquirer.model.reasons import Reason
from acquirer.model.rows import (
    Card,
    Flag,
    Generation,
    Policy,
    Session,
    Signature,
    SignaturePart,
    SlipElement,
    TerminalConfig,
    Transaction,
    TransactionKey,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
lines = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), min_size=1, max_size=8)
numbers = st.integers(0, 2**62)
some = st.integers(1, 2**31)
flags = st.booleans()
blobs = st.binary(max_size=8)
keys = st.builds(TransactionKey, texts, texts, texts, texts)
generations = st.none() | st.builds(Generation, some, texts, blobs, texts, numbers)
elements = st.dictionaries(texts, texts, max_size=3)
slips = st.lists(st.builds(SlipElement, texts, texts, texts), max_size=2).map(tuple)


@st.composite
def transactions(draw: st.DrawFn) -> Transaction:
    key = draw(keys)
    originals = st.builds(TransactionKey, st.just(key.mid), texts, texts, lines)
    return draw(
        st.builds(
            Transaction, st.just(key), numbers, texts, st.sampled_from(["approved", "tombstone"]), texts, texts,
            numbers, texts, texts, texts, texts, texts, texts, texts, texts, texts, elements, numbers, numbers, texts,
            numbers, texts, elements, texts, st.none() | originals, texts, numbers, numbers,
        )
    )  # fmt: skip


ROWS = {
    Session: st.builds(
        Session, texts, numbers, texts, numbers, texts, numbers, flags, flags, texts, texts, generations, generations,
        numbers, numbers, texts,
    ),
    Transaction: transactions(),
    Card: st.builds(Card, texts, numbers, texts, numbers, texts, numbers, numbers, numbers),
    TerminalConfig: st.builds(
        TerminalConfig, texts, texts, texts, blobs, texts, texts,
        st.builds(Policy, texts, numbers, texts, flags, numbers), flags, st.none() | blobs, st.none() | blobs, texts,
    ),
    Signature: st.builds(
        Signature, keys, numbers, texts, numbers, numbers, numbers, texts, st.none() | numbers, texts, texts, texts,
        texts, texts, slips, st.lists(st.builds(Flag, texts, texts), max_size=2).map(tuple), texts, numbers, numbers,
        texts,
    ),
    SignaturePart: st.builds(SignaturePart, keys, numbers, flags, blobs, numbers, slips),
    ExchangeRecord: st.builds(
        ExchangeRecord, numbers, texts, texts, texts, texts, texts, texts, texts, texts, texts, texts, texts, texts,
        st.lists(lines, max_size=3).map(tuple), st.none() | numbers, texts, flags, texts, numbers, numbers,
    ),
}  # fmt: skip


@pytest.mark.parametrize("cls", ROWS)
@given(data=st.data())
def test_what_is_packed_is_unpacked_as_it_was_one_version_on(cls: type, data: st.DataObject) -> None:
    row_of: RowFormat[Any] = row_format(cls)
    item: Any = data.draw(ROWS[cls])
    row = row_of.pack(item)
    assert len(row) == len(row_of.columns)
    for value, column in zip(row, row_of.columns, strict=True):
        kinds = {"TEXT": str, "INTEGER": int, "BLOB": bytes}
        assert type(value) is kinds[column.type] or (value is None and column.nullable), column
    expected = replace(item, version=item.version + 1) if hasattr(item, "version") else item
    assert row_of.unpack(row) == expected


@pytest.mark.parametrize("cls", ROWS)
def test_each_column_has_a_name_of_its_own(cls: type) -> None:
    names = [column.name for column in row_format(cls).columns]
    assert len(set(names)) == len(names)


def test_what_is_several_values_is_several_columns() -> None:
    names = [column.name for column in row_format(Session).columns]
    assert names[10:15] == ["current_number", "current_package", "current_sealed", "current_kcvs", "current_since_us"]
    transaction = [column.name for column in row_format(Transaction).columns]
    assert transaction[:5] == ["mid", "tid", "batch", "stan", "version"]
    assert [name for name in transaction if name.startswith("original")] == [
        "original_tid",
        "original_batch",
        "original_stan",
        "original_rrn",
    ]


def test_only_numbers_that_may_be_missing_and_bytes_may_be_null() -> None:
    columns = row_format(Signature).columns
    assert [column for column in columns if column.nullable] == [Column("amount_minor", "INTEGER", nullable=True)]
    parts = row_format(SignaturePart).columns
    assert [column for column in parts if column.nullable] == [Column("stream", "BLOB", nullable=True)]


def test_a_symbol_is_stored_as_its_text() -> None:
    row_of = row_format(ExchangeRecord)
    row = row_of.pack(ExchangeRecord(1, reason=Reason.APPROVED))
    place = [column.name for column in row_of.columns].index("reason")
    assert type(row[place]) is str
    assert row[place] == "approved"


@dataclass
class Odd:
    """A row with a field that has no form."""

    when: complex


@dataclass
class Nullable:
    """A row with a text that may be missing."""

    text: str | None


@pytest.mark.parametrize(
    ("cls", "sentence"), [(Odd, "field when: .*complex.* has no form"), (Nullable, "text is never NULL")]
)
def test_a_field_without_a_form_is_refused_when_the_table_is_built(cls: type, sentence: str) -> None:
    with pytest.raises(TypeError, match=sentence):
        row_format(cls)
