"""Limits that operators and the documentation know, and how they go together."""

from __future__ import annotations

from acquirer.store import (
    checkpoints,
    database,
    filters,
    group_committer,
    location,
    purge,
    row_cache,
    rrn,
    soundness,
    statements,
    uploads,
)

DAY_US = 86_400_000_000


def test_what_is_documented() -> None:
    """docs/architecture.md and docs/stores.md name them."""
    assert (statements.GROUP, purge.KEEP_DAYS, rrn.BLOCK, uploads.BATCHES_BACK) == (256, 35, 10_000, 8)
    assert (purge.HOUR_US, purge.DAY_US, purge.PARTS_KEPT_US) == (DAY_US // 24, DAY_US, DAY_US)


def test_sizes_that_were_measured() -> None:
    assert (row_cache.MOST_ROWS, filters.CHUNK, database.PREPARED) == (50_000, 500, 256)
    assert (database.CHECKPOINT_PAGES, checkpoints.CHECKPOINT_EXCHANGES, database.LOG_BYTES) == (
        1_000,
        1_500,
        67_108_864,
    )
    assert soundness.CHECKED_AT_START_BYTES == 33_554_432
    assert (group_committer.AHEAD, group_committer.MOST_DELIVERIES) == (2, 1_024)


def test_waits_go_from_a_moment_to_giving_up() -> None:
    """An exchange waits for a lock for less than what stops the reading of sockets, and that before it is refused."""
    waits_s = [
        location.LOCK_RETRY_S,
        database.LOCKED_WAIT_S,
        location.LOCK_WAIT_S,
        database.LOCK_WAIT_S,
        group_committer.CONGESTED_S,
        group_committer.FULL_S,
        group_committer.WRITE_TIMEOUT_S,
    ]
    assert waits_s == [0.01, 0.1, 0.5, 1.5, 2.0, 5.0, 10.0]
    assert database.BUSY_S == 5.0
    assert (group_committer.CONGESTED_COMMITS, group_committer.FULL_COMMITS) == (5_000, 20_000)


def test_a_log_begins_anew_before_the_host_would_put_it_away_and_before_it_is_cut() -> None:
    """Its header has 32 bytes, that of a page 24; an exchange has about two pages."""
    assert checkpoints.FULL_LOG_PAGES + 2 * checkpoints.CHECKPOINT_EXCHANGES < database.LOG_PAGES
    assert 32 + database.LOG_PAGES * (24 + 4_096) < database.LOG_BYTES
