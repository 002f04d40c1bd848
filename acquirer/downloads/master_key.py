"""A terminal's master key as it travels: the host's public key, the transport key, the master key under it.

Source: Q/CUP 009, 终端主密钥下载 (352, 350, 351). No capture of 350 is public, so tags are read in any order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from acquirer.downloads.ca_keys import EXPONENT, INDEX, MODULUS, RID, KeyName
from acquirer.downloads.tags import read_needed_tags
from acquirer.security.key_transport import RsaKey
from acquirer.wire.tlv import build_tlv

TRANSPORT_BLOCK, TRANSPORT_CHECK, MASTER, MASTER_CHECK = "DF23", "DF24", "DF21", "DF22"
_NAME: Final = (RID, INDEX)


@dataclass(frozen=True, slots=True)
class HostRsaKey:
    """The RSA key under which terminals send their transport keys."""

    name: KeyName
    key: RsaKey


def write_public_key(own: HostRsaKey) -> bytes:
    """Return the public half of a key as it travels."""
    return build_tlv([*own.name.tags, (MODULUS, own.key.modulus), (EXPONENT, own.key.exponent)])


def read_public_key(data: bytes) -> HostRsaKey:
    """Return the public key that a reply brings. Raises ValueError."""
    tags = _tags(data, (*_NAME, MODULUS, EXPONENT))
    return HostRsaKey(KeyName.from_tags(tags), RsaKey(tags[MODULUS], tags[EXPONENT]))


def write_transport_key(name: KeyName, block: bytes, check_value: bytes) -> bytes:
    """Return a transport key under the public key of this name, as it travels."""
    return build_tlv([*name.tags, (TRANSPORT_BLOCK, block), (TRANSPORT_CHECK, check_value)])


def read_transport_key(data: bytes) -> tuple[KeyName, bytes, bytes]:
    """Return the name of the public key, the block under it, and the check value. Raises ValueError."""
    tags = _tags(data, (*_NAME, TRANSPORT_BLOCK, TRANSPORT_CHECK))
    return KeyName.from_tags(tags), tags[TRANSPORT_BLOCK], tags[TRANSPORT_CHECK]


def write_master_key(wrapped: bytes, check_value: bytes) -> bytes:
    """Return a master key under a transport key, as it travels."""
    return build_tlv([(MASTER, wrapped), (MASTER_CHECK, check_value)])


def read_master_key(data: bytes) -> tuple[bytes, bytes]:
    """Return the master key under the transport key, and its check value. Raises ValueError."""
    tags = _tags(data, (MASTER, MASTER_CHECK))
    return tags[MASTER], tags[MASTER_CHECK]


def _tags(data: bytes, needed: tuple[str, ...]) -> dict[str, bytes]:
    return read_needed_tags(data, needed, ", ".join(needed))
