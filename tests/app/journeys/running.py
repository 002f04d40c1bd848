"""Journeys run from a text, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from acquirer.app.journeys.prepare import PreparedJourney, prepare
from acquirer.app.journeys.runner import run_journey
from acquirer.cli.journey_host import journey_host
from acquirer.journey.journey import JourneyStep
from acquirer.journey.report import JourneyReport, JudgedExpectation
from acquirer.terminal.exchange import Exchange


class Quiet:
    """Observes a journey and notes in which order it is called."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def journey_began(self, prepared: PreparedJourney) -> None:
        self.calls.append(prepared.journey.header.name)

    def step_began(self, step: JourneyStep) -> None:
        self.calls.append(step.title)

    def exchange_ended(self, exchange: Exchange) -> None:
        self.calls.append(exchange.service)

    def judged(self, found: JudgedExpectation) -> None:
        self.calls.append(f"{found.key}: {'ok' if found.held else found.difference}")

    def journey_ended(self, report: JourneyReport) -> None:
        self.calls.append("passed" if report.passed else "failed")


def run(folder: Path, text: str, **options: Any) -> JourneyReport:
    """Run the steps of a text; against a host of ours unless an `address` is given."""
    file = folder / "journey.toml"
    file.write_text(text, encoding="utf-8")
    prepared = prepare(str(file), own_host="address" not in options)
    return run_journey(prepared, options.pop("observer", Quiet()), **{"open_host": journey_host, **options})


def differences(report: JourneyReport) -> list[str]:
    """Return what does not hold, each with its key."""
    return [f"{one.key}: {one.difference}" for one in report.judged if not one.held]
