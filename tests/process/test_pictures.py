"""Pictures of signatures: the process that makes them, its limits, what it survives, and what a restart finds."""

from __future__ import annotations

import io
import os
import pickle
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from acquirer.app.terminal import Terminal
from acquirer.model.rows import Flag, Picture
from acquirer.process import channel, picture_worker, pictures
from acquirer.process.picture_worker import answer_all, decode_image, send_picture
from acquirer.process.pictures import PNG_BYTES, TEXT_BYTES, PictureWorker, WorkerError, receive_picture
from acquirer.signature import jbig_encoder, png
from acquirer.signature.bitmap import MAX_PIXELS, Bitmap
from acquirer.signature.pen import draw_signature
from acquirer.testing import RunningHost, running_host

ANN = draw_signature("Ann", seed=1)
IMAGE = jbig_encoder.encode_jbig(ANN)


@pytest.fixture
def worker() -> Iterator[PictureWorker]:
    worker = PictureWorker()
    yield worker
    worker.close()


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine takes longer to start a process, and to give it a processor, than a host would wait."""
    monkeypatch.setattr(pictures, "READY_S", 600)
    monkeypatch.setattr(pictures, "DECODING_S", 600)


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


@pytest.mark.parametrize("picture", [Picture(), Picture(3, 4, b"\x00PNG", (Flag("blank", "empty 签名"),))])
def test_pictures_pass_through_a_connection(picture: Picture) -> None:
    with connected() as (one, other):
        send_picture(one, picture)
        one.close()
        assert receive_picture(other) == picture
        with pytest.raises(EOFError):
            receive_picture(other)


@pytest.mark.parametrize(
    "text",
    [
        pickle.dumps({"width": 1, "height": 1, "flags": []}),
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"width": "1", "height": 1, "flags": []}',
        b'{"width": 1, "height": null, "flags": []}',
        b'{"width": 1, "height": 1, "flags": {}}',
        b'{"width": 1, "height": 1, "flags": ["ab"]}',
        b'{"width": 1, "height": 1, "flags": [["a"]]}',
        b'{"width": 1, "height": 1, "flags": [["a", 1]]}',
    ],
)
def test_what_is_no_picture_is_an_error(text: bytes) -> None:
    """A decoder under foreign control may answer anything: it is read as JSON, and each value is checked."""
    with connected() as (one, other):
        one.send_bytes(text)
        one.send_bytes(b"PNG")
        with pytest.raises(ValueError, match=r"no picture|JSON|Expecting|utf"):
            receive_picture(other)


@pytest.mark.parametrize("sizes", [(TEXT_BYTES + 1, 1), (None, PNG_BYTES + 1)])
def test_more_than_a_picture_is_an_error(sizes: tuple[int | None, int]) -> None:
    with connected() as (one, other):
        text = b'{"width": 1, "height": 1, "flags": []}' if sizes[0] is None else bytes(sizes[0])
        one.send_bytes(text)
        os.write(one.fileno(), struct.pack("!i", sizes[1]) + b"its beginning")
        with pytest.raises(OSError, match="bad message length"):
            receive_picture(other)


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


def test_one_process_decodes_many_images(worker: PictureWorker) -> None:
    first = worker.decode(IMAGE)
    number = pid(worker)
    assert first == decode_image(IMAGE)
    assert worker.decode(b"nothing").flags[0].name == "undecodable"
    assert worker.decode(IMAGE) == first
    assert pid(worker) == number


def test_the_process_is_limited_and_gives_way(worker: PictureWorker) -> None:
    worker.decode(IMAGE)
    limits = Path(f"/proc/{pid(worker)}/limits").read_text()
    rows = {line[:26].strip(): line[26:].split() for line in limits.splitlines()[1:]}
    assert rows["Max address space"][0] == str(picture_worker.MEMORY_BYTES)
    assert rows["Max core file size"][0] == "0"
    assert int(rows["Max cpu time"][0]) <= picture_worker.CPU_S + 3
    assert os.getpriority(os.PRIO_PROCESS, pid(worker)) == min(
        19, os.getpriority(os.PRIO_PROCESS, 0) + picture_worker.NICE
    )


def test_a_process_that_is_killed_over_an_image_is_replaced_for_the_next(worker: PictureWorker) -> None:
    worker.decode(IMAGE)
    os.kill(pid(worker), signal.SIGKILL)
    assert worker.decode(IMAGE) == Picture(flags=(pictures.GIVEN_UP,))
    assert worker.decode(IMAGE) == decode_image(IMAGE)


def test_a_process_that_stands_still_is_given_up(worker: PictureWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    worker.decode(IMAGE)
    monkeypatch.setattr(pictures, "DECODING_S", 0.1)
    stopped = pid(worker)
    os.kill(stopped, signal.SIGSTOP)
    assert worker.decode(IMAGE) == Picture(flags=(pictures.GIVEN_UP,))
    assert not Path(f"/proc/{stopped}").exists()


def test_a_process_that_stops_within_its_answer_is_given_up(
    worker: PictureWorker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "actor.py").write_text(
        "import os, struct, time\n"
        "def main(connection):\n"
        "    connection.send_bytes(b'')\n"
        "    connection.recv_bytes()\n"
        "    os.write(connection.fileno(), struct.pack('!i', 100) + b'half of it')\n"
        "    time.sleep(3600)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    start = channel.start
    monkeypatch.setattr(channel, "start", lambda _module: start("actor"))
    monkeypatch.setattr(pictures, "DECODING_S", 0.5)
    assert worker.decode(IMAGE) == Picture(flags=(pictures.GIVEN_UP,))
    assert worker._child is None


def test_a_process_that_cannot_be_started_is_no_fault_of_the_image(
    worker: PictureWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for program in ("/nowhere/python", "/bin/true"):
        monkeypatch.setattr(sys, "executable", program)
        with pytest.raises(WorkerError, match="the process that decodes signatures"):
            worker.decode(IMAGE)


@pytest.mark.slow
def test_the_largest_image_that_is_decoded_stays_within_the_limits(worker: PictureWorker) -> None:
    side = int(MAX_PIXELS**0.5)
    noise = Bitmap(side, side, bytes((i * 167 + (i >> 7) * 31 + i * i) & 255 for i in range(side * side // 8)))
    assert worker.decode(jbig_encoder.encode_jbig(Bitmap(side, side, bytes(side * side // 8)))).width == side
    wide = worker.decode(jbig_encoder.encode_jbig(noise)[:16384])  # an upload has no more
    assert wide.width == side
    assert "truncated" in {flag.name for flag in wide.flags}


def sell(host: RunningHost, state: Path, *names: str) -> None:
    with Terminal("10000161", host=host.address, state=state, sign_upload="at-once") as terminal:
        for name in names:
            assert terminal.sale("1.00", sign=name).signature == "uploaded"


def test_a_host_without_signatures_has_neither_thread_nor_process() -> None:
    with running_host() as host:
        host_pictures = host._running.driver.pictures
        assert host_pictures._thread is None
        assert host_pictures._worker._child is None


def test_while_the_host_is_busy_pictures_rest_and_uploads_that_wait_for_pixels_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "REST_S", 3600)
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


@pytest.mark.slow
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
    assert time.monotonic() - began_s < pictures.DECODING_S / 2
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
