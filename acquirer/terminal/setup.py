"""What a terminal is, as its owner set it up and as what it downloaded says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from acquirer.data.types import Randbytes
from acquirer.dialect.compiled import CompiledDialect
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.suite import Suite
from acquirer.dialect.terminal_profile import TerminalProfile
from acquirer.security.secret import Secret
from acquirer.terminal.kind import OfflineUpload


@dataclass(frozen=True, slots=True)
class Setup:
    """What a terminal is, as its owner set it up.

    Raises:
        ValueError: the dialect does not describe its terminals.
    """

    compiled: CompiledDialect
    tid: str
    mid: str
    tmk: Secret | None
    randbytes: Randbytes = field(repr=False)
    now: Callable[[], datetime] = field(repr=False)  # its clock: local time, with its zone where that matters
    bdk: Secret | None = None  # where keys are derived for each message: what the key injection had
    ksn: bytes = b""  # which device it made of this terminal
    merchant: str = ""  # its name, for receipts
    operator: str = "01"
    serial: str = ""
    package: str = ""  # key package to ask for at sign-on; "": as last time, at first the dialect's
    tpdu: bytes = b""  # b"": the dialect's
    head: bytes = b""
    timeout_s: float = 0  # for one answer; 0: the dialect's
    upload_at_once: bool = False  # a signature goes up after its own sale, not after the next one
    part_bytes: int = 0  # signatures are cut into parts of so many bytes; 0: never
    watermark: bool = True  # the feature code is burnt into signatures
    tell_capture: bool = True  # uploads say how the signature was captured, in an element of our own
    verify: bool = True  # KCVs and MACs of replies; False only measures what that costs
    supplies_all: bool = False  # for dialect lint: elements that other terminals supply are not looked for
    offline_upload: OfflineUpload = "at-once"
    offline_most: int = 0  # so many that wait go up in any case; 0: any number waits
    copies: int = 0  # of a slip that its printer prints: the merchant's, the cardholder's, the bank's; 0: it has none
    no_cvm_limit_minor: int | None = None  # no signature up to it, where there is such a limit; None: the dialect's
    reversal_tries: int = 0  # of a reversal, and of an advice; 0: the dialect's
    fetches: bool = True  # it downloads what the head of a reply asks for

    def __post_init__(self) -> None:
        if self.compiled.dialect.terminal_profile is None:
            raise ValueError(f"the dialect {self.dialect.name} does not describe its terminals: it has no [terminal]")

    @property
    def dialect(self) -> Dialect:
        """What it speaks."""
        return self.compiled.dialect

    @property
    def suite(self) -> Suite:
        """The dialect's MAC, PIN blocks and key packages."""
        return self.compiled.suite

    @property
    def terminal_profile(self) -> TerminalProfile:
        """How terminals of this dialect behave."""
        profile = self.compiled.dialect.terminal_profile
        assert profile is not None
        return profile

    def clock(self) -> dict[str, str]:
        """Return the time, as the dialect's elements say it."""
        local = self.now()
        utc = local.astimezone(UTC) if local.tzinfo else local
        forms = self.compiled.clock_forms
        return {form.element: (utc if form.utc else local).strftime(form.pattern) for form in forms}

    @property
    def patience_s(self) -> float:
        """How long it waits for one answer."""
        return self.timeout_s or self.terminal_profile.reply_timeout_s

    @property
    def tries(self) -> int:
        """How often a reversal is sent, or an advice, before it is kept for later."""
        return self.reversal_tries or self.terminal_profile.reversal.tries
