"""Keys made ahead of need: right, never given out twice, sealed on their way; and nobody is stopped without them."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from acquirer.app.serve import _key_generator
from acquirer.dialect.suite import Suite
from acquirer.process import channel as child
from acquirer.process import key_generator as key_maker
from acquirer.process.key_generator import BATCH, STOCK, KeyGenerator, KeyPool
from acquirer.security.ciphers import is_weak, odd_parity
from acquirer.security.key_package import KeyPackage, KeyPart
from acquirer.security.packages import PackageIssuer, accept_package
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


def package(selector: str, name: str = "unionpay-pos") -> KeyPackage:
    return load_dialect(name).security.packages[selector]


def forbidden(_size: int) -> bytes:
    """What a host draws keys from; here it must not."""
    raise AssertionError("the host made its keys itself")


GONE = "the process that makes keys ahead of need has ended: sign-ons take longer, and nothing is lost"


class Workshop:
    """A key maker on a loop nobody runs but the test."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        process: subprocess.Popen[bytes],
        maker: KeyGenerator,
        warnings: list[str],
    ) -> None:
        self.loop = loop
        self.process = process
        self.maker = maker
        self.warnings = warnings

    def shelf(self, package: KeyPackage, mak: Any = "single") -> KeyPool:
        self.maker.stocked(PackageIssuer(package, mak))
        return self.maker._shelves[-1]

    def wait(self) -> None:
        """Wait for a batch, or the end."""
        assert select.select([self.maker._dialogue._answers], [], [], 30)[0], "it does not answer"
        self.maker._dialogue.wait()

    def stocked(self, package: KeyPackage, mak: Any = "single") -> PackageIssuer:
        """A packager with a batch at hand."""
        packager = PackageIssuer(package, mak)
        packager.ready_keys = self.maker.stocked(packager)
        assert packager.ready_keys() is None
        self.fill(self.maker._shelves[-1])
        return packager

    def take(self, shelf: KeyPool, count: int) -> list[bytes]:
        """So many, however long they take to be made."""
        found: list[bytes] = []
        while len(found) < count:
            fresh = shelf.take()
            if fresh is None:
                self.wait()
            else:
                found.append(fresh)
        return found

    def fill(self, shelf: KeyPool) -> None:
        """Have all come that was asked for."""
        while shelf._due:
            self.wait()

    def turn(self) -> None:
        self.loop.call_soon(self.loop.stop)
        self.loop.run_forever()


@contextmanager
def working() -> Iterator[tuple[Workshop, list[BaseException]]]:
    """A workshop, and what went wrong on its loop."""
    start = child.start
    found: list[subprocess.Popen[bytes]] = []

    def noted(*arguments: str, **streams: Any) -> subprocess.Popen[bytes]:
        found.append(start(*arguments, **streams))
        return found[-1]

    loop = asyncio.new_event_loop()
    wrong: list[BaseException] = []
    loop.set_exception_handler(lambda _loop, context: wrong.append(context["exception"]))
    warnings: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(child, "start", noted)
        maker = KeyGenerator(loop, warnings.append)
    try:
        yield Workshop(loop, found[0], maker, warnings), wrong
    finally:
        maker.end()
        loop.close()
    assert found[0].returncode is not None


@pytest.fixture(scope="module")
def open_workshop() -> Iterator[Workshop]:
    with working() as (one, wrong):
        yield one
    assert (one.process.returncode, wrong) == (0, [])


@pytest.fixture
def workshop(open_workshop: Workshop) -> Iterator[Workshop]:
    """One for all tests that leave it in order."""
    yield open_workshop
    for shelf in open_workshop.maker._shelves:
        open_workshop.fill(shelf)


@pytest.fixture
def doomed() -> Iterator[Workshop]:
    """A workshop of the test's own, to do anything to."""
    with working() as (one, wrong):
        yield one
    assert wrong == []


# -- what is made ------------------------------------------------------------------------------------------------------


def test_the_first_who_asks_finds_none_and_has_some_made(workshop: Workshop) -> None:
    shelf = workshop.shelf(package("003"))
    assert shelf.take() is None
    workshop.wait()
    assert len(shelf._ready) == BATCH
    assert len(shelf.take() or b"") == 16 + 8 + 4 + 4


@pytest.mark.parametrize(("dialect", "selector"), SHIPPED)
@pytest.mark.parametrize("mak", FORMS)
def test_packages_of_keys_from_stock_are_accepted(workshop: Workshop, dialect: str, selector: str, mak: Any) -> None:
    layout = package(selector, dialect)
    packager = workshop.stocked(layout, mak)
    met = set()
    for _ in range(BATCH):
        issued = packager.issue(TMK, forbidden)
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
    assert len(met) == BATCH * len(layout.parts)


def test_keys_from_stock_are_used_like_any_others(workshop: Workshop) -> None:
    suite = Suite(load_dialect("unionpay-pos"))
    suite.stock(lambda packager: workshop.stocked(packager.package, packager.mak).ready_keys)
    issued = suite.issue("004", TMK, "double", forbidden)
    accepted = suite.accept("004", TMK, issued.wire)
    for (name, mine), (again, theirs) in zip(issued.working.items(), accepted.items(), strict=True):
        assert name == again
        assert mine.encrypt(bytes(16)) == theirs.encrypt(bytes(16))
        assert theirs.decrypt(mine.encrypt(bytes(range(16)))) == bytes(range(16))


def test_no_key_is_given_out_twice(workshop: Workshop) -> None:
    """Nor by two shelves of one layout, as two listeners of one dialect have them."""
    shelves = [workshop.shelf(package("004"), "double") for _ in range(2)]
    parts: list[bytes] = []
    for shelf in shelves:
        for fresh in workshop.take(shelf, STOCK + 3 * BATCH):
            parts += [fresh[at : at + 8] for at in range(0, 48, 8)]
    assert len(parts) == 2 * 6 * (STOCK + 3 * BATCH)
    assert len(set(parts)) == len(parts)


def test_a_shelf_never_holds_more_than_its_stock(workshop: Workshop) -> None:
    shelf = workshop.shelf(package("001"))
    for _ in range(STOCK // BATCH + 5):
        assert shelf.take() is None
        assert len(shelf._ready) + shelf._due <= STOCK
    workshop.fill(shelf)
    assert len(shelf._ready) == STOCK
    dice = random.Random(1)
    for _ in range(300):
        for _ in range(dice.choice([1, 1, 5, 100])):
            shelf.take()
            assert len(shelf._ready) + shelf._due <= STOCK
        if shelf._due and dice.random() < 0.5:
            workshop.wait()
            assert len(shelf._ready) + shelf._due <= STOCK
    workshop.fill(shelf)
    assert STOCK - BATCH <= len(shelf._ready) <= STOCK


def test_shelves_of_several_layouts_are_filled_by_one_process(workshop: Workshop) -> None:
    shelves = [workshop.shelf(package(selector), mak) for selector in ("001", "004", "006") for mak in FORMS]
    for shelf in shelves:
        shelf.take()
    for shelf in shelves:
        workshop.fill(shelf)
        size = shelf.packager.fresh_bytes
        assert [len(fresh) for fresh in shelf._ready] == [size] * BATCH


def test_the_loop_takes_what_comes(workshop: Workshop) -> None:
    shelf = workshop.shelf(package("003"))
    put = shelf.put

    def stop_after(made: bytes) -> None:
        put(made)
        workshop.loop.stop()

    shelf.put = stop_after  # type: ignore[method-assign]
    assert shelf.take() is None
    guard = workshop.loop.call_later(30, workshop.loop.stop)
    workshop.loop.run_forever()
    guard.cancel()
    assert len(shelf._ready) == BATCH


# -- who does without --------------------------------------------------------------------------------------------------


def test_key_blocks_do_not_come_from_stock() -> None:
    layout = KeyPackage("001", "3des", "tr31-b", (KeyPart("pik", 16), KeyPart("mak", 16)), 0, False)
    packager = PackageIssuer(layout, "single")
    packager.ready_keys = lambda: forbidden(0)
    issued = packager.issue(TMK, os.urandom)
    assert accept_package(layout, TMK, issued.wire) == issued.working


def test_pinned_keys_do_not_come_from_stock() -> None:
    packager = PackageIssuer(package("003"), "single")
    packager.ready_keys = lambda: forbidden(0)
    pinned = WorkingKeys(Secret(bytes(range(16))), Secret(bytes(range(8))))
    assert packager.issue(TMK, os.urandom, pinned).working == pinned


class Told:
    """A log that keeps what it was told."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def event(self, name: str, sentence: str = "") -> None:
        assert name == "warning"
        self.warnings.append(sentence)


@contextmanager
def begun(config: Config, *, apart: bool = True) -> Iterator[tuple[KeyGenerator | None, list[str]]]:
    """Who makes keys ahead for such a host, and what is told of it."""
    log: Any = Told()
    with closing(asyncio.new_event_loop()) as loop, _key_generator(config, log, loop, apart=apart) as maker:
        yield maker, log.warnings


def test_a_host_has_somebody_who_makes_keys_ahead_however_it_ends() -> None:
    with suppress(RuntimeError), begun(Config()) as (maker, warnings):
        assert maker is not None
        process = maker._dialogue._process
        assert process.poll() is None
        raise RuntimeError
    assert process.returncode == 0
    assert warnings == []


def test_keys_that_come_from_a_seed_are_not_made_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor are those of a host that shares its process with others, as in tests."""
    monkeypatch.setattr(child, "start", forbidden)
    for config, apart in ((Config(seed=1), True), (Config(seed=0), True), (Config(), False)):
        with begun(config, apart=apart) as found:
            assert found == (None, [])


def test_a_host_does_without_a_process_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with begun(Config()) as (maker, warnings):
        assert (maker, len(warnings)) == (None, 1)
    assert warnings[0].startswith("keys are not made ahead of need: the process for that cannot be started: [Errno 2] ")


@pytest.mark.parametrize("script", ["", "import sys; sys.stdin.buffer.read(8)"])
def test_a_host_does_without_a_process_that_ends_at_once(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    ends = [sys.executable, "-SEc", script]
    monkeypatch.setattr(child, "start", lambda _module, **streams: subprocess.Popen(ends, **streams))
    with begun(Config()) as (maker, warnings):
        assert maker is not None
        take = maker.stocked(PackageIssuer(package("003"), "single"))
        assert [take() for _ in range(20)] == [None] * 20
        while not maker._ended:
            maker._dialogue.wait()
        assert [take() for _ in range(20)] == [None] * 20
    assert warnings == [GONE]


# -- ends --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("heard", [False, True], ids=["before it is known", "after it is known"])
def test_when_it_is_killed_the_stock_is_used_up_and_nobody_is_stopped(doomed: Workshop, heard: bool) -> None:
    packager = doomed.stocked(package("003"))
    doomed.process.kill()
    doomed.process.wait()
    if heard:
        while not doomed.maker._ended:
            doomed.wait()
    wires = [packager.issue(TMK, forbidden).wire for _ in range(BATCH)]
    doomed.turn()
    assert [packager.ready_keys() for _ in range(50)] == [None] * 50
    wires += [packager.issue(TMK, os.urandom).wire for _ in range(BATCH)]
    assert len(set(wires)) == 2 * BATCH
    for wire in wires:
        accept_package(packager.package, TMK, wire)
    assert [doomed.shelf(package("001")).take() for _ in range(50)] == [None] * 50, "nor does a new shelf wait for it"


def test_killed_amid_its_work_it_leaves_whole_batches_only(doomed: Workshop) -> None:
    shelf = doomed.shelf(package("004"), "double")
    for _ in range(STOCK // BATCH):
        shelf.take()
    doomed.wait()
    doomed.process.kill()
    while not doomed.maker._ended:
        doomed.wait()
    ready = len(shelf._ready)
    assert ready % BATCH == 0
    assert ready > 0
    given = [shelf.take() for _ in range(ready + 10)]
    assert given[ready:] == [None] * 10
    assert {len(fresh) for fresh in given[:ready] if fresh} == {shelf.packager.fresh_bytes}


def test_whoever_lets_it_go_waits_for_its_end_and_leaves_nothing_open() -> None:
    gc.collect()
    before = sorted(Path("/proc/self/fd").iterdir())
    with working() as (one, wrong):
        for _ in range(5):
            one.shelf(package("003")).take()  # it is at work
    assert (one.process.returncode, wrong) == (0, [])
    gc.collect()
    assert sorted(Path("/proc/self/fd").iterdir()) == before


def test_after_its_end_nobody_is_asked(doomed: Workshop, tmp_path: Path) -> None:
    shelf = doomed.shelf(package("003"))
    number = doomed.process.stdin.fileno()  # type: ignore[union-attr]
    doomed.maker.end()
    other = tmp_path / "other"
    with other.open("wb") as file:
        os.dup2(file.fileno(), number)  # as it happens by itself: the next file gets the number that is free
    try:
        assert shelf.take() is None
    finally:
        os.close(number)
    assert other.read_bytes() == b""


def test_it_ends_with_its_input_whatever_it_was_doing(doomed: Workshop) -> None:
    """As it does when the host is killed."""
    shelf = doomed.shelf(package("004"))
    for _ in range(STOCK // BATCH):
        shelf.take()
    doomed.process.stdin.close()  # type: ignore[union-attr]
    doomed.process.stdout.close()  # type: ignore[union-attr]
    assert doomed.process.wait(30) == 0


def test_ctrl_c_is_for_the_host(workshop: Workshop) -> None:
    assert os.getsid(workshop.process.pid) == workshop.process.pid
    assert os.getpgid(workshop.process.pid) != os.getpgid(0)


# -- what travels ------------------------------------------------------------------------------------------------------


def test_no_clear_key_travels_between_the_two(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    travelled: list[bytes] = []
    read, write = os.read, os.write

    def reading(file: int, size: int) -> bytes:
        travelled.append(read(file, size))
        return travelled[-1]

    def writing(file: int, data: bytes) -> int:
        travelled.append(data)
        return write(file, data)

    shelves = [workshop.shelf(package("004")), workshop.shelf(package("006"))]
    with monkeypatch.context() as patch:
        patch.setattr(os, "read", reading)
        patch.setattr(os, "write", writing)
        for shelf in shelves:
            shelf.take()
            workshop.fill(shelf)
    stream = b"".join(travelled)
    sizes = [shelf.packager.fresh_bytes * BATCH for shelf in shelves]
    assert sum(sizes) < len(stream) < sum(sizes) + 2_000, "all of it, and little else"
    for shelf in shelves:
        keys = shelf.packager._total
        for fresh in shelf._ready:
            assert all(fresh[at : at + 8] not in stream for at in range(0, keys, 8))


def test_the_key_between_the_two_is_nowhere_to_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes through the pipe: arguments and environment of a process are there for others to read."""
    drawn: list[bytes] = []
    urandom = os.urandom

    def drawing(size: int) -> bytes:
        drawn.append(urandom(size))
        return drawn[-1]

    monkeypatch.setattr(key_maker.os, "urandom", drawing)
    with working() as (one, _):
        keys = [data for data in drawn if len(data) == MASTER_BYTES]
        one.take(one.shelf(package("003")), 1)  # now it is at work
        seen = b"".join(Path(f"/proc/{one.process.pid}/{name}").read_bytes() for name in ("cmdline", "environ"))
    assert b"acquirer.process.key_generator" in seen
    assert keys
    for key in keys:
        assert key not in seen
        assert key.hex().encode() not in seen.lower()


def heard(workshop: Workshop, shelf: KeyPool) -> Any:
    """The next answer, as it travelled."""
    answers: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workshop.maker._dialogue, "_told", answers.append)
        shelf.take()
        workshop.wait()
    [answer] = answers
    return answer


@pytest.mark.parametrize("at", [0, 5, -30, -1])
def test_a_batch_that_was_altered_is_refused_and_nothing_more_is_asked_for(doomed: Workshop, at: int) -> None:
    shelf = doomed.shelf(package("003"))
    number, sealed = heard(doomed, shelf)
    altered = bytearray(sealed)
    altered[at] ^= 1
    doomed.maker._came((number, bytes(altered)))
    assert (shelf._ready, doomed.maker._ended, doomed.warnings) == ([], True, [GONE])
    assert [shelf.take() for _ in range(50)] == [None] * 50


def test_a_batch_that_is_cut_is_refused(doomed: Workshop) -> None:
    shelf = doomed.shelf(package("003"))
    number, sealed = heard(doomed, shelf)
    doomed.maker._came((number, sealed[:-1]))
    assert (shelf._ready, doomed.warnings) == ([], [GONE])


def test_a_batch_for_one_shelf_is_refused_by_another(doomed: Workshop) -> None:
    one, other = doomed.shelf(package("003"), "double"), doomed.shelf(package("003"), "double")
    number, sealed = heard(doomed, one)
    assert number == one.number
    doomed.maker._came((other.number, sealed))
    assert (other._ready, doomed.warnings) == ([], [GONE])


def test_a_batch_of_another_run_is_refused(workshop: Workshop, doomed: Workshop) -> None:
    theirs = workshop.shelf(package("003"))
    _, sealed = heard(workshop, theirs)
    mine = doomed.shelf(package("003"))
    doomed.maker._came((mine.number, sealed))
    assert (mine._ready, doomed.warnings) == ([], [GONE])
    workshop.maker._came((theirs.number, sealed))
    assert len(theirs._ready) == BATCH


def test_what_it_cannot_make_ends_it_and_stops_nobody(doomed: Workshop) -> None:
    """Say, a source of randomness that repeats itself."""
    doomed.maker._dialogue.ask("nothing it knows")
    while not doomed.maker._ended:
        doomed.wait()
    assert doomed.process.wait(30) not in (0, -signal.SIGKILL)
    packager = PackageIssuer(package("003"), "single")
    packager.ready_keys = doomed.maker.stocked(packager)
    issued = packager.issue(TMK, os.urandom)
    assert accept_package(packager.package, TMK, issued.wire) == issued.working
