"""How an operation of ``acquirer terminal`` ends: its exit code, and whether what was expected of it came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acquirer.cli.errors import Code, Exit

if TYPE_CHECKING:
    from acquirer.cli.expectation import Expectation
    from acquirer.terminal.exchange import Result

ENDS = {
    "approved": Code.OK,
    "declined": Code.OK,
    "no-answer": Code.NO_REPLY,
    "mac-differs": Code.UNDECODABLE,
    "malformed": Code.UNDECODABLE,
    "keys-differ": Code.UNDECODABLE,
    "not-sent": Code.NO_CONNECTION,
    "refused": Code.USAGE,
    "done": Code.OK,
}
"""Outcome → exit code. An answer whose MAC is bad ends like one that cannot be read."""


def end_operation(result: Result, expectations: list[Expectation], *, at_once: bool) -> None:
    """End the command as its operation ended. Raises Exit."""
    upload_failed = _upload_failed(result, at_once=at_once)
    code = ENDS[result.outcome]
    if code is not Code.OK and not (upload_failed and at_once and result.service == "signature"):
        raise Exit(code)
    for expectation in expectations:
        if difference := expectation.difference(result.exchange):
            raise Exit(Code.EXPECTATION_FAILED, difference)
    if upload_failed:
        raise Exit(Code.UPLOAD_FAILED)
    if result.print_trouble:
        raise Exit(Code.NOT_PRINTED)


def _upload_failed(result: Result, *, at_once: bool) -> bool:
    """Return whether a signature that was to go up did not."""
    from acquirer.terminal.exchange import Signed

    if result.signature in (Signed.KEPT, Signed.FAILED):
        return at_once
    return result.signature is Signed.PAPER and result.exchange is not None and result.service == "signature"
