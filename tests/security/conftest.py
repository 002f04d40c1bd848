"""Fixtures of these tests: the published dialect, keys and sale."""

from tests.published import dialect, keys, sale, suite, tmk

__all__ = ["dialect", "keys", "sale", "suite", "tmk"]
