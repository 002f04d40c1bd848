"""A terminal's master key by RSA (终端主密钥下载): the host's public key, the key itself, and putting it to use.

1. UnionPay: 0800, 352, 350, 351. Who knows a terminal's number can fetch its key: for tests only.
2. The new key waits until 351 comes; then it stands in the place of the registered one, until that is changed.
3. 350 sent again brings another key; 351 sent again is answered as the first time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from acquirer.downloads.ca_keys import KeyName, read_key_name
from acquirer.downloads.master_key import HostRsaKey, read_transport_key, write_master_key, write_public_key
from acquirer.host.case import Case
from acquirer.host.decision import Decided, Decision
from acquirer.host.downloading import answer, read_wanted, wanted
from acquirer.host.explain import downloads as why
from acquirer.host.registry import service
from acquirer.model.reasons import Reason
from acquirer.security.ciphers import odd_parity
from acquirer.security.key_transport import TransportError, open_transport_key, wrap_master_key
from acquirer.security.secret import Secret

TMK_BYTES: Final = 16


@service("rsa_key")
def rsa_key(case: Case) -> Decision:
    """Hand out the public key under which the terminal sends a transport key."""
    own = _own(case, read_wanted(case, read_key_name) if wanted(case) else None)
    return answer(case, f"RSA key {own.name}, {8 * len(own.key.modulus)} bits", write_public_key(own))


@service("tmk")
def tmk(case: Case) -> Decision:
    """Hand out a fresh master key under the terminal's transport key; it is not in use yet."""
    host = case.host
    name, block, check_value = read_wanted(case, read_transport_key)
    own = _own(case, name)
    try:
        transport = open_transport_key(own.key, block, check_value)
    except TransportError as exc:
        raise Decided(Decision(Reason.FORMAT_ERROR, f"no master key is handed out: {exc}")) from None
    master = Secret(odd_parity(host.randbytes(TMK_BYTES)), "3des")
    wrapped, own_check = wrap_master_key(transport, master)
    sealed = host.vault.seal_secret(f"tmk:{case.terminal.tid}", master, host.randbytes)
    session = replace(case.session, next_tmk=sealed, next_tmk_kcv=master.kcv())
    sentence = why.master_key_handed_out(master.kcv())
    return answer(case, sentence, write_master_key(wrapped, own_check), session=session)


@service("tmk_activation")
def tmk_activation(case: Case) -> Decision:
    """Put the master key to use that was handed out last."""
    session = case.session
    if session.next_tmk is None:
        if session.tmk is None:
            raise Decided(Decision(Reason.KEYS_UNAVAILABLE, why.nothing_to_activate()))
        return answer(case, why.master_key_in_use(session.tmk_kcv, again=True))
    after = replace(session, tmk=session.next_tmk, tmk_kcv=session.next_tmk_kcv, next_tmk=None, next_tmk_kcv="")
    return answer(case, why.master_key_in_use(after.tmk_kcv, before=case.terminal.tmk_kcv), session=after)


def _own(case: Case, name: KeyName | None) -> HostRsaKey:
    """Return the host's RSA key, if it is the one that is meant. Raises Decided."""
    own = case.host.downloads.rsa_key
    if own is None or name not in (None, own.name):
        known = None if own is None else own.name
        raise Decided(Decision(Reason.KEYS_UNAVAILABLE, why.no_rsa_key(name, known)))
    return own
