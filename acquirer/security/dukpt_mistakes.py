"""The keys that terminals have been seen to derive from a base derivation key in another way than DUKPT says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from acquirer.security.candidates import Candidate
from acquirer.security.dukpt import Dukpt
from acquirer.security.secret import Secret

DerivedRole = Literal["pik", "mak"]

_DATA_VARIANT: Final = bytes.fromhex("0000000000FF0000") * 2  # ANSI X9.24-1:2009, A.4.1


def mistaken_keys(
    dukpt: Dukpt, base: Secret, initial: Secret, ksn: bytes, role: DerivedRole
) -> list[Candidate[Secret]]:
    """Return the keys that a terminal may have taken for the PIK or the MAK of a message.

    Args:
        base: the base derivation key (BDK).
        initial: the initial key of the device that sends the KSN.
    """
    itself = Candidate(f"the BDK (KCV {base.kcv()})", "the terminal uses the base derivation key itself", base)
    tried = [*dukpt.mistaken(initial, ksn, role), itself]
    return [*tried, *_by_3des(dukpt, base, initial, ksn, role)] if dukpt.cipher == "3des" else tried


def _by_3des(dukpt: Dukpt, base: Secret, initial: Secret, ksn: bytes, role: DerivedRole) -> Iterator[Candidate[Secret]]:
    clear, device = base.reveal(), dukpt.ksn(ksn, 0)[: base.block_bytes]
    swapped = Secret(clear[8:] + clear[:8], "3des")
    unmasked = Secret(2 * base.encrypt(device), "3des")
    for words, hint, key, remedy in (
        (
            "the BDK with its halves swapped",
            f"the halves of the BDK were swapped where the terminal got its keys (KCV {swapped.kcv()})",
            dukpt.initial(swapped, ksn),
            f"enter them in their order (KCV {base.kcv()}), and inject the initial key anew",
        ),
        (
            "an initial key whose halves are the same",
            "the right half of its initial key was made without the mask C0C0C0C0",
            unmasked,
            f"apply the mask to the BDK for it, and compare the initial key's KCV: {initial.kcv()}",
        ),
    ):
        taken = dukpt.keys(key, ksn)
        found = taken.pik if role == "pik" else taken.mak
        yield Candidate(f"the {role.upper()} of {words} (KCV {found.kcv()})", hint, found, remedy)
    transaction = dukpt.transaction(initial, ksn).reveal()
    data = Secret(bytes(a ^ b for a, b in zip(transaction, _DATA_VARIANT, strict=True)), "3des")
    hint = f"the terminal takes the variant for data for the {role.upper()}"
    yield Candidate(f"the variant for data (KCV {data.kcv()})", hint, data)
