"""docs/examples/container and docs/examples/action: held to what they claim, as far as a machine without an engine can.

The Dockerfile's package is built from exactly what it copies; its command, its health check, the commands of
compose.yaml and the shell of the action are run; everything that they name is there.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from acquirer import __version__, cli
from acquirer.settings.config import SETTINGS

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")

ROOT = Path(__file__).parents[1]
CONTAINER = ROOT / "docs/examples/container"
ACTION = ROOT / "docs/examples/action"
BIN = Path(sys.executable).parent
HANGS_S = 300


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile with their arguments, lines that go on joined."""
    lines = (CONTAINER / "Dockerfile").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#")).replace("\\\n", " ")
    pairs = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
    return [(name, " ".join(arguments.split())) for name, arguments in pairs]


DOCKERFILE = instructions()
FINAL = DOCKERFILE[max(at for at, (name, _) in enumerate(DOCKERFILE) if name == "FROM") :]
"""The instructions of the image that is kept."""


def last(name: str) -> str:
    return [arguments for one, arguments in FINAL if one == name][-1]


def compose() -> dict[str, Any]:
    return yaml.safe_load((CONTAINER / "compose.yaml").read_text(encoding="utf-8"))


def understood(words: list[str], capsys: pytest.CaptureFixture[str]) -> bool:
    """Return whether our command line takes a command with its options, without running it."""
    code = cli.run([*words, "--help"])
    assert code == 0, capsys.readouterr().err
    return "Usage: " in capsys.readouterr().out


# The Dockerfile


def test_the_dockerfile_has_no_instruction_that_does_not_exist() -> None:
    known = {"FROM", "WORKDIR", "COPY", "RUN", "LABEL", "ENV", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT"}
    assert {name for name, _ in DOCKERFILE} <= known | {"CMD"}
    assert DOCKERFILE[0][0] == "FROM"


def copied() -> list[str]:
    """Return what is copied from the project, file by file and folder by folder."""
    context = [arguments.split() for name, arguments in DOCKERFILE if name == "COPY" and "--from" not in arguments]
    return [source for *sources, _ in context for source in sources]


def test_what_it_copies_is_there_and_not_ignored() -> None:
    ignored = (CONTAINER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[0] == "*", "everything that is not named: no .git, no stores, no virtual environments"
    assert [name for name in copied() if not (ROOT / name).exists()] == []
    assert {f"!{name}" for name in copied()} == {line for line in ignored if line.startswith("!")}


@pytest.mark.interpreted
@pytest.mark.slow
def test_the_package_is_built_from_what_it_copies(tmp_path: Path) -> None:
    for name in copied():
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, tmp_path / name)
    (install,) = [arguments for name, arguments in DOCKERFILE if name == "RUN" and arguments.endswith(" .")]
    words = shlex.split(install)
    assert words[:2] == ["/opt/acquirer/bin/pip", "install"]
    # Into a folder of the test, and without the network, which `--no-deps --no-build-isolation` makes possible.
    command = [sys.executable, "-m", "pip", *words[1:], "--target", str(tmp_path / "site"), "--quiet"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=HANGS_S)
    assert done.returncode == 0, done.stderr
    shown = subprocess.run(
        [sys.executable, "-c", "import acquirer.settings.specs as specs; print(specs.__file__)"],
        cwd=tmp_path / "site", capture_output=True, text=True, timeout=HANGS_S,
    )  # fmt: skip
    assert shown.stdout.startswith(str(tmp_path / "site")), shown.stderr
    assert (tmp_path / "site/acquirer/specs/unionpay-pos.toml").exists()


def test_its_packages_are_those_of_the_lock_file_with_their_hashes() -> None:
    (install,) = [arguments for name, arguments in DOCKERFILE if name == "RUN" and " -r " in arguments]
    assert "--require-hashes -r requirements.lock" in install
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for needed in ("fastapi==", "uvicorn==", "websockets==", "hatchling=="):
        assert re.search(rf"^{needed}.*\n    --hash=sha256:", lock, re.M), needed


def test_it_runs_as_a_user_without_rights() -> None:
    user, group = last("USER").split(":")
    assert int(user) >= 1000
    assert int(group) >= 1000
    setup = " ".join(arguments for name, arguments in FINAL if name == "RUN")
    assert f"useradd --uid {user} " in setup
    assert f"--owner={user} --group={group} --mode=0700 {last('VOLUME')}" in setup
    assert last("WORKDIR") == last("VOLUME"), "where the store lies"
    assert [name for name, _ in FINAL if name == "RUN"] == ["RUN"]
    assert [name for name, _ in FINAL].index("USER") > [name for name, _ in FINAL].index("RUN")


def test_its_labels_say_what_it_is() -> None:
    labels = dict(re.findall(r'org\.opencontainers\.image\.([\w.]+)="([^"]+)"', last("LABEL")))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert labels["title"] == project["name"]
    assert labels["licenses"] == project["license"]
    assert labels["version"] == __version__
    assert labels["base.name"].endswith(f"/{last('FROM')}")
    assert project["description"].startswith(labels["description"].removesuffix(", for tests"))


def test_its_commands_are_ours(capsys: pytest.CaptureFixture[str]) -> None:
    command = json.loads(last("CMD"))
    assert json.loads(last("ENTRYPOINT")) == ["acquirer"]
    assert understood(command, capsys)
    assert [address.rpartition(":")[2] for address in command if address[0].isdigit()] == last("EXPOSE").split()
    program, *words = health_check()
    assert program == "acquirer"
    assert understood(words, capsys)


def health_check() -> list[str]:
    found = re.fullmatch(r"((?:--[a-z-]+=\S+ )+)CMD (\[.*\])", last("HEALTHCHECK"))
    assert found
    limits = dict(re.findall(r"--([a-z-]+)=(\d+)", found[1]))
    words = json.loads(found[2])
    assert int(words[words.index("--timeout") + 1].removesuffix("s")) < int(limits["timeout"]), "it says why by itself"
    return words


@contextmanager
def running(place: Path, words: list[str], **environment: str) -> Iterator[dict[str, Any]]:
    """Run a host as the image does, on free ports of loopback: what it says when it is ready."""
    ports = [re.sub(r"^0\.0\.0\.0:\d+$", "127.0.0.1:0", word) for word in words]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("ACQUIRER_")}
    with subprocess.Popen(
        [BIN / "acquirer", *ports], cwd=place, env={**plain, **environment}, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    ) as host:  # fmt: skip
        assert host.stdout
        try:
            yield json.loads(host.stdout.readline())
        finally:
            host.terminate()
            assert host.wait(HANGS_S) == 0


@pytest.mark.slow
def test_its_health_check_knows_a_host_that_serves(tmp_path: Path) -> None:
    _, *words = health_check()
    check = [str(BIN / "acquirer"), *words]
    with running(tmp_path, json.loads(last("CMD"))):
        assert subprocess.run(check, cwd=tmp_path, timeout=HANGS_S, stdout=subprocess.DEVNULL).returncode == 0
    assert subprocess.run(check, cwd=tmp_path, timeout=HANGS_S, stderr=subprocess.DEVNULL).returncode == 3


# compose.yaml


def test_compose_builds_the_image_and_gives_it_nothing_it_does_not_need() -> None:
    services = compose()["services"]
    build = services["acquirer"]["build"]
    context = (CONTAINER / build["context"]).resolve()
    assert context == ROOT
    assert (context / build["dockerfile"]) == CONTAINER / "Dockerfile"
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["image"] == "acquirer"
        assert "user" not in service, "the image's own"
    assert f"data:{last('VOLUME')}" in services["acquirer"]["volumes"]
    assert "data" in compose()["volumes"]


def test_compose_opens_the_ports_of_the_image_to_this_machine_alone() -> None:
    ports = compose()["services"]["acquirer"]["ports"]
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert [port.rpartition(":")[2] for port in ports] == last("EXPOSE").split()


def test_the_settings_of_compose_are_ours(capsys: pytest.CaptureFixture[str]) -> None:
    services = compose()["services"]
    names = set(services["acquirer"]["environment"])
    assert {name.removeprefix("ACQUIRER_").lower() for name in names} <= set(SETTINGS)
    assert services["acquirer"]["environment"]["ACQUIRER_HTTP_HOST"] in services, "the name by which services ask"
    assert services["terminal"]["depends_on"] == {"acquirer": {"condition": "service_healthy"}}
    assert understood(services["terminal"]["command"], capsys)


@pytest.mark.slow
def test_the_terminal_of_compose_sells(tmp_path: Path) -> None:
    token = "a-token-of-sixteen-characters"
    with running(tmp_path, json.loads(last("CMD")), ACQUIRER_HTTP_TOKEN=token, ACQUIRER_HTTP_HOST="acquirer") as ready:
        words = [
            ready["listen"] if word == "acquirer:8583" else str(tmp_path / "pos") if word == "/tmp/pos" else word
            for word in compose()["services"]["terminal"]["command"]
        ]
        done = subprocess.run([BIN / "acquirer", *words], capture_output=True, text=True, timeout=HANGS_S)
    assert "http_token" not in ready, "it was given"
    assert "approved" in done.stdout, done.stderr


# The action


def action() -> dict[str, Any]:
    return yaml.safe_load((ACTION / "action.yml").read_text(encoding="utf-8"))


def workflow_steps() -> list[dict[str, Any]]:
    return yaml.safe_load((ACTION / "workflow.yml").read_text(encoding="utf-8"))["jobs"]["test"]["steps"]


def test_the_action_names_only_what_there_is() -> None:
    described = action()
    assert set(described) == {"name", "description", "inputs", "outputs", "runs"}
    steps = described["runs"]["steps"]
    assert described["runs"]["using"] == "composite"
    assert all(step["shell"] == "bash" for step in steps), "a composite action has no default"
    used = set(re.findall(r"\$\{\{ inputs\.(\w+) \}\}", (ACTION / "action.yml").read_text(encoding="utf-8")))
    assert used == set(described["inputs"])
    for step in steps:
        assert "${{" not in step["run"], "values reach the shell by the environment: nothing of them is a command"
    ids = {step["id"] for step in steps if "id" in step}
    for name, output in described["outputs"].items():
        assert re.fullmatch(rf"\$\{{\{{ steps\.({'|'.join(ids)})\.outputs\.{name} \}}\}}", output["value"])


def test_the_workflow_uses_it_as_it_is() -> None:
    (uses,) = [step for step in workflow_steps() if step.get("uses", "").startswith("./")]
    assert (ROOT / uses["uses"] / "action.yml").exists()
    assert set(uses["with"]) <= set(action()["inputs"])
    wanted = re.findall(rf"steps\.{uses['id']}\.outputs\.(\w+)", (ACTION / "workflow.yml").read_text(encoding="utf-8"))
    assert wanted
    assert set(wanted) <= set(action()["outputs"])


@pytest.mark.skipif(
    shutil.which("actionlint") is None,
    reason="actionlint is not installed: go install github.com/rhysd/actionlint/cmd/actionlint@latest",
)
def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".github/workflows").mkdir(parents=True)
    shutil.copy(ACTION / "workflow.yml", tmp_path / ".github/workflows/terminal.yml")
    shutil.copytree(ACTION, tmp_path / "docs/examples/action")
    done = subprocess.run(["actionlint"], cwd=tmp_path, capture_output=True, text=True, timeout=HANGS_S)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_action_starts_a_host_and_the_workflow_tests_a_terminal_with_it(tmp_path: Path) -> None:
    """All steps but the one that installs, as a runner runs them."""
    files = {name: tmp_path / name for name in ("GITHUB_OUTPUT", "GITHUB_PATH")}
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ACQUIRER_")},
        **{name: str(path) for name, path in files.items()},
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "RUNNER_TEMP": str(tmp_path),
        "OPTIONS": "--refund-days 3 --idle-s 60",
        "TIMEOUT": "2min",
    }

    def run(step: dict[str, Any], **more: str) -> None:
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=tmp_path, env={**environment, **more}, capture_output=True, text=True, timeout=HANGS_S,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    install, start = action()["runs"]["steps"]
    for line in ("venv", "pip", "GITHUB_PATH"):
        assert line in install["run"]
    run(start)
    outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
    try:
        assert set(outputs) == set(action()["outputs"])
        for step in workflow_steps():
            if "run" in step:
                values = {
                    name: re.sub(r"\$\{\{ steps\.\w+\.outputs\.(\w+) \}\}", lambda found: outputs[found[1]], value)
                    for name, value in step["env"].items()
                }
                run(step, **values)
    finally:
        lock = (tmp_path / "acquirer.db.lock").read_text().split()
        os.kill(int(lock[0]), 15)
    subprocess.run([BIN / "acquirer", "journal", "list", "--store", outputs["store"]], check=True, capture_output=True)


@pytest.mark.slow
def test_an_action_whose_host_does_not_start_says_why(tmp_path: Path) -> None:
    environment = {
        **os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "RUNNER_TEMP": str(tmp_path), "TIMEOUT": "5min",
        "GITHUB_OUTPUT": str(tmp_path / "out"), "OPTIONS": "--dialect no-such-dialect",
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", action()["runs"]["steps"][1]["run"]],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=HANGS_S,
    )  # fmt: skip
    assert done.returncode == 1
    assert "no-such-dialect" in done.stdout
