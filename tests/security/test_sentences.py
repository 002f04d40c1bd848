"""Whole sentences about keys, blocks and tracks that cannot be used: what is there, what should be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from acquirer.errors import SecurityError
from acquirer.security.ciphers import CipherError
from acquirer.security.dukpt import DUKPT
from acquirer.security.pin import PIN_FORMATS, pan_part
from acquirer.security.secret import Secret
from acquirer.security.tr31 import KeyBlockHeader, build_key_block, open_key_block
from acquirer.security.track import encrypt_before_last_byte
from acquirer.security.track_diagnosis import diagnose_track
from acquirer.security.vault import Vault
from acquirer.security.working import WorkingKeys

KEY = Secret(bytes(range(16)))
KEYS = WorkingKeys(KEY, KEY)
PAN = "6222021234567890128"
DES, AES = DUKPT["dukpt-3des"], DUKPT["dukpt-aes"]
DERIVED = DES.keys(KEY, bytes.fromhex("FFFF9876543210E00001"))


@pytest.mark.parametrize(
    ("work", "sentence"),
    [
        (lambda: pan_part("62212345678"), "the PIN block needs a card number of 12 digits or more, and there is none"),
        (
            lambda: PIN_FORMATS["iso-4"].seal(Secret(bytes(16), "aes"), "1234", PAN + "1", bytes),
            "the PIN block needs a card number of 19 digits at most, and there is none",
        ),
        (lambda: PIN_FORMATS["iso-0-without-pan"].decode(bytes.fromhex("0412A4FFFFFFFFFF"), ""),
         "the PIN in the block is not numeric"),
        (lambda: PIN_FORMATS["iso-0-without-pan"].decode(bytes.fromhex("041234FFFFFFFFF0"), ""),
         "the filling behind the PIN is not what the format prescribes"),
        (lambda: PIN_FORMATS["iso-0-without-pan"].decode(bytes.fromhex("031234FFFFFFFFFF"), ""),
         "the block says its PIN has 3 digits; 4 to 12 are allowed"),
        (lambda: PIN_FORMATS["iso-0-without-pan"].decode(bytes.fromhex("0D1234FFFFFFFFFF"), ""),
         "the block says its PIN has 13 digits; 4 to 12 are allowed"),
        (lambda: PIN_FORMATS["iso-0-without-pan"].decode(bytes.fromhex("141234FFFFFFFFFF"), ""),
         "the block's first digit says format 1, expected 0"),
        (lambda: PIN_FORMATS["iso-0"].decode(bytes(7), PAN), "a PIN block has 8 bytes, this one has 7"),
        (lambda: PIN_FORMATS["iso-0-without-pan"].decode(bytes(7), PAN), "a PIN block has 8 bytes, this one has 7"),
        (lambda: PIN_FORMATS["iso-0-padded"].decode(bytes(15) + b"\1", PAN),
         "the second half of the block is not zero"),
        (lambda: PIN_FORMATS["iso-0"].encode("123", PAN, bytes), "a PIN has 4 to 12 digits"),
        (lambda: PIN_FORMATS["iso-0"].encode("1234567890123", PAN, bytes), "a PIN has 4 to 12 digits"),
        (lambda: Secret.unpack(b""), "these are not the bytes of a packed key"),
        (lambda: Secret.unpack(b"\xff" + bytes(16)), "these are not the bytes of a packed key"),
        (lambda: WorkingKeys.unpack(b"\1\1"), "these are not the bytes of packed working keys"),
        (lambda: WorkingKeys.unpack(KEYS.pack() + b"\0"), "these are not the bytes of packed working keys"),
        (lambda: DERIVED.pack(), "the keys of one transaction are derived again, never kept"),
        (lambda: open_key_block(KEY, "X"),
         "this is no key block: it begins with a version (A to D), four digits of length, a usage …"),
        (lambda: open_key_block(KEY, "B0020P0TE00E0000ABCG"),
         "what follows the key block's header is not in hex digits"),
        (lambda: build_key_block(KEY, KEY, KeyBlockHeader("P0", "T", "E", "C"), bytes),
         "key blocks are made in version B or D, not C"),
        (lambda: encrypt_before_last_byte(KEY, "62212X"),
         "a track has digits and the separator D (and A to F when encrypted), this one has others"),
        (lambda: encrypt_before_last_byte(KEY, "6212345678901232"),
         "a track needs 17 digits to have a block before its last byte, got 16"),
        (lambda: Vault(bytes(32)).open("tmk:1", b"\2" + bytes(60)),
         "tmk:1: not a sealed blob of this version (61 bytes)"),
        (lambda: Vault(bytes(32)).open("tmk:2", Vault(bytes(32)).seal("tmk:1", b"key", bytes)),
         "tmk:2: the sealed blob does not open; it is damaged, belongs to another row, or the key file beside the "
         "database is not the one it was sealed with"),
        (lambda: DES.read(bytes(7)), "a KSN of dukpt-3des has 10 bytes, this one has 7; send 10: the device, then "
         "the counter"),
        (lambda: DES.read(bytes(11)), "a KSN of dukpt-3des has 10 bytes, this one has 11; send 10: the device, then "
         "the counter"),
        (lambda: DES.read(bytes.fromhex("9876543210E00000")), "KSN FFFF9876543210E00000 has counter 0; terminals "
         "count from 1: begin with 1"),
        (lambda: DES.read(bytes.fromhex("9876543210E007FF")), "KSN FFFF9876543210E007FF has a counter with 11 bits "
         "set; terminals skip those with more than 10; skip such counters"),
        (lambda: DES.initial(Secret(bytes(range(24))), bytes(10)),
         "a BDK of 3DES DUKPT is a 3DES key of 16 bytes; this one is a 3DES key of 24"),
        (lambda: AES.initial(KEY, bytes(12)),
         "a BDK of AES DUKPT is an AES key of 16 or 24 or 32 bytes; this one is a 3DES key of 16"),
    ],
)  # fmt: skip
def test_what_cannot_be_done(work: Callable[[], object], sentence: str) -> None:
    with pytest.raises((SecurityError, CipherError)) as exc:
        work()
    assert str(exc.value) == sentence


TRACK = "6212345678901232D30121220000001234560"


def of_track(track: str, keys: WorkingKeys) -> str:
    return diagnose_track(track, [("current", keys)], lambda text: text == TRACK)


def test_tracks_in_whole_sentences() -> None:
    pik, mak, tdk = (Secret(bytes(range(at, at + 16)), "3des") for at in (0, 16, 32))
    keys = WorkingKeys(pik, mak, tdk)
    packed = bytes.fromhex(TRACK + "0")

    def with_encrypted(start: int, stop: int) -> str:
        return (packed[:start] + tdk.encrypt(packed[start:stop]) + packed[stop:]).hex().upper()[:37]

    remedy = "encrypt the block before the last byte, and nothing else"
    assert of_track(encrypt_before_last_byte(tdk, TRACK), keys) == "it opens under the same TDK: "
    assert of_track(with_encrypted(0, 8), keys) == (
        f"it opens under the same TDK with the first block encrypted: the terminal encrypts the first 8 bytes; {remedy}"
    )
    assert of_track(with_encrypted(0, 16), keys) == (
        f"it opens under the same TDK with every whole block encrypted: the terminal encrypts the whole track; {remedy}"
    )
    without = WorkingKeys(pik, mak)
    assert of_track(encrypt_before_last_byte(pik, TRACK), without) == (
        f"it opens under the PIK (KCV {pik.kcv()}): the terminal takes the PIN key for the TDK, of which it has none"
    )
    assert of_track(encrypt_before_last_byte(mak, TRACK), without) == (
        f"it opens under the MAK (KCV {mak.kcv()}): the terminal takes the MAC key for the TDK, of which it has none"
    )
    assert diagnose_track(
        encrypt_before_last_byte(tdk, TRACK), [("current", without)], lambda text: text == TRACK, tdk
    ) == (
        f"it opens under the TMK (KCV {tdk.kcv()}): the terminal takes the master key for the TDK, of which it has none"
    )
    assert of_track(encrypt_before_last_byte(Secret(bytes(range(48, 64)), "3des"), TRACK), keys) == ""
    assert of_track(TRACK + "X", keys) == ""
