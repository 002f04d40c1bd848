"""A settlement (批结算): totals go to the host, then details and the end of the upload; then a new batch begins.

1. Before: what is owed. A reversal that does not go out, or an advice of unknown outcome, keeps the batch open; so does
   what was made without the host and gets no answer in any round, and signatures while there is no connection.
2. Each step is durable before the next one: after a power cut, a lost answer or a lost line `settle` goes on where it
   was, and asks the same again. Nothing else is done meanwhile.
3. An answer that says error keeps the batch: a person has to look (`upload_after_error` goes on as if it was unequal).
4. A message of the upload without an answer is sent again in the next round; what no round brought up is listed.
5. Then the batch is counted up (999999 → 000001), its records are forgotten, and it signs off where that is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from acquirer.settlement.batch_numbers import next_batch
from acquirer.settlement.totals import DIGITS, read_settlement, write_settlement
from acquirer.terminal.advice import unanswered_sentence
from acquirer.terminal.batch_records import count_records
from acquirer.terminal.effects import Ended, Program
from acquirer.terminal.exchange import ANSWERED, Exchange, Outcome, Result
from acquirer.terminal.host_time import host_time
from acquirer.terminal.kind import Kind
from acquirer.terminal.machine import Machine
from acquirer.terminal.offline_queue import give_up_queue
from acquirer.terminal.operators import no_cashier
from acquirer.terminal.printer import clear_unprinted, print_slip
from acquirer.terminal.prints import SETTLEMENT_COPY, Unprinted
from acquirer.terminal.rendering import outcome_text
from acquirer.terminal.reversal import clear_pending
from acquirer.terminal.settled_slip import settled_slip
from acquirer.terminal.settlement_upload import (
    UploadMessage,
    details_in,
    end_fields,
    settlement_fields,
    upload_messages,
)
from acquirer.terminal.settling import BatchState, SettlementUnderWay
from acquirer.terminal.sign_on import ready, sign_off, sign_on_if_wanted, wants_sign_on
from acquirer.terminal.steering import signs_off_after_settlement
from acquirer.terminal.undecided import is_undecided
from acquirer.terminal.upload import upload

SERVICE: Final = "settlement"
_SETTLEMENT: Final = Kind(SERVICE, "settlement", "not settled", moves_money=False)
ROUNDS: Final = 3
"""Of the upload: Q/CUP 009 gives it as many as a message is resent, and one."""

TAKEN: Final = ("00", "94")
"""Response codes of an upload by which the host has it."""


@dataclass(frozen=True, slots=True)
class SettleOrder:
    """A settlement to make."""

    sign_off: bool = False  # when it is done
    drop_reversal: bool = False  # give up the reversal that is owed
    upload_after_error: bool = False


def settle(machine: Machine, order: SettleOrder) -> Program[Result]:
    """Settle the batch, or go on with a settlement that was interrupted: as the cashier who is logged on.

    Raises:
        LookupError: the dialect has no such message.
    """
    machine.setup.dialect.find_route(SERVICE)
    if missing := no_cashier(machine.state.operators, machine.state.operator):
        return Result(SERVICE, Outcome.REFUSED, sentence=f"{_SETTLEMENT.not_done}: {missing}")
    goes_on = machine.state.batch_books.settlement is not None  # the host may have settled: it was asked before
    if not goes_on and (refused := (yield from _begin(machine, order))):
        return refused
    exchange: Exchange | None = None
    if not _under_way(machine).answer:
        exchange = yield from _ask(machine)
        if refused := (yield from _answered(machine, exchange, order, goes_on)):
            return refused
    last = yield from _upload(machine)
    if last is not None and last.outcome is Outcome.NOT_SENT:
        return _interrupted(machine, last, "there is no connection")
    ended = yield from _end(machine)
    if ended.outcome not in ANSWERED:
        return _interrupted(machine, ended, "the end of its upload got no answer")
    result = yield from _finish(machine, exchange or ended)
    yield Ended(ended)
    yield from print_slip(machine, result)
    if order.sign_off or signs_off_after_settlement(machine.state):
        off = yield from sign_off(machine)
        result.sentence += f"; {'signed off' if off.ok else 'not signed off: ' + _why(off)}"
    return result


def _under_way(machine: Machine) -> SettlementUnderWay:
    settlement = machine.state.batch_books.settlement
    assert settlement is not None
    return settlement


def _begin(machine: Machine, order: SettleOrder) -> Program[Result | None]:
    """Do what is owed, count, and make it durable; return the refusal if something stays owed."""
    if refused := (yield from clear_unprinted(machine, _SETTLEMENT, order.drop_reversal)):
        return refused
    if refused := (yield from clear_pending(machine, _SETTLEMENT, order.drop_reversal)):
        return refused
    if machine.state.unanswered is not None:
        if not order.drop_reversal:
            sentence = f"not settled: {unanswered_sentence(machine, machine.state.unanswered)}"
            return Result(SERVICE, Outcome.REFUSED, sentence=f"{sentence}, --drop-reversal gives it up")
        yield from machine.keep(unanswered=None)
    if machine.keyless and not machine.state.batch_books.records:  # never signed on: it has no batch of the host's yet
        signed = yield from ready(machine)
        if signed is not None and signed.outcome is not Outcome.APPROVED:
            sentence = f"not settled: the sign-on before it failed: {outcome_text(signed)}"
            return Result(SERVICE, signed.outcome, signed, sentence)
    if machine.state.queue or machine.state.waiting:
        uploaded = yield from upload(machine)
        if machine.state.queue and order.drop_reversal:
            yield from give_up_queue(machine)
        elif machine.state.queue:
            sentence = f"not settled: {uploaded.sentence}, 'settle --drop-reversal' gives it up"
            return replace(uploaded, service=SERVICE, sentence=sentence)
        elif uploaded.outcome is Outcome.NOT_SENT:
            return replace(uploaded, service=SERVICE, sentence=f"not settled: {uploaded.sentence}")
    batch = machine.state.batch
    records = tuple(one for one in machine.state.batch_books.records if one.batch == batch)
    totals = count_records(records)
    if not totals.fit:
        sentence = (
            "not settled: the message has room for 999 transactions and 9999999999.99 a side, and the batch has more"
        )
        return Result(SERVICE, Outcome.REFUSED, sentence=sentence)
    stan = machine.state.next_stan().stan
    settlement = SettlementUnderWay(batch, stan, write_settlement(totals))
    yield from machine.keep(stan=stan, batch_books=replace(machine.state.batch_books, settlement=settlement))
    return None


def _ask(machine: Machine) -> Program[Exchange]:
    settlement = _under_way(machine)
    route = machine.setup.dialect.find_route(SERVICE)
    return (yield from machine.talk(route, settlement_fields(machine, settlement), (f"batch {settlement.batch}",)))


def _answered(machine: Machine, exchange: Exchange, order: SettleOrder, goes_on: bool) -> Program[Result | None]:
    """Keep the answer; return how the settlement ended where it does not go on.

    Args:
        goes_on: whether it was asked before: then what says nothing about that keeps it under way.
    """
    settlement = _under_way(machine)
    text = "" if exchange.reply is None else machine.setup.dialect.text(exchange.reply, "settlement")
    if exchange.outcome is Outcome.APPROVED and not _is_answer(text):
        exchange.outcome, exchange.detail = Outcome.MALFORMED, "the reply has no totals with their results"
    if goes_on and (wants_sign_on(machine, exchange) or is_undecided(machine, exchange)):
        yield Ended(exchange)
        yield from sign_on_if_wanted(machine, exchange)
        return _interrupted(machine, exchange, f"the host answers {outcome_text(exchange)}")
    if exchange.outcome is Outcome.DECLINED:  # nothing was settled: the batch goes on
        yield from _keep(machine, None)
        yield Ended(exchange)
        sentence = f"not settled: the host answers {outcome_text(exchange)}"
        return Result(SERVICE, exchange.outcome, exchange, sentence)
    if exchange.outcome is not Outcome.APPROVED:
        yield Ended(exchange)
        if exchange.outcome is Outcome.NOT_SENT and not goes_on:  # nothing has left
            yield from _keep(machine, None)
            return Result(SERVICE, exchange.outcome, exchange, "not settled: there is no connection")
        unsent = exchange.outcome is Outcome.NOT_SENT
        return _interrupted(machine, exchange, "there is no connection" if unsent else "its answer cannot be used")
    results = read_settlement(text).results
    exchange.note(_result_words(results))
    if DIGITS["error"] in results and not order.upload_after_error:
        yield from _keep(machine, None)
        yield Ended(exchange)
        sentence = f"not settled: the host answers error; batch {settlement.batch} stays open, its journal says why"
        return Result(SERVICE, Outcome.DECLINED, exchange, sentence)
    at = host_time(machine.setup.dialect, exchange.reply, machine.setup.now())
    yield from _keep(machine, replace(settlement, answer=text, at=at))
    yield Ended(exchange)
    return None


def _is_answer(text: str) -> bool:
    try:
        return all(one in DIGITS.values() for one in read_settlement(text).results)
    except ValueError:
        return False


def _upload(machine: Machine) -> Program[Exchange | None]:
    """Bring up all details, in so many rounds; returns the last exchange. What has no answer then is listed."""
    exchange: Exchange | None = None
    for _ in range(ROUNDS):
        for message in upload_messages(_under_way(machine), machine.state.batch_books.records):
            settlement = _under_way(machine)
            if message.name in (*settlement.uploaded, *settlement.refused):
                continue
            exchange = yield from _send(machine, message)
            if exchange.outcome is Outcome.NOT_SENT:
                return exchange
    settlement, records = _under_way(machine), machine.state.batch_books.records
    names = [one.name for one in upload_messages(settlement, records)]
    left = tuple(name for name in names if name not in (*settlement.uploaded, *settlement.refused))
    if left != settlement.failed:
        yield from _keep(machine, replace(settlement, failed=left))
    return exchange


def _send(machine: Machine, message: UploadMessage) -> Program[Exchange]:
    setup, settlement = machine.setup, _under_way(machine)
    stan = "" if message.service != "batch_upload" else (yield from machine.count())
    fields = message.fields(machine, stan, settlement.batch, setup.dialect.constants.get("currency", ""))
    exchange = yield from machine.talk(message.route(machine), fields, (message.name,))
    settlement = _under_way(machine)
    if exchange.outcome in ANSWERED and exchange.code in TAKEN:
        yield from _keep(machine, replace(settlement, uploaded=(*settlement.uploaded, message.name)))
    elif exchange.outcome in ANSWERED:
        yield from _keep(machine, replace(settlement, refused=(*settlement.refused, message.name)))
    yield Ended(exchange)
    return exchange


def _end(machine: Machine) -> Program[Exchange]:
    """End the upload; an end without an answer is sent again, as everything else is."""
    route = machine.setup.dialect.find_route("batch_upload_end")
    turn = 0
    while True:
        turn += 1
        settlement, records = _under_way(machine), machine.state.batch_books.records
        count = details_in(settlement, records)
        fields = end_fields(machine, (yield from machine.count()), settlement, count)
        exchange = yield from machine.talk(route, fields, (f"batch {settlement.batch}", f"{count} uploaded"))
        if exchange.outcome in ANSWERED or exchange.outcome is Outcome.NOT_SENT or turn == ROUNDS:
            break
        yield Ended(exchange)
    if exchange.outcome not in ANSWERED:
        yield Ended(exchange)
    return exchange


def _finish(machine: Machine, exchange: Exchange) -> Program[Result]:
    """Begin the next batch, durably; what was settled stays on the slip alone."""
    settlement = _under_way(machine)
    slip = settled_slip(machine, settlement)
    batch = machine.state.batch
    after = next_batch(batch) if batch == settlement.batch else batch  # a sign-on may have brought it already
    unprinted = Unprinted((SETTLEMENT_COPY,), settlement=True) if machine.setup.copies else None
    yield from machine.keep(batch=after, last=None, batch_books=BatchState(slip=slip), unprinted=unprinted)
    words = _result_words(read_settlement(settlement.answer).results)
    lists = [
        f"{len(some)} {name}" for name, some in (("not uploaded", slip.failed), ("not taken", slip.refused)) if some
    ]
    sentence = "; ".join([f"batch {settlement.batch} settled: {words}", *lists, f"batch {after} begins"])
    return Result(SERVICE, Outcome.APPROVED, exchange, sentence, settlement=slip)


def _keep(machine: Machine, settlement: SettlementUnderWay | None) -> Program[None]:
    yield from machine.keep(batch_books=replace(machine.state.batch_books, settlement=settlement))


def _interrupted(machine: Machine, exchange: Exchange, why: str) -> Result:
    settlement = _under_way(machine)
    sentence = f"the settlement of batch {settlement.batch} is not finished, {why}: 'settle' goes on with it"
    return Result(SERVICE, exchange.outcome, exchange, sentence)


def _result_words(results: tuple[str, str]) -> str:
    names = {DIGITS["equal"]: "balanced", DIGITS["unequal"]: "not balanced", DIGITS["error"]: "error"}
    domestic, foreign = (names[one] for one in results)
    return domestic if domestic == foreign else f"domestic {domestic}, foreign {foreign}"


def _why(result: Result) -> str:
    return outcome_text(result.exchange) if result.exchange else result.sentence
