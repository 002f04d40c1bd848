"""Nothing that a client sends makes a 500: requests of any form to every route that OpenAPI names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acquirer.control import guard
from tests.control.controlled import Client, ControlledHost, controlled_host

WORDS = (
    "when", "name", "then", "code", "kind", "state", "count", "timeout", "within", "for", "order", "strict", "after",
    "service", "amount", "tid", "times", "scenario", "next", "hold", "answers", "set", "drop", "faults", "probability",
    "sale", "sign_on", "51", "00", "silent", "late", "de.44", "de.39", "nth", ">10.00", "~[", "", "0s", "1ms", "id>1",
    "10000161", "service=sale", "service=sale & (", "2026-01-02", "for a person", "random", "wrong_mac:how=zero",
)  # fmt: skip
words = st.sampled_from(WORDS) | st.text(max_size=12)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words
bodies = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=6))
queries = st.dictionaries(st.sampled_from(("filter", "after", "limit", "order", "verbose", "x")), words | st.integers())
accepts = st.sampled_from(
    ("", "*/*", "application/json", "text/plain;q=x", "application/vnd.tcpdump.pcap", "a/b", ";,")
)


@pytest.fixture(scope="module")
def open_host() -> Iterator[ControlledHost]:
    with pytest.MonkeyPatch.context() as patch, controlled_host() as host:
        patch.setattr(guard, "RATE", 1e9)
        patch.setattr(guard, "BURST", 1e9)
        yield host


@pytest.fixture(scope="module")
def operations(open_host: ControlledHost) -> list[tuple[str, str]]:
    paths = open_host.get("/openapi.json").json["paths"]
    found = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    return [*found, ("PATCH", "/rules"), ("HEAD", "/journal"), ("OPTIONS", "/"), ("GET", "/openapi.json")]


def bounded(body: object) -> object:
    """Return a body that does not have a wait last."""
    return {**body, "timeout": 0, "within": 0} if isinstance(body, dict) and "when" in body else body


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
def test_no_request_makes_a_500(
    open_host: ControlledHost, operations: list[tuple[str, str]], data: st.DataObject
) -> None:
    method, path = data.draw(st.sampled_from(operations))
    path = re.sub(r"\{\w+\}", lambda _found: quote(str(data.draw(words | st.integers())), safe="") or "x", path)
    query = data.draw(queries)
    body = None if method in ("GET", "HEAD", "OPTIONS") else bounded(data.draw(bodies))
    if path in ("/journal/wait", "/journal/verify") and not (isinstance(body, dict) and "within" in body):
        body = {"timeout": 0} if path.endswith("wait") else {"within": 0}
    client = Client(open_host.url)
    answer = client.ask(method, f"{path}?{urlencode(query)}" if query else path, body, Accept=data.draw(accepts))
    assert answer.status < 500, answer.text
    if answer.status >= 400 and method != "HEAD":
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json["detail"]
    if path.startswith(("/rules", "/faults")):
        client.ask("DELETE", "/rules")
        client.ask("DELETE", "/faults")
