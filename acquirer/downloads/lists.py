"""Lists that travel in pages: which CA public keys and AIDs there are, BIN tables, the blacklist.

1. The first character of a reply says how the list goes on: 0 there is nothing, 1 this is all, 2 more follows, 3 this
   was the last page. A terminal asks again only while it is 2.
2. Keys and AIDs are asked for by how many were received: ``1`` and two digits, ``100`` at first. Only the two digits
   count, because terminals disagree about the first one.
3. Cards are asked for by the number of the first one that is wanted, three digits: ``000`` at first, then the last
   number of the reply and one more. Entries are numbered from 1.

Source: Q/CUP 009, 公钥下载, 黑名单下载.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Generic, Literal, NamedTuple, TypeVar, get_args

from acquirer.data.text import plural
from acquirer.wire.tlv import TlvError, build_tlv, parse_tlv

T = TypeVar("T")

CardListKind = Literal["length2-bin", "length2-digits"]
"""First digits of card numbers (BIN tables), or whole ones (the blacklist); kinds of `wire.tlv`."""

Control = Literal["0", "1", "2", "3"]
"""How a list goes on: there is none, this is all, more follows, this was the last page."""

_CONTROLS: Final[Mapping[bytes, Control]] = {one.encode("ascii"): one for one in get_args(Control)}

FIRST_CARDS: Final = b"000"
MOST_ENTRIES: Final = 99  # two digits say how many were received
MOST_CARDS: Final = 999


class ListPage(NamedTuple, Generic[T]):
    """Entries of a list that travel in one message."""

    control: Control
    entries: Sequence[T]
    last: int  # the number of the last one of them, from 1


def page_of(entries: Sequence[T], received: int, size: int) -> ListPage[T]:
    """Return the page behind those entries that were received.

    Args:
        size: entries of a page; 0: all travel in one message.

    >>> page_of("abcde", 2, 2)
    ListPage(control='2', entries='cd', last=4)
    """
    if received >= len(entries):
        return ListPage("0", entries[:0], received)
    stop = min(received + size, len(entries)) if size else len(entries)
    control: Control = "2" if stop < len(entries) else "3" if received else "1"
    return ListPage(control, entries[received:stop], stop)


def write_query(received: int) -> bytes:
    """Return what asks for the entries behind those that were received."""
    return f"1{received:02}".encode("ascii")


def read_query(data: bytes) -> int:
    """Return how many entries of a list were received.

    Raises:
        ValueError: a query has another form; the rest of a sentence.
    """
    words = "a query has three digits: 1, and how many entries were received in two; send 100 first"
    return _three_digits(data, words) % 100


def split_control(data: bytes) -> tuple[Control, bytes]:
    """Return how a list goes on, and the rest of what a reply brings; nothing of an empty one.

    Raises:
        ValueError: it begins otherwise.
    """
    if not data:
        return "0", b""
    control = _CONTROLS.get(data[:1])
    if control is None:
        raise ValueError(f"begins with {data[:1].hex().upper()}, and 0, 1, 2 or 3 belongs there, as a character")
    return control, data[1:]


def read_number(data: bytes) -> int:
    """Return the number of the first card that is wanted.

    Raises:
        ValueError: a request has another form; the rest of a sentence.
    """
    return _three_digits(
        data,
        "three digits belong there: the number of the first entry that is wanted; send 000 first, then the last number "
        "that came and one more",
    )


def _three_digits(data: bytes, expected: str) -> int:
    """Return a number of three digits. Raises ValueError, with what is expected."""
    if len(data) != 3 or not data.isdigit():
        raise ValueError(f"has {plural(len(data), 'byte')}, and {expected}")
    return int(data)


def write_card_page(
    cards: Sequence[tuple[int, str]], first: int, size: int, kind: CardListKind
) -> tuple[bytes, ListPage[tuple[int, str]]]:
    """Return a page of cards as it travels: lengths of card numbers, each with the number or its first digits.

    Args:
        first: the number of the first card that is wanted; 0 and 1 are the same.
    """
    page = page_of(cards, max(first - 1, 0), size)
    if page.control == "0":
        return b"0", page
    entries = [(f"{length:02}", digits.encode("ascii")) for length, digits in page.entries]
    return f"{page.control}{page.last:03}".encode("ascii") + build_tlv(entries, kind), page


def read_card_page(data: bytes, kind: CardListKind) -> tuple[Control, int, tuple[tuple[int, str], ...]]:
    """Return how a list of cards goes on, the number of its last card, and the cards of this page.

    Raises:
        ValueError: it has another form.
    """
    control, rest = split_control(data)
    if control == "0":
        return control, 0, ()
    if not rest[:3].isdigit() or len(rest) < 3:
        raise ValueError("has no number of its last entry: three digits belong behind the first character")
    try:
        entries = parse_tlv(rest[3:], kind)
    except TlvError as exc:
        raise ValueError(f"its entries cannot be read: {exc}") from None
    cards = tuple((int(one.tag), one.value.decode("latin-1")) for one in entries)
    if not all(digits.isdecimal() for _, digits in cards):
        raise ValueError("has an entry that is no digits")
    return control, int(rest[:3]), cards
