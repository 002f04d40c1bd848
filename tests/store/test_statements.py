"""SQL that is made of tables: what is asked and written, word by word, and groups of any size."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.model.columns import Column
from acquirer.store.database import create
from acquirer.store.schema import Index, StoreTable, empty
from acquirer.store.statements import (
    GROUP,
    LAST_STANS,
    Many,
    MostlyUsual,
    added,
    columns_of,
    followed,
    having,
    inserted,
    joined,
    query,
    replaced,
    select,
    versioned,
)

THING = StoreTable(
    "thing",
    (Column("id", "TEXT"), Column("version", "INTEGER"), Column("note", "BLOB", nullable=True), Column("late", "TEXT")),
    ("id",),
    (Index("thing_by_version", ("version", "note"), "version > 0"), Index("thing_by_note", ("note",))),
)
OTHER = StoreTable("other", (Column("thing", "TEXT"), Column("n", "INTEGER")), ("thing", "n"), rowid=True)


def test_tables_and_indexes() -> None:
    assert list(THING.create()) == [
        'CREATE TABLE "thing" ("id" TEXT NOT NULL, "version" INTEGER NOT NULL, "note" BLOB, '
        '"late" TEXT NOT NULL, PRIMARY KEY ("id")) WITHOUT ROWID',
        'CREATE INDEX thing_by_version ON "thing" ("version", "note") WHERE version > 0',
        'CREATE INDEX thing_by_note ON "thing" ("note")',
    ]
    assert list(OTHER.create()) == [
        'CREATE TABLE "other" ("thing" TEXT NOT NULL, "n" INTEGER NOT NULL, PRIMARY KEY ("thing", "n"))'
    ]
    assert (THING.names, THING.others, OTHER.others) == (
        ("id", "version", "note", "late"), ("version", "note", "late"), (),
    )  # fmt: skip
    assert [empty(column) for column in (*THING.columns, Column("data", "BLOB"))] == ["''", "0", "NULL", "''", "''"]


def test_queries() -> None:
    assert select(THING) == 'SELECT "thing"."id", "thing"."version", "thing"."note", "thing"."late" FROM "thing"'
    assert select(OTHER, "n > 1", "", "n < 9", order="n DESC", limit=True) == (
        'SELECT "other"."thing", "other"."n" FROM "other" WHERE n > 1 AND n < 9 ORDER BY n DESC LIMIT ?'
    )
    assert query("count(*)", "x") == "SELECT count(*) FROM x"
    assert query("1", "x", ["", "a = 1"], order="a") == "SELECT 1 FROM x WHERE a = 1 ORDER BY a"
    assert query("1", "x", [""], limit=True) == "SELECT 1 FROM x LIMIT ?"
    assert columns_of(OTHER, OTHER) == '"other"."thing", "other"."n", "other"."thing", "other"."n"'
    assert joined(THING, OTHER, "id", "thing") == '"thing" LEFT JOIN "other" ON "other"."thing" = "thing"."id"'
    assert joined(OTHER, THING, "thing", "id", "JOIN") == '"other" JOIN "thing" ON "thing"."id" = "other"."thing"'
    assert having("mid", "tid") == '"mid" = ? AND "tid" = ?'


@contextmanager
def tables() -> Iterator[sqlite3.Cursor]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for table in (THING, OTHER):
            for statement in table.create():
                connection.execute(statement)
        yield connection.cursor()


@pytest.fixture
def cursor() -> Iterator[sqlite3.Cursor]:
    with tables() as found:
        yield found


def rows(cursor: sqlite3.Cursor) -> list[tuple[object, ...]]:
    return cursor.execute(select(THING, order="id")).fetchall()


def test_what_is_written_over_what(cursor) -> None:
    first, second = ("a", 1, b"1", "x"), ("a", 2, None, "y")
    assert inserted(THING).write(cursor, [first]) == 1
    with pytest.raises(sqlite3.IntegrityError):
        inserted(THING).write(cursor, [first])
    assert added(THING).write(cursor, [second, ("b", 1, None, "")]) == 1
    assert rows(cursor) == [first, ("b", 1, None, "")]
    assert replaced(THING).write(cursor, [second]) == 1
    assert rows(cursor)[0] == second


def test_versions_follow_one_another(cursor) -> None:
    writer = versioned(THING)
    assert writer.write(cursor, [("a", 1, None, "x"), ("b", 1, None, "x")]) == 2
    assert writer.write(cursor, [("a", 1, None, "again"), ("b", 3, None, "skipped")]) == 0
    assert writer.write(cursor, [("a", 2, b"2", "y"), ("b", 1, None, "again")]) == 1
    assert rows(cursor) == [("a", 2, b"2", "y"), ("b", 1, None, "x")]
    assert writer.write(cursor, [("purged", 7, None, "whole")]) == 1


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 8, 255, 256, 257, 600])
def test_groups_of_any_size(cursor, count) -> None:
    writer, group = inserted(OTHER), [("t", n) for n in range(count)]
    assert writer.write(cursor, group) == count
    assert cursor.execute(select(OTHER, order="n")).fetchall() == group


@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.just(b"1"), st.sampled_from(["", "x"])), max_size=9))
def test_rows_with_the_usual_values_are_written_as_all_others_are(several: list[tuple[str, bytes | None, str]]) -> None:
    columns = ("late", "version", "id", "note")
    versions: dict[str, int] = {}
    found = []
    for writer in (versioned(THING, columns), MostlyUsual(THING, followed(THING), (None,), columns)):
        versions.clear()
        with tables() as cursor:
            for key, note, late in several:
                versions[key] = versions.get(key, 0) + 1
                assert writer.write(cursor, [(late, versions[key], key, note)]) == 1
            assert writer.write(cursor, [("late", 7, "new", None), ("", 1, "another", b"2")]) == 2
            assert writer.write(cursor, [("", 7, "new", None), ("", 9, "new", b"2")]) == 0
            if isinstance(writer, MostlyUsual):
                assert writer.short(("", 1, "short", b"2")) == ("", 1, "short", b"2")
                assert writer.write(cursor, [writer.short(("", 1, "short", None)), ("", 8, "new", b"2")]) == 2
            else:
                assert writer.write(cursor, [("", 1, "short", None), ("", 8, "new", b"2")]) == 2
            found.append(rows(cursor))
    assert found[0] == found[1]


def test_the_usual_values_stand_in_the_statement() -> None:
    short = Many(THING, "", None, (1, None, ""))
    assert short._shape(2) == (
        'INSERT OR FAIL INTO "thing" ("id", "version", "note", "late") VALUES (?, 1, NULL, \'\'), (?, 1, NULL, \'\') '
    )


def test_sessions_are_found_by_their_key() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        create(connection)
        for count in (1, GROUP):
            plan = connection.execute(f"EXPLAIN QUERY PLAN {LAST_STANS._shape(count)}", ["x"] * 3 * count).fetchall()
            assert any("session USING PRIMARY KEY (tid=?)" in row[-1] for row in plan)


def test_a_group_is_cut_into_powers_of_two_whose_shapes_are_kept() -> None:
    class Recorder:
        rowcount = 1

        def execute(self, statement: str, values: list[object]) -> Recorder:
            self.seen.append((statement.count("(?, ?)"), len(values)))
            return self

        def __init__(self) -> None:
            self.seen: list[tuple[int, int]] = []

    writer, recorder = Many(OTHER, "ON CONFLICT DO NOTHING"), Recorder()
    assert writer.write(recorder, [("t", n) for n in range(2 * GROUP + 13)]) == 5  # type: ignore[arg-type]
    assert recorder.seen == [(256, 512), (256, 512), (8, 16), (4, 8), (1, 2)]
    assert set(writer._shapes) == {256, 8, 4, 1}
    assert writer._shape(1) == 'INSERT OR FAIL INTO "other" ("thing", "n") VALUES (?, ?) ON CONFLICT DO NOTHING'
    assert writer._shape(1) is writer._shape(1)
