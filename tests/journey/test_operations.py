"""The operations of a journey are those that our terminal has, argument for argument."""

from __future__ import annotations

import inspect

from acquirer.app.terminal_operations import Operations
from acquirer.journey.operations import OPERATIONS


def test_every_operation_of_the_terminal_can_be_written_with_all_its_arguments() -> None:
    signatures = {
        name: inspect.signature(function).parameters
        for name, function in inspect.getmembers(Operations, inspect.isfunction)
        if not name.startswith("_")
    }
    assert set(OPERATIONS) == set(signatures)
    for name, parameters in signatures.items():
        known = {one.name for one in OPERATIONS[name].arguments}
        assert known == set(parameters) - {"self"}, name
        needed = {one.name for one in parameters.values() if one.default is inspect.Parameter.empty} - {"self"}
        assert OPERATIONS[name].required == needed, name
