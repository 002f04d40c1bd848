"""Working keys: what one sign-on gives a terminal to encrypt PINs, make MACs and encrypt tracks with."""

from __future__ import annotations

from collections.abc import Iterator

from acquirer.security.ciphers import CipherError
from acquirer.security.secret import Secret


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
    def unpack(cls, packed: bytes) -> WorkingKeys:
        """Return the keys that `pack` wrote."""
        if len(packed) < 3 or len(packed) != 3 + sum(packed[:3]):
            raise CipherError("these are not the bytes of packed working keys")
        mak = 3 + packed[0]
        tdk = mak + packed[1]
        last = Secret.unpack(packed[tdk:]) if packed[2] else None
        return cls(Secret.unpack(packed[3:mak]), Secret.unpack(packed[mak:tdk]), last)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WorkingKeys) and self._all() == other._all()

    def __hash__(self) -> int:
        return hash(self._all())

    def _all(self) -> tuple[Secret | None, ...]:
        return self.pik, self.mak, self.tdk, self.reply_mak

    def __repr__(self) -> str:
        return f"<WorkingKeys {self.kcvs}>"
