"""What the certificate of a TLS peer says, as far as it is compared with what terminals are registered to."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_FINGERPRINT: Final = re.compile("sha256:[0-9a-f]{64}")
_PART: Final = re.compile(r"(CN|O|OU|C|ST|L|serialNumber|emailAddress)=([^,=]+)")
TID: Final = "{tid}"
"""Stands in a binding for the number of its terminal, so that one line serves a range of them."""


class PeerCertificate(NamedTuple):
    """A certificate that an authority vouches for, of a peer that has its key."""

    fingerprint: str  # "sha256:" and 64 hex digits in lower case
    subject: tuple[str, ...]  # "CN=10000161", "O=Shop"

    def fits(self, binding: str) -> bool:
        """Return whether this is a certificate that a terminal with such a binding may show.

        >>> PeerCertificate("sha256:00", ("CN=10000161", "O=Shop")).fits("CN=10000161")
        True
        """
        if _FINGERPRINT.fullmatch(binding):
            return self.fingerprint == binding
        return set(binding.split(",")) <= set(self.subject)


def read_certificate_binding(value: object) -> str:
    """Return which certificate a terminal is bound to, in the one way in which it is kept.

    >>> read_certificate_binding("CN={tid}, O=Shop")
    'CN={tid},O=Shop'

    Raises:
        ValueError: with the rest of a sentence about the value.
    """
    text = value.strip() if isinstance(value, str) else ""
    digits = re.sub("[: ]", "", text.lower().removeprefix("sha256:"))
    if re.fullmatch("[0-9a-f]{64}", digits):
        return f"sha256:{digits}"
    parts = [part.strip() for part in text.split(",")]
    if not all(_PART.fullmatch(part) for part in parts):
        raise ValueError(
            'is no certificate; write a part of its subject, like "CN=10000161" ("CN={tid}" for a range), or its '
            'fingerprint, like "sha256:…" with 64 hex digits'
        )
    return ",".join(parts)
