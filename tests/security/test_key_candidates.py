"""Which keys a diagnosis tries, in which order, and what it says of each: compared with a list in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from acquirer.security.candidates import Candidate
from acquirer.security.dukpt import DUKPT
from acquirer.security.key_candidates import KeyRole, NamedKeys, key_candidates
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys

LIST = Path(__file__).with_name("key_candidates.txt")
TMK = Secret.from_hex("258FB0AB70D025CDB99DF2C4D302D646")
SINGLE = WorkingKeys(Secret.from_hex("D931648F3DE313A4A22C15DCA4F4299E"), Secret.from_hex("AB7C577CC7A18045"))
DOUBLE = WorkingKeys(
    SINGLE.pik, Secret.from_hex("9CAA6FBFE5E5A51AE8C99FA2371ACAA9"), Secret.from_hex("C9A0F37E18EA3FF71E3BDA58ACCEFCE0")
)
SM4 = WorkingKeys(
    Secret(bytes(range(16)), "sm4"), Secret(bytes(range(16, 32)), "sm4"), Secret(bytes(range(32, 48)), "sm4")
)
TRIPLE = WorkingKeys(Secret(bytes(range(24)), "3des"), Secret(bytes(range(24, 48)), "3des"))
DUKPT_3DES = DUKPT["dukpt-3des"]
KSN = bytes.fromhex("FFFF9876543210E00003")


def line(one: Candidate[Secret]) -> str:
    parts = (one.words, one.hint, one.remedy, "alone" if one.alone else "", f"{one.value.cipher} {one.value.kcv()}")
    return " | ".join(parts)


def lines() -> Iterator[str]:
    tried: list[tuple[str, KeyRole, list[NamedKeys], Secret | None]] = [
        ("a single-length MAK", "mak", [("current", SINGLE), ("previous", DOUBLE)], TMK),
        ("a double-length MAK", "mak", [("current", DOUBLE), ("previous", SINGLE)], TMK),
        ("a PIK", "pik", [("current", DOUBLE), ("previous", SINGLE)], TMK),
        ("a PIK without a TMK", "pik", [("new", DOUBLE)], None),
        ("a TDK that was not given", "tdk", [("current", SINGLE), ("previous", DOUBLE)], TMK),
        ("a key for SM4", "mak", [("current", SM4)], Secret(bytes(range(64, 80)), "sm4")),
        ("a key of 24 bytes", "pik", [("current", TRIPLE)], Secret(bytes(range(64, 88)), "3des")),
    ]
    for title, role, generations, tmk in tried:
        yield f"# {title}"
        yield from map(line, key_candidates(role, generations, tmk))
    initial = DUKPT_3DES.initial(Secret.from_hex("0123456789ABCDEFFEDCBA9876543210"), KSN)
    yield "# keys that devices take for the MAK of a transaction (DUKPT)"
    yield from map(line, DUKPT_3DES.mistaken(initial, KSN))
    keys = Secret(bytes(range(16)), "aes"), bytes.fromhex("123456789012345600000002")
    yield "# the same by AES"
    yield from map(line, DUKPT["dukpt-aes"].mistaken(*keys))
    yield "# beside the first counter there is only the one after it"
    yield from map(line, DUKPT_3DES.mistaken(initial, DUKPT_3DES.ksn(KSN, 1))[4:])
    yield "# and for its PIK"
    yield from map(line, DUKPT_3DES.mistaken(initial, KSN, "pik"))


def test_which_keys_are_tried() -> None:
    assert "\n".join(lines()).splitlines() == LIST.read_text(encoding="utf-8").splitlines()
