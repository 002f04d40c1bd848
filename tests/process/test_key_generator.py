"""Keys made ahead of need: right, never given out twice, sealed on their way; and no sign-on waits for them."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from acquirer.app.serve import _key_generator
from acquirer.dialect.suite import Suite
from acquirer.process import channel, key_generator
from acquirer.process.channel import Channel, Child
from acquirer.process.key_generator import BATCH_SETS, ENDED, POOL_SETS, STARTS_AT, KeyGenerator, KeyPool
from acquirer.security.ciphers import is_weak, odd_parity
from acquirer.security.key_package import KeyPackage, KeyPart
from acquirer.security.packages import PackageIssuer, ReadyKeys, accept_package
from acquirer.security.secret import Secret
from acquirer.security.vault import MASTER_BYTES
from acquirer.security.working import WorkingKeys
from acquirer.settings.config import Config
from acquirer.settings.specs import load_dialect

TMK = Secret.from_hex("258FB0AB70D025CDB99DF2C4D302D646")
FORMS = ("single", "double", "duplicated")
SHIPPED = [
    ("unionpay-pos", "001"),
    ("unionpay-pos", "003"),
    ("unionpay-pos", "004"),  # with a TDK
    ("unionpay-pos", "005"),  # SM4
    ("unionpay-pos", "006"),
    ("iso8583-1987-ascii", "001"),  # as hexadecimal text
    ("iso8583-1993-bcd", "801"),
]


@pytest.fixture(autouse=True, scope="module")
def unhurried() -> Iterator[None]:
    """A busy machine takes longer to start and to end a process than a host would wait."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_generator, "CLOSING_S", 600)
        yield


def package(selector: str, name: str = "unionpay-pos") -> KeyPackage:
    return load_dialect(name).security.packages[selector]


def forbidden(_size: int) -> bytes:
    """What a host draws keys from; here it must not."""
    raise AssertionError("the host made its keys itself")


class Workshop:
    """A key generator on a loop that only the test runs."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        process: subprocess.Popen[bytes],
        generator: KeyGenerator,
        warnings: list[str],
    ) -> None:
        self.loop = loop
        self.process = process
        self.generator = generator
        self.warnings = warnings

    def pool(self, package: KeyPackage, mak: Any = "single") -> KeyPool:
        self.generator.ready_keys(PackageIssuer(package, mak))
        return self.generator._pools[-1]

    def wait(self) -> None:
        """Wait for a batch, or the end."""
        self.generator._channel.wait()

    def stocked(self, package: KeyPackage, mak: Any = "single") -> PackageIssuer:
        """An issuer with a batch at hand."""
        issuer = PackageIssuer(package, mak)
        issuer.ready_keys = self.generator.ready_keys(issuer)
        assert issuer.ready_keys() is None
        self.fill(self.generator._pools[-1])
        return issuer

    def take(self, pool: KeyPool, count: int) -> list[bytes]:
        """So many, however long they take to be made."""
        found: list[bytes] = []
        while len(found) < count:
            fresh = pool.take()
            if fresh is None:
                self.wait()
            else:
                found.append(fresh)
        return found

    def fill(self, pool: KeyPool) -> None:
        """Wait for all that was ordered."""
        while pool._due:
            self.wait()

    def turn(self) -> None:
        self.loop.call_soon(self.loop.stop)
        self.loop.run_forever()


@contextmanager
def working() -> Iterator[tuple[Workshop, list[BaseException]]]:
    """A workshop, and what its loop's callbacks raised."""
    start = channel.start
    found: list[subprocess.Popen[bytes]] = []

    def noted(*arguments: str, **streams: Any) -> Child:
        child = start(*arguments, **streams)
        found.append(child.process)
        return child

    loop = asyncio.new_event_loop()
    errors: list[BaseException] = []
    loop.set_exception_handler(lambda _loop, context: errors.append(context["exception"]))
    warnings: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(channel, "start", noted)
        generator = KeyGenerator(loop, warnings.append)
        generator.start()
    try:
        yield Workshop(loop, found[0], generator, warnings), errors
    finally:
        generator.close()
        loop.close()
    assert found[0].returncode is not None


@pytest.fixture(scope="module")
def open_workshop() -> Iterator[Workshop]:
    with working() as (one, errors):
        yield one
    assert (one.process.returncode, errors) == (0, [])


@pytest.fixture
def workshop(open_workshop: Workshop) -> Iterator[Workshop]:
    """One for all tests that leave it in order."""
    yield open_workshop
    for pool in open_workshop.generator._pools:
        open_workshop.fill(pool)


@pytest.fixture
def doomed() -> Iterator[Workshop]:
    """A workshop of the test's own, to do anything to."""
    with working() as (one, errors):
        yield one
    assert errors == []


# -- what is generated -------------------------------------------------------------------------------------------------


def test_the_first_sign_on_finds_none_and_has_some_generated(workshop: Workshop) -> None:
    pool = workshop.pool(package("003"))
    assert pool.take() is None
    workshop.wait()
    assert len(pool._ready) == BATCH_SETS
    assert len(pool.take() or b"") == 16 + 8 + 4 + 4


@pytest.mark.slow
@pytest.mark.parametrize(("dialect", "selector"), SHIPPED)
@pytest.mark.parametrize("mak", FORMS)
def test_packages_of_keys_from_stock_are_accepted(workshop: Workshop, dialect: str, selector: str, mak: Any) -> None:
    layout = package(selector, dialect)
    issuer = workshop.stocked(layout, mak)
    met: set[Any] = set()
    for _ in range(BATCH_SETS):
        issued = issuer.issue(TMK, forbidden)
        accepted = accept_package(layout, TMK, issued.wire)  # every KCV is checked
        assert accepted == issued.working
        assert accepted.kcvs == issued.working.kcvs
        keys = dict(issued.working.items())
        assert set(keys) == {part.name for part in layout.parts}
        clear = b"".join(key.reveal() for key in keys.values())
        if layout.cipher != "sm4":
            assert odd_parity(clear) == clear
            assert not is_weak(clear)  # no weak part, and no two parts alike
        met.update(keys.values())
    assert len(met) == BATCH_SETS * len(layout.parts)


def test_keys_from_stock_are_used_like_any_others(workshop: Workshop) -> None:
    suite = Suite(load_dialect("unionpay-pos"))
    suite.use_ready_keys(lambda issuer: workshop.stocked(issuer.package, issuer.mak).ready_keys)
    issued = suite.issue("004", TMK, "double", forbidden)
    accepted = suite.accept("004", TMK, issued.wire)
    for (name, mine), (again, theirs) in zip(issued.working.items(), accepted.items(), strict=True):
        assert name == again
        assert mine.encrypt(bytes(16)) == theirs.encrypt(bytes(16))
        assert theirs.decrypt(mine.encrypt(bytes(range(16)))) == bytes(range(16))


def test_no_key_is_given_out_twice(workshop: Workshop) -> None:
    """Nor by two pools of one layout, as two listeners of one dialect have them."""
    pools = [workshop.pool(package("004"), "double") for _ in range(2)]
    parts: list[bytes] = []
    for pool in pools:
        for fresh in workshop.take(pool, POOL_SETS + 3 * BATCH_SETS):
            parts += [fresh[at : at + 8] for at in range(0, 48, 8)]
    assert len(parts) == 2 * 6 * (POOL_SETS + 3 * BATCH_SETS)
    assert len(set(parts)) == len(parts)


def test_a_pool_never_holds_more_than_its_stock(workshop: Workshop) -> None:
    pool = workshop.pool(package("001"))
    for _ in range(POOL_SETS // BATCH_SETS + 5):
        assert pool.take() is None
        assert len(pool._ready) + pool._due <= POOL_SETS
    workshop.fill(pool)
    assert len(pool._ready) == POOL_SETS
    dice = random.Random(1)
    for _ in range(300):
        for _ in range(dice.choice([1, 1, 5, 100])):
            pool.take()
            assert len(pool._ready) + pool._due <= POOL_SETS
        if pool._due and dice.random() < 0.5:
            workshop.wait()
            assert len(pool._ready) + pool._due <= POOL_SETS
    workshop.fill(pool)
    assert POOL_SETS - BATCH_SETS <= len(pool._ready) <= POOL_SETS


def test_pools_of_several_layouts_are_filled_by_one_process(workshop: Workshop) -> None:
    pools = [workshop.pool(package(selector), mak) for selector in ("001", "004", "006") for mak in FORMS]
    for pool in pools:
        pool.take()
    for pool in pools:
        workshop.fill(pool)
        size = pool.issuer.fresh_bytes
        assert [len(fresh) for fresh in pool._ready] == [size] * BATCH_SETS


@pytest.mark.interpreted
def test_the_loop_takes_what_comes(workshop: Workshop) -> None:
    pool = workshop.pool(package("003"))
    put = pool.put

    def stop_after(batch: bytes) -> None:
        put(batch)
        workshop.loop.stop()

    pool.put = stop_after  # type: ignore[method-assign]
    assert pool.take() is None
    workshop.loop.run_forever()
    assert len(pool._ready) == BATCH_SETS


# -- keys from elsewhere -----------------------------------------------------------------------------------------------


def test_key_blocks_do_not_come_from_stock() -> None:
    layout = KeyPackage("001", "3des", "tr31-b", (KeyPart("pik", 16), KeyPart("mak", 16)), 0, False)
    issuer = PackageIssuer(layout, "single")
    issuer.ready_keys = lambda: forbidden(0)
    issued = issuer.issue(TMK, os.urandom)
    assert accept_package(layout, TMK, issued.wire) == issued.working


def test_pinned_keys_do_not_come_from_stock() -> None:
    issuer = PackageIssuer(package("003"), "single")
    issuer.ready_keys = lambda: forbidden(0)
    pinned = WorkingKeys(Secret(bytes(range(16))), Secret(bytes(range(8))))
    assert issuer.issue(TMK, os.urandom, pinned).working == pinned


@contextmanager
def begun(config: Config, *, child_process: bool = True) -> Iterator[tuple[KeyGenerator | None, list[str]]]:
    """What makes keys ahead for such a host, and the warnings about it."""
    warnings: list[str] = []
    with (
        closing(asyncio.new_event_loop()) as loop,
        _key_generator(config, loop, warnings.append, child_process=child_process) as generator,
    ):
        yield generator, warnings


def started(generator: KeyGenerator) -> Channel:
    """The channel to its process, which must have been started."""
    assert generator._channel is not None
    return generator._channel


def demand(generator: KeyGenerator) -> ReadyKeys:
    """Take so many keys that the process is started."""
    take = generator.ready_keys(PackageIssuer(package("003"), "single"))
    assert [take() for _ in range(STARTS_AT)] == [None] * STARTS_AT
    return take


def test_a_host_has_keys_generated_ahead_and_ends_the_process_however_it_ends() -> None:
    with suppress(RuntimeError), begun(Config()) as (generator, warnings):
        assert generator is not None
        demand(generator)
        process = generator._channel._child.process
        assert process.poll() is None
        raise RuntimeError
    assert process.returncode == 0
    assert warnings == []


def test_the_process_begins_with_the_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that is tried by hand does not pay for it."""
    with begun(Config()) as (generator, _):
        assert generator is not None
        pools = [generator.ready_keys(PackageIssuer(package(selector), "single")) for selector in ("001", "003")]
        with monkeypatch.context() as patch:
            patch.setattr(channel, "start", forbidden)
            for number in range(STARTS_AT - 1):
                assert pools[number % 2]() is None
        assert generator._channel is None
        assert pools[0]() is None
        started: Any = generator  # the type of its channel was narrowed to None
        started._channel.wait()
        assert pools[0]() is not None


def test_a_host_without_demand_ends_without_a_process() -> None:
    with begun(Config()) as (generator, warnings):
        assert generator is not None
    assert (generator._channel, warnings) == (None, [])
    generator.close()


def test_keys_that_come_from_a_seed_are_not_generated_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor are those of a host that shares its process with others, as in tests."""
    for config, child_process in ((Config(seed=1), True), (Config(seed=0), True), (Config(), False)):
        with begun(config, child_process=child_process) as found:
            assert found == (None, [])


def test_a_host_does_without_a_process_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with begun(Config()) as (generator, warnings):
        assert generator is not None
        take = demand(generator)
        assert len(warnings) == 1
        assert [take() for _ in range(3 * STARTS_AT)] == [None] * 3 * STARTS_AT
    assert len(warnings) == 1, "it is tried once"
    assert warnings[0].startswith("keys are not made ahead of need: the process for that cannot be started: [Errno 2] ")


@pytest.mark.slow
@pytest.mark.parametrize("ends", ["pass", "connection.recv_bytes()"])
def test_a_host_does_without_a_process_that_ends_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ends: str
) -> None:
    (tmp_path / "actor.py").write_text(f"def main(connection):\n    {ends}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    start = channel.start
    monkeypatch.setattr(channel, "start", lambda _module: start("actor"))
    with begun(Config()) as (generator, warnings):
        assert generator is not None
        take = demand(generator)
        while not generator._ended:
            generator._channel.wait()
        assert [take() for _ in range(20)] == [None] * 20
    assert warnings == [ENDED]


# -- ends --------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("known", [False, True], ids=["before it is known", "after it is known"])
def test_when_it_is_killed_the_stock_is_used_up_and_no_sign_on_is_stopped(doomed: Workshop, known: bool) -> None:
    issuer = doomed.stocked(package("003"))
    doomed.process.kill()
    doomed.process.wait()
    if known:
        while not doomed.generator._ended:
            doomed.wait()
    wires = [issuer.issue(TMK, forbidden).wire for _ in range(BATCH_SETS)]
    doomed.turn()
    assert [issuer.ready_keys() for _ in range(50)] == [None] * 50
    wires += [issuer.issue(TMK, os.urandom).wire for _ in range(BATCH_SETS)]
    assert len(set(wires)) == 2 * BATCH_SETS
    for wire in wires:
        accept_package(issuer.package, TMK, wire)
    assert [doomed.pool(package("001")).take() for _ in range(50)] == [None] * 50, "nor does a new pool wait for it"


def test_killed_amid_its_work_it_leaves_whole_batches_only(doomed: Workshop) -> None:
    pool = doomed.pool(package("004"), "double")
    for _ in range(POOL_SETS // BATCH_SETS):
        pool.take()
    doomed.wait()
    doomed.process.kill()
    while not doomed.generator._ended:
        doomed.wait()
    ready = len(pool._ready)
    assert ready % BATCH_SETS == 0
    assert ready > 0
    given = [pool.take() for _ in range(ready + 10)]
    assert given[ready:] == [None] * 10
    assert {len(fresh) for fresh in given[:ready] if fresh} == {pool.issuer.fresh_bytes}


@pytest.mark.slow
def test_closing_it_waits_for_its_end_and_leaves_nothing_open() -> None:
    gc.collect()
    before = sorted(Path("/proc/self/fd").iterdir())
    with working() as (one, errors):
        for _ in range(5):
            one.pool(package("003")).take()  # it is at work
    assert (one.process.returncode, errors) == (0, [])
    gc.collect()
    assert sorted(Path("/proc/self/fd").iterdir()) == before


def test_after_its_end_nothing_is_sent(doomed: Workshop, tmp_path: Path) -> None:
    pool = doomed.pool(package("003"))
    number = doomed.generator._channel._connection.fileno()
    doomed.generator.close()
    other = tmp_path / "other"
    with other.open("wb") as file:  # most often it gets the number that is free now
        if file.fileno() != number:
            os.dup2(file.fileno(), number)
        try:
            assert pool.take() is None
        finally:
            if file.fileno() != number:
                os.close(number)
    assert other.read_bytes() == b""


def test_it_ends_with_its_connection_in_the_middle_of_its_work(doomed: Workshop) -> None:
    """As it does when the host is killed."""
    pool = doomed.pool(package("004"))
    for _ in range(POOL_SETS // BATCH_SETS):
        pool.take()
    with socket.socket(fileno=os.dup(doomed.generator._channel._connection.fileno())) as ours:
        ours.shutdown(socket.SHUT_RDWR)
    assert doomed.process.wait() == 0


@pytest.mark.slow
def test_ctrl_c_is_for_the_host(workshop: Workshop) -> None:
    assert os.getsid(workshop.process.pid) == workshop.process.pid
    assert os.getpgid(workshop.process.pid) != os.getpgid(0)


# -- what travels ------------------------------------------------------------------------------------------------------


def test_no_clear_key_travels_between_the_two(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    travelled: list[bytes] = []
    send, receive = Connection.send_bytes, Connection.recv_bytes

    def sending(connection: Connection, data: bytes) -> None:
        travelled.append(data)
        send(connection, data)

    def receiving(connection: Connection) -> bytes:
        travelled.append(receive(connection))
        return travelled[-1]

    pools = [workshop.pool(package("004")), workshop.pool(package("006"))]
    with monkeypatch.context() as patch:
        patch.setattr(Connection, "send_bytes", sending)
        patch.setattr(Connection, "recv_bytes", receiving)
        for pool in pools:
            pool.take()
            workshop.fill(pool)
    stream = b"".join(travelled)
    sizes = [pool.issuer.fresh_bytes * BATCH_SETS for pool in pools]
    assert sum(sizes) < len(stream) < sum(sizes) + 2_000, "all of it, and little else"
    for pool in pools:
        keys = pool.issuer._total
        for fresh in pool._ready:
            assert all(fresh[at : at + 8] not in stream for at in range(0, keys, 8))


def test_the_key_between_the_two_is_nowhere_to_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes through the connection: arguments and environment of a process are there for others to read."""
    drawn: list[bytes] = []
    urandom = os.urandom

    def drawing(size: int) -> bytes:
        drawn.append(urandom(size))
        return drawn[-1]

    monkeypatch.setattr("os.urandom", drawing)
    with working() as (one, _):
        keys = [data for data in drawn if len(data) == MASTER_BYTES]
        one.take(one.pool(package("003")), 1)  # now it is at work
        seen = b"".join(Path(f"/proc/{one.process.pid}/{name}").read_bytes() for name in ("cmdline", "environ"))
    assert b"acquirer.process.key_generator" in seen
    assert keys
    for key in keys:
        assert key not in seen
        assert key.hex().encode() not in seen.lower()


def next_answer(workshop: Workshop, pool: KeyPool) -> Any:
    """The next answer, as it travelled."""
    answers: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workshop.generator._channel, "_on_message", answers.append)
        pool.take()
        workshop.wait()
    [answer] = answers
    return answer


@pytest.mark.slow
@pytest.mark.parametrize("at", [0, 5, -30, -1])
def test_a_batch_that_was_altered_is_refused_and_nothing_more_is_ordered(doomed: Workshop, at: int) -> None:
    pool = doomed.pool(package("003"))
    number, sealed = next_answer(doomed, pool)
    altered = bytearray(sealed)
    altered[at] ^= 1
    doomed.generator._take_batch((number, bytes(altered)))
    assert (pool._ready, doomed.generator._ended, doomed.warnings) == ([], True, [ENDED])
    assert [pool.take() for _ in range(50)] == [None] * 50


def test_a_batch_that_is_cut_is_refused(doomed: Workshop) -> None:
    pool = doomed.pool(package("003"))
    number, sealed = next_answer(doomed, pool)
    doomed.generator._take_batch((number, sealed[:-1]))
    assert (pool._ready, doomed.warnings) == ([], [ENDED])


def test_a_batch_for_one_pool_is_refused_by_another(doomed: Workshop) -> None:
    one, other = doomed.pool(package("003"), "double"), doomed.pool(package("003"), "double")
    number, sealed = next_answer(doomed, one)
    assert number == one.number
    doomed.generator._take_batch((other.number, sealed))
    assert (other._ready, doomed.warnings) == ([], [ENDED])


def test_a_batch_of_another_run_is_refused(workshop: Workshop, doomed: Workshop) -> None:
    theirs = workshop.pool(package("003"))
    _, sealed = next_answer(workshop, theirs)
    mine = doomed.pool(package("003"))
    doomed.generator._take_batch((mine.number, sealed))
    assert (mine._ready, doomed.warnings) == ([], [ENDED])
    workshop.generator._take_batch((theirs.number, sealed))
    assert len(theirs._ready) == BATCH_SETS


def test_what_it_cannot_make_ends_it_and_stops_no_sign_on(doomed: Workshop) -> None:
    """Say, a source of randomness that repeats itself."""
    doomed.generator._channel.send("nothing it knows")
    while not doomed.generator._ended:
        doomed.wait()
    assert doomed.process.wait() not in (0, -signal.SIGKILL)
    issuer = PackageIssuer(package("003"), "single")
    issuer.ready_keys = doomed.generator.ready_keys(issuer)
    issued = issuer.issue(TMK, os.urandom)
    assert accept_package(issuer.package, TMK, issued.wire) == issued.working
