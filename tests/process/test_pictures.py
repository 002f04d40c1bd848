"""Pictures of signatures: the process that makes them, its limits, what it survives, and what a restart finds."""

from __future__ import annotations

import io
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from acquirer.app.terminal import Terminal
from acquirer.model.rows import Picture
from acquirer.process import picture_decoder, picture_worker, pictures
from acquirer.process.picture_decoder import PictureWorker, WorkerLostError, receive_picture
from acquirer.process.picture_worker import answer_all, decode_image
from acquirer.signature import jbig_encoder, png
from acquirer.signature.pen import draw_signature
from acquirer.testing import RunningHost, running_host

ANN = draw_signature("Ann", seed=1)
IMAGE = jbig_encoder.encode_jbig(ANN)


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine takes longer to start a process, and to give it a processor, than a host would wait."""
    monkeypatch.setattr(picture_decoder, "READY_S", 600)
    monkeypatch.setattr(picture_decoder, "DECODING_S", 600)


def until(holds: Callable[[], object]) -> None:
    """Wait until it is so, however long that takes."""
    while not holds():
        time.sleep(0.01)


def pid(worker: PictureWorker) -> int:
    assert worker._child is not None
    return worker._child.process.pid


@contextmanager
def connected() -> Iterator[tuple[Connection, Connection]]:
    ours, theirs = socket.socketpair()
    with Connection(ours.detach()) as one, Connection(theirs.detach()) as other:
        yield one, other


def test_a_picture_shows_what_was_drawn() -> None:
    picture = decode_image(IMAGE)
    assert (picture.width, picture.height, picture.flags) == (ANN.width, ANN.height, ())
    assert png.decode_png(picture.png) == ANN


def test_the_worker_answers_one_after_the_other_and_ends_with_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_worker, "limit_cpu", lambda: None)  # the limit is of a process, and here it is ours
    with connected() as (one, other):
        for image in (IMAGE, b"nothing", IMAGE):
            one.send_bytes(image)
        with socket.socket(fileno=os.dup(one.fileno())) as ours:
            ours.shutdown(socket.SHUT_WR)
        answer_all(other)
        other.close()
        found = [receive_picture(one) for _ in range(3)]
        assert found == [decode_image(IMAGE), decode_image(b"nothing"), decode_image(IMAGE)]
        with pytest.raises(EOFError):
            receive_picture(one)


def test_a_system_without_limits_decodes_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Windows, which has neither niceness nor limits of resources."""
    monkeypatch.setattr(picture_worker, "resource", None)
    monkeypatch.delattr(os, "nice")
    with connected() as (one, other):
        one.send_bytes(b"nothing")
        with socket.socket(fileno=os.dup(one.fileno())) as ours:
            ours.shutdown(socket.SHUT_WR)
        picture_worker.main(other)
        assert one.recv_bytes() == b""
        assert receive_picture(one) == decode_image(b"nothing")


def sell(host: RunningHost, state: Path, *names: str) -> None:
    with Terminal("10000161", host=host.address, state=state, sign_upload="at-once") as terminal:
        for name in names:
            assert terminal.sale("1.00", sign=name).signature == "uploaded"


def test_a_host_without_signatures_has_neither_thread_nor_process() -> None:
    with running_host() as host:
        host_pictures = host._running.driver.pictures
        assert host_pictures._thread is None
        assert host_pictures._worker._child is None


@pytest.mark.slow
@pytest.mark.parametrize("for_ever", [{"REST_S": 3600}, {"REST_SHARE": 1e9, "MOST_REST_S": 3600}])
def test_while_the_host_is_busy_pictures_rest_and_uploads_that_wait_for_pixels_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, for_ever: dict[str, float]
) -> None:
    for name, value in for_ever.items():
        monkeypatch.setattr(pictures, name, value)
    with running_host() as host:
        host_pictures = host._running.driver.pictures
        monkeypatch.setattr(type(host._running.store), "waiting", pictures.BUSY_COMMITS + 1)
        sell(host, tmp_path, "Ann")
        until(lambda: host_pictures._worker._child)
        sell(host, tmp_path, "Bob")
        assert [one.picture for one in host.signatures] == ["waiting", "waiting"]
        decoded: list[Picture | None] = []
        host._background.call(lambda: host_pictures.decode(IMAGE, decoded.append))
        until(lambda: decoded)
        assert decoded == [decode_image(IMAGE)]
        monkeypatch.setattr(pictures, "BUSY_COMMITS", pictures.BUSY_COMMITS + 1)
        host._background.call(lambda: host_pictures.decode(IMAGE, decoded.append))  # ends a rest that had begun
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


def test_an_image_that_eats_memory_is_answered_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(_stream: bytes) -> Picture:
        raise MemoryError

    monkeypatch.setattr(picture_worker, "limit_cpu", lambda: None)
    monkeypatch.setattr(picture_worker, "decode_image", exhausted)
    with connected() as (one, other):
        one.send_bytes(IMAGE)
        with socket.socket(fileno=os.dup(one.fileno())) as ours:
            ours.shutdown(socket.SHUT_WR)
        answer_all(other)
        assert receive_picture(one) == Picture(flags=(picture_worker.TOO_LARGE,))


@pytest.mark.slow
def test_a_worker_that_is_killed_and_one_that_stands_still_cost_no_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_host() as host:
        worker = host._running.driver.pictures._worker
        for how in (signal.SIGKILL, signal.SIGSTOP):
            sell(host, tmp_path, "Ann")
            until(lambda: all(one.picture == "made" for one in host.signatures))
            monkeypatch.setattr(picture_decoder, "DECODING_S", 2)
            os.kill(pid(worker), how)
            sell(host, tmp_path, "Bob")
            until(lambda: all(one.picture == "made" for one in host.signatures))
        assert not any(one.flags for one in host.signatures)


def test_an_image_that_no_process_survives_waits_and_the_others_go_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    decode = PictureWorker.decode
    poisoned: list[bytes] = []

    def poison(worker: PictureWorker, stream: bytes) -> Picture:
        if stream in (poisoned or [stream]):
            poisoned[:] = [stream]
            raise WorkerLostError("ended from outside")
        return decode(worker, stream)

    monkeypatch.setattr(pictures, "RETRY_S", 0.01)
    with running_host(log=log) as host:
        with monkeypatch.context() as broken:
            broken.setattr(PictureWorker, "decode", poison)
            sell(host, tmp_path, "Bob")
            until(lambda: "ended from outside" in log.getvalue())
            sell(host, tmp_path, "Ann")
            until(lambda: [one.picture for one in host.signatures] == ["waiting", "made"])
        until(lambda: [one.picture for one in host.signatures] == ["made", "made"])
        assert not any(one.flags for one in host.signatures)


def test_pictures_end_with_their_host(tmp_path: Path) -> None:
    with running_host() as host:
        sell(host, tmp_path, "Ann")
        until(lambda: host.signatures[0].picture == "made")
        number = pid(host._running.driver.pictures._worker)
    assert not Path(f"/proc/{number}").exists()


@pytest.mark.slow
def test_a_host_ends_at_once_though_its_worker_stands_still(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'host.db'}"
    with running_host(store=url) as host:
        sell(host, tmp_path, "Ann")
        until(lambda: host.signatures[0].picture == "made")
        os.kill(pid(host._running.driver.pictures._worker), signal.SIGSTOP)
        sell(host, tmp_path, "Bob")
        began_s = time.monotonic()
    assert time.monotonic() - began_s < picture_decoder.DECODING_S / 2
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


def test_after_any_failure_over_one_picture_the_next_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    with running_host(log=log) as host:
        host_pictures = host._running.driver.pictures
        with monkeypatch.context() as broken:
            broken.setattr(host_pictures, "_rendered", lambda *_: 1 / 0)
            sell(host, tmp_path, "Ann")
            until(lambda: "ZeroDivisionError" in log.getvalue())
        sell(host, tmp_path, "Bob")
        until(lambda: all(one.picture == "made" for one in host.signatures))


def refuse_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no memory for the thread that works on pictures."""
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "pictures":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)


def test_without_memory_for_a_thread_a_signature_is_kept_and_pictured_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    with running_host(log=log) as host:
        with monkeypatch.context() as short:
            refuse_thread(short)
            sell(host, tmp_path, "Ann")
        until(lambda: "can't start new thread" in log.getvalue())
        assert [one.picture for one in host.signatures] == ["waiting"]
        sell(host, tmp_path, "Bob")
        until(lambda: [one.picture for one in host.signatures] == ["made", "made"])
    assert "internal-fault" not in log.getvalue()


def test_without_memory_for_a_thread_a_strict_host_asks_to_try_again_and_ends_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    refuse_thread(monkeypatch)
    with (
        running_host(log=log, signature_check=["pixels=strict"]) as host,
        Terminal("10000161", host=host.address, state=tmp_path, sign_upload="at-once") as terminal,
    ):
        assert terminal.sale("1.00", sign="Ann").exchanges[-1].code == "91"
        assert host.signatures == []
    assert "internal-fault" not in log.getvalue()
