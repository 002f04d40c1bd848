"""A settlement under way, as it is kept: after a power cut it goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from acquirer.data.json_text import parse_json
from acquirer.slip.settlement_slip import SettlementSlip, SlipLine
from acquirer.terminal.batch_records import Records, as_document, from_document


@dataclass(frozen=True, slots=True)
class SettlementUnderWay:
    """What a terminal has asked, was answered, and has uploaded so far."""

    batch: str
    stan: str  # of the request: asked again, it has the same
    totals: str  # the 62 digits that were asked
    answer: str = ""  # the 62 digits of the reply; "": there was none yet
    at: str = ""  # date and time of the reply, as the slip shows them
    uploaded: tuple[str, ...] = ()  # messages of the upload that the host has
    refused: tuple[str, ...] = ()  # those that it did not take
    failed: tuple[str, ...] = ()  # those that got no answer in any round


@dataclass(frozen=True, slots=True)
class BatchState:
    """The part of a terminal's state that is about its batch."""

    records: Records = ()
    settlement: SettlementUnderWay | None = None
    slip: SettlementSlip | None = field(default=None, repr=False)  # of the last settlement
    not_taken: Records = ()  # made without the host, and refused by it afterwards: in no total
    not_uploaded: Records = ()  # made without the host, and given up without an answer: in no total


NO_BATCH = BatchState()

_RECORDS = ("records", "not_taken", "not_uploaded")


def pack_batch(batch: BatchState) -> bytes:
    """Return it as bytes, to be sealed."""
    document = {
        **{name: [as_document(one) for one in getattr(batch, name)] for name in _RECORDS},
        "settlement": asdict(batch.settlement) if batch.settlement else None,
        "slip": asdict(batch.slip) if batch.slip else None,
    }
    return json.dumps(document).encode()


def unpack_batch(packed: bytes) -> BatchState:
    """Return what `pack_batch` wrote. Raises ValueError, KeyError, TypeError."""
    document: dict[str, Any] = parse_json(packed)
    settlement, slip = document["settlement"], document["slip"]
    return BatchState(
        settlement=SettlementUnderWay(**_tuples(settlement, ("uploaded", "refused", "failed"))) if settlement else None,
        slip=_slip(slip) if slip else None,
        **{name: tuple(from_document(one) for one in document.get(name, ())) for name in _RECORDS},
    )


def _tuples(document: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {**document, **{name: tuple(document[name]) for name in names}}


def _slip(document: Mapping[str, Any]) -> SettlementSlip:
    lines = {name: tuple(SlipLine(**one) for one in document[name]) for name in ("details", "failed", "refused")}
    return SettlementSlip(**{**document, **lines})
