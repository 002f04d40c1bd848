"""Rows of dataclasses: what is packed is unpacked as it was, whichever order the columns have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, get_type_hints

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
keys = st.builds(TransactionKey, texts, texts, texts, texts)


def lists_of(items: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(items, max_size=3).map(tuple)


def rows_of(cls: type[Any], **known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw objects of a class whose every field is drawn: a field that is added is tested without a word here."""
    hints = get_type_hints(cls)
    return st.builds(cls, **{name: known.get(name, VALUES.get(hints[name], texts)) for name in hints})


VALUES: dict[Any, st.SearchStrategy[Any]] = {
    int: numbers,
    bool: st.booleans(),
    bytes: st.binary(max_size=8),
    int | None: st.none() | numbers,
    bytes | None: st.none() | st.binary(max_size=8),
    dict[str, str]: st.dictionaries(texts, texts, max_size=3),
    tuple[str, ...]: lists_of(lines),
    TransactionKey: keys,
}
"""Type of a field → its values; all others hold texts."""
VALUES[Policy] = rows_of(Policy)
VALUES[tuple[SlipElement, ...]] = lists_of(rows_of(SlipElement))
VALUES[tuple[Flag, ...]] = lists_of(rows_of(Flag))
VALUES[Generation | None] = st.none() | rows_of(Generation, number=st.integers(1, 2**31))


@st.composite
def transactions(draw: st.DrawFn) -> Transaction:
    """Draw transactions whose original is of the same merchant."""
    key = draw(keys)
    originals = st.builds(TransactionKey, st.just(key.mid), texts, texts, lines)
    return draw(rows_of(Transaction, key=st.just(key), original=st.none() | originals))


ROWS: dict[type[Any], st.SearchStrategy[Any]] = {
    **{cls: rows_of(cls) for cls in (Session, Card, TerminalConfig, Signature, SignaturePart, ExchangeRecord)},
    Transaction: transactions(),
}


@pytest.mark.slow
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


def test_what_is_none_is_empty_in_each_of_its_columns() -> None:
    transaction = row_format(Transaction)
    row = dict(
        zip(
            [one.name for one in transaction.columns],
            transaction.pack(Transaction(TransactionKey(*"mtbs"))),
            strict=True,
        )
    )
    assert [row[f"original_{name}"] for name in ("tid", "batch", "stan")] == ["", "", ""]
    session = row_format(Session)
    row = dict(zip([one.name for one in session.columns], session.pack(Session("1")), strict=True))
    for name in ("current", "previous"):
        assert [row[f"{name}_{one}"] for one in ("number", "package", "sealed", "kcvs", "since_us")] == [
            0,
            "",
            None,
            "",
            0,
        ]
