"""From a decision to a frame: code, fields, envelope, MAC."""

from __future__ import annotations

from typing import Final

from acquirer.host.core import Host
from acquirer.host.decision import Decision
from acquirer.host.request import Request
from acquirer.wire.message import Value

ACCEPTED: Final = "A"
"""The class of codes that mean success (Q/CUP 009, response codes): a terminal checks the MAC of these only."""


class Reply:
    """A reply, ready to be sent. Not frozen: made per exchange."""

    __slots__ = ("code", "fields", "frame", "mti")

    def __init__(self, code: str, mti: str, fields: dict[int, Value], frame: bytes) -> None:
        self.code = code
        self.mti = mti
        self.fields = fields  # without the MAC
        self.frame = frame


def seal(host: Host, request: Request, decision: Decision) -> Reply:
    """The reply to a request: what is echoed, what was made, its code, and a MAC under the keys that verified it.

    Raises:
        EncodeError: something that was made does not fit the dialect.
    """
    dialect, message, route = host.dialect, request.message, request.route
    code = decision.code or dialect.code_of(decision.reason, route)
    accepted = dialect.codes[code].kind == ACCEPTED
    made = decision.made
    made["code"] = code
    if "time" not in made:
        made.update(request.stamp.clock)
    fields = host.plans.plan(route, accepted).fields(message.fields, made)
    mti = host.plans.reply_mti(message.mti)
    envelope = host.plans.envelope(message.raw, host.sign_on_nibble if decision.sign_on_again else 0)
    keys = decision.keys
    if keys is None or not accepted or route is None or route.mac_reply == "never":
        return Reply(code, mti, fields, dialect.encode_in(envelope, mti, fields))
    security = dialect.security
    frame = dialect.encode_in(envelope, mti, fields | {dialect.mac_de(fields): bytes(security.mac_bytes)})
    return Reply(code, mti, fields, host.suite.seal_reply(keys, frame))
