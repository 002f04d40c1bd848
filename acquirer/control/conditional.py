"""``If-None-Match`` and ``If-Match``: what a client has already, or means to change, named by its ETag (RFC 9110, 13).

1. ``If-None-Match`` of a ``GET`` or ``HEAD``: where the answer would have one of these tags, it is 304 without a body.
2. ``If-Match`` of a change is compared by the routes, which know what it is a change of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from acquirer.control.asgi import AsgiMessage, AsgiSend

_TAG: Final = re.compile(r'(W/)?"([^"]*)"')
_OF_A_BODY: Final = (b"content-length", b"content-type")
"""Headers that a 304 does not repeat."""


def tags_of(header: str, *, strong: bool = False) -> list[str]:
    """Return the tags of a list, without their quotes; where strong ones are meant, without the weak ones.

    >>> tags_of('"1", W/"2"'), tags_of('"1", W/"2"', strong=True)
    (['1', '2'], ['1'])
    """
    return [tag for weak, tag in _TAG.findall(header) if not (weak and strong)]


def is_any(header: str) -> bool:
    """Return whether any tag is meant: ``*``."""
    return header.strip() == "*"


def unless_known(headers: Mapping[str, str], send: AsgiSend) -> AsgiSend:
    """Return what sends an answer, or 304 in its place where the client has that already."""
    known = headers.get("if-none-match")
    if known is None:
        return send
    is_known = False

    async def send_unless_known(message: AsgiMessage) -> None:
        nonlocal is_known
        if message["type"] == "http.response.start" and message["status"] == HTTPStatus.OK:
            tags = tags_of(dict(message["headers"]).get(b"etag", b"").decode("latin-1"))
            is_known = bool(tags) and (is_any(known) or tags[0] in tags_of(known))
            if is_known:
                kept = [one for one in message["headers"] if one[0].lower() not in _OF_A_BODY]
                message = {**message, "status": HTTPStatus.NOT_MODIFIED.value, "headers": kept}
        elif is_known and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_unless_known
