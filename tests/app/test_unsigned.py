"""Why a transaction has no signature: each cause from what a terminal does, over real TCP, to the table."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from acquirer.app.terminal import Terminal
from acquirer.app.unsigned import Group, UnsignedFilter, find_unsigned
from acquirer.cli import run
from acquirer.dialect.suite import Suite
from acquirer.settings.specs import load_dialect
from acquirer.signature import jbig_encoder
from acquirer.signature.bitmap import Bitmap
from acquirer.signature.pen import draw_signature
from acquirer.store import open_reader
from acquirer.testing import RunningHost, running_host
from acquirer.wire.message import Value

DIALECT = load_dialect("unionpay-pos")
SUITE = Suite(DIALECT)
TID, MID = "10000161", "880210010210162"
ANN = jbig_encoder.encode_jbig(draw_signature("Ann", seed=1))
BLANK = jbig_encoder.encode_jbig(Bitmap(240, 80, bytes(30 * 80)))
CAUSES = {
    "000002": (Group.CUT, "its upload was cut: 150 bytes of a frame came"),
    "000003": (Group.REFUSED, "its upload was answered 25: amount 10.00 in the sale"),
    "000004": (Group.REPLACED, "its image is broken (blank: "),
    "000005": (Group.LOST, "none came, though later signatures of this terminal did"),
    "000007": (Group.CUT, "1 part of its signature came, and the rest did not"),
    "000009": (Group.FREE, "free by amount: contactless"),
    "000010": (Group.WAITING, "none came yet"),
}


def upload(host: RunningHost, terminal: Terminal, image: bytes, bytes_sent: int = 0, **more: Any) -> None:
    """Upload an image for the terminal's last sale; with `bytes_sent`, end the connection after so many."""
    elements: dict[str, Any] = {
        "tid": TID,
        "mid": MID,
        "pan": "6212345678901232",
        "amount": "000000001000",
        "stan": "",
        "transaction_type": "07",
        "batch": "000001",
        "function": "800",
        "image": image,
    }
    fields: dict[int, Value] = {64: bytes(8)}
    for name, value in (elements | more).items():
        DIALECT.put(fields, name, value)
    assert terminal.state.keys is not None
    wire = DIALECT.framing.wrap(SUITE.seal(terminal.state.keys, DIALECT.encode("0820", fields)))
    with socket.create_connection((host.host, host.port), timeout=120) as line:
        line.sendall(wire[: bytes_sent or len(wire)])
        if not bytes_sent:
            assert line.recv(4096)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a store with a sale for each cause."""
    folder = tmp_path_factory.mktemp("host")
    url = f"sqlite:///{folder / 'host.db'}"
    with (
        running_host(store=url, clock="2025-03-10T12:00:00") as host,
        Terminal(TID, host=host.address, state=folder, now=lambda: datetime(2025, 3, 10, 12)) as terminal,
    ):
        terminal.sale("10.00")
        upload(host, terminal, ANN, bytes_sent=150, stan="000002")
        host.journal.wait(reason="cut-off")
        terminal.sale("10.00")
        upload(host, terminal, ANN, stan="000003", amount="000000000999")
        terminal.sale("10.00")
        upload(host, terminal, ANN, stan="000004")
        upload(host, terminal, BLANK, stan="000004")
        terminal.sale("10.00")
        terminal.sale("10.00")
        upload(host, terminal, ANN[:100], stan="000006")
        terminal.sale("10.00")
        upload(host, terminal, ANN[:100], stan="000007", function="801", part_more="8")
        terminal.sale("10.00")
        upload(host, terminal, ANN, stan="000008")
        terminal.sale("5.00", entry="contactless")
        terminal.sale("10.00")
        yield url


@pytest.mark.parametrize("stan", CAUSES)
def test_each_cause_has_its_group(stan: str, url: str) -> None:
    with open_reader(url) as reader:
        found = {one.transaction.key.stan: one for one in find_unsigned(reader, DIALECT)}
    assert set(found) == set(CAUSES)
    group, sentence = CAUSES[stan]
    assert found[stan].group is group
    assert found[stan].cause.startswith(sentence)


def test_the_cut_upload_stands_in_the_journal_with_its_whole_fields(url: str) -> None:
    from acquirer.store.filters import ExchangeFilter

    with open_reader(url) as reader:
        (entry,) = reader.exchanges(ExchangeFilter(reason="cut-off"))
    assert (entry.tid, entry.mti, entry.stan) == (TID, "0820", "000002")
    assert "6212345678901232" not in str(entry)


def test_a_filter_chooses_transactions(url: str) -> None:
    at_us = int(datetime.fromisoformat("2025-03-10T12:00:00+08:00").timestamp()) * 1_000_000
    with open_reader(url) as reader:

        def count(**wanted: Any) -> int:
            return len(find_unsigned(reader, DIALECT, UnsignedFilter(**wanted)))

        every = len(CAUSES)
        assert (count(tid=TID), count(tid="20000001")) == (every, 0)
        assert (count(batch="000001"), count(batch="000002")) == (every, 0)
        assert (count(since_us=at_us), count(since_us=at_us + 3_600_000_000)) == (every, 0)
        assert (count(until_us=at_us), count(until_us=at_us + 3_600_000_000)) == (0, every)


def test_the_table_is_grouped_with_counts(url: str, capsys: Any) -> None:
    assert run(["signatures", "unsigned", "--store", url]) == 0
    out = capsys.readouterr().out
    titles = [
        "cut off: 2 transactions, 20.00 in all",
        "refused: 1 transaction, 10.00 in all",
        "replaced by a broken image: 1 transaction, 10.00 in all",
        "never came: 1 transaction, 10.00 in all",
        "not due yet: 1 transaction, 10.00 in all",
        "free by amount: 1 transaction, 5.00 in all",
    ]
    places = [out.index(f"\n{title}\n") if nth else out.index(title) for nth, title in enumerate(titles)]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--since", "2025-03-10"], 7),
        (["--since", "2025-03-11"], 0),
        (["--until", "2025-03-10"], 7),
        (["--until", "2025-03-09"], 0),
        (["--since", "2025-03-10 12:00", "--until", "2025-03-10 12:30"], 7),
        (["--until", "2025-03-10 12:00"], 0),
        (["--batch", "000001"], 7),
        (["--batch", "000002"], 0),
    ],
)
def test_dates_and_batches_choose(options: list[str], count: int, url: str, capsys: Any) -> None:
    assert run(["signatures", "unsigned", "--json", *options, "--store", url]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found) == count
    assert {one["stan"]: one["group"] for one in found} == ({k: v[0].value for k, v in CAUSES.items()} if count else {})
    if not count:
        assert run(["signatures", "unsigned", *options, "--store", url]) == 0
        assert capsys.readouterr().out == "No approved transaction lacks a signature.\n"


@pytest.mark.parametrize("text", ["tomorrow", "2025-13-01", "9999-12-31"])
def test_what_is_no_date_is_refused(text: str, url: str, capsys: Any) -> None:
    assert run(["signatures", "unsigned", "--until", text, "--store", url]) == 2
    assert capsys.readouterr().err.startswith(f"--until: '{text}' is no date and no time; write 08:00, 2025-03-10")


def test_a_picture_that_no_host_rendered_yet_is_looked_at_all_the_same(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'host.db'}"
    with (
        pytest.MonkeyPatch.context() as broken,
        running_host(store=url) as host,
        Terminal(TID, host=host.address, state=tmp_path) as terminal,
    ):
        broken.setattr("sys.executable", "/bin/true")
        terminal.sale("10.00")
        upload(host, terminal, ANN, stan="000002")
        upload(host, terminal, BLANK, stan="000002")
        with open_reader(url) as reader:
            assert [one.picture for one in reader.signatures()] == ["waiting", "waiting"]
            (found,) = find_unsigned(reader, DIALECT)
    assert found.group is Group.REPLACED
