"""What a terminal prints of a settlement: totals of both sides, and what was not uploaded or not taken."""

from __future__ import annotations

from acquirer.slip.settlement_slip import SettlementSlip, SlipLine
from acquirer.terminal.batch_records import BatchRecord
from acquirer.terminal.machine import Machine
from acquirer.terminal.settlement_upload import records_of
from acquirer.terminal.settling import SettlementUnderWay


def settled_slip(machine: Machine, settlement: SettlementUnderWay) -> SettlementSlip:
    """Return the slip of a settlement that is at its end."""
    setup, books = machine.setup, machine.state.batch_books
    records = books.records

    def lines(some: tuple[BatchRecord, ...]) -> tuple[SlipLine, ...]:
        return tuple(
            SlipLine(
                one.stan,
                one.service,
                one.card,
                one.amount_minor,
                one.side == "credit",
                one.voided,
                one.foreign,
                one.auth_id,
            )
            for one in some
        )

    return SettlementSlip(
        merchant=setup.merchant,
        mid=setup.mid,
        tid=setup.tid,
        operator=setup.operator,
        batch=settlement.batch,
        at=settlement.at,
        totals=settlement.totals,
        answer=settlement.answer,
        details=lines(tuple(one for one in records if one.batch == settlement.batch and one.counts)),
        failed=lines((*books.not_uploaded, *records_of(settlement.failed, settlement, records))),
        refused=lines((*books.not_taken, *records_of(settlement.refused, settlement, records))),
    )
