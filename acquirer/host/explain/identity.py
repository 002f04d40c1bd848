"""Why a terminal is not the one it says it is, in sentences for the person at it."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.host.request import Request
from acquirer.host.text import named, place
from acquirer.model.effects import Arrival
from acquirer.model.rows import MANAGERS, TerminalConfig
from acquirer.wire.masking import known


def terminal_unknown(dialect: Dialect, request: Request) -> str:
    """Say that a terminal is not registered."""
    tid, mid = named(request.tid), known(named(request.mid))
    return (
        f"terminal {tid} is not registered with this host (merchant {mid} in the message): "
        f"register it with 'acquirer terminals add', or correct the terminal's number{_oddity(request.tid)}"
        f"{_exchanged(dialect, request)}"
    )


_SHORT_MERCHANT: Final = re.compile("[0-9A-Za-z]{8}(?: {7}|0{7})")
"""A field of fifteen characters that holds no more than a terminal's number."""


def _exchanged(dialect: Dialect, request: Request) -> str:
    if not _SHORT_MERCHANT.fullmatch(request.mid) or request.mid[:8] == request.tid:
        return ""
    tid, mid = place(dialect, "tid"), place(dialect, "mid")
    return (
        f"; {mid} holds no more than the number of a terminal: if {tid} and {mid} are exchanged, send the terminal's "
        "number first"
    )


def _oddity(tid: str) -> str:
    """Say what is odd about a terminal's number as it was received."""
    with suppress(UnicodeError):
        if not tid.isascii() and (digits := tid.encode("latin-1").decode("cp500")).isascii() and digits.isalnum():
            return "; it is EBCDIC: send ASCII characters"
    if tid[-1:] == "\0":
        return "; it ends with a zero byte: fill up with blanks on the right"
    return "; it has blanks before it: fill up with blanks on the right" if tid[:1] == " " else ""


def merchant_unknown(terminal: TerminalConfig, mid: str) -> str:
    """A terminal that names another merchant than its own."""
    return (
        f"terminal {terminal.tid} belongs to merchant {known(terminal.mid)}, the message says {known(named(mid))}: "
        f"correct the merchant number in the terminal, or register it anew{_oddity(mid)}"
    )


def certificate_differs(terminal: TerminalConfig, arrival: Arrival) -> str:
    """Say why a terminal may not speak for itself over this connection; "" when it may."""
    shown, wanted = arrival.certificate, terminal.certificate
    if shown is not None and shown.fits(wanted):
        return ""
    found = "no certificate was shown" if shown is None else f"the one shown is {', '.join(shown.subject)}"
    if shown is not None and wanted.startswith("sha256:"):
        found += f", {shown.fingerprint}"
    return (
        f"terminal {terminal.tid} is bound to the certificate {wanted}, and {found}: "
        "give the terminal its own certificate and connect over TLS, or register it with another one"
    )


OPERATORS_NAMED: Final = 8
"""Of a terminal that lists many: a sentence has room for so many."""


def operator_unknown(dialect: Dialect, terminal: TerminalConfig, operator: str, service: str) -> str:
    """Say that an operator is not among those whom a terminal lists."""
    listed = terminal.operators
    more = f" and {len(listed) - OPERATORS_NAMED} more" if len(listed) > OPERATORS_NAMED else ""
    instead = "settle" if service == "settlement" else "sign on"
    return (
        f"operator {named(operator.strip())} ({place(dialect, 'operator')}) is not registered with terminal "
        f"{terminal.tid}, which lists {', '.join(listed[:OPERATORS_NAMED])}{more}, beside the supervisor "
        f"{MANAGERS[0]} and the administrator {MANAGERS[1]}: {instead} as one of them, or register this one too"
    )
