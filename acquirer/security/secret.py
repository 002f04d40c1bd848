"""A key that cannot be printed by accident, together with what is computed with it block by block.

It shows its cipher, its length and its KCV, never its bytes. Everything a POS terminal's security does is made of
single blocks (ECB), so one context per key and direction is enough: made at first use and kept, because making one
costs ten times what a block costs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher, CipherContext, modes
from cryptography.hazmat.primitives.cmac import CMAC

from acquirer.data.text import plural
from acquirer.security.ciphers import BLOCK_BYTES, CIPHERS, KEY_SIZES, CipherError, CipherName, is_weak, key_of

_CODES: Final[tuple[CipherName, ...]] = ("des", "3des", "sm4", "aes")  # position = first byte of a packed secret
_FIRST: Final = {cipher: bytes((code,)) for code, cipher in enumerate(_CODES)}
_BY_SIZE: Final[dict[int, CipherName]] = {8: "des", 16: "3des", 24: "3des", 32: "aes"}
_ECB: Final = modes.ECB()  # noqa: S305  single blocks are what the standards ask for
_ZEROS: Final = {8: bytes(8), 16: bytes(16)}


class Secret:
    """A key and the cipher it is meant for. Not to be used by two threads at the same moment.

    Without `cipher` the length decides: 8 bytes DES, 16 and 24 3DES, 32 AES.

    >>> Secret.from_hex("AB7C577CC7A18045")
    <Secret DES 8 bytes, KCV CFF1592A>
    """

    __slots__ = (
        "_bytes",
        "_chained",
        "_chaining",
        "_cmac",
        "_decryptor",
        "_encryptor",
        "_halves",
        "_other",
        "block_bytes",
        "cipher",
    )

    def __init__(self, clear: bytes, cipher: CipherName | None = None) -> None:
        name = cipher or _BY_SIZE.get(len(clear))
        if name is None or len(clear) not in KEY_SIZES[name]:
            sizes = " or ".join(map(str, KEY_SIZES[name])) if name else "8, 16, 24 or 32"
            raise CipherError(f"{key_of(name) if name else 'a key'} has {sizes} bytes, this one has {len(clear)}")
        self._bytes = clear
        self.cipher = name
        self.block_bytes = BLOCK_BYTES[name]
        self._encryptor: CipherContext | None = None
        self._decryptor: CipherContext | None = None
        self._other: Secret | None = None
        self._chaining: CipherContext | None = None
        self._chained = 0  # the last block that it made
        self._cmac: CMAC | None = None
        self._halves: dict[int, Secret] | None = None

    @classmethod
    def from_hex(cls, text: str, cipher: CipherName | None = None) -> Secret:
        """Return a key from hex digits, blanks between them allowed.

        Raises:
            CipherError: no hex, or a length no such key has; never quotes the text.
        """
        try:
            clear = bytes.fromhex(text)
        except ValueError:
            digits = "".join(text.split())
            is_odd = len(digits) % 2 and not digits.strip("0123456789ABCDEFabcdef")
            found = f"one has {plural(len(digits), 'digit')}" if is_odd else "text is not"
            raise CipherError(f"a key is written in hex digits, two for each byte; this {found}") from None
        return cls(clear, cipher)

    @property
    def weak(self) -> bool:
        """Whether it protects nothing: all its bytes are alike, it is a weak DES key, or its parts undo 3DES.

        >>> Secret(bytes(16), "sm4").weak, Secret.from_hex("01FE01FE01FE01FE").weak, Secret(bytes(range(16))).weak
        (True, True, False)
        """
        return len(set(self._bytes)) == 1 or (self.block_bytes == BLOCK_BYTES["des"] and is_weak(self._bytes))

    def using(self, cipher: CipherName) -> Secret:
        """Return the same key for another cipher: a TMK of 16 bytes may wrap under 3DES and under SM4."""
        if cipher == self.cipher:
            return self
        if self._other is None or self._other.cipher != cipher:
            self._other = Secret(self._bytes, cipher)
        return self._other

    def half(self, number: int = 0) -> Secret:
        """Return one of the keys for single DES that a key for 3DES consists of; of one for DES the first is itself."""
        if self.cipher == "des" and number == 0:
            return self
        if self._halves is None:
            self._halves = {}
        half = self._halves.get(number)
        if half is None:
            half = self._halves[number] = Secret(self._bytes[8 * number : 8 * number + 8], "des")
        return half

    def encrypt(self, data: bytes) -> bytes:
        """Return whole blocks encrypted, each by itself."""
        if len(data) % self.block_bytes:  # a rest would stay in the kept context and shift everything after it
            raise self._uneven(data)
        context = self._encryptor
        if context is None:
            context = self._encryptor = Cipher(CIPHERS[self.cipher](self._bytes), _ECB).encryptor()
        return context.update(data)

    def decrypt(self, data: bytes) -> bytes:
        """Return whole blocks decrypted, each by itself."""
        if len(data) % self.block_bytes:
            raise self._uneven(data)
        context = self._decryptor
        if context is None:
            context = self._decryptor = Cipher(CIPHERS[self.cipher](self._bytes), _ECB).decryptor()
        return context.update(data)

    def chain(self, data: bytes) -> bytes:
        """Return the last block of `data` (whole blocks, one at least) encrypted in CBC with a zero IV."""
        size = self.block_bytes
        if len(data) % size or not data:
            raise self._uneven(data)
        context = self._chaining
        if context is None:
            context = self._chaining = Cipher(self.algorithm(), modes.CBC(_ZEROS[size])).encryptor()
        # One context serves all chains: what it chained last is taken out of the next first block.
        chained = int.from_bytes(data, "little") ^ self._chained
        last = context.update(chained.to_bytes(len(data), "little"))[-size:]
        self._chained = int.from_bytes(last, "little")
        return last

    def cmac(self) -> CMAC:
        """Return what computes one CMAC with this key. Inside `acquirer.security` only."""
        if self._cmac is None:
            self._cmac = CMAC(self.algorithm())
        return self._cmac.copy()  # its subkeys are made once

    def check_value(self, size: int = 4) -> bytes:
        """Return the key check value: the first `size` bytes of a block of zeros encrypted."""
        context = self._encryptor
        if context is None:
            context = self._encryptor = Cipher(CIPHERS[self.cipher](self._bytes), _ECB).encryptor()
        return context.update(_ZEROS[self.block_bytes])[:size]

    def kcv(self, size: int = 4) -> str:
        """Return the key check value in upper-case hex, two digits for each of `size` bytes."""
        return self.check_value(size).hex().upper()

    def algorithm(self) -> BlockCipherAlgorithm:
        """Return the key as `cryptography` takes it, for modes beyond this class. Inside `acquirer.security` only."""
        return CIPHERS[self.cipher](self._bytes)

    def reveal(self) -> bytes:
        """Return the clear bytes. Inside `acquirer.security` only; a test looks for callers elsewhere."""
        return self._bytes

    def pack(self) -> bytes:
        """Return bytes for the vault: one byte for the cipher, then the key."""
        return cipher_byte(self.cipher) + self._bytes

    @classmethod
    def unpack(cls, packed: bytes) -> Secret:
        """Return the key that `pack` wrote."""
        if not packed or packed[0] >= len(_CODES):
            raise CipherError("these are not the bytes of a packed key")
        return cls(packed[1:], _CODES[packed[0]])

    def _uneven(self, data: bytes) -> CipherError:
        return CipherError(
            f"{self.cipher.upper()} takes whole blocks of {self.block_bytes} bytes, one at least; got "
            f"{plural(len(data), 'byte')}"
        )

    def __len__(self) -> int:
        return len(self._bytes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self.cipher, self._bytes) == (other.cipher, other._bytes)

    def __hash__(self) -> int:
        return hash((self.cipher, self._bytes))

    def __repr__(self) -> str:
        return f"<Secret {self.cipher.upper()} {len(self._bytes)} bytes, KCV {self.kcv()}>"


def cipher_byte(cipher: CipherName) -> bytes:
    """Return what stands for a cipher before a packed key."""
    return _FIRST[cipher]


CheckValue = Callable[[bytes, int], bytes]
"""Takes a key of one cipher and size, and how many bytes are wanted; returns the first bytes of zeros encrypted."""


class SecretFactory:
    """Makes secrets of one cipher and one size, each with its encryption context. For one thread.

    The library checks type and size of a key whenever a cipher is made of one, which takes longer than the key
    schedule; here it checks once, and then only the key is exchanged.
    """

    __slots__ = ("_algorithm", "_ciphers", "_library_bytes", "_zeros", "cipher")

    def __init__(self, cipher: CipherName, size_bytes: int) -> None:
        self.cipher = cipher
        self._algorithm = CIPHERS[cipher](bytes(size_bytes))
        self._ciphers = Cipher(self._algorithm, _ECB)
        self._zeros = _ZEROS[BLOCK_BYTES[cipher]]
        self._library_bytes = len(self._algorithm.key)  # 24 for any 3DES key

    def key(self, clear: bytes) -> Secret:
        """Return a key of `clear`, which has this factory's size."""
        secret = Secret(clear, self.cipher)
        secret._encryptor = self._context(clear)
        return secret

    def check_value(self, clear: bytes, size: int) -> bytes:
        """Return the key check value of a key that is not needed any further."""
        return self._context(clear).update(self._zeros)[:size]

    def _context(self, clear: bytes) -> CipherContext:
        self._algorithm.key = (clear * 3)[: self._library_bytes]
        return self._ciphers.encryptor()
