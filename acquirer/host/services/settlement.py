"""A settlement (批结算): the terminal's totals of its batch are compared with the host's, and the batch is closed.

1. Equal: the batch is closed at once, the next one is open. Not equal: it takes no new transactions, and is closed by
   the end of the upload that follows, or once its terminal uses the next one. A batch is never closed twice, and one
   that is closed never changes.
2. The same settlement again gets the same answer: its reply was lost.
3. An exchange of the terminal that came before is in the batch, one that comes after is refused or in the next:
   exchanges of one terminal are decided one after another.
4. It needs neither a MAC nor a sign-on of the day: it concerns what was booked.
5. Unsigned transactions are accepted, noted, or keep the batch open (`HostOptions.unsigned_at_settlement`).

The reply says by its results (1 equal, 2 not equal, 3 error) how it went, and has no response code. Q/CUP 009, 0500.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from acquirer.dialect.plans import ElementValues
from acquirer.host.admission import unlisted_operator
from acquirer.host.batch_totals import OFFLINE, batch_totals, of_this_batch, unsigned
from acquirer.host.case import Case, Deciding
from acquirer.host.closing import closed
from acquirer.host.decision import Decided, Decision
from acquirer.host.explain import settlement as why
from acquirer.host.field_notes import operator_notes
from acquirer.host.registry import service
from acquirer.model.batches import BatchBooks, Settlement
from acquirer.model.effects import Effect, EffectResult, LoadBatch
from acquirer.model.reasons import Reason
from acquirer.settlement.totals import DIGITS, BatchTotals, SettlementText, read_settlement, write_settlement

ERROR: Final = (DIGITS["error"], DIGITS["error"])


@service("settlement")
def settlement(case: Case) -> Deciding:
    """Decide a settlement."""
    request, session = case.request, case.session
    given = _read(case)
    books = yield from load_batch(case)
    settled = books.settlement
    is_open = request.batch == session.batch
    if settled is not None and settled.state != "held" and not (is_open and settled.state == "closed"):
        if settled.terminal == given.totals:
            return _again(case, settled)
        if not is_open:
            return _otherwise(case, settled, given.totals)
    if not is_open:
        sentence = why.no_such_batch(case.host.dialect, request.batch, session)
        raise Decided(Decision(Reason.BATCH_DIFFERS, sentence, sign_on_again=True))
    return _decide(case, given.totals, books)


def load_batch(case: Case, *stans: str) -> Generator[Effect, EffectResult, BatchBooks]:
    """Load what is known of the batch that a request names: all of it, or the transactions of some STANs."""
    request = case.request
    books = yield LoadBatch(request.mid, request.tid, request.batch, stans or None)
    assert isinstance(books, BatchBooks)
    return books


def _read(case: Case) -> SettlementText:
    """Return what the request says. Raises Decided."""
    try:
        return read_settlement(case.host.read.settlement(case.fields))
    except ValueError as exc:
        sentence = why.unreadable(case.host.dialect, "settlement", str(exc))
        raise Decided(Decision(Reason.FORMAT_ERROR, sentence)) from None


def _decide(case: Case, given: BatchTotals, books: BatchBooks) -> Decision:
    host, request, session = case.host, case.request, case.session
    before = books.settlement
    open_again = before is not None and before.state == "closed"
    transactions = of_this_batch(books, open_again)
    ours = batch_totals(host.dialect, transactions)
    policy = host.options.unsigned_at_settlement
    lacking = []
    if policy != "accept":
        lacking = unsigned(host.dialect, transactions, books.signed, host.options.no_sign_limit_minor)
    row = Settlement(
        request.mid,
        request.tid,
        request.batch,
        state="uploading",
        result="unequal",
        version=before.version if before is not None else 0,
        terminal_domestic=given.domestic,
        terminal_foreign=given.foreign,
        host_domestic=ours.domestic,
        host_foreign=ours.foreign,
        operator=host.read.operator(case.fields).strip(),
        stan=request.stan,
        at_us=request.arrival.at_us,
        business_date=request.stamp.day,
    )
    after = session.copy()
    if policy == "hold" and lacking:
        row.state, row.result, row.why = "held", "error", why.held(request.batch, lacking)
        text = write_settlement(given, ERROR)
    elif not ours.fit:
        row.result, row.why = "error", why.no_room(request.batch, ours)
        after.settling = True
        text = write_settlement(given, ERROR)
    elif given == ours:
        after = closed(session)
        row.state, row.result, row.closed_us = "closed", "equal", row.at_us
        row.why = why.balanced(request.batch, ours, after.batch)
        text = write_settlement(ours, (DIGITS["equal"], DIGITS["equal"]))
    else:
        after.settling = True
        row.why = why.not_balanced(request.batch, given, ours)
        text = _not_balanced(case, given, ours, books)
    row.reply_elements = {**request.stamp.reply_elements, "rrn": case.rrn, "settlement": text}
    notes = _operator_notes(case, row.operator)
    if lacking and row.state != "held":
        notes = (*notes, f"unsigned: {why.lacks(lacking)}")
    return Decision(
        Reason.APPROVED,
        row.why,
        reply_elements=dict(row.reply_elements),
        session=after,
        settlement=row,
        rrn=case.rrn,
        notes=notes,
    )


def _operator_notes(case: Case, operator: str) -> tuple[str, ...]:
    """Return what is odd about the operator who settles; nothing where none is named."""
    notes = operator_notes(case.host.dialect, case.host.read.operator(case.fields)) if operator else ()
    unlisted = unlisted_operator(case.host, case.request, case.terminal)
    return (*notes, f"unlisted-operator: {unlisted}") if unlisted else notes


def _not_balanced(case: Case, given: BatchTotals, ours: BatchTotals, books: BatchBooks) -> str:
    """Return the totals of a reply that is not balanced, with a result for each half."""
    shown = ours
    if case.host.options.settlement_reply == "terminal":
        shown = given
    elif case.host.options.settlement_reply == "host-without-offline":
        online = [one for one in books.transactions if one.transaction_type not in OFFLINE]
        shown = batch_totals(case.host.dialect, online)
    results = [DIGITS["equal" if one == other else "unequal"] for one, other in zip(given, ours, strict=True)]
    return write_settlement(shown, (results[0], results[1]))


def _again(case: Case, settled: Settlement) -> Decision:
    """Give the stored answer again."""
    return Decision(
        Reason.APPROVED,
        why.settled_before(case.host.calendar.words(settled.at_us), settled),
        reply_elements=dict(settled.reply_elements),
        rrn=settled.reply_elements.get("rrn", ""),
        replayed=True,
    )


def _otherwise(case: Case, settled: Settlement, given: BatchTotals) -> Decision:
    """Answer other totals of a batch that is closed: it stays as it was."""
    results = [DIGITS["equal" if one == other else "unequal"] for one, other in zip(given, settled.host, strict=True)]
    shown = settled.host if settled.host.fit else given
    text = write_settlement(shown, (results[0], results[1]) if settled.host.fit else ERROR)
    elements: ElementValues = {**case.request.stamp.reply_elements, "rrn": case.rrn, "settlement": text}
    return Decision(Reason.APPROVED, why.settled_otherwise(settled), reply_elements=elements, rrn=case.rrn)
