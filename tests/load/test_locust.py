"""The bridge to Locust: a master and two workers for real, and what each ending of an exchange looks like there.

Locust has gevent replace the sockets of its process, so everything here runs in processes of its own.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acquirer.testing import RunningHost, running_host

pytestmark = pytest.mark.slow  # each starts processes

ROOT = str(Path(__file__).parents[2])
ENDS_S = 120  # no busy machine makes a run of some seconds take so long

LOCUSTFILE = """
import json
import re
import os

import gevent
from locust import constant, events, task
from locust.runners import MasterRunner

from acquirer.load.locust import TerminalUser

USERS, REQUESTS = 10, 6


class Till(TerminalUser):
    terminals = "terminals.toml"
    options = {"sign_upload": "at-once"}
    wait_time = constant(1000)  # each works once

    @task
    def work(self):
        self.terminal.sign_on()
        self.terminal.sale("1.00", os.environ.get("CARD", "standard"))
        self.terminal.sale("2.00", sign="Ann")
        assert self.terminal.sale("3.00").ok
        assert self.terminal.reverse().ok


@events.request.add_listener
def note(request_type, name, context, **_):
    with open(f"exchanges-{os.getpid()}.jsonl", "a") as file:
        file.write(json.dumps([request_type, name, context["tid"], context["stan"]]) + "\\n")


@events.init.add_listener
def end_when_all_is_done(environment, runner, **_):
    def look(**_):
        if environment.stats.total.num_requests >= USERS * REQUESTS:
            gevent.spawn(runner.quit)

    if isinstance(runner, MasterRunner):
        environment.events.worker_report.add_listener(look)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "terminals.toml").write_text(
        '[[terminal]]\ntid = "30000001..30000010"\nmid = "880210010210162"\ntmk = "258FB0AB70D025CDB99DF2C4D302D646"\n'
    )
    (tmp_path / "locustfile.py").write_text(LOCUSTFILE)
    return tmp_path


@pytest.fixture
def host(folder: Path) -> Iterator[RunningHost]:
    with running_host(terminals=folder / "terminals.toml") as host:
        yield host


def locust(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "locust", "--skip-log", "--headless", *arguments]
    return subprocess.Popen(
        command,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": ROOT, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    try:
        output, _ = process.communicate(timeout=ENDS_S)
    finally:
        process.kill()
    return process.returncode, output


def distributed(folder: Path, host: RunningHost, **environment: str) -> tuple[int, list[dict[str, Any]]]:
    """Run a master and two workers; return the master's exit code and its statistics."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    worker = ("--worker", "--master-host", "127.0.0.1", "--master-port", port)
    workers = [locust(folder, *worker, **environment) for _ in range(2)]
    master = locust(
        folder,
        *("--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--expect-workers", "2"),
        *("--host", host.address, "--users", "10", "--spawn-rate", "10", "--json"),
        **environment,
    )
    try:
        code, output = ended(master)
    finally:
        for one in workers:
            ended(one)
    return code, json.loads(output)


PRELUDE = """
import json, sys
from locust.env import Environment
from acquirer.load.locust import NoTerminal, SalesUser, TerminalUser

class Till(TerminalUser):
    host = sys.argv[1]
    terminals = "terminals.toml"
    options = {"timeout_s": 0.5}

environment = Environment(user_classes=[Till])
requests = []
environment.events.request.add_listener(lambda **request: requests.append(request))
"""


def scripted(folder: Path, host: str, script: str) -> list[Any]:
    """Return what a program printed that has Locust and the bridge imported: a JSON value a line."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + textwrap.dedent(script), host],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": ROOT},
        capture_output=True,
        text=True,
        timeout=ENDS_S,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def exchanges(folder: Path) -> list[list[list[str]]]:
    """Return type, name, terminal and STAN of each exchange, of each worker."""
    return [[json.loads(line) for line in path.read_text().splitlines()] for path in folder.glob("exchanges-*.jsonl")]


def test_locust_and_the_host_count_the_same_and_no_terminal_has_two_users(folder: Path, host: RunningHost) -> None:
    code, statistics = distributed(folder, host)
    assert code == 0
    assert {(one["method"], one["name"]): one["num_requests"] for one in statistics} == {
        ("0800", "sign_on"): 10,
        ("0200", "sale"): 30,
        ("0820", "signature"): 10,
        ("0400", "reversal"): 10,
    }
    assert [one["num_failures"] for one in statistics] == [0] * 4
    journal = host.journal.list()
    assert Counter(one.service for one in journal) == {one["name"]: one["num_requests"] for one in statistics}
    assert {one.code for one in journal} == {"00"}
    first, second = exchanges(folder)
    tids = [{tid for _, _, tid, _ in worker} for worker in (first, second)]
    assert sorted(map(sorted, tids)) == [
        [f"300000{n:02}" for n in range(1, 11, 2)],
        [f"300000{n:02}" for n in range(2, 11, 2)],
    ]
    assert Counter((one.tid, one.stan) for one in journal) == Counter(
        (tid, stan) for _, _, tid, stan in [*first, *second]
    )


def test_failing_tasks_end_with_1(folder: Path, host: RunningHost) -> None:
    host.rules.add({"name": "closed", "when": {"service": "sale", "amount": "1.00"}, "then": {"code": "61"}})
    code, statistics = distributed(folder, host)
    assert code == 1
    failed = {one["name"]: one["num_failures"] for one in statistics}
    assert failed == {"sign_on": 0, "sale": 10, "signature": 0, "reversal": 0}


def test_more_users_than_terminals_is_one_sentence_and_ends_with_1(folder: Path, host: RunningHost) -> None:
    run = locust(folder, "--host", host.address, "-u", "12", "-r", "12", "-t", "3s", "--only-summary")
    code, output = ended(run)
    assert code == 1
    assert "terminals.toml has 10 terminals for this process, and each plays one already: run fewer users" in output


def test_each_ending_is_a_failure_of_its_own(folder: Path, host: RunningHost) -> None:
    host.rules.add({"name": "closed", "when": {"amount": "1.00"}, "then": {"code": "61"}})
    for amount, fault in {"2.00": "silent", "3.00": "wrong_mid", "4.00": "wrong_mac", "5.00": "truncate"}.items():
        host.faults.add(f"{fault}:service=sale,amount={amount}")
    host.faults.add("wrong_kcv:key=mak,service=sign_on,tid=30000002")
    printed = scripted(
        folder,
        host.address,
        """
        user, other, absent = Till(environment), Till(environment), Till(environment)
        absent.host = "127.0.0.1:1"
        user.terminal.sign_on()
        for amount in ("1.00", "2.00", "3.00", "4.00", "5.00", "6.00"):
            user.terminal.sale(amount)
        other.terminal.sign_on()
        absent.terminal.sign_on()
        for one in requests:
            failed = one["exception"]
            print(json.dumps([one["request_type"], one["name"], str(failed or ""), one["response_time"]]))
            assert failed is None or repr(failed).startswith("ExchangeFailed("), repr(failed)
            assert failed is None or failed.outcome in str(failed)
        """,
    )
    reported = [(name, failure) for _, name, failure, _ in printed]
    reversal = ("reversal", "")
    assert reported == [
        ("sign_on", ""),
        ("sale", "declined: 61 amount limit exceeded"),
        ("sale", "no-answer: waited 0.5 s"),
        reversal,
        reported[4],
        reversal,
        ("sale", "mac-differs: an approval that the terminal's key does not confirm"),
        reversal,
        reported[8],
        reversal,
        ("sale", ""),
        ("sign_on", "keys-differ: the keys of the sign-on cannot be used"),
        ("sign_on", "not-sent: no connection to 127.0.0.1:1: connection refused"),
    ]
    assert reported[4][1].startswith("malformed: the reply has another mid: ")
    assert reported[8][1].startswith("malformed: the reply cannot be read: ")
    assert printed[2][3] >= 500, "what got no answer has the time that it waited"
    assert all(took_ms > 0 for *_, took_ms in printed)


def test_an_operation_that_the_terminal_refuses_is_a_failure_without_a_time(folder: Path, host: RunningHost) -> None:
    printed = scripted(
        folder,
        host.address,
        """
        user = Till(environment)
        user.terminal.reverse()
        print(json.dumps([requests[0]["request_type"], requests[0]["response_time"], str(requests[0]["exception"])]))
        """,
    )
    assert printed[0][:2] == ["refused", None]
    assert printed[0][2].startswith("refused: ")


def test_codes_that_are_accepted_are_no_failures(folder: Path, host: RunningHost) -> None:
    host.rules.add({"name": "closed", "when": {"amount": "1.00"}, "then": {"code": "61"}})
    host.rules.add({"name": "busy", "when": {"amount": "2.00"}, "then": {"code": "91"}})
    printed = scripted(
        folder,
        host.address,
        """
        Till.accepted_codes = {"61"}
        user = Till(environment)
        user.terminal.sale("1.00")
        user.terminal.sale("2.00")
        print(json.dumps([(one["context"]["code"], one["exception"] is None) for one in requests]))
        """,
    )
    assert printed == [[["00", True], ["61", True], ["91", False]]]


def test_what_a_terminal_remembers_is_that_of_its_next_user(folder: Path, host: RunningHost) -> None:
    printed = scripted(
        folder,
        host.address,
        """
        first = Till(environment)
        first.on_start()
        first.terminal.sale("1.00")
        tid, state = first.terminal.state.tid, first.terminal.state
        first.on_stop()
        second = Till(environment)
        second.on_start()
        assert (second.terminal.state.tid, second.terminal.state) == (tid, state)
        second.terminal.sale("1.00")
        print(json.dumps([[one["name"], one["context"]["stan"]] for one in requests]))
        """,
    )
    (seen,) = printed
    assert [name for name, _ in seen] == ["sign_on", "sale", "sale"]
    stans = [int(stan) for _, stan in seen]
    assert stans == [stans[0] % 999_999 + n for n in range(3)] or 999_999 in stans
    assert len(host.journal.list("sale", reason="approved")) == 2


def test_an_exchange_that_is_cut_off_at_the_end_is_counted(folder: Path) -> None:
    printed = scripted(
        folder,
        "",
        """
        import logging
        import gevent
        from gevent import socket

        server = socket.create_server(("127.0.0.1", 0))
        Till.host = f"127.0.0.1:{server.getsockname()[1]}"
        Till.options = {}
        Till.tasks = [lambda user: user.terminal.sale("1.00")]
        reported = []
        logging.getLogger("acquirer.load.locust").addFilter(lambda record: reported.append(record.getMessage()))
        runner = environment.create_local_runner()
        runner.start(1, 1)
        connection, _ = server.accept()
        connection.recv(1)  # the sign-on is under way
        runner.quit()
        print(json.dumps([len(requests), reported]))
        """,
    )
    assert printed == [
        [0, ["1 exchange was under way when the run ended, and is missing from the statistics"]],
    ]


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ("options = {'watch': None}", "'watch' is no option of a Till: listen to environment.events.request"),
        ("options = {'tmk': ''}", "'tmk' is no option of a Till: it stands in the file of terminals"),
        ("options = {'host': ''}", "'host' is no option of a Till: it is the user's own attribute, or --host"),
        ("options = {'dialekt': ''}", "a terminal has no option 'dialekt'; did you mean 'dialect'?"),
        ("terminals = 'gone.toml'", "gone.toml: cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_is_one_sentence(folder: Path, attributes: str, sentence: str) -> None:
    name, _, value = attributes.partition(" = ")
    script = f"""
        Till.{name} = {value}
        try:
            Till(environment).on_start()
        except Exception as exc:
            print(json.dumps(str(exc)))
        """
    assert scripted(folder, "", script) == [sentence]


def test_a_worker_that_was_not_expected_is_one_sentence(folder: Path) -> None:
    script = """
        from types import SimpleNamespace
        from locust.runners import WorkerRunner
        runner = object.__new__(WorkerRunner)
        runner.worker_index = 2
        environment.runner, environment.parsed_options = runner, SimpleNamespace(expect_workers=2)
        try:
            Till(environment).on_start()
        except NoTerminal as exc:
            print(json.dumps(str(exc)))
        """
    (sentence,) = scripted(folder, "", script)
    assert sentence == (
        "this is worker 3 of a run for 2 workers: give the master --expect-workers with the number of workers, "
        "by which the terminals are divided (one that starts again counts anew)"
    )


def test_neither_twisted_nor_asyncio_is_used(folder: Path, host: RunningHost) -> None:
    script = """
        import asyncio
        asyncio.new_event_loop = asyncio.run = None
        Till(environment).terminal.sale("1.00", sign="Ann")
        print(json.dumps(sorted({"twisted", "sqlalchemy", "acquirer.net"} & set(sys.modules))))
        """
    assert scripted(folder, host.address, script) == [[]]


def test_without_locust_the_sentence_says_what_to_install(tmp_path: Path) -> None:
    program = "import sys; sys.modules['locust'] = None; import acquirer.load.locust"
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": ROOT}, capture_output=True, text=True, timeout=ENDS_S
    )
    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: acquirer.load.locust needs Locust, which is not installed: pip install 'locust>=2.40'"
    )


def test_the_locustfile_of_the_page_runs(folder: Path, host: RunningHost) -> None:
    page = (Path(ROOT) / "docs/load.md").read_text(encoding="utf-8")
    (locustfile,) = re.findall(r"^```python\n(.*?load\.locust.*?)^```", page, re.DOTALL | re.MULTILINE)
    (folder / "locustfile.py").write_text(locustfile, encoding="utf-8")
    run = locust(folder, "--host", host.address, "-u", "5", "-r", "5", "-t", "2s", "--stop-timeout", "60", "--json")
    code, output = ended(run)
    assert code == 0
    warnings, _, statistics = output.partition("[\n")
    cut_off = re.search(r"(\d+) exchanges? (was|were) under way", warnings)  # of users who woke as they were stopped
    requests = sum(one["num_requests"] for one in json.loads(f"[{statistics}"))
    assert 5 < requests <= len(host.journal.list()) <= requests + (int(cut_off[1]) if cut_off else 0)


def test_the_commands_of_the_page_are_those_of_locust() -> None:
    page = (Path(ROOT) / "docs/load.md").read_text(encoding="utf-8")
    commands = re.findall(r"^\$ locust (.*)$", page, re.MULTILINE)
    assert len(commands) == 5
    done = subprocess.run([sys.executable, "-m", "locust", "--help"], capture_output=True, text=True, timeout=ENDS_S)
    for option in re.findall(r"--[a-z-]+", " ".join(commands)):
        assert re.search(rf"{option}\b", done.stdout), option
