"""How a command ends when it cannot go on: one sentence on stderr and an exit code of `docs/exit-codes.md`."""

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


MEANINGS = {
    Code.OK: "Done. A reply that declines is a reply like another: `--expect` makes a test of it.",
    Code.EXPECTATION_FAILED: "A reply came, and has not what `--expect` asks for.",
    Code.USAGE: "It cannot be done as it was asked: an option, a setting, a file, a store, or stdout cannot be used.",
    Code.NO_CONNECTION: "No connection: nobody listens where the terminal calls, or a host cannot listen there.",
    Code.NO_REPLY: "The request was sent, and no answer came in time.",
    Code.UNDECODABLE: "What came cannot be read, or cannot be believed: no message, a wrong MAC, keys that differ.",
    Code.STORE_FAILED: "The store failed while a host served; what was answered before is durable.",
    Code.INTERRUPTED: "Ended by Ctrl-C. `serve` ends with 0, as it does on SIGTERM.",
}
"""What each code says; `docs/exit-codes.md` shows the same."""


class Exit(Exception):
    """Ends the command with `code`, after saying `sentence` on stderr if there is one."""

    def __init__(self, code: Code, sentence: str = "") -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
