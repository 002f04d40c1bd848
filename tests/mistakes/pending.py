"""Rows that the host does not recognise yet. The list only shrinks: a row in it that is recognised fails the tests."""

from __future__ import annotations

PENDING: frozenset[str] = frozenset()

PENDING_CAPTURES: frozenset[str] = frozenset()
"""Rows whose message alone, given to ``acquirer doctor --terminals FILE``, is not recognised yet."""
