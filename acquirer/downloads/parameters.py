"""A terminal's parameters: values by name, and the list of codes as which they travel (DE 62 of 0810, function 360).

1. The order is that of the codes: terminals insist on it. Codes 27 and above differ between makes, and what stands
   behind an unknown one cannot be read; so no host sends any.
2. Text is GBK, padded with blanks; telephone numbers have 14 characters, a merchant's name has 40 bytes.
3. Which kinds of transactions a terminal may make are four bytes, one bit each, from the left.

Source: Q/CUP 009, 用法3.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final, Literal, NamedTuple

from acquirer.data.text import plural
from acquirer.data.toml import did_you_mean
from acquirer.wire.coded_values import build_coded, parse_coded

ParameterKind = Literal["digits", "switch", "text", "kinds"]


class TerminalParameter(NamedTuple):
    """One parameter."""

    name: str
    code: str
    size: int  # bytes
    kind: ParameterKind
    about: str


PARAMETERS: Final = (
    TerminalParameter("application", "11", 2, "digits", "application type"),
    TerminalParameter("timeout_s", "12", 2, "digits", "how long to wait for an answer, seconds"),
    TerminalParameter("connection_tries", "13", 1, "digits", "attempts to connect"),
    TerminalParameter("telephone_1", "14", 14, "text", "first telephone number of the host"),
    TerminalParameter("telephone_2", "15", 14, "text", "second telephone number of the host"),
    TerminalParameter("telephone_3", "16", 14, "text", "third telephone number of the host"),
    TerminalParameter("management_telephone", "17", 14, "text", "telephone number of the management"),
    TerminalParameter("tip", "18", 1, "digits", "0 none, 1 tips, 2 adjustments"),
    TerminalParameter("tip_percent", "19", 2, "digits", "most that a tip may be, per cent of the sale"),
    TerminalParameter("manual_entry", "20", 1, "switch", "card numbers may be keyed in"),
    TerminalParameter("sign_off_after_settlement", "21", 1, "switch", "sign off once a settlement is done"),
    TerminalParameter("merchant_name", "22", 40, "text", "merchant's name on slips"),
    TerminalParameter("reversal_resends", "23", 1, "digits", "how often a reversal is sent again"),
    TerminalParameter(
        "upload_offline", "24", 1, "digits", "offline sales: 1 with the next transaction, 0 before settlement"
    ),
    TerminalParameter("key_index", "25", 1, "digits", "which master key is used"),
    TerminalParameter("kinds", "26", 4, "kinds", "kinds of transactions that are allowed"),
)
"""In the order in which they travel."""

BY_NAME: Final = {one.name: one for one in PARAMETERS}
BY_CODE: Final = {one.code: one for one in PARAMETERS}
SIZES: Final = {one.code: one.size for one in PARAMETERS}

KINDS: Final = (
    "balance", "pre-auth", "pre-auth-void", "completion", "completion-void", "sale", "void", "refund", "offline-sale",
    "adjust", "completion-advice", "script-result", "ecash-sale", "", "purse-load", "instalment", "instalment-void",
    "points", "points-void", "load", "reservation", "reservation-void", "moto", "moto-void", "magnetic-load",
    "recurring",
)  # fmt: skip
"""Kinds of transactions by their bits, from the left; "": reserved."""

ParameterValue = str | int | bool | tuple[str, ...]
ParameterValues = Mapping[str, ParameterValue]
"""Values by name: text, a number, a switch, or names of `KINDS`."""

_KIND_BITS: Final = 32


def parameter_value(name: str, value: object) -> ParameterValue:
    """Return the value of a parameter, if it can travel.

    Raises:
        ValueError: the rest of a sentence about it.
    """
    one = BY_NAME[name]
    if one.kind == "kinds":
        return _kinds_value(value)
    if one.kind == "switch":
        if not isinstance(value, bool):
            raise ValueError("is no switch; write true or false")
        return value
    if one.kind == "digits":
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**one.size:
            raise ValueError(f"is no number of {plural(one.size, 'digit')}; write 0 to {10**one.size - 1}")
        return value
    try:
        fits = isinstance(value, str) and value.isprintable() and len(value.encode("gbk")) <= one.size
    except UnicodeEncodeError:
        raise ValueError("has a character that GBK does not have") from None
    if not fits:
        raise ValueError(f"is no text of at most {one.size} bytes in GBK")
    return str(value)


def _kinds_value(value: object) -> tuple[str, ...]:
    if not isinstance(value, Collection) or isinstance(value, str):
        raise ValueError('is no list of kinds; write it like ["sale", "void"]')
    known = [kind for kind in KINDS if kind]
    for kind in value:
        if kind not in known:
            hint = did_you_mean(str(kind), known) or f"; there are {', '.join(known)}"
            raise ValueError(f"names '{kind}', which is no kind of transaction{hint}")
    return tuple(kind for kind in known if kind in value)


def write_parameters(values: ParameterValues) -> bytes:
    """Return values as they travel. Raises ValueError."""
    written: list[tuple[str, bytes]] = []
    for one in PARAMETERS:
        if one.name in values:
            written.append((one.code, _written(one, parameter_value(one.name, values[one.name]))))
    return build_coded(written, SIZES)


def _written(one: TerminalParameter, value: ParameterValue) -> bytes:
    if isinstance(value, tuple):
        return _bits(value).to_bytes(one.size)
    if one.kind == "text":
        return str(value).encode("gbk").ljust(one.size)
    return f"{int(value):0{one.size}}".encode("ascii")


def _bits(kinds: Iterable[str]) -> int:
    return sum(1 << (_KIND_BITS - 1 - KINDS.index(kind)) for kind in kinds)


def read_parameters(data: bytes) -> dict[str, ParameterValue]:
    """Return the values of a list of parameters; nothing of an empty one, which means that nothing changes.

    >>> read_parameters(b"1260231")
    {'timeout_s': 60, 'reversal_resends': 1}

    Raises:
        ValueError: which code cannot be read, and why.
    """
    return {BY_CODE[one.tag].name: _read(BY_CODE[one.tag], one.value) for one in parse_coded(data, SIZES)}


def _read(one: TerminalParameter, value: bytes) -> ParameterValue:
    if one.kind == "kinds":
        bits = int.from_bytes(value)
        return tuple(kind for at, kind in enumerate(KINDS) if kind and bits >> (_KIND_BITS - 1 - at) & 1)
    if one.kind == "text":
        try:
            return value.decode("gbk").rstrip()
        except UnicodeDecodeError:
            raise ValueError(f"code {one.code} ({one.about}) is no text in GBK") from None
    if not value.isdigit():
        raise ValueError(f"code {one.code} ({one.about}) has {plural(one.size, 'digit')}, not {value!r}")
    return value == b"1" if one.kind == "switch" else int(value)
