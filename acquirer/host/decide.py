"""The decision about one request: the gate, then the service its route names. Pure: rows in, decision out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from acquirer.data.toml import nearest
from acquirer.dialect.dialect import Dialect
from acquirer.host.admission import identify
from acquirer.host.core import Host
from acquirer.host.decision import Decision
from acquirer.host.request import Request
from acquirer.host.services.network import echo, sign_off
from acquirer.host.services.reversal import reversal
from acquirer.host.services.sale import sale
from acquirer.host.services.sign_on import key_change, sign_on
from acquirer.host.services.signature import signature
from acquirer.host.services.signature_part import signature_part
from acquirer.model.effects import Loaded

Service = Callable[[Host, Request, Loaded, str], Decision]

SERVICES: Final[Mapping[str, Service]] = {
    "sign_on": sign_on,
    "key_change": key_change,
    "sign_off": sign_off,
    "echo": echo,
    "sale": sale,
    "reversal": reversal,
    "signature": signature,
    "signature_part": signature_part,
}
"""What a route's `service` means to this host. A dialect may name more; those it must not mark as served."""


NEEDED: Final = ("tid", "stan", "code")
"""Elements without which no exchange can be told from another, or answered."""


def check_served(dialect: Dialect) -> None:
    """Refuse a dialect that no host could serve.

    Raises:
        DataError: what it lacks, or which route asks for a service there is none of; with file and line.
    """
    for element in NEEDED:
        if element not in dialect.elements:
            raise dialect.error("elements", f"there is no element '{element}', so no request could be answered")
    for route in dialect.routes:
        if route.served and route.service not in SERVICES:
            hint = nearest(route.service, SERVICES) or f"; there are {', '.join(SERVICES)}"
            raise dialect.error(f"routes.{route.name}", f"this host has no service '{route.service}'{hint}")


def decide(host: Host, request: Request, loaded: Loaded, asked: str = "") -> Decision:
    """Decide about a request whose format is right.

    `asked` is the token of the card whose row is in `loaded.card` (None there: nothing is kept about it yet). A
    decision with `wants_card` is none yet: load that card too and ask again.
    """
    return identify(host, request, loaded) or SERVICES[request.service](host, request, loaded, asked)
