"""Published and captured messages of UnionPay: each decodes, and what is built of the same content is the same bytes.

MACs are compared too, where the key is known.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from acquirer.dialect.compiled import CompiledDialect
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.settings.specs import load_dialect
from acquirer.wire.message import Value

PAGE = Path(__file__).with_name("unionpay_messages.toml")
MESSAGES: list[dict[str, Any]] = tomllib.loads(PAGE.read_text(encoding="utf-8"))["message"]
USUAL = {"41": "58402001", "42": "302440380621100"}
BINARY = ("52", "55", "62")
KEYS = WorkingKeys(Secret.from_hex("D931648F3DE313A4A22C15DCA4F4299E"), Secret.from_hex("AB7C577CC7A18045"))
COMPILED = CompiledDialect(load_dialect("unionpay-pos"))


def fields_of(message: dict[str, Any]) -> dict[int, Value]:
    """The fields that the page says it has; the MAC as it travels, eight characters."""
    texts: dict[str, str] = {**USUAL, **message["fields"]}
    found: dict[int, Value] = {int(de): bytes.fromhex(text) if de in BINARY else text for de, text in texts.items()}
    if (mac := texts.get("64")) is not None:
        found[64] = bytes.fromhex(mac) if message.get("captured") else mac.encode("ascii")
    return found


def frame_of(message: dict[str, Any]) -> bytes:
    """The frame without its length, which is checked."""
    data = bytes.fromhex("".join(message["hex"].split()))
    assert int.from_bytes(data[:2]) == len(data) - 2
    return data[2:]


def named(message: dict[str, Any]) -> str:
    return f"{message['mti']} {message['title']}"


def test_there_are_as_many_as_were_published():
    assert (len(MESSAGES), sum("captured" in one for one in MESSAGES)) == (87, 12)


@pytest.mark.parametrize("message", MESSAGES, ids=named)
def test_it_decodes_and_is_built_again(message):
    dialect, frame = COMPILED.dialect, frame_of(message)
    decoded = dialect.decode(frame)
    assert (decoded.mti, dict(decoded.fields)) == (message["mti"], fields_of(message))
    tpdu, head = dialect.envelope_of(frame)
    assert dialect.encode(message["mti"], fields_of(message), tpdu, head) == frame


@pytest.mark.parametrize(
    "message", [one for one in MESSAGES if "64" in one["fields"] and "captured" not in one], ids=named
)
def test_its_mac_is_ours(message):
    frame = frame_of(message)
    blank = COMPILED.dialect.encode(
        message["mti"], {**fields_of(message), 64: bytes(8)}, *COMPILED.dialect.envelope_of(frame)
    )
    is_reply = int(message["mti"][2]) % 2
    assert (COMPILED.suite.seal_reply if is_reply else COMPILED.suite.seal)(KEYS, blank) == frame


def test_a_pin_block_of_them_opens():
    message = next(one for one in MESSAGES if "52" in one["fields"])
    pan = message["fields"]["35"].partition("D")[0]
    sealed = COMPILED.suite.seal_pin(KEYS, "123456", pan, message["fields"]["53"], bytes)
    assert sealed.hex().upper() == message["fields"]["52"]
