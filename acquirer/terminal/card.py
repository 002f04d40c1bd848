"""A card as the terminal reads it: its number, its track, its PIN."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from acquirer.errors import ConfigurationError
from acquirer.security.secret import Secret
from acquirer.wire.masking import mask_pan

PLAIN_SERVICE_CODE = "120"  # international, positive online authorisation, no chip, no PIN demanded
_PAN = re.compile(r"[0-9]{12,19}")  # as `wire.card_numbers.PAN_DIGITS`; the host judges the rest
_TRACK2 = re.compile(r"([0-9]{12,19})D([0-9]{4})([0-9]{3})[0-9]*")
TRACK2_DIGITS = 37  # ISO/IEC 7813, sentinels not counted
USUAL_TRACK2_DIGITS = 35  # a common length; an odd one, so that the padding is exercised


class CardError(ConfigurationError, ValueError):
    """Card data that no card could have: which part, and what to give instead. Never quotes it."""


@dataclass(frozen=True, slots=True)
class CardData:
    """A card as the terminal reads it. Only the masked number is ever shown; track and PIN are never kept."""

    pan: str = field(repr=False)
    expiry: str = field(default="", repr=False)  # YYMM
    track2: str = field(default="", repr=False)  # digits, separator D
    sequence: str = ""  # of a chip card, three digits
    pin: str = field(default="", repr=False)
    imk: Secret | None = field(default=None, repr=False)  # its issuer's key, where our terminal plays the chip with it

    @property
    def masked(self) -> str:
        return mask_pan(self.pan)


def card(
    pan: str = "",
    expiry: str = "",
    track2: str = "",
    *,
    sequence: str = "001",
    service_code: str = PLAIN_SERVICE_CODE,
    pin: str = "",
) -> CardData:
    """Return a card from what is known of it: the number from the track, or the track from number and expiry.

    >>> card(track2=";6212345678901232=30122200000000000?").pan[-4:]
    '1232'
    >>> len(card("6212345678901232", "3012").track2)
    35

    Raises:
        CardError: something is missing, has the wrong form, or contradicts the rest.
    """
    track2 = track2.strip(";?").replace("=", "D").upper()
    if track2:
        found = _TRACK2.fullmatch(track2)
        if not found or len(track2) > TRACK2_DIGITS:
            raise CardError(
                "this is no track 2: one has a card number, '=' or 'D', expiry YYMM, a service code of three digits "
                f"and further digits, {TRACK2_DIGITS} characters at most"
            )
        if (pan and pan != found[1]) or (expiry and expiry != found[2]):
            raise CardError("card number or expiry differs from the track 2; give the track alone")
        pan, expiry = found[1], found[2]
    if not _PAN.fullmatch(pan):
        found_digits = f", not {len(pan)}" if pan.isdecimal() else ""
        raise CardError(f"a card number has 12 to 19 digits{found_digits}; give --card, --pan or --track2")
    if expiry and not re.fullmatch(r"[0-9]{2}(0[1-9]|1[0-2])", expiry):
        raise CardError("an expiry is written YYMM, for example 3012")
    if pin and not re.fullmatch(r"[0-9]{4,12}", pin):
        raise CardError("a PIN has 4 to 12 digits")
    if not track2 and expiry:
        head = f"{pan}D{expiry}{service_code}"
        track2 = head + "0" * (USUAL_TRACK2_DIGITS - len(head))
    return CardData(pan, expiry, track2, sequence, pin)
