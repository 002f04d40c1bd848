"""Working keys: what one sign-on gives a terminal to encrypt PINs, make MACs and encrypt tracks with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from acquirer.security.ciphers import CipherError, CipherName
from acquirer.security.secret import Secret, cipher_byte


class WorkingKeys:
    """PIN key, MAC key and, in some packages, track key. Made once per sign-on, never changed, never printed.

    Under DUKPT they are made once per transaction, and replies have a MAC key of their own.
    """

    __slots__ = ("_kcvs", "mak", "pik", "reply_mak", "tdk")

    def __init__(
        self, pik: Secret, mak: Secret, tdk: Secret | None = None, kcvs: str = "", reply_mak: Secret | None = None
    ) -> None:
        self.pik = pik
        self.mak = mak
        self.tdk = tdk
        self.reply_mak = mak if reply_mak is None else reply_mak
        self._kcvs = kcvs  # known already when the keys were just handed out

    @property
    def kcvs(self) -> str:
        """For display: ``"PIK 900ECCE3, MAK CFF1592A"``."""
        if not self._kcvs:
            self._kcvs = ", ".join(f"{name.upper()} {key.kcv()}" for name, key in self.items())
        return self._kcvs

    def items(self) -> Iterator[tuple[str, Secret]]:
        """Yield name and key of those there are."""
        yield "pik", self.pik
        yield "mak", self.mak
        if self.tdk is not None:
            yield "tdk", self.tdk

    def pack(self) -> bytes:
        """Return bytes for the vault: three lengths, then the keys; an absent TDK has length 0."""
        if self.reply_mak is not self.mak:
            raise CipherError("the keys of one transaction are derived again, never kept")
        pik, mak, tdk = self.pik.pack(), self.mak.pack(), self.tdk.pack() if self.tdk is not None else b""
        return bytes((len(pik), len(mak), len(tdk))) + pik + mak + tdk

    @classmethod
    def unpack(cls, packed: bytes, kcvs: str = "") -> WorkingKeys:
        """Return the keys that `pack` wrote."""
        if len(packed) < 3 or len(packed) != 3 + sum(packed[:3]):
            raise CipherError("these are not the bytes of packed working keys")
        mak = 3 + packed[0]
        tdk = mak + packed[1]
        last = Secret.unpack(packed[tdk:]) if packed[2] else None
        return cls(Secret.unpack(packed[3:mak]), Secret.unpack(packed[mak:tdk]), last, kcvs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WorkingKeys) and self._all() == other._all()

    def __hash__(self) -> int:
        return hash(self._all())

    def _all(self) -> tuple[Secret | None, ...]:
        return self.pik, self.mak, self.tdk, self.reply_mak

    def __repr__(self) -> str:
        return f"<WorkingKeys {self.kcvs}>"


def pack_head(keys: Sequence[tuple[CipherName, int] | None]) -> list[bytes]:
    """Return what stands before each key in `WorkingKeys.pack`: lengths and first cipher, then each other's cipher.

    Args:
        keys: cipher and size of PIK, MAK and TDK.
    """
    lengths = bytes([0 if one is None else 1 + one[1] for one in keys])
    first, *others = [cipher_byte(one[0]) for one in keys if one is not None]
    return [lengths + first, *others]


class IssuedKeys:
    """Working keys that were just made: as they travel, and as they are kept.

    Not frozen: made per sign-on. Many a terminal signs on more often than it uses its keys, so `working` is made when
    it is asked for.
    """

    __slots__ = ("_packed", "kcvs", "wire")

    def __init__(self, wire: bytes, packed: bytes, kcvs: str) -> None:
        self.wire = wire
        self.kcvs = kcvs  # for display, as `WorkingKeys.kcvs`
        self._packed = packed

    @property
    def working(self) -> WorkingKeys:
        """Return the keys as they are used."""
        return WorkingKeys.unpack(self._packed, self.kcvs)

    def pack(self) -> bytes:
        """Return bytes for the vault, as `WorkingKeys.pack` does."""
        return self._packed

    def __repr__(self) -> str:
        return f"<IssuedKeys {self.kcvs}>"
