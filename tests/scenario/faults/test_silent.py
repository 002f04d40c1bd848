"""The fault ``silent``."""

from __future__ import annotations

import pytest

from acquirer.model.effects import Close, Send, SendBytes, Silence
from acquirer.scenario.faults import Fault, Stage, parse
from acquirer.scenario.faults.silent import Silent


@pytest.mark.parametrize("effects", [[Send(b"reply")], [SendBytes(b"\x00"), Close("x")], []])
def test_all_effects_are_replaced_by_silence_that_names_the_fault(effects, sale):
    assert list(Fault("tunnel", Silent()).apply(effects, sale)) == [Silence("fault tunnel")]


def test_it_has_no_parameters_and_acts_when_the_reply_is_sent():
    fault = parse("silent")
    assert fault == Fault("silent", Silent())
    assert fault.stage is Stage.SENDING
