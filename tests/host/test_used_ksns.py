"""KSNs that come again: noted where no terminal would send them, once for each message."""

from __future__ import annotations

import pytest

from acquirer.host import used_ksns
from acquirer.host.used_ksns import UsedKsns
from acquirer.wire.masking import mask_sentence

ONE, OTHER = bytes.fromhex("FFFF9876543210E00000"), bytes.fromhex("FFFF9876543211200000")


def test_a_terminal_counts_on() -> None:
    seen = UsedKsns()
    assert [seen.use("1", ONE, counter, bytes([counter])) for counter in (1, 2, 3, 8)] == [""] * 4


def test_the_same_message_again_is_none_of_a_used_counter() -> None:
    seen = UsedKsns()
    assert [seen.use("1", ONE, 5, b"same") for _ in range(3)] == [""] * 3


def test_another_message_under_the_same_counter() -> None:
    seen = UsedKsns()
    seen.use("1", ONE, 5, b"one")
    note = seen.use("1", ONE, 5, b"other")
    assert note.startswith("ksn-used-again: counter 5 has made another message before: count on for each message")
    assert seen.use("1", ONE, 5, b"other") == note  # deciding about it again changes nothing


def test_a_counter_that_goes_back() -> None:
    seen = UsedKsns()
    seen.use("1", ONE, 9, b"")
    assert seen.use("1", ONE, 4, b"").startswith("ksn-went-back: counter 4 comes after 9: keep the counter where")
    assert seen.use("1", ONE, 5, b"") == ""  # it is said once


def test_another_device() -> None:
    seen = UsedKsns()
    seen.use("1", ONE, 9, b"")
    note = mask_sentence(seen.use("1", OTHER, 1, b""))
    assert "began with FFFF9876543210E before, this one with FFFF98765432112: it was injected anew" in note
    assert seen.use("2", ONE, 1, b"") == ""


def test_the_oldest_terminal_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(used_ksns, "_TERMINALS_MOST", 2)
    seen = UsedKsns()
    for tid in "123":
        seen.use(tid, ONE, 1, b"")
    assert [seen.last(tid) is None for tid in "123"] == [True, False, False]
