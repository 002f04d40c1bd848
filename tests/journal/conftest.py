"""Exchanges to journal."""

from __future__ import annotations

import pytest

from acquirer.model.evidence import Evidence
from acquirer.settings.specs import load_dialect


@pytest.fixture(scope="session")
def dialect():
    return load_dialect("unionpay-pos")


@pytest.fixture(scope="session")
def record(dialect):
    def evidence(**known: object) -> Evidence:
        return Evidence(at_us=1_700_000_000_000_000, dialect=dialect, **known)  # type: ignore[arg-type]

    return evidence
