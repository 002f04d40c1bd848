"""What is the matter with a terminal's keys, in sentences for the person at the terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from acquirer.data.text import plural
from acquirer.host.core import Host
from acquirer.host.request import Request
from acquirer.host.used_ksns import beginning
from acquirer.model.rows import Session, TerminalConfig
from acquirer.security.candidates import Search
from acquirer.security.dukpt import Dukpt, moved_by_half_a_byte
from acquirer.security.vault import VaultError
from acquirer.security.working import WorkingKeys
from acquirer.wire.masking import known, known_particulars, mac_text
from acquirer.wire.message import Message


def keys_lost(terminal: TerminalConfig, problem: VaultError) -> str:
    """Sealed keys that do not open."""
    return f"the working keys of terminal {terminal.tid} cannot be used ({problem}): it must sign on again"


def keys_unavailable(terminal: TerminalConfig, problem: str) -> str:
    """A sign-on that cannot be given keys."""
    remedy = "sign on with another package" if terminal.tmk else "register its TMK with 'acquirer terminals add'"
    return f"terminal {terminal.tid} cannot be given working keys: {problem}; {remedy}"


def bad_macs_note(terminal: TerminalConfig, mac_failures: int) -> str:
    """Beside the wrong MAC that was one too many."""
    return f"bad-macs: {plural(mac_failures, 'wrong MAC')} in a row; terminal {terminal.tid} must sign on first"


def mac_differs(host: Host, request: Request, keys: WorkingKeys, mac: bytes | None) -> str:
    """A MAC that is wrong or missing, and what it should be."""
    return _differs(host, request.message, keys, f"MAK KCV {keys.mak.kcv()}", mac)


def mac_cause(
    host: Host, request: Request, terminal: TerminalConfig, session: Session, keys: WorkingKeys
) -> Callable[[], Search[str]]:
    """Return what looks for the mistake that explains a wrong MAC. Raises VaultError."""
    generations = [("current", keys)]
    if session.previous is not None:
        generations.append(("previous", host.ring.previous(session.tid, session.previous)))
    master = host.ring.master(terminal)

    def cause() -> Search[str]:
        found = yield from host.suite.diagnose_mac(request.message, generations, master)
        return found or _nothing_fits(terminal, session)

    return cause


def derived_mac_differs(
    host: Host, dukpt: Dukpt, request: Request, keys: WorkingKeys, ksn: bytes, mac: bytes | None
) -> str:
    """A MAC that is wrong or missing where the message's KSN tells which key it is made with (DUKPT)."""
    mak = f"MAK KCV {keys.mak.kcv()} of KSN {known_particulars(ksn.hex().upper())} (counter {dukpt.counter(ksn)})"
    return _differs(host, request.message, keys, mak, mac)


def derived_mac_cause(
    host: Host, dukpt: Dukpt, request: Request, terminal: TerminalConfig, keys: WorkingKeys, ksn: bytes
) -> Search[str]:
    """Look for the mistake that explains a wrong MAC under a key that is derived for its message (DUKPT)."""
    initial = host.ring.initial(terminal, dukpt, ksn)
    mistaken = host.ring.derived_otherwise(terminal, dukpt, ksn)
    finding = yield from host.suite.diagnose_mac(request.message, [("current", keys)], others=mistaken)
    nothing = (
        f"no key, algorithm or coverage that was tried explains it: under the host's BDK this KSN has an initial key "
        f"with KCV {initial.kcv()}; compare it with what was injected into the terminal"
    )
    if moved := moved_by_half_a_byte(ksn):
        nothing = f"no key, algorithm or coverage that was tried explains it, and the KSN is odd: {moved}"
    return finding or nothing + _of_another_device(host, dukpt, terminal, ksn)


def _of_another_device(host: Host, dukpt: Dukpt, terminal: TerminalConfig, ksn: bytes) -> str:
    before, device = host.used_ksns.last(terminal.tid), dukpt.ksn(ksn, 0)
    if before is None or before.device == device:
        return ""
    return (
        f"; KSNs of this terminal began with {beginning(before.device)} before, this "
        f"one with {beginning(device)}: send the KSN of the device, all its bytes in "
        "their order"
    )


def keys_underivable(terminal: TerminalConfig, problem: Exception) -> str:
    """A message whose keys cannot be derived (DUKPT): its KSN is none, or the host has no BDK for it."""
    return f"the keys of this message of terminal {terminal.tid} cannot be derived: {known_particulars(str(problem))}"


def _differs(host: Host, message: Message, keys: WorkingKeys, mak: str, mac: bytes | None) -> str:
    if mac is None:
        de = host.dialect.mac_de(message.fields)
        return f"DE {de} (mac) is missing: this message must carry a MAC made with {mak}"
    covered = host.dialect.covered(message.raw)
    return (
        f"MAC differs: expected {known(mac_text(host.suite.mac(keys, covered)))} over {len(covered)} bytes with {mak}, "
        f"got {known(mac_text(mac))}"
    )


def _nothing_fits(terminal: TerminalConfig, session: Session) -> str:
    number = session.current.number if session.current else 0
    nothing = "no key, algorithm or coverage that was tried explains it: compare the KCV with the terminal's"
    if session.previous_until_us:  # no MAC was right since these keys were handed out
        return (
            f"{nothing} (keys of its sign-on {number}, under which no MAC was right yet). If it differs, the terminal "
            f"has another TMK than the host, whose KCV is {terminal.tmk_kcv}: signing on again never helps then, enter "
            f"the same TMK on both sides. If it is the same, {_SAME_KEY}"
        )
    return f"{nothing} (keys of its sign-on {number}), sign on again if they differ; else {_SAME_KEY}"


_SAME_KEY: Final = (
    "the message was changed after the MAC was made, or something else is covered: make the MAC last, of the bytes "
    "that are sent"
)


UNDER_PREVIOUS_KEYS: Final = "answered under the previous keys of the terminal"


def previous_keys(
    host: Host, terminal: TerminalConfig, session: Session, old: WorkingKeys, current: WorkingKeys
) -> str:
    """Note a request under the keys before the last sign-on, while they are still good."""
    assert session.previous is not None
    assert session.current is not None
    until = host.calendar.words(session.previous_until_us)
    return (
        f"previous-keys: the MAC is made with the keys of sign-on {session.previous.number} (MAK KCV {old.mak.kcv()}), "
        f"which are good until {until} (grace_s = {terminal.policy.grace_s}); use those of sign-on "
        f"{session.current.number} (MAK KCV {current.mak.kcv()}) from its reply on"
    )


def tmk_may_differ(terminal: TerminalConfig, count: int) -> str:
    """Note sign-ons in a row without a right MAC between them: why, is only a possibility."""
    return (
        f"tmk-may-differ: {count} sign-ons in a row, and no MAC was right between them; if the terminal refuses its "
        f"keys, compare its TMK's KCV with the host's, {terminal.tmk_kcv}, and how it takes its MAK with "
        f'mak = "{terminal.mak}" (single, double, duplicated)'
    )


def other_cipher(terminal: TerminalConfig, selector: str, wrap: str, tmk: str, kcv: str) -> str:
    """Note a key package that is made under another cipher than the terminal's master key is registered for."""
    return (
        f"package-cipher: package {selector} is made by {wrap.upper()} (TMK KCV {kcv} by it), and the TMK of terminal "
        f"{terminal.tid} is registered as one for {tmk.upper()} (KCV {terminal.tmk_kcv}): ask for a package of its own "
        f'cipher in DE 60.3, or register it with tmk_cipher = "{wrap}"'
    )
