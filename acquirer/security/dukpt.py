"""DUKPT: a key of its own for every transaction (ANSI X9.24-1:2009 for 3DES, X9.24-3:2017 for AES).

1. A host keeps one base derivation key (BDK) for many terminals.
2. A message carries a key serial number (KSN): which terminal, and the counter of its transaction.
3. The terminal's initial key is derived from the BDK; from that, in one step for each bit that is set in the counter,
   the key of the transaction; from that the keys for PIN, MAC and data.
4. The MAC keys of requests and of replies differ.

The terminal's side, which keeps no BDK, is `dukpt_device`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from acquirer.errors import SecurityError
from acquirer.security.candidates import Candidate
from acquirer.security.ciphers import CipherName, key_of
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys


class DukptError(SecurityError, ValueError):
    """A KSN that no terminal has, a key of another cipher or size, or a terminal whose counter is used up."""


@dataclass(frozen=True, slots=True)
class Dukpt:
    """One of the two algorithms, and the arithmetic of KSNs that both have.

    `step` gives the key of a KSN from the one of the counter with one bit less; `initial` the initial key of a KSN
    from the BDK; `working` the keys of a transaction from its own key.
    """

    name: str
    cipher: CipherName
    ksn_bytes: int
    shortest_bytes: int  # of a KSN whose leading bytes FF were left out
    counter_bits: int
    most_ones: int  # counters with more bits set are skipped: so no key is more than so many steps away
    initial: Callable[[Secret, bytes], Secret]
    step: Callable[[Secret, bytes], Secret]
    working: Callable[[Secret, bytes], WorkingKeys]

    def ksn(self, device: bytes, counter: int) -> bytes:
        """Return the KSN of a counter; `device` is any KSN of the terminal."""
        mask = (1 << self.counter_bits) - 1
        return (int.from_bytes(device, "big") & ~mask | counter).to_bytes(self.ksn_bytes, "big")

    def counter(self, ksn: bytes) -> int:
        """Return the transaction counter of a KSN."""
        return int.from_bytes(ksn, "big") & (1 << self.counter_bits) - 1

    def read(self, received: bytes) -> bytes:
        """Return the whole KSN for one received in a message, where leading bytes FF may have been left out.

        Raises:
            DukptError: it has another size, or a counter that no terminal reaches.
        """
        if not self.shortest_bytes <= len(received) <= self.ksn_bytes:
            raise DukptError(
                f"a KSN of {self.name} has {self.ksn_bytes} bytes, this one has {len(received)}; "
                f"send {self.ksn_bytes}: the device, then the counter"
            )
        if len(set(received)) == 1:
            raise DukptError(
                f"a KSN of bytes {received[:1].hex().upper()} names no terminal: send the one that was injected with "
                "the initial key, its counter counted on"
            )
        if received[:2] == b"\xff\xff" and len(received) < self.ksn_bytes:
            raise DukptError(
                f"KSN {received.hex().upper()} begins with FFFF and has {len(received)} of {self.ksn_bytes} bytes: "
                "send its end too, where the counter stands"
            )
        if received[-2:] == b"\xff\xff" and received[:1] != b"\xff":
            raise DukptError(
                f"KSN {received.hex().upper()} ends with FFFF, and a KSN begins with it: do not reverse its bytes, and "
                "fill a short one on the left"
            )
        ksn = received.rjust(self.ksn_bytes, b"\xff")
        counter = self.counter(ksn)
        if not counter:
            moved = moved_by_half_a_byte(ksn)
            raise DukptError(
                f"KSN {ksn.hex().upper()} has counter 0; {moved or 'terminals count from 1: begin with 1'}"
            )
        if (ones := counter.bit_count()) > self.most_ones:
            raise DukptError(
                f"KSN {ksn.hex().upper()} has a counter with {ones} bits set; terminals skip those with more than "
                f"{self.most_ones}; skip such counters"
            )
        return ksn

    def next_counter(self, counter: int) -> int:
        """Return the counter after this one; 0 when there is none.

        >>> [DUKPT["dukpt-3des"].next_counter(counter) for counter in (1, 0x3FE, 0x7FE, 0x1FF800)]
        [2, 1023, 2048, 0]
        """
        counter += 1
        while counter.bit_count() > self.most_ones:
            counter += counter & -counter
        return counter if counter >> self.counter_bits == 0 else 0

    def transaction(self, initial: Secret, ksn: bytes) -> Secret:
        """Return the key of a transaction, from the terminal's initial key."""
        key, counter, so_far = initial, self.counter(ksn), 0
        for at in reversed(range(self.counter_bits)):
            if counter >> at & 1:
                so_far |= 1 << at
                key = self.step(key, self.ksn(ksn, so_far))
        return key

    def mistaken(self, initial: Secret, ksn: bytes, role: Literal["pik", "mak"] = "mak") -> list[Candidate[Secret]]:
        """Return the keys that terminals have been seen to take for the MAK, or the PIK, of a transaction."""
        transaction, counter = self.transaction(initial, ksn), self.counter(ksn)
        name, use, result = role.upper(), *_USES[role]
        step = "the terminal does not derive a key for each transaction"
        tried = [
            Candidate(
                "the key of the transaction itself", f"the terminal derives no key for {use} from it", transaction
            ),
            Candidate(
                "the MAK of the reply",
                f"the terminal takes the key of replies for {'requests' if role == 'mak' else use}",
                self.working(transaction, ksn).reply_mak,
            ),
            Candidate("the initial key", step, initial),
            Candidate(f"the {name} derived from the initial key itself", step, _of(self.working(initial, ksn), role)),
        ]
        for away in (-1, 1):
            near = counter + away
            if 0 < near < 1 << self.counter_bits:
                key = _of(self.keys(initial, self.ksn(ksn, near)), role)
                hint = f"the terminal sends the KSN of one transaction with the {result} of another"
                tried.append(Candidate(f"the {name} of counter {near}", hint, key))
        return [one._replace(words=f"{one.words} (KCV {one.value.kcv()})") for one in tried]

    def keys(self, initial: Secret, ksn: bytes) -> WorkingKeys:
        """Return the keys of a transaction for PIN, MAC and data, from the terminal's initial key."""
        return self.working(self.transaction(initial, ksn), ksn)


def moved_by_half_a_byte(ksn: bytes) -> str:
    """Return that the digits of a KSN look moved, and what to do; "" of one that begins as KSNs do.

    >>> [moved_by_half_a_byte(bytes.fromhex(ksn))[16:37] for ksn in ("0FFFF9876543210E0000", "FFFF9876543210E00001")]
    ['moved half a byte to ', '']
    """
    digits = ksn.hex().upper()
    side = "right" if digits.startswith("0FFF") else "left" if re.match("FFF[^F]", digits) else ""
    return f"its digits look moved half a byte to the {side}: let it begin with FFFF" if side else ""


_USES: Final = {"pik": ("PINs", "PIN block"), "mak": ("MACs", "MAC")}


def _of(keys: WorkingKeys, role: Literal["pik", "mak"]) -> Secret:
    return keys.pik if role == "pik" else keys.mak


# 3DES: X9.24-1:2009, annex A

_OTHER: Final = bytes.fromhex("C0C0C0C000000000C0C0C0C000000000")
_PIN: Final = bytes.fromhex("00000000000000FF00000000000000FF")
_MAC: Final = bytes.fromhex("000000000000FF00000000000000FF00")
_MAC_REPLY: Final = bytes.fromhex("00000000FF00000000000000FF000000")
_DATA: Final = bytes.fromhex("0000000000FF00000000000000FF0000")


def _initial_3des(bdk: Secret, ksn: bytes) -> Secret:
    _check("3des", bdk, (16,))
    device = DUKPT["dukpt-3des"].ksn(ksn, 0)[:8]
    return Secret(bdk.encrypt(device) + _varied(bdk, _OTHER).encrypt(device), "3des")


def _step_3des(key: Secret, ksn: bytes) -> Secret:
    """Return the next key: its halves are the KSN, encrypted with the old key and its variant (a one-way function)."""
    number = ksn[2:]
    return Secret(_half(_varied(key, _OTHER), number) + _half(key, number), "3des")


def _half(key: Secret, number: bytes) -> bytes:
    clear = key.reveal()
    left, right = Secret(clear[:8], "des"), clear[8:]
    return _xor(left.encrypt(_xor(number, right)), right)


def _working_3des(key: Secret, _ksn: bytes) -> WorkingKeys:
    data = _varied(key, _DATA)
    return WorkingKeys(
        pik=_varied(key, _PIN),
        mak=_varied(key, _MAC),
        tdk=Secret(data.encrypt(data.reveal()), "3des"),  # data keys are no mere variants: see A.4.1
        reply_mak=_varied(key, _MAC_REPLY),
    )


def _varied(key: Secret, constant: bytes) -> Secret:
    return Secret(_xor(key.reveal(), constant), "3des")


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(len(one), "big")


# AES: X9.24-3:2017, clause 6

PIN_ENCRYPTION: Final = 0x1000
MAC_GENERATION: Final = 0x2000
MAC_VERIFICATION: Final = 0x2001
DATA_ENCRYPTION: Final = 0x3000
KEY_DERIVATION: Final = 0x8000
INITIAL_KEY: Final = 0x8001

_ALGORITHMS: Final[Mapping[tuple[CipherName, int], int]] = {
    ("3des", 16): 0,
    ("3des", 24): 1,
    ("aes", 16): 2,
    ("aes", 24): 3,
    ("aes", 32): 4,
}


def derive(key: Secret, usage: int, ksn: bytes, cipher: CipherName = "aes", size: int = 0) -> Secret:
    """Return a key for one purpose, from the one above it: AES of what the key is for, whose it is, and of the counter.

    `size`: bytes of the new key; 0: as many as `key` has.
    """
    size = size or len(key)
    about = usage.to_bytes(2, "big") + _ALGORITHMS[cipher, size].to_bytes(2, "big") + (8 * size).to_bytes(2, "big")
    about += ksn[:8] if usage == INITIAL_KEY else ksn[4:]
    blocks = b"".join(bytes((1, number)) + about for number in range(1, -(-size // 16) + 1))
    return Secret(key.encrypt(blocks)[:size], cipher)


def _initial_aes(bdk: Secret, ksn: bytes) -> Secret:
    _check("aes", bdk, (16, 24, 32))
    return derive(bdk, INITIAL_KEY, ksn)


def _step_aes(key: Secret, ksn: bytes) -> Secret:
    return derive(key, KEY_DERIVATION, ksn)


def _working_aes(key: Secret, ksn: bytes) -> WorkingKeys:
    return WorkingKeys(
        pik=derive(key, PIN_ENCRYPTION, ksn),
        mak=derive(key, MAC_GENERATION, ksn),
        tdk=derive(key, DATA_ENCRYPTION, ksn),
        reply_mak=derive(key, MAC_VERIFICATION, ksn),
    )


def _check(cipher: CipherName, bdk: Secret, sizes: tuple[int, ...]) -> None:
    if bdk.cipher != cipher or len(bdk) not in sizes:
        byte_counts = " or ".join(map(str, sizes))
        raise DukptError(
            f"a BDK of {cipher.upper()} DUKPT is {key_of(cipher)} of {byte_counts} bytes; "
            f"this one is {key_of(bdk.cipher)} of {len(bdk)}"
        )


DUKPT: Final[Mapping[str, Dukpt]] = {
    one.name: one
    for one in (
        Dukpt("dukpt-3des", "3des", 10, 8, 21, 10, _initial_3des, _step_3des, _working_3des),
        Dukpt("dukpt-aes", "aes", 12, 12, 32, 16, _initial_aes, _step_aes, _working_aes),
    )
}
"""By the name that a dialect's ``[security]`` uses."""
