"""Sign-on frames for many terminals, made from the sample that a dialect ships."""

from __future__ import annotations

from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.errors import ConfigurationError
from acquirer.load.generator import FrameTemplate
from acquirer.wire.deframer import make_deframer
from acquirer.wire.message import Message

FIRST_TID: Final = 30_000_001


class NoSignOnSample(ConfigurationError, ValueError):
    """The dialect ships no sign-on request to make frames from."""


def sign_on_templates(dialect: Dialect, terminals: int) -> tuple[list[FrameTemplate], str]:
    """Return one sign-on frame for each of so many terminals, and the merchant they belong to.

    Raises:
        NoSignOnSample: the dialect has no sample of one.
    """
    sample = _sample(dialect)
    stan = dialect.elements["stan"].de
    return [_template(dialect, sample, str(FIRST_TID + n), stan) for n in range(terminals)], dialect.text(sample, "mid")


def _sample(dialect: Dialect) -> Message:
    for sample in dialect.samples:
        deframer = make_deframer(dialect.framing)
        deframer.feed(bytes.fromhex(sample.hex))
        message = dialect.decode(next(iter(deframer)))
        route = dialect.route(message)
        if route is not None and route.service == "sign_on":
            return message
    raise NoSignOnSample(f"dialect {dialect.name} ships no sample of a sign-on request")


def _template(dialect: Dialect, sample: Message, tid: str, stan: int) -> FrameTemplate:
    fields = dict(sample.fields)
    dialect.put(fields, "tid", tid)
    frame = dialect.encode(sample.mti, fields)
    start, end = dialect.spans(dialect.decode(frame))[stan]
    wrapped = dialect.framing.wrap(frame)
    prefix = dialect.framing.before_bytes
    return FrameTemplate(wrapped[: prefix + start], wrapped[prefix + end :])
