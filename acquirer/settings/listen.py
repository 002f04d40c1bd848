"""Addresses to listen on, as people write them: ``[HOST:]PORT[=DIALECT]``."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from acquirer.data.toml import DataError


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen, and which dialect is spoken there ("": the default one)."""

    host: str
    port: int
    dialect: str = ""

    @property
    def loopback(self) -> bool:
        """Return whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_listen(text: str) -> Address:
    """Return an address of ``--listen``; without a host it is loopback.

    >>> parse_listen("8583")
    Address(host='127.0.0.1', port=8583, dialect='')
    >>> parse_listen("[::]:0=unionpay-pos")
    Address(host='::', port=0, dialect='unionpay-pos')

    Raises:
        DataError: the text is not an address.
    """
    where, equals, dialect = text.partition("=")
    host, _, port = where.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if port.isascii() and port.isdigit() and (len(port) > 5 or int(port) > 65535):
        problem = f"port {port} of '{text}' is out of range: give 1 to 65535, or 0 for a free one"
        raise DataError("--listen", 0, "", problem)
    if (equals and not dialect) or not port.isascii() or not port.isdigit():
        raise DataError(
            "--listen", 0, "", f"'{text}' is not an address; write [HOST:]PORT[=DIALECT], as in 127.0.0.1:8583"
        )
    if ":" in host and not bracketed:
        raise DataError("--listen", 0, "", f"'{text}': an IPv6 address stands in brackets, as in [::1]:8583")
    return Address((host[1:-1] if bracketed else host) or "127.0.0.1", int(port), dialect)
