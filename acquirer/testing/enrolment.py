"""Terminals of tests as they are registered: keys that were published for testing, and numbers of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from acquirer.data.toml import Document
from acquirer.dialect.compiled import CompiledDialect
from acquirer.security.ciphers import odd_parity
from acquirer.security.key_package import KeyPackage
from acquirer.settings.registration import Registration
from acquirer.settings.terminals import terminals_of

FIRST_TID: Final = 90_000_001
"""The first terminal number of tests: shipped ones and those of examples are lower."""

MID: Final = "880210010210162"
NAME: Final = "Test shop"
TMK: Final = "258FB0AB70D025CDB99DF2C4D302D646"  # published; KCV D0E06F38 under 3DES
BDK: Final = "0123456789ABCDEFFEDCBA9876543210"  # of ANSI X9.24
_KEYS: Final[Mapping[tuple[str, int], str]] = {
    ("pik", 16): "D931648F3DE313A4A22C15DCA4F4299E",
    ("mak", 8): "AB7C577CC7A18045",
}
"""Working keys that were published with messages under them; those of other lengths are made from their name."""


@dataclass(frozen=True, slots=True)
class EnrolledTerminal:
    """A terminal that a host knows, as the terminal itself is to be set up.

    Args:
        address: where the host listens for it.
        tmk: in hex, to be loaded into the terminal; `tmk_kcv` says whether it was. bdk: in its place where the keys of
            each message are derived (DUKPT).
        ksn: in hex; "": made from its number.
    """

    tid: str
    mid: str
    address: str
    dialect: str
    registration: Registration
    tmk: str = field(default="", repr=False)
    tmk_kcv: str = ""
    bdk: str = field(default="", repr=False)
    bdk_kcv: str = ""
    ksn: str = ""


def make_terminal(
    tid: str, compiled: CompiledDialect, address: str, *, fixed_keys: bool = False, **values: Any
) -> EnrolledTerminal:
    """Return a terminal to register, with test keys unless `values` bring others.

    Args:
        fixed_keys: it is given the same working keys at each sign-on.
        values: keys of a ``[[terminal]]`` table; those that are None are left out.

    Raises:
        DataError: a value cannot be used.
    """
    suite = compiled.suite
    table: dict[str, Any] = {"tid": tid, "mid": MID, "name": NAME, "test": True}
    if suite.dukpt is not None:
        table |= {"bdk": BDK, "bdk_cipher": suite.dukpt.cipher}
    else:
        table |= {"tmk": TMK}
        package = _usual_package(compiled)
        if package is not None and (wrap := suite.wraps[package.selector]) != "3des":
            table["tmk_cipher"] = wrap
        if package is not None and fixed_keys:
            table["fixed_keys"] = _fixed_keys(package, str(values.get("mak", "single")))
    table |= {key: value for key, value in values.items() if value is not None}
    (registration,) = terminals_of(Document("terminal", {"terminal": [table]}, {}))
    return EnrolledTerminal(
        tid=registration.tid,
        mid=registration.mid,
        address=address,
        dialect=compiled.dialect.name,
        registration=registration,
        tmk=table.get("tmk", ""),
        tmk_kcv="" if registration.tmk is None else registration.tmk.kcv(),
        bdk=table.get("bdk", ""),
        bdk_kcv="" if registration.bdk is None else registration.bdk.kcv(),
        ksn=table.get("ksn", ""),
    )


def _usual_package(compiled: CompiledDialect) -> KeyPackage | None:
    profile = compiled.dialect.terminal_profile
    return compiled.suite.packages.get(profile.package) if profile is not None else None


def _fixed_keys(package: KeyPackage, mak: str) -> dict[str, str]:
    sizes = {part.name: part.size_bytes for part in package.parts}
    if package.mak_form and mak == "single":
        sizes["mak"] = 8
    return {name: _KEYS.get((name, size)) or _derived(name, size) for name, size in sizes.items()}


def _derived(name: str, size: int) -> str:
    return odd_parity(sha256(f"{name} of tests".encode()).digest()[:size]).hex().upper()
