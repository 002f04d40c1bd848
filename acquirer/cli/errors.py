"""How a command ends: an exit code of `docs/exit-codes.md`, and one sentence on stderr when it failed."""

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
    UPLOAD_FAILED = 7
    NOT_PRINTED = 8
    GENERATOR_LIMIT = 98
    THRESHOLDS_MISSED = 99
    INTERRUPTED = 130


MEANINGS = {
    Code.OK: "Done. A reply that declines is a reply like another: `--expect` makes a test of it.",
    Code.EXPECTATION_FAILED: "A reply differs from what `--expect` asks for, an expectation of a journey does not hold "
    "(`check`), a terminal is not certified or got worse (`certify run`, `certify diff`), `store check` found "
    "something wrong, `journal find`, `wait` or `verify` did not find what it should, "
    "something does not hold of a simulated day (`simulate`), `relay --compare` found what must not differ, `replay` "
    "a reply that differs, `record` nothing to reproduce, or a worker of `load` died.",
    Code.USAGE: "An option, a setting, a file, a store, or stdout cannot be used.",
    Code.NO_CONNECTION: "No connection: no host listens at the address called, or a host cannot listen at its own.",
    Code.NO_REPLY: "The request was sent, and no reply was received in time; `ready`: a host is there, and is not "
    "ready.",
    Code.UNDECODABLE: "What was received cannot be decoded or verified: not a message, or a MAC or keys that differ.",
    Code.STORE_FAILED: "The store failed while a host served; what was approved before is durable.",
    Code.UPLOAD_FAILED: "Done, but the signature's upload failed: it is kept, or to be signed on paper.",
    Code.NOT_PRINTED: "Done, but its slip is not printed: the printer is in trouble. The transaction stands.",
    Code.GENERATOR_LIMIT: "The load generator was the limit (`load` with `--strict`), so that its figures are none.",
    Code.THRESHOLDS_MISSED: "A threshold of `load` was missed.",
    Code.INTERRUPTED: "Ended by Ctrl-C. `serve` ends with 0, as it does on SIGTERM.",
}
"""What each code means; `docs/exit-codes.md` shows the same."""


class Exit(Exception):
    """End the command with `code`, after printing `sentence` on stderr if there is one."""

    def __init__(self, code: Code, sentence: str = "") -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
