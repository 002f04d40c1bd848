"""Rows: what has no value is empty, but for a few things that a host takes for granted."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_args, get_type_hints

import pytest

import acquirer.dialect.dialect
import acquirer.wire.message
from acquirer.model import effects, evidence, rows

TAKEN_FOR_GRANTED = {
    ("Policy", "required"): "daily",
    ("Policy", "grace_s"): 60,
    ("Policy", "repeat"): "replay",
    ("Policy", "batch_check"): True,
    ("Policy", "bad_macs_allowed"): 3,
    ("TerminalConfig", "mak"): "single",
    ("Session", "batch"): "000001",
    ("Transaction", "kind"): "sale",
    ("Transaction", "state"): "approved",
    ("Signature", "parts"): 1,
    ("Signature", "picture"): "waiting",
    ("Close", "how"): "fin",
}


def classes() -> list[type[Any]]:
    found = [one for module in (rows, evidence, effects) for one in vars(module).values() if isinstance(one, type)]
    return list({one.__name__: one for one in found if is_dataclass(one)}.values())


def is_nothing(default: object, hint: Any) -> bool:
    """Return whether a default is None where a field may be None, else the empty value of its type."""
    if type(None) in get_args(hint):
        return default is None
    return default is not None and default == type(default)()


@pytest.mark.interpreted  # mypyc keeps no hint of None
def test_what_has_no_value_is_empty() -> None:
    others = {}
    for cls in classes():
        hints = get_type_hints(cls, localns=vars(acquirer.dialect.dialect) | vars(acquirer.wire.message))
        for field in fields(cls):
            default = field.default if field.default_factory is MISSING else field.default_factory()
            if default is not MISSING and not is_nothing(default, hints[field.name]):
                others[cls.__name__, field.name] = default
    assert others == TAKEN_FOR_GRANTED


def test_a_copy_of_a_session_is_equal_and_of_its_own() -> None:
    session = rows.Session(
        "10000161", 3, "000007", 1, "20250310", 2, True, True, "01 ", "S", None, None, 4, 5, "000012"
    )
    again = session.copy()
    assert again == session
    again.batch = "000008"
    assert session.batch == "000007"


def test_what_log_lines_leave_out() -> None:
    """The page and the store have them; a line of the log would only grow."""
    unlogged = {one.name for one in fields(evidence.ExchangeRecord) if not one.metadata.get("logged", True)}
    assert unlogged == {"pan_masked", "reply_mti"}
