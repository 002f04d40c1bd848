"""Key blocks: a key with what it may be used for, bound to it by a MAC (ANSI TR-31:2018, X9.143).

1. A block is text: a header of 16 characters, optional blocks, the encrypted key, the MAC.
2. Versions B (3DES) and D (AES) derive their two working keys from the protection key by CMAC.
3. Versions A and C, which XOR a constant to it, are deprecated: they are read, and never written.
4. Optional blocks are kept as received; only the filling among them (PB) is not.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, modes

from acquirer.data.text import plural
from acquirer.data.types import Randbytes
from acquirer.errors import SecurityError
from acquirer.security.ciphers import KEY_SIZES, CipherError, CipherName, key_of
from acquirer.security.mac import cbc, cmac
from acquirer.security.secret import Secret

HEADER_CHARACTERS: Final = 16
MOST_CHARACTERS: Final = 9999  # the length stands in four decimal digits
MOST_BLOCKS: Final = 99  # their number stands in two
LONG_BLOCK: Final = 255  # characters that two hex digits can count; longer blocks have a longer length

USAGES: Final[Mapping[str, str]] = {
    "B0": "base derivation key",
    "B1": "initial DUKPT key",
    "D0": "data encryption",
    "K0": "key encryption",
    "K1": "key block protection",
    "M1": "MAC, ISO 9797-1 algorithm 1",
    "M3": "MAC, ISO 9797-1 algorithm 3",
    "M6": "MAC, CMAC",
    "P0": "PIN encryption",
}
"""Key usages that payments at terminals have to do with; others are read, and called by their two characters."""

_HEADER: Final = re.compile(
    r"([A-D])([0-9]{4})([0-9A-Z]{2})([0-9A-Z])([0-9A-Z])([0-9A-Za-z]{2})([0-9A-Z])([0-9]{2}).{2}"
)
_FULL_BYTES: Final[Mapping[str, int]] = {"T": 24, "A": 32}  # the longest key, as which shorter ones are disguised


class KeyBlockError(SecurityError, ValueError):
    """Text that is no key block, or one that this protection key does not open; never quotes a key."""


@dataclass(frozen=True, slots=True)
class KeyBlockHeader:
    """What a key block says of its key, in the clear and under the MAC."""

    usage: str  # "P0": see `USAGES`
    algorithm: str  # of the key: D (DES), T (3DES), A (AES)
    mode: str  # E encrypt, D decrypt, B both, G generate, V verify, C both, X derive, N anything
    version: str = "B"
    key_version: str = "00"
    exportability: str = "N"  # E under a trusted key, N not at all, S under any
    blocks: tuple[tuple[str, str], ...] = ()  # optional ones: two characters of name, and text; KS holds a KSN


class KeyBlock(NamedTuple):
    """A key block opened."""

    header: KeyBlockHeader
    key: Secret


def build_key_block(
    kbpk: Secret, key: Secret, header: KeyBlockHeader, randbytes: Randbytes, least_key_bytes: int | None = None
) -> str:
    """Return the key block of `key` under a protection key, in version B or D.

    `least_key_bytes`: the key is written as if it had so many bytes at least, so that the block does not show its
    length; None: as the longest of its algorithm.

    Raises:
        KeyBlockError: header, key and protection key do not go together.
    """
    version = _VERSIONS.get(header.version)
    if version is None or version.seal is None:
        raise KeyBlockError(f"key blocks are made in version B or D, not {header.version}")
    if key.cipher not in _CIPHERS.get(header.algorithm, ()):
        raise KeyBlockError(f"{key_of(key.cipher)} is not of algorithm {header.algorithm}")
    clear = key.reveal()
    data = (8 * len(clear)).to_bytes(2, "big") + clear
    least = _FULL_BYTES.get(header.algorithm, 0) if least_key_bytes is None else least_key_bytes
    size = max(len(data), 2 + least)
    data += randbytes(size - len(data) + -size % version.block_bytes)
    optional, count = _written(header.blocks, version.block_bytes)
    length = HEADER_CHARACTERS + len(optional) + 2 * (len(data) + version.mac_bytes)
    text = (
        f"{header.version}{length:04}{header.usage}{header.algorithm}{header.mode}{header.key_version}"
        f"{header.exportability}{count:02}00{optional}"
    )
    if length > MOST_CHARACTERS:
        raise KeyBlockError(f"a key block has at most {MOST_CHARACTERS} characters, this one would have {length}")
    if not _HEADER.match(text):
        raise KeyBlockError(
            f"no key block begins like {text[:HEADER_CHARACTERS]}: a part of its header has a wrong size"
        )
    return text + version.seal(_protection(kbpk, version), text.encode("ascii"), data).hex().upper()


def open_key_block(kbpk: Secret, text: str, usages: Collection[str] = ()) -> KeyBlock:
    """Return the key of a block in any version, and what the block says of it.

    With `usages`, a key for anything else is refused.

    Raises:
        KeyBlockError: the text is no key block, was altered, or was made under another protection key.
    """
    header, version, end = _parsed(text)
    if usages and header.usage not in usages:
        raise KeyBlockError(f"the key block holds a key for {_usage_text(header.usage)}, not for {_or(usages)}")
    try:
        body = bytes.fromhex(text[end:])
    except ValueError:
        raise KeyBlockError("what follows the key block's header is not in hex digits") from None
    if len(body) <= version.mac_bytes or (len(body) - version.mac_bytes) % version.block_bytes:
        raise KeyBlockError(
            f"a key block of version {header.version} cannot hold {plural(len(body), 'byte')} after its header"
        )
    master = _protection(kbpk, version)
    data = version.open(master, text[:end].encode("ascii"), body)
    if data is None:
        raise KeyBlockError(
            f"the key block's MAC differs: it was altered, or made under another key than the one with KCV "
            f"{master.kcv()}"
        )
    size, rest = divmod(int.from_bytes(data[:2], "big"), 8)
    if rest or not 0 < size <= len(data) - 2:
        raise KeyBlockError(f"the key block says its key has {8 * size + rest} bits, and holds {8 * (len(data) - 2)}")
    for cipher in _CIPHERS.get(header.algorithm, ()):
        if size in KEY_SIZES[cipher]:
            return KeyBlock(header, Secret(data[2 : 2 + size], cipher))
    raise KeyBlockError(f"no key of algorithm {header.algorithm} has {plural(size, 'byte')}")


# the header


def _parsed(text: str) -> tuple[KeyBlockHeader, _Version, int]:
    """Return header, version, and where the encrypted part begins."""
    found = _HEADER.match(text)
    if found is None or not text.isascii():
        raise KeyBlockError("this is no key block: it begins with a version (A to D), four digits of length, a usage …")
    letter, length, usage, algorithm, mode, key_version, exportability, count = found.groups()
    if int(length) != len(text):
        raise KeyBlockError(f"the key block says it has {int(length)} characters, and has {len(text)}")
    blocks, end = _optional(text, int(count))
    return KeyBlockHeader(usage, algorithm, mode, letter, key_version, exportability, blocks), _VERSIONS[letter], end


_FILLING: Final = "PB"


def _optional(text: str, count: int) -> tuple[tuple[tuple[str, str], ...], int]:
    """Return the optional blocks but for the filling, and where the last one ends."""
    blocks = []
    at = HEADER_CHARACTERS
    for _ in range(count):
        name, start = text[at : at + 2], at + 4
        length = _hex(text, at + 2, 2)
        if length == 0:  # then the length itself has a length
            digits = 2 * _hex(text, at + 4, 2)
            start = at + 6 + digits
            length = _hex(text, at + 6, digits)
        end = at + length
        if end < start or end > len(text):
            raise KeyBlockError(f"optional block {name!r} of the key block has an impossible length")
        if name != _FILLING:
            blocks.append((name, text[start:end]))
        at = end
    return tuple(blocks), at


def _hex(text: str, at: int, size: int) -> int:
    digits = text[at : at + size]
    if not re.fullmatch(r"[0-9A-Fa-f]+", digits) or len(digits) != size:
        raise KeyBlockError(f"the key block has no length in hex digits at character {at}")
    return int(digits, 16)


def _written(blocks: tuple[tuple[str, str], ...], block_bytes: int) -> tuple[str, int]:
    """Return optional blocks as text, filled up to whole cipher blocks, and how many there are then."""
    text = ""
    for name, value in blocks:
        if not re.fullmatch(r"[0-9A-Z]{2}", name) or not re.fullmatch(r"[ -~]*", value):
            raise KeyBlockError(f"an optional block has a name of two characters and printable text, {name!r} has not")
        short = len(value) + 4
        text += f"{name}{short:02X}{value}" if short <= LONG_BLOCK else f"{name}0002{len(value) + 10:04X}{value}"
    count = len(blocks)
    if missing := -len(text) % block_bytes:
        size = missing if missing >= 4 else missing + block_bytes  # the filling's own name and length take four
        text += f"{_FILLING}{size:02X}".ljust(size, "0")
        count += 1
    if count > MOST_BLOCKS:
        raise KeyBlockError(f"a key block has at most {MOST_BLOCKS} optional blocks, the filling among them")
    return text, count


def _usage_text(usage: str) -> str:
    return f"{USAGES[usage]} ({usage})" if usage in USAGES else f"usage {usage}"


def _or(usages: Collection[str]) -> str:
    return " or ".join(_usage_text(usage) for usage in sorted(usages))


# the versions

_CIPHERS: Final[Mapping[str, tuple[CipherName, ...]]] = {"D": ("des",), "T": ("3des", "des"), "A": ("aes",)}
"""Algorithm of a header → ciphers whose keys it may be; HMAC and asymmetric keys are not for terminals."""


def _protection(kbpk: Secret, version: _Version) -> Secret:
    try:
        return kbpk.using(version.cipher)
    except CipherError as exc:
        raise KeyBlockError(f"the protection key does not fit the key block: {exc}") from None


def _derived(kbpk: Secret, purpose: int) -> Secret:
    """Return the key for encryption (0) or for the MAC (1): CMACs of a counter and of what the key is for."""
    size = len(kbpk)
    algorithm = _ALGORITHMS[kbpk.cipher, size]
    about = purpose.to_bytes(2, "big") + b"\x00" + algorithm.to_bytes(2, "big") + (8 * size).to_bytes(2, "big")
    blocks = -(-size // kbpk.block_bytes)
    key_bytes = b"".join(cmac(kbpk, bytes((counter,)) + about) for counter in range(1, blocks + 1))
    return Secret(key_bytes[:size], kbpk.cipher)


_ALGORITHMS: Final[Mapping[tuple[CipherName, int], int]] = {
    ("3des", 16): 0,
    ("3des", 24): 1,
    ("aes", 16): 2,
    ("aes", 24): 3,
    ("aes", 32): 4,
}


def _seal_derived(kbpk: Secret, header: bytes, data: bytes) -> bytes:
    mac = cmac(_derived(kbpk, 1), header + data)
    return _cbc_encrypt(_derived(kbpk, 0), mac, data) + mac


def _open_derived(kbpk: Secret, header: bytes, body: bytes) -> bytes | None:
    mac = body[-kbpk.block_bytes :]
    data = _cbc_decrypt(_derived(kbpk, 0), mac, body[: -kbpk.block_bytes])
    return data if hmac.compare_digest(cmac(_derived(kbpk, 1), header + data), mac) else None


def _open_varied(kbpk: Secret, header: bytes, body: bytes) -> bytes | None:
    encrypted, mac = body[:-_SHORT_MAC], body[-_SHORT_MAC:]
    if not hmac.compare_digest(cbc(_varied(kbpk, 0x4D), header + encrypted)[:_SHORT_MAC], mac):
        return None
    return _cbc_decrypt(_varied(kbpk, 0x45), header[: kbpk.block_bytes], encrypted)


def _varied(kbpk: Secret, constant: int) -> Secret:
    return Secret(bytes(byte ^ constant for byte in kbpk.reveal()), kbpk.cipher)


def _cbc_encrypt(key: Secret, start: bytes, data: bytes) -> bytes:
    return Cipher(key.algorithm(), modes.CBC(start)).encryptor().update(data)


def _cbc_decrypt(key: Secret, start: bytes, data: bytes) -> bytes:
    return Cipher(key.algorithm(), modes.CBC(start)).decryptor().update(data)


@dataclass(frozen=True, slots=True)
class _Version:
    """One way of protecting a key block. `open` gives the clear data, or None when the MAC is wrong."""

    cipher: CipherName
    block_bytes: int
    mac_bytes: int
    open: Callable[[Secret, bytes, bytes], bytes | None]
    seal: Callable[[Secret, bytes, bytes], bytes] | None = None  # None: deprecated, and only read


_SHORT_MAC: Final = 4
_VERSIONS: Final[Mapping[str, _Version]] = {
    "A": _Version("3des", 8, _SHORT_MAC, _open_varied),
    "B": _Version("3des", 8, 8, _open_derived, _seal_derived),
    "C": _Version("3des", 8, _SHORT_MAC, _open_varied),
    "D": _Version("aes", 16, 16, _open_derived, _seal_derived),
}
