"""Terminals to register: ``[[terminal]]`` tables of a TOML file, or the options of a command line.

A range (``tid = "10000001..10000020"``) stands for one terminal each, alike in everything but their number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

from acquirer.data.text import plural
from acquirer.data.toml import DataError, Document, did_you_mean, parse_toml
from acquirer.data.types import MakForm
from acquirer.model.rows import Policy, Required
from acquirer.security.ciphers import CipherError, CipherName
from acquirer.security.dukpt import DUKPT
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.settings.registration import Registration
from acquirer.settings.shipped import specs_dir
from acquirer.settings.text_file import read_text_file
from acquirer.settings.values import ValueReader, choice, quoted, read_bool, whole

__all__ = [
    "DEMO",
    "RANGE_MOST",
    "Registration",
    "demo_terminals",
    "read_terminals",
    "terminals_of",
    "typed_terminals",
    "weak_keys",
]

RANGE_MOST: Final = 100_000
"""Terminals of one range: sealing so many takes seconds, and a slipped digit should not take minutes."""

DEMO: Final = "demo-terminals.toml"
"""The file among the shipped ones that is used when the store is empty and none was named."""

NAME_MOST: Final = 64
"""Characters of a terminal's name: it stands on receipts and in tables."""

_RANGE: Final = re.compile(r"([!-~]{8})\.\.([!-~]{8})")

Step = tuple[str | int, ...]


def read_terminals(path: Path) -> list[Registration]:
    """Return the terminals of a file, ranges spelled out.

    Raises:
        DataError: with file, line and key; a file without terminals is one too, it is rarely what was meant.
    """
    try:
        text = read_text_file(path)
    except UnicodeDecodeError:
        raise DataError(str(path), 0, "", "is not UTF-8 text") from None
    except OSError as exc:
        raise DataError(str(path), 0, "", f"cannot be read: {exc.strerror or exc}") from None
    return terminals_of(parse_toml(text, str(path)))


def demo_terminals() -> list[Registration]:
    """Return the shipped terminals, under published test keys."""
    return read_terminals(specs_dir() / DEMO)


def terminals_of(document: Document) -> list[Registration]:
    """Return the terminals of a parsed file; see `read_terminals`."""
    for key in document.data:
        if key != "terminal":
            raise document.unknown((key,), ["terminal"])
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
    return [registration for _, registration in found.values()]


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


def weak_keys(terminals: Iterable[Registration]) -> list[str]:
    """Return a sentence for each key that protects nothing.

    Such a key has equal bytes only, is a weak DES key, or has halves that undo 3DES.
    """
    holders: dict[tuple[str, Secret], list[str]] = {}
    for terminal in terminals:
        for name, key in (("TMK", terminal.tmk), ("BDK", terminal.bdk)):
            if key is not None and key.weak:
                holders.setdefault((name, key), []).append(terminal.tid)
    return [
        f"the {name} of terminal {tids[0]}{f' and {len(tids) - 1} more' * (len(tids) > 1)} (KCV {key.kcv()}) is a weak "
        "key, like one of zeros: it is among the first that an attacker tries, and opens all that it protects"
        for (name, key), tids in holders.items()
    ]


class _Problem(Exception):
    """The value at `path` of a ``[[terminal]]`` table cannot be used."""

    def __init__(self, path: Step, problem: str) -> None:
        super().__init__(problem)
        self.path, self.problem = path, problem


def _registrations(table: Mapping[str, Any]) -> Iterator[Registration]:
    """Yield the terminal of one table, or each one of its range. Raises _Problem, with the first key it is about."""
    _refuse_unknown((), table, _KEYS)
    tids = _value(table, "tid", _read_tid)
    mid = _value(table, "mid", _read_mid)
    tmk = _key(table, "tmk", _value(table, "tmk_cipher", _TMK_CIPHER, "3des"))
    bdk = _key(table, "bdk", _value(table, "bdk_cipher", _BDK_CIPHER, "3des"))
    ksn = _value(table, "ksn", _read_ksn, b"")
    if ksn and _RANGE.fullmatch(tids):
        raise _Problem(("ksn",), "names one device; leave it out for a range, and each terminal derives its own")
    name = _value(table, "name", _read_name, "")
    mak = _value(table, "mak", _MAK, "single")
    policy = _policy(table.get("policy"))
    test = _value(table, "test", read_bool, False)
    fixed_keys = _fixed_keys(table.get("fixed_keys"))
    if fixed_keys is not None and not test:
        raise _Problem(("fixed_keys",), "are for test terminals only; write test = true, or leave them out")
    if tmk is None and bdk is None:
        raise _Problem((), "there is no key; give a tmk, or a bdk where keys are derived for each message")
    for tid in _spelled_out(tids):
        yield Registration(tid, mid, tmk, name, mak, policy, test, fixed_keys, bdk, ksn)


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


def _text(value: object) -> str:
    """Return a text as it is, with its spaces: a terminal number may have some."""
    if not isinstance(value, str):
        raise ValueError("is not a text; write it in quotes")
    return value


def _read_tid(value: object) -> str:
    text = _text(value)
    if not (found := _RANGE.fullmatch(text)):
        if not re.fullmatch(r"[ -~]{8}", text):
            raise ValueError(
                'is not a terminal number, which has 8 ASCII characters; a range is written "10000001..10000020"'
            )
        return text
    first, last = found.groups()
    head = first.rstrip("0123456789")
    if head == first or not last.startswith(head) or not last[len(head) :].isdigit():
        raise ValueError("is not a range; both ends must begin alike and count in as many digits")
    count = int(last[len(head) :]) - int(first[len(head) :]) + 1
    if not 1 <= count <= RANGE_MOST:
        raise ValueError(f"counts {plural(count, 'terminal')}; a range goes upwards and has at most {RANGE_MOST}")
    return text


def _read_mid(value: object) -> str:
    if not re.fullmatch(r"[ -~]{15}", text := _text(value)):
        raise ValueError("is not a merchant number, which has 15 ASCII characters")
    return text


def _read_ksn(value: object) -> bytes:
    sizes = sorted(2 * dukpt.ksn_bytes for dukpt in DUKPT.values())
    if len(text := _text(value)) not in sizes or not re.fullmatch("[0-9A-Fa-f]+", text):
        raise ValueError(f"is not a key serial number, which has {' or '.join(map(str, sizes))} hex digits")
    return bytes.fromhex(text)


def _read_name(value: object) -> str:
    if len(text := _text(value)) > NAME_MOST:
        raise ValueError(f"has {len(text)} characters; a terminal's name has at most {NAME_MOST}")
    return text


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
}
_FIXED_KEYS: Final = ("pik", "mak", "tdk")
_KEYS: Final[Mapping[str, Iterable[str]]] = {
    **dict.fromkeys(("tid", "mid", "tmk_cipher", "tmk", "bdk_cipher", "bdk", "ksn", "name", "mak"), ()),
    "policy": _POLICY,
    "test": (),
    "fixed_keys": _FIXED_KEYS,
}
"""The keys of a ``[[terminal]]``, each with those of its table if it is one."""


def _refuse_unknown(path: Step, table: Mapping[str, Any], known: Mapping[str, Iterable[str]] | Iterable[str]) -> None:
    for key, value in table.items():
        if key not in known:
            raise _Problem((*path, key), f"unknown key{did_you_mean(key, known)}")
        if isinstance(value, dict) and isinstance(known, Mapping):
            _refuse_unknown((*path, key), value, known[key])


def _spelled_out(tid: str) -> Iterator[str]:
    if not (found := _RANGE.fullmatch(tid)):
        yield tid
        return
    first, last = found.groups()
    head = first.rstrip("0123456789")
    for number in range(int(first[len(head) :]), int(last[len(head) :]) + 1):
        yield f"{head}{number:0{8 - len(head)}d}"
