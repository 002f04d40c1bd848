"""Each thing that a rule can do, on every service of a host that is met over TCP by our own terminal."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import pytest

from acquirer.app.terminal import Terminal
from acquirer.app.terminal_connection import TerminalConnection
from acquirer.dialect.dialect import Dialect
from acquirer.host.kinds import KINDS
from acquirer.host.services import SERVICES
from acquirer.journal.entry import Entry
from acquirer.settings.specs import load_dialect
from acquirer.terminal.download import MESSAGES
from acquirer.terminal.exchange import Exchange, Outcome, Result
from acquirer.testing import RunningHost, running_host
from tests.dialects.fast import slow_except

DIALECTS: Final = ("unionpay-pos", "iso8583-1987-ascii")
every_dialect = pytest.mark.parametrize("name", slow_except("iso8583-1987-ascii", DIALECTS))
PATIENT_S: Final = 60.0


def sold(pos: Terminal) -> Terminal:
    """Return the terminal once it has sold something that can be undone, given back, or signed."""
    assert pos.sale("12.34").outcome is Outcome.APPROVED
    return pos


def held(pos: Terminal) -> Terminal:
    """Return the terminal once it holds an amount."""
    assert pos.pre_auth("50.00").outcome is Outcome.APPROVED
    return pos


def completed(pos: Terminal) -> Terminal:
    """Return the terminal once it has completed a pre-authorisation."""
    assert held(pos).complete("45.00").outcome is Outcome.APPROVED
    return pos


def paid(pos: Terminal) -> str:
    """Return the STAN of a sale that was paid from electronic cash."""
    result = pos.ecash_sale("12.34")
    assert result.outcome is Outcome.APPROVED
    return result.stan


def loaded(pos: Terminal) -> Terminal:
    """Return the terminal once it has loaded a chip with cash."""
    assert pos.load_chip("12.34", source="cash").outcome is Outcome.APPROVED
    return pos


RESERVATION: Final = {"mobile": "13800000000", "number": "123456"}

SETTLING: Final = {"settlement", "batch_upload", "batch_upload_chip", "batch_upload_advice", "batch_upload_end"}

OPERATIONS: Final[Mapping[str, Callable[[Terminal], Result]]] = {
    "sign_on": lambda pos: pos.sign_on(),
    "key_change": lambda pos: pos.key_change(),
    "sign_off": lambda pos: pos.sign_off(),
    "echo": lambda pos: pos.echo(),
    "sale": lambda pos: pos.sale("12.34"),
    "balance": lambda pos: pos.balance(),
    "void": lambda pos: sold(pos).void(),
    "refund": lambda pos: sold(pos).refund(),
    "pre_auth": lambda pos: pos.pre_auth("50.00"),
    "pre_auth_top_up": lambda pos: held(pos).top_up("1.00"),
    "pre_auth_void": lambda pos: held(pos).void(),
    "completion": lambda pos: held(pos).complete("45.00"),
    "completion_void": lambda pos: completed(pos).void(),
    "offline_sale": lambda pos: pos.offline_sale("12.34"),
    "tip_adjustment": lambda pos: sold(pos).tip("1.00"),
    "ecash_sale": lambda pos: pos.ecash_sale("12.34"),
    "ecash_refund": lambda pos: pos.refund(stan=paid(pos)),
    "instalment_sale": lambda pos: pos.sale("12.00", kind="instalment", details={"periods": "3", "project": "1"}),
    "points_sale": lambda pos: pos.sale("12.00", kind="points", details={"goods": "A"}),
    "points_balance": lambda pos: pos.balance(points=True),
    "recurring_sale": lambda pos: pos.sale("12.00", kind="recurring"),
    "moto_sale": lambda pos: pos.sale("12.00", kind="moto", details={"cvn2": "123"}),
    "cardholder_verification": lambda pos: pos.verify_holder(details={"cvn2": "123"}),
    "reservation_sale": lambda pos: pos.sale("12.00", kind="reservation", details=RESERVATION),
    "qr_sale": lambda pos: pos.sale("12.00", kind="qr", details={"code": "6220000000000000000"}),
    "account_load": lambda pos: pos.load_chip("12.34"),
    "cash_load": lambda pos: pos.load_chip("12.34", source="cash"),
    "cash_load_void": lambda pos: loaded(pos).void(),
    "script_result": lambda pos: sold(pos).script_result(),
    "reversal": lambda pos: (pos if pos.state.pending else sold(pos)).reverse(),  # owed after 96: the same again
    "parameters": lambda pos: pos.download("parameters"),
    "status_upload": lambda pos: pos.download("status"),
    "capk_query": lambda pos: pos.download("capk"),
    "rates": lambda pos: pos.download("rates"),
    "rsa_key": lambda pos: pos.download("tmk"),
    "signature": lambda pos: pos.sale("12.34", sign="Ann"),
    "signature_part": lambda pos: pos.sale("12.34", sign="Maximilian Mustermann"),
}
"""What a terminal does so that the host sees a message of each service."""


class Play:
    """One terminal of a host, and the service that rules are tried on."""

    def __init__(self, host: RunningHost, pos: Terminal, tid: str, dialect: Dialect, service: str) -> None:
        self.host, self.pos, self.tid, self.dialect, self.service = host, pos, tid, dialect, service

    def put(self, then: Mapping[str, Any], name: str = "ours", times: int = 1) -> None:
        """Put a rule for this service in force."""
        when = {"service": self.service, "tid": self.tid}
        self.host.rules.add({"name": name, "when": when, "then": then, "times": times})

    def exchanged(self) -> tuple[Exchange, Entry]:
        """Have the terminal do what the service is for; return its first exchange there, and its entry."""
        after = max((entry.id for entry in self.host.journal.list()), default=0)
        exchanges = OPERATIONS[self.service](self.pos).exchanges
        entries = self.host.journal.list(service=self.service, tid=self.tid)
        return (
            next(one for one in exchanges if one.service == self.service),
            next(entry for entry in entries if entry.id > after),
        )

    @property
    def books(self) -> object:
        """What the host has of this terminal, but for pictures, which are rendered when there is time."""
        of_it = [row for row in self.host.transactions if row.key.tid == self.tid]
        signed = [
            (one.key, one.number, one.digest, one.parts) for one in self.host.signatures if one.key.tid == self.tid
        ]
        return of_it, self.host.terminals[self.tid], signed


@contextmanager
def host_of(name: str) -> Iterator[Iterator[Play]]:
    """Start a host, and play with a terminal of its own for each service of its dialect."""
    dialect = load_dialect(name)
    services = [
        service for service in OPERATIONS if any(one.service == service and one.served for one in dialect.routes)
    ]
    options: dict[str, Any] = {"dialect": name, "sign_upload": "at-once", "timeout_s": PATIENT_S}

    def plays(host: RunningHost) -> Iterator[Play]:
        for number, service in enumerate(services):
            tid = str(20000001 + number)
            parts = 100 if service == "signature_part" else 0
            with Terminal(tid, host=host.address, sign_parts=parts, **options) as pos:
                assert pos.sign_on().outcome is Outcome.APPROVED
                yield Play(host, pos, tid, dialect, service)
                host.rules.clear()

    with running_host(dialect=name, seed=1, timezone="UTC") as host:
        yield plays(host)


def test_every_service_is_tried() -> None:
    routes = [route for name in DIALECTS for route in load_dialect(name).routes]
    alike = {*MESSAGES} - {*OPERATIONS}  # downloads differ in what they bring: some are tried
    served = {route.service for route in routes if route.served} - SETTLING - alike
    tried = {SERVICES[service].decide for service in OPERATIONS}
    assert {service for service in served if SERVICES[service].decide not in tried} == set()
    assert set(OPERATIONS) <= served


@every_dialect
def test_a_rule_chooses_the_answer_of_every_service(name: str) -> None:
    with host_of(name) as plays:
        for play in plays:
            codes = [play.dialect.code_of(reason) for reason in ("system_fault", "issuer_down")]
            decisions: list[tuple[dict[str, Any], list[str]]] = [
                ({"code": codes[0]}, codes[:1]),
                ({"reason": "issuer_down"}, codes[1:]),
                ({"answers": codes}, codes),
                ({"answers": codes[:1], "order": "random"}, codes[:1]),
            ]
            for then, expected in decisions:
                play.put(then, times=len(expected))
                for number, code in enumerate(expected, 1):
                    exchange, entry = play.exchanged()
                    found = (exchange.code, exchange.outcome, entry.code, entry.rule)
                    assert found == (code, Outcome.DECLINED, code, "ours"), (play.service, then)
                    assert entry.why == f"rule 'ours' answers {code}; {number} of {len(expected)} used"
                assert play.host.rules.used() == {"ours": len(expected)}
                play.host.rules.clear()
            exchange, entry = play.exchanged()
            assert (exchange.outcome, entry.rule) == (Outcome.APPROVED, ""), play.service


@every_dialect
def test_what_a_rule_declines_is_not_booked(name: str) -> None:
    with host_of(name) as plays:
        for play in plays:
            before = play.host.terminals[play.tid][1]
            play.put({"code": play.dialect.code_of("system_fault")})
            play.exchanged()
            after = play.host.terminals[play.tid][1]
            assert (after.current, after.batch, after.signed_off) == (before.current, before.batch, before.signed_off)
            rows = [row for row in play.host.transactions if row.key.tid == play.tid and KINDS[row.kind].moves_money]
            sales = [one.original.stan for one in play.pos.state.sales if not one.voided]
            assert [row.key.stan for row in rows if row.state == "approved"] == sales, play.service
            assert {row.state for row in rows} <= {"approved", "declined", "completed"}, play.service
            assert not any(row.refunded_minor for row in rows)
            assert not play.host.signatures


@every_dialect
def test_a_rule_approves_what_is_declined_in_every_service(name: str) -> None:
    with host_of(name) as plays:
        for play in plays:
            play.put({"reason": "system_fault"}, "another", times=99)
            play.put({"approve": True})  # declared later, so asked first
            exchange, entry = play.exchanged()
            code = play.dialect.code_of("approved", play.dialect.find_route(play.service))
            assert (exchange.outcome, exchange.code) == (Outcome.APPROVED, code), play.service
            assert (entry.rule, entry.why) == ("ours", "rule 'ours' approves; 1 of 1 used")
            assert play.exchanged()[1].rule == "another"


@every_dialect
def test_a_rule_changes_the_reply_of_every_service(name: str) -> None:
    with host_of(name) as plays:
        for play in plays:
            before = play.exchanged()[0].reply
            assert before is not None
            dropped = next(de for de in (32, 37, 12, 7) if de in before.fields)
            play.put({"set": {"de.44": "0123456789"}, "drop": [f"de.{dropped}"]})
            exchange, entry = play.exchanged()
            assert exchange.reply is not None
            assert exchange.reply.fields[44] == "0123456789", play.service
            assert dropped not in exchange.reply.fields, play.service
            assert exchange.outcome is Outcome.APPROVED, "the MAC is that of the changed reply"
            assert entry.why.endswith(f"; rule 'ours' sets de.44 and drops de.{dropped}; 1 of 1 used")


def test_a_rule_asks_for_a_sign_on_in_every_service() -> None:
    with host_of("unionpay-pos") as plays:
        for play in plays:
            machine = play.pos._core.machine
            assert machine.wants(play.exchanged()[0]) == "", play.service
            play.put({"ask": "sign_on"})
            exchange, entry = play.exchanged()
            assert machine.wants(exchange) == "sign_on", play.service
            assert (exchange.outcome, entry.rule) == (Outcome.APPROVED, "ours")


@every_dialect
def test_faults_of_a_rule_act_on_every_service(name: str) -> None:
    with host_of(name) as plays:
        for play in plays:
            play.put({"faults": ["delay:fixed=5ms", "duplicate"]})
            exchange, entry = play.exchanged()
            found = (exchange.outcome, entry.fault, entry.rule)
            assert found == (Outcome.APPROVED, "delay, duplicate", "ours"), play.service
            assert play.exchanged()[1].fault == ""


@every_dialect
def test_a_rule_holds_every_service_for_a_time_or_until_it_is_resumed(name: str) -> None:
    with host_of(name) as plays, ThreadPoolExecutor(1) as pool:
        for play in plays:
            host = play.host
            play.put({"hold": "30ms"})
            exchange, entry = play.exchanged()
            assert (exchange.outcome, entry.rule) == (Outcome.APPROVED, "ours"), play.service
            assert entry.took_us >= 30_000
            host.rules.clear()
            play.put({"hold": "for a person"})
            waiting = pool.submit(play.exchanged)
            while not host.held:
                assert not waiting.done(), play.service
            (held,) = host.held
            assert (held.tid, held.service, held.rule) == (play.tid, play.service, "ours")
            books = play.books
            with Terminal("10000161", host=host.address, dialect=name, timeout_s=PATIENT_S) as other:
                assert other.sale("1.00").outcome is Outcome.APPROVED, "its lane is another one"
            assert play.books == books
            assert host.resume(rule="ours") == 1
            exchange, entry = waiting.result(PATIENT_S)
            assert (exchange.outcome, entry.rule) == (Outcome.APPROVED, "ours"), play.service


@every_dialect
def test_nothing_is_booked_of_what_a_rule_holds_beyond_its_deadline(name: str) -> None:
    with host_of(name) as plays, ThreadPoolExecutor(1) as pool:
        for play in plays:
            host = play.host
            play.put({"hold": "for a person"})
            waiting = pool.submit(OPERATIONS[play.service], play.pos)
            while not host.held:
                assert not waiting.done(), play.service
            books = play.books
            let_deadlines_pass(host)
            assert host.resume() == 1
            entry = host.journal.wait(service=play.service, tid=play.tid, code="", timeout=PATIENT_S)
            assert "nothing was changed" in "".join(entry.notes)
            assert play.books == books, play.service
            host.rules.clear()
            hang_up(play.pos)
            unanswered = [one for one in waiting.result(PATIENT_S).exchanges if one.service == play.service]
            assert unanswered[0].outcome is Outcome.NO_ANSWER


def let_deadlines_pass(host: RunningHost) -> None:
    """Have the deadlines of all exchanges that are held be over."""

    def on_the_loop() -> None:
        for _, resume, _ in host._running.driver.held._held.values():
            steps = resume.__self__.steps  # type: ignore[attr-defined]  # of a run, bound to it
            steps.gi_frame.f_locals["arrival"].deadline_s = 0.0

    host._background.call(on_the_loop)


def hang_up(pos: Terminal) -> None:
    """End the connection of a terminal that waits for a reply."""
    line = pos._connection
    assert isinstance(line, TerminalConnection)
    assert line._socket is not None
    line._socket.shutdown(socket.SHUT_RDWR)
