"""The PIN block of a request, opened with the keys that verified it; when it does not open, the likely mistake."""

from __future__ import annotations

from acquirer.dialect.pin_field import PinFieldError
from acquirer.dialect.suite import OpenedPin
from acquirer.host.core import Host
from acquirer.host.issuer.decisions import Judgement
from acquirer.host.request import Request
from acquirer.host.verification import Verified, known_keys
from acquirer.model.reasons import Reason
from acquirer.model.rows import Session, TerminalConfig
from acquirer.security.candidates import Candidate, Search
from acquirer.security.dukpt import Dukpt
from acquirer.security.pin import PinError
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.wire.masking import known_particulars


def open_pin(
    host: Host, request: Request, terminal: TerminalConfig, session: Session, verified: Verified, pan: str
) -> OpenedPin | Judgement | None:
    """Return the PIN; None when the request carries no block; the refusal of one that does not open."""
    if host.pin_block_de not in request.message.fields:
        return None
    block = host.dialect.get(request.message, "pin_block")
    if not isinstance(block, bytes):
        return None
    keys = verified.keys
    if keys is None:
        return _refusal("the PIN block cannot be opened: this terminal has been given no keys")
    control = host.read.security_control(request.message.fields)
    try:
        return host.suite.open_pin(keys, block, pan, control)
    except PinFieldError as exc:
        return _refusal(str(exc))
    except PinError as exc:
        refusal = _refusal(str(exc))

    def cause() -> Search[str]:
        if host.suite.dukpt is not None:
            found = yield from _cause_by_ksn(host, request, terminal, host.suite.dukpt, keys, block, pan)
        else:
            generations, master = known_keys(host, terminal, session, verified)
            found = yield from host.suite.diagnose_pin(generations, block, pan, control, master)
            found = found or "compare its KCV on both sides, and sign on again"
        return known_particulars(found)

    refusal.cause = cause
    return refusal


def _refusal(sentence: str) -> Judgement:
    return Judgement(Reason.PIN_FORMAT_ERROR, known_particulars(sentence))


def _cause_by_ksn(
    host: Host, request: Request, terminal: TerminalConfig, dukpt: Dukpt, keys: WorkingKeys, block: bytes, pan: str
) -> Search[str]:
    """Look for the cause where the message's KSN tells which key the block is made with (DUKPT)."""
    control = host.read.security_control(request.message.fields)
    mistaken = _derived_otherwise(host, request, terminal, dukpt)
    found = yield from host.suite.diagnose_pin([("current", keys)], block, pan, control, others=mistaken)
    return found or "the PIN must be encrypted under the key of the KSN that comes with it"


def _derived_otherwise(host: Host, request: Request, terminal: TerminalConfig, dukpt: Dukpt) -> list[Candidate[Secret]]:
    """Return the keys of a KSN that a terminal may have taken for the PIN key (DUKPT)."""
    ksn = host.suite.ksn(request.message)
    return host.ring.derived_otherwise(terminal, dukpt, ksn, "pik")
