"""What must never reach a disk is looked for in every byte that did: card numbers, tracks, PIN blocks, clear keys."""

from __future__ import annotations

import base64
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from acquirer.model.effects import Changes
from acquirer.model.rows import Card, Generation, Transaction, TransactionKey
from acquirer.process import channel
from acquirer.security.secret import Secret
from acquirer.security.vault import Vault
from acquirer.security.working import WorkingKeys
from acquirer.settings.registration import Registration
from acquirer.wire.masking import mask_pan
from acquirer.wire.message import DecodeError, Message

PAN = "6212345678901232"
TRACK_REST = "29122010000123456789"
PIN_BLOCK = bytes.fromhex("C0FFEE0DDBA11ACE")
TMK, PIK, MAK = "258FB0AB70D025CDB99DF2C4D302D646", "D931648F3DE313A4A22C15DCA4F4299E", "AB7C577CC7A18045"
BDK = "0123456789ABCDEFFEDCBA9876543210"
PACKED = bytes.fromhex(PAN)


def forms(canary: str) -> dict[str, bytes]:
    """A canary as it might lie in a file: its digits, packed, in base64 at each offset, in two-byte characters."""
    found = {"text": canary.encode(), "lower": canary.lower().encode(), "wide": canary.encode("utf-16-le")}
    if re.fullmatch("([0-9A-Fa-f]{2})+", canary):
        found["packed"] = bytes.fromhex(canary)
    for name, clear in list(found.items()):
        for shift in range(3):
            encoded = base64.b64encode(bytes(shift) + clear)  # of it, the characters that no neighbour has a bit in
            found[f"{name} in base64, {shift}"] = encoded[-(-shift * 8 // 6) : (shift + len(clear)) * 8 // 6]
    return found


def found_in(directory: Path, canaries: dict[str, str]) -> list[str]:
    hits = []
    for file in directory.iterdir():
        held = file.read_bytes()
        for name, canary in canaries.items():
            hits += [f"{name} as {form} in {file.name}" for form, clear in forms(canary).items() if clear in held]
    return hits


CANARIES = {
    "PAN": PAN,
    "track": TRACK_REST,
    "PIN block": PIN_BLOCK.hex(),
    "TMK": TMK,
    "PIK": PIK,
    "MAK": MAK,
    "BDK": BDK,
}


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file with every byte that this process sends to others that it started."""
    file = tmp_path / "pipe"
    send = channel.Sender.send

    def noted(self: channel.Sender, data: bytes) -> None:
        with file.open("ab") as sent:
            sent.write(data)
        send(self, data)

    monkeypatch.setattr(channel.Sender, "send", noted)
    return file


@pytest.mark.parametrize("writer", ["thread", "process"])
def test_nothing_secret_is_in_any_byte_on_disk(opened, database, exchange, writer, process_recorder, pipe):
    """Nor in what the process that writes is sent."""
    client = opened(recorder=process_recorder if writer == "process" else None)
    vault = Vault(client.store.master_key)
    keys = WorkingKeys(Secret.from_hex(PIK), Secret.from_hex(MAK))
    entry = Registration(
        "10000161", "880210010210162", Secret.from_hex(TMK), test=True, fixed_keys=keys, bdk=Secret.from_hex(BDK)
    )
    client.store.register([entry], vault)
    sealed = vault.seal_keys("keys:10000161:1", keys, os.urandom)
    session = replace(client.session(), current=Generation(1, "003", sealed, keys.kcvs, 1))
    sale = Transaction(
        TransactionKey("880210010210162", "10000161", "000001", "000002"),
        pan_masked=mask_pan(PAN),
        card=vault.token(PAN),
        at_us=1_700_000_000_000_000,
    )
    fields: dict[int, str | bytes] = {
        2: PAN,
        35: f"{PAN}D{TRACK_REST}",
        36: f"99{PAN}D{TRACK_REST}",
        41: "10000161",
        52: PIN_BLOCK,
        55: b"\x5a\x08" + PACKED + b"\x57\x13" + PACKED + bytes.fromhex(f"D{TRACK_REST}F"),
        57: f"swiped {PAN}",
        63: f"CUP {PAN}",
    }
    message = Message(b"", "0200", fields)
    whole = exchange(mti="0200", message=message, why=f"card {PAN} is unknown", reply=fields, reply_mti="0210")
    broken = DecodeError("too short", field=64, position=99, mti="0200", fields=fields)
    client.commit(
        Changes(whole, session, sale, card=Card(vault.token(PAN), pan_masked=mask_pan(PAN))),
        Changes(exchange(mti="0200", failure=broken)),
    )
    assert database.with_name("acquirer.db-wal").stat().st_size > 0
    assert found_in(database.parent, CANARIES) == []  # while it is served: the log too
    client.store.close()
    assert found_in(database.parent, CANARIES) == []
    assert found_in(database.parent, {"masked": mask_pan(PAN)}) != []  # what may be seen is what we looked through
    assert pipe.exists() == (writer == "process")
    assert writer == "thread" or pipe.stat().st_size > 1_000  # what was committed went through it


def test_the_search_finds_what_it_looks_for(tmp_path):
    for number, (form, clear) in enumerate(forms(PAN).items()):
        (tmp_path / str(number)).write_bytes(b"x" + clear + b"y")
        assert f"PAN as {form} in {number}" in found_in(tmp_path, CANARIES)
