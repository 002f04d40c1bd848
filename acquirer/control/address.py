"""Where HTTP is served: ``[HOST:]PORT``, bound before the host says that it is ready."""

from __future__ import annotations

import os
import socket
from typing import Final

from acquirer.data.text import address_text
from acquirer.data.toml import DataError
from acquirer.net.server import BindError
from acquirer.settings.listen import Address, parse_listen

BACKLOG: Final = 256
"""Newcomers that wait to be accepted: who controls a host are few."""


def read_address(text: str) -> Address:
    """Return an address of ``--http``. Raises DataError."""
    try:
        address = parse_listen(text)
    except DataError as exc:
        raise DataError(
            "--http", 0, "", exc.problem.replace("[=DIALECT][,tls=NAME]", "").replace("8583", "18583")
        ) from None
    if address.dialect:
        raise DataError("--http", 0, "", f"'{text}' names a dialect, and HTTP has none; write [HOST:]PORT")
    return address


def bind(address: Address) -> socket.socket:
    """Return a socket that is bound to an address. Raises BindError."""
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as exc:
        raise BindError(f"cannot serve HTTP on {address.host}: {(exc.strerror or str(exc)).lower()}") from None
    family, _, _, _, where = found[0]
    try:
        bound = socket.create_server(where, family=family, backlog=BACKLOG)
    except OSError as exc:
        reason = os.strerror(exc.errno or 0).lower()  # what Python says repeats the address
        raise BindError(f"cannot serve HTTP on {address.host}:{address.port}: {reason}") from None
    bound.setblocking(False)
    return bound


def url_of(bound: socket.socket) -> str:
    """Return the address of a bound socket as clients write it."""
    return f"http://{address_text(bound.getsockname())}"
