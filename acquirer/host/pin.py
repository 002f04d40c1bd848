"""The PIN block of a request, opened with the keys that verified it; when it does not open, the likely mistake."""

from __future__ import annotations

from acquirer.dialect.pin_field import PinFieldError
from acquirer.dialect.suite import OpenedPin
from acquirer.host.core import Host
from acquirer.host.diagnosis_budget import NOT_LOOKED_FOR
from acquirer.host.request import Request
from acquirer.host.verification import Verified, known_keys
from acquirer.model.rows import Session, TerminalConfig
from acquirer.security.candidates import Candidate
from acquirer.security.dukpt import Dukpt
from acquirer.security.pin import PinError
from acquirer.security.secret import Secret


def open_pin(
    host: Host, request: Request, terminal: TerminalConfig, session: Session, verified: Verified, pan: str
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
    except PinFieldError as exc:
        return exc
    except PinError as exc:
        if not host.diagnoses.take(request.arrival.deadline_s, request.arrival.peer):
            return PinError(f"{exc}; {NOT_LOOKED_FOR}")
        if host.suite.dukpt is not None:
            mistaken = _derived_otherwise(host, request, terminal, host.suite.dukpt)
            finding = host.suite.diagnose_pin([("current", verified.keys)], block, pan, control, others=mistaken)
            expected = "the PIN must be encrypted under the key of the KSN that comes with it"
            return PinError(f"{exc}; {finding or expected}")
        generations, master = known_keys(host, terminal, session, verified)
        finding = host.suite.diagnose_pin(generations, block, pan, control, master)
        return PinError(f"{exc}; {finding or 'compare its KCV on both sides, and sign on again'}")


def _derived_otherwise(host: Host, request: Request, terminal: TerminalConfig, dukpt: Dukpt) -> list[Candidate[Secret]]:
    """Return the keys of a KSN that a terminal may have taken for the PIN key (DUKPT)."""
    ksn = host.suite.ksn(request.message)
    return host.ring.derived_otherwise(terminal, dukpt, ksn, "pik")
