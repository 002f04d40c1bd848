"""Sign-on, key change, sign-off and echo: the management messages, which carry no MAC in most dialects.

A sign-on's reply brings working keys, each with its KCV, and the batch number to use from then on; the keys count only
when every KCV is right (Q/CUP 009, 签到). Where it brings none, a key change does.
"""

from __future__ import annotations

from dataclasses import replace

from acquirer.dialect.dialect import Route
from acquirer.security.packages import PackageError
from acquirer.security.working import WorkingKeys
from acquirer.terminal.effects import Ended, Program
from acquirer.terminal.exchange import Exchange, Outcome, Result
from acquirer.terminal.machine import Machine
from acquirer.terminal.operators import no_cashier
from acquirer.terminal.state import waits
from acquirer.wire.message import Message, Value, as_bytes


def sign_on(machine: Machine) -> Program[Result]:
    """Sign on by hand."""
    if missing := no_cashier(machine.state.operators, machine.state.operator):
        return Result("sign_on", Outcome.REFUSED, sentence=f"not signed on: {missing}")
    exchange = yield from fetch_keys(machine)
    return Result("sign_on", exchange.outcome, exchange)


def fetch_keys(machine: Machine) -> Program[Exchange]:
    """Sign on once: working keys and the batch are kept if they can be used."""
    route = machine.setup.dialect.find_route("sign_on")
    values: dict[str, Value] = {
        **machine.ours(),
        "stan": (yield from machine.count()),
        "function": _wanted_package(machine, route),
    }
    exchange = yield from machine.talk(route, machine.fields(route, values))
    if exchange.outcome is Outcome.APPROVED and exchange.reply is not None:
        yield from _signed_on(machine, exchange, route, exchange.reply)
    yield Ended(exchange)
    return exchange


def key_change(machine: Machine) -> Program[Result]:
    """Fetch new working keys between two sign-ons; the old ones are forgotten only when the new ones can be used."""
    route = machine.setup.dialect.find_route("key_change")
    values: dict[str, Value] = {"stan": (yield from machine.count())}
    exchange = yield from machine.talk(route, machine.fields(route, values))
    if exchange.outcome is Outcome.APPROVED and exchange.reply is not None:
        keys = _new_keys(machine, exchange, exchange.reply)
        if keys is not None:
            yield from machine.keep(keys=keys)
    yield Ended(exchange)
    return Result("key_change", exchange.outcome, exchange)


def ready(machine: Machine) -> Program[Exchange | None]:
    """Sign on unless that has been done, and for the key package that is wanted; then None."""
    state = machine.state
    if not machine.signs_on or (state.signed_on and not machine.keyless and state.package == machine.package):
        return None
    return (yield from fetch_keys(machine))


def wants_sign_on(machine: Machine, exchange: Exchange) -> bool:
    """Return whether an answer says no more than that the terminal must sign on first: it decides nothing."""
    return machine.signs_on and exchange.code in machine.setup.terminal_profile.sign_on_again


def sign_on_if_wanted(machine: Machine, exchange: Exchange) -> Program[None]:
    """Sign on again when the answer's code or its head asks for it."""
    if wants_sign_on(machine, exchange) or (machine.signs_on and machine.wants(exchange) == "sign_on"):
        yield from machine.keep(signed_on=False)
        yield from fetch_keys(machine)


def echo(machine: Machine) -> Program[Result]:
    """Ask whether the host is there."""
    exchange = yield from _manage(machine, "echo")
    yield Ended(exchange)
    yield from sign_on_if_wanted(machine, exchange)
    return Result("echo", exchange.outcome, exchange)


def sign_off(machine: Machine) -> Program[Result]:
    """Sign off. With any answer this terminal is then signed off, and its cashier logged off.

    It keeps its keys for a reversal it owes.
    """
    exchange = yield from _manage(machine, "sign_off")
    if exchange.outcome is not Outcome.NOT_SENT:
        yield from machine.keep(signed_on=False, operator="")
    yield Ended(exchange)
    return Result("sign_off", exchange.outcome, exchange, waits(machine.state))


def _manage(machine: Machine, service: str) -> Program[Exchange]:
    route = machine.setup.dialect.find_route(service)
    values: dict[str, Value] = {"batch": machine.state.batch}
    if service not in machine.setup.terminal_profile.without_stan:
        values["stan"] = yield from machine.count()
    return (yield from machine.talk(route, machine.fields(route, values)))


def _under_next_tmk(machine: Machine, selector: str, value: Value | None) -> WorkingKeys | None:
    """Return the working keys, if they open under the master key whose activation was not answered; else None.

    That key is then the one in use, as it is at the host; who keeps the keys makes that durable.
    """
    downloaded = machine.state.downloaded
    if downloaded.next_tmk is None or value is None:
        return None
    try:
        keys = machine.setup.suite.accept(selector, downloaded.next_tmk, as_bytes(value))
    except PackageError:
        return None
    machine.state = replace(machine.state, downloaded=replace(downloaded, tmk=downloaded.next_tmk, next_tmk=None))
    return keys


def _wanted_package(machine: Machine, route: Route) -> str:
    """Return element `function` of a sign-on, where it says which key package is wanted; "": the route has but one."""
    return machine.package if machine.package in route.when.get("function", ()) else ""


def _signed_on(machine: Machine, exchange: Exchange, route: Route, reply: Message) -> Program[None]:
    """Take keys and batch out of an approved sign-on; keys that cannot be used turn the approval into a failure."""
    setup = machine.setup
    keys = machine.state.keys
    if "keys" in route.reply.make and setup.suite.dukpt is None:
        keys = _new_keys(machine, exchange, reply)
        if keys is None:
            return
    batch = setup.dialect.text(reply, "batch")
    if not batch or batch in setup.terminal_profile.keep_batch:
        batch = machine.state.batch
    if "batch" in setup.dialect.elements:
        exchange.note(f"batch {batch}")
    yield from machine.keep(keys=keys, package=machine.package, batch=batch, signed_on=True)


def _new_keys(machine: Machine, exchange: Exchange, reply: Message) -> WorkingKeys | None:
    """Return the working keys of a reply; None, and a failure instead of an approval, when they cannot be used."""
    setup = machine.setup
    value = setup.dialect.get(reply, "keys")
    function = setup.dialect.get_from(exchange.request, "function")
    selector = function if isinstance(function, str) and function in setup.suite.packages else machine.package
    try:
        if value is None:
            raise PackageError("the reply brings no working keys")
        if machine.tmk is None:
            raise PackageError("the reply brings working keys, and this terminal has no master key to open them")
        keys = setup.suite.accept(selector, machine.tmk, as_bytes(value), verify=setup.verify)
    except PackageError as error:
        next_keys = _under_next_tmk(machine, selector, value)
        if next_keys is not None:
            exchange.note(f"the master key that was downloaded is in use: keys {next_keys.kcvs.replace(',', '')}")
            return next_keys
        exchange.outcome, exchange.detail = Outcome.KEYS_DIFFER, str(error)
        return None
    exchange.note(f"keys {keys.kcvs.replace(',', '')}")
    return keys
