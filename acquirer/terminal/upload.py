"""Signatures on their way to the host: one message, or several parts, under the STAN and batch of their transaction.

They go out as the field does it: a signature after the next transaction (or at once), each tried once; what failed
waits for the rounds before settlement, and what fails there is signed on paper. A host that has it already answers 94,
and that is a success. Q/CUP 009, 电子签名上送.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from acquirer.data.text import plural
from acquirer.dialect.dialect import Route
from acquirer.signature import slip_elements
from acquirer.slip.receipt import decimal_amount
from acquirer.terminal.effects import Ended, NotPrinted, Print, Program
from acquirer.terminal.exchange import ANSWERED, Exchange, Outcome, Result, Signed
from acquirer.terminal.machine import Machine, Setup
from acquirer.terminal.offline_queue import queue_words, upload_queue
from acquirer.terminal.printing import for_paper
from acquirer.terminal.prints import TROUBLES
from acquirer.terminal.rendering import outcome_text
from acquirer.terminal.sign_on import fetch_keys, ready, sign_on_if_wanted
from acquirer.terminal.state import waits
from acquirer.terminal.voucher import Voucher
from acquirer.wire.message import Value

OFFLINE_ROUNDS = 3
"""Of what was made without the host: Q/CUP 009 gives it as many as a message is resent, and one."""

Key = tuple[str, str]
"""Batch and STAN of a voucher."""


def upload_due(machine: Machine, newest: Key | None = None) -> Program[None]:
    """After a transaction: upload what waits, but not what failed before, nor `newest` unless that is to go up at once.

    An upload without an answer ends it: the cardholder is not kept waiting for one time-out after the other.
    """
    for voucher in machine.state.waiting:
        if voucher.failed or (voucher.key == newest and not machine.setup.upload_at_once):
            continue
        if machine.state.is_queued(voucher.key):  # the host does not know its transaction yet
            continue
        exchange = yield from send(machine, voucher)
        if exchange is not None:
            yield from sign_on_if_wanted(machine, exchange)
            if exchange.outcome not in ANSWERED:
                return


def upload(machine: Machine, rounds: int = 0) -> Program[Result]:
    """Before settlement: upload all that waits, in so many rounds (0: the dialect's); what is left is signed on paper.

    Transactions that were made without the host go first. Without a connection, or while one of those gets no answer,
    it is broken off, as a settlement is, and everything stays kept.
    """
    signing, last = machine.setup.terminal_profile.signature, None
    if machine.state.queue:
        queued = yield from _upload_queue(machine, rounds)
        if machine.state.queue or not machine.state.waiting:
            return queued
    if signing is None or not machine.state.waiting:
        return Result("signature", Outcome.DONE, sentence="no signature waits for its upload")
    if machine.keyless:
        last = yield from fetch_keys(machine)
        if last.outcome is not Outcome.APPROVED:
            return _broken_off(machine, last, "the sign-on before it failed")
    for _ in range(rounds or signing.rounds):
        for voucher in machine.state.waiting:
            exchange = yield from send(machine, voucher)
            if exchange is None:
                continue
            if exchange.outcome is Outcome.NOT_SENT:
                return _broken_off(machine, exchange, "there is no connection")
            yield from sign_on_if_wanted(machine, exchange)
            last = exchange
    if not machine.state.waiting:
        return Result("signature", Outcome.APPROVED, last, signature=Signed.UPLOADED)
    stans = ", ".join(voucher.receipt.stan for voucher in machine.state.waiting)
    for voucher in machine.state.waiting:
        answer = yield Print(for_paper(voucher, failed=True))
        if isinstance(answer, NotPrinted):  # the signature is all that there is: it stays
            sentence = f"not printed, {TROUBLES.get(answer.trouble, answer.trouble)}; {waits(machine.state)}"
            return Result(
                "signature", Outcome.REFUSED, last, sentence, signature=Signed.FAILED, print_trouble=answer.trouble
            )
        yield from _give_up(machine, voucher)
    sentence = f"to be signed on paper, for the signature could not be uploaded: STAN {stans}"
    return Result("signature", last.outcome if last else Outcome.DONE, last, sentence, signature=Signed.PAPER)


def _upload_queue(machine: Machine, rounds: int) -> Program[Result]:
    """Upload the transactions that wait."""
    signed = yield from ready(machine)
    if signed is not None and signed.outcome is not Outcome.APPROVED:
        sentence = f"not sent: the sign-on before it failed: {outcome_text(signed)}; {queue_words(machine.state)}"
        return Result("upload", signed.outcome, signed, sentence)
    before = machine.state
    last = yield from upload_queue(machine, rounds or OFFLINE_ROUNDS, all_left=True)
    left = machine.state
    refused = len(left.batch_books.not_taken) - len(before.batch_books.not_taken)
    done = f"{len(before.queue) - len(left.queue) - refused} uploaded, {refused} not taken"
    outcome = Outcome.APPROVED
    if left.queue:
        outcome = Outcome.NO_ANSWER if last is None or last.outcome is Outcome.APPROVED else last.outcome
    return Result("upload", outcome, last, "; ".join(filter(None, (done, queue_words(left)))))


def upload_again(machine: Machine, voucher: Voucher) -> Program[Result]:
    """Upload one signature that the terminal keeps, also one that the host should have: where it has, it answers 94."""
    stan = voucher.receipt.stan
    if not voucher.image or not voucher.values:
        sentence = f"STAN {stan} has no signature here that could be uploaded"
        return Result("signature", Outcome.REFUSED, sentence=sentence)
    if machine.keyless:
        signed = yield from fetch_keys(machine)
        if signed.outcome is not Outcome.APPROVED:
            return _broken_off(machine, signed, "the sign-on before it failed")
    others = tuple(one for one in machine.state.waiting if one.key != voucher.key)
    again = replace(voucher, tries=0, failed=False)
    yield from machine.keep(waiting=(*others, again))
    exchange = yield from send(machine, again)
    assert exchange is not None
    yield from sign_on_if_wanted(machine, exchange)
    state = signature_state(machine, voucher.key)
    outcome = Outcome.APPROVED if state is Signed.UPLOADED else exchange.outcome
    return Result(
        "signature", outcome, exchange, "" if outcome is Outcome.APPROVED else waits(machine.state), signature=state
    )


def send(machine: Machine, voucher: Voucher) -> Program[Exchange | None]:
    """Upload one signature; afterwards the host has it, or it is marked as failed. None: its picture is damaged.

    Without a connection nothing is marked. Comes back with the exchange that decided.
    """
    exchange: Exchange | None = None
    messages = _messages(machine.setup, voucher)
    for number, message in enumerate(messages, 1):
        fields = machine.fields(message.route, message.values)
        exchange = yield from machine.talk(message.route, fields, message.about)
        taken = _taken(machine.setup, exchange)
        if taken and number == len(messages):
            yield from _keep(machine, voucher, None)
            exchange.note("the host has the signature")
        elif not taken and exchange.outcome is not Outcome.NOT_SENT:
            yield from _keep(machine, voucher, replace(voucher, tries=voucher.tries + 1, failed=True))
            exchange.note("the signature is kept")
        yield Ended(exchange)
        if not taken:
            break
    return exchange


def signature_state(machine: Machine, key: Key) -> Signed:
    """Return what happened to a signature that was kept."""
    voucher = next((one for one in machine.state.waiting if one.key == key), None)
    if voucher is None:
        return Signed.UPLOADED
    return Signed.FAILED if voucher.failed else Signed.KEPT


class _Message(NamedTuple):
    route: Route
    values: dict[str, Value]
    about: tuple[str, ...]


def _messages(setup: Setup, voucher: Voucher) -> list[_Message]:
    """Return the requests that upload one signature; none when its picture is damaged."""
    dialect, signing, image, size = setup.dialect, setup.terminal_profile.signature, voucher.image, setup.part_bytes
    if not image or signing is None:
        return []
    receipt = voucher.receipt
    values = {name: value for name, value in voucher.values.items() if name in signing.carries}
    values |= {"stan": receipt.stan, "batch": receipt.batch, "slip": _slip(setup, voucher)}
    about = (decimal_amount(receipt.amount_minor, receipt.exponent), receipt.card)
    if not (signing.parts and 0 < size < len(image)):
        route = dialect.find_route("signature")
        return [_Message(route, {**values, "image": image}, (*about, plural(len(image), "byte")))]
    route = dialect.find_route("signature_part")
    pieces = [image[start : start + size] for start in range(0, len(image), size)]
    messages = []
    for number, (piece, function) in enumerate(zip(pieces, route.when["function"], strict=False), 1):
        kind = {"transaction_type": signing.parts.types[number > 1], "function": function}
        if number > 1:
            kind["part_more"] = signing.parts.last if number == len(pieces) else signing.parts.more
        part = f"{plural(len(piece), 'byte')}, part {number} of {len(pieces)}"
        messages.append(_Message(route, {**values, **kind, "image": piece}, (*about, part)))
    return messages


def _slip(setup: Setup, voucher: Voucher) -> bytes:
    """Return the slip elements, with the way the signature was captured if uploads are to say it."""
    signing, slip = setup.terminal_profile.signature, voucher.values.get("slip", b"")
    assert isinstance(slip, bytes)
    if signing is None or not signing.slip:
        return b""
    if "capture" in signing.slip and setup.tell_capture:
        slip += slip_elements.build_slip_elements(
            [(slip_elements.ROLES["capture"], voucher.capture)], slip_elements.slip_tags(setup.dialect)
        )
    return slip


def _taken(setup: Setup, exchange: Exchange) -> bool:
    """Return whether the host has what was sent; an answer must repeat certain elements of the request."""
    signing, reply = setup.terminal_profile.signature, exchange.reply
    assert signing is not None
    if exchange.outcome not in ANSWERED or reply is None:
        return False
    for element in signing.repeats:
        got, expected = setup.dialect.get(reply, element), setup.dialect.get_from(exchange.request, element)
        if got != expected:
            exchange.outcome = Outcome.MALFORMED
            exchange.detail = f"the reply has {'no' if got is None else 'another'} {element}"
            return False
    return exchange.code in signing.done


def _keep(machine: Machine, old: Voucher, new: Voucher | None) -> Program[None]:
    """Replace a waiting voucher, or stop waiting for it."""
    others = ((new if one.key == old.key else one) for one in machine.state.waiting)
    yield from machine.keep(waiting=tuple(one for one in others if one is not None))


def _give_up(machine: Machine, voucher: Voucher) -> Program[None]:
    """Forget the picture of a slip that was printed to be signed on paper; no reprint shows it."""
    last = machine.state.voucher
    shown = for_paper(last) if last and last.key == voucher.key else last
    waiting = tuple(one for one in machine.state.waiting if one.key != voucher.key)
    yield from machine.keep(voucher=shown, waiting=waiting)


def _broken_off(machine: Machine, exchange: Exchange, why: str) -> Result:
    sentence = f"broken off, {why}; {waits(machine.state)}"
    return Result("signature", exchange.outcome, exchange, sentence, signature=Signed.KEPT)
