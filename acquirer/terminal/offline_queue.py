"""What was made without the host, on its way there: it is kept until the host has answered each (脱机交易上送).

1. It is kept, counted and printed when it is made; `Setup.offline_upload` says when it goes up. What is left goes up
   before a settlement and a sign-off, and before anything that is done to it at the host.
2. It goes up in its order, that of chips last, each message once at a time. The try is counted before it leaves: a
   second one is a repeat (0221), which a host that has it answers 94.
3. One without an answer stays. After a transaction it ends the upload, so that no one waits for one time-out after the
   other, and what has used up its tries is left for the settlement.
4. What the host refuses was no payment: it leaves the totals, and the settlement's slip lists it as not taken.

Q/CUP 009, parameters 24 and 27 of a download.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from acquirer.data.text import plural
from acquirer.dialect.organisations import is_foreign_organisation
from acquirer.slip.receipt import decimal_amount
from acquirer.terminal.batch_records import BatchRecord
from acquirer.terminal.effects import Ended, Print, Program
from acquirer.terminal.exchange import Exchange, Outcome, Result
from acquirer.terminal.kept_transactions import KeptAdvice
from acquirer.terminal.kind import Kind
from acquirer.terminal.kinds import KINDS
from acquirer.terminal.machine import Machine, Setup
from acquirer.terminal.printing import for_paper
from acquirer.terminal.sales import books_without, without_transaction
from acquirer.terminal.sign_on import fetch_keys, wants_sign_on
from acquirer.terminal.state import State
from acquirer.terminal.undecided import is_undecided
from acquirer.terminal.voucher import Voucher

HAD_IT: Final = "duplicate"
"""The reason by which a host refuses the repeat of what it has."""


def is_kept(setup: Setup, kind: Kind) -> bool:
    """Return whether a transaction of a kind waits for its upload."""
    return kind.queues and setup.offline_upload != "at-once"


def upload_queue(machine: Machine, rounds: int = 1, *, all_left: bool = False) -> Program[Exchange | None]:
    """Upload what waits; returns the last exchange. What is left stands in the state.

    Args:
        all_left: also what has used up its tries, and without an end at the first one that gets no answer.
    """
    most = machine.setup.tries
    last: Exchange | None = None
    for _ in range(rounds):
        for kept in sorted(machine.state.queue, key=_comes_late):
            if kept.tries >= most and not all_left:
                continue
            last = yield from _send(machine, kept)
            if last.outcome is Outcome.NOT_SENT or (machine.state.is_queued(kept.key) and not all_left):
                return last
    return last


def uploaded_first(machine: Machine, program: Program[Result]) -> Program[Result]:
    """Run a program after the upload of what waits; what still does is said."""
    if machine.state.queue:
        yield from upload_queue(machine)
    result = yield from program
    result.sentence = "; ".join(filter(None, (result.sentence, queue_words(machine.state))))
    return result


def give_up_queue(machine: Machine) -> Program[None]:
    """Give up what waits: it leaves the totals, and the settlement's slip lists it as not uploaded."""
    for kept in machine.state.queue:
        yield from _on_paper((yield from _leave_out(machine, kept, answered=False)))


def queue_words(state: State) -> str:
    """Return a sentence about what waits for its upload; "" when nothing does."""
    if not state.queue:
        return ""
    sum_minor = sum(one.amount_minor for one in state.queue)
    kept = plural(len(state.queue), "transaction", "transactions")
    waits = "waits" if len(state.queue) == 1 else "wait"
    return f"{kept} ({decimal_amount(sum_minor)}) made without the host {waits}: 'upload' sends what is kept"


def _comes_late(kept: KeptAdvice) -> bool:
    """Return whether one goes up after the others: what a chip has approved does."""
    return KINDS[kept.service].offline


def _send(machine: Machine, kept: KeptAdvice) -> Program[Exchange]:
    """Send one, and once more when the host first wants a sign-on."""
    exchange = yield from _send_once(machine, kept)
    if wants_sign_on(machine, exchange):
        signed = yield from fetch_keys(machine)
        if signed.outcome is Outcome.APPROVED:
            exchange = yield from _send_once(machine, kept)
    return exchange


def _send_once(machine: Machine, kept: KeptAdvice) -> Program[Exchange]:
    dialect = machine.setup.dialect
    routes = (one for one in dialect.routes if (one.service, one.mti) == (kept.service, kept.mti))
    route = next(routes, None) or dialect.find_route(kept.service)
    yield from _replace(machine, replace(kept, tries=kept.tries + 1))
    about = (decimal_amount(kept.amount_minor), kept.card)
    signed: tuple[Voucher, ...] = ()
    exchange = yield from machine.talk(route, dict(kept.fields), about, repeat=kept.tries > 0)
    if exchange.outcome is Outcome.APPROVED or _had_it(machine, kept, exchange):
        yield from machine.keep(**_taken(machine, kept, exchange))
        exchange.note("the host has what was made without it")
    elif exchange.outcome is Outcome.NOT_SENT or wants_sign_on(machine, exchange):
        yield from _replace(machine, kept)
    elif exchange.outcome is Outcome.DECLINED and not is_undecided(machine, exchange):
        signed = yield from _leave_out(machine, kept, answered=True)
        exchange.note("the host does not take what was made without it: it is in no total")
    yield Ended(exchange)
    yield from _on_paper(signed)
    return exchange


def _had_it(machine: Machine, kept: KeptAdvice, exchange: Exchange) -> bool:
    is_duplicate = exchange.code == machine.setup.dialect.reasons.get(HAD_IT)
    return exchange.outcome is Outcome.DECLINED and kept.tries > 0 and is_duplicate


def _replace(machine: Machine, kept: KeptAdvice) -> Program[None]:
    queue = tuple(kept if one.key == kept.key else one for one in machine.state.queue)
    yield from machine.keep(queue=queue)


def _taken(machine: Machine, kept: KeptAdvice, exchange: Exchange) -> dict[str, Any]:
    """Return what changes in the state once the host has one: its reply names it for all that follows."""
    state, dialect, reply = machine.state, machine.setup.dialect, exchange.reply
    assert reply is not None
    given = {name: dialect.text(reply, name).strip() for name in ("rrn", "auth_id") if name in dialect.elements}
    named = {name: value for name, value in given.items() if value}
    organisation = dialect.text(reply, "organisation") if "organisation" in dialect.elements else ""

    def record(one: BatchRecord) -> BatchRecord:
        if one.key != kept.key:
            return one
        foreign = is_foreign_organisation(dialect, organisation)
        return replace(one, foreign=foreign, auth_id=named.get("auth_id", one.auth_id))

    def voucher(one: Voucher) -> Voucher:
        signing = machine.setup.terminal_profile.signature
        if one.key != kept.key or signing is None:
            return one
        values = {name: dialect.get(reply, name) for name in signing.carries if name not in one.values}
        return replace(one, values={**one.values, **{name: value for name, value in values.items() if value}})

    return {
        "queue": tuple(one for one in state.queue if one.key != kept.key),
        "sales": tuple(
            replace(one, original=replace(one.original, **named)) if one.key == kept.key else one for one in state.sales
        ),
        "batch_books": replace(state.batch_books, records=tuple(map(record, state.batch_books.records))),
        "waiting": tuple(map(voucher, state.waiting)),
        "voucher": voucher(state.voucher) if state.voucher else None,
    }


def _leave_out(machine: Machine, kept: KeptAdvice, *, answered: bool) -> Program[tuple[Voucher, ...]]:
    """Forget one as a payment, and list it; returns its slip, if that was signed: no upload can take its signature."""
    state = machine.state
    left = books_without(state, kept)
    gone = tuple(one for one in state.batch_books.records if one.key == kept.key)
    if answered:
        books = replace(left, not_taken=(*left.not_taken, *gone))
    else:
        books = replace(left, not_uploaded=(*left.not_uploaded, *gone))
    signed = tuple(one for one in state.waiting if one.key == kept.key)
    yield from machine.keep(
        queue=tuple(one for one in state.queue if one.key != kept.key),
        sales=without_transaction(state, kept),
        batch_books=books,
        waiting=tuple(one for one in state.waiting if one.key != kept.key),
    )
    return signed


def _on_paper(signed: tuple[Voucher, ...]) -> Program[None]:
    """Print slips whose signatures cannot be uploaded."""
    for one in signed:
        yield Print(for_paper(one, failed=True))
