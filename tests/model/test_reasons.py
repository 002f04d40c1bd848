"""Symbols of reasons: they stand in stored rows, in dialects and in faults, so none may ever change."""

from __future__ import annotations

from acquirer.model.reasons import Reason

OF_VERSION_0_1 = {"FORMAT_ERROR": "format_wrong", "PIN_FORMAT_ERROR": "pin_format_wrong", "PIN_INCORRECT": "pin_wrong"}


def test_a_symbol_is_the_name_in_lower_case_but_for_three() -> None:
    others = {reason.name: reason.value for reason in Reason if reason.value != reason.name.lower()}
    assert others == OF_VERSION_0_1
