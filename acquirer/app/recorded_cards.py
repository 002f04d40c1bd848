"""Which cards encrypted tracks of a recording are of, where the terminals' keys are known."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from acquirer.app.known_keys import KnownKeys
from acquirer.app.recording import Recording
from acquirer.app.relay_messages import text_of
from acquirer.dialect.compiled import CompiledDialect
from acquirer.errors import SecurityError
from acquirer.settings.registration import Registration
from acquirer.wire.card_numbers import pan_of_track2
from acquirer.wire.masking import mask_pan


def note_cards(compiled: CompiledDialect, recording: Recording, terminals: Iterable[Registration]) -> None:
    """Give entries without a card number the masked one of their encrypted track.

    Args:
        terminals: with the master keys that open the working keys of the recording's sign-ons.
    """
    suite, dialect = compiled.suite, compiled.dialect
    known = KnownKeys(suite, terminals)
    for one in recording.in_time_order:
        request, reply = one.request, one.reply
        if request is None or request.message is None:
            continue
        control = text_of(dialect, request.fields, "security_control")
        track, keys = text_of(dialect, request.fields, "track2"), known.of(request.message)
        if track and keys is not None and not one.entry.pan_masked and suite.track_sealed(control):
            with suppress(SecurityError):
                pan = pan_of_track2(suite.open_track(keys, track))
                one.entry.pan_masked = mask_pan(pan) if pan.isdecimal() else ""
        if reply is not None and reply.message is not None:
            with suppress(SecurityError):
                known.learn(request.route, request.fields, reply.message)
