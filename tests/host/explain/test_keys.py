"""Whole sentences about keys: which ones the host has, what was made with others, what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acquirer.host.explain import keys as why
from acquirer.host.request import Request
from acquirer.model.effects import Arrival
from acquirer.model.rows import TerminalConfig
from acquirer.security.candidates import finished
from acquirer.security.secret import Secret
from acquirer.security.vault import VaultError
from acquirer.security.working import WorkingKeys
from acquirer.wire.card_numbers import KNOWN
from tests.host.conftest import NOON, TID, Pos, Rig, at_us

OTHER = WorkingKeys(Secret.from_hex("0123456789ABCDEFFEDCBA9876543210"), Secret.from_hex("0123456789ABCDEF"))


@pytest.fixture
def terminal(rig: Rig) -> TerminalConfig:
    return rig.terminals[TID]


def differs(pos: Pos, keys: WorkingKeys | None, *, missing: bool = False) -> str:
    """Return the sentence about the MAC of a sale."""
    host = pos.rig.host
    frame = pos.sale_frame(keys=keys, stan="000012")
    request = Request(host, Arrival(frame, at_us(NOON), 0.0, "127.0.0.1:5000", 1), host.dialect.decode(frame))
    mac = request.message.fields[64]
    assert pos.keys is not None
    assert isinstance(mac, bytes)
    session, terminal = pos.rig.sessions[TID], pos.rig.terminals[TID]
    sentence = why.mac_differs(host, request, pos.keys, None if missing else mac)
    if not missing:
        sentence = f"{sentence}; {finished(why.mac_cause(host, request, terminal, session, pos.keys)())}"
    return sentence.replace(KNOWN, "")


def test_no_keys(terminal: TerminalConfig) -> None:
    assert why.keys_lost(terminal, VaultError("sealed under another key")) == (
        "the working keys of terminal 10000161 cannot be used (sealed under another key): it must sign on again"
    )
    assert why.keys_unavailable(terminal, "package 099 is unknown") == (
        "terminal 10000161 cannot be given working keys: package 099 is unknown; sign on with another package"
    )
    assert why.keys_unavailable(replace(terminal, tmk=b""), "it has no TMK") == (
        "terminal 10000161 cannot be given working keys: it has no TMK; register its TMK with 'acquirer terminals add'"
    )
    underivable = why.keys_underivable(terminal, ValueError("the KSN has 9 bytes"))
    assert underivable.replace(KNOWN, "") == (
        "the keys of this message of terminal 10000161 cannot be derived: the KSN has 9 bytes"
    )


def test_macs_that_differ_in_a_row(terminal: TerminalConfig) -> None:
    assert why.bad_macs_note(terminal, 1) == ("bad-macs: 1 wrong MAC in a row; terminal 10000161 must sign on first")
    assert why.bad_macs_note(terminal, 3) == ("bad-macs: 3 wrong MACs in a row; terminal 10000161 must sign on first")


def test_a_missing_mac(pos: Pos) -> None:
    assert differs(pos, None, missing=True) == (
        "DE 64 (mac) is missing: this message must carry a MAC made with MAK KCV AAEB494D"
    )


def test_a_mac_that_nothing_explains(pos: Pos) -> None:
    assert differs(pos, OTHER) == (
        "MAC differs: expected 4C79CF68 over 70 bytes with MAK KCV AAEB494D, got ACB767DF; no key, algorithm or "
        "coverage that was tried explains it: compare the KCV with the terminal's (keys of its sign-on 1, under "
        "which no MAC was right yet). If it differs, the terminal has another TMK than the host, whose KCV is "
        "D0E06F38: signing on again never helps then, enter the same TMK on both sides. If it is the same, the "
        "message was changed after the MAC was made, or something else is covered: make the MAC last, of the bytes "
        "that are sent"
    )
    pos.rig.sessions[TID].previous_until_us = 0
    assert differs(pos, OTHER) == (
        "MAC differs: expected 4C79CF68 over 70 bytes with MAK KCV AAEB494D, got ACB767DF; no key, algorithm or "
        "coverage that was tried explains it: compare the KCV with the terminal's (keys of its sign-on 1), sign on "
        "again if they differ; else the message was changed after the MAC was made, or something else is covered: "
        "make the MAC last, of the bytes that are sent"
    )
    pos.rig.sessions[TID].current = None
    assert differs(pos, OTHER) == (
        "MAC differs: expected 4C79CF68 over 70 bytes with MAK KCV AAEB494D, got ACB767DF; no key, algorithm or "
        "coverage that was tried explains it: compare the KCV with the terminal's (keys of its sign-on 0), sign on "
        "again if they differ; else the message was changed after the MAC was made, or something else is covered: "
        "make the MAC last, of the bytes that are sent"
    )


def test_a_mac_under_the_keys_before(pos: Pos) -> None:
    old = pos.keys
    pos.sign_on()
    assert differs(pos, old) == (
        "MAC differs: expected 0A69444C over 70 bytes with MAK KCV A2FBF499, got 4C79CF68; the same MAB under the "
        "previous MAK (KCV AAEB494D) matches: the terminal kept its old key; take the keys from the reply of each "
        "sign-on"
    )


def test_notes(pos: Pos) -> None:
    rig, old = pos.rig, pos.keys
    pos.sign_on()
    assert old is not None
    assert pos.keys is not None
    terminal, session = rig.terminals[TID], rig.sessions[TID]
    assert why.previous_keys(rig.host, terminal, session, old, pos.keys) == (
        "previous-keys: the MAC is made with the keys of sign-on 1 (MAK KCV AAEB494D), which are good until "
        "2025-03-10 12:01:00 (grace_s = 60); use those of sign-on 2 (MAK KCV A2FBF499) from its reply on"
    )
    assert why.tmk_may_differ(terminal, 3) == (
        "tmk-may-differ: 3 sign-ons in a row, and no MAC was right between them; if the terminal refuses its keys, "
        "compare its TMK's KCV with the host's, D0E06F38, and how it takes its MAK with mak = \"single\" (single, "
        "double, duplicated)"
    )
    assert why.other_cipher(terminal, "003", "sm4", "des", "01020304") == (
        "package-cipher: package 003 is made by SM4 (TMK KCV 01020304 by it), and the TMK of terminal 10000161 is "
        "registered as one for DES (KCV D0E06F38): ask for a package of its own cipher in DE 60.3, or register it "
        'with tmk_cipher = "sm4"'
    )
