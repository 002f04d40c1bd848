"""Subprotocols of a stream: the one by which it is asked for, and the one in which a browser sends the bearer token.

A page sets no header of a WebSocket but ``Sec-WebSocket-Protocol``. So it offers `STREAM` and ``bearer.TOKEN``; of what
is offered one has to be chosen, else browsers close the connection, and that is `STREAM` wherever it can be.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

STREAM: Final = "acquirer.stream"
_BEARER: Final = "bearer."


def offered_token(offered: Iterable[str]) -> str:
    """Return the token among subprotocols; "" where there is none.

    >>> offered_token(["acquirer.stream", "bearer.abc"])
    'abc'
    """
    return next((one.removeprefix(_BEARER) for one in offered if one.startswith(_BEARER)), "")


def chosen(offered: Iterable[str]) -> str | None:
    """Return the subprotocol that a stream is opened with; None: it is opened without.

    >>> chosen(["bearer.abc", "acquirer.stream"]), chosen(["bearer.abc"]), chosen(["chat"])
    ('acquirer.stream', 'bearer.abc', None)
    """
    ours = [one for one in offered if one == STREAM or one.startswith(_BEARER)]
    return STREAM if STREAM in ours else ours[0] if ours else None
