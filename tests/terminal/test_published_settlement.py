"""What our terminal sends in a settlement, and of a script, against published bytes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acquirer.settlement.totals import write_settlement
from acquirer.terminal.batch_records import BatchRecord, Records, count_records
from acquirer.terminal.card import card
from acquirer.terminal.exchange import Result
from acquirer.terminal.follow_up import FollowUpOrder
from acquirer.terminal.kept_transactions import Original, Sold
from acquirer.terminal.named_sale import SaleName
from acquirer.terminal.script_result import script_result
from acquirer.terminal.settlement import SettleOrder, settle
from acquirer.terminal.sign_on import sign_off
from tests.dialects.test_unionpay_messages import MESSAGES, frame_of
from tests.terminal import vectors
from tests.terminal.conftest import DIALECT, Bench

REQUEST = "settlement request: debits 1775.00 in 4, credits 140.00 in 2"
BALANCED = "settlement reply, balanced: it has no response code"
NOT_BALANCED = "settlement reply, not balanced: the host has one debit of 100.00 fewer, and sends its own totals"
REQUESTS = "batch upload of three requests: sale, void and completion"
ADVICE = "batch upload of a refund: the advice once more, without its MAC"
CHIP = "batch upload of a chip's sale, after a balanced settlement"
REFUSED = "batch upload of a sale that the chip refused"
END_UNEQUAL = "end of the batch upload, not balanced: four details"
END_EQUAL = "end of the batch upload, balanced"
END_REPLY = "end of the batch upload, reply"


def fields_of(title: str) -> dict[int, Any]:
    return dict(DIALECT.decode(vectors.frame(title)).fields)


def record(stan: str, minor: int, **more: Any) -> BatchRecord:
    usual: dict[str, Any] = {"service": "sale", "side": "debit", "form": "request", "pan": vectors.PAN}
    return BatchRecord(batch=vectors.BATCH, stan=stan, amount_minor=minor, **(usual | more))


def chip(title: str, form: str) -> BatchRecord:
    own = (2, 4, 22, 23, 55)
    fields = {de: value for de, value in fields_of(title).items() if de in own}
    return record(fields_of(title)[11], 30_000, form=form, fields=fields)


REFUND = record("000136", 4000, service="refund", side="credit", form="advice", fields=fields_of(vectors.REFUND))
UPLOADED = (
    record("000134", 10_000),
    record("000135", 10_000, service="void", side="credit"),
    record("000139", 57_500, service="completion"),
    REFUND,
)


def bench_of(make_bench: type[Bench], signed_on: Bench, records: Records, stan: str) -> Bench:
    """Return the terminal of the published messages with these books, before the message with a STAN."""
    state = signed_on.state
    books = replace(state.batch_books, records=records)
    before = f"{int(stan) - 1:06}"
    state = replace(state, tid=vectors.TID, mid=vectors.MID, batch=vectors.BATCH, stan=before, batch_books=books)
    now = make_bench().setup.now().replace(year=2025, month=8, day=24, hour=16, minute=17)
    return make_bench(state, tid=vectors.TID, mid=vectors.MID, now=lambda: now)


def answer(host: Any, totals: str, result: str) -> Any:
    """Return a reply with a result for both halves."""
    digits = f"{totals[:30]}{result}{totals[31:61]}{result}"
    return host.reply(keep=(11, 41, 42, 49, 60), de39=None, de48=digits)


@pytest.fixture
def contact_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the terminals read contact chips, and nothing without contact, as that of some messages."""
    assert DIALECT.terminal_profile is not None
    profile = replace(DIALECT.terminal_profile, read_capability="5")
    monkeypatch.setattr("acquirer.terminal.machine.Setup.terminal_profile", property(lambda _setup: profile))


def sent(bench: Bench) -> list[bytes]:
    return [one.raw for one in bench.requests]


def test_the_totals(make_bench: type[Bench], signed_on: Bench, host: Any) -> None:
    records = (*UPLOADED, record("000140", 80_000), record("000141", 30_000))
    bench = bench_of(make_bench, signed_on, records, "000150")
    result: Result = bench.run(settle(bench.machine, SettleOrder()), vectors.frame(BALANCED), host.reply())
    assert result.ok
    assert sent(bench)[0] == vectors.frame(REQUEST)


def test_an_upload_that_is_not_balanced(make_bench: type[Bench], signed_on: Bench, host: Any) -> None:
    bench = bench_of(make_bench, signed_on, UPLOADED, "000150")
    totals = write_settlement(count_records(UPLOADED))
    script = (answer(host, totals, "2"), host.reply(), host.reply(), vectors.frame(END_REPLY))
    assert bench.run(settle(bench.machine, SettleOrder()), *script).ok
    assert sent(bench)[1:] == [vectors.frame(title) for title in (REQUESTS, ADVICE, END_UNEQUAL)]


@pytest.mark.usefixtures("contact_reader")
@pytest.mark.parametrize(("title", "form"), [(CHIP, "chip"), (REFUSED, "chip_refused")])
def test_a_chip_after_a_balanced_settlement(
    title: str, form: str, make_bench: type[Bench], signed_on: Bench, host: Any
) -> None:
    records = (chip(title, form),)
    bench = bench_of(make_bench, signed_on, records, "000150")
    script = (answer(host, write_settlement(count_records(records)), "1"), host.reply(), host.reply())
    assert bench.run(settle(bench.machine, SettleOrder()), *script).ok
    assert sent(bench)[1] == vectors.frame(title)


def test_an_end_without_details(make_bench: type[Bench], signed_on: Bench, host: Any) -> None:
    bench = bench_of(make_bench, signed_on, (), "000151")
    assert bench.run(settle(bench.machine, SettleOrder()), answer(host, "0" * 62, "1"), host.reply()).ok
    assert sent(bench)[1] == vectors.frame(END_EQUAL)


def test_a_sign_off(make_bench: type[Bench], signed_on: Bench, host: Any) -> None:
    bench = bench_of(make_bench, signed_on, (), "000153")
    assert bench.run(sign_off(bench.machine), host.reply()).ok
    title = "Sign-off"
    assert sent(bench)[0] == frame_of(next(one for one in MESSAGES if one["title"] == title))


@pytest.mark.usefixtures("contact_reader")
def test_the_result_of_a_script(make_bench: type[Bench], signed_on: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = bench_of(make_bench, signed_on, (), "000154")
    original = Original("000133", vectors.BATCH, "0200", "030708000999", "123456", "0824")
    sold = Sold(original, 30_000, vectors.PAN, vectors.EXPIRY)
    bench.machine.state = replace(bench.state, sales=(sold,))
    published = fields_of("script result: done")
    monkeypatch.setattr("acquirer.terminal.script_result.packed", lambda _tags: published[55])  # a chip's own numbers
    order = FollowUpOrder(SaleName(stan="000133", card=card(vectors.PAN, vectors.EXPIRY, pin=vectors.PIN)))
    result = bench.run(script_result(bench.machine, order), vectors.frame("script result reply"))
    assert result.ok
    assert sent(bench)[0] == vectors.frame("script result: done")
