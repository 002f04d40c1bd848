"""Our terminal with one mistake each, as terminals of the field have made them; and the case that must catch it.

A mutant changes the program of the terminal and nothing else. What must catch it is named: the case, and which of its
expectations does not hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from acquirer.app.terminal_connection import ExchangeTimer
from acquirer.dialect.suite import Suite
from acquirer.terminal import reply, reversal, sign_on, transaction, upload
from acquirer.terminal.effects import Ended, Program
from acquirer.terminal.exchange import Exchange, Outcome, Result
from acquirer.terminal.kinds import course_of
from acquirer.terminal.machine import Machine
from acquirer.terminal.printing import receipt
from acquirer.terminal.setup import Setup
from acquirer.terminal.state import State

Patch = pytest.MonkeyPatch


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake.

    Args:
        name: the mistake.
        case: the case that is meant for it.
        caught_by: the expectation that does not hold then, in its words.
        also: further cases that must catch it.
        apply: makes the mistake for the time of a test.
    """

    name: str
    case: str
    caught_by: str
    also: tuple[str, ...]
    apply: Callable[[Patch], None]


MUTANTS: Final[list[Mutant]] = []

Apply = Callable[[Patch], None]


def mutant(case: str, caught_by: str, *also: str) -> Callable[[Apply], Apply]:
    """Note a mistake, named after its function."""

    def note(apply: Apply) -> Apply:
        MUTANTS.append(Mutant(apply.__name__.replace("_", " "), case, caught_by, also, apply))
        return apply

    return note


def changed_fields(patch: Patch, where: Any, name: str, change: Callable[[Machine, dict[str, Any]], None]) -> None:
    """Have a function of the terminal that returns elements or fields return others."""
    before = getattr(where, name)

    def after(machine: Machine, *arguments: Any) -> Any:
        fields = dict(before(machine, *arguments))
        change(machine, fields)
        return fields

    patch.setattr(where, name, after)


def changed_element(patch: Patch, where: Any, name: str, element: str, value: str) -> None:
    """Have a function that returns the fields of a message put another value into an element."""

    def change(machine: Machine, fields: dict[Any, Any]) -> None:
        machine.setup.dialect.put(fields, element, value)

    changed_fields(patch, where, name, change)


# reversals


@mutant("sale-without-answer", "exactly one reversal of this sale")
def reverses_twice(patch: Patch) -> None:
    before = reversal._try_once

    def twice(machine: Machine) -> Program[Exchange]:
        pending = machine.state.pending
        exchange = yield from before(machine)
        if machine.state.pending is None:
            yield from machine.keep(pending=pending)
            exchange = yield from before(machine)
        return exchange

    patch.setattr(reversal, "_try_once", twice)


@mutant(
    "sale-without-answer",
    "exactly one reversal of this sale",
    "late-answer",
    "void-without-answer",
    "host-restarts",
    "answer-that-is-rubbish",
    "answer-longer-than-it-is",
)
def never_reverses(patch: Patch) -> None:
    def forget(machine: Machine, exchange: Exchange, _result: Result) -> Program[None]:
        yield from machine.keep(pending=None)
        yield Ended(exchange)

    patch.setattr(transaction, "undo_unanswered", forget)


@mutant("sale-without-answer", "no other reversal, and no second sale")
def repeats_an_unanswered_sale_with_a_new_stan(patch: Patch) -> None:
    before = Machine.talk

    def again(machine: Machine, route: Any, fields: Any, *arguments: Any, **options: Any) -> Program[Exchange]:
        exchange = yield from before(machine, route, fields, *arguments, **options)
        if route.service == "sale" and exchange.outcome is Outcome.NO_ANSWER:
            yield Ended(exchange)
            yield from machine.keep(stan=machine.state.next_stan().stan)
            machine.setup.dialect.put(fields, "stan", machine.state.stan)
            exchange = yield from before(machine, route, fields, *arguments, **options)
            yield Ended(exchange)
            exchange.outcome = Outcome.NO_ANSWER
        return exchange

    patch.setattr(Machine, "talk", again)


@mutant("reversal-fields", "the STAN of the sale")
def reverses_under_a_new_stan(patch: Patch) -> None:
    def change(machine: Machine, fields: dict[Any, Any]) -> None:
        machine.setup.dialect.put(fields, "stan", machine.state.next_stan().stan)

    changed_fields(patch, reversal, "_fields", change)


@mutant("reversal-fields", "the amount of the sale")
def reverses_another_amount(patch: Patch) -> None:
    changed_element(patch, reversal, "_fields", "amount", "000000000455")


@mutant("reversal-fields", "the batch of the sale")
def reverses_in_another_batch(patch: Patch) -> None:
    changed_element(patch, reversal, "_fields", "batch", "000777")


@mutant("reversal-fields", "processing code, entry mode, condition and currency of the sale")
def forgets_the_entry_mode_in_a_reversal(patch: Patch) -> None:
    changed_element(patch, reversal, "_fields", "entry_mode", "012")


@mutant("reversal-fields", "reason 98: no answer")
def gives_another_reason_for_a_reversal(patch: Patch) -> None:
    changed_element(patch, reversal, "_fields", "reversal_reason", "17")


@mutant("reversal-fields", "neither PIN block nor track: they must not be kept")
def keeps_the_track_for_the_reversal(patch: Patch) -> None:
    changed_element(patch, reversal, "_fields", "track2", "6212345678901232D30122010000000000000")


@mutant("power-cut", "the sale before was reversed before this one went out")
def forgets_the_outbox_at_a_power_cut(patch: Patch) -> None:
    before = transaction.transact

    def careless(machine: Machine, kind: Any, order: Any) -> Program[Result]:
        program = before(machine, kind, order)
        answer: Any = None
        while True:
            try:
                effect = program.send(answer)
            except StopIteration as end:
                result: Result = end.value
                return result
            state = getattr(effect, "state", None)
            answer = yield effect if state is None else replace(effect, state=replace(state, pending=None))

    patch.setattr("acquirer.terminal.sale.transact", careless)


@mutant(
    "reversal-before-next-sale",
    "the reversal of the sale before was answered before this sale went out",
    "torn-answer-to-a-reversal",
)
def sells_while_a_reversal_is_owed(patch: Patch) -> None:
    def go_on(_machine: Machine, _kind: Any, _drop: bool) -> Program[Result | None]:
        return None
        yield

    patch.setattr(transaction, "clear_pending", go_on)


@mutant("reversal-tries", "three tries in all")
def gives_a_reversal_up_too_early(patch: Patch) -> None:
    tries(patch, 1)


@mutant("reversal-tries", "three tries in all")
def gives_a_reversal_up_too_late(patch: Patch) -> None:
    tries(patch, 9)


def tries(patch: Patch, most: int) -> None:
    """Have the terminal make so many tries of a reversal."""
    before = Machine.__init__

    def patched(machine: Machine, setup: Any, state: State | None = None) -> None:
        before(machine, replace(setup, reversal_tries=most), state)

    patch.setattr(Machine, "__init__", patched)


@mutant("reversal-refused", "the reversal was tried again, and ended, before this sale")
def takes_a_refusal_for_the_end_of_a_reversal(patch: Patch) -> None:
    before = reversal._try_once

    def content(machine: Machine) -> Program[Exchange]:
        exchange = yield from before(machine)
        if exchange.outcome is Outcome.DECLINED:
            yield from machine.keep(pending=None)
        return exchange

    patch.setattr(reversal, "_try_once", content)


@mutant("inquiry-without-answer", "no reversal")
def reverses_an_inquiry(patch: Patch) -> None:
    def always(kind: Any, route: Any) -> str:
        return "reverse" if kind.service == "balance" else course_of(kind, route)

    patch.setattr(transaction, "course_of", always)


# keys and MACs


@mutant("kcv-of-mac-key", "keys were fetched again before anything was sold")
def ignores_a_check_value_that_differs(patch: Patch) -> None:
    before = Suite.accept

    def accept(suite: Suite, selector: str, tmk: Any, data: bytes, *, verify: bool = True) -> Any:
        return before(suite, selector, tmk, data, verify=False)

    patch.setattr(Suite, "accept", accept)


@mutant("answer-with-a-wrong-mac", "one reversal of this sale, at once", "answer-under-another-key")
def accepts_a_mac_that_differs(patch: Patch) -> None:
    patch.setattr(Suite, "verify_reply", lambda _suite, _keys, _message: True)


@mutant("answer-without-a-mac", "one reversal of this sale, at once")
def accepts_an_approval_without_a_mac(patch: Patch) -> None:
    before = reply._unconfirmed

    def lenient(suite: Suite, keys: Any, route: Any, message: Any, code: str) -> str:
        absent = suite.dialect.mac_de(message.fields) not in message.fields
        return "" if absent else before(suite, keys, route, message, code)

    patch.setattr(reply, "_unconfirmed", lenient)


@mutant("new-keys-replace-old", "the sale is approved: its MAC is made with the key of the last sign-on")
def makes_macs_under_old_keys(patch: Patch) -> None:
    before = sign_on._signed_on

    def keeping(machine: Machine, *arguments: Any) -> Program[None]:
        old = machine.state.keys
        yield from before(machine, *arguments)
        if old is not None:
            yield from machine.keep(keys=old)

    patch.setattr(sign_on, "_signed_on", keeping)


# sign-on


@mutant("sign-on-asked-for", "the sale, then a sign-on, without being asked to by a person")
def does_not_sign_on_when_the_header_asks(patch: Patch) -> None:
    patch.setattr(Machine, "wants", lambda _machine, _exchange: "")


@mutant("sign-on-required", "the refused sale, then a sign-on")
def does_not_sign_on_after_77(patch: Patch) -> None:
    patch.setattr(sign_on, "wants_sign_on", lambda _machine, _exchange: False)


@mutant("keys-changed-by-the-host", "the refused sale, then a sign-on", "keys-the-host-does-not-know")
def does_not_sign_on_after_a0(patch: Patch) -> None:
    def go_on(_machine: Machine, _exchange: Exchange) -> Program[None]:
        return
        yield

    patch.setattr(transaction, "sign_on_if_wanted", go_on)


@mutant("sign-off", "a sign-on stands before the sale, and no sale before that")
def sells_after_a_sign_off(patch: Patch) -> None:
    before = Machine.keep

    def keep(machine: Machine, **changes: Any) -> Program[None]:
        if changes.get("signed_on") is False:
            changes = {name: value for name, value in changes.items() if name != "signed_on"}
        yield from before(machine, **changes)

    patch.setattr(Machine, "keep", keep)


@mutant("sign-on-refused-terminal", "at most three sign-ons")
def signs_on_again_and_again(patch: Patch) -> None:
    before = sign_on.fetch_keys

    def stubborn(machine: Machine) -> Program[Exchange]:
        exchange = yield from before(machine)
        for _ in range(9):
            if exchange.outcome is not Outcome.DECLINED:
                break
            exchange = yield from before(machine)
        return exchange

    patch.setattr(sign_on, "fetch_keys", stubborn)


@mutant("operator-takes-over", "operator 02 in DE 63")
def signs_on_as_the_operator_of_the_morning(patch: Patch) -> None:
    before = Machine.ours

    def ours(machine: Machine) -> dict[str, str]:
        return {**before(machine), "operator": "01 "}

    patch.setattr(Machine, "ours", ours)


# transactions


@mutant("declined", "no slip of a sale", "rare-code")
def prints_a_slip_of_a_declined_sale(patch: Patch) -> None:
    before = transaction.conclude

    def generous(
        machine: Machine, kind: Any, order: Any, entry: Any, result: Result, exchange: Exchange, tags: Any
    ) -> Program[None]:
        yield from before(machine, kind, order, entry, result, exchange, tags)
        if exchange.outcome is Outcome.DECLINED:
            result.receipt = receipt(machine.setup, kind, order, entry, exchange, tags)

    patch.setattr(transaction, "conclude", generous)


@mutant("stan-for-each-transaction", "the second sale has another STAN")
def uses_a_stan_twice(patch: Patch) -> None:
    before = State.next_stan
    patch.setattr(State, "next_stan", lambda state: state if int(state.stan) > 1 else before(state))


@mutant("sale-fields", "entry mode (DE 22) and condition (DE 25)")
def leaves_the_entry_mode_out(patch: Patch) -> None:
    def change(machine: Machine, fields: dict[Any, Any]) -> None:
        del fields[machine.setup.dialect.elements["entry_mode"].de]

    changed_fields(patch, transaction, "request_fields", change)


@mutant("sale-fields", "processing code 000000, amount in 12 digits, currency 156")
def sells_in_another_currency(patch: Patch) -> None:
    changed_element(patch, transaction, "request_fields", "currency", "840")


@mutant("void", "batch and STAN of the sale in DE 61")
def mixes_up_the_order_within_a_field(patch: Patch) -> None:
    def change(machine: Machine, fields: dict[Any, Any]) -> None:
        dialect = machine.setup.dialect
        batch, stan = dialect.get_from(fields, "original_batch"), dialect.get_from(fields, "original_stan")
        if batch and stan:
            dialect.put(fields, "original_batch", stan)
            dialect.put(fields, "original_stan", batch)

    changed_fields(patch, transaction, "request_fields", change)


# answers


@mutant(
    "answer-for-another-stan",
    "one reversal of this sale",
    "answer-for-another-terminal",
    "answer-of-another-type",
    "answer-twice",
)
def takes_any_answer_for_its_own(patch: Patch) -> None:
    patch.setattr(reply, "_stray", lambda *_arguments: "")


@mutant("answer-with-another-amount", "one reversal of this sale, over its own amount", "answer-without-code")
def believes_another_amount(patch: Patch) -> None:
    patch.setattr(reply, "_misfit", lambda *_arguments: "")


@mutant("torn-answer", "one reversal of this sale", "answer-with-a-broken-bitmap")
def takes_half_an_answer_for_a_decline(patch: Patch) -> None:
    before = Machine.talk

    def talk(machine: Machine, route: Any, *arguments: Any, **options: Any) -> Program[Exchange]:
        exchange = yield from before(machine, route, *arguments, **options)
        if route.service == "sale" and exchange.outcome in (Outcome.MALFORMED, Outcome.NO_ANSWER):
            exchange.outcome, exchange.code = Outcome.DECLINED, "96"
        return exchange

    patch.setattr(Machine, "talk", talk)


# signatures


@mutant(
    "signature-of-its-own-sale",
    "the first signature is under the first sale: STAN, amount, reference number",
    "signature-whole",
)
def uploads_a_signature_under_another_sale(patch: Patch) -> None:
    before = upload.send

    def send(machine: Machine, voucher: Any) -> Program[Exchange | None]:
        last = machine.state.last
        if last is not None:
            named = replace(voucher.receipt, stan=last.stan, amount_minor=last.amount_minor)
            values = {**voucher.values, "amount": f"{last.amount_minor:012d}"}
            exchange = yield from before(machine, replace(voucher, receipt=named, values=values))
            others = tuple(one for one in machine.state.waiting if one.key != voucher.key)
            yield from machine.keep(waiting=others)
            return exchange
        return (yield from before(machine, voucher))

    patch.setattr(upload, "send", send)


@mutant("signature-without-answer", "the signature came a second time, and was taken (94: the host had it)")
def loses_a_signature_that_is_not_answered(patch: Patch) -> None:
    before = upload._keep

    def keep(machine: Machine, old: Any, new: Any) -> Program[None]:
        del new
        yield from before(machine, old, None)

    patch.setattr(upload, "_keep", keep)


@mutant("signature-known-already", "the signature is not uploaded again")
def takes_94_for_a_failure(patch: Patch) -> None:
    before = upload._taken
    patch.setattr(upload, "_taken", lambda setup, exchange: before(setup, exchange) and exchange.code != "94")
    patch.setattr(upload, "_give_up", lambda _machine, _voucher: iter(()))
    due = upload.upload_due

    def again(machine: Machine, newest: Any = None) -> Program[None]:
        waiting = tuple(replace(one, failed=False) for one in machine.state.waiting)
        yield from machine.keep(waiting=waiting)
        yield from due(machine, newest)

    patch.setattr(transaction, "upload_due", again)


@mutant("signature-in-parts", "the parts in order, from 801 on, all under the sale")
def sends_the_parts_backwards(patch: Patch) -> None:
    before = upload._messages
    patch.setattr(upload, "_messages", lambda setup, voucher: before(setup, voucher)[::-1])


@mutant("signature-refused", "at most four uploads of it: one after the sale, three in rounds")
def uploads_a_refused_signature_for_ever(patch: Patch) -> None:
    before = upload.upload
    patch.setattr("acquirer.terminal.supplies.upload", lambda machine, _rounds=0: before(machine, 9), raising=False)
    patch.setattr(
        "acquirer.app.terminal_operations.upload", lambda machine, _rounds=0: before(machine, 9), raising=False
    )


@mutant("signature-answer-for-another", "the signature came a second time")
def takes_any_answer_to_an_upload(patch: Patch) -> None:
    before = reply._stray
    patch.setattr(
        reply,
        "_stray",
        lambda dialect, route, *rest: "" if route.service == "signature" else before(dialect, route, *rest),
    )
    patch.setattr(upload, "_taken", lambda _setup, exchange: exchange.reply is not None)


# more about sign-on


@mutant("sign-on", "exactly one sign-on")
def signs_on_twice(patch: Patch) -> None:
    before = sign_on.fetch_keys

    def twice(machine: Machine) -> Program[Exchange]:
        yield from before(machine)
        return (yield from before(machine))

    patch.setattr(sign_on, "fetch_keys", twice)


@mutant("sale-after-sign-on", "nothing else was needed for it: neither a sign-on nor a reversal")
def signs_on_before_every_sale(patch: Patch) -> None:
    patch.setattr(transaction, "ready", sign_on.fetch_keys)


@mutant(
    "sign-on-refused",
    "it has signed on before the sale",
    "sign-on-torn",
    "key-package-length",
    "half-a-key-package",
    "kcv-of-pin-key",
    "operator-refused",
)
def takes_any_sign_on_for_one(patch: Patch) -> None:
    before = sign_on.fetch_keys

    def content(machine: Machine) -> Program[Exchange]:
        exchange = yield from before(machine)
        if machine.state.keys is not None:
            yield from machine.keep(signed_on=True)
        return exchange

    for module in (sign_on, reversal):
        patch.setattr(module, "fetch_keys", content)


@mutant("sign-on-without-answer", "no reversal of a sign-on")
def reverses_a_sign_on(patch: Patch) -> None:
    before = sign_on.fetch_keys

    def undo(machine: Machine) -> Program[Exchange]:
        exchange = yield from before(machine)
        if exchange.outcome is Outcome.NO_ANSWER:
            route = machine.setup.dialect.find_route("reversal")
            values = {"stan": exchange.stan, "amount": "000000000001", "reversal_reason": "98"}
            yield Ended((yield from machine.talk(route, machine.fields(route, values))))
        return exchange

    patch.setattr(sign_on, "fetch_keys", undo)


@mutant("operator-in-the-sign-on", "operator 01 in DE 63")
def signs_on_as_another_operator(patch: Patch) -> None:
    before = Machine.ours
    patch.setattr(Machine, "ours", lambda machine: {**before(machine), "operator": "07 "})


@mutant("logged-off-operator", "nothing is sold")
def sells_without_a_cashier(patch: Patch) -> None:
    patch.setattr(transaction, "no_cashier", lambda *_arguments: "")


# more about transactions and answers


@mutant("pin-block", "PIN block (DE 52), security control (DE 53) and PIN capture code (DE 26) are there")
def leaves_the_pin_capture_code_out(patch: Patch) -> None:
    def change(machine: Machine, fields: dict[Any, Any]) -> None:
        fields.pop(machine.setup.dialect.elements["pin_capture"].de, None)

    changed_fields(patch, transaction, "request_fields", change)


@mutant("sent-once", "no reversal: the answer came in time")
def gives_up_after_five_seconds(patch: Patch) -> None:
    patch.setattr(Setup, "patience_s", property(lambda _setup: 5.0))


@mutant("refund", "the reference number of the sale")
def refunds_under_another_reference_number(patch: Patch) -> None:
    def change(machine: Machine, fields: dict[Any, Any]) -> None:
        if machine.setup.dialect.get_from(fields, "rrn"):
            machine.setup.dialect.put(fields, "rrn", "999999999999")

    changed_fields(patch, transaction, "request_fields", change)


@mutant("reversal-of-what-never-arrived", "the sale is approved: nothing is owed any more")
def goes_on_reversing_after_25(patch: Patch) -> None:
    before = reversal._try_once

    def stubborn(machine: Machine) -> Program[Exchange]:
        pending = machine.state.pending
        exchange = yield from before(machine)
        if exchange.code == "25":
            yield from machine.keep(pending=pending)
        return exchange

    patch.setattr(reversal, "_try_once", stubborn)


@mutant("answer-with-more-fields", "no reversal")
def refuses_an_answer_with_more_fields(patch: Patch) -> None:
    before = reply._misfit

    def strict(dialect: Any, route: Any, request: Any, message: Any, code: str) -> str:
        return (
            "the reply has a field that is not expected"
            if 54 in message.fields
            else before(dialect, route, request, message, code)
        )

    patch.setattr(reply, "_misfit", strict)


@mutant("answer-in-two-pieces", "no reversal", "answer-drop-by-drop")
def takes_the_first_bytes_for_the_whole_answer(patch: Patch) -> None:
    before = ExchangeTimer.take

    def hasty(timer: ExchangeTimer, received: Any) -> Any:
        answer = before(timer, received)
        return timer.silence("no whole frame") if answer is None and isinstance(received, bytes) else answer

    patch.setattr(ExchangeTimer, "take", hasty)
