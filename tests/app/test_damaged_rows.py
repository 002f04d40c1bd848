"""Rows that no host writes, met by the exchanges that read them: an answer that says so, and never an internal fault.

One store is used by every kind of transaction, and copied for each damage. A served host then stops; here its sentence
is looked for, and what was answered before.
"""

from __future__ import annotations

import io
import json
import shutil
import socket
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from acquirer.app.terminal import Terminal
from acquirer.app.terminal_connection import TerminalConnection
from acquirer.dialect.suite import Suite
from acquirer.security.working import WorkingKeys
from acquirer.settings.specs import load_dialect
from acquirer.signature.jbig_encoder import encode_jbig
from acquirer.signature.pen import draw_signature
from acquirer.slip.receipt import Receipt
from acquirer.terminal.effects import Ask, Response
from acquirer.testing import running_host
from acquirer.wire.deframer import make_deframer
from acquirer.wire.message import Value

DIALECT = load_dialect("unionpay-pos")
TID, MID = "10000161", "880210010210162"
IMAGE = encode_jbig(draw_signature("Ann", seed=1))
DEEP = "'" + "[" * 5000 + "'"
NO_TEXT = "CAST(x'ff' AS TEXT)"

SILENT, NO_ANSWER = "", "nothing was decided: the store cannot be read any more: "

# table, column, value, the request that reads it, its answer
DAMAGE = [
    ("terminal", "mid", "x'ff'", "sign_on", "96"),
    ("terminal", "name", NO_TEXT, "sale", SILENT),
    ("terminal", "repeat", "'odd'", "sign_on", "96"),
    ("session", "batch", "x'05'", "sign_on", "96"),
    ("session", "signed_on_count", "'x'", "sale", SILENT),
    ("session", "current_since_us", "-1", "sign_on", "96"),
    ("transaction_form", "state", "'odd'", "sale", SILENT),
    ("transaction_row", "at_us", "9223372036854775807", "sale", SILENT),
    ("transaction_form", "reply_elements", "7", "sale", SILENT),
    ("transaction_form", "reply_elements", """'{"rrn":7}'""", "sale", SILENT),
    ("transaction_form", "reply_elements", DEEP, "sale", SILENT),
    ("transaction_form", "reply_elements", """'{"time":true}'""", "sale", SILENT),
    ("transaction_row", "reply_values", "''", "sale", SILENT),
    ("transaction_row", "reply_values", """'["000000","000000"]'""", "sale", SILENT),
    ("transaction_row", "form", "9", "sale", SILENT),
    ("transaction_row", "amount_minor", "'much'", "void", SILENT),
    ("transaction_form", "reversal_elements", "7", "reversal", "96"),
    ("transaction_row", "used_us", "x'05'", "signature", "96"),
    ("card", "spent_minor", "'much'", "counted", SILENT),
    ("signature", "slip", "'{'", "signature", "96"),
    ("signature", "slip", "'[[1,2,3]]'", "signature", "96"),
    ("signature", "flags", "7", "signature", "96"),
    ("signature", "flags", DEEP, "signature", "96"),
    ("signature", "flags", NO_TEXT, "signature", "96"),
    ("signature", "at_us", "9223372036854775807", "signature", "96"),
    ("signature", "picture", "'odd'", "signature", "96"),
    ("signature_part", "part", "'x'", "part", "96"),
    ("signature_part", "stream", "'t'", "part", "96"),
    ("signature_part", "slip", "'odd'", "part", "96"),
    ("signature_part", "at_us", "x'05'", "part", "96"),
]


def part(keys: WorkingKeys, sale: Receipt, number: int) -> bytes:
    """One of two parts of an image."""
    half = len(IMAGE) // 2
    fields: dict[int, Value] = {64: bytes(8)}
    for name, value in {
        "tid": TID,
        "mid": MID,
        "amount": "000000000400",
        "stan": sale.stan,
        "rrn": sale.rrn,
        "transaction_type": "07" if number == 1 else "08",
        "batch": sale.batch,
        "function": f"{800 + number}",
        "image": IMAGE[:half] if number == 1 else IMAGE[half:],
        "part_more": "8" if number == 1 else "9",
    }.items():
        DIALECT.put(fields, name, value)
    return Suite(DIALECT).seal(keys, DIALECT.encode("0820", fields))


def answer(host: Any, frame: bytes) -> str:
    """The code of an answer; SILENT when none comes before the end of the connection, which this side asks for."""
    with socket.create_connection((host.host, host.port), timeout=60) as line:
        line.sendall(DIALECT.framing.wrap(frame))
        line.shutdown(socket.SHUT_WR)
        deframer = make_deframer(DIALECT.framing)
        while data := line.recv(4096):
            deframer.feed(data)
            for reply in deframer:
                return DIALECT.text(DIALECT.decode(reply), "code")
    return SILENT


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A store that every kind of request has used, and their frames."""
    place = tmp_path_factory.mktemp("used")
    frames: list[bytes] = []
    ask = TerminalConnection.ask

    def recording(self: TerminalConnection, request: Ask) -> Response:
        frames.append(request.frame)
        return ask(self, request)

    found: dict[str, bytes] = {}
    with pytest.MonkeyPatch.context() as patch, running_host(store=f"sqlite:///{place / 'a.db'}") as host:
        patch.setattr(TerminalConnection, "ask", recording)
        with Terminal(TID, host=host.address, state=place / "terminal", sign_upload="at-once") as terminal:
            terminal.sign_on()
            terminal.sale("3.00", sign="Ann")
            found |= {"sign_on": frames[0], "sale": frames[1], "signature": frames[2]}
            terminal.sale("5.00", card="limited")
            keys = terminal.state.keys
            assert keys is not None
            another = {**DIALECT.decode(frames[-1]).fields, 11: "000999", 64: bytes(8)}  # a repeat needs no card
            found["counted"] = Suite(DIALECT).seal(keys, DIALECT.encode("0200", another))
            sold = terminal.sale("4.00").receipt
            assert sold is not None
            assert answer(host, part(keys, sold, 1)) == "00"
            found["part"] = part(keys, sold, 2)
            terminal.sale("6.00")
            terminal.reverse()
            found["reversal"] = frames[-1]
            terminal.sale("7.00")
            terminal.void()
            found["void"] = frames[-1]
    return place, found


def served(place: Path, frame: bytes) -> tuple[str, list[dict[str, Any]]]:
    """What a host on a store answers, and its log."""
    log = io.StringIO()
    with running_host(store=f"sqlite:///{place / 'a.db'}", log=log) as host:
        code = answer(host, frame)
        assert host.counters["faults"] == 0
    return code, [json.loads(line) for line in log.getvalue().splitlines()]


def copied(used: Path, place: Path, statement: str) -> None:
    for file in used.glob("a.db*"):
        shutil.copy(file, place)
    with closing(sqlite3.connect(place / "a.db", isolation_level=None)) as connection:
        assert connection.execute(statement).rowcount > 0


@pytest.mark.slow
@pytest.mark.parametrize(("table", "column", "value", "request_", "code"), DAMAGE)
def test_a_damaged_row_is_one_sentence(
    used: tuple[Path, dict[str, bytes]],
    tmp_path: Path,
    table: str,
    column: str,
    value: str,
    request_: str,
    code: str,
) -> None:
    place, frames = used
    where = "" if table in ("card", "transaction_form") else f" WHERE tid = '{TID}'"
    copied(place, tmp_path, f'UPDATE "{table}" SET "{column}" = {value}{where}')
    answered, log = served(tmp_path, frames[request_])
    assert answered == code
    (exchange,) = [line for line in log if line["event"] == "exchange"]
    assert exchange["why"].startswith(f"{NO_ANSWER}{tmp_path / 'a.db'} is damaged (")
    assert exchange["why"].endswith("): put a backup back, or use a new store")
    assert exchange["reason"] == "system_fault"
    (failed,) = [line for line in log if line["event"] == "store-failed"]
    assert failed["why"] in exchange["why"]
    assert "[[[" not in exchange["why"]


@pytest.mark.parametrize(
    ("statement", "request_", "code", "sentence"),
    [
        ("UPDATE transaction_form SET reason = 'odd'", "sale", "00", "its answer 00 is given again"),
        (
            "UPDATE transaction_form SET code = 'ZZ'",
            "sale",
            "96",
            "the reply cannot be written in this dialect: code: 'ZZ' is not in its table of response codes",
        ),
    ],
)
def test_a_row_of_another_version_or_dialect_is_answered(
    used: tuple[Path, dict[str, bytes]], tmp_path: Path, statement: str, request_: str, code: str, sentence: str
) -> None:
    """Reasons and codes of response are not the same everywhere and for ever."""
    place, frames = used
    copied(place, tmp_path, statement)
    answered, log = served(tmp_path, frames[request_])
    assert answered == code
    (exchange,) = [line for line in log if line["event"] == "exchange"]
    assert sentence in exchange["why"]
    assert "store-failed" not in {line["event"] for line in log}
