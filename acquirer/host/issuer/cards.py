"""The issuer's table of test cards: the fixed side of each card (limits, expiry, PIN, status)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from acquirer.security.secret import Secret

Status = Literal["active", "blocked", "lost", "stolen", "restricted", "issuer-down"]


@dataclass(frozen=True, slots=True)
class CardEntry:
    """One test card as the issuer knows it. None means that the issuer does not check."""

    name: str
    pan: str = field(repr=False)
    about: str = ""
    expiry: str = ""  # YYMM, valid through the last day of the month
    sequence: str = "001"
    service_code: str = "120"  # of track 2; a 2 or a 6 in front means the card has a chip
    pin: str | None = field(default=None, repr=False)
    pin_required: bool = False
    imk: Secret | None = field(default=None, repr=False)  # the issuer's key of its chip; None: not checked
    script: bytes = b""  # what the issuer tells the chip in each reply (tag 72): identifier and commands
    status: Status = "active"
    balance_minor: int | None = None
    limit_minor: int | None = None  # of one sale
    daily_limit_minor: int | None = None
    daily_count: int | None = None
    organisation: str = ""  # "": as its leading digits say
    checked: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """What is checked before a transaction is approved, in this order: what it says nothing of is left out."""

    def __post_init__(self) -> None:
        says = {
            "status": self.status != "active",
            "expiry": True,  # of what was read, too
            "chip": self.chip,
            "cryptogram": self.imk is not None,
            "pin": self.pin is not None,
            "limit": (self.limit_minor, self.daily_limit_minor) != (None, None),
            "count": self.daily_count is not None,
            "balance": self.balance_minor is not None,
        }
        object.__setattr__(self, "checked", tuple([name for name, there in says.items() if there]))

    @property
    def imk_kcv(self) -> str:
        """The check value of the issuer's key; "" without one."""
        return self.imk.kcv() if self.imk is not None else ""

    @property
    def chip(self) -> bool:
        """Whether the card carries a chip, so that a swipe is answered with "use the chip"."""
        return self.service_code[:1] in ("2", "6")

    @property
    def counted(self) -> bool:
        """Whether what sales take from it matters: it has a balance, or a limit for a day."""
        return (self.balance_minor, self.daily_limit_minor, self.daily_count) != (None, None, None)

    @property
    def track2(self) -> str:
        """The card's track 2, separator ``D``."""
        return f"{self.pan}D{self.expiry or '4912'}{self.service_code}00000"


@dataclass(frozen=True, slots=True)
class CardTable:
    """All cards of one issuer, and what is said about every other card."""

    cards: Mapping[str, CardEntry] = field(repr=False)  # by PAN
    unknown: Literal["approve", "decline"] = "approve"
    test_bins: tuple[str, ...] = ()  # leading digits under which test card numbers were published
    unknown_balance_minor: int = 100_000  # what a balance inquiry finds on a card without a balance of its own

    def named(self, name: str) -> CardEntry | None:
        """The card called `name`."""
        return next((card for card in self.cards.values() if card.name == name), None)

    def is_test(self, pan: str) -> bool:
        """Whether a card number is one of the table's or stands under a published test BIN."""
        return pan in self.cards or pan.startswith(self.test_bins)
