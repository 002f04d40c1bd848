"""Batch numbers: the one after another."""

from __future__ import annotations


def next_batch(batch: str) -> str:
    """Return the batch number after this one; 000000 is never used.

    >>> next_batch("000009"), next_batch("999999")
    ('000010', '000001')
    """
    return f"{int(batch) % 999_999 + 1:06}"
