"""The card of a request: its number and expiry, from the message or from a track that may be encrypted.

UnionPay Q/CUP 009: a swiped card sends only its track; DE 53 says whether the track is encrypted under the TDK, and
the cipher text may reach into the card number, so a track is read only after it was opened.
"""

from __future__ import annotations

from acquirer.exchange.reasons import Reason
from acquirer.host import why
from acquirer.host.gate import Verified
from acquirer.host.request import Request
from acquirer.host.setup import Host
from acquirer.security.track import TrackError
from acquirer.wire.masking import PAN_DIGITS, passes_luhn

SEPARATOR = "D"  # between card number and expiry (ISO/IEC 7813), as BCD carries it


class Presented:
    """A card as presented. `reason` says why it could not be read; without one, no `pan` means that no card is used."""

    __slots__ = ("expiry", "pan", "reason", "why")

    def __init__(self, pan: str, expiry: str, reason: Reason | None = None, sentence: str = "") -> None:
        self.pan = pan
        self.expiry = expiry
        self.reason = reason
        self.why = sentence


def present(host: Host, request: Request, verified: Verified) -> Presented:
    """Read the card, opening its track with the keys that verified the request."""
    text, message = host.dialect.text, request.message
    pan, expiry, track = text(message, "pan"), text(message, "expiry"), text(message, "track2")
    if not track:
        return Presented(pan, expiry)
    control = text(message, "security_control")
    if host.suite.track_sealed(control):
        try:
            clear = host.suite.open_track(verified.keys, track)
        except TrackError as wrong:
            return Presented(pan, expiry, Reason.TRACK_UNREADABLE, why.track_unreadable(str(wrong)))
    else:
        clear = track
    on_track, separator, rest = clear.partition(SEPARATOR)
    if not separator or not on_track.isdecimal() or len(on_track) not in PAN_DIGITS:
        reason = _why_unreadable(host, verified, track, control)
        return Presented(pan, expiry, Reason.TRACK_UNREADABLE, why.track_unreadable(reason))
    if pan and pan != on_track:
        return Presented(pan, expiry, Reason.FORMAT_WRONG, why.two_cards(host.dialect, pan, on_track))
    return Presented(on_track, expiry or (rest[:4] if rest[:4].isdecimal() else ""))


def check_number(pan: str) -> str:
    """What is wrong with a card number; "" when nothing is.

    >>> check_number("6212345678901232"), check_number("62123456")
    ('', 'the card number has 8 digits; 13 to 19 are possible')
    """
    if len(pan) not in PAN_DIGITS or not pan.isdecimal():
        return f"the card number has {len(pan)} digits; {PAN_DIGITS[0]} to {PAN_DIGITS[-1]} are possible"
    return "" if passes_luhn(pan) else "the check digit of the card number is wrong (Luhn)"


def _why_unreadable(host: Host, verified: Verified, track: str, control: str) -> str:
    """A track without a card number: say which mistake of the terminal would explain it."""
    keys = verified.keys
    if not host.suite.track_sealed(control):
        if keys.tdk is not None and _reads(host.suite.open_track(keys, track)):
            return (
                f"it opens under TDK KCV {keys.tdk.kcv()}, but security control {control or '(none)'} says it is clear"
            )
        return (
            f"it came in the clear (security control {control or '(none)'}) and holds no card number before a separator"
        )
    if _reads(track):
        return f"security control {control} says it is encrypted, but it came in the clear"
    kcv = keys.tdk.kcv() if keys.tdk is not None else ""
    return f"under TDK KCV {kcv} it opens to no card number before a separator: compare the KCV with the terminal's"


def _reads(track: str) -> bool:
    pan, separator, _ = track.partition(SEPARATOR)
    return bool(separator) and not check_number(pan)
