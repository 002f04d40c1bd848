"""Terminals to register: ``[[terminal]]`` tables of a TOML file, or the options of a command line.

A range (``tid = "10000001..10000020"``) stands for one terminal each, alike in everything but their number. A
``[[merchant]]`` says which operators those of its terminals have that list none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, get_args

from acquirer.data.merge_patch import merge_patch
from acquirer.data.text import plural
from acquirer.data.toml import DataError, Document, did_you_mean
from acquirer.data.types import MakForm
from acquirer.model.peer_certificate import TID, read_certificate_binding
from acquirer.model.rows import Policy, Required
from acquirer.security.ciphers import CipherError, CipherName
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.settings.registration import Registration
from acquirer.settings.shipped import specs_dir
from acquirer.settings.terminal_values import (
    RANGE_MOST,
    is_range,
    read_downloads,
    read_ksn,
    read_mid,
    read_name,
    read_operators,
    read_tid,
    spelled_out,
)
from acquirer.settings.text_file import read_toml_file
from acquirer.settings.values import ValueReader, choice, quoted, read_bool, whole

__all__ = [
    "DEMO",
    "RANGE_MOST",
    "Registration",
    "changed_terminal",
    "demo_terminals",
    "named_or_demo_terminals",
    "read_terminals",
    "terminals_of",
    "typed_terminals",
]

DEMO: Final = "demo-terminals.toml"
"""The file among the shipped ones that is used when the store is empty and none was named."""

Step = tuple[str | int, ...]


def read_terminals(path: Path) -> list[Registration]:
    """Return the terminals of a file, ranges spelled out.

    Raises:
        DataError: with file, line and key; a file without terminals is one too, it is rarely what was meant.
    """
    return terminals_of(read_toml_file(path))


def demo_terminals() -> list[Registration]:
    """Return the shipped terminals, under published test keys."""
    return read_terminals(specs_dir() / DEMO)


def named_or_demo_terminals(file: Path | str | None) -> list[Registration]:
    """Return the terminals of a file; where none is named, the shipped ones. Raises DataError."""
    return read_terminals(Path(file)) if file else demo_terminals()


def terminals_of(document: Document) -> list[Registration]:
    """Return the terminals of a parsed file; see `read_terminals`."""
    for key in document.data:
        if key not in ("terminal", "merchant"):
            raise document.unknown((key,), ["terminal", "merchant"])
    tables = document.data.get("terminal")
    if not isinstance(tables, list) or not tables:
        raise DataError(document.name, 0, "", "holds no [[terminal]]; write one for each terminal, or for a range")
    found: dict[str, tuple[int, Registration]] = {}
    for index, table in enumerate(tables):
        if not isinstance(table, dict):
            raise document.error(("terminal", index), "is not a table; write [[terminal]] above its keys")
        try:
            registrations = list(_registrations(table))
        except _Problem as exc:
            raise document.error(("terminal", index, *exc.path), exc.problem) from None
        for registration in registrations:
            tid = registration.tid
            if tid in found:
                line = document.line(("terminal", found[tid][0], "tid"))
                problem = f"terminal {tid} stands already at line {line}; tids are unique"
                raise document.error(("terminal", index, "tid"), problem)
            found[tid] = (index, registration)
    merchants = _merchants(document, {registration.mid for _, registration in found.values()})
    return [
        registration if registration.operators else replace(registration, operators=merchants.get(registration.mid, ()))
        for _, registration in found.values()
    ]


def _merchants(document: Document, known: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the operators of each ``[[merchant]]`` of a file, for terminals that list none of their own."""
    tables = document.data.get("merchant", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise document.error(("merchant",), "is not a table; write [[merchant]] above its keys")
    merchants: dict[str, tuple[str, ...]] = {}
    for index, table in enumerate(tables):
        try:
            _refuse_unknown((), table, ("mid", "operators"))
            mid = _value(table, "mid", read_mid)
            if mid not in known or mid in merchants:
                raise _Problem(("mid",), "stands already" if mid in merchants else "is that of no [[terminal]] here")
            merchants[mid] = _value(table, "operators", read_operators)
        except _Problem as exc:
            raise document.error(("merchant", index, *exc.path), exc.problem) from None
    return merchants


def typed_terminals(values: Mapping[str, Any]) -> list[Registration]:
    """Return the terminals of one command line.

    Args:
        values: keys as in a ``[[terminal]]``; those that are None were not given.

    Raises:
        DataError: naming the flag.
    """
    try:
        return list(_registrations({key: value for key, value in values.items() if value is not None}))
    except _Problem as exc:
        name = exc.path[-1] if exc.path else "tmk"  # the only problem of a whole table is that it has no key
        flag = "--" + str(name).replace("_", "-")  # the flags of a policy are called like its keys
        raise DataError(flag, 0, "", exc.problem) from None


class _Problem(Exception):
    """The value at `path` of a ``[[terminal]]`` table cannot be used."""

    def __init__(self, path: Step, problem: str) -> None:
        super().__init__(problem)
        self.path, self.problem = path, problem


def changed_terminal(known: Registration, changes: Mapping[str, Any]) -> Registration:
    """Return a terminal with some keys of its table changed; None takes one away.

    Raises:
        DataError: a key cannot be used; names it.
    """
    plain = {key: getattr(known, key) for key in ("tid", "mid", "name", "mak", "test")}
    plain |= {"certificate": known.certificate} if known.certificate else {}
    policy = {key: getattr(known.policy, key) for key in Policy.__slots__}
    lists = {key: value for key in ("operators", "downloads") if (value := list(getattr(known, key)))}
    try:
        one = _registration(merge_patch({**plain, "policy": policy, **lists}, changes))
        for key in ("tmk", "bdk"):
            if changes.get(f"{key}_cipher") is not None and changes.get(key) is None:
                raise _Problem((f"{key}_cipher",), f"is that of a new {key}; give that too")
        kept = {key: getattr(known, key) for key in ("tmk", "bdk", "fixed_keys") if key not in changes}
        one = replace(one, **kept)
        _check_keys(one)
    except _Problem as exc:
        raise DataError("terminal", 0, ".".join(map(str, exc.path)), exc.problem) from None
    return one


def _registrations(table: Mapping[str, Any]) -> Iterator[Registration]:
    """Yield the terminal of one table, or each one of its range. Raises _Problem, with the first key it is about."""
    one = _registration(table)
    _check_keys(one)
    for tid in spelled_out(one.tid):
        yield replace(one, tid=tid, certificate=one.certificate.replace(TID, tid))


def _check_keys(one: Registration) -> None:
    if one.fixed_keys is not None and not one.test:
        raise _Problem(("fixed_keys",), "are for test terminals only; write test = true, or leave them out")
    if one.tmk is None and one.bdk is None:
        raise _Problem((), "there is no key; give a tmk, or a bdk where keys are derived for each message")


def _registration(table: Mapping[str, Any]) -> Registration:
    """Return the terminal of one table; of a range, its number is that. Raises _Problem."""
    _refuse_unknown((), table, _KEYS)
    tids = _value(table, "tid", read_tid)
    mid = _value(table, "mid", read_mid)
    tmk = _key(table, "tmk", _value(table, "tmk_cipher", _TMK_CIPHER, "3des"))
    bdk = _key(table, "bdk", _value(table, "bdk_cipher", _BDK_CIPHER, "3des"))
    ksn = _value(table, "ksn", read_ksn, b"")
    if ksn and is_range(tids):
        raise _Problem(("ksn",), "names one device; leave it out for a range, and each terminal derives its own")
    name = _value(table, "name", read_name, "")
    mak = _value(table, "mak", _MAK, "single")
    policy = _policy(table.get("policy"))
    test = _value(table, "test", read_bool, False)
    operators = _value(table, "operators", read_operators, ())
    downloads = _value(table, "downloads", read_downloads, ())
    certificate = _value(table, "certificate", read_certificate_binding, "")
    fixed_keys = _fixed_keys(table.get("fixed_keys"))
    return Registration(
        tids, mid, tmk, name, mak, policy, test, fixed_keys, bdk, ksn, operators, downloads, certificate
    )


def _policy(table: object) -> Policy:
    if table is None:
        return _DEFAULT_POLICY
    if not isinstance(table, dict):
        raise _Problem(("policy",), f'{quoted(table)} is not a table; write it like {{ required = "daily" }}')
    given = [key for key, value in table.items() if value is not None]
    return Policy(**{key: _value(table, key, _POLICY[key], path=("policy",)) for key in given})


def _fixed_keys(table: object) -> WorkingKeys | None:
    if table is None:
        return None
    if not isinstance(table, dict):
        raise _Problem(("fixed_keys",), 'is not a table; write it like { pik = "…", mak = "…" }')
    keys = {name: _key(table, name, path=("fixed_keys",)) for name in _FIXED_KEYS}
    pik, mak, tdk = keys.values()
    if pik is None or mak is None:
        raise _Problem(("fixed_keys", "pik" if pik is None else "mak"), "is missing")
    return WorkingKeys(pik, mak, tdk)


_REQUIRED: Final = object()


def _value(
    table: Mapping[str, Any], key: str, reader: ValueReader[Any], default: Any = _REQUIRED, path: Step = ()
) -> Any:
    """Return the value of a key that is no secret, as `reader` reads it."""
    value = table.get(key)
    if value is None:
        if default is _REQUIRED:
            raise _Problem((*path, key), "is missing")
        return default
    try:
        return reader(value)
    except ValueError as exc:
        raise _Problem((*path, key), f"{quoted(value)} {exc}") from None


def _key(table: Mapping[str, Any], key: str, cipher: CipherName | None = None, path: Step = ()) -> Secret | None:
    """Return a cryptographic key; an error never repeats it."""
    value = table.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise _Problem((*path, key), "is not a text; write the key in hex digits, in quotes")
    digits = "".join(value.split())
    if len(digits) % 2 and re.fullmatch("[0-9A-Fa-f]*", digits):
        raise _Problem(
            (*path, key),
            f"a key is written in hex digits, two for each byte; this one has {plural(len(digits), 'digit')}",
        )
    try:
        return Secret.from_hex(value, cipher)
    except CipherError as exc:
        raise _Problem((*path, key), str(exc)) from None


_DEFAULT_POLICY: Final = Policy()
_TMK_CIPHER: Final = choice(("3des", "sm4", "aes"))  # whose KCV is shown; a key package names its own cipher
_BDK_CIPHER: Final = choice(("3des", "aes"))
_MAK: Final = choice(get_args(MakForm))
_POLICY: Final[Mapping[str, ValueReader[Any]]] = {
    "required": choice(get_args(Required)),
    "grace_s": whole(0, 3600),
    "repeat": choice(("replay", "decline")),
    "batch_check": read_bool,
    "bad_macs_allowed": whole(1, 1000),
    "unlisted_operators": read_bool,
}
_FIXED_KEYS: Final = ("pik", "mak", "tdk")
_KEYS: Final[Mapping[str, Iterable[str]]] = {
    **dict.fromkeys(("tid", "mid", "tmk_cipher", "tmk", "bdk_cipher", "bdk", "ksn", "name", "mak"), ()),
    "policy": _POLICY,
    "test": (),
    "fixed_keys": _FIXED_KEYS,
    "operators": (),
    "downloads": (),
    "certificate": (),
}
"""The keys of a ``[[terminal]]``, each with those of its table if it is one."""


def _refuse_unknown(path: Step, table: Mapping[str, Any], known: Mapping[str, Iterable[str]] | Iterable[str]) -> None:
    for key, value in table.items():
        if key not in known:
            raise _Problem((*path, key), f"unknown key{did_you_mean(key, known)}")
        if isinstance(value, dict) and isinstance(known, Mapping):
            _refuse_unknown((*path, key), value, known[key])
