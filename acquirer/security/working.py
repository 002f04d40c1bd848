"""Working keys: what one sign-on gives a terminal to encrypt PINs, make MACs and encrypt tracks with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from acquirer.security.ciphers import CipherError
from acquirer.security.secret import Secret

NAMES: Final = ("pik", "mak", "tdk")  # order of the packed form


class WorkingKeys:
    """PIN key, MAC key and, in some packages, track key. Made once per sign-on, never changed, never printed."""

    __slots__ = ("_kcvs", "mak", "pik", "tdk")

    def __init__(self, pik: Secret, mak: Secret, tdk: Secret | None = None, kcvs: str = "") -> None:
        self.pik = pik
        self.mak = mak
        self.tdk = tdk
        self._kcvs = kcvs  # known already when the keys were just handed out

    @property
    def kcvs(self) -> str:
        """For eyes: ``"PIK 900ECCE3, MAK CFF1592A"``."""
        if not self._kcvs:
            self._kcvs = ", ".join(f"{name.upper()} {key.kcv()}" for name, key in self.items())
        return self._kcvs

    def items(self) -> Iterator[tuple[str, Secret]]:
        """Name and key of those there are."""
        yield "pik", self.pik
        yield "mak", self.mak
        if self.tdk is not None:
            yield "tdk", self.tdk

    def pack(self) -> bytes:
        """Bytes for the vault: each key with its length before it, an absent TDK as length 0."""
        out = b""
        for key in (self.pik, self.mak, self.tdk):
            packed = b"" if key is None else key.pack()
            out += bytes((len(packed),)) + packed
        return out

    @classmethod
    def unpack(cls, packed: bytes) -> WorkingKeys:
        """The keys that `pack` wrote."""
        keys: list[Secret | None] = []
        at = 0
        for _ in NAMES:
            if at >= len(packed):
                raise CipherError("these are not the bytes of packed working keys")
            end = at + 1 + packed[at]
            keys.append(Secret.unpack(packed[at + 1 : end]) if packed[at] else None)
            at = end
        pik, mak, tdk = keys
        if pik is None or mak is None or at != len(packed):
            raise CipherError("these are not the bytes of packed working keys")
        return cls(pik, mak, tdk)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WorkingKeys) and self.pack() == other.pack()

    def __hash__(self) -> int:
        return hash(self.pack())

    def __repr__(self) -> str:
        return f"<WorkingKeys {self.kcvs}>"
