"""Samples of messages: whether they are what they say, and how a dialect that extends another one writes its samples.

1. A sample is a whole frame: it decodes, holds what it is expected to hold, encodes to the same bytes and fits a route.
2. A dialect without samples of its own inherits those of the dialect that it extends. One that is right as it stands is
   taken over; else its message is written again in the new dialect's framing, envelope and encodings.
3. A message that the new dialect does not have (a field, an element, a route is gone or another) is left out, and said
   to be: a file is never blamed for the samples of another.
"""

from __future__ import annotations

from collections.abc import Iterator

from acquirer.data.toml import DataError, KeyPath
from acquirer.dialect.definitions import InheritedSamples, Sample
from acquirer.dialect.dialect import Dialect
from acquirer.wire.deframer import make_deframer
from acquirer.wire.grammar import FieldSpec
from acquirer.wire.message import DecodeError, EncodeError, Message, Value


def check_samples(dialect: Dialect) -> Iterator[DataError]:
    """Yield what is not right about the samples that a dialect's own file has."""
    for i, sample in enumerate(dialect.written_samples):
        path: KeyPath = ("samples", i)
        try:
            frame = read_frame(dialect, sample)
        except ValueError as exc:
            yield dialect.error((*path, "hex"), f"{sample.title}: {exc}")
            continue
        yield from (dialect.error(path, f"{sample.title}: {problem}") for problem in _problems(dialect, frame, sample))


def adapt_samples(extended: Dialect, dialect: Dialect) -> InheritedSamples:
    """Return the samples of `extended` as `dialect` writes them, and a sentence for each that it has no message for."""
    adapted, left_out = [], []
    for sample in extended.samples:
        try:
            adapted.append(_adapted(sample, extended, dialect))
        except ValueError as exc:
            left_out.append(f"the sample '{sample.title}' of {extended.name} is left out: {exc}")
    return InheritedSamples(tuple(adapted), tuple(left_out))


def read_frame(dialect: Dialect, sample: Sample) -> bytes:
    """Return the one frame of a sample, without what stands around it.

    Raises:
        ValueError: its bytes are not exactly one frame of this dialect.
    """
    deframer = make_deframer(dialect.framing)
    deframer.feed(bytes.fromhex(sample.hex))
    frames = list(deframer)
    if len(frames) != 1 or deframer.pending:
        raise ValueError("the length at its beginning is not that of what follows")
    return frames[0]


def _adapted(sample: Sample, extended: Dialect, dialect: Dialect) -> Sample:
    """Return a sample as another dialect writes it. Raises ValueError: why it cannot."""
    if _right(dialect, sample):
        return sample
    before = read_frame(extended, sample)
    message = extended.decode(before)
    unknown = next((de for de in message.fields if de not in dialect.fields), 0)
    if unknown:
        raise ValueError(f"there is no DE {unknown}")
    fields = {de: _value(dialect.fields[de], value) for de, value in message.fields.items()}
    frame = dialect.encode(message.mti, fields, *_envelope(before, extended, dialect))
    for problem in _problems(dialect, frame, sample):
        raise ValueError(problem)
    return sample._replace(hex=dialect.framing.wrap(frame).hex().upper())


def _value(field: FieldSpec, value: Value) -> Value:
    """Return a value as this field writes it: tracks have a D in half bytes, an equals sign in text (ISO 7813)."""
    if field.kind != "z" or not isinstance(value, str):
        return value
    return value.replace("=", "D") if field.nibbles else value.replace("D", "=")


def _right(dialect: Dialect, sample: Sample) -> bool:
    try:
        frame = read_frame(dialect, sample)
    except ValueError:
        return False
    return not any(_problems(dialect, frame, sample))


def _envelope(frame: bytes, extended: Dialect, dialect: Dialect) -> tuple[bytes, bytes]:
    """Return TPDU and head of a frame where the other dialect has such; b"" stands for that one's own."""
    tpdu, head = extended.envelope_of(frame)
    same_tpdu = len(tpdu) == len(dialect.envelope.tpdu)
    same_head = len(head) == len(dialect.envelope.head)
    return tpdu if same_tpdu else b"", head if same_head else b""


def _problems(dialect: Dialect, frame: bytes, sample: Sample) -> Iterator[str]:
    try:
        message = dialect.decode(frame)
        again = dialect.encode(message.mti, message.fields, *dialect.envelope_of(frame))
    except (DecodeError, EncodeError) as exc:
        yield str(exc)
        return
    for name, expected in sample.expect.items():
        value = message.mti if name == "mti" else dialect.text(message, name)
        if name != "mti" and name not in dialect.elements:
            yield f"there is no element '{name}'"
        elif value != expected:
            yield f"{name} is {value!r}, not {expected!r}"
    if again != frame:
        yield "written again it gives other bytes"
    if _unrouted(dialect, message):
        yield "no route fits it"


def _unrouted(dialect: Dialect, message: Message) -> bool:
    return not dialect.is_response(message.mti) and dialect.route(message) is None
