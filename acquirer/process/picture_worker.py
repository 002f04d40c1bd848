"""The process that decodes images of signatures: what comes from the wire is worked on here, behind limits.

Started by `pictures.Worker`. It reads images from stdin and writes what they show to stdout, each with its length
before it; a stream that eats processor time or memory ends this process and nothing else. It ends with its input.
"""

from __future__ import annotations

import json
import os
import resource
import struct
import sys
from typing import BinaryIO, Final

from acquirer.model.rows import Flag, Picture
from acquirer.signature import inspect, jbig_decoder, png
from acquirer.signature.jbig import JbigError

MEMORY_BYTES: Final = 256 << 20  # of address space: an interpreter with Pillow takes 70 MB, the largest picture one
CPU_S: Final = 2  # for one picture: the slowest legal one takes a third of a second on slow machines
NICE: Final = 10  # whoever waits for an answer comes first
LENGTH: Final = struct.Struct(">I")


def develop(stream: bytes) -> Picture:
    """What an image shows, and everything odd about it.

    >>> develop(b"no image").flags
    (Flag(name='undecodable', why='8 bytes are no JBIG stream: its header alone has 20'),)
    """
    try:
        decoded = jbig_decoder.decode(stream)
    except JbigError as wrong:
        return Picture(flags=(Flag("undecodable", str(wrong)),))
    found = [Flag(problem.damage, problem.why) for problem in decoded.problems]
    odd = (*inspect.inspect(decoded.bitmap), *inspect.inspect_stream(len(stream)))  # what is worse comes first
    found += [Flag(one.flag, one.why) for one in odd]
    bitmap = decoded.bitmap
    if not bitmap.data:
        return Picture(flags=(*found, Flag("undecodable", "the stream ends before its first line")))
    return Picture(bitmap.width, bitmap.height, png.encode(bitmap), tuple(found))


def pack(picture: Picture) -> bytes:
    """A picture as bytes for a pipe: a JSON object and the PNG, each with its length before it."""
    told = {"width": picture.width, "height": picture.height, "flags": [[f.name, f.why] for f in picture.flags]}
    text = json.dumps(told).encode()
    return LENGTH.pack(len(text)) + text + LENGTH.pack(len(picture.png)) + picture.png


def unpack(text: bytes, drawn: bytes) -> Picture:
    """The picture that `pack` wrote."""
    told = json.loads(text)
    return Picture(told["width"], told["height"], drawn, tuple(Flag(*flag) for flag in told["flags"]))


def work(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer every image that comes with what it shows, until none comes."""
    while head := source.read(LENGTH.size):
        stream = source.read(LENGTH.unpack(head)[0])
        _limit_cpu()
        sink.write(pack(develop(stream)))
        sink.flush()


def main() -> None:
    """Put the limits up, say hello, work."""
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.buffer.write(LENGTH.pack(0))
    sys.stdout.buffer.flush()
    work(sys.stdin.buffer, sys.stdout.buffer)


def _limit_cpu() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + CPU_S, most))
