"""Terminals as documents for programs, the same from the command line and by HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acquirer.model.rows import Session, TerminalConfig


def terminal_document(terminal: TerminalConfig, session: Session) -> dict[str, Any]:
    """Return what may be shown of a terminal: KCVs, never keys."""
    policy = terminal.policy
    generations = {"current": session.current, "previous": session.previous}
    return {
        "tid": terminal.tid,
        "mid": terminal.mid,
        "name": terminal.name,
        "tmk_kcv": terminal.tmk_kcv,
        "bdk_kcv": terminal.bdk_kcv,
        "mak": terminal.mak,
        "test": terminal.test,
        "fixed_keys": terminal.fixed_keys is not None,
        "policy": {part: getattr(policy, part) for part in policy.__slots__},
        "operators": list(terminal.operators),
        "certificate": terminal.certificate,
        "downloads": list(session.downloads),
        "downloaded_tmk_kcv": session.tmk_kcv,
        "device_status": session.device_status,
        "batch": session.batch,
        "signed_on_us": session.signed_on_us,
        "signed_on_count": session.signed_on_count,
        "signed_off": session.signed_off,
        "operator": session.operator,
        "serial": session.serial,
        "bad_macs": session.bad_macs,
        "last_stan": session.last_stan,
        "keys": {
            which: f"{one.kcvs} (sign-on {one.number}, package {one.package})"
            for which, one in generations.items()
            if one is not None
        },
    }
