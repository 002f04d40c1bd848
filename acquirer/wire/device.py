"""How a device of a dialect fills its requests: the ``[device]`` section of a TOML file, as data.

A host never reads it. What entry modes are called, what stands in the IC data, what a reversal leaves out: all of it
differs between acquirers, and none of it belongs into code. How devices *behave* is `model.Habits`, which hosts know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from acquirer.data.toml import Document

Carried = Literal["pan", "expiry", "card_sequence", "track2", "icc"]
Requirement = Literal["sign_on"]

STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Entry:
    """One way a card's data comes in."""

    mode: str  # first digits of element `entry_mode`; the PIN digit follows
    letter: str  # on the receipt: S swiped, I inserted, C contactless, M keyed in, F fallback
    carries: tuple[Carried, ...]  # elements a request then has, if the card has them
    icc_condition: str = "0"

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class SecurityControl:
    """Element `security_control`, digit by digit; the rest are zeros."""

    pin_block: str  # which of the dialect's PIN block formats this device makes
    no_pin: str
    ciphers: Mapping[str, str]  # of the PIN key → digit
    track_encrypted: str
    track_clear: str

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class Device:
    """What a device puts into requests, beyond what routes and constants say."""

    package: str  # the key package it asks for unless told otherwise
    keep_batch: frozenset[str]  # batch numbers in a sign-on's reply that mean "keep yours"
    partial: frozenset[str]  # codes that approve less than was asked for
    head: Mapping[str, Requirement]  # processing requirement in a reply's head → what the device then does
    operator: str  # format of element `operator`, from {operator}
    serial: str  # format of element `serial`, from {serial} and its {length}
    pin_capture: str
    pin_digits: tuple[str, str]  # last digit of `entry_mode`: with a PIN, without
    read_capability: str
    entries: Mapping[str, Entry]  # by the name people type
    icc: Mapping[str, str | tuple[str, str]]  # tag → recipe of `terminal.chip`; two: with a PIN, without
    security_control: SecurityControl
    reversal_leaves_out: frozenset[int]  # DEs of a sale that its reversal does not repeat
    reversal_icc: tuple[str, ...]  # tags of a sale's IC data that its reversal repeats
    receipt_currency: str  # as printed
    receipt_icc: Mapping[str, str]  # label → tag
    receipt_names: Mapping[str, tuple[str, int, int]]  # issuer, acquirer → element of the reply, from, to

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class _Section:
    device: Device


_ADAPTER: TypeAdapter[_Section] = TypeAdapter(_Section)


def load_device(document: Document) -> Device | None:
    """The ``[device]`` section of `document`; None when it has none.

    Raises:
        DataError: a key is missing, unknown or has a value it cannot have; carries file, line and key.
    """
    if "device" not in document.data:
        return None
    try:
        return _ADAPTER.validate_python({"device": document.data["device"]}).device
    except ValidationError as wrong:
        raise document.invalid(wrong) from None
