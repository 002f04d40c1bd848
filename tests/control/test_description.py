"""HTTP is as its description says: schemathesis asks each route for what OpenAPI allows, and for what it does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
)
from schemathesis.specs.openapi.checks import status_code_conformance

from acquirer.app.terminal import Terminal
from acquirer.control import guard
from tests.control.closed_schemas import closed
from tests.control.controlled import ControlledHost, controlled_host

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

FEW, MANY = 1, 20
"""Requests of each route, of either mode: one takes some ten seconds of a processor in all, twenty under a minute."""

LASTING = {"/journal/wait": "timeout", "/journal/verify": "within"}
"""Routes that wait as long as they are given, by the key that says so."""


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlledHost]:
    """A host with something in it, which answers as fast as it is asked."""
    folder = tmp_path_factory.mktemp("host")
    with pytest.MonkeyPatch.context() as patch, controlled_host(trace=folder / "frames.txt") as host:
        patch.setattr(guard, "RATE", 1e9)
        patch.setattr(guard, "BURST", 1e9)
        with Terminal("10000161", host=host.address, state=folder) as terminal:
            terminal.sign_on()
            terminal.sale("12.34", "standard", pin="123456", sign="王伟")
            terminal.settle()
        yield host


def shortened(case: Any) -> Any:
    """Return a request that does not wait."""
    key = LASTING.get(case.path)
    if key is not None and isinstance(case.body, dict):
        case.body = {**case.body, key: 0, **({"for": 0} if "for" in case.body else {})}
    return case


def ask(host: ControlledHost, number: int) -> int:
    schema = schemathesis.openapi.from_dict(closed(host.get("/openapi.json").json))
    number_of_requests = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            cases = operation.as_strategy(generation_mode=mode)

            @given(case=cases)
            @settings(
                max_examples=number,
                deadline=None,
                database=None,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            def conforms(case: Any) -> None:
                nonlocal number_of_requests
                number_of_requests += 1
                shortened(case).call_and_validate(base_url=host.url, checks=CHECKS)

            with suppress(Unsatisfiable):  # without parameters and body, every request is as it should be
                conforms()
    return number_of_requests


def test_a_few_requests_to_every_route(described: ControlledHost) -> None:
    assert ask(described, FEW) > 60


@pytest.mark.slow
def test_many_requests_to_every_route(described: ControlledHost) -> None:
    assert ask(described, MANY) > 1_000
