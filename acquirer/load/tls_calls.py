"""How the terminals of a plan call their host over TLS, each with a certificate of its own if the plan says so."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from acquirer.data.toml import DataError
from acquirer.load.plan import LoadPlan, find_terminals
from acquirer.settings.client_tls import TID, ClientTls, TlsCall, client_tls


def tls_calls(plan: LoadPlan) -> Callable[[str], TlsCall] | None:
    """Return what gives how a terminal calls, by its number; None: without TLS. Raises DataError."""
    wanted, host = _wanted(plan), plan.host.rpartition(":")[0].strip("[]")
    if wanted is None:
        return None
    if not _differ(wanted):
        for_all = wanted.call(host)
        return lambda _tid: for_all
    return cache(lambda tid: wanted.of(tid).call(host))


def check_tls(plan: LoadPlan) -> None:
    """Look at the files of a plan's TLS before anything is begun. Raises DataError."""
    calls, wanted = tls_calls(plan), _wanted(plan)
    if calls is None or wanted is None or not _differ(wanted):
        return
    known = find_terminals(plan)
    calls(known[0].tid)
    for one in known:
        own = wanted.of(one.tid)
        for path in (own.certificate, own.key):
            if path is not None and not Path(path).exists():
                raise DataError("--tls-certificate", 0, "", f"{path} is missing: each terminal needs its own")


def _wanted(plan: LoadPlan) -> ClientTls | None:
    return None if plan.tls is None else client_tls(**plan.tls)


def _differ(wanted: ClientTls) -> bool:
    return TID in f"{wanted.certificate}{wanted.key}"
