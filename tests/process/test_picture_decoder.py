"""The process that decodes images, as the host calls it: its limits, what it survives, and what judges an image."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from acquirer.model.rows import Flag, Picture
from acquirer.process import channel, picture_decoder, picture_worker
from acquirer.process.picture_decoder import (
    PNG_BYTES,
    TEXT_BYTES,
    TRIES,
    PictureWorker,
    WorkerError,
    WorkerLostError,
    receive_picture,
)
from acquirer.process.picture_worker import decode_image, send_picture
from acquirer.signature import jbig_encoder
from acquirer.signature.bitmap import MAX_PIXELS, Bitmap
from acquirer.signature.pen import draw_signature

IMAGE = jbig_encoder.encode_jbig(draw_signature("Ann", seed=1))


@pytest.fixture
def worker() -> Iterator[PictureWorker]:
    worker = PictureWorker()
    yield worker
    worker.close()


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine takes longer to start a process, and to give it a processor, than a host would wait."""
    monkeypatch.setattr(picture_decoder, "READY_S", 600)
    monkeypatch.setattr(picture_decoder, "DECODING_S", 600)


def pid(worker: PictureWorker) -> int:
    assert worker._child is not None
    return worker._child.process.pid


@contextmanager
def connected() -> Iterator[tuple[Connection, Connection]]:
    ours, theirs = socket.socketpair()
    with Connection(ours.detach()) as one, Connection(theirs.detach()) as other:
        yield one, other


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
        with pytest.raises(ValueError, match=r"no picture|expecting|no UTF-8|not UTF-8"):
            receive_picture(other)


@pytest.mark.parametrize("sizes", [(TEXT_BYTES + 1, 1), (None, PNG_BYTES + 1)])
def test_more_than_a_picture_is_an_error(sizes: tuple[int | None, int]) -> None:
    with connected() as (one, other):
        text = b'{"width": 1, "height": 1, "flags": []}' if sizes[0] is None else bytes(sizes[0])
        one.send_bytes(text)
        os.write(one.fileno(), struct.pack("!i", sizes[1]) + b"its beginning")
        with pytest.raises(OSError, match="bad message length"):
            receive_picture(other)


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
    assert rows["Max core file size"][0] in ("0", "1")  # see process.core_dumps
    assert int(rows["Max cpu time"][0]) <= picture_worker.CPU_S + 3
    assert os.getpriority(os.PRIO_PROCESS, pid(worker)) == min(
        19, os.getpriority(os.PRIO_PROCESS, 0) + picture_worker.NICE
    )


def replacement(monkeypatch: pytest.MonkeyPatch, folder: Path, body: str) -> list[int]:
    """Have `body` run in place of the worker, once it has received an image; the pids of all that are started."""
    (folder / "actor.py").write_text(
        "import os, resource, signal, struct, time\n"
        "def main(connection):\n"
        "    connection.send_bytes(b'')\n"
        "    connection.recv_bytes()\n"
        f"    {body}\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(folder))
    start, started = channel.start, []

    def start_actor(_module: str) -> channel.Child:
        child = start("actor")
        started.append(child.process.pid)
        return child

    monkeypatch.setattr(channel, "start", start_actor)
    return started


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_process_that_is_killed_is_replaced_for_the_same_image(worker: PictureWorker, how: signal.Signals) -> None:
    worker.decode(IMAGE)
    killed = pid(worker)
    os.kill(killed, how)
    assert worker.decode(IMAGE) == decode_image(IMAGE)
    assert pid(worker) != killed


def test_a_process_that_stands_still_is_replaced_for_the_same_image(
    worker: PictureWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.decode(IMAGE)
    stopped = pid(worker)
    os.kill(stopped, signal.SIGSTOP)
    start = channel.start

    def patient(module: str) -> channel.Child:  # the fresh one may take as long as it needs
        monkeypatch.setattr(picture_decoder, "DECODING_S", 600)
        return start(module)

    monkeypatch.setattr(channel, "start", patient)
    monkeypatch.setattr(picture_decoder, "DECODING_S", 0.1)
    assert worker.decode(IMAGE) == decode_image(IMAGE)
    assert not Path(f"/proc/{stopped}").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        "os.kill(os.getpid(), signal.SIGKILL)",
        "os._exit(1)",
        "connection.send_bytes(b'no picture'); connection.send_bytes(b''); time.sleep(3600)",
        "os.write(connection.fileno(), struct.pack('!i', 100) + b'half of it'); os._exit(0)",
    ],
)
def test_an_image_over_which_every_process_ends_is_not_judged(
    worker: PictureWorker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str
) -> None:
    started = replacement(monkeypatch, tmp_path, body)
    with pytest.raises(WorkerLostError, match=f"{TRIES} times in a row over one image"):
        worker.decode(IMAGE)
    assert len(started) == TRIES
    assert not any(Path(f"/proc/{one}").exists() for one in started)


def test_a_process_that_stops_within_its_answer_is_replaced(
    worker: PictureWorker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    body = "os.write(connection.fileno(), struct.pack('!i', 100) + b'half of it'); time.sleep(3600)"
    started = replacement(monkeypatch, tmp_path, body)
    monkeypatch.setattr(picture_decoder, "DECODING_S", 0.2)
    with pytest.raises(WorkerLostError):
        worker.decode(IMAGE)
    assert (len(started), worker._child) == (TRIES, None)


@pytest.mark.slow
def test_processor_time_judges_an_image_and_not_the_time_that_passed(
    worker: PictureWorker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spin = "resource.setrlimit(resource.RLIMIT_CPU, (1, resource.RLIM_INFINITY))\n    while True: pass"
    started = replacement(monkeypatch, tmp_path, spin)
    assert worker.decode(IMAGE) == Picture(flags=(picture_decoder.TOO_SLOW,))
    assert len(started) == 1


def test_a_worker_that_is_interrupted_begins_no_other_process(worker: PictureWorker) -> None:
    worker.decode(IMAGE)
    worker.interrupt()
    with pytest.raises(WorkerError, match="interrupted"):
        worker.decode(IMAGE)
    with pytest.raises(WorkerError):
        worker.decode(IMAGE)
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
