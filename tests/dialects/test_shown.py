"""Messages of other dialects, explained: keys as hexadecimal text and as key blocks, times with a date before them."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from acquirer.dialect.suite import Suite
from acquirer.inspect.explain import explain
from acquirer.inspect.meaning import Meanings
from acquirer.security.secret import Secret
from acquirer.settings.specs import load_dialect
from acquirer.wire.grammar import Locator

TMK = Secret.from_hex("258FB0AB70D025CDB99DF2C4D302D646")


def rows(name: str, reply: str, function: str) -> dict[str, str]:
    """The rows of a sign-on's reply: what each is called, and its value."""
    dialect = load_dialect(name)
    fields: dict[int, str | bytes] = {}
    issued = Suite(dialect).issue(function, TMK, "single", Random(1).randbytes)
    as_text = dialect.fields[dialect.elements["keys"].de].kind != "b"
    values = {"code": dialect.code_of("approved"), "function": function}
    for element, value in (values | {"keys": issued.wire.decode() if as_text else issued.wire}).items():
        dialect.put(fields, element, value)
    explained = explain(dialect, dialect.decode(dialect.encode(reply, fields)))
    return {row.key: row.value for top in explained.fields for _, row in top.walk()}


@pytest.mark.parametrize(
    ("name", "reply", "function"),
    [
        ("iso8583-1987-ascii", "0810", "001"),
        ("iso8583-1987-binary", "0810", "161"),
        ("iso8583-1993-bcd", "1814", "801"),
    ],
)
def test_plain_keys_and_their_check_values(name, reply, function):
    found = rows(name, reply, function)
    assert [len(found[key]) for key in ("PIK", "PIK KCV", "MAK", "MAK KCV")] == [32, 6, 32, 6]


def test_key_blocks(tmp_path: Path):
    file = tmp_path / "blocks.toml"
    file.write_text(
        'dialect = "blocks"\ntitle = "blocks"\nextends = "iso8583-1987-ascii"\n[[security.packages]]\n'
        'selector = "001"\ncipher = "3des"\nwrap = "tr31-b"\nkeys = ["pik 16", "mak 16"]\n',
        encoding="utf-8",
    )
    found = rows(str(file), "0810", "001")
    assert found["PIK"].startswith("B0096P0TE00N0000")
    assert found["MAK"].startswith("B0096M3TC00N0000")
    assert len(found["MAK"]) == 96


@pytest.mark.parametrize(
    ("name", "element", "value", "meaning"),
    [
        ("iso8583-1993-ascii", "time", "261120143000", "20 Nov 2026 14:30:00"),
        ("iso8583-1987-ascii", "time", "143000", "14:30:00"),
        ("iso8583-1987-ascii", "sent", "1120133000", "20 Nov 13:30:00"),
        ("iso8583-1987-ascii", "original_sent", "1320133000", "no date 13:30:00"),
        ("iso8583-1993-ascii", "settlement_date", "261120", "20 Nov 2026"),
        ("iso8583-1993-ascii", "reversal_reason", "4021", "no answer came"),
    ],
)
def test_what_values_mean(name, element, value, meaning):
    dialect = load_dialect(name)
    at = dialect.elements[element]
    assert Meanings(dialect, "1420", {}).of(Locator(at.de, at.start, at.stop), value, "").en == meaning
