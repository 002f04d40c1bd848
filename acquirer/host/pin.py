"""The PIN block of a request, opened with the keys that verified it; when it does not open, the likely mistake."""

from __future__ import annotations

from acquirer.dialect.suite import OpenedPin
from acquirer.host.core import Host
from acquirer.host.request import Request
from acquirer.host.verification import Verified
from acquirer.model.rows import Generation, Session
from acquirer.security.pin import PinError
from acquirer.security.vault import VaultError


def open_pin(
    host: Host, request: Request, session: Session, verified: Verified, pan: str
) -> OpenedPin | PinError | None:
    """The PIN; None when the request carries no block; a PinError, not raised, with the sentence for the terminal."""
    block = host.dialect.get(request.message, "pin_block")
    if not isinstance(block, bytes):
        return None
    if verified.keys is None:
        return PinError("the PIN block cannot be opened: this terminal has been given no keys")
    control = host.read.security_control(request.message.fields)
    try:
        return host.suite.open_pin(verified.keys, block, pan, control)
    except PinError as exc:
        if host.suite.dukpt is not None:
            return PinError(f"{exc}; the PIN must be encrypted under the key of the KSN that comes with it")
        other = other_generation(session, verified)
        hint = _other_key(host, session, other, block, pan, control) if other is not None else ""
        return PinError(f"{exc}; {hint or 'compare its KCV on both sides'}, and sign on again")


def other_generation(session: Session, verified: Verified) -> Generation | None:
    """The generation that did not verify the request: the one a terminal mixes up with it."""
    number = verified.number
    return next((one for one in (session.current, session.previous) if one is not None and one.number != number), None)


def _other_key(host: Host, session: Session, other: Generation, block: bytes, pan: str, control: str) -> str:
    opened = host.ring.current if other is session.current else host.ring.previous
    try:
        keys = opened(session.tid, other)
        host.suite.open_pin(keys, block, pan, control)
    except (PinError, VaultError):
        return ""
    return f"it opens under the PIK of sign-on {other.number} (KCV {keys.pik.kcv()}): the terminal mixes its key sets"
