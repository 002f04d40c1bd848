"""Messages between processes: what comes is what was sent, in its order, or it does not open."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.security.message_seal import MessageSeal
from acquirer.security.vault import MASTER_BYTES, VaultError


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_messages_open_in_their_order(messages: list[bytes]) -> None:
    key = os.urandom(MASTER_BYTES)
    sender, receiver = MessageSeal(key), MessageSeal(key)
    sealed = [sender.seal(one) for one in messages]
    assert [receiver.open(one) for one in sealed] == messages
    assert len(set(sealed)) == len(messages)


def test_the_same_message_is_sealed_otherwise_each_time() -> None:
    sender = MessageSeal(os.urandom(MASTER_BYTES))
    assert sender.seal(b"6212345678901232") != sender.seal(b"6212345678901232")


@pytest.mark.parametrize("change", [lambda one: one[:-1], lambda one: bytes([one[0] ^ 1]) + one[1:], lambda _one: b""])
def test_an_altered_message_does_not_open(change) -> None:
    key = os.urandom(MASTER_BYTES)
    sealed = MessageSeal(key).seal(b"6212345678901232")
    with pytest.raises(VaultError, match="message 1 of a process does not open"):
        MessageSeal(key).open(change(sealed))


def test_a_message_out_of_its_order_or_of_another_run_does_not_open() -> None:
    key = os.urandom(MASTER_BYTES)
    sender = MessageSeal(key)
    _, second = sender.seal(b"1"), sender.seal(b"2")
    for receiver in (MessageSeal(key), MessageSeal(os.urandom(MASTER_BYTES))):
        with pytest.raises(VaultError):
            receiver.open(second)
