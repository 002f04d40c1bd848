"""The messages of a batch upload, in the order of the field; Q/CUP 009, 批上送.

After a balanced settlement only chips' data go up (203, 204). After any other, all that was counted: what was made
without the host, as the advices that they were but without their MAC, those of chips last · requests in lists of at
most eight (201) · refunds, and completions by advice · chips' data (205). Last comes what a chip has refused, and what
was approved although the chip did not recognise its issuer (204, 206).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from acquirer.dialect.dialect import Route
from acquirer.settlement.details import RECORDS_MOST, ChipDetail, DetailRecord, write_chip_detail, write_detail_records
from acquirer.settlement.totals import DIGITS, read_settlement
from acquirer.terminal.batch_records import BatchRecord, RecordForm, Records
from acquirer.terminal.kinds import KINDS
from acquirer.terminal.machine import Machine
from acquirer.terminal.settling import SettlementUnderWay
from acquirer.wire.message import Value

FUNCTIONS = {True: "203", False: "205"}
"""Of a chip's detail: after a balanced settlement, after another."""

REFUSED_FUNCTIONS = {True: "204", False: "206"}
"""Of one that the chip refused, or whose issuer it did not recognise."""

REFUSALS: Final[Mapping[RecordForm, tuple[str, str, str]]] = {
    "chip_refused": ("11", "1", "0"),
    "arpc_differs": ("05", "2", "2"),
}
"""What stands beside those: response, kind of cryptogram, ARPC."""

CHIP_READ: Final = "0"
"""Element `icc_condition` of a transaction whose chip was read (Q/CUP 009, DE 60.5)."""

ENDS = {True: "207", False: "202"}
"""Of the end."""


@dataclass(frozen=True, slots=True)
class UploadMessage:
    """One message of an upload."""

    name: str  # by which it is remembered as sent
    service: str
    records: Records
    function: str = ""

    def route(self, machine: Machine) -> Route:
        """Return the route that it takes. Raises LookupError."""
        return machine.setup.dialect.find_route(self.service)

    def fields(self, machine: Machine, stan: str, batch: str, currency: str) -> dict[int, Value]:
        """Return its fields; an advice has its own."""
        dialect = machine.setup.dialect
        (first, *_) = self.records
        if self.service == "batch_upload_advice":
            return {de: value for de, value in first.fields.items() if de != dialect.mac_de(first.fields)}
        if self.service == "batch_upload":
            records = [DetailRecord(one.stan, one.pan, one.amount_minor, one.foreign) for one in self.records]
            values: dict[str, Value] = {"stan": stan, "detail_records": write_detail_records(records)}
        else:
            detail = ChipDetail("61", first.foreign, first.amount_minor, currency)
            if first.form in REFUSALS:
                response, cryptogram, arpc = REFUSALS[first.form]
                detail = detail._replace(usage="71", response=response, cryptogram=cryptogram, arpc=arpc)
            values = {
                "stan": first.stan,
                "function": self.function,
                "chip_detail": write_chip_detail(detail),
                "read_capability": machine.setup.terminal_profile.read_capability,
                "icc_condition": CHIP_READ,
            }
        fields = machine.fields(self.route(machine), {**values, "batch": batch})
        return dict(sorted({**first.fields, **fields}.items())) if self.service == "batch_upload_chip" else fields


def is_balanced(settlement: SettlementUnderWay) -> bool:
    """Return whether both halves of an answered settlement are equal."""
    return set(read_settlement(settlement.answer).results) == {DIGITS["equal"]}


def upload_messages(settlement: SettlementUnderWay, records: Records) -> Iterator[UploadMessage]:
    """Yield what is to be uploaded."""
    once = {one.stan: one for one in reversed(records) if one.batch == settlement.batch and not one.adjusted}
    counted = [*once.values()][::-1]  # each number once, as a terminal's list of transactions has it
    balanced = is_balanced(settlement)
    if not balanced:
        requests = [one for one in counted if one.form == "request"]
        advices = sorted((one for one in counted if one.form == "advice"), key=_rank)
        yield from (_advice(one) for one in advices if KINDS[one.service].queues)
        for at in range(0, len(requests), RECORDS_MOST):
            some = tuple(requests[at : at + RECORDS_MOST])
            yield UploadMessage(f"requests from {some[0].stan}", "batch_upload", some)
        yield from (_advice(one) for one in advices if not KINDS[one.service].queues)
    for form, functions in (
        ("chip", FUNCTIONS),
        ("chip_refused", REFUSED_FUNCTIONS),
        ("arpc_differs", REFUSED_FUNCTIONS),
    ):
        for one in counted:
            if one.form == form:
                yield UploadMessage(f"chip {one.stan}", "batch_upload_chip", (one,), functions[balanced])


def _rank(record: BatchRecord) -> tuple[bool, bool]:
    """Return what puts advices in their order: those of chips after others, completions after refunds."""
    kind = KINDS[record.service]
    return kind.offline, kind.verb == "complete"


def _advice(record: BatchRecord) -> UploadMessage:
    return UploadMessage(f"advice {record.stan}", "batch_upload_advice", (record,))


def details_in(settlement: SettlementUnderWay, records: Records) -> int:
    """Return how many details the host has."""
    done = set(settlement.uploaded)
    return sum(len(one.records) for one in upload_messages(settlement, records) if one.name in done)


def records_of(names: tuple[str, ...], settlement: SettlementUnderWay, records: Records) -> tuple[BatchRecord, ...]:
    """Return the records of messages by their names."""
    return tuple(
        one for message in upload_messages(settlement, records) if message.name in names for one in message.records
    )


def end_fields(machine: Machine, stan: str, settlement: SettlementUnderWay, count: int) -> dict[int, Value]:
    """Return the fields of the end of an upload."""
    route = machine.setup.dialect.find_route("batch_upload_end")
    function = ENDS[is_balanced(settlement)]
    values: dict[str, Value] = {
        "stan": stan,
        "batch": settlement.batch,
        "function": function,
        "detail_count": f"{min(count, 9999):04}",
    }
    return machine.fields(route, values)


def settlement_fields(machine: Machine, settlement: SettlementUnderWay) -> dict[int, Value]:
    """Return the fields of a settlement's request."""
    route, setup = machine.setup.dialect.find_route("settlement"), machine.setup
    values: dict[str, Value] = {
        "stan": settlement.stan,
        "batch": settlement.batch,
        "settlement": settlement.totals,
        "currency": setup.dialect.constants.get("currency", ""),
    }
    return machine.fields(route, values)
