"""Working keys of a sign-on as TR-31 key blocks: one for each key, one after another, the text of one field.

A block holds its own length, what its key is for and a MAC, so no check value need follow it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from acquirer.data.text import plural
from acquirer.data.types import Randbytes
from acquirer.errors import SecurityError
from acquirer.security.ciphers import CipherName
from acquirer.security.key_package import KeyPackage
from acquirer.security.secret import Secret
from acquirer.security.tr31 import KeyBlockHeader, build_key_block, open_key_block

VERSIONS: Final[Mapping[str, tuple[str, CipherName]]] = {"tr31-b": ("B", "3des"), "tr31-d": ("D", "aes")}
"""How a dialect names the wrapping → version of the blocks, cipher of the master key."""

ALGORITHMS: Final[Mapping[CipherName, str]] = {"des": "D", "3des": "T", "aes": "A"}

MAC_USAGES: Final[Mapping[str, str]] = {
    "x9.19": "M3",
    "iso9797-1-alg3": "M3",
    "iso9797-1-alg3-pad2": "M3",
    "cmac": "M6",
}
"""MAC algorithm → usage of its key; of any other it is M1."""

_USAGES: Final = {"pik": ("P0",), "mak": ("M1", "M3", "M6"), "tdk": ("D0",)}
_MODES: Final = {"pik": "E", "mak": "C", "tdk": "B"}
_LENGTH: Final = slice(1, 5)  # where a block says how many characters it has


class BlocksError(SecurityError, ValueError):
    """Text that is not one key block after another; never quotes a key."""


def write_block(
    package: KeyPackage, master: Secret, name: str, key: Secret, mac_usage: str, randbytes: Randbytes
) -> bytes:
    """Return the block of one working key, as it travels. Raises KeyBlockError."""
    version, cipher = VERSIONS[package.wrap]
    usage = mac_usage if name == "mak" else _USAGES[name][0]
    header = KeyBlockHeader(usage, ALGORITHMS[key.cipher], _MODES[name], version)
    return build_key_block(master.using(cipher), key, header, randbytes).encode("ascii")


def read_blocks(package: KeyPackage, master: Secret, data: bytes) -> dict[str, Secret]:
    """Return the keys of a package by name, each for what its block says that it is for.

    Raises:
        BlocksError: there are more or fewer blocks than the package has keys.
        KeyBlockError: a block was altered, made under another key, or is for something else.
    """
    _, cipher = VERSIONS[package.wrap]
    text, keys = data.decode("latin-1"), dict[str, Secret]()
    for part in package.parts:
        length = int(text[_LENGTH]) if text[_LENGTH].isdecimal() and len(text[_LENGTH]) == 4 else 0
        if not length:
            raise BlocksError(
                f"a key block for the {part.name.upper()} was expected after {plural(len(keys), 'other')}"
            )
        keys[part.name] = open_key_block(master.using(cipher), text[:length], _USAGES[part.name]).key
        text = text[length:]
    if text.strip():
        raise BlocksError(f"{plural(len(text), 'character is', 'characters are')} left over after the last key block")
    return keys
