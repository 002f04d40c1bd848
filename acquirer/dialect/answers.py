"""Which request a reply answers: by its MTI and the elements that both carry and that identify an exchange."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from acquirer.dialect.dialect import Dialect, Route
from acquirer.wire.message import Value

_IDENTIFYING: Final = ("stan", "tid", "batch")


def differing_element(
    dialect: Dialect,
    mti: str,
    route: Route | None,
    request: Mapping[int, Value],
    reply_mti: str,
    reply: Mapping[int, Value],
) -> str:
    """Return why a message is no reply to a request: "mti", or the element that differs; "" when it may be its reply.

    An element that one of them lacks says nothing, nor does one that the host makes anew, as the batch of a sign-on.

    Args:
        mti: of the request, which is no response.
        route: of the request; None: none is known.
    """
    if reply_mti != dialect.response_mti(mti):
        return "mti"
    own = () if route is None else route.reply.make
    identifying = [element for element in _IDENTIFYING if element not in own]
    if route is not None and "function" in route.when:
        identifying.append("function")  # all management messages have one MTI; an echo, without STAN, takes no other's
    for element in identifying:
        got, sent = dialect.get_from(reply, element), dialect.get_from(request, element)
        if got is not None and sent is not None and got != sent:
            return element
    return ""
