"""Chip parameters by application (AID): the list of those there are, and one of them as it travels.

Source: Q/CUP 009, IC卡参数下载.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from acquirer.downloads.lists import Control, split_control
from acquirer.downloads.tags import read_tags
from acquirer.wire.tlv import build_tlv

AID: Final = "9F06"
AID_BYTES: Final = (5, 16)  # EMV Book 1: a RID, and up to eleven bytes of the application


class AidTag(NamedTuple):
    """One value of an application."""

    name: str
    tag: str
    least: int  # bytes
    most: int
    about: str


TAGS: Final = (
    AidTag("selection", "DF01", 1, 1, "00: a card's AID may be longer than this one, 01: it must be the same"),
    AidTag("version", "9F08", 2, 2, "application version"),
    AidTag("tac_default", "DF11", 5, 5, "terminal action code, default"),
    AidTag("tac_online", "DF12", 5, 5, "terminal action code, online"),
    AidTag("tac_denial", "DF13", 5, 5, "terminal action code, denial"),
    AidTag("floor_limit", "9F1B", 4, 4, "floor limit"),
    AidTag("threshold", "DF15", 4, 4, "threshold for biased random selection"),
    AidTag("percent_most", "DF16", 1, 1, "most per cent of biased random selection"),
    AidTag("percent", "DF17", 1, 1, "per cent of random selection"),
    AidTag("ddol", "DF14", 3, 252, "default DDOL"),
    AidTag("online_pin", "DF18", 1, 1, "01: the PIN may be checked online"),
    AidTag("ecash_limit", "9F7B", 6, 6, "limit of electronic cash"),
    AidTag("contactless_floor_limit", "DF19", 6, 6, "contactless floor limit"),
    AidTag("contactless_limit", "DF20", 6, 6, "contactless transaction limit"),
    AidTag("contactless_cvm_limit", "DF21", 6, 6, "contactless amount from which the cardholder is verified"),
)
"""In the order in which they travel."""


@dataclass(frozen=True, slots=True)
class Aid:
    """The parameters of one application."""

    aid: str  # hex digits
    values: tuple[tuple[str, str], ...]  # tag and hex digits, as they travel


def write_aid_name(aid: str) -> bytes:
    """Return what asks for the parameters of an application."""
    return build_tlv([(AID, bytes.fromhex(aid))])


def read_aid_name(data: bytes) -> str:
    """Return which application is asked for.

    Raises:
        ValueError: the rest of a sentence about what came.
    """
    aid = next((one.value for one in read_tags(data) if one.tag == AID), None)
    if aid is None:
        raise ValueError("has no tag 9F06: the AID belongs there")
    if not AID_BYTES[0] <= len(aid) <= AID_BYTES[1]:
        raise ValueError(f"has an AID of {len(aid)} bytes; one has 5 to 16")
    return aid.hex().upper()


def write_aid(aid: Aid) -> bytes:
    """Return the parameters of an application as they travel, behind ``1``: they are there."""
    objects = [(AID, aid.aid), *aid.values]
    return b"1" + build_tlv([(tag, bytes.fromhex(value)) for tag, value in objects])


def read_aid(data: bytes) -> Aid | None:
    """Return the parameters that a reply brings; None where it says that there are none.

    Raises:
        ValueError: they have another form.
    """
    control, rest = split_control(data)
    if control == "0":
        return None
    aid = read_aid_name(rest)
    values = tuple((one.tag, one.value.hex().upper()) for one in read_tags(rest) if one.tag not in ("", AID))
    sizes = {tag.tag: tag for tag in TAGS}
    for tag, value in values:
        known = sizes.get(tag)
        if known is not None and not known.least <= len(value) // 2 <= known.most:
            raise ValueError(f"has {known.about} ({tag}) in {len(value) // 2} bytes; {known.least} belong there")
    return Aid(aid, values)


def write_aid_list(control: Control, aids: Iterable[Aid]) -> bytes:
    """Return which applications there are, as it travels."""
    return control.encode("ascii") + build_tlv([(AID, bytes.fromhex(one.aid)) for one in aids])


def read_aid_list(data: bytes) -> tuple[Control, tuple[str, ...]]:
    """Return how a list of applications goes on, and which there are.

    Raises:
        ValueError: it has another form.
    """
    control, rest = split_control(data)
    return control, tuple(one.value.hex().upper() for one in read_tags(rest) if one.tag == AID)
