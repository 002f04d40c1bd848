"""Pictures of signatures: the process that makes them, its limits, what it survives, and what a restart finds."""

from __future__ import annotations

import io
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acquirer.app.terminal import Terminal
from acquirer.model.rows import Flag, Picture
from acquirer.process import picture_worker, pictures
from acquirer.process.picture_worker import develop, pack, unpack, work
from acquirer.process.pictures import Worker, WorkerError
from acquirer.signature import jbig_encoder, png
from acquirer.signature.bitmap import MAX_PIXELS, Bitmap
from acquirer.signature.pen import draw_signature
from acquirer.testing import RunningHost, running_host

ANN = draw_signature("Ann", seed=1)
IMAGE = jbig_encoder.encode_jbig(ANN)


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    made.end()


def until(holds: Callable[[], object], seconds: float = 30) -> None:
    end_s = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end_s, "it never happened"
        time.sleep(0.01)


def pid(worker: Worker) -> int:
    assert worker._process is not None
    return worker._process.pid


def test_a_picture_shows_what_was_drawn() -> None:
    picture = develop(IMAGE)
    assert (picture.width, picture.height, picture.flags) == (ANN.width, ANN.height, ())
    assert png.decode_png(picture.png) == ANN


@pytest.mark.parametrize("picture", [Picture(), Picture(3, 4, b"\x00PNG", (Flag("blank", "nobody 签名"),))])
def test_pictures_pass_through_a_pipe(picture: Picture) -> None:
    source = io.BytesIO(pack(picture))

    def part() -> bytes:
        return source.read(picture_worker.LENGTH.unpack(source.read(4))[0])

    assert unpack(part(), part()) == picture
    assert source.read() == b""


def test_the_worker_answers_one_after_the_other_and_ends_with_its_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_worker, "_limit_cpu", lambda: None)  # the limit is of a process, and here it is ours
    sink = io.BytesIO()
    asked = b"".join(picture_worker.LENGTH.pack(len(image)) + image for image in (IMAGE, b"nothing", IMAGE))
    work(io.BytesIO(asked), sink)
    assert sink.getvalue() == pack(develop(IMAGE)) + pack(develop(b"nothing")) + pack(develop(IMAGE))


def test_one_process_looks_at_many_images(worker: Worker) -> None:
    first = worker.look(IMAGE)
    number = pid(worker)
    assert first == develop(IMAGE)
    assert worker.look(b"nothing").flags[0].name == "undecodable"
    assert worker.look(IMAGE) == first
    assert pid(worker) == number


def test_the_process_is_limited_and_gives_way(worker: Worker) -> None:
    worker.look(IMAGE)
    limits = Path(f"/proc/{pid(worker)}/limits").read_text()
    rows = {line[:26].strip(): line[26:].split() for line in limits.splitlines()[1:]}
    assert rows["Max address space"][0] == str(picture_worker.MEMORY_BYTES)
    assert rows["Max core file size"][0] == "0"
    assert int(rows["Max cpu time"][0]) <= picture_worker.CPU_S + 3
    assert os.getpriority(os.PRIO_PROCESS, pid(worker)) == os.getpriority(os.PRIO_PROCESS, 0) + picture_worker.NICE


def test_a_process_that_is_killed_over_an_image_is_replaced_for_the_next(worker: Worker) -> None:
    worker.look(IMAGE)
    os.kill(pid(worker), signal.SIGKILL)
    assert worker.look(IMAGE) == Picture(flags=(pictures.GIVEN_UP,))
    assert worker.look(IMAGE) == develop(IMAGE)


def test_a_process_that_stands_still_is_given_up(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    worker.look(IMAGE)
    monkeypatch.setattr(pictures, "PATIENCE_S", 0.1)
    stopped = pid(worker)
    os.kill(stopped, signal.SIGSTOP)
    assert worker.look(IMAGE) == Picture(flags=(pictures.GIVEN_UP,))
    assert not Path(f"/proc/{stopped}").exists()


def test_a_process_that_cannot_be_started_is_no_fault_of_the_image(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for program in ("/nowhere/python", "/bin/true"):
        monkeypatch.setattr(sys, "executable", program)
        with pytest.raises(WorkerError, match="the process that decodes signatures"):
            worker.look(IMAGE)


def test_the_largest_image_that_is_decoded_stays_within_the_limits(worker: Worker) -> None:
    side = int(MAX_PIXELS**0.5)
    noise = Bitmap(side, side, bytes((i * 167 + (i >> 7) * 31 + i * i) & 255 for i in range(side * side // 8)))
    assert worker.look(jbig_encoder.encode_jbig(Bitmap(side, side, bytes(side * side // 8)))).width == side
    wide = worker.look(jbig_encoder.encode_jbig(noise)[:16384])  # an upload has no more
    assert wide.width == side
    assert "truncated" in {flag.name for flag in wide.flags}


def sell(host: RunningHost, state: Path, *names: str) -> None:
    with Terminal("10000161", host=host.address, state=state, sign_upload="at-once") as terminal:
        for name in names:
            assert terminal.sale("1.00", sign=name).signature == "uploaded"


def test_a_host_without_signatures_has_neither_thread_nor_process() -> None:
    with running_host() as host:
        made = host._running.driver.pictures
        assert made._thread is None
        assert made._worker._process is None


def test_while_the_host_is_busy_pictures_rest_and_who_waits_for_pixels_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "REST_S", 3600)
    with running_host() as host:
        made = host._running.driver.pictures
        monkeypatch.setattr(type(host._running.store), "waiting", pictures.BUSY_COMMITS + 1)
        sell(host, tmp_path, "Ann")
        until(lambda: made._worker._process)
        sell(host, tmp_path, "Bob")
        assert [one.picture for one in host.signatures] == ["waiting", "waiting"]
        looked: list[Picture | None] = []
        host._background.call(lambda: made.look(IMAGE, looked.append))
        until(lambda: looked)
        assert looked == [develop(IMAGE)]
        monkeypatch.setattr(pictures, "BUSY_COMMITS", pictures.BUSY_COMMITS + 1)
        host._background.call(lambda: made.look(IMAGE, looked.append))  # ends a rest that had begun
        until(lambda: all(one.picture == "made" for one in host.signatures))


def test_what_was_not_pictured_before_a_restart_is_pictured_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'host.db'}"
    with monkeypatch.context() as broken, running_host(store=url) as host:
        broken.setattr(sys, "executable", "/bin/true")
        sell(host, tmp_path, "Ann", "Bob")
        until(lambda: host._running.driver.pictures._thread)
        assert [one.picture for one in host.signatures] == ["waiting", "waiting"]
    with running_host(store=url) as host:
        until(lambda: all(one.picture == "made" for one in host.signatures))


def test_a_worker_that_dies_takes_no_more_than_its_image_with_it(tmp_path: Path) -> None:
    with running_host() as host:
        sell(host, tmp_path, "Ann")
        until(lambda: host.signatures[0].picture == "made")
        os.kill(pid(host._running.driver.pictures._worker), signal.SIGSTOP)
        os.kill(pid(host._running.driver.pictures._worker), signal.SIGKILL)
        sell(host, tmp_path, "Bob", "Carl")
        until(lambda: all(one.picture != "waiting" for one in host.signatures))
        assert [one.picture for one in host.signatures] == ["made", "none", "made"]
        assert host.journal.find(service="picture").why.startswith("undecodable: decoding it took more time or memory")


def test_pictures_end_with_their_host(tmp_path: Path) -> None:
    with running_host() as host:
        sell(host, tmp_path, "Ann")
        until(lambda: host.signatures[0].picture == "made")
        number = pid(host._running.driver.pictures._worker)
    assert not Path(f"/proc/{number}").exists()


def test_a_host_ends_at_once_though_its_worker_stands_still(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'host.db'}"
    with running_host(store=url) as host:
        sell(host, tmp_path, "Ann")
        until(lambda: host.signatures[0].picture == "made")
        os.kill(pid(host._running.driver.pictures._worker), signal.SIGSTOP)
        sell(host, tmp_path, "Bob")
        began_s = time.monotonic()
    assert time.monotonic() - began_s < pictures.PATIENCE_S / 2
    with running_host(store=url) as host:  # it was no fault of the image
        until(lambda: host.signatures[1].picture == "made")


def test_a_signature_of_a_dialect_of_ones_own_gets_its_picture_and_its_line(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('dialect = "own"\nextends = "unionpay-pos"\n')
    with running_host(dialect=str(own)) as host:
        with Terminal("10000161", host=host.address, state=tmp_path, sign_upload="at-once") as terminal:
            assert terminal.sale("1.00", sign=ANN).signature == "uploaded"
        until(lambda: host.signatures[0].picture == "made")
        assert host.signatures[0].dialect == "own"


def test_whatever_goes_wrong_over_one_picture_the_next_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    with running_host(log=log) as host:
        made = host._running.driver.pictures
        with monkeypatch.context() as broken:
            broken.setattr(made, "_developed", lambda *_: 1 / 0)
            sell(host, tmp_path, "Ann")
            until(lambda: "ZeroDivisionError" in log.getvalue())
        sell(host, tmp_path, "Bob")
        until(lambda: all(one.picture == "made" for one in host.signatures))
