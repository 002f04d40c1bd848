"""How a command ends when it cannot go on: one sentence on stderr and a documented exit code."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """Exit codes, the same for every command."""

    OK = 0
    EXPECTATION_FAILED = 1
    USAGE = 2
    NO_CONNECTION = 3
    NO_REPLY = 4
    UNDECODABLE = 5
    STORE_FAILED = 6
    INTERRUPTED = 130


class Exit(Exception):
    """Ends the command with `code`, after saying `sentence` on stderr if there is one."""

    def __init__(self, code: Code, sentence: str = "") -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
