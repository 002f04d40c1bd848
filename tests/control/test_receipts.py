"""Links to slips: made for who asks with the host's token, opened by those who have one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.app.stored_slips import key_of_token, receipt_token
from acquirer.app.terminal import Terminal
from acquirer.model.rows import TransactionKey
from acquirer.security.vault import Vault
from tests.control.controlled import ControlledHost, controlled_host

VAULT = Vault(bytes(range(32)))


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlledHost]:
    """A host after a signed sale, and one that was declined."""
    with controlled_host() as host:
        with Terminal("10000161", host=host.address, state=tmp_path_factory.mktemp("pos")) as terminal:
            terminal.sign_on()
            terminal.sale("1288.00", "standard", pin="123456", sign="王伟")
            terminal.sale("5.00", "poor")
        yield host


def test_a_link_shows_the_cardholders_copy(sold: ControlledHost) -> None:
    answer = sold.post("/receipts", {"tid": "10000161", "stan": "000002"})
    assert answer.status == 201
    assert answer.json["url"] == f"{sold.url}/receipts/{answer.json['token']}"
    assert answer.headers["location"] == f"/receipts/{answer.json['token']}"
    page = sold.get(answer.headers["location"])
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("private, no-store", "no-referrer")
    assert "1288.00" in page.text
    assert "持卡人存根" in page.text
    assert "621234******1232" in page.text
    assert "6212345678901232" not in page.text
    assert "持卡人存根" not in sold.get(f"{answer.headers['location']}?lang=en").text
    assert sold.post("/receipts", {"tid": "10000161", "stan": "000002"}).json == answer.json, "nothing was counted"


def test_no_link_to_what_has_no_slip(sold: ControlledHost) -> None:
    for stan in ("000003", "999999"):
        answer = sold.post("/receipts", {"tid": "10000161", "stan": stan})
        assert (answer.status, answer.json["type"]) == (404, "urn:acquirer:problem:no-receipt")
    assert sold.post("/receipts", {"tid": "10000161", "stan": "000002", "batch": "000009"}).status == 404
    assert sold.post("/receipts", {"tid": "10000161"}).status == 422


def test_a_link_that_was_changed_leads_nowhere(sold: ControlledHost) -> None:
    token = sold.post("/receipts", {"tid": "10000161", "stan": "000002"}).json["token"]
    for changed in (token[:-1], token[1:], f"{token[:32]}AAAA", "0" * 32 + token[32:], "x", "%FF"):
        answer = sold.get(f"/receipts/{changed}")
        assert (answer.status, answer.json["type"]) == (404, "urn:acquirer:problem:no-receipt"), changed
    assert sold.get(f"/receipts/{token}?lang=fr").status == 422


def test_a_link_needs_no_bearer_token_and_making_one_does() -> None:
    with controlled_host(http="0.0.0.0:0") as host:
        assert host.get("/receipts/none").json["type"] == "urn:acquirer:problem:no-receipt"
        assert host.post("/receipts", {"tid": "10000161", "stan": "000002"}).status == 401


numbers = st.text("0123456789ABC ", min_size=1, max_size=15)
keys = st.builds(TransactionKey, numbers, numbers, numbers, numbers)


@given(keys, st.text(max_size=80))
def test_only_a_host_makes_links_for_itself(key: TransactionKey, text: str) -> None:
    token = receipt_token(VAULT, key)
    assert key_of_token(VAULT, token) == key
    assert key_of_token(Vault(bytes(32)), token) is None
    assert key_of_token(VAULT, text) is None
