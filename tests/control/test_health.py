"""Whether a host answers, and which one it is."""

from __future__ import annotations

from acquirer import __version__
from acquirer.control.forms import accepted
from tests.control.controlled import ControlledHost


def test_live_and_ready(shared: ControlledHost) -> None:
    assert shared.get("/livez").text == "ok\n"
    assert shared.get("/readyz").text == "ok\n"
    assert shared.get("/readyz?verbose").text == "ok store\nok commits\nok listeners\n"


def test_a_host_whose_store_has_failed_is_not_ready(host: ControlledHost) -> None:
    host.background.call(host.running.driver.failed.set)
    answer = host.get("/readyz")
    assert (answer.status, answer.text) == (503, "store: does not answer\n")
    assert host.get("/readyz?verbose").text.startswith("failed store: does not answer\nok commits\n")
    assert host.get("/livez").status == 200, "its loop goes round"


def test_version_says_what_the_ready_line_says(shared: ControlledHost) -> None:
    document = shared.get("/version").json
    assert document["version"] == __version__
    assert document["listen"] == shared.address
    assert document["store"] == "memory:"


def test_openapi_describes_every_route(shared: ControlledHost) -> None:
    document = shared.get("/openapi.json").json
    assert document["openapi"].startswith("3.1")
    names = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]
    assert len(names) == len(set(names))
    assert {"get_journal", "post_journal_verify", "put_rules_name"} <= set(names)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], f"{method} {path}"
            assert operation["description"], f"{method} {path}"


def test_the_best_form_of_those_offered() -> None:
    offered = ["application/json", "text/plain"]
    assert accepted("*/*;q=0.1, text/plain", offered) == "text/plain"
    assert accepted("text/plain;q=0, */*", offered) == "application/json"
    assert accepted("application/*;q=nonsense, text/*", offered) == "text/plain"
