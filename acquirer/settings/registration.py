"""A terminal as it is to be registered. Imports nothing heavy: every command opens the store, which takes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acquirer.data.types import MakForm
from acquirer.model.rows import Policy

if TYPE_CHECKING:
    from acquirer.security.secret import Secret
    from acquirer.security.working import WorkingKeys


@dataclass(frozen=True, slots=True)
class Registration:
    """One terminal as it is to be registered; its keys are in clear, and cannot be printed by accident."""

    tid: str  # 8 characters
    mid: str  # 15 characters
    tmk: Secret | None = None
    name: str = ""
    mak: MakForm = "single"
    policy: Policy = field(default_factory=Policy)
    test: bool = False
    fixed_keys: WorkingKeys | None = None
    bdk: Secret | None = None
    ksn: bytes = b""  # which device the terminal is, for the side that plays it; b"": derived from its number
    operators: tuple[str, ...] = ()  # who may sign on, two digits each; none: anyone
    downloads: tuple[str, ...] = ()  # what it is asked to download from now on
    certificate: str = ""  # that it must show over TLS; "": any, or none
