"""Exchanges of a journal as a recording: with the bytes that a trace has of them, or with test data in their place."""

from __future__ import annotations

from collections.abc import Sequence

from acquirer.app.recording import RecordedExchange, RecordingError, with_frames
from acquirer.app.relay_messages import decoded
from acquirer.dialect.dialect import Dialect
from acquirer.inspect.framings import enumerated
from acquirer.inspect.trace_text import TracedFrame, frames_of_exchange
from acquirer.journal.entry import Entry
from acquirer.journal.rebuilt import OtherCardError, rebuilt_fields
from acquirer.terminal.card import CardData
from acquirer.wire.message import EncodeError

NEEDS = "give the trace that has its bytes (--trace FILE), or the test data it had (--card NAME, or --pan, --pin …)"
"""What to do about an exchange of which the journal hides something."""


def traced_exchange(entry: Entry, frames: Sequence[TracedFrame], dialect: Dialect) -> RecordedExchange:
    """Return an exchange with its frames in a trace. Raises RecordingError: the trace does not have them."""
    found = frames_of_exchange(list(frames), entry.peer, entry.at_us)
    if not found:
        raise RecordingError(f"the trace has no frame of exchange {entry.id}: it began later, or is another host's")
    return with_frames(entry, found, dialect)


def rebuilt_exchange(entry: Entry, dialect: Dialect, card: CardData | None) -> RecordedExchange:
    """Return an exchange put together again from what the journal shows, and the test data of a card.

    Raises:
        RecordingError: something that it needs is hidden, and not among the test data.
    """
    if not entry.request:
        raise RecordingError(f"exchange {entry.id} cannot be sent again: the journal has no field of its request")
    try:
        fields, left_out = rebuilt_fields(entry.request, dialect, {} if card is None else _test_data(dialect, card))
        frame = dialect.encode(entry.mti, fields)
    except OtherCardError as exc:
        raise RecordingError(f"exchange {entry.id} {exc}: name its card") from None
    except EncodeError as exc:
        raise RecordingError(f"exchange {entry.id} cannot be put together again: {exc}") from None
    seen = decoded(dialect, frame, entry.at_us, entry.at_us / 1_000_000)
    hidden = [f"DE {de} ({dialect.fields[de].name.en})" for de in left_out if de in dialect.fields]
    if hidden:
        raise RecordingError(f"the journal hides {enumerated(hidden)} of exchange {entry.id}: {NEEDS}")
    return RecordedExchange(entry, seen, None, in_clear=True)


def _test_data(dialect: Dialect, card: CardData) -> dict[str, str]:
    """Return the elements that test data give; the PIN block is made when its key is known."""
    at = dialect.elements.get("track2")
    track2 = card.track2 if at is None or dialect.fields[at.de].nibbles else card.track2.replace("D", "=")
    given = {"pan": card.pan, "expiry": card.expiry, "track2": track2}
    if card.pin:
        given["pin_block"] = ""
    return {name: value for name, value in given.items() if value or name == "pin_block"}
