"""Whole sentences about transactions: which one, when, what it came to, what to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from acquirer.host.core import Host
from acquirer.host.explain import booking as why
from acquirer.host.request import Request
from acquirer.model.effects import Arrival
from acquirer.model.rows import Session, Transaction, TransactionKey
from tests.host.conftest import CARD, MID, NOON, TID, MakeRig, Pos, Rig, at_us

KEY = TransactionKey(MID, TID, "000007", "000012")
SALE = Transaction(
    KEY,
    kind="sale",
    amount_minor=1234,
    code="00",
    at_us=at_us(NOON),
    reversed_us=at_us(NOON) + 90_000_000,
    reversal_reason="98",
)
TOMBSTONE = replace(SALE, state="tombstone", code="25")
AMOUNT, CARD_DIFFERS = ("amount", "12.34", "5.00"), ("card", "621234…1232", "622126…5674")


@pytest.fixture
def host(rig: Rig) -> Host:
    return rig.host


def test_a_sale_that_comes_late(host: Host) -> None:
    assert why.late_original(host, TOMBSTONE) == (
        "late original: the reversal of STAN 000012, batch 000007 came first, at 2025-03-10 12:01:30 (reason 98); "
        "this sale is not booked: use a new STAN"
    )
    assert why.late_original(host, replace(SALE, state="reversed")) == (
        "repeat: the sale with STAN 000012, batch 000007 was booked, and reversed at 2025-03-10 12:01:30 "
        "(reason 98); this sale is not booked: use a new STAN"
    )
    assert why.late_original(host, replace(SALE, state="voided")) == (
        "repeat: the sale with STAN 000012, batch 000007 was booked, and voided since; this sale is not booked"
    )


def test_a_number_that_was_used_before(host: Host) -> None:
    assert why.duplicate(host, SALE, []) == (
        "STAN 000012 of batch 000007 was used at 2025-03-10 12:00:00 by this same sale (answered 00): this "
        "terminal's policy declines repeats"
    )
    assert why.duplicate(host, SALE, [AMOUNT]) == (
        "STAN 000012 of batch 000007 was used at 2025-03-10 12:00:00 for another sale: amount 12.34 then, 5.00 "
        "now. The first stays as it was; number each transaction anew"
    )
    assert why.duplicate(host, SALE, [AMOUNT, CARD_DIFFERS]) == (
        "STAN 000012 of batch 000007 was used at 2025-03-10 12:00:00 for another sale: amount 12.34 then, 5.00 "
        "now; card 621234…1232 then, 622126…5674 now. The first stays as it was; number each transaction anew"
    )


def test_the_same_request_again(host: Host) -> None:
    assert why.replayed(host.calendar, SALE) == (
        "the same request came at 2025-03-10 12:00:00: its answer 00 is given again, nothing was booked twice"
    )


def test_a_reversal_of_nothing(host: Host) -> None:
    assert why.original_unknown(host.dialect, KEY) == (
        "no sale of terminal 10000161 has STAN 000012 in batch 000007: there is nothing to reverse, and should the "
        "sale still arrive it will not be booked; if it did, repeat its STAN and batch in its reversal"
    )
    session = Session(TID, batch="000008", last_stan="000013")
    assert why.original_unknown(host.dialect, KEY, session) == (
        "no sale of terminal 10000161 has STAN 000012 in batch 000007: there is nothing to reverse, and should the "
        "sale still arrive it will not be booked; if it did, repeat its STAN and batch in its reversal (its last "
        "transaction has STAN 000013, batch 000008 is open)"
    )
    assert why.original_unknown(host.dialect, KEY, Session(TID)) == why.original_unknown(host.dialect, KEY)
    assert why.original_still_unknown(host.calendar, TOMBSTONE) == (
        "this reversal came at 2025-03-10 12:01:30 already and found no sale; none has come since, and its answer "
        "is given again"
    )


def test_a_reversal_that_differs_from_its_sale(host: Host) -> None:
    assert why.original_differs(host.dialect, SALE, [AMOUNT]) == (
        "STAN 000012, batch 000007: amount 12.34 in the sale, 5.00 in the reversal. The sale stays as it was; "
        "repeat the values of the sale"
    )
    assert why.original_differs(host.dialect, SALE, [AMOUNT, CARD_DIFFERS]) == (
        "STAN 000012, batch 000007: amount 12.34 in the sale, 5.00 in the reversal; card 621234…1232 in the sale, "
        "622126…5674 in the reversal. The sale stays as it was; repeat the values of the sale"
    )


def test_reversals(host: Host) -> None:
    assert why.reversed_now(host.dialect, SALE, "98") == (
        "reversed: the sale of 12.34 with STAN 000012, batch 000007 is undone (reason 98)"
    )
    assert why.reversed_now(host.dialect, SALE, "") == (
        "reversed: the sale of 12.34 with STAN 000012, batch 000007 is undone"
    )
    assert why.reversed_before(host.calendar, SALE) == (
        "this sale was reversed at 2025-03-10 12:01:30 already: the same answer is given again, nothing is undone twice"
    )
    assert why.nothing_to_reverse(replace(SALE, state="declined", code="51")) == (
        "the sale was declined (51), so there is nothing to undo; the terminal may forget it"
    )
    assert why.not_reversed(replace(SALE, state="refunded")) == (
        "the sale was approved and refunded since: the terminal knew its answer, so there is nothing to reverse"
    )
    assert why.never_reversed("refund", "0220") == (
        "a refund (0220) is never reversed: send it again until it is answered"
    )
    assert why.never_reversed("refund", "") == (
        "a refund (stored by an earlier version) is never reversed: send it again until it is answered"
    )


def test_cards(host: Host) -> None:
    assert why.track_unreadable(host.dialect, "track2", "it has no separator") == (
        "DE 35 (track2) cannot be read: it has no separator"
    )
    assert why.two_cards(host.dialect, "track2", CARD, "6221260012345674") == (
        "DE 2 (pan) is 621234******1232, but DE 35 (track2) is of card 622126******5674: they differ; send number "
        "and track of one card"
    )
    assert why.no_test_bin("621234******1232") == (
        "no-test-bin: 621234******1232 stands under no published test BIN; if it is a real card, take it out of "
        "here: a simulator is no place for real card numbers"
    )


def test_amount_and_currency(pos: Pos) -> None:
    host = pos.rig.host
    message = host.dialect.decode(pos.sale_frame(0))
    request = Request(host, Arrival(message.raw, at_us(NOON), 0.0, "127.0.0.1:5000", 1), message)
    assert why.amount_invalid(host.dialect, request) == ("DE 4 (amount) is 0.00: a sale needs an amount above zero")
    assert why.currency_differs(host.dialect, request, "840", "156") == (
        "DE 49 (currency) is 840, this host settles in 156: send 156"
    )


def test_where_numbers_are_unique_otherwise(new_rig: MakeRig) -> None:
    """What is joined by "of" or "in" is a batch; another thing that numbers are unique within follows a comma."""
    sent = new_rig(dialect="iso8583-1987-binary").host
    key = KEY._replace(batch="0310120000")
    assert why.duplicate(sent, replace(SALE, key=key), []) == (
        "STAN 000012, sent 0310120000 was used at 2025-03-10 12:00:00 by this same sale (answered 00): this "
        "terminal's policy declines repeats"
    )
    assert why.original_unknown(sent.dialect, key) == (
        "no sale of terminal 10000161 has STAN 000012, sent 0310120000: there is nothing to reverse, and should "
        "the sale still arrive it will not be booked; if it did, repeat its STAN and batch in its reversal"
    )
    assert why.original_unknown(sent.dialect, KEY._replace(batch="")) == (
        "no sale of terminal 10000161 has STAN 000012: there is nothing to reverse, and should the sale still "
        "arrive it will not be booked; if it did, repeat its STAN and batch in its reversal"
    )


def test_a_currency_whose_digits_are_moved_by_one(new_rig: MakeRig, tmp_path: Path) -> None:
    path = tmp_path / "packed-currency.toml"
    path.write_text(
        'dialect = "packed-currency"\nextends = "unionpay-pos"\n[fields.49]\nformat = "n3"\n', encoding="utf-8"
    )
    host = new_rig(dialect=str(path)).host

    def differs(currency: str, ours: str) -> str:
        message = host.dialect.decode(host.dialect.encode("0200", {41: TID, 49: currency}))
        request = Request(host, Arrival(message.raw, at_us(NOON), 0.0, "127.0.0.1:5000", 1), message)
        return why.currency_differs(host.dialect, request, currency, ours)

    assert differs("840", "036") == "DE 49 (currency) is 840, this host settles in 036: send 036"
    assert differs("360", "036") == (
        "DE 49 (currency) is 360, this host settles in 036: send 036; DE 49 (03 60) looks filled on the right: "
        'fill it on the left, or say [padding] n_fixed = "right 0"'
    )
