"""The process that decodes images of signatures: what comes from the wire is worked on here, behind limits.

Started by `picture_decoder.PictureWorker`. It is sent images and answers each with two messages: a JSON object and a
PNG, both as bytes, because a decoder that is under foreign control must not choose what the host unpickles. A stream
that eats processor time ends this process and nothing else; one that eats memory is answered so. It ends with its
connection.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any, Final

from acquirer.model.rows import Flag, Picture
from acquirer.signature import image_checks, jbig_decoder, png
from acquirer.signature.jbig import JbigError

resource: Any = None
with suppress(ImportError):  # Windows: there the host's patience is the only limit
    resource = import_module("resource")

MEMORY_BYTES: Final = 256 << 20  # of address space: an interpreter with Pillow takes 70 MB, the largest picture one
TOO_LARGE: Final = Flag("undecodable", "decoding it took more memory than any signature needs: given up")
CPU_S: Final = 2  # for one picture: the slowest legal one takes a third of a second on slow machines
NICE: Final = 10  # exchanges come first


def decode_image(stream: bytes) -> Picture:
    """Return what an image shows, and everything odd about it.

    >>> decode_image(b"no image").flags
    (Flag(name='undecodable', why='8 bytes are no JBIG stream: its header alone has 20'),)
    """
    try:
        decoded = jbig_decoder.decode_jbig(stream)
    except JbigError as exc:
        return Picture(flags=(Flag("undecodable", str(exc)),))
    found = [Flag(problem.damage, problem.why) for problem in decoded.problems]
    odd = (
        *image_checks.check_image(decoded.bitmap),
        *image_checks.check_stream_size(len(stream)),
    )  # what is worse comes first
    found += [Flag(one.flag, one.why) for one in odd]
    bitmap = decoded.bitmap
    if not bitmap.data:
        return Picture(flags=(*found, Flag("undecodable", "the stream ends before its first line")))
    return Picture(bitmap.width, bitmap.height, png.encode_png(bitmap), tuple(found), not decoded.exact)


def send_picture(connection: Connection, picture: Picture) -> None:
    """Send a picture, as `picture_decoder.receive_picture` takes it: a JSON object, then the PNG."""
    fields = {
        "width": picture.width,
        "height": picture.height,
        "flags": [[flag.name, flag.why] for flag in picture.flags],
        "inexact_end": picture.inexact_end,
    }
    connection.send_bytes(json.dumps(fields).encode())
    connection.send_bytes(picture.png)


def answer_all(connection: Connection) -> None:
    """Answer every image with what it shows, until the connection ends."""
    while True:
        try:
            stream = connection.recv_bytes()
        except (EOFError, OSError):
            return
        limit_cpu()
        try:
            picture = decode_image(stream)
        except MemoryError:
            picture = Picture(flags=(TOO_LARGE,))
        send_picture(connection, picture)


def main(connection: Connection) -> None:
    """Set the limits, say that it is ready, answer."""
    if hasattr(os, "nice"):
        os.nice(NICE)
    if resource is not None:
        with suppress(ValueError, OSError):  # a system that knows the limit but does not keep it, as macOS
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    connection.send_bytes(b"")
    answer_all(connection)


def limit_cpu() -> None:
    """Allow this process `CPU_S` more seconds of processor time."""
    if resource is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + CPU_S, most))
