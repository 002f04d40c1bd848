"""A slip of every kind, as our terminal prints it after a conversation with our host, for the golden files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from acquirer.slip.receipt import Receipt
from acquirer.slip.settlement_slip import SettlementSlip
from acquirer.terminal.exchange import Result
from acquirer.testing.rig import Rig
from acquirer.testing.rig_terminal import RigTerminal

CODE = "6212345678901234567"


def receipts() -> dict[str, Receipt]:
    """Return a receipt of each kind, by its service."""
    rig = Rig(seed=1)
    found: dict[str, Receipt] = {}
    for result in _day(rig.terminal(name="测试商户")):
        assert result.receipt is not None, result
        found[result.service] = result.receipt
    return found


def settlement() -> SettlementSlip:
    """Return the slip of a settlement with every kind of line, and failures of its upload."""
    rig = Rig(seed=1)
    terminal = rig.terminal(name="测试商户")
    for _ in _day(terminal):
        pass
    slip = terminal.settle().settlement
    assert slip is not None
    return replace(slip, failed=slip.details[2:3], refused=slip.details[10:12])


def _day(terminal: RigTerminal) -> Iterator[Result]:
    """Make one transaction of each kind that has a slip."""
    terminal.sign_on()
    yield terminal.sale("12.34", pin="123456")
    yield terminal.void()
    yield terminal.sale("50.00", entry="contactless")
    yield terminal.refund("20.00")
    yield terminal.pre_auth("500.00")
    yield terminal.top_up("100.00")
    yield terminal.void(of="pre-auth")
    yield terminal.pre_auth("300.00")
    yield terminal.complete("280.00")
    yield terminal.void(of="completion")
    yield terminal.complete("290.00", advice=True)
    yield terminal.offline_sale("40.00", auth_id="A12345")
    yield terminal.adjust("44.00")
    yield terminal.sale("60.00", entry="magstripe")
    yield terminal.tip("6.00")
    yield terminal.ecash_sale("3.50")
    yield terminal.refund(of="ecash")
    yield terminal.load_chip("20.00", "balance")
    yield terminal.load_chip("30.00", "balance", source="cash")
    yield terminal.void(of="cash-load", card="balance")
    yield terminal.load_chip("25.00", "standard", source="other", paid_by="balance")
    yield terminal.sale("1200.00", kind="instalment", details={"periods": "12", "project": "000123"})
    yield terminal.void()
    yield terminal.sale("88.00", kind="points", details={"goods": "TEA250G"})
    yield terminal.refund("8.00", of="points")
    yield terminal.sale("77.00", kind="points", details={"goods": "TEA250G"})
    yield terminal.void()
    yield terminal.sale("31.00", kind="recurring")
    yield terminal.void()
    yield terminal.sale("19.00", kind="moto", details={"mobile": "13800000000"})
    yield terminal.refund("9.00", of="moto")
    yield terminal.sale("21.00", kind="moto")
    yield terminal.void()
    yield terminal.pre_auth("150.00", moto=True)
    yield terminal.void(of="moto-pre-auth")
    yield terminal.pre_auth("160.00", moto=True)
    yield terminal.complete("155.00")
    yield terminal.void(of="moto-completion")
    yield terminal.complete("158.00", advice=True)
    yield terminal.sale("66.00", kind="reservation", details={"mobile": "13800000000", "number": "123456"})
    yield terminal.void()
    yield terminal.sale("5.50", kind="qr", details={"code": CODE})
    yield terminal.refund("2.50", of="qr")
    yield terminal.sale("6.50", kind="qr", details={"code": CODE})
    yield terminal.void()
