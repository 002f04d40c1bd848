"""A request as the conditions of faults look at it, before and after it is decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from acquirer.host.card import readable_pan
from acquirer.host.core import Host
from acquirer.host.decision import Decision
from acquirer.host.request import Request
from acquirer.host.ruling import shown_field
from acquirer.wire.masking import mask_pan


class FaultSubject:
    """A request, and what was decided about it once it is."""

    __slots__ = ("_host", "_request", "code", "decision")

    def __init__(self, host: Host, request: Request) -> None:
        self._host = host
        self._request = request
        self.decision: Decision | None = None
        self.code = ""  # of the reply

    def value(self, key: str) -> str | int:
        """Return the value of a key that the `when` of a fault may ask for; "" where there is none."""
        if read := _REQUEST.get(key):
            return read(self._request)
        if key == "dialect":
            return self._host.dialect.name
        if key == "code":
            return self.code
        if key in ("reason", "rrn", "why"):
            return str(getattr(self.decision, key, ""))
        if key == "pan":
            return getattr(self.decision, "pan_masked", "") or mask_pan(self._pan)
        if key == "card":
            entry = self._host.issuer.cards.get(self._pan)
            return "" if entry is None else entry.name
        return shown_field(self._host.dialect, self._request.message, key)

    @property
    def _pan(self) -> str:
        """The card number; "" where none is presented, or a track hides it and has not been opened yet."""
        return self._request.pan or readable_pan(self._host, self._request)


_REQUEST: Final[Mapping[str, Callable[[Request], str | int]]] = {
    "service": lambda request: request.service,
    "mti": lambda request: request.message.mti,
    "tid": lambda request: request.tid,
    "mid": lambda request: request.mid,
    "batch": lambda request: request.batch,
    "stan": lambda request: request.stan,
    "amount": lambda request: "" if request.amount_minor is None else request.amount_minor,
    "listener": lambda request: request.arrival.listener,
    "peer": lambda request: request.arrival.peer,
    "moment": lambda request: request.stamp.day + request.stamp.time,
}
