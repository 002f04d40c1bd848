"""What this machine must have room for."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquirer.load import machine_limits
from acquirer.load.machine_limits import check_ports, check_sources, connections_at_once, find_host
from acquirer.load.parts import PlanPart
from acquirer.load.phases import Burst, Constant, Herd, Users
from acquirer.load.plan import LoadPlan, PlanError, Shard
from acquirer.load.plan_journeys import read_journey
from acquirer.settings.specs import load_dialect

SALES = read_journey("sale")


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of a system that gives out a thousand ports, and keeps those of loopback for a second."""
    (tmp_path / "range").write_text("40000\t40999\n")
    (tmp_path / "reuse").write_text("2\n")
    monkeypatch.setattr(machine_limits, "PORT_RANGE", tmp_path / "range")
    monkeypatch.setattr(machine_limits, "TIME_WAIT_REUSE", tmp_path / "reuse")
    return tmp_path


def burst(count: int, within_s: float, **more: object) -> LoadPlan:
    phases = (Burst(count=count, within_s=within_s, journey=read_journey("sign-on")),)
    return LoadPlan("127.0.0.1:8583", None, phases, **more)  # type: ignore[arg-type]


def test_ports_suffice_or_a_sentence_says_what_to_do(system: Path) -> None:
    check_ports(burst(1000, 1.0), "127.0.0.1")
    check_ports(burst(5000, 5.0), "127.0.0.1")  # a thousand each second
    with pytest.raises(PlanError) as caught:
        check_ports(burst(2500, 1.0), "127.0.0.1")
    assert str(caught.value) == (
        "2500 connections within 1 s need a port each, and there are 1000 for each of 1 source address (40000 to "
        "40999): spread them over 3 (--source 127.0.0.1..3), or keep connections (--kept)"
    )
    check_ports(burst(2500, 1.0, sources=("127.0.0.1", "127.0.0.2", "127.0.0.3")), "127.0.0.1")
    check_ports(burst(2500, 1.0, shard=Shard(1, 3)), "127.0.0.1")
    check_ports(burst(900, 1.0, kept=True), "127.0.0.1")


def test_elsewhere_ports_are_kept_for_a_minute(system: Path) -> None:
    with pytest.raises(PlanError, match=r"5000 connections within 60 s .* over 5 \(--source, with addresses of this"):
        check_ports(burst(5000, 5.0), "10.0.0.1")
    (system / "reuse").write_text("1\n")
    check_ports(burst(5000, 5.0), "10.0.0.1")


def test_phases_within_a_minute_are_added_up(system: Path) -> None:
    (system / "reuse").write_text("0\n")
    steady = Constant(rate_per_s=10.0, for_s=600.0, journey=SALES)  # 600 terminals in 60 s, 2 connections each at most
    with pytest.raises(PlanError, match="2400 connections within 60 s"):
        check_ports(LoadPlan("h:1", None, (steady,), sources=()), "127.0.0.1")
    later = Burst(count=900, within_s=1.0, pause_s=59.0)
    check_ports(LoadPlan("h:1", None, (Burst(count=900, within_s=1.0), later)), "127.0.0.1")
    near = Burst(count=900, within_s=1.0, pause_s=1.0)
    with pytest.raises(PlanError, match="1800 connections"):
        check_ports(LoadPlan("h:1", None, (Burst(count=900, within_s=1.0), near)), "127.0.0.1")


def test_where_a_system_does_not_say_its_ports_are_those_of_the_standard(system: Path) -> None:
    (system / "range").unlink()
    (system / "reuse").unlink()
    with pytest.raises(PlanError, match=r"16384 for each of 1 source address \(49152 to 65535\)"):
        check_ports(burst(20_000, 5.0), "127.0.0.1")


def test_connections_of_each_kind_of_phase() -> None:
    dialect = load_dialect("unionpay-pos")  # waits for 60 s

    def at_once(*phases: object, terminals: int = 5000, part: PlanPart = PlanPart(0, 2), **more: object) -> int:  # noqa: B008
        return connections_at_once(LoadPlan("h:1", None, phases, **more), dialect, part, terminals)  # type: ignore[arg-type]

    assert at_once(Burst(count=101, within_s=1.0)) == 51
    assert at_once(Constant(rate_per_s=10.0, for_s=600.0)) == 300
    assert at_once(Constant(rate_per_s=10.0, for_s=600.0), timeout_s=2.0) == 10
    assert at_once(Constant(rate_per_s=10.0, for_s=600.0), kept=True) == 2500
    assert at_once(Constant(rate_per_s=1e4, for_s=600.0)) == 2500
    assert at_once(Users(count=20, for_s=1.0), Herd(count=30, outage_s=1.0, for_s=1.0)) == 15


def test_addresses_of_other_machines_are_refused() -> None:
    check_sources(["127.0.0.1"])
    with pytest.raises(PlanError, match=r"--source: this machine cannot connect from 192\.0\.2\.1 \("):
        check_sources(["192.0.2.1"])


def test_a_host_is_looked_up_once() -> None:
    assert find_host("127.0.0.1:8583") == ("127.0.0.1", 8583)
    assert find_host("[::1]:8583") == ("::1", 8583)
    with pytest.raises(PlanError, match=r"127\.0\.0\.1:port: is no address"):
        find_host("127.0.0.1:port")
