"""Whether a frame answers a request, and whether it can be believed: the checks of terminals, in their order.

1. Another MTI, STAN, terminal or batch: it answers another request and is left aside. The batch that a sign-on hands
   out is not compared.
2. The response code must be there; merchant, processing code and amount must be the request's if they are there at all.
3. A MAC that is there must be right with any code: a damaged approval looks like a decline. A plain approval of a
   request with a MAC needs one.

Hosts differ in everything else: a decline of nothing but STAN, time, code and terminal is a good decline.
Source: Q/CUP 009, table of checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from acquirer.dialect.answers import differing_element
from acquirer.dialect.dialect import Dialect, Route
from acquirer.dialect.suite import Suite
from acquirer.security.working import WorkingKeys
from acquirer.terminal.exchange import Outcome
from acquirer.wire.masking import readable
from acquirer.wire.message import DecodeError, Message, Value

SUCCESS = "A"  # class of the response codes that approve

_NAMES: Final = {"stan": "STAN", "tid": "terminal"}
"""Names for people of elements that say which request a reply answers, where they have others."""


@dataclass(frozen=True, slots=True)
class ReplyCheck:
    """How a frame relates to the request it may answer."""

    outcome: Outcome = Outcome.MALFORMED
    code: str = ""
    message: Message | None = None
    detail: str = ""
    stray: str = ""  # why it is no answer to this request; the rest is then without meaning


def check_reply(
    suite: Suite,
    keys: WorkingKeys | None,
    route: Route,
    request: Mapping[int, Value],
    frame: bytes,
    *,
    verify: bool = True,
) -> ReplyCheck:
    """Check `frame` as the answer to a `request` of this route.

    Args:
        verify: False leaves its MAC unchecked, to measure what checking costs.
    """
    dialect = suite.dialect
    try:
        message = dialect.decode(frame)
    except DecodeError as error:
        return ReplyCheck(detail=f"the reply cannot be read: {error}")
    if stray := _stray(dialect, route, request, message):
        return ReplyCheck(stray=stray)
    code = dialect.text(message, "code")
    if detail := _misfit(dialect, route, request, message, code):
        return ReplyCheck(Outcome.MALFORMED, code, message, detail)
    sealed = route.mac_reply == "approved" and (not route.mac_accepted or dialect.mac_de(request) in request)
    if verify and sealed and (detail := _unconfirmed(suite, keys, route, message, code)):
        return ReplyCheck(Outcome.MAC_DIFFERS, code, message, detail)
    if not code:  # how it went stands elsewhere: `_misfit` has seen to it
        return ReplyCheck(Outcome.APPROVED, "", message)
    known = dialect.codes.get(code)
    if known is None or known.kind != SUCCESS:
        return ReplyCheck(
            Outcome.DECLINED, code, message, "" if known else "a response code this dialect does not know"
        )
    return ReplyCheck(Outcome.APPROVED, code, message)


def _stray(dialect: Dialect, route: Route, request: Mapping[int, Value], message: Message) -> str:
    element = differing_element(dialect, route.mti, route, request, message.mti, message.fields)
    if element == "mti":
        return f"a {message.mti} was left aside: it answers something else"
    if not element:
        return ""
    got = dialect.get(message, element)
    return f"a {message.mti} for {_NAMES.get(element, element)} {readable(got or '')} was left aside"


def _misfit(dialect: Dialect, route: Route, request: Mapping[int, Value], message: Message, code: str) -> str:
    if not code and "code" in route.reply.make:
        return "the reply has no response code"
    if route.mac_request and dialect.get(message, "stan") is None:
        return "the reply has no STAN"
    for element in ("mid", "processing_code", "amount"):
        got, expected = dialect.get(message, element), dialect.get_from(request, element)
        if got is None or expected is None or got == expected:
            continue
        if element == "mid":
            return f"the reply has another mid: {readable(got)} for {readable(expected)}"
        partial = dialect.terminal_profile.partial if dialect.terminal_profile else ()
        if element == "amount" and code in partial and str(got) < str(expected):
            continue
        return f"{element.replace('_', ' ')} of the reply differs from the request: {got!s} for {expected!s}"
    return ""


def _unconfirmed(suite: Suite, keys: WorkingKeys | None, route: Route, message: Message, code: str) -> str:
    dialect = suite.dialect
    if dialect.mac_de(message.fields) not in message.fields:
        # hosts make a MAC for the plain approval only, and terminals ask for no more
        return "an approval without a MAC" if code == dialect.code_of("approved", route) else ""
    if dialect.mac_of(message) is None:
        return "the reply's MAC has another size than this dialect's"
    if keys is None:
        return "no key to check the MAC with"
    if suite.verify_reply(keys, message):
        return ""
    return f"the reply's MAC is not made with MAK {keys.reply_mak.kcv()}"


def balance_of(dialect: Dialect, reply: Message) -> int | None:
    """Return the balance that a reply carries, in minor units; negative for a debit; None when it carries none."""
    sign, amount = dialect.text(reply, "balance_sign"), dialect.text(reply, "balance_amount")
    if not (amount.isascii() and amount.isdecimal()):
        return None
    return -int(amount) if sign == "D" else int(amount)
