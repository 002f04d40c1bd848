"""Problems in ``[security]``: names that are not known, ciphers that do not go together, keys that fit no field."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import Final

from acquirer.data.toml import DataError, KeyPath, did_you_mean
from acquirer.dialect.dialect import Dialect
from acquirer.security.blocks import ALGORITHMS, VERSIONS
from acquirer.security.ciphers import BLOCK_BYTES, KEY_SIZES, CipherName, key_of
from acquirer.security.dukpt import DUKPT
from acquirer.security.key_package import KeyPackage
from acquirer.security.mac import MAC_ALGORITHMS, NO_MAC, MacAlgorithm
from acquirer.security.packages import PackageError, issue_package, wrap_cipher
from acquirer.security.pin import PIN_FORMATS
from acquirer.security.secret import Secret
from acquirer.security.track import TRACK_METHODS
from acquirer.wire.message import EncodeError

TMK: Final = "tmk"
"""What a dialect's `security.keys` says when a sign-on brings the working keys, under the terminal's master key."""

_ANY_MTI: Final = "0810"


def check_security(dialect: Dialect) -> Iterator[DataError]:
    """Yield what keeps a dialect's security from being used."""
    security = dialect.security
    yield from _mac(dialect)
    yield from _derived_keys(dialect)
    if security.track:
        yield from _named(dialect, ("security", "track"), security.track, TRACK_METHODS)
    for digit, name in security.pin_blocks.items():
        path = ("security", "pin_blocks", digit) if digit else ("security", "pin_block")
        yield from _named(dialect, path, name, PIN_FORMATS)
    for package in security.packages.values():
        problems = list(_package(dialect, package))
        yield from problems or _issued(dialect, package)


def mac_algorithm(dialect: Dialect) -> MacAlgorithm:
    """Return the MAC algorithm that a dialect names; `NO_MAC` where it names none, or an unknown one."""
    return MAC_ALGORITHMS.get(dialect.security.mac, NO_MAC)


def _mac(dialect: Dialect) -> Iterator[DataError]:
    name, path = dialect.security.mac, ("security", "mac")
    if not name:
        for route in dialect.routes:
            if route.mac_request:
                problem = f"security.mac names no algorithm; known: {_list(MAC_ALGORITHMS)}"
                yield dialect.error((*route.path, "mac"), problem)
        return
    if "mac" not in dialect.elements:
        yield dialect.error(path, "there is no element 'mac' that could carry one")
    yield from _named(dialect, path, name, MAC_ALGORITHMS)
    algorithm, size = mac_algorithm(dialect), dialect.security.mac_bytes
    for cipher in sorted(_working_ciphers(dialect) & algorithm.ciphers):
        longest = len(algorithm(Secret(_some_bytes(KEY_SIZES[cipher][0]), cipher), b"", size))
        if algorithm is not NO_MAC and longest < size:
            problem = f"{name} under {cipher.upper()} keys has {longest} bytes at most, not {size}"
            yield dialect.error(("security", "mac_bytes"), problem)


def _working_ciphers(dialect: Dialect) -> set[CipherName]:
    if derived := DUKPT.get(dialect.security.keys):
        return {derived.cipher}
    return {package.cipher for package in dialect.security.packages.values()}


def _derived_keys(dialect: Dialect) -> Iterator[DataError]:
    name, path = dialect.security.keys, ("security", "keys")
    if name == TMK:
        return
    yield from _named(dialect, path, name, {TMK: None, **DUKPT})
    if name not in DUKPT:
        return
    if "ksn" not in dialect.elements:
        yield dialect.error(path, "there is no element 'ksn' that could say which keys are meant")
    mac = mac_algorithm(dialect)
    if mac is not NO_MAC and DUKPT[name].cipher not in mac.ciphers:
        problem = f"MAC algorithm {mac.name} takes no {DUKPT[name].cipher.upper()} keys"
        yield dialect.error(path, problem)


def _package(dialect: Dialect, package: KeyPackage) -> Iterator[DataError]:
    path, cipher = _path(dialect, package), package.cipher
    names = [part.name for part in package.parts]
    for part in package.parts:
        if part.size_bytes not in KEY_SIZES[cipher]:
            sizes = " or ".join(map(str, KEY_SIZES[cipher]))
            yield dialect.error(path, f"{key_of(cipher)} has {sizes} bytes, {part.name} has {part.size_bytes}")
        if names.count(part.name) > 1:
            yield dialect.error(path, f"has more than one {part.name}")
            return
    if not {"pik", "mak"} <= set(names):
        yield dialect.error(path, "a key package needs at least a pik and a mak")
    if not 0 <= package.kcv_bytes <= BLOCK_BYTES[cipher]:
        yield dialect.error(path, f"a check value has up to {BLOCK_BYTES[cipher]} bytes, not {package.kcv_bytes}")
    if package.wrap in VERSIONS and cipher not in ALGORITHMS:
        yield dialect.error(path, f"key blocks (TR-31) hold no {cipher.upper()} keys")
    mac = mac_algorithm(dialect)
    if cipher not in mac.ciphers:
        yield dialect.error(path, f"MAC algorithm {mac.name} takes no {cipher.upper()} keys")


def _issued(dialect: Dialect, package: KeyPackage) -> Iterator[DataError]:
    """Yield a package that cannot travel in the field for it, by trying it with keys that are used for nothing else."""
    if not any("keys" in route.reply.make for route in dialect.routes if route.served):
        return
    master = wrap_cipher(package)
    tmk = Secret(_some_bytes(KEY_SIZES[master][-1 if master == "aes" else 0]), master)
    try:
        wire = issue_package(package, tmk, "double", _stream()).wire
        fields = {dialect.elements["keys"].de: wire if _binary_keys(dialect) else wire.decode("latin-1")}
        dialect.encode(_ANY_MTI, fields)
    except (PackageError, EncodeError, ValueError) as exc:
        yield dialect.error(_path(dialect, package), f"cannot travel in element 'keys': {exc}")


def _binary_keys(dialect: Dialect) -> bool:
    return dialect.fields[dialect.elements["keys"].de].kind == "b"


def _path(dialect: Dialect, package: KeyPackage) -> KeyPath:
    """Return where the table of a package stands in the file."""
    written = dialect.document.data.get("security", {}).get("packages", ())
    for i, table in enumerate(written):
        if package.selector in ([table["selector"]] if isinstance(table["selector"], str) else table["selector"]):
            return "security", "packages", i
    return "security", "packages"


def _some_bytes(size: int) -> bytes:
    """Return bytes that make a key none of whose thirds are equal: what they are does not matter."""
    return bytes(range(1, size + 1))


def _stream() -> Callable[[int], bytes]:
    """Return a source of bytes that are different on each call and the same in each run."""
    numbers = count()
    return lambda size: hashlib.shake_128(next(numbers).to_bytes(4, "big")).digest(size)


def _named(dialect: Dialect, path: KeyPath, name: str, known: Mapping[str, object]) -> Iterator[DataError]:
    if name not in known:
        hint = did_you_mean(name, known) or f"; known: {_list(known)}"
        yield dialect.error(path, f"'{name}' is not known{hint}")


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
