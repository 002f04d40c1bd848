"""Contactless parameters: up to which amounts neither PIN nor signature is asked for (小额免密免签), and beside.

They travel as text, each item with six characters of tag and three digits of length; one host writes BER tags instead.

Source: Q/CUP 009, 非接业务参数下载.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from acquirer.data.text import plural
from acquirer.dialect.private_forms import ContactlessForm
from acquirer.wire.tlv import TlvError, build_tlv, parse_tlv


class ContactlessItem(NamedTuple):
    """One item."""

    name: str
    tag: str
    digits: int
    about: str


ITEMS: Final = (
    ContactlessItem("contactless_first", "FF805D", 1, "1: the contactless reader is asked first"),
    ContactlessItem("flash_s", "FF803A", 3, "how long a card that was drawn away may come back, seconds"),
    ContactlessItem("flash_records_s", "FF803C", 3, "how long its record is kept, seconds"),
    ContactlessItem("no_pin_limit_minor", "FF8058", 12, "no PIN up to this amount, in fen"),
    ContactlessItem("no_pin", "FF8054", 1, "1: small amounts need no PIN"),
    ContactlessItem("bin_table_a", "FF8055", 1, "1: BIN table A is used"),
    ContactlessItem("bin_table_b", "FF8056", 1, "1: BIN table B is used"),
    ContactlessItem("cdcvm", "FF8057", 1, "1: a telephone may verify its holder (CDCVM)"),
    ContactlessItem("no_signature_limit_minor", "FF8059", 12, "no signature up to this amount, in fen"),
    ContactlessItem("no_signature", "FF805A", 1, "1: small amounts need no signature"),
)
"""In the order in which they travel."""

BY_NAME: Final = {one.name: one for one in ITEMS}
_BY_TAG: Final = {one.tag: one for one in ITEMS}
_KINDS: Final[Mapping[ContactlessForm, str]] = {"text": "text-tag6-length3", "binary": "ber-tlv"}


def contactless_value(name: str, value: object) -> int:
    """Return the value of an item, if it can travel. Raises ValueError with the rest of a sentence."""
    digits = BY_NAME[name].digits
    if isinstance(value, bool) and digits == 1:
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**digits:
        raise ValueError(f"is no number of {plural(digits, 'digit')}")
    return value


def write_contactless(values: Mapping[str, int], form: ContactlessForm) -> bytes:
    """Return values as they travel. Raises ValueError."""
    items = [
        (one.tag, f"{contactless_value(one.name, values[one.name]):0{one.digits}}".encode("ascii"))
        for one in ITEMS
        if one.name in values
    ]
    return build_tlv(items, _KINDS[form])


def read_contactless(data: bytes, form: ContactlessForm) -> dict[str, int]:
    """Return the values that a reply brings; items of other makes are left aside.

    Raises:
        ValueError: they have another form.
    """
    try:
        objects = parse_tlv(data, _KINDS[form])
    except TlvError as exc:
        raise ValueError(f"is no list of contactless parameters: {exc}") from None
    values: dict[str, int] = {}
    for one in objects:
        known = _BY_TAG.get(one.tag)
        if known is None:
            continue
        if len(one.value) != known.digits or not one.value.isdigit():
            raise ValueError(f"has {one.tag} ({known.about}) that is not {plural(known.digits, 'digit')}")
        values[known.name] = int(one.value)
    return values
