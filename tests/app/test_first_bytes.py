"""A client whose first bytes do not fit the port reads how they are written, in the journal and in the log."""

from __future__ import annotations

import io
import json
import socket
import time
from typing import Any

import pytest

from acquirer.settings.specs import load_dialect
from acquirer.testing import running_host
from acquirer.wire.framing import Framing

UNIONPAY = load_dialect("unionpay-pos")
FRAME = bytes.fromhex(UNIONPAY.samples[0].hex)[2:]
ASCII = b"0800A2200000008000000400000000000000" + b"0" * 60
HAS = "; unionpay-pos on this port has "


@pytest.mark.parametrize(
    ("wire", "reason", "hint"),
    [
        (
            Framing("ascii", 4).wrap(FRAME),
            "too-long",
            "a frame of 12336 bytes is above the limit of 8192; "
            "a good message stands behind a 4-digit ASCII length (60), "
            f'which a dialect writes as [framing] length = "ascii4"{HAS}a 2-byte length; send that',
        ),
        (FRAME, "too-long", f"there is no length, the message alone{HAS}a 2-byte length; write that"),
    ],
)
def test_what_does_not_fit_is_explained(wire: bytes, reason: str, hint: str) -> None:
    log = io.StringIO()
    with running_host(log=log) as host:
        with socket.create_connection((host.host, host.port), timeout=120) as sock:
            sock.sendall(wire)
            assert sock.recv(1) == b""
        wanted: dict[str, Any] = {"reason": reason} if reason else {}
        entry = host.journal.wait(**wanted)
    assert hint in entry.why
    assert entry.code == ""
    assert json.loads(log.getvalue().splitlines()[0])["why"] == entry.why


def test_a_client_that_waits_for_an_answer_to_half_a_frame_reads_why_there_is_none() -> None:
    wire = Framing("bcd", 2).wrap(FRAME)  # 0060 as digits says 60; as a binary length it says 96
    sentence = (
        "62 bytes of a frame came, {}; a good message stands behind a 4-digit BCD length (60), "
        "which a dialect writes as "
        f'[framing] length = "bcd2"{HAS}a 2-byte length; send that, or change [framing] in the dialect'
    )
    with running_host(frame_s=0.2) as host:
        with socket.create_connection((host.host, host.port), timeout=120) as sock:
            sock.sendall(wire)
            assert sock.recv(1) == b""
        assert host.journal.wait(reason="frame-timeout").why == sentence.format("and no more within 0.2 s")
        with socket.create_connection((host.host, host.port), timeout=120) as sock:
            sock.sendall(wire)
        assert host.journal.wait(reason="cut-off").why == sentence.format("then the peer hung up")


def test_a_frame_that_holds_another_kind_of_message_is_explained_too() -> None:
    with running_host() as host:
        with socket.create_connection((host.host, host.port), timeout=120) as sock:
            sock.sendall(UNIONPAY.framing.wrap(ASCII))
            entry = host.journal.wait(reason="mti_unknown")
        assert "no TPDU, no head, MTI 0800 in ASCII and a bitmap in ASCII; unionpay-pos on this port has" in entry.why


def test_a_whole_conversation_leaves_no_such_entry() -> None:
    with running_host() as host:
        with socket.create_connection((host.host, host.port), timeout=120) as sock:
            sock.sendall(UNIONPAY.framing.wrap(FRAME))
            assert sock.recv(2)
        assert [entry.reason for entry in host.journal.list()] == ["approved"]


def test_a_request_behind_an_empty_frame_is_answered_with_a_note() -> None:
    """What a length of four bytes looks like to a host that reads two."""
    note = "an empty frame came just before: 4-byte length? unionpay-pos on this port reads 2 bytes"
    two, four = Framing("binary", 2), Framing("binary", 4)
    with running_host() as host, socket.create_connection((host.host, host.port), timeout=120) as sock:
        for wire, noted in ((four.wrap(FRAME), True), (two.wrap(FRAME), False), (four.wrap(FRAME), True)):
            sock.sendall(wire)
            assert sock.recv(2) != b""
            sock.recv(4096)
            assert (note in host.journal.list()[-1].notes) == noted


@pytest.mark.parametrize("first", [4, 5, 30])
def test_a_length_that_is_sent_before_its_frame_has_that_note_too(first: int) -> None:
    wire = Framing("binary", 4).wrap(FRAME)
    with running_host() as host, socket.create_connection((host.host, host.port), timeout=120) as sock:
        sock.sendall(wire[:first])
        time.sleep(0.1)  # mostly the host reads it apart; also if not, the note is there
        sock.sendall(wire[first:])
        assert sock.recv(4096)
        assert "an empty frame came just before" in "\n".join(host.journal.list()[-1].notes)


def test_a_message_that_cannot_be_decoded_has_that_note_too() -> None:
    with running_host() as host, socket.create_connection((host.host, host.port), timeout=120) as sock:
        sock.sendall(Framing("binary", 4).wrap(FRAME[:-3]))
        sock.recv(4096)
        assert "an empty frame came just before" in "\n".join(host.journal.list()[-1].notes)


def test_a_flood_of_keep_alives_says_why_it_was_ended() -> None:
    log = io.StringIO()
    with running_host(log=log) as host:
        with socket.create_connection((host.host, host.port), timeout=120) as sock:
            sock.sendall(bytes(2) * 60)
            assert sock.recv(1) == b""
        entry = host.journal.wait(reason="keep-alive-flood")
    assert entry.why.startswith("60 empty frames came within a minute, which is the limit: send a keep-alive at most")
    assert entry.why in log.getvalue()
