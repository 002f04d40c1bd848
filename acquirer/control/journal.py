"""``/journal``: what was exchanged, why it was answered so, and whether it was as expected.

1. A cursor is the number of an exchange: ``after`` goes on behind it, in the order that is asked for.
2. A search looks at no more than `journal.search.Bounds` allow; what it left out is said.
3. That exchanges do not fit is an answer of ``wait`` (200, ``met`` is false), and of ``verify`` the status 409.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from acquirer.app.serve import Running
from acquirer.control.described import answers
from acquirer.control.forms import JSON, accepted
from acquirer.control.mistakes import Mistakes
from acquirer.control.one_exchange import exchange_named, messages_of, rule_near
from acquirer.control.problems import Problem
from acquirer.control.searching import LONGEST_S, Searching
from acquirer.data.moments import with_times
from acquirer.journal.entry import Entry, as_json
from acquirer.journal.expected_count import ExpectedCount, read_count
from acquirer.journal.packets import ExchangePackets
from acquirer.journal.pages import JournalPage, newest_first, oldest_first
from acquirer.journal.sequence import MOST_STEPS, ExpectedOrder, verifying_order
from acquirer.journal.transcript import transcript_of
from acquirer.journal.verification import ExpectedExchanges, Tally, Verification, Verifying, verifying_count
from acquirer.matcher.expression import ALWAYS, Expression
from acquirer.matcher.keys import FIELD_HELP, JOURNAL_KEYS, KEYS
from acquirer.matcher.when import OPERATORS
from acquirer.scenario.parameters import read_duration_ms

WITHIN: Final = "5s"
"""How long is waited unless it is said: commits take milliseconds, terminals some seconds."""

LONGEST_PAGE: Final = 1_000
LAST: Final = (1 << 63) - 1  # the highest number that a store can hold

LINES, TEXT, PACKETS = "application/x-ndjson", "text/plain", "application/vnd.tcpdump.pcap"


def _one_of(sentence: str, *types: type) -> BeforeValidator:
    def check(value: object) -> object:
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise ValueError(sentence)
        return value

    return BeforeValidator(check)


_CONDITION: Final = "must be a table of conditions, or a filter as text"
ConditionValue = Annotated[
    Any, _one_of(_CONDITION, str, dict), WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object"}]})
]
When = Annotated[
    Any,
    _one_of(_CONDITION, str, dict, type(None)),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object"}, {"type": "null"}]}),
]
Count = Annotated[
    Any,
    _one_of("must be a number, or a text as '>=2'", int, str, type(None)),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string"}, {"type": "null"}]}),
]
WaitLimit = Annotated[
    Any,
    _one_of("must be a text as '5s', or seconds", int, float, str),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number", "minimum": 0, "maximum": LONGEST_S}]}),
]
WhenField: Any = Field(None, description="A table of conditions, or a filter as text; without it, all exchanges.")
AfterField: Any = Field(0, ge=0, le=LAST, description="Only exchanges with a higher number count.")
ExchangeNumber = Annotated[int, Path(ge=1, le=LAST, description="As /journal lists it.")]


class CountBody(BaseModel):
    """What is counted."""

    model_config = ConfigDict(extra="forbid")
    when: When = WhenField
    after: int = AfterField


class WaitBody(CountBody):
    """What is waited for."""

    count: int = Field(1, ge=1, le=1_000_000, description="Until so many fit.")
    timeout: WaitLimit = Field(WITHIN, description="For so long: 5s, 250ms, or seconds; at most 60.")


class VerifyBody(CountBody):
    """What is verified."""

    count: Count = Field(None, description="2, '>=2', '1..3', 0; without it, at least one.")
    for_: WaitLimit | None = Field(None, alias="for", description="There must be no more for so long.")
    within: WaitLimit = Field(WITHIN, description="Wait so long until there are enough; at most 60 s.")
    order: list[ConditionValue] | None = Field(
        None, description="Steps that must follow each other, in place of a count.", max_length=MOST_STEPS
    )
    strict: bool = Field(False, description="Of an order: nothing else that fits 'when' may stand between its steps.")


def journal_routes(running: Running, searching: Searching) -> APIRouter:
    """Return the routes about what was exchanged."""
    found = APIRouter(tags=["journal"])
    zone = running.parts.timezone

    def document(entry: Entry) -> dict[str, Any]:
        return with_times(as_json(entry), running.parts.config.timezone)

    def answer(verified: Verification) -> dict[str, Any]:
        return {
            "met": verified.met,
            "count": verified.count,
            "exchanges": [document(entry) for entry in verified.entries],
            "nearest": [{"id": miss.subject.value("id"), "differs": list(miss.failed)} for miss in verified.nearest],
            "text": verified.text,
        }

    async def entry_of(number: int) -> Entry:
        return await searching.run(lambda: exchange_named(running, number))

    def total_of(condition: Expression) -> dict[str, Any]:
        """Return how many exchanges fit: all of them are counted by the store, others are looked at."""
        if condition == ALWAYS:
            with running.store.reader() as reader:
                return {"total": reader.count_exchanges(), "total_note": ""}
        tally = Tally(searching.search(), condition)
        tally.look()
        return {"total": tally.count, "total_note": tally.note}

    def packets(entries: Iterable[Entry]) -> bytes:
        writer = ExchangePackets(searching.dialect_named)
        return b"".join((writer.head(), *map(writer.packets, entries)))

    @found.get("/journal", responses=answers("ExchangePage", lines={}, text={}, packets={}))
    async def listed(
        filter_: Annotated[str | None, Query(alias="filter", description="As service=sale & code!=00.")] = None,
        after: Annotated[int, Query(ge=0, le=LAST, description="Go on behind this number, in the order.")] = 0,
        limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = 100,
        order: Literal["oldest", "newest"] = "oldest",
        count: Annotated[bool, Query(description="Also how many fit in all, as 'total'.")] = False,
        accept: Annotated[str, Header()] = "",
    ) -> Response:
        """List exchanges that fit, from the oldest or from the newest one on."""
        form = accepted(accept, (JSON, LINES, TEXT, PACKETS))
        condition = searching.condition(filter_)

        def read() -> JournalPage:
            search = searching.search()
            if order == "newest":
                return newest_first(search, condition, after, limit)
            return oldest_first(search, condition, after, limit)

        page = await searching.run(read)
        if form == JSON:
            items = [document(entry) for entry in page.entries]
            about = {name: getattr(page, name) for name in ("next", "more", "newest", "note")}
            total = await searching.run(lambda: total_of(condition)) if count else {}
            return JSONResponse({"items": items, **about, **total})
        headers = {} if page.next is None else {"Next-After": str(page.next)}
        if form == LINES:
            content: str | bytes = "".join(f"{_encoded(document(entry))}\n" for entry in page.entries)
        elif form == TEXT:
            content = "".join(f"{transcript_of([entry], zone)}\n" for entry in page.entries)
        else:
            content = await searching.run(lambda: packets(page.entries))
        return Response(content, media_type=form, headers=headers)

    @found.get("/journal/{number}", responses=answers("Exchange", text={}, packets={}))
    async def one(number: ExchangeNumber, accept: Annotated[str, Header()] = "") -> Response:
        """Return one exchange, field by field, masked as it is kept."""
        form = accepted(accept, (JSON, TEXT, PACKETS))
        entry = await entry_of(number)
        if form == TEXT:
            return PlainTextResponse(f"{transcript_of([entry], zone)}\n")
        if form == PACKETS:
            return Response(packets([entry]), media_type=PACKETS)
        return JSONResponse(document(entry))

    @found.get("/journal/{number}/why", responses=answers("Why"), response_model=None)
    async def why(number: ExchangeNumber) -> dict[str, Any]:
        """Say why an exchange was answered so, and how it differs from each rule that is in force now."""
        entry = await entry_of(number)
        subject = searching.search().subject(entry)
        considered = [rule_near(rule, subject) for rule in running.parts.rules.declared]
        return {
            **{name: getattr(entry, name) for name in ("id", "code", "why", "rule", "fault", "generation")},
            "reason": str(entry.reason),
            "notes": list(entry.notes),
            "failure": entry.failure,
            "rules": considered,
        }

    @found.get("/journal/{number}/bytes", responses=answers("Messages"), response_model=None)
    async def bytes_(number: ExchangeNumber) -> dict[str, Any]:
        """Return the messages of an exchange in hexadecimal digits, made again of what is kept: what is hidden is 0."""
        entry = await entry_of(number)
        dialect = searching.dialect_named(entry.dialect)
        return await searching.run(lambda: messages_of(entry, dialect))

    @found.post("/journal/count", responses=answers("ExchangeCount"), response_model=None)
    async def counted(body: CountBody) -> dict[str, Any]:
        """Count exchanges that fit."""
        mistakes = Mistakes()
        condition = mistakes.value("/when", searching.condition, body.when)
        mistakes.refuse()

        def read() -> Tally:
            tally = Tally(searching.search(), condition, body.after)
            tally.look()
            return tally

        tally = await searching.run(read)
        return {"count": tally.count, "note": tally.note}

    @found.post("/journal/wait", responses=answers("FoundExchanges"), response_model=None)
    async def wait(body: WaitBody, request: Request) -> dict[str, Any]:
        """Wait until exchanges fit, at once if they do; that the time is over is an answer too."""
        mistakes = Mistakes()
        limit_s = mistakes.value("/timeout", _seconds, body.timeout)
        condition = mistakes.value("/when", searching.condition, body.when)
        mistakes.refuse()
        expected = ExpectedExchanges(condition, ExpectedCount(body.count), limit_s, after=body.after)
        return answer(await searching.wait(_counting(searching, expected), request.receive))

    @found.post("/journal/verify", status_code=204, responses={409: {"description": "It is not so"}})
    async def verify(body: VerifyBody, request: Request) -> Response:
        """Verify how many exchanges fit, or in which order they happened: 204 if it is so, 409 if it is not."""
        verified = await searching.wait(_verifying(searching, body), request.receive)
        if verified.met:
            return Response(status_code=HTTPStatus.NO_CONTENT.value)
        raise Problem(HTTPStatus.CONFLICT, "not-verified", verified.text.partition("\n")[0], more=answer(verified))

    @found.get("/filter-help", responses=answers("FilterHelp"), response_model=None)
    async def filter_help() -> dict[str, Any]:
        """Describe what conditions are made of."""
        keys = [{"key": name, "kind": KEYS[name].kind, "help": KEYS[name].help} for name in JOURNAL_KEYS]
        operators = [{"written": text, "means": meaning} for text, meaning in OPERATORS]
        return {"keys": keys, "fields": FIELD_HELP, "values": operators, "between": ["&", "|", "!", "( )"]}

    return found


def _counting(searching: Searching, expected: ExpectedExchanges) -> Verifying:
    search = searching.search()
    return verifying_count(search, search.now_s, expected)


def _verifying(searching: Searching, body: VerifyBody) -> Verifying:
    """Return what verifies a count or an order. Raises Problem: with all that is wrong with the body."""
    mistakes = Mistakes()
    within_s = mistakes.value("/within", _seconds, body.within)
    quiet_s = None if body.for_ is None else mistakes.value("/for", _seconds, body.for_)
    if not mistakes.pointers and within_s + (quiet_s or 0.0) > LONGEST_S:
        mistakes.note("/for", f"makes more than {LONGEST_S:g} s together with 'within'; ask for less")
    condition = mistakes.value("/when", searching.condition, body.when)
    if body.order is None:
        if body.strict:
            mistakes.note("/strict", "is of an order, and there is none; leave it out")
        expected_count = mistakes.value("/count", read_count, body.count)
        mistakes.refuse()
        return _counting(searching, ExpectedExchanges(condition, expected_count, within_s, quiet_s, body.after))
    for name, value in (("count", body.count), ("for", body.for_)):
        if value is not None:
            mistakes.note(f"/{name}", "is of a count, and 'order' stands beside it; keep one of them")
    if not body.order:
        mistakes.note("/order", "is empty; name at least one step")
    steps = [
        mistakes.value(f"/order/{place}", partial(_step, searching), step) for place, step in enumerate(body.order)
    ]
    mistakes.refuse()
    search = searching.search()
    scope: Expression = condition if body.when is not None else ALWAYS
    return verifying_order(search, search.now_s, ExpectedOrder(steps, body.strict, scope, within_s, body.after))


def _step(searching: Searching, written: str | Mapping[str, Any]) -> Expression:
    """Return a step of an order: a service, a filter, or a table."""
    if isinstance(written, str) and written.replace("_", "").isalnum():
        return searching.condition({"service": written})
    return searching.condition(written)


def _seconds(duration: str | float) -> float:
    """Return a duration in seconds. Raises ValueError."""
    found = read_duration_ms(duration) / 1000 if isinstance(duration, str) else float(duration)
    if not 0 <= found <= LONGEST_S:
        raise ValueError(f"must be from 0 to {LONGEST_S:g} s; ask again where more is needed")
    return found


def _encoded(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False)
