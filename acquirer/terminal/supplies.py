"""What our terminal can send in a dialect: every message that it has a command for, built and not sent.

1. Each operation runs as it would run, on a terminal with made-up keys, and its requests are caught before they leave.
2. A mandatory element that a request lacks is a problem, unless its route lists it as `supplied_by_others`.
3. A transaction need be complete by one way of entering the card; but each way must give a message that can be written.
4. Reversals and signatures follow from a sale without an answer, and from one with the answer that the dialect
   describes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import Any, Final, NamedTuple

from acquirer.data.toml import DataError
from acquirer.dialect.clock import size_of
from acquirer.dialect.compiled import CompiledDialect
from acquirer.dialect.dialect import Dialect, Route
from acquirer.dialect.message_checks import HOST_VALUES
from acquirer.dialect.plans import ElementValues
from acquirer.dialect.terminal_profile import TerminalProfile
from acquirer.security.ciphers import KEY_SIZES, CipherName, odd_parity
from acquirer.security.packages import wrap_cipher
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.terminal.card import card
from acquirer.terminal.download import MESSAGES
from acquirer.terminal.download_steps import Fetched, ask, guarded
from acquirer.terminal.effects import Ask, Began, Listen, NoAnswer, Program, Received, Response
from acquirer.terminal.kept_transactions import Original
from acquirer.terminal.kind import Kind
from acquirer.terminal.kinds import KINDS, REFUND, SALE
from acquirer.terminal.machine import Machine, Setup
from acquirer.terminal.order import Order
from acquirer.terminal.settlement import SettleOrder, settle
from acquirer.terminal.sign_on import echo, key_change, sign_off, sign_on
from acquirer.terminal.transaction import transact
from acquirer.terminal.upload import send
from acquirer.wire.message import Value

NOW: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
AMOUNT_MINOR: Final = 1234
PAN, EXPIRY, PIN = "6212345678901232", "3012", "123456"  # a made-up test card
SILENCE: Final = NoAnswer("nothing was sent", 0)

CAPTURE: Final = "pen"

Answer = Callable[[Machine, bytes], Response]
"""How a request is answered: the machine still has the keys of that request."""

Operation = Callable[[Machine], Program[Any]]

MANAGEMENT: Final[dict[str, Operation]] = {
    "sign_on": sign_on,
    "key_change": key_change,
    "sign_off": sign_off,
    "echo": echo,
}


def silence(_machine: Machine, _frame: bytes) -> Response:
    """Leave a request without an answer."""
    return SILENCE


SETTLING: Final = ("settlement", "batch_upload", "batch_upload_chip", "batch_upload_advice", "batch_upload_end")
"""Messages of a settlement."""


class Attempt(NamedTuple):
    """One try to build the messages of an operation."""

    requests: dict[str, Mapping[int, Value]]  # by service, the fields of the first of each
    error: str = ""  # why it went no further


def unsupplied(compiled: CompiledDialect) -> Iterator[DataError]:
    """Yield the messages that our terminal cannot build in a dialect, each with the reason and where it stands."""
    dialect = compiled.dialect
    if dialect.terminal_profile is None:
        return
    for service, operation in MANAGEMENT.items():
        if route := _served(dialect, service):
            yield from _lacking(dialect, route, [_attempt(_machine(compiled), operation)])
    for service in MESSAGES:
        if route := _served(dialect, service):
            yield from _lacking(dialect, route, [_attempt(_machine(compiled), _download(service))])
    for kind in KINDS.values():
        if route := _served(dialect, kind.service):
            yield from _transaction(compiled, kind, route)
    if _served(dialect, SALE.service):
        yield from _after_sale(compiled)
    if _served(dialect, "settlement"):
        yield from _settlement(compiled)


def _download(service: str) -> Operation:
    def send_one(machine: Machine) -> Program[Fetched]:
        return Fetched((yield from ask(machine, service, b"0")))

    return guarded(send_one)


def _served(dialect: Dialect, service: str) -> Route | None:
    """Return the route that our terminal's command takes, if a host serves it."""
    found = next((route for route in dialect.routes if route.service == service), None)
    return found if found is not None and found.served else None


def _transaction(compiled: CompiledDialect, kind: Kind, route: Route) -> Iterator[DataError]:
    """Yield the ways of entering a card that give no message, and what the most complete message lacks."""
    dialect, entries = compiled.dialect, list(_profile(compiled.dialect).entries)
    if not entries:
        yield dialect.error(("terminal", "entries"), f"there is none, so our terminal can send no {kind.noun}")
        return
    attempts = []
    for entry in entries:
        attempts.append(_attempt(_machine(compiled), _transact(kind, entry)))
        if kind is not SALE and not list(_lacking(dialect, route, attempts, kind.details)):
            return
    if not all(attempt.error for attempt in attempts):
        for entry, attempt in zip(entries, attempts, strict=True):
            if attempt.error:
                yield dialect.error(("terminal", "entries", entry), f"gives no {kind.noun}: {attempt.error}")
        if kind.pin and list(_lacking(dialect, route, attempts, kind.details)):
            attempts += [_attempt(_machine(compiled), _transact(kind, entry, PIN)) for entry in entries]
    yield from _lacking(dialect, route, attempts, kind.details)


def _transact(kind: Kind, entry: str, pin: str = "") -> Operation:
    original = Original(stan="000001", rrn=HOST_VALUES["rrn"], auth_id=HOST_VALUES["auth_id"], date="0102")
    order = Order(AMOUNT_MINOR, card(PAN, EXPIRY, pin=pin), NOW, entry, original=original)
    return lambda machine: transact(machine, kind, order)


def _after_sale(compiled: CompiledDialect) -> Iterator[DataError]:
    """Yield what lacks in the reversal of a sale without an answer, and in the upload of a signature."""
    dialect = compiled.dialect
    entry = next(iter(_profile(dialect).entries), "")
    if not entry:
        return
    sell = _transact(SALE, entry)
    if route := _served(dialect, "reversal"):
        yield from _lacking(dialect, route, [_attempt(_machine(compiled), sell)])
    signature = _profile(dialect).signature
    if signature is None:
        return
    machine = _machine(compiled)
    _attempt(machine, sell, approve)
    if machine.state.voucher is None:  # the reply that the dialect describes is no answer to our terminal
        return
    voucher = replace(machine.state.voucher, image=bytes(signature.max_bytes), capture=CAPTURE)
    upload = partial(send, voucher=voucher)
    if route := _served(dialect, "signature"):
        yield from _lacking(dialect, route, [_attempt(machine, upload)])
    if signature.parts and (route := _served(dialect, "signature_part")):
        size = -(-signature.max_bytes // len(route.when["function"]))
        machine.setup = replace(machine.setup, part_bytes=size)
        yield from _lacking(dialect, route, [_attempt(machine, upload, approve)])


def _settlement(compiled: CompiledDialect) -> Iterator[DataError]:
    """Yield what lacks in a settlement that is not balanced, its upload and its end."""
    dialect, entries = compiled.dialect, list(_profile(compiled.dialect).entries)
    machine = _machine(compiled)
    for entry in entries:
        _attempt(machine, _transact(SALE, entry), approve)
    if entries and _served(dialect, REFUND.service):
        _attempt(machine, _transact(REFUND, entries[0]), approve)
    attempts = [_attempt(machine, lambda one: settle(one, SettleOrder()), approve)]
    for service in SETTLING:
        if route := _served(dialect, service):
            yield from _lacking(dialect, route, attempts)


def _lacking(
    dialect: Dialect, route: Route, attempts: list[Attempt], brought: Collection[str] = ()
) -> Iterator[DataError]:
    """Yield what the most complete of several requests of a route lacks, or why there is none at all.

    Args:
        brought: elements that the operation brings.
    """
    lacking: list[list[str]] = []
    for attempt in attempts:
        request = attempt.requests.get(route.service)
        if request is not None and not attempt.error:
            lacking.append(
                [entry for entry in route.mandatory if not _supplied(dialect, route, request, entry, brought=brought)]
            )
    if not lacking:
        error = next((attempt.error for attempt in attempts if attempt.error), "it is never sent")
        yield dialect.error(route.path, f"our terminal cannot build this message: {error}")
        return
    for entry in min(lacking, key=len):
        problem = f"our terminal does not supply '{entry}': give it a value in [constants], take it out, "
        yield dialect.error((*route.path, "mandatory"), problem + "or list it in supplied_by_others too")


def _supplied(
    dialect: Dialect, route: Route, request: Mapping[int, Value], entry: str, *, brought: Collection[str]
) -> bool:
    given = {*route.supplied_by_others, *brought}
    if route.mac_request:  # a message's MAC, and the serial number of the keys that were derived for it
        given |= {"mac", "mac_secondary", "ksn"}
    return any(name in given or dialect.get_from(request, name) for name in entry.split(" or "))


def _attempt(machine: Machine, operation: Callable[[Machine], Program[Any]], answer: Answer = silence) -> Attempt:
    """Run an operation and return its requests; none of them leaves."""
    requests: dict[str, Mapping[int, Value]] = {}
    try:
        program = operation(machine)
        effect = next(program)
        while True:
            response: Response | None = None
            if isinstance(effect, Began):
                requests.setdefault(effect.exchange.service, effect.exchange.request)
            elif isinstance(effect, Ask):
                response = answer(machine, effect.frame)
            elif isinstance(effect, Listen):
                response = SILENCE
            effect = program.send(response)
    except StopIteration:
        return Attempt(requests)
    except (ValueError, LookupError) as exc:
        return Attempt(requests, str(exc))


def approve(machine: Machine, frame: bytes) -> Response:
    """Answer a request with the approval that the dialect describes. Raises EncodeError."""
    compiled, dialect = machine.setup.compiled, machine.setup.dialect
    request = dialect.decode(frame)
    route = dialect.route(request)
    if route is None:
        return SILENCE
    values: ElementValues = {**HOST_VALUES, **machine.setup.clock(), "code": dialect.code_of("approved", route)}
    fields = compiled.plans.plan(route, accepted=True).fields(request.fields, values)
    envelope, mti = dialect.reply_envelope(request), dialect.response_mti(request.mti)
    if route.mac_reply == "never" or machine.keys is None:
        return Received(dialect.encode(mti, fields, *envelope), 0)
    fields[dialect.mac_de(fields)] = bytes(dialect.security.mac_bytes)
    reply = dialect.encode(mti, dict(sorted(fields.items())), *envelope)
    return Received(compiled.suite.seal_reply(machine.keys, reply), 0)


def _machine(compiled: CompiledDialect) -> Machine:
    """Return a terminal that is signed on, with the sizes of numbers that the dialect has for them."""
    dialect, suite = compiled.dialect, compiled.suite
    package = suite.packages.get(_profile(dialect).package) or next(iter(suite.packages.values()), None)
    derived = suite.dukpt
    setup = Setup(
        compiled=compiled,
        supplies_all=True,
        tid=_digits(dialect, "tid", 8),
        mid=_digits(dialect, "mid", 15),
        tmk=_key(wrap_cipher(package)) if package else None,
        randbytes=_stream(),
        now=lambda: NOW,
        bdk=_key(derived.cipher) if derived else None,
        ksn=derived.ksn(bytes([0x12]) * derived.ksn_bytes, 0) if derived else b"",
    )
    machine = Machine(setup)
    keys = WorkingKeys(_key(package.cipher), _key(package.cipher, 1)) if package else None
    machine.state = replace(machine.state, keys=keys, package=machine.package, signed_on=True)
    return machine


def _profile(dialect: Dialect) -> TerminalProfile:
    assert dialect.terminal_profile is not None
    return dialect.terminal_profile


def _digits(dialect: Dialect, element: str, usual: int) -> str:
    """Return a number in the size of its element."""
    at = dialect.elements.get(element)
    return "1".ljust(usual if at is None else size_of(dialect, at), "0")


def _key(cipher: CipherName, first: int = 0) -> Secret:
    """Return a key that is used for nothing else; DES keys have odd parity, and no two thirds are equal."""
    size = KEY_SIZES[cipher][0]
    return Secret(
        odd_parity(bytes(range(1 + first, 1 + first + size))) if "des" in cipher else bytes(range(size)), cipher
    )


def _stream() -> Callable[[int], bytes]:
    """Return a source of bytes that differ from call to call and are the same in each run."""
    numbers = count()
    return lambda size: hashlib.shake_128(next(numbers).to_bytes(4, "big")).digest(size)
