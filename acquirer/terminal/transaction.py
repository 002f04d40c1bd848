"""The course of every transaction, and everything a terminal does around it by itself.

1. Before: the slip and the reversal that are owed, a sign-on if there was none.
2. The outbox is made durable, and only then the request is sent.
3. An answer ends it: approved or declined. Without one that can be believed, a request that moves money is reversed at
   once, an advice is sent again (`advice`), an inquiry is over.
4. Then the terminal signs on again if the answer wants it, the cardholder signs the slip, it is printed, and what waits
   goes up: transactions that were made without the host, then signatures of earlier ones.
5. A chip may refuse it (AAC): then nothing is sent.
6. What is made without the host may be kept for its upload instead (`offline_queue`): nothing is sent.

A request is never sent twice. What differs between the kinds of transactions stands in `kinds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from acquirer.dialect.amounts import decimals_of
from acquirer.dialect.dialect import Route
from acquirer.dialect.terminal_profile import EntryMode
from acquirer.slip.receipt import decimal_amount
from acquirer.terminal.advice import kept_advice, repeat_advice, still_unknown, unanswered_sentence, unknown_result
from acquirer.terminal.chip import ISSUER_WORDS
from acquirer.terminal.counting import counted_in_batch, issuer_of, settlement_under_way, with_refusal
from acquirer.terminal.effects import Ended, Program
from acquirer.terminal.exchange import ANSWERED, Exchange, Outcome, Result, Signed
from acquirer.terminal.kind import Course, Kind
from acquirer.terminal.kinds import BALANCE, POINTS_BALANCE, course_of, noun_of
from acquirer.terminal.machine import Machine
from acquirer.terminal.offline_queue import is_kept, queue_words, upload_queue
from acquirer.terminal.operators import no_cashier
from acquirer.terminal.order import Order, OrderError, check_order
from acquirer.terminal.printer import clear_unprinted, print_slip, slip_to_print
from acquirer.terminal.printing import receipt
from acquirer.terminal.rendering import outcome_text
from acquirer.terminal.reply import balance_of
from acquirer.terminal.request import chip_data, request_fields
from acquirer.terminal.reversal import UNKNOWN, clear_pending, outbox, undo_unanswered
from acquirer.terminal.sales import after_approval
from acquirer.terminal.sign_on import ready, sign_on_if_wanted
from acquirer.terminal.signature import keep_signature
from acquirer.terminal.steering import forbidden
from acquirer.terminal.upload import signature_state, upload_due
from acquirer.terminal.upload_values import make_voucher
from acquirer.wire.message import Value


def transact(machine: Machine, kind: Kind, order: Order) -> Program[Result]:
    """Make a transaction.

    Raises:
        OrderError: it cannot be made, and nothing was sent.
        LookupError: the dialect has no such message.
    """
    if missing := no_cashier(machine.state.operators, machine.state.operator):
        return Result(kind.service, Outcome.REFUSED, sentence=f"{kind.not_done}: {missing}")
    if kind.entry:
        order = replace(order, entry=kind.entry)
    entry = check_order(machine.setup.terminal_profile, kind, order)
    if prohibited := forbidden(machine.state, kind, order):
        return Result(kind.service, Outcome.REFUSED, sentence=f"{kind.not_done}: {prohibited}")
    route = machine.setup.dialect.find_route(kind.service)
    course = course_of(kind, route)
    if course == "reverse" and kind.service in machine.setup.terminal_profile.reversal.never:
        course = "nothing"
    if refused := settlement_under_way(machine, kind):
        return refused
    if refused := (yield from clear_unprinted(machine, kind, order.drop_reversal)):
        return refused
    kept = is_kept(machine.setup, kind)
    if not kept and (refused := (yield from _clear_owed(machine, kind, course, order.drop_reversal))):
        return refused
    signed = yield from ready(machine)
    if signed is not None and signed.outcome is not Outcome.APPROVED:
        sentence = f"{kind.not_done}: the sign-on before it failed: {outcome_text(signed)}"
        return Result(kind.service, signed.outcome, signed, sentence)
    stan = machine.state.next_stan().stan
    try:
        yield from machine.derive()
        tags = chip_data(machine.setup, kind, order, entry, route, stan)
        fields = request_fields(machine, kind, order, entry, route, stan, tags)
        machine.frame(route, fields)  # what cannot be sent must not get into the outbox
    except ValueError as error:
        raise OrderError(f"{kind.not_done}: {error}") from None
    if order.chip_refuses:
        return (yield from _refused_by_chip(machine, kind, order, route, fields, tags))
    if kept:
        return (yield from _keep_for_upload(machine, kind, order, entry, route, fields, tags))
    yield from machine.keep(stan=stan, **_kept(machine, kind, order, route, course, fields, tags))
    amount = decimal_amount(order.amount_minor, decimals_of(machine.setup.dialect)) if kind.moves_money else ""
    about = tuple(filter(None, (amount, order.card.masked)))
    exchange = yield from machine.talk(route, fields, about)
    if exchange.outcome in UNKNOWN and course == "repeat":
        exchange = yield from repeat_advice(machine, route, fields, about, exchange)
        if still_unknown(machine, exchange):
            return unknown_result(machine, kind, exchange)
    result = Result(kind.service, exchange.outcome, exchange)
    if exchange.outcome in UNKNOWN and course == "reverse":
        yield from undo_unanswered(machine, exchange, result)
        return result
    yield from conclude(machine, kind, order, entry, result, exchange, tags)
    return result


def _refused_by_chip(
    machine: Machine, kind: Kind, order: Order, route: Route, fields: dict[int, Value], tags: Mapping[str, bytes]
) -> Program[Result]:
    """End what the chip refuses (AAC): the host is not asked, and hears of it in the batch upload."""
    if not tags:
        raise OrderError(f"{kind.not_done}: an entry by {order.entry} asks no chip, so none can refuse")
    exchange = _unsent(machine, route, fields, Outcome.DECLINED)
    yield from machine.keep(stan=exchange.stan, batch_books=with_refusal(machine, kind, order, exchange, tags))
    sentence = f"{kind.not_done}: the chip refuses it, and the host is not asked"
    return Result(kind.service, Outcome.DECLINED, exchange, sentence)


def _keep_for_upload(
    machine: Machine,
    kind: Kind,
    order: Order,
    entry: EntryMode,
    route: Route,
    fields: dict[int, Value],
    tags: Mapping[str, bytes],
) -> Program[Result]:
    """Keep what was made without the host: it is counted and printed now, and uploaded later."""
    setup, state = machine.setup, machine.state
    named = state.sale(order.original.stan, order.original.within) if order.original else None
    if named is not None and named.voided and kind.closes:  # no host says so here
        sentence = f"{kind.not_done}: the {noun_of(named.service)} of STAN {named.original.stan} is "
        return Result(kind.service, Outcome.REFUSED, sentence=f"{sentence}voided, completed or adjusted already")
    exchange = _unsent(machine, route, fields, Outcome.DONE)
    result = Result(kind.service, Outcome.DONE, exchange)
    result.receipt = receipt(setup, kind, order, entry, exchange, tags)
    voucher = make_voucher(setup, kind, order, exchange, result.receipt, tags)
    yield from machine.keep(
        stan=exchange.stan,
        queue=(*state.queue, kept_advice(machine, kind, order, route, fields)),
        last=None,
        voucher=voucher,
        unprinted=slip_to_print(machine),
        sales=after_approval(state, setup.dialect, kind, order, exchange, result.receipt),
        batch_books=counted_in_batch(machine, kind, order, exchange, result.receipt, tags),
    )
    if order.pad:
        yield from keep_signature(machine, voucher, order.pad, result)
    if setup.offline_most and len(machine.state.queue) >= setup.offline_most:
        yield from upload_queue(machine)
    result.sentence = queue_words(machine.state)
    yield from print_slip(machine, result)
    return result


def _unsent(machine: Machine, route: Route, fields: dict[int, Value], outcome: Outcome) -> Exchange:
    """Return the exchange of what ends without the host."""
    dialect = machine.setup.dialect
    stan = str(dialect.get_from(fields, "stan") or "")
    return Exchange(dialect, route.service, route.title, route.mti, stan, request=fields, outcome=outcome)


def conclude(
    machine: Machine,
    kind: Kind,
    order: Order,
    entry: EntryMode,
    result: Result,
    exchange: Exchange,
    tags: Mapping[str, bytes],
) -> Program[None]:
    """End a transaction whose outcome is known: empty the outbox, keep what an approval brings, have it signed."""
    pending = machine.state.pending
    if pending is not None and pending.stan != exchange.stan:  # of another one: an advice is sent again beside it
        pending = None
    changes: dict[str, Any] = {"pending": None} if pending else {}
    if machine.state.unanswered and machine.state.unanswered.stan == exchange.stan:
        changes["unanswered"] = None
    if exchange.outcome is Outcome.APPROVED:
        _note_balance(kind, result, exchange)
        exchange.note(ISSUER_WORDS[issuer_of(machine.setup.dialect, order, exchange, tags)])
    if exchange.outcome is Outcome.APPROVED and kind.moves_money:
        result.receipt = receipt(machine.setup, kind, order, entry, exchange, tags, machine.state)
        voucher = make_voucher(machine.setup, kind, order, exchange, result.receipt, tags)
        changes |= {"last": pending, "voucher": voucher, "unprinted": slip_to_print(machine)}
        changes["sales"] = after_approval(machine.state, machine.setup.dialect, kind, order, exchange, result.receipt)
        changes["batch_books"] = counted_in_batch(machine, kind, order, exchange, result.receipt, tags)
    if changes:
        yield from machine.keep(**changes)
    yield Ended(exchange)
    yield from sign_on_if_wanted(machine, exchange)
    if exchange.outcome in ANSWERED and machine.setup.offline_upload != "before-settlement":
        yield from upload_queue(machine)
    if exchange.outcome in ANSWERED and kind.moves_money:
        yield from _signatures(machine, order, result)


def _clear_owed(machine: Machine, kind: Kind, course: Course, drop: bool) -> Program[Result | None]:
    """Send or give up what is owed, or return the refusal of a new transaction."""
    if refused := (yield from clear_pending(machine, kind, drop)):
        return refused
    return (yield from _clear_unanswered(machine, kind, drop)) if course == "repeat" else None


def _clear_unanswered(machine: Machine, kind: Kind, drop: bool) -> Program[Result | None]:
    """Give up the advice whose outcome is unknown, or return the refusal of a new one: only one is kept."""
    unanswered = machine.state.unanswered
    if unanswered is None:
        return None
    if drop:
        yield from machine.keep(unanswered=None)
        return None
    sentence = f"{kind.not_done}: {unanswered_sentence(machine, unanswered)}, --drop-reversal gives it up"
    return Result(kind.service, Outcome.REFUSED, sentence=sentence)


def _kept(
    machine: Machine,
    kind: Kind,
    order: Order,
    route: Route,
    course: Course,
    fields: Mapping[int, Value],
    tags: Mapping[str, bytes],
) -> dict[str, Any]:
    """Return what must be durable before a request leaves."""
    if course == "reverse":
        return {"pending": outbox(machine, kind, order, fields, tags)}
    if course == "repeat":
        return {"unanswered": kept_advice(machine, kind, order, route, fields)}
    return {}


def _note_balance(kind: Kind, result: Result, exchange: Exchange) -> None:
    """Take the balance out of an approval, if it has one."""
    if exchange.reply is None:
        return
    result.balance_minor = balance_of(exchange.dialect, exchange.reply)
    if result.balance_minor is not None:
        exchange.note(f"balance {decimal_amount(result.balance_minor, decimals_of(exchange.dialect))}")
    elif kind.service in (BALANCE.service, POINTS_BALANCE.service):
        exchange.note("the reply has no balance")


def _signatures(machine: Machine, order: Order, result: Result) -> Program[None]:
    """Have the cardholder sign the slip, and upload the signatures of earlier transactions."""
    newest = None
    if result.outcome is Outcome.APPROVED and order.pad and machine.state.voucher:
        newest = machine.state.voucher.key
        yield from keep_signature(machine, machine.state.voucher, order.pad, result)
    if result.outcome is Outcome.APPROVED:
        yield from print_slip(machine, result)
    yield from upload_due(machine, newest)
    if newest and result.signature is Signed.KEPT:
        result.signature = signature_state(machine, newest)
