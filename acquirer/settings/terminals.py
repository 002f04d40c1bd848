"""Reads terminals to register: ``[[terminal]]`` tables of a TOML file, or what was typed on a command line.

A range (``tid = "10000001..10000020"``) stands for one terminal each, alike in everything but their number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from acquirer.data.toml import DataError, Document, parse
from acquirer.model.rows import MakForm, Policy, Required
from acquirer.security.ciphers import CipherError
from acquirer.security.dukpt import DUKPT
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.settings.specs import specs_dir

RANGE_MOST: Final = 100_000
"""Terminals of one range: sealing so many takes seconds, and a slipped digit should not take minutes."""

DEMO: Final = "demo-terminals.toml"
"""The file among the shipped ones that is used when the store is empty and none was named."""

_RANGE: Final = re.compile(r"([!-~]{8})\.\.([!-~]{8})")


@dataclass(frozen=True, slots=True)
class Registration:
    """One terminal as it is to be registered; its keys are open, and cannot be printed by accident."""

    tid: str
    mid: str
    tmk: Secret | None = None
    name: str = ""
    mak: MakForm = "single"
    policy: Policy = field(default_factory=Policy)
    test: bool = False
    fixed_keys: WorkingKeys | None = None
    bdk: Secret | None = None
    ksn: bytes = b""  # which device it is, for whoever plays it; b"": whichever he makes of its number


def read_terminals(path: Path) -> list[Registration]:
    """The terminals of a file, ranges spelled out.

    Raises:
        DataError: with file, line and key; a file without terminals is one too, it is rarely what was meant.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise DataError(str(path), 0, "", "is not UTF-8 text") from None
    except OSError as wrong:
        raise DataError(str(path), 0, "", f"cannot be read: {wrong.strerror or wrong}") from None
    return terminals_of(parse(text, str(path)))


def demo_terminals() -> list[Registration]:
    """The shipped terminals, under published test keys."""
    return read_terminals(specs_dir() / DEMO)


def terminals_of(document: Document) -> list[Registration]:
    """The terminals of a parsed file; see `read_terminals`."""
    _refuse_unknown(document, (), document.data, {"terminal": None})
    tables = document.data.get("terminal")
    if not isinstance(tables, list) or not tables:
        raise DataError(document.name, 0, "", "holds no [[terminal]]; write one for each terminal, or for a range")
    found: dict[str, tuple[int, Registration]] = {}
    for index, table in enumerate(tables):
        path = ("terminal", index)
        if not isinstance(table, dict):
            raise document.error(path, "is no table; write [[terminal]] above its keys")
        _refuse_unknown(document, path, table, _KEYS)
        for one in _entry(document, path, table).registrations():
            if one.tid in found:
                line = found[one.tid][0]
                raise document.error(
                    (*path, "tid"), f"terminal {one.tid} stands already at line {line}; tids are unique"
                )
            found[one.tid] = (document.line((*path, "tid")), one)
    return [one for _, one in found.values()]


def typed_terminals(values: Mapping[str, Any]) -> list[Registration]:
    """The terminals of one command line; keys as in a ``[[terminal]]``. Raises DataError naming the flag."""
    try:
        return list(TerminalEntry.model_validate(dict(values)).registrations())
    except ValidationError as failure:
        first = failure.errors()[0]
        name = first["loc"][-1] if first["loc"] else "tmk"  # what concerns the whole is that there is no key at all
        flag = "--" + str(name).replace("_", "-")  # a policy's flags are called as its keys are
        raise DataError(flag, 0, "", _sentence(first["msg"])) from None


def weak_keys(terminals: Iterable[Registration]) -> list[str]:
    """A sentence for each key that protects nothing: all its bytes alike, a weak DES key, or halves that undo 3DES."""
    holders: dict[tuple[str, Secret], list[str]] = {}
    for one in terminals:
        for name, key in (("TMK", one.tmk), ("BDK", one.bdk)):
            if key is not None and key.weak:
                holders.setdefault((name, key), []).append(one.tid)
    return [
        f"the {name} of terminal {tids[0]}{f' and {len(tids) - 1} more' * (len(tids) > 1)} (KCV {key.kcv()}) is a weak "
        "key, like one of zeros: whoever tries such keys first opens all that it protects"
        for (name, key), tids in holders.items()
    ]


def _tid(text: str) -> str:
    if not (found := _RANGE.fullmatch(text)):
        if not re.fullmatch(r"[ -~]{8}", text):
            raise ValueError(
                f"'{text}' is no terminal number, which has 8 ASCII characters; "
                'a range is written "10000001..10000020"'
            )
        return text
    first, last = found.groups()
    head = first.rstrip("0123456789")
    if head == first or not last.startswith(head) or not last[len(head) :].isdigit():
        raise ValueError(f"'{text}': both ends of a range must begin alike and count in as many digits")
    count = int(last[len(head) :]) - int(first[len(head) :]) + 1
    if not 1 <= count <= RANGE_MOST:
        raise ValueError(f"'{text}' counts {count} terminals; a range goes upwards and has at most {RANGE_MOST}")
    return text


def _mid(text: str) -> str:
    if not re.fullmatch(r"[ -~]{15}", text):
        raise ValueError(f"'{text}' is no merchant number, which has 15 ASCII characters")
    return text


class PolicyEntry(BaseModel):
    """How the host treats a terminal; see `exchange.rows.Policy`."""

    model_config = ConfigDict(extra="forbid")

    required: Required = Policy().required
    grace_s: Annotated[int, Field(ge=0, le=3600)] = Policy().grace_s
    repeat: Literal["replay", "decline"] = Policy().repeat
    batch_check: bool = Policy().batch_check
    bad_macs_allowed: Annotated[int, Field(ge=1, le=1000)] = Policy().bad_macs_allowed


class FixedKeys(BaseModel):
    """Working keys that a test terminal is given at every sign-on, in hex."""

    model_config = ConfigDict(extra="forbid")

    pik: str
    mak: str
    tdk: str | None = None

    @field_validator("pik", "mak", "tdk")
    @classmethod
    def _usable(cls, text: str | None) -> str | None:
        if text is not None:
            _secret(text)
        return text

    def keys(self) -> WorkingKeys:
        """The keys, each with the cipher its length tells; a key package has the last word."""
        tdk = None if self.tdk is None else _secret(self.tdk)
        return WorkingKeys(_secret(self.pik), _secret(self.mak), tdk)


class TerminalEntry(BaseModel):
    """One ``[[terminal]]``: who it is, its keys, and how it is treated."""

    model_config = ConfigDict(extra="forbid")

    tid: Annotated[str, AfterValidator(_tid)]
    mid: Annotated[str, AfterValidator(_mid)]
    tmk_cipher: Literal["3des", "sm4", "aes"] = "3des"
    """Whose KCV is shown; a key package says by itself under which cipher its keys travel."""
    tmk: str | None = None
    bdk_cipher: Literal["3des", "aes"] = "3des"
    bdk: str | None = None
    """Base derivation key: for dialects that derive the keys of each message (DUKPT)."""
    ksn: str | None = None
    """Which device it is, of those under this BDK: for our own terminal, a host is told by each message."""
    name: Annotated[str, StringConstraints(max_length=64)] = ""
    mak: MakForm = "single"
    policy: PolicyEntry = PolicyEntry()
    test: bool = False
    fixed_keys: FixedKeys | None = None

    @field_validator("tmk", "bdk")
    @classmethod
    def _usable(cls, text: str | None, known: ValidationInfo) -> str | None:
        if text is not None:
            _secret(text, known.data.get(f"{known.field_name}_cipher", "3des"))
        return text

    @field_validator("ksn")
    @classmethod
    def _of_a_device(cls, text: str | None, known: ValidationInfo) -> str | None:
        if text is None:
            return None
        if _RANGE.fullmatch(known.data.get("tid", "")):
            raise ValueError("names one device; leave it out for a range, and each terminal makes its own")
        sizes = sorted(2 * dukpt.ksn_bytes for dukpt in DUKPT.values())
        if len(text) not in sizes or not re.fullmatch("[0-9A-Fa-f]+", text):
            raise ValueError(f"has {' or '.join(map(str, sizes))} hex digits")
        return text

    @model_validator(mode="after")
    def _has_a_key(self) -> TerminalEntry:
        if self.tmk is None and self.bdk is None:
            raise ValueError("there is no key; give a tmk, or a bdk where keys are derived for each message")
        return self

    @field_validator("fixed_keys")
    @classmethod
    def _for_tests(cls, keys: FixedKeys | None, known: ValidationInfo) -> FixedKeys | None:
        if keys is not None and not known.data.get("test"):
            raise ValueError("are for test terminals only; say test = true, or leave them out")
        return keys

    def registrations(self) -> Iterator[Registration]:
        """The terminal, or each one of its range."""
        tmk = None if self.tmk is None else _secret(self.tmk, self.tmk_cipher)
        bdk = None if self.bdk is None else _secret(self.bdk, self.bdk_cipher)
        fixed = None if self.fixed_keys is None else self.fixed_keys.keys()
        policy = Policy(**self.policy.model_dump())
        ksn = bytes.fromhex(self.ksn or "")
        for tid in _spelled_out(self.tid):
            yield Registration(tid, self.mid, tmk, self.name, self.mak, policy, self.test, fixed, bdk, ksn)


_KEYS: Final[dict[str, Any]] = {
    **dict.fromkeys(TerminalEntry.model_fields),
    "policy": dict.fromkeys(PolicyEntry.model_fields),
    "fixed_keys": dict.fromkeys(FixedKeys.model_fields),
}


def _secret(text: str, cipher: Literal["3des", "sm4", "aes"] | None = None) -> Secret:
    try:
        return Secret.from_hex(text, cipher)
    except CipherError as wrong:
        raise ValueError(str(wrong)) from None


def _spelled_out(tid: str) -> Iterator[str]:
    if not (found := _RANGE.fullmatch(tid)):
        yield tid
        return
    first, last = found.groups()
    head = first.rstrip("0123456789")
    for number in range(int(first[len(head) :]), int(last[len(head) :]) + 1):
        yield f"{head}{number:0{8 - len(head)}d}"


def _entry(document: Document, path: tuple[str | int, ...], table: dict[str, Any]) -> TerminalEntry:
    try:
        return TerminalEntry.model_validate(table)
    except ValidationError as failure:
        first = failure.errors()[0]
        where = (*path, *first["loc"])
        if first["type"] == "missing":
            raise document.error(where, "is missing") from None
        raise document.error(where, _sentence(first["msg"])) from None


def _sentence(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[0].lower() + message[1:]


def _refuse_unknown(
    document: Document, path: tuple[str | int, ...], table: Mapping[str, Any], known: Mapping[str, Any]
) -> None:
    for key, value in table.items():
        if key not in known:
            raise document.unknown((*path, key), known)
        if isinstance(value, dict) and known[key]:
            _refuse_unknown(document, (*path, key), value, known[key])
