"""What was booked and signed, and what is counted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from acquirer.app.terminal import Terminal
from tests.control.controlled import ControlledHost, controlled_host


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlledHost]:
    """A host after a sale that was signed, and one that was declined by a rule and damaged by a fault."""
    with controlled_host() as host:
        with Terminal("10000161", host=host.address, state=tmp_path_factory.mktemp("pos")) as terminal:
            terminal.sign_on()
            terminal.sale("1288.00", "standard", pin="123456", sign="王伟")
            host.post("/rules", {"name": 'the "poor"', "when": {"service": "sale"}, "then": {"code": "51"}})
            host.post("/faults", {"kind": "duplicate", "service": "sale"})
            terminal.sale("5.00", "standard", pin="123456")
        yield host


def test_transactions_of_a_terminal(signed: ControlledHost) -> None:
    found = signed.get("/transactions?tid=10000161").json
    first = found["items"][0]
    assert (first["amount"], first["state"], first["code"]) == ("1288.00", "approved", "00")
    assert "*" in first["card"]
    assert signed.get(f"/transactions?tid=10000161&stan={first['stan']}").json["total"] == 1
    assert signed.get("/transactions?tid=10000161&batch=999999").json == {"items": [], "total": 0}
    assert signed.get("/transactions").pointers == ["query/tid"]


def test_a_signature_and_its_picture(signed: ControlledHost) -> None:
    assert signed.post("/journal/verify", {"when": {"service": "signature", "code": "00"}, "within": 30}).status == 204
    found = signed.get("/signatures?tid=10000161").json
    assert [(one["counts"], one["amount"]) for one in found["items"]] == [(True, 128800)]
    picture = signed.get("/signatures?tid=10000161", Accept="image/png")
    while picture.status == 404:  # it is rendered after the reply
        assert "its picture is waiting" in picture.json["detail"]
        picture = signed.get("/signatures?tid=10000161", Accept="image/png")
    assert picture.headers["content-type"] == "image/png"
    assert picture.body.startswith(b"\x89PNG")
    missing = signed.get("/signatures?tid=10000162", Accept="image/png")
    assert (missing.status, missing.json["type"]) == (404, "urn:acquirer:problem:no-picture")


def test_slips_with_links_to_them(signed: ControlledHost) -> None:
    found = signed.get("/receipts?tid=10000161").json
    assert [(one["amount"], one["kind"]) for one in found["items"]] == [("1288.00", "sale")]
    link = found["items"][0]
    assert link["url"] == f"{signed.url}/receipts/{link['token']}"
    assert "1288.00" in signed.get(f"/receipts/{link['token']}").text
    assert signed.get("/receipts?tid=10000162").json == {"items": [], "total": 0}
    assert signed.get("/receipts").pointers == ["query/tid"]


def test_cards_and_what_was_spent(signed: ControlledHost) -> None:
    cards = {one["name"]: one for one in signed.get("/cards").json["items"]}
    assert cards["standard"] == signed.get("/cards/standard").json
    assert all("*" in one["pan"] for one in cards.values())
    assert not {"pin", "imk", "track2"} & set(cards["standard"])
    missing = signed.get("/cards/standrad")
    assert (missing.status, "did you mean 'standard'" in missing.json["detail"]) == (404, True)


def test_batches_open_and_settled(signed: ControlledHost, tmp_path: Path) -> None:
    rows = {one["tid"]: one for one in signed.get("/batches").json["items"]}
    assert (rows["10000161"]["state"], rows["10000161"]["host_debit"]) == ("open", "1288.00")
    assert signed.get("/batches/10000161/1").status == 404
    with Terminal("10000163", host=signed.address, state=tmp_path) as terminal:
        terminal.sign_on()
        assert terminal.settle().ok
    settled = signed.get("/batches?tid=10000163").json["items"][-1]
    batch = settled["batch"]
    one = signed.get(f"/batches/10000163/{batch.lstrip('0')}").json
    assert (one["result"], one["state"], one["terminal_debits"]) == (settled["result"], "closed", 0)
    report = signed.get(f"/batches/10000163/{batch}/report?every=true").json
    assert (report["transactions"], report["causes"], report["batch"]) == ([], [], batch)
    assert signed.get("/batches/10000163/999999/report").status == 404


SAMPLE = re.compile(r'(\w+)(?:\{((?:\w+="(?:[^"\\]|\\.)*",?)*)\})? (-?[0-9.e+-]+)')


def test_metrics(signed: ControlledHost) -> None:
    answer = signed.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    samples = {}
    for line in answer.text.splitlines():
        if not line.startswith("# "):
            found = SAMPLE.fullmatch(line)
            assert found, line
            samples[found[1], found[2]] = float(found[3])
    assert samples["acquirer_exchanges_total", 'service="sale",code="51",reason="chosen"'] == 1
    assert samples["acquirer_exchange_seconds_count", 'service="sale"'] == 2
    assert samples["acquirer_exchange_seconds_bucket", 'service="sale",le="+Inf"'] == 2
    assert samples["acquirer_faults_applied_total", 'fault="duplicate"'] == 1
    assert samples["acquirer_rules_fired_total", 'rule="the \\"poor\\""'] == 1
    assert samples["acquirer_rules_in_force", None] == 1
    assert samples["acquirer_commits_total", None] == samples["acquirer_requests_total", None] > 3
    assert samples["acquirer_connections_total", None] >= 1
    assert {"acquirer_open_connections", "acquirer_waiting_commits", "acquirer_commit_wait_seconds"} <= {
        name for name, _ in samples
    }
    assert samples["acquirer_metrics_behind", None] == 0
    described = re.findall("^# TYPE (\\w+) ", answer.text, re.M)
    assert len(described) == len(set(described)), "a name has one meaning"
    assert {re.sub("_(bucket|sum|count)$", "", name) for name, _ in samples} <= set(described)
    again = signed.get("/metrics").text
    assert 'acquirer_exchange_seconds_count{service="sale"} 2\n' in again, "nothing is counted twice"
