"""CA public keys (CAPK): the list of those there are, and one of them as it travels.

A key carries a check value: SHA-1 over RID, index, modulus and exponent (EMV Book 2, annex A). A terminal refuses a key
whose check value is wrong.

Source: Q/CUP 009, IC卡公钥下载.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from acquirer.dialect.private_forms import ExpiryForm
from acquirer.downloads.lists import Control, split_control
from acquirer.downloads.tags import read_needed_tags, read_tags
from acquirer.wire.tlv import build_tlv

KEY_TAGS: Final = ("9F06", "9F22", "DF05", "DF06", "DF07", "DF02", "DF04", "DF03")
RID, INDEX, EXPIRY, HASH, ALGORITHM, MODULUS, EXPONENT, CHECK = KEY_TAGS
RID_BYTES: Final = 5


@dataclass(frozen=True, slots=True)
class KeyName:
    """What names a CA public key: whose it is, and which of theirs."""

    rid: str  # 10 hex digits
    index: str  # 2 hex digits

    @classmethod
    def from_tags(cls, tags: Mapping[str, bytes]) -> KeyName:
        """Return which key is named by RID and index, which must be among the tags. Raises ValueError."""
        rid, index = tags[RID], tags[INDEX]
        if len(rid) != RID_BYTES or len(index) != 1:
            raise ValueError(f"has a RID of {len(rid)} bytes and an index of {len(index)}: 5 and 1 belong there")
        return cls(rid.hex().upper(), index.hex().upper())

    def __str__(self) -> str:
        """Return it as people write it."""
        return f"{self.rid}/{self.index}"

    @property
    def tags(self) -> list[tuple[str, bytes]]:
        """It as it travels."""
        return [(RID, bytes.fromhex(self.rid)), (INDEX, bytes.fromhex(self.index))]


@dataclass(frozen=True, slots=True)
class CaKey:
    """A CA public key."""

    name: KeyName
    expiry: str  # YYYYMMDD
    modulus: bytes = field(repr=False)
    exponent: bytes
    check_value: bytes
    hash_algorithm: str = "01"  # SHA-1
    key_algorithm: str = "01"  # RSA

    @property
    def check_problem(self) -> str:
        """Why its check value is wrong, as a sentence; "" when it is right."""
        expected = key_check_value(self.name, self.modulus, self.exponent)
        if expected == self.check_value:
            return ""
        return (
            f"the check value of CA public key {self.name} (DF03) is {self.check_value.hex().upper()}, and SHA-1 over "
            f"RID, index, modulus and exponent is {expected.hex().upper()}"
        )


def key_check_value(name: KeyName, modulus: bytes, exponent: bytes) -> bytes:
    """Return what DF03 of a key must be."""
    covered = bytes.fromhex(name.rid + name.index) + modulus + exponent
    return hashlib.sha1(covered, usedforsecurity=False).digest()  # the standard's own, against damage alone


def write_key_name(name: KeyName) -> bytes:
    """Return what asks for a key."""
    return build_tlv(name.tags)


def read_key_name(data: bytes) -> KeyName:
    """Return which key is asked for.

    Raises:
        ValueError: the rest of a sentence about what came.
    """
    return KeyName.from_tags(read_needed_tags(data, (RID, INDEX), "RID (9F06) and index (9F22)"))


def write_key(key: CaKey, form: ExpiryForm) -> bytes:
    """Return a key as it travels, behind ``1``: it is there."""
    objects = [
        *key.name.tags,
        (EXPIRY, _written_expiry(key.expiry, form)),
        (HASH, bytes.fromhex(key.hash_algorithm)),
        (ALGORITHM, bytes.fromhex(key.key_algorithm)),
        (MODULUS, key.modulus),
        (EXPONENT, key.exponent),
        (CHECK, key.check_value),
    ]
    return b"1" + build_tlv(objects)


def read_key(data: bytes) -> CaKey | None:
    """Return the key that a reply brings; None where it says that there is none. Its check value is not checked.

    Raises:
        ValueError: a tag is missing, or the data are none.
    """
    control, rest = split_control(data)
    if control == "0":
        return None
    tags = read_needed_tags(rest, KEY_TAGS, "the tags of a key")
    return CaKey(
        KeyName.from_tags(tags),
        _read_expiry(tags[EXPIRY]),
        tags[MODULUS],
        tags[EXPONENT],
        tags[CHECK],
        tags[HASH].hex(),
        tags[ALGORITHM].hex(),
    )


def write_key_list(control: Control, keys: Iterable[CaKey], form: ExpiryForm) -> bytes:
    """Return which keys there are, as it travels."""
    objects: list[tuple[str, bytes]] = []
    for key in keys:
        objects += key.name.tags
        objects.append((EXPIRY, _written_expiry(key.expiry, form)))
    return control.encode("ascii") + build_tlv(objects)


def read_key_list(data: bytes) -> tuple[Control, tuple[KeyName, ...]]:
    """Return how a list of keys goes on, and which there are.

    Raises:
        ValueError: it has another form.
    """
    control, rest = split_control(data)
    objects = [one for one in read_tags(rest) if one.tag in (RID, INDEX)]
    if [one.tag for one in objects] != [RID, INDEX] * (len(objects) // 2):
        raise ValueError("its entries are no pairs of RID (9F06) and index (9F22)")
    pairs = zip(objects[::2], objects[1::2], strict=True)
    return control, tuple(KeyName.from_tags({RID: rid.value, INDEX: index.value}) for rid, index in pairs)


def _written_expiry(expiry: str, form: ExpiryForm) -> bytes:
    return expiry.encode("ascii") if form == "text" else bytes.fromhex(expiry)


def _read_expiry(value: bytes) -> str:
    text = value.decode("latin-1") if len(value) == len("YYYYMMDD") else value.hex()
    if len(text) != len("YYYYMMDD") or not text.isdecimal():
        raise ValueError("has an expiry (DF05) that is neither YYYYMMDD as text nor four bytes")
    return text
