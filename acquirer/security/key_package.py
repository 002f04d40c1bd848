"""The layout of the working keys that a sign-on hands out, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class KeyPart:
    """One key of a key package."""

    name: Literal["pik", "mak", "tdk"]
    size_bytes: int  # of its field on the wire, before the KCV


@dataclass(frozen=True, slots=True)
class KeyPackage:
    """The layout of the working keys a sign-on hands out: each key under the TMK, each followed by its KCV."""

    selector: str  # the value of element `function` that asks for it
    cipher: Literal["des", "3des", "sm4", "aes"]  # of the working keys; the TMK cipher is `wrap`
    wrap: Literal["3des", "sm4", "aes", "tr31-b", "tr31-d"]
    parts: tuple[KeyPart, ...]
    kcv_bytes: int
    mak_form: bool  # may a double-length field carry a single-length MAK? How it is filled is the terminal's profile's
    form: Literal["binary", "hex"] = "binary"  # of the whole package: its bytes, or their hexadecimal text
