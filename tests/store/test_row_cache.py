"""Rows kept in memory: the latest of each key, so many and no more."""

from __future__ import annotations

from acquirer.store.row_cache import RowCache


def test_the_latest_row_of_a_key_is_kept_until_it_is_forgotten() -> None:
    cache: RowCache[int] = RowCache()
    assert cache.get("a") is None
    cache.put("a", 1)
    cache.put("a", 2)
    assert (cache.get("a"), len(cache)) == (2, 1)
    cache.forget("a")
    cache.forget("a")
    assert (cache.get("a"), len(cache)) == (None, 0)


def test_a_full_cache_begins_anew() -> None:
    cache: RowCache[int] = RowCache(most=2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert (cache.get("a"), cache.get("b"), len(cache)) == (1, 2, 2)
    cache.put("c", 3)
    assert (cache.get("a"), cache.get("c"), len(cache)) == (None, 3, 1)
    cache.clear()
    assert (cache.get("c"), len(cache)) == (None, 0)
