"""Data with BER tags, as keys and applications travel."""

from __future__ import annotations

from collections.abc import Iterable

from acquirer.wire.tlv import Tlv, TlvError, parse_tlv


def read_tags(data: bytes) -> tuple[Tlv, ...]:
    """Return the objects of data, in order.

    Raises:
        ValueError: the rest of a sentence about them.
    """
    try:
        return parse_tlv(data)
    except TlvError as exc:
        raise ValueError(f"is no data with tags: {exc}") from None


def read_needed_tags(data: bytes, needed: Iterable[str], what: str) -> dict[str, bytes]:
    """Return values by tag.

    Args:
        needed: tags that must be there.
        what: they are, in the sentence about one that is not.

    Raises:
        ValueError: one is missing, or the data are none.
    """
    tags = {one.tag: one.value for one in read_tags(data)}
    for tag in needed:
        if tag not in tags:
            raise ValueError(f"has no tag {tag}; {what} belong there")
    return tags
