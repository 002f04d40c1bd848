"""Addresses to listen on, as people write them: ``[HOST:]PORT[=DIALECT][,tls=NAME]``."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from acquirer.data.toml import DataError


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen, which dialect is spoken there ("": the default one), and over which TLS ("": none)."""

    host: str
    port: int
    dialect: str = ""
    tls: str = ""

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
    Address(host='127.0.0.1', port=8583, dialect='', tls='')
    >>> parse_listen("[::]:0=unionpay-pos,tls=shop")
    Address(host='::', port=0, dialect='unionpay-pos', tls='shop')

    Raises:
        DataError: the text is not an address.
    """
    before, comma, tls = text.partition(",tls=")
    where, equals, dialect = before.partition("=")
    host, _, port = where.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if port.isascii() and port.isdigit() and (len(port) > 5 or int(port) > 65535):
        problem = f"port {port} of '{text}' is out of range: give 1 to 65535, or 0 for a free one"
        raise DataError("--listen", 0, "", problem)
    written = bool((dialect or not equals) and (tls or not comma)) and "," not in f"{before}{tls}"
    if not written or not port.isascii() or not port.isdigit():
        problem = f"'{text}' is not an address; write [HOST:]PORT[=DIALECT][,tls=NAME], as in 127.0.0.1:8583"
        raise DataError("--listen", 0, "", problem)
    if ":" in host and not bracketed:
        raise DataError("--listen", 0, "", f"'{text}': an IPv6 address stands in brackets, as in [::1]:8583")
    return Address((host[1:-1] if bracketed else host) or "127.0.0.1", int(port), dialect, tls)
