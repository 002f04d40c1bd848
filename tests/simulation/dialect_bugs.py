"""Bugs that one dialect shows and another one does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acquirer.dialect.suite import Suite
from acquirer.host.registry import SERVICES
from acquirer.host.request import own_key
from acquirer.terminal import transaction
from tests.simulation.planted_bugs import planted, wrapped
from tests.simulation.terminal_bugs import unsaved


@planted("books agree", dialect="iso8583-1993-bcd")
def reversal_looked_for_under_its_own_number(patch: pytest.MonkeyPatch) -> None:
    """Where a reversal has a number of its own, it is taken for that of its sale."""
    patch.setitem(SERVICES, "reversal", SERVICES["reversal"]._replace(key=own_key))


@planted("books follow the rules", dialect="iso8583-1987-ascii")
def refund_that_is_reversed_stays_given_back(patch: pytest.MonkeyPatch) -> None:
    """Where refunds are requests, and so can be reversed."""
    patch.setitem(SERVICES, "refund", SERVICES["refund"]._replace(undo=SERVICES["sale"].undo))


@planted("no key serial number twice", dialect="iso8583-1987-dukpt")
def key_counter_lost_at_a_power_cut(patch: pytest.MonkeyPatch) -> None:
    first: dict[str, Any] = {}
    unsaved(patch, lambda _, after: replace(after, device=first.setdefault(after.tid, after.device)))


@planted("MACs verify", dialect="iso8583-1987-dukpt")
def reply_sealed_under_the_key_for_requests(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Suite, "seal_reply", Suite.seal)


@planted("books agree", dialect="iso8583-1987-plain")
def void_not_reversed_where_nothing_has_a_mac(patch: pytest.MonkeyPatch) -> None:
    def change(undo: Any, one: Any, exchange: Any, result: Any) -> Any:
        if exchange.service == "void":
            return one.keep(pending=None)
        return undo(one, exchange, result)

    wrapped(patch, transaction, "undo_unanswered", change)
