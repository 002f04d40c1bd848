"""A terminal's own books of its batch: what each approved transaction adds to the totals, and how an upload tells it.

1. Gross, as Q/CUP 009 has it: a voided sale stays counted, its void is counted on the other side. What is undone by a
   reversal is forgotten; what was adjusted is not counted, the adjustment stands in its place.
2. A card is foreign when the reply says another organisation than the dialect's own.
3. What a chip has refused is kept for the upload, and in no total.
4. No track and no PIN block is kept, and nothing at all where a dialect has no settlement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from acquirer.dialect.dialect import Dialect
from acquirer.settlement.totals import BatchTotals, Side
from acquirer.terminal.kind import Kind
from acquirer.wire.masking import mask_pan
from acquirer.wire.message import Value

RecordForm = Literal["request", "advice", "chip", "chip_refused", "arpc_differs"]
"""How an upload tells a transaction: in a list of requests; as the advice that it was; as a chip's data, be it
approved, refused by the chip itself, or approved although the chip did not recognise its issuer."""


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """One approved transaction of a batch."""

    service: str
    batch: str
    stan: str
    side: Side
    amount_minor: int
    form: RecordForm
    pan: str = field(repr=False)
    foreign: bool = False
    auth_id: str = ""
    voided: bool = False  # a slip leaves it out; totals do not
    adjusted: bool = False  # another one is counted in its place
    fields: Mapping[int, Value] = field(default_factory=dict, repr=False)  # of an advice, or of a chip's detail

    @property
    def counts(self) -> bool:
        """Whether it is in the totals."""
        return not self.adjusted and self.form != "chip_refused"

    @property
    def card(self) -> str:
        """Its card number, masked."""
        return mask_pan(self.pan) if self.pan else ""

    @property
    def key(self) -> tuple[str, str]:
        """Its batch and its STAN."""
        return self.batch, self.stan


Records = tuple[BatchRecord, ...]


def count_records(records: Records) -> BatchTotals:
    """Return the totals of a batch."""
    totals = BatchTotals()
    for one in records:
        if one.counts:
            totals = totals.plus(one.foreign, one.side, one.amount_minor)
    return totals


def settles(dialect: Dialect) -> bool:
    """Return whether terminals of a dialect settle their batches."""
    return any(route.service == "settlement" and route.served for route in dialect.routes)


def with_record(records: Records, kind: Kind, record: BatchRecord | None, original: tuple[str, str] | None) -> Records:
    """Return records after an approval: one more, and what it does to the one that it is tied to.

    Args:
        record: None: this kind is not counted.
        original: batch and STAN of that one.
    """
    if original is not None and kind.verb in ("void", "adjust", "tip"):
        change: dict[str, Any] = {"voided": True} if kind.verb == "void" else {"adjusted": True}
        records = tuple(replace(one, **change) if one.key == original else one for one in records)
    return records if record is None else (*records, record)


def without_record(records: Records, key: tuple[str, str], original: tuple[str, str] | None) -> Records:
    """Return records after one was undone by a reversal: what it was tied to stands again."""
    undone = next((one for one in records if one.key == key), None)
    if undone is None:
        return records
    left = tuple(one for one in records if one.key != key)
    return tuple(replace(one, voided=False, adjusted=False) if one.key == original else one for one in left)


def as_document(record: BatchRecord) -> dict[str, Any]:
    """Return a record as JSON has it."""
    document = asdict(replace(record, fields={}))
    document["fields"] = {
        str(de): value if isinstance(value, str) else {"hex": value.hex()} for de, value in record.fields.items()
    }
    return document


def from_document(document: Mapping[str, Any]) -> BatchRecord:
    """Return the record of its JSON form. Raises ValueError, KeyError, TypeError."""
    fields = {
        int(de): value if isinstance(value, str) else bytes.fromhex(value["hex"])
        for de, value in document["fields"].items()
    }
    return BatchRecord(**{**document, "fields": fields})
