"""Who a terminal is: its registration, or what an option says instead, with the keys that its dialect needs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from acquirer.data.text import plural
from acquirer.data.toml import DataError, did_you_mean
from acquirer.dialect.suite import Suite
from acquirer.security.ciphers import CipherError, CipherName
from acquirer.security.dukpt import Dukpt
from acquirer.security.secret import Secret
from acquirer.settings.terminals import Registration, named_or_demo_terminals


def identity(
    tid: str,
    suite: Suite,
    *,
    terminals: Path | str | None = None,
    mid: str = "",
    tmk: str | Secret = "",
    bdk: str | Secret = "",
    ksn: str = "",
    name: str = "",
) -> Registration:
    """Return the terminal `tid`; without a file when its merchant and the key that matters are given.

    Raises:
        DataError: the file is wrong, does not hold this terminal, or not the key that its dialect needs.
        ValueError: an option has the wrong form.
    """
    derives = suite.dukpt is not None
    known = Registration(tid, mid)
    if not (mid and (bdk if derives else tmk)):
        known = _registered(tid, terminals)
    known = replace(
        known,
        mid=mid or known.mid,
        name=name or known.name,
        tmk=_key(tmk, None) or known.tmk,
        bdk=_key(bdk, suite.dukpt.cipher if suite.dukpt else None) or known.bdk,
    )
    if (known.bdk if derives else known.tmk) is None:
        needs = "derives the keys of each message: give it a bdk" if derives else "has keys under a tmk: give it one"
        raise DataError(str(terminals or ""), 0, "", f"terminal {tid} cannot speak {suite.dialect.name}, which {needs}")
    if suite.dukpt is None or known.bdk is None:
        return known
    try:
        bdk = known.bdk.using(suite.dukpt.cipher)
    except CipherError as error:
        raise DataError(
            str(terminals or ""), 0, "", f"the bdk of terminal {tid} is none of {suite.dukpt.name}: {error}"
        ) from None
    return replace(known, bdk=bdk, ksn=_device(suite.dukpt, tid, ksn, known.ksn))


def _key(key: str | Secret, cipher: CipherName | None) -> Secret | None:
    if not key:
        return None
    return key if isinstance(key, Secret) else Secret.from_hex(key, cipher)


def _device(dukpt: Dukpt, tid: str, typed: str, registered: bytes) -> bytes:
    """Return the KSN of the terminal, whose counter plays no role; without one: FFFF and its number."""
    if not typed and not registered:
        if not re.fullmatch("[0-9]{8}", tid):
            raise ValueError(f"terminal '{tid}' has no KSN, and its number makes none; give it a ksn")
        return bytes.fromhex(f"FFFF{tid}").ljust(dukpt.ksn_bytes, b"\0")
    if typed and not re.fullmatch("([0-9A-Fa-f]{2})+", typed):
        raise ValueError(f"'{typed}' is no KSN; write {2 * dukpt.ksn_bytes} hex digits")
    ksn = bytes.fromhex(typed) or registered
    if len(ksn) != dukpt.ksn_bytes:
        raise ValueError(
            f"KSN {ksn.hex().upper()} of terminal {tid} has {plural(len(ksn), 'byte')}; "
            f"{dukpt.name} needs {dukpt.ksn_bytes}"
        )
    return ksn


def _registered(tid: str, file: Path | str | None) -> Registration:
    known = named_or_demo_terminals(file)
    for one in known:
        if one.tid == tid:
            return one
    where = str(file) if file else "the demo set"
    hint = did_you_mean(tid, [one.tid for one in known])
    if not file:
        hint += "; name the file that holds it with --terminals or ACQUIRER_TERMINALS"
    elif not hint:
        hint = "; give its mid and tmk, or a file that holds it"
    raise DataError(where, 0, "", f"holds no terminal '{tid}'{hint}")
