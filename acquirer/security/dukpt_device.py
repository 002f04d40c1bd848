"""The terminal's side of DUKPT: the keys of transactions to come, and no key of a past one (ANSI X9.24).

There is one register for each bit of the counter. The key of a counter lies in the register of its lowest set bit;
when it is used, the registers below it are filled with its children, and it is erased. So an attacker who opens the
terminal finds no key for what it sent before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from acquirer.security.dukpt import Dukpt, DukptError
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys


class DukptTransaction(NamedTuple):
    """One transaction: its KSN, its keys, and the device as it is afterwards."""

    ksn: bytes
    keys: WorkingKeys
    after: DukptDevice


@dataclass(frozen=True, slots=True)
class DukptDevice:
    """The keys of one terminal between two transactions. Never changed: using it gives the next one."""

    dukpt: Dukpt
    ksn: bytes  # of the next transaction; counter 0: there is none
    registers: tuple[Secret | None, ...] = field(repr=False)  # by bit, from the lowest

    @classmethod
    def loaded(cls, dukpt: Dukpt, initial: Secret, ksn: bytes) -> DukptDevice:
        """Return a device as the key injection leaves it; the counter of `ksn` plays no role.

        Raises:
            DukptError: the KSN has a wrong size.
        """
        if len(ksn) != dukpt.ksn_bytes:
            raise DukptError(f"a KSN of {dukpt.name} has {dukpt.ksn_bytes} bytes, this one has {len(ksn)}")
        registers = tuple(dukpt.step(initial, dukpt.ksn(ksn, 1 << bit)) for bit in range(dukpt.counter_bits))
        return cls(dukpt, dukpt.ksn(ksn, 1), registers)

    def use(self) -> DukptTransaction:
        """Return the keys of the next transaction.

        Raises:
            DukptError: the counter is used up; a real terminal goes back to the key injection then.
        """
        counter = self.dukpt.counter(self.ksn)
        lowest = (counter & -counter).bit_length() - 1
        key = self.registers[lowest] if counter else None
        if key is None:
            raise DukptError(
                f"terminal with KSN {self.ksn.hex().upper()} has used up its keys: it needs a new initial key"
            )
        registers = list(self.registers)
        registers[lowest] = None
        if counter.bit_count() < self.dukpt.most_ones:  # else its children are among the counters that are skipped
            for bit in range(lowest):
                registers[bit] = self.dukpt.step(key, self.dukpt.ksn(self.ksn, counter | 1 << bit))
        following = self.dukpt.ksn(self.ksn, self.dukpt.next_counter(counter))
        return DukptTransaction(
            self.ksn, self.dukpt.working(key, self.ksn), DukptDevice(self.dukpt, following, tuple(registers))
        )

    def pack(self) -> bytes:
        """Return bytes for the vault: the KSN, then each register with its length before it."""
        return self.ksn + b"".join(_packed(key) for key in self.registers)

    @classmethod
    def unpack(cls, dukpt: Dukpt, packed: bytes) -> DukptDevice:
        """Return the device that `pack` wrote. Raises DukptError."""
        registers, at = list[Secret | None](), dukpt.ksn_bytes
        while at < len(packed):
            start, at = at + 1, at + 1 + packed[at]
            registers.append(Secret.unpack(packed[start:at]) if start < at else None)
        if len(registers) != dukpt.counter_bits or at != len(packed):
            raise DukptError(f"these are not the bytes of a packed {dukpt.name} device")
        return cls(dukpt, packed[: dukpt.ksn_bytes], tuple(registers))


def _packed(key: Secret | None) -> bytes:
    packed = key.pack() if key is not None else b""
    return bytes((len(packed),)) + packed
