"""Transactions as a terminal keeps them: those of unknown outcome, those that wait, and those that others may name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from acquirer.data.json_text import parse_json
from acquirer.wire.message import Value


@dataclass(frozen=True, slots=True)
class Original:
    """The transaction that a void, a refund or a completion names, as far as it is known; "": it is not."""

    stan: str = ""
    within: str = ""  # what its STAN is unique within: its batch, or when it was sent
    mti: str = ""
    rrn: str = ""
    auth_id: str = ""
    date: str = ""  # MMDD, as its slip shows it
    tid: str = ""  # the terminal that made it; "": this one
    voucher: str = ""  # of a sale by QR code: its voucher number (付款凭证号)


@dataclass(frozen=True, slots=True)
class Pending:
    """A transaction whose outcome is unknown, as the reversal that undoes it."""

    fields: Mapping[int, Value] = field(repr=False)  # of the reversal, without reason and MAC
    stan: str
    batch: str  # or another element that its STAN is unique within
    amount_minor: int
    card: str  # masked
    reason: str  # why it is to be reversed, in the dialect's code
    tries: int = 0  # already made
    by_hand: bool = False  # it was answered, and is to be undone by hand: a refusal of the host ends it
    service: str = "sale"  # what it undoes
    mti: str = ""  # of that; "": of the route of this service
    original: Original | None = None  # the transaction that it is tied to


@dataclass(frozen=True, slots=True)
class KeptAdvice:
    """An advice that the host has not answered: it was sent, or waits for its upload. It is never undone."""

    fields: Mapping[int, Value] = field(repr=False)  # without MAC; card number and expiry in place of a track
    service: str
    mti: str  # as it was sent first
    stan: str
    batch: str  # or another element that its STAN is unique within
    amount_minor: int
    card: str  # masked
    entry: str  # a name of `profile.entries`
    original: Original | None = None
    tries: int = 0  # of one that waits for its upload: those already made

    @property
    def key(self) -> tuple[str, str]:
        """What its STAN is unique within, and its STAN."""
        return self.batch, self.stan


@dataclass(frozen=True, slots=True)
class Sold:
    """An approved sale or pre-authorisation, as a void, a refund or a completion may have to name it."""

    original: Original
    amount_minor: int  # of a pre-authorisation with its top-ups
    pan: str = field(repr=False)
    expiry: str = field(repr=False)
    voided: bool = False  # or completed, or adjusted: it cannot be named again
    service: str = "sale"  # what it is
    of: tuple[str, str] | None = None  # the key of the pre-authorisation that it completes

    @property
    def key(self) -> tuple[str, str]:
        """What its STAN is unique within, and its STAN."""
        return self.original.within, self.original.stan


def pack_transaction(kept: Pending | KeptAdvice) -> bytes:
    """Return it as bytes, to be sealed."""
    document = asdict(replace(kept, fields={}))
    document["fields"] = {
        str(de): value if isinstance(value, str) else {"hex": value.hex()} for de, value in kept.fields.items()
    }
    return json.dumps(document).encode()


def _unpack(packed: bytes) -> dict[str, Any]:
    document: dict[str, Any] = parse_json(packed)
    fields: dict[int, Value] = {
        int(de): value if isinstance(value, str) else bytes.fromhex(value["hex"])
        for de, value in document["fields"].items()
    }
    original = document.get("original")  # an earlier version had no such part
    return {**document, "fields": fields, "original": Original(**original) if original else None}


def unpack_pending(packed: bytes) -> Pending:
    """Return what `pack` wrote. Raises ValueError, KeyError, TypeError."""
    return Pending(**_unpack(packed))


def unpack_advice(packed: bytes) -> KeptAdvice:
    """Return what `pack` wrote. Raises ValueError, KeyError, TypeError."""
    return KeptAdvice(**_unpack(packed))


def pack_sales(sales: tuple[Sold, ...]) -> bytes:
    """Return them as bytes, to be sealed."""
    return json.dumps([asdict(one) for one in sales]).encode()


def unpack_sales(packed: bytes) -> tuple[Sold, ...]:
    """Return what `pack_sales` wrote. Raises ValueError, KeyError, TypeError."""
    return tuple(
        Sold(**{**one, "original": Original(**one["original"]), "of": tuple(one.get("of") or ()) or None})
        for one in parse_json(packed)
    )
