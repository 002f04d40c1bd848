"""Addresses to listen on: what is read, and the sentence for what is none."""

from __future__ import annotations

import doctest

import pytest

from acquirer.data.toml import DataError
from acquirer.settings import listen
from acquirer.settings.listen import parse_listen


def test_the_examples_in_the_code_are_true() -> None:
    assert doctest.testmod(listen).failed == 0


@pytest.mark.parametrize("text", ["65536", "99999", "127.0.0.1:70000", "[::1]:123456", "8583000=unionpay-pos"])
def test_a_port_out_of_range_is_named(text: str) -> None:
    port = text.rpartition(":")[2].partition("=")[0]
    sentence = f"--listen: port {port} of '{text}' is out of range: give 1 to 65535, or 0 for a free one"
    with pytest.raises(DataError) as raised:
        parse_listen(text)
    assert str(raised.value) == sentence


@pytest.mark.parametrize("text", ["", "-1", "port", "8583=", "１２", "127.0.0.1"])
def test_what_is_no_address_shows_one(text: str) -> None:
    with pytest.raises(DataError, match="is not an address; write"):
        parse_listen(text)


@pytest.mark.parametrize("port", [0, 1, 65535])
def test_ports_that_there_are(port: int) -> None:
    assert parse_listen(f"localhost:{port}").port == port
