"""Further mistakes of dialects of the ISO standards and of DUKPT, which were once answered without their cause."""

from __future__ import annotations

from tests.mistakes.dukpt_rows import DUKPT, derived
from tests.mistakes.iso import BDK, DukptPos, IsoDraft
from tests.mistakes.pos import Make
from tests.mistakes.row import Mistake, nothing, rows_of

_UNDER_BDK = {"bdk": BDK.hex().upper(), "tmk": ""}
_dukpt = rows_of(
    "keys and MAC", "dukpt", codes=("63",), before=nothing, right=derived(lambda pos: pos.dukpt_sale()),
    listener=DUKPT, terminal=_UNDER_BDK, capture=True,
)  # fmt: skip


def _moved(right: bool) -> Make:
    """Return a maker of sales whose KSN has its digits moved by one."""

    def make(pos: DukptPos) -> IsoDraft:
        sale, digits = pos.dukpt_sale(), pos.ksn().hex()
        return sale.raw(53, b"\x10" + bytes.fromhex(f"0{digits[:-1]}" if right else f"{digits[1:]}0"))

    return derived(make)


ROWS: tuple[Mistake, ...] = (
    _dukpt("ksn-half-right", "moves the digits of the key serial number to the right by one", _moved(True),
           "moved half a byte to the right", remedy="begin with FFFF", fix="fill the KSN up with whole bytes FF",
           never=("BDK",)),
    _dukpt("ksn-half-left", "moves the digits of the key serial number to the left by one", _moved(False),
           "moved half a byte to the left", remedy="begin with FFFF", fix="fill the KSN up with whole bytes FF",
           codes=("30", "63"), never=("begin with 1",)),
)  # fmt: skip
