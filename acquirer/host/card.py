"""The card of a request: its number and expiry, from the message or from a track that may be encrypted.

UnionPay Q/CUP 009: a swiped card sends only its track; DE 53 says whether the track is encrypted under the TDK, and
the cipher text may reach into the card number, so a track is read only after it was opened.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from acquirer.data.text import plural
from acquirer.host.calendar import is_expiry
from acquirer.host.core import Host, NumberFacts
from acquirer.host.explain import booking as why
from acquirer.host.issuer.organisations import organisation_of
from acquirer.host.request import Request
from acquirer.host.text import no_month, place
from acquirer.host.verification import Verified, known_keys
from acquirer.model.reasons import Reason
from acquirer.model.rows import Session, TerminalConfig
from acquirer.security.track import TrackError
from acquirer.security.working import WorkingKeys
from acquirer.wire.card_numbers import PAN_DIGITS, is_issued, passes_luhn
from acquirer.wire.masking import known_particulars, mask_pan
from acquirer.wire.message import Value

SEPARATOR = "D"  # between card number and expiry (ISO/IEC 7813), as BCD carries it; text has an equals sign


_SERVICE_CODE: Final = re.compile("[125679][024][0-7]")


class PresentedCard:
    """A card as presented. `reason` says why it cannot be read; without one, no `pan` means that no card is used."""

    __slots__ = ("expiry", "masked", "note", "pan", "reason", "why")

    def __init__(self, pan: str, expiry: str, reason: Reason | None = None, sentence: str = "") -> None:
        self.pan = pan
        self.masked = mask_pan(pan)
        self.expiry = expiry if len(expiry) == 4 and expiry.isdecimal() else ""
        self.reason = reason
        self.why = sentence
        self.note = ""  # what is odd about it all the same


def read_card(
    host: Host, fields: Mapping[int, Value], terminal: TerminalConfig, session: Session, verified: Verified
) -> PresentedCard:
    """Read the card of a request, opening its track with the keys that verified it."""
    read = host.read
    pan, expiry, element = read.pan(fields), read.expiry(fields), "track2"
    text = read.track2(fields)
    if not text:
        text, element = read.track3(fields), "track3"
        if not text:
            return PresentedCard(pan, expiry)
    track = _Track(host, verified.keys, element, text.replace("=", SEPARATOR), read.security_control(fields))
    on_track, valid = track.card()
    if not on_track:
        problem = track.why(host, terminal, session, verified)
        return PresentedCard(pan, expiry, Reason.TRACK_UNREADABLE, why.track_unreadable(host.dialect, element, problem))
    whole = track.clear.partition(SEPARATOR)[0]
    if element == "track3" and check_number(on_track) and not check_number(whole):
        problem = f"it is a track 2, and belongs into {place(host.dialect, 'track2')}; send it there"
        return PresentedCard(pan, expiry, Reason.TRACK_UNREADABLE, why.track_unreadable(host.dialect, element, problem))
    if pan and pan != on_track:
        return PresentedCard(pan, expiry, Reason.FORMAT_ERROR, why.two_cards(host.dialect, element, pan, on_track))
    if len(valid) == 4 and valid.isdecimal() and not is_expiry(valid):
        problem = (
            track.not_declared()
            or track.opened_otherwise(host, terminal, session, verified)
            or f"the expiry after its card number {no_month(valid)}; write YYMM there"
        )
        sentence = why.track_unreadable(host.dialect, element, problem)
        return PresentedCard(pan, expiry, Reason.TRACK_UNREADABLE, sentence)
    presented = PresentedCard(on_track, expiry or valid)
    if expiry and len(valid) == 4 and valid != expiry:
        presented.note = why.two_expiries(host.dialect, element)
    return presented


def number_notes(host: Host, pan: str, masked: str) -> tuple[str, ...]:
    """Return a note about a card whose number was not published for testing."""
    return () if host.issuer.is_test(pan) else (why.no_test_bin(masked),)


def reply_organisation(host: Host, pan: str) -> str:
    """Return the organisation of a card that is not of the dialect's own, where its replies say it; else ""."""
    if not pan or "organisation" not in host.dialect.constants:
        return ""
    entry = host.issuer.cards.get(pan)
    return (entry.organisation if entry is not None else "") or organisation_of(pan)


def number_facts(host: Host, pan: str) -> NumberFacts:
    """Return what follows from a card's number; of cards in the issuer's table it is found out once."""
    facts = host.numbers.get(pan)
    if facts is None:
        masked = mask_pan(pan)
        notes, organisation = number_notes(host, pan, masked), reply_organisation(host, pan)
        facts = NumberFacts(host.token(pan), masked, check_number(pan), notes, organisation)
        if pan in host.issuer.cards:
            host.numbers[pan] = facts
    return facts


def readable_pan(host: Host, request: Request) -> str:
    """Return the card number of a request as far as no key is needed to read it; "" where a track hides it."""
    read, fields = host.read, request.message.fields
    if pan := read.pan(fields):
        return pan
    for element, text in (("track2", read.track2(fields)), ("track3", read.track3(fields))):
        if text:
            return _Track(host, None, element, text.replace("=", SEPARATOR), read.security_control(fields)).card()[0]
    return ""


class _Track:
    """One track as received, and what opening it gives."""

    __slots__ = ("clear", "control", "element", "keys", "problem", "sealed", "suite", "text")

    def __init__(self, host: Host, keys: WorkingKeys | None, element: str, text: str, control: str) -> None:
        self.suite, self.keys, self.element, self.text, self.control = host.suite, keys, element, text, control
        self.sealed = host.suite.track_sealed(control)
        self.problem = ""
        self.clear = self._opened() if self.sealed else text

    def card(self, clear: str = "") -> tuple[str, str]:
        """Card number and expiry; two empty texts when there is no card number before a separator."""
        number, separator, rest = (clear or self.clear).partition(SEPARATOR)
        if self.element == "track3":  # ISO 4909: two digits of format code first, and the expiry elsewhere
            number, rest = number[2:], ""
        if not separator or not number.isdecimal() or len(number) not in PAN_DIGITS:
            return "", ""
        if self.element == "track2" and rest and not rest.isdecimal():  # another key leaves the number alone
            return "", ""
        return number, rest[:4]

    def why(self, host: Host, terminal: TerminalConfig, session: Session, verified: Verified) -> str:
        """Why there is no card number: which mistake of the terminal would explain it."""
        control = f"security control {known_particulars(self.control) or '(none)'}"
        in_clear = not check_number(self.card(self.text)[0])
        finding = "" if in_clear else self.opened_otherwise(host, terminal, session, verified)
        if self.problem or finding:
            return "; ".join(part for part in (self.problem, finding) if part)
        if self.sealed:
            if in_clear:
                return (
                    f"{control} says it is encrypted, but it is in the clear; encrypt it under the TDK, or say that "
                    "the track is clear with a third digit 0"
                )
            kcv = self.keys.tdk.kcv() if self.keys is not None and self.keys.tdk is not None else ""
            return f"under TDK KCV {kcv} it opens to no card number: compare the KCV with the terminal's"
        return (
            self.not_declared()
            or self._odd_text()
            or (
                f"it is in the clear ({control}) and holds no card number before a separator; "
                "send the card number, D and the expiry"
            )
        )

    def opened_otherwise(self, host: Host, terminal: TerminalConfig, session: Session, verified: Verified) -> str:
        """Say under which key, or in which place, an encrypted track opens; "" when nothing that was tried fits."""
        if not self.sealed or verified.keys is None:
            return ""
        generations, master = known_keys(host, terminal, session, verified)
        return self.suite.diagnose_track(generations, self.text, self._is_card, master)

    def not_declared(self) -> str:
        """Say that the track is encrypted, and the message says otherwise; "" when it is not."""
        keys = self.keys
        if self.sealed or keys is None or keys.tdk is None or not self._is_card(self._opened()):
            return ""
        return (
            f"it opens under TDK KCV {keys.tdk.kcv()}, but security control {self.control or '(none)'} says that it is "
            "clear, not encrypted; say that it is with a third digit 1"
        )

    def _odd_text(self) -> str:
        """Say what stands in a clear track that does not belong there."""
        if self.text[:1] in ("B", ";", "%"):
            return "it begins with a start sentinel; leave the sentinels out, so that it begins with the card number"
        return odd_separator(self.text) or odd_end(self.text)

    def _is_card(self, clear: str) -> bool:
        """Whether a track opened with some key holds a card number, an expiry and a service code (ISO/IEC 7813)."""
        number, valid = self.card(clear)
        if not number or not passes_luhn(number):
            return False
        rest = clear.partition(SEPARATOR)[2]
        return self.element == "track3" or (
            is_expiry(valid) and (len(rest) < 7 or _SERVICE_CODE.fullmatch(rest[4:7]) is not None)
        )

    def _opened(self) -> str:
        if self.keys is None:
            self.problem = "it is encrypted, and this terminal has been given no keys"
            return ""
        try:
            return self.suite.open_track(self.keys, self.text)
        except TrackError as exc:
            self.problem = known_particulars(str(exc))
            return ""


_SEPARATED_BY: Final = "[0-9]{12,19}([ABCEF])[0-9]{4}"
_EXPIRY_AND_SERVICE: Final = "0?[0-9]{2}(?:0[1-9]|1[0-2])[125679][024][0-7]"
_ENDED: Final = "[0-9]{12,19}D[0-9]*F[0-9A-F]?"


def odd_separator(text: str) -> str:
    """What stands in a clear track where its separator belongs; "" when nothing that was seen there does.

    >>> odd_separator("6212345678901232E30121220000001234560")
    'an E stands behind the card number where the separator D belongs; send D'
    """
    if found := re.match(_SEPARATED_BY, text):
        return f"{'a' if found[1] in 'BC' else 'an'} {found[1]} {_SEPARATOR_BELONGS}"
    for size in PAN_DIGITS:
        if is_issued(text[:size]) and re.match(_EXPIRY_AND_SERVICE, text[size:]):
            return f"{'a 0 ' if text[size] == '0' else 'no separator '}{_SEPARATOR_BELONGS}"
    return ""


_SEPARATOR_BELONGS: Final = "stands behind the card number where the separator D belongs; send D"


def odd_end(text: str) -> str:
    """Say that an end sentinel stands behind a clear track; "" when none does."""
    if not re.fullmatch(_ENDED, text):
        return ""
    check = "" if text.endswith("F") else ", and the check character (LRC) behind it"
    return f"an end sentinel (F) stands behind it{check}; leave it out, so that its digits are all"


def check_number(pan: str) -> str:
    """What is wrong with a card number; "" when nothing is.

    >>> check_number("6212345678901232"), check_number("62123456")
    ('', 'the card number has 8 digits; 12 to 19 are possible')
    """
    if len(pan) not in PAN_DIGITS or not pan.isdecimal():
        return f"the card number has {plural(len(pan), 'digit')}; {PAN_DIGITS[0]} to {PAN_DIGITS[-1]} are possible"
    return "" if passes_luhn(pan) else "the check digit of the card number is wrong (Luhn)"


_BLANKS: Final = re.compile("(?:20)*(?:20|2)")
"""Blanks as packed digits; of an odd number of digits the last half is filling."""


def check_filling(pan: str) -> str:
    """Whether a card number whose check digit is wrong is right without what fills it up; else ""."""
    for size in range(PAN_DIGITS[0], len(pan)):
        number, rest = pan[:size], pan[size:]
        if (_BLANKS.fullmatch(rest) or not rest.strip("0")) and is_issued(number):
            what = "blanks (20)" if rest[0] == "2" else "zeros"
            return f"it is right without the {what} behind it: send its digits alone, and count them in its length"
    return ""
