"""`my`: the terminal under test. Here it is the one that acquirer brings; put your own in its place."""

from __future__ import annotations

import pytest


class MyTerminal:
    """What the tests need of a terminal. Each method returns when the terminal has done with it."""

    def __init__(self, acquirer) -> None:
        # A terminal of yours: enrolled = acquirer.enroll(); load enrolled.tid, .mid and .tmk; connect to .address
        self._terminal = acquirer.terminal(sign_upload="at-once")
        self.tid = self._terminal.tid
        self.slips = []  # sales of which a slip was printed
        self.last = None  # the last sale

    def sign_on(self):
        return self._terminal.sign_on()

    def sale(self, amount: str, sign: str | None = None):
        self.last = self._terminal.sale(amount, sign=sign)
        if self.last.receipt:
            self.slips.append(self.last)
        return self.last

    @property
    def alive(self) -> bool:
        """Whether it still answers."""
        return self._terminal.echo().ok


@pytest.fixture
def my(acquirer) -> MyTerminal:
    return MyTerminal(acquirer)
