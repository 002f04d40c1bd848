"""Rows of state become tuples in the order of the columns, and come back as they were."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.journal.render import COLUMNS
from acquirer.model.rows import Card, Generation, Policy, Session, TerminalConfig, Transaction, TransactionKey
from acquirer.store import schema, tuples

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.integers(0, 2**62)
generations = st.builds(Generation, st.integers(1, 2**31), texts, st.binary(max_size=8), texts, numbers)
made = st.dictionaries(texts, texts, max_size=3)

STATES = {
    "session": (
        st.builds(
            Session, texts, numbers, texts, numbers, texts, numbers, st.booleans(), st.booleans(), texts, texts,
            st.none() | generations, st.none() | generations, numbers, numbers, texts,
        ),
        tuples.session_row,
        tuples.session_of,
        schema.session,
    ),
    "transaction": (
        st.builds(
            Transaction, st.builds(TransactionKey, texts, texts, texts, texts), numbers, texts,
            st.sampled_from(["approved", "tombstone"]), texts, texts, numbers, texts, texts, texts, texts, texts, texts,
            texts, texts, texts, made, numbers, numbers, texts, numbers, texts, made,
        ),
        tuples.transaction_row,
        tuples.transaction_of,
        schema.transaction,
    ),
    "card": (
        st.builds(Card, texts, numbers, texts, numbers, texts, numbers, numbers, numbers),
        tuples.card_row,
        tuples.card_of,
        schema.card,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", STATES)
@given(data=st.data())
def test_what_is_written_reads_back_one_version_on(kind, data):
    strategy, row_of, state_of, table = STATES[kind]
    state = data.draw(strategy)
    row = row_of(state)
    assert len(row) == len(table.c)
    assert state_of(row) == replace(state, version=state.version + 1)


policies = st.builds(Policy, texts, numbers, texts, st.booleans(), numbers)
configs = st.builds(
    TerminalConfig,
    texts,
    texts,
    texts,
    st.binary(),
    texts,
    texts,
    policies,
    st.booleans(),
    st.none() | st.binary(),
    st.none() | st.binary(),
    texts,
)


@given(config=configs)
def test_a_registered_terminal_reads_back_with_a_fresh_session(config):
    row = tuples.terminal_row(config)
    assert len(row) == len(schema.terminal.c)
    assert tuples.registered((*row, *[None] * len(schema.session.c))) == (config, Session(config.tid))


@pytest.mark.parametrize(
    ("table", "state", "row"),
    [
        (schema.session, Session("t"), tuples.session_row(Session("t"))),
        (schema.card, Card("c"), tuples.card_row(Card("c"))),
        (schema.transaction, Transaction(TransactionKey("m", "t", "b", "s")), None),
    ],
)
def test_columns_are_called_as_the_fields_of_their_state(table, state, row):
    """A field added to a row must be added to its table, in its place."""
    columns = [column.name for column in table.c]
    fields = []
    for name in type(state).__slots__:
        if name == "key":
            fields += TransactionKey._fields
        elif name in ("current", "previous"):
            fields += [f"{name}_{part}" for part in Generation.__slots__]
        else:
            fields.append(name)
    assert columns == fields


def test_the_journal_holds_what_is_rendered():
    assert [column.name for column in schema.journal.c] == ["id", *COLUMNS]
