"""``/exchanges``: what people do with one: mark it, say something about it, have it go on, have it decided anew."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from acquirer.app.serve import Running
from acquirer.control.described import answers
from acquirer.control.journal import ExchangeNumber
from acquirer.control.problems import Problem
from acquirer.control.searching import Searching
from acquirer.model.remarks import COMMENT_MOST, MARK_MOST, Remark


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable characters, in one line")
    return text.strip()


class MarkBody(BaseModel):
    """A mark."""

    model_config = ConfigDict(extra="forbid")
    mark: Annotated[str, AfterValidator(_printable)] = Field(
        max_length=MARK_MOST,
        description="A word or two to find it by: mark=flaky in a filter; empty: none any more.",
    )


class CommentBody(BaseModel):
    """A comment."""

    model_config = ConfigDict(extra="forbid")
    comment: Annotated[str, AfterValidator(_printable)] = Field(
        max_length=COMMENT_MOST, description="What is to be said of it; empty: nothing any more."
    )


def exchange_routes(running: Running, searching: Searching) -> APIRouter:
    """Return the routes about single exchanges."""
    found = APIRouter(tags=["exchanges"])

    async def remark(number: int, mark: str | None, comment: str | None) -> dict[str, Any]:
        def write() -> Remark:
            try:
                return running.store.remark(number, mark, comment)
            except LookupError as exc:
                raise Problem(HTTPStatus.NOT_FOUND, "no-exchange", f"{exc}; /journal lists those there are") from None

        written = await searching.run(write)
        running.journal_changes.notify()
        return {"id": written.exchange_id, "mark": written.mark, "comment": written.comment}

    @found.post("/exchanges/{number}/mark", responses=answers("Remark"), response_model=None)
    async def mark(number: ExchangeNumber, body: MarkBody) -> dict[str, Any]:
        """Mark an exchange of the journal, so that it is found again by mark=…; an empty mark takes it away."""
        return await remark(number, body.mark, None)

    @found.post("/exchanges/{number}/comment", responses=answers("Remark"), response_model=None)
    async def comment(number: ExchangeNumber, body: CommentBody) -> dict[str, Any]:
        """Say something about an exchange of the journal; card numbers in it are masked, empty text takes it away."""
        return await remark(number, None, body.comment)

    @found.post(
        "/exchanges/{held}/resume",
        responses={**answers("ResumedExchange"), 404: {"description": "Nothing is held under this id"}},
        response_model=None,
    )
    async def resume(held: Annotated[str, Path(description="The id that /held lists: it has no number yet.")]) -> Any:
        """Let one exchange go on that a rule holds."""
        hold = running.driver.held.resume_one(held)
        if hold is None:
            sentence = f"no exchange is held as '{held[:20]}'; /held lists those that wait"
            if held.isdecimal():
                sentence += ", which have no number in the journal before they are decided"
            raise Problem(HTTPStatus.NOT_FOUND, "not-held", sentence)
        return {"id": held, "tid": hold.tid, "stan": hold.stan, "rule": hold.rule}

    return found
