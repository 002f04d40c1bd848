"""What this machine must have room for before a run begins: open files, ports, source addresses."""

from __future__ import annotations

import ipaddress
import math
import re
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from acquirer.data.text import plural
from acquirer.dialect.dialect import Dialect
from acquirer.load.generator import open_from
from acquirer.load.parts import PlanPart
from acquirer.load.plan import LoadPlan, PlanError

PORT_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
TIME_WAIT_REUSE: Final = Path("/proc/sys/net/ipv4/tcp_tw_reuse")

PORTS: Final = (49_152, 65_535)
"""Where a system does not say which ports it gives out: those that are for it (RFC 6335)."""

TIME_WAIT_S: Final = 60.0
"""How long Linux keeps the port of a connection that this side closed first (TCP_TIMEWAIT_LEN); others not longer."""

REUSE_S: Final = 1.0
"""How long it keeps it where it may be used again: `tcp_tw_reuse` is 1, or 2 and the peer is on loopback."""


def find_host(host: str) -> tuple[str, int]:
    """Return address and port of ``HOST:PORT``, looked up once. Raises PlanError."""
    name, _, port = host.rpartition(":")
    try:
        found = socket.getaddrinfo(name.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except (OSError, ValueError) as exc:
        raise PlanError(f"{host}: is no address ({exc}); write HOST:PORT") from None
    return str(found[0][4][0]), int(found[0][4][1])


def check_sources(sources: Sequence[str]) -> None:
    """Refuse an address that this machine does not have. Raises PlanError."""
    for source in sources:
        try:
            open_from(source, socket.AF_INET6 if ":" in source else socket.AF_INET).close()
        except OSError as exc:
            why = (exc.strerror or str(exc)).lower()
            raise PlanError(f"--source: this machine cannot connect from {source} ({why}); name its own") from None


def connections_at_once(plan: LoadPlan, dialect: Dialect, part: PlanPart, terminals: int) -> int:
    """Return how many connections of a part may be open at a time: one for each terminal that may be at work."""
    assert dialect.terminal_profile is not None
    patience_s = plan.timeout_s or dialect.terminal_profile.reply_timeout_s
    most = max(phase.at_once(math.inf if plan.kept else patience_s) for phase in plan.phases)
    return min(part.share(terminals), math.ceil(min(most, terminals) / part.of))


def check_ports(plan: LoadPlan, address: str) -> None:
    """Refuse a plan that opens more connections than there are ports for them. Raises PlanError."""
    least, last = _port_range()
    ports = last - least + 1
    window_s = _kept_for_s(address)
    addresses = max(len(plan.sources), 1)
    needed = _connections_within(plan, window_s)
    if needed <= ports * addresses:
        return
    more = math.ceil(needed / ports)
    loopback = ipaddress.ip_address(address).is_loopback
    name = f"--source 127.0.0.1..{more}" if loopback else "--source, with addresses of this machine"
    raise PlanError(
        f"{plural(needed, 'connection')} within {window_s:g} s need a port each, and there are {ports} for each "
        f"of {plural(addresses, 'source address', 'source addresses')} ({least} to {last}): spread them over {more} "
        f"({name}), or keep connections (--kept)"
    )


def _connections_within(plan: LoadPlan, window_s: float) -> int:
    """Return how many connections this machine opens at most within a time."""
    if plan.kept:
        return max(phase.terminals for phase in plan.phases) // plan.shard.of
    most = 0.0
    for begin_s in plan.begins_s:
        opened = 0.0
        for other_s, phase in zip(plan.begins_s, plan.phases, strict=True):
            overlap_s = min(begin_s + window_s, other_s + phase.length_s) - max(begin_s, other_s)
            share = min(max(overlap_s, 0.0) / phase.length_s, 1.0)
            come = min(phase.rate * window_s, (phase.arrivals or 0) * share)
            opened += come * phase.journey.most_requests
        most = max(most, opened)
    return math.ceil(most / plan.shard.of)


def _port_range() -> tuple[int, int]:
    with suppress(OSError):
        if found := re.fullmatch(r"(\d+)\s+(\d+)\s*", PORT_RANGE.read_text(encoding="ascii")):
            return int(found[1]), int(found[2])
    return PORTS


def _kept_for_s(address: str) -> float:
    """Return how long a port is kept after its connection was closed."""
    with suppress(OSError):
        reuse = TIME_WAIT_REUSE.read_text(encoding="ascii").strip()
        if reuse == "1" or (reuse == "2" and ipaddress.ip_address(address).is_loopback):
            return REUSE_S
    return TIME_WAIT_S
