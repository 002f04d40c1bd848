"""Why a request was answered the way it was, as symbols; a dialect's table turns them into response codes.

A decision never names a code. Adding a reason here means adding it to the ``[reasons]`` of every root dialect:
``acquirer dialect lint`` and a test insist.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """A symbolic outcome of a decision. The order follows the order of checks."""

    APPROVED = "approved"
    # the message itself
    FORMAT_ERROR = "format_wrong"
    MTI_UNKNOWN = "mti_unknown"
    NOT_SUPPORTED = "not_supported"
    # who speaks
    TERMINAL_UNKNOWN = "terminal_unknown"
    MERCHANT_UNKNOWN = "merchant_unknown"
    TERMINAL_CLONED = "terminal_cloned"
    CERTIFICATE_DIFFERS = "certificate_differs"  # it shows another one than it is bound to, or none
    OPERATOR_UNKNOWN = "operator_unknown"  # none of those that the terminal lists
    # its keys and its sign-on
    SIGN_ON_REQUIRED = "sign_on_required"
    KEYS_UNAVAILABLE = "keys_unavailable"  # this terminal cannot be given the key package it asks for
    MAC_DIFFERS = "mac_differs"
    BATCH_DIFFERS = "batch_differs"
    # its relation to what came before
    DUPLICATE = "duplicate"
    LATE_ORIGINAL = "late_original"  # a sale that arrives after its reversal
    ORIGINAL_UNKNOWN = "original_unknown"
    ORIGINAL_AMOUNT_DIFFERS = "original_amount_differs"
    ORIGINAL_DIFFERS = "original_differs"  # another card, another processing code
    ORIGINAL_CLOSED = "original_closed"  # a void or refund of what was declined, reversed, voided
    ORIGINAL_OTHER_DAY = "original_other_day"  # a void of an earlier business day's sale
    ORIGINAL_TOO_OLD = "original_too_old"  # a refund that comes too many days later
    ORIGINAL_CARD_DIFFERS = "original_card_differs"  # a void with another card than its sale's
    REFUND_EXCEEDS = "refund_exceeds"  # more than is left of the sale
    COMPLETION_EXCEEDS = "completion_exceeds"  # more than may be taken of what is held
    ORIGINAL_NOT_REFUNDABLE = "original_not_refundable"  # a refund of a sale by instalments
    SIGNATURE_DIFFERS = "signature_differs"  # an upload says otherwise than the sale it names
    SIGNATURE_UNUSABLE = "signature_unusable"  # its slip, its image or its parts
    # the business
    AMOUNT_INVALID = "amount_invalid"
    CURRENCY_DIFFERS = "currency_differs"
    CARD_NUMBER_INVALID = "card_number_invalid"
    CARD_UNKNOWN = "card_unknown"
    CARD_EXPIRED = "card_expired"
    CARD_BLOCKED = "card_blocked"
    CARD_LOST = "card_lost"
    CARD_STOLEN = "card_stolen"
    CARD_RESTRICTED = "card_restricted"
    USE_CHIP = "use_chip"
    CRYPTOGRAM_DIFFERS = "cryptogram_differs"  # the chip's is not made with the card's key
    FUNDS_INSUFFICIENT = "funds_insufficient"
    LIMIT_EXCEEDED = "limit_exceeded"
    COUNT_EXCEEDED = "count_exceeded"
    PIN_REQUIRED = "pin_required"
    PIN_FORMAT_ERROR = "pin_format_wrong"
    PIN_INCORRECT = "pin_wrong"
    PIN_TRIES_EXCEEDED = "pin_tries_exceeded"
    TRACK_UNREADABLE = "track_unreadable"
    ISSUER_DOWN = "issuer_down"
    # the host itself
    OVERLOADED = "overloaded"
    SYSTEM_FAULT = "system_fault"
    CHOSEN = "chosen"  # a rule or a trigger amount chose the code itself


REASONS: Final = frozenset(reason.value for reason in Reason)
"""The symbols of all reasons, as rows hold them; those of another version may have others."""

FALLBACKS: Final[Mapping[Reason, Reason]] = {
    Reason.TERMINAL_CLONED: Reason.TERMINAL_UNKNOWN,  # given by no decision of this version
    Reason.OPERATOR_UNKNOWN: Reason.TERMINAL_UNKNOWN,
    Reason.CERTIFICATE_DIFFERS: Reason.TERMINAL_UNKNOWN,
    Reason.CHOSEN: Reason.SYSTEM_FAULT,  # a decision with it brings its own code
    Reason.ORIGINAL_CLOSED: Reason.ORIGINAL_UNKNOWN,
    Reason.ORIGINAL_OTHER_DAY: Reason.ORIGINAL_UNKNOWN,
    Reason.ORIGINAL_TOO_OLD: Reason.ORIGINAL_UNKNOWN,
    Reason.ORIGINAL_CARD_DIFFERS: Reason.ORIGINAL_DIFFERS,
    Reason.REFUND_EXCEEDS: Reason.LIMIT_EXCEEDED,
    Reason.CRYPTOGRAM_DIFFERS: Reason.CARD_RESTRICTED,
    Reason.COMPLETION_EXCEEDS: Reason.ORIGINAL_AMOUNT_DIFFERS,
    Reason.ORIGINAL_NOT_REFUNDABLE: Reason.ORIGINAL_DIFFERS,
}
"""Reasons that a dialect need not map: without a code of their own they have that of an older, wider one."""
