"""A request as the conditions of faults look at it, before and after it is decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.host.decision import Decision
from acquirer.host.request import Request
from acquirer.host.ruling import shown_field


class FaultSubject:
    """A request, and what was decided about it once it is."""

    __slots__ = ("_dialect", "_request", "code", "decision")

    def __init__(self, dialect: Dialect, request: Request) -> None:
        self._dialect = dialect
        self._request = request
        self.decision: Decision | None = None
        self.code = ""  # of the reply

    def value(self, key: str) -> str | int:
        """Return the value of a key that the `when` of a fault may ask for; "" where there is none."""
        if read := _REQUEST.get(key):
            return read(self._request)
        if key == "dialect":
            return self._dialect.name
        if key == "code":
            return self.code
        if key in ("reason", "rrn", "why"):
            return str(getattr(self.decision, key, ""))
        return shown_field(self._dialect, self._request.message, key)


_REQUEST: Final[Mapping[str, Callable[[Request], str | int]]] = {
    "service": lambda request: request.service,
    "mti": lambda request: request.message.mti,
    "tid": lambda request: request.tid,
    "mid": lambda request: request.mid,
    "batch": lambda request: request.batch,
    "stan": lambda request: request.stan,
    "amount": lambda request: "" if request.amount_minor is None else request.amount_minor,
    "peer": lambda request: request.arrival.peer,
    "moment": lambda request: request.stamp.day + request.stamp.time,
}
