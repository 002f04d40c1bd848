"""Key packages: the working keys of a sign-on, each under the TMK and followed by its KCV (in an 0810).

1. Issued DES keys have odd parity, are never weak, and no two parts of one package are alike.
2. A double-length package may carry a single-length MAK in its 16-byte field, and terminals disagree how:
   ``single`` fills it with zeros that are no cipher text (the standard), ``double`` has a double-length MAK,
   ``duplicated`` repeats the cipher text of the single key, which every family of terminals reads as the same key.
3. A terminal accepts any of these forms, and no key whose KCV differs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final, cast

from acquirer.data.types import MakForm, Randbytes
from acquirer.errors import SecurityError
from acquirer.security.blocks import VERSIONS, BlocksError, read_blocks, write_block
from acquirer.security.ciphers import BLOCK_BYTES, WEAK_DES_KEYS, CipherName, odd_parity
from acquirer.security.key_package import KeyPackage
from acquirer.security.package_source import KeySlice, compiled_package
from acquirer.security.secret import CheckValue, Secret, SecretFactory
from acquirer.security.tr31 import KeyBlockError
from acquirer.security.working import IssuedKeys, WorkingKeys

_SINGLE_BYTES: Final = 8  # a single-length DES key
_WEAK_WORDS: Final = frozenset(int.from_bytes(key, sys.byteorder) for key in WEAK_DES_KEYS)
_DRAWS: Final = 8  # a random source gives a weak or repeated key once in 2**50: more draws mean it is stuck


class PackageError(SecurityError, ValueError):
    """Keys cannot be put into a package, or a package cannot be read; the sentence never quotes a key."""


class KcvError(PackageError):
    """A received key has another KCV than the package says: which key, what was expected, what it is."""

    def __init__(self, name: str, expected: str, got: str, tmk: str) -> None:
        super().__init__(
            f"{name} KCV differs: the package says {expected}, the key as the TMK with KCV {tmk} decrypts it "
            f"has {got}; it was wrapped under another TMK, or the package has another layout"
        )
        self.name = name
        self.expected = expected
        self.got = got


ReadyKeys = Callable[[], bytes | None]
"""Returns fresh keys that were generated ahead of need, as `PackageIssuer.fresh` does; None when none are ready."""


class PackageIssuer:
    """Issues the packages of one layout and one form of MAK; what can be computed once, is.

    A sign-on's time is spent here: a fresh key costs its own key schedule for its KCV. So keys can be generated ahead
    of need by another process (`ready_keys`); everything under the TMK goes through its kept context in one update, and
    what is made of both is put together by one function, compiled for the layout.
    """

    __slots__ = (
        "_blocks",
        "_check_values",
        "_des",
        "_mac_usage",
        "_put_together",
        "_slices",
        "_total",
        "_wrap",
        "mak",
        "package",
        "ready_keys",
    )

    def __init__(self, package: KeyPackage, mak: MakForm, mac_usage: str = "M3") -> None:
        self.package = package
        self.mak = mak
        self.ready_keys: ReadyKeys = _nothing
        self._check_values: tuple[CheckValue, ...] = ()
        self._mac_usage = mac_usage  # of the MAK, where a key block says it
        self._blocks = package.wrap in VERSIONS
        self._wrap = wrap_cipher(package)
        slices = []
        at = 0
        for part in package.parts:
            cipher, size = package.cipher, part.size_bytes
            if part.name == "mak" and package.mak_form and mak != "double":
                cipher, size = "des", _SINGLE_BYTES
            times = part.size_bytes // size if mak == "duplicated" else 1
            zeros = bytes(part.size_bytes - size * times)
            slices.append(KeySlice(part.name, SecretFactory(cipher, size), at, at + size, times, zeros))
            at += size
        self._slices = tuple(slices)
        self._total = at
        self._des = BLOCK_BYTES[package.cipher] == 8
        self._put_together = compiled_package(package, slices)

    @property
    def fresh_bytes(self) -> int:
        """Size of what `fresh` makes."""
        return self._total + len(self._slices) * self.package.kcv_bytes

    def fresh(self, randbytes: Randbytes, sets: int = 1) -> bytes:
        """Return `sets` of fresh working keys; each is its keys in the clear, one after another, then their KCVs.

        DES keys have odd parity, are never weak and never share a part with one another.

        Raises:
            PackageError: the random source repeats itself.
        """
        if not self._check_values:
            self._check_values = self._quickest()
        return self._with_check_values(self._draw(randbytes, sets))

    def _with_check_values(self, clear: bytes) -> bytes:
        """Return sets of keys in the clear, one after another, each followed by the KCVs of its keys."""
        size, total = self.package.kcv_bytes, self._total
        starts = range(0, len(clear), total)
        parts = [[clear[at : at + total] for at in starts]]
        computed = self._check_values or [one.factory.check_value for one in self._slices]
        for one, value in zip(self._slices, computed, strict=True):  # key by key: one loop is quicker than one a set
            parts.append([value(clear[at + one.start : at + one.stop], size) for at in starts])
        return b"".join([part for one_set in zip(*parts, strict=True) for part in one_set])

    def _quickest(self) -> tuple[CheckValue, ...]:
        """Return what computes the check value of each key; a host whose keys come ready has no need of it."""
        from acquirer.security.check_values import check_value_maker  # ctypes

        return tuple(
            [
                check_value_maker(one.factory.cipher, one.stop - one.start) or one.factory.check_value
                for one in self._slices
            ]
        )

    def issue(self, tmk: Secret, randbytes: Randbytes, pinned: WorkingKeys | None = None) -> IssuedKeys:
        """Return a package of fresh working keys; keys that are `pinned` are used instead of fresh ones.

        Raises:
            PackageError: a pinned key does not fit this package, or the random source repeats itself.
        """
        if self._blocks:
            return self._blocked(tmk, self._pin(self._draw(randbytes), pinned), randbytes)
        fresh = None if pinned is not None else self.ready_keys()
        if fresh is None:
            fresh = self._with_check_values(self._pin(self._draw(randbytes), pinned))
        return IssuedKeys(*self._put_together(fresh, tmk.using(self._wrap).encrypt(fresh[: self._total])))

    def _blocked(self, tmk: Secret, clear: bytes, randbytes: Randbytes) -> IssuedKeys:
        keys: dict[str, Secret] = {one.name: one.factory.key(clear[one.start : one.stop]) for one in self._slices}
        try:
            blocks = [
                write_block(self.package, tmk, name, key, self._mac_usage, randbytes) for name, key in keys.items()
            ]
        except KeyBlockError as exc:
            raise PackageError(str(exc)) from None
        working = WorkingKeys(keys["pik"], keys["mak"], keys.get("tdk"))
        return IssuedKeys(b"".join(blocks), working.pack(), working.kcvs)

    def _draw(self, randbytes: Randbytes, sets: int = 1) -> bytes:
        for _ in range(_DRAWS):
            clear = randbytes(sets * self._total)
            if self._des:
                clear = odd_parity(clear)
            words = set(memoryview(clear).cast("Q"))
            if len(words) == len(clear) // 8 and _WEAK_WORDS.isdisjoint(words):
                return clear
        raise PackageError(f"the random source gave weak or repeated keys {_DRAWS} times in a row: it is not random")

    def _pin(self, clear: bytes, pinned: WorkingKeys | None) -> bytes:
        fixed = {} if pinned is None else dict(pinned.items())
        for one in self._slices:
            key = fixed.get(one.name)
            if key is None:
                continue
            if len(key) != one.stop - one.start:
                raise PackageError(
                    f"the pinned {one.name.upper()} has {len(key)} bytes, key package {self.package.selector} "
                    f'with mak = "{self.mak}" takes {one.stop - one.start}'
                )
            clear = clear[: one.start] + key.reveal() + clear[one.stop :]
        return clear


def _nothing() -> None:
    """Return no keys: none are generated ahead of need."""


def issue_package(
    package: KeyPackage, tmk: Secret, mak: MakForm, randbytes: Randbytes, pinned: WorkingKeys | None = None
) -> IssuedKeys:
    """Make fresh working keys and their package, once; see `Packager.issue`."""
    return PackageIssuer(package, mak).issue(tmk, randbytes, pinned)


def accept_package(package: KeyPackage, tmk: Secret, data: bytes, *, verify: bool = True) -> WorkingKeys:
    """Take the working keys out of a received package, as a terminal does: any form of MAK, every KCV checked.

    Args:
        verify: False leaves KCVs unchecked, to measure what checking costs; a MAK then has all its bytes. The MAC of
            a key block is checked even so.

    Raises:
        PackageError: the length is not this package's.
        KcvError: a key is not the one its KCV belongs to.
    """
    if package.wrap in VERSIONS:
        return _accept_blocks(package, tmk, data)
    if package.form == "hex":
        data = _unhexed(package, data)
    length = sum(part.size_bytes + package.kcv_bytes for part in package.parts)
    if len(data) != length:
        layout = " + ".join(
            f"{part.name.upper()} {part.size_bytes} + KCV {package.kcv_bytes}" for part in package.parts
        )
        raise PackageError(f"key package {package.selector} has {length} bytes ({layout}), got {len(data)}")
    keys: dict[str, Secret] = {}
    at = 0
    for part in package.parts:
        wrapped, kcv = data[at : at + part.size_bytes], data[at + part.size_bytes :][: package.kcv_bytes]
        at += part.size_bytes + package.kcv_bytes
        readings = _readings(package, part.name, tmk, wrapped)
        if not verify:
            keys[part.name] = readings[0]
            continue
        found = [key for key in readings if key.check_value(package.kcv_bytes) == kcv]
        if not found:
            got = " or ".join(key.kcv(package.kcv_bytes) for key in readings)
            raise KcvError(part.name.upper(), kcv.hex().upper(), got, tmk.using(wrap_cipher(package)).kcv())
        keys[part.name] = found[0]
    shown = keys if verify else {}
    kcvs = ", ".join(f"{name.upper()} {key.kcv(package.kcv_bytes)}" for name, key in shown.items())
    return WorkingKeys(keys["pik"], keys["mak"], keys.get("tdk"), kcvs)


def wrap_cipher(package: KeyPackage) -> CipherName:
    """Return the cipher of the master key that this package is made under."""
    return VERSIONS[package.wrap][1] if package.wrap in VERSIONS else cast("CipherName", package.wrap)


def _accept_blocks(package: KeyPackage, tmk: Secret, data: bytes) -> WorkingKeys:
    try:
        keys = read_blocks(package, tmk, data)
    except (BlocksError, KeyBlockError) as exc:
        raise PackageError(str(exc)) from None
    return WorkingKeys(keys["pik"], keys["mak"], keys.get("tdk"))


def _unhexed(package: KeyPackage, data: bytes) -> bytes:
    try:
        return bytes.fromhex(data.decode("latin-1"))
    except ValueError:
        raise PackageError(f"key package {package.selector} travels as hex text, and this is none") from None


def _readings(package: KeyPackage, name: str, tmk: Secret, wrapped: bytes) -> list[Secret]:
    """Return the keys that a field may hold: the whole key; for a MAK also a single-length one with filling behind."""
    wrap = tmk.using(wrap_cipher(package))
    if name != "mak" or not package.mak_form:
        return [Secret(wrap.decrypt(wrapped), package.cipher)]
    first = Secret(wrap.decrypt(wrapped[:_SINGLE_BYTES]), "des")
    if not any(wrapped[_SINGLE_BYTES:]):
        return [first]
    clear = wrap.decrypt(wrapped)
    if clear == first.reveal() * (len(clear) // _SINGLE_BYTES):
        return [first]
    return [Secret(clear, package.cipher), first]
