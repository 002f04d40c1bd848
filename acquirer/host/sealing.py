"""From a decision to a frame: code, fields, envelope, MAC."""

from __future__ import annotations

from collections.abc import Sequence

from acquirer.data.text import printable
from acquirer.dialect.definitions import ACCEPTED
from acquirer.host.core import Host
from acquirer.host.decision import Decision
from acquirer.host.request import Request
from acquirer.scenario.rules.reply_edits import edit
from acquirer.security.working import WorkingKeys
from acquirer.wire.message import EncodeError, Value


class Reply:
    """A reply, ready to be sent. Not frozen: one is made per exchange."""

    __slots__ = ("code", "fields", "frame", "keys", "mti")

    def __init__(
        self, code: str, mti: str, fields: dict[int, Value], frame: bytes, keys: WorkingKeys | None = None
    ) -> None:
        self.code = code
        self.mti = mti
        self.fields = fields  # without the MAC
        self.frame = frame
        self.keys = keys  # that its MAC was made with; None: it has none


def seal(host: Host, request: Request, decision: Decision) -> Reply:
    """Return the reply to a request: echoed and own elements, the code, a MAC under the keys that verified the request.

    Raises:
        EncodeError: an element does not fit the dialect.
    """
    dialect, message, route = host.dialect, request.message, request.route
    code = decision.code or host.code_of(decision.reason, route)
    if code not in dialect.codes:  # it was stored under another dialect, or before this one was changed
        raise EncodeError(f"{printable(code)!r:.12} is not in its table of response codes", field="code")
    accepted = dialect.codes[code].kind == ACCEPTED
    elements = decision.reply_elements
    elements["code"] = code
    if "time" not in elements:
        elements.update(request.stamp.clock)
    fields = host.plans.plan(route, accepted).fields(message.fields, elements)
    if decision.ruling is not None or decision.replayed:
        edit(dialect, fields, elements)  # what a rule changes in the reply
    mti = host.plans.reply_mti(message.mti)
    envelope = host.plans.envelope(message.raw, asking_nibble(host, request, decision))
    keys = decision.keys
    unasked = route is not None and route.mac_accepted and dialect.mac_of(message) is None
    if keys is None or not accepted or route is None or route.mac_reply == "never" or unasked:
        return Reply(code, mti, fields, dialect.encode_in(envelope, mti, fields))
    security = dialect.security
    frame = dialect.encode_in(envelope, mti, fields | {dialect.mac_de(fields): bytes(security.mac_bytes)})
    return Reply(code, mti, fields, host.suite.seal_reply(keys, frame), keys)


def asking_nibble(host: Host, request: Request, decision: Decision) -> int:
    """Return what the head of a reply asks the terminal to do; 0: nothing."""
    if decision.sign_on_again:
        return host.nibbles.get("sign_on", 0)
    if decision.ask:
        return host.nibbles.get(decision.ask, 0)
    pending: Sequence[str] = request.downloads if decision.session is None else decision.session.downloads
    return next((host.nibbles[kind] for kind in pending if kind in host.nibbles), 0) if pending else 0
